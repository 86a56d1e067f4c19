"""What prizes beside the ladder are given from: dates of birth, the committee's choices, figures of units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from contest.contests.models import Contest
from contest.core.db import db
from contest.entries.models import Advancement, CoAuthor, Entry
from contest.entries.rules import ACCEPTED
from contest.judging.ranking import Ranking
from contest.judging.rounds import in_round
from contest.results.beside import Chosen, Finalist
from contest.results.models_after import BesideChoice
from contest.units.models import Unit


def places_of(rankings: Mapping[str, Ranking]) -> dict[str, int]:
    """The place of each ranked entry, by its public id."""
    return {entry: place for ranking in rankings.values() for entry, place in ranking.places.items()}


def finalists_of(
    entries: Sequence[Entry], behind: Mapping[int, frozenset[str]], places: Mapping[str, int]
) -> list[Finalist]:
    """Finalists with the dates of birth of everybody who wrote them. One query."""
    born: dict[int, list[date]] = defaultdict(list)
    query = select(CoAuthor.entry_id, CoAuthor.birth_date).where(
        CoAuthor.entry_id.in_([each.id for each in entries]), CoAuthor.birth_date.is_not(None)
    )
    for entry_id, day in db.session.execute(query):
        if day is not None:
            born[entry_id].append(day)
    return [
        Finalist(
            each.public_id,
            each.blind_code or each.public_id,
            each.category,
            places.get(each.public_id),
            (*([each.author_birth_date] if each.author_birth_date else []), *born[each.id]),
            each.submitted_at,
            behind.get(each.id, frozenset()),
        )
        for each in entries
    ]


def standing_choices(contest_id: int) -> Sequence[BesideChoice]:
    """Whom the committee has chosen, in the order of choosing."""
    return db.session.scalars(
        select(BesideChoice)
        .where(BesideChoice.contest_id == contest_id, BesideChoice.lifted_at.is_(None))
        .options(joinedload(BesideChoice.entry), joinedload(BesideChoice.unit))
        .order_by(BesideChoice.id)
    ).all()


def choices_of(contest: Contest, finalists: Collection[int]) -> list[Chosen]:
    """Standing choices. An entry stands while it is valid and, if it was in the last round, has not fallen out."""
    found = []
    rows = standing_choices(contest.id)
    was_final = _once_final([row.entry_id for row in rows if row.entry_id is not None])
    for row in rows:
        if row.entry is None:
            found.append(Chosen(row.prize_id, row.why, unit_id=row.unit_id))
            continue
        stands = row.entry.state == ACCEPTED and (row.entry_id in finalists or row.entry_id not in was_final)
        code = row.entry.blind_code or row.entry.public_id
        found.append(Chosen(row.prize_id, row.why, entry=row.entry.public_id, code=code, stands=stands))
    return found


def _once_final(entry_ids: Collection[int]) -> set[int]:
    """Which of these entries reached the last round, whether or not they take part in it still."""
    return set(db.session.scalars(select(Advancement.entry_id).where(Advancement.entry_id.in_(entry_ids))))


def ids_of(public_ids: Collection[str]) -> dict[str, int]:
    """The ids of entries by their public ids."""
    rows = db.session.execute(select(Entry.public_id, Entry.id).where(Entry.public_id.in_(public_ids)))
    return {row[0]: row[1] for row in rows}


class UnitFigures(NamedTuple):
    """What a unit brought to a contest; `floor`: what its quota asks for, None without one."""

    unit: Unit
    accepted: int
    finalists: int
    floor: int | None


def unit_figures(contest: Contest) -> list[UnitFigures]:
    """Units with valid entries, by how far they passed their quota, then by finalists, then by valid entries.

    Entries count for the unit that sent them or else for the author's, as on the page of quotas. Three queries.
    """
    unit_id = func.coalesce(Entry.sent_by_unit_id, Entry.author_unit_id)
    base = select(unit_id, func.count(Entry.id)).where(unit_id.is_not(None)).group_by(unit_id)
    accepted: dict[int, int] = {
        row[0]: row[1]
        for row in db.session.execute(base.where(Entry.contest_id == contest.id, Entry.state == ACCEPTED))
    }
    final: dict[int, int] = {
        row[0]: row[1] for row in db.session.execute(base.where(*in_round(contest, contest.rules.last_round)))
    }
    units = db.session.scalars(select(Unit).where(Unit.id.in_(accepted))).all()
    floors: dict[str, int] = {each.scope_level: each.min for each in contest.rules.quotas if each.counts == "entries"}
    found = [UnitFigures(each, accepted[each.id], final.get(each.id, 0), floors.get(each.level)) for each in units]
    return sorted(
        found, key=lambda each: (-(each.accepted / (each.floor or 1)), -each.finalists, -each.accepted, each.unit.code)
    )
