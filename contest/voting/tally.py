"""From ballots to the readers' prize: counting and the tie rules of the vote. Pure.

The ledger hands in, for every voter, the choices of the last revision alone. A voter whose last
revision is set aside counts for nothing: earlier revisions do not come back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from contest.core.errors import N_

Words = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Ballot:
    """What one voter's last revision says. `set_aside`: the reason code, if it was set aside."""

    choices: tuple[str, ...]
    set_aside: str | None = None


@dataclass(frozen=True)
class Tally:
    """The count. `cast` = `valid` + all of `set_aside` + `void`.

    `void`: ballots that were cast but whose choices have all fallen out; they are not valid.
    `votes` has every finalist still in, also with 0. `paper`: how many of `cast` came on paper.
    """

    cast: int
    valid: int
    void: int
    set_aside: dict[str, int]
    votes: dict[str, int]
    paper: int = 0


def tally(ballots: Iterable[Ballot], finalists: Iterable[str], *, paper: int = 0) -> Tally:
    """Count the ballots for the finalists that are still in; an entry counts once on a ballot."""
    votes = dict.fromkeys(finalists, 0)
    cast = valid = void = 0
    set_aside: Counter[str] = Counter()
    for ballot in ballots:
        cast += 1
        if ballot.set_aside is not None:
            set_aside[ballot.set_aside] += 1
            continue
        standing = votes.keys() & set(ballot.choices)
        if not standing:
            void += 1
            continue
        valid += 1
        for entry in standing:
            votes[entry] += 1
    return Tally(cast, valid, void, dict(set_aside), votes, paper)


def tally_groups(
    groups: Mapping[tuple[str, ...], int], finalists: Iterable[str], *, set_aside: Mapping[str, int], paper: int = 0
) -> Tally:
    """The same count from groups: choices -> how many ballots that are not set aside made them."""
    votes = dict.fromkeys(finalists, 0)
    valid = void = 0
    for choices, ballots in groups.items():
        standing = votes.keys() & set(choices)
        if standing:
            valid += ballots
        else:
            void += ballots
        for entry in standing:
            votes[entry] += ballots
    return Tally(valid + void + sum(set_aside.values()), valid, void, dict(set_aside), votes, paper)


@dataclass(frozen=True)
class ReadersWinner:
    """An entry that the readers' prize goes to, or one of those tied for it, with the reason.

    `name` stands for it in sentences.
    """

    entry: str
    votes: int
    why: tuple[Words, ...]
    name: str = ""


@dataclass(frozen=True)
class ReadersOutcome:
    """Whom the readers' prize goes to.

    `withheld`: the reason why it goes to nobody. `tied`: entries that are level for the last
    `seats_left` of the prize after all rules; with `joint` they may share by a joint award, if the
    money reaches for all of them (the results room knows), otherwise the council decides.
    """

    winners: tuple[ReadersWinner, ...] = ()
    withheld: Words | None = None
    tied: tuple[ReadersWinner, ...] = ()
    seats_left: int = 0
    joint: bool = False


@dataclass(frozen=True)
class _Level:
    """Entries that no rule has told apart, with what parted them from others of as many votes."""

    entries: tuple[str, ...]
    why: tuple[Words, ...] = ()


JURY_RANK = "better_jury_rank"
JOINT_AWARD = "joint_award_if_budget_allows"


def readers_prize(
    count: Tally,
    *,
    places: Mapping[str, int],
    minimum: int,
    tie_break: Sequence[str],
    seats: int = 1,
    council: Sequence[Sequence[frozenset[str]]] = (),
    codes: Mapping[str, str] | None = None,
) -> ReadersOutcome:
    """Who wins the readers' prize by the exact counts.

    `minimum`: fewer valid voters than this, and the prize is withheld. `places`: the jury's place of
    each entry in its own category; places are compared as numbers also between categories, an entry
    without one comes last. `council`: recorded outcomes of ballots, each a list of sets from the best
    down; the last that names exactly the tied entries holds. `codes` name entries in sentences.
    """
    if count.valid < minimum:
        text = N_("Valid voters: %(valid)s; the prize asks for at least %(minimum)s.")
        return ReadersOutcome(withheld=(text, {"valid": count.valid, "minimum": minimum}))
    names = codes or {}
    by_votes: dict[int, list[str]] = {}
    for entry, votes in count.votes.items():
        if votes > 0:
            by_votes.setdefault(votes, []).append(entry)
    if not by_votes:
        return ReadersOutcome(withheld=(N_("No entry has received a vote."), {}))
    winners: list[ReadersWinner] = []
    for votes in sorted(by_votes, reverse=True):
        tied = tuple(sorted(by_votes[votes], key=lambda entry: names.get(entry, entry)))
        for level in _levels(tied, votes, places, tie_break, council, names):
            free = seats - len(winners)
            if free <= 0:
                return ReadersOutcome(tuple(winners))
            found = tuple(
                ReadersWinner(entry, votes, _why(level, votes), names.get(entry, entry)) for entry in level.entries
            )
            if len(found) > free:
                return ReadersOutcome(tuple(winners), tied=found, seats_left=free, joint=JOINT_AWARD in tie_break)
            winners += found
    return ReadersOutcome(tuple(winners))


def _why(level: _Level, votes: int) -> tuple[Words, ...]:
    return ((N_("Votes: %(votes)s."), {"votes": votes}), *level.why)


def _levels(
    tied: tuple[str, ...],
    votes: int,
    places: Mapping[str, int],
    tie_break: Sequence[str],
    council: Sequence[Sequence[frozenset[str]]],
    names: Mapping[str, str],
) -> list[_Level]:
    """Entries with equal votes, parted by the jury's places and then by the council, best first."""
    levels = [_Level(tied)]
    if JURY_RANK in tie_break and len(tied) > 1:
        last = max(places.values(), default=0) + 1
        order = sorted({places.get(entry, last) for entry in tied})
        groups = [(place, tuple(entry for entry in tied if places.get(entry, last) == place)) for place in order]
        levels = [_Level(groups[-1][1])]
        for (mine, better), (theirs, worse) in reversed(list(pairwise(groups))):
            text = N_(
                "Level at %(votes)s votes with %(others)s; better place with the jury: %(mine)s against %(theirs)s."
            )
            others = ", ".join(names.get(entry, entry) for entry in worse)
            said = {"votes": votes, "others": others, "mine": mine, "theirs": theirs}
            levels.insert(0, _Level(better, ((text, said),) if theirs < last else ()))
    return [part for level in levels for part in _by_council(level, council)]


def _by_council(level: _Level, council: Sequence[Sequence[frozenset[str]]]) -> list[_Level]:
    named = [order for order in council if frozenset[str]().union(*order) == frozenset(level.entries)]
    if len(level.entries) == 1 or not named:
        return [level]
    told = (*level.why, (N_("The order among equal entries is the council's."), {}))
    parts = [tuple(entry for entry in level.entries if entry in found) for found in named[-1]]
    return [_Level(part, told) for part in parts if part]
