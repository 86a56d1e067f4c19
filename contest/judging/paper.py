"""Score sheets on paper: typed in by one person of the secretariat, typed again by another, then compared.

The second one never sees what the first typed. Where both agree the judge's sheet becomes final, by the same
rules as one made final on screen; where not, either of the two decides by the paper what stands, on record. The
first typing falls within the round's marking; the second may follow until the round is closed. Whoever types
sees the one sheet before them, and never a figure of another judge.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import ORGANISER, SECRETARY
from contest.contests.ruleset import Rubric
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.text import clean_text
from contest.judging.declarations import declare_impartial
from contest.judging.locks import check_not_locked, hold_assignment, hold_contest
from contest.judging.models import Assignment, PaperSheet, Sheet, SheetRevision
from contest.judging.news import tell_of_paper
from contest.judging.remarks import clean_remarks, missing_remarks
from contest.judging.rules import LONGEST_COMMENT, check_marking_is_open
from contest.judging.sheets import (
    PAPER,
    BadMarks,
    Marks,
    finalise_sheet,
    find_sheet,
    get_own_assignment,
    is_unlocked,
    problems_with,
)
from contest.judging.terms import check_accepted

# Where a paper sheet is: nobody typed it; the first is typing; typed once; the second is typing; the two differ;
# taken over; made final on screen, so that there is nothing to type.
NONE, BEGUN, ONCE, AGAIN, DIFFERS, TAKEN, ON_SCREEN = "none", "begun", "once", "again", "differs", "taken", "screen"
STATES = (NONE, BEGUN, ONCE, AGAIN, DIFFERS, TAKEN, ON_SCREEN)
FIRST, SECOND = "first", "second"
# Addresses may hold anything, NUL included, which PostgreSQL refuses.
_PUBLIC_ID = re.compile(r"[0-9a-z]{14}")
COMMENT = "comment"


@dataclass(frozen=True)
class Typed:
    """What one person typed. `signed`: the declaration on the paper is ticked and signed. `done`: all of it."""

    marks: dict[str, Decimal] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)
    comment: str = ""
    signed: bool = False
    done: bool = False

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> Typed:
        """From the row; nothing typed for None."""
        if not stored:
            return cls()
        marks = {criterion: Decimal(mark) for criterion, mark in stored["marks"].items()}
        return cls(marks, dict(stored["remarks"]), stored["comment"], stored["signed"], stored["done"])

    def as_json(self) -> dict[str, Any]:
        """For the row."""
        return {
            "marks": {criterion: str(mark) for criterion, mark in self.marks.items()},
            "remarks": self.remarks,
            "comment": self.comment,
            "signed": self.signed,
            "done": self.done,
        }


@dataclass(frozen=True)
class Difference:
    """A place where the two differ: `what` is mark, remark or comment; `criterion` "" for the comment."""

    what: str
    criterion: str
    first: Any
    second: Any

    @property
    def key(self) -> str:
        """Its name in forms and on record."""
        return f"{self.what}-{self.criterion}" if self.criterion else self.what


def differences(first: Typed, second: Typed, rubric: Rubric) -> list[Difference]:
    """Where two typings differ, in the order of the sheet.

    Marks as numbers, whatever their decimals. Words as words: capitals, punctuation and spaces do not count,
    and the wording of the first stands.
    """
    found: list[Difference] = []
    for criterion in rubric.criteria:
        marks = first.marks.get(criterion.id), second.marks.get(criterion.id)
        if marks[0] != marks[1]:
            found.append(Difference("mark", criterion.id, *marks))
        remarks = first.remarks.get(criterion.id, ""), second.remarks.get(criterion.id, "")
        if _words(remarks[0]) != _words(remarks[1]):
            found.append(Difference("remark", criterion.id, *remarks))
    if _words(first.comment) != _words(second.comment):
        found.append(Difference(COMMENT, "", first.comment, second.comment))
    return found


def _words(text: str) -> list[str]:
    letters = (char if char.isalnum() or unicodedata.combining(char) else " " for char in text.casefold())
    return "".join(letters).split()


def state_of(row: PaperSheet | None, sheet_state: str | None) -> str:
    """Where a paper sheet is. `sheet_state`: of the judge's sheet (None, open, final).

    Once taken over and opened again (undone, unlocked), a new paper may be typed in.
    """
    if sheet_state == "final":
        return TAKEN if row is not None and row.taken_at is not None else ON_SCREEN
    if row is None or row.taken_at is not None:
        return NONE
    if not row.first["done"]:
        return BEGUN
    if row.second is None:
        return ONCE
    return DIFFERS if row.second["done"] else AGAIN


def part_of(row: PaperSheet | None, state: str, actor_id: int) -> str:
    """What `actor` may do: type as first or second, settle, wait (for the other one), or nothing."""
    if state == NONE:
        return FIRST
    if row is None or state in (TAKEN, ON_SCREEN):
        return ""
    if state == DIFFERS:
        return "settle" if actor_id in (row.first_by_id, row.second_by_id) else "others"
    if state == BEGUN:
        return FIRST if row.first_by_id == actor_id else "others"
    if row.first_by_id == actor_id:
        return "wait"
    return SECOND if state == ONCE or row.second_by_id == actor_id else "others"


# Finding


def get_paper(contest: Contest, public_id: str, now: datetime) -> Assignment:
    """An assignment whose sheet may come on paper: as its judge could open it, declared or not. Raises NotFound."""
    judge_id = None
    if _PUBLIC_ID.fullmatch(public_id):
        judge_id = db.session.scalar(select(Assignment.judge_id).where(Assignment.public_id == public_id))
    if judge_id is None:
        raise NotFound(public_id)
    return get_own_assignment(contest, public_id, judge_id, now, undeclared=True)


def find_paper(assignment: Assignment) -> PaperSheet | None:
    """What has been typed of an assignment's paper sheet."""
    return db.session.scalar(
        select(PaperSheet).where(PaperSheet.assignment_id == assignment.id).execution_options(populate_existing=True)
    )


