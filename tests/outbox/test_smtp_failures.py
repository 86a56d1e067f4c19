"""Mail through a real little server that fails in every way: each person once, twice at most and said so."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from contest.core.config import Mail
from contest.core.db import db, writing
from contest.outbox import runner
from contest.outbox.channels import Smtp
from contest.outbox.models import Message
from contest.outbox.rules import ATTEMPTS, CLAIM, LONGEST_WAIT
from contest.outbox.runner import send_due
from contest.outbox.services import ask_for_mail


class Server:
    """Speaks as much SMTP as our letters need. `faults`: what goes wrong with the next conversations, then nothing."""

    def __init__(self):
        self.faults = []
        self.got = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # whoever waits in accept holds it open otherwise
        self.listener.close()

    def _serve(self):
        while True:
            try:
                line, _address = self.listener.accept()
            except OSError:
                return
            threading.Thread(
                target=self._talk, args=(line, self.faults.pop(0) if self.faults else ""), daemon=True
            ).start()

    def _talk(self, line, fault):
        with line, line.makefile("rb") as said:

            def tell(words):
                line.sendall(f"{words}\r\n".encode())

            try:
                if fault == "drip":
                    for _ in range(200):
                        line.sendall(b"2")
                        time.sleep(0.05)
                    return
                tell("421 busy" if fault == "greeting" else "220 ready")
                whom = ""
                for raw in said:
                    verb = raw.decode().strip().upper()
                    if verb.startswith("EHLO"):
                        tell("250 here")
                    elif verb.startswith("RCPT"):
                        whom = raw.decode().partition("<")[2].partition(">")[0]
                        tell({"rcpt5": "550 no such person", "rcpt4": "451 later"}.get(fault, "250 ok"))
                    elif verb == "DATA":
                        if fault == "before":
                            return
                        tell("354 go on")
                        while said.readline() not in {b".\r\n", b""}:
                            pass
                        if fault in {"data5", "data4"}:
                            tell({"data5": "554 spam", "data4": "452 full"}[fault])
                            continue
                        self.got.append(whom)
                        if fault == "after":
                            return
                        if fault == "silent":
                            time.sleep(3)
                            return
                        tell("250 taken")
                    elif verb == "QUIT":
                        tell("421 going away" if fault == "quit" else "221 bye")
                        return
                    else:
                        tell("250 ok")
            except OSError:
                return


@pytest.fixture
def server():
    found = Server()
    yield found
    found.close()


def channel(port, **more):
    mail = Mail(host="127.0.0.1", port=port, username="", password="", starttls=False, sender="thu@guong-sang.example")
    return Smtp(mail, "Gương Sáng", "guong-sang.example", **{"seconds": 0.8, "whole_seconds": 5, **more})


def ask(count=1):
    with writing() as now:
        for number in range(count):
            ask_for_mail(to=f"p{number}@an-lam.example", template="code_register", now=now, code="123456")


def rows():
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Message).order_by(Message.id)).all()


def go_on(clock, way, times=ATTEMPTS + 2):
    for _ in range(times):
        send_due(now=clock.instant, channels={"email": way, "sms": way})
        clock.instant += LONGEST_WAIT * 2


@pytest.mark.parametrize("fault", ["greeting", "rcpt4", "data4", "before", "drip"])
def test_what_was_not_handed_over_is_tried_later_and_arrives_once(app, clock, server, fault):
    ask()
    server.faults = [fault, fault]
    way = channel(server.port, whole_seconds=1.5)
    send_due(now=clock.instant, channels={"email": way, "sms": way})
    (message,) = rows()
    assert (message.state, message.attempts, message.unsure) == ("pending", 1, 0)
    assert message.next_try_at > clock.instant
    assert send_due(now=clock.instant, channels={"email": way, "sms": way}) == 0, "it waits"
    go_on(clock, way)
    (message,) = rows()
    assert (message.state, message.attempts, message.unsure) == ("sent", 3, 0)
    assert server.got == ["p0@an-lam.example"]


@pytest.mark.parametrize(("fault", "said"), [("rcpt5", "550 no such person"), ("data5", "554 spam")])
def test_a_refusal_for_good_is_kept_and_not_tried_again(app, clock, server, fault, said):
    ask(2)
    server.faults = [fault]
    go_on(clock, channel(server.port))
    first, second = rows()
    assert (first.state, first.attempts, first.error) == ("failed", 1, said)
    assert second.state == "sent", "one refusal keeps no other back"
    assert server.got == ["p1@an-lam.example"]


def test_nobody_listens(app, clock, server):
    ask()
    server.close()
    go_on(clock, channel(server.port))
    (message,) = rows()
    assert (message.state, message.attempts, message.unsure) == ("failed", ATTEMPTS, 0)


@pytest.mark.parametrize("fault", ["after", "silent"])
def test_a_lost_answer_is_followed_by_one_more_and_said(app, clock, server, fault):
    ask()
    server.faults = [fault]
    go_on(clock, channel(server.port))
    (message,) = rows()
    assert (message.state, message.unsure) == ("sent", 1)
    assert server.got == ["p0@an-lam.example"] * 2


def test_when_every_answer_is_lost_it_goes_out_twice_and_never_again(app, clock, server):
    ask()
    server.faults = ["after"] * 20
    go_on(clock, channel(server.port))
    (message,) = rows()
    assert (message.state, message.unsure, message.error) == ("failed", 2, runner.TWICE)
    assert server.got == ["p0@an-lam.example"] * 2


def test_what_was_accepted_is_sent_however_the_conversation_ends(app, clock, server):
    ask()
    server.faults = ["quit"] * 9
    go_on(clock, channel(server.port))
    (message,) = rows()
    assert (message.state, message.unsure) == ("sent", 0)
    assert server.got == ["p0@an-lam.example"]


def test_a_server_that_drips_is_left_in_time(app, server):
    server.faults = ["drip"]
    ask()
    began = time.monotonic()
    way = channel(server.port, whole_seconds=1)
    with writing() as now:
        at = now
    send_due(now=at, channels={"email": way, "sms": way})
    assert time.monotonic() - began < 4
    assert channel(1).whole_seconds < CLAIM.total_seconds()
    assert Smtp.__dataclass_fields__["whole_seconds"].default < CLAIM.total_seconds()


class Died(BaseException):
    """The runner is killed."""


def test_a_runner_killed_between_the_answer_and_the_commit_doubles_once_at_most(app, clock, server, monkeypatch):
    ask()
    way = channel(server.port)
    with monkeypatch.context() as patch:

        def die(*args, **kwargs):
            raise Died

        patch.setattr(runner, "_finish", die)
        for _ in range(5):
            try:
                send_due(now=clock.instant, channels={"email": way, "sms": way})
            except Died:
                db.session.rollback()
            clock.instant += CLAIM + timedelta(seconds=1)
    go_on(clock, way)
    (message,) = rows()
    assert server.got == ["p0@an-lam.example"] * 2
    assert (message.state, message.unsure, message.error) == ("failed", 2, runner.TWICE)
