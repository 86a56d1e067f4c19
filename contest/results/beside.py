"""Prizes beside the ladder: by age, by choice of the organising committee, to units and to exemplars.

By age: the oldest (rung `cao_tuoi`) and the youngest (`tre_tuoi`) author among the finalists, from the
dates of birth that entries name. All others are chosen, with a reason. Such a prize comes on top of one of
the ladder; within a prize nobody gets it twice. Who falls out loses it: by age the next one has it at
once, a chosen prize waits for another choice. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby

from contest.contests.ruleset import Prize, RuleSet
from contest.core.errors import N_
from contest.core.formats import local
from contest.judging.scoring import Words
from contest.results.ladder import Award, Undecided
from contest.results.rules import YOUNGEST, beside_prizes, is_by_age

NO_PLACE = 10**9


@dataclass(frozen=True)
class Finalist:
    """An entry that takes part in the prizes by age. `born`: of each author whose date of birth is known."""

    entry: str
    code: str
    category: str
    place: int | None
    born: tuple[date, ...]
    at: datetime | None  # of submission: ages are told as of then
    people: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Chosen:
    """A standing choice: an entry by its public id, or a unit. `stands`: the entry takes part still."""

    prize_id: str
    why: str
    entry: str | None = None
    unit_id: int | None = None
    code: str = ""
    stands: bool = True


@dataclass(frozen=True)
class ToUnit:
    """A prize that a unit gets."""

    prize_id: str
    unit_id: int
    amount: int
    why: tuple[Words, ...]


@dataclass
class Beside:
    """What comes of the prizes beside the ladder.

    `given`: how many of a prize are given, of those whose number is final. `dropped`: choices whose
    entries fell out. `outside`: prizes for which nothing was chosen here at all. `waiting`: those with
    seats that nobody was chosen for yet.
    """

    awards: list[Award] = field(default_factory=list)
    units: list[ToUnit] = field(default_factory=list)
    given: dict[str, int] = field(default_factory=dict)
    undecided: list[Undecided] = field(default_factory=list)
    dropped: list[Chosen] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


def give_beside(
    rules: RuleSet, finalists: Sequence[Finalist], choices: Sequence[Chosen], held: Mapping[str, int]
) -> Beside:
    """All prizes beside the ladder. `held`: how many of each the council withholds."""
    found = Beside()
    for prize in beside_prizes(rules):
        mine = [each for each in choices if each.prize_id == prize.id]
        found.dropped += [each for each in mine if not each.stands]
        mine = [each for each in mine if each.stands]
        seats = prize.count - held.get(prize.id, 0)
        if is_by_age(prize):
            _by_age(found, prize, seats, finalists, {each.entry for each in mine})
        else:
            _by_choice(found, prize, seats, mine, touched=bool(mine) or seats < prize.count)
    return found


def _by_choice(found: Beside, prize: Prize, seats: int, mine: Sequence[Chosen], *, touched: bool) -> None:
    for each in mine[:seats]:
        why: tuple[Words, ...] = ((N_("Chosen by the organising committee: %(reason)s"), {"reason": each.why}),)
        if each.unit_id is not None:
            found.units.append(ToUnit(prize.id, each.unit_id, prize.amount_vnd, why))
        elif each.entry is not None:
            found.awards.append(Award(prize.id, each.entry, None, prize.amount_vnd, why))
    if not touched:
        found.outside.append(prize.id)
    elif len(mine) >= seats:
        found.given[prize.id] = seats
    else:
        found.waiting.append(prize.id)


def _by_age(found: Beside, prize: Prize, seats: int, finalists: Sequence[Finalist], preferred: set[str | None]) -> None:
    """The oldest or the youngest first; who shares a day of birth for the last seats waits for the committee."""
    given: list[Finalist] = []
    for born, group in _by_birth(prize, finalists):
        free = _once(each for each in group if not any(each.people & other.people for other in given))
        left = seats - len(given)
        if not left:
            break
        if len(free) > left:
            free = [each for each in free if each.entry in preferred][:left] or free
        if len(free) > left:
            names = ", ".join(sorted(each.code for each in free))
            text = N_("The authors of %(others)s were born on the same day, and of this prize %(seats)s are left.")
            entries = tuple(sorted(each.entry for each in free))
            why: Words = (text, {"others": names, "seats": left})
            found.undecided.append(Undecided(prize.id, entries, entries, left, "same_birth_date", why))
            break
        for each in free:
            given.append(each)
            found.awards.append(
                Award(prize.id, each.entry, None, prize.amount_vnd, (_age_in_words(prize, each, born),))
            )
    if not any(each.prize_id == prize.id for each in found.undecided):
        found.given[prize.id] = len(given)


def by_age(prize: Prize, finalists: Sequence[Finalist]) -> list[Finalist]:
    """Who would get a prize by age, in order, each author once."""
    return _once(each for _, group in _by_birth(prize, finalists) for each in group)


def _by_birth(prize: Prize, finalists: Sequence[Finalist]) -> list[tuple[date, list[Finalist]]]:
    """Finalists by day of birth, the first to get the prize first; of an author's entries the best placed first."""
    youngest = prize.rung == YOUNGEST
    day = max if youngest else min
    known = [
        (day(each.born), each)
        for each in finalists
        if each.born and (prize.category is None or each.category == prize.category)
    ]
    known.sort(key=lambda pair: (pair[1].place or NO_PLACE, pair[1].code))
    known.sort(key=lambda pair: pair[0], reverse=youngest)
    return [(born, [each for _, each in group]) for born, group in groupby(known, key=lambda pair: pair[0])]


def _once(finalists: Iterable[Finalist]) -> list[Finalist]:
    """Without entries of authors who stand before already."""
    found: list[Finalist] = []
    for each in finalists:
        if not any(each.people & other.people for other in found):
            found.append(each)
    return found


def _age_in_words(prize: Prize, each: Finalist, born: date) -> Words:
    if prize.rung == YOUNGEST:
        return N_("The youngest author among the finalists."), {}
    if each.at is None:
        return N_("The oldest author among the finalists."), {}
    on = local(each.at).date()
    age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return N_("The oldest author among the finalists: %(age)s years old on the day of submission."), {"age": age}
