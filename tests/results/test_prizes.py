"""The prize ladder: minimums, surplus, authors, ties at an edge, joint awards and their money."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from contest.contests.ruleset import RuleSet, parse_rule_sets
from contest.core.errors import Refused
from contest.judging.ranking import JOINT_AWARD, SECRET_BALLOT, CouncilBallot, Ranking, Standing, rank
from contest.results.prizes import Awards, Withholding, award
from contest.voting.tally import ReadersOutcome, ReadersWinner

RULES = {
    rules.code_prefix: rules
    for rules in parse_rule_sets((Path(__file__).parents[2] / "contest/demo/data/contests.json").read_bytes())
}
DH, NT = RULES["DH"], RULES["NT"]
NOBODY: dict[str, frozenset[str]] = {}
MILLION = 1_000_000


def ranked(
    *, rules: tuple[str, ...] = (JOINT_AWARD,), ballots: tuple[CouncilBallot, ...] = (), **totals: int | str
) -> Ranking:
    return rank([Standing(entry, Fraction(total)) for entry, total in totals.items()], rules, ballots)


def given_to(found: Awards) -> dict[str, list[str]]:
    prizes: dict[str, list[str]] = {}
    for each in found.awards:
        prizes.setdefault(each.prize_id, []).append(each.entry)
    return prizes


def withheld(found: Awards) -> dict[str, tuple[int, str]]:
    return {each.prize_id: (each.seats, each.why[0] % each.why[1]) for each in found.withheld}


# The ladder


def test_each_rung_takes_the_next_entries_that_meet_its_minimum() -> None:
    found = award(DH, {"A": ranked(a=93, b=91, c=85, d=84, e=79, f=70, g="69.99")}, NOBODY)
    assert given_to(found) == {
        "A-dac_biet": ["a"],
        "A-nhat": ["b"],
        "A-nhi": ["c", "d"],
        "A-ba": ["e"],
        "A-khuyen_khich": ["f"],
    }
    assert [award_.amount for award_ in found.awards] == [n * MILLION for n in (20, 15, 10, 10, 6, 3)]
    assert withheld(found) == {
        "A-ba": (3, "No further entry reached 78.00."),
        "A-khuyen_khich": (9, "No further entry reached 70.00."),
    }
    text, params = found.awards[0].why[0]
    assert text % params == "Place 1 with 93.00; Giải Đặc biệt is from 92.00."


def test_a_surplus_spills_down_and_a_rung_that_nobody_reaches_is_withheld() -> None:
    found = award(DH, {"A": ranked(a=90, b=89, c=88, d="87.9", e="87.5")}, NOBODY)
    assert given_to(found) == {"A-nhat": ["a"], "A-nhi": ["b", "c"], "A-ba": ["d", "e"]}
    assert withheld(found)["A-dac_biet"] == (1, "No entry reached 92.00.")
    assert [each.whole for each in found.withheld if each.prize_id == "A-dac_biet"] == [True]


def test_minimums_compare_exact_values() -> None:
    """8.96 is not 9, though one decimal would show 9.0; 109/12 is more than 9."""
    found = award(NT, {"B": ranked(x="109/12", y="8.96")}, NOBODY)
    assert given_to(found) == {"B-nhat": ["x"], "B-nhi": ["y"]}
    alone = award(NT, {"B": ranked(y="8.9999999999")}, NOBODY)
    assert given_to(alone) == {"B-nhi": ["y"]}
    assert withheld(alone)["B-nhat"] == (1, "No entry reached 9.00.")


def test_a_category_without_the_top_rung_starts_at_the_next() -> None:
    assert given_to(award(DH, {"B": ranked(a=95, b=94)}, NOBODY)) == {"B-nhat": ["a"], "B-nhi": ["b"]}


def test_nobody_ranked_withholds_everything() -> None:
    found = award(DH, {"A": ranked()}, NOBODY)
    assert found.awards == ()
    assert withheld(found)["A-nhi"] == (2, "No entry was left to receive it.")
    assert found.left == 109 * MILLION


def test_a_category_that_is_not_ranked_keeps_its_prizes_open() -> None:
    found = award(DH, {"A": ranked(a=93)}, NOBODY)
    assert {"B-nhat", "B-khuyen_khich", "tap_the", "nhan_vat", "A-ban_doc"} == set(found.open_prizes) - {
        "B-nhi",
        "B-ba",
    }
    assert not found.settled


# One prize per author


def test_an_author_gets_one_prize_of_a_category() -> None:
    people = {"a": frozenset({"p1"}), "b": frozenset({"p1"}), "c": frozenset({"p2"})}
    found = award(DH, {"A": ranked(a=93, b=92, c=91)}, people)
    assert given_to(found) == {"A-dac_biet": ["a"], "A-nhat": ["c"]}
    (skipped,) = found.skipped
    assert (skipped.entry, skipped.prize_id) == ("b", "A-nhat")
    assert skipped.why[0] % skipped.why[1] == ("An author of this entry already has a prize in this category, for a.")


def test_any_shared_person_blocks_also_among_co_authors() -> None:
    people = {"a": frozenset({"p1", "p2"}), "b": frozenset({"p2", "p3"}), "c": frozenset({"p3"})}
    found = award(DH, {"A": ranked(a=93, b=92, c=91)}, people)
    assert given_to(found) == {"A-dac_biet": ["a"], "A-nhat": ["c"]}


def test_another_category_is_another_matter() -> None:
    people = {"a": frozenset({"p1"}), "x": frozenset({"p1"})}
    found = award(DH, {"A": ranked(a=93), "B": ranked(x=93)}, people)
    assert given_to(found) == {"A-dac_biet": ["a"], "B-nhat": ["x"]}


def test_rules_may_allow_several_prizes() -> None:
    scoring = DH.scoring.model_copy(update={"one_prize_per_author_per_category": False})
    rules = DH.model_copy(update={"scoring": scoring})
    people = {"a": frozenset({"p1"}), "b": frozenset({"p1"})}
    assert given_to(award(rules, {"A": ranked(a=93, b=92)}, people)) == {"A-dac_biet": ["a"], "A-nhat": ["b"]}


# Ties


def test_a_tie_that_fits_into_a_rung_needs_nobody() -> None:
    found = award(DH, {"A": ranked(rules=(SECRET_BALLOT, JOINT_AWARD), a=93, b=91, c=85, d=85)}, NOBODY)
    assert given_to(found)["A-nhi"] == ["c", "d"]
    assert found.needs_council == ()


def test_a_tie_that_touches_no_prize_may_stay() -> None:
    found = award(DH, {"A": ranked(rules=(SECRET_BALLOT, JOINT_AWARD), a=93, b=60, c=60)}, NOBODY)
    assert found.needs_council == ()


def test_at_an_edge_the_council_votes_before_any_joint_award() -> None:
    found = award(DH, {"A": ranked(rules=(SECRET_BALLOT, JOINT_AWARD), a=93, b=93, c=70)}, NOBODY)
    (tie,) = found.needs_council
    assert (tie.prize_id, tie.entries, tie.vote_on, tie.reason) == ("A-dac_biet", ("a", "b"), ("a", "b"), "ballot")
    assert given_to(found) == {}
    assert set(found.open_prizes) >= {"A-dac_biet", "A-nhat", "A-nhi", "A-ba", "A-khuyen_khich"}
    ballot = CouncilBallot((frozenset("b"), frozenset("a")))
    voted = ranked(rules=(SECRET_BALLOT, JOINT_AWARD), ballots=(ballot,), a=93, b=93, c=70)
    assert given_to(award(DH, {"A": voted}, NOBODY)) == {"A-dac_biet": ["b"], "A-nhat": ["a"], "A-khuyen_khich": ["c"]}


def test_a_joint_award_gives_each_the_full_amount_and_the_next_rung_keeps_its_count() -> None:
    found = award(DH, {"A": ranked(a=93, b=93, c=90, d=89)}, NOBODY)
    assert given_to(found) == {"A-dac_biet": ["a", "b"], "A-nhat": ["c"], "A-nhi": ["d"]}
    assert [each.amount for each in found.awards if each.joint] == [20 * MILLION] * 2
    assert [each.place for each in found.awards] == [1, 1, 3, 4]
    # Ungiven: one Second, four Thirds, ten Consolations = 64; the joint award costs 20.
    assert found.left == 44 * MILLION
    text, params = found.awards[0].why[1]
    assert text % params == "Joint award with b, paid from prizes that are not given."


def test_without_money_the_council_decides_and_all_below_stays_open() -> None:
    """The lower rungs are full, so nothing is left to pay a second Special Prize with."""
    full = {f"e{at:02}": 91 - at for at in range(17)}
    found = award(DH, {"A": ranked(a=93, b=93, **full)}, NOBODY)
    (tie,) = found.needs_council
    assert (tie.reason, tie.prize_id, tie.seats_left, tie.needed) == ("money", "A-dac_biet", 1, 20 * MILLION)
    assert tie.why[0] % tie.why[1] == (
        "a, b are tied. A joint award needs 20000000 beyond the prize itself; prizes not given leave 0, "
        "so the council decides."
    )
    assert found.awards == ()
    assert "A-khuyen_khich" in found.open_prizes


def test_money_comes_from_the_whole_contest_but_never_from_what_is_still_open() -> None:
    # 18 entries: one Special (joint) for two, then every other rung of A is full but two Consolations.
    full = {"c01": 91, "c02": 85, "c03": 85, **{f"d{at}": 79 for at in range(4)}, **{f"k{at}": 71 for at in range(10)}}
    a = ranked(a=93, b=93, **full)
    assert award(DH, {"A": a}, NOBODY).needs_council
    assert award(DH, {"A": a, "B": ranked(x=93, y=90, z=90)}, NOBODY).needs_council == ()  # 18 + 15 = 33 ungiven
    beside = award(DH, {"A": a}, NOBODY, given_elsewhere={"tap_the": 0, "nhan_vat": 6})  # 15 + 4
    assert beside.needs_council
    assert beside.left == 19 * MILLION
    enough = award(DH, {"A": a}, NOBODY, given_elsewhere={"tap_the": 0, "nhan_vat": 5})  # 15 + 6
    assert given_to(enough)["A-dac_biet"] == ["a", "b"]
    assert enough.left == 1 * MILLION


def test_all_of_the_tied_or_none() -> None:
    """Money for one more is no money for two more."""
    full = {"c01": 91, "c02": 85, "c03": 85, **{f"d{at}": 79 for at in range(4)}, **{f"k{at}": 71 for at in range(10)}}
    a = ranked(a=93, b=93, c=93, **full)
    found = award(DH, {"A": a}, NOBODY, given_elsewhere={"tap_the": 0, "nhan_vat": 0})  # 31 free, 40 needed
    assert given_to(found) == {}
    assert found.needs_council[0].needed == 40 * MILLION


def test_a_joint_award_may_pay_for_itself_through_the_rungs_that_it_leaves_empty() -> None:
    found = award(NT, {"C": ranked(a=9, b=9)}, NOBODY)
    assert given_to(found) == {"C-nhat": ["a", "b"]}
    assert found.left == (5000 + 4500 + 4800 - 4000) * 1000


def test_one_joint_award_may_need_the_next() -> None:
    """Two Firsts cannot be paid while the Seconds' tie is open; with both granted the rest is ungiven."""
    seconds = {f"s{at}": "8.5" for at in range(3)}
    found = award(NT, {"A": ranked(a=9, b=9, **seconds)}, NOBODY)
    assert given_to(found) == {"A-nhat": ["a", "b"], "A-nhi": ["s0", "s1", "s2"]}
    assert found.left == (9000 + 12000 - 8000 - 5000) * 1000


