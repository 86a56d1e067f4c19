"""Drafts of rules, and who may work on them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from contest.accounts.models import User
from contest.contests.models import Contest, RoleGrant
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


def drafts_of_new_contests(person: User) -> Sequence[RuleDraft]:
    """Open drafts of contests that are still to be made: all for a site operator, one's own for others."""
    query = open_drafts().where(RuleDraft.contest_id.is_(None))
    if not person.has_role("operator"):
        query = query.where(RuleDraft.owner_id == person.id)
    return db.session.scalars(query.limit(100)).all()


def seasons_for(person: User) -> Sequence[Contest]:
    """Contests whose next season a person may prepare, the latest first: one's own, all for a site operator."""
    query = select(Contest).order_by(Contest.id.desc()).limit(50)
    if not person.has_role("operator"):
        query = query.where(Contest.id.in_(_organised_by(person)))
    return db.session.scalars(query).all()


def _organised_by(person: User) -> Select[int]:
    return select(RoleGrant.contest_id).where(
        RoleGrant.user_id == person.id, RoleGrant.role == ORGANISER, RoleGrant.ended_at.is_(None)
    )


def may_found(person: User) -> bool:
    """Site operators make new contests, and so does whoever organises one already."""
    return bool(person.has_role("operator")) or db.session.scalar(_organised_by(person).limit(1)) is not None


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
    """Organisers work on the rules of their own contest; on those of a new one, operators and who began it."""
    draft = find_draft(public_id)
    if draft is None:
        return False
    if draft.contest_id is None:
        return bool(person.has_role("operator")) or (draft.owner_id == person.id and may_found(person))
    return ORGANISER in roles_of(draft.contest_id, person.id)
