"""Units that do not answer are reminded: in working time, a few times, each time once."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from contest.audit.models import AuditRow
from contest.core.db import db, writing
from contest.exemplars import reminders
from contest.exemplars.models import Verification
from contest.exemplars.reminders import due_for_reminder, remind_units
from contest.exemplars.rules import MOST_REMINDERS, reminder_days, reminders_wanted
from contest.outbox.models import Message
from contest.tasks import JOBS
from tests.conftest import START, VIETNAM
from tests.exemplars.test_verification import answer, ask, exemplar
from tests.factories import make_contest, make_officer, make_unit

# Asked on Saturday 20/3/2027 with seven working days: due on Tuesday 30/3.
DUE = date(2027, 3, 30)
BEFORE, AFTER, AGAIN = date(2027, 3, 26), date(2027, 3, 31), date(2027, 4, 5)


def at(day, hour=9, minute=0):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=VIETNAM)


def messages():
    return [
        (message.template, message.params["count"])
        for message in db.session.scalars(select(Message).order_by(Message.id))
    ]


@pytest.fixture
def question(app):
    contest, unit = make_contest(), make_unit()
    make_officer(unit)
    (asked,) = ask(contest, exemplar(unit))
    db.session.query(Message).delete()
    db.session.commit()
    return asked


def remind(now):
    done = remind_units(now=now, slugs={})
    db.session.commit()
    return done


def test_the_days():
    assert reminder_days(date(2027, 3, 20), DUE) == [BEFORE, AFTER, AGAIN]
    assert reminder_days(date(2027, 3, 29), DUE) == [AFTER, AGAIN], "never on or before the day of the question"
    assert len(reminder_days(date(2027, 3, 20), DUE)) == MOST_REMINDERS
    assert reminders_wanted(date(2027, 3, 20), DUE, date(2027, 3, 27)) == 0, "not on a Saturday"
    # Over Tết: two working days before Thursday 18/2/2027 is before the holiday.
    assert all(day.weekday() < 5 for day in reminder_days(date(2027, 1, 25), date(2027, 2, 18)))


def test_each_reminder_goes_once(question):
    assert remind(at(BEFORE) - timedelta(days=1)) == 0
    assert remind(at(BEFORE)) == 1
    assert remind(at(BEFORE, 16)) == 0
    assert remind(at(DUE)) == 0
    assert remind(at(AFTER)) == 1
    assert remind(at(AGAIN)) == 1
    assert remind(at(AGAIN) + timedelta(days=30)) == 0
    assert messages() == [("verification_reminder", 1), ("verification_overdue", 1), ("verification_overdue", 1)]
    db.session.expire_all()
    assert (question.reminders, question.reminded_at) == (3, at(AGAIN))
    assert len(db.session.scalars(select(AuditRow).where(AuditRow.verb == "exemplars.remind")).all()) == 3


def test_a_loop_that_was_away_sends_one_reminder(question):
    assert remind(at(date(2027, 4, 1))) == 1
    assert messages() == [("verification_overdue", 1)]
    assert remind(at(date(2027, 4, 2))) == 0


@pytest.mark.parametrize(("hour", "minute", "sent"), [(7, 59, 0), (8, 0, 1), (16, 59, 1), (17, 0, 0)])
def test_nobody_is_reminded_at_night(question, hour, minute, sent):
    assert remind(at(AFTER, hour, minute)) == sent


def test_who_has_answered_is_left_in_peace(question):
    answer(question)
    db.session.commit()
    assert remind(at(AFTER)) == 0
    assert due_for_reminder(at(AFTER)) == []


def test_a_unit_hears_of_all_its_questions_at_once(app):
    contest, unit = make_contest(), make_unit()
    make_officer(unit)
    ask(contest, exemplar(unit), exemplar(unit, "Người khác"))
    ask(contest, exemplar(unit, "Người hỏi sau"), working_days=9)
    db.session.query(Message).delete()
    db.session.commit()
    assert remind(at(AFTER)) == 3
    assert sorted(messages()) == [("verification_overdue", 2), ("verification_reminder", 1)]


def _race(app, runners):
    ready, failures = threading.Barrier(runners), []

    def run():
        with app.app_context():
            try:
                ready.wait(20)
                with writing():
                    remind_units(now=at(AFTER), slugs={})
            except Exception as error:  # noqa: BLE001 -- told by the test
                failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(runners)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    db.session.rollback()
    db.session.expire_all()


def test_many_runners_remind_once(app, question):
    _race(app, 6)
    assert messages() == [("verification_overdue", 1)]
    assert db.session.scalars(select(Verification.reminders)).all() == [2]


def test_without_the_condition_in_the_claim_two_runners_remind_twice(question, monkeypatch):
    """The candidates are read before the claim: what one runner sees may be done by the time it acts."""
    seen = due_for_reminder(at(AFTER))
    monkeypatch.setattr(reminders, "due_for_reminder", lambda now: seen)
    assert remind(at(AFTER)) == 1
    assert remind(at(AFTER)) == 0, "the claim, not the list, decides"


def test_the_job_is_in_the_loop(question, clock):
    clock.instant = at(AFTER)
    job = next(job for job in JOBS if job.name == "reminders to units")
    assert job.run() == 1
    assert job.run() == 0
    assert clock.instant > START
