"""What is killed: a process that has loaded the site and forks, on request, one act that dies at a given step.

    python -m tests.results.kill_zygote DATA URL

Each line that it reads is a wish in JSON: {"act": "approve" | "send", "step": n, "instant": …, …}. The child
counts its steps (each statement that writes or locks, each COMMIT before and after it, each message before and
after it is handed over) and kills itself with SIGKILL at step n; 0 lets it live. The answer is one line:
"killed", or "done" with the steps that there were.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event

from contest.accounts.models import User
from contest.app import create_app
from contest.contests.models import Contest
from contest.core import clock
from contest.core.db import db, writing
from contest.core.errors import Refused
from contest.outbox.letters import Letter
from contest.outbox.runner import send_due
from contest.results.services import approve
from tests.conftest import settings_for


class Steps:
    """Counts, and dies at the step that was asked for."""

    def __init__(self, last: int) -> None:
        self.done, self.last = 0, last

    def statement(self, _connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        """A step unless it only reads: before the first that writes, nothing has happened."""
        if not text.lstrip().upper().startswith("SELECT") or "FOR NO KEY UPDATE" in text:
            self()

    def __call__(self, *_: Any) -> None:
        self.done += 1
        if self.done == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


class Writing:
    """A server of mail that writes down, safely, to whom it was handed a message."""

    keeps = False

    def __init__(self, path: str, steps: Steps) -> None:
        self.path, self.steps = path, steps

    def send(self, letter: Letter) -> None:
        self.steps()
        with Path(self.path).open("a", encoding="utf-8") as file:
            file.write(f"{letter.address}\n")
            file.flush()
            os.fsync(file.fileno())
        self.steps()


def do(app: Any, wish: dict[str, Any], steps: Steps) -> None:
    clock.use(clock.StillClock(datetime.fromisoformat(wish["instant"])))
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", steps.statement)
        event.listen(db.engine, "commit", steps)
        event.listen(db.session, "after_commit", steps)
        if wish["act"] == "approve":
            try:
                with writing() as now:
                    approve(
                        contest=db.session.get_one(Contest, wish["contest"]),
                        typed_number=wish["number"],
                        actor=db.session.get_one(User, wish["person"]),
                        now=now,
                    )
            except Refused as error:
                sys.stderr.write(f"{error}\n")
        else:
            channel = Writing(wish["inbox"], steps)
            send_due(now=clock.now(), channels={"email": channel, "sms": channel})


def main(data: str, url: str) -> None:
    app = create_app(settings_for(Path(data), url), TESTING=True)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        wish = json.loads(line)
        told, tell = os.pipe()
        process = os.fork()
        if not process:
            os.close(told)
            steps = Steps(wish["step"])
            do(app, wish, steps)
            os.write(tell, str(steps.done).encode())
            os._exit(0)
        os.close(tell)
        _, status = os.waitpid(process, 0)
        steps_done = os.read(told, 20).decode()
        os.close(told)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        sys.stdout.write("killed\n" if killed else f"done {steps_done}\n" if status == 0 else f"failed {status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
