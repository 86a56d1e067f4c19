"""Making and finding people, and what they change about themselves.

`now` is contest time, for the audit and for messages; `wall` is the machine's time, by which
accounts, codes and sign-ins live. Passwords arrive hashed: hashing is slow and must not happen
while the write lock is held.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from contest.accounts.addresses import canonical, find_canonical, is_email
from contest.accounts.models import SiteRole, User
from contest.accounts.passwords import verify_password
from contest.accounts.sign_ins import end_all
from contest.audit.services import record
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.text import clean_line, fold
from contest.outbox.models import Message
from contest.outbox.services import ask_for_mail, ask_for_sms

NAME_LONGEST = 200


def find_by_address(address: str) -> User | None:
    """The person with this e-mail address or phone number, however it is written."""
    kept = find_canonical(address)
    if kept is None:
        return None
    column = User.email if is_email(kept) else User.phone
    return db.session.scalar(select(User).where(column == kept))


def hold(person: User) -> None:
    """Wait for acts on this person that must not pass each other unseen, and keep others waiting.

    Such as taking a role and sending in an entry. SQLite has one writer at a time and needs no lock.
    """
    db.session.execute(select(User.id).where(User.id == person.id).with_for_update(key_share=True))


def get_person(public_id: str) -> User:
    """The person with this public id. Raises NotFound."""
    person = db.session.scalar(select(User).where(User.public_id == public_id))
    if person is None:
        raise NotFound
    return person


def clean_name(name: str) -> str:
    """A person's name as it is kept. Raises Refused for an empty, endless or hidden one."""
    name = clean_line(name)
    if not any(char.isalpha() for char in name):
        raise Refused(N_("Write the name, family name first."), code="name")
    if len(name) > NAME_LONGEST:
        raise Refused(N_("Use at most %(number)s characters."), code="name", number=NAME_LONGEST)
    return name


def create_person(*, address: str, name: str, now: datetime, locale: str = "vi") -> User:
    """Create a person without a password, for an invitation or a command.

    They choose a password through "forgot password", whose code shows that the address is theirs.
    Raises Refused for an address or name that cannot be one, Conflict when the address is taken.
    """
    return _create(address=canonical(address), name=clean_name(name), now=now, locale=locale)


def register_person(
    *,
    address: str,
    name: str,
    password_hash: str,
    locale: str,
    terms_version: str,
    accepted_at: datetime,
    wall: datetime,
) -> User:
    """Create a person who registered and confirmed the address. Raises Conflict when it is taken."""
    person = _create(address=canonical(address), name=clean_name(name), now=wall, locale=locale)
    person.password = password_hash
    person.confirmed_at = wall
    person.terms_version = terms_version
    person.terms_accepted_at = accepted_at
    db.session.flush()
    return person


def _create(*, address: str, name: str, now: datetime, locale: str) -> User:
    person = User(name=name, name_key=fold(name), created_at=now, locale=locale, totp_secret=None)
    set_address(person, address)
    try:
        with db.session.begin_nested():
            db.session.add(person)
    except IntegrityError as error:
        raise Conflict(N_("This address already belongs to an account."), code="address_taken") from error
    return person


def set_address(person: User, address: str) -> None:
    """Give the person a canonical address, in the place of the one of its kind."""
    if is_email(address):
        person.email = address
    else:
        person.phone = address


def find_by_password(address: str, password: str) -> User | None:
    """The active person whom address and password name, after the same work for any answer.

    Reads only; call it outside a transaction, since it hashes.
    """
    person = find_by_address(address)
    if not verify_password(person.password if person else None, password):
        return None
    return person if person and person.active else None


def change_password(*, person: User, password_hash: str, but: str | None, now: datetime, wall: datetime) -> None:
    """Set a password and end every sign-in except the one with the key `but`; tell the person."""
    person.password = password_hash
    end_all(person=person, wall=wall, but=but)
    record(actor=person.public_id, verb="account.password", object_type="person", object_id=person.public_id, now=now)
    notify(person, "password", now=now)
    db.session.flush()


def change_profile(*, person: User, name: str, locale: str, now: datetime) -> None:
    """Change how the person is called and the language of messages to them. Raises Refused."""
    name = clean_name(name)
    if (name, locale) == (person.name, person.locale):
        return
    person.name, person.name_key, person.locale = name, fold(name), locale
    record(actor=person.public_id, verb="account.profile", object_type="person", object_id=person.public_id, now=now)
    db.session.flush()


def accept_terms(*, person: User, version: str, wall: datetime) -> None:
    """Keep which text the person agreed to, and when."""
    person.terms_version, person.terms_accepted_at = version, wall


def give_site_role(*, person: User, name: str, now: datetime, actor: User | None) -> None:
    """Give a right over the whole site (`operator`); nothing happens when it is held already."""
    role = db.session.scalar(select(SiteRole).where(SiteRole.name == name))
    if role is None:
        role = SiteRole(name=name)
        db.session.add(role)
    if role not in person.roles:
        person.roles.append(role)
        record(
            actor=actor.public_id if actor else None,
            verb="account.site_role",
            object_type="person",
            object_id=person.public_id,
            now=now,
            role=name,
        )
    db.session.flush()


def send(*, to: str, template: str, locale: str, now: datetime, **params: Any) -> Message:
    """Queue a message to an address of either kind: `<template>` by mail, `<template>_sms` by phone."""
    if is_email(to):
        return ask_for_mail(to=to, template=template, locale=locale, now=now, **params)
    return ask_for_sms(to=to, template=f"{template}_sms", locale=locale, now=now, **params)


def notify(person: User, what: str, *, now: datetime, to: str | None = None) -> None:
    """Tell a person that something about their account changed, so that a stranger's act is seen."""
    address = to or person.email or person.phone
    if address:
        send(to=address, template="account_notice", locale=person.locale, now=now, what=what, name=person.name)
