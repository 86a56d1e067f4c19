"""What is killed: a process that has loaded the site once and forks, on request, gunicorn or a sealer.

    python -m tests.voting.kill_server DATA URL PORT INSTANT CONTEST

Each line that it reads is a wish ("serve", "seal"), answered by the number of the new process, which
leads a group of its own. Starting from here takes milliseconds where a start of Python takes seconds.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from sqlalchemy.exc import SQLAlchemyError

from contest.app import create_app
from contest.contests.models import Contest
from contest.core import clock
from contest.core.db import db, writing
from contest.core.web.keys import log_signer
from contest.voting import sealing
from tests.conftest import settings_for


class Server(BaseApplication):
    """gunicorn as production runs it: an arbiter, two workers, threads."""

    def __init__(self, app: Any, port: int, log: Path) -> None:
        self._app, self._port, self._log = app, port, log
        super().__init__()

    def load_config(self) -> None:
        settings = {
            "bind": f"127.0.0.1:{self._port}",
            "workers": 2,
            "threads": 4,
            "worker_class": "gthread",
            "preload_app": True,
            "keepalive": 0,
            "graceful_timeout": 2,
            "errorlog": str(self._log),
            "loglevel": "critical",
            "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,
            "control_socket_disable": True,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._app


def seal_forever(app: Any, contest_id: int) -> None:
    """Seal whatever waits, again and again, as the loop does it."""
    with app.app_context():
        contest = db.session.get_one(Contest, contest_id)
        signer = log_signer(contest.slug, contest.public_id)
        db.session.rollback()
        while True:
            try:
                batch = sealing.prepare(contest_id=contest_id, signer=signer, now=clock.now(), force=True)
                db.session.rollback()
                if batch is not None:
                    with writing() as now:
                        sealing.place(batch, now)
            except SQLAlchemyError:
                # The database was killed: look again.
                db.session.remove()
                time.sleep(0.02)
            time.sleep(random.uniform(0, 0.03))


def forked(work: Callable[[], object]) -> int:
    """The process that does `work`, in a group of its own."""
    process = os.fork()
    if process:
        return process
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(0)
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        work()
    except SystemExit:
        pass
    finally:
        os._exit(0)


def answer(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main() -> None:
    data, url, port, instant, contest = sys.argv[1:]
    app = create_app(settings_for(Path(data), url), WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False)
    app.logger.disabled = True
    clock.use(clock.StillClock(datetime.fromisoformat(instant)))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that are killed
    answer("ready")
    for line in sys.stdin:
        wish = line.strip()
        if wish == "serve":
            answer(forked(Server(app, int(port), Path(data) / "gunicorn.log").run))
        elif wish == "seal":
            answer(forked(lambda: seal_forever(app, int(contest))))


if __name__ == "__main__":
    main()
