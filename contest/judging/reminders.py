"""Reminding judges who are late: how many sheets and until when, never which, and nothing of others."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from contest.accounts.models import User
from contest.audit.models import AuditRow
from contest.audit.services import record
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.core.formats import local
from contest.entries.models import Entry
from contest.judging.locks import hold_contest
from contest.judging.models import Assignment, RoundClosing, Sheet, Waiver
from contest.judging.panels import appointed
from contest.judging.rounds import in_round
from contest.outbox.services import ask_for_mail, ask_for_sms

VERB = "judging.remind"


def owed(contest: Contest, round_id: str) -> dict[int, int]:
    """How many sheets each judge still owes in a round, over its categories that are not closed.

    One that was let pass is owed no more; one marked without a declaration still lacks something.
    """
    closed = select(RoundClosing.category).where(RoundClosing.contest_id == contest.id, RoundClosing.round == round_id)
    passed = select(Waiver.id).where(
        Waiver.entry_id == Assignment.entry_id,
        Waiver.round == round_id,
        Waiver.judge_id == Assignment.judge_id,
        Waiver.lifted_at.is_(None),
    )
    rows = db.session.execute(
        select(Assignment.judge_id, func.count())
        .join(Entry, Entry.id == Assignment.entry_id)
        .outerjoin(Sheet, Sheet.assignment_id == Assignment.id)
        .where(
            *in_round(contest, contest.rules.round(round_id)),
            Entry.category.not_in(closed),
            Assignment.round == round_id,
            Assignment.standing.is_(True),
            Assignment.judge_id.in_(appointed(contest.id)),
            or_(Sheet.id.is_(None), Sheet.state != "final", Assignment.impartial_at.is_(None)),
            ~passed.exists(),
        )
        .group_by(Assignment.judge_id)
    )
    return dict(rows.all())


def reminded_today(contest: Contest, now: datetime) -> dict[str, datetime]:
    """When each judge was reminded on this day (in Việt Nam), by public id."""
    midnight = local(now).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = db.session.execute(
        select(AuditRow.object_id, func.max(AuditRow.at))
        .where(AuditRow.contest_id == contest.id, AuditRow.verb == VERB, AuditRow.at >= midnight)
        .group_by(AuditRow.object_id)
    )
    return dict(rows.all())


def remind(
    *, contest: Contest, round_id: str, actor: User, now: datetime, judges: Collection[User] | None = None
) -> list[User]:
    """Ask for a message to judges who owe sheets in a round: to these, or to all but whoever asks.

    At most one a day for each judge. Returns who gets one. Raises Refused when nobody does.
    """
    hold_contest(contest, alone=True)
    counts = owed(contest, round_id)
    today = reminded_today(contest, now)
    if judges is None:
        late = [judge_id for judge_id in counts if judge_id != actor.id]
        judges = db.session.scalars(select(User).where(User.id.in_(late)).order_by(User.id)).all()
    told = [judge for judge in judges if counts.get(judge.id) and judge.public_id not in today]
    told = [judge for judge in told if judge.email or judge.phone]
    if not told:
        raise Refused(
            N_("Nobody was reminded: a judge is reminded at most once a day, and only of sheets that they owe."),
            code="nobody_to_remind",
        )
    for judge in told:
        _tell(judge, contest, round_id, counts[judge.id], now)
        record(
            actor=actor.public_id,
            verb=VERB,
            object_type="user",
            object_id=judge.public_id,
            contest_id=contest.id,
            now=now,
            round=round_id,
            owed=counts[judge.id],
        )
    db.session.flush()
    return told


def _tell(judge: User, contest: Contest, round_id: str, count: int, now: datetime) -> None:
    rules = contest.rules
    round_, window = rules.round(round_id), rules.window(round_id)
    params: dict[str, Any] = {
        "contest": {"vi": rules.title.vi, "en": rules.title.en},
        "slug": contest.slug,
        "round": {"vi": round_.name.vi, "en": round_.name.en},
        "owed": count,
        "until": window.closes.isoformat() if window else None,
    }
    common: dict[str, Any] = {"locale": judge.locale, "scope": contest.slug, **params}
    if judge.email:
        ask_for_mail(to=judge.email, template="judge_reminder", now=now, **common)
    elif judge.phone:
        ask_for_sms(to=judge.phone, template="judge_reminder_sms", now=now, **common)
