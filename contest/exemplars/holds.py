"""The hold on an exemplar: nothing about it is published or awarded until somebody clears it.

By law nobody is commended while discipline, an investigation or a complaint about them is open. The
flag is seen by the secretariat and the organisers alone; to everybody else the story is simply not there.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from contest.accounts.models import User
from contest.audit.services import record
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.core.formats import local
from contest.core.text import clean_text
from contest.exemplars.models import Exemplar
from contest.exemplars.queries import group_of


def put_on_hold(
    *,
    exemplar: Exemplar,
    reason: str,
    reasons: Collection[str],
    note: str,
    contest_id: int,
    actor: User,
    now: datetime,
) -> None:
    """Hold every record of an exemplar; held already, the reason is replaced, the note added, and its start stays.

    `reasons` are those that the rules of the contest know. Raises Refused for another, or without a note.
    """
    note = clean_text(note)
    if reason not in reasons:
        raise Refused(N_("Please say why it is on hold."), code="hold_reason")
    if not note:
        raise Refused(N_("Please note what is being checked and who told you."), code="note")
    for each in group_of(exemplar, lock=True):
        if each.held_at is None:
            each.held_at, each.held_by_id = now, actor.id
        each.hold_reason, each.hold_note = reason, _added(each.hold_note, note, now)
    _audit("exemplars.hold", exemplar, contest_id, actor, now, reason=reason)


def clear_hold(*, exemplar: Exemplar, note: str, contest_id: int, actor: User, now: datetime) -> None:
    """Let an exemplar be published and awarded again; the notes stay for the secretariat.

    Not held, nothing changes. Raises Refused without a note.
    """
    if exemplar.held_at is None:
        return
    note = clean_text(note)
    if not note:
        raise Refused(N_("Please note how the matter was cleared."), code="note")
    reason, since = exemplar.hold_reason, exemplar.held_at
    for each in group_of(exemplar, lock=True):
        each.hold_reason = each.held_at = each.held_by_id = None
        each.hold_note = _added(each.hold_note, note, now)
    # Notes may name people, so they stay out of the audit's details, which are kept for ever.
    _audit("exemplars.clear_hold", exemplar, contest_id, actor, now, reason=reason, since=since.isoformat())


def _added(notes: str | None, note: str, now: datetime) -> str:
    """The notes with one more at the end, each with its day."""
    line = f"{local(now):%d/%m/%Y}: {note}"
    return line if not notes else f"{notes}\n{line}"


def _audit(verb: str, exemplar: Exemplar, contest_id: int, actor: User, now: datetime, **details: str | None) -> None:
    record(
        actor=actor.public_id,
        verb=verb,
        object_type="exemplar",
        object_id=exemplar.public_id,
        contest_id=contest_id,
        now=now,
        **details,
    )
    db.session.flush()
