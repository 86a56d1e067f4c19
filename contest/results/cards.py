"""Pictures to share pages by: named by what stands on them, made when first asked for, one at a time.

A name that is not that of what the page says now is nobody's: what an amendment changed has another
name from its instant, and before the results are public there is no name at all. Files are a cache
beside the data; all of them may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from contest.core.errors import N_, Refused
from contest.core.pdf import ROOT, TEMPLATES, make_picture

WIDTH, HEIGHT = 1200, 630
MOST_KEPT = 400
_PHOTO = (440, 615)
_PATIENCE = 8.0  # seconds that a card waits for the one before
_MAKING = threading.BoundedSemaphore(1)
_TEMPLATE = hashlib.sha256((TEMPLATES / "card.typ").read_bytes()).hexdigest()
_DISC = (ROOT / "static" / "img" / "disc.svg").read_text("utf-8")


@dataclass(frozen=True)
class Card:
    """What stands on a card. `photo`: the public id of the photo beside it, "" for none."""

    lang: str
    eyebrow: str
    title: str
    lines: tuple[str, ...]
    foot: str
    photo: str = ""

    @property
    def digest(self) -> str:
        """Its name: twenty hexadecimal digits of all that is on it, and of how it is drawn."""
        content = [_TEMPLATE, self.lang, self.eyebrow, self.title, self.lines, self.foot, self.photo]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:20]


def picture_of(card: Card, folder: Path, read_photo: Callable[[str], bytes]) -> bytes:
    """The card as PNG, from the folder if it was made before. `read_photo` gives the file of a photo by its id.

    Raises Refused when others are being made.
    """
    path = folder / f"{card.digest}.png"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    if not _MAKING.acquire(timeout=_PATIENCE):
        raise Refused(N_("Too many pictures are being made. Please try again in a minute."), code="picture_busy")
    try:
        if path.is_file():  # made while this one waited
            return path.read_bytes()
        made = _made(card, read_photo)
        _keep(path, made)
    finally:
        _MAKING.release()
    return made


def _made(card: Card, read_photo: Callable[[str], bytes]) -> bytes:
    pictures: Mapping[str, bytes] = {"photo.jpg": _cut(read_photo(card.photo))} if card.photo else {}
    data: dict[str, Any] = {
        "lang": card.lang,
        "eyebrow": card.eyebrow,
        "title": card.title,
        "lines": list(card.lines),
        "foot": card.foot,
        "photo": next(iter(pictures), ""),
        "disc": _DISC,
    }
    return make_picture("card", data, ppi=72, pictures=pictures)


def _cut(photo: bytes) -> bytes:
    """A photo as the card shows it, without anything that does not fit."""
    stream = BytesIO()
    with Image.open(BytesIO(photo)) as image:
        ImageOps.fit(image.convert("RGB"), _PHOTO, centering=(0.5, 0.35)).save(stream, "JPEG", quality=86)
    return stream.getvalue()


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another process made room
        return 0.0


def _keep(path: Path, content: bytes) -> None:
    """Put the file in its place, whole; the oldest make room."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(temporary).replace(path)
    made = sorted(path.parent.glob("*.png"), key=_age, reverse=True)
    for old in made[MOST_KEPT:]:
        old.unlink(missing_ok=True)
