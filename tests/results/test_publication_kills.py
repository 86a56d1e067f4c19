"""Publishing and the messages of it, killed (kill -9) at each step: published once, each message asked for once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from contest.audit.models import AuditRow
from contest.core.db import db
from contest.outbox.models import Message
from contest.outbox.rules import CLAIM
from contest.results.queries import find_standing
from tests.factories.results import NUMBER, compute, decide, make_results, publish

ROOT = Path(__file__).parents[2]
WINNERS = 4
MOST_STEPS = 400


@contextmanager
def zygote(app) -> Iterator[object]:
    """Ask a process that has the site loaded to do an act that dies at a step."""
    with db.engine.connect() as connection:
        url = connection.engine.url.render_as_string(hide_password=False)
    given = "" if url.startswith("sqlite") else url
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.results.kill_zygote", str(app.config["SETTINGS"].data_dir), given],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"

        def ask(**wish: object) -> str:
            db.session.rollback()
            process.stdin.write(json.dumps(wish) + "\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        yield ask
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


def published(contest_id: int) -> dict[str, object]:
    """What there is of a publication."""
    db.session.rollback()
    db.session.expire_all()
    found = find_standing(contest_id)
    verbs = Counter(db.session.scalars(select(AuditRow.verb).where(AuditRow.verb.startswith("results."))))
    return {
        "first": found.first_approver_id,
        "second": found.second_approver_id,
        "visible": found.visible_from,
        "approve": verbs["results.approve"],
        "publish": verbs["results.publish"],
        "messages": db.session.scalar(select(func.count(Message.id))),
    }


@pytest.mark.slow
def test_approving_is_done_or_not_done_at_whatever_step_it_is_killed(app, clock):
    world = make_results()
    compute(world)
    decide(world)
    contest_id, first, second, at = world.contest.id, world.first.id, world.second.id, world.official_at
    nothing = {"first": None, "second": None, "visible": None, "approve": 0, "publish": 0, "messages": 0}
    half = {**nothing, "first": first, "approve": 1}
    whole = {**half, "second": second, "visible": at, "publish": 1, "messages": WINNERS}
    common = {"act": "approve", "contest": contest_id, "number": NUMBER, "instant": world.ready_at.isoformat()}
    with zygote(app) as ask:
        for person, before, after in ((first, nothing, half), (second, half, whole)):
            assert published(contest_id) == before
            for step in range(1, MOST_STEPS):
                assert ask(step=step, person=person, **common) == "killed"
                found = published(contest_id)
                assert found in (before, after), f"half done at step {step}"
                if found == after:
                    break
            assert step >= 4, "each statement that writes is a step"
            # Whoever got no answer presses again, as often as they like.
            for _ in range(2):
                ask(step=0, person=person, **common)
                assert published(contest_id) == after


@pytest.mark.slow
def test_messages_of_the_announcement_go_out_whenever_the_runner_is_killed(app, clock, tmp_path):
    world = make_results()
    publish(world)
    inbox, at = tmp_path / "inbox", world.official_at
    with zygote(app) as ask:

        def run(step: int, instant: object) -> str:
            return ask(act="send", step=step, instant=instant.isoformat(), inbox=str(inbox))

        def delivered() -> Counter[str]:
            return Counter(inbox.read_text().split() if inbox.exists() else [])

        assert run(0, at - timedelta(milliseconds=1)).startswith("done")
        assert delivered() == Counter(), "not before the instant"
        twice = 0
        for step in range(1, MOST_STEPS):
            answer = run(step, at)
            if answer != "killed":
                break
            # The claim of the dead lapses; another runner goes on.
            later = at + CLAIM + timedelta(seconds=1)
            assert run(0, later).startswith("done")
            db.session.expire_all()
            rows = db.session.scalars(select(Message).order_by(Message.id)).all()
            found = delivered()
            assert [row.state for row in rows] == ["sent"] * WINNERS, f"step {step}"
            assert set(found) == {row.address for row in rows}
            again = [row for row in rows if found[row.address] > 1]
            assert len(again) <= 1, "the one that was being handed over"
            assert all(found[row.address] == 2 and row.unsure == 1 for row in again), "and that is on record"
            twice += len(again)
            anew = {"state": "pending", "attempts": 0, "unsure": 0, "claimed_until": None, "sent_at": None}
            db.session.execute(update(Message).values(**anew))
            db.session.commit()
            inbox.unlink()
        assert answer.startswith("done")
        assert delivered() == Counter({row.address: 1 for row in db.session.scalars(select(Message))})
        assert WINNERS <= twice < step / 2, "killed between the server's yes and our own note of it, and elsewhere"
