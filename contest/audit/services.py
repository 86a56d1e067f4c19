"""Recording acts, sealing them into a chain, and checking the chain.

A row commits with its act and is not chained yet, so that no two acts wait for each other. The
sealer, one at a time, gives unsealed rows the next positions and a digest that covers the row and
the digest before it. Changing, removing or reordering a sealed row is then found by `verify`.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import select, text

from contest.audit.models import AuditRow
from contest.core.db import db

GENESIS = "0" * 64
# Any number: sealers on PostgreSQL take this advisory lock for their transaction.
_SEALER_LOCK = 7_206_011_948


class Break(NamedTuple):
    """The first place where the chain does not hold."""

    position: int
    why: str


def record(
    *,
    actor: str | None,
    verb: str,
    object_type: str,
    object_id: str | int,
    now: datetime,
    contest_id: int | None = None,
    **details: Any,
) -> None:
    """Add a row for an act, in the transaction of the act. `actor` is a person's public id."""
    db.session.add(
        AuditRow(
            at=now,
            actor=actor,
            verb=verb,
            object_type=object_type,
            object_id=str(object_id),
            contest_id=contest_id,
            details=details,
        )
    )


def _digest(previous: str, row: AuditRow, position: int) -> str:
    content = json.dumps(
        [
            position,
            row.id,
            row.at.astimezone(UTC).isoformat(timespec="microseconds"),
            row.actor,
            row.verb,
            row.object_type,
            row.object_id,
            row.contest_id,
            row.details,
        ],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
        default=str,
    )
    return hashlib.sha256(f"{previous}\n{content}".encode()).hexdigest()


def seal(*, limit: int = 1000) -> int:
    """Chain up to `limit` rows that wait, in the order of their ids; returns how many.

    Must run inside a writing transaction. On PostgreSQL a row with a smaller id may commit after
    one with a larger id was sealed: it is simply sealed later, since the chain follows positions.
    """
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SEALER_LOCK})
    last = db.session.execute(
        select(AuditRow.position, AuditRow.digest)
        .where(AuditRow.position.is_not(None))
        .order_by(AuditRow.position.desc())
        .limit(1)
    ).one_or_none()
    position, digest = (last[0] or 0, last[1] or GENESIS) if last else (0, GENESIS)
    waiting = db.session.scalars(
        select(AuditRow).where(AuditRow.position.is_(None)).order_by(AuditRow.id).limit(limit)
    ).all()
    for row in waiting:
        position += 1
        digest = _digest(digest, row, position)
        row.position, row.digest = position, digest
    db.session.flush()
    return len(waiting)


def verify() -> tuple[int, Break | None]:
    """Recompute the chain; returns how many rows hold and the first break, if any."""
    expected, digest = 0, GENESIS
    rows = db.session.scalars(
        select(AuditRow)
        .where(AuditRow.position.is_not(None))
        .order_by(AuditRow.position)
        .execution_options(yield_per=1000)
    )
    for row in rows:
        expected += 1
        if row.position != expected:
            return expected - 1, Break(expected, "missing")
        digest = _digest(digest, row, expected)
        if row.digest != digest:
            return expected - 1, Break(expected, "changed")
    return expected, None
