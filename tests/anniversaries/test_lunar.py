"""The lunar calendar against published dates, and against itself."""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from contest.anniversaries.lunar import (
    FIRST_YEAR,
    LAST_YEAR,
    LunarDay,
    lunar_day,
    months_of,
    new_year,
    solar_day,
)

PUBLISHED = json.loads(Path(__file__).with_name("published.json").read_text("utf-8"))["years"]
# What China keeps: the two countries' days begin an hour apart.
CHINA = {1968: date(1968, 1, 30), 1985: date(1985, 2, 20), 2007: date(2007, 2, 18), 2030: date(2030, 2, 3)}
# Days that newspapers and registers of Vietnam name.
NAMED = [
    (LunarDay(2026, 1, 1), date(2026, 2, 17)),
    (LunarDay(2027, 1, 1), date(2027, 2, 6)),
    (LunarDay(2028, 3, 10), date(2028, 4, 4)),
    (LunarDay(2025, 6, 1, leap=True), date(2025, 7, 25)),
    (LunarDay(2023, 2, 1, leap=True), date(2023, 3, 22)),
    (LunarDay(2026, 8, 15), date(2026, 9, 25)),
    (LunarDay(2025, 12, 29), date(2026, 2, 16)),  # the last day of the year
    (LunarDay(2028, 11, 23), date(2029, 1, 7)),
]


@pytest.mark.parametrize("year", [int(year) for year in PUBLISHED])
def test_tet_gio_to_and_the_leap_month_are_the_published_ones(year: int) -> None:
    said = PUBLISHED[str(year)]
    assert new_year(year) == date.fromisoformat(said["tet"])
    assert solar_day(LunarDay(year, 3, 10)) == date.fromisoformat(said["gio_to"])
    assert next((month.number for month in months_of(year) if month.leap), 0) == said["leap"]


@pytest.mark.parametrize(("year", "there"), CHINA.items())
def test_where_vietnam_and_china_differ(year: int, there: date) -> None:
    assert new_year(year) != there and abs((new_year(year) - there).days) in {1, 30}


@pytest.mark.parametrize(("lunar", "solar"), NAMED)
def test_days_that_are_known(lunar: LunarDay, solar: date) -> None:
    assert solar_day(lunar) == solar


def test_every_day_has_one_name_and_the_way_back() -> None:
    day, last = new_year(FIRST_YEAR), date(LAST_YEAR, 12, 31)
    before = None
    while day <= last:
        name = lunar_day(day)
        assert solar_day(name) == day
        assert before is None or name > before or (name.month, name.leap, before.leap) == (before.month, True, False)
        before, day = name, day + timedelta(days=1)


def test_years_have_twelve_or_thirteen_months_of_29_or_30_days() -> None:
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        months = months_of(year)
        assert [month.number for month in months if not month.leap] == list(range(1, 13))
        assert len(months) in {12, 13} and {month.days for month in months} <= {29, 30}
        assert all(one.first + timedelta(days=one.days) == two.first for one, two in pairwise(months))


@pytest.mark.parametrize(
    "lunar",
    [
        LunarDay(2026, 0, 1),
        LunarDay(2026, 13, 1),
        LunarDay(2026, 1, 31),
        LunarDay(2026, 1, 0),
        LunarDay(2025, 12, 30),  # that month has 29 days
        LunarDay(2026, 6, 1, leap=True),  # that year has no leap month
    ],
)
def test_what_a_year_does_not_have_is_refused(lunar: LunarDay) -> None:
    with pytest.raises(ValueError, match="no such"):
        solar_day(lunar)


def test_years_that_are_not_known_are_refused() -> None:
    for year in (FIRST_YEAR - 1, LAST_YEAR + 1):
        with pytest.raises(ValueError, match="are known"):
            months_of(year)
    with pytest.raises(ValueError, match="are known"):
        lunar_day(new_year(FIRST_YEAR) - timedelta(days=1))
