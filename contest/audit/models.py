"""The record of who did what to what, and when."""

from __future__ import annotations

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from contest.core.db import Base, BigId, Instant, IntPk, Json


class AuditRow(Base):
    """One act. Committed together with it; chained later, in batches, by the sealer.

    Holds opaque ids, never names, so that a person can be erased and the chain stays whole.
    `position` and `digest` are empty until sealed, and never change after.
    """

    __tablename__ = "audit_row"
    __table_args__ = (
        UniqueConstraint("position"),
        Index("ix_audit_row_object", "object_type", "object_id"),
    )

    id: Mapped[IntPk]
    at: Mapped[Instant]
    actor: Mapped[str | None] = mapped_column(String(14))  # public id of a person; None: the system
    verb: Mapped[str] = mapped_column(String(60))
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = mapped_column(String(60))
    contest_id: Mapped[int | None] = mapped_column(BigId, index=True)
    details: Mapped[Json]
    position: Mapped[int | None] = mapped_column(BigId)
    digest: Mapped[str | None] = mapped_column(String(64))
