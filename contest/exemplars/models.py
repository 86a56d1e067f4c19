"""The people, collectives and models written about, and what their unit says of them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.accounts.models import User
from contest.core.db import Base, BigId, Instant, IntPk, LongText, PublicId, UtcInstant
from contest.units.models import Unit


class Exemplar(Base):
    """Who or what a story is about. Facts about the exemplar are not the author's identity.

    `unit` is where the exemplar lives or works, or where the deed took place: the unit that
    verifies. `contact` is for that unit alone.
    """

    __tablename__ = "exemplar"
    __table_args__ = (CheckConstraint("kind IN ('individual', 'collective', 'household', 'model')", name="kind"),)

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    kind: Mapped[str] = mapped_column(String(20), default="individual")
    name: Mapped[str] = mapped_column(String(200), default="")
    name_key: Mapped[str] = mapped_column(String(200), default="", index=True)
    role: Mapped[str] = mapped_column(String(200), default="")
    unit_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("unit.id"), index=True)
    address: Mapped[str] = mapped_column(String(300), default="")
    contact: Mapped[str] = mapped_column(String(200), default="")
    is_child: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Instant]
    # Another record of the same person or collective, which stands for both; see exemplars.records.
    same_as_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("exemplar.id"), index=True)
    # While a matter is being cleared (discipline, complaint …) nothing about it is published or awarded.
    hold_reason: Mapped[str | None] = mapped_column(String(60))
    hold_note: Mapped[LongText | None]
    held_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    held_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))

    unit: Mapped[Unit | None] = relationship()
    same_as: Mapped[Exemplar | None] = relationship(remote_side="Exemplar.id")
    held_by: Mapped[User | None] = relationship()


class Verification(Base):
    """A question to the exemplar's unit, and its answer. A later answer is a new row.

    `title` and `story` are what the unit was asked to verify, as it read when it was asked.

    `outcome` is None while the unit has not answered. `due_on`: the last day, counted in working
    days. `consent`: whether the exemplar agreed to be presented; `guardian_consent` for a child.
    """

    __tablename__ = "verification"
    __table_args__ = (
        CheckConstraint("outcome IN ('verified', 'unverifiable', 'on_hold', 'refuted')", name="outcome"),
        Index(
            "uq_verification_standing",
            "contest_id",
            "exemplar_id",
            unique=True,
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
    )

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    exemplar_id: Mapped[int] = mapped_column(BigId, ForeignKey("exemplar.id"), index=True)
    unit_id: Mapped[int] = mapped_column(BigId, ForeignKey("unit.id"), index=True)
    requested_at: Mapped[Instant]
    requested_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    due_on: Mapped[date]
    title: Mapped[str] = mapped_column(String(300), default="")
    story: Mapped[LongText] = mapped_column(default="")
    outcome: Mapped[str | None] = mapped_column(String(20))
    hold_reason: Mapped[str | None] = mapped_column(String(60))
    note: Mapped[LongText | None]
    consent: Mapped[bool | None]
    guardian_consent: Mapped[bool | None]
    consent_text: Mapped[str | None] = mapped_column(String(20))  # version of the wording agreed to
    consent_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    answered_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    answered_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    superseded_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    reminders: Mapped[int] = mapped_column(default=0)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    exemplar: Mapped[Exemplar] = relationship()
    unit: Mapped[Unit] = relationship()
    answered_by: Mapped[User | None] = relationship(foreign_keys=[answered_by_id])
    documents: Mapped[list[VerificationDocument]] = relationship(order_by="VerificationDocument.id")


class VerificationDocument(Base):
    """A paper that a unit attached to its answer (a scan, a photo). Shown to the secretariat and the unit alone."""

    __tablename__ = "verification_document"

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    verification_id: Mapped[int] = mapped_column(BigId, ForeignKey("verification.id"), index=True)
    key: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(80))
    size: Mapped[int]  # bytes
    sha256: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[Instant]
    added_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))


class Consent(Base):
    """That an exemplar (or who speaks for a child) agreed to one purpose, and when that was withdrawn.

    `purpose`: `present` (name and story), `photos` (being recognised in them). `version` names the
    wording. A withdrawn consent stays; agreeing again is a new row.
    """

    __tablename__ = "exemplar_consent"
    __table_args__ = (CheckConstraint("purpose IN ('present', 'photos')", name="purpose"),)

    id: Mapped[IntPk]
    exemplar_id: Mapped[int] = mapped_column(BigId, ForeignKey("exemplar.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(20))
    version: Mapped[str] = mapped_column(String(20))
    given_by: Mapped[str] = mapped_column(String(20), default="exemplar")  # exemplar | guardian | both
    given_at: Mapped[Instant]
    recorded_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    verification_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("verification.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    withdrawn_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    withdrawn_because: Mapped[LongText | None]

    exemplar: Mapped[Exemplar] = relationship()
    recorded_by: Mapped[User | None] = relationship(foreign_keys=[recorded_by_id])
    withdrawn_by: Mapped[User | None] = relationship(foreign_keys=[withdrawn_by_id])


class NotTheSame(Base):
    """Two records that a person found to be different people; they are not suggested again."""

    __tablename__ = "exemplar_not_the_same"
    __table_args__ = (UniqueConstraint("one_id", "other_id"), CheckConstraint("one_id < other_id", name="order"))

    id: Mapped[IntPk]
    one_id: Mapped[int] = mapped_column(BigId, ForeignKey("exemplar.id"))
    other_id: Mapped[int] = mapped_column(BigId, ForeignKey("exemplar.id"))
    said_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    said_at: Mapped[Instant]
