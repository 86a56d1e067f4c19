"""Sealing: giving leaves that wait their places in the log, and signing what the log is then.

Nobody who votes ever waits for it. Leaves are read, hashed, put in order and signed outside of any
writing transaction (`prepare`); what is written is one batch of bounded size (`place`), and whether
it may be written is one conditional UPDATE: the log must still be as long as when the batch was
made. Of several runners that prepared the same leaves one wins, and the others' batches are dropped.

A batch is ordered by the hashes of its leaves, so that a place tells nothing of when within the
batch a ballot was cast. It takes those first that were written first: a decision never comes before
one that it follows.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import CursorResult, bindparam, func, insert, select, text, update

from contest.core.db import UtcInstant, db
from contest.core.signing import Signer
from contest.voting.identity import inserting
from contest.voting.ledger.merkle import Frontier, leaf_hash
from contest.voting.ledger.notes import Checkpoint as Statement
from contest.voting.ledger.notes import sign
from contest.voting.log import signed_by
from contest.voting.models_log import BallotLog, Checkpoint, Leaf, Tile
from contest.voting.tiles import Address, edge_of, grown, row_of

log = logging.getLogger(__name__)

# A receipt promises a place within 60 seconds. What waits this long is sealed at the next look, and
# there is one about every ten seconds.
LONGEST = timedelta(seconds=40)
# Fewer than these are left to wait for company: the batch is what hides when a ballot was cast.
ENOUGH = 20
# Leaves of one batch: on SQLite, whose writers wait for each other, written in ten to twenty milliseconds.
BATCH = 500
# After this long something is wrong, and organisers are told.
TROUBLE = timedelta(minutes=5)


class WrongKey(Exception):
    """The key on this machine is not the one that the log names: nothing may be sealed with it."""


class Altered(Exception):
    """A leaf that waits is not what was written: its bytes and its hash disagree."""


class Waiting(NamedTuple):
    """How many leaves wait (counted up to a batch), and since when the oldest does."""

    leaves: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Leaves in their order, and what the log is with them."""

    contest_id: int
    key: str
    before: int
    tree: Frontier
    ids: tuple[int, ...]
    ballots: int
    tiles: dict[Address, bytes]
    note: str

    @property
    def size(self) -> int:
        """How many leaves it places."""
        return len(self.ids)


def waiting(contest_id: int) -> Waiting:
    """What waits to be sealed."""
    some = (
        select(Leaf.at)
        .where(Leaf.contest_id == contest_id, Leaf.position.is_(None))
        .order_by(Leaf.id)
        .limit(BATCH)
        .subquery()
    )
    leaves, since = db.session.execute(select(func.count(), func.min(some.c.at))).one()
    return Waiting(leaves, since)


def is_due(found: Waiting, now: datetime) -> bool:
    """Whether what waits should be sealed by now."""
    return found.since is not None and (found.leaves >= ENOUGH or found.since <= now - LONGEST)


def trouble(contest_id: int, signer: Signer, now: datetime) -> str:
    """Why a log is not sealed as it should be: "key", "late", or "" where all is well."""
    found = db.session.get(BallotLog, contest_id)
    if found is None:
        return ""
    if not signed_by(found, signer.public):
        return "key"
    since = waiting(contest_id).since
    return "late" if since is not None and since <= now - TROUBLE else ""


def prepare(*, contest_id: int, signer: Signer, now: datetime, force: bool = False) -> Batch | None:
    """The next batch; None when nothing is due. Reads only.

    `force` takes whatever waits. The first leaf of a log is a batch of its own, at once. Raises
    WrongKey when the log names another key than the signer's, Altered.
    """
    found = db.session.get(BallotLog, contest_id, populate_existing=True)
    if found is None:
        return None
    if not force and found.size and not is_due(waiting(contest_id), now):
        return None
    query = select(Leaf.id, Leaf.kind, Leaf.revision, Leaf.content, Leaf.hash).where(
        Leaf.contest_id == contest_id, Leaf.position.is_(None)
    )
    if not found.size:
        query = query.where(Leaf.kind == "open")
    rows = db.session.execute(query.order_by(Leaf.id).limit(BATCH)).all()
    if not rows:
        return None
    if not signed_by(found, signer.public):
        raise WrongKey(f"the log of {found.origin} names {found.key}")
    leaves = []
    for row in rows:
        hashed = leaf_hash(row.content.encode())
        if hashed.hex() != row.hash:
            raise Altered(f"leaf {row.id} of {found.origin}")
        leaves.append((hashed, row.id))
    leaves.sort()
    hashes = [hashed for hashed, _ in leaves]
    before = Frontier(found.size, tuple(bytes.fromhex(peak) for peak in found.peaks))
    tree = before.extended(hashes)
    return Batch(
        contest_id=contest_id,
        key=found.key,
        before=found.size,
        tree=tree,
        ids=tuple(number for _, number in leaves),
        ballots=sum(row.kind == "paper" or (row.kind == "ballot" and row.revision == 1) for row in rows),
        tiles=grown(found.size, edge_of(contest_id, found.size), hashes, lambda address: row_of(contest_id, address)),
        note=sign(Statement(found.origin, tree.size, tree.root), signer.private),
    )


