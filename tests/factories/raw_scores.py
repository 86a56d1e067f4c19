"""Contests judged at random, without a database: rounds, gaps, ties and prizes worked out by the pure functions.

`random_contest` makes the document that `contest.results.raw_export` gives out. What is published in it comes from
our own functions; what it says of sheets is made here, so that another program can work it out again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from contest.contests.ruleset import Canonical, Round, RuleSet, canonical, parse_rule_set
from contest.judging.ranking import CouncilBallot, Ranking, Standing, rank
from contest.judging.records import EntryRecord, RevisionRecord, SheetRecord
from contest.judging.rounds import _state
from contest.judging.scoring import display, exact
from contest.judging.shortlist import Candidate, Readiness, shortlist
from contest.judging.states import Decided, EntryState, Given, LetPass, Revision, RoundEntry
from contest.results.prizes import Withholding, award
from contest.results.raw_export import SCHEMA, _entry, _judges, exact_text, spelled
from contest.voting.tally import Tally, readers_prize

DATA = Path(__file__).parents[2] / "contest/demo/data/contests.json"
AT = datetime(2027, 6, 1, tzinfo=UTC)
AGGREGATES = ("mean", "trimmed_mean_drop_high_low", "median")
GAPS = (
    None,
    *((kind, unit) for kind in ("max_minus_min", "distance_from_mean") for unit in ("points", "share_of_scale")),
)
ACTIONS = ("third_judge", "reconcile_keep_original", "chair_decides")
_EVERY = ["higher_mean_on:C2", "higher_mean_on:C1", "smaller_spread_between_judges"]
_BALLOT, _JOINT = "secret_ballot_of_final_council", "joint_award_if_budget_allows"
TIES: tuple[tuple[str, ...], ...] = (
    (),
    (_JOINT,),
    (_BALLOT, _JOINT),
    (_JOINT, _BALLOT),
    ("smaller_spread_between_judges", _BALLOT),
    ("higher_mean_on:C2", _JOINT, "higher_mean_on:C1"),
    (*_EVERY, _BALLOT, _JOINT),
)


@dataclass(frozen=True)
class Plan:
    """What the rules of a random contest say."""

    aggregate: str
    gap: tuple[str, str] | None
    action: str
    tie_break: tuple[str, ...]
    lenient: bool  # fewer sheets than asked for may be let pass
    once: bool = True  # one prize per author and category


@cache
def _document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"), parse_float=Decimal)["contests"][0]
    return found


@cache
def rules_of(plan: Plan) -> RuleSet:
    """A rule set of two rounds with the plan's arithmetic in both, as far as rules allow it."""
    document = deepcopy(_document())
    for at, round_ in enumerate(document["rounds"]):
        third = plan.gap is not None and plan.action == "third_judge"
        # A third judge comes where two mark; leaving out the extremes needs three.
        round_["aggregate"] = "median" if third and plan.aggregate.startswith("trimmed") else plan.aggregate
        round_["judges_per_entry"] = 2 if third else (3 if at == 0 else 4)
        round_["min_sheets"] = max(1, round_["judges_per_entry"] - 2) if plan.lenient else None
        round_["gap"] = None
        if plan.gap is not None:
            kind, unit = plan.gap
            points = Decimal("6.5") if kind == "max_minus_min" else Decimal(4)
            threshold = points if unit == "points" else points / 100
            round_["gap"] = {"type": kind, "unit": unit, "threshold": threshold, "action": plan.action}
            if third:
                round_["gap"]["then"] = "mean_of_two_closest_else_mean_of_three"
    document["rounds"][0]["advance"] = {"counts": {"A": 6, "B": 4}, "min_score": 62, "ties_at_line": "all_advance"}
    document["scoring"]["tie_break"] = [{"rule": rule} for rule in plan.tie_break]
    document["scoring"]["one_prize_per_author_per_category"] = plan.once
    document["scoring"]["tiers"] = [
        {"rung": "dac_biet", "min": 88},
        {"rung": "nhat", "min": 84},
        {"rung": "nhi", "min": 80},
        {"rung": "ba", "min": 75},
        {"rung": "khuyen_khich", "min": 68},
    ]
    document["voting"]["min_valid_voters_for_prize"] = 3
    return parse_rule_set(canonical(document).text)


