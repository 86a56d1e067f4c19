"""A PostgreSQL of one's own, for tests that kill its processes: nobody else's connections may go with them."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from tests.conftest import REQUIRED


def binaries() -> Path | None:
    """The folder of initdb: the newest version that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    plain = shutil.which("initdb")
    return Path(plain).resolve().parent if plain else None


def _postgres_user() -> str | None:
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return None


class Cluster:
    """Started on a free port of the loopback; commits are waited for, disks are not (no power is cut here)."""

    def __init__(self) -> None:
        """Skips the test where there is no PostgreSQL, or nobody to run it."""
        found = binaries()
        self._as = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if found is None or (self._as and _postgres_user() is None):
            if REQUIRED:
                pytest.fail("PostgreSQL is not installed, and REQUIRE_SERVERS is set")
            pytest.skip("no PostgreSQL on this machine")
        # Not in pytest's folder, which nobody but its owner may enter.
        self._bin, self._folder = found, Path(tempfile.mkdtemp(prefix="postgres-"))
        folder = self._folder
        folder.chmod(0o755)
        self._secret = secrets.token_hex(16)
        (folder / "password").write_text(self._secret + "\n")
        if self._as:
            for each in (folder, folder / "password"):
                shutil.chown(each, "postgres")
        self._run("initdb", "-D", self.data, "-U", "postgres", f"--pwfile={folder / 'password'}",
                  "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")  # fmt: skip
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c max_connections=60"
            " -c fsync=off -c synchronous_commit=on -c full_page_writes=off -c restart_after_crash=on"
        )
        self._run("pg_ctl", "-D", self.data, "-l", folder / "log", "-s", "-w", "-t", "60", "-o", options, "start")

    @property
    def data(self) -> Path:
        return self._folder / "data"

    def _run(self, program: str, *arguments: object) -> None:
        done = subprocess.run(
            [*self._as, str(self._bin / program), *map(str, arguments)],
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres:{self._secret}@127.0.0.1:{self.port}/{database}"

    def query(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Rows of a statement outside of any transaction. Raises psycopg.OperationalError while it recovers."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchall() if found.description else []

    def backends(self, database: str) -> list[int]:
        """Processes that serve connections to a database."""
        rows = self.query(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
            f" AND datname = '{database}' AND pid <> pg_backend_pid()"
        )
        return [int(str(row[0])) for row in rows]

    def wait_until_up(self, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while True:
            try:
                self.query("SELECT 1")
                return
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "-s", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)
