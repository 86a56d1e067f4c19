"""A head of jury with a conflict of interest has no hand in who marks the entry."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from contest.contests.models import RoleGrant
from contest.core.db import db
from contest.core.errors import Refused
from contest.judging.models import Assignment, ConflictOfInterest
from contest.judging.services import assign_one, lift_conflict, record_conflict
from tests.factories import make_staff, make_unit, sign_in
from tests.factories.judging import finalise, give, make_accepted, make_panel, mark_all, opening_of


@pytest.fixture
def chair(contest):
    """Works for the unit of the author of `entry`."""
    return make_staff(contest, "chair", unit=make_unit())


@pytest.fixture
def entry(contest, chair):
    entry = make_accepted(contest)
    entry.author_unit = db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == chair.id)).one().unit
    db.session.flush()
    return entry


def test_cannot_take_a_finished_sheet_out_of_the_count(contest, chair, entry, client, clock):
    judge = make_panel(contest)[0]
    assignment = give(entry, judge)
    finalise(assignment, 60)
    now = clock.instant = opening_of(contest, "prelim")
    with pytest.raises(Refused) as refused:
        record_conflict(entry=entry, judge=judge, reason="Quen biết.", actor=chair, now=now)
    assert refused.value.code == "conflict_of_interest"
    sign_in(client, chair)
    address = f"/ban-to-chuc/{contest.slug}/cham/prelim/A/bai/{entry.blind_code}"
    assert client.get(address).status_code == 200
    answer = client.post(address, data={"act": "conflict", "judge": judge.public_id, "reason": "Quen biết."})
    assert answer.status_code == 422
    db.session.expire_all()
    assert db.session.get_one(Assignment, assignment.id).standing


def test_cannot_choose_a_judge(contest, chair, entry):
    judge = make_panel(contest)[0]
    with pytest.raises(Refused) as refused:
        assign_one(entry=entry, round_id="prelim", judge=judge, actor=chair, now=opening_of(contest, "prelim"))
    assert refused.value.code == "conflict_of_interest"


def test_cannot_lift_a_record_and_may_make_their_own(contest, chair, entry):
    judge, now = make_panel(contest)[0], opening_of(contest, "prelim")
    secretary = make_staff(contest, "secretary")
    for person, actor in ((judge, secretary), (chair, chair)):
        record_conflict(entry=entry, judge=person, reason="Quen biết.", actor=actor, now=now)
    for conflict in db.session.scalars(select(ConflictOfInterest)):
        with pytest.raises(Refused) as refused:
            lift_conflict(conflict=conflict, actor=chair, now=now)
        assert refused.value.code == "conflict_of_interest"


def test_the_order_of_who_advances_does_not_place_the_entry(contest, chair, entry, client, clock):
    """The best of three, closed to the head of jury: the page reads as if it were the worst."""
    judges = make_panel(contest, size=2)
    others = [make_accepted(contest) for _ in range(2)]
    for each, total in ((entry, 90), (others[0], 80), (others[1], 70)):
        mark_all(each, judges, [total, total])
    clock.instant = opening_of(contest, "prelim")
    sign_in(client, chair)
    page = client.get(f"/ban-to-chuc/{contest.slug}/cham/prelim/A/khoa-diem").text
    table = page[page.index("<tbody") :]
    places = [table.index(each.blind_code) for each in (*others, entry)]
    assert places == sorted(places)
    assert "90" not in table.replace(entry.title, "")
