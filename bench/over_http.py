"""The same requests over gunicorn (one worker, one thread): CPU of the worker, read from /proc."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask

from bench import anchors
from bench.data import MOMENTS, Site
from contest.app import create_app
from contest.core import clock
from tests.conftest import settings_for

ROOT = Path(__file__).parents[1]
TICKS = os.sysconf("SC_CLK_TCK")
Request = tuple[str, str, str, dict[str, str]]  # method, path, body, headers


# What the servers run; the folder comes from the environment.


def hello_app() -> Flask:
    return anchors.hello()


def insert_app() -> Flask:
    return anchors.insert(Path(os.environ["BENCH_FOLDER"]))


def site_app() -> Flask:
    app = create_app(settings_for(Path(os.environ["BENCH_FOLDER"]), os.environ.get("BENCH_URL", "")))
    clock.use(clock.StillClock(MOMENTS["vote"]))
    app.extensions.pop("pages")
    return app


def over_http(site: Site, folder: Path, url: str, rounds: int) -> list[tuple[str, str, str, str]]:
    """Rows of a table: the request, its CPU and the slowest of a hundred against the raw insert's."""
    site.at("vote")
    serial = iter(range(10**6, 10**9))
    signer = anchors.insert_signer()
    inserts = (
        ("POST", "/", "entry=1", {"Cookie": f"session={signer.dumps({'voter': number})}", **_FORM}) for number in serial
    )
    hellos = cycle([("GET", "/", "", {})])
    booth = f"/cuoc-thi/{site.slug}/binh-chon"
    ballots = (
        ("POST", booth, urlencode(form, doseq=True), {"Cookie": cookie, **_FORM})
        for cookie, form in site.ballots(rounds * 2 * TIMES + 50)
    )
    pages: dict[str, Iterator[Request]] = {
        "a ballot: first cast": ballots,
        "home": cycle([("GET", "/", "", {})]),
        "one story": cycle([("GET", f"/bai/{site.story}", "", {})]),
        "the booth (20 entries)": cycle([("GET", booth, "", {})]),
    }
    environment = {"BENCH_FOLDER": str(folder), "BENCH_URL": url, "PYTHONPATH": str(ROOT)}
    rows = []
    with (
        serving("bench.over_http:insert_app()", environment) as anchor,
        serving("bench.over_http:hello_app()", environment) as hello,
        serving("bench.over_http:site_app()", environment) as ours,
    ):
        compared: list[tuple[str, Server, Iterator[Request]]] = [
            ("raw insert (A/A)", anchor, inserts),
            ("hello", hello, hellos),
            *((name, ours, requests) for name, requests in pages.items()),
        ]
        for name, server, requests in compared:
            _batch(*server, requests, 10)
            ratios, slow = [], []
            for _ in range(rounds):
                first = _batch(*anchor, inserts, TIMES)
                one, two = _batch(*server, requests, TIMES), _batch(*server, requests, TIMES)
                last = _batch(*anchor, inserts, TIMES)
                ratios.append((one[0] + two[0]) / (first[0] + last[0]))
                slow.append((one[1] + two[1]) / (first[1] + last[1]))
            spread = f"{min(ratios):.2f}–{max(ratios):.2f}"
            rows.append((name, f"{statistics.median(ratios):.2f}", spread, f"{statistics.median(slow):.2f}"))
    return rows


TIMES = 100
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Server = tuple[int, int]  # port, process of the worker


@contextmanager
def serving(factory: str, environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """A server of `factory`; gives its port and its worker's process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "gunicorn",
            "--no-control-socket",
            "-c",
            "/dev/null",
            "-w1",
            "-b",
            f"127.0.0.1:{port}",
            factory,
        ],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield port, _worker(server.pid, port)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def _worker(parent: int, port: int) -> int:
    for _ in range(200):
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        with socket.socket() as probe:
            if children and probe.connect_ex(("127.0.0.1", port)) == 0:
                return int(children[0])
        time.sleep(0.1)
    raise RuntimeError("gunicorn did not start")


def _cpu(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _batch(port: int, process: int, requests: Iterator[Request], times: int) -> tuple[float, float]:
    """CPU seconds of the worker for each request, and the time that the slowest but one in a hundred took."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    before, took = _cpu(process), []
    for _ in range(times):
        method, path, body, headers = next(requests)
        began = time.perf_counter()
        connection.request(method, path, body or None, {"Host": "localhost", **headers})
        answer = connection.getresponse()
        answer.read()
        took.append(time.perf_counter() - began)
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path} gave {answer.status}")
    connection.close()
    return (_cpu(process) - before) / times, sorted(took)[-max(1, times // 100) - 1 if times > 1 else 0]