def test_the_higher_rung_is_paid_first() -> None:
    """Each joint award would take what is left; the First of C stands above the Second of B."""
    b = ranked(
        b1="9.5", b2="8.6", b3="8.5", b4="8.5", **{f"t{at}": 8 for at in range(3)}, **{f"k{at}": 7 for at in range(6)}
    )
    c = ranked(
        c1=9,
        c2=9,
        **{f"s{at}": "8.6" for at in range(2)},
        **{f"t{at}": 8 for at in range(3)},
        **{f"k{at}": 7 for at in range(6)},
    )
    beside = {"tap_the": 2, "cao_tuoi": 0}
    found = award(NT, {"B": b, "C": c}, NOBODY, given_elsewhere=beside)  # 4 free; 4 for C, 2.5 for B
    assert given_to(found)["C-nhat"] == ["c1", "c2"]
    assert [tie.prize_id for tie in found.needs_council] == ["B-nhi"]
    assert found.left == 0


def test_rules_without_a_joint_award_leave_it_to_the_council() -> None:
    found = award(DH, {"A": ranked(rules=(), a=93, b=93)}, NOBODY)
    assert [tie.reason for tie in found.needs_council] == ["no_joint_award"]


def test_tied_entries_of_one_author_are_the_councils_matter() -> None:
    people = {"a": frozenset({"p1"}), "b": frozenset({"p1"}), "c": frozenset({"p2"})}
    found = award(DH, {"A": ranked(a=93, b=93, c=90)}, people)
    assert [tie.reason for tie in found.needs_council] == ["shared_author"]
    assert found.awards == ()


