"""How severe and how steady judges are, and how far they agree: what their sheets say. Pure.

The model is additive, total = level of the entry + severity of the judge + rest, fitted by least squares,
so that a judge who had the weaker entries does not look severe. Severities are told against the mean of the
judges that shared entries link, directly or through others; where nothing links two groups of judges, no
figure compares them. Intervals hold 95 of 100: by the model's errors, or by drawing again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from contest.core.errors import N_
from contest.judging.scoring import Sheet

DRAWS = 400
MIDDLE = (2.5, 97.5)
_LEAST_FOR_SPREAD = 8

Floats = NDArray[np.float64]


class Interval(NamedTuple):
    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Read:
    """An entry with the sheets that count and the total that came of them. `code` names it."""

    entry: str
    code: str
    total: Fraction
    sheets: tuple[Sheet, ...]


@dataclass(frozen=True)
class JudgeFigures:
    """What the sheets say of one judge, beside the others.

    `severity`: points above (+) or below the judges linked with this one, on the same entries. `spread`:
    how widely the totals vary, as a share of how widely others' do on the same entries; 1 is alike.
    `departure`: the typical distance, in points, from what the entry's level and the severity make one
    expect. `group` counts from 0 the sets of judges that shared entries link. None: too few to tell.
    """

    judge: str
    sheets: int
    mean: float
    group: int | None = None
    severity: float | None = None
    severity_interval: Interval | None = None
    spread: float | None = None
    spread_interval: Interval | None = None
    departure: float | None = None

    @property
    def stands_out(self) -> bool:
        """Whether the interval of the severity leaves out 0. By chance alone it does so for one in twenty."""
        return self.severity_interval is not None and not self.severity_interval.holds(0)


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's alpha for totals as numbers; None where every total is the same."""

    alpha: float | None
    interval: Interval | None
    entries: int

    @property
    def reading(self) -> str:
        """In plain words. The bounds 0.8 and 0.667 are Krippendorff's own (Content Analysis, chapter 12)."""
        if self.alpha is None:
            return N_("Every total is the same, so agreement cannot be told from chance.")
        if self.alpha >= 0.8:
            return N_("The judges agree well: another set of judges would order the entries much the same.")
        if self.alpha >= 0.667:
            return N_("The judges agree tolerably: the order is a fair guide, small differences are not.")
        if self.alpha > 0:
            return N_("The judges agree little: which judges an entry came to weighs much in its total.")
        return N_("The judges agree no more than chance would have it.")


# The additive model


@dataclass(frozen=True)
class Fit:
    """Sheets as rows: judge and entry by number, total. Shared: of entries with two sheets or more."""

    judges: tuple[str, ...]
    judge: NDArray[np.intp]
    entry: NDArray[np.intp]
    y: Floats
    counts: Floats  # sheets of each entry
    shared: NDArray[np.bool_]
    severity: Floats
    level: Floats  # of each entry, without the severities of its judges
    groups: tuple[tuple[int, ...], ...]
    inverse: Floats
    sigma: float | None
    freedom: int

    @property
    def residuals(self) -> Floats:
        return self.y - self.level[self.entry] - self.severity[self.judge]


def fit_sheets(entries: Sequence[Read]) -> Fit:
    """Least squares by the judges' normal equations: the entries' levels are taken out of them exactly.

    The matrix is as wide as there are judges, singular once for each group, which the pseudo-inverse
    turns into "severities of a group add up to 0".
    """
    number: dict[str, int] = {}
    rows = [
        (number.setdefault(sheet.judge, len(number)), at, float(sheet.total))
        for at, entry in enumerate(entries)
        for sheet in entry.sheets
    ]
    judge = np.array([row[0] for row in rows], dtype=np.intp)
    entry = np.array([row[1] for row in rows], dtype=np.intp)
    y = np.array([row[2] for row in rows])
    counts: Floats = np.bincount(entry, minlength=len(entries)).astype(float)
    shared: NDArray[np.bool_] = np.asarray(counts[entry] > 1)
    means = np.bincount(entry, y, len(entries)) / np.maximum(counts, 1)
    seat = np.zeros((len(number), len(entries)))
    seat[judge[shared], entry[shared]] = 1
    normal = np.diag(seat.sum(axis=1)) - (seat / np.maximum(counts, 1)) @ seat.T
    right = np.bincount(judge[shared], (y - means[entry])[shared], len(number))
    inverse = np.linalg.pinv(normal, rcond=1e-10, hermitian=True).astype(np.float64)
    groups = _linked(normal)
    severity: Floats = inverse @ right
    level: Floats = np.bincount(entry, y - severity[judge], len(entries)) / np.maximum(counts, 1)
    in_groups = sum(map(len, groups))
    freedom = int(shared.sum()) - int((counts > 1).sum()) - (in_groups - len(groups))
    rest = (y - level[entry] - severity[judge])[shared]
    sigma = math.sqrt(float(rest @ rest) / freedom) if freedom > 0 else None
    return Fit(tuple(number), judge, entry, y, counts, shared, severity, level, groups, inverse, sigma, max(freedom, 0))


