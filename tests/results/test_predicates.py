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
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import true
from sqlalchemy.exc import SQLAlchemyError

import contest
from tests.factories.crawl import hold_tokens
from tests.factories.twins import (
    AMENDED_AFTER,
    Twins,
    differences,
    no_results,
    other_winners,
    pending_amendments,
)

ROOT = Path(contest.__file__).parent
PREDICATES = {"is_official", "is_posted", "is_amended"}
MILLISECOND = timedelta(milliseconds=1)
pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)

# Places whose condition guards nothing that is not guarded again, each with the reason.
HELD_OTHERWISE: dict[str, str] = {
    "api.queries.public_results 2 is_official": "tells posted from official results; this contest posts nothing",
    "results.queries.find_public_results 2 is_official": "the same",
    "results.certificates.certificates_of 0 is_official": "one's own; `find_confirmed` asks again for each",
    "results.queries.paper_state 0 is_amended": "before the amendment the prize is found standing, and told so",
    "results.queries.on_record 0 is_official": "read by no page: whose data is kept",
    "results.queries.on_record 1 is_amended": "the same",
    "results.scans._public 0 is_amended": "its address is random and linked from the amendment alone: test_scans.py",
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


def look(twins, clock, at, role, keys, changes):
    """Where a visitor tells the worlds apart; the first that is found is enough."""
    clock.instant = at
    twins.restore()
    first = twins.look(role, keys)
    found = []
    for change in changes:
        twins.turn(change)
        found += differences(first, twins.look(role, keys))
    return first, found


def keys_of(lines):
    return list(dict.fromkeys(line.split("'")[1] for line in lines))


def is_noticed(twins, clock, asked):
    """Whether two worlds can be told apart before their instant, or a page breaks."""
    try:
        return any(
            look(twins, clock, twins.at - MILLISECOND, role, results, [other_winners, no_results])[1]
            or look(twins, clock, twins.at + AMENDED_AFTER - MILLISECOND, role, changed, [pending_amendments])[1]
            for role, (results, changed) in asked.items()
        )
    except (AssertionError, SQLAlchemyError):
        return True


def test_each_condition_by_itself(app, clock, monkeypatch):
    twins = Twins(app)
    amended = twins.at + AMENDED_AFTER
    every = [key for key in twins.paths if not key.startswith("results.press")]
    # What tells of results and of their amendments, to whom: found at their instants.
    asked = {}
    for role in ("visitor",):
        results = keys_of(look(twins, clock, twins.at, role, every, [other_winners, no_results])[1])
        changed = keys_of(look(twins, clock, amended, role, every, [pending_amendments])[1])
        asked[role] = (results, changed)
        assert len(results) >= 4 and len(changed) >= 2
        # Before them nothing does.
        assert look(twins, clock, twins.at - MILLISECOND, role, results, [other_winners, no_results])[1] == []
        assert look(twins, clock, amended - MILLISECOND, role, changed, [pending_amendments])[1] == []
    kept = {}
    for place in places():
        if str(place) in HELD_OTHERWISE:
            continue
        with monkeypatch.context() as patch:
            put_in(place, app, patch)
            kept[str(place)] = not is_noticed(twins, clock, asked)
    assert len(kept) >= 12
    unseen = [place for place, unnoticed in kept.items() if unnoticed]
    assert not unseen, "\n".join(unseen)
    assert set(HELD_OTHERWISE) <= {str(place) for place in places()}
