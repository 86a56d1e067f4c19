"""What is in the repository, and what must never be."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
ADDRESS = re.compile(r"[a-z][a-z+]*://|--(?:extra-)?index-url|--find-links|--trusted-host|^-[fi] ", re.MULTILINE)
PINNED = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9,_-]+\])?==(?P<version>[^\s;\\]+)", re.IGNORECASE)
NOT_OURS = re.compile(
    r"(^|/)(node_modules|vendor|\.venv[^/]*|__pycache__|var)/|\.min\.\w+$|\.(woff2?|ttf|otf|eot|mo|pyc|whl|so|sqlite3)$"
)
# A page that has grown to this is generated, vendored or data that belongs elsewhere. A catalogue grows with the site.
LARGEST = 512 * 1024
LARGEST_CATALOGUE = 1024 * 1024


@cache
def tracked() -> tuple[str, ...]:
    """Paths that git tracks. A source archive has no history to ask, and nothing to guard."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(path for path in listed.stdout.split("\0") if path)


def requirements(lock: Path) -> list[str]:
    """The requirements of a lock, each with its continuation lines."""
    joined = lock.read_text("utf-8").replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def test_every_set_of_requirements_has_its_lock() -> None:
    assert [path.stem for path in sorted(ROOT.glob("requirements*.in"))] == [lock.stem for lock in LOCKS]
    assert len(LOCKS) >= 2


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_pin_versions_with_hashes(lock: Path) -> None:
    lines = requirements(lock)
    assert lines
    for line in lines:
        assert PINNED.match(line), line
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", line), line


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_name_no_registry(lock: Path) -> None:
    assert not ADDRESS.search(lock.read_text("utf-8"))


def test_the_tests_run_on_the_versions_of_the_site() -> None:
    runtime = requirements(ROOT / "requirements.lock")
    testing = set(requirements(ROOT / "requirements-test.lock"))
    assert [line for line in runtime if line not in testing] == []


def test_package_lock_names_no_registry_and_pins_contents() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    packages = {path: package for path, package in lock["packages"].items() if path}
    assert packages
    for path, package in packages.items():
        assert "resolved" not in package, path
        assert package["integrity"].startswith("sha512-"), path
    assert "omit-lockfile-registry-resolved=true" in (ROOT / ".npmrc").read_text("utf-8").splitlines()
    assert "registry=" not in (ROOT / ".npmrc").read_text("utf-8")


def test_package_lock_matches_package_json() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"][""]
    wanted = json.loads((ROOT / "package.json").read_text("utf-8"))
    for kind in ("dependencies", "devDependencies"):
        assert lock.get(kind) == wanted.get(kind)


def test_nothing_fetched_or_made_is_tracked() -> None:
    assert [path for path in tracked() if NOT_OURS.search(path)] == []


def test_no_tracked_file_is_huge() -> None:
    sizes = {path: (ROOT / path).stat().st_size for path in tracked() if (ROOT / path).is_file()}
    most = {path: LARGEST_CATALOGUE if path.endswith(".po") else LARGEST for path in sizes}
    assert {path: size for path, size in sizes.items() if size > most[path]} == {}


def test_every_make_target_is_documented_or_inner() -> None:
    """`make help` lists what people ask for; the parts of `make check` and files explain themselves."""
    text = (ROOT / "Makefile").read_text("utf-8")
    inner = {"browser", "checks", "style", "types", "markup", "catalogues", "migrations-match"}
    targets = set(re.findall(r"^([a-z][a-z-]*):(?![=:])(?!.*\bexport\b)", text, re.MULTILINE))
    documented = set(re.findall(r"^([a-z][a-z-]*):.*## \S", text, re.MULTILINE))
    assert {"run", "test", "check", "setup", "help", "lock", "messages", "bench"} <= documented
    assert targets - documented == inner
    phony = set(re.search(r"^\.PHONY:((?:.*\\\n)*.*)$", text, re.MULTILINE)[1].replace("\\", "").split())  # type: ignore[index]
    assert phony == targets


def test_ci_can_be_run() -> None:
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT, check=True)


@pytest.mark.parametrize("path", ["LICENSE", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_the_papers_are_there(path: str) -> None:
    assert (ROOT / path).read_text("utf-8").strip()


def test_the_licence_is_the_one_the_project_names() -> None:
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")[:200]
