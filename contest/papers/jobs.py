"""Papers made in the background: asked for, given up, and what they are called. The work is in tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, NotFound, Refused
from contest.papers.certificates import contest_line, decided_results, issue, look_of
from contest.papers.models import Certificate, PaperJob
from contest.results.acts import note

CERTIFICATES = "certificates"
WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
OPEN = (WAITING, RUNNING)
# Certificates in a piece: a file that a printer takes in one go, and little memory while it is made.
PIECE = 25
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


def part_name(job: PaperJob, place: int) -> str:
    """What a piece is called: by the first and the last of its papers."""
    first = place * PIECE + 1
    return f"giay-chung-nhan-{first:04}-{min(first + PIECE - 1, job.total):04}.pdf"


def parts_shown(job: PaperJob) -> Iterator[tuple[int, str]]:
    return ((place, part_name(job, place)) for place in range(len(job.parts)))
