"""Giving entries to judges: loads as even as limits and conflicts allow, units and lengths spread. Pure.

A minimum-cost flow, solved by OR-Tools. Every entry sends as many units of flow as it lacks judges, through
the judge's share of the author's unit, to the judge, to a sink. The k-th entry of a judge costs 2k-1 and so
does the k-th from one unit: sums of these are squares, so that the cheapest flow has the least sum of squared
loads and, among those, the least sum of squared shares. Loads weigh so much more that no share outweighs one.

Entries with the same unit, the same barred judges and the same need are one node with the flow of all of
them, which is why thousands of entries are few nodes. What a judge gets of such a class is then dealt to its
entries, longest first, each to judges who have read little so far. That never fails: whoever has to get
one from each entry that is left goes first, and there are at most as many of these as the entry has places.

See docs/decisions/assignment.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

Ints = NDArray[np.int64]
Picks = dict[int, list[int]]  # entry -> judges
_DRAWN = 8
_LARGE = 1  # sheets of a group for each judge


@dataclass(frozen=True)
class Demand:
    """An entry that lacks `count` judges; `barred` may not have it (in conflict, or have it already).

    `unit`: any number that says which entries come from one place, None when unknown. `length` in words.
    """

    entry: int
    count: int
    barred: frozenset[int] = frozenset()
    unit: int | None = None
    length: int = 0


@dataclass(frozen=True)
class Place:
    """A judge: the entries and words that they have now, from which units, and how few and many they may have."""

    judge: int
    load: int = 0
    least: int = 0
    most: int | None = None
    units: Mapping[int, int] = field(default_factory=dict)
    words: int = 0

    @property
    def room(self) -> int | None:
        """How many more they may have, None without a limit."""
        return None if self.most is None else max(0, self.most - self.load)

    @property
    def wanting(self) -> int:
        """How many more they must have."""
        return max(0, self.least - self.load)


class Class(NamedTuple):
    """Entries that nothing tells apart but their length. `group`: what is spread evenly."""

    group: int
    barred: frozenset[int]
    need: int
    members: list[Demand]


def distribute(demands: Sequence[Demand], places: Iterable[Place], random: Random) -> Picks:
    """Who gets what. The same demands, places and random state give the same picks, in whatever order they come.

    Raises ValueError when there is no way to do it; ask `shortfall.causes` first, or then.
    """
    judges = sorted(places, key=lambda place: place.judge)
    random.shuffle(judges)  # which of equal solutions the solver finds follows the order of the nodes
    classes = classes_of(demands, judges, random)
    return _deal(classes, shares(classes, judges), judges, random)


# Entries that are alike


def classes_of(demands: Iterable[Demand], judges: Sequence[Place], random: Random) -> list[Class]:
    """The entries in classes, in random order. What is spread: the unit, or the length where a unit has one entry."""
    open_ = sorted((demand for demand in demands if demand.count), key=lambda demand: demand.entry)
    seated = frozenset(place.judge for place in judges)
    sent = Counter(demand.unit for demand in open_ if demand.unit is not None)
    held = {unit for place in judges for unit in place.units}
    limits = _quarters([demand.length for demand in open_])
    groups: dict[tuple[str, int], int] = {}
    found: dict[tuple[int, frozenset[int], int], list[Demand]] = defaultdict(list)
    for demand in open_:
        spread = ("length", sum(demand.length > limit for limit in limits))
        if demand.unit is not None and (sent[demand.unit] > 1 or demand.unit in held):
            spread = ("unit", demand.unit)
        group = groups.setdefault(spread, len(groups))
        found[group, demand.barred & seated, demand.count].append(demand)
    classes = [Class(*key, members) for key, members in found.items()]
    random.shuffle(classes)
    return classes


def _quarters(lengths: list[int]) -> list[int]:
    """Three lengths that part all of them into quarters."""
    ordered = sorted(lengths)
    return [ordered[len(ordered) * part // 4] for part in (1, 2, 3)] if ordered else []


# The flow


class _Window(NamedTuple):
    """How finely costs are told apart: that many entries around the expected load, and above the expected share."""

    loads: int
    shares: int


def shares(classes: Sequence[Class], judges: Sequence[Place]) -> list[dict[int, int]]:
    """How many entries of each class each judge gets: {place in `judges`: entries}. Raises ValueError.

    Costs are linear outside a window, which makes the graph small; where the solution leaves it, it is
    widened, so that the squares are the true ones.
    """
    if not classes:
        return []
    window = _Window(12, 2)
    while True:
        graph = Graph(classes, judges, window)
        if graph.solve() != graph.flow.OPTIMAL:
            raise ValueError("these demands cannot be met")
        if not graph.beyond():
            break
        window = _Window(window.loads * 4, window.shares * 4)
    if any(graph.given[number] < place.wanting for number, place in enumerate(judges)):
        raise ValueError("the lower limits cannot be met")
    return graph.by_class()


class Graph:
    """The network of classes, judges' shares of groups, judges and the sink, in arrays."""

    def __init__(self, classes: Sequence[Class], judges: Sequence[Place], window: _Window) -> None:
        self.classes, self.judges = classes, judges
        self.width = len(judges)
        self.groups = 1 + max(each.group for each in classes)
        self.sizes = np.array([len(each.members) for each in classes], dtype=np.int64)
        self.needs = np.array([each.need for each in classes], dtype=np.int64)
        self.group = np.array([each.group for each in classes], dtype=np.int64)
        self.allowed = self._allowed()
        self.sheets = int((self.sizes * self.needs).sum())
        self.flow = min_cost_flow.SimpleMinCostFlow()
        self._tails: list[Ints] = []
        self._heads: list[Ints] = []
        self._most: list[Ints] = []
        self._costs: list[Ints] = []
        first_share = len(classes)
        first_judge = first_share + self.groups * self.width
        sink = first_judge + self.width
        self.at, self.to, most, costs = self._class_arcs()
        self._arcs(self.at, first_share + self.group[self.at] * self.width + self.to, most, costs)
        # The shortest way to something cheaper passes a node once, so a heavier thing never gives way to lighter ones.
        self.weight_of_share = 2 * len(classes) + 1
        dearest = self._shares(first_share, first_judge, window.shares)
        self.weight = self.width * (dearest + 2) * self.weight_of_share
        self._loads(first_judge, sink, window.loads)
        supplies = np.zeros(sink + 1, dtype=np.int64)
        supplies[: len(classes)] = self.sizes * self.needs
        supplies[sink] = -self.sheets
        self.arcs = (*map(np.concatenate, (self._tails, self._heads, self._most, self._costs)),)
        self.supplies = supplies

    def solve(self) -> Any:
        """The solver's word: OPTIMAL, INFEASIBLE."""
        indices = self.flow.add_arcs_with_capacity_and_unit_cost(*self.arcs)
        self.flow.set_nodes_supplies(np.arange(len(self.supplies)), self.supplies)
        status = self.flow.solve()
        if status == self.flow.OPTIMAL:
            flows: Ints = np.asarray(self.flow.flows(indices), dtype=np.int64)
            self.taken = flows[: len(self.at)]
            self.given = np.bincount(self.to, weights=self.taken, minlength=self.width).astype(np.int64)
        return status

    def beyond(self) -> bool:
        """Whether the solution lies where costs were not told apart."""
        key = self.group[self.at] * self.width + self.to
        of_groups = np.bincount(key, weights=self.taken, minlength=self.groups * self.width).astype(np.int64)
        return bool(
            np.any(of_groups > np.repeat(self.finest, self.width) + 1)
            or np.any(self.given < self.low)
            or np.any(self.given > self.high + 1)
        )

    def by_class(self) -> list[dict[int, int]]:
        found: list[dict[int, int]] = [{} for _ in self.classes]
        for at, to, taken in zip(self.at.tolist(), self.to.tolist(), self.taken.tolist(), strict=True):
            if taken:
                found[at][to] = found[at].get(to, 0) + taken
        return found

    def _allowed(self) -> NDArray[np.bool_]:
        place = {judge.judge: number for number, judge in enumerate(self.judges)}
        allowed = np.ones((len(self.classes), self.width), dtype=np.bool_)
        for number, each in enumerate(self.classes):
            for judge in each.barred:
                allowed[number, place[judge]] = False
        return allowed

    def _class_arcs(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Class to share, each judge at most once for every entry: (class, judge, most, cost).

        In a large group more than a judge's even part of a class costs a little, or a few judges would be
        given all of the small classes and share every entry with one another.
        """
        at, to = np.nonzero(self.allowed)
        even = -(-self.sizes * self.needs // np.maximum(1, self.allowed.sum(axis=1)))
        sheets = np.bincount(self.group, weights=self.sizes * self.needs, minlength=self.groups)
        split = (sheets >= _LARGE * self.width)[self.group] & (even < self.sizes)
        more = split[at]
        first = np.where(split, even, self.sizes)[at]
        return (
            np.concatenate([at, at[more]]),
            np.concatenate([to, to[more]]),
            np.concatenate([first, (self.sizes - even)[at[more]]]),
            np.concatenate([np.zeros(len(at), dtype=np.int64), np.ones(int(more.sum()), dtype=np.int64)]),
        )

    def _arcs(self, tails: Any, heads: Any, most: Any, costs: Any = 0) -> None:
        for kept, values in zip(
            (self._tails, self._heads, self._most, self._costs), (tails, heads, most, costs), strict=True
        ):
            kept.append(np.broadcast_to(np.asarray(values, dtype=np.int64), np.shape(tails)))

    def _shares(self, first_share: int, first_judge: int, spare: int) -> int:
        """From a judge's share of each group to the judge; the dearest arc's cost."""
        entries = np.bincount(self.group, weights=self.sizes, minlength=self.groups).astype(np.int64)
        sheets = np.bincount(self.group, weights=self.sizes * self.needs, minlength=self.groups).astype(np.int64)
        self.finest = np.minimum(entries, -(-sheets // max(1, self.width)) + spare)
        held = np.zeros((self.groups, self.width), dtype=np.int64)
        for group, unit in {each.group: each.members[0].unit for each in self.classes}.items():
            if unit is not None:
                held[group] = [judge.units.get(unit, 0) for judge in self.judges]
        # One arc for each of the first `finest` entries, then one for all others.
        steps = np.minimum(entries, self.finest + 1)
        of = np.repeat(np.arange(self.groups), steps)
        step = np.arange(len(of)) - np.repeat(np.cumsum(steps) - steps, steps)
        many = np.where(step < self.finest[of], 1, entries[of] - self.finest[of])
        tails = first_share + of[:, None] * self.width + np.arange(self.width)
        heads = np.broadcast_to(first_judge + np.arange(self.width), tails.shape)
        costs = 2 * (held[of] + step[:, None]) + 1
        self._arcs(tails.ravel(), heads.ravel(), np.repeat(many, self.width), costs.ravel() * self.weight_of_share)
        return int(costs.max(initial=1))

    def _loads(self, first_judge: int, sink: int, around: int) -> None:
        """From each judge to the sink, what is below the lower limit first of all."""
        reachable = (self.allowed * self.sizes[:, None]).sum(axis=0)
        level = level_of([judge.load for judge in self.judges], self.sheets)
        self.low, self.high = np.zeros((2, self.width), dtype=np.int64)
        rows: list[tuple[int, int, int]] = []  # judge, how many, cost in loads
        floors: list[bool] = []
        for number, judge in enumerate(self.judges):
            most = int(reachable[number] if judge.room is None else min(judge.room, reachable[number]))
            middle = max(level, judge.least) - judge.load
            low, high = min(most, max(0, middle - around)), min(most, max(0, middle + around))
            self.low[number], self.high[number] = low, high
            cuts = sorted({0, *range(low, high + 1), min(most, judge.wanting), most})
            for begin, end in pairwise(cuts):
                rows.append((number, end - begin, 2 * (judge.load + (end - 1 if end <= low else begin)) + 1))
                floors.append(end <= judge.wanting)
        table = np.array(rows, dtype=np.int64).reshape(-1, 3)
        costs = table[:, 2] * self.weight
        first = 2 * (int(costs.max(initial=0)) + self.weight)
        self._arcs(first_judge + table[:, 0], np.full(len(table), sink), table[:, 1], costs - first * np.array(floors))


def level_of(loads: Sequence[int], more: int) -> int:
    """How high `more` entries fill up the loads when they go where the fewest are, as water would."""
    ordered = sorted(loads)
    total = more
    for number, load in enumerate(ordered, start=1):
        total += load
        if number == len(ordered) or total <= ordered[number] * number:
            return -(-total // number)
    return 0


# Dealing


def _deal(classes: Sequence[Class], taken: list[dict[int, int]], judges: Sequence[Place], random: Random) -> Picks:
    """Entries of each class to the judges who take from it: longest first, to those who have read the least."""
    after = [place.load for place in judges]
    for by_judge in taken:
        for judge, number in by_judge.items():
            after[judge] += number
    words = [float(place.words) for place in judges]
    left = [len(each.members) for each in classes]
    order = [(demand, number) for number, each in enumerate(classes) for demand in each.members]
    random.shuffle(order)
    order.sort(key=lambda each: -each[0].length)
    picks: Picks = {}
    for demand, number in order:
        rest = taken[number]
        chosen: list[int] = []
        others = list(rest)
        if max(rest.values()) == left[number]:
            chosen = [judge for judge in others if rest[judge] == left[number]]
            others = [judge for judge in others if rest[judge] < left[number]]
        lacking = demand.count - len(chosen)
        if lacking:
            if len(others) > _DRAWN:  # a few drawn at random are enough to choose from
                others = random.sample(others, min(len(others), max(_DRAWN, 2 * lacking)))
            # Two entries more or less count as equal, so that judges meet in ever new pairs.
            blur = 2 * demand.length
            others.sort(key=lambda judge: (words[judge] + blur * random.random()) / after[judge])
            chosen += others[:lacking]
        left[number] -= 1
        for judge in chosen:
            words[judge] += demand.length
            if rest[judge] == 1:
                del rest[judge]
            else:
                rest[judge] -= 1
        picks[demand.entry] = [judges[judge].judge for judge in chosen]
    return picks
