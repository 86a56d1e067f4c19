"""Results of a contest: the awards as computed, and the acts that make them public."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import Base, BigId, Instant, IntPk, Json, LongText, UtcInstant
from contest.entries.models import Entry


class ResultSet(Base):
    """One computation of a contest's awards; a new one supersedes the last.

    Nothing here is visible to anyone but those who prepare it until `visible_from`, and only if
    two different people approved (see results.queries.is_official). `posted_…` is the provisional
    posting of contests that have one. `fingerprint` is of awards and report as computed: the same
    inputs give the same, so that what has changed since can be seen. Money in whole đồng.
    """

    __tablename__ = "result_set"
    __table_args__ = (
        CheckConstraint("first_approver_id <> second_approver_id", name="two_people"),
        Index(
            "uq_result_set_standing",
            "contest_id",
            unique=True,
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
    )

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    computed_at: Mapped[Instant]
    computed_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    superseded_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    report: Mapped[Json]  # prizes withheld and why, undecided, figures of the vote: see results.outcome
    fingerprint: Mapped[str] = mapped_column(String(64))
    post_from: Mapped[datetime | None] = mapped_column(UtcInstant)  # provisional posting
    posted_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    posted_at: Mapped[datetime | None] = mapped_column(UtcInstant)  # when it was released for posting
    decision_number: Mapped[str | None] = mapped_column(String(60))
    decision_date: Mapped[date | None]
    decision_signer: Mapped[str | None] = mapped_column(String(200))
    decision_title: Mapped[str | None] = mapped_column(String(300))
    visible_from: Mapped[datetime | None] = mapped_column(UtcInstant)
    first_approver_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    first_approved_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    second_approver_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    second_approved_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    contest: Mapped[Contest] = relationship()
    computed_by: Mapped[User | None] = relationship(foreign_keys=[computed_by_id])
    posted_by: Mapped[User | None] = relationship(foreign_keys=[posted_by_id])
    first_approver: Mapped[User | None] = relationship(foreign_keys=[first_approver_id])
    second_approver: Mapped[User | None] = relationship(foreign_keys=[second_approver_id])
    # As they were decided. What amendments brought later is in no collection: see results.queries.awards_at.
    awards: Mapped[list[Award]] = relationship(
        primaryjoin="and_(ResultSet.id == Award.result_set_id, Award.since_amendment_id.is_(None))",
        order_by="Award.position",
        back_populates="result_set",
    )


class Award(Base):
    """One prize to one entry, with why it got it. `score` is exact, as "numerator/denominator".

    `why`: sentences with their parameters, as results.wording keeps them. `votes`: of the readers'
    prize alone.
    """

    __tablename__ = "award"
    __table_args__ = (UniqueConstraint("result_set_id", "prize_id", "entry_id"),)

    id: Mapped[IntPk]
    result_set_id: Mapped[int] = mapped_column(BigId, ForeignKey("result_set.id"))
    position: Mapped[int]
    prize_id: Mapped[str] = mapped_column(String(40))
    entry_id: Mapped[int] = mapped_column(BigId, ForeignKey("entry.id"))
    place: Mapped[int | None]
    score: Mapped[str | None] = mapped_column(String(60))
    votes: Mapped[int | None]
    amount_vnd: Mapped[int] = mapped_column(BigId)
    why: Mapped[Json]
    citation: Mapped[LongText] = mapped_column(default="")
    # Ids of the amendments that brought it and took it back, each only once it is public. No foreign
    # keys: an amendment names its award, and a circle would have to be closed by hand.
    since_amendment_id: Mapped[int | None] = mapped_column(BigId)
    until_amendment_id: Mapped[int | None] = mapped_column(BigId)

    result_set: Mapped[ResultSet] = relationship(back_populates="awards")
    entry: Mapped[Entry] = relationship()


class PrizeWithheld(Base):
    """A prize that the council withholds although someone could have had it; lifted, never deleted.

    `seats`: how many of it; None is all.
    """

    __tablename__ = "prize_withheld"
    __table_args__ = (
        Index(
            "uq_prize_withheld_standing",
            "contest_id",
            "prize_id",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    prize_id: Mapped[str] = mapped_column(String(40))
    seats: Mapped[int | None]
    reason: Mapped[LongText]
    by_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"))
    at: Mapped[Instant]
    lifted_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    lifted_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    by: Mapped[User] = relationship(foreign_keys=[by_id])
