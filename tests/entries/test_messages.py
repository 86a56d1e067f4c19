"""Every message about entries can be written, in both languages, with what its verb gives it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from contest.core.db import db
from contest.entries import services
from contest.outbox.models import Message
from contest.outbox.runner import render
from tests.conftest import START
from tests.factories import make_contest, make_officer, make_unit, make_user
from tests.factories.entries import make_accepted, make_submitted, secretary_of


@pytest.fixture(params=["vi", "en"])
def locale(request):
    return request.param


@pytest.mark.parametrize("by", ["email", "phone"])
def test_each_message_reads(app, locale, by):
    contest = make_contest()
    reach = {"email": None, "phone": "+84912345678"} if by == "phone" else {}
    author = make_user("Lò Thị Thơm", locale=locale, **reach)
    unit = make_unit()
    make_officer(unit, make_user(locale=locale, **({"email": None, "phone": "+84912345679"} if reach else {})))
    secretary = secretary_of(contest)
    entry = make_accepted(contest, author, unit=unit, title="Chợ phiên <không rác>")
    services.ask_units(contest=contest, entries=[entry], actor=secretary, now=START)
    services.refuse(entry=entry, reason="Không đúng hạng mục.", actor=secretary, now=START)
    other = make_submitted(contest, author)
    services.request_completion(
        entry=other, reason="Thiếu ảnh.", due=START + timedelta(days=2), actor=secretary, now=START
    )
    services.withdraw(entry=other, actor=author, now=START)
    messages = db.session.scalars(select(Message).order_by(Message.id)).all()
    names = {message.template.removesuffix("_sms") for message in messages}
    assert names == {
        "entry_receipt",
        "entry_received",
        "entry_accepted",
        "entry_refused",
        "entry_completion",
        "entry_withdrawn",
        "verification_request",
    }
    for message in messages:
        rendered = render(message)
        assert rendered.body.strip()
        assert bool(rendered.subject) == (by == "email")
        assert "&lt;" not in rendered.subject + rendered.body
        assert ("Gương Sáng" in rendered.body) is True
    if by == "email":
        assert "Thiếu ảnh." in "".join(render(message).body for message in messages)
