"""Ways to prove who votes: each reads a contact and sends a code to it.

A new way is one class here and its name in `CHANNELS`; the names are those of `voting.identity`
in a rule set.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from contest.outbox.services import ask_for_mail, ask_for_sms
from contest.voting.contacts import Contact, read_email, read_mobile


class Channel(Protocol):
    """`by_mail` picks the words on the pages."""

    by_mail: bool

    def read(self, typed: str) -> Contact:
        """The contact that was typed. Raises Refused for what cannot be one."""
        ...

    def send(self, contact: Contact, *, locale: str, now: datetime, **params: Any) -> None:
        """Queue the code with the words around it, in the caller's transaction."""
        ...


class MobileCode:
    """A code by text message to a Vietnamese mobile number."""

    by_mail = False

    def read(self, typed: str) -> Contact:
        return read_mobile(typed)

    def send(self, contact: Contact, *, locale: str, now: datetime, **params: Any) -> None:
        ask_for_sms(to=contact.address, template="vote_code_sms", locale=locale, now=now, **params)


class MailCode:
    """A code by e-mail."""

    by_mail = True

    def read(self, typed: str) -> Contact:
        return read_email(typed)

    def send(self, contact: Contact, *, locale: str, now: datetime, **params: Any) -> None:
        ask_for_mail(to=contact.address, template="vote_code", locale=locale, now=now, **params)


CHANNELS: dict[str, Channel] = {"vn_mobile_otp": MobileCode(), "email_otp": MailCode()}


def find_channel(identity: str) -> Channel | None:
    """The way that a rule set asks for; None for one that this site does not offer."""
    return CHANNELS.get(identity)
