"""Requests about personal data, and what is held about a person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from contest.accounts.models import User
from contest.accounts.personal import account_data
from contest.complaints.personal import cases_of
from contest.contests.models import RoleGrant
from contest.core.db import db
from contest.core.errors import NotFound
from contest.entries.personal import entries_about, entry_data
from contest.outbox.models import Message
from contest.outbox.queries import is_told
from contest.papers.certificates import certificates_of
from contest.privacy.models import DataRequest, RetentionRun
from contest.units.models import UnitOfficer

_PUBLIC_ID = re.compile(r"[0-9a-z]{14}")
ANSWERED_SHOWN = 100


def get_request(public_id: str, *, lock: bool = False) -> DataRequest:
    """A request by its public id. Raises NotFound."""
    found = None
    if _PUBLIC_ID.fullmatch(public_id):
        query = select(DataRequest).where(DataRequest.public_id == public_id)
        found = db.session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound(public_id)
    return found


def own_requests(person: User) -> Sequence[DataRequest]:
    """A person's requests, the latest first."""
    return db.session.scalars(
        select(DataRequest).where(DataRequest.user_id == person.id).order_by(DataRequest.id.desc())
    ).all()


def open_requests() -> Sequence[DataRequest]:
    """Requests that wait for an answer, the most urgent first."""
    return db.session.scalars(
        select(DataRequest)
        .where(DataRequest.outcome.is_(None))
        .options(joinedload(DataRequest.user))
        .order_by(DataRequest.due_on, DataRequest.id)
    ).all()


def answered_requests() -> Sequence[DataRequest]:
    """The latest requests with their answers."""
    return db.session.scalars(
        select(DataRequest)
        .where(DataRequest.outcome.is_not(None))
        .options(joinedload(DataRequest.user))
        .order_by(DataRequest.answered_at.desc())
        .limit(ANSWERED_SHOWN)
    ).all()


def count_late(today: date) -> int:
    """How many requests were to be answered before `today`."""
    late = select(func.count(DataRequest.id)).where(DataRequest.outcome.is_(None), DataRequest.due_on < today)
    return db.session.scalar(late) or 0


def latest_runs(limit: int = 50) -> Sequence[RetentionRun]:
    """The latest erasures by rule."""
    return db.session.scalars(select(RetentionRun).order_by(RetentionRun.id.desc()).limit(limit)).all()


def data_about(person: User, now: datetime) -> dict[str, Any]:
    """Everything that is held about a person, by part, as values for a file that machines can read.

    Of messages those that wait for their instant are left out: a letter to a winner would tell who won.
    """
    addresses = [address for address in (person.email, person.phone) if address]
    messages = db.session.scalars(
        select(Message).where(Message.address.in_(addresses), is_told(now)).order_by(Message.id.desc()).limit(500)
    )
    roles = db.session.scalars(
        select(RoleGrant).where(RoleGrant.user_id == person.id).options(joinedload(RoleGrant.contest))
    )
    offices = db.session.scalars(
        select(UnitOfficer).where(UnitOfficer.user_id == person.id).options(joinedload(UnitOfficer.unit))
    )
    entries = entries_about(person)
    return {
        "account": account_data(person),
        "entries": [entry_data(entry, person) for entry in entries],
        "certificates": certificates_of(person, entries, now),
        "roles": [
            {
                "contest": grant.contest.rules.title.vi,
                "role": grant.role,
                "unit": grant.unit.name if grant.unit else None,
                "relatives_named": grant.relatives,
                "since": grant.granted_at.isoformat(),
                "until": grant.ended_at.isoformat() if grant.ended_at else None,
            }
            for grant in roles
        ],
        "units": [
            {
                "unit": office.unit.name,
                "since": office.granted_at.isoformat(),
                "until": office.ended_at.isoformat() if office.ended_at else None,
            }
            for office in offices
        ],
        "messages": [
            {
                "at": message.created_at.isoformat(),
                "to": message.address,
                "about": message.template,
                "state": message.state,
            }
            for message in messages
        ],
        "complaints": cases_of(person),
        "requests": [
            {
                "kind": request.kind,
                "text": request.text,
                "asked_at": request.asked_at.isoformat(),
                "outcome": request.outcome,
                "answer": request.answer,
            }
            for request in own_requests(person)
        ],
    }
