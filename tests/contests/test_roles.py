"""Roles: granted and invited, several at once within what blindness allows."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from contest.contests.invitations import LIFETIME, accept, get_open_invitation, invite
from contest.contests.models import RoleGrant
from contest.contests.queries import roles_of
from contest.contests.services import end_role, grant_role
from contest.core import clock as clocks
from contest.core.db import db
from contest.core.errors import NotFound, Refused
from contest.outbox.models import Message
from tests.conftest import START
from tests.factories import make_contest, make_staff, make_unit, make_user, sign_in


@pytest.mark.parametrize(
    ("held", "wanted", "allowed"),
    [
        ("organiser", "secretary", True),
        ("judge", "chair", True),
        ("organiser", "judge", False),
        ("secretary", "chair", False),
        ("chair", "secretary", False),
    ],
)
def test_who_sees_authors_does_not_judge(app, held, wanted, allowed):
    contest = make_contest()
    person = make_staff(contest, held)
    if allowed:
        make_staff(contest, wanted, person)
        assert roles_of(contest.id, person.id) == {held, wanted}
    else:
        with pytest.raises(Refused) as refused:
            grant_role(contest=contest, user=person, role=wanted, actor=None, now=START)
        assert refused.value.code == "role_clash"


@pytest.mark.parametrize(("after_opening", "allowed"), [(timedelta(0), True), (timedelta(microseconds=1), False)])
def test_who_has_seen_authors_does_not_judge_later(app, after_opening, allowed):
    contest = make_contest()
    boss, person = make_staff(contest, "organiser"), make_staff(contest, "secretary")
    grant = db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == person.id)).one()
    end_role(grant=grant, actor=boss, now=contest.rules.instant("submission") + after_opening)
    if allowed:
        make_staff(contest, "judge", person)
        assert roles_of(contest.id, person.id) == {"judge"}
    else:
        with pytest.raises(Refused) as refused:
            make_staff(contest, "judge", person)
        assert refused.value.code == "role_clash"
    make_staff(contest, "judge", make_staff(make_contest(1), "secretary"))


def test_a_role_of_one_contest_says_nothing_of_another(app):
    first, second = make_contest(0), make_contest(1)
    person = make_staff(first, "organiser")
    make_staff(second, "judge", person)
    assert roles_of(second.id, person.id) == {"judge"}


def test_an_ended_role_can_be_given_again_and_its_history_stays(app):
    contest = make_contest()
    boss, person = make_staff(contest, "organiser"), make_staff(contest, "secretary")
    grant = db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == person.id)).one()
    end_role(grant=grant, actor=boss, now=START)
    assert roles_of(contest.id, person.id) == set()
    make_staff(contest, "secretary", person)
    assert len(db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == person.id)).all()) == 2


def test_the_last_organiser_stays(app):
    contest = make_contest()
    boss = make_staff(contest, "organiser")
    grant = db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == boss.id)).one()
    with pytest.raises(Refused) as refused:
        end_role(grant=grant, actor=boss, now=START)
    assert refused.value.code == "last_organiser"


@pytest.fixture
def invited(app):
    contest = make_contest()
    boss = make_staff(contest, "organiser")
    unit = make_unit()
    wall = clocks.wall()
    invite(
        actor=boss,
        contest=contest,
        name="Lê Thị Mai",
        email="Mai@An-Lam.example",
        role="judge",
        unit=unit,
        now=START,
        wall=wall,
    )
    db.session.commit()
    message = db.session.scalars(select(Message)).one()
    assert message.address == "mai@an-lam.example"
    return contest, message.params["token"], wall


def test_an_invitation_works_once(invited):
    contest, token, wall = invited
    person = make_user("Lê Thị Mai")
    accept(invitation=get_open_invitation(token, wall), actor=person, now=START)
    assert roles_of(contest.id, person.id) == {"judge"}
    with pytest.raises(NotFound):
        get_open_invitation(token, wall)


def test_an_invitation_lapses(invited):
    _, token, wall = invited
    assert get_open_invitation(token, wall + LIFETIME - timedelta(microseconds=1))
    with pytest.raises(NotFound):
        get_open_invitation(token, wall + LIFETIME)


def test_pages_from_invitation_to_role(invited, client):
    contest, token, _ = invited
    address = f"/loi-moi/{token}"
    assert client.get(address).status_code == 302  # to sign in
    person = make_user("Lê Thị Mai")
    sign_in(client, person)
    page = client.get(address)
    assert "Lê Thị Mai" in page.text
    assert client.post(address).status_code == 303
    assert roles_of(contest.id, person.id) == {"judge"}
    assert client.get(address).status_code == 404


def test_organisers_invite_on_the_page_and_bad_input_keeps_what_was_typed(app, client):
    contest = make_contest()
    sign_in(client, make_staff(contest, "organiser"))
    address = f"/ban-to-chuc/{contest.slug}/nhan-su"
    page = client.post(address, data={"name": "Bùi Văn Năm", "email": "không phải thư", "role": "judge"})
    assert page.status_code == 422
    assert re.search(r'value="Bùi Văn Năm"', page.text)
    done = client.post(address, data={"name": "Bùi Văn Năm", "email": "nam@an-lam.example", "role": "judge"})
    assert done.status_code == 303
    assert "Bùi Văn Năm" in client.get(address).text
    assert db.session.scalars(select(Message)).one().template == "invitation"
