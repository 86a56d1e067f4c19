"""What a slip of paper says, as somebody types it. No session, no request.

A slip is typed as the codes of the entries that are ticked on it, each as far as is needed to tell it
from the others, parted by blanks; a spoilt slip is typed as "x".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from contest.contests.ruleset import Voting
from contest.core.errors import N_
from contest.core.text import fold

# Public ids, sorted; a spoilt slip has none.
Slip = list[str]
SPOILT = "x"
_SPOILT_WORDS = {SPOILT, "hong", "-"}
LONGEST = 120
_PARTED = re.compile(r"[\s,;.+/]+")

UNREAD, UNKNOWN, AMBIGUOUS = "unread", "unknown", "ambiguous"
TOO_MANY, TOO_MANY_OF_ONE, TWO_CATEGORIES = "too_many", "too_many_of_one", "two_categories"
PROBLEMS = {
    UNREAD: N_("not typed yet"),
    UNKNOWN: N_("no entry of the vote has this code"),
    AMBIGUOUS: N_("several entries begin like this: type more of the code"),
    TOO_MANY: N_("more choices than the rules allow: such a slip is spoilt, type x"),
    TOO_MANY_OF_ONE: N_("more choices of one category than the rules allow: such a slip is spoilt, type x"),
    TWO_CATEGORIES: N_("entries of two categories, and each category has a ballot of its own: spoilt, type x"),
}


class Candidate(NamedTuple):
    """An entry that may be on a slip; one that fell out after the slips were printed does not stand."""

    public_id: str
    code: str
    category: str
    stands: bool


class Read(NamedTuple):
    """What was made of one slip: `slip` is None where `problem` (a key of PROBLEMS) says why."""

    slip: Slip | None
    problem: str = ""


def read_slip(text: str, candidates: Sequence[Candidate], voting: Voting) -> Read:
    """The slip that somebody typed as `text`, under the rules of choices that hold on screen too."""
    words = [word for word in _PARTED.split(text.strip()) if word]
    if not words:
        return Read(None, UNREAD)
    if len(words) == 1 and fold(words[0]) in _SPOILT_WORDS:
        return Read([])
    found: dict[str, Candidate] = {}
    for word in words:
        meant = _meant(word, candidates)
        if len(meant) != 1:
            return Read(None, AMBIGUOUS if meant else UNKNOWN)
        found[meant[0].public_id] = meant[0]
    if len(found) > voting.choices_max:
        return Read(None, TOO_MANY)
    categories = [each.category for each in found.values()]
    if voting.ballot_scope == "category" and len(set(categories)) > 1:
        return Read(None, TWO_CATEGORIES)
    most = voting.choices_per_category
    if most and any(categories.count(category) > most for category in categories):
        return Read(None, TOO_MANY_OF_ONE)
    return Read(sorted(found))


def _meant(word: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates whose codes are `word`, or else begin with it."""
    word = fold(word).upper()
    exact = [each for each in candidates if each.code == word]
    return exact or [each for each in candidates if each.code.startswith(word)]


def as_typed(slip: Slip, codes: Mapping[str, str]) -> str:
    """A slip as somebody would type it. `codes`: public id -> code."""
    return " ".join(sorted(codes.get(public_id, "?") for public_id in slip)) or SPOILT


def differing(first: Sequence[Slip], second: Sequence[Slip]) -> list[int]:
    """Numbers (from 1) of the slips that two people read differently."""
    return [number for number, (one, other) in enumerate(zip(first, second, strict=True), start=1) if one != other]


def draft_of(stored: Any) -> dict[int, str]:
    """What was typed so far, by the slip's number; nothing where the reading is final."""
    return {int(number): text for number, text in stored.items()} if isinstance(stored, Mapping) else {}
