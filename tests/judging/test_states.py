"""Where an entry stands: what is let pass, what a decision was made on, what was taken back."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from contest.contests.ruleset import Gap, Round
from contest.core.db import db
from contest.judging.models import GapDecision, SheetReopening, Waiver
from contest.judging.rounds import entry_state
from contest.judging.scoring import Dialogue
from contest.judging.states import (
    Given,
    LetPass,
    Revision,
    dialogue_of,
    how_many_let_pass,
    missing_let_pass,
    seen_of,
)
from tests.factories import make_contest
from tests.factories.judging import assignments_of, finalise, give, make_accepted, make_panel, mark_all, opening_of
from tests.judging.test_scoring import NT

AT = datetime(2027, 4, 1, tzinfo=UTC)


def given(judge: int, *totals: int, final: bool = True, undone: tuple[int, ...] = (), order: int = 0) -> Given:
    """A judge's assignment whose sheet was final with these totals, one after the other."""
    revisions = tuple(
        Revision(order or judge * 10 + number, number, {"T1": Fraction(total)}, "", number in undone)
        for number, total in enumerate(totals, start=1)
    )
    state = "final" if final else "open"
    return Given(judge, f"a{judge}", 1, judge, f"j{judge}", "", "regular", judge, state, revisions)


def waiver(what: str, judge: int | None = None) -> LetPass:
    return LetPass(1, what, judge, 9, AT, "Ốm")


def talk(threshold: int = 10) -> Round:
    gap = Gap.model_validate(
        {"type": "max_minus_min", "threshold": Decimal(threshold), "action": "reconcile_keep_original"}
    )
    return NT.round("final").model_copy(update={"gap": gap, "judges_per_entry": 2, "min_sheets": 1})


def test_only_a_missing_sheet_of_somebody_who_has_the_entry_is_let_pass() -> None:
    held = [given(1, 80), given(2, final=False), given(3, final=False)]
    waivers = [waiver("sheet", 1), waiver("sheet", 2), waiver("sheet", 7), waiver("declaration", 3)]
    assert missing_let_pass(held, waivers) == {2}
    assert how_many_let_pass(held, waivers) == 1
    assert how_many_let_pass(held, [*waivers, waiver("judge"), waiver("sheet", 2)]) == 2


def test_what_a_judge_took_back_in_time_opens_no_talk() -> None:
    kept = [given(1, 80), given(2, 95, 82)]
    assert dialogue_of(talk(), kept, []) is Dialogue.OPEN
    undone = [given(1, 80), given(2, 95, 82, undone=(1,))]
    assert dialogue_of(talk(), undone, []) is Dialogue.NONE


@pytest.mark.parametrize(("waived", "state"), [(0, Dialogue.NONE), (1, Dialogue.OPEN)])
def test_a_talk_begins_with_the_sheets_that_are_needed(waived: int, state: Dialogue) -> None:
    round_ = talk().model_copy(update={"judges_per_entry": 3})
    assert dialogue_of(round_, [given(1, 80), given(2, 95)], [], waived=waived) is state


def test_what_somebody_has_seen_is_the_latest_revision_of_what_counts() -> None:
    assert seen_of([given(1, 80, 81), given(2, 70), given(3, 60, final=False)]) == {"1": 2, "2": 1}


# From the database


def test_a_decision_holds_for_exactly_the_revisions_it_was_made_on(app) -> None:
    contest = make_contest()
    entry = make_accepted(contest)
    judges = make_panel(contest, size=2)
    mark_all(entry, judges, [80, 70])
    state = entry_state(entry, "prelim")
    assert state is not None and state.decision is None
    for total, seen in ((75, state.seen), (76, {**state.seen, "999999": 1}), (77, {})):
        db.session.add(
            GapDecision(
                entry_id=entry.id,
                round="prelim",
                total=Decimal(total),
                by_id=judges[0].id,
                at=AT,
                reason="Vì thế",
                seen=seen,
            )
        )
        db.session.flush()
    found = entry_state(entry, "prelim")
    assert found is not None and found.decision is not None
    assert (found.decision.total, found.decision.reason) == (75, "Vì thế")


def test_waivers_count_until_they_are_lifted(app) -> None:
    contest = make_contest()
    entry = make_accepted(contest)
    judges = make_panel(contest, size=2)
    finalise(give(entry, judges[0]), 80)
    give(entry, judges[1])
    row = Waiver(
        entry_id=entry.id, round="prelim", what="sheet", judge_id=judges[1].id, by_id=judges[0].id, at=AT, reason="Ốm"
    )
    db.session.add(row)
    db.session.flush()
    found = entry_state(entry, "prelim")
    assert found is not None and found.let_pass == {judges[1].id} and found.waives("sheet")
    assert not found.result.complete  # these rules know no minimum of sheets
    row.lifted_at = AT
    db.session.flush()
    found = entry_state(entry, "prelim")
    assert found is not None and found.let_pass == frozenset() and found.waivers == ()


def test_a_revision_taken_back_is_known_as_such(app) -> None:
    contest = make_contest()
    entry = make_accepted(contest)
    judges = make_panel(contest, size=1)
    assignment = give(entry, judges[0])
    finalise(assignment, 80)
    sheet = assignments_of(entry)[0].sheet
    assert sheet is not None
    at = opening_of(contest, "prelim")
    db.session.add(SheetReopening(sheet_id=sheet.id, revision=1, kind="undo", by_id=judges[0].id, at=at))
    sheet.state = "open"
    db.session.flush()
    finalise(assignment, 70)
    found = entry_state(entry, "prelim")
    assert found is not None
    assert [revision.undone for revision in found.given[0].revisions] == [True, False]
    assert found.sheets[0].total == 70
