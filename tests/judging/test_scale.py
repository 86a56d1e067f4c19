"""A round of 2,000 entries and 60 judges: as many statements as one of 100, and about the same work a page.

Work is the number of calls that a request makes in Python, which is the same on every machine and every time.
The bounds are generous; a page that works out every entry of the round breaks them many times over.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType

import pytest

from tests.factories import make_staff, sign_in
from tests.factories.judged import judge_many
from tests.factories.judging import make_panel, opening_of

FEW, MANY, JUDGES = 100, 2_000, 60
QUEUE, TABLE, CLOSING, COMPARED = "queue", "table", "closing", "compared"
# Statements at most, and how many times the work of the small round the large one may take.
CEILINGS = {QUEUE: 30, TABLE: 26, CLOSING: 42, COMPARED: 20}
GROWTH = {QUEUE: 6, TABLE: 3, CLOSING: 9}  # a judge's own share of the round grows from 5 entries to 100


def work(act: Callable[[], object]) -> int:
    """Calls made meanwhile, of Python and of what it is written in."""
    made = Counter[str]()

    def note(_frame: FrameType, event: str, _arg: object) -> None:
        made[event] += 1

    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
    return made["call"] + made["c_call"]


def test_a_large_round_asks_no_more_and_works_no_more_for_a_page(contest, client, clock, query_counter):
    chair = make_staff(contest, "chair")
    judges = make_panel(contest, size=JUDGES)
    clock.instant = opening_of(contest, "prelim")
    base = f"/ban-to-chuc/{contest.slug}/cham/prelim/A"
    pages = {QUEUE: f"/cham/{contest.slug}", TABLE: base, CLOSING: f"{base}/khoa-diem", COMPARED: f"{base}/so-sanh"}
    counts: list[dict[str, int]] = []
    works: list[dict[str, int]] = []
    sizes: list[dict[str, int]] = []
    for size in (FEW, MANY - FEW):
        judge_many(contest, judges, size)
        counts.append({})
        works.append({})
        sizes.append({})
        for name, path in pages.items():
            client.delete_cookie("session")
            sign_in(client, judges[0] if name == QUEUE else chair)
            client.get(path)
            with query_counter() as counted:
                answer = client.get(path)
            assert answer.status_code == 200
            counts[-1][name], sizes[-1][name] = counted.count, len(re.findall("<tr", answer.text))
            works[-1][name] = work(lambda path=path: client.get(path))
    assert counts[0] == counts[1]
    assert {name: count for name, count in counts[1].items() if count > CEILINGS[name]} == {}
    assert sizes[0][TABLE] == sizes[1][TABLE] == 51
    grown = {name: works[1][name] / works[0][name] for name in pages}
    assert {name: grown[name] for name in GROWTH if grown[name] > GROWTH[name]} == {}, grown
    # Everything is fitted, drawn again and left out in turn: bounded, not constant.
    assert works[1][COMPARED] < 8_000_000


@pytest.mark.parametrize("query", ["", "?sap-xep=total:down", "?sap-xep=range:down", "?sap-xep=progress", "?show=gap",
                                   "?show=waiting&trang=2", "?ma=2"])  # fmt: skip
def test_a_list_asks_no_more_however_it_is_ordered_or_narrowed(contest, client, clock, query_counter, query):
    chair = make_staff(contest, "chair")
    judges = make_panel(contest, size=12)
    clock.instant = opening_of(contest, "prelim")
    sign_in(client, chair)
    counts = []
    for size in (60, 300):
        judge_many(contest, judges, size)
        with query_counter() as counted:
            assert client.get(f"/ban-to-chuc/{contest.slug}/cham/prelim/A{query}").status_code == 200
        counts.append(counted.count)
    # A second reading of the page's entries, where which they are depends on those that are not plain.
    assert counts[0] == counts[1] <= 32
