"""Work in the background: sealing the audit, sending messages, forgetting what is over.

A loop, not a queue (docs/decisions/a-loop-not-a-queue.md): the tables say what there is to do, and
each job claims its work in them. Losing the loop loses nothing; running it twice does nothing twice.
A room adds a job by a line in JOBS.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from contest.accounts.sign_ins import forget_old
from contest.audit.models import AuditRow
from contest.audit.services import seal
from contest.contests.models import Contest
from contest.core import clock
from contest.core.db import db, keep_time, writing
from contest.core.web.files import file_store
from contest.entries.importing import forget_left_files
from contest.entries.queries import key_is_used
from contest.exemplars.reminders import due_for_reminder, remind_units
from contest.intake.tasks import work_on_bundles
from contest.outbox.runner import send_due
from contest.papers.tasks import forget_papers, work_on_papers
from contest.privacy.retention import run_retention
from contest.results.queries import find_public_results
from contest.results.tasks_mailings import send_mailings
from contest.screening.findings import examine, keep
from contest.screening.queries import unchecked
from contest.voting import counting, distribution
from contest.voting.alarms import look_at_spending
from contest.voting.models_review import SmsSpending
from contest.voting.services import forget_old_codes
from contest.voting.tasks import note_lost_mail, tell_witnesses, tend_logs
from contest.voting.tasks_detection import forget_counts, look_through_votes

log = logging.getLogger(__name__)
TICK_SECONDS = 2.0


def _seal_audit() -> int:
    # Looked at first without the write lock, which a quiet site should not take every two seconds.
    waiting = db.session.scalar(select(AuditRow.id).where(AuditRow.position.is_(None)).limit(1))
    db.session.rollback()
    if waiting is None:
        return 0
    with writing():
        return seal()


def _send_messages() -> int:
    return send_due(now=clock.now())


def _remind_units() -> int:
    # Looked at first without the write lock, as above.
    waiting = due_for_reminder(clock.now())
    db.session.rollback()
    if not waiting:
        return 0
    with writing() as now:
        slugs = {row.id: row.slug for row in db.session.execute(select(Contest.id, Contest.slug))}
        return remind_units(now=now, slugs=slugs)


def _forget_old() -> int:
    with writing():
        return forget_old(wall=clock.wall())


def _forget_vote_codes() -> int:
    with writing():
        return forget_old_codes(wall=clock.wall())


def _retain() -> int:
    with writing() as now:
        loose = run_retention(now)
    for key in loose:
        if not key_is_used(key):
            file_store().remove(key)
    return len(loose)


_CHECKED_AT_ONCE = 50


def _check_entries() -> int:
    """Look through what was submitted: reading first, then one short transaction for what was found."""
    waiting = unchecked(_CHECKED_AT_ONCE)
    examined = examine(waiting) if waiting else []
    db.session.rollback()
    if not examined:
        return 0
    with writing() as now:
        return sum(keep(each, now) for each in examined)


def _forget_left_files() -> int:
    with writing() as now:
        loose = forget_left_files(now)
    for key in loose:
        if not key_is_used(key):
            file_store().remove(key)
    return len(loose)


def _draw_votes() -> int:
    """Pictures of votes for the review desk: every ballot is read without the write lock."""
    now = clock.now()
    found = {contest.id: distribution.look(contest, now) for contest in distribution.voted_on(now)}
    db.session.rollback()
    drawn = {contest_id: content for contest_id, content in found.items() if content is not None}
    if drawn:
        with writing() as at:
            for contest_id, content in drawn.items():
                distribution.keep(contest_id, content, at)
    return len(drawn)


def _announced_at(contest_id: int, now: datetime) -> datetime | None:
    found = find_public_results(contest_id, now)
    return found.result_set.visible_from if found is not None and found.standing == "official" else None


def _tend_logs() -> int:
    return tend_logs(_announced_at)


def _look_at_spending() -> int:
    # Looked at first without the write lock, as above.
    spent = db.session.scalar(select(SmsSpending.contest_id).limit(1))
    db.session.rollback()
    if spent is None:
        return 0
    with writing() as now:
        return look_at_spending(limits=current_app.config["SETTINGS"].sms_limits, now=now, wall=clock.wall())


def _count_votes() -> int:
    # Looked at first without the write lock, as above.
    waiting = counting.uncounted()
    db.session.rollback()
    for contest_id in waiting:
        with writing():
            counting.count_patterns(contest_id)
        # Every ballot is read once more, without the write lock; a decision may come in between, once.
        contest = db.session.get_one(Contest, contest_id)
        agreed = counting.agree(contest) or counting.agree(contest)
        db.session.rollback()
        if not agreed:
            with writing():
                counting.forget_patterns(db.session.get_one(Contest, contest_id))
    return len(waiting)


def _tell_witnesses() -> int:
    return tell_witnesses(_announced_at)


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do now and then; `run` returns how much was done and commits by itself."""

    name: str
    run: Callable[[], int]
    every: timedelta = timedelta(0)


