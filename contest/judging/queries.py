"""What judges see of their own work, and what other rooms may ask of judging.

A judge's pages are made from these rows alone, and every query here begins at the judge's own
assignments: nothing of another judge's is ever loaded for them. The one exception is `talk`, for
judges whose own sheet is final, while a gap is talked about.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy import func, select

from contest.contests.models import Contest
from contest.core.db import db
from contest.entries.blind import hide
from contest.entries.models import Entry, Photo
from contest.judging.codes import opened_categories
from contest.judging.conflicts import conflicts_among
from contest.judging.council import final_ranking
from contest.judging.locks import find_closing
from contest.judging.models import Assignment, Mark, Sheet, SheetRevision
from contest.judging.panels import appointed
from contest.judging.rounds import entry_results, entry_state, in_round
from contest.judging.scoring import RECONCILE
from contest.judging.sheets import get_own_assignment, may_rescore

__all__ = ["entry_results", "final_ranking", "get_own_assignment", "is_locked", "opened_categories", "queue", "talk"]


def is_locked(contest: Contest, round_id: str, category: str) -> bool:
    """Whether a round of a category is closed, and its scores with it."""
    return find_closing(contest.id, round_id, category) is not None


@dataclass(frozen=True)
class Task:
    """One line of a judge's queue. `state`: todo, open, final. `total` of the marks so far.

    `declared`: whether its text may be opened. `skipped`: put to the end. `version` of the sheet, 0 without
    one. `finals`: how often it was made final, the last time at `final_at`.
    """

    public_id: str
    code: str
    title: str
    genre: str
    word_count: int
    photos: int
    category: str
    state: str
    marked: int
    total: Decimal | None
    updated_at: datetime | None
    version: int = 0
    declared: bool = True
    skipped: bool = False
    finals: int = 0
    final_at: datetime | None = None


def rounds_of(contest: Contest, judge_id: int, now: datetime) -> list[str]:
    """Rounds that have begun and in which this judge has entries, in the order of the rules."""
    found = set(
        db.session.scalars(
            select(Assignment.round)
            .join(Entry, Entry.id == Assignment.entry_id)
            .where(Entry.contest_id == contest.id, Assignment.judge_id == judge_id, Assignment.standing.is_(True))
            .distinct()
        )
    )
    return [each.id for each in contest.rules.rounds if each.id in found and contest.rules.has_begun(each.id, now)]


def queue(contest: Contest, round_id: str, judge_id: int, now: datetime) -> list[Task]:
    """A judge's entries of a round, in the judge's own order, which says nothing about anything.

    The kind of an assignment is not among the columns: that somebody is the third judge would tell
    that two others were far apart.
    """
    if not contest.rules.has_begun(round_id, now):
        return []
    round_ = contest.rules.round(round_id)
    mine = (
        Assignment.judge_id == judge_id,
        Assignment.round == round_id,
        Assignment.standing.is_(True),
        Assignment.judge_id.in_(appointed(contest.id)),
    )
    marked = (
        select(Mark.sheet_id, func.count().label("count"), func.sum(Mark.value).label("total"))
        .join(Sheet, Sheet.id == Mark.sheet_id)
        .join(Assignment, Assignment.id == Sheet.assignment_id)
        .where(*mine)
        .group_by(Mark.sheet_id)
        .subquery()
    )
    finals = (
        select(
            SheetRevision.sheet_id,
            func.max(SheetRevision.number).label("number"),
            func.max(SheetRevision.at).label("at"),
        )
        .join(Sheet, Sheet.id == SheetRevision.sheet_id)
        .join(Assignment, Assignment.id == Sheet.assignment_id)
        .where(*mine)
        .group_by(SheetRevision.sheet_id)
        .subquery()
    )
    photos = select(func.count(Photo.id)).where(Photo.entry_id == Entry.id).scalar_subquery().label("photos")
    rows = db.session.execute(
        select(
            Assignment.public_id,
            Entry.blind_code,
            Entry.title,
            Entry.genre,
            Entry.word_count,
            photos,
            Entry.category,
            Sheet.state,
            marked.c.count.label("marked"),
            marked.c.total,
            Sheet.updated_at,
            Sheet.version,
            Assignment.impartial_at,
            Assignment.skipped_at,
            finals.c.number.label("finals"),
            finals.c.at.label("final_at"),
            Entry.id,
            Entry.redactions,
        )
        .join(Entry, Entry.id == Assignment.entry_id)
        .outerjoin(Sheet, Sheet.assignment_id == Assignment.id)
        .outerjoin(marked, marked.c.sheet_id == Sheet.id)
        .outerjoin(finals, finals.c.sheet_id == Sheet.id)
        .where(*mine, *in_round(contest, round_))
        # What was put off comes after the rest, the longest ago first.
        .order_by(Assignment.skipped_at.is_not(None), Assignment.skipped_at, Assignment.place, Assignment.public_id)
    ).all()
    own = select(Assignment.entry_id).where(*mine)
    conflicts = conflicts_among(contest.id, Entry.id.in_(own), judges=[judge_id])
    barred = {entry_id for entry_id, _ in conflicts}
    return [
        Task(
            public_id=row.public_id,
            code=row.blind_code or "",
            title=hide(row.title, row.redactions or ()),
            genre=row.genre,
            word_count=row.word_count,
            photos=row.photos,
            category=row.category,
            state=row.state or "todo",
            marked=row.marked or 0,
            total=row.total,
            updated_at=row.updated_at,
            version=row.version or 0,
            declared=row.impartial_at is not None,
            skipped=row.skipped_at is not None,
            finals=row.finals or 0,
            final_at=row.final_at,
        )
        for row in rows
        if row.id not in barred
    ]


class Voice(NamedTuple):
    """One judge's latest score in the talk about a gap: a number instead of a name."""

    number: int
    own: bool
    total: Fraction
    marks: dict[str, Fraction]
    comment: str


def talk(assignment: Assignment) -> list[Voice]:
    """What the judges of an entry gave, for their talk; empty unless one is open and this judge's sheet final.

    Numbered in an order that is random (ids of assignments are), so that no number names anyone.
    """
    gap = assignment.entry.contest.rules.round(assignment.round).gap
    if gap is None or gap.action != RECONCILE or assignment.sheet is None or assignment.sheet.state != "final":
        return []
    if not may_rescore(assignment):
        return []
    state = entry_state(assignment.entry, assignment.round)
    given = sorted(state.given if state else (), key=lambda each: each.public_id)
    return [
        Voice(
            number,
            each.id == assignment.id,
            each.revisions[-1].total,
            each.revisions[-1].marks,
            each.revisions[-1].comment,
        )
        for number, each in enumerate(given, start=1)
        if each.final
    ]