@dataclass
class _Held:
    """A paper sheet held for one act."""

    contest: Contest
    assignment: Assignment
    sheet: Sheet | None
    row: PaperSheet | None
    state: str
    part: str


def _take(assignment: Assignment, actor: User, now: datetime) -> _Held:
    contest = assignment.entry.contest
    if not roles_of(contest.id, actor.id) & {SECRETARY, ORGANISER}:
        raise NotFound(assignment.public_id)
    hold_contest(contest)
    held = hold_assignment(assignment)
    held = get_own_assignment(contest, held.public_id, held.judge_id, now, undeclared=True)
    sheet, row = find_sheet(held), find_paper(held)
    state = state_of(row, sheet.state if sheet else None)
    check_not_locked(contest.id, held.round, held.entry.category)
    if state in (TAKEN, ON_SCREEN):
        raise Conflict(N_("This sheet is final and cannot be changed."), code="sheet_final")
    return _Held(contest, held, sheet, row, state, part_of(row, state, actor.id))


# Typing


def key_in(
    *,
    assignment: Assignment,
    marks: Marks,
    remarks: Mapping[str, str],
    comment: str,
    signed: bool,
    done: bool,
    version: int,
    actor: User,
    now: datetime,
) -> PaperSheet:
    """Keep what the first or the second person types; with `done` it is all there and, typed twice, compared.

    Who is first is whoever began; who typed it first is never the second. Work in progress is kept as it is.
    Where the two agree the judge's sheet is final and the judge is told. Raises BadMarks, Refused (the window,
    no signed declaration, terms not accepted), Conflict (another person or window was quicker), NotFound.
    """
    held = _take(assignment, actor, now)
    if held.part not in (FIRST, SECOND):
        raise Conflict(N_("Another person has this sheet in hand now. Load the page again."), code="paper_in_hand")
    rubric = held.contest.rules.rubric
    if held.part == FIRST and not is_unlocked(held.sheet):
        check_marking_is_open(held.contest.rules, held.assignment.round, now)
    typed = _typed(rubric, marks, remarks, comment, signed=signed, done=done)
    row = held.row
    if row is not None:
        if row.taken_at is None and (row.first if held.part == FIRST else row.second) == typed.as_json():
            return row  # the same act sent twice
        _check_version(row, held, version)
    if done:
        _check_complete(held, typed)
    if row is None:
        row = PaperSheet(assignment_id=held.assignment.id, first={}, first_by_id=actor.id, first_at=now, version=0)
        db.session.add(row)
    elif row.taken_at is not None:  # a new paper after the old one was opened again
        row.first, row.first_by_id, row.taken_at = {}, actor.id, None
        row.second = row.second_by_id = row.second_at = None
    if held.part == FIRST:
        row.first, row.first_by_id, row.first_at = typed.as_json(), actor.id, now
    else:
        row.second, row.second_by_id, row.second_at = typed.as_json(), actor.id, now
    row.version += 1
    db.session.flush()
    if done:
        _note(held, "key_paper", actor, now, part=held.part, typed=typed.as_json())
    if done and held.part == SECOND:
        first = Typed.read(row.first)
        if not differences(first, typed, rubric):
            _finish(held, row, first, actor, now)
    db.session.flush()
    return row


def _typed(
    rubric: Rubric, marks: Marks, remarks: Mapping[str, str], comment: str, *, signed: bool, done: bool
) -> Typed:
    problems = problems_with(rubric, marks, complete=False)
    if problems:
        raise BadMarks(problems)
    comment = clean_text(comment)
    if len(comment) > LONGEST_COMMENT:
        raise Refused(
            N_("The comment has %(length)s characters; at most %(most)s are kept."),
            code="comment_too_long",
            length=len(comment),
            most=LONGEST_COMMENT,
        )
    return Typed(
        {criterion: mark for criterion, mark in marks.items() if mark is not None},
        {criterion: remark for criterion, remark in clean_remarks(rubric, remarks).items() if remark},
        comment,
        signed,
        done,
    )


