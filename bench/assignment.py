"""Giving 5,000 entries to 60 judges, three each: ours beside the bare solver, in one run.

    python -m bench.assignment                      the distribution alone
    python -m bench.assignment --entries N --judges N --units N

The bare solver is OR-Tools' minimum-cost flow on the graph as one would write it down, a node for each entry,
its arrays made beforehand and not counted: adding the arcs, solving, reading the flows. Once for even loads
alone, once with each unit's entries spread evenly too, which is what ours does; ours begins at the entries
and ends at who gets what, with long and short texts dealt evenly. Every figure is CPU, A B B A in each round.
Caps of 120 % of the mean load; every tenth entry has a judge in conflict, every hundredth has five.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from ortools.graph.python import min_cost_flow
from sqlalchemy import event, insert, select, update

from bench.data import Site
from contest.core.db import db
from contest.entries.models import Entry
from contest.judging.balance import Demand, Picks, Place, distribute
from contest.judging.models import PanelSeat
from contest.judging.planning import Plan, plan_assignment
from tests.conftest import START
from tests.factories import make_staff
from tests.factories.judging import code_for

ENTRIES, JUDGES, EACH, UNITS = 5_000, 60, 3, 124
SERVICE = ("the service", "CPU × bare", "rounds", "queries")
HEAD = ("assignment", "CPU ×", "rounds", "arcs", "breaches", "sum of squared loads", "of squared shares")


def case(entries: int = ENTRIES, judges: int = JUDGES, units: int = UNITS) -> tuple[list[Demand], list[Place]]:
    """Entries of units of very different size, lengths of 600 to 2,500 words."""
    rng = random.Random(12)
    demands = []
    for entry in range(entries):
        barred = rng.sample(range(judges), 5 if entry % 100 == 0 else 1 if entry % 10 == 0 else 0)
        unit = min(rng.randrange(units), rng.randrange(units))
        demands.append(Demand(entry, EACH, frozenset(barred), unit, rng.randint(600, 2_500)))
    cap = -(-entries * EACH * 6 // (judges * 5))
    return demands, [Place(judge, most=cap) for judge in range(judges)]


class Bare:
    """The graph of entries and judges, in arrays; `spread`: with a node for each judge's share of each unit."""

    def __init__(self, demands: Sequence[Demand], places: Sequence[Place], *, spread: bool) -> None:
        entries, judges = len(demands), len(places)
        self.pairs = [
            (demand.entry, judge) for demand in demands for judge in range(judges) if judge not in demand.barred
        ]
        pairs = np.array(self.pairs)
        units = np.array([demand.unit for demand in demands])
        of_unit = np.bincount(units)
        shares = len(of_unit) * judges if spread else 0
        first_judge = entries + shares
        sink = first_judge + judges
        heads = entries + units[pairs[:, 0]] * judges + pairs[:, 1] if spread else first_judge + pairs[:, 1]
        arcs = [np.stack([pairs[:, 0], heads, np.ones_like(heads), np.zeros_like(heads)])]
        weight = 1
        if spread:
            steps = np.minimum(of_unit, of_unit * EACH // judges + 4)
            for unit, (size, many) in enumerate(zip(of_unit.tolist(), steps.tolist(), strict=True)):
                for step in range(many):
                    tails = entries + unit * judges + np.arange(judges)
                    most = np.full(judges, size - step if step == many - 1 else 1)
                    arcs.append(np.stack([tails, first_judge + np.arange(judges), most, np.full(judges, 2 * step + 1)]))
            weight = judges * (2 * int(steps.max()) + 1)
        for number, place in enumerate(places):
            step = np.arange(place.most or entries)
            same = np.ones_like(step)
            arcs.append(np.stack([(first_judge + number) * same, sink * same, same, (2 * step + 1) * weight]))
        self.arcs = np.concatenate(arcs, axis=1)
        self.supplies = np.zeros(sink + 1, dtype=np.int64)
        self.supplies[:entries] = EACH
        self.supplies[sink] = -entries * EACH

    def __call__(self) -> Picks:
        flow = min_cost_flow.SimpleMinCostFlow()
        indices = flow.add_arcs_with_capacity_and_unit_cost(*self.arcs)
        flow.set_nodes_supplies(np.arange(len(self.supplies)), self.supplies)
        assert flow.solve() == flow.OPTIMAL
        picks: Picks = {}
        for number in np.flatnonzero(flow.flows(indices)[: len(self.pairs)]).tolist():
            entry, judge = self.pairs[number]
            picks.setdefault(entry, []).append(judge)
        return picks


def spent(work: Callable[[], Any]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def against(anchor: Callable[[], Any], other: Callable[[], Any], rounds: int) -> tuple[float, float, float]:
    """CPU of the other as a multiple of the anchor's: median, least, most of the rounds."""
    ratios = []
    for _ in range(rounds):
        first, one, two, last = spent(anchor), spent(other), spent(other), spent(anchor)
        ratios.append((one + two) / (first + last))
    return statistics.median(ratios), min(ratios), max(ratios)


def quality(demands: Sequence[Demand], places: Sequence[Place], picks: Picks) -> tuple[int, int, int]:
    """Breaches of a rule, sum of squared loads, sum of squared numbers that a judge has of a unit."""
    load, share, breaches = Counter[int](), Counter[tuple[int, int | None]](), 0
    for demand in demands:
        chosen = picks.get(demand.entry, [])
        breaches += len(set(chosen)) != demand.count or bool(demand.barred & set(chosen))
        for judge in chosen:
            load[judge] += 1
            share[judge, demand.unit] += 1
    breaches += sum(place.most is not None and load[place.judge] > place.most for place in places)
    return breaches, sum(many**2 for many in load.values()), sum(many**2 for many in share.values())


def measure(
    rounds: int = 5, entries: int = ENTRIES, judges: int = JUDGES, units: int = UNITS
) -> tuple[list[tuple[str, ...]], str]:
    """Rows for HEAD, and in words what the ratios are of."""
    demands, places = case(entries, judges, units)
    loads, both = Bare(demands, places, spread=False), Bare(demands, places, spread=True)
    seeds = iter(range(10**6))

    blind = [replace(demand, unit=None) for demand in demands]

    def ours(what: Sequence[Demand] = demands) -> Picks:
        return distribute(what, places, random.Random(next(seeds)))

    ways: list[tuple[str, Callable[[], Picks], str]] = [
        ("bare solver, even loads (A/A)", loads, f"{loads.arcs.shape[1]:,}"),
        ("ours, even loads, lengths spread", lambda: ours(blind), "–"),
        ("bare solver, units spread too", both, f"{both.arcs.shape[1]:,}"),
        ("ours, units and lengths spread", ours, "–"),
    ]
    rows = []
    for name, way, arcs in ways:
        median, low, high = against(loads, way, rounds)
        breaches, squares, of_units = quality(demands, places, way())
        rows.append(
            (name, f"{median:.2f}", f"{low:.2f}–{high:.2f}", arcs, str(breaches), f"{squares:,}", f"{of_units:,}")
        )
    took = statistics.median(spent(loads) for _ in range(3))
    return rows, f"1.00 is {took:.2f} s of CPU here: {entries:,} entries, {judges} judges, {EACH} each, {units} units."


def service(site: Site, rounds: int, judges: int = JUDGES) -> tuple[list[tuple[str, ...]], str]:
    """Planning from the database, all entries of a contest accepted, against the bare solver. Nothing is kept."""
    contest = db.session.merge(site.contest)
    for seat in db.session.scalars(select(PanelSeat).where(PanelSeat.contest_id == contest.id)):
        seat.ended_at = START
    people = [make_staff(contest, "judge") for _ in range(judges)]
    db.session.flush()
    seats = {"contest_id": contest.id, "round": "prelim", "category": "A", "seat": "member", "seated_at": START}
    db.session.execute(insert(PanelSeat), [{**seats, "judge_id": person.id} for person in people])
    ids = db.session.scalars(select(Entry.id).where(Entry.contest_id == contest.id).order_by(Entry.id)).all()
    db.session.execute(update(Entry).where(Entry.contest_id == contest.id).values(blind_code=None))
    rows = [{"id": id_, "state": "accepted", "category": "A", "blind_code": code_for(at)} for at, id_ in enumerate(ids)]
    db.session.execute(update(Entry), rows)
    db.session.flush()

    def plan() -> Plan:
        return plan_assignment(contest, "prelim", "A", seed=3)

    demands, places = case(len(ids), judges)
    bare = Bare(demands, places, spread=False)
    done = plan()
    assert done.count
    assert not done.problems
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    plan()
    event.remove(db.engine, "before_cursor_execute", note)
    median, low, high = against(bare, plan, rounds)
    took = statistics.median(spent(plan) for _ in range(3))
    db.session.rollback()
    row = (f"a plan of {done.count:,} sheets", f"{median:.1f}", f"{low:.1f}–{high:.1f}", str(len(statements)))
    return [row], f"{len(ids):,} entries, {judges} judges: {took:.1f} s of CPU here."


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench.assignment", description=__doc__.splitlines()[0])
    options.add_argument("--entries", type=int, default=ENTRIES)
    options.add_argument("--judges", type=int, default=JUDGES)
    options.add_argument("--units", type=int, default=UNITS)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    rows, of = measure(given.rounds, given.entries, given.judges, given.units)
    for row in (HEAD, ["-" * 3] * len(HEAD), *rows):
        print("| " + " | ".join(row) + " |")
    print(f"\n{of}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
