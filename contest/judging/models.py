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
    Line,
    LongText,
    PublicId,
    UtcInstant,
)
from contest.entries.models import Entry


class PanelSeat(Base):
    """A judge's place in the panel of one round and category; ended, never deleted.

    `seat`: chair (leads and signs; at most one stands), member, or reserve (given entries by hand or as a
    replacement only). `least` and `most` bound how many entries an assignment gives the judge here.
    """

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
        CheckConstraint("seat IN ('chair', 'member', 'reserve')", name="seat"),
        Index(
            "uq_panel_seat_chair",
            "contest_id",
            "round",
            "category",
            unique=True,
            sqlite_where=text("ended_at IS NULL AND seat = 'chair'"),
            postgresql_where=text("ended_at IS NULL AND seat = 'chair'"),
        ),
    )

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    round: Mapped[str] = mapped_column(String(20))
    category: Mapped[str] = mapped_column(String(20))
    judge_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    seat: Mapped[str] = mapped_column(String(10), default="member")
    least: Mapped[int | None]
    most: Mapped[int | None]
    seated_at: Mapped[Instant]
    ended_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    judge: Mapped[User] = relationship()


class TermsAcceptance(Base):
    """A judge's agreement to the terms of judging, with the text as it was shown ({vi, en}); before any entry.

    `sha256` of the canonical text: when the terms change, they are asked for again.
    """

    __tablename__ = "terms_acceptance"
    __table_args__ = (UniqueConstraint("contest_id", "judge_id", "sha256"),)

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    judge_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    text: Mapped[Json]
    sha256: Mapped[str] = mapped_column(String(64))
    at: Mapped[Instant]


