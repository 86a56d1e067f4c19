"""Counting the statements that a piece of work sends to the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import event

from contest.core.db import db


@dataclass
class Counted:
    statements: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.statements)


@pytest.fixture
def query_counter(app) -> Callable[[], AbstractContextManager[Counted]]:
    @contextmanager
    def counting() -> Iterator[Counted]:
        counted = Counted()

        def note(connection, cursor, statement, *rest):
            counted.statements.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            yield counted
        finally:
            event.remove(db.engine, "before_cursor_execute", note)

    return counting
