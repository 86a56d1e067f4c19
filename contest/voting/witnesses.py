"""Witnesses: others who keep checkpoints of a log, so that it cannot be told differently to different people.

A checkpoint goes to them when the log opens, then once a day by mail and once an hour to a public git
repository, when the log closes, and when the results are announced. Mail goes through the outbox; the
repository is pushed to by a child process (voting.pushing), which is looked after and never waited for.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from sqlalchemy import select

from contest.contests.models import Contest
from contest.core.config import Witnesses
from contest.core.db import db
from contest.outbox.models import Message
from contest.outbox.services import ask_for_mail
from contest.voting.identity import inserting
from contest.voting.models_log import BallotLog, Checkpoint, WitnessReport
from contest.voting.sealing import latest_checkpoint

MAIL, GIT = "mail:", "git:"
TEMPLATE = "log_checkpoint"
_EVERY = {MAIL: timedelta(days=1), GIT: timedelta(hours=1)}
_AGAIN = timedelta(minutes=10)
SECONDS = 45  # that git may take in all; then it is killed, and tried again later


@dataclass(frozen=True, slots=True)
class Due:
    """A checkpoint that a witness should have by now."""

    witness: str
    size: int
    note: str


def names_of(settings: Witnesses) -> list[str]:
    """The witnesses of this site, as reports name them."""
    git = [f"{GIT}{settings.git_url or settings.git.name}"] if settings.git else []
    return [f"{MAIL}{address}" for address in settings.mail] + git


def due(contest_id: int, witnesses: Sequence[str], now: datetime, announced_at: datetime | None = None) -> list[Due]:
    """What should go out now."""
    log, last = db.session.get(BallotLog, contest_id), latest_checkpoint(contest_id)
    if log is None or last is None or not witnesses:
        return []
    reports = reports_of(contest_id)
    return [
        Due(witness, last.size, last.note)
        for witness in witnesses
        if _is_due(log, last, [each for each in reports if each.witness == witness], now, announced_at)
    ]


def _is_due(
    log: BallotLog, last: Checkpoint, reports: Sequence[WitnessReport], now: datetime, announced_at: datetime | None
) -> bool:
    if any(each.error is not None and each.at > now - _AGAIN for each in reports):
        return False
    kept = [each for each in reports if each.error is None]
    if not kept:
        return True
    latest = max(kept, key=lambda each: each.size)
    if latest.size >= last.size:
        return False
    if latest.at <= now - _EVERY[MAIL if latest.witness.startswith(MAIL) else GIT]:
        return True
    if log.closed_at and latest.at < log.closed_at <= last.made_at:
        return True
    return announced_at is not None and latest.at < announced_at <= now


def reports_of(contest_id: int) -> Sequence[WitnessReport]:
    """What witnesses were given, and what did not go out."""
    return db.session.scalars(
        select(WitnessReport)
        .where(WitnessReport.contest_id == contest_id)
        .order_by(WitnessReport.size, WitnessReport.id)
    ).all()


def latest_reports(contest_id: int) -> list[WitnessReport]:
    """For each witness the largest checkpoint that it has; one that has none yet, with what went wrong."""
    found: dict[str, WitnessReport] = {}
    for report in reports_of(contest_id):
        if report.error is None or report.witness not in found:
            found[report.witness] = report
    return [found[witness] for witness in sorted(found)]


def note_report(contest_id: int, due: Due, now: datetime, error: str | None = None) -> bool:
    """Write down what came of it, once for each witness and size. False when it stood there as done already."""
    statement = inserting(db.session.connection().dialect.name, WitnessReport).values(
        contest_id=contest_id, witness=due.witness, size=due.size, at=now, error=error
    )
    made = db.session.execute(
        statement.on_conflict_do_update(
            index_elements=[WitnessReport.contest_id, WitnessReport.witness, WitnessReport.size],
            set_={"at": now, "error": error},
            where=WitnessReport.error.is_not(None),
        ).returning(WitnessReport.id)
    ).scalar()
    return made is not None


def send(contest: Contest, due: Due, now: datetime) -> bool:
    """Ask for the mail with a checkpoint, and note it: two runners at once send one."""
    if not note_report(contest.id, due, now):
        return False
    ask_for_mail(
        to=due.witness.removeprefix(MAIL),
        template=TEMPLATE,
        now=now,
        scope=contest.slug,
        contest={"vi": contest.rules.title.vi, "en": contest.rules.title.en},
        slug=contest.slug,
        size=due.size,
        note=due.note,
    )
    return True


def note_lost_mail(contest: Contest, now: datetime) -> int:
    """Say on the report of each mail that was given up that it was; how many. They are tried again."""
    lost = db.session.scalars(
        select(Message)
        .where(Message.scope == contest.slug, Message.template == TEMPLATE, Message.state == "failed")
        .order_by(Message.id)
    ).all()
    told = {(f"{MAIL}{message.address}", message.params.get("size")): message for message in lost}
    done = 0
    for report in reports_of(contest.id):
        message = told.get((report.witness, report.size))
        if message is not None and report.error is None and report.at <= message.created_at:
            report.error, report.at = (message.error or "not sent")[:500], now
            done += 1
    return done


def files_of(slug: str, key: str, due: Due) -> dict[str, str]:
    """What a checkpoint is in the repository: a file of its own, which never changes, beside the key."""
    return {f"{slug}/key.txt": f"{key}\n", f"{slug}/{due.size:012d}.txt": due.note}


# The child process

_ROOT = str(Path(__file__).resolve().parents[2])
_START = f"import sys; sys.path.insert(0, {_ROOT!r}); from contest.voting.pushing import main; main()"
_KEPT = ("PATH", "HOME", "SSH_AUTH_SOCK", "https_proxy", "http_proxy", "no_proxy", "SSL_CERT_FILE")
_QUIET = {
    "LC_ALL": "C.UTF-8",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false",
    "SSH_ASKPASS": "/bin/false",
    "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=10",
}


class Push:
    """A push under way. `poll` now and then; it ends by itself within `seconds` and a little."""

    def __init__(
        self, folder: Path, files: dict[str, str], message: str, wall: datetime, seconds: int = SECONDS
    ) -> None:
        self._until = wall + timedelta(seconds=seconds + 10)
        self._answer: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 -- closed when the child has ended
        request = {"folder": str(folder), "files": files, "message": message, "seconds": seconds}
        with tempfile.TemporaryFile() as asked:
            asked.write(json.dumps(request).encode() + b"\n")
            asked.seek(0)
            self._child = subprocess.Popen(  # noqa: S603 -- our own interpreter
                [sys.executable, "-I", "-B", "-c", _START],
                stdin=asked,
                stdout=self._answer,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in _KEPT if name in os.environ} | _QUIET,
                cwd="/",
                start_new_session=True,
            )

    def poll(self, wall: datetime) -> str | None:
        """None while it goes on; then "" when it went out, else what went wrong."""
        if self._child.poll() is None:
            if wall < self._until:
                return None
            self.end()
            return "git: killed after its time was over"
        self.end()
        with self._answer as answered:
            answered.seek(0)
            return _understood(answered.read(10_000))

    def end(self) -> None:
        """Kill whatever is left of it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()


def _understood(answer: bytes) -> str:
    try:
        told = json.loads(answer)
    except ValueError:
        return "git: the process ended without an answer"
    if not isinstance(told, dict) or not ("commit" in told or "error" in told):
        return "git: the process gave no answer"
    return str(told.get("error", ""))[:1000]
