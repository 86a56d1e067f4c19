"""Messages that are due, and those to look at."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from contest.core.db import db
from contest.outbox.models import Message


def is_due(now: datetime) -> ColumnElement[bool]:
    """Messages whose time has come and which no runner is busy with."""
    return and_(
        Message.state == "pending",
        Message.next_try_at <= now,
        or_(Message.claimed_until.is_(None), Message.claimed_until <= now),
    )


def due_ids(now: datetime, limit: int) -> Select[int]:
    """Ids of due messages, the longest waiting first."""
    return select(Message.id).where(is_due(now)).order_by(Message.next_try_at, Message.id).limit(limit)


def latest(limit: int) -> Select[Message]:
    """The newest messages, for the inbox of a demonstration."""
    return select(Message).order_by(Message.id.desc()).limit(limit)


def failed() -> Select[Message]:
    """Messages given up, newest first, for those who run the site."""
    return select(Message).where(Message.state == "failed").order_by(Message.id.desc())


def is_told(now: datetime) -> ColumnElement[bool]:
    """Messages that may be spoken of: not those that wait for their instant, such as letters to winners."""
    return or_(Message.state != "pending", Message.attempts > 0, Message.next_try_at <= now)


def latest_of(scope: str, limit: int, now: datetime) -> Select[Message]:
    """The newest messages of a contest that may be spoken of."""
    return select(Message).where(Message.scope == scope, is_told(now)).order_by(Message.id.desc()).limit(limit)


def counts_by_state(scope: str, now: datetime) -> dict[str, int]:
    """How many messages of a contest are pending, sent and failed; of those that may be spoken of."""
    rows = db.session.execute(
        select(Message.state, func.count(Message.id))
        .where(Message.scope == scope, is_told(now))
        .group_by(Message.state)
    )
    return {row.state: row[1] for row in rows}
