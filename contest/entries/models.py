"""Entries: what people write, what they were given for it, and what was decided."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
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
    `document` is the text with its headings, emphasis, lists, quotes and places of photos
    (core.richtext); `body` is the same without them: what is counted, hashed and searched.
    `medium` and `publications` are set for works that the press has published. `source` tells how
    the entry came; `helper_id` is who typed or sent it for its author.
    """

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("contest_id", "blind_code"),
        Index("ix_entry_contest_state", "contest_id", "category", "state"),
        # The secretariat's list: its order, and all that it is narrowed by, so that of thousands of long
        # texts none is read that is not shown.
        Index(
            "ix_entry_list",
            "contest_id",
            "submitted_at",
            "id",
            "state",
            "category",
            "source",
            "word_count",
            "exemplar_id",
            "author_unit_id",
        ),
        CheckConstraint(
            "state IN ('draft', 'submitted', 'received', 'completion_requested', 'accepted', 'refused', 'withdrawn')",
            name="state",
        ),
        CheckConstraint("source IN ('web', 'bundle', 'paper')", name="source"),
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
    document: Mapped[LongText] = mapped_column(default="")
    body: Mapped[LongText] = mapped_column(default="")
    body_key: Mapped[LongText] = mapped_column(default="")
    genre: Mapped[str] = mapped_column(String(40), default="")
    word_count: Mapped[int] = mapped_column(default=0)
    medium: Mapped[str] = mapped_column(String(20), default="")
    source: Mapped[str] = mapped_column(String(10), default="web")
    helper_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    sent_by_unit_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("unit.id"), index=True)
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
    author_unit: Mapped[Unit | None] = relationship(foreign_keys=[author_unit_id])
    sent_by_unit: Mapped[Unit | None] = relationship(foreign_keys=[sent_by_unit_id])
    helper: Mapped[User | None] = relationship(foreign_keys=[helper_id])
    exemplar: Mapped[Exemplar] = relationship()
    rules_version: Mapped[RuleSetVersion | None] = relationship()
    replaces: Mapped[Entry | None] = relationship(foreign_keys=[replaces_id], remote_side="Entry.id")
    photos: Mapped[list[Photo]] = relationship(order_by="Photo.position", back_populates="entry")
    receipts: Mapped[list[Receipt]] = relationship(order_by="Receipt.number", back_populates="entry")
    # Names are shown wherever entries are, so all groups of a page come with one query.
    coauthors: Mapped[list[CoAuthor]] = relationship(
        order_by="CoAuthor.position", back_populates="entry", lazy="selectin"
    )
    publications: Mapped[list[Publication]] = relationship(order_by="Publication.part", back_populates="entry")
    attachments: Mapped[list[Attachment]] = relationship(order_by="Attachment.id", back_populates="entry")
    paper: Mapped[PaperEntry | None] = relationship(
        back_populates="entry", cascade="all, delete-orphan", passive_deletes=True
    )


class Photo(Base):
    """A photo of an entry: re-encoded pixels without metadata, in several sizes.

    `sha256` is of the file as it was sent, for the receipt; the file itself is not kept.
    `recognised` tells whether anybody can be recognised (empty: not answered yet), `people` who;
    `consent` that they agree.
    """

    __tablename__ = "photo"
    __table_args__ = (CheckConstraint("recognised IN ('', 'nobody', 'people')", name="recognised"),)

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"), index=True)
    position: Mapped[int]
    large_key: Mapped[str] = mapped_column(String(60))
    middle_key: Mapped[str] = mapped_column(String(60), default="")
    small_key: Mapped[str] = mapped_column(String(60))
    width: Mapped[int]  # pixels of the large size
    height: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    caption: Mapped[str] = mapped_column(String(300), default="")
    photographer: Mapped[str] = mapped_column(String(200), default="")
    alt: Mapped[str] = mapped_column(String(300), default="")
    recognised: Mapped[str] = mapped_column(String(10), default="")
    people: Mapped[str] = mapped_column(String(300), default="")
    consent: Mapped[bool] = mapped_column(default=False)  # who can be recognised has agreed
    created_at: Mapped[Instant]

    entry: Mapped[Entry] = relationship(back_populates="photos")


class CoAuthor(Base):
    """One member of the group that wrote an entry, beside its leader, who is `Entry.author`.

    Known by name, phone and date of birth; `user_id` where one of them has an account.
    """

    __tablename__ = "co_author"
    __table_args__ = (UniqueConstraint("entry_id", "position"),)

    id: Mapped[IntPk]
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(200), index=True)
    pen_name: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(30), default="")
    birth_date: Mapped[date | None]
    unit_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("unit.id"))
    guardian_name: Mapped[str] = mapped_column(String(200), default="")
    guardian_consent: Mapped[bool] = mapped_column(default=False)
    user_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"), index=True)

    entry: Mapped[Entry] = relationship(back_populates="coauthors")
    unit: Mapped[Unit | None] = relationship()


