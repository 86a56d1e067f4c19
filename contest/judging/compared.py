"""Judges compared: how they differ, where they disagree, how much the places rest on one of them. Pure.

Advice for the head of jury; nothing here ever changes a score. Whoever calls hands in only what may be seen.
Places without a judge are exact, from the same arithmetic as the ranking. How far a place may be off is an
estimate, by drawing again from a fixed seed, so that a page looks the same twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from contest.judging.ranking import Standing, rank
from contest.judging.scoring import AGGREGATES, Sheet, spread
from contest.judging.severity import (
    DRAWS,
    MIDDLE,
    Agreement,
    Fit,
    Floats,
    JudgeFigures,
    Read,
    agreement,
    figures,
    fit_sheets,
)

LEAST_ENTRIES = 10
"""Entries with two sheets or more before anything is said."""
WIDEST = 12
MOST_FOR_TIE_RULES = 200

Retotal = Callable[[str, Sequence[Sheet]], Fraction | None]


@dataclass(frozen=True)
class Apart:
    """An entry whose judges lie far apart, in points; `beyond` when the severities are taken off."""

    entry: str
    code: str
    gap: Fraction
    beyond: float
    lowest: Sheet
    highest: Sheet


@dataclass(frozen=True)
class Ranked:
    """An entry's place by its total, and where else it might stand.

    `without`: least and greatest place when one judge's sheets are left out, exact. `drawn`: 95 of 100
    draws, `chance`: the share of draws within the line; None where the rest cannot be estimated.
    """

    entry: str
    code: str
    place: int
    within: bool
    without: tuple[int, int]
    drawn: tuple[int, int] | None = None
    chance: float | None = None

    @property
    def uncertain(self) -> bool:
        return self.chance is not None and 0.05 < self.chance < 0.95


@dataclass(frozen=True)
class Without:
    """What leaving one judge's sheets out would do. Codes of those who would come in and fall out."""

    judge: str
    entries: int
    moved: int
    farthest: int
    enter: tuple[str, ...]
    leave: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Everything that the page says. `line`: how many places are within it, 0 where there is none."""

    judges: tuple[JudgeFigures, ...]
    groups: tuple[tuple[str, ...], ...]
    rest: float | None
    agreement: Agreement
    apart: tuple[Apart, ...]
    places: tuple[Ranked, ...]
    without: tuple[Without, ...]
    line: int
    seed: int
    entries: int
    sheets: int


def enough(entries: Sequence[Read]) -> bool:
    """Whether there is something to compare."""
    return sum(len(entry.sheets) > 1 for entry in entries) >= LEAST_ENTRIES


def compare(
    entries: Sequence[Read],
    retotal: Retotal,
    *,
    aggregate: str,
    scale: float,
    line: int = 0,
    tie_break: Sequence[str] = (),
    seed: int = 0,
) -> Comparison:
    """Compare the judges of these entries, in the order in which they first appear.

    `retotal`: the total of an entry from some of its sheets, as the rules have it; None without any.
    `tie_break`: rules that part equal totals in this round, none where all of them go on. Raises
    ValueError with fewer than LEAST_ENTRIES entries that two judges have marked.
    """
    if not enough(entries):
        raise ValueError("too few entries to compare judges by")
    chance = np.random.default_rng(seed)
    fit = fit_sheets(entries)
    places = _Places(entries, line, tie_break)
    without, reach = _without_each(entries, fit.judges, retotal, places)
    drawn = _drawn(entries, fit, aggregate, scale, line, chance)
    order = sorted(range(len(entries)), key=lambda at: (places.base[at], entries[at].code))
    ranked = [_ranked(entries[at], at, places, reach, drawn) for at in order]
    return Comparison(
        judges=figures(fit, chance),
        groups=tuple(tuple(fit.judges[at] for at in group) for group in fit.groups),
        rest=fit.sigma,
        agreement=agreement(entries, chance),
        apart=_apart(entries, fit),
        places=tuple(ranked),
        without=tuple(without),
        line=line,
        seed=seed,
        entries=len(entries),
        sheets=len(fit.y),
    )


def _apart(entries: Sequence[Read], fit: Fit) -> tuple[Apart, ...]:
    """The entries whose judges lie farthest apart, by exact totals."""
    severity = dict(zip(fit.judges, fit.severity.tolist(), strict=True))
    wide = sorted(
        ((spread([sheet.total for sheet in entry.sheets]), entry) for entry in entries if len(entry.sheets) > 1),
        key=lambda pair: (-pair[0], pair[1].code),
    )
    found = []
    for gap, entry in wide[:WIDEST]:
        if gap:
            adjusted = [float(sheet.total) - severity[sheet.judge] for sheet in entry.sheets]
            by_total = sorted(entry.sheets, key=lambda sheet: sheet.total)
            beyond = max(adjusted) - min(adjusted)
            found.append(Apart(entry.entry, entry.code, gap, beyond, by_total[0], by_total[-1]))
    return tuple(found)


# Places


class _Places:
    """Places by exact totals, and by the tie rules where the round has some and the field is small."""

    def __init__(self, entries: Sequence[Read], line: int, tie_break: Sequence[str]) -> None:
        self.entries = entries
        self.line = line
        self.tie_break = tie_break if len(entries) <= MOST_FOR_TIE_RULES else ()
        self.base = self.of([entry.total for entry in entries], {})

    def of(self, totals: Sequence[Fraction | None], sheets: Mapping[int, tuple[Sheet, ...]]) -> NDArray[np.intp]:
        """The place of each entry; those without a total come last. `sheets`: where they are not all of them."""
        if not self.tie_break:
            return _by_total(totals)
        last = len(totals) + 1
        standings = [
            Standing(str(at), total, sheets.get(at, entry.sheets), entry.code)
            for at, (entry, total) in enumerate(zip(self.entries, totals, strict=True))
            if total is not None
        ]
        places = {int(placed.standing.entry): placed.place for placed in rank(standings, self.tie_break)}
        return np.array([places.get(at, last) for at in range(len(totals))], dtype=np.intp)

    def within(self, places: NDArray[np.intp]) -> NDArray[np.bool_]:
        return places <= self.line


def _by_total(totals: Sequence[Fraction | None]) -> NDArray[np.intp]:
    """Equal totals share a place and the next ones are left out: 1, 1, 3. Exact."""
    known = [total for total in totals if total is not None]
    unit = math.lcm(*{total.denominator for total in known}) if known else 1
    whole = [-1 if total is None else total.numerator * (unit // total.denominator) for total in totals]
    if max(whole, default=0) >= 2**62:
        order = {value: at for at, value in enumerate(sorted(set(whole)))}
        whole = [order[value] for value in whole]
    values = np.array(whole, dtype=np.int64)
    return 1 + len(values) - np.searchsorted(np.sort(values), values, side="right")


def _without_each(
    entries: Sequence[Read], judges: Sequence[str], retotal: Retotal, places: _Places
) -> tuple[list[Without], NDArray[np.intp]]:
    """Each judge left out in turn; and the least and greatest place that each entry had meanwhile."""
    held: dict[str, list[int]] = {judge: [] for judge in judges}
    for at, entry in enumerate(entries):
        for sheet in entry.sheets:
            held[sheet.judge].append(at)
    base, inside = places.base, places.within(places.base)
    reach = np.stack([base, base])
    found = []
    for judge in judges:
        totals: list[Fraction | None] = [entry.total for entry in entries]
        sheets = {}
        for at in held[judge]:
            left = tuple(sheet for sheet in entries[at].sheets if sheet.judge != judge)
            sheets[at] = left
            totals[at] = retotal(entries[at].entry, left) if left else None
        now = places.of(totals, sheets)
        reach = np.stack([np.minimum(reach[0], now), np.maximum(reach[1], now)])
        moved = np.abs(now - base)
        within = places.within(now)
        found.append(
            Without(
                judge,
                len(held[judge]),
                int((moved > 0).sum()),
                int(moved.max()),
                tuple(entries[at].code for at in np.flatnonzero(within & ~inside).tolist()),
                tuple(entries[at].code for at in np.flatnonzero(inside & ~within).tolist()),
            )
        )
    return found, reach


class _Drawn(NamedTuple):
    low: NDArray[Any]
    high: NDArray[Any]
    chance: Floats | None


def _drawn(
    entries: Sequence[Read], fit: Fit, aggregate: str, scale: float, line: int, chance: np.random.Generator
) -> _Drawn | None:
    """Places when every sheet is drawn again: its expected total and what some sheet departed from its own.

    Departures come from all sheets together, for two or three of an entry say too little of how far
    such sheets go; they are widened by what fitting has taken off them.
    """
    if fit.sigma is None or fit.sigma < 1e-9:
        return None
    pool = fit.residuals[fit.shared]
    pool = (pool - pool.mean()) * math.sqrt(len(pool) / fit.freedom)
    noise = pool[chance.integers(0, len(pool), (DRAWS, len(fit.y)))]
    values = np.clip(fit.level[fit.entry] + fit.severity[fit.judge] + noise, 0, scale)
    totals = np.empty((DRAWS, len(entries)))
    start = np.concatenate([[0], np.cumsum(fit.counts)]).astype(np.intp)
    plain = np.array([AGGREGATES[aggregate]([s.total for s in e.sheets]).value == e.total for e in entries])
    for count in {int(each) for each in fit.counts}:
        where = np.flatnonzero(fit.counts == count)
        block = np.sort(values[:, start[where][:, None] + np.arange(count)], axis=2)
        totals[:, where] = _aggregated(block, aggregate)
    # A total made in another way (the two closest of three, a decision) keeps its middle and varies like two.
    for at in np.flatnonzero(~plain).tolist():
        totals[:, at] = float(entries[at].total) + noise[:, start[at] : start[at] + 2].mean(axis=1)
    order = np.argsort(-totals, axis=1, kind="stable")
    places = np.empty_like(order)
    np.put_along_axis(places, order, np.arange(1, len(entries) + 1)[None, :].repeat(DRAWS, axis=0), axis=1)
    low, high = np.percentile(places, MIDDLE, axis=0, method="nearest")
    return _Drawn(low, high, (places <= line).mean(axis=0) if line else None)


def _aggregated(block: Floats, aggregate: str) -> Floats:
    """The rules' aggregate along the last axis, which is sorted."""
    count = block.shape[2]
    if aggregate == "trimmed_mean_drop_high_low" and count > 2:
        return np.asarray(block[:, :, 1:-1].mean(axis=2))
    if aggregate == "median":
        half = (count - 1) // 2
        return np.asarray(block[:, :, half : count - half].mean(axis=2))
    return np.asarray(block.mean(axis=2))


def _ranked(entry: Read, at: int, places: _Places, reach: NDArray[np.intp], drawn: _Drawn | None) -> Ranked:
    return Ranked(
        entry.entry,
        entry.code,
        int(places.base[at]),
        bool(places.base[at] <= places.line),
        (int(reach[0, at]), int(reach[1, at])),
        (int(drawn.low[at]), int(drawn.high[at])) if drawn else None,
        float(drawn.chance[at]) if drawn and drawn.chance is not None else None,
    )
