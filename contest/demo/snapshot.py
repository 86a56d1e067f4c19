"""The demonstration as it was prepared: all rows in a small database beside it, put back on demand.

Rows are copied, not files: the site goes on serving, on either database, while the tour starts
again in one transaction.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Table, create_engine, delete, func, insert, select, text, update
from sqlalchemy.sql.expression import bindparam

from contest.core.db import db

_ROWS = "rows.sqlite3"
_FILES = "files"


def save(connection: Connection, folder: Path, files: Path) -> None:
    """Keep every row and file in `folder`; what was kept before is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{_ROWS}.new"
    unfinished.unlink(missing_ok=True)
    engine = create_engine(f"sqlite:///{unfinished}")
    db.metadata.create_all(engine)
    with engine.begin() as target:
        for table in db.metadata.sorted_tables:
            rows = [dict(row) for row in connection.execute(select(table)).mappings()]
            if rows:
                target.execute(insert(table), rows)
    engine.dispose()
    _link_all(files, folder / _FILES)
    unfinished.replace(folder / _ROWS)


def exists(folder: Path) -> bool:
    return (folder / _ROWS).is_file()


def restore(connection: Connection, folder: Path, files: Path) -> None:
    """Put every row and file back, inside the transaction of `connection`."""
    tables = db.metadata.sorted_tables
    later = {table.name: _later(table, tables) for table in tables}
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    for table in tables:
        if later[table.name]:
            connection.execute(update(table).values({column.name: None for column in later[table.name]}))
    for table in reversed(tables):
        connection.execute(delete(table))
    engine = create_engine(f"sqlite:///{folder / _ROWS}")
    with engine.connect() as source:
        kept = {table.name: [dict(row) for row in source.execute(select(table)).mappings()] for table in tables}
    engine.dispose()
    for table in tables:
        _insert(connection, table, kept[table.name], later[table.name])
    for table in tables:
        _point(connection, table, kept[table.name], later[table.name])
    _link_all(folder / _FILES, files)


def _later(table: Table, tables: list[Table]) -> list[Column[Any]]:
    """Columns that refer to rows which are not there yet when `table` is filled."""
    place = {each.name: number for number, each in enumerate(tables)}
    return [
        column
        for column in table.columns
        if any(place[key.column.table.name] >= place[table.name] for key in column.foreign_keys)
    ]


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]], later: list[Column[Any]]) -> None:
    """Fill a table, leaving out what points to rows that are not there yet."""
    if not rows:
        return
    empty = dict.fromkeys(column.name for column in later)
    connection.execute(insert(table), [{**row, **empty} for row in rows])
    if connection.dialect.name == "postgresql" and "id" in table.c:
        highest = connection.execute(select(func.max(table.c.id))).scalar_one()
        connection.execute(
            text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :highest)"),
            {"name": f'"{table.name}"', "highest": highest},
        )


def _point(connection: Connection, table: Table, rows: list[dict[str, Any]], later: list[Column[Any]]) -> None:
    """Fill in what was left out."""
    for name in (column.name for column in later):
        pointing = [{"b_id": row["id"], "b_value": row[name]} for row in rows if row[name] is not None]
        if pointing:
            query = update(table).where(table.c.id == bindparam("b_id")).values({name: bindparam("b_value")})
            connection.execute(query, pointing)


def _link_all(source: Path, target: Path) -> None:
    """Every file of `source` in `target` as well, without a second copy where the disk allows it."""
    for path in source.rglob("*") if source.is_dir() else ():
        there = target / path.relative_to(source)
        if path.is_file() and not there.exists():
            there.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, there)
            except OSError:
                shutil.copy2(path, there)
