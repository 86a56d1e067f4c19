"""A timetable planned backwards: order, minimums, working days, and what is too tight."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contest.anniversaries.rules import shipped_calendar
from contest.contests.ruleset.checks_time import _ORDER
from contest.setup.planning import LEADS, MINIMUMS, NoPlan, Slot, earliest_announcement, find_tight, plan_back
from tests.conftest import VIETNAM

WORKS = shipped_calendar().is_working_day
KEYS = ("issue", "launch", "submission", "paper_postmark", "paper_arrival", "paper_keyed", "screening", "verification")
KEYS += ("prelim", "shortlist", "remarks", "final", "voting", "vote_audit", "council", "provisional", "decision")
KEYS += ("announce", "ceremony", "complaints")
EARLY = date(2025, 1, 1)
some_keys = st.sets(st.sampled_from(KEYS)).map(lambda keys: keys | {"submission", "announce"})
instants = st.dates(date(2026, 12, 1), date(2040, 12, 31)).map(
    lambda day: datetime(day.year, day.month, day.day, 8, tzinfo=VIETNAM)
)


@settings(deadline=None, max_examples=60)
@given(instants, some_keys, st.booleans())
def test_a_plan_is_in_order_and_leaves_each_step_its_days(announce, keys, locked):
    slots = plan_back(announce, keys, WORKS, today=EARLY, locked_before_vote=locked).slots
    assert set(slots) == keys
    for first, first_side, second, second_side in _ORDER:
        if first in slots and second in slots:
            one = slots[first].opens if first_side == "starts" else slots[first].closes
            two = slots[second].opens if second_side == "starts" else slots[second].closes
            assert one <= two, (first, second)
    for key, slot in slots.items():
        assert slot.days >= MINIMUMS.get(key, 0)
        if key not in {"announce", "ceremony"}:
            assert WORKS(slot.closes.date()), key
            assert key == "complaints" or WORKS(slot.opens.date()), key
    if locked and {"final", "voting"} <= keys:
        assert slots["final"].closes <= slots["voting"].opens


@settings(deadline=None, max_examples=40)
@given(instants, some_keys, st.booleans())
def test_nothing_in_a_plan_is_found_tight(announce, keys, locked):
    slots = plan_back(announce, keys, WORKS, today=EARLY, locked_before_vote=locked).slots
    found = find_tight(list(slots.values()), WORKS, today=EARLY, locked_before_vote=locked)
    assert {each.kind for each in found} <= {"day_off"}
    assert {each.key for each in found} <= {"announce", "ceremony", "complaints"}  # as the anniversary falls


@settings(deadline=None, max_examples=30)
@given(instants, some_keys, st.sampled_from(sorted(MINIMUMS)))
def test_one_day_more_for_one_step_never_makes_another_later(announce, keys, key):
    usual = plan_back(announce, keys, WORKS, today=EARLY).slots
    longer = {**MINIMUMS, key: MINIMUMS[key] + 1}
    slots = plan_back(announce, keys, WORKS, today=EARLY, minimums=longer).slots
    assert all(slots[each].opens <= usual[each].opens for each in keys)
    if key in keys:
        tight = find_tight(list(usual.values()), WORKS, today=EARLY, minimums=longer)
        assert (
            any(each.key == key and each.kind == "short" for each in tight)
            or key in {"remarks", "complaints"}
            or (usual[key].days > MINIMUMS[key])
        )


@settings(deadline=None, max_examples=15)
@given(instants, st.integers(0, 300))
def test_the_earliest_announcement_fits_and_the_working_day_before_does_not(announce, ahead):
    today = announce.date() - timedelta(days=ahead)
    found = earliest_announcement(announce, KEYS, WORKS, today=today)
    assert plan_back(found, KEYS, WORKS, today=today).fits
    before = found - timedelta(days=1)
    while not WORKS(before.date()):
        before -= timedelta(days=1)
    assert not plan_back(before, KEYS, WORKS, today=today).fits


def test_what_is_missing_is_told_in_working_days():
    announce = datetime(2027, 6, 11, 8, tzinfo=VIETNAM)
    plan = plan_back(announce, KEYS, WORKS, today=EARLY)
    issue = plan.slots["issue"].opens.date()
    assert plan.fits
    assert plan_back(announce, KEYS, WORKS, today=issue).fits
    late = plan_back(announce, KEYS, WORKS, today=issue + timedelta(days=7))
    assert (late.fits, late.late_by) == (False, 5)


def test_what_is_too_tight_is_named():
    def at(day: date, hour: int = 8) -> datetime:
        return datetime(day.year, day.month, day.day, hour, tzinfo=VIETNAM)

    slots = [
        Slot("voting", at(date(2027, 5, 10)), at(date(2027, 5, 14), 17), 0),
        Slot("council", at(date(2027, 6, 5)), at(date(2027, 6, 5), 17), 0),  # a Saturday
        Slot("decision", at(date(2027, 6, 10)), at(date(2027, 6, 10)), 0),
        Slot("announce", at(date(2027, 6, 11)), at(date(2027, 6, 11)), 0),
    ]
    found = {(each.key, each.kind, each.has, each.needs) for each in find_tight(slots, WORKS, today=date(2027, 5, 20))}
    assert ("voting", "short", 5, 10) in found
    assert ("voting", "past", 0, 0) in found
    assert ("council", "day_off", 0, 0) in found
    assert ("decision", "gap", 0, 2) in found
    assert ("announce", "past", 0, 0) not in found


def test_a_window_that_closes_at_midnight_ends_on_the_day_before():
    opens = datetime(2027, 4, 5, tzinfo=VIETNAM)
    slots = [Slot("screening", opens, opens + timedelta(days=5), 0)]  # Monday to Friday
    assert find_tight(slots, WORKS, today=EARLY) == []


def test_a_calendar_without_working_days_is_refused():
    with pytest.raises(NoPlan):
        plan_back(datetime(2027, 6, 11, 8, tzinfo=VIETNAM), KEYS, lambda day: False, today=EARLY)


def test_leads_name_steps_that_are_planned():
    known = set(KEYS)
    assert {key for pair in LEADS for key in pair} <= known
