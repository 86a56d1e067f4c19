"""Playing the script: the demonstration's people do, at its time, what the timetable asks of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import func, select

from contest.audit.models import AuditRow
from contest.audit.services import record
from contest.core.db import db, writing
from contest.demo import (
    acts_after,
    acts_ballots,
    acts_calendar,
    acts_cases,
    acts_checks,
    acts_editions,
    acts_entries,
    acts_intake,
    acts_judging,
    acts_letters,
    acts_news,
    acts_results,
    acts_setup,
    acts_voting,
)
from contest.demo.stage import Act, Stage

DEFAULT_START = datetime.fromisoformat("2027-05-20T09:00:00+07:00")
_PLAYED = "demo.play"


@dataclass(frozen=True)
class Done:
    """One act that changed something, for the report."""

    at: datetime
    what: str
    count: int
    contest: str | None


@cache
def script() -> tuple[Act, ...]:
    """All acts in the order of their time."""
    parts = (
        acts_setup,
        acts_calendar,
        acts_entries,
        acts_intake,
        acts_judging,
        acts_editions,
        acts_voting,
        acts_ballots,
        acts_cases,
        acts_checks,
        acts_results,
        acts_after,
        acts_news,
        acts_letters,
    )
    return tuple(sorted((act for part in parts for act in part.acts()), key=lambda act: act.at))


def played_until() -> datetime | None:
    """How far the script has been played in this database; None before its beginning."""
    return db.session.scalar(select(func.max(AuditRow.at)).where(AuditRow.verb == _PLAYED))


def play(
    stage: Stage, until: datetime, *, tell: Callable[[Done], None] = lambda done: None, anew: bool = False
) -> list[Done]:
    """Play the acts that are due until `until` (included), each in a transaction of its own.

    Acts played before are passed over; with `anew` they are asked again, and find nothing to do.
    """
    played = played_until()
    since = None if anew else played
    db.session.rollback()
    report: list[Done] = []
    for act in script():
        if act.at > until:
            break
        if since is not None and act.at <= since:
            continue
        with writing():
            count = act.run(stage, act.at)
        if count:
            done = Done(act.at, act.what, count, act.contest)
            report.append(done)
            tell(done)
    if played is None or until > played:
        with writing():
            record(actor=None, verb=_PLAYED, object_type="demo", object_id="tour", now=until)
    return report
