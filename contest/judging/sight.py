"""What judges of a round may see beside the text: the matrix of it, and the one thing that judging itself adds.

The definition is `RuleSet.sees`. The rendering of an entry (entries.blind) loads what it allows and no more;
results of other rounds come from here, and from nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from contest.contests.ruleset import Localized, RuleSet, Sees
from contest.core.errors import N_
from contest.entries.models import Entry
from contest.judging.locks import find_closing
from contest.judging.rounds import entry_state

# The columns of the matrix, in the order in which they are shown.
WHAT = {
    "author": N_("Author"),
    "exemplar": N_("Record of the exemplar"),
    "place": N_("Unit and place"),
    "other_rounds": N_("Results of earlier rounds"),
}


def sees(rules: RuleSet, round_id: str, category: str) -> Sees:
    """What judges of a round may see of entries of a category. Raises NotFound."""
    return rules.sees(round_id, category)


@dataclass(frozen=True)
class Line:
    """A line of the matrix: a round, the categories that it holds for (none: all), yes or no for each of WHAT."""

    round_id: str
    round: Localized
    categories: tuple[str, ...]
    seen: dict[str, bool]


def matrix(rules: RuleSet) -> list[Line]:
    """Rounds by what may be seen, categories alike in one line."""
    lines = []
    for round_ in rules.rounds:
        groups: dict[tuple[bool, ...], list[str]] = {}
        for category in rules.categories:
            allowed = sees(rules, round_.id, category.id)
            groups.setdefault(tuple(bool(getattr(allowed, what)) for what in WHAT), []).append(category.id)
        for flags, categories in groups.items():
            named = () if len(groups) == 1 else tuple(categories)
            lines.append(Line(round_.id, round_.name, named, dict(zip(WHAT, flags, strict=True))))
    return lines


@dataclass(frozen=True)
class Earlier:
    """What an earlier, closed round gave an entry: its exact total."""

    round: Localized
    total: Fraction


def earlier_results(entry: Entry, round_id: str) -> list[Earlier]:
    """Totals of the rounds before this one, where its judges may see them and once they are closed; else nothing."""
    rules = entry.contest.rules
    if not sees(rules, round_id, entry.category).other_rounds:
        return []
    found = []
    for round_ in rules.rounds:
        if round_.id == round_id:
            break
        if find_closing(entry.contest_id, round_.id, entry.category) is None:
            continue
        state = entry_state(entry, round_.id)
        if state is not None and state.result.total is not None:
            found.append(Earlier(round_.name, state.result.total))
    return found
