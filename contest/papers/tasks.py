"""Papers made piece by piece, by whichever worker comes; their files removed after a while.

A piece is made outside any transaction, stored, and then written down; a worker that is killed loses at most the
piece in its hands, and whoever takes the job next goes on after the last one that was written down.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from contest.contests.models import Contest
from contest.core import clock
from contest.core.db import db, writing
from contest.core.errors import Refused
from contest.core.files import FileStore
from contest.core.pdf import forget_layouts, make_pdf
from contest.core.web.files import file_store
from contest.papers import jobs
from contest.papers.certificates import page_data, paper_data
from contest.papers.looks import checked
from contest.papers.models import Certificate, PaperJob

log = logging.getLogger(__name__)
CLAIM = timedelta(minutes=2)
# A slice of work, so that other jobs of the loop are not kept waiting.
_SLICE = timedelta(seconds=4)


def work_on_papers() -> int:
    """Work for a slice of time on the oldest job; returns how many papers were made."""
    wall = clock.wall()
    job_id = _next(wall)
    db.session.rollback()
    if job_id is None:
        return 0
    with writing():
        if not _claim(job_id, wall):
            return 0
    try:
        return _work(job_id, wall)
    except Refused:
        # The store is away, or too much is being printed: the next tick tries again.
        return 0
    except Exception:
        # What nobody thought of must not be tried for ever: the jobs behind it would wait for ever.
        log.exception("papers %s could not be made", job_id)
        db.session.rollback()
        with writing() as now:
            _end(job_id, jobs.FAILED, now, jobs.NOT_MADE)
        return 0
    finally:
        db.session.rollback()
        _let_go(job_id)


def _next(wall: datetime) -> int | None:
    found: int | None = db.session.scalar(
        select(PaperJob.id)
        .where(PaperJob.state.in_(jobs.OPEN), or_(PaperJob.claimed_until.is_(None), PaperJob.claimed_until <= wall))
        .order_by(PaperJob.id)
        .limit(1)
    )
    return found


def _claim(job_id: int, wall: datetime) -> bool:
    won = db.session.execute(
        update(PaperJob)
        .where(
            PaperJob.id == job_id,
            PaperJob.state.in_(jobs.OPEN),
            or_(PaperJob.claimed_until.is_(None), PaperJob.claimed_until <= wall),
        )
        .values(claimed_until=wall + CLAIM, state=jobs.RUNNING)
    )
    return bool(won.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a cursor result


def _let_go(job_id: int) -> None:
    with writing():
        db.session.execute(update(PaperJob).where(PaperJob.id == job_id).values(claimed_until=None))


def _work(job_id: int, began: datetime) -> int:
    files, made = file_store(), 0
    # At least one piece in each slice, however long making it takes.
    while not made or clock.wall() - began < _SLICE:
        db.session.rollback()
        db.session.expire_all()  # nothing of a finished piece is kept
        job = db.session.get(PaperJob, job_id)
        if job is None or job.state != jobs.RUNNING:
            return made  # given up meanwhile
        if job.done >= job.total:
            with writing() as now:
                _end(job_id, jobs.DONE, now, None)
            return made + 1
        if not jobs.still_decided(job):
            with writing() as now:
                _end(job_id, jobs.FAILED, now, jobs.OUTDATED)
            return made + 1
        place, count = len(job.parts), min(jobs.PIECE, job.total - job.done)
        content = _piece(job)
        db.session.rollback()
        made += count if _keep(job_id, place, count, files.put(content, "pdf"), files) else 1
    return made


def _piece(job: PaperJob) -> bytes:
    """The next certificates as one file."""
    ids = job.spec["items"][job.done : job.done + jobs.PIECE]
    found = {each.id: each for each in db.session.scalars(select(Certificate).where(Certificate.id.in_(ids)))}
    contest = db.session.get_one(Contest, job.contest_id)
    look = checked(contest.rules, job.spec["look"])
    address = job.spec["address"]
    pages = [page_data(found[each], address) for each in ids]
    data = paper_data(job.spec["head"], look, job.spec["contest"], pages)
    try:
        return make_pdf("certificate", data, at=job.asked_at)
    finally:
        forget_layouts()


def _keep(job_id: int, place: int, count: int, key: str, files: FileStore) -> bool:
    """Write a finished piece down; False (and its file is gone) when the job went on without it."""
    with writing():
        job = db.session.get(PaperJob, job_id, with_for_update=True)
        kept = job is not None and job.state == jobs.RUNNING and len(job.parts) == place
        if job is not None and kept:
            job.parts = [*job.parts, key]
            job.done += count
            job.claimed_until = clock.wall() + CLAIM
    if not kept:
        files.remove(key)
    return kept


def _end(job_id: int, state: str, now: datetime, error: str | None) -> None:
    job = db.session.get(PaperJob, job_id, with_for_update=True)
    if job is not None and job.state in jobs.OPEN:
        job.state, job.error, job.finished_at, job.claimed_until = state, error, now, None


def forget_papers() -> int:
    """Remove finished files after a while; the job stays as a line that says what was made."""
    before = clock.now() - jobs.KEPT
    over = select(PaperJob).where(PaperJob.state.not_in(jobs.OPEN), PaperJob.finished_at < before)
    waiting = [job.id for job in db.session.scalars(over) if job.parts]
    db.session.rollback()
    if not waiting:
        return 0
    loose: list[str] = []
    with writing():
        for job in db.session.scalars(select(PaperJob).where(PaperJob.id.in_(waiting))):
            loose += job.parts
            job.parts = []
    for key in loose:
        file_store().remove(key)
    return len(loose)
