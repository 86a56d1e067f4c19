"""The prizes for any totals, ties, authors and withholdings."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from contest.contests.ruleset import parse_rule_sets
from contest.judging.ranking import JOINT_AWARD, SECRET_BALLOT, Ranking, Standing, rank
from contest.judging.scoring import exact
from contest.results.prizes import Awards, Withholding, award
from contest.voting.tally import ReadersOutcome, ReadersWinner

NT = next(
    rules
    for rules in parse_rule_sets((Path(__file__).parents[2] / "contest/demo/data/contests.json").read_bytes())
    if rules.code_prefix == "NT"
)
PRIZES = {prize.id: prize for prize in NT.prizes}
LADDER = {prize.id for prize in NT.prizes if NT.is_ladder_prize(prize)}

# Few totals, many of them on a minimum, so that rungs' edges fall into ties.
totals = st.lists(st.sampled_from([Fraction(half, 4) for half in range(26, 39)]), max_size=22)
fields = st.fixed_dictionaries({category.id: totals for category in NT.categories})
tie_rules = st.sampled_from([(), (JOINT_AWARD,), (SECRET_BALLOT, JOINT_AWARD)])
people_of = st.dictionaries(st.integers(0, 21), st.frozensets(st.sampled_from("pqrst"), max_size=2), max_size=8)
beside = st.fixed_dictionaries({}, optional={"tap_the": st.integers(0, 3), "cao_tuoi": st.integers(0, 1)})
tied_readers = ReadersOutcome(tied=tuple(ReadersWinner(f"r{at}", 9, ()) for at in range(3)), seats_left=1, joint=True)
readers = st.sampled_from([None, tied_readers, ReadersOutcome((ReadersWinner("r0", 9, ()),))])
held = st.sampled_from([(), (Withholding("A-nhat", "x"),), (Withholding("B-nhi", "x", seats=1),)])
contests = st.tuples(fields, tie_rules, people_of, beside, readers, held)


def rankings_of(field: dict[str, list[Fraction]], rules: tuple[str, ...]) -> dict[str, Ranking]:
    return {
        category: rank([Standing(f"{category}{at:02}", total) for at, total in enumerate(found)], rules)
        for category, found in field.items()
    }


def people(field: dict[str, list[Fraction]], shared: dict[int, frozenset[str]]) -> dict[str, frozenset[str]]:
    return {
        f"{category}{at:02}": shared.get(at) or frozenset({f"{category}{at}"})
        for category, found in field.items()
        for at in range(len(found))
    }


def awarded(contest: tuple) -> tuple[Awards, dict[str, Ranking], dict[str, frozenset[str]]]:
    field, rules, shared, given_elsewhere, vote, withholdings = contest
    rankings, who = rankings_of(field, rules), people(field, shared)
    found = award(NT, rankings, who, withholdings=withholdings, readers=vote, given_elsewhere=given_elsewhere)
    return found, rankings, who


@given(contests)
@settings(max_examples=200, deadline=None)
def test_amounts_stay_within_the_budget_and_joint_awards_within_what_is_not_given(contest: tuple) -> None:
    found, _, _ = awarded(contest)
    beside_sum = sum(PRIZES[prize].amount_vnd * count for prize, count in contest[3].items())
    assert found.total + beside_sum <= NT.budget_prizes_vnd
    assert found.left >= 0
    # What is still open could be given in full on top of everything.
    got = Counter(each.prize_id for each in found.awards)
    open_sum = sum(
        (PRIZES[prize].count - got[prize] - withheld_seats(found, prize)) * PRIZES[prize].amount_vnd
        for prize in found.open_prizes
    )
    assert found.total + beside_sum + open_sum <= NT.budget_prizes_vnd


def withheld_seats(found: Awards, prize: str) -> int:
    return sum(each.seats for each in found.withheld if each.prize_id == prize)


@given(contests)
@settings(max_examples=200, deadline=None)
def test_counts_are_kept_but_for_joint_awards_and_nothing_goes_missing(contest: tuple) -> None:
    found, _, _ = awarded(contest)
    given_ = Counter(each.prize_id for each in found.awards)
    joint = {each.prize_id for each in found.awards if each.joint}
    for prize in NT.prizes:
        if prize.id in joint:
            assert given_[prize.id] > prize.count - withheld_seats(found, prize.id)
            continue
        assert given_[prize.id] <= prize.count
        if prize.id not in found.open_prizes:
            elsewhere = contest[3].get(prize.id, 0)
            assert given_[prize.id] + elsewhere + withheld_seats(found, prize.id) == prize.count


@given(contests)
@settings(max_examples=200, deadline=None)
def test_no_entry_and_no_person_has_two_ladder_prizes_of_a_category(contest: tuple) -> None:
    found, _, who = awarded(contest)
    seen: set[tuple[str, str]] = set()
    for each in found.awards:
        if each.prize_id not in LADDER:
            continue
        category = PRIZES[each.prize_id].category or ""
        for holder in {each.entry, *who[each.entry]}:
            assert (category, holder) not in seen
            seen.add((category, holder))


@given(contests)
@settings(max_examples=200, deadline=None)
def test_minimums_are_met_and_nobody_is_overtaken(contest: tuple) -> None:
    found, rankings, _ = awarded(contest)
    place = {entry: at for ranking in rankings.values() for entry, at in ranking.places.items()}
    total = {each.standing.entry: each.standing.total for ranking in rankings.values() for each in ranking}
    passed_over = {each.entry for each in found.skipped}
    for category in NT.categories:
        rungs = [prize.id for _, prize in NT.ladder(category.id)]
        mine = [each for each in found.awards if each.prize_id in rungs]
        for tier, prize in NT.ladder(category.id):
            assert all(total[each.entry] >= exact(tier.min) for each in mine if each.prize_id == prize.id)
        for first, second in pairwise(mine):
            assert rungs.index(first.prize_id) <= rungs.index(second.prize_id)
            assert place[first.entry] <= place[second.entry]
        # Equal places have equal prizes, unless an author was passed over.
        by_place: dict[int, set[str]] = {}
        for each in mine:
            by_place.setdefault(place[each.entry], set()).add(each.prize_id)
        assert all(len(prizes) == 1 for prizes in by_place.values())
        # Whoever stands above one with a prize has one too.
        last = max((place[each.entry] for each in mine), default=0)
        above = {entry for entry, at in rankings[category.id].places.items() if at <= last}
        assert above <= {each.entry for each in mine} | passed_over


@given(contests, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_in_which_things_are_handed_in_changes_nothing(contest: tuple, chance: random.Random) -> None:
    _, rules, _, given_elsewhere, vote, withholdings = contest
    found, rankings, who = awarded(contest)
    again = {}
    for category in chance.sample(sorted(rankings), len(rankings)):
        standings = [each.standing for each in rankings[category]]
        again[category] = rank(chance.sample(standings, len(standings)), rules)
    assert found == award(
        NT,
        again,
        dict(reversed(list(who.items()))),
        withholdings=withholdings,
        readers=vote,
        given_elsewhere=dict(reversed(list(given_elsewhere.items()))),
    )


@given(contests)
@settings(max_examples=100, deadline=None)
def test_an_undecided_tie_for_money_is_one_that_the_money_does_not_reach(contest: tuple) -> None:
    """Granting it alone, with all below it kept in full, would cost more than is left."""
    found, _, _ = awarded(contest)
    for tie in found.needs_council:
        assert tie.prize_id in found.open_prizes
        if tie.reason == "money":
            assert tie.needed == (len(tie.entries) - tie.seats_left) * PRIZES[tie.prize_id].amount_vnd
            assert tie.needed > found.left
