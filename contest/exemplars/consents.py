"""What exemplars agree to: recorded with the wording's version, withdrawn at any time, never deleted.

Consent is per record, since each is asked about one story; a withdrawal reaches every record of the
same person. Whatever shows people asks exemplars.queries each time, so a withdrawal acts at once.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.services import record
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.core.text import clean_text
from contest.exemplars.models import Consent, Exemplar, Verification
from contest.exemplars.queries import group_of
from contest.exemplars.rules import (
    BY_BOTH,
    BY_EXEMPLAR,
    BY_GUARDIAN,
    CONSENT_VERSION,
    GIVERS,
    PHOTOS,
    PRESENT,
    PURPOSES,
    speaks_for,
)


def record_consent(
    *,
    exemplar: Exemplar,
    purposes: Collection[str],
    given_by: str,
    actor: User,
    now: datetime,
    contest_id: int | None = None,
    version: str = CONSENT_VERSION,
    verification: Verification | None = None,
) -> None:
    """Record that an exemplar agreed, on paper or to its unit.

    What stands already in these words is not recorded twice; a unit's answer to another question is new.

    Raises Refused for an unknown purpose or giver, and where a child's representative did not speak.
    """
    if not purposes or not set(purposes) <= set(PURPOSES):
        raise Refused(N_("Please say what the exemplar agreed to."), code="purpose")
    if given_by not in GIVERS or (given_by != BY_EXEMPLAR) != exemplar.is_child:
        raise Refused(N_("Please say who gave the consent; for a child, the legal representative has to."), code="by")
    standing = _standing([exemplar.id])
    given = []
    for purpose in PURPOSES:
        known = any(
            (each.purpose, each.version, each.given_by) == (purpose, version, given_by)
            and (verification is None or each.verification_id == verification.id)
            for each in standing
        )
        if purpose not in purposes or known:
            continue
        given.append(purpose)
        db.session.add(
            Consent(
                exemplar_id=exemplar.id,
                purpose=purpose,
                version=version,
                given_by=given_by,
                given_at=now,
                recorded_by_id=actor.id,
                verification_id=verification.id if verification else None,
            )
        )
    if given:
        _audit("exemplars.consent", exemplar, contest_id, actor, now, purposes=given, version=version, by=given_by)


def withdraw_consent(
    *,
    exemplar: Exemplar,
    actor: User,
    now: datetime,
    purpose: str = PRESENT,
    because: str = "",
    contest_id: int | None = None,
) -> int:
    """Take back a consent in every record of the exemplar, whatever it was given for; returns how many stood.

    Who is not presented is not recognised in photos either. Not agreed, nothing changes. No reason is needed.
    """
    if purpose not in PURPOSES:
        raise Refused(N_("Please say what the exemplar withdraws."), code="purpose")
    taken = {PRESENT, PHOTOS} if purpose == PRESENT else {purpose}
    group = [each.id for each in group_of(exemplar, lock=True)]
    standing = [consent for consent in _standing(group) if consent.purpose in taken]
    for consent in standing:
        consent.withdrawn_at, consent.withdrawn_by_id = now, actor.id
        consent.withdrawn_because = clean_text(because) or None
    if standing:
        purposes = sorted({consent.purpose for consent in standing})
        _audit("exemplars.withdraw_consent", exemplar, contest_id, actor, now, purposes=purposes)
    return len(standing)


def giver(*, is_child: bool, alone: bool) -> str:
    """Who spoke, as a unit's answer tells it; `alone`: the representative of a child under 7."""
    if not is_child:
        return BY_EXEMPLAR
    return BY_GUARDIAN if alone else BY_BOTH


def agreed_now(exemplar: Exemplar) -> dict[str, bool]:
    """For each purpose, whether a sufficient consent of this record stands."""
    standing = _standing([exemplar.id])
    return {
        purpose: any(
            each.purpose == purpose and speaks_for(each.given_by, is_child=exemplar.is_child) for each in standing
        )
        for purpose in PURPOSES
    }


def take_answer(
    *, verification: Verification, agreed: bool, photos: bool, alone: bool, actor: User, now: datetime
) -> None:
    """Make the consents of a record what its unit has just answered."""
    exemplar, contest_id = verification.exemplar, verification.contest_id
    refused = [] if agreed and photos else [PHOTOS] if agreed else [PRESENT]
    for purpose in refused:
        withdraw_consent(exemplar=exemplar, purpose=purpose, actor=actor, now=now, contest_id=contest_id)
    if agreed:
        record_consent(
            exemplar=exemplar,
            purposes=[PRESENT, PHOTOS] if photos else [PRESENT],
            given_by=giver(is_child=exemplar.is_child, alone=alone),
            verification=verification,
            contest_id=contest_id,
            actor=actor,
            now=now,
        )


def _standing(exemplar_ids: Collection[int]) -> list[Consent]:
    return list(
        db.session.scalars(select(Consent).where(Consent.exemplar_id.in_(exemplar_ids), Consent.withdrawn_at.is_(None)))
    )


def _audit(
    verb: str, exemplar: Exemplar, contest_id: int | None, actor: User, now: datetime, **details: object
) -> None:
    record(
        actor=actor.public_id,
        verb=verb,
        object_type="exemplar",
        object_id=exemplar.public_id,
        contest_id=contest_id,
        now=now,
        **details,
    )
    db.session.flush()
