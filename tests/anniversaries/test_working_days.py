"""Working days across holidays, and how an anniversary is counted, classed and worded."""

from __future__ import annotations

import copy
import json
from datetime import date, timedelta

import pytest

from contest.anniversaries.rules import (
    HOLIDAYS,
    HolidayDataError,
    add_working_days,
    calendar,
    expected_days_off,
    expected_name,
    is_working_day,
    last_day_before,
    ordinal,
    read_calendar,
    shipped_calendar,
    working_days_between,
    year_class,
)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2027, 2, 4), True),  # Thursday before Tết
        (date(2027, 2, 5), False),  # the last day of the old year
        (date(2027, 2, 6), False),  # mùng 1, a Saturday
        (date(2027, 2, 10), False),  # in lieu of mùng 1
        (date(2027, 2, 11), False),  # in lieu of mùng 2
        (date(2027, 2, 12), True),
        (date(2027, 4, 16), False),  # Giỗ Tổ, 10/3 âm lịch
        (date(2027, 4, 30), False),
        (date(2027, 5, 3), False),  # in lieu of Saturday 1/5
        (date(2027, 9, 2), False),
        (date(2027, 9, 3), False),
        (date(2026, 4, 27), False),  # in lieu of Giỗ Tổ on a Sunday
        (date(2026, 9, 1), False),
        (date(2026, 11, 24), False),  # Ngày Văn hóa Việt Nam, to be confirmed
        (date(2028, 1, 26), False),  # mùng 1
        (date(2028, 4, 4), False),  # Giỗ Tổ
        (date(2028, 1, 3), False),  # in lieu of Saturday 1/1
        (date(2027, 3, 20), False),  # a Saturday
        (date(2027, 3, 22), True),
    ],
)
def test_days_off(day, works):
    assert is_working_day(day) is works


def test_every_year_has_the_eleven_days_of_the_labour_code():
    off = calendar().off.values()
    for year in (2026, 2027, 2028):
        days = [day for day in off if day.on.year == year and day.kind == "holiday"]
        assert len([day for day in days if (day.on.month, day.on.day) != (11, 24)]) == 11
        assert sum("Tết Nguyên đán" in day.name["vi"] for day in days) == 5
        assert sum("Quốc khánh" in day.name["vi"] for day in days) == 2
        assert next(day for day in days if (day.on.month, day.on.day) == (11, 24)).status == "to_confirm"


def test_a_weekend_holiday_has_its_day_in_lieu():
    for year in (2026, 2027, 2028):
        days = [day for day in calendar().off.values() if day.on.year == year]
        lost = [day for day in days if day.kind == "holiday" and day.on.weekday() >= 5]
        assert len(lost) == sum(day.kind == "in_lieu" for day in days)


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        (date(2027, 4, 15), 7, date(2027, 4, 27)),  # over Giỗ Tổ
        (date(2027, 4, 27), 3, date(2027, 5, 4)),  # over 30/4, 1/5 and the day in lieu
        (date(2027, 2, 4), 1, date(2027, 2, 12)),  # over Tết
        (date(2027, 2, 3), 5, date(2027, 2, 17)),
        (date(2027, 3, 20), 7, date(2027, 3, 30)),  # begun on a Saturday
        (date(2027, 8, 30), 5, date(2027, 9, 8)),  # over 2/9
    ],
)
def test_terms(start, count, end):
    assert add_working_days(start, count) == end
    assert working_days_between(start, end) == count
    assert working_days_between(end, start) == -count


def test_a_term_ends_on_a_working_day_and_grows_with_its_length():
    start = date(2026, 12, 20)
    for offset in range(120):
        day = start + timedelta(days=offset)
        ends = [add_working_days(day, count) for count in (1, 2, 3, 10)]
        assert ends == sorted(set(ends))
        assert all(is_working_day(end) for end in ends)


def test_a_term_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one day"):
        add_working_days(date(2027, 3, 20), 0)


def test_a_year_without_data_knows_weekends_and_fixed_dates():
    assert not is_working_day(date(2031, 9, 2))
    assert not is_working_day(date(2031, 9, 6))
    assert is_working_day(date(2031, 9, 3))


def test_broken_data_is_found():
    document = json.loads(HOLIDAYS.read_text("utf-8"))
    for change in (
        lambda years: years["2027"]["off"].append(years["2027"]["off"][0]),
        lambda years: years["2027"]["off"].append(years["2028"]["off"][0]),
        lambda years: years["2027"]["off"][0].update(kind="party"),
        lambda years: years["2027"]["working"].append("2027-01-01"),
    ):
        broken = copy.deepcopy(document)
        change(broken["years"])
        with pytest.raises(HolidayDataError):
            read_calendar(broken)


def test_a_swapped_saturday_is_worked():
    document = json.loads(HOLIDAYS.read_text("utf-8"))
    document["years"]["2027"]["working"].append("2027-02-20")
    assert read_calendar(document).is_working_day(date(2027, 2, 20))


def test_anniversaries_are_counted_and_classed():
    assert [year_class(number) for number in (80, 85, 79, 97)] == ["tron", "le5", "khac", "khac"]
    assert ordinal(1948, 2027) == 79
    with pytest.raises(ValueError, match="not after"):
        ordinal(2027, 2027)


def test_a_year_that_nobody_entered_has_the_days_of_the_law():
    off = expected_days_off(2035)
    assert {date(2035, 1, 1), date(2035, 2, 8), date(2035, 4, 17), date(2035, 4, 30), date(2035, 9, 2)} <= off
    assert not is_working_day(date(2035, 2, 8)) and not is_working_day(date(2035, 9, 4))  # Tết; in lieu of a Sunday
    assert date(1900, 4, 30) in expected_days_off(1900)


def test_the_days_of_the_law_are_like_those_that_were_decided():
    """For years whose decision is known, the law alone is off by a few days at most."""
    for year in (2026,):
        decided = {day for day in shipped_calendar().off if day.year == year}
        assert len(decided ^ expected_days_off(year)) <= 4


@pytest.mark.parametrize(
    ("end", "count", "start"),
    [
        (date(2027, 4, 27), 7, date(2027, 4, 18)),
        (date(2027, 3, 26), 5, date(2027, 3, 21)),
        (date(2027, 3, 22), 1, date(2027, 3, 21)),
    ],
)
def test_the_last_day_on_which_a_term_may_begin(end, count, start):
    found = last_day_before(end, count)
    assert found == start and add_working_days(found, count) == end
    assert add_working_days(found + timedelta(days=1), count) > end


def test_the_days_that_the_law_alone_gives_have_their_names():
    """Every day that a year without a decision has off is named as the entered years name it."""
    entered = shipped_calendar()
    for year in sorted(entered.years):
        for day in expected_days_off(year) & entered.off.keys():
            kind, name, _english = expected_name(day)
            known = entered.off[day]
            assert kind == known.kind, day
            assert kind == "in_lieu" or known.name["vi"].startswith(name.split(" (")[0]), day
    assert expected_name(date(2031, 1, 22))[1] == "Tết Nguyên đán"
