"""Many at once: acknowledged means stored before the close; one draft, one receipt; limits hold."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from contest.accounts.models import User
from contest.core import clock
from contest.core.db import db, writing
from contest.core.errors import Conflict, Refused
from contest.entries import services
from contest.entries.drafting import content_digest
from contest.entries.models import Entry, Receipt
from contest.entries.queries import get_own_entry, get_screened_entry
from tests.conftest import START, VIETNAM
from tests.factories import make_contest, make_user
from tests.factories.entries import all_declared, make_draft, make_submitted, secretary_of

CLOSES = datetime(2027, 3, 31, 17, 0, tzinfo=VIETNAM)
THREADS = 12


class RunningClock:
    """Contest time that reaches the close a moment after the test begins to send."""

    def __init__(self, ahead: timedelta) -> None:
        self._shift = CLOSES - ahead - clock.wall()

    def at(self, wall: datetime) -> datetime:
        return wall + self._shift


def at_once(app: Any, works: list[Callable[[], Any]]) -> list[Any]:
    """What each of `works` gives, or the refusal it met, all begun together in threads of their own."""
    start = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(place: int) -> None:
        with app.app_context():
            start.wait()
            try:
                results[place] = works[place]()
            except Refused as error:
                results[place] = error
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # This session may still look at the database as it was before.
    db.session.rollback()
    db.session.expire_all()
    return results


def sending(draft: Entry, delay: float = 0) -> Callable[[], str]:
    public_id, author_id = draft.public_id, draft.author_id
    digest, declared = content_digest(draft), all_declared(draft)

    def send() -> str:
        time.sleep(delay)
        with writing() as now:
            actor = db.session.get_one(User, author_id)
            done = services.submit(draft_id=public_id, actor=actor, now=now, digest=digest, declared=declared)
            return done.receipt.code

    return send


def test_acknowledged_is_stored_before_the_close_and_nothing_else_is(app):
    contest = make_contest()
    drafts = [make_draft(contest, photos=1) for _ in range(THREADS * 2)]
    db.session.commit()
    dice = random.Random(7)
    works = [sending(draft, dice.uniform(0, 0.8)) for draft in drafts]
    clock.use(RunningClock(timedelta(seconds=0.4)))
    results = at_once(app, works)
    acknowledged = {result for result in results if isinstance(result, str)}
    assert acknowledged == set(db.session.scalars(select(Receipt.code)))
    assert all(at < CLOSES for at in db.session.scalars(select(Receipt.at)))
    late = [draft for draft, result in zip(drafts, results, strict=True) if isinstance(result, Refused)]
    assert {result.code for result in results if isinstance(result, Refused)} <= {"closed"}
    assert late, "some were sent after the close"
    assert acknowledged, "some were sent before it"
    for draft in late:
        assert (draft.state, draft.word_count) == ("draft", 600)


def test_pressed_fifty_times_at_once_it_is_one_submission(app):
    draft = make_draft(make_contest())
    db.session.commit()
    codes = at_once(app, [sending(draft)] * 50)
    assert len(set(codes)) == 1
    assert db.session.scalar(select(func.count(Receipt.id))) == 1


def test_a_replacing_draft_pressed_many_times_gives_one_second_receipt(app):
    entry = make_submitted(make_contest())
    draft = services.start_replacing(entry=entry, actor=entry.author, now=START)
    db.session.commit()
    codes = at_once(app, [sending(draft)] * THREADS)
    assert len(set(codes)) == 1
    assert not isinstance(codes[0], Refused)
    assert db.session.scalar(select(func.count(Receipt.id))) == 2


def test_the_limit_of_an_author_holds(app):
    contest, author = make_contest(), make_user()
    drafts = [make_draft(contest, author) for _ in range(8)]
    db.session.commit()
    results = at_once(app, [sending(draft) for draft in drafts])
    assert sum(isinstance(result, str) for result in results) == 3
    assert {result.code for result in results if isinstance(result, Refused)} == {"too_many"}


def test_of_many_windows_one_saves(app):
    draft = make_draft(make_contest())
    db.session.commit()
    public_id, author_id, version = draft.public_id, draft.author_id, draft.version

    def saving(number: int) -> Callable[[], int]:
        def save() -> int:
            with writing() as now:
                entry = get_own_entry(public_id, author_id, lock=True)
                services.save_text(
                    entry=entry, version=version, title=f"Cửa sổ {number}", genre="", body=f"Bản {number}", now=now
                )
            return number

        return save

    results = at_once(app, [saving(number) for number in range(THREADS)])
    won = [result for result in results if isinstance(result, int)]
    assert len(won) == 1
    assert all(isinstance(result, Conflict) for result in results if not isinstance(result, int))
    assert draft.body == f"Bản {won[0]}"


def test_codes_given_at_once_differ(app, monkeypatch):
    contest = make_contest()
    secretary = secretary_of(contest)
    entries = [make_submitted(contest) for _ in range(8)]
    services.receive_all(entries=entries, actor=secretary, now=START)
    db.session.commit()
    ids, contest_id, secretary_id = [entry.public_id for entry in entries], contest.id, secretary.id
    # Few codes to choose from, so that careless giving would collide.
    monkeypatch.setattr("contest.entries.screening.new_code", lambda length: f"222{random.randint(2, 9)}")

    def accepting(public_id: str) -> Callable[[], str]:
        def accept() -> str:
            with writing() as now:
                entry = get_screened_entry(contest_id, public_id, lock=True)
                return services.accept(entry=entry, actor=db.session.get_one(User, secretary_id), now=now)

        return accept

    codes = at_once(app, [accepting(public_id) for public_id in ids])
    assert len(set(codes)) == 8
    assert all(isinstance(code, str) for code in codes)


@pytest.fixture(autouse=True)
def _still_afterwards():
    yield
    clock.use(clock.SystemClock())
