"""Who moves up when a prize is taken back after the announcement. Pure.

Nobody loses anything by it: only seats that became free are filled, from the top rung down, by whoever is
next in the ranking as it was announced, meets the minimum and shares no person with anyone who has, or was
deprived of, a ladder prize of the category. Who moves up frees a seat further down, and so on. A seat past
the count, which a joint award brought, is not filled again. Two who share a place for one free seat are not
parted here: the cascade stops, and the amendment has to say "empty", or wait.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from contest.contests.ruleset import Prize, RuleSet
from contest.core.errors import N_, Refused
from contest.judging.scoring import exact


@dataclass(frozen=True)
class Ranked:
    """A line of a ranking as it was announced, from the first place down."""

    entry: int
    place: int
    total: Fraction
    code: str


@dataclass(frozen=True)
class Held:
    """A prize that an entry has."""

    prize_id: str
    entry: int


@dataclass(frozen=True)
class Move:
    """An entry gets a prize. `gives_up`: the lower prize of the ladder that it had, if any."""

    prize_id: str
    entry: int
    gives_up: str | None = None
    place: int | None = None
    total: Fraction | None = None


def cascade(
    rules: RuleSet,
    taken: Held,
    holders: Sequence[Held],
    ranking: Sequence[Ranked],
    people: Mapping[int, frozenset[str]],
    *,
    out: Collection[int],
    held: Mapping[str, int],
    deprived: Collection[int] = (),
) -> list[Move]:
    """Who moves up in a category when `taken` is taken back. `holders`: who has a ladder prize of it still.

    `out`: entries that may not move up (fallen out, not cleared). `held`: how many of a prize the council
    withholds. `deprived`: entries that lost a prize before; neither they nor their authors move up. Raises
    Refused for a tie.
    """
    category = next(prize.category for prize in rules.prizes if prize.id == taken.prize_id)
    rungs = rules.ladder(category or "")
    order = {prize.id: at for at, (_, prize) in enumerate(rungs)}
    has = {each.entry: each.prize_id for each in holders if each != taken}
    deprived = {*deprived, taken.entry}
    never = {*out, *deprived}
    moves: list[Move] = []
    start = order[taken.prize_id]
    for at, (tier, prize) in list(enumerate(rungs))[start:]:
        free = _free(prize, has, held)
        # Only what this act freed is filled: a seat that nobody reached stays what it was.
        if at == start:
            free = min(free, 1)
        else:
            free = min(free, sum(move.gives_up == prize.id for move in moves))
        while free > 0:
            chosen = _next(rules, at, order, has, ranking, people, never, deprived, exact(tier.min))
            if not chosen:
                break
            if len(chosen) > free:
                raise Refused(
                    N_(
                        "%(codes)s share a place, and one prize is free. Leave it empty, or let the council"
                        " decide outside of this act."
                    ),
                    code="tied",
                    codes=", ".join(sorted(each.code for each in chosen)),
                )
            for each in chosen:
                moves.append(Move(prize.id, each.entry, has.get(each.entry), each.place, each.total))
                has[each.entry] = prize.id
                free -= 1
    return moves


def _free(prize: Prize, has: Mapping[int, str], held: Mapping[str, int]) -> int:
    return max(0, prize.count - held.get(prize.id, 0) - sum(each == prize.id for each in has.values()))


def _next(
    rules: RuleSet,
    at: int,
    order: Mapping[str, int],
    has: Mapping[int, str],
    ranking: Sequence[Ranked],
    people: Mapping[int, frozenset[str]],
    never: Collection[int],
    deprived: Collection[int],
    minimum: Fraction,
) -> list[Ranked]:
    """The best placed who may move up to a rung; more than one where a place is shared."""
    found: list[Ranked] = []
    for each in sorted(ranking, key=lambda line: line.place):
        if found and each.place != found[0].place:
            break
        if each.entry in never or each.total < minimum:
            continue
        if each.entry in has:
            if order[has[each.entry]] > at:
                found.append(each)
            continue
        mine = people.get(each.entry, frozenset())
        shared = any(people.get(entry, frozenset()) & mine for entry in (*has, *deprived))
        if rules.scoring.one_prize_per_author_per_category and shared:
            continue
        found.append(each)
    return found


def next_of_vote(
    votes: Sequence[tuple[int, int]],
    taken: Held,
    holders: Sequence[Held],
    places: Mapping[int, int],
    out: Collection[int],
) -> list[Move]:
    """Who is next in the readers' vote; equal votes are parted by the better place, or not at all. Raises Refused."""
    has = {each.entry for each in holders if each.prize_id == taken.prize_id} | {taken.entry, *out}
    left = [(entry, count) for entry, count in votes if entry not in has and count > 0]
    if not left:
        return []
    worst = 10**9
    best = min((-count, places.get(entry, worst)) for entry, count in left)
    chosen = [entry for entry, count in left if (-count, places.get(entry, worst)) == best]
    if len(chosen) > 1:
        raise Refused(N_("Entries with equal votes come next. Leave the prize empty."), code="tied")
    return [Move(taken.prize_id, chosen[0])]
