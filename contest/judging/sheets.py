"""Score sheets: marks saved as one goes, made final once, scored again only in the judges' talk.

How a final sheet is opened again is in `reopening`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
from contest.judging.models import Assignment, Mark, Sheet, SheetReopening, SheetRevision
from contest.judging.panels import appointed
from contest.judging.remarks import Remarks, clean_remarks, missing_remarks
from contest.judging.rounds import entry_state, in_round
from contest.judging.rules import LONGEST_COMMENT, RefusedList, check_marking_is_open, marking_is_open
from contest.judging.scoring import RECONCILE, Problem, check_marks
from contest.judging.terms import accepted

Marks = Mapping[str, Decimal | None]
OPEN, FINAL = "open", "final"
SCREEN, PAPER = "screen", "paper"
UNDO, UNLOCK = "undo", "unlock"
# Addresses may hold anything, NUL included, which PostgreSQL refuses.
_PUBLIC_ID = re.compile(r"[0-9a-z]{14}")
_NUMBER = re.compile(r"\d{1,4}(?:[.,]\d{1,6})?", re.ASCII)


class BadMarks(RefusedList):
    """A sheet that cannot be taken. `marks` and `remarks` say which criterion each problem is about."""

    def __init__(self, marks: Sequence[Problem], remarks: Sequence[Problem] = ()) -> None:
        super().__init__(
            N_("Some marks need another look."),
            [(problem.message, problem.params) for problem in (*marks, *remarks)],
            code="marks",
        )
        self.marks = tuple(marks)
        self.remarks = tuple(remarks)


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


def get_own_assignment(
    contest: Contest, public_id: str, judge_id: int, now: datetime, *, undeclared: bool = False
) -> Assignment:
    """An entry that this judge has to mark. Raises NotFound, also for one they may not see.

    Standing, in a round that has begun, of an entry that still takes part, without a conflict of
    interest, whichever way that has become known. Its judge has accepted the terms and declared to have
    no such conflict, unless `undeclared`: for the pages where that is done.
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
    if not undeclared and (assignment.impartial_at is None or not accepted(contest, judge_id)):
        raise NotFound(public_id)
    return assignment


def takes_part(assignment: Assignment) -> bool:
    """Whether the entry is (still) in the round of the assignment."""
    entry = assignment.entry
    where = in_round(entry.contest, entry.contest.rules.round(assignment.round), entry.category)
    return db.session.scalar(select(Entry.id).where(Entry.id == entry.id, *where)) is not None


def take(assignment: Assignment, judge_id: int, now: datetime, *, entry: bool = False) -> Assignment:
    """The judge's own assignment as it stands, held against everybody who might change it."""
    contest = assignment.entry.contest
    hold_contest(contest)
    if entry:
        hold_entry(assignment.entry_id)
    held = hold_assignment(assignment)
    return get_own_assignment(contest, held.public_id, judge_id, now)


def _check_open(assignment: Assignment) -> None:
    check_not_locked(assignment.entry.contest_id, assignment.round, assignment.entry.category)


def find_sheet(assignment: Assignment) -> Sheet | None:
    """The sheet of an assignment as it stands now."""
    return db.session.scalars(
        select(Sheet).where(Sheet.assignment_id == assignment.id).execution_options(populate_existing=True)
    ).one_or_none()


def _comment(text: str | None, sheet: Sheet | None) -> str:
    """A comment as it is kept; what the sheet has where none was sent."""
    if text is None:
        return sheet.comment if sheet else ""
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


def is_unlocked(sheet: Sheet | None) -> bool:
    """Whether the head of jury opened the sheet and it has not been final since; undoing does not count."""
    return sheet is not None and sheet.state == OPEN and unlocked_up_to(sheet, len(sheet.revisions))


def unlocked_up_to(sheet: Sheet, number: int) -> bool:
    """Whether the latest revision up to `number` that its judge did not take back was unlocked."""
    rows = db.session.execute(
        select(SheetReopening.revision, SheetReopening.kind).where(SheetReopening.sheet_id == sheet.id)
    )
    kinds: dict[int, str] = dict(rows.all())
    while kinds.get(number) == UNDO:
        number -= 1
    return kinds.get(number) == UNLOCK


def _check_writable(assignment: Assignment, sheet: Sheet | None, now: datetime) -> None:
    """Raises Refused outside the round's window, unless the sheet was unlocked; Conflict once the round is closed."""
    _check_open(assignment)
    rules = assignment.entry.contest.rules
    if not marking_is_open(rules, assignment.round, now) and not is_unlocked(sheet):
        check_marking_is_open(rules, assignment.round, now)


