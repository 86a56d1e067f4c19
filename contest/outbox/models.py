"""Messages that were asked for, stored with the change that asks for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from contest.core.db import Base, Instant, IntPk, Json, LongText, UtcInstant


class Message(Base):
    """One message to one address, rendered when it is sent.

    `state`: pending → sent, or failed after the last attempt. `claimed_until` keeps other runners
    off while one is sending; a runner that dies lets the claim lapse.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        CheckConstraint("channel IN ('email', 'sms')", name="channel"),
        CheckConstraint("state IN ('pending', 'sent', 'failed')", name="state"),
        Index("ix_outbox_message_due", "state", "next_try_at"),
    )

    id: Mapped[IntPk]
    channel: Mapped[str] = mapped_column(String(10))
    address: Mapped[str] = mapped_column(String(320))
    locale: Mapped[str] = mapped_column(String(2))
    template: Mapped[str] = mapped_column(String(60))
    params: Mapped[Json]
    created_at: Mapped[Instant]
    state: Mapped[str] = mapped_column(String(10), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[Instant]
    claimed_until: Mapped[datetime | None] = mapped_column(UtcInstant)
    sent_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    error: Mapped[LongText | None]
