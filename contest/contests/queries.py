"""Finding contests, their phases, and who holds which role."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from contest.contests.models import Contest, ContestStep, RoleGrant
from contest.core.db import db
from contest.core.errors import NotFound
from contest.core.windows import is_open


def find_contest(slug: str) -> Contest | None:
    if "\0" in slug:  # PostgreSQL takes none
        return None
    return db.session.scalar(select(Contest).where(Contest.slug == slug))


def get_contest(slug: str) -> Contest:
    """The contest with this slug, whether public yet or not. Raises NotFound."""
    contest = find_contest(slug)
    if contest is None:
        raise NotFound(slug)
    return contest


def issued_contests(now: datetime) -> Select[Contest]:
    """Contests whose rules have been issued, the latest first: what a visitor may know of."""
    issue = aliased(ContestStep)
    return (
        select(Contest)
        .join(issue, (issue.contest_id == Contest.id) & (issue.key == "issue"))
        .where(issue.opens <= now)
        .order_by(issue.opens.desc())
    )


def get_issued_contest(slug: str, now: datetime) -> Contest:
    """The contest with this slug, once its rules are issued. Raises NotFound."""
    contest = db.session.scalar(issued_contests(now).where(Contest.slug == slug))
    if contest is None:
        raise NotFound(slug)
    return contest


def step_is_open(key: str, now: datetime) -> Select[int]:
    """Ids of contests whose window `key` is open at `now`; the SQL twin of RuleSet.is_open."""
    return select(ContestStep.contest_id).where(
        ContestStep.key == key, is_open(ContestStep.opens, ContestStep.closes, now)
    )


def standing_grants(contest_id: int) -> Select[RoleGrant]:
    """Role grants of a contest that have not ended."""
    return select(RoleGrant).where(RoleGrant.contest_id == contest_id, RoleGrant.ended_at.is_(None))


def roles_of(contest_id: int, user_id: int) -> set[str]:
    """Roles that a person holds in a contest now."""
    query = select(RoleGrant.role).where(
        RoleGrant.contest_id == contest_id, RoleGrant.user_id == user_id, RoleGrant.ended_at.is_(None)
    )
    return set(db.session.scalars(query))


def contests_with_role(user_id: int) -> Sequence[RoleGrant]:
    """Every standing grant of a person, over all contests."""
    return db.session.scalars(
        select(RoleGrant).where(RoleGrant.user_id == user_id, RoleGrant.ended_at.is_(None)).order_by(RoleGrant.id)
    ).all()


def holds_any(user_id: int, slug: str, roles: set[str]) -> bool:
    """Whether the person holds one of `roles` in the contest with this slug."""
    query = (
        select(RoleGrant.id)
        .join(Contest)
        .where(
            Contest.slug == slug,
            RoleGrant.user_id == user_id,
            RoleGrant.role.in_(roles),
            RoleGrant.ended_at.is_(None),
        )
        .limit(1)
    )
    return db.session.scalar(query) is not None
