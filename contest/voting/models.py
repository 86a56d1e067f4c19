"""The public vote: who may vote (as keyed hashes), their one ballot, and its choices."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.core.db import Base, BigId, Instant, IntPk, Json, UtcInstant
from contest.voting.models_review import PaperBatch


class VoteKey(Base):
    """The key of one contest that turns contacts into tags; deleted when its rules say so."""

    __tablename__ = "vote_key"

    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), primary_key=True, autoincrement=False)
    secret: Mapped[str] = mapped_column(String(64))


class Voter(Base):
    """Someone who proved that a contact is theirs. `tag` is a keyed hash; no contact is stored.

    `barred` and `own` are found when the contact is proven, so that casting need not look them up.
    """

    __tablename__ = "voter"
    __table_args__ = (UniqueConstraint("contest_id", "tag"),)

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    tag: Mapped[str] = mapped_column(String(64))
    order_seed: Mapped[str] = mapped_column(String(16))  # the order of finalists for this voter
    created_at: Mapped[Instant]  # the hour: who voted when is nobody's business
    barred: Mapped[str | None] = mapped_column(String(16))  # why they may not vote: a code of `voting.barred`
    own: Mapped[Json | None]  # ids of entries that they may not choose, being their authors


class VoteCode(Base):
    """A one-time code sent to a contact: its hash, when it lapses, how often it was tried. Wall times.

    The latest row of a tag is the only code that works: a new one voids those before it.
    """

    __tablename__ = "vote_code"
    __table_args__ = (Index("ix_vote_code_tag", "contest_id", "tag"),)

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    tag: Mapped[str] = mapped_column(String(64))
    code_hash: Mapped[str] = mapped_column(String(64))
    prefix: Mapped[str] = mapped_column(String(8), default="")  # of a number: +84912; "" by mail
    sent_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None] = mapped_column(UtcInstant)


class Ballot(Base):
    """One ballot of a voter, or of paper. A change raises `revision` and replaces the choices.

    `scope` says which of a voter's ballots it is where the rules give more than one: "contest",
    "category:A" or "2027-05-20/1" (day and number). The constraint is what makes it one: casting
    inserts first and asks afterwards.
    """

    __tablename__ = "ballot"
    __table_args__ = (
        UniqueConstraint("contest_id", "voter_id", "scope"),
        CheckConstraint("voter_id IS NULL OR batch_id IS NULL", name="one_source"),
    )

    id: Mapped[IntPk]
    ballot_id: Mapped[str] = mapped_column(String(16), unique=True)  # random, on the voter's receipt
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    voter_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("voter.id"))  # none: paper, or forgotten
    batch_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("paper_batch.id"), index=True)
    scope: Mapped[str] = mapped_column(String(60), default="contest")
    tag: Mapped[str] = mapped_column(String(64))  # as in the log: of the voter and the scope; "" on paper
    revision: Mapped[int] = mapped_column(default=1)
    cast_at: Mapped[Instant]
    changed_at: Mapped[Instant]

    batch: Mapped[PaperBatch | None] = relationship()
    choices: Mapped[list[Choice]] = relationship(cascade="all, delete-orphan", order_by="Choice.slot")


class Choice(Base):
    """One chosen entry on a ballot. `slot` counts from 1; the cap is checked in the service."""

    __tablename__ = "choice"
    __table_args__ = (
        UniqueConstraint("ballot_id", "entry_id"),
        CheckConstraint("slot BETWEEN 1 AND 20", name="slot"),
    )

    ballot_id: Mapped[int] = mapped_column(BigId, ForeignKey("ballot.id"), primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"), index=True)
