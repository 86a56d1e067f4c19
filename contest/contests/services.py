"""Loading rules and granting roles."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select

from contest.accounts.models import User
from contest.accounts.services import hold
from contest.audit.services import record
from contest.contests.models import Contest, ContestStep, RoleGrant, RuleSetVersion
from contest.contests.queries import find_contest, roles_of
from contest.contests.rules import SEES_AUTHORS, clash, watches_itself
from contest.contests.ruleset import RuleSet, canonical
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.units.models import Unit


def load_rule_set(
    *,
    rules: RuleSet,
    actor: User | None,
    now: datetime,
    reason: str | None = None,
    notice: str | None = None,
) -> Contest:
    """Create the contest of `rules`, or give it a new version of its rules.

    The same rules again change nothing. Once submission has opened, entries stand on the rules
    that their authors accepted: a change then needs a recorded reason. `notice` is shown on the
    contest's page. Raises Refused.
    """
    document = canonical(rules)
    contest = find_contest(rules.slug)
    if contest is None:
        contest = Contest(slug=rules.slug, code_prefix=rules.code_prefix, created_at=now)
        db.session.add(contest)
        db.session.flush()
        number = 1
    else:
        current = contest.current_version
        if current is not None and current.sha256 == document.sha256:
            return contest
        if contest.rules.has_begun("submission", now) and not (reason or "").strip():
            raise Refused(
                N_("Submission to this contest has opened: changing its rules needs a recorded reason."),
                code="rules_in_use",
            )
        number = 1 + max(
            db.session.scalars(select(RuleSetVersion.number).where(RuleSetVersion.contest_id == contest.id))
        )
        _check_the_vote(contest.rules, rules, now)
    version = RuleSetVersion(
        contest_id=contest.id,
        number=number,
        document=document.text,
        sha256=document.sha256,
        loaded_at=now,
        loaded_by_id=actor.id if actor else None,
        reason=reason,
        notice=notice,
    )
    db.session.add(version)
    db.session.flush()
    contest.current_version = version
    _copy_timetable(contest, rules)
    record(
        actor=actor.public_id if actor else None,
        verb="contests.load_rules",
        object_type="contest",
        object_id=contest.public_id,
        contest_id=contest.id,
        now=now,
        version=number,
        sha256=document.sha256,
        reason=reason,
    )
    db.session.flush()
    return contest


# What a ballot is. The log of a vote fixes it with its first line, and those who voted did so by it.
_OF_A_BALLOT = (
    "enabled",
    "categories",
    "identity",
    "ballot_scope",
    "ballots_per_day",
    "choices_max",
    "choices_per_category",
)


def _check_the_vote(before: RuleSet, after: RuleSet, now: datetime) -> None:
    """Raises Refused for rules that change what a ballot is once readers vote."""
    if not (before.voting.enabled and before.has_begun("voting", now)):
        return
    changed = [name for name in _OF_A_BALLOT if getattr(before.voting, name) != getattr(after.voting, name)]
    if changed:
        raise Refused(
            N_("Readers vote already: what a ballot is cannot be changed any more (voting.%(field)s)."),
            code="vote_has_begun",
            field=changed[0],
        )


def _copy_timetable(contest: Contest, rules: RuleSet) -> None:
    for step in contest.steps:
        db.session.delete(step)
    db.session.flush()
    contest.steps = [
        ContestStep(contest_id=contest.id, position=position, key=step.key, opens=opens, closes=closes)
        for position, step in enumerate(rules.timeline, start=1)
        for opens, closes in [(step.window.opens, step.window.closes) if step.window else (step.starts, step.starts)]
    ]


def grant_role(
    *,
    contest: Contest,
    user: User,
    role: str,
    actor: User | None,
    now: datetime,
    unit: Unit | None = None,
    relatives: str | None = None,
) -> RoleGrant:
    """Give `user` a role in `contest`. Raises Refused when they hold it or one that it clashes with.

    Who has seen authors' names does not forget them with the role: it clashes with judging for good.
    """
    hold(user)  # of two roles that clash and are given at once, the second meets the first
    held = roles_of(contest.id, user.id)
    if role in held:
        raise Refused(N_("%(name)s already holds this role."), code="role_held", name=user.name)
    if clash(held | _has_seen_authors_as(contest, user), role):
        raise Refused(
            N_("%(name)s cannot hold this role: whoever sees authors' names may not judge, and the other way round."),
            code="role_clash",
            name=user.name,
        )
    if watches_itself(held, role):
        raise Refused(
            N_("%(name)s cannot hold this role: whoever observes takes no part in the work of the contest."),
            code="role_watches_itself",
            name=user.name,
        )
    grant = RoleGrant(
        contest=contest,
        user=user,
        role=role,
        unit=unit,
        relatives=relatives,
        granted_by_id=actor.id if actor else None,
        granted_at=now,
    )
    db.session.add(grant)
    record(
        actor=actor.public_id if actor else None,
        verb="contests.grant_role",
        object_type="user",
        object_id=user.public_id,
        contest_id=contest.id,
        now=now,
        role=role,
    )
    db.session.flush()
    return grant


def _has_seen_authors_as(contest: Contest, user: User) -> set[str]:
    """Roles, ended ones too, in which a person could see who sent what: held since submission opened."""
    opens = contest.rules.instant("submission")
    query = select(RoleGrant.role).where(
        RoleGrant.contest_id == contest.id, RoleGrant.user_id == user.id, RoleGrant.role.in_(SEES_AUTHORS)
    )
    if opens is not None:
        query = query.where(or_(RoleGrant.ended_at.is_(None), RoleGrant.ended_at > opens))
    return set(db.session.scalars(query))


def end_role(*, grant: RoleGrant, actor: User, now: datetime) -> None:
    """End a role. An organiser cannot end the last organiser's role. Raises Refused."""
    # FOR NO KEY UPDATE on PostgreSQL: two organisers cannot end each other's roles at once.
    db.session.execute(select(Contest.id).where(Contest.id == grant.contest_id).with_for_update(key_share=True))
    db.session.refresh(grant)
    if grant.ended_at is not None:
        return
    if grant.role == "organiser":
        others = db.session.scalar(
            select(RoleGrant.id).where(
                RoleGrant.contest_id == grant.contest_id,
                RoleGrant.role == "organiser",
                RoleGrant.ended_at.is_(None),
                RoleGrant.id != grant.id,
            )
        )
        if others is None:
            raise Refused(N_("A contest needs at least one organiser."), code="last_organiser")
    grant.ended_at = now
    record(
        actor=actor.public_id,
        verb="contests.end_role",
        object_type="user",
        object_id=grant.user.public_id,
        contest_id=grant.contest_id,
        now=now,
        role=grant.role,
    )
    db.session.flush()
