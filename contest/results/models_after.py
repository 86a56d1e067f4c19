"""What surrounds and follows an announcement: prizes beside the ladder, checks, amendments, papers, messages, money."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import Base, BigId, Instant, IntPk, Json, Line, LongText, PublicId, UtcInstant
from contest.entries.models import Entry
from contest.results.models import Award, ResultSet
from contest.units.models import Unit


class BesideChoice(Base):
    """Who the organising committee chose for a prize beside the ladder: an entry, or a unit. Lifted, never deleted."""

    __tablename__ = "beside_choice"
    __table_args__ = (
        CheckConstraint("(entry_id IS NULL) <> (unit_id IS NULL)", name="one_of_two"),
        Index(
            "uq_beside_choice_entry",
            "contest_id",
            "prize_id",
            "entry_id",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
        Index(
            "uq_beside_choice_unit",
            "contest_id",
            "prize_id",
            "unit_id",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    prize_id: Mapped[str] = mapped_column(String(40))
    entry_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("entry.id"))
    unit_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("unit.id"))
    why: Mapped[LongText]
    by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    at: Mapped[Instant]
    lifted_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    lifted_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    entry: Mapped[Entry | None] = relationship()
    unit: Mapped[Unit | None] = relationship()


class UnitAward(Base):
    """A prize to a unit, part of a result set as its awards are."""

    __tablename__ = "unit_award"
    __table_args__ = (UniqueConstraint("result_set_id", "prize_id", "unit_id"),)

    id: Mapped[IntPk]
    result_set_id: Mapped[int] = mapped_column(BigId, ForeignKey("result_set.id"))
    position: Mapped[int]
    prize_id: Mapped[str] = mapped_column(String(40))
    unit_id: Mapped[int] = mapped_column(BigId, ForeignKey("unit.id"))
    amount_vnd: Mapped[int] = mapped_column(BigId)
    why: Mapped[Json]
    citation: Mapped[LongText] = mapped_column(default="")
    until_amendment_id: Mapped[int | None] = mapped_column(BigId)  # as Award's

    unit: Mapped[Unit] = relationship()
    result_set: Mapped[ResultSet] = relationship()


class PublicationCheck(Base):
    """That somebody looked whether a finalist was published before, at one of three points of the contest."""

    __tablename__ = "publication_check"
    __table_args__ = (CheckConstraint("point IN ('receipt', 'final', 'decision')", name="point"),)

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"), index=True)
    point: Mapped[str] = mapped_column(String(10))
    found: Mapped[bool]
    note: Mapped[LongText]
    by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    at: Mapped[Instant]

    by: Mapped[User] = relationship()
    entry: Mapped[Entry] = relationship()


class Amendment(Base):
    """A change of announced results by a decision of its own: approved by two, visible from its instant.

    `kind`: revoke (a prize is taken back), correct (a word, a name). `follow`: cascade (the next ranked
    moves up) or empty. `moves` is what follows, as worked out when it was proposed: awards that end
    and awards that come, so that the second person approves exactly that.
    """

    __tablename__ = "amendment"
    __table_args__ = (
        CheckConstraint("kind IN ('revoke', 'correct')", name="kind"),
        CheckConstraint("follow IN ('cascade', 'empty')", name="follow"),
        CheckConstraint("second_approver_id <> proposed_by_id", name="two_people"),
        CheckConstraint("(award_id IS NULL) <> (unit_award_id IS NULL)", name="one_of_two"),
    )

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), index=True)
    result_set_id: Mapped[int] = mapped_column(BigId, ForeignKey("result_set.id"))
    kind: Mapped[str] = mapped_column(String(10))
    award_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("award.id"))
    unit_award_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("unit_award.id"))
    follow: Mapped[str] = mapped_column(String(8))
    reason: Mapped[LongText]  # told to the public
    moves: Mapped[Json]
    decision_number: Mapped[str] = mapped_column(String(60))
    decision_date: Mapped[date]
    decision_signer: Mapped[str] = mapped_column(String(200))
    proposed_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    proposed_at: Mapped[Instant]
    second_approver_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    second_approved_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    visible_from: Mapped[datetime | None] = mapped_column(UtcInstant)
    called_off_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    award: Mapped[Award | None] = relationship(foreign_keys=[award_id])
    unit_award: Mapped[UnitAward | None] = relationship(foreign_keys=[unit_award_id])
    result_set: Mapped[ResultSet] = relationship()
    proposed_by: Mapped[User] = relationship(foreign_keys=[proposed_by_id])
    second_approver: Mapped[User | None] = relationship(foreign_keys=[second_approver_id])


class DecisionScan(Base):
    """The signed decision as a scan; nobody but organisers gets it before the results are public."""

    __tablename__ = "decision_scan"

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), index=True)
    amendment_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("amendment.id"))
    storage_key: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(200))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    at: Mapped[Instant]
    replaced_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    by: Mapped[User] = relationship()


class PressTerms(Base):
    """That somebody of the press accepted the terms of the embargo. `mark` traces what they see back to them."""

    __tablename__ = "press_terms"
    __table_args__ = (UniqueConstraint("contest_id", "user_id"),)

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    text_version: Mapped[str] = mapped_column(String(20))
    accepted_at: Mapped[Instant]
    mark: Mapped[str] = mapped_column(String(12), unique=True)
    first_read_at: Mapped[datetime | None] = mapped_column(UtcInstant)


class Mailing(Base):
    """A message to many, written by an organiser: who gets it, when, what it says. Each gets it once.

    `audience`: winners, others, units or press (results.audiences). `state`: draft, scheduled, sending, sent,
    called_off. `send_at` is none for "when the results are announced".
    """

    __tablename__ = "mailing"

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), index=True)
    audience: Mapped[str] = mapped_column(String(20))
    subject: Mapped[Json]  # {vi, en}
    body: Mapped[Json]  # {vi, en}
    place: Mapped[str] = mapped_column(String(300), default="")  # where the ceremony is held
    state: Mapped[str] = mapped_column(String(12), default="draft")
    send_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    with_results: Mapped[bool] = mapped_column(default=False)  # not before the results are public
    made_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    made_at: Mapped[Instant]
    scheduled_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    result_set_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("result_set.id"))  # the results it tells of
    begun_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    ended_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    contest: Mapped[Contest] = relationship()
    made_by: Mapped[User] = relationship(foreign_keys=[made_by_id])
    result_set: Mapped[ResultSet | None] = relationship()


class MailingRecipient(Base):
    """Somebody a mailing goes to, once: the key is what makes it once. `message_id` is the outbox's."""

    __tablename__ = "mailing_recipient"

    mailing_id: Mapped[int] = mapped_column(BigId, ForeignKey("mailing.id"), primary_key=True)
    address: Mapped[str] = mapped_column(String(320), primary_key=True)
    name: Mapped[str] = mapped_column(String(300))
    locale: Mapped[str] = mapped_column(String(2))
    message_id: Mapped[int | None] = mapped_column(BigId)
    returned_at: Mapped[datetime | None] = mapped_column(UtcInstant)  # it came back, as an organiser noted
    returned_why: Mapped[LongText] = mapped_column(default="")


