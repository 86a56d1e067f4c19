"""Giving entries to judges so that the loads are as even as the conflicts allow. Pure.

1. Entries with the fewest possible judges are served first (equal ones in random order), each by the
   least loaded judges that may mark it (equal ones at random).
2. Then loads are levelled: while an entry, or a chain of entries, can move from a judge to one who
   has at least two fewer, it moves. When no such chain is left, no other distribution has a smaller
   sum of squared loads (the optimality of semi-matchings: Harvey, Ladner, Lovász, Tamir 2003).

Only what is new moves; what was given before stays where it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Demand:
    """An entry that lacks `count` judges; `barred` may not have it (in conflict, or have it already)."""

    entry: int
    count: int
    barred: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Short:
    """An entry for which there are not enough judges: `possible` of the `needed`."""

    entry: int
    needed: int
    possible: int


Picks = dict[int, list[int]]  # entry -> judges


def shortages(demands: Sequence[Demand], judges: Sequence[int]) -> list[Short]:
    """The entries that cannot be served. Each stands alone: judges have no upper limit."""
    seated = set(judges)
    found = []
    for demand in demands:
        possible = len(seated - demand.barred)
        if possible < demand.count:
            found.append(Short(demand.entry, demand.count, possible))
    return found


def distribute(demands: Sequence[Demand], loads: Mapping[int, int], random: Random) -> Picks:
    """Who gets what. `loads`: every judge with the number of entries they have now.

    The same demands in the same order, loads and random state give the same picks. Raises ValueError
    when an entry cannot be served; ask `shortages` first.
    """
    load = dict(sorted(loads.items()))
    if short := shortages(demands, list(load)):
        raise ValueError(f"not enough judges for {short}")
    order = [(len(load.keys() - demand.barred), random.random(), demand) for demand in demands]
    picks: Picks = {}
    for _, _, demand in sorted(order, key=lambda each: each[:2]):
        possible = [(count, random.random(), judge) for judge, count in load.items() if judge not in demand.barred]
        picks[demand.entry] = [judge for _, _, judge in sorted(possible)[: demand.count]]
        for judge in picks[demand.entry]:
            load[judge] += 1
    _level(picks, {demand.entry: demand.barred for demand in demands}, load)
    return picks


def _level(picks: Picks, barred: Mapping[int, frozenset[int]], load: dict[int, int]) -> None:
    held: dict[int, list[int]] = {judge: [] for judge in load}
    for entry, judges in picks.items():
        for judge in judges:
            held[judge].append(entry)
    settled: set[int] = set()  # nothing can move away from these, directly or by a chain
    while True:
        open_ = [judge for judge in load if judge not in settled]
        if not open_ or load[top := max(open_, key=lambda judge: load[judge])] - min(load.values()) < 2:
            return
        chain, seen = _chain(top, picks, barred, load, held)
        if not chain:
            # Whoever the search reached has no more than the judge it began at, and no way out either.
            settled |= {judge for judge in seen if load[judge] <= load[top]}
            continue
        for giver, entry, taker in chain:
            picks[entry][picks[entry].index(giver)] = taker
            held[giver].remove(entry)
            held[taker].append(entry)
        load[top] -= 1
        load[chain[-1][2]] += 1
        settled.clear()


def _chain(
    top: int,
    picks: Picks,
    barred: Mapping[int, frozenset[int]],
    load: Mapping[int, int],
    held: Mapping[int, list[int]],
) -> tuple[list[tuple[int, int, int]], set[int]]:
    """The shortest chain of moves (giver, entry, taker) from `top` to one with two fewer, if any."""
    came: dict[int, tuple[int, int]] = {}
    seen = {top}
    queue = deque([top])
    while queue:
        giver = queue.popleft()
        for entry in held[giver]:
            for taker in load:
                if taker in seen or taker in barred[entry] or taker in picks[entry]:
                    continue
                seen.add(taker)
                came[taker] = (giver, entry)
                if load[taker] <= load[top] - 2:
                    chain = []
                    at = taker
                    while at != top:
                        before, moved = came[at]
                        chain.append((before, moved, at))
                        at = before
                    return chain[::-1], seen
                queue.append(taker)
    return [], seen
