"""A judge's own notes beside the text: for that judge alone, on no paper and in no export.

Each verb begins at the judge's own assignment, so that nothing can be asked of anybody else's. Notes may
be written as long as the entry can be read, also when its sheet is final.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select

from contest.accounts.models import User
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.text import clean_line, clean_text
from contest.judging.models import Assignment, MarginNote
from contest.judging.sheets import take

LONGEST_NOTE = 2000
LONGEST_QUOTE = 300
MOST_NOTES = 100
_PUBLIC_ID = re.compile(r"[0-9a-z]{14}")


def notes_of(assignment: Assignment) -> list[MarginNote]:
    """The notes on one's own copy of an entry, from the top of the text."""
    return list(
        db.session.scalars(
            select(MarginNote)
            .where(MarginNote.assignment_id == assignment.id)
            .order_by(MarginNote.block, MarginNote.id)
        )
    )


def by_block(notes: Iterable[MarginNote], blocks: int) -> dict[int, list[MarginNote]]:
    """Notes by the block that they stand beside; those of a text that has become shorter by its last one."""
    found: dict[int, list[MarginNote]] = {}
    for note in notes:
        found.setdefault(min(note.block, max(blocks - 1, 0)), []).append(note)
    return found


def add_note(
    *, assignment: Assignment, block: int, blocks: int, quote: str, text: str, actor: User, now: datetime
) -> MarginNote:
    """Write a note beside block number `block` of `blocks`. The same note sent twice is one.

    Raises Refused for an empty or very long one, and beyond MOST_NOTES; NotFound for a block that is none.
    """
    held = take(assignment, actor.id, now)
    if not 0 <= block < blocks:
        raise NotFound(block)
    text = _text(text)
    quote = clean_line(quote)[:LONGEST_QUOTE]
    same = db.session.scalar(
        select(MarginNote).where(
            MarginNote.assignment_id == held.id,
            MarginNote.block == block,
            MarginNote.quote == quote,
            MarginNote.text == text,
        )
    )
    if same is not None:
        return same
    count = db.session.scalar(select(func.count(MarginNote.id)).where(MarginNote.assignment_id == held.id)) or 0
    if count >= MOST_NOTES:
        raise Refused(N_("An entry takes at most %(most)s notes."), code="too_many_notes", most=MOST_NOTES)
    note = MarginNote(assignment_id=held.id, block=block, quote=quote, text=text, version=1, at=now)
    db.session.add(note)
    db.session.flush()
    return note


def change_note(
    *, assignment: Assignment, note_id: str, text: str, version: int, actor: User, now: datetime
) -> MarginNote:
    """Write a note anew. `version` is the one shown; raises Conflict when another window was quicker."""
    held = take(assignment, actor.id, now)
    note = _own(held, note_id)
    text = _text(text)
    if note.text == text:
        return note
    _check_version(note, version)
    note.text = text
    note.version += 1
    note.at = now
    db.session.flush()
    return note


def delete_note(*, assignment: Assignment, note_id: str, version: int, actor: User, now: datetime) -> None:
    """Take a note away for good. Raises Conflict when it was changed in another window."""
    held = take(assignment, actor.id, now)
    note = _own(held, note_id)
    _check_version(note, version)
    db.session.delete(note)
    db.session.flush()


def _own(assignment: Assignment, note_id: str) -> MarginNote:
    note = None
    if _PUBLIC_ID.fullmatch(note_id):
        note = db.session.scalar(
            select(MarginNote)
            .where(MarginNote.assignment_id == assignment.id, MarginNote.public_id == note_id)
            .execution_options(populate_existing=True)
        )
    if note is None:
        raise NotFound(note_id)
    return note


def _check_version(note: MarginNote, version: int) -> None:
    if note.version != version:
        raise Conflict(
            N_("This note was changed in another window. Press again to replace it with what you typed."),
            code="note_changed",
            version=note.version,
        )


def _text(text: str) -> str:
    cleaned = clean_text(text)
    if not cleaned:
        raise Refused(N_("The note is empty."), code="note_empty")
    if len(cleaned) > LONGEST_NOTE:
        raise Refused(
            N_("The note has %(length)s characters; at most %(most)s are kept."),
            code="note_too_long",
            length=len(cleaned),
            most=LONGEST_NOTE,
        )
    return cleaned
