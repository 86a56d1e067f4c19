"""Working days, and how an anniversary is counted and classed.

Days off are data by year, never code: `data/holidays.json` to begin with, and what an operator enters
when the yearly decision comes (anniversaries.queries), which replaces the year.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from contest.anniversaries.lunar import FIRST_YEAR, LAST_YEAR, LunarDay, new_year, solar_day

HOLIDAYS = Path(__file__).with_name("data") / "holidays.json"
KINDS = ("holiday", "in_lieu", "swap")
STATUSES = ("fixed", "decided", "to_confirm")
_SATURDAY = 5
# Ngày Văn hóa Việt Nam (Nghị quyết 28/2026/QH16, from a secondary source).
_CULTURE_DAY_SINCE = 2026


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
        return day.year in self.years or day not in expected_days_off(day.year)


@cache
def expected_days_off(year: int) -> frozenset[date]:
    """Days off of a year that nobody has entered yet, by the law alone: to be confirmed by the yearly decision.

    Bộ luật Lao động 2019, điều 111 and 112: Tết five days, taken from the last of the old year on,
    Giỗ Tổ, and a day beside 2 September; a holiday at a weekend is made up for on the next working
    day. Years whose lunar calendar is not known have the fixed dates alone.
    """
    holidays = [date(year, 1, 1), date(year, 4, 30), date(year, 5, 1), date(year, 9, 2)]
    if year >= _CULTURE_DAY_SINCE:
        holidays.append(date(year, 11, 24))
    holidays.append(date(year, 9, 1) if date(year, 9, 2).weekday() in {1, 2, 3, 6} else date(year, 9, 3))
    if FIRST_YEAR <= year <= LAST_YEAR:
        eve = new_year(year) - timedelta(days=1)
        holidays += [eve + timedelta(days=step) for step in range(5)]
        holidays.append(solar_day(LunarDay(year, 3, 10)))
    off = set(holidays)
    for day in sorted(holidays):
        if day.weekday() >= _SATURDAY:
            off.add(next(other for other in _days_after(day) if other.weekday() < _SATURDAY and other not in off))
    return frozenset(off)


_NAMED = {
    (1, 1): ("Tết Dương lịch", "New Year's Day"),
    (4, 30): ("Ngày Chiến thắng", "Victory Day"),
    (5, 1): ("Ngày Quốc tế lao động", "International Workers' Day"),
    (9, 2): ("Quốc khánh", "National Day"),
    (11, 24): ("Ngày Văn hóa Việt Nam", "Vietnam Culture Day"),
}


def expected_name(day: date) -> tuple[str, str, str]:
    """Kind and names, in Vietnamese and English, of one of `expected_days_off`."""
    if FIRST_YEAR <= day.year <= LAST_YEAR:
        if -1 <= (day - new_year(day.year)).days <= 3:
            return "holiday", "Tết Nguyên đán", "Lunar New Year"
        if day == solar_day(LunarDay(day.year, 3, 10)):
            return "holiday", "Giỗ Tổ Hùng Vương", "Hùng Kings' Day"
    beside = date(day.year, 9, 1) if date(day.year, 9, 2).weekday() in {1, 2, 3, 6} else date(day.year, 9, 3)
    if day == beside:
        return "holiday", "Quốc khánh (ngày liền kề)", "National Day (the day beside it)"
    if (day.month, day.day) in _NAMED:
        return "holiday", *_NAMED[day.month, day.day]
    return "in_lieu", "Nghỉ bù", "Day in lieu"


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
def shipped_holidays() -> Mapping[str, Any]:
    """The holidays document as the software brings it."""
    document: Mapping[str, Any] = json.loads(HOLIDAYS.read_text("utf-8"))
    return document


@cache
def shipped_calendar() -> Calendar:
    """The calendar of `shipped_holidays`."""
    return read_calendar(shipped_holidays())


_source: list[Callable[[], Calendar]] = [shipped_calendar]


def use_calendar(source: Callable[[], Calendar]) -> None:
    """Make `source` the calendar that this process counts by: the application's, with what was entered."""
    _source[0] = source


def calendar() -> Calendar:
    """The calendar that this site works by."""
    return _source[0]()


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
    left, known = count, calendar()
    for day in _days_after(start):
        if known.is_working_day(day):
            left -= 1
            if not left:
                return day
    raise AssertionError("days do not end")


def working_days_between(start: date, end: date) -> int:
    """How many working days come after `start`, up to and including `end`; negative when late."""
    if end < start:
        return -working_days_between(end, start)
    known = calendar()
    return sum(known.is_working_day(start + timedelta(days=step)) for step in range(1, (end - start).days + 1))


def last_day_before(end: date, count: int) -> date:
    """The latest day on which a term of `count` working days may begin so that it ends by `end`."""
    if count < 1:
        raise ValueError(f"a term has at least one day: {count}")
    known, left, day = calendar(), count, end
    while True:
        if known.is_working_day(day):
            left -= 1
        day -= timedelta(days=1)
        if not left:
            return day


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