def test_a_passed_over_author_leaves_the_place_to_the_other_of_a_tie() -> None:
    people = {"a": frozenset({"p1"}), "b": frozenset({"p1"}), "c": frozenset({"p2"})}
    found = award(DH, {"A": ranked(rules=(SECRET_BALLOT, JOINT_AWARD), a=93, b=90, c=90)}, people)
    assert given_to(found) == {"A-dac_biet": ["a"], "A-nhat": ["c"]}
    assert [each.entry for each in found.skipped] == ["b"]


def test_a_ballot_has_to_name_the_whole_tie() -> None:
    people = {"a": frozenset({"p1"}), "b": frozenset({"p1"})}
    tied = ranked(rules=(SECRET_BALLOT, JOINT_AWARD), a=93, b=90, c=90, d=90)
    (tie,) = award(DH, {"A": tied}, people).needs_council
    assert tie.entries == ("c", "d")
    assert tie.vote_on == ("b", "c", "d")


# What the council withholds


def test_the_council_withholds_a_prize_and_its_taker_goes_down_a_rung() -> None:
    found = award(DH, {"A": ranked(a=93, b=91)}, NOBODY, withholdings=[Withholding("A-dac_biet", "Not outstanding.")])
    assert given_to(found) == {"A-nhat": ["a"], "A-nhi": ["b"]}
    assert withheld(found)["A-dac_biet"] == (1, "Withheld by the council: Not outstanding.")


