"""What must be done before results go on: one list for the desk, the posting, the decision and the approvals. Pure.

`Facts` is what was found out about a contest (results.facts); the gates below say what of it is in the way, in
words and with the page where it is mended. The desk shows them as steps; the acts refuse with all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from contest.contests.ruleset import Localized, RuleSet
from contest.core.errors import N_
from contest.judging.rules import RefusedList
from contest.judging.scoring import Words
from contest.results.rules import DECISION, FINAL, NOT_CLEARED, RECEIPT, posts_first, remarks_until

POST: Final = "post"
DECIDE: Final = "decide"
APPROVE: Final = "approve"
_CANNOT = {
    POST: N_("The provisional results cannot be released yet."),
    DECIDE: N_("The decision cannot be entered yet."),
    APPROVE: N_("The results cannot be approved yet."),
}

_CHANGED = N_("Something has changed since the results were computed. Compute them again.")
_UPHELD = N_("Cases answered since the results were computed were right: %(codes)s. Compute them again.")
_UNCHECKED = {
    RECEIPT: N_("Nobody has recorded on receipt whether these entries were published before: %(entries)s."),
    FINAL: N_("Nobody has recorded before the final whether these entries were published before: %(entries)s."),
    DECISION: N_(
        "Nobody has recorded since the results were computed whether these entries were published before: %(entries)s."
    ),
}
_FOUND = N_(
    "These entries were found to have been published before: %(entries)s."
    " Refuse them, or have an organiser record how it was settled."
)
_FROZEN = N_("Open cases hold the prizes of these entries: %(entries)s.")
_FROZEN_PRIZE = N_("An open case holds this prize: %(prize)s.")
_OPEN_CASES = N_("These cases wait for an answer: %(codes)s.")


class Missing(NamedTuple):
    """Something that must be done first, in words, and the page where it is done."""

    words: Words
    endpoint: str | None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a contest whose results are prepared. Codes are of entries, in their order.

    `inputs`: what keeps the results from being computed. `found`: published before, and not settled.
    `cases`: codes of open cases that came in time or hold a prize; `late`: how many others are open.
    """

    inputs: tuple[Missing, ...] = ()
    computed: bool = False
    fresh: bool = False
    undecided: tuple[Words, ...] = ()
    uncleared: tuple[str, ...] = ()
    unchecked: tuple[tuple[str, tuple[str, ...]], ...] = ()
    found: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    frozen_prizes: tuple[Localized, ...] = ()
    upheld: tuple[str, ...] = ()
    late: int = 0
    post_from: datetime | None = None
    decided: bool = False


class Lack(NamedTuple):
    """Something that is in the way: of which gate, its name for programs, the words, where it is mended."""

    gate: str
    code: str
    missing: Missing


class NotYet(RefusedList):
    """Results cannot go on yet. Everything that is in the way stands in `lacks`."""

    def __init__(self, act: str, lacks: Sequence[Lack]) -> None:
        super().__init__(_CANNOT[act], [each.missing.words for each in lacks], code=lacks[0].code)
        self.lacks = tuple(lacks)

    @property
    def codes(self) -> set[str]:
        """The names of all that is in the way."""
        return {each.code for each in self.lacks}

    def __str__(self) -> str:
        return " ".join([self.message, *(text % params if params else text for text, params in self.problems)])


Found = list[tuple[str, Missing]]


def _line(code: str, text: str, endpoint: str | None, **params: object) -> Found:
    return [(code, Missing((text, params), endpoint))]


def _listed(code: str, text: str, endpoint: str, name: str, codes: Sequence[str]) -> Found:
    """One line about entries or cases, when there are any."""
    return [(code, Missing((text, {name: ", ".join(codes)}), endpoint))] if codes else []


def _inputs(facts: Facts, rules: RuleSet, now: datetime) -> Found:
    return [("not_ready", each) for each in facts.inputs]


def _computed(facts: Facts, rules: RuleSet, now: datetime) -> Found:
    if not facts.computed:
        return _line("nothing_computed", N_("Compute the results first."), "results.desk")
    found = _listed("upheld", _UPHELD, "complaints.desk", "codes", facts.upheld)
    return found if facts.fresh else [*found, *_line("out_of_date", _CHANGED, "results.desk")]