class Assignment(Base):
    """One entry given to one judge in one round: once, whatever happens to the panel.

    `standing` is false while the judge is recused from the entry or off the panel; a finished
    sheet survives and counts again when the judge returns. `place` is the judge's own order. The text
    opens once the judge has declared to have no conflict of interest with it (`impartial_at`; on paper,
    `impartial_by_id` says who keyed the declaration in). `skipped_at`: put to the end of the queue.
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
    impartial_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    impartial_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    skipped_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    ended_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    ended_because: Mapped[str | None] = mapped_column(String(20))  # conflict | removed

    entry: Mapped[Entry] = relationship()
    judge: Mapped[User] = relationship(foreign_keys=[judge_id])
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
    remarks: Mapped[Json] = mapped_column(default=dict)  # {criterion: comment on it}
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
    """A sheet as it was when finalised. `marks`: {criterion: decimal as text}. Never changed.

    `source`: screen, or paper (keyed in by `keyed_by_id`, compared by another person).
    """

    __tablename__ = "sheet_revision"
    __table_args__ = (UniqueConstraint("sheet_id", "number"),)

    id: Mapped[IntPk]
    sheet_id: Mapped[int] = mapped_column(BigId, ForeignKey("sheet.id"))
    number: Mapped[int]
    marks: Mapped[Json]
    total: Mapped[Decimal] = mapped_column(HundredthsType)
    comment: Mapped[LongText] = mapped_column(default="")
    remarks: Mapped[Json] = mapped_column(default=dict)
    at: Mapped[Instant]
    reason: Mapped[LongText | None]  # why it was scored again
    source: Mapped[str] = mapped_column(String(10), default="screen")
    keyed_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))

    sheet: Mapped[Sheet] = relationship(back_populates="revisions")


class SheetReopening(Base):
    """A final sheet made open again: undone by its judge in time, or unlocked by the head of jury.

    `revision` is the one that stopped counting; it is kept. An unlocked sheet may be written on also after
    the round's marking has closed, until it is final again.
    """

    __tablename__ = "sheet_reopening"
    __table_args__ = (
        CheckConstraint("kind IN ('undo', 'unlock')", name="kind"),
        UniqueConstraint("sheet_id", "revision"),
    )

    id: Mapped[IntPk]
    sheet_id: Mapped[int] = mapped_column(BigId, ForeignKey("sheet.id"))
    revision: Mapped[int]
    kind: Mapped[str] = mapped_column(String(10))
    by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    at: Mapped[Instant]
    reason: Mapped[LongText | None]


class MarginNote(Base):
    """A judge's own note beside a passage: nobody else ever reads it, and it goes with the round's papers never.

    `block` counts the blocks of the rendering from 0; `quote` is the passage noted on, "" for the block.
    """

    __tablename__ = "margin_note"

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    assignment_id: Mapped[int] = mapped_column(BigId, ForeignKey("assignment.id"), index=True)
    block: Mapped[int]
    quote: Mapped[Line] = mapped_column(default="")
    text: Mapped[LongText]
    version: Mapped[int] = mapped_column(default=1)
    at: Mapped[Instant]


class PaperSheet(Base):
    """A score sheet filled in by hand, keyed in by one person of the secretariat and again by another.

    `first`, `second`: {"marks": {criterion: decimal as text}, "remarks": {…}, "comment": …} as each typed it,
    without seeing the other's. Where they agree the judge's sheet becomes final; where not, both look again.
    """

    __tablename__ = "paper_sheet"

    id: Mapped[IntPk]
    assignment_id: Mapped[int] = mapped_column(BigId, ForeignKey("assignment.id"), unique=True)
    first: Mapped[Json]
    first_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    first_at: Mapped[Instant]
    second: Mapped[Json | None]
    second_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    second_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    taken_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    version: Mapped[int] = mapped_column(default=1)

    assignment: Mapped[Assignment] = relationship()


class JointReading(Base):
    """A few entries that the judges of a panel score together before the round opens. Its sheets never count.

    Once `closed_at` is set everybody who scored sees everybody's marks, by number, and what was agreed.
    """

    __tablename__ = "joint_reading"

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), index=True)
    round: Mapped[str] = mapped_column(String(20))
    category: Mapped[str] = mapped_column(String(20))
    opened_at: Mapped[Instant]
    opened_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    closed_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    agreed: Mapped[LongText] = mapped_column(default="")

    texts: Mapped[list[JointText]] = relationship(order_by="JointText.id", back_populates="reading")


class JointText(Base):
    """An entry that is read jointly."""

    __tablename__ = "joint_text"
    __table_args__ = (UniqueConstraint("reading_id", "entry_id"),)

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    reading_id: Mapped[int] = mapped_column(BigId, ForeignKey("joint_reading.id"))
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"))

    reading: Mapped[JointReading] = relationship(back_populates="texts")
    entry: Mapped[Entry] = relationship()


class JointSheet(Base):
    """One judge's marks of one jointly read entry, kept away from the sheets that count."""

    __tablename__ = "joint_sheet"
    __table_args__ = (UniqueConstraint("text_id", "judge_id"),)

    id: Mapped[IntPk]
    text_id: Mapped[int] = mapped_column(BigId, ForeignKey("joint_text.id"))
    judge_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    marks: Mapped[Json]  # {criterion: decimal as text}
    comment: Mapped[LongText] = mapped_column(default="")
    remarks: Mapped[Json] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=1)
    final_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    updated_at: Mapped[Instant]


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


class DismissedSuggestion(Base):
    """A suggested conflict that somebody looked into and found to be none."""

    __tablename__ = "dismissed_suggestion"
    __table_args__ = (UniqueConstraint("entry_id", "judge_id", "source"),)

    id: Mapped[IntPk]
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"))
    judge_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    source: Mapped[str] = mapped_column(String(20))
    by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    at: Mapped[Instant]
    reason: Mapped[LongText]


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


class GapDecision(Base):
    """The chair's decision on a gap where the rules leave it to the chair: the total that stands, and why.

    Holds for the revisions in `seen`; a score changed afterwards opens the question again. The latest counts.
    """

    __tablename__ = "gap_decision"

    id: Mapped[IntPk]
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"), index=True)
    round: Mapped[str] = mapped_column(String(20))
    total: Mapped[Hundredths]
    by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    at: Mapped[Instant]
    reason: Mapped[LongText]
    seen: Mapped[Json]


class Waiver(Base):
    """Something missing at the closing of a round that somebody let pass, by name and with a reason.

    `what`: sheet (of `judge_id`; not below the rules' minimum of sheets), judge (one not assigned), gap,
    declaration, verification. Lifted, never deleted.
    """

    __tablename__ = "waiver"

    id: Mapped[IntPk]
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"), index=True)
    round: Mapped[str] = mapped_column(String(20))
    what: Mapped[str] = mapped_column(String(20))
    judge_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    at: Mapped[Instant]
    reason: Mapped[LongText]
    lifted_at: Mapped[datetime | None] = mapped_column(UtcInstant)


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