# In a thread of its own: a mail server that takes its time must not hold up what receipts promise.
SEALING = Job("logs of votes", _tend_logs, every=timedelta(seconds=10))
JOBS: tuple[Job, ...] = (
    SEALING,
    Job("counts of closed votes", _count_votes, every=timedelta(minutes=1)),
    Job("audit", _seal_audit),
    Job("letters to many", send_mailings),
    Job("outbox", _send_messages),
    Job("witnesses", _tell_witnesses, every=timedelta(seconds=5)),
    Job("mail to witnesses", note_lost_mail, every=timedelta(hours=1)),
    Job("entries", _check_entries),
    Job("reminders to units", _remind_units, every=timedelta(seconds=10)),
    Job("bundles", work_on_bundles),
    Job("papers", work_on_papers),
    Job("papers left lying", forget_papers, every=timedelta(hours=1)),
    Job("retention", _retain, every=timedelta(hours=1)),
    Job("files left lying", _forget_left_files, every=timedelta(hours=1)),
    Job("old sign-ins", _forget_old, every=timedelta(hours=1)),
    Job("pictures of votes", _draw_votes, every=timedelta(minutes=1)),
    Job("signs in votes", look_through_votes, every=timedelta(minutes=1)),
    Job("used proofs of work", forget_counts, every=timedelta(hours=1)),
    Job("cost of text messages", _look_at_spending, every=timedelta(seconds=30)),
    Job("old vote codes", _forget_vote_codes, every=timedelta(hours=1)),
)


def tick(app: Flask, last_runs: dict[str, datetime] | None = None, jobs: Sequence[Job] | None = None) -> int:
    """Do once whatever is due; returns how much was done.

    `last_runs` remembers between ticks when the jobs with a pause ran. A job that fails is logged
    and keeps no other from running.
    """
    last_runs = {} if last_runs is None else last_runs
    done = 0
    with app.app_context():
        keep_time()  # a letter that is due by a clock ahead of the others would come early
    for job in JOBS if jobs is None else jobs:
        wall = clock.wall()
        if job.name in last_runs and wall - last_runs[job.name] < job.every:
            continue
        last_runs[job.name] = wall
        with app.app_context():
            try:
                done += job.run()
            except OperationalError as error:
                if _is_busy(error):
                    log.warning("background job %s waits: the database is busy", job.name)
                else:
                    log.exception("background job %s failed", job.name)
            except Exception:
                log.exception("background job %s failed", job.name)
    return done


def _is_busy(error: OperationalError) -> bool:
    """Whether another writer of SQLite held on for longer than one waits: the next tick tries again."""
    return "database is locked" in str(error.orig)


def run(app: Flask, stop: threading.Event) -> None:
    """Tick until told to stop, at once again while there is much to do."""
    others = [job for job in JOBS if job is not SEALING]
    sealer = threading.Thread(target=_run, args=(app, stop, [SEALING]), name="sealer", daemon=True)
    sealer.start()
    _run(app, stop, others)
    sealer.join(timeout=10)


def _run(app: Flask, stop: threading.Event, jobs: Sequence[Job]) -> None:
    last_runs: dict[str, datetime] = {}
    while not stop.is_set():
        try:
            done = tick(app, last_runs, jobs)
        except Exception:
            log.exception("background tick failed")
            done = 0
        stop.wait(0.05 if done else TICK_SECONDS)


def start_embedded(app: Flask) -> threading.Thread:
    """Run the loop in a daemon thread of the one embedded worker."""
    thread = threading.Thread(target=run, args=(app, threading.Event()), name="runner", daemon=True)
    thread.start()
    return thread
