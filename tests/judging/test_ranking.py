"""Places: exact totals, tie rules in order, the council's ballot, and ties that nothing breaks."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contest.contests.ruleset import parse_rule_sets
from contest.contests.ruleset.codes import TIE_RULES as KNOWN_TO_RULE_SETS
from contest.judging.ranking import TIE_RULES, CouncilBallot, Ranking, Standing, rank
from contest.judging.scoring import AGGREGATES, Sheet
from contest.judging.totals import entry_total

RULES = {
    rules.code_prefix: rules
    for rules in parse_rule_sets((Path(__file__).parents[2] / "contest/demo/data/contests.json").read_bytes())
}
DH = RULES["DH"]
TIE_BREAK = [each.rule for each in DH.scoring.tie_break]
F = Fraction


def marked(rows: list[list[float]]) -> tuple[Sheet, ...]:
    ids = [criterion.id for criterion in DH.rubric.criteria]
    return tuple(
        Sheet(f"GK{at}", {id_: F(str(mark)) for id_, mark in zip(ids, row, strict=True)})
        for at, row in enumerate(rows, start=1)
    )


DH_0002 = marked(
    [
        [18, 21.5, 13, 13, 18, 4.5],
        [17.5, 21, 13, 13, 17, 4.5],
        [18.5, 22, 13.5, 13.5, 18, 4.5],
        [16, 19, 12, 12, 16, 4],
        [18, 21, 13, 13, 17.5, 4.5],
    ]
)
DH_0003 = marked(
    [
        [17, 23, 12.5, 13, 17, 4.5],
        [17, 23, 12.5, 13, 17, 4.5],
        [16.5, 22.5, 13, 13, 16.5, 4.5],
        [17, 23, 13, 13, 17.5, 4.5],
        [17, 23, 12.5, 13, 17, 4.5],
    ]
)


def standing(entry: str, sheets: tuple[Sheet, ...]) -> Standing:
    total = entry_total(DH.round("final"), sheets).total
    assert total is not None
    return Standing(entry, total, sheets)


def simple(entry: str, total: int | str, c2: tuple[int, ...] = (), code: str = "") -> Standing:
    """A total, and sheets whose marks matter to the tie rules alone: C2 as given, C1 equal to it."""
    sheets = tuple(Sheet(str(at), {"C1": F(mark), "C2": F(mark)}) for at, mark in enumerate(c2 or (10, 10)))
    return Standing(entry, F(total), sheets, code)


def places(ranking: Ranking) -> list[tuple[str, int]]:
    return [(placed.standing.entry, placed.place) for placed in ranking]


def told(ranking: Ranking, entry: str) -> list[str]:
    return [text % params for each in ranking if each.standing.entry == entry for text, params in each.decided_by]


def test_dh_0002_and_dh_0003_tie_at_87_and_c2_parts_them() -> None:
    ranking = rank([standing("DH-0002", DH_0002), standing("DH-0003", DH_0003)], TIE_BREAK)
    assert [placed.standing.total for placed in ranking] == [87, 87]
    assert places(ranking) == [("DH-0003", 1), ("DH-0002", 2)]
    assert told(ranking, "DH-0003") == ["Tied at 87.00 with DH-0002; ahead on criterion C2: mean 22.90 against 20.90."]
    assert told(ranking, "DH-0002") == ["Tied at 87.00 with DH-0003; behind on criterion C2: mean 20.90 against 22.90."]
    assert all(not placed.tied_with for placed in ranking)
    assert ranking.needs_ballot == ()


def test_the_tie_criterion_counts_sheets_that_trimming_left_out() -> None:
    """Over the three kept sheets B would be ahead on C2; over all five A is."""
    a = standing("A", marked([[10, x, 10, 10, 10, y] for x, y in [(20, 4), (20, 4), (20, 4), (25, 5), (23, 0)]]))
    b = standing("B", marked([[10, x, 10, 10, 10, y] for x, y in [(21, 3), (21, 3), (21, 3), (21, 5), (21, 1)]]))
    assert a.total == b.total
    assert places(rank([a, b], TIE_BREAK)) == [("A", 1), ("B", 2)]


def test_a_smaller_spread_over_every_sheet_is_ahead() -> None:
    rules = ["smaller_spread_between_judges"]
    ranking = rank([simple("A", 80, (30, 50)), simple("B", 80, (39, 41))], rules)
    assert places(ranking) == [("B", 1), ("A", 2)]
    assert told(ranking, "B") == [
        "Tied at 80.00 with A; ahead because the judges are closer together: 4.00 apart against 40.00."
    ]
    assert told(ranking, "A") == [
        "Tied at 80.00 with B; behind because the judges are further apart: 40.00 against 4.00."
    ]


def test_a_group_falls_apart_by_a_rule_and_goes_on_with_the_next() -> None:
    """C2 puts B first; A and C are still equal and are parted by C1, which B would have lost."""
    sheets = {
        "A": [{"C1": 9, "C2": 20}],
        "B": [{"C1": 1, "C2": 21}],
        "C": [{"C1": 8, "C2": 20}],
    }
    standings = [
        Standing(entry, F(80), tuple(Sheet("GK1", {key: F(mark) for key, mark in row.items()}) for row in rows))
        for entry, rows in sheets.items()
    ]
    ranking = rank(standings, TIE_BREAK)
    assert places(ranking) == [("B", 1), ("A", 2), ("C", 3)]
    assert told(ranking, "A") == [
        "Tied at 80.00 with B; behind on criterion C2: mean 20.00 against 21.00.",
        "Tied at 80.00 with C; ahead on criterion C1: mean 9.00 against 8.00.",
    ]
    assert told(ranking, "B") == ["Tied at 80.00 with A, C; ahead on criterion C2: mean 21.00 against 20.00."]


def test_the_middle_of_three_hears_of_both_neighbours() -> None:
    ranking = rank([simple("A", 80, (1,)), simple("B", 80, (2,)), simple("C", 80, (3,))], ["higher_mean_on:C2"])
    assert told(ranking, "B") == [
        "Tied at 80.00 with C; behind on criterion C2: mean 2.00 against 3.00.",
        "Tied at 80.00 with A; ahead on criterion C2: mean 2.00 against 1.00.",
    ]


def test_what_nothing_breaks_shares_a_place_and_the_next_is_left_out() -> None:
    ranking = rank([simple("D", 70), simple("A", 80), simple("B", 80), simple("C", 75)], ["higher_mean_on:C2"])
    assert places(ranking) == [("A", 1), ("B", 1), ("C", 3), ("D", 4)]
    first = ranking.placed[0]
    assert first.tied_with == ("B",)
    assert not first.joint
    assert told(ranking, "A") == ["Tied at 80.00 with B; no rule told them apart."]


def test_equal_places_are_listed_by_code_and_say_that_they_are_equal() -> None:
    tied = [simple("x", 80, code="DH-2"), simple("y", 80, code="DH-1"), simple("z", 80, code="DH-3")]
    for _ in range(5):
        random.shuffle(tied)
        ranking = rank(tied, ["joint_award_if_budget_allows"])
        assert places(ranking) == [("y", 1), ("x", 1), ("z", 1)]
        assert all(placed.joint for placed in ranking)


def test_close_totals_are_not_equal() -> None:
    ranking = rank([simple("A", "26/3"), simple("B", "8.666666666666666666666")], TIE_BREAK)
    assert places(ranking) == [("A", 1), ("B", 2)]
    assert told(ranking, "A") == []


# The council


def test_a_missing_ballot_breaks_nothing_and_is_asked_for() -> None:
    ranking = rank([simple("B", 80), simple("A", 80), simple("C", 70)], TIE_BREAK)
    assert places(ranking) == [("A", 1), ("B", 1), ("C", 3)]
    assert ranking.needs_ballot == (("A", "B"),)
    assert all(placed.ballot_missing and placed.joint for placed in ranking.placed[:2])
    assert told(ranking, "A") == ["Tied at 80.00 with B; the council has yet to vote."]


def test_no_rule_after_the_ballot_goes_before_it() -> None:
    rules = ["secret_ballot_of_final_council", "higher_mean_on:C2"]
    ranking = rank([simple("A", 80, (10,)), simple("B", 80, (20,))], rules)
    assert places(ranking) == [("A", 1), ("B", 1)]
    assert ranking.needs_ballot == (("A", "B"),)


def test_the_council_orders_the_tied() -> None:
    ballot = CouncilBallot((frozenset("B"), frozenset("A")))
    ranking = rank([simple("A", 80), simple("B", 80)], TIE_BREAK, [ballot])
    assert places(ranking) == [("B", 1), ("A", 2)]
    assert told(ranking, "B") == ["Tied at 80.00 with A; ahead by secret ballot of the council."]
    assert ranking.needs_ballot == ()


def test_the_council_may_find_some_equal() -> None:
    ballot = CouncilBallot((frozenset("C"), frozenset("AB")))
    ranking = rank([simple(entry, 80) for entry in "ABC"], TIE_BREAK, [ballot])
    assert places(ranking) == [("C", 1), ("A", 2), ("B", 2)]
    assert ranking.needs_ballot == ()
    assert ranking.placed[1].joint
    assert told(ranking, "A")[-1] == "Tied at 80.00 with B; the council found them equal."


def test_a_ballot_holds_for_exactly_the_entries_that_it_names() -> None:
    ballot = CouncilBallot((frozenset("C"), frozenset("B"), frozenset("A")))
    ranking = rank([simple("A", 80), simple("B", 80)], TIE_BREAK, [ballot])
    assert ranking.needs_ballot == (("A", "B"),)
    ranking = rank([simple(entry, 80) for entry in "ABCD"], TIE_BREAK, [ballot])
    assert ranking.needs_ballot == (("A", "B", "C", "D"),)


def test_the_last_ballot_counts_and_never_overrules_a_total() -> None:
    ballots = [CouncilBallot((frozenset("A"), frozenset("B"))), CouncilBallot((frozenset("B"), frozenset("A")))]
    assert places(rank([simple("A", 80), simple("B", 80)], TIE_BREAK, ballots)) == [("B", 1), ("A", 2)]
    assert places(rank([simple("A", 81), simple("B", 80)], TIE_BREAK, ballots)) == [("A", 1), ("B", 2)]


def test_a_ballot_is_heeded_where_the_rules_name_none() -> None:
    ballot = CouncilBallot((frozenset("B"), frozenset("A")))
    tied = [simple("A", 80), simple("B", 80)]
    for rules in ([], ["joint_award_if_budget_allows"]):
        assert places(rank(tied, rules, [ballot])) == [("B", 1), ("A", 2)]
        assert rank(tied, rules).needs_ballot == ()


def test_what_cannot_be_ranked() -> None:
    with pytest.raises(ValueError, match="no tie rule"):
        rank([], ["higher_number_of_votes"])
    with pytest.raises(ValueError, match="once"):
        rank([simple("A", 80), simple("A", 81)], [])
    with pytest.raises(ValueError, match="once"):
        CouncilBallot((frozenset("A"), frozenset("AB")))
    assert len(rank([], TIE_BREAK)) == 0


def test_the_registry_knows_every_rule_that_a_rule_set_may_name() -> None:
    assert set(KNOWN_TO_RULE_SETS) == TIE_RULES


# For all sheets

# Few different marks, so that ties of every depth come up.
a_sheet = st.fixed_dictionaries(
    {"C1": st.integers(0, 4).map(lambda half: F(half, 2)), "C2": st.integers(0, 4).map(lambda half: F(half, 2))}
)
an_entry = st.lists(a_sheet, min_size=1, max_size=5)
entries = st.lists(an_entry, min_size=1, max_size=8)
aggregates = st.sampled_from(sorted(AGGREGATES))


def standings_of(rows: list[list[dict[str, Fraction]]], aggregate: str) -> list[Standing]:
    made = []
    for at, sheets in enumerate(rows):
        kept = tuple(Sheet(str(judge), marks) for judge, marks in enumerate(sheets))
        made.append(Standing(f"e{at}", AGGREGATES[aggregate]([sheet.total for sheet in kept]).value, kept))
    return made


@given(entries, aggregates, st.randoms(use_true_random=False))
def test_order_of_rows_and_of_sheets_changes_nothing(
    rows: list[list[dict[str, Fraction]]], aggregate: str, chance: random.Random
) -> None:
    standings = standings_of(rows, aggregate)
    shuffled = [
        Standing(each.entry, each.total, tuple(chance.sample(each.sheets, len(each.sheets)))) for each in standings
    ]
    chance.shuffle(shuffled)
    again = [
        Standing(each.entry, AGGREGATES[aggregate]([sheet.total for sheet in each.sheets]).value, each.sheets)
        for each in shuffled
    ]
    first, second = rank(standings, TIE_BREAK), rank(again, TIE_BREAK)
    assert places(first) == places(second)
    assert [each.decided_by for each in first] == [each.decided_by for each in second]
    assert first.needs_ballot == second.needs_ballot


@given(entries, aggregates)
def test_raw_marks_that_were_exported_give_the_same_ranking(
    rows: list[list[dict[str, Fraction]]], aggregate: str
) -> None:
    """Marks leave as decimals in JSON text; whoever reads them can do the sums again."""
    out = json.dumps([[{key: str(float(mark)) for key, mark in sheet.items()} for sheet in entry] for entry in rows])
    back = [[{key: Decimal(mark) for key, mark in sheet.items()} for sheet in entry] for entry in json.loads(out)]
    recomputed = standings_of([[{k: F(v) for k, v in sheet.items()} for sheet in entry] for entry in back], aggregate)
    assert places(rank(recomputed, TIE_BREAK)) == places(rank(standings_of(rows, aggregate), TIE_BREAK))


@given(entries, aggregates)
def test_places_follow_totals_and_shared_places_leave_out_the_next(
    rows: list[list[dict[str, Fraction]]], aggregate: str
) -> None:
    ranking = rank(standings_of(rows, aggregate), TIE_BREAK)
    found = [placed.place for placed in ranking]
    assert found == [1 + sum(other < place for other in found) for place in found]
    totals = [placed.standing.total for placed in ranking]
    assert totals == sorted(totals, reverse=True)
    for placed in ranking:
        shares = {each.standing.entry for each in ranking if each.place == placed.place} - {placed.standing.entry}
        assert set(placed.tied_with) == shares
        assert placed.ballot_missing == any(placed.standing.entry in group for group in ranking.needs_ballot)


@given(entries, aggregates, st.data())
def test_a_higher_mark_never_lowers_a_place_that_is_not_tied(
    rows: list[list[dict[str, Fraction]]], aggregate: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    judge = data.draw(st.integers(0, len(rows[at]) - 1))
    before = rank(standings_of(rows, aggregate), TIE_BREAK).places[f"e{at}"]
    rows[at][judge] = {**rows[at][judge], "C1": rows[at][judge]["C1"] + data.draw(st.integers(1, 3))}
    standings = standings_of(rows, aggregate)
    mine = standings[at].total
    if any(each.total == mine for each in standings if each.entry != f"e{at}"):
        return
    assert rank(standings, TIE_BREAK).places[f"e{at}"] <= before
