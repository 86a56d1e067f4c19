"""Ways to prove who votes: each reads a contact, and says by what message a code goes to it.

A new way is one class here and its name in `CHANNELS`; the names are those of `voting.identity`
in a rule set.
"""

from __future__ import annotations

from typing import Protocol

from contest.accounts.addresses import is_email
from contest.voting.contacts import Contact, read_any, read_email, read_mobile

EMAIL, SMS = "email", "sms"
_TEMPLATES = {EMAIL: "vote_code", SMS: "vote_code_sms"}


class Channel(Protocol):
    """`by_mail` and `either` pick the words on the pages: an address, a number, or one of the two."""

    @property
    def by_mail(self) -> bool: ...

    @property
    def either(self) -> bool: ...

    @property
    def sends(self) -> bool:
        """Whether a code is sent. Where none is, somebody signed in is known by their account."""
        ...

    @property
    def listed(self) -> bool:
        """Whether only contacts on the roll of a unit get a code. Nobody else is told so."""
        ...

    def read(self, typed: str) -> Contact:
        """The contact that was typed. Raises Refused for what cannot be one."""
        ...


class MobileCode:
    """A code by text message to a Vietnamese mobile number."""

    by_mail, either, sends, listed = False, False, True, False

    def read(self, typed: str) -> Contact:
        return read_mobile(typed)


class MailCode:
    """A code by e-mail."""

    by_mail, either, sends, listed = True, False, True, False

    def read(self, typed: str) -> Contact:
        return read_email(typed)


class RollCode:
    """A code by mail or text message, whichever the contact is, to who stands on the roll of a unit."""

    by_mail, either, sends, listed = False, True, True, True

    def read(self, typed: str) -> Contact:
        return read_any(typed)


class Account:
    """No code: who is signed in has proved a contact already, when the account was opened."""

    by_mail, either, sends, listed = False, True, False, False

    def read(self, typed: str) -> Contact:
        return read_any(typed)


CHANNELS: dict[str, Channel] = {
    "vn_mobile_otp": MobileCode(),
    "email_otp": MailCode(),
    "unit_roll": RollCode(),
    "account": Account(),
}


def find_channel(identity: str) -> Channel | None:
    """The way that a rule set asks for; None for one that this site does not offer."""
    return CHANNELS.get(identity)


def way_of(contact: Contact) -> tuple[str, str]:
    """How a code reaches a contact: the channel of the outbox, and the template."""
    way = EMAIL if is_email(contact.address) else SMS
    return way, _TEMPLATES[way]
