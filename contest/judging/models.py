"""Panels, assignments, score sheets, and what the chair put on record."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.accounts.models import User
from contest.core.db import (
    Base,
    BigId,
    Hundredths,
    HundredthsType,
    Instant,
    IntPk,
    Json,
    LongText,
    PublicId,
    UtcInstant,
)
from contest.entries.models import Entry


class PanelSeat(Base):
    """A judge's place in the panel of one round and category; ended, never deleted."""

    __tablename__ = "panel_seat"
    __table_args__ = (
        Index(
            "uq_panel_seat_standing",
            "contest_id",
            "round",
            "category",
            "judge_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    round: Mapped[str] = mapped_column(String(20))
    category: Mapped[str] = mapped_column(String(20))
    judge_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    seated_at: Mapped[Instant]
    ended_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    judge: Mapped[User] = relationship()


class Assignment(Base):
    """One entry given to one judge in one round: once, whatever happens to the panel.

    `standing` is false while the judge is recused from the entry or off the panel; a finished
    sheet survives and counts again when the judge returns. `place` is the judge's own order.
    """

    __tablename__ = "assignment"
    __table_args__ = (
        UniqueConstraint("round", "entry_id", "judge_id"),
        CheckConstraint("kind IN ('regular', 'third')", name="kind"),
        Index("ix_assignment_judge", "judge_id", "round"),
    )

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    round: Mapped[str] = mapped_column(String(20))
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"))
    judge_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    kind: Mapped[str] = mapped_column(String(10), default="regular")
    place: Mapped[int]  # random
    standing: Mapped[bool] = mapped_column(default=True)
    assigned_at: Mapped[Instant]
    ended_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    ended_because: Mapped[str | None] = mapped_column(String(20))  # conflict | removed

    entry: Mapped[Entry] = relationship()
    judge: Mapped[User] = relationship()
    sheet: Mapped[Sheet | None] = relationship(back_populates="assignment")


class Sheet(Base):
    """A judge's score sheet: working marks saved as one goes, and final once the judge says so.

    `version` grows with every save (two windows never overwrite each other). What was final is in
    `revisions`, append-only: the latest counts, the old ones stay.
    """

    __tablename__ = "sheet"
    __table_args__ = (CheckConstraint("state IN ('open', 'final')", name="state"),)

    id: Mapped[IntPk]
    assignment_id: Mapped[int] = mapped_column(BigId, ForeignKey("assignment.id"), unique=True)
    state: Mapped[str] = mapped_column(String(10), default="open")
    version: Mapped[int] = mapped_column(default=1)
    comment: Mapped[LongText] = mapped_column(default="")
    updated_at: Mapped[Instant]

    assignment: Mapped[Assignment] = relationship(back_populates="sheet")
    marks: Mapped[list[Mark]] = relationship(cascade="all, delete-orphan")
    revisions: Mapped[list[SheetRevision]] = relationship(order_by="SheetRevision.number", back_populates="sheet")


class Mark(Base):
    """The working mark of one criterion."""

    __tablename__ = "mark"

    sheet_id: Mapped[int] = mapped_column(BigId, ForeignKey("sheet.id"), primary_key=True)
    criterion: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[Hundredths]


class SheetRevision(Base):
    """A sheet as it was when finalised. `marks`: {criterion: decimal as text}. Never changed."""

    __tablename__ = "sheet_revision"
    __table_args__ = (UniqueConstraint("sheet_id", "number"),)

    id: Mapped[IntPk]
    sheet_id: Mapped[int] = mapped_column(BigId, ForeignKey("sheet.id"))
    number: Mapped[int]
    marks: Mapped[Json]
    total: Mapped[Decimal] = mapped_column(HundredthsType)
    comment: Mapped[LongText] = mapped_column(default="")
    at: Mapped[Instant]
    reason: Mapped[LongText | None]  # why it was scored again

    sheet: Mapped[Sheet] = relationship(back_populates="revisions")


class ConflictOfInterest(Base):
    """A reason why a person must not judge an entry; lifted, never deleted.

    `source`: declared (by the judge), chair, own_entry, own_unit, exemplar_unit, relative.
    """

    __tablename__ = "conflict_of_interest"
    __table_args__ = (UniqueConstraint("entry_id", "judge_id", "source"),)

    id: Mapped[IntPk]
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"))
    judge_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    source: Mapped[str] = mapped_column(String(20))
    note: Mapped[LongText | None]
    recorded_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    recorded_at: Mapped[Instant]
    lifted_at: Mapped[datetime | None] = mapped_column(UtcInstant)


class GapSettlement(Base):
    """The chair's record that the judges talked about a gap; the latest revisions it saw.

    `seen` maps a judge's sheet to the revision number at that time: a re-score afterwards that
    leaves a gap opens it again.
    """

    __tablename__ = "gap_settlement"

    id: Mapped[IntPk]
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"), index=True)
    round: Mapped[str] = mapped_column(String(20))
    by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    at: Mapped[Instant]
    note: Mapped[LongText]
    seen: Mapped[Json]


class SetAside(Base):
    """An entry that is passed over at the line, by name and with a reason."""

    __tablename__ = "set_aside"
    __table_args__ = (UniqueConstraint("entry_id", "round"),)

    id: Mapped[IntPk]
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"))
    round: Mapped[str] = mapped_column(String(20))
    by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    at: Mapped[Instant]
    reason: Mapped[LongText]


class RoundClosing(Base):
    """A round of a category that was closed: its scores are locked from this instant."""

    __tablename__ = "round_closing"
    __table_args__ = (UniqueConstraint("contest_id", "round", "category"),)

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    round: Mapped[str] = mapped_column(String(20))
    category: Mapped[str] = mapped_column(String(20))
    by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    at: Mapped[Instant]


class CouncilBallot(Base):
    """The council's secret ballot on a tie, entered by the chair.

    `groups`: blind codes from the best, those found equal together: [["7K2M"], ["4F7K", "9QX3"]].
    The latest ballot on the same set of entries counts; earlier ones stay.
    """

    __tablename__ = "council_ballot"

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), index=True)
    category: Mapped[str] = mapped_column(String(20))
    groups: Mapped[Json]
    present: Mapped[int]
    note: Mapped[LongText]
    by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    at: Mapped[Instant]


class CodeMapOpening(Base):
    """The opening of the map from codes to authors of one category: asked for by one person, done by another.

    Only once its scores are locked. Nothing is sealed again; each reading is an audit row.
    """

    __tablename__ = "code_map_opening"
    __table_args__ = (UniqueConstraint("contest_id", "category"),)

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    category: Mapped[str] = mapped_column(String(20))
    reason: Mapped[LongText]
    asked_at: Mapped[Instant]
    asked_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    opened_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    opened_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))

    asked_by: Mapped[User] = relationship(foreign_keys=[asked_by_id])
    opened_by: Mapped[User | None] = relationship(foreign_keys=[opened_by_id])
