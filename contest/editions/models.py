"""Editions: an entry as the public may read it, prepared by one hand and approved (duyệt đăng)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.accounts.models import User
from contest.core.db import Base, BigId, Instant, IntPk, Json, LongText, UtcInstant
from contest.entries.models import Entry, Photo


class Edition(Base):
    """One prepared version of an entry for readers; the original and the judges' version stay.

    Public while `approved_at` is set and `withdrawn_at` is not; at most one stands per entry, and at
    most one is being prepared. `abridged` shows the mark “lược trích”. `source_sha256` is of what the
    author sent, as it read when this edition was begun. A withdrawal without a reason is a
    replacement by the next number.
    """

    __tablename__ = "edition"
    __table_args__ = (
        UniqueConstraint("entry_id", "number"),
        Index(
            "uq_edition_standing",
            "entry_id",
            unique=True,
            sqlite_where=text("approved_at IS NOT NULL AND withdrawn_at IS NULL"),
            postgresql_where=text("approved_at IS NOT NULL AND withdrawn_at IS NULL"),
        ),
        Index(
            "uq_edition_prepared",
            "entry_id",
            unique=True,
            sqlite_where=text("approved_at IS NULL"),
            postgresql_where=text("approved_at IS NULL"),
        ),
        CheckConstraint("approved_at IS NOT NULL OR withdrawn_at IS NULL", name="withdrawn"),
    )

    id: Mapped[IntPk]
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)  # guards against two windows
    title: Mapped[str] = mapped_column(String(300))
    document: Mapped[LongText]
    source_sha256: Mapped[str] = mapped_column(String(64))
    abridged: Mapped[bool] = mapped_column(default=False)
    author_shown: Mapped[bool] = mapped_column(default=True)
    checks: Mapped[Json]  # what was ticked on approval: name -> wording version
    prepared_at: Mapped[Instant]
    prepared_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    approved_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    approved_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    withdrawn_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    withdrawn_because: Mapped[LongText | None]

    entry: Mapped[Entry] = relationship()
    prepared_by: Mapped[User | None] = relationship(foreign_keys=[prepared_by_id])
    approved_by: Mapped[User | None] = relationship(foreign_keys=[approved_by_id])
    withdrawn_by: Mapped[User | None] = relationship(foreign_keys=[withdrawn_by_id])
    photos: Mapped[list[EditionPhoto]] = relationship(
        order_by="EditionPhoto.position", back_populates="edition", cascade="all, delete-orphan"
    )


class EditionPhoto(Base):
    """A photo as an edition shows it, or does not."""

    __tablename__ = "edition_photo"
    __table_args__ = (UniqueConstraint("edition_id", "photo_id"),)

    id: Mapped[IntPk]
    edition_id: Mapped[int] = mapped_column(BigId, ForeignKey("edition.id", ondelete="CASCADE"))
    photo_id: Mapped[int] = mapped_column(BigId, ForeignKey("photo.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    shown: Mapped[bool] = mapped_column(default=True)
    caption: Mapped[str] = mapped_column(String(300), default="")
    alt: Mapped[str] = mapped_column(String(300), default="")
    credit: Mapped[str] = mapped_column(String(200), default="")

    edition: Mapped[Edition] = relationship(back_populates="photos")
    photo: Mapped[Photo] = relationship()
