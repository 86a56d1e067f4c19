"""Contacts that voters prove: one key for each mailbox or phone number, however it is written.

`address` is where a code is sent; `key` is who it counts for. They differ where a provider delivers
many spellings to one mailbox: some ignore everything from a plus sign on, some have several names for
one domain, and Gmail ignores dots as well. Other providers give plus signs and dots meanings of their
own, so theirs are kept. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from contest.accounts.addresses import canonical_email, canonical_phone
from contest.core.errors import N_, Refused

_GMAIL = "gmail.com"
# Domains under which a provider gives one name to one person: the same mailbox each time.
_SAME = {
    "googlemail.com": _GMAIL,
    **dict.fromkeys(("me.com", "mac.com"), "icloud.com"),
    **dict.fromkeys(("protonmail.com", "pm.me"), "proton.me"),
}
# Providers that deliver name+anything to name, and let nobody have a plus sign in a name of their own.
_PLUS_TAGS = frozenset(
    {
        _GMAIL,
        *("outlook.com", "outlook.com.vn", "hotmail.com", "live.com", "msn.com"),
        *("icloud.com", "proton.me", "fastmail.com"),
    }
)
_NOT_IN_A_NUMBER = re.compile(r"[^\d\s().+\-–]")
# No address or number that anyone has is longer; beyond it nothing is parsed.
LONGEST = 320


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a code goes, and the one form that stands for everything that reaches the same person."""

    address: str
    key: str


def read_email(typed: str) -> Contact:
    """An e-mail address as a voter typed it.

    The domain is compared in lower case and as IDNA (ASCII), the local part in lower case: no
    provider in use tells two people apart by it. Raises Refused when it cannot be an address.
    """
    address = canonical_email(_line(typed))
    local, _, domain = address.rpartition("@")
    domain = _SAME.get(domain, domain)
    if domain in _PLUS_TAGS:
        local = local.partition("+")[0]
    if domain == _GMAIL:
        local = local.replace(".", "")
    if not local:
        raise Refused(N_("This is not an e-mail address. It should look like ten@example.vn."), code="email")
    return Contact(address, f"{local}@{domain}")


def read_mobile(typed: str) -> Contact:
    """A Vietnamese mobile number as a voter typed it, as E.164; numbers from before 2018 as they are now.

    Raises Refused for anything else: other countries, fixed lines, service numbers.
    """
    number = _line(typed)
    if _NOT_IN_A_NUMBER.search(number):
        # The library would read letters as the keys of a telephone.
        raise Refused(
            N_("This is not a Vietnamese mobile number. It has ten digits, as in 0912 345 678."), code="phone"
        )
    phone = canonical_phone(number)
    return Contact(phone, phone)


def read_any(typed: str) -> Contact:
    """An e-mail address or a Vietnamese mobile number, told apart by the @. Raises Refused for neither."""
    return read_email(typed) if "@" in _line(typed) else read_mobile(typed)


def prefix_of(contact: Contact) -> str:
    """The beginning that a million numbers share (+84912); "" for an address."""
    return "" if "@" in contact.key else contact.key[:6]


def _line(typed: str) -> str:
    """What was typed without blanks around it; keyboards that write full-width forms are understood."""
    return unicodedata.normalize("NFKC", typed[:LONGEST]).strip()
