"""Scans of signed decisions: kept sealed, public with what they decided, never overwritten.

Before the instant of the results (or of the amendment) organisers alone get them; from then on anyone does,
where the rules publish the decision. Whether it has come is asked each time, as for the results themselves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import joinedload

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import ORGANISER
from contest.core.db import db
from contest.core.errors import N_, NotFound, Refused
from contest.core.files import FileStore
from contest.exemplars.papers import Paper
from contest.results.acts import get_prepared, note, wait_for
from contest.results.models import ResultSet
from contest.results.models_after import Amendment, DecisionScan
from contest.results.queries import is_amended, is_official

MOST_SCANS = 20
_PUBLIC_ID = re.compile(r"[0-9a-z]{14}")
_KINDS = {"pdf": "application/pdf", "jpg": "image/jpeg"}


def add_scan(
    *, contest: Contest, paper: Paper, files: FileStore, actor: User, now: datetime, amendment_id: str = ""
) -> DecisionScan:
    """Keep the scan of the decision (see `exemplars.papers.make_paper`), or of an amendment's by its public id.

    It replaces the one before, which is kept for organisers. The same file again is kept once. Raises Refused (no
    decision entered, too many), NotFound (no such amendment), StoreAway.
    """
    if ORGANISER not in roles_of(contest.id, actor.id):
        raise Refused(N_("Only an organiser can do this."), code="not_organiser")
    wait_for(contest)
    amendment = _get_amendment(contest.id, amendment_id) if amendment_id else None
    if amendment is None and get_prepared(contest).decision_number is None:
        raise Refused(N_("Enter the decision first: its number, its date and who signed it."), code="no_decision")
    kept = [each for each in scans_of(contest.id) if each.amendment_id == (amendment.id if amendment else None)]
    current = next((each for each in kept if each.replaced_at is None), None)
    if current is not None and current.sha256 == paper.sha256:
        return current
    if len(kept) >= MOST_SCANS:
        raise Refused(N_("At most %(most)s scans are kept of a decision."), code="too_many", most=MOST_SCANS)
    if current is not None:
        current.replaced_at = now
    scan = DecisionScan(
        contest_id=contest.id,
        amendment_id=amendment.id if amendment else None,
        storage_key=files.put(paper.content, paper.extension),
        name=paper.name,
        size=len(paper.content),
        sha256=paper.sha256,
        by_id=actor.id,
        at=now,
    )
    db.session.add(scan)
    db.session.flush()
    note(contest, "add_scan", actor, now, scan=scan.public_id, file=scan.sha256, amendment=amendment_id or None)
    return scan


def retire_scan(contest: Contest, now: datetime) -> None:
    """Another decision was entered: the scan of the one before is no longer that of the decision, and is kept."""
    for scan in scans_of(contest.id):
        if scan.amendment_id is None and scan.replaced_at is None:
            scan.replaced_at = now


def _get_amendment(contest_id: int, public_id: str) -> Amendment:
    found = None
    if _PUBLIC_ID.fullmatch(public_id):
        found = db.session.scalar(
            select(Amendment).where(
                Amendment.contest_id == contest_id,
                Amendment.public_id == public_id,
                Amendment.called_off_at.is_(None),
            )
        )
    if found is None:
        raise NotFound(public_id)
    return found


def media_type(scan: DecisionScan) -> str:
    """What a scan is, by what it was kept as."""
    return _KINDS[scan.storage_key.rpartition(".")[2]]


def scans_of(contest_id: int) -> Sequence[DecisionScan]:
    """Every scan of a contest, replaced ones too, the latest first. For organisers."""
    return db.session.scalars(
        select(DecisionScan)
        .where(DecisionScan.contest_id == contest_id)
        .options(joinedload(DecisionScan.by))
        .order_by(DecisionScan.id.desc())
    ).all()


def scanned_amendments(contest_id: int) -> Sequence[Amendment]:
    """The amendments of a contest whose decisions may have a scan, public or not, the latest first."""
    return db.session.scalars(
        select(Amendment)
        .where(Amendment.contest_id == contest_id, Amendment.called_off_at.is_(None))
        .order_by(Amendment.id.desc())
    ).all()


def get_scan(contest_id: int, public_id: str) -> DecisionScan:
    """A scan of a contest, sealed or not, replaced or not. For organisers. Raises NotFound."""
    found = None
    if _PUBLIC_ID.fullmatch(public_id):
        found = db.session.scalar(
            select(DecisionScan).where(DecisionScan.contest_id == contest_id, DecisionScan.public_id == public_id)
        )
    if found is None:
        raise NotFound(public_id)
    return found


def public_scans(contest: Contest, now: datetime) -> dict[int | None, DecisionScan]:
    """The scans that anyone may have at `now`: of the results under None, of amendments under their ids."""
    if "decision_file" not in contest.rules.announcement.publish:
        return {}
    return {scan.amendment_id: scan for scan in db.session.scalars(_public(contest.id, now))}


def get_public_scan(contest: Contest, public_id: str, now: datetime) -> DecisionScan:
    """A scan that anyone may have at `now`. Raises NotFound for any other, sealed or not there alike."""
    found = next((each for each in public_scans(contest, now).values() if each.public_id == public_id), None)
    if found is None:
        raise NotFound(public_id)
    return found


def _public(contest_id: int, now: datetime) -> Select[DecisionScan]:
    """Scans that stand, once the results are official and, of an amendment's decision, that one is public too."""
    announced = select(ResultSet.id).where(ResultSet.contest_id == contest_id, is_official(now)).exists()
    amended = select(Amendment.id).where(Amendment.contest_id == contest_id, is_amended(now))
    return (
        select(DecisionScan)
        .where(
            DecisionScan.contest_id == contest_id,
            DecisionScan.replaced_at.is_(None),
            and_(announced, or_(DecisionScan.amendment_id.is_(None), DecisionScan.amendment_id.in_(amended))),
        )
        .order_by(DecisionScan.id)
    )