class Publication(Base):
    """Where and when one part of a press work was printed, posted or broadcast. A single work has one part."""

    __tablename__ = "publication"
    __table_args__ = (UniqueConstraint("entry_id", "part"),)

    id: Mapped[IntPk]
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"), index=True)
    part: Mapped[int]  # 1, 2, … in a series
    outlet: Mapped[str] = mapped_column(String(200), default="")
    title: Mapped[str] = mapped_column(String(300), default="")
    published_on: Mapped[date | None]
    url: Mapped[str] = mapped_column(String(500), default="")
    place: Mapped[str] = mapped_column(String(200), default="")  # page and issue, or programme and hour
    seconds: Mapped[int | None]  # how long it plays, for radio and television

    entry: Mapped[Entry] = relationship(back_populates="publications")


class Attachment(Base):
    """A file kept as it was sent, with an entry: never shown to a judge, never public.

    `kind`: `source` (the document that the text was taken from), `scan` (of a paper entry),
    `proof` (of publication); of a draft alone `waiting` (a document that was read and not yet taken)
    and `earlier` (the text that a document took the place of, kept so that it can be had back).
    `sha256` is of the bytes as sent. `name` is what its sender called it; pasted text has none.
    """

    __tablename__ = "attachment"
    __table_args__ = (CheckConstraint("kind IN ('source', 'scan', 'proof', 'waiting', 'earlier')", name="kind"),)

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    key: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(80))
    size: Mapped[int]  # bytes
    sha256: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[Instant]
    added_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))

    entry: Mapped[Entry] = relationship(back_populates="attachments")


class PaperEntry(Base):
    """How an entry on paper came: postmark, arrival, who typed it and who compared it with the scan.

    Somebody else than who typed it compares; typing it anew sets the comparison aside. `note` says
    what the one who compared sent back, until it was compared again.
    """

    __tablename__ = "paper_entry"

    id: Mapped[IntPk]
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id", ondelete="CASCADE"), unique=True)
    postmarked_on: Mapped[date | None]  # empty when it was handed in
    arrived_at: Mapped[Instant]
    typed_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    typed_at: Mapped[Instant]
    compared_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    compared_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    note: Mapped[LongText | None]

    entry: Mapped[Entry] = relationship(back_populates="paper")
    typed_by: Mapped[User] = relationship(foreign_keys=[typed_by_id])
    compared_by: Mapped[User | None] = relationship(foreign_keys=[compared_by_id])


class LatePass(Base):
    """Leave for one person to submit one entry after the close, until an instant, with its reason."""

    __tablename__ = "late_pass"
    __table_args__ = (
        Index(
            "uq_late_pass_standing",
            "contest_id",
            "user_id",
            unique=True,
            sqlite_where=text("used_at IS NULL AND ended_at IS NULL"),
            postgresql_where=text("used_at IS NULL AND ended_at IS NULL"),
        ),
    )

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    until: Mapped[Instant]
    reason: Mapped[LongText]
    granted_at: Mapped[Instant]
    granted_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    used_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    ended_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    user: Mapped[User] = relationship(foreign_keys=[user_id])


class SecondLook(Base):
    """A refused author's one request to look again, and the answer."""

    __tablename__ = "second_look"
    __table_args__ = (CheckConstraint("outcome IN ('upheld', 'taken_back')", name="outcome"),)

    id: Mapped[IntPk]
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"), unique=True)
    text: Mapped[LongText]
    asked_at: Mapped[Instant]
    outcome: Mapped[str | None] = mapped_column(String(20))
    answer: Mapped[LongText | None]
    answered_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    answered_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))

    entry: Mapped[Entry] = relationship()


class Receipt(Base):
    """What the author holds after submitting or withdrawing: one row for each, never changed.

    `draft_id` is the public id of the draft that was sent. One draft gives one receipt, however
    often its form is sent; a withdrawal has none. `document` is the text with its formatting.
    """

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("entry_id", "number"),
        CheckConstraint("kind IN ('submitted', 'withdrawn')", name="kind"),
    )

    id: Mapped[IntPk]
    code: Mapped[str] = mapped_column(String(24), unique=True)
    kind: Mapped[str] = mapped_column(String(10), default="submitted")
    draft_id: Mapped[str | None] = mapped_column(String(14), unique=True)
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"))
    number: Mapped[int]
    at: Mapped[Instant]
    rules_version_id: Mapped[int] = mapped_column(BigId, ForeignKey("rule_set_version.id"))
    title: Mapped[str] = mapped_column(String(300))
    text: Mapped[LongText]  # the body as it was submitted
    document: Mapped[LongText] = mapped_column(default="")
    text_sha256: Mapped[str] = mapped_column(String(64))
    word_count: Mapped[int]
    files: Mapped[Json]  # [{kind, caption, sha256}]

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
