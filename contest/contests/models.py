"""A contest: its rules in versions, its timetable, who holds which role in it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.accounts.models import User
from contest.contests.ruleset import RuleSet, parse_rule_set
from contest.core.db import Base, BigId, Instant, IntPk, LongText, PublicId, UtcInstant
from contest.units.models import Unit


class Contest(Base):
    """One season of one contest. Everything about it that is a rule lives in its rule set."""

    __tablename__ = "contest"

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    code_prefix: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[Instant]
    current_version_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("rule_set_version.id", use_alter=True, name="fk_contest_current_version")
    )

    current_version: Mapped[RuleSetVersion | None] = relationship(
        foreign_keys=[current_version_id], lazy="joined", post_update=True
    )
    steps: Mapped[list[ContestStep]] = relationship(order_by="ContestStep.position", back_populates="contest")

    @property
    def rules(self) -> RuleSet:
        """The rule set in force, parsed once per version and process."""
        if self.current_version is None:
            raise RuntimeError(f"{self.slug} has no rule set")
        return self.current_version.rules


_PARSED: dict[str, RuleSet] = {}


def find_parsed(sha256: str) -> RuleSet | None:
    """Rules that this process has parsed before, by their hash: for who must not load the document."""
    return _PARSED.get(sha256)


def keep_parsed(sha256: str, document: str) -> RuleSet:
    """The rules in `document`, kept for `find_parsed`."""
    rules = _PARSED[sha256] = parse_rule_set(document)
    return rules


class RuleSetVersion(Base):
    """One version of a contest's rules: the canonical JSON text and its hash. Never changed."""

    __tablename__ = "rule_set_version"
    __table_args__ = (UniqueConstraint("contest_id", "number"),)

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    number: Mapped[int]
    document: Mapped[LongText]
    sha256: Mapped[str] = mapped_column(String(64))
    loaded_at: Mapped[Instant]
    loaded_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    reason: Mapped[LongText | None]
    notice: Mapped[LongText | None]  # what everybody is told of the change, such as an extension

    @property
    def rules(self) -> RuleSet:
        if self.sha256 not in _PARSED:
            _PARSED[self.sha256] = parse_rule_set(self.document)
        return _PARSED[self.sha256]


class ContestStep(Base):
    """One step of the timetable, copied from the rule set in force so that SQL can ask about it.

    A moment (`issue`, `announce`) has `opens == closes`; a window is half-open.
    """

    __tablename__ = "contest_step"
    __table_args__ = (
        UniqueConstraint("contest_id", "key"),
        CheckConstraint("opens <= closes", name="order"),
    )

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    position: Mapped[int]
    key: Mapped[str] = mapped_column(String(30))
    opens: Mapped[Instant]
    closes: Mapped[Instant]

    contest: Mapped[Contest] = relationship(back_populates="steps")


class RoleGrant(Base):
    """A role in a contest, held by a person from one instant until it is ended; never deleted.

    For a judge: the unit that they work for, and the relatives named at appointment, both for
    finding conflicts of interest.
    """

    __tablename__ = "role_grant"
    __table_args__ = (
        CheckConstraint("role IN ('organiser', 'secretary', 'judge', 'chair', 'press', 'observer')", name="role"),
        Index(
            "uq_role_grant_standing",
            "contest_id",
            "user_id",
            "role",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[IntPk]
    contest_id: Mapped[int] = mapped_column(BigId, ForeignKey("contest.id"))
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    unit_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("unit.id"))
    relatives: Mapped[LongText | None]
    granted_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    granted_at: Mapped[Instant]
    ended_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    contest: Mapped[Contest] = relationship()
    user: Mapped[User] = relationship(foreign_keys=[user_id])
    unit: Mapped[Unit | None] = relationship()


class Invitation(Base):
    """An offer of a role to an address; accepted once, by whoever opens its link and signs in.

    Exactly one of `contest_id` (with `role`) and `unit_id` (an officer) is set, but a judge's
    invitation carries the judge's unit as well. Only a hash of the token is kept.
    """

    __tablename__ = "invitation"
    __table_args__ = (CheckConstraint("role IN ('organiser', 'secretary', 'judge', 'chair', 'officer')", name="role"),)

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    contest_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("contest.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("unit.id"))
    role: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(320))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    relatives: Mapped[LongText | None]
    invited_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]  # wall time
    accepted_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    accepted_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("user.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    contest: Mapped[Contest | None] = relationship()
    unit: Mapped[Unit | None] = relationship()
