"""Remarks, objections and complaints: what anyone says against an entry, a prize or a contest, and what came of it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import Base, BigId, Instant, IntPk, LongText, PublicId, UtcInstant
from contest.entries.models import Entry


class Complaint(Base):
    """One case. `received_at`: when it reached any channel; the clocks run in working days from then.

    `kind`: remark (on finalists), objection (between the posting and the decision), complaint (after).
    `late`: it came after its window; it is looked at all the same. `code` is on the receipt: whoever holds
    it follows the case. `freezes`: while it is open, the prize of its entry waits.
    """

    __tablename__ = "complaint"
    __table_args__ = (
        CheckConstraint("kind IN ('remark', 'objection', 'complaint')", name="kind"),
        CheckConstraint("state IN ('received', 'taken', 'answered', 'withdrawn')", name="state"),
        CheckConstraint("outcome IN ('upheld', 'partly', 'rejected', 'not_ours')", name="outcome"),
        Index("ix_complaint_contest_state", "contest_id", "state"),
    )

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    code: Mapped[str] = mapped_column(String(14), unique=True)
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    kind: Mapped[str] = mapped_column(String(10))
    entry_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("entry.id"), index=True)
    prize_id: Mapped[str | None] = mapped_column(String(40))
    text: Mapped[LongText]
    wanted: Mapped[LongText]  # what should be done, in the sender's words
    name: Mapped[str] = mapped_column(String(200), default="")
    contact: Mapped[str] = mapped_column(String(320), default="")
    user_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    channel: Mapped[str] = mapped_column(String(20))  # of the rules' complaints.channels
    keyed_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))  # who typed what came otherwise
    locale: Mapped[str] = mapped_column(String(2), default="vi")  # in which the sender is written to
    received_at: Mapped[Instant]
    late: Mapped[bool] = mapped_column(default=False)
    acknowledge_by: Mapped[date]
    answer_by: Mapped[date]
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    owner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    state: Mapped[str] = mapped_column(String(10), default="received")
    freezes: Mapped[bool] = mapped_column(default=False)
    outcome: Mapped[str | None] = mapped_column(String(10))
    reply: Mapped[LongText | None]
    answered_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    answered_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    published: Mapped[LongText | None]  # what the public is told of the outcome; none: nothing
    published_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    forgotten_at: Mapped[datetime | None] = mapped_column(UtcInstant)  # since then nothing here tells who it came from

    contest: Mapped[Contest] = relationship()
    entry: Mapped[Entry | None] = relationship()
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])


class ComplaintNote(Base):
    """What was done about a case, in its order; never changed.

    `inside`: the sender does not see it. `from_sender`: the sender wrote it, with the code of the receipt.
    """

    __tablename__ = "complaint_note"

    id: Mapped[IntPk]
    complaint_id: Mapped[int] = mapped_column(BigId, ForeignKey("complaint.id"), index=True)
    at: Mapped[Instant]
    by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    text: Mapped[LongText]
    inside: Mapped[bool] = mapped_column(default=True)
    from_sender: Mapped[bool] = mapped_column(default=False)

    by: Mapped[User | None] = relationship()


class ComplaintFile(Base):
    """A paper that came with a case: a PDF or a picture, checked like those of entries."""

    __tablename__ = "complaint_file"

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    complaint_id: Mapped[int] = mapped_column(BigId, ForeignKey("complaint.id"), index=True)
    storage_key: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(200))
    mime: Mapped[str] = mapped_column(String(60))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[Instant]
