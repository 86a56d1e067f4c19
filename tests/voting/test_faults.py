"""System calls that fail (EIO, ENOSPC) or at which the process is killed, each in turn, while a ballot
is cast and while the log is sealed.

What was acknowledged is there. What was not is answered in words, with the choices kept, and sending
the same again gives one ballot. The log verifies. strace makes the calls fail; VOTE_FAULTS=all takes
every one of them (`make soak-voting`), else the first, the last and some between.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from contest.core.db import db
from tests.conftest import REQUIRED
from tests.voting.cluster import Cluster
from tests.voting.killing import ROOT, Person, World

ALL = os.environ.get("VOTE_FAULTS") == "all"
# What writes, to files and to sockets.
WRITES = ("pwrite64", "pwritev", "pwritev2", "write", "writev", "fdatasync", "fsync", "ftruncate", "unlink", "rename")
TALKS = ("sendto", "sendmsg", "recvfrom", "recvmsg")


class Faulty(World):
    """A vote whose one server process can be made to fail."""

    def _start(self) -> None:
        with self.app.app_context():
            db.engine.dispose()  # its connection is not taken for the server's
        arguments = [str(self.folder), self.url, self.instant.isoformat(), str(self.contest_id)]
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.voting.fault_server", *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.threads = []
        self.chance = random.Random(7)
        self.done: Counter[str] = Counter()
        self.pid = self._said()["pid"]
        self._warm()

    def _end(self) -> None:
        os.killpg(self._zygote.pid, signal.SIGKILL)

    def _said(self) -> dict[str, Any]:
        assert self._zygote.stdout is not None
        found: dict[str, Any] = json.loads(self._zygote.stdout.readline())
        return found

    def _tell(self, *wish: str) -> dict[str, Any]:
        """What the process answers; `died` when it was killed, and the next one is ready."""
        assert self._zygote.stdin is not None
        self._zygote.stdin.write(json.dumps(wish) + "\n")
        self._zygote.stdin.flush()
        said = self._said()
        if "died" in said:
            self.pid = self._said()["pid"]
        return said

    def _warm(self) -> None:
        """Connections are open and statements are known, so that every run makes the same calls."""
        for _ in range(2):
            self.vote(self.people[0][0])
            assert self._tell("seal")["sealed"] >= 1

    def vote(self, person: Person) -> dict[str, Any]:
        """Send the voter's ballot, once: the one that waits, or another."""
        if person.waiting is None:
            person.waiting = self._new_ballot(person, self.chance)
        sent = person.waiting
        said = self._tell("vote", f"/cuoc-thi/{self.slug}/binh-chon", f"session={person.cookie}", sent.body)
        if said.get("status") == 303:
            person.said.append(set(sent.picks))
            person.waiting = None
        elif "status" in said:
            # In words, and with everything that was sent, to be sent again.
            assert said["status"] == 503 and "</h1>" in said["body"], said
            assert all(pick in said["body"] for pick in sent.picks), "the choices are kept"
        return said

    def seal(self) -> dict[str, Any]:
        return self._tell("seal")

    def calls(self, verb: str, tracee: int, names: tuple[str, ...], paths: tuple[str, ...]) -> Counter[str]:
        """How often each call is made in one act."""
        record = self.folder / "calls"
        with Strace(tracee, record, names, paths):
            self._act(verb)
        return Counter(re.findall(r"^\d+ +(\w+)\(", record.read_text(), re.MULTILINE))

    def _act(self, verb: str) -> dict[str, Any]:
        if verb == "vote":
            return self.vote(self.chance.choice(self.people[1]))
        self.vote(self.chance.choice(self.people[2]))
        return self.seal()

    def fail(self, verb: str, tracee: int, fault: str, name: str, at: int, paths: tuple[str, ...]) -> None:
        """One act in which the `at`-th call of `name` fails; then the same again without."""
        person = self.chance.choice(self.people[1])
        if verb == "seal":
            self.vote(person)
        with Strace(tracee, self.folder / "calls", (name,), paths, f"{name}:{fault}:when={at}"):
            said = self.vote(person) if verb == "vote" else self.seal()
        kind = "died" if "died" in said else "error" if said.get("status") == 503 or "error" in said else "done"
        self.done[kind] += 1
        if self.cluster is not None:
            self.cluster.wait_until_up()
        for _ in range(20):
            if verb == "vote" and person.waiting is None:
                break
            said = self.vote(person) if verb == "vote" else self.seal()
            if "sealed" in said:
                break
            time.sleep(0.05)
        assert person.waiting is None and said.get("status", 303) == 303, (verb, fault, name, at, said)
        if kind == "died":
            self._warm()


