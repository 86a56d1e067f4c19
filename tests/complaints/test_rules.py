"""What comes when is what, and what is due."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from contest.complaints.rules import CODE, clean_code, coming_windows, due_on, stage_at
from contest.core.db import CODE_ALPHABET
from tests.conftest import VIETNAM
from tests.factories import rule_sets

TICK = timedelta(microseconds=1)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=VIETNAM)


# dhtb-2027 takes remarks on finalists and complaints; ntvt-2027 posts provisional results, and has no remarks before.
CASES = [
    (0, at(2027, 4, 28, 8) - TICK, "remark", False),
    (0, at(2027, 4, 28, 8), "remark", False),
    (0, at(2027, 5, 24, 17) - TICK, "remark", False),
    (0, at(2027, 5, 24, 17), "remark", True),
    (0, at(2027, 6, 11, 8) - TICK, "remark", True),
    (0, at(2027, 6, 11, 8), "complaint", False),
    (0, at(2027, 6, 26, 17) - TICK, "complaint", False),
    (0, at(2027, 6, 26, 17), "complaint", True),
    (0, at(2030, 1, 1), "complaint", True),
    (1, at(2027, 9, 30, 8) - TICK, "remark", False),
    (1, at(2027, 9, 30, 8), "objection", False),
    (1, at(2027, 10, 6, 17) - TICK, "objection", False),
    (1, at(2027, 10, 6, 17), "objection", True),
    (1, at(2027, 10, 14, 8), "complaint", False),
    (1, at(2027, 10, 29, 17), "complaint", True),
]


@pytest.mark.parametrize(("index", "instant", "kind", "late"), CASES)
def test_what_arrives_is_told_by_the_timetable(index, instant, kind, late):
    stage = stage_at(rule_sets()[index], instant)
    assert (stage.kind, stage.late) == (kind, late)


def test_windows_that_are_over_are_not_shown():
    rules = rule_sets()[1]
    assert [kind for kind, _ in coming_windows(rules, at(2027, 9, 1))] == ["objection", "complaint"]
    assert [kind for kind, _ in coming_windows(rules, at(2027, 10, 6, 17))] == ["complaint"]
    assert coming_windows(rules, at(2027, 10, 29, 17)) == []


@pytest.mark.parametrize(
    "typed", ["7K2P-9QXR-4TWZ", "7k2p 9qxr 4twz", " 7K2P9QXR4TWZ ", "7K2P–9QXR–4TWZ", "7K2P.9QXR.4TWZ"]
)
def test_codes_are_read_as_people_type_them(typed):
    assert clean_code(typed) == "7K2P-9QXR-4TWZ"


@pytest.mark.parametrize("typed", ["", "7K2P-9QXR", "7K2P-9QXR-4TWO", "7K2P-9QXR-4TWZ2", "x" * 4000, "７K2P-9QXR-4TWZ"])
def test_what_cannot_be_a_code_is_none(typed):
    assert clean_code(typed) is None


def test_codes_are_written_in_the_letters_that_are_made():
    for letter in CODE_ALPHABET:
        assert CODE.fullmatch(f"{letter * 4}-2222-2222")


def test_one_clock_after_the_other():
    first, last = date(2027, 5, 5), date(2027, 5, 18)
    assert due_on("received", False, first, last) == first
    assert due_on("taken", True, first, last) == last
    assert due_on("answered", True, first, last) is None
    assert due_on("withdrawn", False, first, last) is None
