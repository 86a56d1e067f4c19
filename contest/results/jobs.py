"""Papers made in the background: asked for, made piece by piece, given up, kept for a while.

A piece is made outside any transaction, stored, and then written down; a worker that is killed loses at most the
piece in its hands, and whoever takes the job next goes on after the last one that was written down.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core import clock
from contest.core.db import db, writing
from contest.core.errors import N_, NotFound, Refused
from contest.core.files import FileStore
from contest.core.pdf import make_pdf
from contest.core.web.files import file_store
from contest.results.acts import note
from contest.results.certificates import contest_line, decided_results, issue, look_of, page_data, paper_data
from contest.results.looks import checked
from contest.results.models_after import Certificate, PaperJob

log = logging.getLogger(__name__)
CERTIFICATES = "certificates"
WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
OPEN = (WAITING, RUNNING)
# Certificates in a piece: a file that a printer takes in one go, and little memory while it is made.
PIECE = 25
CLAIM = timedelta(minutes=2)
# A slice of work, so that other jobs of the loop are not kept waiting.
_SLICE = timedelta(seconds=4)
KEPT = timedelta(days=14)  # that finished files are there to fetch; they can be made again
OUTDATED = N_("The results have changed since these papers were asked for. Ask for them again.")
NOT_MADE = N_("The papers could not be made. Please try again; if it happens again, tell the operator.")


def ask(
    *, contest: Contest, head: dict[str, Any], address: str, actor: User, now: datetime, numbers: str = ""
) -> PaperJob:
    """Issue what is to be issued and have all certificates made, or those of `numbers` ("3, 7-12").

    `head`: what every paper says at its head. `address`: of the check page, without the code. While a job of the
    contest is under way there is no second one. Raises Refused.
    """
    issued = issue(contest=contest, actor=actor, now=now)
    busy = find_open(contest.id)
    if busy is not None:
        raise Refused(
            N_("Papers of this contest are being made just now. Wait for them, or give them up."), code="busy"
        )
    wanted = _chosen(issued, numbers)
    if not wanted:
        raise Refused(N_("There is nobody to make a certificate for."), code="nobody")
    look, _ = look_of(contest)
    job = PaperJob(
        contest_id=contest.id,
        kind=CERTIFICATES,
        spec={
            "items": [each.id for each in wanted],
            "result_set": decided_results(contest).id,
            "look": look.as_json(),
            "head": head,
            "address": address,
            "contest": contest_line(contest),
        },
        parts=[],
        asked_by_id=actor.id,
        asked_at=now,
        total=len(wanted),
        done=0,
        state=WAITING,
    )
    db.session.add(job)
    db.session.flush()
    note(contest, "make_papers", actor, now, job=job.public_id, count=job.total)
    return job


def _chosen(issued: Sequence[Certificate], numbers: str) -> list[Certificate]:
    if not numbers.strip():
        return list(issued)
    wanted: set[int] = set()
    for part in numbers.replace("–", "-").split(","):
        first, _, last = part.partition("-")
        try:
            begin, end = int(first), int(last or first)
        except ValueError:
            raise Refused(N_("Write numbers as 3, 7-12."), code="numbers") from None
        if not 0 < begin <= end <= 100_000:
            raise Refused(N_("Write numbers as 3, 7-12."), code="numbers")
        wanted.update(range(begin, end + 1))
    return [each for each in issued if each.number in wanted]


def find_open(contest_id: int) -> PaperJob | None:
    """The job of a contest that is waiting or under way."""
    return db.session.scalar(
        select(PaperJob).where(PaperJob.contest_id == contest_id, PaperJob.state.in_(OPEN)).limit(1)
    )


def jobs_of(contest_id: int, most: int = 10) -> Sequence[PaperJob]:
    """The last jobs of a contest, the newest first."""
    return db.session.scalars(
        select(PaperJob).where(PaperJob.contest_id == contest_id).order_by(PaperJob.id.desc()).limit(most)
    ).all()


def get_job(contest_id: int, public_id: str) -> PaperJob:
    """A job of this contest. Raises NotFound."""
    found = db.session.scalar(
        select(PaperJob).where(PaperJob.contest_id == contest_id, PaperJob.public_id == public_id)
    )
    if found is None:
        raise NotFound(public_id)
    return found


def still_decided(job: PaperJob) -> bool:
    """Whether the results that the papers tell of are still the decided ones: approvals may be taken back."""
    try:
        return bool(decided_results(db.session.get_one(Contest, job.contest_id)).id == job.spec["result_set"])
    except Refused:
        return False


def give_up(*, contest: Contest, job: PaperJob, actor: User, now: datetime) -> list[str]:
    """End a job; returns the keys of the files that nobody needs then. Numbers that were given stay given."""
    if job.state not in OPEN:
        raise Refused(N_("These papers are not being made any more."), code="over")
    loose = list(job.parts)
    job.state, job.parts, job.finished_at, job.claimed_until = CANCELLED, [], now, None
    note(contest, "give_up_papers", actor, now, job=job.public_id)
    db.session.flush()
    return loose


# The work itself


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
            _end(job_id, FAILED, now, NOT_MADE)
        return 0
    finally:
        db.session.rollback()
        _let_go(job_id)


def _next(wall: datetime) -> int | None:
    found: int | None = db.session.scalar(
        select(PaperJob.id)
        .where(PaperJob.state.in_(OPEN), or_(PaperJob.claimed_until.is_(None), PaperJob.claimed_until <= wall))
        .order_by(PaperJob.id)
        .limit(1)
    )
    return found


def _claim(job_id: int, wall: datetime) -> bool:
    won = db.session.execute(
        update(PaperJob)
        .where(
            PaperJob.id == job_id,
            PaperJob.state.in_(OPEN),
            or_(PaperJob.claimed_until.is_(None), PaperJob.claimed_until <= wall),
        )
        .values(claimed_until=wall + CLAIM, state=RUNNING)
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
        if job is None or job.state != RUNNING:
            return made  # given up meanwhile
        if job.done >= job.total:
            with writing() as now:
                _end(job_id, DONE, now, None)
            return made + 1
        if not still_decided(job):
            with writing() as now:
                _end(job_id, FAILED, now, OUTDATED)
            return made + 1
        place, count = len(job.parts), min(PIECE, job.total - job.done)
        content = _piece(job)
        db.session.rollback()
        made += count if _keep(job_id, place, count, files.put(content, "pdf"), files) else 1
    return made


def _piece(job: PaperJob) -> bytes:
    """The next certificates as one file."""
    ids = job.spec["items"][job.done : job.done + PIECE]
    found = {each.id: each for each in db.session.scalars(select(Certificate).where(Certificate.id.in_(ids)))}
    contest = db.session.get_one(Contest, job.contest_id)
    look = checked(contest.rules, job.spec["look"])
    address = job.spec["address"]
    pages = [page_data(found[each], address) for each in ids]
    data = paper_data(job.spec["head"], look, job.spec["contest"], pages)
    return make_pdf("certificate", data, at=job.asked_at)


def _keep(job_id: int, place: int, count: int, key: str, files: FileStore) -> bool:
    """Write a finished piece down; False (and its file is gone) when the job went on without it."""
    with writing():
        job = db.session.get(PaperJob, job_id, with_for_update=True)
        kept = job is not None and job.state == RUNNING and len(job.parts) == place
        if job is not None and kept:
            job.parts = [*job.parts, key]
            job.done += count
            job.claimed_until = clock.wall() + CLAIM
    if not kept:
        files.remove(key)
    return kept


def _end(job_id: int, state: str, now: datetime, error: str | None) -> None:
    job = db.session.get(PaperJob, job_id, with_for_update=True)
    if job is not None and job.state in OPEN:
        job.state, job.error, job.finished_at, job.claimed_until = state, error, now, None


def forget_papers() -> int:
    """Remove finished files after a while; the job stays as a line that says what was made."""
    before = clock.now() - KEPT
    over = select(PaperJob).where(PaperJob.state.not_in(OPEN), PaperJob.finished_at < before)
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


def part_name(job: PaperJob, place: int) -> str:
    """What a piece is called: by the first and the last of its papers."""
    first = place * PIECE + 1
    return f"giay-chung-nhan-{first:04}-{min(first + PIECE - 1, job.total):04}.pdf"


def parts_shown(job: PaperJob) -> Iterator[tuple[int, str]]:
    return ((place, part_name(job, place)) for place in range(len(job.parts)))