class Strace:
    """strace at one process, with or without a fault."""

    def __init__(self, process: int, record: Path, names: tuple[str, ...], paths: tuple[str, ...], fault: str = ""):
        self._arguments = ["strace", "-f", "-p", str(process), "-o", str(record), "-e", "trace=" + ",".join(names)]
        for path in paths:
            self._arguments += ["-P", path]
        if fault:
            self._arguments += ["-e", f"inject={fault}"]

    def __enter__(self) -> Strace:
        self._running = subprocess.Popen(self._arguments, stderr=subprocess.PIPE, text=True)
        assert self._running.stderr is not None
        said = ""
        while "attached" not in said:
            said = self._running.stderr.readline()
            if not said or "Operation not permitted" in said:
                self._running.wait(10)
                if REQUIRED:
                    pytest.fail(f"strace may not look at other processes here: {said}")
                pytest.skip("strace may not look at other processes here")
        return self

    def __exit__(self, *_error: object) -> None:
        self._running.terminate()
        self._running.communicate(timeout=20)


def chosen(count: int) -> list[int]:
    """Which of so many calls are made to fail."""
    if ALL or count <= 3:
        return list(range(1, count + 1))
    return sorted({1, 2, count // 2, count - 1, count})


@pytest.fixture
def strace() -> None:
    if shutil.which("strace") is None:
        if REQUIRED:
            pytest.fail("strace is not installed, and REQUIRE_SERVERS is set")
        pytest.skip("no strace on this machine")


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("verb", ["vote", "seal"])
def test_on_sqlite_every_write_may_fail(tmp_path, verb):
    world = Faulty(tmp_path / "site", None, seed=1)
    try:
        paths = tuple(str(tmp_path / "site" / f"contest.sqlite3{suffix}") for suffix in ("", "-wal", "-shm"))
        calls = world.calls(verb, world.pid, WRITES, paths)
        assert calls["pwrite64"] > 5 and calls["fdatasync"] + calls["fsync"] > 1, calls
        for name, count in sorted(calls.items()):
            for at in chosen(count):
                for fault in ("error=EIO", "error=ENOSPC", "signal=KILL"):
                    world.fail(verb, world.pid, fault, name, at, paths)
        assert world.done["died"] and world.done["error"], world.done
        assert world.wrong() == []
    finally:
        world.close()


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("verb", ["vote", "seal"])
def test_on_postgresql_every_word_to_the_server_may_fail(tmp_path, verb):
    cluster = Cluster()
    try:
        world = Faulty(tmp_path / "site", cluster, seed=2)
        try:
            calls = world.calls(verb, world.pid, TALKS, ())
            assert calls["sendto"] > 3 and calls["recvfrom"] > 3, calls
            for name, count in sorted(calls.items()):
                for at in chosen(count):
                    # After a failed send libpq reads why; a line that is not broken in truth would keep it waiting.
                    errors = ("error=ECONNRESET", "error=ETIMEDOUT") if name.startswith("recv") else ()
                    for fault in (*errors, "signal=KILL"):
                        world.fail(verb, world.pid, fault, name, at, ())
            assert world.done["died"] and world.done["error"], world.done
            assert world.wrong() == []
        finally:
            world.close()
    finally:
        cluster.stop()


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("strace")
@pytest.mark.parametrize("verb", ["vote", "seal"])
def test_postgresql_itself_may_fail_to_write(tmp_path, verb):
    """Its process for our connection cannot write its log, or is killed there: all connections go down with it."""
    cluster = Cluster()
    try:
        world = Faulty(tmp_path / "site", cluster, seed=3)
        try:
            calls = world.calls(verb, cluster.backends(world.database)[0], WRITES, ())
            assert calls["pwrite64"] >= 1, calls
            for at in range(1, calls["pwrite64"] + 1):
                for fault in ("error=EIO", "error=ENOSPC", "signal=KILL"):
                    (backend,) = cluster.backends(world.database)
                    world.fail(verb, backend, fault, "pwrite64", at, ())
                    world._warm()
            assert world.done["error"], world.done
            assert world.wrong() == []
        finally:
            world.close()
    finally:
        cluster.stop()
