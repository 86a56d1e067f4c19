"""At the announced instant the results are there on every worker within a second, with nothing in the background."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest

from contest.core import clock as clocks
from contest.core.db import db
from tests.factories.results import make_results, publish

ROOT = Path(__file__).resolve().parents[2]
STORY = "Đồi cằn trổ hoa"
AHEAD = 12.0  # seconds between the start of the server and the announcement


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port, path):
    """Which worker answered at what second, with which status and words."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        answer = connection.getresponse()
        return answer.headers["X-Worker"], float(answer.headers["X-At"]), answer.status, answer.read().decode()
    finally:
        connection.close()


def wait_for(port):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            return ask(port, "/suc-khoe")
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server did not start")


def test_four_workers_show_it_at_the_same_second(app, tmp_path, request):
    """On PostgreSQL with the clocks of the four as many as ten seconds apart: the database's clock decides.

    On SQLite all have one machine and one clock.
    """
    world = make_results()
    publish(world)
    slug, instant = world.contest.slug, world.official_at
    db.session.remove()
    settings = app.config["SETTINGS"]
    postgres = db.engine.dialect.name == "postgresql"
    skews = "5,-5,2.5,0" if postgres else "0,0,0,0"
    url = db.engine.url.render_as_string(hide_password=False) if postgres else ""
    port, began = free_port(), time.time()
    start = instant - timedelta(seconds=AHEAD)
    command = [sys.executable, "-m", "tests.results.announcing_worker", str(settings.data_dir), url, str(port)]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen([*command, start.isoformat(), skews], cwd=ROOT, stdout=log, stderr=log)
    try:
        wait_for(port)
        path = f"/cuoc-thi/{slug}/ket-qua"
        # The server's contest time began when it read START, some time after this process asked for it.
        early, late = {}, {}
        shown_at = None
        while shown_at is None or time.time() < shown_at + 1.5 or len(late) < 4:
            assert time.time() < began + 90, "it never came"
            worker, at, status, words = ask(port, path)
            if status == 200:
                assert STORY in words
                shown_at = shown_at or at
                late.setdefault(worker, at)
            else:
                assert status == 404
                assert STORY not in words
                early[worker] = at
            time.sleep(0.005)
    finally:
        server.terminate()
        server.wait(15)
    assert len(early) == len(late) == 4, "each of the four was asked before and after"
    # No worker said no a second after the first one said yes.
    assert max(early.values()) - shown_at < 1, {worker: at - shown_at for worker, at in early.items()}


@pytest.mark.parametrize("app", ["postgres"], indirect=True)
def test_the_databases_clock_decides(app, monkeypatch):
    """A machine whose clock is off counts as the database does, to a tenth of a second, and on when that is gone."""
    from contest.core import db as room

    true = clocks.machine
    try:
        for skew in (5, -5, 3600):
            monkeypatch.setattr(clocks, "machine", lambda skew=skew: true() + timedelta(seconds=skew))
            monkeypatch.setattr(room, "_looked", [float("-inf")])
            room.keep_time()
            assert abs(clocks.wall() - true()) < timedelta(seconds=0.1)
        room.keep_time()  # not again at once
        monkeypatch.setattr(room, "_looked", [float("-inf")])
        monkeypatch.setattr(db.engine, "raw_connection", lambda: (_ for _ in ()).throw(OSError("gone")))
        room.keep_time()
        assert abs(clocks.wall() - true()) < timedelta(seconds=0.1)
    finally:
        clocks.agree(timedelta(0))


class SlowWayThere:
    """A connection whose questions take a while to arrive; all else is the true one's."""

    def __init__(self, true):
        self._true = true

    def __getattr__(self, name):
        return getattr(self._true, name)

    def cursor(self):
        return SlowWayThere(self._true.cursor())

    def execute(self, *args):
        time.sleep(0.3)
        return self._true.execute(*args)


@pytest.mark.parametrize("app", ["postgres"], indirect=True)
def test_a_slow_way_to_the_database_makes_no_machine_early(app, monkeypatch):
    from contest.core import db as room

    true, connect = clocks.machine, db.engine.raw_connection
    try:
        monkeypatch.setattr(room, "_looked", [float("-inf")])
        monkeypatch.setattr(db.engine, "raw_connection", lambda: SlowWayThere(connect()))
        room.keep_time()
        assert timedelta(seconds=-0.5) < clocks.wall() - true() < timedelta(seconds=0.005)
    finally:
        clocks.agree(timedelta(0))


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_on_sqlite_there_is_one_machine_and_one_clock(app, monkeypatch):
    from contest.core import db as room

    monkeypatch.setattr(room, "_looked", [float("-inf")])
    room.keep_time()
    assert abs(clocks.wall() - clocks.machine()) < timedelta(seconds=0.01)
