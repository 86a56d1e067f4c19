"""The process whose system calls fail: it casts a ballot, or seals, when told to.

    python -m tests.voting.fault_server DATA URL INSTANT CONTEST

The parent forks a child that has loaded the site, and another one when it dies. Each line to the
child is a JSON list: ["vote", path, cookie, body] or ["seal"]; each answer a JSON object.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from contest.app import create_app
from contest.contests.models import Contest
from contest.core import clock
from contest.core.db import db, writing
from contest.core.web.keys import log_signer
from contest.voting import sealing
from tests.conftest import settings_for


def answer(**said: Any) -> None:
    os.write(1, (json.dumps(said) + "\n").encode())


def work(app: Any, contest_id: int) -> None:
    """Do what the lines say, until killed."""
    with app.app_context():
        if db.engine.dialect.name == "sqlite":

            @event.listens_for(db.engine, "connect")
            def _often(connection: Any, _record: Any) -> None:
                # Every commit writes the pages back as well, which else a thousandth does.
                connection.execute("PRAGMA wal_autocheckpoint=1")

        contest = db.session.get_one(Contest, contest_id)
        signer = log_signer(contest.slug, contest.public_id)
        db.session.remove()
    client = app.test_client(use_cookies=False)
    answer(pid=os.getpid())
    for line in os.fdopen(0, closefd=False):
        verb, *rest = json.loads(line)
        if verb == "vote":
            path, cookie, body = rest
            headers = {"Cookie": cookie, "Origin": "http://localhost"}
            found = client.post(path, data=body, headers=headers, content_type="application/x-www-form-urlencoded")
            answer(status=found.status_code, body=found.get_data(as_text=True))
        else:
            try:
                with app.app_context():
                    batch = sealing.prepare(contest_id=contest_id, signer=signer, now=clock.now(), force=True)
                    db.session.rollback()
                    placed = 0
                    if batch is not None:
                        with writing() as now:
                            placed = sealing.place(batch, now)
                answer(sealed=placed)
            except SQLAlchemyError as error:
                answer(error=type(error).__name__)


def main() -> None:
    data, url, instant, contest = sys.argv[1:]
    app = create_app(settings_for(Path(data), url), WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False)
    app.logger.disabled = True
    clock.use(clock.StillClock(datetime.fromisoformat(instant)))
    while True:
        child = os.fork()
        if not child:
            work(app, int(contest))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            return
        answer(died=os.WTERMSIG(status))


if __name__ == "__main__":
    main()
