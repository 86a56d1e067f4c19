"""Half-open time windows: `opens <= t < closes`, the same in Python and in SQL.

Closed intervals overlap at the seam (17:00 is both the last instant of one step and the first of
the next); half-open ones never do. The two spellings below stand side by side, and one
parametrised test compares them at opens - 1 µs, opens, closes - 1 µs and closes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import InstrumentedAttribute


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time that includes its opening instant and excludes its closing one."""

    opens: datetime
    closes: datetime

    def __post_init__(self) -> None:
        if self.opens.tzinfo is None or self.closes.tzinfo is None:
            raise ValueError("a window needs instants with a time zone")
        if self.opens >= self.closes:
            raise ValueError("a window closes after it opens")

    def contains(self, instant: datetime) -> bool:
        return self.opens <= instant < self.closes


def is_open(
    opens: InstrumentedAttribute[datetime] | ColumnElement[datetime],
    closes: InstrumentedAttribute[datetime] | ColumnElement[datetime],
    instant: datetime,
) -> ColumnElement[bool]:
    """`Window(opens, closes).contains(instant)` as an SQL condition."""
    return and_(opens <= instant, closes > instant)
