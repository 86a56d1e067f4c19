"""Rows of a sheet within bounds, and reading them from .csv."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time
from io import StringIO
from typing import Any

from contest.documents.plain import decode
from contest.documents.rules import Limits, Trouble

_SEPARATORS = ",;\t|"


class Rows:
    """Rows gathered within bounds."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.rows: list[list[str]] = []
        self.counts: Counter[str] = Counter()
        self.charset = ""
        self._empty = 0

    def add(self, cells: Iterable[str]) -> None:
        """A row more; empty ones at the end do not count. Raises Trouble."""
        row = [cell.strip() for cell in cells]
        while row and not row[-1]:
            row.pop()
        if not row:
            self._empty += 1
            if self._empty > 10_000:
                raise Trouble("rows", most=self.limits.rows)
            return
        self.rows += [[] for _ in range(min(self._empty, self.limits.rows))]
        self._empty = 0
        if len(self.rows) >= self.limits.rows + 1:  # and the head
            raise Trouble("rows", most=self.limits.rows)
        if len(row) > self.limits.columns:
            raise Trouble("columns", most=self.limits.columns)
        if any(len(cell) > self.limits.cell for cell in row):
            raise Trouble("cell", row=len(self.rows) + 1, most=self.limits.cell)
        self.rows.append(row)

    def finished(self) -> list[list[str]]:
        """All rows, equally wide. Raises Trouble: no_text."""
        if not self.rows:
            raise Trouble("no_text")
        width = max(map(len, self.rows))
        self.counts["rows"] = sum(map(bool, self.rows))
        return [row + [""] * (width - len(row)) for row in self.rows]


def as_text(value: Any) -> str:
    """A cell as people write it here: 20/05/1980, 1500, 8,5 stays a point: 8.5."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        day = f"{value:%d/%m/%Y}"
        return day if (value.hour, value.minute, value.second) == (0, 0, 0) else f"{day} {value:%H:%M}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def read_csv(content: bytes, limits: Limits) -> Rows:
    """Rows of a .csv: separators , ; tab and |, told by the first lines. Raises Trouble."""
    text, charset = decode(content)
    found = Rows(limits)
    found.charset = charset
    if "\0" in text:
        raise Trouble("unknown")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text[:4].lower() == "sep=":  # what Excel writes to itself
        text = text.partition("\n")[2]
    head = [line for line in text.split("\n", 20)[:20] if line.strip()]
    separator = max(
        _SEPARATORS,
        key=lambda char: (min((line.count(char) for line in head), default=0), head[0].count(char) if head else 0),
    )
    csv.field_size_limit(limits.cell * 50)
    try:
        for row in csv.reader(StringIO(text), delimiter=separator):
            found.add(row)
    except csv.Error as error:
        raise Trouble("broken") from error
    return found
