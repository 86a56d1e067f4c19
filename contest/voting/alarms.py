"""Telling organisers when codes by text message cost much, or go to numbers that never type them.

Looked at in the background, so that nobody who votes waits for it. Each alarm is raised once: a row
with its name is inserted first, and who inserts it writes the message.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select

from contest.accounts.models import User
from contest.contests.models import Contest, RoleGrant
from contest.contests.rules import ORGANISER
from contest.core.config import SmsLimits
from contest.core.db import db
from contest.core.formats import local
from contest.outbox.services import ask_for_mail
from contest.voting.identity import inserting
from contest.voting.models import VoteCode
from contest.voting.models_review import SmsAlarm, SmsCost, SmsSpending
from contest.voting.spending import cost_of, share

THRESHOLDS = (50, 80, 100)
TOTAL, DAY, PREFIX = "total", "day", "prefix"
# People take a while to type a code; a few of them say nothing about a range.
_RIPE = timedelta(minutes=10)
_SPAN = timedelta(days=1)
_ENOUGH = 40
# Where a message of so many parts does not fit under a cap any more, the cap is reached.
_LONGEST = 2


class Low(NamedTuple):
    """A range of numbers to which codes went that few people typed, over the last day."""

    prefix: str
    codes: int
    typed: int


def look_at_spending(*, limits: SmsLimits, now: datetime, wall: datetime) -> int:
    """Raise the alarms that are due in all contests; returns how many messages were asked for."""
    told = 0
    for spending in db.session.scalars(select(SmsSpending).order_by(SmsSpending.contest_id)).all():
        contest = db.session.get_one(Contest, spending.contest_id)
        today = local(now).date()
        told += _spent(contest, TOTAL, TOTAL, spending.spent_vnd, limits.contest_vnd, limits, now)
        if spending.day == today:
            told += _spent(contest, DAY, today.isoformat(), spending.day_vnd, limits.day_vnd, limits, now)
        for low in low_ranges(contest.id, limits, wall):
            if _first(contest.id, f"{today.isoformat()}:{low.prefix}", now):
                told += _tell(contest, now, kind=PREFIX, prefix=low.prefix, codes=low.codes, typed=low.typed)
    return told


def _spent(contest: Contest, kind: str, name: str, spent: int, cap: int, limits: SmsLimits, now: datetime) -> int:
    """The alarm of the highest threshold that spending has passed, unless it was raised; lower ones with it."""
    told = 0
    passed = [each for each in THRESHOLDS if spent and spent * 100 >= cap * each]
    if spent and spent + cost_of(_LONGEST, limits) > cap and THRESHOLDS[-1] not in passed:
        passed.append(THRESHOLDS[-1])
    fresh = [each for each in passed if _first(contest.id, f"{name}:{each}", now)]
    if fresh:
        told += _tell(contest, now, kind=kind, percent=max(fresh), spent=spent, cap=cap)
    return told


def low_ranges(contest_id: int, limits: SmsLimits, wall: datetime) -> list[Low]:
    """Ranges where at least 40 codes of the last day are ten minutes old and too few were typed."""
    codes, typed = func.count(VoteCode.id), func.count(VoteCode.used_at)
    rows = db.session.execute(
        select(VoteCode.prefix, codes, typed)
        .where(
            VoteCode.contest_id == contest_id,
            VoteCode.prefix != "",
            VoteCode.sent_at > wall - _SPAN,
            VoteCode.sent_at <= wall - _RIPE,
        )
        .group_by(VoteCode.prefix)
        .having(codes >= _ENOUGH)
        .order_by(VoteCode.prefix)
    )
    return [Low(*row) for row in rows if share(row[2], row[1]) < limits.confirm_percent]


def _first(contest_id: int, name: str, now: datetime) -> bool:
    """Whether an alarm of this name is raised for the first time."""
    connection = db.session.connection()
    row = inserting(connection.dialect.name, SmsAlarm).values(contest_id=contest_id, name=name, at=now)
    return connection.execute(row.on_conflict_do_nothing().returning(SmsAlarm.name)).scalar() is not None


def _tell(contest: Contest, now: datetime, **params: str | int) -> int:
    """A mail to each organiser that has an address."""
    organisers = db.session.scalars(
        select(User)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(RoleGrant.contest_id == contest.id, RoleGrant.role == ORGANISER, RoleGrant.ended_at.is_(None))
        .order_by(User.id)
    ).all()
    title = contest.rules.title
    reached = [person for person in organisers if person.email]
    for person in reached:
        ask_for_mail(
            to=str(person.email),
            template="sms_alarm",
            now=now,
            locale=person.locale,
            scope=contest.slug,
            contest={"vi": title.vi, "en": title.en},
            slug=contest.slug,
            **params,
        )
    return len(reached)


class Costs(NamedTuple):
    """What the page of costs shows. Sums in dong."""

    spent: int
    today: int
    days: list[SmsCost]  # one for each day, summed over ranges; the latest first
    ranges: list[SmsCost]  # one for each range, summed over days; the largest first
    alarms: list[SmsAlarm]


MOST_RANGES = 60


def costs(contest_id: int, now: datetime) -> Costs:
    """Cost so far by day and by range of numbers, with how many codes were typed. Four statements."""
    spending = db.session.get(SmsSpending, contest_id)
    today = spending.day_vnd if spending and spending.day == local(now).date() else 0
    alarms = db.session.scalars(
        select(SmsAlarm).where(SmsAlarm.contest_id == contest_id).order_by(SmsAlarm.at.desc(), SmsAlarm.name).limit(50)
    ).all()
    sums = [
        func.coalesce(func.sum(column), 0)
        for column in (SmsCost.messages, SmsCost.parts, SmsCost.cost_vnd, SmsCost.confirmed)
    ]
    names = ("messages", "parts", "cost_vnd", "confirmed")

    def by(column: object) -> list[SmsCost]:
        rows = db.session.execute(
            select(column, *sums)  # type: ignore[call-overload]  # one of two columns
            .where(SmsCost.contest_id == contest_id)
            .group_by(column)
            .having(sums[0] > 0)
            .order_by(SmsCost.day.desc() if column is SmsCost.day else sums[0].desc(), column)
            .limit(400 if column is SmsCost.day else MOST_RANGES)
        )
        name = "day" if column is SmsCost.day else "prefix"
        return [SmsCost(**{name: row[0]}, **dict(zip(names, map(int, row[1:]), strict=True))) for row in rows]

    return Costs(
        spent=spending.spent_vnd if spending else 0,
        today=today,
        days=by(SmsCost.day),
        ranges=by(SmsCost.prefix),
        alarms=list(alarms),
    )
