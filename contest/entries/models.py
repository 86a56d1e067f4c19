"""Entries: what people write, what they were given for it, and what was decided."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.accounts.models import User
from contest.contests.models import Contest, RuleSetVersion
from contest.core.db import Base, BigId, Instant, IntPk, Json, LongText, PublicId, UtcInstant
from contest.exemplars.models import Exemplar
from contest.units.models import Unit


class Entry(Base):
    """One story in one category of one contest.

    `state` as in entries.rules (draft, submitted, received, completion_requested, accepted,
    refused, withdrawn): only what a person decided; shortlisted and awarded are derived.
    `version` grows with every save of the text, `facts_version` with every save of what is told
    about people and places: each guards against two windows. `blind_code` (số phách) is random
    and given on acceptance. `body_key` and `author_key` are folded for search.

    A submitted text is never edited in place. Its author writes on in a second row, a draft that
    `replaces` it; submitting that draft carries its contents over and removes it.
    `redactions` are phrases that the judges' rendering leaves out; the text itself keeps them.
    """

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("contest_id", "blind_code"),
        Index("ix_entry_contest_state", "contest_id", "category", "state"),
        CheckConstraint(
            "state IN ('draft', 'submitted', 'received', 'completion_requested', 'accepted', 'refused', 'withdrawn')",
            name="state",
        ),
    )

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    category: Mapped[str] = mapped_column(String(20))
    author_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    exemplar_id: Mapped[int] = mapped_column(BigId, ForeignKey("exemplar.id"), unique=True)
    state: Mapped[str] = mapped_column(String(30), default="draft")
    version: Mapped[int] = mapped_column(default=1)
    facts_version: Mapped[int] = mapped_column(default=1)
    replaces_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("entry.id"), unique=True)

    title: Mapped[str] = mapped_column(String(300), default="")
    body: Mapped[LongText] = mapped_column(default="")
    body_key: Mapped[LongText] = mapped_column(default="")
    genre: Mapped[str] = mapped_column(String(40), default="")
    word_count: Mapped[int] = mapped_column(default=0)
    deed_place: Mapped[str] = mapped_column(String(300), default="")
    deed_time: Mapped[str] = mapped_column(String(200), default="")

    author_name: Mapped[str] = mapped_column(String(200), default="")
    author_key: Mapped[str] = mapped_column(String(420), default="")
    pen_name: Mapped[str] = mapped_column(String(200), default="")
    author_phone: Mapped[str] = mapped_column(String(30), default="")
    author_address: Mapped[str] = mapped_column(String(300), default="")
    author_birth_date: Mapped[date | None]
    author_unit_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("unit.id"), index=True)
    guardian_name: Mapped[str] = mapped_column(String(200), default="")
    guardian_phone: Mapped[str] = mapped_column(String(30), default="")
    guardian_relation: Mapped[str] = mapped_column(String(60), default="")
    guardian_consent: Mapped[bool] = mapped_column(default=False)
    declarations: Mapped[Json] = mapped_column(default=dict)  # name of a declaration -> wording version

    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    submitted_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    rules_version_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("rule_set_version.id"))
    blind_code: Mapped[str | None] = mapped_column(String(8))
    decided_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    decided_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    reason: Mapped[LongText | None]  # shown to the author: why refused, what to complete
    completion_due: Mapped[datetime | None] = mapped_column(UtcInstant)
    redactions: Mapped[Json] = mapped_column(default=list)

    contest: Mapped[Contest] = relationship()
    author: Mapped[User] = relationship(foreign_keys=[author_id])
    author_unit: Mapped[Unit | None] = relationship()
    exemplar: Mapped[Exemplar] = relationship()
    rules_version: Mapped[RuleSetVersion | None] = relationship()
    replaces: Mapped[Entry | None] = relationship(foreign_keys=[replaces_id], remote_side="Entry.id")
    photos: Mapped[list[Photo]] = relationship(order_by="Photo.position", back_populates="entry")
    receipts: Mapped[list[Receipt]] = relationship(order_by="Receipt.number", back_populates="entry")


class Photo(Base):
    """A photo of an entry: re-encoded pixels without metadata, in two sizes.

    `sha256` is of the file as it was sent, for the receipt; the file itself is not kept.
    """

    __tablename__ = "photo"

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"), index=True)
    position: Mapped[int]
    large_key: Mapped[str] = mapped_column(String(60))
    small_key: Mapped[str] = mapped_column(String(60))
    width: Mapped[int]  # pixels of the large size
    height: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    caption: Mapped[str] = mapped_column(String(300), default="")
    photographer: Mapped[str] = mapped_column(String(200), default="")
    alt: Mapped[str] = mapped_column(String(300), default="")
    consent: Mapped[bool] = mapped_column(default=False)  # who can be recognised has agreed
    created_at: Mapped[Instant]

    entry: Mapped[Entry] = relationship(back_populates="photos")


class Receipt(Base):
    """What the author holds after submitting: one row for each (re)submission, never changed.

    `draft_id` is the public id of the draft that was sent. One draft gives one receipt, however
    often its form is sent.
    """

    __tablename__ = "receipt"
    __table_args__ = (UniqueConstraint("entry_id", "number"),)

    id: Mapped[IntPk]
    code: Mapped[str] = mapped_column(String(24), unique=True)
    draft_id: Mapped[str] = mapped_column(String(14), unique=True)
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"))
    number: Mapped[int]
    at: Mapped[Instant]
    rules_version_id: Mapped[int] = mapped_column(BigId, ForeignKey("rule_set_version.id"))
    title: Mapped[str] = mapped_column(String(300))
    text: Mapped[LongText]  # the body as it was submitted
    text_sha256: Mapped[str] = mapped_column(String(64))
    word_count: Mapped[int]
    files: Mapped[Json]  # [{caption, sha256}]

    entry: Mapped[Entry] = relationship(back_populates="receipts")
    rules_version: Mapped[RuleSetVersion] = relationship()


class Advancement(Base):
    """An entry that reached the final round. `fell_out_at` when it was withdrawn or refused later."""

    __tablename__ = "advancement"

    id: Mapped[IntPk]
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"), unique=True)
    at: Mapped[Instant]
    fell_out_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    entry: Mapped[Entry] = relationship()
