"""Rules in the making: what an organiser writes step by step until it is issued as a version of the rules."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import Base, BigId, Instant, IntPk, Json, PublicId, UtcInstant


class RuleDraft(Base):
    """A rule set in the making. `document` may break any rule until it is issued; `version` guards saves.

    `contest`: the contest whose rules are changed, or none for a new one; `origin`: what it was made
    from ("set:<id>", "contest:<slug>", "blank"), so that differences can be shown against it, with the
    document as it was then.
    """

    __tablename__ = "rule_draft"

    id: Mapped[IntPk]
    public_id: Mapped[PublicId]
    owner_id: Mapped[int] = mapped_column(BigId, ForeignKey("user.id"), index=True)
    contest_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("contest.id"), index=True)
    origin: Mapped[str] = mapped_column(String(140))
    origin_document: Mapped[Json]
    document: Mapped[Json]
    version: Mapped[int] = mapped_column(default=1)
    made_at: Mapped[Instant]
    changed_at: Mapped[Instant]
    issued_at: Mapped[datetime | None] = mapped_column(UtcInstant)
    issued_contest_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("contest.id"))
    discarded_at: Mapped[datetime | None] = mapped_column(UtcInstant)

    owner: Mapped[User] = relationship()
    contest: Mapped[Contest | None] = relationship(foreign_keys=[contest_id])
