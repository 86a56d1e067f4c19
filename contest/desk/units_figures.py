"""What a unit's desk counts: its floors (chỉ tiêu) and how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, or_, select

from contest.contests.models import Contest, ContestStep
from contest.contests.queries import issued_contests
from contest.contests.ruleset import Localized, Quota
from contest.core.db import db
from contest.entries.models import Advancement, Entry
from contest.entries.queries import count_of_unit
from contest.entries.rules import ACCEPTED, SCREENED, WITHDRAWN
from contest.exemplars.models import Exemplar
from contest.exemplars.queries import said_different
from contest.units.models import Unit


@dataclass(frozen=True, slots=True)
class Floor:
    """One floor of a contest's rules for this unit: nobody is obliged, nothing caps."""

    contest: Contest
    counts: str  # entries | exemplars
    reached: int
    least: int
    per: str
    note: Localized | None

    @property
    def low(self) -> bool:
        return self.reached < self.least


@dataclass(frozen=True, slots=True)
class UnitContest:
    """A contest as a unit sees it: how many entries it may count as its own, and its floors."""

    contest: Contest
    sent: int
    accepted: int
    floors: Sequence[Floor]


def unit_contests(unit: Unit, now: datetime, today: date) -> list[UnitContest]:
    """Contests with a floor for units of this level, or with entries of this unit, the latest first."""
    found: list[UnitContest] = []
    for contest in db.session.scalars(issued_contests(now)):
        floors = [
            _floor(contest, quota, unit, now)
            for quota in contest.rules.quotas
            if quota.scope_level == unit.level and quota.in_force(today)
        ]
        sent = count_of_unit(contest.id, unit.id, SCREENED)
        if floors or sent:
            accepted = count_of_unit(contest.id, unit.id, (ACCEPTED,))
            found.append(UnitContest(contest, sent, accepted, floors))
    return found


def states_of_unit(unit: Unit) -> dict[int, dict[str, int]]:
    """By contest: how many entries that the unit may count as its own stand in each state."""
    rows = db.session.execute(
        select(Entry.contest_id, Entry.state, func.count(Entry.id))
        .join(Exemplar)
        .where(
            Entry.state.in_((*SCREENED, WITHDRAWN)),
            or_(Entry.author_unit_id == unit.id, Exemplar.unit_id == unit.id),
        )
        .group_by(Entry.contest_id, Entry.state)
    )
    found: dict[int, dict[str, int]] = {}
    for contest_id, state, count in rows:
        found.setdefault(contest_id, {})[state] = count
    return found


def _floor(contest: Contest, quota: Quota, unit: Unit, now: datetime) -> Floor:
    if quota.counts == "entries":
        reached = count_of_unit(contest.id, unit.id, (ACCEPTED,) if quota.state_required else SCREENED)
    else:
        reached = publicised_exemplars(unit, now)
    return Floor(contest, quota.counts, reached, quota.min, quota.per, quota.note)


def publicised_exemplars(unit: Unit, now: datetime) -> int:
    """Exemplars of a unit whose stories have reached the public, over all contests, each counted once.

    Records that were joined are one. Records with the same folded name are one as well, as units know
    their own, until somebody says that they are different people.
    """
    public = select(ContestStep.contest_id).where(ContestStep.key == "voting", ContestStep.opens <= now)
    rows = db.session.execute(
        select(Exemplar.id, Exemplar.same_as_id, Exemplar.name_key)
        .join(Entry, Exemplar.id == Entry.exemplar_id)
        .join(Advancement, Advancement.entry_id == Entry.id)
        .where(
            Exemplar.unit_id == unit.id,
            Entry.state == ACCEPTED,
            Advancement.fell_out_at.is_(None),
            Entry.contest_id.in_(public),
        )
        .order_by(Exemplar.id)
    ).all()
    return count_people([(row.id, row.same_as_id or row.id, row.name_key) for row in rows], said_different)


def count_people(
    records: Sequence[tuple[int, int, str]], different: Callable[[Sequence[int]], Collection[tuple[int, int]]]
) -> int:
    """How many people records are about: (id, id of the one that stands for it, folded name) of each.

    `different` tells pairs of ids, smaller first, that are not the same; it is asked only when two
    groups bear one name.
    """
    groups: dict[int, set[tuple[int, str]]] = {}
    for identifier, root, name in records:
        groups.setdefault(root, set()).add((identifier, name))
    names = [name for group in groups.values() for name in {name for _, name in group if name}]
    if len(names) == len(set(names)):
        return len(groups)
    apart = different([identifier for identifier, _, _ in records])
    people: list[set[tuple[int, str]]] = []
    for group in groups.values():
        alike = next((known for known in people if _one_person(known, group, apart)), None)
        if alike is None:
            people.append(set(group))
        else:
            alike |= group
    return len(people)


def _one_person(known: set[tuple[int, str]], group: set[tuple[int, str]], apart: Collection[tuple[int, int]]) -> bool:
    if not {name for _, name in known if name} & {name for _, name in group}:
        return False
    return not any((min(one, other), max(one, other)) in apart for one, _ in known for other, _ in group)
