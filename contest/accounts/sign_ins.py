"""Sign-ins: opened, found and ended. The cookie names one; the row decides whether it still counts."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update

from contest.accounts.models import AddressCode, SignIn, User
from contest.accounts.rules import SIGN_IN_LIFE
from contest.core.db import db


def open_sign_in(*, person: User, wall: datetime) -> str:
    """Begin a sign-in; returns the key that the cookie is to carry."""
    key = secrets.token_urlsafe(32)
    db.session.add(SignIn(key=key, user_id=person.id, at=wall))
    db.session.flush()
    return key


def find_signed_in(key: str, *, wall: datetime) -> User | None:
    """The person whose sign-in has this key and has not ended."""
    return db.session.scalar(
        select(User)
        .join(SignIn, SignIn.user_id == User.id)
        .where(SignIn.key == key, SignIn.ended_at.is_(None), SignIn.at > wall - SIGN_IN_LIFE, User.active.is_(True))
    )


def end_one(*, key: str, wall: datetime) -> None:
    """Sign out on one device."""
    db.session.execute(update(SignIn).where(SignIn.key == key, SignIn.ended_at.is_(None)).values(ended_at=wall))


def end_all(*, person: User, wall: datetime, but: str | None = None) -> int:
    """Sign out everywhere, except where the key is `but`; returns how many ended."""
    ended = db.session.execute(
        update(SignIn)
        .where(SignIn.user_id == person.id, SignIn.ended_at.is_(None), SignIn.key != (but or ""))
        .values(ended_at=wall)
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a cursor result


def count_open(person: User, *, wall: datetime) -> int:
    """On how many devices the person is signed in (idle ones included)."""
    return len(
        db.session.scalars(
            select(SignIn.id).where(
                SignIn.user_id == person.id, SignIn.ended_at.is_(None), SignIn.at > wall - SIGN_IN_LIFE
            )
        ).all()
    )


def forget_old(*, wall: datetime) -> int:
    """Delete codes and sign-ins that can no longer be used; returns how many."""
    codes = db.session.execute(delete(AddressCode).where(AddressCode.created_at < wall - timedelta(days=2)))
    ended = db.session.execute(
        delete(SignIn).where(or_(SignIn.ended_at < wall - timedelta(days=30), SignIn.at < wall - 2 * SIGN_IN_LIFE))
    )
    return int(codes.rowcount + ended.rowcount)  # type: ignore[attr-defined]  # as above
