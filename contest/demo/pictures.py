"""Drawn pictures for the stories of the demonstration: no photograph of anybody is needed.

Each scene is painted from a seed, so that the same story always has the same picture, and two
stories with the same scene have different ones.
"""

from __future__ import annotations

import io

from contest.demo.brush import HEIGHT, WIDTH, Painter, Sheet
from contest.demo.scenes_inside import INSIDE
from contest.demo.scenes_land import LAND
from contest.demo.scenes_places import PLACES
from contest.demo.scenes_water import WATER

SCENES: dict[str, Painter] = {**LAND, **WATER, **PLACES, **INSIDE}


def draw(scene: str, seed: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> bytes:
    """The scene as a JPEG without metadata; the same bytes for the same arguments.

    An unknown scene is drawn as `rice_fields`: a story is never left without its picture.
    """
    sheet = Sheet(seed, size)
    SCENES.get(scene, SCENES["rice_fields"])(sheet)
    target = io.BytesIO()
    sheet.finished().save(target, "JPEG", quality=80, optimize=False)
    return target.getvalue()