def test_the_council_withholds_part_of_a_prize() -> None:
    held = [Withholding("A-nhi", "One is enough.", seats=1)]
    found = award(DH, {"A": ranked(a=91, b=90, c=89)}, NOBODY, withholdings=held)
    assert given_to(found) == {"A-nhat": ["a"], "A-nhi": ["b"], "A-ba": ["c"]}
    assert withheld(found)["A-nhi"] == (1, "Withheld by the council: One is enough.")


def test_a_prize_withheld_in_an_open_category_is_known_all_the_same() -> None:
    found = award(
        DH, {}, NOBODY, withholdings=[Withholding("B-nhat", "No press this year."), Withholding("A-ban_doc", "x")]
    )
    assert set(withheld(found)) == {"B-nhat", "A-ban_doc"}
    assert "B-nhat" not in found.open_prizes
    assert found.left == 20 * MILLION


@pytest.mark.parametrize(
    ("withholding", "code"),
    [
        (Withholding("A-nhat", " "), "reason_missing"),
        (Withholding("A-nope", "x"), "unknown_prize"),
        (Withholding("A-nhi", "x", seats=3), "too_many"),
        (Withholding("A-nhi", "x", seats=0), "too_many"),
    ],
)
def test_withholding_that_cannot_stand(withholding: Withholding, code: str) -> None:
    with pytest.raises(Refused) as refused:
        award(DH, {}, NOBODY, withholdings=[withholding])
    assert refused.value.code == code


