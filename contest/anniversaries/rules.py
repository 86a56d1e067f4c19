"""Working days, and how an anniversary is counted, classed and worded.

Days off are data by year (`data/holidays.json`), corrected there when the yearly decision comes,
never in code. The file is read once per process.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

HOLIDAYS = Path(__file__).with_name("data") / "holidays.json"
KINDS = ("holiday", "in_lieu", "swap")
STATUSES = ("fixed", "decided", "to_confirm")
# Dates that no decision moves: all that is known of a year that the file does not hold yet.
FIXED_DAYS = ((1, 1), (4, 30), (5, 1), (9, 2))
_SATURDAY = 5


class HolidayDataError(ValueError):
    """The file of holidays says something that cannot be."""


@dataclass(frozen=True, slots=True)
class DayOff:
    """A day on which State bodies do not work. `name` is a {vi, en} pair."""

    on: date
    kind: str
    status: str
    name: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days off and Saturdays or Sundays worked in exchange, for the years that the file holds."""

    years: frozenset[int]
    off: Mapping[date, DayOff]
    working: frozenset[date]

    def is_working_day(self, day: date) -> bool:
        """Monday to Friday, holidays and days in lieu excepted, swapped days included."""
        if day in self.working:
            return True
        if day.weekday() >= _SATURDAY or day in self.off:
            return False
        return day.year in self.years or (day.month, day.day) not in FIXED_DAYS


def read_calendar(document: Mapping[str, Any]) -> Calendar:
    """The calendar of a holidays document. Raises HolidayDataError, naming the day."""
    off: dict[date, DayOff] = {}
    working: set[date] = set()
    for year, days in document["years"].items():
        for item in days["off"]:
            on = date.fromisoformat(item["date"])
            if str(on.year) != year or on in off:
                raise HolidayDataError(f"{on}: twice, or under the wrong year")
            if item["kind"] not in KINDS or item["status"] not in STATUSES:
                raise HolidayDataError(f"{on}: unknown kind or status")
            off[on] = DayOff(on, item["kind"], item["status"], item["name"])
        working |= {date.fromisoformat(text) for text in days["working"]}
    if clash := working & off.keys():
        raise HolidayDataError(f"{min(clash)}: both off and worked")
    return Calendar(frozenset(map(int, document["years"])), off, frozenset(working))


@cache
def calendar() -> Calendar:
    """The calendar that this site works by."""
    return read_calendar(json.loads(HOLIDAYS.read_text("utf-8")))


def is_working_day(day: date) -> bool:
    """Whether State bodies work on `day`. Years without data: weekends and fixed dates alone."""
    return calendar().is_working_day(day)


def _days_after(day: date) -> Iterator[date]:
    while True:
        day += timedelta(days=1)
        yield day


def add_working_days(start: date, count: int) -> date:
    """The last day of a term of `count` working days; the day of the act itself does not count.

    A term of 7 days from Thursday 15/4/2027 ends on Tuesday 27/4: Giỗ Tổ (16/4) does not count.
    """
    if count < 1:
        raise ValueError(f"a term has at least one day: {count}")
    left = count
    for day in _days_after(start):
        if is_working_day(day):
            left -= 1
            if not left:
                return day
    raise AssertionError("days do not end")


def working_days_between(start: date, end: date) -> int:
    """How many working days come after `start`, up to and including `end`; negative when late."""
    if end < start:
        return -working_days_between(end, start)
    return sum(is_working_day(start + timedelta(days=step)) for step in range(1, (end - start).days + 1))


def ordinal(founding_year: int, year: int) -> int:
    """Which anniversary `year` is: the year held less the founding year (NĐ 145/2013, điều 3)."""
    if year <= founding_year:
        raise ValueError(f"{year} is not after {founding_year}")
    return year - founding_year


def year_class(number: int) -> str:
    """tron: the ordinal ends in 0; le5: in 5; khac: any other (NĐ 145/2013, điều 3).

    For Giỗ Tổ Hùng Vương, which has no founding year, `number` is the solar year itself.
    """
    return {0: "tron", 5: "le5"}.get(number % 10, "khac")


def wording(name: str, founded: date, on: date) -> str:
    """The Vietnamese words: "kỷ niệm 79 năm Ngày … (11/6/1948 - 11/6/2027)"."""
    number = ordinal(founded.year, on.year)
    return f"kỷ niệm {number} năm {name} ({founded.day}/{founded.month}/{founded.year} - {on.day}/{on.month}/{on.year})"
