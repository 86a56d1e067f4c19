"""The people, collectives and models written about, and what their unit says of them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

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

    unit: Mapped[Unit | None] = relationship()


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

    exemplar: Mapped[Exemplar] = relationship()
    unit: Mapped[Unit] = relationship()
