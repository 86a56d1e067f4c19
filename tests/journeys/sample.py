"""The three stories of the journey, with their marks, as the demonstration's data holds them."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from functools import cache
from typing import Any

from PIL import Image, ImageDraw

from tests.journeys.site import ROOT

DATA = ROOT / "contest" / "demo" / "data"
SLUG = "guong-dien-hinh-tieu-bieu-xuat-sac-2027"
Sheet = dict[str, Decimal]


@cache
def stories() -> dict[str, dict[str, Any]]:
    """The stories of the first contest by the names that the samples have (DH-0001 …)."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((DATA / "entries").glob("dh-*.json")):
        for story in json.loads(path.read_text("utf-8"), parse_float=Decimal):
            found[story["id"]] = story
    return found


def spoken(mark: Decimal) -> str:
    """A mark as people here write it: 21,5."""
    return f"{mark}".replace(".", ",")


def photo_bytes(seed: int) -> bytes:
    """A picture as a camera sends it: JPEG, larger than what pages show."""
    picture = Image.new("RGB", (1600, 1200), (160, 190 - seed % 60, 150))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((500, 300, 1100, 900), fill=(230, 200, 90))
    draw.rectangle((0, 900, 1600, 1200), fill=(90, 120, 60))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return file.getvalue()
