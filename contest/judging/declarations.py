"""Declaring to have no conflict of interest, entry by entry, before its text opens."""

from __future__ import annotations

from datetime import datetime

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.queries import roles_of
from contest.contests.rules import ORGANISER, SECRETARY
from contest.core.db import db
from contest.core.errors import NotFound
from contest.judging.locks import check_not_locked, hold_assignment, hold_contest
from contest.judging.models import Assignment
from contest.judging.sheets import get_own_assignment
from contest.judging.terms import check_accepted


def declare_impartial(*, assignment: Assignment, actor: User, now: datetime) -> Assignment:
    """The judge declares to have no conflict of interest with the entry, and its text opens.

    By the judge, or keyed in by the secretariat from a signed paper. Once given it stays; doing it again
    changes nothing. Raises NotFound (not theirs, or a conflict is known), Refused (terms not accepted),
    Conflict (round closed).
    """
    contest = assignment.entry.contest
    keyed = actor.id != assignment.judge_id
    if keyed and not roles_of(contest.id, actor.id) & {SECRETARY, ORGANISER}:
        raise NotFound(assignment.public_id)
    hold_contest(contest)
    held = hold_assignment(assignment)
    held = get_own_assignment(contest, held.public_id, held.judge_id, now, undeclared=True)
    check_accepted(contest, held.judge)
    if held.impartial_at is not None:
        return held
    check_not_locked(contest.id, held.round, held.entry.category)
    held.impartial_at = now
    held.impartial_by_id = actor.id if keyed else None
    record(
        actor=actor.public_id,
        verb="judging.declare_impartial",
        object_type="assignment",
        object_id=held.public_id,
        contest_id=contest.id,
        now=now,
        round=held.round,
        entry=held.entry.public_id,
        on_paper=keyed,
    )
    db.session.flush()
    return held
