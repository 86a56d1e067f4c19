"""The invented people and stories fit the rule sets, and the marks lead where the tour goes."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import contest.demo
from contest.anniversaries.rules import add_working_days
from contest.complaints.rules import stage_at
from contest.contests.rules import clash
from contest.contests.ruleset import RuleSet, parse_rule_sets
from contest.core.text import clean_line, clean_text, count_words
from contest.demo.stage import at
from contest.judging.ranking import Ranking, Standing, rank
from contest.judging.scoring import (
    Dialogue,
    Sheet,
    check_marks,
    exact,
    gap_open,
    mean_on,
    spread,
    totals_of,
)
from contest.judging.shortlist import Candidate, Readiness, Shortlist, shortlist
from contest.judging.totals import entry_total
from contest.results.prizes import award
from contest.units.rules import KINDS, LEVELS

DATA = Path(contest.demo.__file__).parent / "data"
SCENES = {
    "river_dawn",
    "pomelo_hill",
    "canal_sampans",
    "mountain_night",
    "classroom",
    "market",
    "sea_wall",
    "rice_fields",
    "workshop",
    "school_gate",
    "forest_path",
    "notebook",
}
FIRST, SECOND = "dhtb-2027", "ntvt-2027"
CATEGORIES = [(FIRST, "A"), (FIRST, "B"), (SECOND, "A"), (SECOND, "B"), (SECOND, "C")]
Json = dict[str, Any]


def read(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"), parse_float=Decimal)


UNITS: list[Json] = read("units.json")
PEOPLE: list[Json] = read("people.json")
DECISIONS: Json = read("decisions.json")
AROUND: Json = read("around.json")
ENTRIES: list[Json] = [
    entry for path in sorted((DATA / "entries").glob("*.json")) for entry in read(f"entries/{path.name}")
]
RULES: dict[str, RuleSet] = {
    each.id: each for each in parse_rule_sets((DATA / "contests.json").read_text(encoding="utf-8"))
}
UNIT_IDS = {unit["id"] for unit in UNITS}
each_entry = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["id"])
each_category = pytest.mark.parametrize(("contest_id", "category"), CATEGORIES)


def strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)


def entry_of(entry_id: str) -> Json:
    return next(entry for entry in ENTRIES if entry["id"] == entry_id)


def of(contest_id: str, category: str) -> list[Json]:
    return [entry for entry in ENTRIES if (entry["contest"], entry["category"]) == (contest_id, category)]


def sheets(given: list[Json]) -> list[Sheet]:
    return [Sheet(f"judge {number}", marks) for number, marks in enumerate(given)]


def totals(given: list[Json]) -> list[Fraction]:
    return [sheet.total for sheet in sheets(given)]


def prelim_sheets(entry: Json) -> list[Json]:
    third = [entry["third_sheet"]] if "third_sheet" in entry else []
    return [*entry.get("prelim_sheets", []), *third]


def prelim(entry: Json) -> Fraction | None:
    return entry_total(RULES[entry["contest"]].round("prelim"), sheets(prelim_sheets(entry))).total


def line(contest_id: str, category: str) -> Shortlist:
    rules = RULES[contest_id]
    advance = rules.round("prelim").advance
    assert advance is not None and advance.min_score is not None
    candidates = [
        Candidate(entry["id"], prelim(entry), Readiness.OUT if "verification" in entry else Readiness.READY)
        for entry in of(contest_id, category)
        if entry.get("screening") != "refused"
    ]
    return shortlist(candidates, count=advance.counts[category], min_score=exact(advance.min_score))


def ranking(contest_id: str, category: str) -> Ranking:
    rules = RULES[contest_id]
    standings = []
    for entry in of(contest_id, category):
        if "final_sheets" in entry:
            latest = sheets(entry["reconciled_sheets"] if "reconciled_sheets" in entry else entry["final_sheets"])
            state = Dialogue.SETTLED if "reconciled_sheets" in entry else Dialogue.NONE
            result = entry_total(rules.last_round, latest, dialogue=state)
            assert result.closable and result.total is not None
            standings.append(Standing(entry["id"], result.total, tuple(latest)))
    return rank(standings, [each.rule for each in rules.scoring.tie_break])


# Units and people


def test_units_form_one_tree() -> None:
    assert len(UNIT_IDS) == len(UNITS)
    seen: set[str] = set()
    for unit in UNITS:
        assert unit["kind"] in KINDS and unit["level"] in LEVELS, unit
        assert unit["parent"] in seen or (unit["parent"] is None and not seen), unit
        assert {each["to"] for each in unit.get("became", ())} <= UNIT_IDS
        seen.add(unit["id"])
    standing = [unit for unit in UNITS if unit["valid_to"] is None]
    assert 38 <= sum(unit["level"] == "xa_phuong_dac_khu" for unit in standing) <= 42
    assert Counter(unit["kind"] for unit in UNITS)["special_zone"] == 1
    assert len({unit["name"] for unit in UNITS}) == len(UNITS)


def test_staff_hold_roles_that_go_together() -> None:
    count: Counter[tuple[str, str]] = Counter()
    for person in PEOPLE:
        assert person["unit"] is None or person["unit"] in UNIT_IDS
        assert set(person["officer_of"]) <= UNIT_IDS
        for grant in person["roles"]:
            held = {each["role"] for each in person["roles"] if each["contest"] == grant["contest"]}
            assert not clash(held - {grant["role"]}, grant["role"]), person["key"]
            count[grant["contest"], grant["role"]] += 1
    for contest_id in RULES:
        assert count[contest_id, "organiser"] == 2
        assert count[contest_id, "secretary"] == count[contest_id, "chair"] == 1
        assert count[contest_id, "judge"] == 10
        assert count[contest_id, "press"] == count[contest_id, "observer"] == 1
    assert [person["roles"] for person in PEOPLE if person.get("operator")] == [[]]
    for field in ("key", "email", "phone", "name"):
        assert len({person[field] for person in PEOPLE}) == len(PEOPLE), field


def test_somebody_answers_for_every_exemplar() -> None:
    officers = {unit for person in PEOPLE for unit in person["officer_of"]}
    assert {entry["exemplar"]["unit"] for entry in ENTRIES} <= officers


def test_decisions_name_people_of_the_committee() -> None:
    by_key = {person["key"]: person for person in PEOPLE}
    assert set(DECISIONS["contests"]) == set(RULES)
    for contest_id, decision in DECISIONS["contests"].items():
        at = RULES[contest_id].instant("decision")
        assert at is not None and date.fromisoformat(decision["date"]) == at.date()
        assert decision["prepared_by"] != decision["approver"]
        for key in (decision["prepared_by"], decision["approver"]):
            assert {"contest": contest_id, "role": "organiser"} in by_key[key]["roles"]
    reason = DECISIONS["reasons"]["on_hold_reason"]
    assert all(reason in rules.verification.hold_reasons for rules in RULES.values())


def test_cases_keep_their_windows_and_their_clocks() -> None:
    """What comes in is of the kind that its name says, taken and answered in time, an amendment after its case."""
    for case in AROUND["cases"]:
        rules = RULES[case["contest"]]
        received, taken, answered = (at(case[name]) for name in ("received", "taken", "answered"))
        stage = stage_at(rules, received)
        assert (stage.kind, stage.late) == (case["key"].partition("_")[0], False), case["key"]
        assert received < taken < answered
        assert taken.date() <= add_working_days(received.date(), rules.complaints.acknowledge_working_days)
        assert answered.date() <= add_working_days(received.date(), rules.complaints.answer_working_days)
        assert case["channel"] in rules.complaints.channels
    answered = {case["key"]: case["answered"] for case in AROUND["cases"]}
    for each in AROUND["amendments"]:
        assert answered[each["case"]] < each["proposed"] < each["approved"]
        assert date.fromisoformat(each["date"]) == at(each["proposed"]).date()


def test_texts_are_stored_as_they_would_be() -> None:
    for text in strings([UNITS, PEOPLE, DECISIONS, AROUND, ENTRIES]):
        assert unicodedata.is_normalized("NFC", text), text
        assert clean_text(text) == text, text
    for text in strings([DECISIONS, AROUND["cases"], AROUND["citations"], AROUND["amendments"], ENTRIES]):
        assert '"' not in text and "'" not in text, text


def test_addresses_are_invented() -> None:
    addresses = [person["email"] for person in PEOPLE] + [entry["author"]["email"] for entry in ENTRIES]
    assert all(address.endswith("@an-lam.example") for address in addresses)
    guardians = [entry["author"]["guardian"] for entry in ENTRIES if entry["author"]["guardian"]]
    numbers = [each["phone"] for each in (*PEOPLE, *guardians, *(entry["author"] for entry in ENTRIES))]
    assert all(number.startswith("+84900000") and len(number) == 12 for number in numbers)


# Entries


def test_entries_are_as_many_as_the_tour_needs() -> None:
    assert Counter((entry["contest"], entry["category"]) for entry in ENTRIES) == dict(
        zip(CATEGORIES, (27, 4, 4, 6, 4), strict=True)
    )
    assert len({entry["id"] for entry in ENTRIES}) == len({entry["title"] for entry in ENTRIES}) == len(ENTRIES)
    assert len({entry["exemplar"]["name"] for entry in ENTRIES}) == len(ENTRIES)
    for ends in (0, -1):
        assert len({entry["body"].split("\n\n")[ends] for entry in ENTRIES}) == len(ENTRIES)
    assert len({" ".join(entry["body"].split()[:2]) for entry in ENTRIES}) > len(ENTRIES) - 3


@each_entry
def test_entry_fits_its_category(entry: Json) -> None:
    rules = RULES[entry["contest"]]
    category = rules.category(entry["category"])
    assert entry["id"].startswith(rules.code_prefix)
    assert entry["genre"] in (category.genres or ("",))
    assert category.words.allows(count_words(entry["body"]))
    least, most = (category.photos.min, category.photos.max) if category.photos else (0, 0)
    assert least <= len(entry["photos"]) <= most
    assert bool(entry.get("parts")) == (category.publication == "must_be_published")
    for part in entry.get("parts", []):
        assert category.published_window is not None
        assert category.published_window.contains(date.fromisoformat(part["published_on"]))
    assert clean_line(entry["title"]) == entry["title"]
    assert "“" not in entry["body"] or entry["body"].count("“") == entry["body"].count("”")
    for photo in entry["photos"]:
        assert set(photo) == {"caption", "photographer", "alt", "scene", "seed"}
        assert photo["scene"] in SCENES and photo["caption"] and photo["alt"]
    assert bool(entry["deed_place"]) == bool(entry["deed_time"]) == (entry["contest"] == SECOND)
    assert entry["exemplar"]["unit"] in UNIT_IDS
    assert entry["exemplar"]["kind"] in {"individual", "collective", "household", "model"}
    assert entry["exemplar"]["name"] and entry["exemplar"]["address"] and entry["exemplar"]["contact"]
    assert entry.get("screening") in {None, "refused", "completion"}
    assert entry.get("verification") in {None, "unverifiable", "on_hold"}


@each_entry
def test_author_may_enter(entry: Json) -> None:
    author = entry["author"]
    rules = RULES[entry["contest"]]
    assert author["unit"] is None or author["unit"] in UNIT_IDS
    assert author["name"].casefold() not in entry["body"].casefold()
    assert author["email"] not in {person["email"] for person in PEOPLE}
    assert author["name"] not in {person["name"] for person in PEOPLE}
    window = rules.window("submission")
    assert window is not None
    ages = [age(date.fromisoformat(author["birth_date"]), at.date()) for at in (window.opens, window.closes)]
    assert min(ages) >= rules.eligibility.min_age
    assert (author["guardian"] is not None) == (min(ages) < 18)
    if (entry["contest"], entry["category"]) == (SECOND, "C"):
        assert min(ages) >= 12 and max(ages) <= 17
    else:
        assert not entry["exemplar"]["is_child"]


def age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def test_one_person_stands_behind_one_address() -> None:
    authors = {entry["author"]["email"]: entry["author"] for entry in ENTRIES}
    assert all(entry["author"] == authors[entry["author"]["email"]] for entry in ENTRIES)
    assert len({author["name"] for author in authors.values()}) == len(authors)
    assert len({author["phone"] for author in authors.values()}) == len(authors)
    several = Counter((entry["contest"], entry["category"], entry["author"]["email"]) for entry in ENTRIES)
    assert [key for key, count in several.items() if count > 1] == [(FIRST, "A", "minh.ngoc@an-lam.example")]
    for (contest_id, category, _), count in several.items():
        assert count <= RULES[contest_id].category(category).max_entries_per_author


def test_judges_meet_one_author_and_one_exemplar_of_their_own_unit() -> None:
    scoring = {"judge", "chair"}
    homes = {person["unit"] for person in PEOPLE if scoring & {each["role"] for each in person["roles"]}}
    assert [entry["id"] for entry in ENTRIES if entry["exemplar"]["unit"] in homes] == ["DH-0006"]
    assert [entry["id"] for entry in ENTRIES if entry["author"]["unit"] in homes] == ["DH-0024"]


# Marks


@each_entry
def test_marks_fit_the_rubric(entry: Json) -> None:
    rules = RULES[entry["contest"]]
    finals = [*entry.get("final_sheets", []), *entry.get("reconciled_sheets", [])]
    for marks in (*prelim_sheets(entry), *finals):
        assert check_marks(rules.rubric, marks) == []
    assert len(entry.get("prelim_sheets", [])) == (0 if entry.get("screening") == "refused" else 2)
    assert ("third_sheet" in entry) == (entry["id"] in {"DH-0001", "DH-0013"})
    if "prelim_sheets" in entry:
        assert gap_open(rules.round("prelim").gap, totals(entry["prelim_sheets"])) == ("third_sheet" in entry)


@each_entry
def test_a_gap_in_the_final_is_talked_about(entry: Json) -> None:
    rules = RULES[entry["contest"]]
    if "final_sheets" not in entry:
        assert "reconciled_sheets" not in entry and "votes" not in entry
        return
    assert len(entry["final_sheets"]) == rules.last_round.judges_per_entry
    open_at_first = gap_open(rules.last_round.gap, totals(entry["final_sheets"]))
    assert open_at_first == ("reconciled_sheets" in entry) == (entry["id"] in {"DH-0018", "NT-0006"})
    if open_at_first:
        assert len(entry["reconciled_sheets"]) == len(entry["final_sheets"])
        assert entry["reconciled_sheets"] != entry["final_sheets"]
        assert not gap_open(rules.last_round.gap, totals(entry["reconciled_sheets"]))
    votes = entry.get("votes")
    if entry["category"] in rules.voting.categories:
        assert isinstance(votes, int) and votes >= 0
    else:
        assert votes is None


def test_the_third_judge_settles_both_ways() -> None:
    assert prelim(entry_of("DH-0001")) == 85  # the two closest of 86, 69 and 84
    assert prelim(entry_of("DH-0013")) == 73  # 82, 64 and 73: equally far apart, so all three


def test_the_line_cuts_and_a_tie_at_it_advances() -> None:
    result = line(FIRST, "A")
    assert len(result.advancing) == 21
    assert set(result.advancing[-2:]) == {"DH-0012", "DH-0019"}
    assert [prelim(entry_of(entry_id)) for entry_id in result.advancing[-2:]] == [72, 72]
    assert set(result.why_not) == {"DH-0014", "DH-0022", "DH-0024", "DH-0026", "DH-0027"}
    below = [entry_id for entry_id in result.why_not if (prelim(entry_of(entry_id)) or 0) < 65]
    assert sorted(below) == ["DH-0014", "DH-0022"]
    # Without their unit's word they would have been within the line.
    assert result.line is not None
    assert all((prelim(entry_of(entry_id)) or 0) > result.line for entry_id in ("DH-0026", "DH-0027"))


@each_category
def test_who_advances_has_final_sheets_and_nobody_else(contest_id: str, category: str) -> None:
    assert set(line(contest_id, category).advancing) == {
        entry["id"] for entry in of(contest_id, category) if "final_sheets" in entry
    }


@each_category
def test_no_ballot_of_the_council_is_needed(contest_id: str, category: str) -> None:
    assert ranking(contest_id, category).needs_ballot == ()


def people() -> dict[str, frozenset[str]]:
    return {entry["id"]: frozenset({entry["author"]["email"]}) for entry in ENTRIES}


def prizes_of(contest_id: str) -> dict[str, list[str]]:
    rankings = {category: ranking(contest_id, category) for each, category in CATEGORIES if each == contest_id}
    found: dict[str, list[str]] = {}
    for each in award(RULES[contest_id], rankings, people()).awards:
        found.setdefault(each.prize_id, []).append(each.entry)
    return found


def test_prizes_of_the_first_contest() -> None:
    placed = ranking(FIRST, "A").placed
    assert [each.standing.entry for each in placed][:5] == ["DH-0004", "DH-0008", "DH-0003", "DH-0002", "DH-0001"]
    assert 88 <= placed[0].standing.total < 92
    assert placed[2].standing.total == placed[3].standing.total == 87
    assert all(70 <= each.standing.total <= 91 for each in placed)
    found = prizes_of(FIRST)
    assert "A-dac_biet" not in found
    assert found["A-nhat"] == ["DH-0004"]
    assert found["A-nhi"] == ["DH-0003", "DH-0002"]  # DH-0008 is passed over: its author has the First Prize
    assert found["A-ba"] == ["DH-0001", "DH-0020", "DH-0005", "DH-0015"]
    assert len(found["A-khuyen_khich"]) == 10 and found["A-khuyen_khich"][0] == "DH-0017"


def test_ties_are_broken_on_every_rule_before_the_ballot() -> None:
    by_total: dict[Fraction, list[str]] = {}
    for each in ranking(FIRST, "A").placed:
        by_total.setdefault(each.standing.total, []).append(each.standing.entry)
    tied = [names for names in by_total.values() if len(names) > 1]
    assert tied == [["DH-0003", "DH-0002"], ["DH-0015", "DH-0017"], ["DH-0011", "DH-0016"]]
    for names, apart_on in zip(tied, ("C2", "C1", None), strict=True):
        ahead, behind = (sheets(entry_of(name)["final_sheets"]) for name in names)
        same = {"C2", "C1"} if apart_on is None else {"C2"} - {apart_on}
        assert all(mean_on(criterion, ahead) == mean_on(criterion, behind) for criterion in same)
        if apart_on is not None:
            assert mean_on(apart_on, ahead) > mean_on(apart_on, behind)
        else:
            assert spread(totals_of(ahead)) < spread(totals_of(behind))


def test_prizes_of_the_second_contest() -> None:
    found = prizes_of(SECOND)
    assert found["A-nhat"] == ["NT-0005"]
    assert found["B-nhat"] == ["NT-0002"]
    assert ranking(SECOND, "B").placed[0].standing.total == Fraction(109, 12)
    assert "C-nhat" not in found and found["C-nhi"] == ["NT-0014", "NT-0003"]
    # 7.92 shows how close a total can come to 8 without reaching it.
    assert found["B-khuyen_khich"] == ["NT-0008"]


def test_deeds_are_recent() -> None:
    """Where a year is named, the deed began in it or goes on."""
    for entry in ENTRIES:
        if entry["contest"] == SECOND:
            assert "đến nay" in entry["deed_time"] or "2027" in entry["deed_time"], entry["id"]