class BankDetail(Base):
    """Where a winner's money goes: encrypted, seen by few, deleted on a date."""

    __tablename__ = "bank_detail"
    __table_args__ = (UniqueConstraint("contest_id", "user_id"),)

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    sealed: Mapped[LongText]
    consent: Mapped[str] = mapped_column(String(20))  # the version of the words that the person agreed to
    given_at: Mapped[Instant]
    delete_on: Mapped[date]

    contest: Mapped[Contest] = relationship()
    user: Mapped[User] = relationship()


class NewsPost(Base):
    """News of a contest by its organiser, public from an instant. `body` is the light markup of entries."""

    __tablename__ = "news_post"

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"), index=True)
    title: Mapped[Json]  # {vi, en}
    body: Mapped[Json]  # {vi, en}
    visible_from: Mapped[datetime | None] = mapped_column(UtcInstant)  # none: a draft
    changed_at: Mapped[Instant]
    by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    removed_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    contest: Mapped[Contest] = relationship()
    by: Mapped[User] = relationship()


class OldAddress(Base):
    """An address that was given out once and leads elsewhere now: old addresses never break."""

    __tablename__ = "old_address"

    path: Mapped[Line] = mapped_column(primary_key=True)
    target: Mapped[Line]
    since: Mapped[Instant]
