"""What the filters print, in both languages, at the edges where printing goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel, force_locale

from contest.core import formats
from contest.core.formats import FILTERS

NOON = datetime(2027, 3, 19, 5, 0, tzinfo=UTC)
ANNOUNCED = datetime(2027, 6, 11, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def app() -> Flask:
    app = Flask(__name__)
    Babel(app, default_locale="vi")
    return app


@pytest.fixture(params=["vi", "en"])
def both(request: pytest.FixtureRequest, app: Flask) -> Iterator[str]:
    with app.test_request_context(), force_locale(request.param):
        yield request.param


@pytest.fixture
def vi(app: Flask) -> Iterator[None]:
    with app.test_request_context(), force_locale("vi"):
        yield


@pytest.fixture
def en(app: Flask) -> Iterator[None]:
    with app.test_request_context(), force_locale("en"):
        yield


def test_outside_a_request_the_page_is_vietnamese() -> None:
    assert formats.number(17729) == "17.729"


@pytest.mark.usefixtures("both")
def test_nothing_is_printed_as_a_dash_and_never_fails() -> None:
    empty = {"iso": "", "loc": "", "initials": "", "paragraphs": [], "parsed": None}
    for name, filter_ in FILTERS.items():
        value = filter_(None, NOON) if name in {"left", "ago"} else filter_(None)
        assert value == empty.get(name, "–"), name


# Days and hours


def test_instants_in_vietnamese(vi: None) -> None:
    assert formats.instant(ANNOUNCED) == "Thứ Sáu, 11/06/2027, 08:00 (giờ Việt Nam)"
    assert formats.moment(ANNOUNCED) == "11/06/2027, 08:00"
    assert formats.day(ANNOUNCED) == "11/06/2027"
    assert formats.day_long(ANNOUNCED) == "Thứ Sáu, 11/06/2027"
    assert formats.weekday(ANNOUNCED) == "Thứ Sáu"
    assert formats.hour(ANNOUNCED) == "08:00"
    assert formats.iso(ANNOUNCED) == "2027-06-11T08:00:00+07:00"


def test_instants_in_english(en: None) -> None:
    assert formats.instant(ANNOUNCED) == "Friday, 11 June 2027, 08:00 (Viet Nam time)"
    assert formats.moment(ANNOUNCED) == "11 Jun 2027, 08:00"
    assert formats.day(ANNOUNCED) == "11 Jun 2027"


def test_the_day_is_the_day_in_viet_nam(vi: None) -> None:
    assert formats.day(datetime(2027, 6, 10, 17, 0, tzinfo=UTC)) == "11/06/2027"
    assert formats.day(datetime(2027, 6, 10, 16, 59, tzinfo=UTC)) == "10/06/2027"


@pytest.mark.parametrize(
    ("on", "name"),
    [(7, "Thứ Hai"), (8, "Thứ Ba"), (9, "Thứ Tư"), (10, "Thứ Năm"), (11, "Thứ Sáu"), (12, "Thứ Bảy"), (13, "Chủ Nhật")],
)
def test_weekdays(vi: None, on: int, name: str) -> None:
    assert formats.weekday(date(2027, 6, on)) == name


def test_dates_stay_dates(vi: None) -> None:
    assert formats.day(date(1948, 6, 11)) == "11/06/1948"
    assert formats.iso(date(1948, 6, 11)) == "1948-06-11"


def test_a_naive_instant_is_refused(both: str) -> None:
    naive = datetime(2027, 6, 11, 8, 0)  # noqa: DTZ001 - the mistake under test
    with pytest.raises(ValueError, match="time zone"):
        formats.instant(naive)


def test_midnight_closes_the_day_before(vi: None) -> None:
    closes = datetime(2027, 2, 20, 17, 0, tzinfo=UTC)
    assert formats.deadline(closes) == "Thứ Bảy, 20/02/2027, 24:00 (giờ Việt Nam)"
    assert formats.deadline(ANNOUNCED) == formats.instant(ANNOUNCED)
    assert formats.last_moment(closes) == "20/02/2027, 24:00"
    assert formats.last_moment(ANNOUNCED) == formats.moment(ANNOUNCED)
    assert formats.last_day(closes) == "20/02/2027"
    assert formats.last_day(ANNOUNCED) == formats.day(ANNOUNCED)
    assert formats.last_day(None) == formats.last_moment(None) == "–"


@pytest.mark.parametrize(
    ("span", "vietnamese", "english"),
    [
        (timedelta(days=12, hours=5), "còn 12 ngày", "12 days left"),
        (timedelta(days=2), "còn 2 ngày", "2 days left"),
        (timedelta(days=2) - timedelta(seconds=1), "còn 1 ngày 23 giờ", "1 day 23 hours left"),
        (timedelta(days=1), "còn 1 ngày", "1 day left"),
        (timedelta(hours=3, minutes=20), "còn 3 giờ 20 phút", "3 hours 20 minutes left"),
        (timedelta(hours=1), "còn 1 giờ", "1 hour left"),
        (timedelta(minutes=59, seconds=59), "còn 59 phút", "59 minutes left"),
        (timedelta(seconds=59), "còn dưới 1 phút", "less than a minute left"),
        (timedelta(microseconds=1), "còn dưới 1 phút", "less than a minute left"),
        (timedelta(0), "đã đóng", "closed"),
        (timedelta(days=-3), "đã đóng", "closed"),
        (timedelta(days=1500), "còn 1.500 ngày", "1,500 days left"),
    ],
)
def test_time_left(both: str, span: timedelta, vietnamese: str, english: str) -> None:
    assert formats.left(NOON + span, NOON) == {"vi": vietnamese, "en": english}[both]


def test_time_left_with_words_of_its_own(vi: None) -> None:
    assert formats.left(NOON, NOON, "đã công bố") == "đã công bố"
    assert formats.left(NOON, NOON, "") == ""


def test_time_gone_by(both: str) -> None:
    assert formats.ago(NOON, NOON) == {"vi": "vừa xong", "en": "just now"}[both]
    assert formats.ago(NOON - timedelta(minutes=200), NOON) == (
        "3 giờ 20 phút trước" if both == "vi" else "3 hours 20 minutes ago"
    )


# Numbers


@pytest.mark.parametrize(
    ("value", "printed"),
    [(0, "0"), (999, "999"), (17729, "17.729"), (-17729, "−17.729"), (10**15, "1.000.000.000.000.000")],
)
def test_numbers(vi: None, value: int, printed: str) -> None:
    assert formats.number(value) == printed


@pytest.mark.parametrize(
    ("value", "places", "printed"),
    [
        (Decimal("8.25"), None, "8,25"),
        (Decimal("17.50"), None, "17,5"),
        (Decimal("22.00"), None, "22"),
        (Fraction(26, 3), None, "8,67"),
        (Decimal("8.995"), 2, "9,00"),
        (8.995, 2, "9,00"),
        (Decimal("8.9949999999999999999999999999"), 2, "8,99"),
        (Fraction(8995, 1000), 2, "9,00"),
        (Fraction(355, 40), 2, "8,88"),
        (87, 2, "87,00"),
        (Decimal("8.96"), 1, "9,0"),
        (0, 2, "0,00"),
        (Decimal("-0.0"), None, "0"),
        (Decimal("-0.004"), 2, "0,00"),
        (Decimal("-0.005"), 2, "−0,01"),
        (Decimal("-1.25"), None, "−1,25"),
        (Fraction(2, 3), 0, "1"),
        (Decimal("1234567.891"), 2, "1.234.567,89"),
        (10**30, None, "1.000.000.000.000.000.000.000.000.000.000"),
    ],
)
def test_marks_in_vietnamese(vi: None, value: Any, places: int | None, printed: str) -> None:
    assert formats.marks(value, places) == printed


def test_marks_in_english(en: None) -> None:
    assert formats.marks(Decimal("8.25")) == "8.25"
    assert formats.marks(Decimal("1234.5"), 2) == "1,234.50"


@pytest.mark.parametrize(
    ("value", "whole", "places", "printed"),
    [(26, 42, 0, "62%"), (Fraction(1, 8), 1, 1, "12,5%"), (13, 10, 0, "130%"), (0, 9, 0, "0%"), (1, 0, 0, "–")],
)
def test_shares(vi: None, value: Any, whole: int, places: int, printed: str) -> None:
    assert formats.percent(value, whole, places) == printed


@pytest.mark.parametrize(
    ("value", "printed"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 KB"), (320_000, "320 KB"), (1_440_000, "1,4 MB"), (25 * 10**8, "2,5 GB")],
)
def test_sizes(vi: None, value: int, printed: str) -> None:
    assert formats.size(value) == printed


def test_money(both: str) -> None:
    assert formats.money(5_000_000) == {"vi": "5.000.000 đồng", "en": "5,000,000 VND"}[both]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "Không đồng"),
        (5_000_000, "Năm triệu đồng"),
        (1_005_000, "Một triệu không trăm linh năm nghìn đồng"),
        (15_000, "Mười lăm nghìn đồng"),
        (21_000, "Hai mươi mốt nghìn đồng"),
        (11_000, "Mười một nghìn đồng"),
        (10_500_000, "Mười triệu năm trăm nghìn đồng"),
        (24_105_055, "Hai mươi tư triệu một trăm linh năm nghìn không trăm năm mươi lăm đồng"),
        (104_000, "Một trăm linh bốn nghìn đồng"),
        (1_000_000_005, "Một tỷ không trăm linh năm đồng"),
        (1_200_000_000_000, "Một nghìn hai trăm tỷ đồng"),
    ],
)
def test_money_in_vietnamese_words(vi: None, value: int, words: str) -> None:
    assert formats.money_words(value) == words


def test_money_in_english_words(en: None) -> None:
    assert formats.money_words(5_000_000) == "Five million Vietnamese dong"
    assert formats.money_words(1_121_015) == ("One million one hundred twenty-one thousand fifteen Vietnamese dong")
    assert formats.money_words(0) == "Zero Vietnamese dong"


def test_no_words_for_a_debt(both: str) -> None:
    with pytest.raises(ValueError, match="negative"):
        formats.money_words(-1)


# Names and texts


@dataclass(frozen=True)
class Pair:
    vi: str
    en: str


def test_texts_in_two_languages(both: str) -> None:
    expected = {"vi": "Thể lệ", "en": "Rules"}[both]
    assert formats.loc({"vi": "Thể lệ", "en": "Rules"}) == expected
    assert formats.loc(Pair("Thể lệ", "Rules")) == expected
    assert formats.loc({"vi": "Thể lệ", "en": ""}) == "Thể lệ"
    assert formats.loc(Pair("", "Rules")) == "Rules"
    assert formats.loc("Thể lệ") == "Thể lệ"
    assert formats.loc({}) == ""


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Nguyễn Thị Thu Hậu", "NH"), ("Minh Khôi", "MK"), ("Đạt", "Đ"), ("ông văn ấu", "ÔẤ"), ("  ", "")],
)
def test_initials(name: str, letters: str) -> None:
    assert formats.initials(name) == letters


def test_paragraphs() -> None:
    assert formats.paragraphs("Một.\r\n\r\n  \r\nHai,\r\nvẫn hai.\n \t\n\nBa.  ") == ["Một.", "Hai,\nvẫn hai.", "Ba."]
    assert formats.paragraphs(" \n\n ") == []
