"""A head of jury in conflict with an entry sees no figure of it move: two worlds that differ in its scores alone.

Every page and paper that a head of jury may open is asked for in both, whole, with its headers.
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest
from flask import Flask

from contest.core.db import db
from contest.core.web.access import access_of
from contest.judging.models import Assignment, Mark, SheetRevision
from contest.judging.services import close_round, record_conflict, seat_judge
from tests.factories import make_contest, make_staff, sign_in
from tests.factories.judging import (
    accept,
    declare,
    finalise,
    give,
    make_accepted,
    make_finalist,
    make_panel,
    mark_all,
    opening_of,
    spread_marks,
)

# Printed papers carry the instant of their making and random ids.
_TIMES = re.compile(rb"/(CreationDate|ModDate|ID)[^\n]*")
_NOT_COMPARED = {"Set-Cookie", "Date", "Content-Length"}
# Made anew for each page: the form's token.
_TOKEN = re.compile(rb"[\w-]{20,}\.[\w-]{5,}\.[\w-]{20,}")
# The scores of the entry. In each world it advances and nothing is left to do for it: that something is not
# done yet (another head of jury sees to it) a head of jury has to learn, or would wait for the round for ever.
WORLDS = (("90", "88"), ("71", "70"), ("72", "84"))


@pytest.fixture
def contest(app, clock):
    contest = make_contest(0)
    clock.instant = opening_of(contest, "prelim")
    return contest


@pytest.fixture
def chair(contest):
    chair = make_staff(contest, "chair")
    accept(contest, chair)
    return chair


def pages(app: Flask, contest, round_id, entry) -> list[str]:
    """Everything that a head of jury may ask for, in this round and category, of this entry."""
    values = {"slug": contest.slug, "round_id": round_id, "category": entry.category, "code": entry.blind_code}
    found = []
    for rule in app.url_map.iter_rules():
        needs = getattr(access_of(app, rule.endpoint), "needs", ())
        if "chair" not in needs or "GET" not in (rule.methods or ()) or not rule.arguments <= set(values):
            continue
        path = rule.rule
        for name, value in values.items():
            path = re.sub(rf"<(?:[^<>:]*:)?{name}>", quote(value), path)
        found.append(path)
    round_page = f"/ban-to-chuc/{contest.slug}/cham/{round_id}/{entry.category}"
    found += [f"{round_page}?show={flag}" for flag in ("third", "gap", "judges", "waiting", "own", "aside")]
    found += [f"{round_page}?sort={sort}" for sort in ("range", "total", "code", "mean")]
    return sorted(set(found))


def seen(client, paths) -> dict[str, tuple[int, bytes, list[tuple[str, str]]]]:
    db.session.commit()
    found = {}
    for path in paths:
        answer = client.get(path)
        headers = [(name, value) for name, value in answer.headers if name not in _NOT_COMPARED]
        found[path] = (answer.status_code, bare(answer), headers)
    return found


def bare(answer) -> bytes:
    """The answer without what differs from one asking to the next: tokens, instants of making, zip dates."""
    data = answer.data
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            data = b"".join(file.read(name) for name in sorted(file.namelist()) if not name.startswith("docProps"))
    return _TOKEN.sub(b"", _TIMES.sub(b"", data))


def put(assignment: Assignment, total: str) -> None:
    """The same sheet with other marks, as if it had been written so."""
    marks = spread_marks(assignment.entry.contest, total)
    sheet = assignment.sheet
    sheet.marks[:] = [Mark(criterion=criterion, value=value) for criterion, value in marks.items()]
    revision = sheet.revisions[-1]
    revision.marks = {criterion: str(value) for criterion, value in marks.items()}
    revision.total = Decimal(total)
    db.session.flush()


def held(client, app, contest, round_id, entry, assignments):
    """What the chair is shown in each world; the pages by which the worlds could be told apart."""
    paths = pages(app, contest, round_id, entry)
    assert len(paths) > 10
    worlds = []
    for totals in WORLDS:
        for assignment, total in zip(assignments, totals, strict=True):
            put(assignment, total)
        worlds.append(seen(client, paths))
    statuses = {path: answer[0] for path, answer in worlds[0].items()}
    assert sum(status == 200 for status in statuses.values()) > 8, statuses
    assert all(status < 500 for status in statuses.values())
    return sorted({path for path in paths for world in worlds[1:] if world[path] != worlds[0][path]})


def test_the_worlds_differ_for_a_head_of_jury_without_a_conflict(app, client, contest, chair):
    """Or the test below would show nothing."""
    judges = make_panel(contest, size=4)
    entry, others = make_accepted(contest), [make_accepted(contest) for _ in range(3)]
    for each in others:
        mark_all(each, judges[:2], [70, 75])
    assignments = mark_all(entry, judges[:2], [90, 88])
    sign_in(client, chair)
    assert len(held(client, app, contest, "prelim", entry, assignments)) >= 2


def test_no_page_of_an_open_round_tells_the_worlds_apart(app, client, contest, chair):
    judges = make_panel(contest, size=4)
    entry, others = make_accepted(contest), [make_accepted(contest) for _ in range(3)]
    for each in others:
        mark_all(each, judges[:2], [70, 75])
    assignments = mark_all(entry, judges[:2], [90, 88])
    record_conflict(entry=entry, judge=chair, reason="Họ hàng", actor=chair, now=opening_of(contest, "prelim"))
    sign_in(client, chair)
    assert held(client, app, contest, "prelim", entry, assignments) == []


def test_nor_while_the_head_of_jury_sits_in_the_panel(app, client, contest, chair):
    judges = make_panel(contest, size=3)
    seat_judge(
        contest=contest, round_id="prelim", category="A", judge=chair, actor=None, now=opening_of(contest, "prelim")
    )
    entry, other = make_accepted(contest), make_accepted(contest)
    finalise(give(other, chair), 70)
    finalise(declare(give(other, judges[0])), 71)
    assignments = mark_all(entry, judges[:2], [90, 88])
    record_conflict(entry=entry, judge=chair, reason="Họ hàng", actor=chair, now=opening_of(contest, "prelim"))
    sign_in(client, chair)
    assert held(client, app, contest, "prelim", entry, assignments) == []


def test_nor_while_their_own_sheet_of_it_is_open(app, client, contest, chair):
    judges = make_panel(contest, size=3)
    seat_judge(
        contest=contest, round_id="prelim", category="A", judge=chair, actor=None, now=opening_of(contest, "prelim")
    )
    entry = make_accepted(contest)
    give(entry, chair)
    [assignment] = mark_all(entry, judges[:1], [90])
    sign_in(client, chair)
    paths = pages(app, contest, "prelim", entry)
    worlds = []
    for total in ("90", "20"):
        put(assignment, total)
        worlds.append(seen(client, paths))
    assert [path for path in paths if worlds[0][path] != worlds[1][path]] == []


def test_no_page_tells_who_was_given_the_entry(app, client, contest, chair):
    """A judge's number of entries that goes up by one would."""
    judges = make_panel(contest, size=4)
    entry, other = make_accepted(contest), make_accepted(contest)
    mark_all(other, judges[:2], [70, 75])
    record_conflict(entry=entry, judge=chair, reason="Họ hàng", actor=chair, now=opening_of(contest, "prelim"))
    mark_all(entry, judges[:2], [90, 88])
    sign_in(client, chair)
    paths = pages(app, contest, "prelim", entry)
    before = seen(client, paths)
    taken = db.session.scalars(db.select(Assignment).where(Assignment.entry_id == entry.id)).all()
    for assignment, judge in zip(taken, judges[2:], strict=True):
        assignment.judge = judge
    after = seen(client, paths)
    assert [path for path in paths if before[path] != after[path]] == []


