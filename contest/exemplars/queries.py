"""Finding exemplars and what their units said of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from contest.core.db import db
from contest.core.errors import NotFound
from contest.exemplars.models import Exemplar, Verification
from contest.exemplars.rules import VERIFIED

_PUBLIC_ID = re.compile(r"[0-9a-z]{14}")


def cleared() -> ColumnElement[bool]:
    """exemplars.rules.is_cleared as a condition on Verification joined with Exemplar."""
    return and_(
        Verification.outcome == VERIFIED,
        Verification.consent.is_(True),
        or_(Exemplar.is_child.is_(False), Verification.guardian_consent.is_(True)),
    )


def cleared_exemplars(contest_id: int | InstrumentedAttribute[int]) -> Select[int]:
    """Ids of exemplars that may be presented in a contest: verified and consenting.

    `contest_id` may be a column of the query around this one (`Entry.contest_id`).
    """
    return (
        select(Verification.exemplar_id)
        .join(Exemplar)
        .where(Verification.contest_id == contest_id, Verification.superseded_at.is_(None), cleared())
    )


def standing_verification(contest_id: int, exemplar_id: int) -> Verification | None:
    """The question and answer that hold now; None when the unit was not asked."""
    return db.session.scalar(
        select(Verification).where(
            Verification.contest_id == contest_id,
            Verification.exemplar_id == exemplar_id,
            Verification.superseded_at.is_(None),
        )
    )


def standing_verifications(contest_id: int) -> dict[int, Verification]:
    """Every standing question of a contest, by the id of its exemplar."""
    found = db.session.scalars(
        select(Verification)
        .where(Verification.contest_id == contest_id, Verification.superseded_at.is_(None))
        .options(joinedload(Verification.unit))
    )
    return {verification.exemplar_id: verification for verification in found}


def verification_history(contest_id: int, exemplar_id: int) -> Sequence[Verification]:
    """All questions and answers about an exemplar in a contest, the latest first."""
    return db.session.scalars(
        select(Verification)
        .where(Verification.contest_id == contest_id, Verification.exemplar_id == exemplar_id)
        .order_by(Verification.id.desc())
    ).all()


def get_verification(unit_id: int, public_id: str, *, lock: bool = False) -> Verification:
    """A question to a unit; for one that was replaced, the one that stands in its place.

    With `lock`, no colleague can answer it at the same time. Raises NotFound for another unit's.
    """
    if not _PUBLIC_ID.fullmatch(public_id):
        raise NotFound(public_id)
    asked = (
        select(Verification.contest_id, Verification.exemplar_id)
        .where(Verification.public_id == public_id, Verification.unit_id == unit_id)
        .subquery()
    )
    query = (
        select(Verification)
        .join(
            asked,
            and_(
                Verification.contest_id == asked.c.contest_id,
                Verification.exemplar_id == asked.c.exemplar_id,
            ),
        )
        .where(Verification.unit_id == unit_id, Verification.superseded_at.is_(None))
    )
    if lock:
        query = query.with_for_update(of=Verification)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound(public_id)
    return found


def waiting_for_unit(unit_id: int) -> Sequence[Verification]:
    """Questions that a unit has not answered, the earliest due first: late ones lead."""
    return db.session.scalars(
        select(Verification)
        .where(
            Verification.unit_id == unit_id,
            Verification.superseded_at.is_(None),
            Verification.outcome.is_(None),
        )
        .options(joinedload(Verification.exemplar))
        .order_by(Verification.due_on, Verification.id)
    ).all()


def answered_by_unit(unit_id: int, limit: int = 100) -> Sequence[Verification]:
    """A unit's standing answers, the latest first."""
    return db.session.scalars(
        select(Verification)
        .where(
            Verification.unit_id == unit_id,
            Verification.superseded_at.is_(None),
            Verification.outcome.is_not(None),
        )
        .options(joinedload(Verification.exemplar))
        .order_by(Verification.answered_at.desc(), Verification.id.desc())
        .limit(limit)
    ).all()


def waiting_by_unit(unit_ids: Sequence[int]) -> dict[int, int]:
    """How many questions wait for each unit's answer; a unit for which none waits is left out."""
    query = (
        select(Verification.unit_id, func.count(Verification.id))
        .where(
            Verification.unit_id.in_(unit_ids),
            Verification.superseded_at.is_(None),
            Verification.outcome.is_(None),
        )
        .group_by(Verification.unit_id)
    )
    return dict(db.session.execute(query).all())


def count_waiting(unit_id: int) -> int:
    """How many questions wait for a unit's answer."""
    return (
        db.session.scalar(
            select(func.count(Verification.id)).where(
                Verification.unit_id == unit_id,
                Verification.superseded_at.is_(None),
                Verification.outcome.is_(None),
            )
        )
        or 0
    )
