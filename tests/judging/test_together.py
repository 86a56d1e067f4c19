"""Many at once: one sheet, one revision, one third judge, and no mark after the lock."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import func, select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import db, writing
from contest.core.errors import Conflict
from contest.judging import sheets
from contest.judging.models import Assignment, RoundClosing, Sheet, SheetReopening, SheetRevision
from contest.judging.rounds import entry_results
from contest.judging.services import assign, close_round, finalise_sheet, rescore, save_sheet, undo
from tests.factories import make_staff
from tests.factories.judging import (
    assignments_of,
    finalise,
    give,
    make_accepted,
    make_finalist,
    make_panel,
    mark_all,
    opening_of,
    spread_marks,
)

MANY = 50


def together(app, verbs):
    """Run every verb in a thread and a transaction of its own, all let go at once; what each came to."""
    barrier = Barrier(len(verbs))

    def run(verb):
        with app.app_context():
            barrier.wait(30)
            try:
                with writing():
                    return verb()
            except Conflict as conflict:
                return conflict.code
            finally:
                db.session.remove()

    db.session.commit()
    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(run, verbs))


def own(assignment_id):
    return db.session.get_one(Assignment, assignment_id)


def finalising(assignment, marks, now: datetime):
    assignment_id, judge_id = assignment.id, assignment.judge_id

    def verb():
        return finalise_sheet(
            assignment=own(assignment_id),
            marks=marks,
            comment="",
            version=0,
            actor=db.session.get_one(User, judge_id),
            now=now,
        ).id

    return verb


@pytest.mark.slow
def test_fifty_presses_on_final_make_one_revision(app, contest):
    assignment = give(make_accepted(contest), make_panel(contest)[0])
    verb = finalising(assignment, spread_marks(contest, 86), opening_of(contest, "prelim"))
    answers = together(app, [verb] * MANY)
    assert len(set(answers)) == 1 and isinstance(answers[0], int)
    assert db.session.scalar(select(func.count(SheetRevision.id))) == 1
    assert db.session.scalar(select(func.count(Sheet.id))) == 1


@pytest.mark.slow
def test_of_fifty_windows_one_saves_and_the_others_are_told(app, contest):
    judge = make_panel(contest)[0]
    assignment = give(make_accepted(contest), judge)
    assignment_id, judge_id, now = assignment.id, judge.id, opening_of(contest, "prelim")

    def saving(comment):
        def verb():
            return save_sheet(
                assignment=own(assignment_id),
                marks={"C1": Decimal(10)},
                comment=comment,
                version=0,
                actor=db.session.get_one(User, judge_id),
                now=now,
            ).version

        return verb

    answers = Counter(together(app, [saving(f"Ý {number}") for number in range(MANY)]))
    assert answers == {1: 1, "sheet_changed": MANY - 1}


def many_acts(assignment, contest, now):
    """Fifty windows of one sheet, each with content of its own: half of them save, half make it final."""
    assignment_id, judge_id = assignment.id, assignment.judge_id

    def act(number):
        values = {"marks": spread_marks(contest, 40 + number), "comment": f"Ý {number}", "version": 0, "now": now}
        remarks = {"C1": f"Nhận xét {number}"}

        def verb():
            who = {"assignment": own(assignment_id), "actor": db.session.get_one(User, judge_id)}
            if number % 2:
                return (number, save_sheet(**values, **who, remarks=remarks).version)
            return (number, finalise_sheet(**values, **who, remarks=remarks).number)

        return verb

    return [act(number) for number in range(MANY)]


def lost(assignment_id, answers):
    """Those who were told that theirs is kept and whose content is not there."""
    db.session.expire_all()
    sheet = db.session.scalars(select(Sheet).where(Sheet.assignment_id == assignment_id)).one()
    kept = {(sheet.comment, sheet.remarks["C1"], sum(mark.value for mark in sheet.marks))}
    return [
        number
        for number, _ in (answer for answer in answers if isinstance(answer, tuple))
        if (f"Ý {number}", f"Nhận xét {number}", 40 + number) not in kept
    ]


@pytest.mark.slow
def test_of_fifty_who_save_and_finish_one_wins_the_others_are_told_and_nothing_is_lost(app, contest):
    assignment = give(make_accepted(contest), make_panel(contest)[0])
    assignment_id = assignment.id
    answers = together(app, many_acts(assignment, contest, opening_of(contest, "prelim")))
    won = [answer for answer in answers if isinstance(answer, tuple)]
    told = Counter(answer for answer in answers if not isinstance(answer, tuple))
    assert len(won) == 1 and set(told) <= {"sheet_changed", "sheet_final"} and told.total() == MANY - 1
    assert lost(assignment_id, answers) == []
    number = won[0][0]
    assert db.session.scalar(select(func.count(SheetRevision.id))) == (0 if number % 2 else 1)


@pytest.mark.slow
def test_without_the_check_of_the_version_they_would_overwrite_each_other(app, contest, monkeypatch):
    """What the test above would see if nobody compared versions: that it sees it is why it is worth having."""
    monkeypatch.setattr(sheets, "check_version", lambda sheet, version: None)
    assignment = give(make_accepted(contest), make_panel(contest)[0])
    assignment_id = assignment.id
    answers = together(app, many_acts(assignment, contest, opening_of(contest, "prelim"))[1::2])
    assert len([answer for answer in answers if isinstance(answer, tuple)]) == MANY // 2
    assert len(lost(assignment_id, answers)) == MANY // 2 - 1


@pytest.mark.slow
def test_fifty_presses_on_take_back_take_back_once(app, contest):
    assignment = give(make_accepted(contest), make_panel(contest)[0])
    now = opening_of(contest, "prelim")
    finalise(assignment, 86, now=now)
    assignment_id, judge_id = assignment.id, assignment.judge_id

    def verb():
        actor = db.session.get_one(User, judge_id)
        return undo(assignment=own(assignment_id), revision=1, actor=actor, now=now).version

    assert set(together(app, [verb] * MANY)) == {2}
    assert db.session.scalar(select(func.count(SheetReopening.id))) == 1


def test_two_judges_who_finish_at_once_get_one_third_judge(app, contest):
    judges = make_panel(contest, size=5)
    for _ in range(6):
        entry = make_accepted(contest)
        assignments = [give(entry, judge) for judge in judges[:2]]
        now = opening_of(contest, "prelim")
        together(
            app,
            [
                finalising(assignment, spread_marks(contest, total), now)
                for assignment, total in zip(assignments, (86, 60), strict=True)
            ],
        )
        assert sorted(each.kind for each in assignments_of(entry)) == ["regular", "regular", "third"]


def test_assigning_twice_at_once_assigns_once(app, contest):
    make_panel(contest, size=4)
    for _ in range(10):
        make_accepted(contest)
    contest_id, now = contest.id, opening_of(contest, "prelim")

    def verb():
        found = db.session.get_one(Contest, contest_id)
        return assign(contest=found, round_id="prelim", category="A", actor=None, now=now).count

    assert sorted(together(app, [verb] * 4)) == [0, 0, 0, 20]


def test_no_score_slips_in_beside_the_lock(app, contest):
    """Closing and a new score at once: either the score is in what was locked, or it is refused."""
    chair = make_staff(contest, "chair")
    judges = make_panel(contest, size=2)
    entry = make_accepted(contest)
    first, last = mark_all(entry, judges[:1], [80])[0], give(entry, judges[1])
    contest_id, chair_id, now = contest.id, chair.id, opening_of(contest, "prelim")

    def close():
        try:
            return close_round(
                contest=db.session.get_one(Contest, contest_id),
                round_id="prelim",
                category="A",
                actor=db.session.get_one(User, chair_id),
                now=now,
            ).id
        except Exception as refused:  # noqa: BLE001 - a sheet that is not final yet keeps it open
            return getattr(refused, "code", refused)

    marks = spread_marks(contest, 82)
    for _ in range(3):
        answers = together(app, [close, finalising(last, marks, now), close])
        db.session.expire_all()
        assert "round_closed" not in answers
    [closing] = db.session.scalars(select(RoundClosing)).all()
    assert entry_results(contest, "prelim", "A")[entry.public_id].total == 81
    assert closing and first


def test_scoring_again_at_once_keeps_every_score(app, contest):
    entry = make_finalist(contest)
    judges = make_panel(contest, "final", size=5)
    assignments = mark_all(entry, judges, [90, 88, 86, 84, 60], "final")
    assignment_id, judge_id, now = assignments[4].id, judges[4].id, opening_of(contest, "final")

    def scoring(total):
        marks = spread_marks(contest, total)

        def verb():
            return rescore(
                assignment=own(assignment_id),
                marks=marks,
                comment="",
                reason="Đã trao đổi",
                actor=db.session.get_one(User, judge_id),
                now=now,
            ).number

        return verb

    # each leaves a gap, so that none of them closes the talk for the others
    answers = together(app, [scoring(total) for total in (50, 51, 52, 53, 54)])
    assert sorted(answers) == [2, 3, 4, 5, 6]
