"""Prizes and what follows when they are taken back, for ladders of any height, width, minimums and amounts."""

from __future__ import annotations

import json
from collections import Counter
from copy import deepcopy
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contest.contests.ruleset import RuleSet, canonical, parse_rule_set
from contest.core.errors import Refused
from contest.judging.ranking import JOINT_AWARD, SECRET_BALLOT, Standing, rank
from contest.judging.scoring import exact
from contest.results.beside import Finalist, give_beside
from contest.results.cascade import Held, Ranked, cascade
from contest.results.prizes import award
from tests.factories.raw_scores import DATA

DOCUMENT = next(
    each
    for each in json.loads(DATA.read_text(encoding="utf-8"), parse_float=Decimal)["contests"]
    if each["code_prefix"] == "NT"
)
RUNGS = [tier["rung"] for tier in DOCUMENT["scoring"]["tiers"]]

rung = st.fixed_dictionaries(
    {
        "count": st.integers(1, 4),
        "least": st.integers(0, 3),
        "amount": st.integers(1, 5),
        "there": st.booleans(),
    }
)
ladders = st.lists(rung, min_size=len(RUNGS), max_size=len(RUNGS)).filter(lambda rungs: any(r["there"] for r in rungs))
totals = st.lists(st.sampled_from([Fraction(half, 2) for half in range(10, 21)]), max_size=14)
people_of = st.dictionaries(
    st.integers(0, 13), st.frozensets(st.sampled_from("pqr"), min_size=1, max_size=2), max_size=6
)
ties = st.sampled_from([(), (JOINT_AWARD,), (SECRET_BALLOT, JOINT_AWARD)])
runs = st.lists(st.integers(0, 20), max_size=5)


def rules_of(ladder: list[dict[str, Any]], *, once: bool) -> RuleSet:
    """The sample rules with this ladder in category A: the higher a rung the larger its least total and its amount."""
    document = deepcopy(DOCUMENT)
    least, amount = Decimal(10), 10_000_000
    document["scoring"]["one_prize_per_author_per_category"] = once
    others = [each for each in document["prizes"] if each["id"].partition("-")[0] != "A"]
    mine = {each["rung"]: each for each in document["prizes"] if each["id"].startswith("A-")}
    for tier, each in zip(document["scoring"]["tiers"], ladder, strict=True):
        least -= Decimal(each["least"]) / 2 + Decimal("0.5")
        amount -= each["amount"] * 100_000
        tier["min"] = max(least, Decimal(0))
        mine[tier["rung"]] |= {"count": each["count"], "amount_vnd": amount}
    kept = [mine[name] for name, each in zip(RUNGS, ladder, strict=True) if each["there"]]
    document["prizes"] = [*kept, *others]
    document["budget_prizes_vnd"] = sum(each["count"] * each["amount_vnd"] for each in document["prizes"])
    return parse_rule_set(canonical(document).text)


@given(ladders, st.booleans(), totals, people_of, ties, runs)
@settings(max_examples=120, deadline=None)
def test_counts_budget_authors_and_order_hold_and_go_on_holding(ladder, once, found, shared, tie_rules, run):
    rules = rules_of(ladder, once=once)
    prizes = {prize.id: prize for prize in rules.prizes}
    rungs = [prize.id for _, prize in rules.ladder("A")]
    least = {prize.id: exact(tier.min) for tier, prize in rules.ladder("A")}
    names = {at: shared.get(at) or frozenset({f"only {at}"}) for at in range(len(found))}
    ranking = rank([Standing(str(at), total) for at, total in enumerate(found)], tie_rules)
    given_out = award(rules, {"A": ranking, "B": (), "C": ()}, {str(at): who for at, who in names.items()})
    lines = [Ranked(int(each.standing.entry), each.place, each.standing.total, each.standing.entry) for each in ranking]
    total = {line.entry: line.total for line in lines}
    holders = [Held(each.prize_id, int(each.entry)) for each in given_out.awards if each.prize_id in rungs]
    joint = {(each.prize_id, int(each.entry)) for each in given_out.awards if each.joint}

    def check(now: list[Held]) -> None:
        assert sum(prizes[each.prize_id].amount_vnd for each in now) <= rules.budget_prizes_vnd
        assert len({each.entry for each in now}) == len(now)
        counts = Counter(each.prize_id for each in now if (each.prize_id, each.entry) not in joint)
        assert all(count <= prizes[prize].count for prize, count in counts.items())
        assert all(total[each.entry] >= least[each.prize_id] for each in now)
        if once:
            people = [one for each in now for one in names[each.entry]]
            assert len(people) == len(set(people))
        # Nobody stands on a higher rung than somebody placed better, unless an author kept that one down.
        places = {line.entry: line.place for line in lines}
        ordered = sorted(now, key=lambda each: rungs.index(each.prize_id))
        for at, each in enumerate(ordered):
            for lower in ordered[at + 1 :]:
                if rungs.index(lower.prize_id) > rungs.index(each.prize_id) and not (run and once and shared):
                    assert places[each.entry] <= places[lower.entry]

    check(holders)
    assert all(each.why for each in given_out.awards)
    deprived: set[int] = set()
    for pick in run:
        if not holders:
            return
        taken = holders[pick % len(holders)]
        try:
            moves = cascade(rules, taken, holders, lines, names, out=(), held={}, deprived=deprived)
        except Refused:  # a tie comes next: left empty
            moves = []
        gone = {taken} | {Held(move.gives_up, move.entry) for move in moves if move.gives_up}
        holders = [each for each in holders if each not in gone]
        holders += [Held(move.prize_id, move.entry) for move in moves]
        deprived.add(taken.entry)
        assert not deprived & {each.entry for each in holders}
        check(holders)


@given(ladders, st.lists(st.tuples(st.integers(1940, 2012), st.sampled_from("pqrst")), max_size=8))
@settings(max_examples=60, deadline=None)
def test_prizes_beside_a_ladder_take_nothing_from_it(ladder, authors):
    """The oldest author's prize is on top of any of the ladder, given as often as the rules say, with a reason."""
    from_rules = rules_of(ladder, once=True)
    finalists = [
        Finalist(str(at), f"C{at}", "A", at + 1, (date(year, 1, 1),), None, frozenset({who}))
        for at, (year, who) in enumerate(authors)
    ]
    found = give_beside(from_rules, finalists, (), {})
    prize = next(each for each in from_rules.prizes if each.rung == "cao_tuoi")
    oldest = [each for each in found.awards if each.prize_id == prize.id]
    assert len(oldest) <= prize.count
    assert all(each.why and each.amount == prize.amount_vnd for each in oldest)
    if oldest:
        assert min(year for year, _ in authors) == next(
            each.born[0].year for each in finalists if each.entry == oldest[0].entry
        )
