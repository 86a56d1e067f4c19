"""What the secretariat's desk remembers: findings, fingerprints of texts, near-copies, views, reasons."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.core.db import Base, BigId, Instant, IntPk, Json, LongText, PublicId, UtcInstant
from contest.entries.models import Entry


class Fingerprint(Base):
    """The hashed shingles of a submitted text, for finding near-copies; made anew when the text changes."""

    __tablename__ = "fingerprint"

    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id", ondelete="CASCADE"), primary_key=True)
    text_sha256: Mapped[str] = mapped_column(String(64))
    shingles: Mapped[bytes] = mapped_column(LargeBinary)  # sorted unsigned 64-bit numbers, little-endian
    sample: Mapped[bytes] = mapped_column(LargeBinary)  # the smallest of them: what candidates are found by
    made_at: Mapped[Instant]


class NearCopy(Base):
    """Two entries that share a good part of their text; `one_id` < `other_id`.

    `share`: per mille of the shorter text that the other holds. `passages`: the exact common runs,
    [{one: [from, to], other: [from, to]}] in characters of the bodies. A person judges it.
    """

    __tablename__ = "near_copy"
    __table_args__ = (
        UniqueConstraint("one_id", "other_id"),
        CheckConstraint("one_id < other_id", name="order"),
        CheckConstraint("judged IN ('copy', 'harmless')", name="judged"),
    )

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    one_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id", ondelete="CASCADE"))
    other_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id", ondelete="CASCADE"), index=True)
    share: Mapped[int]
    passages: Mapped[Json]
    found_at: Mapped[Instant]
    judged: Mapped[str | None] = mapped_column(String(10))
    judged_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    judged_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    note: Mapped[LongText | None]

    one: Mapped[Entry] = relationship(foreign_keys=[one_id])
    other: Mapped[Entry] = relationship(foreign_keys=[other_id])


class Finding(Base):
    """Something that a machine noticed in a submitted entry and a person should look at.

    `kind` as in screening.rules (limits, missing part, author's name in the text …); `place` is
    where (title, body, caption, file). `other_id` is the other entry, where two have something in
    common. Set aside by a person, or gone when the entry is checked anew and it is no longer so.
    """

    __tablename__ = "finding"
    __table_args__ = (Index("ix_finding_entry", "entry_id", "kind"),)

    id: Mapped[IntPk]
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(30))
    place: Mapped[str] = mapped_column(String(30), default="")
    other_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("entry.id", ondelete="CASCADE"), index=True)
    public_id: Mapped[PublicId]
    details: Mapped[Json]
    found_at: Mapped[Instant]
    set_aside_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    set_aside_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))

    other: Mapped[Entry | None] = relationship(foreign_keys=[other_id])


class Checked(Base):
    """Which submission of an entry was checked, and by which version of the checks."""

    __tablename__ = "checked"

    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id", ondelete="CASCADE"), primary_key=True)
    submitted_at: Mapped[Instant]
    checks: Mapped[int]
    at: Mapped[Instant]


class ReasonTemplate(Base):
    """A wording that a secretariat uses often, for refusing or asking for completion."""

    __tablename__ = "reason_template"
    __table_args__ = (CheckConstraint("verb IN ('refuse', 'complete')", name="verb"),)

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), index=True)
    verb: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(100))
    text: Mapped[LongText]
    made_at: Mapped[Instant]
    made_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))


class SavedView(Base):
    """A narrowing of the secretariat's list that a person kept under a name."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("contest_id", "user_id", "name"),)

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    arguments: Mapped[Json]
    made_at: Mapped[Instant]
