"""Requests about personal data, with their clock, and what retention erased."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.accounts.models import User
from contest.core.db import Base, BigId, Instant, IntPk, Json, LongText, PublicId, UtcInstant


class DataRequest(Base):
    """A person asks for a copy, a correction, erasure, or withdraws a consent.

    `due_on`: the last working day for an answer. `channel` tells how it came (a request on paper is
    keyed in by staff, for `name` and `contact`).
    """

    __tablename__ = "data_request"
    __table_args__ = (
        CheckConstraint("kind IN ('copy', 'correct', 'erase', 'withdraw', 'other')", name="kind"),
        CheckConstraint("outcome IN ('done', 'partly', 'declined', 'called_off')", name="outcome"),
    )

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    user_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    contact: Mapped[str] = mapped_column(String(320), default="")
    channel: Mapped[str] = mapped_column(String(20), default="web")
    kind: Mapped[str] = mapped_column(String(10))
    text: Mapped[LongText] = mapped_column(default="")
    asked_at: Mapped[Instant]
    due_on: Mapped[date]
    taken_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    taken_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    outcome: Mapped[str | None] = mapped_column(String(12))
    answer: Mapped[LongText | None]
    answered_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    answered_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))

    user: Mapped[User | None] = relationship(foreign_keys=[user_id])


class RetentionRun(Base):
    """One run of one retention rule, with how many rows it touched; runs that touch nothing are not kept."""

    __tablename__ = "retention_run"

    id: Mapped[IntPk]
    rule: Mapped[str] = mapped_column(String(40))
    contest_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("contest.id"))
    ran_at: Mapped[Instant]
    counts: Mapped[Json]
