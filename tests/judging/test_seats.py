"""Seats of a panel: a chair, members and reserves, each between limits that make sense, changed on record."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from contest.audit.models import AuditRow
from contest.core.db import db
from contest.core.errors import Conflict, NotFound, Refused
from contest.judging.models import PanelSeat, RoundClosing
from contest.judging.panels import seats
from contest.judging.services import change_seat, seat_judge
from contest.judging.terms import accepted
from tests.factories import make_contest, make_staff, sign_in
from tests.factories.judging import accept, give, make_accepted, make_panel, opening_of


@pytest.fixture
def contest(app, clock):
    contest = make_contest()
    clock.instant = opening_of(contest, "prelim")
    return contest


@pytest.fixture
def secretary(contest):
    return make_staff(contest, "secretary")


def now_of(contest):
    return opening_of(contest, "prelim")


def seat(contest, judge, **values):
    return seat_judge(
        contest=contest, round_id="prelim", category="A", judge=judge, actor=None, now=now_of(contest), **values
    )


def change(contest, held, actor, kind="member", least=None, most=None):
    change_seat(seat=held, contest=contest, kind=kind, least=least, most=most, actor=actor, now=now_of(contest))


def test_the_head_of_jury_chairs_and_everybody_else_is_a_member(contest):
    first, second, judge = (make_staff(contest, role) for role in ("chair", "chair", "judge"))
    assert seat(contest, judge).seat == "member"
    assert seat(contest, first).seat == "chair"
    assert seat(contest, second).seat == "member"  # a panel has one chair
    assert next(iter(seats(contest, "prelim", "A"))).judge_id == first.id


def test_the_chair_of_a_panel_holds_the_role_and_is_alone(contest, secretary):
    first, second, judge = (make_staff(contest, role) for role in ("chair", "chair", "judge"))
    with pytest.raises(Refused) as refused:
        seat(contest, judge, kind="chair")
    assert refused.value.code == "not_head_of_jury"
    held = seat(contest, first)
    with pytest.raises(Refused) as refused:
        seat(contest, second, kind="chair")
    assert refused.value.code == "chair_seated"
    change(contest, held, secretary, "member")
    assert seat(contest, second, kind="chair").seat == "chair"
    with pytest.raises(NotFound):
        seat(contest, judge, kind="guest")


@pytest.mark.parametrize(
    ("least", "most", "fine"),
    [
        (None, None, True),
        (0, 0, True),
        (5, 5, True),
        (6, 5, False),
        (-1, None, False),
        (None, -1, False),
        (None, 9999, True),
        (None, 10000, False),
        (10000, None, False),
    ],
)
def test_limits_are_checked_at_their_ends(contest, secretary, least, most, fine):
    judge = make_staff(contest, "judge")
    if fine:
        held = seat(contest, judge, least=least, most=most)
        assert (held.least, held.most) == (least, most)
        change(contest, held, secretary, "reserve", least, most)
        assert held.seat == "reserve"
    else:
        with pytest.raises(Refused):
            seat(contest, judge, least=least, most=most)
        held = seat(contest, judge)
        with pytest.raises(Refused):
            change(contest, held, secretary, "member", least, most)
        assert (held.least, held.most) == (None, None)


def test_a_change_is_recorded_once_and_takes_nothing_away(contest, secretary):
    judge = make_panel(contest, size=1)[0]
    work = give(make_accepted(contest), judge)
    held = db.session.scalars(select(PanelSeat)).one()
    for _ in range(2):
        change(contest, held, secretary, "reserve", 1, 3)
    [row] = db.session.scalars(select(AuditRow).where(AuditRow.verb == "judging.change_seat"))
    assert row.details["before"] == {"seat": "member", "least": None, "most": None}
    assert row.details["after"] == {"seat": "reserve", "least": 1, "most": 3}
    assert work.standing


def test_a_closed_round_keeps_its_panel(contest, secretary):
    make_panel(contest, size=1)
    held = db.session.scalars(select(PanelSeat)).one()
    db.session.add(
        RoundClosing(contest_id=contest.id, round="prelim", category="A", by_id=secretary.id, at=now_of(contest))
    )
    db.session.flush()
    with pytest.raises(Conflict):
        change(contest, held, secretary, "reserve")


def test_the_page_seats_changes_and_says_what_does_not_fit(client, contest, secretary):
    judge, other = make_staff(contest, "judge"), make_staff(contest, "judge")
    for _ in range(3):
        make_accepted(contest)
    address = f"/ban-to-chuc/{contest.slug}/cham/prelim/A/giam-khao"
    sign_in(client, secretary)
    add = {"act": "seat", "judge": judge.public_id, "seat": "", "least": "2", "most": "1"}
    answer = client.post(address, data=add)
    assert answer.status_code == 422
    assert judge.name in answer.text
    assert client.post(address, data={**add, "least": "hai"}).status_code == 422
    assert client.post(address, data={**add, "most": "2"}).status_code == 303
    page = client.get(address).text
    assert "Mỗi bài cần 2 giám khảo mà ở đây có 1" in page
    assert "Theo giới hạn trên chỉ chấm được 2 phiếu; cần 6 phiếu." in page
    assert "chưa chấp nhận quy ước" in page
    edit = {"act": "change", "judge": judge.public_id, "seat": "reserve", "least": "", "most": ""}
    assert client.post(address, data=edit).status_code == 303
    db.session.expire_all()
    held = db.session.scalars(select(PanelSeat)).one()
    assert (held.seat, held.least, held.most) == ("reserve", None, None)
    # A change of somebody who does not sit here seats nobody.
    assert client.post(address, data={**edit, "judge": other.public_id}).status_code == 422
    assert len(db.session.scalars(select(PanelSeat)).all()) == 1


def test_terms_signed_on_paper_are_noted_by_staff_alone(client, contest, secretary):
    judge, chair = make_staff(contest, "judge"), make_staff(contest, "chair")
    accept(contest, chair)
    seat(contest, judge)
    address = f"/ban-to-chuc/{contest.slug}/cham/prelim/A/giam-khao"
    said = {"act": "terms", "judge": judge.public_id}
    sign_in(client, chair)
    assert client.post(address, data=said).status_code == 404
    db.session.expire_all()
    assert not accepted(contest, judge.id)
    sign_in(client, secretary)
    assert client.post(address, data=said).status_code == 303
    db.session.expire_all()
    assert accepted(contest, judge.id)
