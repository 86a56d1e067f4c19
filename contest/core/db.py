"""The database: base class, column types, and the one block in which anything is written.

SQLite and PostgreSQL are equals. On SQLite a transaction that reads first and writes later fails
under concurrency (another writer may slip in between, and SQLite answers "database is locked" at
once), so `writing()` begins IMMEDIATE: the write lock is taken before anything is read.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    event,
    func,
    select,
)
from sqlalchemy.orm import DeclarativeBase, mapped_column

from contest.core import clock

log = logging.getLogger(__name__)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
# No letters that are read for another (0/O, 1/I/L), so that codes survive a telephone and a pencil.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

db = SQLAlchemy(metadata=MetaData(naming_convention=NAMING), session_options={"expire_on_commit": False})


class Base(DeclarativeBase):
    """Parent of every model. Shares Flask-SQLAlchemy's metadata without its untyped `db.Model`."""

    metadata = db.metadata


class UtcInstant(TypeDecorator[datetime]):
    """An aware instant, stored in UTC to the microsecond. Naive datetimes are refused."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class HundredthsType(TypeDecorator[Decimal]):
    """A mark with at most two decimals, kept as a whole number of hundredths: exact everywhere."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        hundredths = value * 100
        if hundredths != hundredths.to_integral_value():
            raise ValueError(f"more than two decimals: {value}")
        return int(hundredths)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value) / 100


class JsonText(TypeDecorator[Any]):
    """A JSON value kept as text, the same bytes on both databases; decimals stay decimals."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value, parse_float=Decimal)


def new_public_id() -> str:
    """A random identifier for addresses: 14 letters and digits, 69 bits, never counted up."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(14)).lower()


def new_code(length: int) -> str:
    """A random code for people to read out and write down."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(length))


# BIGINT on PostgreSQL; SQLite counts rows only in a column called exactly INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")
IntPk = Annotated[int, mapped_column(BigId, primary_key=True)]
PublicId = Annotated[str, mapped_column(String(14), unique=True, default=new_public_id)]
Instant = Annotated[datetime, mapped_column(UtcInstant)]
Hundredths = Annotated[Decimal, mapped_column(HundredthsType)]
Line = Annotated[str, mapped_column(String(300))]
LongText = Annotated[str, mapped_column(Text)]
Json = Annotated[Any, mapped_column(JsonText)]

BEGIN_OPTION = "sqlite_begin"


def prepare_engine(engine: Engine) -> None:
    """Give a new SQLite engine its pragmas and its explicit BEGIN (SQLAlchemy's own recipe)."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions on its own: `_begin` below does.
        connection.isolation_level = None
        cursor = connection.cursor()
        # FULL: with NORMAL a power cut may lose a vote that was already acknowledged.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        mode = connection.get_execution_options().get(BEGIN_OPTION, "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")


@contextmanager
def writing() -> Iterator[datetime]:
    """One transaction in which a verb is carried out; gives the `now` by which it is judged.

    Anything read earlier in the request is forgotten first, then the transaction begins (on SQLite
    with the write lock), then the clock is read: `now` is never older than the lock. Commits at
    the end, rolls back when anything is raised. On PostgreSQL the database's clock decides, since
    several hosts may disagree.
    """
    session = db.session
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("changes were made outside the writing() block")
    session.rollback()
    # Objects of an earlier transaction would be handed out again with their old values.
    session.expire_all()
    try:
        connection = session.connection(execution_options={BEGIN_OPTION: "IMMEDIATE"})
        yield _judged_at(connection)
        session.commit()
    except BaseException:
        session.rollback()
        raise


def wait_for_turn(name: str) -> None:
    """Wait until no other transaction works under `name`, and keep others waiting until this one ends.

    For a count that must not be passed by two at once where no row stands for it yet. SQLite has one
    writer at a time and needs nothing.
    """
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(key)))


# Seconds between two looks at the database's clock, and how long a look may take to be believed.
_LOOK_EVERY, _LOOK_AT_MOST = 5.0, 0.5
_looked = [float("-inf")]


def keep_time() -> None:
    """Set this process by the database's clock where several machines share one (PostgreSQL), now and then.

    Their clocks may be seconds apart, and the announced minute has to be one and the same on all. A look that
    takes long says little and is not believed; a database that does not answer leaves the time as it was.
    """
    if db.engine.dialect.name != "postgresql" or time.monotonic() - _looked[0] < _LOOK_EVERY:
        return
    _looked[0] = time.monotonic()
    try:
        with closing(db.engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
            began, before = time.monotonic(), clock.machine()
            cursor.execute("SELECT clock_timestamp()")
            there: Any = next(iter(cursor.fetchone() or ()))
            took = time.monotonic() - began
            connection.rollback()
    except Exception:  # the driver's own errors too: whoever needs the database will say so
        log.warning("the database's clock could not be read", exc_info=True)
        return
    if took < _LOOK_AT_MOST:
        # As if the answer had taken all of that time: late by that much at most, never early.
        clock.agree(there - before - timedelta(seconds=took))


def _judged_at(connection: Connection) -> datetime:
    if connection.dialect.name == "postgresql":
        wall: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return clock.at(wall)
    return clock.now()
