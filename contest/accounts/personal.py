"""An account's part of a person's data: told, and erased."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from contest.accounts.models import AddressCode, SignIn, User
from contest.core.db import db

# Stored where a name stood. Data, not a sentence of the site, so it is in the site's own language.
ERASED_NAME = "(đã xóa)"


def account_data(person: User) -> dict[str, Any]:
    """What an account holds, without secrets: those are hashes that tell nobody anything."""
    sign_ins = db.session.scalars(select(SignIn.at).where(SignIn.user_id == person.id).order_by(SignIn.at)).all()
    return {
        "name": person.name,
        "email": person.email,
        "phone": person.phone,
        "language": person.locale,
        "since": person.created_at.isoformat(),
        "confirmed_at": person.confirmed_at.isoformat() if person.confirmed_at else None,
        "opened_by_a_unit": person.assisted,
        "terms": {
            "version": person.terms_version,
            "accepted_at": person.terms_accepted_at.isoformat() if person.terms_accepted_at else None,
        },
        "second_factor": bool(person.totp_secret),
        "sign_ins": [at.isoformat() for at in sign_ins],
    }


def erase_account(person: User, *, now: datetime) -> list[str]:
    """Take name, addresses and every means of signing in away for good; the row stays, empty.

    Returns the addresses that it had, so that messages to them can be forgotten too.
    """
    addresses = [address for address in (person.email, person.phone) if address]
    person.email = person.phone = person.password = None
    person.name, person.name_key = ERASED_NAME, ""
    person.totp_secret = person.recovery_codes = None
    person.active, person.erased_at = False, now
    person.roles = []
    db.session.execute(delete(SignIn).where(SignIn.user_id == person.id))
    db.session.execute(
        delete(AddressCode).where((AddressCode.user_id == person.id) | AddressCode.address.in_(addresses))
    )
    db.session.flush()
    return addresses
