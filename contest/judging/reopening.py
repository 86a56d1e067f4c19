"""Final sheets made open again: taken back by their judge in time, or unlocked by the head of jury.

What was final stays as a revision; which one stopped counting, when, by whom and why is a row of its own.
A third judge who has been called by then stays: only that judge's own sheet would tell why.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.queries import roles_of
from contest.contests.rules import CHAIR
from contest.contests.ruleset import RuleSet
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.text import clean_text
from contest.judging.conflicts import check_impartial
from contest.judging.locks import check_not_locked, hold_assignment, hold_contest, hold_entry
from contest.judging.models import Assignment, GapSettlement, Sheet, SheetReopening, SheetRevision
from contest.judging.rules import marking_is_open
from contest.judging.sheets import FINAL, OPEN, SCREEN, UNDO, UNLOCK, find_sheet, may_rescore, take, unlocked_up_to
from contest.judging.talks import was_talked_over
from contest.outbox.services import ask_for_mail, ask_for_sms

LONGEST_REASON = 2000


def undo_until(rules: RuleSet, round_id: str, finalised_at: datetime) -> datetime:
    """The instant from which finishing a sheet is no longer taken back."""
    return finalised_at + timedelta(minutes=rules.round(round_id).undo_minutes)


def undoable_until(assignment: Assignment, now: datetime) -> datetime | None:
    """Until when the judge can take back the finishing of this sheet; None when not. The round is not closed."""
    sheet = assignment.sheet
    if sheet is None or sheet.state != FINAL:
        return None
    latest = sheet.revisions[-1]
    try:
        _check_may_undo(assignment, sheet, latest, now)
    except Refused:
        return None
    return undo_until(assignment.entry.contest.rules, assignment.round, latest.at)


def undo(*, assignment: Assignment, revision: int, actor: User, now: datetime) -> Sheet:
    """Take back the finishing that gave `revision`: the sheet is open as before, and can be written on.

    Doing it again changes nothing. Raises Refused when the time for it is over, when marking is closed
    and the sheet was not unlocked, for sheets on paper, and once the judges talk: whoever has seen what
    the others gave scores again with a reason. Raises Conflict when the sheet was made final anew since.
    """
    held = take(assignment, actor.id, now, entry=True)
    sheet = find_sheet(held)
    if sheet is None or not sheet.revisions:
        raise Refused(N_("This sheet is not final yet."), code="sheet_open")
    latest = sheet.revisions[-1]
    if sheet.state == OPEN and latest.number == revision and _reopened(sheet, revision, UNDO):
        return sheet
    check_not_locked(held.entry.contest_id, held.round, held.entry.category)
    if sheet.state == OPEN or latest.number != revision:
        raise Conflict(
            N_("This sheet was changed in another window. Load the page again to see the latest marks."),
            code="sheet_changed",
            version=sheet.version,
        )
    _check_may_undo(held, sheet, latest, now)
    return _reopen(held, sheet, UNDO, actor, now)


def _check_may_undo(assignment: Assignment, sheet: Sheet, latest: SheetRevision, now: datetime) -> None:
    rules, round_id = assignment.entry.contest.rules, assignment.round
    if latest.reason is not None or latest.source != SCREEN:
        raise Refused(N_("Only what you finished on your bench can be taken back here."), code="not_undoable")
    if now >= undo_until(rules, round_id, latest.at):
        raise Refused(
            N_("A sheet can be taken back for %(minutes)s minutes; this one stands since %(at)s."),
            code="undo_over",
            minutes=rules.round(round_id).undo_minutes,
            at=latest.at,
        )
    # Open, it could not be finished again: better left as it is.
    if not marking_is_open(rules, round_id, now) and not unlocked_up_to(sheet, latest.number - 1):
        raise Refused(N_("Marking in this round is closed: the sheet stays final."), code="marking_closed")
    if may_rescore(assignment) or _talked_over(assignment, sheet):
        raise Refused(
            N_("The judges have begun to talk about this entry: score again with a reason instead."), code="talked"
        )


def _talked_over(assignment: Assignment, sheet: Sheet) -> bool:
    """Whether a gap was settled in a talk that this sheet was part of, or such a talk was open once."""
    seen = db.session.scalars(
        select(GapSettlement.seen).where(
            GapSettlement.entry_id == assignment.entry_id, GapSettlement.round == assignment.round
        )
    )
    return any(str(sheet.id) in each for each in seen) or was_talked_over(assignment, sheet)


def unlock(*, assignment: Assignment, reason: str, actor: User, now: datetime) -> Sheet:
    """Open a judge's final sheet by the head of jury, with a reason that the judge reads.

    It can then be written on although marking may be over, until it is final again or the round is closed.
    Not one's own: another head of jury does that. The same act sent twice is one. Raises NotFound (not a
    head of jury of this contest, or the judge no longer has the entry), Refused, Conflict (round closed).
    """
    entry = assignment.entry
    hold_contest(entry.contest)
    hold_entry(entry.id)
    held = hold_assignment(assignment)
    if CHAIR not in roles_of(entry.contest_id, actor.id) or not held.standing:
        raise NotFound(held.public_id)
    check_impartial(entry, actor)
    if held.judge_id == actor.id:
        raise Refused(N_("Your own sheet can be unlocked by another head of jury only."), code="own_sheet")
    check_not_locked(entry.contest_id, held.round, entry.category)
    reason = clean_text(reason)
    if not reason:
        raise Refused(N_("Say why the sheet is opened again."), code="reason_missing")
    if len(reason) > LONGEST_REASON:
        raise Refused(
            N_("The reason has %(length)s characters; at most %(most)s are kept."),
            code="reason_too_long",
            length=len(reason),
            most=LONGEST_REASON,
        )
    sheet = find_sheet(held)
    if sheet is not None and sheet.state == OPEN and sheet.revisions:
        found = _reopened(sheet, sheet.revisions[-1].number, UNLOCK)
        if found is not None and found.reason == reason:
            return sheet
    if sheet is None or sheet.state != FINAL:
        raise Refused(N_("This sheet is not final yet."), code="sheet_open")
    sheet = _reopen(held, sheet, UNLOCK, actor, now, reason)
    _tell(held, now)
    return sheet


def _tell(assignment: Assignment, now: datetime) -> None:
    """Ask for a message to the judge of a sheet that was unlocked: in which round, never of which entry."""
    judge, contest = assignment.judge, assignment.entry.contest
    round_ = contest.rules.round(assignment.round)
    params: dict[str, Any] = {
        "contest": {"vi": contest.rules.title.vi, "en": contest.rules.title.en},
        "slug": contest.slug,
        "round": {"vi": round_.name.vi, "en": round_.name.en},
    }
    common: dict[str, Any] = {"locale": judge.locale, "scope": contest.slug, **params}
    if judge.email:
        ask_for_mail(to=judge.email, template="judge_unlocked", now=now, **common)
    elif judge.phone:
        ask_for_sms(to=judge.phone, template="judge_unlocked_sms", now=now, **common)


def _reopened(sheet: Sheet, revision: int, kind: str) -> SheetReopening | None:
    return db.session.scalar(
        select(SheetReopening).where(
            SheetReopening.sheet_id == sheet.id, SheetReopening.revision == revision, SheetReopening.kind == kind
        )
    )


def _reopen(
    assignment: Assignment, sheet: Sheet, kind: str, actor: User, now: datetime, reason: str | None = None
) -> Sheet:
    number = sheet.revisions[-1].number
    db.session.add(SheetReopening(sheet_id=sheet.id, revision=number, kind=kind, by_id=actor.id, at=now, reason=reason))
    sheet.state = OPEN
    # A window that still shows the sheet as it was before has to load it anew.
    sheet.version += 1
    sheet.updated_at = now
    record(
        actor=actor.public_id,
        verb=f"judging.{kind}",
        object_type="assignment",
        object_id=assignment.public_id,
        contest_id=assignment.entry.contest_id,
        now=now,
        round=assignment.round,
        entry=assignment.entry.public_id,
        revision=number,
        reason=reason,
    )
    db.session.flush()
    return sheet


@dataclass(frozen=True)
class Step:
    """One finishing of a sheet, and how it ended if it did. `reopened`: None, undo or unlock."""

    number: int
    marks: dict[str, Decimal]
    total: Decimal
    comment: str
    remarks: dict[str, str]
    at: datetime
    reason: str | None
    source: str
    reopened: str | None
    reopened_at: datetime | None
    reopened_because: str | None


def history(sheet: Sheet | None) -> list[Step]:
    """Every finishing of one's own sheet, the oldest first. The latest counts while the sheet is final."""
    if sheet is None:
        return []
    rows = db.session.scalars(select(SheetReopening).where(SheetReopening.sheet_id == sheet.id))
    reopenings = {row.revision: row for row in rows}
    steps = []
    for each in sheet.revisions:
        ended = reopenings.get(each.number)
        steps.append(
            Step(
                each.number,
                {criterion: Decimal(mark) for criterion, mark in each.marks.items()},
                each.total,
                each.comment,
                each.remarks,
                each.at,
                each.reason,
                each.source,
                ended.kind if ended else None,
                ended.at if ended else None,
                ended.reason if ended else None,
            )
        )
    return steps
