"""Which records may be the same: pure."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contest.exemplars.likeness import (
    LIKE_NAME,
    NAME,
    NAME_AND_UNIT,
    PHONE,
    Known,
    bare_name,
    distance,
    likenesses,
    phone_of,
)
from contest.exemplars.records import kinds_may_be_same


def known(number, name, *, unit=1, kind="individual", role="", contact="", near=()):
    return Known(number, kind, name, role, contact, unit, frozenset(near))


def why(one, other, **how):
    found = likenesses([one, other], may_be_same=kinds_may_be_same, **how)
    return found[0].why if found else ()


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("Cụ bà Nguyễn Thị Lý", "nguien thi li"),
        ("NGUYỄN THỊ LÍ", "nguien thi li"),
        ("Nghệ nhân Lò Văn Inh", "lo van inh"),
        ("ông Sỹ", "si"),
        ("Ông", "ong"),
        ("Hộ gia đình ông Vàng A Chỉnh", "vang a chinh"),
        ("Đỗ  Thị Minh-Nguyệt", "do thi minh nguiet"),
        ("", ""),
    ],
)
def test_names_as_they_are_compared(name, bare):
    assert bare_name(name) == bare


@pytest.mark.parametrize(
    ("contact", "phone"),
    [
        ("0900 000 001", "0900000001"),
        ("+84 900.000.001 (con trai)", "0900000001"),
        ("84900000001", "0900000001"),
        ("nhà bà Hai, đầu thôn", ""),
        ("12345", ""),
    ],
)
def test_telephones(contact, phone):
    assert phone_of(contact) == phone


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (known(1, "Trần Đình Sỹ"), known(2, "ông Trần Đình Sĩ"), (NAME_AND_UNIT,)),
        (known(1, "Trần Đình Sỹ"), known(2, "Trần Đinh Sĩ"), (NAME_AND_UNIT,)),
        (known(1, "Trần Đình Sỹ"), known(2, "Trần Đình Sỹ", unit=2), ()),
        (known(1, "Trần Đình Sỹ"), known(2, "Trần Đình Sỹ", unit=2, near=[1]), (NAME_AND_UNIT,)),
        (known(1, "Trần Đình Sỹ", role="Lái đò"), known(2, "Trần Đình Sỹ", unit=2, role="lái đò"), (NAME,)),
        (known(1, "Nguyễn Thị Hương"), known(2, "Nguyễn Thị Hướng Dương"), ()),
        (known(1, "Hoàng Văn Thắng"), known(2, "Hoàng Văn Thăng"), (NAME_AND_UNIT,)),
        (known(1, "Hoàng Văn Thắng"), known(2, "Hoàn Văn Thắng"), (LIKE_NAME,)),
        (known(1, "Sỹ"), known(2, "Trần Đình Sỹ"), (LIKE_NAME,)),
        (known(1, "A", contact="0900000001"), known(2, "B", unit=9, contact="+84900000001"), (PHONE,)),
        (known(1, "Tổ hợp tác Bản Lim", kind="collective"), known(2, "Tổ hợp tác Bản Lim"), ()),
        (known(1, "Vàng A Chỉnh", kind="household"), known(2, "Vàng A Chỉnh"), (NAME_AND_UNIT,)),
        (known(1, ""), known(2, ""), ()),
    ],
)  # fmt: skip
def test_pairs(one, other, expected):
    assert why(one, other) == expected
    assert why(other, one) == expected


def test_pairs_told_apart_are_not_suggested_and_the_likeliest_lead():
    records = [
        known(1, "Trần Đình Sỹ", contact="0900000001"),
        known(2, "Trần Đình Sĩ", contact="0900000001"),
        known(3, "Trần Đình Sỵ"),
        known(4, "Trần Đìn Sỹ"),
    ]
    found = likenesses(records, may_be_same=kinds_may_be_same)
    assert (found[0].one, found[0].other) == (1, 2)
    assert found[0].why == (PHONE, NAME_AND_UNIT)
    assert (1, 2) not in {
        (each.one, each.other) for each in likenesses(records, may_be_same=kinds_may_be_same, apart={(1, 2)})
    }
    only = likenesses(records, may_be_same=kinds_may_be_same, among={4})
    assert {4} == {4 for each in only if 4 in (each.one, each.other)}
    assert len(only) == 3


@given(st.text(alphabet="abc", max_size=8), st.text(alphabet="abc", max_size=8))
def test_distance_is_the_number_of_edits_up_to_its_bound(one, other):
    def slow(a, b):
        if not a or not b:
            return len(a) + len(b)
        return min(slow(a[1:], b) + 1, slow(a, b[1:]) + 1, slow(a[1:], b[1:]) + (a[0] != b[0]))

    assert distance(one[:5], other[:5], 2) == min(slow(one[:5], other[:5]), 3)


def test_the_work_does_not_grow_with_the_square():
    """5,000 records in 300 units: far fewer comparisons than the twelve million pairs."""
    chance = random.Random(7)
    families, middles, givens = (
        ("Nguyễn", "Trần", "Lê", "Hoàng", "Lò"),
        ("Văn", "Thị", "Đình"),
        "ABCDEGHIKLMNOPQRSTUVXY",
    )
    compared = 0

    def counting(one, other):
        nonlocal compared
        compared += 1
        return True

    records = [
        known(
            number,
            f"{chance.choice(families)} {chance.choice(middles)} {chance.choice(givens)}{chance.choice('aeiou')}n",
            unit=chance.randrange(300),
        )
        for number in range(5000)
    ]
    likenesses(records, may_be_same=counting)
    assert compared < 200_000
