"""What an operator entered: commemorations beside the starting set, and the days off of a year."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from contest.core.db import Base, BigId, Instant, IntPk, Json, Line, LongText
from contest.units.models import Unit


class CommemorationRow(Base):
    """A commemoration of this site. With a code of the starting set (`data/`) it stands in its place.

    `founded` is YYYY, YYYY-MM or YYYY-MM-DD, as far as it is known. `province`: names, or "" for the
    whole country; `unit_id`: of that unit alone.
    """

    __tablename__ = "commemoration"
    __table_args__ = (
        CheckConstraint("calendar IN ('solar', 'lunar')", name="calendar"),
        CheckConstraint("precision IN ('day', 'month', 'year')", name="precision"),
    )

    id: Mapped[IntPk]
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name_vi: Mapped[Line]
    name_en: Mapped[Line]
    calendar: Mapped[str] = mapped_column(String(5))
    precision: Mapped[str] = mapped_column(String(5))
    month: Mapped[int | None]
    day: Mapped[int | None]
    founding_year: Mapped[int | None]
    founded: Mapped[str] = mapped_column(String(10), default="")
    counted_by: Mapped[str] = mapped_column(String(10), default="ordinal")
    province: Mapped[str] = mapped_column(String(200), default="")
    unit_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("unit.id"))
    kind: Mapped[str] = mapped_column(String(20))
    basis: Mapped[LongText]
    note: Mapped[LongText]
    active: Mapped[bool] = mapped_column(default=True)
    changed_at: Mapped[Instant]

    unit: Mapped[Unit | None] = relationship()


class HolidayYear(Base):
    """The days off of one year and the days worked in exchange, as `data/holidays.json` writes a year.

    `decision`: the number of the yearly decision, "" while it is awaited.
    """

    __tablename__ = "holiday_year"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    days: Mapped[Json]
    decision: Mapped[Line]
    changed_at: Mapped[Instant]
