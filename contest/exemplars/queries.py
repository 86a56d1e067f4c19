"""Finding exemplars and what their units said of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload, selectinload

from contest.core.db import db
from contest.core.errors import NotFound
from contest.exemplars.models import Consent, Exemplar, NotTheSame, Verification, VerificationDocument
from contest.exemplars.rules import BY_EXEMPLAR, PHOTOS, PRESENT, VERIFIED

_PUBLIC_ID = re.compile(r"[0-9a-z]{14}")


# Who may be presented. Conditions on Exemplar (or on Verification joined with it), for every query
# that shows, honours or counts somebody: asked anew each time, so that a consent withdrawn or a hold
# put on takes effect with the next request.


def consenting(purpose: str = PRESENT) -> ColumnElement[bool]:
    """That the exemplar agrees to `purpose`; for a child, the legal representative too."""
    return (
        select(Consent.id)
        .where(
            Consent.exemplar_id == Exemplar.id,
            Consent.purpose == purpose,
            Consent.withdrawn_at.is_(None),
            or_(Exemplar.is_child.is_(False), Consent.given_by != BY_EXEMPLAR),
        )
        .correlate(Exemplar)
        .exists()
    )


def withdrawn(purpose: str = PRESENT) -> ColumnElement[bool]:
    """That the exemplar once agreed to `purpose` and no longer does."""
    taken_back = (
        select(Consent.id)
        .where(Consent.exemplar_id == Exemplar.id, Consent.purpose == purpose, Consent.withdrawn_at.is_not(None))
        .correlate(Exemplar)
        .exists()
    )
    return and_(taken_back, not_(consenting(purpose)))


def held() -> ColumnElement[bool]:
    """That something about the exemplar is being cleared up."""
    return Exemplar.held_at.is_not(None)


def presentable() -> ColumnElement[bool]:
    """That the exemplar agrees to be presented and is not on hold, verified or not."""
    return and_(consenting(PRESENT), not_(held()))


def shown_in_photos() -> ColumnElement[bool]:
    """That photos in which the exemplar can be recognised may be shown."""
    return and_(consenting(PHOTOS), not_(held()))


def cleared() -> ColumnElement[bool]:
    """exemplars.rules.is_cleared as a condition on Verification joined with Exemplar."""
    return and_(Verification.outcome == VERIFIED, presentable())


def cleared_exemplars(contest_id: int | InstrumentedAttribute[int]) -> Select[int]:
    """Ids of exemplars that may be presented in a contest: verified, consenting, not on hold.

    `contest_id` may be a column of the query around this one (`Entry.contest_id`).
    """
    return (
        select(Verification.exemplar_id)
        .join(Exemplar)
        .where(Verification.contest_id == contest_id, Verification.superseded_at.is_(None), cleared())
    )


def _holds_for(exemplar: Exemplar, condition: ColumnElement[bool]) -> bool:
    return db.session.scalar(select(Exemplar.id).where(Exemplar.id == exemplar.id, condition)) is not None


def is_presentable(exemplar: Exemplar) -> bool:
    """`presentable` of one exemplar."""
    return _holds_for(exemplar, presentable())


def may_show_photos(exemplar: Exemplar) -> bool:
    """`shown_in_photos` of one exemplar."""
    return _holds_for(exemplar, shown_in_photos())


def is_withdrawn(exemplar: Exemplar) -> bool:
    """`withdrawn` of one exemplar: it agreed to be presented and no longer does."""
    return _holds_for(exemplar, withdrawn())


def consents_of(exemplar_ids: Sequence[int]) -> Sequence[Consent]:
    """What exemplars agreed to and withdrew, the latest first."""
    return db.session.scalars(
        select(Consent)
        .where(Consent.exemplar_id.in_(exemplar_ids))
        .options(joinedload(Consent.recorded_by), joinedload(Consent.withdrawn_by))
        .order_by(Consent.id.desc())
    ).all()


def standing_consents(exemplar_id: int) -> dict[str, Consent]:
    """The consents of one exemplar that were not withdrawn, the latest for each purpose."""
    found = db.session.scalars(
        select(Consent).where(Consent.exemplar_id == exemplar_id, Consent.withdrawn_at.is_(None)).order_by(Consent.id)
    )
    return {consent.purpose: consent for consent in found}


# Records of the same person


def find_exemplar(public_id: str, *, lock: bool = False) -> Exemplar | None:
    """The exemplar with this public id, whoever asks."""
    if not _PUBLIC_ID.fullmatch(public_id):
        return None
    query = select(Exemplar).where(Exemplar.public_id == public_id)
    return db.session.scalar(query.with_for_update() if lock else query)


def group_of(exemplar: Exemplar, *, lock: bool = False) -> Sequence[Exemplar]:
    """Every record of the same person or collective, this one included, in the order in which they were made."""
    root = exemplar.same_as_id or exemplar.id
    query = select(Exemplar).where(or_(Exemplar.id == root, Exemplar.same_as_id == root)).order_by(Exemplar.id)
    return db.session.scalars(query.with_for_update() if lock else query).all()


def said_different(exemplar_ids: Sequence[int]) -> set[tuple[int, int]]:
    """Pairs of records (smaller id first) that a person found to be different people."""
    rows = db.session.execute(
        select(NotTheSame.one_id, NotTheSame.other_id).where(
            or_(NotTheSame.one_id.in_(exemplar_ids), NotTheSame.other_id.in_(exemplar_ids))
        )
    )
    return {(one, other) for one, other in rows}


# Questions and answers


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
        .options(joinedload(Verification.unit), selectinload(Verification.documents))
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
        .options(joinedload(Verification.exemplar), selectinload(Verification.documents))
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


def unanswered(unit_id: int | None = None) -> Select[Verification]:
    """Standing questions without an answer, of one unit or of all."""
    query = select(Verification).where(Verification.superseded_at.is_(None), Verification.outcome.is_(None))
    return query if unit_id is None else query.where(Verification.unit_id == unit_id)


# Papers


def papers_of(contest_id: int, exemplar_id: int, unit_id: int | None = None) -> Sequence[VerificationDocument]:
    """What units attached to their answers about an exemplar in a contest, the latest last; one unit's or all."""
    query = (
        select(VerificationDocument)
        .join(Verification, Verification.id == VerificationDocument.verification_id)
        .where(Verification.contest_id == contest_id, Verification.exemplar_id == exemplar_id)
        .order_by(VerificationDocument.id)
    )
    return db.session.scalars(query if unit_id is None else query.where(Verification.unit_id == unit_id)).all()


def get_paper(contest_id: int, exemplar_id: int, public_id: str, unit_id: int | None = None) -> VerificationDocument:
    """One of `papers_of`. Raises NotFound."""
    for paper in papers_of(contest_id, exemplar_id, unit_id):
        if paper.public_id == public_id:
            return paper
    raise NotFound(public_id)
