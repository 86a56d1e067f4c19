"""The rules of the house, read from the source with `ast`: who may import, read the clock, commit."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "contest"

# From the ground up; rooms on one floor do not know each other.
FLOORS = (
    {"core"},
    {"audit"},
    {"outbox", "documents"},
    {"accounts"},
    {"units"},
    {"anniversaries"},
    {"contests", "exemplars"},
    {"setup"},
    {"entries"},
    {"editions"},
    {"judging", "voting", "screening", "intake", "complaints"},
    {"results"},
    {"papers"},
    {"privacy"},
    {"desk", "public", "demo"},
    {"api"},  # tells programs what `public` tells people, by the same queries
    {"backup", "tasks", "cli"},
    {"app"},
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
# `demo` is a user of every room, the pages of the rooms beside it included.
SIDEWAYS = {("cli", "tasks"), ("cli", "backup"), ("cli", "demo")}
PAGE_FILES = ("views", "forms")
FLASK_FILES = ("views", "forms", "tasks", "cli", "app", "security", "runner")
FLASK_MODULES = {"flask", "flask_login"}
# Imports inside a function, each with its reason.
LATE_IMPORTS: dict[str, str] = {}


def sources() -> Iterator[Path]:
    return (path for path in sorted(PACKAGE.rglob("*.py")) if "__pycache__" not in path.parts)


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def file_kind(path: Path) -> str:
    """`views` for views.py and views_desk.py."""
    return path.stem.split("_")[0]


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


ALL = [pytest.param(path, id=str(path.relative_to(ROOT))) for path in sources()]


def test_every_room_has_a_floor():
    rooms = {room_of(path) for path in sources()} - {"__init__", "translations"}
    assert rooms <= set(FLOOR_OF)


@pytest.mark.parametrize("path", ALL)
def test_imports_go_down(path):
    room = room_of(path)
    if room == "__init__":
        return
    for line, module in imports(parse(path)):
        parts = module.split(".")
        if parts[0] != "contest" or len(parts) < 2 or parts[1] == room:
            continue
        other = parts[1]
        assert other in FLOOR_OF, f"line {line}: {module}"
        if room != "app" and (room, other) not in SIDEWAYS:
            assert FLOOR_OF[other] < FLOOR_OF[room], f"line {line}: {room} imports {module}, which is not below it"
            kind = parts[2].split("_")[0] if len(parts) > 2 else ""
            if other != "core":
                assert kind not in PAGE_FILES, f"line {line}: {module} belongs to its room alone"


@pytest.mark.parametrize("path", ALL)
def test_only_pages_and_commands_know_flask(path):
    if file_kind(path) in FLASK_FILES or path.is_relative_to(PACKAGE / "core" / "web"):
        return
    for line, module in imports(parse(path)):
        assert module.split(".")[0] not in FLASK_MODULES, f"line {line}: {module} in {path.name}"


@pytest.mark.parametrize("path", ALL)
def test_nothing_but_core_reads_the_system_clock(path):
    if path.is_relative_to(PACKAGE / "core"):
        return
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}:
            assert not (isinstance(node.value, ast.Name) and node.value.id in {"datetime", "date"}), (
                f"line {node.lineno}: the clock is read in core and passed in as `now`"
            )
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert not (
                isinstance(node.func.value, ast.Name) and node.func.value.id == "time" and node.func.attr == "time"
            ), f"line {node.lineno}: the clock is read in core and passed in as `now`"


@pytest.mark.parametrize("path", ALL)
def test_services_get_the_time_and_do_not_ask_for_it(path):
    if file_kind(path) in {"services", "queries", "rules", "models"} and not path.is_relative_to(PACKAGE / "core"):
        for line, module in imports(parse(path)):
            assert module != "contest.core.clock", f"line {line}: pass `now` in"


@pytest.mark.parametrize("path", ALL)
def test_only_the_writing_block_commits(path):
    # The session's block, and the driver's for the one hot path (casting a ballot).
    if path in {PACKAGE / "core" / "db.py", PACKAGE / "core" / "driver.py"}:
        return
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr != "commit", f"line {node.lineno}: commit belongs to writing()"
        if isinstance(node, ast.Name) and node.id in {"writing", "writing_directly"}:
            assert file_kind(path) in {*FLASK_FILES, "tour"}, f"line {node.lineno}: services do not commit"


@pytest.mark.parametrize("path", ALL)
def test_no_import_hides_in_a_function(path):
    for outer in ast.walk(parse(path)):
        if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for node in ast.walk(outer):
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    place = f"{path.relative_to(ROOT)}:{outer.name}"
                    assert place in LATE_IMPORTS, f"line {node.lineno}: import at the top"


@pytest.mark.parametrize("path", ALL)
def test_files_stay_short_enough_to_read(path):
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= 450, f"{lines} lines: a second file with a name of its own is due"
