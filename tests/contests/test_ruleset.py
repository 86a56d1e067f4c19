"""Both demonstration rule sets load unchanged, with exact values."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

import contest.demo
from contest.contests.ruleset import (
    RuleSet,
    RuleSetInvalid,
    canonical,
    differences,
    parse_rule_set,
    parse_rule_sets,
    read_json,
    read_rule_sets,
)
from contest.core.errors import NotFound
from contest.core.windows import Window

TEXT = (Path(contest.demo.__file__).parent / "data" / "contests.json").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def outstanding() -> RuleSet:
    return parse_rule_sets(TEXT)[0]


@pytest.fixture(scope="module")
def good_deeds() -> RuleSet:
    return parse_rule_sets(TEXT)[1]


def test_first_contest_has_its_exact_values(outstanding: RuleSet) -> None:
    rules = outstanding
    assert (rules.id, rules.code_prefix) == ("dhtb-2027", "DH")
    prelim, final = rules.rounds
    assert prelim.gap is not None and final.gap is not None and prelim.advance is not None
    assert (prelim.gap.threshold, prelim.gap.action) == (Decimal(15), "third_judge")
    assert prelim.gap.then == "mean_of_two_closest_else_mean_of_three"
    assert (final.aggregate, final.judges_per_entry) == ("trimmed_mean_drop_high_low", 5)
    assert (final.gap.threshold, final.gap.action) == (Decimal(20), "reconcile_keep_original")
    assert dict(prelim.advance.counts) == {"A": 20, "B": 15}
    assert prelim.advance.min_score == Decimal(65)
    assert final.advance is None
    assert (rules.rubric.scale, rules.rubric.step) == (Decimal(100), Decimal("0.5"))
    assert rules.category("A").words.tolerance_over_pct == 5
    assert rules.category("A").words.max_with_tolerance == 2100
    assert [tie.name for tie in rules.scoring.tie_break][:2] == ["higher_mean_on", "higher_mean_on"]
    assert [tie.criterion for tie in rules.scoring.tie_break][:3] == ["C2", "C1", None]
    assert sum(prize.total_vnd for prize in rules.prizes) == rules.budget_prizes_vnd == 213_000_000
    assert rules.eligibility.min_age == 15


def test_second_contest_has_its_exact_values(good_deeds: RuleSet) -> None:
    rules = good_deeds
    prelim, final = rules.rounds
    assert rules.rubric.step == Decimal("0.25")
    assert isinstance(rules.rubric.step, Decimal)
    assert [each.max for each in rules.rubric.criteria] == [Decimal(x) for x in ("2", "3", "1.5", "2.5", "1")]
    assert final.gap is not None and prelim.advance is not None
    assert (final.gap.type, final.gap.threshold) == ("distance_from_mean", Decimal("1.5"))
    assert final.aggregate == "mean"
    assert prelim.advance.min_score == Decimal("6.5")
    assert [tier.min for tier in rules.scoring.tiers] == [Decimal(x) for x in ("9", "8.5", "8", "7")]
    assert rules.voting.identity == "email_otp"
    assert rules.category("C").guardian_consent
    assert rules.category("C").blind == "full"
    assert rules.anniversary is not None
    assert (rules.anniversary.ordinal, rules.anniversary.class_) == (97, "khac")
    assert rules.announcement.official_at == datetime(2027, 10, 14, 1, 0, tzinfo=UTC)
    assert rules.results_at == datetime(2027, 9, 30, 1, 0, tzinfo=UTC)
    assert rules.official_at == datetime(2027, 10, 14, 1, 0, tzinfo=UTC)


def test_instants_are_kept_in_utc(outstanding: RuleSet) -> None:
    window = outstanding.window("submission")
    assert window == Window(datetime(2026, 12, 15, 1, 0, tzinfo=UTC), datetime(2027, 3, 31, 10, 0, tzinfo=UTC))
    assert window is not None and window.opens.tzinfo is UTC
    assert outstanding.instant("announce") == datetime(2027, 6, 11, 1, 0, tzinfo=UTC)
    assert outstanding.instant("submission") == window.opens
    assert outstanding.window("announce") is None
    assert outstanding.window("provisional") is None
    assert outstanding.instant("provisional") is None
    assert outstanding.step("provisional") is None


def test_a_window_is_half_open_and_what_began_stays_begun(outstanding: RuleSet) -> None:
    window = outstanding.window("voting")
    assert window is not None
    assert outstanding.is_open("voting", window.opens)
    assert not outstanding.is_open("voting", window.closes)
    assert outstanding.has_begun("voting", window.closes)
    assert outstanding.has_begun("shortlist", datetime(2027, 4, 28, 1, 0, tzinfo=UTC))
    assert not outstanding.has_begun("shortlist", datetime(2027, 4, 28, 0, 59, 59, tzinfo=UTC))
    assert not outstanding.has_begun("provisional", window.closes)


def test_ladders_go_from_the_top_and_skip_rungs_without_a_prize(outstanding: RuleSet, good_deeds: RuleSet) -> None:
    def shown(rules: RuleSet, category: str) -> list[tuple[str, str, Decimal]]:
        return [(tier.rung, prize.id, tier.min) for tier, prize in rules.ladder(category)]

    assert shown(outstanding, "A")[:2] == [("dac_biet", "A-dac_biet", Decimal(92)), ("nhat", "A-nhat", Decimal(88))]
    assert shown(outstanding, "B")[0] == ("nhat", "B-nhat", Decimal(88))
    assert [rung for rung, _, _ in shown(good_deeds, "C")] == ["nhat", "nhi", "ba", "khuyen_khich"]


def test_prizes_beside_the_ladder(outstanding: RuleSet, good_deeds: RuleSet) -> None:
    assert outstanding.readers_prize is not None and good_deeds.readers_prize is not None
    assert outstanding.readers_prize.id == "A-ban_doc"
    assert good_deeds.readers_prize.id == "ban_doc"
    assert [prize.id for prize in outstanding.prizes_for(None)] == ["tap_the", "nhan_vat"]
    assert not outstanding.is_ladder_prize(outstanding.readers_prize)
    assert outstanding.is_ladder_prize(outstanding.ladder("A")[0][1])


def test_press_works_have_a_window_of_publication(outstanding: RuleSet) -> None:
    assert outstanding.category("B").series_max == 5
    assert outstanding.category("A").series_max == 1
    window = outstanding.category("B").published_window
    assert window is not None
    assert window.contains(date(2026, 4, 1))
    assert not window.contains(date(2027, 4, 1))


def test_groups_have_five_authors_where_the_rules_say_nothing(outstanding: RuleSet, good_deeds: RuleSet) -> None:
    assert good_deeds.eligibility.group_max == 3
    document = json.loads(TEXT)["contests"][0]
    del document["eligibility"]["group_max"]
    assert parse_rule_set(json.dumps(document)).eligibility.group_max == 5


@pytest.mark.parametrize(("count", "taken"), [(499, False), (500, True), (1260, True), (1261, False)])
def test_tolerance_goes_over_the_maximum_and_never_under_the_minimum(
    good_deeds: RuleSet, count: int, taken: bool
) -> None:
    assert good_deeds.category("A").words.allows(count) is taken


@pytest.mark.parametrize(("count", "taken"), [(0, False), (1, True), (3, True), (4, False)])
def test_photos_within_their_bounds(good_deeds: RuleSet, count: int, taken: bool) -> None:
    photos = good_deeds.category("A").photos
    assert photos is not None
    assert photos.allows(count) is taken


def test_a_district_floor_holds_to_its_last_day(outstanding: RuleSet) -> None:
    district = next(quota for quota in outstanding.quotas if quota.scope_level == "huyen")
    assert district.in_force(date(2025, 6, 30))
    assert not district.in_force(date(2025, 7, 1))
    commune = next(quota for quota in outstanding.quotas if quota.id == "q-xa")
    assert commune.in_force(date(2099, 1, 1))


def test_what_is_not_there_is_none_or_raises(outstanding: RuleSet) -> None:
    assert outstanding.find_category("Z") is None
    assert outstanding.find_round("semifinal") is None
    assert outstanding.find_prize("Z") is None
    for get in (outstanding.category, outstanding.round, outstanding.criterion):
        with pytest.raises(NotFound):
            get("Z")
    assert outstanding.criterion("C2").max == 25
    assert outstanding.round_after("prelim") is outstanding.round("final") is outstanding.last_round
    assert outstanding.round_after("final") is None


def test_rule_sets_cannot_be_changed_and_can_be_hashed(outstanding: RuleSet) -> None:
    with pytest.raises(ValidationError):
        outstanding.rubric.step = Decimal(1)  # type: ignore[misc]
    advance = outstanding.rounds[0].advance
    assert advance is not None
    with pytest.raises(TypeError):
        advance.counts["A"] = 99  # type: ignore[index]
    window = outstanding.window("voting")
    assert window is not None
    with pytest.raises(FrozenInstanceError):
        window.opens = window.closes  # type: ignore[misc]
    again = parse_rule_sets(TEXT)[0]
    assert again == outstanding
    assert hash(again) == hash(outstanding)


def test_every_prize_name_and_step_is_in_both_languages(outstanding: RuleSet) -> None:
    assert outstanding.title.get("vi").startswith("Cuộc thi viết")
    assert outstanding.title.get("en_GB").startswith("Writing contest")
    assert str(outstanding.title) == outstanding.title.vi


def test_a_file_may_hold_one_rule_set_without_wrapping(outstanding: RuleSet) -> None:
    for sourced in read_rule_sets(TEXT):
        assert parse_rule_set(sourced.source.text) == sourced.rule_set
        assert parse_rule_set(sourced.source.text.encode()) == sourced.rule_set
        assert parse_rule_set(b"\xef\xbb\xbf" + sourced.source.text.encode()) == sourced.rule_set
    with pytest.raises(RuleSetInvalid) as refused:
        parse_rule_set(TEXT)
    assert "holds 2 rule sets" in str(refused.value)


def test_canonical_text_does_not_depend_on_spelling() -> None:
    one = canonical(read_json('{"b": [1, 2.50, 1e2, -0.0, true, null], "a": "e\\u0301"}'))
    two = canonical(read_json('{"a":"é","b":[1,2.5,100,0,true,null]}'))
    assert one == two
    assert one.text == '{"a":"é","b":[1,2.5,100,0,true,null]}'
    assert one.sha256 == "6638f95b086efc7ae16804c701e30c34a424013db76c939c784303e42b9ed323"


def test_canonical_text_of_a_read_document_is_stable() -> None:
    for sourced in read_rule_sets(TEXT):
        again = canonical(read_json(sourced.source.text))
        assert again == sourced.source
        assert canonical(sourced.rule_set) == canonical(parse_rule_set(again.text))


def test_fields_left_out_stay_out_of_the_stored_text(outstanding: RuleSet) -> None:
    stored = outstanding.as_json()
    assert "photos" not in stored["categories"][1]
    assert stored["rounds"][1]["advance"] is None
    assert stored["anniversary"]["class"] == "khac"
    assert stored["timeline"][0]["at"] == "2026-12-10T02:00:00Z"
    assert parse_rule_set(canonical(outstanding).text) == outstanding


def test_differences_name_the_place_and_match_items_by_their_id() -> None:
    old = read_json(TEXT)["contests"][0]
    new = read_json(TEXT)["contests"][0]
    assert differences(old, new) == []
    new["categories"][0]["words"]["max"] = 1500
    new["rubric"]["criteria"].insert(0, {"id": "C0", "max": 1, "name": {"vi": "Mới", "en": "New"}, "guide": None})
    new["prizes"] = [prize for prize in new["prizes"] if prize["id"] != "tap_the"]
    new["eligibility"]["barred"].remove("jury")
    found = {each.path: (each.old, each.new) for each in differences(old, new)}
    assert found["categories[A].words.max"] == (2000, 1500)
    assert found["rubric.criteria[C0]"][0] is None
    assert found["prizes[tap_the]"][1] is None
    assert set(found) == {
        "categories[A].words.max",
        "rubric.criteria[C0]",
        "prizes[tap_the]",
        "eligibility.barred",
    }


def test_differences_see_a_new_order_and_not_a_new_spelling() -> None:
    old = read_json(TEXT)["contests"][1]
    new = read_json(TEXT)["contests"][1]
    new["scoring"]["tie_break"][0], new["scoring"]["tie_break"][1] = (
        new["scoring"]["tie_break"][1],
        new["scoring"]["tie_break"][0],
    )
    new["rubric"]["step"] = Decimal("0.250")
    assert [each.path for each in differences(old, new)] == ["scoring.tie_break"]


def test_differences_of_loaded_rule_sets(outstanding: RuleSet, good_deeds: RuleSet) -> None:
    assert differences(outstanding, outstanding) == []
    assert "slug" in {each.path for each in differences(outstanding, good_deeds)}
