"""Commemorations: days of the year, solar or lunar, that are kept, and what falls when. Pure.

A commemoration may be known to the day, to the month or to the year alone. It is counted from its
founding year: by the year held less the founding year (Nghị định 145/2013/NĐ-CP, điều 3), where a
lunar day is counted by its lunar year, and Giỗ Tổ Hùng Vương by the solar year itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from contest.anniversaries.lunar import FIRST_YEAR, LAST_YEAR, LunarDay, months_of, solar_day
from contest.anniversaries.rules import year_class
from contest.core.formats import ENGLISH_MONTHS

SOLAR, LUNAR = "solar", "lunar"
CALENDARS: Final = (SOLAR, LUNAR)
PRECISIONS: Final = ("day", "month", "year")
_COUNTED: Final = ("ordinal", "solar_year")
# A lunar year ends in January or February of the solar year after it.
# First words of English names that are events, not the names of days.
_EVENTS_EN: Final = frozenset(
    ("Birth", "Birthday", "Call", "Death", "Departure", "Founding", "Liberation", "Merger", "Re-establishment")
) | {"Seizure"}
_MONTH_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class BadCommemoration(ValueError):
    """What was given is no commemoration; says why."""


@dataclass(frozen=True, slots=True)
class Commemoration:
    """What is kept. `founded`: YYYY, YYYY-MM or YYYY-MM-DD, "" when nobody knows; `name` as {vi, en}."""

    code: str
    name_vi: str
    name_en: str
    calendar: Literal["solar", "lunar"]
    precision: Literal["day", "month", "year"]
    month: int | None
    day: int | None
    founding_year: int | None
    founded: str = ""
    counted_by: Literal["ordinal", "solar_year"] = "ordinal"

    def __post_init__(self) -> None:
        if self.calendar not in CALENDARS or self.precision not in PRECISIONS or self.counted_by not in _COUNTED:
            raise BadCommemoration(f"{self.code}: unknown calendar, precision or count")
        if (self.month is None) != (self.precision == "year") or (self.day is None) != (self.precision != "day"):
            raise BadCommemoration(f"{self.code}: month and day do not fit the precision")
        if self.month is not None and not 1 <= self.month <= 12:
            raise BadCommemoration(f"{self.code}: month {self.month}")
        most = 30 if self.calendar == LUNAR else _MONTH_DAYS[(self.month or 1) - 1]
        if self.day is not None and not 1 <= self.day <= most:
            raise BadCommemoration(f"{self.code}: day {self.day}")
        if self.calendar == LUNAR and self.precision != "day":
            raise BadCommemoration(f"{self.code}: a lunar commemoration has its day")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A commemoration in one year. `year`: the one by which it is counted, the lunar one for a lunar day.

    `on` is None where the day is not known. `number` is which anniversary it is, None where it has no
    founding year or was not founded yet; `kind` is tron, le5 or khac.
    """

    what: Commemoration
    year: int
    on: date | None
    number: int | None
    kind: str | None


def occurrence(what: Commemoration, year: int) -> Occurrence:
    """The commemoration as it is kept in a year; for a lunar day, in that lunar year.

    Where the year lacks the day (29 February, the 30th of a lunar month of 29 days) it is kept on the
    day before. Raises ValueError before 1968 and after 2099 for lunar days.
    """
    return Occurrence(what, year, _day_of(what, year), _number(what, year), _class_of(what, year))


