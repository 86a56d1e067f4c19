"""What is kept about who a story was about, erased with the story."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, select, update

from contest.accounts.personal import ERASED_NAME
from contest.core.db import db
from contest.exemplars.models import Consent, Exemplar, Verification, VerificationDocument


def forget_papers(exemplar_ids: Collection[int]) -> list[str]:
    """Erase the papers that units attached; returns keys of files to be deleted once this is committed."""
    asked = select(Verification.id).where(Verification.exemplar_id.in_(exemplar_ids))
    papers = db.session.scalars(
        select(VerificationDocument).where(VerificationDocument.verification_id.in_(asked))
    ).all()
    keys = [paper.key for paper in papers]
    db.session.execute(delete(VerificationDocument).where(VerificationDocument.id.in_([paper.id for paper in papers])))
    # A paper may stand with an earlier question and a later one; its file goes with the last.
    kept = set(db.session.scalars(select(VerificationDocument.key).where(VerificationDocument.key.in_(keys))))
    return [key for key in dict.fromkeys(keys) if key not in kept]


def forget_exemplar(exemplar: Exemplar) -> list[str]:
    """Erase who it was, what the unit was asked and wrote, and its papers; what was decided stays.

    Returns the keys of files as `forget_papers` does.
    """
    exemplar.name, exemplar.name_key, exemplar.role, exemplar.address, exemplar.contact = ERASED_NAME, "", "", "", ""
    exemplar.hold_note = None
    keys = forget_papers([exemplar.id])
    db.session.execute(
        update(Verification).where(Verification.exemplar_id == exemplar.id).values(title="", story="", note=None)
    )
    db.session.execute(
        update(Consent)
        .where(Consent.exemplar_id == exemplar.id, Consent.withdrawn_because.is_not(None))
        .values(withdrawn_because="")
    )
    db.session.flush()
    return keys
