"""Final sheets opened again: in time by their judge, later by the head of jury with a reason. Nothing old is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from contest.audit.models import AuditRow
from contest.core.db import db
from contest.core.errors import Conflict, NotFound, Refused
from contest.judging.models import RoundClosing, Sheet, SheetReopening, SheetRevision
from contest.judging.reopening import history, undoable_until
from contest.judging.rounds import entry_state
from contest.judging.services import record_conflict, rescore, seat_judge, settle_gap, undo, unlock
from contest.outbox.models import Message
from contest.outbox.runner import render
from tests.factories import make_staff
from tests.factories.judging import (
    assignments_of,
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
from tests.judging.test_sheets import save

SECOND = timedelta(seconds=1)
ONE = timedelta(microseconds=1)


@pytest.fixture
def assignment(contest, judges):
    return give(make_accepted(contest), judges[0])


def take_back(assignment, now, revision=1, actor=None):
    return undo(assignment=assignment, revision=revision, actor=actor or assignment.judge, now=now)


def open_up(assignment, chair, now, reason="Cộng nhầm điểm"):
    return unlock(assignment=assignment, reason=reason, actor=chair, now=now)


# By the judge, in time


def test_taken_back_the_sheet_is_open_with_its_marks_and_the_old_revision_is_kept(assignment, now):
    finalise(assignment, 86, comment="Chắc tay", now=now)
    sheet = take_back(assignment, now + SECOND)
    assert sheet.state == "open" and sum(marks_on(assignment).values()) == 86
    assert [revision.total for revision in sheet.revisions] == [86]
    state = entry_state(assignment.entry, "prelim")
    assert not any(given.final for given in state.given)
    again = finalise(assignment, 80, now=now + 2 * SECOND)
    assert again.number == 2 and [revision.total for revision in sheet.revisions] == [86, 80]
    row = db.session.scalars(select(AuditRow).where(AuditRow.verb == "judging.undo")).one()
    assert row.details["revision"] == 1 and row.actor == assignment.judge.public_id


@pytest.mark.parametrize(("shift", "fits"), [(-ONE, True), (0 * ONE, False)])
def test_the_window_for_taking_back_is_half_open(contest, assignment, now, shift, fits):
    finalise(assignment, 86, now=now)
    at = now + timedelta(minutes=contest.rules.round("prelim").undo_minutes) + shift
    assert (undoable_until(assignment, at) is not None) == fits
    if fits:
        assert take_back(assignment, at).state == "open"
    else:
        with pytest.raises(Refused, match="taken back for 15 minutes"):
            take_back(assignment, at)


def test_rules_may_allow_no_taking_back(contest, assignment, now, monkeypatch):
    rules = contest.rules
    strict = rules.model_copy(
        update={"rounds": tuple(each.model_copy(update={"undo_minutes": 0}) for each in rules.rounds)}
    )
    monkeypatch.setattr(type(contest), "rules", property(lambda _self: strict))
    finalise(assignment, 86, now=now)
    with pytest.raises(Refused, match="taken back"):
        take_back(assignment, now)


def test_taking_back_twice_is_once_and_an_old_page_takes_back_nothing_newer(assignment, now):
    finalise(assignment, 86, now=now)
    version = take_back(assignment, now).version
    assert take_back(assignment, now).version == version
    finalise(assignment, 80, now=now)
    with pytest.raises(Conflict):
        take_back(assignment, now, revision=1)
    assert assignment.sheet.state == "final"
    assert db.session.scalar(select(func.count(SheetReopening.id))) == 1


def test_a_window_opened_before_has_to_load_the_sheet_anew(assignment, now):
    finalise(assignment, 86, now=now)
    before = assignment.sheet.version
    take_back(assignment, now)
    with pytest.raises(Conflict, match="another window"):
        save(assignment, {"C1": 1}, version=before, now=now)


def test_a_sheet_that_is_not_final_cannot_be_taken_back(assignment, now):
    for revision in (0, 1):
        with pytest.raises(Refused, match="not final"):
            take_back(assignment, now, revision)


def test_only_ones_own(assignment, judges, chair, now):
    finalise(assignment, 86, now=now)
    for actor in (judges[1], chair):
        with pytest.raises(NotFound):
            take_back(assignment, now, actor=actor)


def test_once_marking_is_closed_it_stays_final_for_it_could_not_be_finished_again(contest, assignment):
    closes = contest.rules.window("prelim").closes
    finalise(assignment, 86, now=closes - SECOND)
    with pytest.raises(Refused, match="stays final"):
        take_back(assignment, closes)
    assert undoable_until(assignment, closes) is None


def test_a_third_judge_who_was_called_stays(contest, judges, now):
    entry = make_accepted(contest)
    first, second = mark_all(entry, judges[:2], [86, 60])
    assert [each.kind for each in assignments_of(entry)] == ["regular", "regular", "third"]
    take_back(second, opening_of(contest, "prelim"))
    assert [each.kind for each in assignments_of(entry)] == ["regular", "regular", "third"]
    finalise(second, 84)
    assert len(assignments_of(entry)) == 3
    assert entry_state(entry, "prelim") is not None and first.sheet.state == "final"


# Once the judges talk


@pytest.fixture
def apart(contest):
    entry = make_finalist(contest)
    return entry, mark_all(entry, make_panel(contest, "final", size=5), [90, 88, 86, 84, 69], "final")


def test_whoever_has_seen_the_others_marks_takes_nothing_back(contest, apart, chair):
    entry, assignments = apart
    now = opening_of(contest, "final")
    for assignment in assignments:
        with pytest.raises(Refused, match="begun to talk"):
            take_back(assignment, now)
        assert undoable_until(assignment, now) is None
    rescore(
        assignment=assignments[4],
        marks=spread_marks(contest, 75),
        comment="",
        reason="Đã trao đổi",
        actor=assignments[4].judge,
        now=now,
    )
    with pytest.raises(Refused, match="on your bench"):
        take_back(assignments[4], now, revision=2)
    settle_gap(entry=entry, round_id="final", note="Giữ nguyên", actor=chair, now=now)
    with pytest.raises(Refused, match="begun to talk"):
        take_back(assignments[0], now)


def test_what_a_talk_showed_is_not_unseen_when_a_sheet_of_it_is_unlocked(contest, apart, chair):
    """The entry is incomplete then and no talk is open; the judges know all the same what the others gave."""
    _entry, assignments = apart
    now = opening_of(contest, "final") + SECOND
    open_up(assignments[4], chair, now)
    for assignment in assignments[:4]:
        assert undoable_until(assignment, now + SECOND) is None
        with pytest.raises(Refused, match="begun to talk"):
            take_back(assignment, now + SECOND)
    # Nor what the unlocked one is finished with, while another is open.
    finalise(assignments[4], 86, now=now + 2 * SECOND)
    open_up(assignments[0], chair, now + 3 * SECOND)
    with pytest.raises(Refused, match="begun to talk"):
        take_back(assignments[4], now + 4 * SECOND, revision=2)


@pytest.mark.parametrize(
    "totals",
    [
        pytest.param([90, 88, 86, 69], id="far apart, but one sheet is missing"),
        pytest.param([90, 88, 86, 85, 84], id="complete, but close together"),
    ],
)
def test_where_nothing_was_shown_nothing_keeps_from_taking_back(contest, chair, totals):
    """A refusal would tell what the others gave."""
    entry = make_finalist(contest)
    now = opening_of(contest, "final") + SECOND
    assignments = mark_all(entry, make_panel(contest, "final", size=len(totals)), totals, "final")
    open_up(assignments[-1], chair, now)
    assert take_back(assignments[0], now + SECOND).state == "open"


def test_a_sheet_that_was_no_part_of_the_talk_may_be_taken_back(contest, apart, chair):
    """Who came in another's place, after a sheet of it had been unlocked, was shown nothing."""
    entry, assignments = apart
    now = opening_of(contest, "final") + SECOND
    open_up(assignments[4], chair, now)
    assignments[3].standing, assignments[3].ended_at = False, now
    judge = make_panel(contest, "final", size=1)[0]
    other = give(entry, judge, "final")
    finalise(other, 84, now=now + SECOND)
    assert take_back(other, now + 2 * SECOND).state == "open"
    with pytest.raises(Refused, match="begun to talk"):
        take_back(assignments[0], now + 2 * SECOND)


