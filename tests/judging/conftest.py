"""A contest with its judges at the opening of its first round, and a count of statements sent to the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import event

from contest.core.db import db
from tests.factories import make_contest, make_staff
from tests.factories.judging import make_panel, opening_of


@pytest.fixture
def contest(app):
    return make_contest(0)


@pytest.fixture
def judges(contest):
    return make_panel(contest)


@pytest.fixture
def chair(contest):
    return make_staff(contest, "chair")


@pytest.fixture
def now(contest):
    return opening_of(contest, "prelim")


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
