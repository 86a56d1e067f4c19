"""How a vote stands, for those who run it: its log, its findings, its paper, its costs. No figure of an entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from contest.contests.models import Contest
from contest.core.db import db
from contest.voting.log import signed_by
from contest.voting.models_log import BallotLog, Checkpoint, Leaf, WitnessReport
from contest.voting.models_review import Finding, PaperBatch, Setting, SmsCost
from contest.voting.queries import turnout


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody outside who keeps checkpoints: how far they are, and whether the last one did not go out."""

    name: str
    size: int
    at: datetime
    failed: int


@dataclass(frozen=True)
class Overview:
    """Figures of a vote. `key_ok`: None before the log is open, else whether we still hold its key."""

    turnout: int
    log: BallotLog | None
    waiting: int
    oldest_waiting: datetime | None
    checkpoint: Checkpoint | None
    key_ok: bool | None
    witnesses: tuple[Witness, ...]
    findings: int
    proposals: int
    batches: dict[str, int]
    messages: int
    cost_vnd: int


def overview(contest: Contest, *, public: bytes) -> Overview:
    """How the vote of `contest` stands; `public` is the key that signs its log now. Eight statements."""
    log = db.session.get(BallotLog, contest.id)
    waiting, oldest = db.session.execute(
        select(func.count(Leaf.id), func.min(Leaf.at)).where(Leaf.contest_id == contest.id, Leaf.position.is_(None))
    ).one()
    latest = select(Checkpoint).where(Checkpoint.contest_id == contest.id).order_by(Checkpoint.size.desc()).limit(1)
    messages, cost = db.session.execute(
        select(func.sum(SmsCost.messages), func.sum(SmsCost.cost_vnd)).where(SmsCost.contest_id == contest.id)
    ).one()
    return Overview(
        turnout=turnout(contest.id),
        log=log,
        waiting=waiting,
        oldest_waiting=oldest,
        checkpoint=db.session.scalar(latest),
        key_ok=None if log is None else bool(public) and signed_by(log, public),
        witnesses=_witnesses(contest.id),
        findings=_count(
            select(func.count(Finding.id)).where(Finding.contest_id == contest.id, Finding.state == "open")
        ),
        proposals=_count(
            select(func.count(Setting.id)).where(Setting.contest_id == contest.id, Setting.state == "proposed")
        ),
        batches={
            row[0]: row[1]
            for row in db.session.execute(
                select(PaperBatch.state, func.count(PaperBatch.id))
                .where(PaperBatch.contest_id == contest.id)
                .group_by(PaperBatch.state)
            )
        },
        messages=messages or 0,
        cost_vnd=int(cost or 0),
    )


def _count(query: object) -> int:
    return db.session.scalar(query) or 0  # type: ignore[call-overload]  # a select() of one number


def _witnesses(contest_id: int) -> tuple[Witness, ...]:
    went = WitnessReport.error.is_(None)
    rows = db.session.execute(
        select(
            WitnessReport.witness,
            func.max(WitnessReport.size).filter(went),
            func.max(WitnessReport.at).filter(went),
            func.count(WitnessReport.id).filter(~went),
        )
        .where(WitnessReport.contest_id == contest_id)
        .group_by(WitnessReport.witness)
        .order_by(WitnessReport.witness)
    )
    return tuple(Witness(name, size or 0, at, failed) for name, size, at, failed in rows)
