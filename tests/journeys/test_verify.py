"""After the announcement a reader counts the vote again in their own browser, with and without a receipt."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import Laid, Meet
from tests.journeys.person import DESK, PHONE, Person
from tests.journeys.site import Site

WAYS = [
    pytest.param({"width": DESK, "theme": "dark", "language": "en"}, id="desk"),
    pytest.param({"width": PHONE, "theme": "light", "language": "vi"}, id="phone"),
]
SAID = {
    "vi": ("Tất cả đều đúng.", "có trong sổ", "Có điều không đúng."),
    "en": ("All of it holds.", "is in the log", "Something does not hold."),
}


def outcome(person: Person) -> str:
    """What the check says, once it has come to an end."""
    person.page.locator("#start").click()
    person.page.locator("#outcome:not([hidden])").wait_for()
    return person.page.locator("#outcome").inner_text()


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_counts_the_vote_again(
    lay_once: Callable[[str], Laid], gather: Callable[[Site], Meet], tmp_path: Path, way: dict[str, Any]
) -> None:
    site, facts = lay_once("counted")
    holds, mine, fails = SAID[way["language"]]
    reader = gather(site)("reader", **way)
    reader.go(f"/cuoc-thi/{facts['contest']}/ket-qua")
    reader.sees("216")
    reader.look("honours-vote", axe=True)
    reader.press('#ban-doc a[href$="/so-phieu/kiem"]')
    reader.look("verify-before", axe=True)
    assert holds in outcome(reader)
    assert reader.page.locator("#steps .done").count() == 9
    reader.look("verify-holds", axe=True)
    # With one's own receipt, pasted.
    reader.page.locator("#verify-form summary").first.click()
    reader.page.locator("#receipt").fill(json.dumps(facts["receipt"]))
    assert mine in outcome(reader)
    assert reader.page.locator("#steps .done").count() == 10
    # Another salt: it is not this ballot any more.
    reader.page.locator("#receipt").fill(json.dumps(facts["receipt"] | {"salt": "ab" * 32}))
    assert fails in outcome(reader)
    reader.look("verify-fails", axe=True)
    # The files that one has kept, in one .zip, and one of them tampered with.
    reader.page.locator("#receipt").fill("")
    packed = tmp_path / "kept.zip"
    packed.write_bytes(reader.page.request.get(f"{site.url}/cuoc-thi/{facts['contest']}/so-phieu/tat-ca.zip").body())
    reader.page.locator("#verify-form summary").nth(1).click()
    reader.page.locator("#files").set_input_files(packed)
    assert holds in outcome(reader)
    kept = []
    for name in ("key.txt", "checkpoints.txt", "log.jsonl"):
        body = reader.page.request.get(f"{site.url}/cuoc-thi/{facts['contest']}/so-phieu/{name}").body()
        (tmp_path / name).write_bytes(body.replace(b'"revision":2', b'"revision":3'))
        kept.append(tmp_path / name)
    reader.page.locator("#files").set_input_files(kept)
    assert fails in outcome(reader)
    (tmp_path / "kept.zip").write_bytes(b"PK")
    reader.page.locator("#files").set_input_files(packed)
    assert ".zip" in outcome(reader)


def test_without_scripts_it_is_said_how_to_check(
    lay_once: Callable[[str], Laid], gather: Callable[[Site], Meet]
) -> None:
    site, facts = lay_once("counted")
    reader = gather(site)("reader", width=PHONE, javascript=False)
    reader.go(f"/cuoc-thi/{facts['contest']}/so-phieu/kiem")
    reader.sees("verify_ballots.py", "python3")
    assert not reader.page.locator("#start").is_visible()
