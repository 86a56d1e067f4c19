"""Score sheets: marks saved as one goes, made final once, scored again only in the judges' talk."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.contests.ruleset import Rubric
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.text import clean_text
from contest.entries.models import Entry
from contest.judging.assignment import assign_third
from contest.judging.conflicts import conflicts_among
from contest.judging.locks import check_not_locked, hold_assignment, hold_contest, hold_entry
from contest.judging.models import Assignment, Mark, Sheet, SheetRevision
from contest.judging.panels import appointed
from contest.judging.rounds import entry_state, in_round
from contest.judging.rules import LONGEST_COMMENT, RefusedList, check_marking_is_open
from contest.judging.scoring import RECONCILE, Problem, check_marks

Marks = Mapping[str, Decimal | None]
# Addresses may hold anything, NUL included, which PostgreSQL refuses.
_PUBLIC_ID = re.compile(r"[0-9a-z]{14}")
_NUMBER = re.compile(r"\d{1,4}(?:[.,]\d{1,6})?", re.ASCII)


class BadMarks(RefusedList):
    """Marks that cannot be taken. `marks` says which criterion each problem is about."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(
            N_("Some marks need another look."),
            [(problem.message, problem.params) for problem in problems],
            code="marks",
        )
        self.marks = tuple(problems)


def read_mark(text: str) -> Decimal | None:
    """A mark as it was typed: "17,5", "17.5" or "17"; None for nothing. Raises ValueError."""
    text = text.strip()
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return Decimal(text.replace(",", "."))


def problems_with(rubric: Rubric, marks: Marks, *, complete: bool) -> list[Problem]:
    """What keeps `marks` from being saved, or with `complete` from being final."""
    problems = check_marks(rubric, marks, complete=complete)
    known = {problem.criterion for problem in problems}
    for criterion in rubric.criteria:
        mark = marks.get(criterion.id)
        if mark is not None and criterion.id not in known and mark * 100 != (mark * 100).to_integral_value():
            text = N_("The mark for “%(criterion)s” has at most two decimals.")
            problems.append(Problem(criterion.id, text, {"criterion": criterion.name}))
    return problems


# Finding


def get_own_assignment(contest: Contest, public_id: str, judge_id: int, now: datetime) -> Assignment:
    """An entry that this judge has to mark. Raises NotFound, also for one they may not see.

    Standing, in a round that has begun, of an entry that still takes part, without a conflict of
    interest, whichever way that has become known.
    """
    if not _PUBLIC_ID.fullmatch(public_id):
        raise NotFound(public_id)
    assignment = db.session.scalars(
        select(Assignment)
        .where(
            Assignment.public_id == public_id,
            Assignment.judge_id == judge_id,
            Assignment.standing.is_(True),
            Assignment.judge_id.in_(appointed(contest.id)),
        )
        .options(joinedload(Assignment.entry), joinedload(Assignment.sheet))
    ).one_or_none()
    if assignment is None or assignment.entry.contest_id != contest.id:
        raise NotFound(public_id)
    if not contest.rules.has_begun(assignment.round, now) or not takes_part(assignment):
        raise NotFound(public_id)
    if conflicts_among(contest.id, Entry.id == assignment.entry_id, judges=[judge_id]):
        raise NotFound(public_id)
    return assignment


def takes_part(assignment: Assignment) -> bool:
    """Whether the entry is (still) in the round of the assignment."""
    entry = assignment.entry
    where = in_round(entry.contest, entry.contest.rules.round(assignment.round), entry.category)
    return db.session.scalar(select(Entry.id).where(Entry.id == entry.id, *where)) is not None


def _take(assignment: Assignment, actor: User, now: datetime, *, entry: bool = False) -> Assignment:
    """The judge's own assignment as it stands, held against everybody who might change it."""
    contest = assignment.entry.contest
    hold_contest(contest)
    if entry:
        hold_entry(assignment.entry_id)
    held = hold_assignment(assignment)
    return get_own_assignment(contest, held.public_id, actor.id, now)


def _check_open(assignment: Assignment) -> None:
    check_not_locked(assignment.entry.contest_id, assignment.round, assignment.entry.category)


def _sheet(assignment: Assignment) -> Sheet | None:
    return db.session.scalars(
        select(Sheet).where(Sheet.assignment_id == assignment.id).execution_options(populate_existing=True)
    ).one_or_none()


def _comment(text: str) -> str:
    comment = clean_text(text)
    if len(comment) > LONGEST_COMMENT:
        raise Refused(
            N_("The comment has %(length)s characters; at most %(most)s are kept."),
            code="comment_too_long",
            length=len(comment),
            most=LONGEST_COMMENT,
        )
    return comment


def marks_of(sheet: Sheet | None) -> dict[str, Decimal]:
    """The working marks of a sheet, by criterion."""
    return {mark.criterion: mark.value for mark in sheet.marks} if sheet else {}


# Writing


def save_sheet(
    *, assignment: Assignment, marks: Marks, comment: str, version: int, actor: User, now: datetime
) -> Sheet:
    """Keep what the judge has so far; criteria not in `marks` stay, None takes a mark away.

    `version` is the one that the judge's page showed, 0 before the first save. Raises BadMarks,
    Refused (the round's window), Conflict (another window was quicker; the sheet is final). The same
    content again is no conflict: an answer may have been lost on the way.
    """
    held = _take(assignment, actor, now)
    _check_open(held)
    check_marking_is_open(held.entry.contest.rules, held.round, now)
    sheet = _sheet(held)
    if sheet is not None and sheet.state == "final":
        raise Conflict(N_("This sheet is final and cannot be changed."), code="sheet_final")
    return _write(held, sheet, marks, _comment(comment), version, now)


