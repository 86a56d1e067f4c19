"""What judges are told about their work: never which entries, never a mark."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from contest.core.db import db
from contest.judging.models import Assignment
from contest.outbox.models import Message
from contest.outbox.services import ask_for_mail, ask_for_sms

# Sheets that are taken over within so long are told of in one message.
GATHERED = timedelta(minutes=15)


def tell_of_paper(assignment: Assignment, now: datetime) -> None:
    """Tell a judge that a paper sheet was taken over: one message for all of a quarter of an hour."""
    judge, contest = assignment.judge, assignment.entry.contest
    round_ = contest.rules.round(assignment.round)
    waiting = db.session.scalars(
        select(Message)
        .where(
            Message.template.in_(("paper_taken", "paper_taken_sms")),
            Message.scope == contest.slug,
            Message.address.in_([each for each in (judge.email, judge.phone) if each]),
            Message.state == "pending",
            Message.attempts == 0,
            Message.claimed_until.is_(None),
        )
        .with_for_update(skip_locked=True)
    ).all()
    for message in waiting:
        if message.params["round_id"] == round_.id:
            message.params = {**message.params, "given": message.params["given"] + 1}
            return
    params: dict[str, Any] = {
        "locale": judge.locale,
        "scope": contest.slug,
        "contest": {"vi": contest.rules.title.vi, "en": contest.rules.title.en},
        "slug": contest.slug,
        "round": {"vi": round_.name.vi, "en": round_.name.en},
        "round_id": round_.id,
        "given": 1,
    }
    asked = None
    if judge.email:
        asked = ask_for_mail(to=judge.email, template="paper_taken", now=now, **params)
    elif judge.phone:
        asked = ask_for_sms(to=judge.phone, template="paper_taken_sms", now=now, **params)
    if asked is not None:
        asked.next_try_at = now + GATHERED
