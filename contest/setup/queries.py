"""Drafts of rules, and who may work on them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import ORGANISER
from contest.core.db import db
from contest.core.errors import NotFound
from contest.setup.models import RuleDraft


def open_drafts() -> Select[RuleDraft]:
    """Drafts that are neither issued nor put away, the latest change first."""
    return (
        select(RuleDraft)
        .where(RuleDraft.issued_at.is_(None), RuleDraft.discarded_at.is_(None))
        .options(joinedload(RuleDraft.owner))
        .order_by(RuleDraft.changed_at.desc(), RuleDraft.id.desc())
    )


def drafts_of_new_contests() -> Sequence[RuleDraft]:
    """Open drafts of contests that are still to be made."""
    return db.session.scalars(open_drafts().where(RuleDraft.contest_id.is_(None)).limit(100)).all()


def drafts_of(contest: Contest) -> Sequence[RuleDraft]:
    """Open drafts that change the rules of a contest."""
    return db.session.scalars(open_drafts().where(RuleDraft.contest_id == contest.id).limit(100)).all()


def find_draft(public_id: str) -> RuleDraft | None:
    return db.session.scalar(
        select(RuleDraft).where(RuleDraft.public_id == public_id, RuleDraft.discarded_at.is_(None))
    )


def get_draft(public_id: str) -> RuleDraft:
    """A draft that is not put away. Raises NotFound."""
    draft = find_draft(public_id)
    if draft is None:
        raise NotFound(public_id)
    return draft


def may_draft(person: User, public_id: str) -> bool:
    """Organisers work on the rules of their own contest, site operators on those of new ones."""
    draft = find_draft(public_id)
    if draft is None:
        return False
    if draft.contest_id is None:
        return bool(person.has_role("operator"))
    return ORGANISER in roles_of(draft.contest_id, person.id)
