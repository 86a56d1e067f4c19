"""One definition of a word, for the server and the browser."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from contest.core.richtext import parse, plain
from contest.core.text import clean_text, count_words

ROOT = Path(__file__).parents[2]
SHARED = json.loads((ROOT / "tests" / "vectors" / "words.json").read_text("utf-8"))
VECTORS = [tuple(pair) for pair in SHARED["vectors"]]
SOURCES = [tuple(pair) for pair in SHARED["sources"]]
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)


@pytest.mark.parametrize(("typed", "count"), VECTORS)
def test_the_server_counts(typed, count):
    assert count_words(clean_text(typed)) == count


def test_cleaning_makes_no_other_count():
    for typed, count in VECTORS:
        assert count_words(clean_text(clean_text(typed))) == count


@pytest.mark.parametrize(("source", "count"), SOURCES)
def test_of_light_markup_the_body_counts(source, count):
    assert count_words(plain(parse(clean_text(source)))) == count


@pytest.mark.browser
def test_the_browser_counts_the_same():
    if CHROMIUM is None:
        if os.environ.get("REQUIRE_SERVERS") == "1":
            pytest.fail("no Chromium")
        pytest.skip("no Chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    source = (ROOT / "static" / "js" / "words.js").read_text("utf-8").replace("export function", "function")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page()
        counts = page.evaluate(
            f"typed => {{ {source}; return typed.map(countWords); }}", [typed for typed, _count in VECTORS]
        )
        bodies = page.evaluate(
            f"typed => {{ {source}; return typed.map(each => countWords(bodyOf(each))); }}",
            [typed for typed, _count in SOURCES],
        )
        browser.close()
    assert counts == [count for _typed, count in VECTORS]
    assert bodies == [count for _typed, count in SOURCES]
