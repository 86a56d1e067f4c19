"""Joint reading (chấm chung): opening it, marking in it, closing it and what was agreed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import CHAIR, ORGANISER
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.text import clean_text
from contest.entries.models import Entry
from contest.judging.conflicts import check_impartial, conflicts_among, step_back
from contest.judging.joint import check_before_marking, find_open, find_sheet, get_own_text, marks_of
from contest.judging.locks import check_not_locked, hold_contest
from contest.judging.models import JointReading, JointSheet, JointText
from contest.judging.panels import panel
from contest.judging.remarks import Remarks, clean_remarks, missing_remarks
from contest.judging.rounds import in_round
from contest.judging.rules import LONGEST_COMMENT, RefusedList
from contest.judging.sheets import BadMarks, Marks, problems_with
from contest.outbox.services import ask_for_mail, ask_for_sms

MOST_TEXTS = 10
FEWEST_READERS = 2
LONGEST_NOTES = 10_000


# Opening and closing


def open_reading(
    *,
    contest: Contest,
    round_id: str,
    category: str,
    codes: Collection[str],
    leave_out: bool,
    actor: User,
    now: datetime,
) -> JointReading:
    """Let the judges of a panel read the entries with these codes jointly, and tell them.

    By the head of jury or an organiser, before the round's marking opens, one reading of a panel at a time.
    `leave_out`: a judge with a conflict of interest with one of the entries does not read that one; without
    it such an entry is refused. Raises Refused, Conflict (round closed).
    """
    if not roles_of(contest.id, actor.id) & {CHAIR, ORGANISER}:
        raise Refused(N_("An organiser or the head of jury does this."), code="not_allowed")
    round_ = contest.rules.round(round_id)
    contest.rules.category(category)
    hold_contest(contest, alone=True)
    check_not_locked(contest.id, round_id, category)
    check_before_marking(contest, round_id, now)
    if find_open(contest.id, round_id, category) is not None:
        raise Conflict(N_("A joint reading of this panel is under way. Close it first."), code="joint_open")
    wanted = sorted(set(codes))
    if not 1 <= len(wanted) <= MOST_TEXTS:
        raise Refused(N_("Choose 1 to %(most)s entries."), code="joint_number", most=MOST_TEXTS)
    entries = db.session.scalars(
        select(Entry).where(*in_round(contest, round_, category), Entry.blind_code.in_(wanted)).order_by(Entry.id)
    ).all()
    if len(entries) != len(wanted):
        raise Refused(N_("One of these entries does not take part in the round (any more)."), code="joint_entry")
    judges = panel(contest, round_id, category)
    if len(judges) < FEWEST_READERS:
        raise Refused(N_("At least two judges have to sit in the panel first."), code="joint_panel")
    for entry in entries:
        check_impartial(entry, actor)
    left_out = _check_readers(contest, entries, judges, leave_out=leave_out)
    reading = JointReading(
        contest_id=contest.id, round=round_id, category=category, opened_at=now, opened_by_id=actor.id
    )
    reading.texts = [JointText(entry=entry) for entry in entries]
    db.session.add(reading)
    db.session.flush()
    _note(
        reading,
        contest,
        "open_joint_reading",
        actor,
        now,
        entries=[entry.public_id for entry in entries],
        left_out=left_out,
    )
    for judge in judges:
        _tell(judge, contest, reading, now)
    db.session.flush()
    return reading


def _check_readers(
    contest: Contest, entries: Sequence[Entry], judges: Sequence[User], *, leave_out: bool
) -> dict[str, int]:
    """How many judges are left out of each entry (by public id). Raises Refused."""
    ids = [judge.id for judge in judges]
    conflicts = conflicts_among(contest.id, Entry.id.in_([entry.id for entry in entries]), judges=ids)
    barred = {entry.id: sum(entry_id == entry.id for entry_id, _judge in conflicts) for entry in entries}
    if not leave_out and any(barred.values()):
        raise RefusedList(
            N_("A judge of the panel has a conflict of interest with a chosen entry."),
            [
                (N_("Entry %(entry)s: leave them out of it, or choose another one."), {"entry": entry.blind_code})
                for entry in entries
                if barred[entry.id]
            ],
            code="joint_conflict",
        )
    alone = [entry for entry in entries if len(judges) - barred[entry.id] < FEWEST_READERS]
    if alone:
        raise Refused(
            N_("Entry %(entry)s would be read by fewer than two judges."),
            code="joint_readers",
            entry=alone[0].blind_code,
        )
    return {entry.public_id: barred[entry.id] for entry in entries if barred[entry.id]}


def close_reading(*, reading: JointReading, contest: Contest, actor: User, now: datetime) -> None:
    """End the marking and show the differences to those who have given theirs. By the head of jury.

    Doing it again changes nothing. Marks that were not made final stay out of it.
    """
    _check_chair(contest, actor)
    hold_contest(contest, alone=True)
    held = _held(reading)
    if held.closed_at is not None:
        return
    held.closed_at, held.closed_by_id = now, actor.id
    _note(held, contest, "close_joint_reading", actor, now)
    db.session.flush()


def agree(*, reading: JointReading, contest: Contest, notes: str, actor: User, now: datetime) -> None:
    """Record what the judges agreed on; it stands on their bench. By the head of jury, once it is closed."""
    _check_chair(contest, actor)
    hold_contest(contest)
    held = _held(reading)
    if held.closed_at is None:
        raise Refused(N_("Close the joint reading first: then the judges talk it over."), code="joint_open")
    check_not_locked(contest.id, held.round, held.category)
    notes = clean_text(notes)
    if len(notes) > LONGEST_NOTES:
        raise Refused(
            N_("The notes have %(length)s characters; at most %(most)s are kept."),
            code="notes_too_long",
            length=len(notes),
            most=LONGEST_NOTES,
        )
    if notes == held.agreed:
        return
    before, held.agreed = held.agreed, notes
    _note(held, contest, "agree_on_joint_reading", actor, now, before=before, after=notes)
    db.session.flush()


def _check_chair(contest: Contest, actor: User) -> None:
    if CHAIR not in roles_of(contest.id, actor.id):
        raise Refused(N_("The head of jury does this."), code="not_allowed")


def _held(reading: JointReading) -> JointReading:
    return db.session.scalars(
        select(JointReading)
        .where(JointReading.id == reading.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _note(reading: JointReading, contest: Contest, verb: str, actor: User, now: datetime, **details: Any) -> None:
    record(
        actor=actor.public_id,
        verb=f"judging.{verb}",
        object_type="joint_reading",
        object_id=reading.public_id,
        contest_id=contest.id,
        now=now,
        round=reading.round,
        category=reading.category,
        **details,
    )


def _tell(judge: User, contest: Contest, reading: JointReading, now: datetime) -> None:
    round_, window = contest.rules.round(reading.round), contest.rules.window(reading.round)
    params: dict[str, Any] = {
        "locale": judge.locale,
        "scope": contest.slug,
        "contest": {"vi": contest.rules.title.vi, "en": contest.rules.title.en},
        "slug": contest.slug,
        "round": {"vi": round_.name.vi, "en": round_.name.en},
        "given": len(reading.texts),
        "until": window.opens.isoformat() if window else None,
    }
    if judge.email:
        ask_for_mail(to=judge.email, template="joint_reading", now=now, **params)
    elif judge.phone:
        ask_for_sms(to=judge.phone, template="joint_reading_sms", now=now, **params)


# Marking


def begin(*, text: JointText, contest: Contest, actor: User, now: datetime) -> JointSheet:
    """The judge declares to have no conflict of interest with the entry, and its text opens."""
    _hold(text, contest, now)
    get_own_text(contest, text.public_id, actor.id, undeclared=True)
    sheet = find_sheet(text, actor.id)
    if sheet is not None:
        return sheet
    sheet = JointSheet(text_id=text.id, judge_id=actor.id, marks={}, remarks={}, version=0, updated_at=now)
    db.session.add(sheet)
    _note(text.reading, contest, "declare_impartial_jointly", actor, now, entry=text.entry.public_id)
    db.session.flush()
    return sheet


def leave(*, text: JointText, contest: Contest, reason: str, actor: User, now: datetime) -> None:
    """The judge steps back from the entry, here and wherever else they would judge it."""
    get_own_text(contest, text.public_id, actor.id, undeclared=True)
    step_back(entry=text.entry, reason=reason, actor=actor, now=now)


def _hold(text: JointText, contest: Contest, now: datetime) -> None:
    hold_contest(contest)
    db.session.execute(select(JointText.id).where(JointText.id == text.id).with_for_update())
    reading = db.session.scalars(
        select(JointReading).where(JointReading.id == text.reading_id).execution_options(populate_existing=True)
    ).one()
    if reading.closed_at is not None:
        raise Conflict(N_("This joint reading was closed at %(at)s."), code="joint_closed", at=reading.closed_at)
    check_before_marking(contest, reading.round, now)


def save_joint(
    *,
    text: JointText,
    contest: Contest,
    marks: Marks,
    remarks: Remarks,
    comment: str,
    version: int,
    actor: User,
    now: datetime,
    final: bool = False,
) -> JointSheet:
    """Keep a judge's marks of a jointly read entry; with `final` they stay, and are compared at the end.

    Criteria not in `marks` or `remarks` stay, None or "" takes one away. `version` is the one that the page
    showed. The same content again is no conflict. Raises BadMarks, Refused, Conflict, NotFound.
    """
    _hold(text, contest, now)
    get_own_text(contest, text.public_id, actor.id)
    sheet = find_sheet(text, actor.id)
    if sheet is None:
        raise NotFound(text.public_id)
    before = marks_of(sheet)
    after = {criterion: mark for criterion, mark in {**before, **marks}.items() if mark is not None}
    rubric = contest.rules.rubric
    said = {key: remark for key, remark in {**sheet.remarks, **clean_remarks(rubric, remarks)}.items() if remark}
    same = (after, said, _comment(comment)) == (before, sheet.remarks, sheet.comment)
    if sheet.final_at is not None:
        if same:
            return sheet
        raise Conflict(N_("This sheet is final and cannot be changed."), code="sheet_final")
    problems = problems_with(rubric, after if final else marks, complete=final)
    unsaid = missing_remarks(rubric, after, said) if final else []
    if problems or unsaid:
        raise BadMarks(problems, unsaid)
    if not same and sheet.version != version:
        raise Conflict(
            N_("This sheet was changed in another window. Load the page again to see the latest marks."),
            code="sheet_changed",
            version=sheet.version,
        )
    if not same:
        sheet.marks = {criterion: str(mark) for criterion, mark in after.items()}
        sheet.remarks = said
        sheet.comment = _comment(comment)
        sheet.version += 1
        sheet.updated_at = now
    if final:
        sheet.final_at = now
        _note(
            text.reading,
            contest,
            "finalise_joint_sheet",
            actor,
            now,
            entry=text.entry.public_id,
            marks=dict(sheet.marks),
        )
    db.session.flush()
    return sheet


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
