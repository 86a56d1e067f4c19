"""Who goes on to the next round: counts by category, and ties at the line all advance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from contest.core.errors import N_
from contest.judging.scoring import Words, told_apart


class Readiness(StrEnum):
    """READY: verified and consenting. PENDING: not yet. OUT: refused, or set aside by name and reason."""

    READY = "ready"
    PENDING = "pending"
    OUT = "out"


@dataclass(frozen=True)
class Candidate:
    """An entry of one category at the end of a round. `why_out` is shown for one that is out."""

    entry: str
    total: Fraction | None
    readiness: Readiness = Readiness.READY
    why_out: Words | None = None


@dataclass(frozen=True)
class Shortlist:
    """`line`: the total of the last place that the count gives, None where everyone goes on.

    `blocking` are within the line but pending: the round closes when each is verified, refused or
    set aside; an entry set aside does not advance and the next moves up. `why_not` has a sentence
    for every candidate that is neither advancing nor blocking.
    """

    line: Fraction | None
    advancing: tuple[str, ...]
    blocking: tuple[str, ...]
    why_not: dict[str, Words]


def shortlist(
    candidates: Sequence[Candidate], *, count: int, min_score: Fraction | None = None, decimals: int = 2
) -> Shortlist:
    """The candidates of one category that advance, best total first (equal totals by entry).

    `count` is taken among those who may advance: not out, and with `min_score` reached by the exact
    total. All with the exact total of the last of them advance too, before any tie-break.
    """
    why_not: dict[str, Words] = {}
    able: list[tuple[Fraction, Candidate]] = []
    for candidate in sorted(candidates, key=lambda candidate: candidate.entry):
        if candidate.readiness is Readiness.OUT:
            why_not[candidate.entry] = candidate.why_out or (N_("Set aside from this round."), {})
        elif candidate.total is None:
            why_not[candidate.entry] = (N_("No score in this round."), {})
        elif min_score is not None and candidate.total < min_score:
            mine, minimum = told_apart(candidate.total, min_score, decimals)
            why_not[candidate.entry] = (
                N_("%(total)s is below the minimum of %(minimum)s."),
                {"total": mine, "minimum": minimum},
            )
        else:
            able.append((candidate.total, candidate))
    able.sort(key=lambda pair: -pair[0])
    line = able[count - 1][0] if 0 < count <= len(able) else None
    within = [pair for pair in able if line is None or pair[0] >= line] if count > 0 else []
    said: dict[Fraction, Words] = {}  # many have the same total
    for total, candidate in able[len(within) :]:
        if total not in said:
            said[total] = _below(total, line, count, decimals)
        why_not[candidate.entry] = said[total]
    return Shortlist(
        line,
        tuple(candidate.entry for _, candidate in within if candidate.readiness is Readiness.READY),
        tuple(candidate.entry for _, candidate in within if candidate.readiness is Readiness.PENDING),
        why_not,
    )


def _below(total: Fraction, line: Fraction | None, count: int, decimals: int) -> Words:
    if line is None:
        return N_("Nobody advances in this category."), {}
    shown, limit = told_apart(total, line, decimals)
    return (
        N_("%(total)s is below %(line)s, the total of place %(count)s in this category."),
        {"total": shown, "line": limit, "count": count},
    )
