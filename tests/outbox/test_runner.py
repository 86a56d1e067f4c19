"""What is due is sent once, whoever sends it and whatever happens in between."""

from __future__ import annotations

import random
import threading
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from contest.core.db import db, writing
from contest.outbox import runner
from contest.outbox.channels import Kept, Permanent, Transient, channels_for
from contest.outbox.models import Message
from contest.outbox.queries import failed, latest
from contest.outbox.rules import ATTEMPTS, CLAIM, MOST_UNSURE, wait_after, without_secrets
from contest.outbox.runner import render, send_due
from contest.outbox.services import ask_for_mail, ask_for_sms, call_off
from tests.conftest import START

MINUTE = timedelta(minutes=1)


class Recording:
    """A channel that remembers what it was given, and fails when told to."""

    keeps = False

    def __init__(self, *errors):
        self.errors = list(errors)
        self.letters = []
        self.lock = threading.Lock()

    def send(self, letter):
        with self.lock:
            self.letters.append(letter)
            error = self.errors.pop(0) if self.errors else None
        if error:
            raise error


def ask(count=1, template="code_register", **more):
    with writing() as now:
        for number in range(count):
            ask_for_mail(to=f"p{number}@an-lam.example", template=template, now=now, code="123456", **more)


def send(channel, now=START):
    return send_due(now=now, channels={"email": channel, "sms": channel})


def only():
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Message)).one()


def test_a_message_is_sent_and_its_secret_forgotten(app):
    ask()
    channel = Recording()
    assert send(channel) == 1
    (letter,) = channel.letters
    assert letter.address == "p0@an-lam.example"
    assert "123456" in letter.subject
    assert "123456" in letter.body
    message = only()
    assert (message.state, message.attempts, message.error) == ("sent", 1, None)
    assert message.sent_at == START
    assert message.claimed_until is None
    assert message.params == {}
    assert send(channel) == 0


def test_in_a_demonstration_messages_stay_readable(app):
    ask()
    assert send(Kept()) == 1
    assert only().params == {"code": "123456"}
    assert "123456" in render(only()).body


def test_what_is_not_due_waits(app, clock):
    with writing() as now:
        ask_for_mail(to="a@b.vn", template="code_register", now=now + timedelta(days=1), code="1")
    channel = Recording()
    assert send(channel) == 0
    clock.instant = START + timedelta(days=1)
    assert send(channel, clock.instant) == 1


@pytest.mark.parametrize("threads", [20])
def test_many_runners_send_each_message_once(app, threads):
    ask(30)
    channel = Recording()
    gate = threading.Barrier(threads)
    done = []

    def work():
        with app.app_context():
            gate.wait()
            while send(channel):
                pass
            done.append(1)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(done) == threads
    counts = Counter(letter.address for letter in channel.letters)
    assert len(counts) == 30
    assert set(counts.values()) == {1}
    db.session.rollback()
    assert set(db.session.scalars(select(Message.state))) == {"sent"}


def test_without_the_condition_in_the_claim_messages_go_out_twice(app, monkeypatch):
    """The guard above is the condition: without it the same test fails."""
    ask(10)
    channel = Recording()
    channel.keeps = True
    monkeypatch.setattr(runner, "is_due", lambda now: Message.id > 0)
    monkeypatch.setattr(runner, "MOST_UNSURE", 99)  # which takes a claim made twice for a runner that died
    gate = threading.Barrier(4)

    def work():
        with app.app_context():
            found = runner._candidates(START, 50)
            gate.wait()
            for identifier in found:
                if message := runner._claim(identifier):
                    runner._attempt(message, channel)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(channel.letters) == 40


def test_a_runner_that_dies_after_claiming_is_replaced(app, clock):
    ask()
    assert runner._claim(only().id) is not None  # and dies here
    channel = Recording()
    assert send(channel) == 0, "it is claimed"
    clock.instant = START + CLAIM - timedelta(microseconds=1)
    assert send(channel, clock.instant) == 0
    clock.instant = START + CLAIM
    assert send(channel, clock.instant) == 1
    assert only().attempts == 2


def test_a_message_that_kills_every_runner_is_given_up(app, clock):
    ask()
    number = only().id
    for _ in range(MOST_UNSURE):
        assert runner._claim(number) is not None
        clock.instant += CLAIM
    channel = Recording()
    assert send(channel, clock.instant) == 0
    assert channel.letters == [], "whoever died may have sent it: twice at most"
    assert (only().state, only().error) == ("failed", runner.TWICE)


def test_failures_are_tried_again_with_growing_pauses(app, clock):
    ask()
    channel = Recording(*[Transient(f"try {number}") for number in range(ATTEMPTS)])
    pauses = []
    for attempt in range(1, ATTEMPTS + 1):
        send(channel, clock.instant)
        message = only()
        assert message.attempts == attempt
        assert message.error == f"try {attempt - 1}"
        assert message.claimed_until is None
        if attempt < ATTEMPTS:
            assert message.state == "pending"
            pauses.append((message.next_try_at - clock.instant) / MINUTE)
            before = message.next_try_at - timedelta(microseconds=1)
            clock.instant = before
            assert send(channel, before) == 0
            clock.instant = message.next_try_at
    assert only().state == "failed"
    assert len(channel.letters) == ATTEMPTS
    for pause, usual in zip(pauses, (1, 3, 9, 27, 81, 243, 360), strict=True):
        assert usual * 0.8 <= pause <= usual * 1.2
    clock.instant += timedelta(days=30)
    assert send(channel, clock.instant) == 0
    assert len({letter.key for letter in channel.letters}) == 1, "a server can tell that these are copies"
    db.session.rollback()
    assert [message.error for message in db.session.scalars(failed())] == ["try 7"]


