"""What programs are told: the same as people, through the same predicates, with the instants beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import joinedload

from contest.contests.models import Contest
from contest.contests.queries import issued_contests
from contest.core.db import db
from contest.core.errors import NotFound
from contest.editions.models import Edition
from contest.editions.queries import stands
from contest.entries.models import Entry
from contest.public.queries import readable
from contest.results.models import ResultSet
from contest.results.models_after import Amendment, NewsPost
from contest.results.news import public_news
from contest.results.queries import PublicResults, is_amended, is_official, is_posted
from contest.units.models import Unit, UnitName


@dataclass(frozen=True, slots=True)
class Published:
    """Since when readers have had something, and when it last read otherwise."""

    at: datetime
    updated: datetime


def contests(now: datetime) -> Sequence[Contest]:
    """Contests whose rules have been issued, the latest first."""
    return db.session.scalars(issued_contests(now)).all()


def public_results(contest_ids: Collection[int], now: datetime) -> dict[int, PublicResults]:
    """The results of these contests that anyone may see, by contest: `find_public_results` for many."""
    rows = db.session.execute(
        select(ResultSet, is_official(now).label("official")).where(
            ResultSet.contest_id.in_(contest_ids), or_(is_official(now), is_posted(now))
        )
    )
    return {
        found.contest_id: PublicResults(found, "official" if official else "provisional") for found, official in rows
    }


def announced_at(results: PublicResults) -> datetime:
    """The instant of results that are public."""
    found = results.result_set
    at = found.visible_from if results.standing == "official" else found.post_from
    assert at is not None  # the predicates ask for it
    return at


def last_amended(contest_ids: Collection[int], now: datetime) -> Mapping[int, datetime]:
    """When results of these contests were last changed by a public amendment, by contest."""
    rows = db.session.execute(
        select(Amendment.contest_id, func.max(Amendment.visible_from))
        .where(Amendment.contest_id.in_(contest_ids), is_amended(now))
        .group_by(Amendment.contest_id)
    )
    return {contest_id: at for contest_id, at in rows if at is not None}


def amendments(contest_ids: Collection[int], now: datetime) -> Sequence[Amendment]:
    """Public amendments of these contests' results: `amendments_at` for many, without what they are about."""
    return db.session.scalars(
        select(Amendment).where(Amendment.contest_id.in_(contest_ids), is_amended(now)).order_by(Amendment.id)
    ).all()


def changed_at(contest: Contest, results: PublicResults | None, amended: datetime | None, now: datetime) -> datetime:
    """When what a contest shows last changed: by its rules, by the clock, or by its results."""
    steps = [instant for step in contest.rules.public_steps() for instant in (step.starts, step.ends)]
    version = contest.current_version
    known = [*steps, issued_at(contest), version.loaded_at if version else None, amended]
    known.append(announced_at(results) if results else None)
    return max(each for each in known if each is not None and each <= now)


def issued_at(contest: Contest) -> datetime:
    """When the rules of a contest that visitors know of were issued."""
    at = contest.rules.instant("issue")
    assert at is not None  # every rule set has it
    return at


# Stories


def story_page(now: datetime, *, contest: Contest | None, after: str | None, limit: int) -> Sequence[tuple[int, str]]:
    """Ids of stories that anyone may read, by public id, behind `after`; one more than `limit`."""
    query = select(Entry.id, Entry.public_id).where(readable(now))
    if contest is not None:
        query = query.where(Entry.contest_id == contest.id)
    if after is not None:
        query = query.where(Entry.public_id > after)
    rows = db.session.execute(query.order_by(Entry.public_id).limit(limit + 1))
    return [(entry_id, public_id) for entry_id, public_id in rows]


def story_chunk(now: datetime, contest: Contest, *, first: int, limit: int) -> Sequence[tuple[int, str]]:
    """Ids of a contest's stories that anyone may read, by public id, from the one numbered `first`."""
    query = select(Entry.id, Entry.public_id).where(readable(now), Entry.contest_id == contest.id)
    rows = db.session.execute(query.order_by(Entry.public_id).offset(first).limit(limit))
    return [(entry_id, public_id) for entry_id, public_id in rows]


def count_stories(where: ColumnElement[bool]) -> Mapping[int, int]:
    """How many entries of each contest meet a condition, by contest."""
    rows = db.session.execute(select(Entry.contest_id, func.count()).where(where).group_by(Entry.contest_id))
    return {contest_id: int(number) for contest_id, number in rows}


def published_stories(
    now: datetime, known: Iterable[Contest], where: ColumnElement[bool] | None = None
) -> dict[int, Published]:
    """Of stories that anyone may read, by entry id: since when, and when they last changed.

    `known`: the contests whose stories are asked for. `where`: which of them; those that `readable` lets through
    where it is left out.
    """
    of = {contest.id: contest for contest in known}
    results = public_results(of, now)
    first = select(Edition.entry_id, func.min(Edition.approved_at).label("at")).group_by(Edition.entry_id).subquery()
    rows = db.session.execute(
        select(Entry.id, Entry.contest_id, Entry.category, first.c.at, Edition.approved_at)
        .join(first, first.c.entry_id == Entry.id)
        .join(Edition, and_(Edition.entry_id == Entry.id, stands()))
        .where(Entry.contest_id.in_(of), readable(now) if where is None else where)
    )
    found = {}
    for entry_id, contest_id, category, approved_first, approved in rows:
        rules = of[contest_id].rules
        due = rules.instant("voting") if category in rules.voting.categories else None
        told = results.get(contest_id)
        if due is None or due > now:
            due = announced_at(told) if told else now
        at = max(due, min(approved_first, now))
        named = rules.instant(rules.announcement.author_names_public_from)
        changes = [at, approved, *([named] if named else [])]
        found[entry_id] = Published(at, max(each for each in changes if each <= now))
    return found


# News


def news(
    now: datetime, *, contest: Contest | None, limit: int, before: tuple[datetime, str] | None = None
) -> Sequence[NewsPost]:
    """News of contests that visitors know of, the latest first, behind `before`; at most `limit`."""
    query = public_news(now, contest)
    if before is not None:
        at, public_id = before
        query = query.where(
            or_(NewsPost.visible_from < at, and_(NewsPost.visible_from == at, NewsPost.public_id > public_id))
        )
    return db.session.scalars(query.options(joinedload(NewsPost.contest)).limit(limit)).all()


def get_news(public_id: str, now: datetime) -> NewsPost:
    """A piece of news that anyone may read. Raises NotFound."""
    query = public_news(now).where(NewsPost.public_id == public_id)
    found = db.session.scalar(query.options(joinedload(NewsPost.contest)))
    if found is None:
        raise NotFound(public_id)
    return found


# Units


def unit_page(day: date, *, level: str | None, after: str | None, limit: int) -> Sequence[Unit]:
    """Units that exist on `day` by code, behind `after`; one more than `limit`."""
    query = select(Unit).where(Unit.valid_from <= day, or_(Unit.valid_to.is_(None), Unit.valid_to > day))
    if level is not None:
        query = query.where(Unit.level == level)
    if after is not None:
        query = query.where(Unit.code > after)
    query = query.options(joinedload(Unit.parent), joinedload(Unit.successor))
    return db.session.scalars(query.order_by(Unit.code).limit(limit + 1)).all()


def former_names(unit: Unit) -> Sequence[UnitName]:
    """The names that a unit bore, the first first."""
    return db.session.scalars(select(UnitName).where(UnitName.unit_id == unit.id).order_by(UnitName.valid_to)).all()