def _council(facts: Facts, rules: RuleSet, now: datetime) -> Found:
    return [("undecided", Missing(words, "judging.chair")) for words in facts.undecided]


def _cleared(facts: Facts, rules: RuleSet, now: datetime) -> Found:
    return _listed("not_cleared", NOT_CLEARED, "desk.exemplars", "entries", facts.uncleared)


def _checks(facts: Facts, rules: RuleSet, now: datetime) -> Found:
    """On receipt and before the final; and what was found."""
    return [
        *(each for point in (RECEIPT, FINAL) for each in _unchecked(facts, point)),
        *_listed("published_before", _FOUND, "results.checks", "entries", facts.found),
    ]


def _last_check(facts: Facts, rules: RuleSet, now: datetime) -> Found:
    return _unchecked(facts, DECISION)


def _unchecked(facts: Facts, point: str) -> Found:
    return _listed("not_checked", _UNCHECKED[point], "results.checks", "entries", dict(facts.unchecked).get(point, ()))


def _frozen(facts: Facts, rules: RuleSet, now: datetime) -> Found:
    return [
        *_listed("frozen", _FROZEN, "complaints.desk", "entries", facts.frozen),
        *(
            line
            for prize in facts.frozen_prizes
            for line in _line("frozen", _FROZEN_PRIZE, "complaints.desk", prize=prize)
        ),
    ]


def _posted(facts: Facts, rules: RuleSet, now: datetime) -> Found:
    if facts.post_from is not None or not posts_first(rules):
        return []
    return _line("not_posted", N_("The provisional results have not been released for posting."), "results.desk")


def _cases(facts: Facts, rules: RuleSet, now: datetime) -> Found:
    """Remarks on what is posted are waited for, and what came in time is answered."""
    until = remarks_until(rules)
    found: Found = []
    if until is not None and now < (until := max(until, facts.post_from or until)):
        text = N_("Remarks on the provisional results are taken until %(at)s; go on after that.")
        found = _line("remarks_open", text, None, at=until)
    return [*found, *_listed("objections_open", _OPEN_CASES, "complaints.desk", "codes", facts.cases)]


def _decided(facts: Facts, rules: RuleSet, now: datetime) -> Found:
    text = N_("Enter the decision first: its number, its date and who signed it.")
    return [] if facts.decided else _line("no_decision", text, "results.desk")


Gate = Callable[[Facts, RuleSet, datetime], Found]
# Every gate in the order of the work, and the acts that wait for it.
GATES: dict[str, tuple[Gate, frozenset[str]]] = {
    "inputs": (_inputs, frozenset({POST, DECIDE, APPROVE})),
    "compute": (_computed, frozenset({POST, DECIDE, APPROVE})),
    "council": (_council, frozenset({POST, DECIDE, APPROVE})),
    "cleared": (_cleared, frozenset({POST, DECIDE, APPROVE})),
    "checks": (_checks, frozenset({POST, DECIDE, APPROVE})),
    # The decision waits for these cases as for all the others, below.
    "frozen": (_frozen, frozenset({POST})),
    "post": (_posted, frozenset({DECIDE, APPROVE})),
    "cases": (_cases, frozenset({DECIDE, APPROVE})),
    "last_check": (_last_check, frozenset({DECIDE, APPROVE})),
    "decision": (_decided, frozenset({APPROVE})),
}


def lacks_of(gate: str, facts: Facts, rules: RuleSet, now: datetime) -> list[Lack]:
    """What is in the way at one gate."""
    return [Lack(gate, code, missing) for code, missing in GATES[gate][0](facts, rules, now)]


def lacking(act: str, facts: Facts, rules: RuleSet, now: datetime) -> list[Lack]:
    """Everything that is in the way of an act, in the order of the work."""
    return [lack for gate, (_, acts) in GATES.items() if act in acts for lack in lacks_of(gate, facts, rules, now)]


def check(act: str, facts: Facts, rules: RuleSet, now: datetime) -> None:
    """Raises NotYet with everything that is in the way of an act."""
    lacks = lacking(act, facts, rules, now)
    if lacks:
        raise NotYet(act, lacks)