# By the head of jury


def test_unlocked_it_may_be_written_on_after_the_close_until_it_is_final_again(contest, assignment, chair):
    closes = contest.rules.window("prelim").closes
    finalise(assignment, 86)
    sheet = open_up(assignment, chair, closes)
    assert sheet.state == "open"
    save(assignment, {"C1": 19}, now=closes + SECOND)
    revision = finalise(assignment, 84, now=closes + 2 * SECOND)
    assert revision.number == 2
    with pytest.raises(Refused, match="closed"):
        save(assignment, {"C1": 18}, now=closes + 3 * SECOND)
    steps = history(sheet)
    assert [(step.total, step.reopened, step.reopened_because) for step in steps] == [
        (86, "unlock", "Cộng nhầm điểm"),
        (84, None, None),
    ]
    row = db.session.scalars(select(AuditRow).where(AuditRow.verb == "judging.unlock")).one()
    assert row.details["reason"] == "Cộng nhầm điểm" and row.actor == chair.public_id


def test_what_was_finished_after_an_unlock_is_taken_back_in_time_also_after_the_close(contest, assignment, chair):
    closes = contest.rules.window("prelim").closes
    finalise(assignment, 86)
    open_up(assignment, chair, closes)
    finalise(assignment, 84, now=closes + SECOND)
    take_back(assignment, closes + 2 * SECOND, revision=2)
    save(assignment, {"C1": 17}, now=closes + 3 * SECOND)
    assert finalise(assignment, 83, now=closes + 4 * SECOND).number == 3


