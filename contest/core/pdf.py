"""Printed papers: typst templates filled with data, as PDF/A that holds its fonts.

What people typed reaches the template as JSON and is placed as strings; it is never part of the
template's code. Nothing is fetched and no font of the machine is used, so that a paper looks the
same everywhere.
"""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import typst

from contest.core.errors import N_, Refused

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates" / "papers"
FONTS = ROOT / "static" / "vendor" / "papers"
# Archival (ISO 19005-2, level A: tagged, so that it can be read out too).
STANDARD: Literal["a-2a"] = "a-2a"
# What typst says of a character that the archival standard does not let through.
_UNSHOWN = re.compile("could not be displayed|contains the codepoint")
_RUNS_KEPT = 10
_PATIENCE = 10.0  # seconds that a paper waits for its turn
# A paper takes about 20 ms of one core; more than these at once would only slow each other down.
_PRINTING = threading.BoundedSemaphore(2)


class PaperError(Exception):
    """A template does not compile, or the fonts were not installed (`make setup`)."""


@cache
def _fonts() -> typst.Fonts:
    if not any(FONTS.glob("*.ttf")):
        raise PaperError(f"no fonts in {FONTS}: run `make setup`")
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(FONTS)])


def make_pdf(
    template: str, data: Mapping[str, Any], *, at: datetime, pictures: Mapping[str, bytes] | None = None
) -> bytes:
    """The paper that `templates/papers/<template>.typ` makes of `data` (JSON values), as PDF/A-2a.

    `at` is the instant that the document gives as its date. `pictures`: JPEG files by the names under which
    the template finds them ("/pictures/<name>"). A character that no font of ours has (an emoji in a title)
    is shown as a box, in a plain PDF: the archival standard forbids that. Raises Refused when too many
    papers are being made, PaperError for a template that does not fit its data.
    """
    if not _PRINTING.acquire(timeout=_PATIENCE):
        raise Refused(N_("Too many papers are being printed. Please try again in a minute."), code="printing_busy")
    try:
        with _root(pictures or {}) as root:
            try:
                return _compile(template, data, at, STANDARD, root)
            except typst.TypstError as error:
                if not _UNSHOWN.search(str(error)):
                    raise
                return _compile(template, data, at, None, root)
    except typst.TypstError as error:
        raise PaperError(f"{template}: {error}") from error
    finally:
        _PRINTING.release()


def forget_layouts() -> None:
    """Give back the memory of papers made before, for who makes many one after the other.

    The typesetter keeps the layout of a paper through some more runs, in case it comes again: 25 certificates
    are 6 MB, and hundreds of them in a row more than 100. Runs over nothing, about 1 ms each, let it go.
    """
    for _ in range(_RUNS_KEPT):
        typst.compile(b"", font_paths=_fonts(), ignore_system_fonts=True, format="pdf")


def make_picture(
    template: str, data: Mapping[str, Any], *, ppi: float, pictures: Mapping[str, bytes] | None = None
) -> bytes:
    """The first page of a paper as PNG, for screens. `pictures` and what it raises: as `make_pdf`."""
    if not _PRINTING.acquire(timeout=_PATIENCE):
        raise Refused(N_("Too many papers are being printed. Please try again in a minute."), code="printing_busy")
    try:
        with _root(pictures or {}) as root:
            made: Any = typst.compile(
                root / f"{template}.typ",
                root=root,
                font_paths=_fonts(),
                ignore_system_fonts=True,
                format="png",
                ppi=ppi,
                sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            )
    except typst.TypstError as error:
        raise PaperError(f"{template}: {error}") from error
    finally:
        _PRINTING.release()
    first: bytes = made[0] if isinstance(made, list) else made
    return first


@contextmanager
def _root(pictures: Mapping[str, bytes]) -> Iterator[Path]:
    """The folder out of which nothing is read: our templates, or a copy of them beside the pictures."""
    if not pictures:
        yield TEMPLATES
        return
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for each in TEMPLATES.glob("*.typ"):
            shutil.copy(each, root)
        (root / "pictures").mkdir()
        for name, content in pictures.items():
            (root / "pictures" / name).write_bytes(content)
        yield root


def _compile(
    template: str, data: Mapping[str, Any], at: datetime, standard: Literal["a-2a"] | None, root: Path
) -> bytes:
    return typst.compile(
        root / f"{template}.typ",
        root=root,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        pdf_standards=standard,
        timestamp=at.astimezone(UTC).replace(microsecond=0),
    )
