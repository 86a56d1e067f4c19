"""A refused author may ask once for another look; somebody else answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contest.core.db import db, writing
from contest.core.errors import Conflict, Refused
from contest.entries import services
from contest.entries.rules import RECEIVED, REFUSED
from contest.entries.second_look import (
    TAKEN_BACK,
    UPHELD,
    answer_second_look,
    ask_second_look,
    find_second_look,
    may_answer,
    may_ask,
)
from contest.outbox.models import Message
from tests.conftest import START
from tests.factories import make_contest, make_staff, make_user, sign_in
from tests.factories.entries import make_submitted


def refused(contest, secretary):
    entry = make_submitted(contest, make_user())
    db.session.commit()
    with writing() as now:
        services.receive(entry=entry, actor=secretary, now=now)
        services.refuse(entry=entry, reason="Quá giới hạn số tiếng.", actor=secretary, now=now)
    return entry


@pytest.fixture
def contest(app):
    return make_contest()


@pytest.fixture
def secretary(contest):
    return make_staff(contest, "secretary")


def ask(entry, text="Bài đếm lại chỉ có 1.950 tiếng."):
    db.session.commit()
    with writing() as now:
        return ask_second_look(entry=entry, text=text, actor=entry.author, now=now)


def answer(entry, actor, outcome, words="Đã đếm lại."):
    db.session.commit()
    with writing() as now:
        answer_second_look(entry=entry, outcome=outcome, answer=words, actor=actor, now=now)


def told():
    return [message.template for message in db.session.query(Message).order_by(Message.id)]


def test_it_is_asked_once(contest, secretary):
    entry = refused(contest, secretary)
    assert may_ask(entry, START)
    ask(entry)
    assert ask(entry).text.startswith("Bài đếm lại")  # the same words again are the same request
    assert not may_ask(entry, START)
    with pytest.raises(Refused) as again:
        ask(entry, "Xin xem lại lần nữa.")
    assert again.value.code == "asked"


@pytest.mark.parametrize("text", ["", "   ", "x" * 3001])
def test_it_needs_words_in_bounds(contest, secretary, text):
    entry = refused(contest, secretary)
    with pytest.raises(Refused):
        ask(entry, text)
    assert find_second_look(entry.id) is None


def test_it_ends_with_the_shortlist(contest, secretary):
    entry = refused(contest, secretary)
    shortlist = contest.rules.instant("shortlist")
    assert may_ask(entry, shortlist - timedelta(microseconds=1))
    assert not may_ask(entry, shortlist)
    with pytest.raises(Refused):
        ask_second_look(entry=entry, text="Xin xem lại.", actor=entry.author, now=shortlist)


def test_only_a_refused_entry_is_looked_at_again(contest):
    entry = make_submitted(contest, make_user())
    with pytest.raises(Conflict):
        ask(entry)


def test_who_refused_does_not_judge_it_while_somebody_else_can(contest, secretary):
    entry = refused(contest, secretary)
    ask(entry)
    assert may_answer(entry, secretary)  # nobody else is there
    colleague = make_staff(contest, "organiser")
    assert not may_answer(entry, secretary)
    with pytest.raises(Refused) as own:
        answer(entry, secretary, UPHELD)
    assert own.value.code == "own_refusal"
    answer(entry, colleague, UPHELD)
    assert entry.state == REFUSED
    assert told()[-1].startswith("second_look_answered")


def test_taken_back_the_entry_is_received_again_and_the_author_told_once(contest, secretary):
    entry = refused(contest, secretary)
    ask(entry)
    colleague = make_staff(contest, "secretary")
    before = len(told())
    answer(entry, colleague, TAKEN_BACK)
    answer(entry, colleague, TAKEN_BACK)
    assert entry.state == RECEIVED
    assert [name.removesuffix("_sms") for name in told()[before:]] == ["second_look_answered"]
    with pytest.raises(Conflict):
        answer(entry, colleague, UPHELD)


def test_on_the_pages(contest, secretary, client):
    entry = refused(contest, secretary)
    address = f"/bai-cua-toi/{entry.public_id}"
    sign_in(client, make_user())
    assert client.post(f"{address}/xem-lai", data={"text": "Bài của người khác"}).status_code == 404
    sign_in(client, entry.author)
    assert "xem-lai" in client.get(address).text
    long = "Xin xem lại. " * 300
    kept = client.post(f"{address}/xem-lai", data={"text": long})
    assert kept.status_code == 422 and long.strip() in kept.text
    assert client.post(f"{address}/xem-lai", data={"text": "Bài chỉ có 1.950 tiếng."}).status_code == 303
    assert "1.950 tiếng" in client.get(address).text
    colleague = make_staff(contest, "secretary")
    sign_in(client, colleague)
    desk = f"/ban-to-chuc/{contest.slug}/bai-du-thi/{entry.public_id}"
    assert "1.950 tiếng" in client.get(desk).text
    typed = client.post(f"{desk}/xem-lai-lan-hai", data={"outcome": "", "answer": "Đã đếm lại bằng máy."})
    assert typed.status_code == 422 and "Đã đếm lại bằng máy." in typed.text
    done = client.post(f"{desk}/xem-lai-lan-hai", data={"outcome": "upheld", "answer": "Đã đếm lại bằng máy."})
    assert done.status_code == 303
    sign_in(client, entry.author)
    assert "Đã đếm lại bằng máy." in client.get(address).text