def test_what_can_never_go_is_given_up_at_once(app):
    ask()
    send(Recording(Permanent("550 no such person")))
    message = only()
    assert (message.state, message.attempts, message.error) == ("failed", 1, "550 no such person")
    assert message.params == {}


def test_one_bad_message_keeps_no_other_from_going(app, caplog):
    ask(1, template="does_not_exist")
    with writing() as now:
        ask_for_mail(to="missing@an-lam.example", template="code_register", now=now)
        ask_for_mail(to="good@an-lam.example", template="code_register", now=now, code="123456")
    channel = Recording()
    assert send(channel) == 1
    assert [letter.address for letter in channel.letters] == ["good@an-lam.example"]
    db.session.rollback()
    errors = dict(db.session.execute(select(Message.address, Message.error)).all())
    assert "TemplateNotFound" in errors["p0@an-lam.example"]
    assert "'code' is undefined" in errors["missing@an-lam.example"], "never a message with a blank"
    assert "does_not_exist" in caplog.text


def test_a_mail_without_a_subject_is_not_sent(app):
    with writing() as now:
        ask_for_mail(to="a@b.vn", template="code_register_sms", now=now, code="123456")
    send(Recording())
    assert "has no subject" in only().error


def test_a_rolled_back_act_asks_for_nothing(app):

    def act():
        with writing() as now:
            ask_for_mail(to="a@b.vn", template="code_register", now=now, code="1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        act()
    assert send(Recording()) == 0


@pytest.mark.parametrize(("locale", "prefix", "word"), [("vi", "", "Đăng nhập:"), ("en", "/en", "Sign in:")])
def test_messages_speak_the_language_of_the_person_and_name_the_official_site(app, locale, prefix, word):
    with writing() as now:
        ask_for_mail(to="a@b.vn", template="account_exists", now=now, locale=locale)
    with app.test_request_context("/en/", base_url="http://localhost/en"):
        rendered = render(only())
        elsewhere = render(only(), base_url="http://localhost:8123/")
    assert word in rendered.body
    assert f"http://localhost{prefix}/dang-nhap" in rendered.body
    assert f"http://localhost:8123{prefix}/dang-nhap" in elsewhere.body


def test_text_messages_have_no_subject(app):
    with writing() as now:
        ask_for_sms(to="+84912345678", template="code_register_sms", now=now, code="123456")
    rendered = render(only())
    assert rendered.subject == ""
    assert "123456" in rendered.body
    assert rendered.body.count("\n") == 1


def test_what_nobody_began_to_send_can_be_called_off(app):
    ask(3, round="r1")
    with writing() as now:
        ask_for_mail(to="other@an-lam.example", template="code_register", now=now, code="1", round="r2")
    db.session.rollback()
    assert runner._claim(db.session.scalar(select(Message.id).order_by(Message.id)))
    with writing():
        assert call_off(template="code_register", round="r1") == 2
    db.session.rollback()
    assert len(db.session.scalars(select(Message)).all()) == 2


def test_a_message_that_is_erased_while_it_goes_troubles_nobody(app):
    ask(2)

    class Erasing(Recording):
        def send(self, letter):
            super().send(letter)
            with writing():
                db.session.execute(delete(Message).where(Message.address == "p0@an-lam.example"))

    channel = Erasing()
    send(channel)
    assert len(channel.letters) == 2


def test_names_stand_as_they_are(app):
    with writing() as now:
        ask_for_mail(to="a@b.vn", template="account_notice", now=now, what="password", name="Lê & <Hoa>")
    assert "Lê & <Hoa>" in render(only()).body


def test_the_newest_come_first(app):
    ask(3)
    assert [message.address[1] for message in db.session.scalars(latest(2))] == ["2", "1"]


def test_waits_are_bounded():
    generator = random.Random(1)
    for attempts in range(1, 40):
        wait = wait_after(attempts, generator.random())
        assert 0.8 * MINUTE <= wait <= timedelta(hours=7, minutes=12)
    assert wait_after(1, 0.5) == MINUTE
    assert wait_after(9, 0.5) == timedelta(hours=6)


def test_secrets_are_named():
    assert without_secrets({"code": "1", "token": "2", "name": "A"}) == {"name": "A"}


def test_nothing_leaves_a_demonstration_and_nothing_is_swallowed_in_production(app):
    settings = app.config["SETTINGS"]
    assert isinstance(channels_for(settings)["email"], Kept)
    from dataclasses import replace

    from contest.core.config import Mail, Sms

    mail = Mail("127.0.0.1", 25, "", "", starttls=False, sender="no-reply@localhost")
    demo = replace(settings, demo=True, mail=mail, sms=Sms("http://127.0.0.1/", "t"))
    assert all(isinstance(channel, Kept) for channel in channels_for(demo).values())
    production = replace(settings, environment="production")
    with writing() as now:
        ask_for_sms(to="+84912345678", template="code_register_sms", now=now, code="1")
    assert send_due(now=START, channels=channels_for(production)) == 0
    assert only().state == "failed"
    assert only().error == "no SMS gateway is configured"


def test_the_states_are_kept_by_the_database(app):
    ask()
    with pytest.raises(Exception, match=r"(?i)check"):
        db.session.execute(update(Message).values(state="lost"))
    db.session.rollback()
