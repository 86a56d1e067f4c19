"""Communes, departments and organisations, and the people who act for them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.accounts.models import User
from contest.core.db import Base, BigId, Instant, IntPk, UtcInstant


class Unit(Base):
    """A node of the tree, valid from a day (inclusive) until another (exclusive).

    `code` is its stable slug; `kind` and `level` as in units.rules; `parent` is where it stands in
    the territory now. `successor` is what an abolished unit, or most of it, belonged to next; all
    of what became of it stands in UnitChange. `renamed_on` is when it took its present name.
    """

    __tablename__ = "unit"
    __table_args__ = (CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="dates"),)

    id: Mapped[IntPk]
    code: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(200), index=True)
    kind: Mapped[str] = mapped_column(String(30))
    level: Mapped[str] = mapped_column(String(40))
    parent_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("unit.id"), index=True)
    successor_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("unit.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    renamed_on: Mapped[date | None]

    parent: Mapped[Unit | None] = relationship(foreign_keys=[parent_id], remote_side="Unit.id")
    successor: Mapped[Unit | None] = relationship(foreign_keys=[successor_id], remote_side="Unit.id")


class UnitPlace(Base):
    """A unit's place in a tree: sector, organisation, bloc, or where it stood in the territory before.

    Valid from a day (inclusive) until another (exclusive); `parent_id` None stands at the top. The
    present place in the territory is `Unit.parent_id`; rows of that tree are past ones.
    """

    __tablename__ = "unit_place"
    __table_args__ = (
        CheckConstraint("tree IN ('territory', 'sector', 'organisation', 'bloc')", name="tree"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="dates"),
        Index("ix_unit_place_tree", "tree", "parent_id"),
    )

    id: Mapped[IntPk]
    unit_id: Mapped[int] = mapped_column(BigId, ForeignKey("unit.id"), index=True)
    tree: Mapped[str] = mapped_column(String(20))
    parent_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("unit.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]

    unit: Mapped[Unit] = relationship(foreign_keys=[unit_id])
    parent: Mapped[Unit | None] = relationship(foreign_keys=[parent_id])


class UnitName(Base):
    """A name that a unit bore until a day (exclusive); the name it bears now stands in `Unit`."""

    __tablename__ = "unit_name"

    id: Mapped[IntPk]
    unit_id: Mapped[int] = mapped_column(BigId, ForeignKey("unit.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(200), index=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date]


class UnitChange(Base):
    """What became of a unit: merged into another, split to several (with a share), or its work taken over."""

    __tablename__ = "unit_change"
    __table_args__ = (
        CheckConstraint("kind IN ('merged', 'split', 'took_over')", name="kind"),
        CheckConstraint("share IS NULL OR (share > 0 AND share <= 100)", name="share"),
        UniqueConstraint("from_id", "to_id", "on"),
    )

    id: Mapped[IntPk]
    from_id: Mapped[int] = mapped_column(BigId, ForeignKey("unit.id"), index=True)
    to_id: Mapped[int] = mapped_column(BigId, ForeignKey("unit.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    share: Mapped[int | None]  # per cent of the old unit, where known
    on: Mapped[date]
    decision: Mapped[str] = mapped_column(String(200), default="")

    old: Mapped[Unit] = relationship(foreign_keys=[from_id])
    new: Mapped[Unit] = relationship(foreign_keys=[to_id])


class UnitOfficer(Base):
    """The right to act for a unit, granted by a person and ended by one; never deleted."""

    __tablename__ = "unit_officer"
    __table_args__ = (
        # Granted once at a time; an ended grant stays as history beside a new one.
        Index(
            "uq_unit_officer_standing",
            "unit_id",
            "user_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[IntPk]
    unit_id: Mapped[int] = mapped_column(BigId, ForeignKey("unit.id"))
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    granted_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    granted_at: Mapped[Instant]
    ended_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    unit: Mapped[Unit] = relationship()
    user: Mapped[User] = relationship(foreign_keys=[user_id])
