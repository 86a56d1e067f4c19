"""The secretariat's list with five thousand entries: it asks no more and reads no more than with fifty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from contest.core.db import Base, db
from contest.screening.search import PAGE, Wanted, find_entries
from tests.conftest import START
from tests.factories import make_contest, make_staff, make_unit, sign_in
from tests.factories.queue import add_many

# Three of them open the transaction and know who asks.
CEILING = 17
FEW, MANY = 60, 5_000
# How the list is asked for; each gives a full page, of few entries as of many.
LISTS = {
    "all": {},
    "words": {"tim": "doi can tro hoa"},
    "nothing found": {"phat-hien": "none"},
    "something found": {"phat-hien": "leak"},
    "all at once": {"tim": "da bac", "trang-thai": "accepted", "phat-hien": "none", "xac-minh": "not_asked"},
}


@contextmanager
def watched() -> Iterator[Counter[str]]:
    """Statements sent, and rows that became objects, meanwhile."""
    seen: Counter[str] = Counter()

    def sent(*_what: Any) -> None:
        seen["statements"] += 1

    def loaded(_target: Any, _context: Any) -> None:
        seen["objects"] += 1

    event.listen(db.engine, "before_cursor_execute", sent)
    event.listen(Base, "load", loaded, propagate=True)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", sent)
        event.remove(Base, "load", loaded)


def asked(client, contest, arguments):
    db.session.remove()
    with watched() as seen:
        answer = client.get(f"/ban-to-chuc/{contest}/bai-du-thi", query_string=arguments)
    assert answer.status_code == 200
    return seen, answer.text.count('name="chosen"')


def test_the_list_asks_and_reads_the_same_for_fifty_and_for_five_thousand(app, client):
    contest = make_contest()
    sign_in(client, make_staff(contest, "secretary"))
    slug = contest.slug
    units = [make_unit() for _ in range(5)]
    add_many(contest, FEW, units=units)
    asked(client, slug, {})  # what is kept after the first does not count
    few = {name: asked(client, slug, arguments) for name, arguments in LISTS.items()}
    add_many(contest, MANY - FEW, units=[db.session.merge(unit) for unit in units])
    many = {name: asked(client, slug, arguments) for name, arguments in LISTS.items()}
    for name in LISTS:
        (before, shown_before), (after, shown) = few[name], many[name]
        assert after["statements"] <= CEILING, name
        # An empty or short list may spare a question; a full one never asks more.
        assert after["statements"] == before["statements"], name
        assert shown_before <= shown <= PAGE, name
        # A row is an entry, its exemplar, co-author and verification at most; the units are the same.
        assert after["objects"] <= before["objects"] + 4 * (shown - shown_before), name
    assert many["all"][1] == many["words"][1] == many["something found"][1] == PAGE


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(text="doi can"), Wanted(found="leak"), Wanted(sort="longest")])
def test_the_last_page_reads_no_more_than_the_first(app, wanted):
    contest = make_contest()
    add_many(contest, 600)
    seen = list(pages(contest.id, wanted))
    assert len({row for rows, _ in seen for row in rows}) == sum(len(rows) for rows, _ in seen) > 2 * PAGE
    first, last = seen[0][1], seen[-2][1]
    assert last["statements"] <= first["statements"]
    assert last["objects"] <= first["objects"] + 10  # units and co-authors are not spread evenly


def pages(contest_id, wanted):
    after = ""
    while True:
        db.session.expunge_all()
        with watched() as seen:
            page = find_entries(
                contest_id, Wanted(text=wanted.text, found=wanted.found, sort=wanted.sort, after=after), START
            )
        yield [entry.id for entry in page.entries], seen
        if not page.next:
            return
        after = page.next
