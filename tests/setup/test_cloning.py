"""The next season of a contest: its days, words and numbers moved, nothing else."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contest.anniversaries.commemorations import occurrence
from contest.anniversaries.queries import starting_set
from contest.anniversaries.rules import shipped_calendar
from contest.contests.ruleset import differences, parse_rule_set, rule_set_problems
from contest.setup.cloning import next_season
from contest.setup.texts import apart, left_behind, move_days, placeholders
from tests.factories import raw_rule_sets

WORKS = shipped_calendar().is_working_day


def season(index: int, year: int, code: str = "") -> dict:
    old = raw_rule_sets()[index]
    held = occurrence(starting_set()[code or old["anniversary"]["id"]].what, year)
    return next_season(old, announce_on=held.on, is_working_day=WORKS, held=held)


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("year", [2027, 2028, 2029, 2030, 2035])
def test_every_season_is_a_rule_set_without_a_problem(index, year):
    assert rule_set_problems(season(index, year)) == []
    parse_rule_set(json.dumps(season(index, year)))


def test_the_same_season_again_changes_no_day():
    old = raw_rule_sets()[0]
    changed = differences(old, season(0, 2027))
    # A floor that is no longer in force stays out only where the year changes.
    assert [each.path for each in changed if not each.path.startswith("anniversary")] == []


def test_a_round_year_is_counted_and_worded():
    made = season(0, 2028)
    day = made["anniversary"]
    assert (day["ordinal"], day["class"], day["date"]) == (80, "tron", "2028-06-11")
    assert "kỷ niệm 80 năm" in day["wording"]["vi"] and "(11/6/1948 - 11/6/2028)" in day["wording"]["vi"]
    assert "80th" in day["wording"]["en"]
    assert "ceremony_title_avoid" not in day
    eleven = next(each for each in made["rules_articles"] if each["no"] == 11)["text"]["vi"]
    assert "nhân dịp kỷ niệm 80 năm" in eleven and "11/6/2028" in eleven and "2027" not in eleven


def test_articles_tell_the_days_of_the_new_timetable():
    made = season(1, 2028)
    steps = {step["key"]: step for step in made["timeline"]}
    closes = datetime.fromisoformat(steps["submission"]["closes"])
    five = next(each for each in made["rules_articles"] if each["no"] == 5)["text"]
    assert f"{closes.day:02}/{closes.month}/2028" in five["vi"]
    assert f"{closes.day} August 2028" in five["en"]
    assert "lần thứ hai, năm 2028" in made["title"]["vi"]
    assert "second edition, 2028" in made["title"]["en"]
    assert made["slug"].endswith("-2028")


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([0, 1]), st.dates(date(2026, 1, 1), date(2060, 12, 31)))
def test_order_holds_and_working_days_stay_working_days(index, day):
    old = raw_rule_sets()[index]
    before = deepcopy(old)
    made = next_season(old, announce_on=day, is_working_day=WORKS)
    assert old == before
    was = [
        datetime.fromisoformat(step[name])
        for step in old["timeline"]
        for name in ("at", "opens", "closes")
        if name in step
    ]
    now = [
        datetime.fromisoformat(step[name])
        for step in made["timeline"]
        for name in ("at", "opens", "closes")
        if name in step
    ]
    for one, new_one in zip(was, now, strict=True):
        assert one.time() == new_one.time()
        if one.hour and WORKS(one.date()) and one.date() != date.fromisoformat(old["anniversary"]["date"]):
            assert WORKS(new_one.date())
        for other, new_other in zip(was, now, strict=True):
            if one <= other:
                assert new_one <= new_other
    assert not [each for each in rule_set_problems(made) if each.path.startswith(("timeline", "announcement"))]


def test_a_lunar_day_is_counted_by_lunar_years_and_announced_on_the_day_it_falls_on():
    held = occurrence(starting_set()["gio-to"].what, 2028)
    made = next_season(raw_rule_sets()[0], announce_on=held.on, is_working_day=WORKS, held=held)
    assert made["anniversary"]["calendar"] == "lunar" and "ordinal" not in made["anniversary"]
    assert not rule_set_problems(made)
    assert "10/3 âm lịch" in made["rules_articles"][10]["text"]["vi"]
    born = occurrence(starting_set()["nguyen-du-sinh"].what, 2028)  # in January 2029
    part = next_season(raw_rule_sets()[0], announce_on=born.on, is_working_day=WORKS, held=born)["anniversary"]
    assert (part["date"], part["year"], part["founding_year"], part["ordinal"]) == ("2029-01-07", 2028, 1765, 263)


@pytest.mark.parametrize("code", starting_set())
@pytest.mark.parametrize("year", [2030])
def test_rules_can_be_tied_to_whatever_the_calendar_knows(code, year):
    """By any calendar, known to the day, the month or the year alone: counted and worded without a problem."""
    held = occurrence(starting_set()[code].what, year)
    announced = held.on or date(year, 6, 11)
    made = next_season(raw_rule_sets()[0], announce_on=announced, is_working_day=WORKS, held=held)
    assert rule_set_problems(made) == []
    assert made["anniversary"]["wording"]["vi"] in made["rules_articles"][10]["text"]["vi"]
    again = occurrence(starting_set()[code].what, year + 1)
    after = next_season(made, announce_on=again.on or date(year + 1, 6, 11), is_working_day=WORKS, held=again)
    assert rule_set_problems(after) == []
    assert made["anniversary"]["wording"]["vi"] not in after["rules_articles"][10]["text"]["vi"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"ordinal": 264}, "anniversary.ordinal"), ({"ordinal": None}, "anniversary.ordinal"),
        ({"class": "tron"}, "anniversary.class"), ({"year": 2027}, "anniversary.year"),
        ({"calendar": "solar"}, "anniversary.year"), ({"year": None, "date": None}, "anniversary.date"),
        ({"founding_year": None}, "anniversary.ordinal"),
        ({"ceremony_title_ok": {"vi": "Lễ kỷ niệm", "en": "Commemoration"}}, "anniversary.ceremony_title_ok.vi"),
    ],
)  # fmt: skip
def test_a_lunar_anniversary_that_is_counted_wrong_is_found(changes, path):
    held = occurrence(starting_set()["nguyen-du-sinh"].what, 2028)
    made = next_season(raw_rule_sets()[0], announce_on=held.on, is_working_day=WORKS, held=held)
    made["anniversary"] |= changes
    assert path in {each.path for each in rule_set_problems(made)}


def test_without_an_occasion_the_articles_name_none():
    made = next_season(raw_rule_sets()[1], announce_on=date(2028, 10, 16), is_working_day=WORKS)
    ten = next(each for each in made["rules_articles"] if each["no"] == 10)["text"]
    assert "kỷ niệm" not in ten["vi"] and ten["vi"].endswith("16/10/2028.")
    assert "anniversary" not in ten["en"]


def test_days_move_all_at_once():
    moved = {date(2027, 3, 31): date(2027, 4, 7), date(2027, 4, 7): date(2027, 4, 14)}
    text = {
        "vi": "đến ngày 31/3/2027, rồi 07/4/2027; tỷ lệ 31/3; từ 31/3 đến 07/4",
        "en": "31 March 2027, 7 Apr, 7 May",
    }
    assert move_days(text, moved) == {
        "vi": "đến ngày 07/4/2027, rồi 14/4/2027; tỷ lệ 31/3; từ 07/4 đến 14/4",
        "en": "7 April 2027, 14 Apr, 7 May",
    }


def test_what_is_left_behind_is_found():
    document = {"rules_articles": [{"no": 1, "text": {"vi": "đến ngày 31/3/2027 và 01/4/2027", "en": "[date]"}}]}
    found = left_behind(document, [date(2027, 3, 31)])
    assert [(each.path, each.spelling) for each in found] == [("rules_articles[0].text.vi", "01/4/2027")]
    assert placeholders(document) == [("rules_articles[0].text.en", "[date]")]


def test_of_long_texts_the_part_that_differs_is_shown():
    around = "một hai ba bốn năm sáu bảy tám chín mười " * 8
    old, new = apart(f"{around}đến 31/3/2027{around}", f"{around}đến 31/3/2028{around}")
    assert "31/3/2027" in old and "31/3/2028" in new
    assert max(len(old), len(new)) < 200
    assert apart(None, {"vi": "à", "en": "a"}) == ("–", "à")
    assert apart("2027-06-11T01:00:00+00:00", [{"vi": "một"}, "hai"]) == ("11/06/2027, 08:00", "một; hai")


def test_an_item_that_went_is_told_by_its_name_not_by_its_spelling_in_the_file():
    item = {"id": "q-huyen", "counts": "exemplars", "min": 3, "note": {"vi": "Ít nhất 3 điển hình", "en": "At least 3"}}
    assert apart([item], None) == ("Ít nhất 3 điển hình", "–")
    assert apart({"counts": "exemplars", "min": 3}, None)[0] == "exemplars; 3"
