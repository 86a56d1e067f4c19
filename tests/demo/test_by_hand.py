"""What a visitor does by hand stands; the demonstration's people do the rest."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from flask import Flask
from sqlalchemy import select

from contest.core import clock
from contest.core.db import db, writing
from contest.demo import tour_ground
from contest.demo.acts_judging import agree
from contest.demo.stage import Stage, at
from contest.demo.stories import FIRST, SECOND
from contest.demo.tour_ground import Ground
from contest.entries.models import Entry
from contest.entries.rules import REFUSED
from contest.entries.services import refuse
from contest.judging.models import Assignment
from contest.judging.rounds import round_state
from contest.judging.services import declare_impartial, save_sheet
from contest.results.queries import find_public_results, find_standing
from contest.results.services import approve, compute_results


def _entry(stage: Stage, contest_id: str, story_id: str) -> Entry:
    return next(
        entry
        for entry, story in stage.submitted(stage.contest(contest_id))
        if story is not None and story.id == story_id
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_is_done_by_hand_stands(demo_app: Flask, ground: Ground) -> None:
    stage = ground.stage()

    # An organiser computes the results before the script would, as soon as the codes are opened; the other
    # approves first.
    tour_ground.move(ground, at("2027-05-28 14:00"))
    with writing() as now:
        by_hand = compute_results(contest=stage.contest(FIRST), actor=stage.person("diep"), now=now).id
    tour_ground.move(ground, at("2027-05-31 09:00"))
    standing = find_standing(stage.contest(FIRST).id)
    assert standing is not None
    assert standing.id == by_hand
    db.session.rollback()
    tour_ground.move(ground, at("2027-06-08 12:00"))
    with writing() as now:
        standing = find_standing(stage.contest(FIRST).id)
        assert standing is not None
        approved = standing.id
        approve(
            contest=stage.contest(FIRST),
            typed_number=standing.decision_number or "",
            actor=stage.person("son"),
            now=now,
        )
    tour_ground.move(ground, at("2027-06-11 08:00"))
    found = find_public_results(stage.contest(FIRST).id, clock.now())
    assert found is not None
    assert found.standing == "official"
    assert found.result_set.id == approved
    assert found.result_set.first_approver is not None
    assert found.result_set.first_approver.id == stage.person("son").id
    db.session.rollback()

    # The secretary refuses an entry that the script would have admitted.
    tour_ground.move(ground, at("2027-08-16 09:00"))
    with writing() as now:
        refuse(entry=_entry(stage, SECOND, "NT-0008"), reason="Bài trùng ý.", actor=stage.person("van"), now=now)

    # A judge begins a sheet and leaves it: the marks that stand there stay.
    tour_ground.move(ground, at("2027-08-25 09:00"))
    contest = stage.contest(SECOND)
    given = next(each for state in round_state(contest, "prelim", "A") for each in state.given if each.state is None)
    with writing() as now:
        assignment = db.session.get_one(Assignment, given.id)
        agree(stage, assignment.judge, contest, now)
        declare_impartial(assignment=assignment, actor=assignment.judge, now=now)
        save_sheet(
            assignment=assignment,
            marks={"T1": Decimal("1.25")},
            comment="Cần kiểm tra lại mốc thời gian.",
            version=0,
            actor=assignment.judge,
            now=now,
        )

    tour_ground.move(ground, at("2027-10-14 08:00"))
    db.session.expire_all()
    assert _entry(stage, SECOND, "NT-0008").state == REFUSED
    sheet = db.session.scalars(select(Assignment).where(Assignment.id == given.id)).one().sheet
    assert sheet is not None
    assert sheet.state == "final"
    assert Fraction(sheet.revisions[-1].marks["T1"]) == Fraction(5, 4)
    assert sheet.comment == "Cần kiểm tra lại mốc thời gian."
    found = find_public_results(stage.contest(SECOND).id, clock.now())
    assert found is not None
    assert found.standing == "official"
