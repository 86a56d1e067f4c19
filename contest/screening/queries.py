"""Reading what was found, near-copies, saved views and wordings."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import NotFound
from contest.entries.models import Entry
from contest.entries.rules import SCREENED
from contest.exemplars.models import Exemplar, Verification
from contest.exemplars.queries import cleared_exemplars
from contest.screening.models import Checked, Finding, NearCopy, ReasonTemplate, SavedView
from contest.screening.rules import CHECKS

_PUBLIC_ID = re.compile(r"[0-9a-z]{14}")


def unchecked(most: int) -> Sequence[int]:
    """Ids of entries that the secretariat sees and that were not checked as they stand now."""
    return db.session.scalars(
        select(Entry.id)
        .outerjoin(Checked, Checked.entry_id == Entry.id)
        .where(
            Entry.state.in_(SCREENED),
            or_(Checked.entry_id.is_(None), Checked.submitted_at != Entry.submitted_at, Checked.checks != CHECKS),
        )
        .order_by(Entry.contest_id, Entry.submitted_at)
        .limit(most)
    ).all()


def is_checked(entry: Entry) -> bool:
    """Whether what was found in the entry was found in it as it stands now."""
    checked = db.session.get(Checked, entry.id)
    return checked is not None and checked.submitted_at == entry.submitted_at and checked.checks == CHECKS


def findings_of(entry_id: int) -> Sequence[Finding]:
    """Everything found in an entry, what was set aside included, in the order of the checks."""
    return db.session.scalars(
        select(Finding).where(Finding.entry_id == entry_id).options(joinedload(Finding.other)).order_by(Finding.id)
    ).all()


def get_finding(entry_id: int, public_id: str, *, lock: bool = False) -> Finding:
    """One of `findings_of`. Raises NotFound."""
    found = None
    if _PUBLIC_ID.fullmatch(public_id):
        query = select(Finding).where(Finding.entry_id == entry_id, Finding.public_id == public_id)
        found = db.session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound(public_id)
    return found


def open_findings(entry_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """How many findings of each kind stand open, for the rows of a list."""
    counts: dict[int, dict[str, int]] = {}
    rows = db.session.execute(
        select(Finding.entry_id, Finding.kind, func.count(Finding.id))
        .where(Finding.entry_id.in_(entry_ids), Finding.set_aside_at.is_(None))
        .group_by(Finding.entry_id, Finding.kind)
    )
    for entry_id, kind, count in rows:
        counts.setdefault(entry_id, {})[kind] = count
    return counts


def standing_answers(contest_id: int, exemplar_ids: Collection[int]) -> dict[int, Verification]:
    """The standing verifications of these exemplars in a contest, by exemplar."""
    found = db.session.scalars(
        select(Verification)
        .join(Exemplar, Exemplar.id == Verification.exemplar_id)
        .where(
            Verification.contest_id == contest_id,
            Verification.superseded_at.is_(None),
            Verification.exemplar_id.in_(exemplar_ids),
        )
    )
    return {each.exemplar_id: each for each in found}


def cleared_of(contest_id: int, exemplar_ids: Collection[int]) -> set[int]:
    """Which of these exemplars may be presented as it stands now: verified, agreeing, not on hold.

    An answer tells what the exemplar said to its unit; it may have withdrawn since.
    """
    return set(db.session.scalars(cleared_exemplars(contest_id).where(Exemplar.id.in_(exemplar_ids))))


def near_copies_of(entry_id: int) -> Sequence[NearCopy]:
    """Pairs that this entry is one of, the closest first."""
    return db.session.scalars(
        select(NearCopy)
        .where(or_(NearCopy.one_id == entry_id, NearCopy.other_id == entry_id))
        .order_by(NearCopy.share.desc(), NearCopy.id)
    ).all()


def get_near_copy(contest_id: int, public_id: str, *, lock: bool = False) -> NearCopy:
    """A pair of which one entry at least is of this contest. Raises NotFound."""
    found = None
    if _PUBLIC_ID.fullmatch(public_id):
        query = select(NearCopy).where(NearCopy.public_id == public_id)
        found = db.session.scalar(query.with_for_update(of=NearCopy) if lock else query)
    if found is None or contest_id not in (found.one.contest_id, found.other.contest_id):
        raise NotFound(public_id)
    return found


def views_of(contest: Contest, user_id: int) -> Sequence[SavedView]:
    """The views that a person kept of a contest's list, by name."""
    return db.session.scalars(
        select(SavedView)
        .where(SavedView.contest_id == contest.id, SavedView.user_id == user_id)
        .order_by(SavedView.name)
    ).all()


def templates_of(contest_id: int, verb: str | None = None) -> Sequence[ReasonTemplate]:
    """The wordings of a contest, by name; of one verb or of both."""
    query = select(ReasonTemplate).where(ReasonTemplate.contest_id == contest_id)
    if verb is not None:
        query = query.where(ReasonTemplate.verb == verb)
    return db.session.scalars(query.order_by(ReasonTemplate.verb, ReasonTemplate.name, ReasonTemplate.id)).all()


def find_template(contest_id: int, public_id: str) -> ReasonTemplate | None:
    """A wording of this contest."""
    if not _PUBLIC_ID.fullmatch(public_id):
        return None
    return db.session.scalar(
        select(ReasonTemplate).where(ReasonTemplate.contest_id == contest_id, ReasonTemplate.public_id == public_id)
    )
