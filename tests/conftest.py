"""Fixtures: a real database of each kind, a clock that stands still, an application and its client.

Tests commit for real: each gets a fresh copy of a migrated database (a file copy on SQLite, a
truncation on PostgreSQL). PostgreSQL is used where TEST_POSTGRES_URL names a server; without it
those tests skip, and fail where REQUIRE_SERVERS is set.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask, g, has_app_context
from flask.testing import FlaskClient
from flask_migrate import upgrade

from contest.app import create_app
from contest.core import clock as clocks
from contest.core.config import Settings, settings_from
from contest.core.db import db
from contest.core.web import limiter

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
START = datetime(2027, 3, 20, 9, 0, tzinfo=VIETNAM)
REQUIRED = os.environ.get("REQUIRE_SERVERS") == "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser on a machine with much else to do is late now and then: what it plays is played once more.

    The summary names what was played twice; a fault of ours fails both times.
    """
    for item in items:
        if item.get_closest_marker("browser") or {"browser", "gather"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=2))


def settings_for(data: Path, url: str = "", **env: str) -> Settings:
    settings = settings_from({"CONTEST_DATA": str(data), "DATABASE_URL": url, **env})
    return replace(settings, hosts=("localhost",))


def _application(settings: Settings) -> Flask:
    running = clocks._running[0]
    app = create_app(settings, TESTING=True, WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False)
    clocks.use(running)  # the application sets its own clock; the test's stands already
    with app.app_context():
        upgrade()
    return app


@pytest.fixture(scope="session")
def sqlite_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    data = tmp_path_factory.mktemp("sqlite")
    app = _application(settings_for(data))
    with app.app_context():
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()
    shutil.copy(data / "contest.sqlite3", data / "template.sqlite3")
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def postgres_app(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Flask]:
    base = os.environ.get("TEST_POSTGRES_URL")
    if not base:
        if REQUIRED:
            pytest.fail("TEST_POSTGRES_URL is not set, and REQUIRE_SERVERS is")
        pytest.skip("no PostgreSQL: set TEST_POSTGRES_URL")
    name = f"contest_test_{worker_id}_{os.getpid()}"
    admin = sa.create_engine(base, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}"'))
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    url = sa.make_url(base).set(database=name).render_as_string(hide_password=False)
    app = _application(settings_for(tmp_path_factory.mktemp("postgres"), url))
    yield app
    with app.app_context():
        db.engine.dispose()
    with admin.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    admin.dispose()


def _fresh_sqlite(app: Flask) -> None:
    data: Path = app.config["SETTINGS"].data_dir
    db.engine.dispose()
    for suffix in ("-wal", "-shm"):
        (data / f"contest.sqlite3{suffix}").unlink(missing_ok=True)
    shutil.copy(data / "template.sqlite3", data / "contest.sqlite3")


def _fresh_postgres() -> None:
    """Empty what is not empty: a TRUNCATE of all tables costs more than most tests do."""
    with db.engine.begin() as connection:
        tables = connection.scalars(
            sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'")
        ).all()
        filled = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in tables)
        moved = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
        acts = [f'DELETE FROM "{name}"' for name in connection.scalars(sa.text(filled))]
        acts += [f'ALTER SEQUENCE "{name}" RESTART' for name in connection.scalars(sa.text(moved))]
        # Without foreign keys and triggers, so that the order of the tables is all one.
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        for act in acts:
            connection.execute(sa.text(act))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application on a fresh database, once on each kind, inside an application context."""
    application: Flask = request.getfixturevalue(f"{request.param}_app")
    with application.app_context():
        if request.param == "sqlite":
            _fresh_sqlite(application)
        else:
            _fresh_postgres()
        if application.config.get("RATELIMIT_ENABLED"):
            limiter.reset()
        yield application
        db.session.remove()


@pytest.fixture(autouse=True)
def clock() -> Iterator[clocks.StillClock]:
    """Contest time, standing at START until a test moves it: `clock.instant = …`."""
    still = clocks.StillClock(START)
    clocks.use(still)
    yield still
    clocks.use(clocks.SystemClock())


class Client(FlaskClient):
    """A client whose every request starts afresh.

    The `app` fixture keeps an application context open, and requests inside it share its `g`: who
    is signed in, the time and the language would leak from one request into the next.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        if has_app_context():
            for name in list(g):
                g.pop(name)
        return super().open(*args, **kwargs)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.test_client_class = Client
    return app.test_client()
