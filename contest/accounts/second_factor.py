"""The second factor of an account: switched on, asked for, switched off."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, update

from contest.accounts.authenticator import Authenticator, new_recovery_codes, recovery_digest
from contest.accounts.models import User
from contest.accounts.services import notify
from contest.accounts.sign_ins import end_all
from contest.audit.services import record
from contest.core.db import db
from contest.core.errors import N_, Conflict


def switch_on(
    *,
    person: User,
    secret: str,
    code: str,
    authenticator: Authenticator,
    but: str | None,
    now: datetime,
    wall: datetime,
) -> list[str] | None:
    """Keep `secret` once its code was typed; returns the recovery codes, None for a wrong code.

    Other sign-ins end, since they were opened without it. Raises Conflict when one is on already.
    """
    _lock(person)
    if person.totp_secret:
        raise Conflict(N_("The second step is already on."), code="second_factor_on")
    step = authenticator.step_of(secret, code, wall)
    if step is None:
        return None
    person.totp_secret, person.totp_step = secret, step
    codes = _renew(person)
    end_all(person=person, wall=wall, but=but)
    _record(person, "account.second_factor_on", now)
    notify(person, "second_factor_on", now=now)
    return codes


def pass_with_code(*, person: User, code: str, authenticator: Authenticator, wall: datetime) -> bool:
    """Whether the code is right now and was not used before; using it is what this does."""
    step = authenticator.step_of(person.totp_secret, code, wall) if person.totp_secret else None
    if step is None:
        return False
    # The database decides who was first when one code arrives twice at once.
    moved = db.session.execute(
        update(User)
        .where(User.id == person.id, or_(User.totp_step.is_(None), User.totp_step < step))
        .values(totp_step=step)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a cursor result


def pass_with_recovery_code(*, person: User, code: str, now: datetime) -> bool:
    """Whether the code is one of those kept for a lost phone; it is then crossed out."""
    _lock(person)
    digest = recovery_digest(person.public_id, code)
    kept: list[str] = list(person.recovery_codes or [])
    if digest not in kept:
        return False
    kept.remove(digest)
    person.recovery_codes = kept
    _record(person, "account.recovery_code", now)
    notify(person, "recovery_code", now=now)
    return True


def renew_recovery_codes(*, person: User, now: datetime) -> list[str]:
    """New codes in the place of the old ones."""
    _lock(person)
    codes = _renew(person)
    _record(person, "account.recovery_codes", now)
    return codes


def switch_off(*, person: User, actor: User | None, now: datetime) -> None:
    """Forget the second factor: by the person, or by an operator for one who lost everything."""
    _lock(person)
    person.totp_secret = person.totp_step = person.recovery_codes = None
    _record(person, "account.second_factor_off", now, actor)
    notify(person, "second_factor_off", now=now)
    db.session.flush()


def _renew(person: User) -> list[str]:
    codes = new_recovery_codes()
    person.recovery_codes = [recovery_digest(person.public_id, code) for code in codes]
    db.session.flush()
    return codes


def _lock(person: User) -> None:
    db.session.refresh(person, with_for_update=True)


def _record(person: User, verb: str, now: datetime, actor: User | None = None) -> None:
    record(actor=(actor or person).public_id, verb=verb, object_type="person", object_id=person.public_id, now=now)
