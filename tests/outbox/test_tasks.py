"""The loop in the background: everything due is done, and nothing stops it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from contest import tasks
from contest.audit.models import AuditRow
from contest.audit.services import record, verify
from contest.core.db import db, writing
from contest.outbox.models import Message
from contest.outbox.services import ask_for_mail
from tests.factories import make_user


def ask_and_record():
    with writing() as now:
        ask_for_mail(to="a@b.vn", template="code_register", now=now, code="123456")
        record(actor=None, verb="test", object_type="test", object_id=1, now=now)


def test_a_tick_seals_and_sends(app):
    ask_and_record()
    assert tasks.tick(app) == 2
    assert db.session.scalar(select(Message.state)) == "sent"
    assert verify() == (1, None)
    db.session.rollback()
    assert tasks.tick(app) == 0


def test_a_job_that_fails_keeps_no_other_from_running(app, monkeypatch, caplog):
    ask_and_record()

    def broken():
        raise RuntimeError("database is away")

    monkeypatch.setattr(tasks, "JOBS", (tasks.Job("broken", broken), *tasks.JOBS))
    assert tasks.tick(app) == 2
    assert "broken" in caplog.text


def test_jobs_with_a_pause_keep_it(app, monkeypatch):
    ran = []
    job = tasks.Job("slow", lambda: ran.append(1) or 0, every=timedelta(hours=1))
    monkeypatch.setattr(tasks, "JOBS", (job,))
    last_runs = {}
    for _ in range(3):
        tasks.tick(app, last_runs)
    assert ran == [1]
    last_runs["slow"] -= timedelta(hours=1)
    tasks.tick(app, last_runs)
    assert ran == [1, 1]


def test_a_busy_database_is_no_fault(app, monkeypatch, caplog):
    def locked():
        raise OperationalError("BEGIN IMMEDIATE", None, Exception("database is locked"))

    def broken():
        raise OperationalError("SELECT", None, Exception("disk I/O error"))

    monkeypatch.setattr(tasks, "JOBS", (tasks.Job("one", locked), tasks.Job("two", broken)))
    assert tasks.tick(app) == 0
    levels = {record.levelname: record.getMessage() for record in caplog.records}
    assert "one waits" in levels["WARNING"] and "two failed" in levels["ERROR"]


def test_the_loop_survives_errors_and_stops_when_told(app, monkeypatch):
    stop, calls = threading.Event(), []

    def tick(_app, _last_runs, _jobs):
        calls.append(1)
        if len(calls) >= 3:
            stop.set()
        raise RuntimeError("boom")

    monkeypatch.setattr(tasks, "tick", tick)
    monkeypatch.setattr(tasks, "TICK_SECONDS", 0.01)
    thread = threading.Thread(target=tasks.run, args=(app, stop))
    thread.start()
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert 3 <= len(calls) <= 4  # the loop has two threads, and the other may be in the middle of one


@pytest.mark.parametrize("loops", [4])
def test_several_loops_do_nothing_twice(app, loops):
    make_user()
    db.session.commit()
    for _ in range(10):
        ask_and_record()
    gate = threading.Barrier(loops)

    def work():
        gate.wait()
        for _ in range(6):
            tasks.tick(app)

    threads = [threading.Thread(target=work) for _ in range(loops)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert db.session.scalar(select(func.count()).where(Message.state == "sent")) == 10
    assert db.session.scalar(select(func.max(Message.attempts))) == 1
    assert db.session.scalar(select(func.count()).where(AuditRow.position.is_(None))) == 0
    assert verify() == (10, None)
