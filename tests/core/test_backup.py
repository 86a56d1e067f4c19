"""A backup made while people write, and the site that comes back from it, on both databases."""

from __future__ import annotations

import subprocess
import tarfile
import threading

import pytest
import sqlalchemy as sa
from sqlalchemy import func, select

from contest import backup
from contest.core import clock as clocks
from contest.core.db import db, writing
from contest.core.files import DiskStore
from contest.units.models import Unit
from tests.factories import make_contest, make_unit


@pytest.fixture
def place(app):
    data = app.config["SETTINGS"].data_dir
    return {"url": db.engine.url, "data_dir": data}


def _released():
    """Close every connection, as a stopped site would."""
    db.session.remove()
    db.engine.dispose()


def test_a_site_comes_back_with_its_rows_and_files(app, place, tmp_path):
    store = DiskStore(place["data_dir"] / "files")
    with writing():
        make_unit("xã Khe Ngọn")
    key = store.put("ảnh".encode(), "jpg")
    target = tmp_path / "backup.tar"
    made = backup.back_up(**place, target=target, now=clocks.wall())
    assert made >= 1

    with writing():
        db.session.scalars(select(Unit)).one().name = "tên sai"
        make_unit("xã thừa")
    store.remove(key)
    _released()
    backup.restore(**place, source=target)

    assert [unit.name for unit in db.session.scalars(select(Unit))] == ["xã Khe Ngọn"]
    assert store.path(key).read_bytes() == "ảnh".encode()


def test_it_is_whole_although_people_write_meanwhile(app, place, tmp_path):
    """Every contest in the copy has all its steps: a copy between two statements would not."""
    stop = threading.Event()

    def write_on():
        with app.app_context():
            while not stop.is_set():
                with writing():
                    make_unit()
                    make_unit()

    writer = threading.Thread(target=write_on)
    make_contest()
    _released()
    writer.start()
    try:
        backup.back_up(**place, target=tmp_path / "backup.tar", now=clocks.wall())
    finally:
        stop.set()
        writer.join()
    _released()
    backup.restore(**place, source=tmp_path / "backup.tar")
    assert db.session.scalar(select(func.count(Unit.id))) % 2 == 0


def test_a_damaged_archive_replaces_nothing(app, place, tmp_path):
    with writing():
        make_unit("xã còn nguyên")
    target = tmp_path / "backup.tar"
    backup.back_up(**place, target=target, now=clocks.wall())
    content = bytearray(target.read_bytes())
    content[len(content) // 3] ^= 0xFF
    target.write_bytes(bytes(content))
    _released()
    with pytest.raises(backup.BackupError):
        backup.restore(**place, source=target)
    assert db.session.scalars(select(Unit)).one().name == "xã còn nguyên"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "files/../x.jpg", "database.sqlite3/x"])
def test_a_hostile_archive_is_refused(sqlite_app, tmp_path, name):
    source = tmp_path / "hostile.tar"
    with tarfile.open(source, "w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    with pytest.raises(backup.BackupError, match="unexpected"):
        backup.restore(url=sqlite_app.config["SQLALCHEMY_DATABASE_URI"], data_dir=tmp_path / "data", source=source)


def test_an_archive_is_for_its_owner_alone(app, place, tmp_path):
    target = tmp_path / "backup.tar"
    backup.back_up(**place, target=target, now=clocks.wall())
    assert target.stat().st_mode & 0o777 == 0o600


def test_the_password_of_the_database_is_no_argument_of_a_process(tmp_path, monkeypatch):
    seen = {}

    def run(command, **more):
        seen.update(command=command, env=more["env"])
        raise subprocess.CalledProcessError(1, command, stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    url = sa.make_url("postgresql+psycopg://site:kin%20tiếng@db.example:5433/contest")
    with pytest.raises(backup.BackupError) as refused:
        backup.back_up(url=url, data_dir=tmp_path, target=tmp_path / "backup.tar", now=clocks.wall())
    assert "postgresql://site@db.example:5433/contest" in seen["command"]
    assert seen["env"]["PGPASSWORD"] == "kin tiếng"
    assert "tiếng" not in " ".join(seen["command"]) + str(refused.value)
