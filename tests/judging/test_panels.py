"""Panels change; work stays. Entries are shared out evenly, never twice, never against a conflict."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from contest.audit.models import AuditRow
from contest.core.db import db
from contest.core.errors import Conflict, NotFound, Refused
from contest.judging.models import Assignment, PanelSeat, RoundClosing
from contest.judging.panels import loads, panel
from contest.judging.queries import queue
from contest.judging.rounds import entry_state
from contest.judging.rules import RefusedList
from contest.judging.services import (
    assign,
    assign_one,
    end_seat,
    leave_panels,
    plan_assignment,
    record_conflict,
    save_sheet,
    seat_judge,
)
from tests.factories import make_staff, make_unit, make_user
from tests.factories.judging import (
    assignments_of,
    finalise,
    give,
    make_accepted,
    make_panel,
    mark_all,
    marks_on,
    opening_of,
    spread_marks,
)


@pytest.fixture
def secretary(contest):
    return make_staff(contest, "secretary")


def at(contest):
    return opening_of(contest, "prelim")


def seat(contest, judge, category="A"):
    return seat_judge(contest=contest, round_id="prelim", category=category, judge=judge, actor=None, now=at(contest))


def seat_of(judge):
    return db.session.scalars(
        select(PanelSeat).where(PanelSeat.judge_id == judge.id, PanelSeat.ended_at.is_(None))
    ).one()


def share_out(contest, seed=7):
    return assign(contest=contest, round_id="prelim", category="A", actor=None, now=at(contest), seed=seed)


def lock(contest, category="A"):
    db.session.add(
        RoundClosing(contest_id=contest.id, round="prelim", category=category, by_id=make_user().id, at=at(contest))
    )
    db.session.flush()


# Seats


def test_only_judges_of_the_contest_sit(contest, secretary):
    for person in (make_user(), secretary):
        with pytest.raises(Refused, match="not a judge"):
            seat(contest, person)
    chair = make_staff(contest, "chair")
    seat(contest, chair)
    assert panel(contest, "prelim", "A") == [chair]


def test_nobody_sits_twice(contest):
    [judge] = make_panel(contest, size=1)
    with pytest.raises(Refused, match="already"):
        seat(contest, judge)
    seat(contest, judge, category="B")


def test_a_panel_is_not_changed_once_its_round_is_closed(contest, secretary):
    [judge] = make_panel(contest, size=1)
    lock(contest)
    with pytest.raises(Conflict, match="locked"):
        end_seat(seat=seat_of(judge), contest=contest, actor=secretary, now=at(contest))
    with pytest.raises(Conflict, match="locked"):
        seat(contest, make_staff(contest, "judge"))


def test_leaving_keeps_every_sheet_and_coming_back_brings_it_back(contest, secretary):
    judges = make_panel(contest, size=2)
    done, begun, untouched = (make_accepted(contest) for _ in range(3))
    mark_all(done, judges, [80, 82])
    work = give(begun, judges[0])
    save_sheet(
        assignment=work,
        marks=spread_marks(contest, 50),
        comment="dở dang",
        version=0,
        actor=judges[0],
        now=at(contest),
    )
    give(untouched, judges[0])
    assert entry_state(done, "prelim").result.complete

    end_seat(seat=seat_of(judges[0]), contest=contest, actor=secretary, now=at(contest))
    assert queue(contest, "prelim", judges[0].id, at(contest)) == []
    with pytest.raises(NotFound):
        save_sheet(assignment=work, marks={}, comment="", version=1, actor=judges[0], now=at(contest))
    state = entry_state(done, "prelim")
    assert not state.result.complete and state.result.total == 82  # not counted, and not as zero

    seat(contest, judges[0])
    assert entry_state(done, "prelim").result.total == 81
    assert len(queue(contest, "prelim", judges[0].id, at(contest))) == 3
    assert marks_on(work) == spread_marks(contest, 50) and work.sheet.comment == "dở dang"


def test_coming_back_takes_nothing_from_those_who_stepped_in(contest, secretary):
    judges = make_panel(contest, size=2)
    done, untouched = make_accepted(contest), make_accepted(contest)
    mark_all(done, judges, [80, 82])
    for judge in judges:
        give(untouched, judge)
    end_seat(seat=seat_of(judges[0]), contest=contest, actor=secretary, now=at(contest))
    [stand_in] = make_panel(contest, size=1)
    share_out(contest)
    assert len(queue(contest, "prelim", stand_in.id, at(contest))) == 2
    seat(contest, judges[0])
    # The finished sheet counts again beside the stand-in's; what was not begun stays with them.
    assert {each.judge_id for each in assignments_of(done)} == {judges[0].id, judges[1].id, stand_in.id}
    assert {each.judge_id for each in assignments_of(untouched)} == {judges[1].id, stand_in.id}


def test_coming_back_brings_nothing_back_against_a_conflict(contest, secretary):
    judges = make_panel(contest, size=2)
    entry = make_accepted(contest)
    mark_all(entry, judges, [80, 82])
    end_seat(seat=seat_of(judges[0]), contest=contest, actor=secretary, now=at(contest))
    record_conflict(entry=entry, judge=judges[0], reason="Họ hàng", actor=secretary, now=at(contest))
    seat(contest, judges[0])
    assert [each.judge_id for each in assignments_of(entry)] == [judges[1].id]


def test_a_judge_who_resigns_leaves_all_open_panels(contest, secretary):
    [judge] = make_panel(contest, size=1)
    seat(contest, judge, category="B")
    lock(contest, "B")
    leave_panels(contest=contest, judge=judge, actor=secretary, now=at(contest))
    assert panel(contest, "prelim", "A") == [] and panel(contest, "prelim", "B") == [judge]


# Sharing out


def test_every_entry_gets_its_judges_and_loads_are_even(contest):
    make_panel(contest, size=4)
    entries = [make_accepted(contest) for _ in range(10)]
    plan = share_out(contest)
    assert plan.count == 20
    assert all(len({each.judge_id for each in assignments_of(entry)}) == 2 for entry in entries)
    assert sorted(loads(contest, "prelim", "A").values()) == [5, 5, 5, 5]


def test_the_seed_is_recorded_and_gives_the_same_plan_again(contest):
    make_panel(contest, size=5)
    for _ in range(8):
        make_accepted(contest)
    first = plan_assignment(contest, "prelim", "A", seed=42)
    assert plan_assignment(contest, "prelim", "A", seed=42).picks == first.picks
    assert any(plan_assignment(contest, "prelim", "A", seed=seed).picks != first.picks for seed in range(5))
    share_out(contest, seed=42)
    row = db.session.scalars(select(AuditRow).where(AuditRow.verb == "judging.assign")).one()
    assert row.details["seed"] == 42 and row.details["count"] == 16
    given = {
        entry_id: sorted(
            each.judge_id for each in db.session.scalars(select(Assignment).where(Assignment.entry_id == entry_id))
        )
        for entry_id in first.picks
    }
    assert given == {entry_id: sorted(judges) for entry_id, judges in first.picks.items()}


def test_doing_it_again_keeps_what_is_there_and_only_fills(contest):
    judges = make_panel(contest, size=3)
    mark_all(make_accepted(contest), judges[:2], [80, 82])
    begun = give(make_accepted(contest), judges[2])
    share_out(contest)
    before = {(each.entry_id, each.judge_id): each.id for each in db.session.scalars(select(Assignment))}
    assert begun.id in before.values() and len(before) == 4
    make_accepted(contest)
    assert share_out(contest, seed=8).count == 2
    after = {(each.entry_id, each.judge_id): each.id for each in db.session.scalars(select(Assignment))}
    assert before.items() <= after.items() and len(after) == 6
    assert share_out(contest, seed=9).count == 0


def test_what_lacks_judges_is_named_with_the_reason_and_nothing_is_assigned(contest):
    unit = make_unit()
    [first] = make_panel(contest, size=1)
    second = make_staff(contest, "judge", unit=unit)
    seat(contest, second)
    make_accepted(contest)
    short = make_accepted(contest, author_unit=unit)
    with pytest.raises(RefusedList) as caught:
        share_out(contest)
    assert [params["code"] for _, params in caught.value.problems] == [short.blind_code]
    assert caught.value.problems[0][1] == {
        "code": short.blind_code,
        "needed": 2,
        "possible": 1,
        "seated": 2,
        "holding": 0,
        "conflicts": 1,
    }
    assert db.session.scalars(select(Assignment)).all() == []
    assert first


def test_an_empty_panel_is_said_to_be_empty(contest):
    make_accepted(contest)
    with pytest.raises(Refused, match="Nobody sits"):
        share_out(contest)


def test_each_judge_has_an_order_of_their_own(contest):
    judges = make_panel(contest, size=2)
    for _ in range(12):
        make_accepted(contest)
    share_out(contest)
    orders = [[task.code for task in queue(contest, "prelim", judge.id, at(contest))] for judge in judges]
    assert set(orders[0]) == set(orders[1]) and orders[0] != orders[1]
    assert all(order != sorted(order) for order in orders)


def test_an_entry_is_given_by_hand_under_the_same_rules(contest, secretary):
    judges = make_panel(contest, size=3)
    entry = make_accepted(contest, author_unit=(unit := make_unit()))
    related = make_staff(contest, "judge", unit=unit)
    seat(contest, related)

    def by_hand(judge):
        return assign_one(entry=entry, round_id="prelim", judge=judge, actor=secretary, now=at(contest))

    with pytest.raises(Refused, match="conflict of interest"):
        by_hand(related)
    with pytest.raises(Refused, match="does not sit"):
        by_hand(make_staff(contest, "judge"))
    by_hand(judges[0])
    with pytest.raises(Refused, match="already has"):
        by_hand(judges[0])
    by_hand(judges[1])
    with pytest.raises(Refused, match="all its judges"):
        by_hand(judges[2])
    with pytest.raises(Refused, match="does not take part"):
        assign_one(entry=entry, round_id="final", judge=judges[2], actor=secretary, now=at(contest))


def test_the_database_refuses_an_entry_twice(contest):
    [judge] = make_panel(contest, size=1)
    assignment = give(make_accepted(contest), judge)
    db.session.commit()
    db.session.add(
        Assignment(round="prelim", entry_id=assignment.entry_id, judge_id=judge.id, place=1, assigned_at=at(contest))
    )
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()


# The third judge


def test_a_gap_brings_the_least_loaded_judge_free_of_conflict(contest):
    unit = make_unit()
    judges = make_panel(contest, size=4)
    related = make_staff(contest, "judge", unit=unit)
    seat(contest, related)
    give(make_accepted(contest), judges[2])
    entry = make_accepted(contest, author_unit=unit)
    mark_all(entry, judges[:2], [86, 69])
    [third] = [each for each in assignments_of(entry) if each.kind == "third"]
    assert third.judge_id == judges[3].id  # not of the two, not in conflict, has fewer than judges[2]
    assert entry_state(entry, "prelim").result.needs_third


def test_a_gap_at_the_threshold_is_none(contest):
    judges = make_panel(contest, size=3)
    entry = make_accepted(contest)
    mark_all(entry, judges[:2], [85, 70])
    assert len(assignments_of(entry)) == 2


def test_without_a_third_judge_the_entry_says_so_and_one_can_be_given_later(contest, secretary):
    judges = make_panel(contest, size=2)
    entry = make_accepted(contest)
    mark_all(entry, judges, [86, 69])
    state = entry_state(entry, "prelim")
    assert state.lacking == 1 and state.result.needs_third
    [third] = make_panel(contest, size=1)
    assert share_out(contest).picks == {entry.id: [third.id]}
    [assignment] = [each for each in assignments_of(entry) if each.judge_id == third.id]
    finalise(assignment, 84)
    assert entry_state(entry, "prelim").result.total == 85