def test_without_an_unlock_nothing_is_written_after_the_close(contest, assignment):
    closes = contest.rules.window("prelim").closes
    finalise(assignment, 86, now=closes - 2 * SECOND)
    take_back(assignment, closes - SECOND)
    with pytest.raises(Refused, match="closed"):
        save(assignment, {"C1": 1}, now=closes)


@pytest.mark.parametrize("reason", ["", "  \u200b ", "a" * 2001])
def test_an_unlock_needs_a_reason_of_some_length(assignment, chair, now, reason):
    finalise(assignment, 86, now=now)
    with pytest.raises(Refused):
        open_up(assignment, chair, now, reason)
    assert assignment.sheet.state == "final"


def test_the_same_unlock_sent_twice_is_one(assignment, chair, now):
    finalise(assignment, 86, now=now)
    version = open_up(assignment, chair, now).version
    assert open_up(assignment, chair, now).version == version
    with pytest.raises(Refused, match="not final"):
        open_up(assignment, chair, now, "Một lý do khác")
    assert db.session.scalar(select(func.count(SheetReopening.id))) == 1


def test_the_judge_is_told_once_that_a_sheet_was_unlocked_and_not_which(contest, assignment, chair, now):
    finalise(assignment, 86, now=now)
    for _ in range(2):
        open_up(assignment, chair, now + SECOND, reason="Cộng nhầm điểm bài này")
    [message] = db.session.scalars(select(Message).where(Message.template.startswith("judge_unlocked")))
    assert message.address == assignment.judge.email
    entry, rendered = assignment.entry, render(message)
    for told in (str(message.params), rendered.subject, rendered.body):
        for secret in (entry.blind_code, entry.title, entry.public_id, assignment.public_id, "Cộng nhầm", "86"):
            assert secret not in told
    take_back(assignment, now + 3 * SECOND, finalise(assignment, 84, now=now + 2 * SECOND).number)
    assert db.session.scalar(select(func.count(Message.id)).where(Message.template.startswith("judge_unlocked"))) == 1


def test_a_judge_without_an_address_is_told_by_telephone(contest, assignment, chair, now):
    assignment.judge.email, assignment.judge.phone = None, "+84900000001"
    finalise(assignment, 86, now=now)
    open_up(assignment, chair, now + SECOND)
    [message] = db.session.scalars(select(Message).where(Message.template.startswith("judge_unlocked")))
    assert message.address == "+84900000001"
    assert message.channel == "sms"
    assert assignment.entry.blind_code not in render(message).body


def test_only_a_head_of_jury_without_a_conflict_unlocks_and_not_their_own(contest, assignment, judges, chair, now):
    finalise(assignment, 86, now=now)
    for actor in (judges[1], assignment.judge, make_staff(contest, "secretary"), make_staff(contest, "organiser")):
        with pytest.raises(NotFound):
            open_up(assignment, actor, now)
    other = make_staff(contest, "chair")
    record_conflict(entry=assignment.entry, judge=other, reason="Quen biết", actor=chair, now=now)
    with pytest.raises(Refused, match="conflict of interest"):
        open_up(assignment, other, now)
    seat_judge(contest=contest, round_id="prelim", category="A", judge=chair, actor=None, now=now)
    own = give(make_accepted(contest), chair)
    finalise(own, 80, now=now)
    with pytest.raises(Refused, match="another head of jury"):
        open_up(own, chair, now)
    assert assignment.sheet.state == own.sheet.state == "final"


def test_a_closed_round_stays_closed(contest, assignment, chair, now):
    finalise(assignment, 86, now=now)
    db.session.add(RoundClosing(contest_id=contest.id, round="prelim", category="A", by_id=chair.id, at=now))
    db.session.flush()
    for verb in (lambda: open_up(assignment, chair, now), lambda: take_back(assignment, now)):
        with pytest.raises(Conflict, match="locked"):
            verb()
    assert db.session.scalars(select(Sheet.state)).all() == ["final"]


def test_one_who_no_longer_has_the_entry_is_not_unlocked(assignment, chair, now):
    finalise(assignment, 86, now=now)
    record_conflict(entry=assignment.entry, judge=assignment.judge, reason="Quen biết", actor=chair, now=now)
    with pytest.raises(NotFound):
        open_up(assignment, chair, now)


def test_a_sheet_from_paper_is_not_taken_back_on_screen(assignment, now):
    finalise(assignment, 86, now=now)
    assignment.sheet.revisions[-1].source = "paper"
    db.session.flush()
    with pytest.raises(Refused, match="on your bench"):
        take_back(assignment, now)
    assert db.session.scalar(select(func.count(SheetRevision.id))) == 1
    assert history(assignment.sheet)[0].source == "paper"
