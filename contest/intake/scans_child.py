"""The child that draws the pages of one PDF: bytes on standard input, WebP pictures on standard output.

Answers `drawn <size> <size> …` and the pictures, `password`, or `pages`; any other end means that
the file could not be read.
"""

from __future__ import annotations

import resource
import sys
from io import BytesIO

import pypdfium2

from contest.intake.scans import MOST_PAGES

_MEMORY, _SECONDS = 1_200_000_000, 20
_LONGEST = 1800  # pixels of the longer side: a handwritten A4 page can be read


def main() -> int:
    """Draw standard input within bounds."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out = sys.stdout.buffer
    try:
        document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
    except pypdfium2.PdfiumError as error:
        if "assword" not in str(error):
            raise
        out.write(b"password\n")
        return 0
    if len(document) > MOST_PAGES:
        out.write(b"pages\n")
        return 0
    pictures = [_picture(document[number]) for number in range(len(document))]
    out.write(b"drawn " + " ".join(str(len(each)) for each in pictures).encode() + b"\n")
    for each in pictures:
        out.write(each)
    return 0


def _picture(page: pypdfium2.PdfPage) -> bytes:
    width, height = page.get_size()
    scale = _LONGEST / max(width, height, 1)
    image = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
    stream = BytesIO()
    image.save(stream, "WEBP", quality=80, method=3)
    return stream.getvalue()


if __name__ == "__main__":
    sys.exit(main())
