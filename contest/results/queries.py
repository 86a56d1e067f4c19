"""Who may see which results, and when: the embargo is the two predicates at the top.

Publication is decided here, in the query, each time somebody asks; no job switches anything on.
Every surface (pages, feeds, search, files) reads results through `find_public_results`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union_all
from sqlalchemy.orm import joinedload

from contest.contests.models import ContestStep
from contest.core.db import db
from contest.entries.models import Entry
from contest.entries.queries import eligible_to_advance
from contest.results.models import Award, PrizeWithheld, ResultSet
from contest.results.models_after import Amendment


def is_official(now: datetime) -> ColumnElement[bool]:
    """Two people approved a decided result, and its instant has come: `visible_from <= now`."""
    return and_(
        ResultSet.superseded_at.is_(None),
        ResultSet.first_approver_id.is_not(None),
        ResultSet.second_approver_id.is_not(None),
        ResultSet.decision_number.is_not(None),
        ResultSet.visible_from <= now,
    )


def is_posted(now: datetime) -> ColumnElement[bool]:
    """A provisional result was released for posting, and its instant has come."""
    return and_(
        ResultSet.superseded_at.is_(None),
        ResultSet.posted_by_id.is_not(None),
        ResultSet.post_from <= now,
    )


def is_amended(now: datetime) -> ColumnElement[bool]:
    """Two people approved an amendment, and its instant has come."""
    return and_(
        Amendment.second_approver_id.is_not(None),
        Amendment.called_off_at.is_(None),
        Amendment.visible_from <= now,
    )


class PublicResults(NamedTuple):
    """What the public may see of a contest's results: official, or posted for remarks."""

    result_set: ResultSet
    standing: Literal["official", "provisional"]


def find_public_results(contest_id: int, now: datetime) -> PublicResults | None:
    """The results of a contest that anyone may see at `now`; None before their instant."""
    row = db.session.execute(
        select(ResultSet, is_official(now).label("official")).where(
            ResultSet.contest_id == contest_id, or_(is_official(now), is_posted(now))
        )
    ).one_or_none()
    return PublicResults(row[0], "official" if row[1] else "provisional") if row else None


def awarded_entries(now: datetime) -> Select[Entry]:
    """Entries with a prize that anyone may know of at `now`."""
    return (
        select(Entry)
        .where(
            Entry.id.in_(
                select(Award.entry_id)
                .join(ResultSet, Award.result_set_id == ResultSet.id)
                .where(or_(is_official(now), is_posted(now)))
            )
        )
        .order_by(Entry.id)
    )


def contests_with_results(now: datetime) -> Select[ResultSet]:
    """Official results that anyone may see at `now`, the latest first."""
    return select(ResultSet).where(is_official(now)).order_by(ResultSet.visible_from.desc())


# For those who prepare results


def find_standing(contest_id: int) -> ResultSet | None:
    """The result set of a contest that has not been superseded, public or not."""
    return db.session.scalars(
        select(ResultSet)
        .where(ResultSet.contest_id == contest_id, ResultSet.superseded_at.is_(None))
        .execution_options(populate_existing=True)
    ).one_or_none()


def uncleared_awards(result_set: ResultSet) -> Sequence[Award]:
    """Awards whose entries may not be honoured now: not valid, or the exemplar unverified, not agreeing or on hold."""
    return db.session.scalars(
        select(Award)
        .where(
            Award.result_set_id == result_set.id,
            Award.entry_id.not_in(eligible_to_advance(result_set.contest_id)),
        )
        .options(joinedload(Award.entry))
        .order_by(Award.position)
    ).all()


def is_announced(contest_id: int, now: datetime) -> bool:
    """Whether the official results of a contest are public."""
    found = find_public_results(contest_id, now)
    return found is not None and found.standing == "official"


def standing_withholdings(contest_id: int) -> Select[PrizeWithheld]:
    """Prizes that the council withholds."""
    return (
        select(PrizeWithheld)
        .where(PrizeWithheld.contest_id == contest_id, PrizeWithheld.lifted_at.is_(None))
        .order_by(PrizeWithheld.id)
    )


def last_decision(contest_id: int) -> ResultSet | None:
    """The latest result set with a decision, superseded or not: what to begin a new one from."""
    return db.session.scalars(
        select(ResultSet)
        .where(ResultSet.contest_id == contest_id, ResultSet.decision_number.is_not(None))
        .order_by(ResultSet.id.desc())
        .limit(1)
    ).one_or_none()


def next_public_change(now: datetime) -> datetime | None:
    """The next instant at which the clock alone makes something public or closes it; None: there is none.

    A shared copy of a page must not outlive it.
    """
    instants = (ContestStep.opens, ContestStep.closes, ResultSet.post_from, ResultSet.visible_from)
    each = union_all(*(select(func.min(instant).label("at")).where(instant > now) for instant in instants)).subquery()
    found: datetime | None = db.session.scalar(select(func.min(each.c.at)))
    return found
