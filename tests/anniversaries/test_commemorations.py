"""What falls when, which anniversary it is, and the words for it."""

from __future__ import annotations

from datetime import date

import pytest

from contest.anniversaries.commemorations import (
    BadCommemoration,
    Commemoration,
    occasion_en,
    occasion_vi,
    occurrence,
    occurrences_in,
)
from contest.anniversaries.queries import starting_set

SET = {code: listed.what for code, listed in starting_set().items()}
# (code, year, day, number, class), from registers and the press.
KEPT = [
    ("thi-dua-ai-quoc", 2023, date(2023, 6, 11), 75, "le5"),
    ("thi-dua-ai-quoc", 2027, date(2027, 6, 11), 79, "khac"),
    ("thi-dua-ai-quoc", 2028, date(2028, 6, 11), 80, "tron"),
    ("2-9", 2025, date(2025, 9, 2), 80, "tron"),
    ("dang-3-2", 2030, date(2030, 2, 3), 100, "tron"),
    ("30-4", 2025, date(2025, 4, 30), 50, "tron"),
    ("gio-to", 2027, date(2027, 4, 16), None, "khac"),
    ("gio-to", 2030, date(2030, 4, 12), None, "tron"),
    ("tet", 2030, date(2030, 2, 2), None, None),
    ("nguyen-du-mat", 2020, date(2020, 9, 26), 200, "tron"),
    ("nguyen-du-sinh", 2028, date(2029, 1, 7), 263, "khac"),
    ("thanh-lap-ht", 2031, None, 200, "tron"),
]


@pytest.mark.parametrize(("code", "year", "day", "number", "kind"), KEPT)
def test_what_is_known(code, year, day, number, kind):
    held = occurrence(SET[code], year)
    assert (held.on, held.number, held.kind) == (day, number, kind)


def test_a_year_lists_every_day_once_in_order_and_what_has_no_day_last():
    for year in (1968, 1985, 2026, 2029, 2099):
        held = occurrences_in(SET.values(), year)
        dated = [each.on for each in held if each.on]
        assert dated == sorted(dated) and all(on.year == year for on in dated)
        assert [each.on for each in held][: len(dated)] == dated
        assert len({(each.what.code, each.year) for each in held}) == len(held)


def test_a_lunar_day_may_come_twice_in_a_year_or_not_at_all():
    counts = {
        year: sum(each.what.code == "nguyen-du-sinh" for each in occurrences_in(SET.values(), year))
        for year in range(2000, 2060)
    }
    assert set(counts.values()) == {0, 1, 2} and sum(counts.values()) in {59, 60, 61}


def test_nothing_is_kept_before_it_began():
    assert "hop-nhat-cm" not in {each.what.code for each in occurrences_in(SET.values(), 2024)}
    first = {each.what.code: each for each in occurrences_in(SET.values(), 2025)}["hop-nhat-cm"]
    assert (first.number, first.kind) == (None, None)


@pytest.mark.parametrize("year", [1967, 2100])
def test_years_beyond_the_calendar_are_refused(year):
    with pytest.raises(ValueError, match="are known"):
        occurrences_in(SET.values(), year)


def test_the_words_of_an_announcement():
    held = occurrence(SET["thi-dua-ai-quoc"], 2028)
    assert occasion_vi(held).startswith("nhân dịp kỷ niệm 80 năm Ngày Chủ tịch Hồ Chí Minh ra Lời kêu gọi")
    assert occasion_vi(held).endswith("(11/6/1948 - 11/6/2028)")
    assert occasion_en(held).startswith("to mark the 80th anniversary of ")
    assert occasion_en(held).endswith("(11 June 1948 – 11 June 2028)")


def test_the_words_for_lunar_days_and_for_what_is_not_counted():
    said = [
        ("gio-to", 2027, "nhân dịp Ngày Giỗ Tổ Hùng Vương (10/3 âm lịch, tức 16/4/2027)"),
        ("tet", 2027, "nhân dịp Tết Nguyên đán (1/1 âm lịch, tức 6/2/2027)"),
        ("thanh-lap-ht", 2031, "nhân dịp kỷ niệm 200 năm thành lập tỉnh Hà Tĩnh (1831 - 2031)"),
        ("dang-bo-ht", 2030, "nhân dịp kỷ niệm 100 năm Ngày thành lập Đảng bộ tỉnh Hà Tĩnh (3/1930 - 3/2030)"),
        (
            "nguyen-du-mat",
            2030,
            "nhân dịp kỷ niệm 210 năm Ngày mất Đại thi hào Nguyễn Du (10/8 âm lịch, tức 7/9/2030)",
        ),
    ]
    for code, year, words in said:
        assert occasion_vi(occurrence(SET[code], year)) == words
    assert (
        occasion_en(occurrence(SET["dang-bo-ht"], 2030))
        == "to mark the 100th anniversary of the founding of the Hà Tĩnh Party Organisation (March 1930 – March 2030)"
    )
    assert (
        occasion_en(occurrence(SET["tet"], 2027)) == "to mark Lunar New Year (day 1 of lunar month 1, 6 February 2027)"
    )
    assert "11th anniversary" in occasion_en(occurrence(SET["sach"], 2025))
    assert "101st anniversary" in occasion_en(occurrence(SET["bao-chi"], 2026))
    assert "103rd anniversary" in occasion_en(occurrence(SET["bao-chi"], 2028))
    assert "112th anniversary" in occasion_en(occurrence(SET["bao-chi"], 2037))


def _of(**changes):
    given = {
        "code": "x", "name_vi": "Ngày", "name_en": "Day", "calendar": "solar", "precision": "day",
        "month": 2, "day": 29, "founding_year": 2000,
    }  # fmt: skip
    return Commemoration(**{**given, **changes})


def test_the_29th_of_february_is_kept_on_the_28th_where_there_is_none():
    assert occurrence(_of(), 2027).on == date(2027, 2, 28)
    assert occurrence(_of(), 2028).on == date(2028, 2, 29)


def test_the_30th_of_a_lunar_month_is_kept_on_the_29th_where_there_is_none():
    last = _of(calendar="lunar", month=12, day=30)
    assert (occurrence(last, 2025).on, occurrence(last, 2026).on) == (date(2026, 2, 16), date(2027, 2, 5))


@pytest.mark.parametrize(
    "changes",
    [
        {"month": 13}, {"month": 0}, {"day": 30}, {"day": 0}, {"day": None}, {"month": None, "day": 1},
        {"calendar": "lunar", "month": 1, "day": 31}, {"calendar": "moon"}, {"precision": "hour"},
        {"precision": "month", "day": None, "calendar": "lunar"}, {"month": 4, "day": 31},
    ],
)  # fmt: skip
def test_what_no_year_has_is_no_commemoration(changes):
    with pytest.raises(BadCommemoration):
        _of(**changes)
    assert _of(precision="month", day=None).month == 2
