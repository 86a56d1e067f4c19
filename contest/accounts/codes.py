"""Codes sent to an address: to register, to make a new password, to add an address.

Nothing here tells whether an address belongs to an account. Every request writes a row and answers
alike; what differs is the message, which only the owner of the address reads.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from contest.accounts.addresses import canonical
from contest.accounts.assisted import find_waiting, offer, release
from contest.accounts.models import AddressCode, User
from contest.accounts.rules import (
    CODE_ATTEMPTS,
    CODE_LIFE,
    CODES_PER_DAY,
    CODES_PER_HOUR,
    TERMS_VERSION,
    code_digest,
    new_code,
)
from contest.accounts.services import (
    change_password,
    clean_name,
    create_person,
    find_by_address,
    notify,
    register_person,
    send,
    set_address,
)
from contest.audit.services import record
from contest.core.db import db, wait_for_turn
from contest.core.errors import Conflict


def begin_registration(
    *, name: str, address: str, password_hash: str, locale: str, now: datetime, wall: datetime
) -> str:
    """Send a code to the address of somebody who wants an account; returns the token of the request.

    The owner of an address that has an account gets a message that says so instead.
    Raises Refused for a name or address that cannot be one.
    """
    address, name = canonical(address), clean_name(name)
    details = {
        "name": name,
        "password": password_hash,
        "locale": locale,
        "terms": TERMS_VERSION,
        "accepted": wall.isoformat(),
    }
    # An account that a unit made for its owner stands in nobody's way: see accounts.assisted.
    known = _signs_in(address)
    template = "account_exists" if known else "code_register"
    return _write("register", address, None, details, template, locale, not known, now, wall)


def begin_reset(*, address: str, locale: str, now: datetime, wall: datetime) -> str:
    """Send a code for a new password; an address without an account gets nothing. Returns the token.

    Raises Refused for what is no address at all.
    """
    address = canonical(address)
    person = find_by_address(address)
    if person is not None and not person.active:
        person = None
    return _write("reset", address, person, {}, "code_reset" if person else None, locale, bool(person), now, wall)


def begin_address(*, person: User, address: str, now: datetime, wall: datetime) -> str:
    """Send a code to an address that the person wants to be reached by. Returns the token.

    Raises Refused for what is no address. An address of somebody else's gets a message that says so.
    """
    address = canonical(address)
    other = _signs_in(address)
    template = "account_exists" if other else "code_address"
    return _write("address", address, person, {}, template, person.locale, not other, now, wall)


def send_again(*, token: str, now: datetime, wall: datetime) -> str | None:
    """Repeat a request with a new code; the old one dies. None when it cannot be repeated."""
    row = db.session.scalar(select(AddressCode).where(AddressCode.token == token))
    if row is None or row.used_at is not None or row.created_at < wall - timedelta(hours=6):
        return None
    row.used_at = wall
    if row.purpose == "register":
        details = row.details
        return begin_registration(
            name=details["name"],
            address=row.address,
            password_hash=details["password"],
            locale=details["locale"],
            now=now,
            wall=wall,
        )
    person = db.session.get(User, row.user_id) if row.user_id else None
    if row.purpose == "address" and person:
        return begin_address(person=person, address=row.address, now=now, wall=wall)
    return begin_reset(address=row.address, locale=person.locale if person else "vi", now=now, wall=wall)


def confirm_registration(*, token: str, code: str, now: datetime, wall: datetime) -> User | None:
    """Create the account whose code was typed; None when the code is wrong, old or used up."""
    row = _take("register", token, code, wall)
    if row is None:
        return None
    details = row.details
    waiting = _released(row.address)
    try:
        person = register_person(
            address=row.address,
            name=details["name"],
            password_hash=details["password"],
            locale=details["locale"],
            terms_version=details["terms"],
            accepted_at=datetime.fromisoformat(details["accepted"]),
            wall=wall,
        )
    except Conflict:
        return None  # the same address was confirmed in another window a moment ago
    row.details = {}
    record(actor=person.public_id, verb="account.register", object_type="person", object_id=person.public_id, now=now)
    if waiting is not None:
        offer(waiting=waiting, person=person, now=now)
    return person


def reset_password(*, token: str, code: str, password_hash: str, now: datetime, wall: datetime) -> User | None:
    """Set a new password for who typed the code, and sign out everywhere; None as above."""
    row = _take("reset", token, code, wall)
    person = db.session.get(User, row.user_id) if row and row.user_id else None
    if row is None or person is None:
        return None
    if person.assisted:
        return _own_account(row.address, person, password_hash, now, wall)
    person.confirmed_at = person.confirmed_at or wall
    change_password(person=person, password_hash=password_hash, but=None, now=now, wall=wall)
    return person


def _own_account(address: str, assisted: User, password_hash: str, now: datetime, wall: datetime) -> User | None:
    """An account for who proved the number of an assisted one and chose a password; the terms come at sign-in."""
    waiting = _released(address)
    if waiting is None or waiting.id != assisted.id:
        return None  # the number was proved in another window a moment ago
    person = create_person(address=address, name=waiting.name, now=wall, locale=waiting.locale)
    person.password, person.confirmed_at = password_hash, wall
    record(actor=person.public_id, verb="account.register", object_type="person", object_id=person.public_id, now=now)
    offer(waiting=waiting, person=person, now=now)
    return person


def _signs_in(address: str) -> User | None:
    """The person who signs in with this address, which no assisted account does."""
    person = find_by_address(address)
    return None if person is not None and person.assisted else person


def _released(address: str) -> User | None:
    """The assisted account for which this proven address was given, now without it."""
    waiting = find_waiting(address)
    if waiting is not None:
        release(waiting)
    return waiting


def confirm_address(*, person: User, token: str, code: str, now: datetime, wall: datetime) -> str | None:
    """Make the address theirs for which the person typed the code; returns it, None as above."""
    row = _take("address", token, code, wall)
    if row is None or row.user_id != person.id or _signs_in(row.address):
        return None
    before = person.email or person.phone
    waiting = _released(row.address)
    set_address(person, row.address)
    db.session.flush()
    if waiting is not None:
        offer(waiting=waiting, person=person, now=now)
    record(actor=person.public_id, verb="account.address", object_type="person", object_id=person.public_id, now=now)
    notify(person, "address", now=now, to=before)
    db.session.flush()
    return row.address


def find_open(token: str, purpose: str, *, wall: datetime) -> AddressCode | None:
    """The request that a browser is busy with; its code may be used up by now."""
    return db.session.scalar(
        select(AddressCode).where(
            AddressCode.token == token,
            AddressCode.purpose == purpose,
            AddressCode.used_at.is_(None),
            AddressCode.created_at > wall - timedelta(hours=6),
        )
    )


def _write(
    purpose: str,
    address: str,
    person: User | None,
    details: dict[str, Any],
    template: str | None,
    locale: str,
    with_code: bool,
    now: datetime,
    wall: datetime,
) -> str:
    token, code = secrets.token_urlsafe(32), new_code()
    # Of many requests at once, each counts those before it: a share more would be more codes to guess at.
    wait_for_turn(f"codes:{address}")
    # Beyond its share an address gets no message, and the row no code that could be guessed.
    quiet = _too_many(address, wall)
    with_code = with_code and not quiet
    db.session.add(
        AddressCode(
            token=token,
            purpose=purpose,
            address=address,
            digest=code_digest(token, code) if with_code else "",
            user_id=person.id if person else None,
            details=details,
            created_at=wall,
            expires_at=wall + CODE_LIFE,
        )
    )
    db.session.flush()
    if template and not quiet:
        params = {"code": code} if with_code else {}
        send(to=address, template=template, locale=locale, now=now, **params)
    return token


def _too_many(address: str, wall: datetime) -> bool:
    """Whether this address has had its share of codes. It is not told: that would say who asks."""
    for span, most in ((timedelta(hours=1), CODES_PER_HOUR), (timedelta(days=1), CODES_PER_DAY)):
        asked = db.session.scalar(
            select(func.count())
            .select_from(AddressCode)
            .where(AddressCode.address == address, AddressCode.created_at > wall - span)
        )
        if (asked or 0) >= most:
            return True
    return False


def _take(purpose: str, token: str, code: str, wall: datetime) -> AddressCode | None:
    """Count a try; the row when the code is right, which uses it up. The caller commits either way."""
    alive = (
        AddressCode.token == token,
        AddressCode.purpose == purpose,
        AddressCode.used_at.is_(None),
        AddressCode.attempts < CODE_ATTEMPTS,
        AddressCode.expires_at > wall,
    )
    # Counted by the database, so that many tries at once are many tries.
    counted = db.session.execute(update(AddressCode).where(*alive).values(attempts=AddressCode.attempts + 1))
    if not counted.rowcount:  # type: ignore[attr-defined]  # an UPDATE gives a cursor result
        return None
    row = db.session.scalar(
        select(AddressCode).where(AddressCode.token == token).execution_options(populate_existing=True)
    )
    if row is None or not secrets.compare_digest(row.digest, code_digest(token, code)):
        return None
    used = db.session.execute(
        update(AddressCode).where(AddressCode.id == row.id, AddressCode.used_at.is_(None)).values(used_at=wall)
    )
    return row if used.rowcount else None  # type: ignore[attr-defined]  # as above
