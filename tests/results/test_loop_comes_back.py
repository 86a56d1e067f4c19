"""The background loop was dead over the announcement: readers missed nothing, and what it owes goes out once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import select

from contest.core.config import Witnesses
from contest.core.db import db
from contest.outbox.models import Message
from contest.tasks import JOBS, tick
from tests.factories.results import make_results, publish
from tests.factories.voting import seal_log, start_log

OWED = [job for job in JOBS if job.name in {"outbox", "witnesses", "logs of votes"}]


def letters():
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Message).order_by(Message.id)).all()


@pytest.fixture
def announced(app, clock, monkeypatch):
    """Announced hours ago, and nobody worked in the background since before."""
    settings = app.config["SETTINGS"]
    told = Witnesses(mail=("a@bao.example",), git=None, git_url="")
    monkeypatch.setitem(app.config, "SETTINGS", replace(settings, witnesses=told))
    world = make_results()
    start_log(world.contest)
    seal_log(world.contest)
    publish(world)
    clock.instant = world.official_at + timedelta(hours=6)
    return world


def test_what_is_owed_goes_out_once(app, announced, client):
    assert client.get(f"/cuoc-thi/{announced.contest.slug}/ket-qua").status_code == 200
    waiting = [each for each in letters() if each.template == "results_award"]
    assert waiting
    assert all(each.state == "pending" and each.attempts == 0 for each in waiting)
    for _round in range(3):
        tick(app, {}, OWED)
    after = letters()
    assert {each.state for each in after} == {"sent"}
    assert {each.attempts for each in after} == {1}
    assert len([each for each in after if each.template == "results_award"]) == len(waiting)
    to_witnesses = [each for each in after if each.template == "log_checkpoint"]
    assert to_witnesses
    assert len({str(each.params) for each in to_witnesses}) == len(to_witnesses), "a checkpoint is told once"
    before = len(after)
    tick(app, {}, OWED)
    assert len(letters()) == before


def test_several_loops_that_come_back_at_once_send_each_once(app, announced):
    def loop():
        for _round in range(3):
            tick(app, {}, OWED)

    loops = [Thread(target=loop) for _ in range(4)]
    for each in loops:
        each.start()
    for each in loops:
        each.join(60)
    tick(app, {}, OWED)
    after = letters()
    assert {(each.state, each.attempts) for each in after} == {("sent", 1)}
    told = [str(each.params) for each in after if each.template == "log_checkpoint"]
    assert len(told) == len(set(told))
