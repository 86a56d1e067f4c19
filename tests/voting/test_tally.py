"""Counting ballots, and the readers' prize with its ties."""

from __future__ import annotations

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from contest.contests.ruleset import Voting
from contest.voting.tally import JOINT_AWARD, JURY_RANK, Ballot, ReadersOutcome, Tally, readers_prize, tally

RULES = (JURY_RANK, JOINT_AWARD)


def counted(valid: int | None = None, **votes: int) -> Tally:
    total = sum(votes.values()) if valid is None else valid
    return Tally(total, total, 0, {}, votes)


def winners(outcome: ReadersOutcome) -> list[str]:
    return [winner.entry for winner in outcome.winners]


def told(outcome: ReadersOutcome, entry: str) -> list[str]:
    found = [*outcome.winners, *outcome.tied]
    return [text % params for each in found if each.entry == entry for text, params in each.why]


# Counting


def test_each_voter_counts_once_and_each_entry_once_on_a_ballot() -> None:
    count = tally([Ballot(("a", "b")), Ballot(("a",)), Ballot(("b", "b"))], ["a", "b", "c"])
    assert count == Tally(3, 3, 0, {}, {"a": 2, "b": 2, "c": 0})


def test_a_ballot_whose_choices_have_all_fallen_out_is_cast_and_not_valid() -> None:
    count = tally([Ballot(("gone",)), Ballot(("gone", "a")), Ballot(())], ["a"])
    assert (count.cast, count.valid, count.void) == (3, 1, 2)
    assert count.votes == {"a": 1}


def test_a_ballot_set_aside_counts_for_nothing_and_is_told_by_reason() -> None:
    ballots = [
        Ballot(("a",)),
        Ballot(("a",), "automated"),
        Ballot(("b",), "automated"),
        Ballot(("b",), "duplicate_identity"),
    ]
    count = tally(ballots, ["a", "b"])
    assert (count.cast, count.valid) == (4, 1)
    assert count.set_aside == {"automated": 2, "duplicate_identity": 1}
    assert count.votes == {"a": 1, "b": 0}


# The prize


def test_the_most_votes_win() -> None:
    outcome = readers_prize(counted(a=120, b=90), places={"a": 9, "b": 1}, minimum=200, tie_break=RULES)
    assert winners(outcome) == ["a"]
    assert told(outcome, "a") == ["Votes: 120."]
    assert outcome.withheld is None


def test_fewer_valid_voters_than_the_minimum_withhold_the_prize() -> None:
    outcome = readers_prize(counted(199, a=199), places={}, minimum=200, tie_break=RULES)
    assert winners(outcome) == []
    assert outcome.withheld is not None
    assert outcome.withheld[0] % outcome.withheld[1] == "Valid voters: 199; the prize asks for at least 200."
    assert winners(readers_prize(counted(200, a=200), places={}, minimum=200, tie_break=RULES)) == ["a"]


def test_nobody_with_a_vote_withholds_the_prize() -> None:
    outcome = readers_prize(counted(0, a=0, b=0), places={}, minimum=0, tie_break=RULES)
    assert outcome.withheld is not None
    assert outcome.withheld[0] == "No entry has received a vote."
    assert winners(outcome) == []


def test_a_tie_goes_to_the_better_place_also_between_categories() -> None:
    """a is third of category A, b second of category B: places are compared as they are."""
    outcome = readers_prize(counted(a=50, b=50, c=50), places={"a": 3, "b": 2, "c": 7}, minimum=1, tie_break=RULES)
    assert winners(outcome) == ["b"]
    assert told(outcome, "b") == ["Votes: 50.", "Level at 50 votes with a; better place with the jury: 2 against 3."]


def test_an_equal_place_is_left_to_a_joint_award() -> None:
    codes = {"a": "NT-2", "b": "NT-1"}
    outcome = readers_prize(
        counted(a=50, b=50, c=50), places={"a": 2, "b": 2, "c": 7}, minimum=1, tie_break=RULES, codes=codes
    )
    assert winners(outcome) == []
    assert [(each.entry, each.name) for each in outcome.tied] == [("b", "NT-1"), ("a", "NT-2")]
    assert (outcome.seats_left, outcome.joint) == (1, True)


def test_without_the_rule_the_jury_is_not_asked() -> None:
    outcome = readers_prize(counted(a=50, b=50), places={"a": 1, "b": 2}, minimum=1, tie_break=())
    assert [each.entry for each in outcome.tied] == ["a", "b"]
    assert not outcome.joint


def test_an_entry_without_a_place_comes_last() -> None:
    outcome = readers_prize(counted(a=50, b=50), places={"b": 12}, minimum=1, tie_break=RULES)
    assert winners(outcome) == ["b"]
    assert told(outcome, "b") == ["Votes: 50."]


def test_the_council_orders_what_is_left_equal() -> None:
    ballots = [[frozenset("ab")], [frozenset("a"), frozenset("b")]]
    outcome = readers_prize(counted(a=50, b=50), places={"a": 2, "b": 2}, minimum=1, tie_break=RULES, council=ballots)
    assert winners(outcome) == ["a"]
    other = readers_prize(
        counted(a=50, b=50, c=50), places=dict.fromkeys("abc", 2), minimum=1, tie_break=RULES, council=ballots
    )
    assert [each.entry for each in other.tied] == ["a", "b", "c"]


def test_several_of_the_prize_go_down_the_list() -> None:
    outcome = readers_prize(
        counted(a=50, b=40, c=40, d=0), places={"b": 1, "c": 1}, minimum=1, tie_break=RULES, seats=2
    )
    assert winners(outcome) == ["a"]
    assert [each.entry for each in outcome.tied] == ["b", "c"]
    assert outcome.seats_left == 1
    everyone = readers_prize(counted(a=50, b=0), places={}, minimum=1, tie_break=RULES, seats=2)
    assert winners(everyone) == ["a"]


def test_every_tie_rule_that_a_rule_set_may_name_is_known() -> None:
    annotation = Voting.model_fields["tie_break"].annotation
    assert set(get_args(get_args(annotation)[0])) == set(RULES)


ballots = st.lists(
    st.builds(
        Ballot,
        st.lists(st.sampled_from("abcdx"), max_size=3).map(tuple),
        st.none() | st.sampled_from(["automated", "duplicate_identity"]),
    ),
    max_size=30,
)


@given(ballots)
def test_every_ballot_is_accounted_for_in_any_order(cast: list[Ballot]) -> None:
    count = tally(cast, "abcd")
    assert count.cast == len(cast) == count.valid + count.void + sum(count.set_aside.values())
    assert all(0 <= votes <= count.valid for votes in count.votes.values())
    again = tally(list(reversed(cast)), "dcba")
    assert again == count


@given(ballots, st.dictionaries(st.sampled_from("abcd"), st.integers(1, 3)))
def test_the_winner_has_the_most_votes(cast: list[Ballot], places: dict[str, int]) -> None:
    count = tally(cast, "abcd")
    outcome = readers_prize(count, places=places, minimum=0, tie_break=RULES)
    best = max(count.votes.values())
    found = [*outcome.winners, *outcome.tied]
    assert bool(found) == (best > 0)
    assert all(each.votes == best for each in found)
    assert len(outcome.winners) <= 1
