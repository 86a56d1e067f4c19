"""What findings and what they measured are called on screen. Codes without a name here are shown as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from contest.core.errors import N_
from contest.voting.models_review import Finding

KINDS: dict[str, str] = {}
MEASURES: dict[str, str] = {
    "share": N_("Share of all ballots"),
    "usual": N_("Usual"),
    "ballots": N_("Ballots"),
}


class Measure(NamedTuple):
    """One figure of a finding: its name and its value as it was kept."""

    name: str
    value: Any


def kind_name(finding: Finding) -> str:
    """The English name of a finding's kind, for translation."""
    return KINDS.get(finding.kind, finding.kind)


def measured(finding: Finding) -> Iterator[Measure]:
    """What was seen, in order; lists and objects within are left to the record."""
    for name, value in sorted((finding.measures or {}).items()):
        if isinstance(value, str | int | float):
            yield Measure(MEASURES.get(name, name), value)
