"""Papers that follow from results: certificates that were issued, how they look, and the making of many."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from contest.core.db import Base, BigId, Instant, IntPk, Json, LongText, PublicId, UtcInstant


class CertificateLook(Base):
    """How an organiser wants certificates to look: words and places, never code (papers.certificates)."""

    __tablename__ = "certificate_look"
    __table_args__ = (UniqueConstraint("contest_id"),)

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    template: Mapped[str] = mapped_column(String(30))
    settings: Mapped[Json]
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[Instant]
    changed_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))


class Certificate(Base):
    """A certificate that was issued: its number, its code on the check page, and what stands on it.

    `subject` is "award:<prize>:<entry id>" or "unit:<prize>:<unit id>", the same when the results are amended;
    `recipient` which of its people: "author", "member:<place>" or "unit". `words` as papers.certificates
    keeps them.
    """

    __tablename__ = "certificate"
    __table_args__ = (UniqueConstraint("contest_id", "number"), UniqueConstraint("contest_id", "subject", "recipient"))

    id: Mapped[IntPk]
    code: Mapped[str] = mapped_column(String(14), unique=True)
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    number: Mapped[int]
    subject: Mapped[str] = mapped_column(String(80))
    recipient: Mapped[str] = mapped_column(String(300))
    words: Mapped[Json]
    issued_at: Mapped[Instant]
    issued_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))


class PaperJob(Base):
    """Papers made in the background, piece by piece. Claimed like bundles are (papers.jobs).

    `spec` holds all that the papers are made of but their words: the ids of the certificates, the look, the
    letterhead, so that every piece is of one kind. `parts` are the keys of the finished files in their order:
    a job that was cut off goes on after the last of them.
    """

    __tablename__ = "paper_job"

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), index=True)
    kind: Mapped[str] = mapped_column(String(30))
    spec: Mapped[Json]
    parts: Mapped[Json]
    asked_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    asked_at: Mapped[Instant]
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting | running | done | failed | cancelled
    claimed_until: Mapped[datetime | None] = mapped_column(UtcInstant)
    error: Mapped[LongText | None]
    finished_at: Mapped[datetime | None] = mapped_column(UtcInstant)
