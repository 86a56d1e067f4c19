"""What a code, a voter's tag and a voter's order of finalists are. No session, no request."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from contest.contests.ruleset import Voting
from contest.core.errors import N_, Refused
from contest.core.formats import local

T = TypeVar("T")

CODE_LIFE = timedelta(minutes=10)
CODE_TRIES = 5
# Codes to one contact: enough for a lost message, too few to pester somebody with.
CODES_PER_HOUR = 3
CODES_PER_DAY = 5
# How long a browser is known after the code, in wall time: phones are passed around.
KNOWN_FOR = timedelta(hours=2)
# What the public id of an entry looks like: anything else that a form sends was never on a ballot.
PUBLIC_ID = re.compile(r"[0-9a-z]{14}")


def tag_of(secret: str, key: str) -> str:
    """What stands for a contact in the tables of one contest: HMAC-SHA256 under the contest's key.

    Without the key nobody can look whether a number voted; with another contest's key it is
    another tag.
    """
    return _keyed(secret, "voter", key)


def code_digest(secret: str, tag: str, code: str) -> str:
    """What is kept of a code. Under the contest's key, since six digits alone could be tried out."""
    return _keyed(secret, f"code:{tag}", code)


def _keyed(secret: str, purpose: str, text: str) -> str:
    return hmac.new(bytes.fromhex(secret), f"{purpose}\n{text}".encode(), hashlib.sha256).hexdigest()


def passing_seed(slug: str, now: datetime) -> str:
    """The order for somebody not known yet: another one every minute, the same on every process."""
    return f"{slug}:{int(now.timestamp()) // 60}"


def shuffled(items: Iterable[T], seed: str, name: Callable[[T], str]) -> list[T]:
    """`items` in the order that `seed` gives; it does not change for the others when one falls out."""
    return sorted(items, key=lambda item: hashlib.sha256(f"{seed}\n{name(item)}".encode()).digest())


# What a ballot's number on a receipt looks like, as this site and a voter's browser make them.
BALLOT_ID = re.compile(r"[2-9A-HJKMNP-Z]{16}")
SALT = re.compile(r"[0-9a-f]{64}")
CONTEST_SCOPE = "contest"


def parts_of(voting: Voting) -> list[str]:
    """The ballots that a reader has at one time, as addresses name them: one without a name, one for each
    category, or today's by their numbers."""
    if voting.ballot_scope == "category":
        return list(voting.categories)
    if voting.ballot_scope == "day":
        return [str(number + 1) for number in range(voting.ballots_per_day)]
    return [""]


def scope_of(voting: Voting, now: datetime, part: str = "") -> str:
    """Which of a voter's ballots is meant: `part` is a category or, by the day, a number from 1.

    Days end at midnight in Vietnam. Raises Refused for a part that the rules do not know.
    """
    if voting.ballot_scope == "contest":
        return CONTEST_SCOPE
    if voting.ballot_scope == "category":
        if part not in voting.categories:
            raise Refused(N_("Each category has a ballot of its own: say which one this is."), code="no_such_ballot")
        return f"category:{part}"
    number = int(part) if part.isascii() and part.isdigit() and len(part) <= 3 else 1
    if not 1 <= number <= voting.ballots_per_day:
        raise Refused(
            N_("The rules give each reader %(most)s ballots a day."),
            code="no_such_ballot",
            most=voting.ballots_per_day,
        )
    return f"{local(now).date().isoformat()}/{number}"
