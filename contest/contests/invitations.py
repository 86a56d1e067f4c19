"""Offering a role to an address, and accepting the offer.

An invitation's link carries a random token; the database keeps only its hash. It lapses by wall
time, works once, and gives its role to whoever opens it and signs in.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest, Invitation
from contest.contests.rules import OFFICER, ROLES
from contest.contests.services import grant_role
from contest.core.db import db
from contest.core.errors import N_, NotFound, Refused
from contest.core.text import clean_line, clean_text
from contest.outbox.services import ask_for_mail
from contest.units.models import Unit
from contest.units.services import appoint_officer

LIFETIME = timedelta(days=14)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def invite(
    *,
    actor: User,
    name: str,
    email: str,
    role: str,
    now: datetime,
    wall: datetime,
    contest: Contest | None = None,
    unit: Unit | None = None,
    relatives: str | None = None,
    locale: str = "vi",
) -> Invitation:
    """Offer `role` (of `contest`, or officer of `unit`) to `email`, by mail. Raises Refused.

    Offering the same role to the same address again withdraws the earlier offer.
    """
    if role == OFFICER and unit is None:
        raise Refused(N_("Choose the unit that this person will act for."), code="unit_missing")
    if role != OFFICER and (contest is None or role not in ROLES):
        raise Refused(N_("This role does not exist."), code="role_unknown")
    email = email.strip().lower()
    for earlier in db.session.scalars(
        open_invitations(contest, wall).where(Invitation.email == email, Invitation.role == role)
    ):
        earlier.withdrawn_at = now
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        contest=contest,
        unit=unit,
        role=role,
        name=clean_line(name),
        email=email,
        token_hash=_hash(token),
        relatives=clean_text(relatives) if relatives else None,
        invited_by_id=actor.id,
        created_at=now,
        expires_at=wall + LIFETIME,
    )
    db.session.add(invitation)
    db.session.flush()
    ask_for_mail(
        to=email,
        template="invitation",
        now=now,
        locale=locale,
        scope=contest.slug if contest else "",
        name=invitation.name,
        token=token,
        role=role,
        contest={"vi": contest.rules.title.vi, "en": contest.rules.title.en} if contest else None,
        unit={"vi": unit.name, "en": unit.name_en} if unit else None,
    )
    record(
        actor=actor.public_id,
        verb="contests.invite",
        object_type="invitation",
        object_id=invitation.public_id,
        contest_id=contest.id if contest else None,
        now=now,
        role=role,
    )
    db.session.flush()
    return invitation


def open_invitations(contest: Contest | None, wall: datetime) -> Select[Invitation]:
    """Invitations of a contest (None: of units alone) that can still be accepted."""
    return _open(wall).where(Invitation.contest_id == contest.id if contest else Invitation.contest_id.is_(None))


def _open(wall: datetime) -> Select[Invitation]:
    return select(Invitation).where(
        Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None), Invitation.expires_at > wall
    )


def get_open_invitation(token: str, wall: datetime, *, lock: bool = False) -> Invitation:
    """The invitation with this token, while it can be accepted. Raises NotFound.

    With `lock`, nobody else accepts it until the transaction ends.
    """
    query = _open(wall).where(Invitation.token_hash == _hash(token))
    invitation = db.session.scalar(query.with_for_update() if lock else query)
    if invitation is None:
        raise NotFound("invitation")
    return invitation


def accept(*, invitation: Invitation, actor: User, now: datetime) -> None:
    """Take the role that was offered. Raises Refused (already held, or clashing with another)."""
    if invitation.role == OFFICER:
        if invitation.unit is None:
            raise NotFound("unit")
        appoint_officer(unit=invitation.unit, user=actor, actor=actor, now=now)
    else:
        if invitation.contest is None:
            raise NotFound("contest")
        grant_role(
            contest=invitation.contest,
            user=actor,
            role=invitation.role,
            actor=actor,
            now=now,
            unit=invitation.unit,
            relatives=invitation.relatives,
        )
    invitation.accepted_at = now
    invitation.accepted_by_id = actor.id
    db.session.flush()


def withdraw(*, invitation: Invitation, actor: User, now: datetime) -> None:
    """Take an offer back; its link stops working."""
    if invitation.accepted_at is None and invitation.withdrawn_at is None:
        invitation.withdrawn_at = now
        record(
            actor=actor.public_id,
            verb="contests.withdraw_invitation",
            object_type="invitation",
            object_id=invitation.public_id,
            contest_id=invitation.contest_id,
            now=now,
        )
        db.session.flush()


def pending_invitations(contest: Contest, wall: datetime) -> Sequence[Invitation]:
    """Offers of a contest, and of units, that wait for an answer."""
    return db.session.scalars(
        _open(wall)
        .where(or_(Invitation.contest_id == contest.id, Invitation.contest_id.is_(None)))
        .order_by(Invitation.created_at.desc())
    ).all()
