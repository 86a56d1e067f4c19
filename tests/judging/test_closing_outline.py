"""The closing page reads a round in outline: what it says of it is what the act of closing works out in full."""

from __future__ import annotations

from random import Random

import pytest

from contest.contests.models import RoleGrant
from contest.core.db import db
from contest.judging.closing_check import KINDS, check_closing, items_for, late_judges, look_at_closing
from contest.judging.models import Assignment, ConflictOfInterest
from contest.judging.services import seat_judge
from contest.judging.waivers import lift, waive, waivers_of
from tests.factories import make_staff
from tests.factories.judging import make_accepted, make_panel, mark_all
from tests.factories.rules import make_contest_with
from tests.judging.test_table import ACTIONS, MEASURES, random_world, tried


def everything(check):
    """What a page or the act can learn from a check."""
    return {
        "items": check.items,
        "entries": check.entries,
        "shortlist": check.shortlist,
        "conflicts": check.conflicts,
        "tied": check.tied_at_line(),
        "late": late_judges(check),
    }


def learn_of(entry_id, judge_id, chair, now):
    """A conflict on record whose assignment stands, as when it was learnt from facts."""
    same = {"entry_id": entry_id, "judge_id": judge_id}
    if db.session.query(ConflictOfInterest).filter_by(**same).first() is None:
        row = ConflictOfInterest(**same, source="chair", recorded_by_id=chair.id, recorded_at=now)
        db.session.add(row)
        db.session.flush()


def entangle(contest, chair, chance):
    """Declarations that are missing, conflicts learnt late, things let pass and demanded again, roles that end."""
    now = contest.created_at
    for assignment in db.session.query(Assignment).order_by(Assignment.id).all():
        entry, turn = assignment.entry, chance.random()
        common = {"entry": entry, "round_id": "prelim", "actor": chair, "now": now, "reason": "Đã xem."}
        if turn < 0.15:
            assignment.impartial_at = None
            if turn < 0.05:
                tried(waive, what="declaration", judge=assignment.judge, **common)
        elif turn < 0.2:
            learn_of(entry.id, assignment.judge_id, chair, now)
        elif turn < 0.3:
            tried(waive, what="verification", **common)
        elif turn < 0.4:
            for waiver in waivers_of(entry.id, "prelim"):
                tried(lift, waiver=waiver, actor=chair, now=now)
    judges = make_panel(contest, size=2)
    for level in (20, 55, 70, 95):
        mark_all(make_accepted(contest, verified=False), judges, [level, level + chance.choice((0, 2))])
    grant = db.session.query(RoleGrant).filter_by(user_id=judges[0].id, role="judge").one()
    grant.ended_at = now if chance.random() < 0.5 else None
    db.session.commit()


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("action", ACTIONS)
def test_the_page_says_what_the_act_of_closing_works_out(app, action, measure):
    gap = {"type": measure, "threshold": 15, "action": action}
    if action == "third_judge":
        gap["then"] = "mean_of_two_closest_else_mean_of_three"
    rules = {"judges_per_entry": 2, "min_sheets": 1, "gap": gap, "aggregate": "mean"}
    rules["advance"] = {"counts": {"A": 9, "B": 9}, "min_score": 35, "ties_at_line": "all_advance"}
    contest = make_contest_with(prelim=rules)
    chair = make_staff(contest, "chair")
    seat_judge(contest=contest, round_id="prelim", category="A", judge=chair, actor=None, now=contest.created_at)
    assert everything(look_at_closing(contest, "prelim", "A")) == everything(check_closing(contest, "prelim", "A"))
    found = set()
    for seed in range(3):
        random_world(contest, chair, seed)
        entangle(contest, chair, Random(seed))
        full, light = check_closing(contest, "prelim", "A"), look_at_closing(contest, "prelim", "A")
        assert everything(light) == everything(full)
        assert items_for(light, chair.id) == items_for(full, chair.id)
        assert not light.states and len(full.states) == len(light.entries)
        found |= {item.kind for item in light.items}
    kinds = {"sheet", "judge", "declaration", "conflict", "verification"}
    assert kinds <= found <= set(KINDS)
    assert ("gap" in found) == (action != "third_judge")
