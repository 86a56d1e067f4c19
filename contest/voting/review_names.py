"""What findings and what they measured are called on screen. Codes without a name here are shown as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from contest.core.errors import N_
from contest.voting.models_review import Finding
from contest.voting.signs import MEASURES

KINDS = {
    "fast_code": N_("Codes typed faster than anybody can"),
    "same_time": N_("Codes typed after the same few seconds"),
    "clockwork": N_("Ballots that arrive like clockwork"),
    "device_pace": N_("One device, one voter after another without a pause"),
    "shared_device": N_("Many voters on one device"),
    "number_range": N_("Many numbers in a row"),
    "plus_tags": N_("One mailbox under many names"),
    "throwaway": N_("Throw-away mail addresses"),
    "replayed_work": N_("Proofs of work shown again, or solved at once"),
    "burst": N_("Many more ballots than is usual at this hour"),
}


class Measure(NamedTuple):
    """One figure of a finding: its name and its value as it was kept."""

    name: str
    value: Any


def kind_name(finding: Finding) -> str:
    """The English name of a finding's kind, for translation."""
    return KINDS.get(finding.kind, finding.kind)


def measured(finding: Finding) -> Iterator[Measure]:
    """What was seen, in the order of the names; what has no name, or is no single figure, is left to the record."""
    said = finding.measures or {}
    for name, shown in MEASURES.items():
        if isinstance(said.get(name), str | int | float):
            yield Measure(shown, said[name])
