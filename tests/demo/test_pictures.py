"""Drawn pictures: every scene, the same bytes for the same seed, small, and without metadata."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from contest.demo.pictures import SCENES, draw
from contest.demo.stories import stories


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_a_scene_is_drawn_from_its_seed(scene: str) -> None:
    once, again, other = draw(scene, 7, (480, 320)), draw(scene, 7, (480, 320)), draw(scene, 8, (480, 320))
    assert once == again
    assert once != other
    image = Image.open(io.BytesIO(once))
    assert image.size == (480, 320)
    assert image.format == "JPEG"
    assert not image.getexif()


def test_a_picture_of_full_size_is_light() -> None:
    assert len(draw("market", 3)) < 200_000


def test_every_story_names_scenes_that_exist() -> None:
    assert {picture.scene for story in stories() for picture in story.pictures} <= set(SCENES)
