"""A judge's own figures, to calibrate by: how one's totals spread, and how far one has come.

Worked out from one's own sheets and the timetable alone; nothing of anybody else's enters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from contest.core.formats import local, marks
from contest.core.windows import Window

_STEPS = 20
# As many days as a phone shows beside each other.
_DAYS = 10


@dataclass(frozen=True)
class Distribution:
    """How often each step was given. `at`: where the mean stands among the bins, from 0 to 1."""

    bins: list[tuple[str, int]]
    mean: Fraction
    at: float
    low: Decimal
    high: Decimal


def distribution(totals: Sequence[Decimal], scale: Decimal) -> Distribution | None:
    """How often the judge gave totals in each step of a twentieth of the scale, and their mean.

    Only the steps in use, and one on either side, so that differences can be seen.
    """
    if not totals:
        return None
    width = Fraction(scale) / _STEPS
    found = Counter(min(_STEPS - 1, int(Fraction(total) / width)) for total in totals)
    first, last = max(0, min(found) - 1), min(_STEPS - 1, max(found) + 1)
    bins = [(f"{marks(width * at)}–{marks(width * (at + 1))}", found[at]) for at in range(first, last + 1)]
    mean = Fraction(sum(totals, Decimal(0))) / len(totals)
    at = (mean - width * first) / (width * (last + 1 - first))
    return Distribution(bins, mean, float(at), min(totals), max(totals))


@dataclass(frozen=True)
class Pace:
    """How many sheets were finished on each of the last days, and how many a day meet the close.

    `days_left` counts today and the last day of the window; `needed` is rounded up; both None once the window
    is over. `own`: finished a day on average since the first, over the days shown.
    """

    days: list[tuple[date, int]]
    left: int
    days_left: int | None
    needed: int | None
    own: Fraction

    @property
    def in_time(self) -> bool:
        """Whether going on as before meets the close."""
        return self.left == 0 or (self.needed is not None and self.own >= self.needed)


def pace(finished: Sequence[datetime], left: int, window: Window | None, now: datetime) -> Pace:
    """A judge's pace in a round from the instants at which their final sheets were finished, in Viet Nam's days."""
    today = local(now).date()
    counts = Counter(local(at).date() for at in finished)
    first = min(counts, default=today)
    shown = max(1, min(_DAYS, (today - first).days + 1))
    days = [today - timedelta(days=back) for back in range(shown - 1, -1, -1)]
    own = Fraction(sum(counts[day] for day in days), shown)
    days_left = needed = None
    if window is not None and now < window.closes:
        # A window that closes at midnight has its last day before that.
        last = local(window.closes - timedelta(microseconds=1)).date()
        begins = max(today, local(window.opens).date())
        days_left = (last - begins).days + 1
        needed = -(-left // days_left)
    return Pace([(day, counts[day]) for day in days], left, days_left, needed, own)