@dataclass
class _Held:
    """An entry in a round while its story is made up."""

    record: EntryRecord
    public_id: str
    asides: dict[str, Any] = field(default_factory=dict)


@dataclass
class Story:
    """Judging made up at random: `chance` decides everything, so the same one gives the same contest."""

    rules: RuleSet
    chance: random.Random
    serial: int = 0
    sheets: int = 0

    def number(self) -> int:
        self.serial += 1
        return self.serial

    def marks(self) -> dict[str, str]:
        """Marks of a few kinds only, so that totals meet; moved between criteria, so that rules part them."""
        step, criteria = self.rules.rubric.step, self.rules.rubric.criteria
        level = self.chance.choice((14, 16, 16, 16, 17, 17, 18))
        marks = {each.id: step * int(each.max / step * level / 20) for each in criteria}
        if self.chance.random() < 0.3:
            one, two = self.chance.sample([each.id for each in criteria[:3]], 2)
            marks[one], marks[two] = marks[one] + step, marks[two] - step
        return {name: str(mark) for name, mark in marks.items()}

    def sheet(self, judge: int, *, kind: str = "regular") -> SheetRecord:
        self.sheets += 1
        return SheetRecord(f"{self.chance.getrandbits(60):016x}", judge, kind, True, None, self.sheets, None)

    def finish(self, sheet: SheetRecord, marks: dict[str, str] | None = None) -> SheetRecord:
        order, number = self.number(), len(sheet.revisions) + 1
        revision = RevisionRecord(order, number, marks or self.marks(), AT, self.chance.choice(("screen", "paper")))
        return replace(sheet, state="final", revisions=[*sheet.revisions, revision])

    def reopen(self, sheet: SheetRecord, kind: str) -> SheetRecord:
        return replace(sheet, state="open", reopenings=[*sheet.reopenings, (len(sheet.revisions), kind, AT)])

    def first_sheets(self, round_: Round, held: _Held) -> None:
        """Judges at work: most finish, some take back or are unlocked, some leave or are recused."""
        chance, record = self.chance, held.record
        for judge in chance.sample(range(1, 12), round_.judges_per_entry):
            sheet = self.sheet(judge)
            if chance.random() < 0.03:
                record.sheets.append(sheet)
                continue
            sheet = self.finish(sheet)
            while chance.random() < 0.12:
                sheet = self.reopen(sheet, chance.choice(("undo", "unlock")))
                if chance.random() < 0.9:
                    sheet = self.finish(sheet)
                else:
                    break
            record.sheets.append(sheet)
        while chance.random() < 0.15:
            sheet = self.sheet(chance.randint(20, 25))
            if any(each.judge_id == sheet.judge_id for each in record.sheets):
                break
            sheet = self.finish(sheet) if chance.random() < 0.6 else sheet
            record.sheets.append(replace(sheet, standing=False, ended_because=chance.choice(("removed", "conflict"))))
        chance.shuffle(record.sheets)

    def settle(self, round_: Round, held: _Held) -> EntryState:
        """Work the entry down until the round may be closed with it."""
        for _ in range(9):
            state = state_of(self.rules, round_, held)
            if state.result.closable:
                return state
            self.mend(round_, held, state)
        held.record.set_aside = True
        return state_of(self.rules, round_, held)

    def mend(self, round_: Round, held: _Held, state: EntryState) -> None:
        chance, record = self.chance, held.record
        missing = [at for at, each in enumerate(record.sheets) if each.standing and each.state != "final"]
        if missing and not state.result.complete:
            at = chance.choice(missing)
            if chance.random() < 0.4:
                record.waivers.append((AT, "sheet", record.sheets[at].judge_id, None))
                if chance.random() < 0.5:
                    return
            record.sheets[at] = self.finish(record.sheets[at])
        elif state.result.needs_third and chance.random() < 0.9:
            record.sheets.append(self.finish(self.sheet(chance.randint(30, 39), kind="third")))
        elif not state.result.complete:
            if chance.random() < 0.3:
                record.waivers.append((AT, "judge", None, None))
            record.sheets.append(self.finish(self.sheet(chance.randint(40, 49))))
        elif chance.random() < 0.15:
            record.waivers.append((AT, "gap", None, AT if chance.random() < 0.2 else None))
        elif chance.random() < 0.3:
            at = chance.choice([at for at, each in enumerate(record.sheets) if each.standing and each.state == "final"])
            record.sheets[at] = self.finish(self.reopen(record.sheets[at], "unlock"))
        elif round_.gap is not None and round_.gap.action == "chair_decides":
            totals = sorted(sheet.total for sheet in state.sheets)
            part = Fraction(chance.randint(0, 8), 8)
            total = display(totals[0] + (totals[-1] - totals[0]) * part, 2)
            if chance.random() < 0.1:
                total += 60  # outside of the sheets: no decision
            record.decisions.append((AT, total, dict(state.seen)))
        else:
            record.settlements.append((AT, dict(state.seen)))