def check_version(sheet: Sheet, version: int) -> None:
    """Raises Conflict unless `version`, which the judge's window showed, is still the latest."""
    if sheet.version != version:
        raise Conflict(
            N_("This sheet was changed in another window. Load the page again to see the latest marks."),
            code="sheet_changed",
            version=sheet.version,
        )


def save_sheet(
    *,
    assignment: Assignment,
    marks: Marks,
    comment: str | None,
    version: int,
    actor: User,
    now: datetime,
    remarks: Remarks | None = None,
) -> Sheet:
    """Keep what the judge has so far; criteria not in `marks` or `remarks` stay, None or "" takes one away.

    `version` is the one that the judge's page showed, 0 before the first save; `comment` None leaves it.
    Raises BadMarks, Refused (the round's window), Conflict (another window was quicker; the sheet is
    final). The same content again is no conflict: an answer may have been lost on the way.
    """
    held = take(assignment, actor.id, now)
    sheet = find_sheet(held)
    _check_writable(held, sheet, now)
    if sheet is not None and sheet.state == FINAL:
        raise Conflict(N_("This sheet is final and cannot be changed."), code="sheet_final")
    return _write(held, sheet, marks, _comment(comment, sheet), remarks or {}, version, now)


def skip(*, assignment: Assignment, actor: User, now: datetime) -> Assignment:
    """Put an entry to the end of the judge's queue, where it comes back."""
    held = take(assignment, actor.id, now)
    held.skipped_at = now
    db.session.flush()
    return held


def _write(
    assignment: Assignment,
    sheet: Sheet | None,
    marks: Marks,
    comment: str,
    remarks: Remarks,
    version: int,
    now: datetime,
) -> Sheet:
    rubric = assignment.entry.contest.rules.rubric
    problems = problems_with(rubric, marks, complete=False)
    if problems:
        raise BadMarks(problems)
    if sheet is None:
        sheet = Sheet(assignment=assignment, state=OPEN, version=0, remarks={}, updated_at=now)
        db.session.add(sheet)
    before = marks_of(sheet)
    after = {criterion: mark for criterion, mark in {**before, **marks}.items() if mark is not None}
    said = _remarks(rubric, sheet, remarks)
    if sheet.version and (after, comment, said) == (before, sheet.comment, sheet.remarks):
        return sheet
    check_version(sheet, version)
    _put(sheet, after, comment, said, now)
    return sheet


def _put(sheet: Sheet, marks: Mapping[str, Decimal], comment: str, remarks: dict[str, str], now: datetime) -> None:
    rows = {mark.criterion: mark for mark in sheet.marks}
    for criterion, row in rows.items():
        if criterion not in marks:
            sheet.marks.remove(row)
    for criterion, value in marks.items():
        if criterion in rows:
            rows[criterion].value = value
        else:
            sheet.marks.append(Mark(criterion=criterion, value=value))
    sheet.comment = comment
    sheet.remarks = remarks
    sheet.version += 1
    sheet.updated_at = now
    db.session.flush()


def _remarks(rubric: Rubric, sheet: Sheet | None, remarks: Remarks) -> dict[str, str]:
    """All remarks of the sheet once `remarks` are put in."""
    said = {**(sheet.remarks if sheet else {}), **clean_remarks(rubric, remarks)}
    return {criterion: remark for criterion, remark in said.items() if remark}


def finalise_sheet(
    *,
    assignment: Assignment,
    marks: Marks,
    comment: str | None,
    version: int,
    actor: User,
    now: datetime,
    remarks: Remarks | None = None,
    source: str = SCREEN,
    keyed_by: User | None = None,
) -> SheetRevision:
    """Make the sheet final, with `marks` as the last save. Finds a third judge where the gap asks for one.

    Doing it again with the same content changes nothing and gives the same revision. From paper, `keyed_by`
    typed it and `actor` compared it; that may be after the marking has closed, until the round is. Raises as
    `save_sheet` does, and BadMarks when a criterion has no mark, or no comment where the rules ask for one.
    """
    held = take(assignment, assignment.judge_id if source == PAPER else actor.id, now, entry=True)
    contest = held.entry.contest
    sheet = find_sheet(held)
    comment = _comment(comment, sheet)
    wanted = {**marks_of(sheet), **marks}
    said = _remarks(contest.rules.rubric, sheet, remarks or {})
    if sheet is not None and sheet.state == FINAL:
        return _the_same(held, sheet, wanted, comment, said)
    if source == PAPER:
        _check_open(held)
    else:
        _check_writable(held, sheet, now)
    _check_complete(contest.rules.rubric, wanted, said)
    sheet = _write(held, sheet, marks, comment, remarks or {}, version, now)
    sheet.state = FINAL
    held.skipped_at = None
    revision = _append(sheet, now, None, source, keyed_by)
    _record(held, revision, "judging.finalise_sheet", actor, now)
    assign_third(entry=held.entry, round_id=held.round, now=now)
    return revision


