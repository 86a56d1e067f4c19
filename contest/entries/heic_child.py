"""The child that decodes one HEIC photo: bytes on standard input, pixels on standard output.

Answers `picture <width> <height>` and RGB pixels, or `refused <code> <width> <height>` and the
message; any other end means that the file could not be decoded.
"""

from __future__ import annotations

import resource
import sys

import pillow_heif

from contest.core.errors import Refused
from contest.entries.images import open_bounded

_MEMORY, _SECONDS = 700_000_000, 8


def main() -> int:
    """Decode standard input within bounds."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out = sys.stdout.buffer
    try:
        picture = open_bounded(sys.stdin.buffer.read(), ("HEIF",))
    except Refused as error:
        out.write(f"refused {error.code} {error.params['width']} {error.params['height']}\n{error.message}".encode())
        return 0
    out.write(f"picture {picture.width} {picture.height}\n".encode())
    out.write(picture.tobytes())
    return 0


if __name__ == "__main__":
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    sys.exit(main())
