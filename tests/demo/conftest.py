"""A demonstration for the tests: small pictures, drawn once; fewer readers where asked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from contest.accounts.passwords import hash_password
from contest.app import create_app
from contest.core import clock
from contest.core.db import db
from contest.demo import stories, tour_ground
from contest.demo.album import Album
from contest.demo.stage import Stage
from contest.demo.tour import DEFAULT_START
from contest.demo.tour_ground import PASSWORD, Ground
from tests.conftest import settings_for


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Album:
    """The pictures, too small to look at and quick to draw."""
    made = Album(tmp_path_factory.mktemp("album"), size=(320, 214))
    made.fill(picture for story in stories.stories() for picture in story.pictures)
    return made


@pytest.fixture
def stage(app: Flask, album: Album) -> Stage:
    """A stage on the application of the test, whichever its database."""
    return Stage(files=app.extensions["files"], album=album, wall=clock.wall(), password_hash=hash_password(PASSWORD))


def _demonstration(sqlite_app: Flask, data_dir: Path) -> Flask:
    shutil.copy(sqlite_app.config["SETTINGS"].data_dir / "template.sqlite3", data_dir / "contest.sqlite3")
    settings = replace(settings_for(data_dir, CONTEST_DEMO="1"), hosts=("localhost",))
    return create_app(settings, TESTING=True, WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False)


@pytest.fixture(scope="session")
def prepared(sqlite_app: Flask, album: Album, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a tour that was prepared until its beginning, by a few readers, to be copied."""
    data_dir = tmp_path_factory.mktemp("tour")
    application = _demonstration(sqlite_app, data_dir)
    with application.app_context():
        ground = tour_ground.ground_of(application.config["SETTINGS"], application.extensions["files"])
        ground = replace(ground, start=DEFAULT_START, album=album, voters=24)
        assert tour_ground.prepare(ground)
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.session.remove()
        db.engine.dispose()
    shutil.copytree(album.folder, data_dir / "demo" / "pictures")
    return data_dir


@pytest.fixture
def demo_app(sqlite_app: Flask, tmp_path: Path) -> Iterator[Flask]:
    """An application that is a demonstration, on an empty SQLite database."""
    application = _demonstration(sqlite_app, tmp_path)
    with application.app_context():
        yield application
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def demo_client(demo_app: Flask) -> FlaskClient:
    return demo_app.test_client()


@pytest.fixture
def ground(prepared: Path, demo_app: Flask) -> Ground:
    """A tour at its beginning, a copy of one that was prepared once for all tests."""
    data_dir = demo_app.config["SETTINGS"].data_dir
    db.session.remove()
    db.engine.dispose()
    shutil.copytree(prepared, data_dir, dirs_exist_ok=True)
    ground = replace(tour_ground.ground_of(demo_app.config["SETTINGS"], demo_app.extensions["files"]), voters=24)
    ground.clock.start_at(ground.start)
    return ground
