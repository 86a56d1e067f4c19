"""The proceedings in figures, as the honours page sums up the minutes: how many were read, by whom, who met.

Counts and days alone: nobody of the jury is named and no mark is told. Asked only of results that are public.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import selectinload

from contest.contests.models import Contest
from contest.core.db import db
from contest.entries.models import Entry
from contest.judging.models import Assignment, RoundClosing, Sheet
from contest.judging.models_council import CouncilMeeting, Minutes


@dataclass(frozen=True)
class Meeting:
    """A meeting of the council: how many were there, of how many, and how many secret ballots it held."""

    held_at: datetime
    present: int
    members: int
    ballots: int


@dataclass(frozen=True)
class Proceedings:
    """What was done from the first entry to the minutes. `locked_at`: when the last scores were locked."""

    submitted: int
    accepted: int
    judges: int
    sheets: int
    locked_at: datetime | None
    meetings: tuple[Meeting, ...]
    minutes: int  # of the last round, latest versions
    signatures: int  # under those


def proceedings_of(contest: Contest) -> Proceedings:
    """The proceedings of a contest, with a fixed number of queries."""
    taken = and_(Entry.contest_id == contest.id, Entry.submitted_at.is_not(None), Entry.replaces_id.is_(None))
    submitted, accepted = db.session.execute(
        select(func.count(), func.coalesce(func.sum(case((Entry.state == "accepted", 1), else_=0)), 0))
        .select_from(Entry)
        .where(taken)
    ).one()
    sheets, judges = db.session.execute(
        select(func.count(Sheet.id), func.count(Assignment.judge_id.distinct()))
        .select_from(Sheet)
        .join(Assignment, Assignment.id == Sheet.assignment_id)
        .join(Entry, Entry.id == Assignment.entry_id)
        .where(Entry.contest_id == contest.id, Sheet.state == "final", Assignment.standing.is_(True))
    ).one()
    last = contest.rules.last_round.id
    locked = db.session.scalar(
        select(func.max(RoundClosing.at)).where(RoundClosing.contest_id == contest.id, RoundClosing.round == last)
    )
    meetings = db.session.scalars(
        select(CouncilMeeting)
        .where(CouncilMeeting.contest_id == contest.id, CouncilMeeting.closed_at.is_not(None))
        .options(selectinload(CouncilMeeting.attendance), selectinload(CouncilMeeting.questions))
        .order_by(CouncilMeeting.held_at)
    ).all()
    versions = db.session.scalars(
        select(Minutes)
        .where(Minutes.contest_id == contest.id, Minutes.round == last)
        .options(selectinload(Minutes.signatures))
        .order_by(Minutes.number)
    ).all()
    latest = {each.category: each for each in versions}.values()
    return Proceedings(
        submitted,
        accepted,
        judges,
        sheets,
        locked,
        tuple(_meeting(each) for each in meetings),
        len(latest),
        sum(len(each.signatures) for each in latest),
    )


def _meeting(row: CouncilMeeting) -> Meeting:
    members = [each for each in row.attendance if each.capacity in {"chair", "member"}]
    return Meeting(
        row.held_at,
        sum(each.present for each in members),
        len(members),
        sum(each.closed_at is not None for each in row.questions),
    )