def place(batch: Batch, now: datetime) -> int:
    """Write a batch, in a writing transaction; how many leaves got a place. 0 when another sealed meanwhile."""
    if not _claim(batch):
        return 0
    _give_places(batch, now)
    kinds = db.session.connection().dialect.name
    for address, hashes in batch.tiles.items():
        values = {"contest_id": batch.contest_id, "level": address.level, "number": address.number, "hashes": hashes}
        statement = inserting(kinds, Tile).values(**values)
        db.session.execute(
            statement.on_conflict_do_update(
                index_elements=[Tile.contest_id, Tile.level, Tile.number], set_={"hashes": hashes}
            )
        )
    db.session.execute(
        insert(Checkpoint).values(contest_id=batch.contest_id, size=batch.tree.size, note=batch.note, made_at=now)
    )
    return batch.size


def _claim(batch: Batch) -> bool:
    """Make the log longer, if it is as long as it was. Of two on PostgreSQL the second waits here."""
    claimed = db.session.execute(
        update(BallotLog)
        .where(BallotLog.contest_id == batch.contest_id, BallotLog.size == batch.before, BallotLog.key == batch.key)
        .values(
            size=batch.tree.size,
            peaks=[peak.hex() for peak in batch.tree.peaks],
            ballots=BallotLog.ballots + batch.ballots,
        )
        .execution_options(synchronize_session=False)
    )
    assert isinstance(claimed, CursorResult)
    return claimed.rowcount == 1


# One statement for the whole batch, not one for each leaf.
_PLACES = {
    "sqlite": "UPDATE leaf SET position = :first + listed.key, at = :at FROM json_each(:ids) AS listed"
    " WHERE leaf.id = listed.value AND leaf.position IS NULL",
    "postgresql": "UPDATE leaf SET position = :first + listed.place - 1, at = :at"
    " FROM json_array_elements_text(CAST(:ids AS json)) WITH ORDINALITY AS listed (id, place)"
    " WHERE leaf.id = CAST(listed.id AS bigint) AND leaf.position IS NULL",
}


def _give_places(batch: Batch, now: datetime) -> None:
    """Number the leaves. What is left of their time is the hour."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    statement = text(_PLACES[db.session.connection().dialect.name]).bindparams(
        # The column's own type knows how each database keeps an instant.
        bindparam("at", type_=UtcInstant())
    )
    done = db.session.execute(statement, {"first": batch.before, "ids": json.dumps(batch.ids), "at": hour})
    assert isinstance(done, CursorResult)
    if done.rowcount != batch.size:
        raise Altered(f"{done.rowcount} of {batch.size} leaves of contest {batch.contest_id} could be placed")


def seal(*, contest_id: int, signer: Signer, now: datetime, force: bool = False) -> int:
    """Prepare and place one batch in the caller's transaction; how many leaves. For commands and tests:
    the loop prepares outside of it (voting.tasks)."""
    batch = prepare(contest_id=contest_id, signer=signer, now=now, force=force)
    return place(batch, now) if batch else 0


def latest_checkpoint(contest_id: int) -> Checkpoint | None:
    """The checkpoint of the log as long as it is now."""
    return db.session.scalar(
        select(Checkpoint).where(Checkpoint.contest_id == contest_id).order_by(Checkpoint.size.desc()).limit(1)
    )


def sizes_of(contest_id: int) -> Sequence[int]:
    """The sizes at which the log was signed, from the first."""
    return db.session.scalars(
        select(Checkpoint.size).where(Checkpoint.contest_id == contest_id).order_by(Checkpoint.size)
    ).all()
