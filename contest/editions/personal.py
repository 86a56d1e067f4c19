"""What readers had of a story that is erased."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from contest.accounts.personal import ERASED_NAME
from contest.core.db import db
from contest.editions.models import Edition


def forget_editions(entry_ids: Collection[int], now: datetime) -> None:
    """Take the editions of erased stories from their readers and erase what they say.

    That one was approved, and when, stays on record; one that was only being prepared goes.
    """
    found = select(Edition).where(Edition.entry_id.in_(entry_ids)).options(selectinload(Edition.photos))
    for edition in db.session.scalars(found).all():
        if edition.approved_at is None:
            db.session.delete(edition)
            continue
        edition.title = edition.document = ""
        if edition.withdrawn_at is None:
            edition.withdrawn_at, edition.withdrawn_because = now, ERASED_NAME
        elif edition.withdrawn_because:
            edition.withdrawn_because = ERASED_NAME
        for photo in edition.photos:
            photo.caption = photo.alt = photo.credit = ""
    db.session.flush()