def occurrences_in(found: Iterable[Commemoration], year: int) -> list[Occurrence]:
    """What falls into a solar year (1968..2099), by day; what has no day comes last, by name.

    A lunar day may fall into a solar year twice, or not at all. Raises ValueError out of range.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"years from {FIRST_YEAR} to {LAST_YEAR} are known, not {year}")
    kept = []
    for what in found:
        # Not before it began: what was founded later is not kept yet.
        years = (year - 1, year) if what.calendar == LUNAR else (year,)
        for each in years:
            if what.calendar == LUNAR and each < FIRST_YEAR:
                continue
            held = occurrence(what, each)
            began = what.founding_year is None or each >= what.founding_year
            if began and (held.on is None or held.on.year == year):
                kept.append(held)
    return sorted(kept, key=lambda held: (held.on is None, held.on or date.max, held.what.name_vi))


def _day_of(what: Commemoration, year: int) -> date | None:
    if what.month is None or what.day is None:
        return None
    if what.calendar == LUNAR:
        months = {month.number: month.days for month in months_of(year) if not month.leap}
        return solar_day(LunarDay(year, what.month, min(what.day, months[what.month])))
    try:
        return date(year, what.month, what.day)
    except ValueError:
        return date(year, 2, 28)


def _number(what: Commemoration, year: int) -> int | None:
    if what.founding_year is None or year <= what.founding_year:
        return None
    return year - what.founding_year


def _class_of(what: Commemoration, year: int) -> str | None:
    if what.counted_by == "solar_year":
        return year_class(year)
    number = _number(what, year)
    return None if number is None else year_class(number)


def occasion_vi(held: Occurrence) -> str:
    """The words of an announcement: "nhân dịp kỷ niệm 80 năm … (11/6/1948 - 11/6/2028)".

    Dates stand as far as both are known; a lunar day is written as such, with the day on which it falls.
    """
    name = _bare(held.what.name_vi)
    if held.number is None:
        return f"nhân dịp {name}{_dates_vi(held)}"
    name = name.removeprefix("Năm ")  # "kỷ niệm 200 năm thành lập", not "năm Năm thành lập"
    return f"nhân dịp kỷ niệm {held.number} năm {name}{_dates_vi(held)}"


def occasion_en(held: Occurrence) -> str:
    """The same in English: "to mark the 80th anniversary of … (11 June 1948 – 11 June 2028)"."""
    name = _bare(held.what.name_en)
    if held.number is None:
        return f"to mark {name}{_dates_en(held)}"
    if name.split(" ", 1)[0] in _EVENTS_EN:
        name = f"the {name[0].lower()}{name[1:]}"
    return f"to mark the {_ordinal_en(held.number)} anniversary of {name}{_dates_en(held)}"


def _bare(name: str) -> str:
    """A name without what stands in brackets at its end: the dates of the occasion follow there."""
    return name[: name.rindex(" (")] if name.endswith(")") and " (" in name else name


def _dates_vi(held: Occurrence) -> str:
    what, founded = held.what, _founded(held.what)
    if held.on is None:
        return f" ({_part_vi(what.founded)} - {_part_vi(_kept(held))})" if what.founded and held.number else ""
    if what.calendar == LUNAR:
        return f" ({what.day}/{what.month} âm lịch, tức {_vi(held.on)})"
    return f" ({_vi(founded)} - {_vi(held.on)})" if founded and held.number is not None else f" ({_vi(held.on)})"


def _dates_en(held: Occurrence) -> str:
    what, founded = held.what, _founded(held.what)
    if held.on is None:
        return f" ({_part_en(what.founded)} – {_part_en(_kept(held))})" if what.founded and held.number else ""
    if what.calendar == LUNAR:
        return f" (day {what.day} of lunar month {what.month}, {_en(held.on)})"
    return f" ({_en(founded)} – {_en(held.on)})" if founded and held.number is not None else f" ({_en(held.on)})"


def _kept(held: Occurrence) -> str:
    """The year that is kept, as far as the founding is known: YYYY or YYYY-MM."""
    return f"{held.year}{held.what.founded[4:7]}"


def _part_vi(known: str) -> str:
    return "/".join(str(int(part)) for part in reversed(known.split("-")))


def _part_en(known: str) -> str:
    year, _dash, month = known.partition("-")
    return f"{ENGLISH_MONTHS[int(month[:2]) - 1]} {year}" if month else year


def _founded(what: Commemoration) -> date | None:
    """The founding day; None where it is not known to the day, or fell on another day of the year."""
    try:
        founded = date.fromisoformat(what.founded)
    except ValueError:
        return None
    return founded if (founded.month, founded.day) == (what.month, what.day) else None


def _vi(day: date) -> str:
    return f"{day.day}/{day.month}/{day.year}"


def _en(day: date) -> str:
    return f"{day.day} {ENGLISH_MONTHS[day.month - 1]} {day.year}"


def _ordinal_en(number: int) -> str:
    last = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"