def _linked(normal: Floats) -> tuple[tuple[int, ...], ...]:
    """Sets of judges that shared entries link, the largest first; nobody who shares none."""
    left = {at for at in range(len(normal)) if normal[at, at] > 0}
    groups = []
    while left:
        group, waiting = set[int](), [min(left)]
        while waiting:
            at = waiting.pop()
            if at not in group:
                group.add(at)
                waiting += [int(other) for other in np.flatnonzero(np.abs(normal[at]) > 1e-9)]
        left -= group
        groups.append(tuple(sorted(group)))
    return tuple(sorted(groups, key=len, reverse=True))


def figures(fit: Fit, chance: np.random.Generator) -> tuple[JudgeFigures, ...]:
    group_of = {at: number for number, group in enumerate(fit.groups) for at in group}
    reach = _student(fit.freedom)
    residuals = fit.residuals
    found = []
    for at, judge in enumerate(fit.judges):
        mine = fit.judge == at
        sheets, mean = int(mine.sum()), float(fit.y[mine].mean())
        if at not in group_of:
            found.append(JudgeFigures(judge, sheets, mean))
            continue
        severity, error = float(fit.severity[at]), math.sqrt(max(0.0, float(fit.inverse[at, at])))
        interval = None
        if fit.sigma is not None:
            interval = Interval(severity - reach * error * fit.sigma, severity + reach * error * fit.sigma)
        ratio, ratio_interval = _spread_of(fit, at, chance)
        departure = _departure(fit, residuals, mine & fit.shared, at)
        found.append(
            JudgeFigures(
                judge, sheets, mean, group_of[at], severity, interval, ratio, ratio_interval, departure
            )
        )  # fmt: skip
    return tuple(found)


def _departure(fit: Fit, residuals: Floats, mine: NDArray[np.bool_], at: int) -> float | None:
    """The judge's residuals, each divided by what fitting takes off it (its leverage)."""
    if fit.sigma is None:
        return None
    free = float((1 - 1 / fit.counts[fit.entry[mine]]).sum()) - 1
    return math.sqrt(float(residuals[mine] @ residuals[mine]) / free) if free > 1 else None


def _spread_of(fit: Fit, at: int, chance: np.random.Generator) -> tuple[float | None, Interval | None]:
    """How widely the judge's totals vary beside single totals of others on the same entries.

    Single totals on both sides: a mean of several judges varies less by itself.
    """
    mine = fit.shared & (fit.judge == at)
    where = fit.entry[mine]
    if len(where) < _LEAST_FOR_SPREAD:
        return None, None
    # Per entry: mean and mean square of the other judges' totals, their severities taken off.
    others = fit.shared & (fit.judge != at)
    adjusted = fit.y[others] - fit.severity[fit.judge[others]]
    size = len(fit.counts)
    count = np.bincount(fit.entry[others], minlength=size)[where]
    first = np.bincount(fit.entry[others], adjusted, size)[where] / count
    second = np.bincount(fit.entry[others], adjusted**2, size)[where] / count
    own = fit.y[mine]
    centre = own.mean()  # squares of small numbers keep their digits
    parts = np.stack([own - centre, (own - centre) ** 2, first - centre, second - 2 * centre * first + centre**2])

    def ratio(means: Floats) -> Floats:
        others_vary = means[3] - means[2] ** 2
        # Where all others' totals are alike there is nothing to be a share of.
        safe = np.where(others_vary > 1e-9, others_vary, np.nan)
        return np.asarray(np.sqrt(np.maximum(means[1] - means[0] ** 2, 0) / safe))

    value = float(ratio(parts.mean(axis=1)))
    if math.isnan(value):
        return None, None
    drawn = ratio(parts[:, chance.integers(0, len(own), (DRAWS, len(own)))].mean(axis=2))
    return value, interval_of(drawn)


def interval_of(drawn: Floats) -> Interval | None:
    known = drawn[np.isfinite(drawn)]
    if len(known) < DRAWS // 2:
        return None
    low, high = np.percentile(known, MIDDLE)
    return Interval(float(low), float(high))


def _student(freedom: int) -> float:
    """The 97.5th percentile of Student's t, by its expansion in 1/freedom (Abramowitz and Stegun 26.7.5)."""
    if freedom < 1:
        return math.inf
    z, n = 1.959964, float(freedom)
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    )


# Agreement


def agreement(entries: Sequence[Read], chance: np.random.Generator) -> Agreement:
    """Krippendorff's alpha for numbers, by sums of squares; its interval by drawing entries again.

    Equal to the general form over all pairs of values, which takes seconds where this takes none.
    """
    shared = [[float(sheet.total) for sheet in entry.sheets] for entry in entries if len(entry.sheets) > 1]
    if not shared:
        return Agreement(None, None, 0)
    centre = sum(map(sum, shared)) / sum(map(len, shared))
    units = np.array(
        [
            (len(totals), sum(each := [total - centre for total in totals]), sum(value**2 for value in each))
            for totals in shared
        ]
    )
    m, first, second = units.T
    columns = np.stack([m, first, second, (m * second - first**2) / (m - 1)], axis=1)

    def alpha(sums: Floats) -> Floats:
        n, total, squares, within = sums.T
        expected = (n * squares - total**2) / (n - 1)
        return np.asarray(1 - within / np.where(expected > 1e-9, expected, np.nan))

    value = float(alpha(columns.sum(axis=0, keepdims=True))[0])
    if math.isnan(value):
        return Agreement(None, None, len(shared))
    again = chance.multinomial(len(shared), np.full(len(shared), 1 / len(shared)), DRAWS).astype(float)
    return Agreement(value, interval_of(alpha(again @ columns)), len(shared))
