"""Statements handed to the database's own driver: for the one hot path of the site, casting a ballot.

Putting a statement together, looking its parts up and wrapping its rows costs SQLAlchemy ten times
what SQLite takes to carry it out. So what is run a thousand times a minute is compiled once, by
SQLAlchemy from the models, and its text is given to the driver from then on. Errors are those of
SQLAlchemy all the same. Everything else on the site uses the session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError, OperationalError

from contest.core import clock
from contest.core.db import db


class Prepared:
    """A statement in the words of each dialect; named parameters (`bindparam`) are given when it is run."""

    __slots__ = ("_ready", "_statement")

    def __init__(self, statement: Callable[[str], Executable]) -> None:
        """`statement` makes it for the dialect of that name, once."""
        self._statement = statement
        self._ready: dict[str, Callable[[dict[str, Any]], tuple[str, Any]]] = {}

    def of(self, dialect: Dialect) -> Callable[[dict[str, Any]], tuple[str, Any]]:
        """What makes, of values by name, the text and the parameters for the driver."""
        found = self._ready.get(dialect.name)
        if found is None:
            found = self._ready[dialect.name] = _compiled(self._statement(dialect.name), dialect)
        return found


def _compiled(statement: Executable, dialect: Dialect) -> Callable[[dict[str, Any]], tuple[str, Any]]:
    compiled: Any = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})  # type: ignore[attr-defined]
    text = str(compiled)
    # Each parameter: its name, the value that the statement itself brings, how its type is written.
    parts = []
    for name in compiled.positiontup or compiled.params:
        bind = compiled.binds.get(name)
        written = bind.type.dialect_impl(dialect).bind_processor(dialect) if bind is not None else None
        brought = compiled.params[name]
        parts.append((name, brought if written is None or brought is None else written(brought), written))
    if not compiled.positiontup:

        def by_name(values: dict[str, Any]) -> tuple[str, Any]:
            return text, {
                name: brought if name not in values else values[name] if written is None else written(values[name])
                for name, brought, written in parts
            }

        return by_name

    def in_order(values: dict[str, Any]) -> tuple[str, Any]:
        return text, [
            brought if name not in values else values[name] if written is None else written(values[name])
            for name, brought, written in parts
        ]

    return in_order


class Driver:
    """A connection of the driver inside a transaction."""

    __slots__ = ("connection", "dialect")

    def __init__(self, dialect: Dialect, connection: Any) -> None:
        self.dialect = dialect
        self.connection = connection

    @classmethod
    def of(cls, connection: Connection) -> Driver:
        """The driver's connection beneath `connection`, in its transaction."""
        return cls(connection.dialect, connection.connection.driver_connection)

    def run(self, prepared: Prepared, values: dict[str, Any]) -> Any:
        """Run a statement; its cursor. Raises what SQLAlchemy raises."""
        text, parameters = prepared.of(self.dialect)(values)
        try:
            return self.connection.execute(text, parameters)
        except self.dialect.loaded_dbapi.Error as error:
            raise self.translated(error, text) from error

    def translated(self, error: Exception, text: str) -> BaseException:
        """The error of SQLAlchemy for one of the driver."""
        return DBAPIError.instance(text, None, error, self.dialect.loaded_dbapi.Error, dialect=self.dialect)


@contextmanager
def writing_directly() -> Iterator[tuple[Driver, datetime]]:
    """`writing()` without a session: a transaction of the driver, and the `now` by which it is judged.

    The same order of things: on SQLite the write lock first, then the clock; on PostgreSQL the
    database's clock decides. What a session read before is forgotten.
    """
    if db.session.registry.has():
        db.session.rollback()
        db.session.expire_all()
    engine = db.engine
    try:
        held = engine.raw_connection()
    except engine.dialect.loaded_dbapi.Error as error:
        # Whatever kind of error it is (psycopg knows several for a line that broke): there is no connection.
        raise OperationalError("", None, error) from error
    driver = Driver(engine.dialect, held.driver_connection)
    connection: Any = driver.connection
    try:
        try:
            if engine.dialect.name == "sqlite":
                connection.execute("BEGIN IMMEDIATE")
                now = clock.now()
            else:
                now = clock.at(connection.execute("SELECT clock_timestamp()").fetchone()[0])
            yield driver, now
            connection.commit()
        except engine.dialect.loaded_dbapi.Error as error:
            raise driver.translated(error, "") from error
    except BaseException as error:
        _give_up(driver, held, error)
        raise
    finally:
        held.close()


def _give_up(driver: Driver, held: Any, error: BaseException) -> None:
    """Roll back. A connection that failed, or that cannot even do that, is not used again."""
    try:
        driver.connection.rollback()
    except driver.dialect.loaded_dbapi.Error:
        held.invalidate(error)
        return
    if isinstance(error, OperationalError):
        held.invalidate(error)
