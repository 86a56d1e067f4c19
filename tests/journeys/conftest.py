"""Journeys: people with a real browser before the real server."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright

from tests.journeys.person import Person
from tests.journeys.site import ROOT, Site

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REQUIRED = os.environ.get("REQUIRE_SERVERS") == "1"

# Seconds for a journey and whatever is prepared before it, on a machine with much else to do.
FIRST_OF_ALL = 600

# A little after tests.conftest.START, at which the ground is laid.
GROUND_CLOCK = "2027-03-20T09:30:00+07:00"
# Grounds that are laid for another time.
MARKING, VOTING = "2027-04-15T09:30:00+07:00", "2027-05-20T09:30:00+07:00"
ANNOUNCED = "2027-06-15T09:30:00+07:00"
COUNCIL_OVER, BEFORE_T = "2027-09-28T18:30:00+07:00", "2027-06-10T13:30:00+07:00"
CLOCKS = {
    "announcing": COUNCIL_OVER,
    "announced": BEFORE_T,
    "counted": ANNOUNCED,
    "bench": MARKING,
    "paper": MARKING,
    "vote": VOTING,
    "ballots": VOTING,
    "review": VOTING,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "gather" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            # The first of a worker also prepares the demonstration, or waits while another does.
            item.add_marker(pytest.mark.timeout(FIRST_OF_ALL))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], playwright: Playwright) -> dict[str, Any]:
    """The Chromium of this machine, else Playwright's own; without either these tests skip, and say so."""
    arguments: dict[str, Any] = {
        **browser_type_launch_args,
        "args": ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"],
    }
    if found := next((path for name in CHROMIUM if (path := shutil.which(name))), None):
        return arguments | {"executable_path": found}
    if Path(playwright.chromium.executable_path).exists():
        return arguments
    if REQUIRED:
        pytest.fail("no Chromium, and REQUIRE_SERVERS is set")
    pytest.skip("no Chromium: put one on PATH or run scripts/browser.py")


Meet = Callable[..., Person]


@pytest.fixture
def gather(browser: Browser, request: pytest.FixtureRequest, output_path: str) -> Iterator[Callable[[Site], Meet]]:
    """`gather(site)` gives `meet`: each call opens a browser profile for somebody. What a failed test
    saw last is kept as pictures in test-results/."""
    people: list[Person] = []

    def at(site: Site) -> Meet:
        def meet(name: str = "", **how: Any) -> Person:
            person = Person(browser, site, name, **how)
            people.append(person)
            return person

        return meet

    yield at
    call = getattr(request.node, "rep_call", None)
    failed = call is None or call.failed
    told: list[str] = []
    log = ""
    for number, person in enumerate(people):
        if failed and not person.closed:
            folder = Path(output_path)
            folder.mkdir(parents=True, exist_ok=True)
            person.page.screenshot(path=folder / f"{number}-{person.name or 'somebody'}.png", full_page=True)
            log = person.site.log.read_text("utf-8", "replace")
        told += person.problems
        person.close()
    if failed and people:
        sys.stderr.write(log[-6000:])
    if not failed:
        assert not told, "\n".join(told)


MadeOnce = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """`made_once(name, make)`: a folder that one worker fills for all; copy it before use."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent

    def made(name: str, make: Callable[[Path], None]) -> Path:
        target = shared / name
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.exists():
                making = shared / f"{name}.making"
                shutil.rmtree(making, ignore_errors=True)
                make(making)
                making.rename(target)
        return target

    return made


@pytest.fixture(scope="session")
def demo_folder(made_once: MadeOnce) -> Path:
    """The data of a prepared demonstration."""

    def make(folder: Path) -> None:
        site = Site(folder)
        site.flask("db", "upgrade")
        site.flask("demo", "prepare")

    return made_once("demonstration", make)


@pytest.fixture(scope="module")
def demo_site(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demonstration as visitors find it, served from a copy of its own."""
    data = tmp_path_factory.mktemp("site") / "data"
    shutil.copytree(demo_folder, data)
    site = Site(data)
    site.start()
    yield site
    site.stop()
    assert not site.complaints()


@pytest.fixture
def demo(demo_site: Site, gather: Callable[[Site], Meet]) -> Meet:
    """`demo(name, width=…, theme=…, language=…, javascript=…)`: somebody on the demonstration."""
    return gather(demo_site)


Laid = tuple[Site, dict[str, Any]]


def _lay(name: str, folder: Path) -> None:
    site = Site(folder, clock=CLOCKS.get(name, GROUND_CLOCK))
    site.flask("db", "upgrade")
    done = subprocess.run(
        [sys.executable, "-m", "tests.journeys.ground", name],
        cwd=ROOT,
        env=site.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "ground.json").write_text(done.stdout, "utf-8")


def _serve(made_once: MadeOnce, name: str, data: Path) -> Laid:
    ground = made_once(f"ground-{name}", lambda folder: _lay(name, folder))
    shutil.copytree(ground, data)
    site = Site(data, clock=CLOCKS.get(name, GROUND_CLOCK))
    site.start()
    return site, json.loads((ground / "ground.json").read_text("utf-8"))


def _stop(served: Iterable[Laid]) -> None:
    for site, _ in served:
        site.stop()
        assert not site.complaints()


@pytest.fixture
def lay(made_once: MadeOnce, tmp_path: Path) -> Iterator[Callable[[str], Laid]]:
    """`lay(name)`: a served site on which tests.journeys.ground has laid that ground, and what stands on it."""
    served: list[Laid] = []

    def laid(name: str) -> Laid:
        served.append(_serve(made_once, name, tmp_path / "data"))
        return served[-1]

    yield laid
    _stop(served)


@pytest.fixture(scope="module")
def lay_once(made_once: MadeOnce, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Laid]]:
    """As `lay`, for tests that do not disturb each other: those of one file share the site."""
    served: dict[str, Laid] = {}

    def laid(name: str) -> Laid:
        if name not in served:
            served[name] = _serve(made_once, name, tmp_path_factory.mktemp("laid") / "data")
        return served[name]

    yield laid
    _stop(served.values())
