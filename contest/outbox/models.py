"""Messages that were asked for, stored with the change that asks for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from contest.core.db import Base, Instant, IntPk, Json, LongText, UtcInstant


class Message(Base):
    """One message to one address, rendered when it is sent.

    `state`: pending → sent, or failed after the last attempt. `claimed_until` keeps other runners
    off while one is sending; a runner that dies lets the claim lapse. `unsure`: how many attempts ended
    without an answer after the whole message was handed over: each may have arrived.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        CheckConstraint("channel IN ('email', 'sms')", name="channel"),
        CheckConstraint("state IN ('pending', 'sent', 'failed')", name="state"),
        Index("ix_outbox_message_due", "state", "next_try_at"),
        Index("ix_outbox_message_scope", "scope", "state"),
    )

    id: Mapped[IntPk]
    channel: Mapped[str] = mapped_column(String(10))
    address: Mapped[str] = mapped_column(String(320))
    locale: Mapped[str] = mapped_column(String(2))
    template: Mapped[str] = mapped_column(String(60))
    params: Mapped[Json]
    scope: Mapped[str] = mapped_column(String(120), default="")  # whose wording: a contest's slug, or the site's
    created_at: Mapped[Instant]
    state: Mapped[str] = mapped_column(String(10), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    unsure: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    next_try_at: Mapped[Instant]
    claimed_until: Mapped[datetime | None] = mapped_column(UtcInstant)
    sent_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    error: Mapped[LongText | None]


class MessageText(Base):
    """An organiser's own wording of a message, in place of the template of the same name.

    `body` holds named blanks in braces, such as {code}; outbox.wording says which a template knows.
    The site's wording has an empty `scope`.
    """

    __tablename__ = "message_text"
    __table_args__ = (
        UniqueConstraint("scope", "template", "locale", "channel"),
        CheckConstraint("channel IN ('email', 'sms')", name="channel"),
    )

    id: Mapped[IntPk]
    scope: Mapped[str] = mapped_column(String(120), default="")
    template: Mapped[str] = mapped_column(String(60))
    locale: Mapped[str] = mapped_column(String(2))
    channel: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(200), default="")
    body: Mapped[LongText]
    changed_at: Mapped[Instant]
    changed_by_id: Mapped[int | None] = mapped_column(BigInteger)  # a user's id; accounts lies above this room
