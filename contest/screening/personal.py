"""What the checks keep of a story: erased with it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, or_

from contest.core.db import db
from contest.screening.models import Finding, Fingerprint, NearCopy, SavedView
from contest.screening.rules import LEAK


def forget_texts(entry_ids: Collection[int]) -> None:
    """Erase fingerprints, findings and near-copies of entries whose text is erased, at both sides of a pair."""
    db.session.execute(delete(Fingerprint).where(Fingerprint.entry_id.in_(entry_ids)))
    db.session.execute(delete(NearCopy).where(or_(NearCopy.one_id.in_(entry_ids), NearCopy.other_id.in_(entry_ids))))
    db.session.execute(delete(Finding).where(or_(Finding.entry_id.in_(entry_ids), Finding.other_id.in_(entry_ids))))


def forget_leaks(entry_ids: Collection[int]) -> None:
    """Erase what was found of authors' names and numbers in texts that stay: judging is over."""
    db.session.execute(delete(Finding).where(Finding.entry_id.in_(entry_ids), Finding.kind == LEAK))


def forget_views(user_id: int) -> None:
    """Erase the views of lists that a person kept."""
    db.session.execute(delete(SavedView).where(SavedView.user_id == user_id))