def state_of(rules: RuleSet, round_: Round, held: _Held) -> EntryState:
    """What our own functions make of a record."""
    record = held.record
    given = tuple(
        Given(
            id=each.sheet_id or 0,
            public_id=each.public_id,
            entry_id=record.id,
            judge_id=each.judge_id,
            judge=f"judge {each.judge_id}",
            judge_name="",
            kind=each.kind,
            sheet_id=each.sheet_id,
            state=each.state,
            revisions=tuple(
                Revision(
                    revision.order,
                    revision.number,
                    {name: exact(mark) for name, mark in revision.marks.items()},
                    "",
                    (revision.number, "undo", AT) in each.reopenings,
                )
                for revision in each.revisions
            ),
        )
        for each in record.sheets
        if each.standing
    )
    return _state(
        rules,
        round_,
        RoundEntry(record.id, held.public_id, record.code, ""),
        given,
        [seen for _, seen in record.settlements],
        [Decided(at, exact(total), 0, AT, "", seen) for at, (_, total, seen) in enumerate(record.decisions)],
        tuple(
            LetPass(at, what, judge, 0, AT, "")
            for at, (_, what, judge, lifted) in enumerate(record.waivers)
            if lifted is None
        ),
        "x" if record.set_aside else None,
    )


@dataclass
class Made:
    """A contest made up, and the document that tells of it."""

    rules: RuleSet
    document: dict[str, Any]
    rounds: dict[tuple[str, str], list[tuple[_Held, EntryState]]]

    @property
    def content(self) -> bytes:
        return spelled(self.document)


def random_contest(plan: Plan, seed: int) -> Made:
    """A contest judged from the first sheet to the prizes."""
    rules, chance = rules_of(plan), random.Random(seed)
    story = Story(rules, chance)
    codes = [f"{letter}{at:02}" for letter in "ABCDEFGH" for at in range(10)]
    chance.shuffle(codes)
    rounds: dict[tuple[str, str], list[tuple[_Held, EntryState]]] = {}
    for category, most in (("A", 9), ("B", 6)):
        held = []
        for _ in range(chance.randint(0, most)):
            id_ = story.number()
            held.append(_Held(EntryRecord(id_, codes.pop(), False, None), f"e{id_:05}"))
        for round_ in rules.rounds:
            rounds[round_.id, category] = _judge(story, round_, held)
            if round_.advance is not None:
                held = _advance(story, round_, category, rounds[round_.id, category])
    return Made(rules, _told(story, rounds), rounds)


def _judge(story: Story, round_: Round, held: Sequence[_Held]) -> list[tuple[_Held, EntryState]]:
    found = []
    for each in held:
        story.first_sheets(round_, each)
        if story.chance.random() < 0.04:
            each.record.set_aside = True
        found.append((each, story.settle(round_, each)))
    return found


