"""Alembic's environment: the application's engine and metadata."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from contest.core.db import HundredthsType, JsonText, UtcInstant

config = context.config
database = current_app.extensions["migrate"].db


def render_item(kind: str, item: object, autogen_context: object) -> str | bool:
    """Write our column types into migrations as what they are in the database.

    A migration must not change its meaning when a type in the code does.
    """
    if kind == "type":
        if isinstance(item, UtcInstant):
            return "sa.DateTime(timezone=True)"
        if isinstance(item, HundredthsType):
            return "sa.Integer()"
        if isinstance(item, JsonText):
            return "sa.Text()"
    return False


def include_name(name: str | None, kind: str, parents: object) -> bool:
    """Leave out what migrations write by hand because no model can: the words of entries."""
    return kind != "table" or name is None or not name.startswith("entry_words")


def migrate(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # A batch migration copies a table and drops the old one; with foreign keys on, the drop
        # would cascade into the rows of its children. The pragma only takes outside a transaction.
        connection.rollback()
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
    context.configure(
        connection=connection,
        target_metadata=database.metadata,
        render_item=render_item,
        include_name=include_name,
        render_as_batch=True,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    if connection.dialect.name == "sqlite":
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")


if context.is_offline_mode():
    raise SystemExit("offline migrations are not supported")
with database.engine.connect() as connection:
    migrate(connection)
