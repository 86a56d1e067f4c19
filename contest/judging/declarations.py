"""Declaring to have no conflict of interest, entry by entry, before its text opens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import ORGANISER, SECRETARY
from contest.core.db import db
from contest.core.errors import NotFound
from contest.entries.blind import BlindExemplar, blind_about, hide
from contest.entries.models import Entry
from contest.judging.conflicts import conflicts_among
from contest.judging.locks import check_not_locked, hold_assignment, hold_contest
from contest.judging.models import Assignment, RoundClosing
from contest.judging.panels import appointed
from contest.judging.rounds import in_round
from contest.judging.sheets import get_own_assignment
from contest.judging.sight import sees
from contest.judging.terms import check_accepted


@dataclass(frozen=True)
class Undeclared:
    """An entry on which its judge has not declared, with what the round lets them see of it."""

    assignment: Assignment
    code: str
    category: str
    genre: str
    title: str
    exemplar: BlindExemplar | None
    author: str | None


def undeclared(contest: Contest, round_id: str, judge_id: int, now: datetime) -> list[Undeclared]:
    """What a judge has still to declare on in a round that has begun, in the judge's own order.

    Nothing of a category whose round is closed, and nothing with a conflict that is known already.
    A fixed number of queries for each category.
    """
    if not contest.rules.has_begun(round_id, now):
        return []
    closed = select(RoundClosing.category).where(RoundClosing.contest_id == contest.id, RoundClosing.round == round_id)
    mine = (
        Assignment.judge_id == judge_id,
        Assignment.round == round_id,
        Assignment.standing.is_(True),
        Assignment.impartial_at.is_(None),
        Assignment.judge_id.in_(appointed(contest.id)),
    )
    rows = db.session.execute(
        select(Assignment, Entry.blind_code, Entry.category, Entry.genre, Entry.title, Entry.redactions)
        .join(Entry, Entry.id == Assignment.entry_id)
        .where(*mine, *in_round(contest, contest.rules.round(round_id)), Entry.category.not_in(closed))
        .order_by(Assignment.place, Assignment.public_id)
    ).all()
    if not rows:
        return []
    barred = conflicts_among(contest.id, Entry.id.in_(select(Assignment.entry_id).where(*mine)), judges=[judge_id])
    open_ = [row for row in rows if (row[0].entry_id, judge_id) not in barred]
    by_category = defaultdict(list)
    for row in open_:
        by_category[row.category].append(row[0].entry_id)
    about: dict[int, tuple[BlindExemplar | None, str | None]] = {}
    for category, entry_ids in by_category.items():
        about |= blind_about(entry_ids, sees(contest.rules, round_id, category))
    return [
        Undeclared(
            row[0],
            row.blind_code,
            row.category,
            row.genre,
            hide(row.title, row.redactions or ()),
            *about[row[0].entry_id],
        )
        for row in open_
    ]


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
    _take(held, actor, keyed=keyed, now=now)
    db.session.flush()
    return held


def declare_many(
    *, contest: Contest, round_id: str, public_ids: Collection[str], actor: User, now: datetime
) -> list[Assignment]:
    """A judge declares on several entries of a round at once; those no longer waiting for it are passed over.

    Raises Refused (terms not accepted).
    """
    hold_contest(contest)
    check_accepted(contest, actor)
    taken = []
    for each in undeclared(contest, round_id, actor.id, now):
        if each.assignment.public_id in public_ids:
            held = hold_assignment(each.assignment)
            if held.standing and held.impartial_at is None:
                _take(held, actor, keyed=False, now=now)
                taken.append(held)
    db.session.flush()
    return taken


def _take(assignment: Assignment, actor: User, *, keyed: bool, now: datetime) -> None:
    assignment.impartial_at = now
    assignment.impartial_by_id = actor.id if keyed else None
    record(
        actor=actor.public_id,
        verb="judging.declare_impartial",
        object_type="assignment",
        object_id=assignment.public_id,
        contest_id=assignment.entry.contest_id,
        now=now,
        round=assignment.round,
        entry=assignment.entry.public_id,
        on_paper=keyed,
    )
