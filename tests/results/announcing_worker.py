"""gunicorn with four workers and no background process, as the test of the announced minute runs it.

    python -m tests.results.announcing_worker DATA URL PORT START SKEWS

START: contest time, now. SKEWS: how many seconds the clock of each worker's machine is ahead, by commas. Every
answer names the worker that gave it.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from contest.app import create_app
from contest.core import clock
from tests.conftest import settings_for


class Shifted:
    """Contest time of one machine: it runs from START, and is off by its skew."""

    def __init__(self, start: datetime) -> None:
        self.shift = start - clock.wall()

    def at(self, wall: datetime) -> datetime:
        return wall + self.shift


class Four(BaseApplication):
    """As production runs it, with a name on every answer."""

    def __init__(self, app: Any, port: int, log: Path, skews: list[float]) -> None:
        self._app, self._port, self._log, self._skews = app, port, log, skews
        super().__init__()

    def load_config(self) -> None:
        settings = {
            "bind": f"127.0.0.1:{self._port}",
            "workers": len(self._skews),
            "threads": 2,
            "worker_class": "gthread",
            "preload_app": True,
            "keepalive": 0,
            "graceful_timeout": 2,
            "errorlog": str(self._log),
            "loglevel": "info",
            "control_socket_disable": True,
            "post_worker_init": self._skewed,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def _skewed(self, worker: Any) -> None:
        """Each worker stands for a machine of its own, with a clock of its own."""
        number = worker.age - 1
        skew = timedelta(seconds=self._skews[number % len(self._skews)])
        true = clock.machine
        clock.machine = lambda: true() + skew  # the machine's clock itself is off

    def load(self) -> Any:
        inner = self._app

        def named(environ: Any, start_response: Any) -> Any:
            def start(status: str, headers: list[tuple[str, str]], info: Any = None) -> Any:
                told = [*headers, ("X-Worker", str(os.getpid())), ("X-At", f"{time.time():.3f}")]
                return start_response(status, told, info) if info else start_response(status, told)

            return inner(environ, start)

        return named


def main() -> None:
    data, url, port, start, skews = sys.argv[1:]
    app = create_app(settings_for(Path(data), url), RATELIMIT_ENABLED=False)
    clock.use(Shifted(datetime.fromisoformat(start)))
    Four(app, int(port), Path(data) / "gunicorn.log", [float(each) for each in skews.split(",")]).run()


if __name__ == "__main__":
    main()
