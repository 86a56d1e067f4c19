"""What was published, worked out again by a program that shares no line with ours: on contests made up at random."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contest.judging.ranking import CouncilBallot, Standing, rank
from contest.results.raw_export import spelled
from tests.factories.raw_scores import ACTIONS, AGGREGATES, GAPS, TIES, Made, Plan, random_contest, state_of

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "static/verify/verify_ranking.py"
# In all, over the kinds of rules below; `make soak-ranking` asks for many more.
EXAMPLES = int(os.environ.get("RECOMPUTE_EXAMPLES", "2000"))


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_ranking", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


verify = _load()
Document = dict[str, Any]


def differences(content: bytes) -> list[str]:
    """What the program finds to differ, in English."""
    check = verify.Check(*verify.read(content))
    return [english for _, english in check.run()]


seeds = st.integers(0, 2**40)
KINDS = [(aggregate, action) for aggregate in AGGREGATES for action in ACTIONS]


def plans(aggregate: str, action: str) -> st.SearchStrategy[Plan]:
    return st.builds(
        Plan,
        aggregate=st.just(aggregate),
        gap=st.sampled_from(GAPS),
        action=st.just(action),
        tie_break=st.sampled_from(TIES),
        lenient=st.booleans(),
        once=st.booleans(),
    )


every_plan = st.sampled_from(KINDS).flatmap(lambda kind: plans(*kind))


@pytest.mark.parametrize(("aggregate", "action"), KINDS)
def test_working_it_out_again_gives_what_was_published(aggregate: str, action: str) -> None:
    @given(plans(aggregate, action), seeds)
    @settings(max_examples=max(1, EXAMPLES // len(KINDS)), deadline=None)
    def recompute(plan: Plan, seed: int) -> None:
        assert differences(random_contest(plan, seed).content) == []

    recompute()


# Orders that mean nothing


@given(every_plan, seeds)
@settings(max_examples=60, deadline=None)
def test_the_order_of_entries_sheets_and_judges_names_never_matters(plan: Plan, seed: int) -> None:
    made, chance = random_contest(plan, seed), random.Random(seed)
    labels = [f"J{number}" for number in range(1, 200)]
    other = dict(zip(labels, chance.sample(labels, len(labels)), strict=True))
    document = json.loads(_renamed(made.content.decode(), other))
    for part in document["rounds"]:
        chance.shuffle(part["entries"])
        for entry in part["entries"]:
            chance.shuffle(entry["sheets"])
    chance.shuffle(document["rounds"])
    assert differences(spelled(document)) == []


def _renamed(content: str, other: dict[str, str]) -> str:
    for name in other:
        content = content.replace(f'"{name}"', f'"~{name}"')
    for name, new in other.items():
        content = content.replace(f'"~{name}"', f'"{new}"')
    return content


@given(every_plan, seeds)
@settings(max_examples=60, deadline=None)
def test_our_total_does_not_depend_on_the_order_of_judges_or_of_finalising(plan: Plan, seed: int) -> None:
    made, chance = random_contest(plan, seed), random.Random(seed)
    for (round_id, _), judged in made.rounds.items():
        round_ = made.rules.round(round_id)
        for held, state in judged:
            record = held.record
            # Scored again, the order of revisions is part of the story; scored once, it is not.
            once = all(len(sheet.revisions) < 2 for sheet in record.sheets)
            orders = [each.order for sheet in record.sheets for each in sheet.revisions]
            new = iter(chance.sample(orders, len(orders)) if once else orders)
            sheets = [
                replace(sheet, revisions=[replace(each, order=next(new)) for each in sheet.revisions])
                for sheet in record.sheets
            ]
            chance.shuffle(sheets)
            again = state_of(made.rules, round_, replace(held, record=replace(record, sheets=sheets)))
            assert (again.result.total, again.result.closable) == (state.result.total, state.result.closable)
            assert again.dialogue is state.dialogue


@given(every_plan, seeds)
@settings(max_examples=60, deadline=None)
def test_our_places_do_not_depend_on_the_order_of_entries(plan: Plan, seed: int) -> None:
    made, chance = random_contest(plan, seed), random.Random(seed)
    for category, published in made.document["published"]["places"].items():
        standings = [
            Standing(held.public_id, state.result.total, state.sheets, held.record.code)
            for held, state in made.rounds[made.rules.last_round.id, category]
            if any(row["code"] == held.record.code for row in published) and state.result.total is not None
        ]
        chance.shuffle(standings)
        by_code = {each.code: each.entry for each in standings}
        ballots = [
            CouncilBallot(tuple(frozenset(by_code[code] for code in group) for group in each["groups"]))
            for each in made.document["ballots"]
            if each["category"] == category
        ]
        again = rank(standings, [each.rule for each in made.rules.scoring.tie_break], ballots)
        assert [(each.place, each.standing.code) for each in again] == [
            (row["place"], row["code"]) for row in published
        ]


@given(every_plan, seeds)
@settings(max_examples=60, deadline=None)
def test_a_judge_who_leaves_and_returns_changes_nothing(plan: Plan, seed: int) -> None:
    made, chance = random_contest(plan, seed), random.Random(seed)
    for (round_id, _), judged in made.rounds.items():
        for held, state in judged:
            sheets = held.record.sheets
            at = chance.randrange(len(sheets))
            if not sheets[at].standing:
                continue
            gone = [*sheets[:at], replace(sheets[at], standing=False, ended_because="removed"), *sheets[at + 1 :]]
            without = state_of(
                made.rules, made.rules.round(round_id), replace(held, record=replace(held.record, sheets=gone))
            )
            assert len(without.given) == len(state.given) - 1
            returned = [*gone[:at], *gone[at + 1 :], replace(gone[at], standing=True, ended_because=None)]
            again = state_of(
                made.rules, made.rules.round(round_id), replace(held, record=replace(held.record, sheets=returned))
            )
            assert (again.result.total, again.result.closable) == (state.result.total, state.result.closable)


# Tampering

PLAN = Plan("mean", ("max_minus_min", "points"), "chair_decides", TIES[-1], lenient=True)
TALK = replace(PLAN, action="reconcile_keep_original")


def _rich(plan: Plan, wanted: Callable[[Document], bool]) -> Made:
    """The first contest of a plan that has what a test needs."""
    return next(made for seed in range(120, 4000) if wanted((made := random_contest(plan, seed)).document))


def entries(document: Document, round_id: str = "final") -> list[Document]:
    return [each for part in document["rounds"] if part["round"] == round_id for each in part["entries"]]


def counting(entry: Document) -> list[Document]:
    return [sheet for sheet in entry["sheets"] if sheet["counts"]]


def ranked(document: Document) -> list[Document]:
    """Final entries that are ranked, as the file has them."""
    places = {row["code"] for rows in document["published"]["places"].values() for row in rows}
    return [entry for entry in entries(document) if entry["code"] in places]


def _full(document: Document) -> bool:
    results = document["published"]["results"]
    places = [row for rows in document["published"]["places"].values() for row in rows]
    return bool(
        results["awards"]
        and results["passed_over"]
        and any(row["parted_by"] for row in places)
        and any(each["votes"] for each in results["awards"])
        and any(each["decisions"] and _decided(document, each) for each in ranked(document))
        and any(not each["advanced"] and each["sheets"] for each in entries(document, "prelim"))
        and document["withheld"]
        and any(_ballot_rules(row) for row in places)
    )


def _ballot_rules(row: Document) -> bool:
    return "secret_ballot_of_final_council" in (row["parted_by"] or [])


def _decided(document: Document, entry: Document) -> bool:
    totals = document["published"]["totals"]["final"]
    found = next(by_code[entry["code"]] for by_code in totals.values() if entry["code"] in by_code)
    return Fraction(found["exact"]) == Fraction(entry["decisions"][-1]["total"]) and bool(
        entry["decisions"][-1]["seen"]
    )


def _lower(sheet: Document) -> None:
    marks = sheet["revisions"][-1]["marks"]
    name = max(marks, key=lambda each: Fraction(marks[each]))
    marks[name] = str(int(Fraction(marks[name])) - 5)


def _swap_places(document: Document) -> None:
    rows = next(rows for rows in document["published"]["places"].values() if rows[0]["place"] != rows[-1]["place"])
    rows[0]["code"], rows[-1]["code"] = rows[-1]["code"], rows[0]["code"]


def _first_parted(document: Document) -> Document:
    return next(row for rows in document["published"]["places"].values() for row in rows if row["parted_by"])


def _decided_entry(document: Document) -> Document:
    return next(each for each in ranked(document) if each["decisions"] and _decided(document, each))


def _drop_ballots(document: Document) -> None:
    document["ballots"] = []


def _rules(document: Document, change: Callable[[Document], None], *, hashed: bool) -> None:
    rules = json.loads(document["rules"]["text"])
    change(rules)
    document["rules"]["text"] = json.dumps(rules, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    if hashed:
        document["rules"]["sha256"] = verify.hashlib.sha256(document["rules"]["text"].encode()).hexdigest()


def _set(path: str, value: Any) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        *before, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        here: Any = document
        for part in before:
            here = here[part]
        assert here[last] != value
        here[last] = value

    return change


def _loser(document: Document) -> Document:
    return next(each for each in entries(document, "prelim") if not each["advanced"] and not each["set_aside"])


def _winner(document: Document) -> Document:
    return next(each for each in entries(document, "prelim") if each["advanced"])


def _entries_of(document: Document, round_id: str) -> list[Document]:
    """The entries of the first part of a round that has any."""
    found: list[Document] = next(p for p in document["rounds"] if p["round"] == round_id and p["entries"])["entries"]
    return found


def _rows(document: Document) -> list[Document]:
    found: list[Document] = next(rows for rows in document["published"]["places"].values() if rows)
    return found


PRIZES = ("A-nhi", "A-ban_doc")


def _awards(document: Document) -> list[Document]:
    found: list[Document] = document["published"]["results"]["awards"]
    return found


def _totals(document: Document) -> Document:
    code = ranked(document)[0]["code"]
    totals = document["published"]["totals"]["final"]
    found: Document = next(by_code[code] for by_code in totals.values() if code in by_code)
    return found


def _first_voted(document: Document) -> str:
    return next(each["code"] for each in _awards(document) if each["votes"])


TAMPERING: dict[str, Callable[[Document], Any]] = {
    "a mark lowered": lambda d: _lower(counting(ranked(d)[0])[0]),
    "a mark lowered in the first round": lambda d: _lower(
        counting(next(e for e in entries(d, "prelim") if e["advanced"]))[0]
    ),
    "a mark above its criterion": lambda d: counting(ranked(d)[0])[0]["revisions"][-1]["marks"].update(C1="21"),
    "a mark off the step": lambda d: counting(ranked(d)[0])[0]["revisions"][-1]["marks"].update(C1="10.3"),
    "a criterion left out": lambda d: counting(ranked(d)[0])[0]["revisions"][-1]["marks"].pop("C1"),
    "a criterion made up": lambda d: counting(ranked(d)[0])[0]["revisions"][-1]["marks"].update(C9="1"),
    "a negative mark": lambda d: counting(ranked(d)[0])[0]["revisions"][-1]["marks"].update(C1="-1"),
    "a sheet left out": lambda d: ranked(d)[0]["sheets"].remove(counting(ranked(d)[0])[0]),
    "a sheet twice": lambda d: ranked(d)[0]["sheets"].append(deepcopy(counting(ranked(d)[0])[0])),
    "a sheet no longer counting": lambda d: counting(ranked(d)[0])[0].update(counts=False),
    "a sheet said to be of a judge who left": lambda d: counting(ranked(d)[0])[0].update(
        counts=False, standing=False, ended_because="removed"
    ),
    "a sheet said to be open": lambda d: counting(ranked(d)[0])[0].update(counts=False, state="open"),
    "a revision reopened": lambda d: counting(ranked(d)[0])[0]["reopenings"].append(
        {"revision": len(counting(ranked(d)[0])[0]["revisions"]), "kind": "unlock"}
    ),
    "a revision added": lambda d: counting(ranked(d)[0])[0]["revisions"].append(
        {**counting(ranked(d)[0])[0]["revisions"][-1], "number": 99}
    ),
    "revisions out of order": lambda d: counting(ranked(d)[0])[0]["revisions"][-1].update(order=9999),
    "a decision raised": lambda d: _decided_entry(d)["decisions"][-1].update(total="99"),
    "a decision taken away": lambda d: _decided_entry(d).update(decisions=[]),
    "a decision on other sheets": lambda d: _decided_entry(d)["decisions"][-1].update(seen={"J1": 77}),
    "an entry set aside": lambda d: ranked(d)[0].update(set_aside=True),
    "an entry fallen out": lambda d: ranked(d)[0].update(fell_out=True),
    "an entry left out": lambda d: next(p for p in d["rounds"] if p["round"] == "final" and p["entries"])[
        "entries"
    ].pop(),
    "an entry twice": lambda d: next(p for p in d["rounds"] if p["entries"])["entries"].append(
        deepcopy(d["rounds"][0]["entries"][0])
    ),
    "a loser advanced": lambda d: _loser(d).update(advanced=True),
    "a winner not advanced": lambda d: _winner(d).update(advanced=False),
    "a code changed": lambda d: ranked(d)[0].update(code="ZZ99"),
    "a total published higher": lambda d: _totals(d).update(exact=str(Fraction(_totals(d)["exact"]) + 1)),
    "a total shown higher": lambda d: _totals(d).update(shown="99.99"),
    "a total not published": lambda d: [by_code.clear() for by_code in d["published"]["totals"]["final"].values()],
    "places swapped": _swap_places,
    "a place raised": lambda d: d["published"]["places"]["A"][-1].update(place=77),
    "a place left out": lambda d: _rows(d).pop(),
    "a tie rule renamed": lambda d: _first_parted(d).update(parted_by=["higher_mean_on:C6"]),
    "a tie made up": lambda d: next(rows for rows in d["published"]["places"].values() if rows)[0].update(
        tied_with=["ZZ99"]
    ),
    "ballots taken away": _drop_ballots,
    "a prize given to another": lambda d: _awards(d)[0].update(code=_awards(d)[-1]["code"], votes=3),
    "a prize raised": lambda d: _awards(d)[0].update(amount=_awards(d)[0]["amount"] + 1),
    "a prize taken away": lambda d: _awards(d).pop(),
    "a prize given twice": lambda d: _awards(d).append(deepcopy(_awards(d)[0])),
    "another prize": lambda d: _awards(d)[0].update(
        prize="A-ban_doc" if _awards(d)[0]["prize"] != "A-ban_doc" else "A-nhi"
    ),
    "people parted": lambda d: d["people"].update({code: [f"P{at}"] for at, code in enumerate(d["people"], start=500)}),
    "people left out": lambda d: d["people"].popitem(),
    "votes raised": lambda d: d["votes"]["votes"].update({_first_voted(d): d["votes"]["valid"] + 1}),
    "votes moved": lambda d: d["votes"]["votes"].update({_first_voted(d): 0}),
    "ballots cast made up": lambda d: d["votes"].update(cast=d["votes"]["cast"] + 1),
    "nothing withheld": lambda d: d.update(withheld=[]),
    "a prize said to be given": lambda d: d["published"]["results"].update(not_given=[]),
    "nobody passed over": lambda d: d["published"]["results"].update(passed_over=[]),
    "money left over": lambda d: d["published"]["results"].update(left=1),
    "computed at another time": lambda d: d["published"]["results"].update(computed_at="2027-06-02T00:00:00Z"),
    "rules changed": lambda d: _rules(d, lambda rules: rules["scoring"]["tiers"][0].update(min=99), hashed=False),
    "rules changed, hash and all": lambda d: _rules(
        d, lambda rules: [tier.update(min=tier["min"] + 9) for tier in rules["scoring"]["tiers"]], hashed=True
    ),
    "another aggregate": lambda d: _rules(
        d, lambda rules: [r.update(aggregate="median") for r in rules["rounds"]], hashed=True
    ),
    "a round taken away": lambda d: d.update(rounds=[part for part in d["rounds"] if part["round"] != "final"]),
    "a category taken away": lambda d: d.update(categories=["A"]),
    "another schema": _set("schema", "guong-sang/raw-scores/2"),
    "a field added": lambda d: d.update(note="x"),
    "a field taken away": lambda d: d.pop("ballots"),
    "a binary float": lambda d: counting(ranked(d)[0])[0]["revisions"][-1]["marks"].update(C1=10.5),
}


@pytest.fixture(scope="module")
def rich() -> Made:
    return _rich(PLAN, _full)


def test_there_are_ways_enough_to_tamper() -> None:
    assert len(TAMPERING) >= 25


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_caught(rich: Made, name: str) -> None:
    document = deepcopy(rich.document)
    assert differences(spelled(document)) == []
    TAMPERING[name](document)
    content = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert content != rich.content
    try:
        found = differences(content)
    except verify.Unreadable:
        return
    assert found != []


def test_a_settlement_taken_away_is_caught() -> None:
    made = _rich(TALK, lambda document: any(each["settlements"] for each in ranked(document)))
    for entry in ranked(made.document):
        entry["settlements"] = []
    assert any("has an open gap" in each for each in differences(made.content))


def test_the_worked_example_of_the_specification() -> None:
    rule = {
        "judges_per_entry": 5,
        "aggregate": "trimmed_mean_drop_high_low",
        "gap": {"type": "max_minus_min", "threshold": 20, "action": "reconcile_keep_original"},
    }
    talk = [[95], [70, 80], [84], [82], [83]]
    seen = {f"J{at}": len(totals) for at, totals in enumerate(talk, start=1)}
    one = verify.outcome_of(rule, 100, _example([[88], [86], [90], [79], [87]]))
    two = verify.outcome_of(rule, 100, _example([[87]] * 5))
    assert (one.total, two.total) == (87, 87)
    assert verify.outcome_of(rule, 100, _example(talk)).waits
    three = verify.outcome_of(rule, 100, _example(talk, [seen]))
    assert (three.total, three.complete, three.waits) == (83, True, False)
    assert verify.outcome_of(rule, 100, _example([talk[0], [70, 80, 70], *talk[2:]], [seen])).waits
    for sheet, mark in zip(one.sheets, ("22", "21.5", "23", "19", "22"), strict=True):
        sheet.marks["C2"] = Fraction(mark)
    for sheet in two.sheets:
        sheet.marks["C2"] = Fraction("21.8")
    totals = {"7K2M": one.total, "4F7K": two.total, "9QX3": three.total}
    sheets = {"7K2M": one.sheets, "4F7K": two.sheets, "9QX3": three.sheets}
    placed = verify.places_of(totals, sheets, ["higher_mean_on:C2", "joint_award_if_budget_allows"], [])
    assert [(each.place, each.code, each.parted_by) for each in placed] == [
        (1, "4F7K", ["higher_mean_on:C2"]),
        (2, "7K2M", ["higher_mean_on:C2"]),
        (3, "9QX3", []),
    ]


def _example(by_judge: list[list[int]], settlements: list[Document] | None = None) -> Document:
    """An entry with these totals, revision after revision, the first ones before the second ones."""
    order = sorted((number, at) for at, totals in enumerate(by_judge) for number in range(len(totals)))
    return {
        "sheets": [
            {
                "judge": f"J{at + 1}",
                "standing": True,
                "state": "final",
                "ended_because": None,
                "reopenings": [],
                "revisions": [
                    {"number": number + 1, "order": order.index((number, at)) + 1, "marks": {"all": str(total)}}
                    for number, total in enumerate(totals)
                ],
            }
            for at, totals in enumerate(by_judge)
        ],
        "settlements": settlements or [],
        "decisions": [],
        "waivers": [],
    }


# Files from anywhere


@given(st.integers(0, 40), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_no_file_however_broken_brings_the_program_down(seed: int, chance: random.Random) -> None:
    document = deepcopy(_made(seed))
    for _ in range(chance.randint(1, 3)):
        _break(document, chance)
    content = json.dumps(document, ensure_ascii=False).encode()
    with suppress(verify.Unreadable):
        verify.Check(*verify.read(content)).run()


_CACHE: dict[int, Document] = {}


def _made(seed: int) -> Document:
    if seed not in _CACHE:
        _CACHE[seed] = random_contest(PLAN if seed % 2 else TALK, seed).document
    return _CACHE[seed]


ODD = [None, True, 0, -1, 10**30, "", "x" * 500, "1/0", "0", "J1", [], {}, [[]], {"J1": 1}, 1.5, "NaN", "A", "final"]


def _break(value: Any, chance: random.Random) -> None:
    """Something somewhere replaced, left out or doubled."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = chance.choice(keys)
        inner = value[key]
        if isinstance(inner, dict | list) and inner and chance.random() < 0.85:
            value = inner
            continue
        kind = chance.random()
        if kind < 0.2:
            del value[key]
        elif kind < 0.3 and isinstance(value, list):
            value.append(deepcopy(inner))
        else:
            value[key] = chance.choice(
                [
                    None,
                    True,
                    0,
                    -1,
                    10**30,
                    "",
                    "x" * 500,
                    "1/0",
                    "0",
                    "J1",
                    [],
                    {},
                    [[]],
                    {"J1": 1},
                    1.5,
                    "NaN",
                    "A",
                    "final",
                ]
            )
        return


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"schema": NaN}',
        b'{"a": 1, "a": 2}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 10_000,
        b'{"schema": 1e400}',
    ],
)
def test_what_is_no_export_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(verify.Unreadable):
        verify.read(content)
    file = tmp_path / "x.json"
    file.write_bytes(content)
    assert verify.main([str(file)]) == 2


