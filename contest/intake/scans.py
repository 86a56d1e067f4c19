"""Scanned pages made anew as pictures: what is kept holds nothing of the file that was sent.

A photo goes the way of all photos. A PDF is drawn page by page in a process of its own with bounded
time and memory, since it comes from anybody's scanner and its reader is large.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

from contest.core.errors import N_, Refused
from contest.entries.images import make_photo

MOST_BYTES = 20_000_000
MOST_PAGES = 20
_SECONDS = 25
# A crowd waits for its turn: each child may take a core and a gigabyte.
_DRAWING = threading.BoundedSemaphore(2)
_ROOT = Path(__file__).resolve().parent.parent.parent


class Page(NamedTuple):
    """One page as WebP."""

    content: bytes


class Scanned(NamedTuple):
    """The pages of one file; `sha256` is of what was sent."""

    pages: list[Page]
    sha256: str


def read_scan(content: bytes) -> Scanned:
    """The pages of a photo or a PDF. Raises Refused, saying what to do, for anything else."""
    if not content:
        raise Refused(N_("Please choose a scan or a photo of the page first."), code="no_scan_file")
    if len(content) > MOST_BYTES:
        raise Refused(
            N_("This file is too large: at most %(most)s MB. Send the pages one by one."),
            code="scan_large",
            most=MOST_BYTES // 1_000_000,
        )
    digest = hashlib.sha256(content).hexdigest()
    if b"%PDF-" in content[:1024]:
        return Scanned(_drawn(content), digest)
    return Scanned([Page(make_photo(content, most_bytes=MOST_BYTES).large)], digest)


def _drawn(content: bytes) -> list[Page]:
    try:
        with _DRAWING:
            done = subprocess.run(
                [sys.executable, "-m", "contest.intake.scans_child"],
                input=content,
                capture_output=True,
                cwd=_ROOT,
                timeout=_SECONDS,
                env={},
                check=False,
            )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise _unreadable() from error
    head, _, rest = done.stdout.partition(b"\n")
    words = head.decode("ascii", "replace").split()
    if done.returncode != 0 or not words:
        raise _unreadable()
    if words[0] == "password":
        raise Refused(N_("This PDF asks for a password. Save it without one and send it again."), code="scan_password")
    if words[0] == "pages":
        raise Refused(
            N_("This PDF has too many pages: at most %(most)s. Split it and send the parts."),
            code="scan_pages",
            most=MOST_PAGES,
        )
    pages: list[Page] = []
    for size in words[1:]:
        pages.append(Page(rest[: int(size)]))
        rest = rest[int(size) :]
    if words[0] != "drawn" or not pages or any(not page.content for page in pages):
        raise _unreadable()
    return pages


def _unreadable() -> Refused:
    return Refused(
        N_("This PDF could not be read. Take a photo of each page, or scan it again, and send that."),
        code="scan_unreadable",
    )
