"""Score sheets: saved as one goes, final once, and marked only by whoever may."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from contest.audit.models import AuditRow
from contest.core.db import db
from contest.core.errors import Conflict, NotFound, Refused
from contest.judging.models import Assignment, Sheet, SheetRevision
from contest.judging.services import declare_conflict, finalise_sheet, rescore, save_sheet, settle_gap
from contest.judging.sheets import BadMarks, get_own_assignment, read_mark
from tests.factories import make_contest, make_staff, make_user
from tests.factories.judging import (
    finalise,
    give,
    make_accepted,
    make_finalist,
    make_panel,
    mark_all,
    marks_on,
    opening_of,
    spread_marks,
)

ONE = timedelta(microseconds=1)


@pytest.fixture
def assignment(contest, judges):
    return give(make_accepted(contest), judges[0])


def save(assignment, marks, *, version=None, comment="", now=None, actor=None):
    if version is None:
        version = assignment.sheet.version if assignment.sheet else 0
    return save_sheet(
        assignment=assignment,
        marks={criterion: None if mark is None else Decimal(str(mark)) for criterion, mark in marks.items()},
        comment=comment,
        version=version,
        actor=actor or assignment.judge,
        now=now or opening_of(assignment.entry.contest, assignment.round),
    )


# Marks as typed


@pytest.mark.parametrize(
    ("text", "mark"),
    [("17,5", "17.5"), ("17.5", "17.5"), (" 17 ", "17"), ("0", "0"), ("0,25", "0.25"), ("", None), ("  ", None)],
)
def test_a_mark_is_read_with_comma_or_point(text, mark):
    assert read_mark(text) == (None if mark is None else Decimal(mark))


@pytest.mark.parametrize(
    "text", ["abc", "1,2,3", "-1", "+1", "1e3", "½", "１７", "NaN", "Infinity", "17 5", ",5", "1.000,5"]
)
def test_what_is_no_number_is_not_guessed_at(text):
    with pytest.raises(ValueError):
        read_mark(text)


# Saving


def test_nothing_is_written_until_the_first_save(assignment):
    assert db.session.scalar(select(func.count(Sheet.id))) == 0
    sheet = save(assignment, {"C1": 17.5})
    assert sheet.version == 1 and sheet.state == "open"
    assert marks_on(assignment) == {"C1": Decimal("17.5")}


def test_a_later_save_changes_what_it_names_and_keeps_the_rest(assignment):
    save(assignment, {"C1": 17.5, "C2": 20}, comment="Hay")
    sheet = save(assignment, {"C2": None, "C3": 12}, comment="Rất hay")
    assert marks_on(assignment) == {"C1": Decimal("17.5"), "C3": Decimal("12")}
    assert sheet.comment == "Rất hay" and sheet.version == 2


def test_two_windows_never_overwrite_each_other(assignment):
    save(assignment, {"C1": 17.5})
    save(assignment, {"C1": 18}, version=1)
    with pytest.raises(Conflict) as caught:
        save(assignment, {"C1": 3}, version=1)
    assert caught.value.code == "sheet_changed" and caught.value.params["version"] == 2
    assert marks_on(assignment) == {"C1": Decimal("18")}


def test_the_same_save_sent_again_is_no_conflict(assignment):
    first = save(assignment, {"C1": 17.5}, version=0)
    again = save(assignment, {"C1": 17.5}, version=0)
    assert again is first and again.version == 1


@pytest.mark.parametrize(
    ("mark", "fits"), [(0, True), (20, True), (0.5, True), (20.5, False), (-0.5, False), (17.25, False)]
)
def test_marks_are_held_to_range_and_step(assignment, mark, fits):
    if fits:
        save(assignment, {"C1": mark})
        assert marks_on(assignment) == {"C1": Decimal(str(mark))}
    else:
        with pytest.raises(BadMarks) as caught:
            save(assignment, {"C1": mark, "C2": 20})
        assert [problem.criterion for problem in caught.value.marks] == ["C1"]
        assert marks_on(assignment) == {}


@pytest.mark.parametrize(("mark", "fits"), [("2.75", True), ("2.8", False), ("3", True), ("3.25", False)])
def test_a_quarter_step_is_a_quarter_step(app, mark, fits):
    contest = make_contest(1)
    assignment = give(make_accepted(contest, "B"), make_panel(contest, category="B")[0])
    if fits:
        save(assignment, {"T2": mark})
    else:
        with pytest.raises(BadMarks):
            save(assignment, {"T2": mark})


def test_a_criterion_of_another_rubric_is_refused(assignment):
    with pytest.raises(BadMarks):
        save(assignment, {"T1": 1})


def test_the_comment_is_kept_clean_and_bounded(assignment):
    sheet = save(assignment, {}, comment="  Hay\u200b  \r\n\r\n\r\n\r\nlắm ")
    assert sheet.comment == "Hay\n\nlắm"
    with pytest.raises(Refused, match="characters"):
        save(assignment, {}, comment="a" * 5001)
    with pytest.raises(Refused, match="hidden"):
        save(assignment, {}, comment="a\x00b")


# The window, half-open, for each verb


@pytest.mark.parametrize(
    ("edge", "shift", "open_"),
    [("opens", -ONE, False), ("opens", 0 * ONE, True), ("closes", -ONE, True), ("closes", 0 * ONE, False)],
)
def test_sheets_are_written_within_the_window(contest, assignment, edge, shift, open_):
    now = getattr(contest.rules.window("prelim"), edge) + shift
    verbs = (
        lambda: save(assignment, {"C1": 17.5}, now=now),
        lambda: finalise(assignment, 80, now=now),
    )
    for verb in verbs:
        if open_:
            verb()
        else:
            with pytest.raises((Refused, NotFound)):
                verb()
    assert db.session.scalar(select(func.count(SheetRevision.id))) == int(open_)


# Final


def test_a_final_sheet_is_recorded_and_cannot_be_changed(assignment):
    revision = finalise(assignment, 86, comment="Chắc tay")
    assert revision.total == 86 and revision.number == 1 and revision.comment == "Chắc tay"
    assert assignment.sheet.state == "final"
    with pytest.raises(Conflict, match="final"):
        save(assignment, {"C1": 1})
    with pytest.raises(Conflict, match="final"):
        finalise(assignment, 85)
    row = db.session.scalars(select(AuditRow).where(AuditRow.verb == "judging.finalise_sheet")).one()
    assert row.details["marks"]["C1"] == "20" and row.actor == assignment.judge.public_id


def test_finalising_again_with_the_same_marks_gives_the_same_revision(assignment):
    first = finalise(assignment, 86)
    assert finalise(assignment, 86) is first
    # also after the window closed: the answer to a press in time may have been lost on the way
    closes = assignment.entry.contest.rules.window("prelim").closes
    assert finalise(assignment, 86, now=closes + timedelta(hours=1)) is first
    assert db.session.scalar(select(func.count(SheetRevision.id))) == 1


def test_final_needs_a_mark_for_every_criterion(assignment):
    marks = spread_marks(assignment.entry.contest, 86)
    marks.pop("C3")
    save(assignment, marks)
    with pytest.raises(BadMarks) as caught:
        finalise(assignment, marks)
    assert [problem.criterion for problem in caught.value.marks] == ["C3"]
    assert assignment.sheet.state == "open"


def test_finalising_uses_what_was_saved(assignment):
    save(assignment, spread_marks(assignment.entry.contest, 86))
    revision = finalise_sheet(
        assignment=assignment,
        marks={},
        comment="",
        version=1,
        actor=assignment.judge,
        now=opening_of(assignment.entry.contest, "prelim"),
    )
    assert revision.total == 86


# Whose sheet


def test_another_judge_cannot_write_on_it(assignment, judges):
    for actor in (judges[1], make_user()):
        with pytest.raises(NotFound):
            save(assignment, {"C1": 1}, actor=actor)


def test_one_who_is_no_judge_any_more_cannot(contest, assignment):
    from contest.contests.models import RoleGrant
    from contest.contests.services import end_role

    grant = db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == assignment.judge_id)).one()
    end_role(grant=grant, actor=make_staff(contest, "organiser"), now=opening_of(contest, "prelim"))
    with pytest.raises(NotFound):
        save(assignment, {"C1": 1})


@pytest.mark.parametrize("state", ["refused", "withdrawn"])
def test_an_entry_that_left_the_contest_leaves_the_bench(contest, assignment, state):
    assignment.entry.state = state
    db.session.flush()
    with pytest.raises(NotFound):
        save(assignment, {"C1": 1})


@pytest.mark.parametrize("public_id", ["", "x", "nosuchplace234", "a\x00b", "ă" * 14, "9" * 400])
def test_an_address_that_is_nothing_is_not_found(contest, judges, public_id):
    with pytest.raises(NotFound):
        get_own_assignment(contest, public_id, judges[0].id, opening_of(contest, "prelim"))


# Scoring again


@pytest.fixture
def apart(contest):
    """A finalist whose judges are 21 apart, with a head of jury."""
    entry = make_finalist(contest)
    judges = make_panel(contest, "final", size=5)
    chair = make_staff(contest, "chair")
    return entry, mark_all(entry, judges, [90, 88, 86, 84, 69], "final"), chair


def score_again(assignment, total, reason="Đã trao đổi"):
    contest = assignment.entry.contest
    return rescore(
        assignment=assignment,
        marks=spread_marks(contest, total),
        comment="",
        reason=reason,
        actor=assignment.judge,
        now=contest.rules.window("final").closes,
    )


def test_in_the_talk_a_judge_scores_again_and_the_old_score_is_kept(apart):
    _, assignments, _ = apart
    revision = score_again(assignments[4], 75)
    assert revision.number == 2 and revision.reason == "Đã trao đổi"
    assert [each.total for each in assignments[4].sheet.revisions] == [69, 75]
    assert score_again(assignments[4], 75) is revision


def test_scoring_again_needs_a_reason_an_open_gap_and_a_final_sheet(apart, contest):
    entry, assignments, chair = apart
    with pytest.raises(Refused, match="why"):
        score_again(assignments[4], 75, reason="  ")
    settle_gap(entry=entry, round_id="final", note="Giữ nguyên", actor=chair, now=opening_of(contest, "final"))
    with pytest.raises(Refused, match="no open gap"):
        score_again(assignments[4], 75)
    other = give(make_finalist(contest), assignments[0].judge, "final")
    with pytest.raises(Refused, match="not final yet"):
        score_again(other, 75)


def test_a_gap_for_a_third_judge_opens_no_talk(contest, judges):
    assignments = mark_all(make_accepted(contest), judges[:2], [86, 69])
    with pytest.raises(Refused, match="no open gap"):
        rescore(
            assignment=assignments[1],
            marks=spread_marks(contest, 80),
            comment="",
            reason="Nhìn lại",
            actor=judges[1],
            now=opening_of(contest, "prelim"),
        )


def test_stepping_back_ends_the_assignment(assignment):
    declare_conflict(
        assignment=assignment,
        reason="Quen biết",
        actor=assignment.judge,
        now=opening_of(assignment.entry.contest, "prelim"),
    )
    assert not assignment.standing and assignment.ended_because == "conflict"
    with pytest.raises(NotFound):
        save(assignment, {"C1": 1})
    assert db.session.scalar(select(func.count(Assignment.id))) == 1
