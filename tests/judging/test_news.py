"""Judges hear of new work: how much and until when, never which."""

from __future__ import annotations

from sqlalchemy import select

from contest.core.db import db
from contest.judging.models import PanelSeat
from contest.judging.services import assign
from contest.outbox.models import Message
from contest.outbox.runner import render
from tests.factories import make_contest, make_staff, sign_in
from tests.factories.judging import make_accepted, make_panel, opening_of


def news() -> list[Message]:
    return list(db.session.scalars(select(Message).where(Message.template == "judge_assigned")))


def test_one_mail_a_judge_and_none_when_there_is_nothing_new(app):
    contest = make_contest()
    entries = [make_accepted(contest) for _ in range(3)]
    judges = make_panel(contest, size=2)
    chair = make_staff(contest, "chair")
    now = opening_of(contest, "prelim")
    assign(contest=contest, round_id="prelim", category="A", actor=chair, now=now)
    assert {message.address for message in news()} == {judge.email for judge in judges}
    text = render(news()[0])
    assert "3" in text.subject
    assert f"/cham/{contest.slug}" in text.body
    assert all(entry.title not in text.body and entry.blind_code not in text.body for entry in entries)
    assign(contest=contest, round_id="prelim", category="A", actor=chair, now=now)
    assert len(news()) == 2


def test_a_judge_whose_role_ends_leaves_the_panels(app, client):
    contest = make_contest()
    judge = make_panel(contest, size=1)[0]
    sign_in(client, make_staff(contest, "organiser"))
    page = client.get(f"/ban-to-chuc/{contest.slug}/nhan-su").text
    action = page.split(judge.name)[1].split('action="')[1].split('"')[0]
    assert client.post(action).status_code == 303
    assert db.session.scalars(select(PanelSeat).where(PanelSeat.ended_at.is_(None))).all() == []
