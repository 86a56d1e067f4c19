"""How a voter proved a contact, as reviewers may know it: keyed hashes and coarse figures.

Nothing here names anybody. A hash is under the contest's own key, so that it says "the same again"
within one contest and nothing beside it; when the key goes, not even that can be checked. Of the
address only its network counts (/24, /48), of the moment only the hour.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from datetime import datetime

from sqlalchemy import insert, select

from contest.core.db import db
from contest.voting.models import VoteKey
from contest.voting.models_review import VoterTrace

_DIGITS = re.compile(r"[0-9]+")
# Digits of a number as E.164 (+84912345678) that make a family (10,000 numbers) and a stem (100).
_FAMILY_DIGITS = 8
_STEM_DIGITS = 10
_LONGEST_AGENT = 400


def note(
    *,
    contest_id: int,
    voter_id: int,
    channel: str,
    address: str,
    device: str,
    agent: str,
    contact: str,
    domain: str = "",
    unit_id: int | None = None,
    code_seconds: int | None = None,
    work: int = 0,
    work_ms: int | None = None,
    replays: int = 0,
    now: datetime,
) -> None:
    """Keep the trace of a proof, in the transaction that admitted the voter.

    `channel` is an identity of the rule set; `address` that of the request; `device` the value of the
    device cookie; `agent` the browser's name of itself; `contact` the canonical key of the contact
    (contacts.Contact.key); `domain` one of known, unknown, throwaway, "" for a number; `code_seconds`
    from sending to typing. Nothing is kept where the contest's key is gone.
    """
    secret = find_secret(contest_id)
    if secret is None:
        return
    db.session.execute(
        insert(VoterTrace).values(
            contest_id=contest_id,
            voter_id=voter_id,
            hour=now.replace(minute=0, second=0, microsecond=0),
            channel=channel[:16],
            network=hashed(secret, "network", network_of(address)),
            device=hashed(secret, "device", device) if device else "",
            agent=hashed(secret, "agent", agent[:_LONGEST_AGENT]),
            family=hashed(secret, "family", family_of(contact)),
            stem=stem_of(secret, contact),
            domain=domain,
            unit_id=unit_id,
            code_seconds=None if code_seconds is None else max(0, min(code_seconds, 3600)),
            work=work,
            work_ms=None if work_ms is None else max(0, min(work_ms, 3_600_000)),
            replays=min(replays, 1000),
        )
    )


def find_secret(contest_id: int) -> str | None:
    """The key of a contest's vote, unless it is not made yet or gone."""
    return db.session.scalar(select(VoteKey.secret).where(VoteKey.contest_id == contest_id))


def hashed(secret: str, purpose: str, text: str) -> str:
    """Sixteen hex digits that stand for `text` within one contest and one purpose."""
    message = f"trace:{purpose}\n{text}".encode(errors="replace")
    return hmac.new(bytes.fromhex(secret), message, hashlib.sha256).hexdigest()[:16]


def network_of(address: str) -> str:
    """The /24 of an IPv4 address, the /48 of an IPv6 one; an IPv4 address inside IPv6 counts as itself.

    What is no address (a test, a socket) is one network of its own.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "none"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(ipaddress.ip_network((found, 24 if found.version == 4 else 48), strict=False))


def family_of(contact: str) -> str:
    """What many contacts have in common: the domain of an address, ten thousand numbers of a range."""
    return contact.rpartition("@")[2] if "@" in contact else contact[:_FAMILY_DIGITS]


def stem_of(secret: str, contact: str) -> str:
    """What a series of contacts has in common, as a letter and fifteen hex digits.

    n: a hundred numbers in a row; p: addresses that differ in what follows a plus sign; m: addresses
    that differ in digits.
    """
    if "@" not in contact:
        kind, text = "n", contact[:_STEM_DIGITS]
    else:
        local, _, domain = contact.rpartition("@")
        base, plus, _ = local.partition("+")
        kind = "p" if plus else "m"
        text = f"{base if plus else _DIGITS.sub('', local)}@{domain}"
    return kind + hashed(secret, "stem", text)[:15]
