"""Words and pure predicates of judging: why a person may not mark an entry, when marking is open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from contest.contests.rules import CHAIR, JUDGE
from contest.contests.ruleset import Round, RuleSet
from contest.core.errors import N_, Refused
from contest.core.text import fold
from contest.judging.scoring import Words

JUDGING_ROLES = frozenset({JUDGE, CHAIR})

DECLARED, BY_CHAIR = "declared", "chair"
OWN_ENTRY, OWN_UNIT, EXEMPLAR_UNIT, RELATIVE = "own_entry", "own_unit", "exemplar_unit", "relative"
# Recorded ones are rows; the others follow from facts about the judge and the entry, and are
# worked out each time they are asked for, so that a fact learnt late counts at once.
CONFLICTS = {
    DECLARED: N_("Declared by the judge"),
    BY_CHAIR: N_("Recorded by the head of jury or the secretariat"),
    OWN_ENTRY: N_("The judge wrote the entry"),
    OWN_UNIT: N_("The author belongs to the judge's unit"),
    EXEMPLAR_UNIT: N_("The exemplar belongs to the judge's unit"),
    RELATIVE: N_("A relative of the judge wrote the entry or is written about"),
}

ENDED_CONFLICT, ENDED_REMOVED = "conflict", "removed"
REGULAR, THIRD = "regular", "third"
LEADS, MEMBER, RESERVE = "chair", "member", "reserve"  # seats of a panel
SEATS = {LEADS: N_("Chair of the panel"), MEMBER: N_("Member"), RESERVE: N_("Reserve")}
MOST_ENTRIES = 9999
LONGEST_COMMENT = 5000


class RefusedList(Refused):
    """A refusal with everything that is in the way, so that it can be mended in one go."""

    def __init__(self, message: str, problems: Sequence[Words], *, code: str, **params: object) -> None:
        super().__init__(message, code=code, **params)
        self.problems = tuple(problems)


def marking_is_open(rules: RuleSet, round_id: str, now: datetime) -> bool:
    """Whether sheets of a round may be written at `now`: its step of the timetable, half-open."""
    return rules.is_open(round_id, now)


def check_marking_is_open(rules: RuleSet, round_id: str, now: datetime) -> None:
    """Raises Refused before the round opens and from the instant it closes."""
    window = rules.window(round_id)
    if window is None or now < window.opens:
        raise Refused(N_("Marking in this round has not begun."), code="marking_not_begun")
    if not window.contains(now):
        raise Refused(N_("Marking in this round closed at %(at)s."), code="marking_closed", at=window.closes)


def is_first(rules: RuleSet, round_: Round) -> bool:
    """Whether every accepted entry takes part in the round, rather than those that advanced."""
    return rules.rounds[0].id == round_.id


def names_as_text(text: str | None) -> str:
    """Relatives as they were written down, folded, with one space between words and at the ends.

    "Chồng: Nguyễn Văn An; con – Lê Bình" becomes " chong nguyen van an con le binh ".
    """
    letters = "".join(char if char.isalnum() else " " for char in fold(text or ""))
    return f" {' '.join(letters.split())} "


def names_a_relative(relatives: str, names: Iterable[str]) -> bool:
    """Whether one of `names` stands in `relatives` (see `names_as_text`).

    Diacritics do not count: a name typed without them is still the name, and a match too many only
    sends the entry to another judge. A single syllable is no name: it would match too much.
    """
    wanted = (names_as_text(name) for name in names)
    return any(name.count(" ") > 2 and name in relatives for name in wanted)
