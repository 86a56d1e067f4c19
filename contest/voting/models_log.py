"""The log of a vote (docs/ballot-log.md): its leaves, the tree over them, what was signed, who was told.

Ballots write a leaf without a position in their own transaction; sealing gives positions in batches
and signs the root. What is sealed never changes.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from contest.core.db import Base, BigId, Instant, IntPk, Json, LongText, UtcInstant


class BallotLog(Base):
    """The log of one contest: how far it is sealed, and what its leaves have said so far.

    `peaks`: hex roots of the perfect subtrees (ledger.merkle.Frontier). `standing`: candidate ->
    whether it stands, as `open`, `join` and `stand` leaves said. `terms`: what `open` and `amend`
    fixed. `number`: the last decision's. `ballots`: sealed first revisions, which is the turnout.
    """

    __tablename__ = "ballot_log"

    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), primary_key=True, autoincrement=False)
    origin: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(400))  # the verifier key
    size: Mapped[int] = mapped_column(BigId, default=0)
    peaks: Mapped[Json]
    ballots: Mapped[int] = mapped_column(BigId, default=0)
    number: Mapped[int] = mapped_column(default=0)
    standing: Mapped[Json]
    terms: Mapped[Json]
    opened_at: Mapped[Instant]
    closed_at: Mapped[datetime | None] = mapped_column(UtcInstant)  # when the `close` leaf was written


class Leaf(Base):
    """One leaf. `content` is its canonical bytes, `hash` the hex hash of them as a leaf.

    A leaf of a ballot also keeps what its commitment hides: `choices` (public ids, sorted) and
    `salt`. `at` is exact while it waits and the hour once it is sealed.
    """

    __tablename__ = "leaf"
    __table_args__ = (
        UniqueConstraint("contest_id", "position"),
        UniqueConstraint("ballot_id", "revision"),
        CheckConstraint("(ballot_id IS NULL) = (revision IS NULL)", name="ballot_has_revision"),
        Index(
            "ix_leaf_waiting",
            "contest_id",
            "id",  # what waits is taken in the order it was written
            sqlite_where=text("position IS NULL"),
            postgresql_where=text("position IS NULL"),
        ),
    )

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    kind: Mapped[str] = mapped_column(String(8))
    content: Mapped[LongText]
    hash: Mapped[str] = mapped_column(String(64))
    position: Mapped[int | None] = mapped_column(BigId)  # from 0; none while it waits
    at: Mapped[Instant]
    ballot_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("ballot.id"))
    revision: Mapped[int | None]
    choices: Mapped[Json | None]
    salt: Mapped[str | None] = mapped_column(String(64))
    committed_by: Mapped[str | None] = mapped_column(String(8))  # browser | server


class Checkpoint(Base):
    """A signed checkpoint, exactly as it was given out. Never changed, never deleted."""

    __tablename__ = "checkpoint"
    __table_args__ = (UniqueConstraint("contest_id", "size"),)

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    size: Mapped[int] = mapped_column(BigId)
    note: Mapped[LongText]
    made_at: Mapped[Instant]


class Tile(Base):
    """Up to 256 hashes of one level of the tree (C2SP tlog-tiles): proofs read these (voting.tiles).

    Level 0 holds hashes of leaves, in full rows only; level 1 roots of 256 leaves, and so on, in rows
    that grow until they are full.
    """

    __tablename__ = "log_tile"

    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigId, primary_key=True)
    hashes: Mapped[bytes] = mapped_column(LargeBinary)


class WitnessReport(Base):
    """That a checkpoint was handed to a witness outside: `witness` is "mail:…" or "git:…"."""

    __tablename__ = "witness_report"
    __table_args__ = (UniqueConstraint("contest_id", "witness", "size"),)

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    witness: Mapped[str] = mapped_column(String(300))
    size: Mapped[int] = mapped_column(BigId)
    at: Mapped[Instant]
    error: Mapped[LongText | None]  # why it did not go out; tried again then
