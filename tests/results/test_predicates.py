"""Every condition that holds results back does so by itself: take any one away, and two worlds can be told apart.

The program finds each place where a query asks `is_official`, `is_posted` or `is_amended`, writes that query
anew with the condition always true, puts it in the place of the old one everywhere, and asks the addresses
that tell of results. A query that somebody adds is found by itself; where it can be read by nobody before an
instant with or without its condition, `HELD_OTHERWISE` has to say why.
"""

from __future__ import annotations
import __future__

import ast
import importlib
import sys
import types
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import true
from sqlalchemy.exc import SQLAlchemyError

import contest
from tests.factories.crawl import hold_tokens
from tests.factories.twin_changes import (
    no_posted,
    no_results,
    other_posted,
    other_winners,
    pending_amendments,
    undecided,
)
from tests.factories.twins import AMENDED_AFTER, PLAIN, Twins, differences

ROOT = Path(contest.__file__).parent
PREDICATES = {"is_official", "is_posted", "is_amended", "is_told"}
MILLISECOND = timedelta(milliseconds=1)
pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)

# Places whose condition guards nothing that is not guarded again, each with the reason.
HELD_OTHERWISE: dict[str, str] = {
    "results.queries.on_record 0 is_official": "asked for entries of announced contests alone: others are under way",
    "results.queries.paper_state 0 is_amended": "before the amendment the prize is found standing, and told so",
}


class Place(NamedTuple):
    """The `number`th call of a predicate in a function of a module."""

    module: str
    function: str
    number: int
    predicate: str

    def __str__(self) -> str:
        return f"{self.module.removeprefix('contest.')}.{self.function} {self.number} {self.predicate}"


def calls_in(function: ast.AST) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PREDICATES
    ]


def places() -> list[Place]:
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        module = ".".join(("contest", *path.relative_to(ROOT).with_suffix("").parts))
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name not in PREDICATES:
                for number, call in enumerate(calls_in(node)):
                    assert isinstance(call.func, ast.Name)
                    found.append(Place(module, node.name, number, call.func.id))
    return found


class _Open(ast.NodeTransformer):
    """Puts a condition that always holds in the place of one call."""

    def __init__(self, call: ast.Call) -> None:
        self.call = call

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if node is self.call:
            return ast.Call(ast.Name("_always", ast.Load()), [], [])
        return self.generic_visit(node)


def opened(place: Place) -> types.FunctionType:
    """The function of that place without its condition."""
    module = importlib.import_module(place.module)
    assert module.__file__
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    function = next(
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == place.function
    )
    _Open(calls_in(function)[place.number]).visit(function)
    function.decorator_list = []
    body = ast.fix_missing_locations(ast.Module([function], []))
    names = {**vars(module), "_always": true}
    exec(compile(body, module.__file__, "exec", __future__.annotations.compiler_flag), names)
    made: types.FunctionType = names[place.function]
    return made


def put_in(place: Place, app, monkeypatch) -> None:
    """In every module that knows the function by name."""
    old, new = getattr(sys.modules[place.module], place.function), opened(place)
    for name, module in list(sys.modules.items()):
        if name.startswith("contest"):
            for known, value in list(vars(module).items()):
                if value is old:
                    monkeypatch.setattr(module, known, new)
    for name, value in list(app.extensions.items()):
        if value is old:
            monkeypatch.setitem(app.extensions, name, new)


@pytest.fixture(autouse=True)
def one_second(monkeypatch):
    hold_tokens(monkeypatch)


class Moment(NamedTuple):
    """An instant at which somebody is told more: what differs until then, and by which predicates it is held."""

    at: datetime
    role: str
    changes: tuple[Callable[[Twins], None], ...]
    held_by: frozenset[str]
    least: int  # addresses that tell of it
    rooms: tuple[str, ...] = ("",)  # how the addresses begin that are asked at all


def moments_of(twins: Twins) -> list[Moment]:
    there = twins.world.there.contest.rules
    told = ("api.", "public.", "results.honours")
    official, amended = frozenset({"is_official"}), frozenset({"is_amended"})
    winners = (other_winners, no_results)
    return [
        Moment(twins.at, "visitor", winners, official | {"is_told"}, 20),
        Moment(twins.at + AMENDED_AFTER, "visitor", (pending_amendments,), amended, 5),
        Moment(twins.posted_at, "visitor", (other_posted, no_posted), frozenset({"is_posted"}), 3, told),
        Moment(there.official_at, "visitor", (undecided,), official, 3, told),
        Moment(twins.at, "winner", winners, official | {"is_told"}, 1, ("privacy.",)),
        Moment(twins.at, "secretary", winners, frozenset({"is_told"}), 1, ("desk.messages",)),
        Moment(twins.at + AMENDED_AFTER, "operator", (pending_amendments,), amended, 1, ("privacy.",)),
    ]


def look(twins, clock, moment, at, keys):
    """Where somebody tells the worlds apart at an instant."""
    clock.instant = at
    twins.restore()
    first = twins.look(moment.role, keys)
    found = []
    for change in moment.changes:
        twins.turn(change)
        found += differences(first, twins.look(moment.role, keys))
    return found


def told_apart(twins, clock, moment, keys):
    """Whether the worlds can be told apart a millisecond before; looks no further than the first difference."""
    clock.instant = moment.at - MILLISECOND
    twins.restore()
    first = twins.look(moment.role, keys)
    for change in moment.changes:
        twins.turn(change)
        if any(first[key, PLAIN.name] != twins.ask(moment.role, twins.paths[key]) for key in keys):
            return True
    return False


def keys_of(lines):
    return list(dict.fromkeys(line.split("'")[1] for line in lines))


def is_noticed(twins, clock, asked, place):
    """Whether two worlds can be told apart before an instant, or a page breaks. The likeliest is tried first."""
    likely = sorted(asked, key=lambda moment: place.predicate not in moment.held_by)
    try:
        return any(told_apart(twins, clock, moment, asked[moment]) for moment in likely)
    except (AssertionError, SQLAlchemyError):
        return True


def test_each_condition_by_itself(app, clock, monkeypatch):
    twins = Twins(app, clock)
    every = [key for key in twins.paths if not key.startswith("results.press")]
    # What tells of results and of their amendments, to whom: found at their instants.
    asked = {}
    for moment in moments_of(twins):
        some = [key for key in every if key.startswith(moment.rooms)]
        keys = asked[moment] = keys_of(look(twins, clock, moment, moment.at, some))
        assert len(keys) >= moment.least, f"{moment}: {keys}"
        # Before it nothing does.
        assert look(twins, clock, moment, moment.at - MILLISECOND, keys) == []
    kept = {}
    for place in places():
        if str(place) in HELD_OTHERWISE:
            continue
        with monkeypatch.context() as patch:
            put_in(place, app, patch)
            kept[str(place)] = not is_noticed(twins, clock, asked, place)
    assert len(kept) >= 18
    unseen = [place for place, unnoticed in kept.items() if unnoticed]
    assert not unseen, "\n".join(unseen)
    assert set(HELD_OTHERWISE) <= {str(place) for place in places()}
