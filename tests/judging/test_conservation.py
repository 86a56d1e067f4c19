"""Judges come, leave, come back, are planned for again: what is finished or begun is never lost (hypothesis)."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from contest.core.db import db
from contest.core.errors import Refused
from contest.judging.models import Assignment, PanelSeat, SheetRevision
from contest.judging.rounds import entry_state
from contest.judging.services import assign, end_seat, save_sheet, seat_judge
from tests.factories import make_contest, make_staff
from tests.factories.judging import declare, finalise, make_accepted, make_panel, opening_of, spread_marks

JUDGES, ENTRIES = 4, 3
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("leave"), st.integers(0, JUDGES - 1)),
        st.tuples(st.just("return"), st.integers(0, JUDGES - 1)),
        st.tuples(st.just("plan"), st.integers(0, 99)),
        st.tuples(st.just("finish"), st.integers(0, 99)),
        st.tuples(st.just("begin"), st.integers(0, 99)),
    ),
    min_size=4,
    max_size=14,
)


@pytest.fixture
def world(app):
    contest = make_contest(0)
    judges = make_panel(contest, size=JUDGES)
    entries = [make_accepted(contest) for _ in range(ENTRIES)]
    secretary = make_staff(contest, "secretary")
    db.session.commit()
    return contest, judges, entries, secretary


def do(world, act, number):
    contest, judges, _entries, secretary = world
    now = opening_of(contest, "prelim")
    place = {"contest": contest, "round_id": "prelim", "category": "A", "actor": secretary, "now": now}
    if act == "plan":
        assign(**place, seed=number)
    elif act == "return":
        seat_judge(**place, judge=judges[number])
    elif act == "leave":
        query = select(PanelSeat).where(PanelSeat.judge_id == judges[number].id, PanelSeat.ended_at.is_(None))
        for seat in db.session.scalars(query):
            end_seat(seat=seat, contest=contest, actor=secretary, now=now)
    else:
        work = [each for each in standing() if each.sheet is None or each.sheet.state == "open"]
        if not work:
            return
        chosen = declare(work[number % len(work)])
        if act == "finish":
            finalise(chosen, 80)
        elif chosen.sheet is None:
            marks = spread_marks(contest, 40)
            save_sheet(assignment=chosen, marks=marks, comment="dở", version=0, actor=chosen.judge, now=now)


def standing():
    db.session.expire_all()
    return db.session.scalars(select(Assignment).where(Assignment.standing.is_(True)).order_by(Assignment.id)).all()


def finished():
    return {
        (revision.sheet.assignment.entry_id, revision.sheet.assignment.judge_id): revision.total
        for revision in db.session.scalars(select(SheetRevision))
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_judges_come_and_go_and_every_finished_sheet_is_conserved(world, acts):
    entries = world[2]
    kept: dict[tuple[int, int], object] = {}
    outer = db.session.begin_nested()
    try:
        for act, number in acts:
            seated = set(db.session.scalars(select(PanelSeat.judge_id).where(PanelSeat.ended_at.is_(None))))
            before = {each.id for each in standing() if each.judge_id in seated}
            with suppress(Refused):
                do(world, act, number)
            now = finished()
            assert kept.items() <= now.items()
            kept = now
            gone = before - {each.id for each in standing()}
            assert act == "leave" or not gone  # nothing else ever takes work away
            assert all(len({each.judge_id for each in _of(entry)}) == len(_of(entry)) for entry in entries)
        # Everybody comes back: every finished sheet counts again.
        for number in range(JUDGES):
            with suppress(Refused):
                do(world, "return", number)
        counted = {
            (entry.id, each.judge_id)
            for entry in entries
            if (state := entry_state(entry, "prelim")) is not None
            for each in state.given
            if each.final
        }
        assert counted == set(kept)
    finally:
        outer.rollback()
        db.session.expire_all()


def _of(entry):
    return [each for each in standing() if each.entry_id == entry.id]