def test_no_page_of_a_closed_last_round_but_the_places_tells_them_apart(app, client, clock, contest, chair):
    """Once the round is closed its ranking is what it is; figures of the entry stay hidden all the same."""
    judges = make_panel(contest, "final", size=5)
    entry, others = make_finalist(contest), [make_finalist(contest) for _ in range(2)]
    for number, each in enumerate(others):
        mark_all(each, judges, [70 + number] * 5, "final")
    assignments = mark_all(entry, judges, [90, 88, 89, 88, 90], "final")
    now = clock.instant = opening_of(contest, "final") + timedelta(hours=1)
    record_conflict(entry=entry, judge=chair, reason="Họ hàng", actor=chair, now=now)
    second = make_staff(contest, "chair")
    close_round(contest=contest, round_id="final", category="A", actor=second, now=now)
    sign_in(client, chair)
    paths = pages(app, contest, "final", entry)
    worlds = []
    # The first place either way: only figures differ.
    for totals in ((90, 88, 89, 88, 90), (99, 97, 98, 96, 95)):
        for assignment, total in zip(assignments, totals, strict=True):
            put(assignment, str(total))
        worlds.append(seen(client, paths))
    told = [path for path in paths if worlds[0][path] != worlds[1][path]]
    assert told == []


def test_revisions_are_what_the_worlds_differ_in(contest):
    """The marks that `put` writes are those that count."""
    judges = make_panel(contest, size=2)
    [assignment] = mark_all(make_accepted(contest), judges[:1], [90])
    put(assignment, "55")
    assert [row.total for row in db.session.query(SheetRevision)] == [Decimal(55)]
