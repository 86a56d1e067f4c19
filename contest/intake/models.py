"""Bundles of entries sent by a unit. How an entry came on paper stands in entries.models."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import Base, BigId, Instant, IntPk, Json, PublicId, UtcInstant
from contest.entries.models import Entry
from contest.units.models import Unit


class Bundle(Base):
    """A zip with a spreadsheet, sent by a unit's officer: read first, imported on their word.

    `state`: reading → read → importing → imported, or unreadable / given_up. Work is claimed by
    `claimed_until`; whoever dies lets it lapse, and the next goes on with the lines left.
    """

    __tablename__ = "bundle"
    __table_args__ = (
        CheckConstraint(
            "state IN ('reading', 'read', 'importing', 'imported', 'unreadable', 'given_up')", name="state"
        ),
    )

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), index=True)
    unit_id: Mapped[int] = mapped_column(BigId, ForeignKey("unit.id"), index=True)
    sent_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    sent_at: Mapped[Instant]
    name: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(60))
    size: Mapped[int]  # bytes
    sha256: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(12), default="reading")
    problem: Mapped[Json | None]  # why it is unreadable: {message, params}
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    finished_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcInstant)  # wall time

    contest: Mapped[Contest] = relationship()
    unit: Mapped[Unit] = relationship()
    sent_by: Mapped[User] = relationship()
    lines: Mapped[list[BundleLine]] = relationship(order_by="BundleLine.number", back_populates="bundle")


class BundleLine(Base):
    """One line of a bundle's spreadsheet and what became of it.

    `state`: waiting (not read yet), ready, faulty (see `problems`), imported (see `entry_id`), doubled
    (the same entry came before). `mark` is a hash of author, title and text; `taken` holds it, with
    the contest, once the line is imported: that it is unique is what keeps an entry from coming twice.
    """

    __tablename__ = "bundle_line"
    __table_args__ = (
        UniqueConstraint("bundle_id", "number"),
        CheckConstraint("state IN ('waiting', 'ready', 'faulty', 'imported', 'doubled')", name="state"),
    )

    id: Mapped[IntPk]
    bundle_id: Mapped[int] = mapped_column(BigId, ForeignKey("bundle.id", ondelete="CASCADE"))
    number: Mapped[int]  # the row of the spreadsheet
    state: Mapped[str] = mapped_column(String(10))
    cells: Mapped[Json]
    problems: Mapped[Json]  # [{where, message, params}]
    notes: Mapped[Json]  # what was changed or left out while reading: [{message, params}]
    mark: Mapped[str] = mapped_column(String(64), default="")
    taken: Mapped[str | None] = mapped_column(String(90), unique=True)
    entry_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("entry.id"), unique=True)
    receipt_code: Mapped[str | None] = mapped_column(String(24))

    bundle: Mapped[Bundle] = relationship(back_populates="lines")
    entry: Mapped[Entry | None] = relationship()
