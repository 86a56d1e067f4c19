"""What a ballot costs in instructions, counted by valgrind: these repeat within a thousandth on any machine.

    python -m bench.instructions            the anchor, the stock stack, and a ballot cast, repeated and changed

Each figure is the difference between a run of 140 requests and one of 40, in process, over 100: what
starting costs falls out. A run under valgrind takes a minute or more.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path
from typing import Any

from bench import anchors
from bench.data import FORM_TOKEN, MOMENTS, Site
from bench.measure import Case, answer
from contest.app import create_app
from contest.core import clock
from tests.conftest import settings_for

ROOT = Path(__file__).parents[1]
FEW, MANY = 40, 140
CASES = ("insert", "stock", "first", "again", "change")


def prepared(folder: Path) -> None:
    """A site with voters and what they send, written down for the runs to read."""
    site = Site(folder)
    site.at("vote")
    requests = list(site.ballots(4 * MANY))
    (folder / "requests.json").write_text(json.dumps({"slug": site.slug, "requests": requests}))


def case_of(name: str, folder: Path) -> Case:
    """The case to run, as `bench.__main__` has it."""
    numbers = count(1)
    if name == "insert":
        app = anchors.insert(Path(tempfile.mkdtemp(dir=folder)))
        signer = anchors.insert_signer()
        made = ((f"session={signer.dumps({'voter': number})}", {"entry": "1"}) for number in numbers)
        return Case(name, app.wsgi_app, bodies=made)
    if name == "stock":
        app = anchors.stock(Path(tempfile.mkdtemp(dir=folder)))
        return Case(name, app.wsgi_app, bodies=_stock(app))
    read = json.loads((folder / "requests.json").read_text())
    requests = [(cookie, form) for cookie, form in read["requests"]]
    app = create_app(settings_for(folder))
    clock.use(clock.StillClock(MOMENTS["vote"]))
    address = f"/cuoc-thi/{read['slug']}/binh-chon"
    bodies: Iterator[tuple[str, dict[str, Any]]] = iter(requests[:-2])
    if name == "again":
        bodies = cycle(requests[-1:])
    elif name == "change":
        cookie, form = requests[-2]
        bodies = ((cookie, {**form, "pick": picks}) for picks in cycle((form["pick"], form["pick"][:1])))
    return Case(name, app.wsgi_app, address, status=303, bodies=bodies)


def _stock(app: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    from itsdangerous import URLSafeTimedSerializer

    signer = app.session_interface.get_signing_serializer(app)
    token = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(FORM_TOKEN)
    for number in count(1):
        cookie = signer.dumps({"_user_id": str(number), "_fresh": True, "csrf_token": FORM_TOKEN})
        yield f"session={cookie}", {"csrf_token": token, "entry": "1"}


def counted(name: str, times: int, folder: Path) -> int:
    """Instructions of a process that answers so many requests."""
    copy = Path(tempfile.mkdtemp(dir=folder.parent, prefix="run-"))
    for file in folder.iterdir():
        if file.is_file():
            (copy / file.name).write_bytes(file.read_bytes())
    done = subprocess.run(
        ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null",
         sys.executable, "-m", "bench.instructions", "--run", name, "--times", str(times), "--folder", str(copy)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )  # fmt: skip
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if done.returncode or found is None:
        raise RuntimeError(done.stderr[-2000:])
    return int(found[1].replace(",", ""))


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench.instructions", description=__doc__.splitlines()[0])
    options.add_argument("--run", choices=CASES)
    options.add_argument("--times", type=int, default=FEW)
    options.add_argument("--folder", type=Path)
    options.add_argument("--cases", nargs="*", default=CASES, choices=CASES)
    given = options.parse_args()
    if given.run:
        case = case_of(given.run, given.folder)
        for _ in range(given.times):
            status, _headers, body = answer(case, case.request())
            if status != case.status:
                raise RuntimeError(f"{given.run} gave {status}: {body[:500]!r}")
        return 0
    with tempfile.TemporaryDirectory(prefix="instructions-") as name:
        folder = Path(name) / "site"
        folder.mkdir()
        prepared(folder)
        anchor = 0.0
        print("| request | million instructions | × raw insert |\n|---|---:|---:|")
        for case in given.cases:
            cost = (counted(case, MANY, folder) - counted(case, FEW, folder)) / (MANY - FEW) / 1e6
            anchor = anchor or cost
            print(f"| {case} | {cost:.2f} | {cost / anchor:.2f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
