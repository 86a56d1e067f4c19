"""What a bundle keeps of the people in it: its zip file and its cells, erased some time after they served.

A line keeps its state, its receipt's code and its mark, a hash: so it is known what came, and
nothing comes twice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from contest.core.db import db
from contest.intake.bundles import GIVEN_UP, IMPORTED, IMPORTING, UNREADABLE
from contest.intake.models import Bundle, BundleLine

# After its import, or after it was sent and never imported: time enough to mend a line.
KEPT = timedelta(days=30)
_OVER = (IMPORTED, GIVEN_UP, UNREADABLE)
_AT_ONCE = 50


def forget_old_bundles(now: datetime) -> list[str]:
    """Erase what bundles hold that served, or were left lying; returns keys of files to be deleted once committed.

    One that nobody released in that time is given up. One that is being imported is left alone.
    """
    old = select(Bundle).where(
        Bundle.key != "",
        Bundle.state != IMPORTING,
        func.coalesce(Bundle.finished_at, Bundle.sent_at) <= now - KEPT,
    )
    return _forget(db.session.scalars(old.order_by(Bundle.id).limit(_AT_ONCE).with_for_update()).all())


def forget_lines(entry_ids: Collection[int]) -> list[str]:
    """Erase the bundles that entries came in, and their lines' cells; returns keys of files as above.

    A zip cannot be opened and closed again without a person, so it goes as a whole once its import is over.
    """
    db.session.execute(
        update(BundleLine)
        .where(BundleLine.entry_id.in_(entry_ids))
        .values(cells={}, problems=[], notes=[])
        .execution_options(synchronize_session="fetch")
    )
    came_in = select(BundleLine.bundle_id).where(BundleLine.entry_id.in_(entry_ids))
    over = select(Bundle).where(Bundle.id.in_(came_in), Bundle.state.in_(_OVER), Bundle.key != "")
    return _forget(db.session.scalars(over.with_for_update()).all())


def _forget(bundles: Sequence[Bundle]) -> list[str]:
    keys = [bundle.key for bundle in bundles]
    for bundle in bundles:
        bundle.key = bundle.name = ""
        if bundle.state not in _OVER:
            bundle.state = GIVEN_UP
        db.session.execute(
            update(BundleLine)
            .where(BundleLine.bundle_id == bundle.id)
            .values(cells={}, problems=[], notes=[])
            .execution_options(synchronize_session="fetch")
        )
    db.session.flush()
    return keys