def _write(
    assignment: Assignment, sheet: Sheet | None, marks: Marks, comment: str, version: int, now: datetime
) -> Sheet:
    problems = problems_with(assignment.entry.contest.rules.rubric, marks, complete=False)
    if problems:
        raise BadMarks(problems)
    if sheet is None:
        sheet = Sheet(assignment=assignment, state="open", version=0, updated_at=now)
        db.session.add(sheet)
    before = marks_of(sheet)
    after = {criterion: mark for criterion, mark in {**before, **marks}.items() if mark is not None}
    if sheet.version and after == before and comment == sheet.comment:
        return sheet
    if sheet.version != version:
        raise Conflict(
            N_("This sheet was changed in another window. Load the page again to see the latest marks."),
            code="sheet_changed",
            version=sheet.version,
        )
    _put_marks(sheet, after)
    sheet.comment = comment
    sheet.version += 1
    sheet.updated_at = now
    db.session.flush()
    return sheet


def _put_marks(sheet: Sheet, marks: Mapping[str, Decimal]) -> None:
    rows = {mark.criterion: mark for mark in sheet.marks}
    for criterion, row in rows.items():
        if criterion not in marks:
            sheet.marks.remove(row)
    for criterion, value in marks.items():
        if criterion in rows:
            rows[criterion].value = value
        else:
            sheet.marks.append(Mark(criterion=criterion, value=value))


def finalise_sheet(
    *, assignment: Assignment, marks: Marks, comment: str, version: int, actor: User, now: datetime
) -> SheetRevision:
    """Make the sheet final, with `marks` as the last save. Finds a third judge where the gap asks for one.

    Doing it again with the same marks changes nothing and gives the same revision. Raises as
    `save_sheet` does, and BadMarks when a criterion has no mark.
    """
    held = _take(assignment, actor, now, entry=True)
    contest = held.entry.contest
    sheet = _sheet(held)
    comment = _comment(comment)
    if sheet is not None and sheet.state == "final":
        return _the_same(held, sheet, {**marks_of(sheet), **marks}, comment)
    _check_open(held)
    check_marking_is_open(contest.rules, held.round, now)
    problems = problems_with(contest.rules.rubric, {**marks_of(sheet), **marks}, complete=True)
    if problems:
        raise BadMarks(problems)
    sheet = _write(held, sheet, marks, comment, version, now)
    sheet.state = "final"
    revision = _append(sheet, 1, now, None)
    _record(held, revision, "judging.finalise_sheet", actor, now)
    assign_third(entry=held.entry, round_id=held.round, now=now)
    return revision


def _the_same(assignment: Assignment, sheet: Sheet, marks: Marks, comment: str) -> SheetRevision:
    latest = sheet.revisions[-1]
    if dict(marks) == marks_of(sheet) and comment == latest.comment:
        return latest
    _check_open(assignment)
    raise Conflict(N_("This sheet is final and cannot be changed."), code="sheet_final")


def _append(sheet: Sheet, number: int, now: datetime, reason: str | None) -> SheetRevision:
    marks = marks_of(sheet)
    revision = SheetRevision(
        sheet=sheet,
        number=number,
        marks={criterion: str(mark) for criterion, mark in marks.items()},
        total=sum(marks.values(), Decimal(0)),
        comment=sheet.comment,
        at=now,
        reason=reason,
    )
    db.session.add(revision)
    db.session.flush()
    return revision


def _record(assignment: Assignment, revision: SheetRevision, verb: str, actor: User, now: datetime) -> None:
    record(
        actor=actor.public_id,
        verb=verb,
        object_type="assignment",
        object_id=assignment.public_id,
        contest_id=assignment.entry.contest_id,
        now=now,
        round=assignment.round,
        entry=assignment.entry.public_id,
        revision=revision.number,
        marks=revision.marks,
        reason=revision.reason,
    )
    db.session.flush()


def rescore(
    *, assignment: Assignment, marks: Marks, comment: str, reason: str, actor: User, now: datetime
) -> SheetRevision:
    """Score again after the judges talked about a gap. The latest counts, what was before is kept.

    Only while a gap that the rules settle by talking is open, with a reason. The marking window does
    not matter: the talk follows the marking, and closing the round ends it. Raises Refused, BadMarks,
    Conflict (round closed).
    """
    held = _take(assignment, actor, now, entry=True)
    contest = held.entry.contest
    sheet = _sheet(held)
    if sheet is None or sheet.state != "final":
        raise Refused(N_("This sheet is not final yet."), code="sheet_open")
    latest = sheet.revisions[-1]
    reason, comment = clean_text(reason), _comment(comment)
    wanted = {criterion: mark for criterion, mark in {**marks_of(sheet), **marks}.items() if mark is not None}
    problems = problems_with(contest.rules.rubric, wanted, complete=True)
    if problems:
        raise BadMarks(problems)
    if wanted == marks_of(sheet) and comment == latest.comment:
        return latest  # the same act sent twice, or nothing changed
    _check_open(held)
    if not may_rescore(held):
        raise Refused(N_("There is no open gap to talk about: final marks stay."), code="no_gap")
    if not reason:
        raise Refused(N_("Say why the marks change."), code="reason_missing")
    _put_marks(sheet, wanted)
    sheet.comment = comment
    sheet.version += 1
    sheet.updated_at = now
    revision = _append(sheet, latest.number + 1, now, reason)
    _record(held, revision, "judging.rescore", actor, now)
    return revision


def may_rescore(assignment: Assignment) -> bool:
    """Whether the judges of this entry are talking about a gap now."""
    gap = assignment.entry.contest.rules.round(assignment.round).gap
    if gap is None or gap.action != RECONCILE:
        return False
    state = entry_state(assignment.entry, assignment.round)
    return state is not None and state.result.complete and state.result.gap_open