# As a command


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The script as somebody runs it who has nothing but Python: no site packages, none of our code."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        env={"PYTHONIOENCODING": "utf-8"},
        cwd="/",
    )


def test_the_command_says_equal_different_and_unreadable(rich: Made, tmp_path: Path) -> None:
    file = tmp_path / "diem-goc.json"
    file.write_bytes(rich.content)
    sha = verify.hashlib.sha256(rich.content).hexdigest()
    equal = run(str(file), "--sha256", sha)
    assert equal.returncode == 0, equal.stdout + equal.stderr
    assert "KHỚP" in equal.stdout and "EQUAL" in equal.stdout and sha in equal.stdout
    other = run(str(file), "--sha256", "0" * 64)
    assert other.returncode == 1 and "SHA-256 của tệp không khớp" in other.stdout
    document = deepcopy(rich.document)
    _swap_places(document)
    file.write_bytes(spelled(document))
    different = run(str(file))
    assert different.returncode == 1
    assert "KHÁC" in different.stdout and "DIFFERENT" in different.stdout and ": place: published" in different.stdout
    file.write_bytes(b"{")
    assert run(str(file)).returncode == 2
    missing = run(str(tmp_path / "none.json"))
    assert missing.returncode == 2 and "The file cannot be opened" in missing.stdout


def test_one_entry_is_explained(rich: Made, tmp_path: Path) -> None:
    file = tmp_path / "diem-goc.json"
    file.write_bytes(rich.content)
    entry = _decided_entry(rich.document)
    found = run(str(file), "--explain", entry["code"])
    assert found.returncode == 0
    assert "Trưởng Ban quyết định:" in found.stdout and "The head of jury set" in found.stdout
    assert f"{entry['code']} · final" in found.stdout
    assert f"{entry['code']} · prelim" in found.stdout
    nobody = run(str(file), "--explain", "NOBODY")
    assert nobody.returncode == 2 and "There is no entry NOBODY" in nobody.stdout


def test_it_imports_nothing_but_the_standard_library() -> None:
    imported = {
        line.split()[1].partition(".")[0]
        for line in SCRIPT.read_text(encoding="utf-8").splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported <= set(sys.stdlib_module_names)
