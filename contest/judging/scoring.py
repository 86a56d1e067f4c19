"""From score sheets to a total: exact arithmetic, told step by step.

Everything is a Fraction. Marks come in as Decimal or Fraction, never as float; totals are ranked as
they are and rounded once, half up, when they are shown. Nothing here knows the database or the web:
whoever calls hands in the latest final sheet of every judge who is neither recused nor removed.

Words for people are pairs of an English sentence marked with `N_` and its parameters; pages translate
them with `say_message`. Decimals in them carry the decimals that they are to be shown with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import combinations
from typing import Any

from contest.contests.ruleset import Criterion, Gap, Round, Rubric
from contest.core.errors import N_

Words = tuple[str, dict[str, Any]]
Number = int | Decimal | Fraction

# Sums of marks are short decimals and shown in full; beyond this many decimals a value is a quotient.
_FULL_DECIMALS = 6


def exact(value: Number | str) -> Fraction:
    """`value` as a Fraction. Raises TypeError for a float, which has lost its decimals already."""
    if isinstance(value, float):
        raise TypeError("a mark is a decimal, not a binary float")
    return Fraction(value)


def display(value: Fraction, decimals: int) -> Decimal:
    """`value` rounded half up (away from zero) to `decimals`: 109/12 is 9.08, 8.995 is 9.00."""
    units = int(abs(value) * 10**decimals + Fraction(1, 2))
    return Decimal((int(value < 0 and units > 0), tuple(map(int, str(units))), -decimals))


def written(value: Fraction, decimals: int) -> Decimal:
    """`value` in full where it is a short decimal, with `decimals` at least; else rounded to them."""
    for places in range(decimals, _FULL_DECIMALS + 1):
        if (value * 10**places).denominator == 1:
            return display(value, places)
    return display(value, decimals)


def told_apart(first: Fraction, second: Fraction, decimals: int) -> tuple[Decimal, Decimal]:
    """Two different values for a sentence that compares them: more decimals where they would look equal."""
    places = decimals
    while first != second and display(first, places) == display(second, places):
        places += 1
    return display(first, places), display(second, places)


def mean(values: Sequence[Fraction]) -> Fraction:
    """Arithmetic mean. Raises ValueError for nothing."""
    if not values:
        raise ValueError("no mean of nothing")
    return sum(values, Fraction(0)) / len(values)


def spread(values: Sequence[Fraction]) -> Fraction:
    """Largest minus smallest; 0 for one value or none."""
    return max(values) - min(values) if values else Fraction(0)


# Sheets


@dataclass(frozen=True)
class Sheet:
    """The latest final sheet of one judge. `judge` is whatever names the judge in the explanation."""

    judge: str
    marks: Mapping[str, Fraction]

    def __post_init__(self) -> None:
        object.__setattr__(self, "marks", {criterion: exact(mark) for criterion, mark in self.marks.items()})

    @property
    def total(self) -> Fraction:
        return sum(self.marks.values(), Fraction(0))


def totals_of(sheets: Iterable[Sheet]) -> list[Fraction]:
    """The total of each sheet."""
    return [sheet.total for sheet in sheets]


def mean_on(criterion: str, sheets: Sequence[Sheet]) -> Fraction:
    """Exact mean of one criterion over every sheet, also those that trimming leaves out of the total.

    Raises ValueError when a sheet has no mark for the criterion.
    """
    missing = [sheet.judge for sheet in sheets if criterion not in sheet.marks]
    if missing:
        raise ValueError(f"no mark for {criterion} on the sheets of {missing}")
    return mean([sheet.marks[criterion] for sheet in sheets])


# Marks


@dataclass(frozen=True)
class Problem:
    """What is wrong with a mark. `criterion` is its id, so that a form can show it beside the field."""

    criterion: str
    message: str
    params: dict[str, Any] = field(default_factory=dict)


def check_marks(rubric: Rubric, marks: Mapping[str, Number | None], *, complete: bool = True) -> list[Problem]:
    """Every mark that does not fit the rubric: from 0 to the criterion's maximum, a multiple of the step.

    With `complete` a criterion without a mark is a problem too; a draft may leave some open.
    """
    known = {criterion.id for criterion in rubric.criteria}
    problems = []
    for criterion in rubric.criteria:
        mark = marks.get(criterion.id)
        if mark is not None:
            problems += _misfits(criterion, mark, exact(rubric.step))
        elif complete:
            text = N_("Enter a mark for “%(criterion)s”.")
            problems.append(Problem(criterion.id, text, {"criterion": criterion.name}))
    for id_ in marks:
        if id_ not in known:
            text = N_("“%(criterion)s” is not a criterion of this contest.")
            problems.append(Problem(id_, text, {"criterion": id_}))
    return problems


def _misfits(criterion: Criterion, mark: Number, step: Fraction) -> list[Problem]:
    """The first thing that is wrong with a mark, if anything is."""
    params: dict[str, Any] = {"criterion": criterion.name}
    if isinstance(mark, Decimal) and not mark.is_finite():
        return [Problem(criterion.id, N_("The mark for “%(criterion)s” is not a number."), params)]
    highest = exact(criterion.max)
    if not 0 <= exact(mark) <= highest:
        text = N_("The mark for “%(criterion)s” is from 0 to %(highest)s.")
        return [Problem(criterion.id, text, {**params, "highest": highest})]
    if exact(mark) % step:
        text = N_("The mark for “%(criterion)s” goes in steps of %(step)s.")
        return [Problem(criterion.id, text, {**params, "step": step})]
    return []


# Aggregates


@dataclass(frozen=True)
class Selection:
    """The totals that are averaged, and why the others are not.

    Every way to aggregate known here is the mean of some of the totals, so picking them is all that
    a way has to do; the sum and the division are told once, in `entry_total`.
    """

    kept: tuple[Fraction, ...]
    words: tuple[Words, ...] = ()

    @property
    def value(self) -> Fraction:
        return mean(self.kept)


def all_totals(totals: Sequence[Fraction]) -> Selection:
    """mean: every total."""
    return Selection(tuple(totals))


def without_extremes(totals: Sequence[Fraction]) -> Selection:
    """trimmed_mean_drop_high_low: one highest and one lowest left out, from three sheets up.

    Of three the middle one remains; of fewer nothing is left out.
    """
    if len(totals) < 3:
        return Selection(tuple(totals))
    low, *kept, high = sorted(totals)
    words = (N_("Left out: the highest total %(high)s and the lowest %(low)s."), {"high": high, "low": low})
    return Selection(tuple(kept), (words,))


def middle(totals: Sequence[Fraction]) -> Selection:
    """median: the middle total, or the two in the middle."""
    ordered = sorted(totals)
    half = (len(ordered) - 1) // 2
    kept = tuple(ordered[half : len(ordered) - half])
    return Selection(kept, ((N_("Only the middle of the ordered totals counts (median)."), {}),))


AGGREGATES: dict[str, Callable[[Sequence[Fraction]], Selection]] = {
    "mean": all_totals,
    "trimmed_mean_drop_high_low": without_extremes,
    "median": middle,
}


def two_closest(totals: Sequence[Fraction]) -> Selection:
    """After a third marking: the two closest totals, or all when two closest pairs are equally close.

    86, 69, 84: 86 and 84. 80, 70, 90: all three. 84, 84, 70: 84 and 84; that 70 is as far from
    one 84 as from the other says nothing, only the closest pairs are compared.
    """
    pairs = [(abs(first - second), (first, second)) for first, second in combinations(sorted(totals), 2)]
    if not pairs:
        return Selection(tuple(totals))
    least = min(distance for distance, _ in pairs)
    closest = [pair for distance, pair in pairs if distance == least]
    if len(closest) > 1:
        all_count = N_("Two pairs of totals are equally close (%(gap)s apart), so all count.")
        return Selection(tuple(totals), ((all_count, {"gap": least}),))
    lower, higher = closest[0]
    two_count = N_("The two closest totals count: %(higher)s and %(lower)s, %(gap)s apart.")
    return Selection((lower, higher), ((two_count, {"higher": higher, "lower": lower, "gap": least}),))


def third_judge_total(totals: Sequence[Fraction]) -> Fraction:
    """Mean of the two closest totals; of all when two closest pairs are equally close."""
    return two_closest(totals).value


# Gaps


def farthest_from_mean(totals: Sequence[Fraction]) -> Fraction:
    """The largest distance of a total from the plain mean of all of them; 0 for none."""
    if not totals:
        return Fraction(0)
    centre = mean(totals)
    return max(abs(total - centre) for total in totals)


GAP_MEASURES: dict[str, Callable[[Sequence[Fraction]], Fraction]] = {
    "max_minus_min": spread,
    "distance_from_mean": farthest_from_mean,
}
THIRD_JUDGE = "third_judge"
RECONCILE = "reconcile_keep_original"
CHAIR_DECIDES = "chair_decides"
SHARE_OF_SCALE = "share_of_scale"


def allowed_gap(gap: Gap, scale: Number | None) -> Fraction:
    """The threshold in points: 0.2 of a scale of 100 is 20. Raises ValueError for a share without a scale."""
    if gap.unit != SHARE_OF_SCALE:
        return exact(gap.threshold)
    if scale is None:
        raise ValueError("a share is of a scale")
    return exact(gap.threshold) * exact(scale)


def gap_open(gap: Gap | None, totals: Sequence[Fraction], scale: Number | None = None) -> bool:
    """Whether the judges are too far apart: strictly more than the threshold allows."""
    return gap is not None and GAP_MEASURES[gap.type](totals) > allowed_gap(gap, scale)


def fewest(round_: Round) -> int:
    """The sheets that an entry cannot do without: the rules' minimum, else all that they ask for."""
    return round_.judges_per_entry if round_.min_sheets is None else round_.min_sheets


