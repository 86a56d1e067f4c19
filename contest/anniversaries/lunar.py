"""The Vietnamese lunar calendar: by the true moon and sun, in days of Vietnam (UTC+7). Pure.

A month begins on the day of the new moon. Month 11 holds the winter solstice. Where thirteen months
lie between two of them, the first in which the sun enters none of its twelve signs is a leap month
and bears the number of the month before. China follows the same rule with days at UTC+8, so that
now and then a month, a leap month or New Year differ (1968, 1985, 2007, 2030).

In force so since 1/1/1968; before that, days were told otherwise, so earlier years are refused.
Where the moon and the sun are is worked out by a library (astronomy-engine, within a minute of arc).

How fast the earth will turn decades from now nobody knows to the minute. Four months of the years to
come begin within 70 seconds of midnight as computed now, and may turn out a day earlier or later: the
4th of 2054, the 11th of 2072, the 10th of 2077 and the 9th of 2085.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Final

import astronomy

FIRST_YEAR: Final = 1968
LAST_YEAR: Final = 2099
_AHEAD: Final = timedelta(hours=7)
_EPOCH: Final = datetime(2000, 1, 1, 12, tzinfo=UTC)  # where the library counts its days from, in UTC
_NOVEMBER: Final = 11


@dataclass(frozen=True, slots=True, order=True)
class LunarDay:
    """A day as the lunar calendar names it. `leap`: in the second month of this number."""

    year: int
    month: int
    day: int
    leap: bool = False


@dataclass(frozen=True, slots=True)
class _Month:
    year: int
    number: int
    leap: bool
    first: date
    days: int


def solar_day(lunar: LunarDay) -> date:
    """The day of a lunar day.

    Raises ValueError for one that the year does not have (the 30th of a month of 29 days, a leap month
    in a year without it), and for years before 1968 or after 2099.
    """
    months = {(month.number, month.leap): month for month in months_of(lunar.year)}
    month = months.get((lunar.month, lunar.leap))
    if month is None or not 1 <= lunar.day <= month.days:
        raise ValueError(f"no such lunar day: {lunar}")
    return month.first + timedelta(days=lunar.day - 1)


def lunar_day(day: date) -> LunarDay:
    """The name of a day in the lunar calendar. Raises ValueError before Tết 1968 and after 2099."""
    year = day.year if day >= new_year(day.year) else day.year - 1
    month = next(month for month in reversed(months_of(year)) if month.first <= day)
    return LunarDay(month.year, month.number, (day - month.first).days + 1, month.leap)


def new_year(year: int) -> date:
    """The first day of Tết in a solar year."""
    return months_of(year)[0].first


@cache
def months_of(year: int) -> tuple[_Month, ...]:
    """The twelve or thirteen months of a lunar year, in order. Raises ValueError out of range."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"lunar years from {FIRST_YEAR} to {LAST_YEAR} are known, not {year}")
    # From month 11 of the year before to month 10 of the one after, so that the year lies within.
    found = [*_from_solstice(year - 1), *_from_solstice(year)]
    return tuple(month for month in found if month.year == year)


@cache
def _from_solstice(year: int) -> tuple[_Month, ...]:
    """Months from the one that holds the winter solstice of `year` up to the next such, left out."""
    starts = _month_starts(_solstice(year), _solstice(year + 1))
    has_leap = len(starts) == 14
    found: list[_Month] = []
    number, of_year, passed = _NOVEMBER, year, False
    for first, following in pairwise(starts):
        leap = has_leap and not passed and bool(found) and _sign(first) == _sign(following)
        if leap:
            passed = True
        elif found:
            number = number % 12 + 1
            of_year += number == 1
        found.append(_Month(of_year, number, leap, first, (following - first).days))
    return tuple(found)


def _month_starts(first_solstice: date, next_solstice: date) -> list[date]:
    """First days of months, from the one that holds the first solstice to the one that holds the next."""
    at = _time(first_solstice - timedelta(days=31))
    starts: list[date] = []
    while not starts or starts[-1] <= next_solstice:
        found = astronomy.SearchMoonPhase(0, at, 40)
        assert found is not None  # there is a new moon in any forty days
        starts.append(_day(found))
        at = found.AddDays(20)
    starts.pop()
    while starts[1] <= first_solstice:
        starts.pop(0)
    return starts


def _solstice(year: int) -> date:
    return _day(astronomy.Seasons(year).dec_solstice)


def _sign(day: date) -> int:
    """In which of twelve signs (0..11) the sun stands when `day` begins in Vietnam."""
    return int(astronomy.SunPosition(_time(day)).elon // 30)


def _time(day: date) -> astronomy.Time:
    """The instant at which a day begins in Vietnam."""
    instant = datetime.combine(day, time.min, UTC) - _AHEAD
    return astronomy.Time((instant - _EPOCH) / timedelta(days=1))


def _day(instant: astronomy.Time) -> date:
    """The day in Vietnam in which an instant falls."""
    return (_EPOCH + timedelta(days=instant.ut) + _AHEAD).date()