def _advance(story: Story, round_: Round, category: str, judged: Sequence[tuple[_Held, EntryState]]) -> list[_Held]:
    advance = round_.advance
    assert advance is not None
    candidates = [
        Candidate(each.public_id, state.result.total, Readiness.OUT if each.record.set_aside else Readiness.READY)
        for each, state in judged
    ]
    least = exact(advance.min_score) if advance.min_score is not None else None
    chosen = set(shortlist(candidates, count=advance.counts[category], min_score=least).advancing)
    held = []
    for each, _ in judged:
        each.record.advanced = each.public_id in chosen
        if each.record.advanced:
            out = AT if story.chance.random() < 0.05 else None
            held.append(_Held(EntryRecord(each.record.id, each.record.code, True, out), each.public_id))
    return held


def _ballots(story: Story, standings: Sequence[Standing], rules: RuleSet) -> list[list[list[str]]]:
    """The council's ballots by code: on ties that stand, on others, and again."""
    chance, found = story.chance, []
    tie_break = [each.rule for each in rules.scoring.tie_break]
    tied = [
        sorted({placed.standing.code, *(other.code for other in standings if other.entry in placed.tied_with)})
        for placed in rank(standings, tie_break)
        if placed.tied_with
    ]
    if len(standings) > 2:
        tied.append([each.code for each in chance.sample(list(standings), 2)])
    for codes in tied:
        if chance.random() < 0.6:
            order = chance.sample(codes, len(codes))
            cut = chance.randint(1, len(order))
            found.append([sorted(order[:cut]), sorted(order[cut:])])
    return found


def _told(story: Story, rounds: dict[tuple[str, str], list[tuple[_Held, EntryState]]]) -> dict[str, Any]:
    rules, chance = story.rules, story.chance
    last = rules.last_round
    rankings: dict[str, Ranking] = {}
    ballots: list[dict[str, Any]] = []
    people: dict[str, frozenset[str]] = {}
    for category in ("A", "B"):
        finals = [(each, state) for each, state in rounds[last.id, category] if each.record.fell_out_at is None]
        standings = [
            Standing(each.public_id, state.result.total, state.sheets, each.record.code)
            for each, state in finals
            if state.result.total is not None and state.result.complete and not each.record.set_aside
        ]
        by_code = {standing.code: standing.entry for standing in standings}
        groups = _ballots(story, standings, rules)
        ballots += [{"category": category, "groups": each, "present": 5} for each in groups]
        cast = [CouncilBallot(tuple(frozenset(by_code[code] for code in place) for place in each)) for each in groups]
        rankings[category] = rank(standings, [each.rule for each in rules.scoring.tie_break], cast)
        for each, _ in finals:
            some = chance.randint(1, 2) if chance.random() < 0.3 else 1
            people[each.public_id] = frozenset(f"P{chance.randint(1, 15)}" for _ in range(some))
    code_of = {each.public_id: each.record.code for judged in rounds.values() for each, _ in judged}
    inputs, results = _prizes(rules, chance, rankings, people, code_of)
    return {
        **_records(rules, rounds),
        "ballots": ballots,
        **inputs,
        "published": {
            "totals": {
                round_.id: {category: _totals(rounds[round_.id, category]) for category in ("A", "B")}
                for round_ in rules.rounds
            },
            "places": {category: _places(ranking, code_of) for category, ranking in rankings.items()},
            "results": results,
        },
    }


@cache
def _spelling(rules: RuleSet) -> Canonical:
    return canonical(rules)


def _records(rules: RuleSet, rounds: dict[tuple[str, str], list[tuple[_Held, EntryState]]]) -> dict[str, Any]:
    named = _judges(sheet for judged in rounds.values() for each, _ in judged for sheet in each.record.sheets)
    spelling = _spelling(rules)
    return {
        "schema": SCHEMA,
        "contest": {"slug": rules.slug, "title": rules.title.model_dump()},
        "categories": ["A", "B"],
        "whole": True,
        "as_of": "2027-06-01T00:00:00Z",
        "rules": {"number": 1, "text": spelling.text, "sha256": spelling.sha256},
        "rounds": [
            {
                "round": round_id,
                "category": category,
                "closed_at": "2027-06-01T00:00:00Z",
                "entries": [
                    _entry(each.record, rules.round(round_id), named, None, last=round_id == rules.last_round.id)
                    for each, _ in judged
                ],
            }
            for (round_id, category), judged in rounds.items()
        ],
    }


