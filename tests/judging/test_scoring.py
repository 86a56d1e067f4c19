"""From sheets to a total: aggregates, gaps, the third judge, and the arithmetic told in words."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import get_args

import pytest

from contest.contests.ruleset import Gap, Round, parse_rule_sets
from contest.contests.ruleset.codes import Aggregate, GapType
from contest.judging.scoring import (
    AGGREGATES,
    GAP_MEASURES,
    Dialogue,
    Sheet,
    asked,
    check_marks,
    dialogue_after,
    display,
    exact,
    gap_open,
    mean_on,
    third_judge_total,
    told_apart,
    written,
)
from contest.judging.totals import Result, entry_total

RULES = {
    rules.code_prefix: rules
    for rules in parse_rule_sets((Path(__file__).parents[2] / "contest/demo/data/contests.json").read_bytes())
}
DH, NT = RULES["DH"], RULES["NT"]
F = Fraction


def sheets(*totals: int | str, criterion: str = "C1") -> list[Sheet]:
    return [Sheet(f"GK{at}", {criterion: F(total)}) for at, total in enumerate(totals, start=1)]


def said(result: Result) -> list[str]:
    return [text % params for text, params in result.steps]


def marked(*rows: dict[str, object]) -> list[Sheet]:
    return [
        Sheet(f"GK{at}", {key: Decimal(str(mark)) for key, mark in row.items()}) for at, row in enumerate(rows, start=1)
    ]


DH_0001 = marked(
    {"C1": 17, "C2": 21.5, "C3": 13, "C4": 13, "C5": 17, "C6": 4.5},
    {"C1": 14, "C2": 16.5, "C3": 10.5, "C4": 10.5, "C5": 14, "C6": 3.5},
    {"C1": 17, "C2": 21, "C3": 12.5, "C4": 12.5, "C5": 17, "C6": 4},
)
NT_0002 = marked(
    {"T1": 1.75, "T2": 2.75, "T3": 1.5, "T4": 2.25, "T5": 1},
    {"T1": 1.75, "T2": 2.75, "T3": 1.25, "T4": 2.25, "T5": 1},
    {"T1": 1.75, "T2": 2.75, "T3": 1.25, "T4": 2.25, "T5": 1},
)


# Numbers


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (F("8.995"), 2, "9.00"),
        (F("8.994999"), 2, "8.99"),
        (F(80, 9), 2, "8.89"),
        (F(71, 8), 2, "8.88"),
        (F(109, 12), 2, "9.08"),
        (F("8.96"), 1, "9.0"),
        (F(87), 2, "87.00"),
        (F("9.1"), 2, "9.10"),
        (F(1, 2), 0, "1"),
        (F(0), 2, "0.00"),
        (F("-0.005"), 2, "-0.01"),
        (F("-0.004"), 2, "0.00"),
    ],
)
def test_display_rounds_once_half_up(value: Fraction, decimals: int, shown: str) -> None:
    assert str(display(value, decimals)) == shown


def test_a_float_is_no_mark() -> None:
    with pytest.raises(TypeError):
        exact(8.995)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Sheet("GK1", {"C1": 8.5})  # type: ignore[dict-item]
    assert exact(Decimal("8.995")) == F(1799, 200)


def test_short_decimals_are_written_in_full_and_quotients_rounded() -> None:
    assert str(written(F("27.125"), 2)) == "27.125"
    assert str(written(F(87), 2)) == "87.00"
    assert str(written(F(109, 12), 2)) == "9.08"


def test_values_that_would_look_equal_get_more_decimals() -> None:
    assert [str(value) for value in told_apart(F("8.336"), F("8.334"), 2)] == ["8.34", "8.33"]
    assert [str(value) for value in told_apart(F("8.3334"), F("8.3331"), 2)] == ["8.3334", "8.3331"]
    assert [str(value) for value in told_apart(F(8), F(8), 2)] == ["8.00", "8.00"]


# Marks


def test_marks_that_fit_the_rubric() -> None:
    good = {
        "C1": Decimal("20"),
        "C2": Decimal("0"),
        "C3": Decimal("12.5"),
        "C4": 15,
        "C5": F(1, 2),
        "C6": Decimal("5.0"),
    }
    assert check_marks(DH.rubric, good) == []


@pytest.mark.parametrize(
    ("mark", "says"),
    [
        (None, "Enter a mark"),
        (Decimal("20.5"), "from 0 to 20"),
        (Decimal("-0.5"), "from 0 to 20"),
        (Decimal("17.25"), "steps of 1/2"),
        (Decimal("17.0000001"), "steps of 1/2"),
        (Decimal("NaN"), "not a number"),
        (Decimal("Infinity"), "not a number"),
    ],
)
def test_a_mark_that_does_not_fit(mark: Decimal | None, says: str) -> None:
    marks = {"C1": mark, "C2": 20, "C3": 10, "C4": 10, "C5": 10, "C6": 5}
    (problem,) = check_marks(DH.rubric, marks)
    assert problem.criterion == "C1"
    assert says in problem.message % problem.params


def test_a_draft_may_leave_marks_open_but_not_invent_criteria() -> None:
    assert check_marks(DH.rubric, {"C1": Decimal(10)}, complete=False) == []
    problems = check_marks(DH.rubric, {"C9": Decimal(1)}, complete=False)
    assert [problem.criterion for problem in problems] == ["C9"]
    assert len(check_marks(DH.rubric, {})) == 6


def test_steps_of_a_quarter_on_a_maximum_that_is_no_whole_number() -> None:
    marks = {"T1": Decimal("1.75"), "T2": 3, "T3": Decimal("1.5"), "T4": Decimal("2.25"), "T5": 1}
    assert check_marks(NT.rubric, marks) == []
    assert [p.criterion for p in check_marks(NT.rubric, {**marks, "T3": Decimal("1.75")})] == ["T3"]


# Aggregates


@pytest.mark.parametrize(
    ("name", "totals", "total"),
    [
        ("mean", (9, 9, 10), F(28, 3)),
        ("trimmed_mean_drop_high_low", (88, 86, 90, 79, 87), F(87)),
        ("trimmed_mean_drop_high_low", (87, 87, 86, 88, 87), F(87)),
        ("trimmed_mean_drop_high_low", (70, 80, 99), F(80)),
        ("trimmed_mean_drop_high_low", (70, 81), F("75.5")),
        ("trimmed_mean_drop_high_low", (70,), F(70)),
        ("trimmed_mean_drop_high_low", (80, 80, 80, 80), F(80)),
        ("median", (1, 9, 2), F(2)),
        ("median", (1, 9, 2, 3), F("2.5")),
        ("median", (1, 2), F("1.5")),
        ("median", (4,), F(4)),
    ],
)
def test_aggregates(name: str, totals: tuple[int, ...], total: Fraction) -> None:
    assert AGGREGATES[name]([F(each) for each in totals]).value == total


def test_the_registries_know_all_that_a_rule_set_may_name() -> None:
    assert set(AGGREGATES) == set(get_args(Aggregate))
    assert set(GAP_MEASURES) == set(get_args(GapType))


def test_a_criterion_is_averaged_over_every_sheet() -> None:
    assert mean_on("C2", DH_0001) == F(59, 3)
    with pytest.raises(ValueError, match="T2"):
        mean_on("T2", DH_0001)


# The third judge


@pytest.mark.parametrize(
    ("totals", "total"),
    [
        ((86, 69, 84), F(85)),
        ((69, 84, 86), F(85)),
        ((80, 70, 90), F(80)),  # 70-80 and 80-90 are equally close: all three
        ((60, 70, 80), F(70)),
        ((84, 84, 70), F(84)),  # only the closest pair matters; 70 is equally far from both
        ((84, 70, 70), F(70)),
        ((75, 75, 75), F(75)),
    ],
)
def test_mean_of_the_two_closest(totals: tuple[int, ...], total: Fraction) -> None:
    assert third_judge_total([F(each) for each in totals]) == total


def test_two_pairs_equally_close_on_thirds_of_a_point() -> None:
    assert third_judge_total([F("6.25"), F("8.5"), F("10.75")]) == F("8.5")
    assert third_judge_total([F("6.25"), F("8.5"), F("10.5")]) == F("9.5")


def test_dh_0001_needs_a_third_judge_and_then_comes_to_85() -> None:
    prelim = DH.round("prelim")
    before = entry_total(prelim, DH_0001[:2])
    assert [sheet.total for sheet in DH_0001] == [86, 69, 84]
    assert before.needs_third
    assert before.gap_open
    assert not before.complete
    after = entry_total(prelim, DH_0001)
    assert after.total == 85
    assert after.closable
    assert said(after) == [
        "Sheet of GK1: 86.00.",
        "Sheet of GK2: 69.00.",
        "Sheet of GK3: 84.00.",
        "The highest and the lowest total are 17.00 apart; up to 15.00 is allowed.",
        "The two closest totals count: 86.00 and 84.00, 2.00 apart.",
        "170.00 divided by 2 is 85.00.",
    ]


def test_two_pairs_equally_close_are_told() -> None:
    result = entry_total(DH.round("prelim"), sheets(60, 70, 80))
    assert result.total == 70
    assert "Two pairs of totals are equally close (10.00 apart), so all count." in said(result)


def test_a_gap_of_exactly_the_threshold_is_no_gap() -> None:
    prelim = DH.round("prelim")
    at, above = entry_total(prelim, sheets(85, 70)), entry_total(prelim, sheets(85, "69.5"))
    assert (at.gap_open, at.needs_third, at.total) == (False, False, F("77.5"))
    assert (above.gap_open, above.needs_third) == (True, True)


def test_a_third_sheet_without_a_gap_is_averaged_with_the_others() -> None:
    """A judge who was taken off and replaced has come back; nobody was ever far from the others."""
    assert entry_total(DH.round("prelim"), sheets(80, 82, 90)).total == 84


# Dialogue


def test_distance_from_the_plain_mean_of_all_sheets() -> None:
    gap = NT.round("final").gap
    assert gap is not None
    assert not gap_open(gap, [F(9), F(9), F("6.75")])  # 1.5 from the mean of 8.25
    assert gap_open(gap, [F(9), F(9), F("6.5")])
    assert not gap_open(gap, [])
    assert not gap_open(None, [F(1), F(100)])


def test_a_gap_under_dialogue_waits_for_the_chair_whatever_the_scores_say() -> None:
    final = NT.round("final")
    apart, close = sheets(9, 9, "6.5", criterion="T1"), sheets(9, 9, 8, criterion="T1")
    assert entry_total(final, apart).gap_open
    assert not entry_total(final, apart, dialogue=Dialogue.SETTLED).gap_open
    assert entry_total(final, close, dialogue=Dialogue.OPEN).gap_open
    assert not entry_total(final, close, dialogue=Dialogue.SETTLED).gap_open
    assert not entry_total(final, close).gap_open
    assert entry_total(final, apart).total == F("24.5") / 3


def with_gap(action: str, threshold: str = "10", **fields: object) -> Round:
    """Three judges with a gap of this kind."""
    given = {"type": "max_minus_min", "threshold": Decimal(threshold), "action": action, **fields}
    gap = Gap.model_validate(given)
    return NT.round("final").model_copy(update={"gap": gap, "aggregate": "mean", "min_sheets": None})


def test_a_share_of_the_scale_is_measured_in_points() -> None:
    gap = with_gap("chair_decides", "0.2", unit="share_of_scale").gap
    assert not gap_open(gap, [F(80), F(60)], 100)
    assert gap_open(gap, [F(80), F("59.5")], 100)
    assert gap_open(gap, [F(8), F("5.75")], Decimal(10))
    with pytest.raises(ValueError, match="scale"):
        gap_open(gap, [F(8), F(5)])


def test_a_share_is_told_in_points_and_as_it_was_written() -> None:
    round_ = with_gap("chair_decides", "0.15", unit="share_of_scale")
    steps = said(entry_total(round_, sheets(80, 60, 70), scale=100))
    assert "The highest and the lowest total are 20.00 apart; up to 15.00 is allowed." in steps
    assert "15.00 is 0.15 of the scale of 100.00, the share that the rules allow." in steps


def test_a_gap_waits_for_the_chairs_decision_and_has_its_total() -> None:
    round_ = with_gap("chair_decides")
    waiting = entry_total(round_, sheets(80, 60, 85))
    assert (waiting.total, waiting.complete, waiting.gap_open, waiting.needs_decision) == (75, True, True, True)
    assert "The head of jury decides on a total from 60.00 to 85.00, and gives the reason." in said(waiting)
    decided = entry_total(round_, sheets(80, 60, 85), decision=F("82.25"))
    assert (decided.total, decided.closable, decided.needs_decision) == (F("82.25"), True, False)
    told = said(decided)[-1]
    assert told == "The head of jury has set the total at 82.25, between the lowest sheet 60.00 and the highest 85.00."


@pytest.mark.parametrize(("total", "holds"), [("60", True), ("59.99", False), ("85", True), ("85.01", False)])
def test_a_decision_lies_between_the_lowest_and_the_highest_sheet(total: str, holds: bool) -> None:
    result = entry_total(with_gap("chair_decides"), sheets(80, 60, 85), decision=F(total))
    assert result.closable is holds
    assert result.total == (F(total) if holds else 75)


def test_a_decision_without_a_gap_is_none() -> None:
    assert entry_total(with_gap("chair_decides"), sheets(80, 75, 85), decision=F(85)).total == 80
    assert entry_total(with_gap("reconcile_keep_original"), sheets(80, 60, 85), decision=F(85)).gap_open
    missing = entry_total(with_gap("chair_decides"), sheets(80, 60), decision=F(80))
    assert (missing.total, missing.complete) == (70, False)


@pytest.mark.parametrize(
    ("least", "present", "waived", "needed"),
    [
        (None, 2, 0, 3),
        (None, 2, 1, 3),  # without a minimum nothing is let pass
        (2, 2, 0, 3),
        (2, 2, 1, 2),
        (2, 1, 2, 2),  # never below the minimum
        (1, 1, 2, 1),
        (1, 0, 9, 1),
        (1, 3, 1, 3),  # what came in after all counts
        (1, 5, 0, 3),  # a third judge's beyond those asked for
    ],
)
def test_how_many_sheets_are_asked_for(least: int | None, present: int, waived: int, needed: int) -> None:
    round_ = with_gap("chair_decides").model_copy(update={"min_sheets": least})
    assert asked(round_, present, waived) == needed


def test_sheets_that_are_let_pass_are_told() -> None:
    round_ = with_gap("chair_decides").model_copy(update={"min_sheets": 2})
    result = entry_total(round_, sheets(80, 75), waived=1)
    assert (result.total, result.closable) == (F("77.5"), True)
    assert "Of the 3 sheets that the rules ask for, 1 were let pass by name and reason." in said(result)
    assert not entry_total(round_, sheets(80, 75)).complete
    assert entry_total(round_, sheets(80, 60), waived=1).needs_decision  # the gap is measured over what there is


@pytest.mark.parametrize("action", ["chair_decides", "reconcile_keep_original"])
def test_a_gap_that_is_let_pass_leaves_the_aggregate(action: str) -> None:
    result = entry_total(with_gap(action), sheets(80, 60, 85), gap_waived=True, dialogue=Dialogue.OPEN)
    assert (result.total, result.closable) == (75, True)
    assert "The gap was let pass by name and reason; the scores stay as they are." in said(result)


def test_a_talk_that_scores_have_closed_is_let_pass_too() -> None:
    close = sheets(80, 78, 85)
    round_ = with_gap("reconcile_keep_original")
    assert entry_total(round_, close, dialogue=Dialogue.OPEN).gap_open
    assert entry_total(round_, close, dialogue=Dialogue.OPEN, gap_waived=True).closable


def test_a_third_judge_who_is_let_pass() -> None:
    result = entry_total(DH.round("prelim"), sheets(86, 69), gap_waived=True)
    assert (result.total, result.closable, result.needs_third) == (F("77.5"), True, False)


def test_before_the_sheets_that_are_needed_there_is_no_talk() -> None:
    round_ = with_gap("reconcile_keep_original")
    apart = [F(80), F(60)]
    assert dialogue_after(Dialogue.NONE, round_, apart) is Dialogue.NONE
    assert dialogue_after(Dialogue.NONE, round_, apart, needed=2) is Dialogue.OPEN


def test_the_state_of_a_dialogue() -> None:
    final = NT.round("final")
    apart, close = [F(9), F(9), F("6.5")], [F(9), F(9), F(8)]
    opened = dialogue_after(Dialogue.NONE, final, apart)
    assert opened is Dialogue.OPEN
    assert dialogue_after(opened, final, close) is Dialogue.OPEN  # the chair has yet to record it
    assert dialogue_after(Dialogue.SETTLED, final, close) is Dialogue.SETTLED
    assert dialogue_after(Dialogue.SETTLED, final, apart) is Dialogue.OPEN  # a re-score opens it again
    assert dialogue_after(Dialogue.NONE, final, close) is Dialogue.NONE
    assert dialogue_after(Dialogue.NONE, final, apart[1:]) is Dialogue.NONE  # a sheet is still missing
    assert dialogue_after(Dialogue.NONE, DH.round("prelim"), [F(90), F(10)]) is Dialogue.NONE


# The whole story


def test_nt_0002_is_ranked_on_the_exact_mean_and_shown_with_two_decimals() -> None:
    result = entry_total(NT.round("final"), NT_0002)
    assert result.total == F(109, 12)
    assert result.total >= F(9)
    assert said(result)[-1] == ("27.25 divided by 3 is 9.08, rounded to be shown; ranks use the exact value.")


def test_trimming_is_told() -> None:
    result = entry_total(DH.round("final"), sheets(88, 86, 90, 79, 87))
    assert result.total == 87
    assert result.closable
    assert said(result)[-2:] == [
        "Left out: the highest total 90.00 and the lowest 79.00.",
        "261.00 divided by 3 is 87.00.",
    ]


def test_missing_sheets_are_told_and_no_gap_is_sought() -> None:
    result = entry_total(DH.round("final"), sheets(10, 90))
    assert (result.complete, result.gap_open, result.closable) == (False, False, False)
    assert "Sheets still missing: 3." in said(result)
    nothing = entry_total(DH.round("final"), [])
    assert nothing.total is None
    assert not nothing.complete


def test_a_judge_has_one_sheet_that_counts() -> None:
    with pytest.raises(ValueError, match="one sheet"):
        entry_total(DH.round("prelim"), [*sheets(80), *sheets(81)])


def test_a_panel_of_three_with_a_third_judge_rule_calls_one_more() -> None:
    gap = Gap(type="max_minus_min", threshold=Decimal(15), action="third_judge")
    round_ = Round.model_validate({**DH.round("prelim").model_dump(), "judges_per_entry": 3, "gap": gap.model_dump()})
    assert entry_total(round_, sheets(60, 80, 82)).needs_third
    assert entry_total(round_, sheets(60, 80, 82, 61)).total == F("60.5")
