"""Accounts of people whom a unit helps: no password, nobody signs in to them.

Such an account waits for its person. Whoever proves the phone number that was given for it gets an
account of their own and is asked whether what was kept under that name is theirs: a number typed
wrongly must not hand a stranger's entries over, and nothing is ever merged silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from contest.accounts.addresses import canonical_phone
from contest.accounts.models import User
from contest.accounts.services import clean_name, find_by_address
from contest.audit.services import record
from contest.core.db import db, wait_for_turn
from contest.core.errors import NotFound
from contest.core.text import fold


def assist(*, name: str, phone: str, now: datetime, wall: datetime) -> User:
    """An account for somebody who is helped; `phone` may be empty. Raises Refused for what is no name or number.

    A number that belongs to an account already is not kept, and nobody is told so: an officer must
    not learn who has an account here. The entry keeps the number as the author gave it.
    """
    name = clean_name(name)
    number = canonical_phone(phone) if phone.strip() else None
    if number is not None:
        wait_for_turn(f"phone:{number}")
        if find_by_address(number) is not None:
            number = None
    person = User(name=name, name_key=fold(name), phone=number, assisted=True, created_at=wall, totp_secret=None)
    db.session.add(person)
    db.session.flush()
    return person


def find_waiting(address: str) -> User | None:
    """The assisted account for which this canonical address was given."""
    person = find_by_address(address)
    return person if person is not None and person.assisted else None


def release(waiting: User) -> None:
    """Take the phone number from an assisted account: somebody has proved that it is theirs."""
    waiting.phone = None
    db.session.flush()


def offer(*, waiting: User, person: User, now: datetime) -> None:
    """Ask `person`, who proved the number, whether the assisted account is theirs."""
    waiting.offered_to_id = person.id
    record(
        actor=person.public_id,
        verb="account.offer",
        object_type="person",
        object_id=waiting.public_id,
        now=now,
        to=person.public_id,
    )
    db.session.flush()


def offered_to(person_id: int) -> Sequence[User]:
    """Assisted accounts of which a person has yet to say whether they are theirs."""
    return db.session.scalars(
        select(User).where(User.offered_to_id == person_id, User.assisted).order_by(User.id)
    ).all()


def get_offered(public_id: str, person_id: int) -> User:
    """One of `offered_to`, locked. Raises NotFound."""
    found = None
    if public_id.isalnum():
        found = db.session.scalar(
            select(User)
            .where(User.public_id == public_id, User.offered_to_id == person_id, User.assisted)
            .with_for_update()
        )
    if found is None:
        raise NotFound(public_id)
    return found


def decline(*, waiting: User, person: User, now: datetime) -> None:
    """The assisted account is somebody else's: it goes on waiting, without a number."""
    waiting.offered_to_id = None
    record(actor=person.public_id, verb="account.decline", object_type="person", object_id=waiting.public_id, now=now)
    db.session.flush()


def close(*, waiting: User, person: User, now: datetime, wall: datetime) -> None:
    """End an assisted account whose entries its person has taken over; its name goes with it."""
    waiting.offered_to_id = None
    waiting.active = False
    waiting.name = waiting.name_key = ""
    waiting.erased_at = wall
    record(actor=person.public_id, verb="account.claim", object_type="person", object_id=waiting.public_id, now=now)
    db.session.flush()
