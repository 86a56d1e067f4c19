"""How hard codes are being asked for: by one network, for one family of contacts, in all.

Counted in the database in slots of ten minutes, so that every process sees the same and nothing
hangs on Redis. Compared with what is usual here: a mobile carrier that sends a thousand readers an
evening is no surge. Pressure never refuses: it asks browsers for work (voting.work), and those that
run no scripts for patience.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import and_, case, delete, func, or_, select

from contest.core.db import db
from contest.voting.identity import inserting
from contest.voting.models_review import VoteAsked

SLOT = timedelta(minutes=10)
_USUAL_OVER = timedelta(hours=24)
_RECENT_SLOTS = 2
# From how many codes in the last ten to twenty minutes a level begins, and by how many times what is usual.
_LEVELS = {
    "network": ((40, 4.0), (160, 12.0), (600, 40.0)),
    "family": ((15, 6.0), (45, 20.0), (140, 60.0)),
    "all": ((400, 5.0), (2_000, 15.0), (8_000, 40.0)),
}
# One row for all would be a queue: codes of one moment wait for each other in a few.
_SHARDS = 8

# The line of those without scripts: everybody in it is served, later the more came at once.
LINE_LEAST = timedelta(seconds=30)
LINE_STEP = timedelta(seconds=2)
LINE_MOST = timedelta(minutes=20)


def slot_of(wall: datetime) -> datetime:
    return wall.replace(minute=wall.minute // 10 * 10, second=0, microsecond=0)


def note_asked(*, contest_id: int, network: str, family: str, wall: datetime) -> None:
    """Count a code that was asked for. `network` and `family` are hashes (voting.traces); "" is not counted."""
    subjects = [("all", str(zlib.crc32(f"{network}{family}{wall.microsecond}".encode()) % _SHARDS))]
    subjects += [("family", family)] if family else []
    subjects += [("network", network)] if network else []
    # In one order always, so that two requests never wait for each other crosswise.
    for kind, subject in subjects:
        _raise(contest_id, kind, subject, wall)


def level(*, contest_id: int, network: str, family: str = "", wall: datetime) -> int:
    """How much work is asked now, 0 (none) to 3. One statement, for one network, one family and all."""
    recent = slot_of(wall) - (_RECENT_SLOTS - 1) * SLOT
    rows = db.session.execute(
        select(
            VoteAsked.kind,
            func.sum(case((VoteAsked.slot >= recent, VoteAsked.asked), else_=0)),
            func.sum(VoteAsked.asked),
            func.min(VoteAsked.slot),
        )
        .where(
            VoteAsked.contest_id == contest_id,
            VoteAsked.slot > wall - _USUAL_OVER,
            or_(
                and_(VoteAsked.kind == "all", VoteAsked.subject.in_([str(each) for each in range(_SHARDS)])),
                and_(VoteAsked.kind == "family", VoteAsked.subject == family),
                and_(VoteAsked.kind == "network", VoteAsked.subject == network),
            ),
        )
        .group_by(VoteAsked.kind)
    )
    return max(
        (_level(kind, int(now), int(all_) - int(now), recent - first) for kind, now, all_, first in rows), default=0
    )


def _level(kind: str, now: int, before: int, span: timedelta) -> int:
    """The highest level whose two bounds `now` passes; `before` were asked within `span` until then."""
    slots = max(span / SLOT, 6.0)  # an hour at least: the first minutes of a vote tell nothing of what is usual
    usual = before / slots * _RECENT_SLOTS
    return sum(now > least and now > times * usual for least, times in _LEVELS[kind])


def join_line(*, contest_id: int, network: str, wall: datetime) -> timedelta:
    """Queue a browser without scripts behind those of its network in these ten minutes; how long it waits."""
    place = _raise(contest_id, "line", network or "none", wall)
    return min(LINE_LEAST + LINE_STEP * (place - 1), LINE_MOST)


def forget_old_slots(*, wall: datetime) -> int:
    """Delete counts beyond what "usual" looks at; returns how many."""
    gone = db.session.execute(
        delete(VoteAsked).where(VoteAsked.slot <= wall - 2 * _USUAL_OVER).execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a cursor result


def _raise(contest_id: int, kind: str, subject: str, wall: datetime) -> int:
    connection = db.session.connection()
    row: Mapping[str, object] = {"contest_id": contest_id, "slot": slot_of(wall), "kind": kind, "subject": subject}
    adding = inserting(connection.dialect.name, VoteAsked).values(**row, asked=1)
    return int(
        connection.execute(
            adding.on_conflict_do_update(
                index_elements=["contest_id", "slot", "kind", "subject"], set_={"asked": VoteAsked.asked + 1}
            ).returning(VoteAsked.asked)
        ).scalar_one()
    )
