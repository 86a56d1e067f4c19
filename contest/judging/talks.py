"""Whether judges have talked about a gap before, told from when each of their sheets was final.

A talk that was open shows its judges what the others gave. When a sheet of it is opened again, the talk is over
for the time being, and what was seen stays seen.
"""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy import select

from contest.core.db import db
from contest.judging.models import Assignment, Sheet, SheetReopening, SheetRevision, Waiver
from contest.judging.scoring import RECONCILE, asked, exact, gap_open
from contest.judging.states import GAP, JUDGE, SHEET


class _Span(NamedTuple):
    """A time in which something held, half open: of a judge's revision, assignment or waiver."""

    begins: datetime
    ends: datetime | None
    judge_id: int | None
    sheet_id: int | None = None
    total: Fraction = Fraction(0)
    what: str = ""

    def holds(self, at: datetime) -> bool:
        return self.begins <= at and (self.ends is None or at < self.ends)


def was_talked_over(assignment: Assignment, sheet: Sheet) -> bool:
    """Whether at some time a gap was open, to be talked about, while this sheet was final. Four queries."""
    rules = assignment.entry.contest.rules
    round_ = rules.round(assignment.round)
    gap = round_.gap
    if gap is None or gap.action != RECONCILE:
        return False
    given, finals, waivers = _given(assignment), _finals(assignment), _waivers(assignment)
    every = [*given, *finals, *waivers]
    for at in sorted({each for span in every for each in (span.begins, span.ends) if each is not None}):
        final = [span for span in finals if span.holds(at)]
        passed = [span for span in waivers if span.holds(at)]
        if all(span.sheet_id != sheet.id for span in final) or any(span.what == GAP for span in passed):
            continue
        missing = {span.judge_id for span in given if span.holds(at)} - {span.judge_id for span in final}
        named = {span.judge_id for span in passed if span.what == SHEET}
        waived = len(missing & named) + sum(span.what == JUDGE for span in passed)
        totals = [span.total for span in final]
        if len(final) >= asked(round_, len(final), waived) and gap_open(gap, totals, rules.rubric.scale):
            return True
    return False


def _given(assignment: Assignment) -> list[_Span]:
    rows = db.session.execute(
        select(Assignment.assigned_at, Assignment.ended_at, Assignment.judge_id).where(
            Assignment.entry_id == assignment.entry_id, Assignment.round == assignment.round
        )
    )
    return [_Span(*row) for row in rows]


def _finals(assignment: Assignment) -> list[_Span]:
    """Every finishing of a sheet of the entry, until it was opened again, scored again or ended."""
    mine = (Assignment.entry_id == assignment.entry_id, Assignment.round == assignment.round)
    rows = db.session.execute(
        select(
            SheetRevision.at,
            Assignment.ended_at,
            Assignment.judge_id,
            SheetRevision.sheet_id,
            SheetRevision.total,
            SheetRevision.number,
        )
        .join(Sheet, Sheet.id == SheetRevision.sheet_id)
        .join(Assignment, Assignment.id == Sheet.assignment_id)
        .where(*mine)
        .order_by(SheetRevision.sheet_id, SheetRevision.number)
    ).all()
    found = db.session.execute(
        select(SheetReopening.sheet_id, SheetReopening.revision, SheetReopening.at)
        .join(Sheet, Sheet.id == SheetReopening.sheet_id)
        .join(Assignment, Assignment.id == Sheet.assignment_id)
        .where(*mine)
    )
    reopened = {(sheet_id, number): at for sheet_id, number, at in found}
    next_at = {(sheet_id, number - 1): at for at, _, _, sheet_id, _, number in rows}
    return [
        _Span(
            at,
            _first(ended_at, reopened.get((sheet_id, number)), next_at.get((sheet_id, number))),
            judge_id,
            sheet_id,
            exact(total),
        )
        for at, ended_at, judge_id, sheet_id, total, number in rows
    ]


def _waivers(assignment: Assignment) -> list[_Span]:
    rows = db.session.execute(
        select(Waiver.at, Waiver.lifted_at, Waiver.judge_id, Waiver.what).where(
            Waiver.entry_id == assignment.entry_id, Waiver.round == assignment.round
        )
    )
    return [_Span(at, lifted_at, judge_id, what=what) for at, lifted_at, judge_id, what in rows]


def _first(*instants: datetime | None) -> datetime | None:
    return min((each for each in instants if each is not None), default=None)
