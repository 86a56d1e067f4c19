"""CPU time of requests, always as a ratio of two things measured in turn.

Machines differ and are noisy. Both sides run in one process, A B B A in every round; a figure is
the median of the ratios of the rounds. `A/A` measures an anchor against itself: what differs from
1.00 there is noise.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from werkzeug.test import EnvironBuilder

Wsgi = Callable[..., Any]


class Failed(RuntimeError):
    """A request was not answered as it has to be for its figure to mean anything."""


@dataclass
class Case:
    """A request that can be repeated. `bodies`: one for each repetition, where none may be sent twice."""

    name: str
    application: Wsgi
    path: str = "/"
    cookie: str = ""
    status: int = 200
    bodies: Iterator[tuple[str, dict[str, Any]]] | None = None  # cookie, form

    def __post_init__(self) -> None:
        method = "POST" if self.bodies is not None else "GET"
        path, _, query = self.path.partition("?")
        self.environ = EnvironBuilder(
            path=path, query_string=query, method=method, base_url="http://localhost"
        ).get_environ()
        if self.cookie:
            self.environ["HTTP_COOKIE"] = self.cookie

    def request(self) -> dict[str, Any]:
        environ = dict(self.environ)
        if self.bodies is not None:
            cookie, form = next(self.bodies)
            body = urlencode(form, doseq=True).encode()
            environ.update(
                HTTP_COOKIE=cookie,
                CONTENT_TYPE="application/x-www-form-urlencoded",
                CONTENT_LENGTH=str(len(body)),
            )
            environ["wsgi.input"] = BytesIO(body)
        return environ


def answer(case: Case, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body of one request, as a server would take them."""
    begun: list[Any] = []
    parts = case.application(environ, lambda status, headers, _error=None: begun.extend((status, headers)))
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    return int(begun[0][:3]), begun[1], body


def spent(case: Case, times: int) -> float:
    """CPU seconds of one request, over `times` of them. Making the requests is not counted."""
    requests = [case.request() for _ in range(times)]
    gc.collect()
    began = time.process_time()
    for environ in requests:
        status, _, body = answer(case, environ)
        if status != case.status:
            raise Failed(f"{case.name}: {case.path} gave {status}\n{body[:2000].decode(errors='replace')}")
    return (time.process_time() - began) / times


@dataclass(frozen=True)
class Ratio:
    """A case against an anchor: the median of the rounds, and how far the rounds lie apart."""

    median: float
    low: float
    high: float


def batch_size(case: Case, seconds: float, most: int = 2000) -> int:
    """How many requests fill about `seconds`; the case is warm afterwards."""
    spent(case, 3)
    return max(3, min(most, int(seconds / max(spent(case, 5), 1e-6))))


def compare(anchor: Case, case: Case, *, rounds: int, seconds: float = 0.02) -> Ratio:
    """How many times the anchor's CPU the case takes."""
    few, many = batch_size(case, seconds, 400), batch_size(anchor, seconds, 400)
    ratios = []
    for _ in range(rounds):
        first, one, two, last = spent(anchor, many), spent(case, few), spent(case, few), spent(anchor, many)
        ratios.append((one + two) / (first + last))
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))
