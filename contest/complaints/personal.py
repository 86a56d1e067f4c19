"""What cases hold about the people who sent them: for their own copy, for erasure, for retention."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select, update

from contest.accounts.models import User
from contest.complaints.models import Complaint, ComplaintFile, ComplaintNote
from contest.complaints.queries import is_open
from contest.core.db import db

_AT_ONCE = 200


def cases_of(person: User) -> list[dict[str, Any]]:
    """What a person sent while signed in, as values for a file that machines can read."""
    cases = db.session.scalars(select(Complaint).where(Complaint.user_id == person.id).order_by(Complaint.id))
    return [
        {
            "kind": case.kind,
            "text": case.text,
            "wanted": case.wanted,
            "name": case.name,
            "contact": case.contact,
            "received_at": case.received_at.isoformat(),
            "state": case.state,
            "outcome": case.outcome,
            "reply": case.reply,
        }
        for case in cases
    ]


def forget_person(person: User, now: datetime) -> list[str]:
    """Take a person out of the cases that they sent; returns keys of files to delete once this is committed.

    Of a closed case nothing they wrote stays. An open one keeps its words and files until it is answered and
    retention comes by, since it is about another; from now on nobody is told of its answer but who has the code.
    """
    own = Complaint.user_id == person.id
    closed = db.session.scalars(select(Complaint.id).where(own, ~is_open())).all()
    keys = _forget(closed, now)
    db.session.execute(update(Complaint).where(own).values(user_id=None, name="", contact=""))
    # Who worked on a case is told by its audit row alone.
    db.session.expire_all()
    return keys


def forget_senders(contest_id: int, now: datetime) -> tuple[int, list[str]]:
    """Forget who sent the closed cases of a contest and what they wrote; how many, and keys of files to delete.

    What was decided, when, and what the public was told stays. At most a few hundred at a time.
    """
    due = db.session.scalars(
        select(Complaint.id)
        .where(Complaint.contest_id == contest_id, ~is_open(), Complaint.forgotten_at.is_(None))
        .order_by(Complaint.id)
        .limit(_AT_ONCE)
    ).all()
    return len(due), _forget(due, now)


def _forget(ids: Collection[int], now: datetime) -> list[str]:
    if not ids:
        return []
    keys = list(db.session.scalars(select(ComplaintFile.storage_key).where(ComplaintFile.complaint_id.in_(ids))))
    db.session.execute(delete(ComplaintFile).where(ComplaintFile.complaint_id.in_(ids)))
    db.session.execute(
        delete(ComplaintNote).where(
            ComplaintNote.complaint_id.in_(ids), or_(ComplaintNote.from_sender, ~ComplaintNote.inside)
        )
    )
    db.session.execute(
        update(Complaint)
        .where(Complaint.id.in_(ids))
        .values(user_id=None, name="", contact="", text="", wanted="", reply=None, forgotten_at=now)
    )
    db.session.expire_all()
    return keys
