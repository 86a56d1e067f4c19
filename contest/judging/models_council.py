"""What a council puts on record: meetings, secret ballots, minutes and their signatures, handing over, the code map."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.accounts.models import User
from contest.core.db import Base, BigId, Instant, IntPk, Json, Line, LongText, PublicId, UtcInstant


class CouncilBallot(Base):
    """The council's secret ballot on a tie: entered by the chair, or counted by the system (`question_id`).

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
    question_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("council_question.id"))


class CouncilMeeting(Base):
    """A meeting of the final council: who was there, what was said, what was voted on."""

    __tablename__ = "council_meeting"

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), index=True)
    held_at: Mapped[Instant]
    place: Mapped[Line]
    notes: Mapped[LongText] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)
    opened_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    opened_at: Mapped[Instant]
    closed_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    attendance: Mapped[list[CouncilAttendance]] = relationship(
        order_by="CouncilAttendance.id", back_populates="meeting", cascade="all, delete-orphan"
    )
    questions: Mapped[list[CouncilQuestion]] = relationship(order_by="CouncilQuestion.id", back_populates="meeting")


class CouncilAttendance(Base):
    """A member of the council at a meeting: present, or absent and why. `capacity`: chair, member, secretary, guest."""

    __tablename__ = "council_attendance"
    __table_args__ = (UniqueConstraint("meeting_id", "user_id"),)

    id: Mapped[IntPk]
    meeting_id: Mapped[int] = mapped_column(BigId, ForeignKey("council_meeting.id"))
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    capacity: Mapped[str] = mapped_column(String(10))
    present: Mapped[bool]
    note: Mapped[Line] = mapped_column(default="")

    meeting: Mapped[CouncilMeeting] = relationship(back_populates="attendance")
    user: Mapped[User] = relationship()


class CouncilQuestion(Base):
    """A secret ballot of a meeting on the order of entries of one category that the rules leave equal.

    `codes` as they stand on the paper. `counted`: {"sums": {code: sum of places}, "papers": n, "groups": […]}.
    """

    __tablename__ = "council_question"

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    meeting_id: Mapped[int] = mapped_column(BigId, ForeignKey("council_meeting.id"), index=True)
    category: Mapped[str] = mapped_column(String(20))
    codes: Mapped[Json]
    opened_at: Mapped[Instant]
    closed_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    counted: Mapped[Json | None]

    meeting: Mapped[CouncilMeeting] = relationship(back_populates="questions")


class CouncilVoter(Base):
    """That a member has voted on a question; what they voted is nowhere beside it."""

    __tablename__ = "council_voter"
    __table_args__ = (UniqueConstraint("question_id", "user_id"),)

    id: Mapped[IntPk]
    question_id: Mapped[int] = mapped_column(BigId, ForeignKey("council_question.id"))
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))


class CouncilPaper(Base):
    """One secret paper: {code: place}. No time, no name, and a random key, so that no order tells whose it is.

    Without SQLite's hidden counter of rows, which would tell the order in which they came.
    """

    __tablename__ = "council_paper"
    __table_args__ = {"sqlite_with_rowid": False}

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    question_id: Mapped[int] = mapped_column(BigId, ForeignKey("council_question.id"), index=True)
    places: Mapped[Json]


class Minutes(Base):
    """The minutes of a round in a category as they were made: numbered versions, signed by people, never changed.

    `content` is all that the paper says; `sha256` of it is what a signature is for.
    """

    __tablename__ = "minutes"
    __table_args__ = (UniqueConstraint("contest_id", "round", "category", "number"),)

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    round: Mapped[str] = mapped_column(String(20))
    category: Mapped[str] = mapped_column(String(20))
    number: Mapped[int]
    content: Mapped[Json]
    sha256: Mapped[str] = mapped_column(String(64))
    made_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    made_at: Mapped[Instant]

    signatures: Mapped[list[MinutesSignature]] = relationship(order_by="MinutesSignature.id", back_populates="minutes")
    scans: Mapped[list[MinutesScan]] = relationship(order_by="MinutesScan.id")
    made_by: Mapped[User] = relationship()


class MinutesSignature(Base):
    """A signature under one version of the minutes. `capacity`: chair, member, secretary."""

    __tablename__ = "minutes_signature"
    __table_args__ = (UniqueConstraint("minutes_id", "user_id"),)

    id: Mapped[IntPk]
    minutes_id: Mapped[int] = mapped_column(BigId, ForeignKey("minutes.id"))
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    capacity: Mapped[str] = mapped_column(String(10))
    sha256: Mapped[str] = mapped_column(String(64))
    at: Mapped[Instant]

    minutes: Mapped[Minutes] = relationship(back_populates="signatures")
    user: Mapped[User] = relationship()


class MinutesScan(Base):
    """The signed paper of one version of the minutes, as it was scanned: kept, and handed out as a download alone."""

    __tablename__ = "minutes_scan"

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    minutes_id: Mapped[int] = mapped_column(BigId, ForeignKey("minutes.id"), index=True)
    key: Mapped[str] = mapped_column(String(40))
    name: Mapped[Line]
    media_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    at: Mapped[Instant]

    by: Mapped[User] = relationship()


class Handover(Base):
    """Work that went from one person to another in one act. `moved`: what went, in counts and public ids."""

    __tablename__ = "handover"

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    from_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    to_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    moved: Mapped[Json]
    reason: Mapped[LongText]
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
