"""The ceremony as data: what the hall sees step by step, from the last prize up. Pure.

Made of the honours that everybody may read by then; whether they may is asked before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from contest.contests.ruleset import Category, Prize, RuleSet
from contest.results.honours import Honours, Laurel, Rung, UnitLaurel

# So many winners of one prize are called one by one; more of them stand together, so many on a screen.
ONE_BY_ONE = 3
ON_A_SCREEN = 8
Row = TypeVar("Row")


@dataclass(frozen=True)
class Act:
    """One step. `kind`: prize (its name), winners, units. `given`: how many of the prize; 0: it is not given.

    `part` of `parts`: screens of one prize with many winners.
    """

    kind: str
    prize: Prize
    category: Category | None
    given: int = 0
    winners: tuple[Laurel, ...] = ()
    units: tuple[UnitLaurel, ...] = ()
    part: int = 1
    parts: int = 1


def acts_of(honours: Honours, rules: RuleSet) -> tuple[Act, ...]:
    """The steps of a ceremony: prizes to units and of the readers, those beside the ranking, then up the ladders.

    A prize beside the ranking that goes to stories of the ladders comes after these: it would give them away.
    That a prize is not given is told only where a category has none at all.
    """
    acts: list[Act] = []
    for rung in reversed(honours.units):
        if rung.laurels:
            acts.append(Act("prize", rung.prize, None, len(rung.laurels)))
            acts += _units(rung.prize, rung.laurels)
    ranked = {laurel.code for each in honours.classes for rung_ in each.rungs for laurel in rung_.laurels}
    after = [each for each in honours.beside if any(laurel.code in ranked for laurel in each.laurels)]
    before = [each for each in honours.beside if each not in after]
    for each in [*reversed(before), *([honours.readers] if honours.readers else [])]:
        acts += _rung(each, None)
    several = sum(bool(each.rungs) for each in honours.classes) > 1
    for tier in reversed(rules.scoring.tiers):
        for group in reversed(honours.classes):
            none = group.entries and not any(each.laurels for each in group.rungs)
            for rung_ in group.rungs:
                if rung_.prize.rung == tier.rung:
                    acts += _rung(rung_, group.category if several else None, tell_empty=none)
    for each in reversed(after):
        acts += _rung(each, None)
    return tuple(acts)


def _units(prize: Prize, laurels: Sequence[UnitLaurel]) -> Iterator[Act]:
    screens = _evenly(laurels)
    for part, screen in enumerate(screens, start=1):
        yield Act("units", prize, None, len(laurels), units=tuple(screen), part=part, parts=len(screens))


def _rung(rung: Rung, category: Category | None, *, tell_empty: bool = False) -> Iterator[Act]:
    if rung.laurels or (tell_empty and any(each.whole for each in rung.not_given)):
        yield Act("prize", rung.prize, category, len(rung.laurels))
    screens = _screens(rung.laurels)
    for part, screen in enumerate(screens, start=1):
        yield Act("winners", rung.prize, category, len(rung.laurels), screen, part=part, parts=len(screens))


def _evenly(rows: Sequence[Row]) -> list[Sequence[Row]]:
    """As few screens as hold all, about as many on each: ten are five and five."""
    screens = -(-len(rows) // ON_A_SCREEN)
    size = -(-len(rows) // max(1, screens))
    return [rows[first : first + size] for first in range(0, len(rows), max(1, size))]


def _screens(laurels: Sequence[Laurel]) -> list[tuple[Laurel, ...]]:
    """Who is shown together: those of one place; of a prize with many winners, as many as a screen holds."""
    upwards = list(reversed(laurels))
    if len(upwards) > ONE_BY_ONE:
        return [tuple(screen) for screen in _evenly(upwards)]
    numbered = enumerate(upwards)
    places = groupby(numbered, key=lambda each: each[1].award.place or -each[0])
    return [tuple(laurel for _number, laurel in together) for _place, together in places]