def asked(round_: Round, present: int, waived: int) -> int:
    """How many sheets an entry needs: `judges_per_entry`, less those let pass by name and reason.

    Never less than the `fewest`. Of `present` sheets all those asked for count, so that letting pass what has come
    in after all changes nothing.
    """
    return max(min(present, round_.judges_per_entry), fewest(round_), round_.judges_per_entry - waived)


class Dialogue(StrEnum):
    """Where the judges' talk about a gap stands. SETTLED is the chair's record."""

    NONE = "none"
    OPEN = "open"
    SETTLED = "settled"


def dialogue_after(
    state: Dialogue,
    round_: Round,
    totals: Sequence[Fraction],
    *,
    needed: int | None = None,
    scale: Number | None = None,
) -> Dialogue:
    """The state after a sheet has become final or has changed; `totals` of all sheets that count now.

    A gap opens the talk, also again after the chair has settled it. New scores that close a gap do
    not end the talk: the chair records that. Before the `needed` sheets are in (all that the round asks
    for, unless some are let pass) there is no gap.
    """
    gap = round_.gap
    needed = round_.judges_per_entry if needed is None else needed
    if gap is None or gap.action != RECONCILE or len(totals) < needed:
        return state
    return Dialogue.OPEN if gap_open(gap, totals, scale) else state