def finalise_saved(*, assignment: Assignment, version: int, actor: User, now: datetime) -> SheetRevision:
    """Make final what is saved, as the judge's list showed it in `version`. Raises as `finalise_sheet` does."""
    held = take(assignment, actor.id, now, entry=True)
    sheet = find_sheet(held)
    if sheet is not None:
        check_version(sheet, version)
    return finalise_sheet(assignment=held, marks={}, comment=None, version=version, actor=actor, now=now)


def _check_complete(rubric: Rubric, marks: Marks, remarks: Remarks) -> None:
    problems, unsaid = problems_with(rubric, marks, complete=True), missing_remarks(rubric, marks, remarks)
    if problems or unsaid:
        raise BadMarks(problems, unsaid)


def _the_same(
    assignment: Assignment, sheet: Sheet, marks: Marks, comment: str, remarks: dict[str, str]
) -> SheetRevision:
    latest = sheet.revisions[-1]
    if (dict(marks), comment, remarks) == (marks_of(sheet), latest.comment, latest.remarks):
        return latest
    _check_open(assignment)
    raise Conflict(N_("This sheet is final and cannot be changed."), code="sheet_final")


def _append(
    sheet: Sheet, now: datetime, reason: str | None, source: str = SCREEN, keyed_by: User | None = None
) -> SheetRevision:
    marks = marks_of(sheet)
    revision = SheetRevision(
        sheet=sheet,
        number=max((each.number for each in sheet.revisions), default=0) + 1,
        marks={criterion: str(mark) for criterion, mark in marks.items()},
        total=sum(marks.values(), Decimal(0)),
        comment=sheet.comment,
        remarks=dict(sheet.remarks),
        at=now,
        reason=reason,
        source=source,
        keyed_by_id=keyed_by.id if keyed_by else None,
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
        source=revision.source,
    )
    db.session.flush()


def rescore(
    *,
    assignment: Assignment,
    marks: Marks,
    comment: str | None,
    reason: str,
    actor: User,
    now: datetime,
    remarks: Remarks | None = None,
) -> SheetRevision:
    """Score again after the judges talked about a gap. The latest counts, what was before is kept.

    Only while a gap that the rules settle by talking is open, with a reason. The marking window does
    not matter: the talk follows the marking, and closing the round ends it. Raises Refused, BadMarks,
    Conflict (round closed).
    """
    held = take(assignment, actor.id, now, entry=True)
    rubric = held.entry.contest.rules.rubric
    sheet = find_sheet(held)
    if sheet is None or sheet.state != FINAL:
        raise Refused(N_("This sheet is not final yet."), code="sheet_open")
    latest = sheet.revisions[-1]
    reason, comment = clean_text(reason), _comment(comment, sheet)
    wanted = {criterion: mark for criterion, mark in {**marks_of(sheet), **marks}.items() if mark is not None}
    said = _remarks(rubric, sheet, remarks or {})
    _check_complete(rubric, wanted, said)
    if (wanted, comment, said) == (marks_of(sheet), latest.comment, latest.remarks):
        return latest  # the same act sent twice, or nothing changed
    _check_open(held)
    if not may_rescore(held):
        raise Refused(N_("There is no open gap to talk about: final marks stay."), code="no_gap")
    if not reason:
        raise Refused(N_("Say why the marks change."), code="reason_missing")
    _put(sheet, wanted, comment, said, now)
    revision = _append(sheet, now, reason)
    _record(held, revision, "judging.rescore", actor, now)
    return revision


def may_rescore(assignment: Assignment) -> bool:
    """Whether the judges of this entry are talking about a gap now."""
    gap = assignment.entry.contest.rules.round(assignment.round).gap
    if gap is None or gap.action != RECONCILE:
        return False
    state = entry_state(assignment.entry, assignment.round)
    return state is not None and state.result.complete and state.result.gap_open
