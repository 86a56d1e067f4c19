"""What a unit's desk counts: its floors (chỉ tiêu) and how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from contest.contests.models import Contest, ContestStep
from contest.contests.queries import issued_contests
from contest.contests.ruleset import Localized, Quota
from contest.core.db import db
from contest.entries.models import Advancement, Entry
from contest.entries.queries import count_of_unit
from contest.entries.rules import ACCEPTED, SCREENED
from contest.exemplars.models import Exemplar
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


def _floor(contest: Contest, quota: Quota, unit: Unit, now: datetime) -> Floor:
    if quota.counts == "entries":
        reached = count_of_unit(contest.id, unit.id, (ACCEPTED,) if quota.state_required else SCREENED)
    else:
        reached = publicised_exemplars(unit, now)
    return Floor(contest, quota.counts, reached, quota.min, quota.per, quota.note)


def publicised_exemplars(unit: Unit, now: datetime) -> int:
    """Exemplars of a unit whose stories have reached the public, over all contests, each counted once.

    An exemplar written about twice is the same when the folded name is: units know their own.
    """
    public = select(ContestStep.contest_id).where(ContestStep.key == "voting", ContestStep.opens <= now)
    return (
        db.session.scalar(
            select(func.count(func.distinct(Exemplar.name_key)))
            .select_from(Entry)
            .join(Exemplar, Exemplar.id == Entry.exemplar_id)
            .join(Advancement, Advancement.entry_id == Entry.id)
            .where(
                Exemplar.unit_id == unit.id,
                Entry.state == ACCEPTED,
                Advancement.fell_out_at.is_(None),
                Entry.contest_id.in_(public),
            )
        )
        or 0
    )