def _check_version(row: PaperSheet, held: _Held, version: int) -> None:
    # Whoever begins the second typing was shown an empty page, and no version of the first one's.
    beginning = held.part == SECOND and row.second is None
    if not beginning and row.version != version:
        raise Conflict(
            N_("This sheet was changed in another window. Load the page again to see the latest marks."),
            code="sheet_changed",
            version=row.version,
        )


def _check_complete(held: _Held, typed: Typed) -> None:
    rubric = held.contest.rules.rubric
    problems = problems_with(rubric, typed.marks, complete=True)
    unsaid = missing_remarks(rubric, typed.marks, typed.remarks)
    if problems or unsaid:
        raise BadMarks(problems, unsaid)
    if not typed.signed:
        raise Refused(
            N_("The declaration on the sheet has to be ticked and signed. If it is not, give the sheet back."),
            code="paper_unsigned",
        )
    check_accepted(held.contest, held.assignment.judge)


def _finish(held: _Held, row: PaperSheet, typed: Typed, actor: User, now: datetime) -> SheetRevision:
    """The judge's sheet is final with what was typed: nothing that was begun on screen stays in it."""
    declare_impartial(assignment=held.assignment, actor=actor, now=now)
    sheet = find_sheet(held.assignment)
    criteria = [criterion.id for criterion in held.contest.rules.rubric.criteria]
    revision = finalise_sheet(
        assignment=held.assignment,
        marks=typed.marks,
        remarks={criterion: typed.remarks.get(criterion, "") for criterion in criteria},
        comment=typed.comment,
        version=sheet.version if sheet else 0,
        actor=actor,
        now=now,
        source=PAPER,
        keyed_by=db.session.get_one(User, row.first_by_id),
    )
    row.taken_at = now
    tell_of_paper(held.assignment, now)
    return revision


def settle(
    *,
    assignment: Assignment,
    choices: Mapping[str, str],
    version: int,
    actor: User,
    now: datetime,
) -> SheetRevision:
    """By the paper, say of each difference whose typing is right; the judge's sheet is then final.

    `choices`: a difference's key -> first or second. By either of the two who typed it, on record. What
    neither typed is not an answer: then the sheet is typed anew (`start_again`). Raises as `key_in` does.
    """
    held = _take(assignment, actor, now)
    row = held.row
    if row is None or held.part != "settle":
        raise Conflict(N_("Another person has this sheet in hand now. Load the page again."), code="paper_in_hand")
    _check_version(row, held, version)
    rubric = held.contest.rules.rubric
    first, second = Typed.read(row.first), Typed.read(row.second)
    found = differences(first, second, rubric)
    if any(choices.get(each.key) not in (FIRST, SECOND) for each in found):
        raise Refused(N_("Choose for every difference what stands on the paper."), code="paper_undecided")
    marks, remarks, comment = dict(first.marks), dict(first.remarks), first.comment
    for each in found:
        if choices[each.key] == FIRST:
            continue
        if each.what == "mark":
            marks[each.criterion] = each.second
        elif each.what == "remark":
            remarks[each.criterion] = each.second
        else:
            comment = each.second
    settled = Typed(marks, remarks, comment, signed=True, done=True)
    _check_complete(held, settled)
    _note(
        held,
        "settle_paper",
        actor,
        now,
        differences=[
            {
                "what": each.key,
                "first": _plain(each.first),
                "second": _plain(each.second),
                "chosen": choices[each.key],
            }
            for each in found
        ],
    )
    row.version += 1
    revision = _finish(held, row, settled, actor, now)
    db.session.flush()
    return revision


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def start_again(*, assignment: Assignment, version: int, actor: User, now: datetime) -> None:
    """Put aside what was typed and begin anew: both are wrong, or whoever began does not go on.

    Of two done typings by either of the two, or by anybody once neither of them is on the staff; of an
    unfinished one by anybody, and only that one goes. What goes stays on record. Raises Conflict.
    """
    held = _take(assignment, actor, now)
    row = held.row
    if row is None or held.state in (NONE, ONCE):
        return
    _check_version(row, held, version)
    if held.state == DIFFERS and held.part != "settle" and _still_here(held, row):
        raise Conflict(N_("Another person has this sheet in hand now. Load the page again."), code="paper_in_hand")
    _note(held, "restart_paper", actor, now, state=held.state, first=row.first, second=row.second)
    if held.state == AGAIN:
        row.second = row.second_by_id = row.second_at = None
        row.version += 1
    else:
        db.session.delete(row)
    db.session.flush()


def _still_here(held: _Held, row: PaperSheet) -> bool:
    people = (row.first_by_id, row.second_by_id)
    return any(person and roles_of(held.contest.id, person) & {SECRETARY, ORGANISER} for person in people)


def _note(held: _Held, verb: str, actor: User, now: datetime, **details: Any) -> None:
    record(
        actor=actor.public_id,
        verb=f"judging.{verb}",
        object_type="assignment",
        object_id=held.assignment.public_id,
        contest_id=held.contest.id,
        now=now,
        round=held.assignment.round,
        entry=held.assignment.entry.public_id,
        **details,
    )
