"""Reminding units of questions that they have not answered.

Each question counts its reminders. A run raises the count by one conditional UPDATE, in the
transaction that asks for the messages: of two runners at the same time one finds nothing left to do.
A run that comes late sends one reminder, not those that it missed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from contest.audit.services import record
from contest.core.db import db
from contest.core.formats import local
from contest.exemplars.models import Verification
from contest.exemplars.queries import unanswered
from contest.exemplars.rules import MOST_REMINDERS, reminders_wanted
from contest.exemplars.services import tell_officers

# Messages that reach a telephone are sent while people work.
FROM_HOUR, TO_HOUR = 8, 17
# Longer than any number of working days before the last day, Tết included.
_EARLIEST = timedelta(days=21)


def due_for_reminder(now: datetime) -> list[int]:
    """Ids of questions whose units should hear of them now; reads only."""
    moment = local(now)
    if not FROM_HOUR <= moment.hour < TO_HOUR:
        return []
    today = moment.date()
    rows = db.session.execute(
        unanswered()
        .with_only_columns(Verification.id, Verification.requested_at, Verification.due_on, Verification.reminders)
        .where(Verification.reminders < MOST_REMINDERS, Verification.due_on <= today + _EARLIEST)
        .order_by(Verification.id)
    )
    return [
        identifier
        for identifier, asked_at, due_on, reminders in rows
        if reminders < reminders_wanted(local(asked_at).date(), due_on, today)
    ]


def remind_units(*, now: datetime, slugs: Mapping[int, str]) -> int:
    """Remind every unit that should be; returns how many questions it was about.

    Each officer gets one message a contest. `slugs`: of contests by id, whose organisers may have
    worded the messages.
    """
    today = local(now).date()
    by_unit: defaultdict[tuple[int, int], list[Verification]] = defaultdict(list)
    for identifier in due_for_reminder(now):
        question = _claim(identifier, now)
        if question is not None:
            by_unit[question.unit_id, question.contest_id].append(question)
    for (_, contest_id), questions in by_unit.items():
        # What is still in time and what is late are not told in one breath.
        for late in (False, True):
            part = [question for question in questions if (today > question.due_on) is late]
            if part:
                name = "verification_overdue" if late else "verification_reminder"
                tell_officers(part, mail=name, sms=f"{name}_sms", now=now, scope=slugs.get(contest_id, ""))
    db.session.flush()
    return sum(len(questions) for questions in by_unit.values())


def _claim(identifier: int, now: datetime) -> Verification | None:
    """Count one reminder of a question; None when another runner did, or an answer came meanwhile."""
    question = db.session.scalar(
        select(Verification)
        .where(Verification.id == identifier)
        .options(joinedload(Verification.exemplar), joinedload(Verification.unit))
    )
    if question is None:
        return None
    wanted = reminders_wanted(local(question.requested_at).date(), question.due_on, local(now).date())
    won = db.session.execute(
        update(Verification)
        .where(
            Verification.id == identifier,
            Verification.reminders < wanted,
            Verification.outcome.is_(None),
            Verification.superseded_at.is_(None),
        )
        .values(reminders=wanted, reminded_at=now)
        .execution_options(synchronize_session=False)
    )
    if not won.rowcount:  # type: ignore[attr-defined]  # an UPDATE gives a cursor result
        return None
    db.session.refresh(question, ["reminders", "reminded_at"])
    record(
        actor=None,
        verb="exemplars.remind",
        object_type="verification",
        object_id=question.public_id,
        contest_id=question.contest_id,
        now=now,
        reminder=wanted,
    )
    return question
