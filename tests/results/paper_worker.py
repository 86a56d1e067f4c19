"""A process that makes papers until nothing is left, to be killed in the middle: see test_paper_kills.py."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from contest.app import create_app
from contest.core import clock as clocks
from contest.results.tasks_papers import work_on_papers
from tests.conftest import settings_for


def main(data: str, url: str, instant: str) -> None:
    app = create_app(settings_for(Path(data), url))
    clocks.use(clocks.StillClock(datetime.fromisoformat(instant)))
    with app.app_context():
        while work_on_papers():
            pass


if __name__ == "__main__":
    main(*sys.argv[1:])
