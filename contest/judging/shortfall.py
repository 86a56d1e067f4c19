"""Why entries cannot be given out as asked: the limit, the floor, or the set of entries that makes it impossible. Pure.

By max-flow and min-cut, entries with the same barred judges and need taken together. An entry without enough
judges is named by itself. Otherwise the upper limits are too small, for all or for a set of entries that only
certain judges may have (Hall's condition: their need against what these judges can take). Lower limits are
asked about apart from that: where every entry can have its judges and every judge their least, both can
be had at once (Mendelsohn and Dulmage 1958).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from ortools.graph.python import min_cost_flow

from contest.judging.balance import Demand, Place

ENTRY, CAPS, SET, FLOOR, FLOORS, FLOOR_SET = "entry", "caps", "set", "floor", "floors", "floor_set"


@dataclass(frozen=True)
class Cause:
    """What stands in the way: of `needed` sheets only `possible` can be given, among these entries and judges."""

    kind: str
    needed: int
    possible: int
    entries: tuple[int, ...] = ()
    judges: tuple[int, ...] = ()


@dataclass
class _Class:
    """Entries that the same judges may have and that lack as many."""

    entries: list[int]
    count: int
    judges: list[int]  # numbers of places

    @property
    def size(self) -> int:
        return len(self.entries)


def causes(demands: Sequence[Demand], places: Sequence[Place]) -> list[Cause]:
    """Everything that has to be mended first; empty when the demands can be met."""
    classes = _classes(demands, places)
    alone = [
        Cause(ENTRY, each.count, len(each.judges), (entry,))
        for each in classes
        if len(each.judges) < each.count
        for entry in each.entries
    ]
    if alone:
        return sorted(alone, key=lambda cause: cause.entries)
    return [*_too_little_room(classes, places), *_floors(classes, places)] if classes else []


def _classes(demands: Iterable[Demand], places: Sequence[Place]) -> list[_Class]:
    seated = frozenset(place.judge for place in places)
    found: dict[tuple[frozenset[int], int], list[int]] = defaultdict(list)
    for demand in demands:
        if demand.count:
            found[demand.barred & seated, demand.count].append(demand.entry)
    return [
        _Class(entries, count, [number for number, place in enumerate(places) if place.judge not in barred])
        for (barred, count), entries in found.items()
    ]


def _may_have(classes: Iterable[_Class]) -> dict[int, int]:
    """How many of these entries each place may have, limits aside."""
    found: dict[int, int] = defaultdict(int)
    for each in classes:
        for judge in each.judges:
            found[judge] += each.size
    return found


def _most_flow(classes: Sequence[_Class], limits: Sequence[int]) -> list[dict[int, int]]:
    """The most sheets that can be given when place j takes `limits[j]`: what each class gives each place."""
    sink = len(classes) + len(limits)
    arcs = [(number, judge) for number, each in enumerate(classes) for judge in each.judges]
    flow = min_cost_flow.SimpleMinCostFlow()
    tails = [number for number, _ in arcs] + [len(classes) + judge for judge in range(len(limits))]
    heads = [len(classes) + judge for _, judge in arcs] + [sink] * len(limits)
    most = [classes[number].size for number, _ in arcs] + list(limits)
    indices = flow.add_arcs_with_capacity_and_unit_cost(
        np.array(tails), np.array(heads), np.array(most), np.zeros(len(tails), dtype=np.int64)
    )
    for number, each in enumerate(classes):
        flow.set_node_supply(number, each.size * each.count)
    flow.set_node_supply(sink, -sum(each.size * each.count for each in classes))
    flow.solve_max_flow_with_min_cost()
    taken = np.asarray(flow.flows(indices)).tolist()
    found: list[dict[int, int]] = [{} for _ in classes]
    for (number, judge), many in zip(arcs, taken[: len(arcs)], strict=True):
        found[number][judge] = many
    return found


# Upper limits


def _too_little_room(classes: Sequence[_Class], places: Sequence[Place]) -> list[Cause]:
    every = _may_have(classes)
    room = [every[judge] if place.room is None else place.room for judge, place in enumerate(places)]
    given = _most_flow(classes, room)
    short = [number for number, each in enumerate(classes) if sum(given[number].values()) < each.size * each.count]
    if not short:
        return []
    if all(place.room is not None for place in places) and sum(room) < sum(each.size * each.count for each in classes):
        whole = _cause(CAPS, classes, places, room)
        return [whole]
    found = [_cause(SET, _bound_with(number, classes, given), places, room) for number in short]
    return [min(found, key=lambda cause: (len(cause.entries), cause.entries))]


def _cause(kind: str, chosen: Sequence[_Class], places: Sequence[Place], room: Sequence[int]) -> Cause:
    may_have = _may_have(chosen)
    return Cause(
        kind,
        needed=sum(each.size * each.count for each in chosen),
        possible=sum(min(room[judge], many) for judge, many in may_have.items()),
        entries=tuple(sorted(entry for each in chosen for entry in each.entries)),
        judges=tuple(places[judge].judge for judge in sorted(may_have)),
    )


def _bound_with(number: int, classes: Sequence[_Class], given: list[dict[int, int]]) -> list[_Class]:
    """The classes that compete with a short one for the same full judges: what can be reached by giving way."""
    holders: dict[int, list[int]] = defaultdict(list)
    for holder, by_judge in enumerate(given):
        for judge, many in by_judge.items():
            if many:
                holders[judge].append(holder)
    reached, judges, open_ = {number}, set[int](), [number]
    while open_:
        at = open_.pop()
        for judge in classes[at].judges:
            if judge not in judges and given[at].get(judge, 0) < classes[at].size:
                judges.add(judge)
                new = [holder for holder in holders[judge] if holder not in reached]
                reached.update(new)
                open_ += new
    return [classes[each] for each in sorted(reached)]


# Lower limits


def _floors(classes: Sequence[_Class], places: Sequence[Place]) -> list[Cause]:
    every = _may_have(classes)
    wanting = [place.wanting for place in places]
    alone = []
    for judge, place in enumerate(places):
        possible = every[judge] if place.room is None else min(every[judge], place.room)
        if wanting[judge] > possible:
            alone.append(Cause(FLOOR, wanting[judge], possible, judges=(place.judge,)))
    if alone:
        return alone
    sheets = sum(each.size * each.count for each in classes)
    if sum(wanting) > sheets:
        wants = tuple(place.judge for place in places if place.wanting)
        return [Cause(FLOORS, sum(wanting), sheets, judges=wants)]
    given = _most_flow(classes, wanting)
    got = [sum(by_judge.get(judge, 0) for by_judge in given) for judge in range(len(places))]
    short = [judge for judge in range(len(places)) if got[judge] < wanting[judge]]
    if not short:
        return []
    found = [_wanting_together(judge, classes, given, wanting, places) for judge in short]
    return [min(found, key=lambda cause: (len(cause.judges), cause.judges))]


def _wanting_together(
    judge: int, classes: Sequence[_Class], given: list[dict[int, int]], wanting: Sequence[int], places: Sequence[Place]
) -> Cause:
    """The judges who want the same few entries as this one."""
    reached, used, open_ = {judge}, set[int](), [judge]
    while open_:
        at = open_.pop()
        for number, each in enumerate(classes):
            if number not in used and at in each.judges and given[number].get(at, 0) < each.size:
                used.add(number)
                new = [other for other, many in given[number].items() if many and other not in reached]
                reached.update(new)
                open_ += new
    possible = sum(each.size * min(each.count, len(reached.intersection(each.judges))) for each in classes)
    return Cause(
        FLOOR_SET,
        sum(wanting[each] for each in reached),
        possible,
        judges=tuple(places[each].judge for each in sorted(reached)),
    )
