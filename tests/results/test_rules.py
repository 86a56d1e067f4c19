"""Pure rules: names and quotations for the public, sentences kept and told again, who is outside."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from contest.contests.ruleset.kinds import Localized
from contest.core.errors import Dong
from contest.entries.shown import is_child, shown_name
from contest.results.publishing import same_number
from contest.results.rules import (
    beside_prizes,
    computed_prizes,
    names_outside,
    quotation,
    remarks_until,
)
from contest.results.wording import keep, told
from tests.factories import rule_sets

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
DH, NT = rule_sets()


@pytest.mark.parametrize(
    ("born", "child"),
    [(date(2009, 3, 21), True), (date(2009, 3, 20), False), (date(1980, 1, 1), False), (None, False)],
)
def test_a_child_is_under_18_on_the_day_of_submission(born, child):
    at = datetime(2027, 3, 20, 23, 59, tzinfo=VIETNAM)
    assert is_child(born, at, DH.category("A")) is child


def test_everyone_in_the_category_for_children_is_shown_as_a_child():
    assert is_child(None, None, NT.category("C"))


@pytest.mark.parametrize(
    ("name", "pen_name", "child", "shown"),
    [
        ("Nguyễn Thị Thu Hậu", "", False, "Nguyễn Thị Thu Hậu"),
        ("Nguyễn Thị Thu Hậu", "", True, "Hậu"),
        ("Nguyễn Thị Thu Hậu", "Thu Hương", True, "Thu Hương"),
        ("Nguyễn Thị Thu Hậu", "Thu Hương", False, "Thu Hương"),
        ("", "", True, ""),
    ],
)
def test_whose_name_stands_under_a_prize(name, pen_name, child, shown):
    assert shown_name(name, pen_name, child=child) == shown


@pytest.mark.parametrize(
    ("story", "quoted"),
    [
        (
            "Ông Sỹ lên đồi. Đất không phụ người, chỉ sợ người bỏ đất. Thế thôi.",
            "Đất không phụ người, chỉ sợ người bỏ đất.",
        ),
        ("Chị cười. “Nghề này lạ lắm. Càng cho đi càng thấy mình còn nhiều.”", "Càng cho đi càng thấy mình còn nhiều."),
        ("Chị bảo: “Làm ít thôi, mà phải làm cho đều.”", "Chị bảo: “Làm ít thôi, mà phải làm cho đều.”"),
        ("Ngắn.", ""),
        ("", ""),
        ("x" * 400 + ".", ""),
    ],
)
def test_a_story_gives_a_sentence_of_its_own(story, quoted):
    assert quotation(story) == quoted


def test_a_sentence_comes_back_as_it_was_kept():
    words = (
        "%(a)s %(b)s %(c)s %(d)s %(e)s %(f)s",
        {
            "a": Localized(vi="Giải Nhất", en="First Prize"),
            "b": Dong(5_000_000),
            "c": Decimal("87.00"),
            "d": Fraction(263, 3),
            "e": 3,
            "f": "7K2M",
        },
    )
    back = told(keep(words))
    assert back == words
    assert [type(value) for value in back[1].values()] == [type(value) for value in words[1].values()]
    assert str(back[1]["c"]) == "87.00"


def test_a_parameter_of_an_unknown_kind_is_not_kept_in_silence():
    with pytest.raises(TypeError):
        keep(("%(a)s", {"a": object()}))


def test_what_is_decided_outside_is_named_once():
    assert [each.vi for each in names_outside(DH)][:1] == ["Giải tập thể"]
    assert [prize.id for prize in beside_prizes(NT)] == ["tap_the", "cao_tuoi"]
    assert {prize.id for prize in computed_prizes(DH)} | {prize.id for prize in beside_prizes(DH)} == {
        prize.id for prize in DH.prizes
    }
    assert remarks_until(DH) is None
    assert remarks_until(NT) == datetime(2027, 10, 6, 17, tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("typed", "same"), [("1408/QĐ-UBND", True), (" 1408 / qđ-ubnd ", True), ("1408/QD-UBND", False), ("", False)]
)
def test_the_number_typed_to_confirm(typed, same):
    assert same_number(typed, "1408/QĐ-UBND") is same
