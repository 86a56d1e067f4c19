"""HEIC photos, decoded in a process of its own with bounded time and memory.

Telephones send HEIC. Its decoder is large, written in C++ and young, so it never runs in the
process that serves pages: the worst that a hostile file can do is to end a child.

    python -m contest.entries.heic_child < photo > pixels
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image

from contest.core.errors import Refused

# What a file says of itself in its first box (ISO/IEC 14496-12); AVIF is not among them.
_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_SECONDS = 10
_ROOT = Path(__file__).resolve().parent.parent.parent


class Unreadable(Exception):
    """No picture could be decoded within the bounds."""


def is_heic(content: bytes) -> bool:
    """Whether `content` says that it is HEIC."""
    return content[4:8] == b"ftyp" and content[8:12] in _BRANDS


def decode(content: bytes) -> Image.Image:
    """The picture in `content`, upright and not larger than need be. Raises Unreadable, Refused."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "contest.entries.heic_child"],
            input=content,
            capture_output=True,
            cwd=_ROOT,
            timeout=_SECONDS,
            env={},
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise Unreadable from error
    head, _, pixels = done.stdout.partition(b"\n")
    words = head.decode("ascii", "replace").split()
    if done.returncode != 0 or len(words) < 3:
        raise Unreadable
    if words[0] == "refused":
        message, code, width, height = pixels.decode("utf-8"), words[1], words[2], words[3]
        raise Refused(message, code=code, width=int(width), height=int(height))
    try:
        return Image.frombytes("RGB", (int(words[1]), int(words[2])), pixels)
    except ValueError as error:
        raise Unreadable from error
