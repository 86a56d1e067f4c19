"""A site of its own for a journey: the real server, its commands, a data folder that nobody shares."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What whoever runs the tests has set for a site of their own.
FOREIGN = ("CONTEST_", "SITE_", "SMTP_", "SMS_", "GUNICORN_")
FOREIGN_NAMES = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PORT", "BIND", "WEB_CONCURRENCY"}
# Seconds until the server answers, on a machine that has much else to do.
PATIENCE = 120.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Site:
    """A demonstration served by gunicorn: one worker with eight threads and the background loop."""

    def __init__(self, data: Path, clock: str = "") -> None:
        self.data = data
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}"
        own = {name: value for name, value in os.environ.items() if not _is_foreign(name)}
        self.env = own | {
            "CONTEST_DATA": str(data),
            "CONTEST_DEMO": "1",
            "PORT": str(self.port),
            # Addresses in messages lead here, port and all.
            "SITE_DOMAIN": self.host,
            "PYTHONUNBUFFERED": "1",
        }
        if clock:
            self.env["CONTEST_CLOCK"] = clock
        self._server: subprocess.Popen[bytes] | None = None
        data.mkdir(parents=True, exist_ok=True)

    @property
    def log(self) -> Path:
        return self.data / "server.log"

    def flask(self, *arguments: str) -> str:
        """Run a command of the site; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"flask {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def flask_all(self, *commands: tuple[str, ...]) -> None:
        """Run several commands in one process: starting the application takes longer than most of them."""
        script = (
            "import json, sys\n"
            "from flask.cli import FlaskGroup\n"
            "from wsgi import app\n"
            "for command in json.loads(sys.argv[1]):\n"
            "    FlaskGroup(create_app=lambda: app).main(command, prog_name='flask', standalone_mode=False)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, json.dumps(commands)],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"],
                cwd=ROOT,
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until = time.monotonic() + PATIENCE
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > until:
                self.stop()
                raise AssertionError(f"the server did not start:\n{self.log.read_text('utf-8')}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "/suc-khoe", timeout=2) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def stop(self) -> None:
        if self._server is None:
            return
        self._server.terminate()
        try:
            self._server.wait(15)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server = None

    def now(self) -> datetime:
        """Contest time."""
        shift = timedelta(microseconds=int((self.data / "clock").read_text("ascii")))
        return datetime.now(UTC) + shift

    def complaints(self) -> str:
        """What the server's log tells of things that broke, from the first on; empty when nothing did."""
        log = self.log.read_text("utf-8", "replace")
        found = re.search(r"Traceback|\[ERROR\]| ERROR ", log)
        return log[max(0, found.start() - 300) :][:6000] if found else ""


def _is_foreign(name: str) -> bool:
    return name.startswith(FOREIGN) or name in FOREIGN_NAMES