def _totals(judged: Sequence[tuple[_Held, EntryState]]) -> dict[str, Any]:
    return {
        each.record.code: {"exact": exact_text(state.result.total), "shown": str(display(state.result.total, 2))}
        for each, state in judged
        if state.result.total is not None and each.record.fell_out_at is None
    }


def _places(ranking: Ranking, code_of: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "place": placed.place,
            "code": placed.standing.code,
            "exact": exact_text(placed.standing.total),
            "tied_with": sorted(code_of[entry] for entry in placed.tied_with),
            "parted_by": list(placed.parted_by),
        }
        for placed in ranking
    ]


def _prizes(
    rules: RuleSet,
    chance: random.Random,
    rankings: dict[str, Ranking],
    people: dict[str, frozenset[str]],
    code_of: dict[str, str],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the prizes follow from, and what was published of them."""
    finalists = sorted(people)
    withheld = [
        Withholding(prize.id, "x", chance.choice([None, chance.randint(1, prize.count)]))
        for prize in rules.prizes
        if prize.rung not in ("tap_the", "nhan_vat") and chance.random() < 0.08
    ]
    valid = chance.randint(0, 12) if finalists else 0
    votes = dict.fromkeys((entry for entry in finalists if entry in rankings["A"].places), 0)
    for _ in range(valid if votes else 0):
        for entry in chance.sample(sorted(votes), min(len(votes), chance.randint(1, 3))):
            votes[entry] += 1
    valid = valid if votes else 0
    count = Tally(valid + 3, valid, 1, {"automated": 2}, votes)
    places = {entry: place for ranking in rankings.values() for entry, place in ranking.places.items()}
    prize = rules.readers_prize
    assert prize is not None
    kept = next(
        (prize.count if each.seats is None else each.seats for each in withheld if each.prize_id == prize.id), 0
    )
    readers = readers_prize(
        count,
        places=places,
        minimum=rules.voting.min_valid_voters_for_prize,
        tie_break=rules.voting.tie_break,
        seats=prize.count - kept,
        codes=code_of,
    )
    found = award(rules, rankings, people, withholdings=withheld, readers=readers)
    by_entry = {placed.standing.entry: placed for ranking in rankings.values() for placed in ranking}
    outside = {each.id for each in rules.prizes if not rules.is_ladder_prize(each) and each != prize}
    results = {
        "computed_at": "2027-06-01T00:00:00Z",
        "fingerprint": "0" * 64,
        "decision": "1408/QĐ-UBND",
        "awards": [
            {
                "prize": each.prize_id,
                "code": code_of[each.entry],
                "place": each.place,
                "exact": exact_text(by_entry[each.entry].standing.total) if each.place is not None else None,
                "votes": None if each.place is not None else votes[each.entry],
                "amount": each.amount,
            }
            for each in found.awards
        ],
        "not_given": [{"prize": each.prize_id, "seats": each.seats, "whole": each.whole} for each in found.withheld],
        "passed_over": [{"prize": each.prize_id, "code": code_of[each.entry]} for each in found.skipped],
        "undecided": [
            {
                "prize": each.prize_id,
                "codes": sorted(code_of[entry] for entry in each.entries),
                "vote_on": sorted(code_of[entry] for entry in each.vote_on),
                "seats": each.seats_left,
                "reason": each.reason,
            }
            for each in found.needs_council
        ],
        "open": [each for each in found.open_prizes if each not in outside],
        "left": found.left,
    }
    inputs = {
        "people": {code_of[entry]: sorted(persons) for entry, persons in people.items()},
        "votes": {
            "cast": count.cast,
            "valid": count.valid,
            "void": count.void,
            "set_aside": count.set_aside,
            "votes": {code_of[entry]: given for entry, given in votes.items()},
        },
        "withheld": [{"prize": each.prize_id, "seats": each.seats} for each in withheld],
    }
    return inputs, results