def test_rules_may_forbid_withholding() -> None:
    rules = DH.model_copy(update={"scoring": DH.scoring.model_copy(update={"withhold_allowed": False})})
    with pytest.raises(Refused) as refused:
        award(rules, {}, NOBODY, withholdings=[Withholding("A-nhat", "x")])
    assert refused.value.code == "withhold_not_allowed"


# Beside the ladder


def winner(entry: str, votes: int = 100) -> ReadersWinner:
    return ReadersWinner(entry, votes, ())


def test_the_readers_prize_comes_on_top() -> None:
    people = {"a": frozenset({"p1"})}
    found = award(DH, {"A": ranked(a=93)}, people, readers=ReadersOutcome((winner("a"),)))
    assert given_to(found) == {"A-dac_biet": ["a"], "A-ban_doc": ["a"]}


def test_a_withheld_readers_prize_is_said_and_its_money_is_free() -> None:
    why = ("Valid voters: %(valid)s; the prize asks for at least %(minimum)s.", {"valid": 3, "minimum": 200})
    found = award(DH, {}, NOBODY, readers=ReadersOutcome(withheld=why))
    assert withheld(found) == {"A-ban_doc": (1, "Valid voters: 3; the prize asks for at least 200.")}
    assert found.left == 5 * MILLION


def test_a_tied_readers_prize_is_joint_when_the_money_reaches() -> None:
    tie = ReadersOutcome(tied=(winner("a"), winner("b")), seats_left=1, joint=True)
    poor = award(DH, {}, NOBODY, readers=tie)
    assert [each.reason for each in poor.needs_council] == ["money"]
    assert "A-ban_doc" in poor.open_prizes
    rich = award(DH, {"A": ranked(a=93)}, NOBODY, readers=tie)
    assert given_to(rich)["A-ban_doc"] == ["a", "b"]
    assert rich.needs_council == ()
    unruled = ReadersOutcome(tied=(winner("a"), winner("b")), seats_left=1)
    assert [each.reason for each in award(DH, {"A": ranked(a=93)}, NOBODY, readers=unruled).needs_council] == [
        "no_joint_award"
    ]


def test_the_readers_prize_is_paid_after_the_ladder() -> None:
    full = {"c01": 91, "c02": 85, "c03": 85, **{f"d{at}": 79 for at in range(4)}, **{f"k{at}": 71 for at in range(10)}}
    tie = ReadersOutcome(tied=(winner("a"), winner("b")), seats_left=1, joint=True)
    beside = {"tap_the": 0, "nhan_vat": 5}  # 21 free: 20 for the Special Prize, and not 5 more
    found = award(DH, {"A": ranked(a=93, b=93, **full)}, NOBODY, readers=tie, given_elsewhere=beside)
    assert given_to(found)["A-dac_biet"] == ["a", "b"]
    assert [each.prize_id for each in found.needs_council] == ["A-ban_doc"]


def test_more_than_a_prize_has_cannot_have_been_given() -> None:
    with pytest.raises(Refused) as refused:
        award(DH, {}, NOBODY, given_elsewhere={"tap_the": 4})
    assert refused.value.code == "too_many"


def test_the_sum_never_passes_the_budget() -> None:
    rules: RuleSet = DH.model_copy(update={"budget_prizes_vnd": 30 * MILLION})
    assert award(rules, {"A": ranked(a=93)}, NOBODY).total == 20 * MILLION
    with pytest.raises(Refused) as refused:
        award(rules, {"A": ranked(a=93, b=91)}, NOBODY)
    assert refused.value.code == "over_budget"


def test_everything_decided_is_settled() -> None:
    found = award(
        DH,
        {"A": ranked(a=93), "B": ranked()},
        NOBODY,
        readers=ReadersOutcome((winner("a"),)),
        given_elsewhere={"tap_the": 3, "nhan_vat": 1},
    )
    assert found.settled
    assert found.total == 25 * MILLION
