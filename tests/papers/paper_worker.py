"""A process that makes papers until nothing is left, to be killed in the middle, or to have its memory measured."""

from __future__ import annotations

import resource
import sys
from datetime import datetime, timedelta
from pathlib import Path

from contest.app import create_app
from contest.core import clock as clocks
from contest.papers import tasks as tasks_papers
from tests.conftest import settings_for


def resident() -> int:
    """The memory of this process in kB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024


def main(data: str, url: str, instant: str, measured: str = "") -> None:
    """Work until nothing is left. `measured`: write after each piece how many were made, and the memory."""
    if measured:
        tasks_papers._SLICE = timedelta(0)  # a piece at a time
    app = create_app(settings_for(Path(data), url))
    clocks.use(clocks.StillClock(datetime.fromisoformat(instant)))
    done = 0
    with app.app_context():
        while made := tasks_papers.work_on_papers():
            done += made
            if measured:
                sys.stdout.write(f"{done} papers, {resident()} kB\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
