"""What templates and stylesheets may hold: nothing inline, and only names that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# Sheets that single pages of people at work load beside the public ones, each with a cap of its own in bytes.
OWN_PAGES = {"bench.css": 8_000, "embed.css": 2_000, "desk.css": 16_000, "editor.css": 8_000, "stage.css": 8_000}
SHEETS = sorted((ROOT / "static" / "css").glob("*.css"))


def _id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("template", TEMPLATES, ids=_id)
def test_nothing_inline(template: Path) -> None:
    """The content security policy has no nonce: an inline style or script would silently not work."""
    text = template.read_text("utf-8")
    assert not re.search(r"<[^>]*\sstyle\s*=", text)
    assert "<style" not in text
    assert not re.search(r"<[^>]*\son[a-z]+\s*=", text)
    # Data for search engines, which no browser runs: tests/house/test_routes.py holds it to one place.
    text = text.replace('<script type="application/ld+json">', "")
    for tag in re.findall(r"<script[^>]*>", text):
        assert "src=" in tag


@pytest.mark.parametrize("template", TEMPLATES, ids=_id)
def test_icons_exist(template: Path) -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static" / "img" / "sprite.svg").read_text("utf-8")))
    text = template.read_text("utf-8")
    used = set(re.findall(r'\bicon\("([\w-]+)"', text)) | set(re.findall(r'icon_name="([\w-]+)"', text))
    assert used <= drawn


@pytest.mark.parametrize("template", TEMPLATES, ids=_id)
def test_static_files_exist(template: Path) -> None:
    """Files fetched at set-up (vendor/) are not in the repository and not looked for here."""
    for name in re.findall(r'asset\("([^"]+)"\)', template.read_text("utf-8")):
        assert name.startswith("vendor/") or (ROOT / "static" / name).is_file(), name


def test_tokens_are_defined() -> None:
    text = "".join(sheet.read_text("utf-8") for sheet in SHEETS)
    assert set(re.findall(r"var\((--[\w-]+)", text)) <= set(re.findall(r"(--[\w-]+)\s*:", text))


def test_stylesheets_are_small_and_fetch_nothing() -> None:
    """A first visit has 120 KB for everything, fonts included; the policy allows no data: addresses."""
    public = [sheet for sheet in SHEETS if sheet.name not in OWN_PAGES]
    assert sum(sheet.stat().st_size for sheet in public) < 48_000
    for sheet in SHEETS:
        assert sheet.stat().st_size < OWN_PAGES.get(sheet.name, 48_000), sheet.name
    for sheet in SHEETS:
        assert "url(" not in sheet.read_text("utf-8")
