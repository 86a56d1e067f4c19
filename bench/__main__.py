"""Figures of the site, as tables of ratios.

    make bench                          everything, within about a minute
    make bench ARGS="--quick"           fewer rounds, no growth, no near-copies
    make bench ARGS="--full"            near-copies among 5,000 texts instead of 1,000 (minutes)
    make bench ARGS="--http"            also over gunicorn, CPU of its worker
    make bench ARGS="--postgres URL"    on a PostgreSQL database (which must be empty)

Figures are ratios, for machines differ. See bench/measure.py for how they are taken.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import brotli
from sqlalchemy import event, func, select

from bench import anchors
from bench import assignment as assignments
from bench.data import Site, stories
from bench.measure import Case, Failed, Ratio, answer, compare, spent
from bench.near_copies import FULL, SYLLABLES, TEXTS
from bench.near_copies import HEAD as NEAR_COPIES
from bench.near_copies import measure as near_copies
from bench.over_http import over_http
from contest.core.db import db
from contest.core.driver import Driver, Prepared
from contest.entries.models import Entry
from contest.screening.search import Wanted, matching_ids
from tests.conftest import START
from tests.factories.queue import add_many, remove_many

ROOT = Path(__file__).parents[1]
# name, moment, address, whose page, may be kept by a shared cache
PAGES = (
    ("home", "vote", "/", ""),
    ("a contest", "vote", "/cuoc-thi/{slug}", ""),
    ("its rules", "vote", "/cuoc-thi/{slug}/the-le", ""),
    ("its finalists", "vote", "/cuoc-thi/{slug}/chung-khao", ""),
    ("stories", "vote", "/doc", ""),
    ("one story", "vote", "/bai/{story}", ""),
    ("the booth (20 entries)", "vote", "/cuoc-thi/{slug}/binh-chon", ""),
    ("a writer's work", "submission", "/cua-toi", "writer"),
    ("a writer's entries", "submission", "/bai-cua-toi", "writer"),
    ("writing", "submission", "/viet/{draft}", "writer"),
    ("a judge's bench (31)", "marking", "/cham/{slug}", "judge"),
    ("a score sheet", "marking", "/cham/{slug}/bai/{assignment}", "judge"),
    ("the chair's table", "marking", "/ban-to-chuc/{slug}/cham", "chair"),
    ("the secretariat's list", "marking", "/ban-to-chuc/{slug}/bai-du-thi", "secretary"),
    ("one of its entries", "marking", "/ban-to-chuc/{slug}/bai-du-thi/{sent}", "secretary"),
    ("the organiser's home", "marking", "/ban-to-chuc/{slug}", "organiser"),
    ("a unit's page", "marking", "/don-vi/{unit}", "officer"),
    ("honours (15 prizes)", "announced", "/cuoc-thi/{slug}/ket-qua", ""),
    ("the ceremony", "announced", "/cuoc-thi/{slug}/le-trao-giai", ""),
    ("the archive", "announced", "/guong", ""),
    ("a year of the calendar", "announced", "/lich-ky-niem", ""),
)
GROWING = ("its finalists", "stories", "a judge's bench (31)", "the chair's table", "the secretariat's list",
           "the booth (20 entries)", "the organiser's home")  # fmt: skip


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="fewer rounds, no growth")
    options.add_argument("--full", action="store_true", help=f"near-copies among {FULL:,} texts")
    options.add_argument("--http", action="store_true", help="also over gunicorn")
    options.add_argument("--rounds", type=int, default=0, help="rounds of each comparison")
    options.add_argument("--postgres", default="", metavar="URL", help="an empty PostgreSQL database to use")
    given = options.parse_args()
    rounds = given.rounds or (3 if given.quick else 5)
    logging.disable(logging.WARNING)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    print(
        f"commit {commit.strip() or 'unknown'}, {os.cpu_count()} cores, "
        f"{platform.python_implementation()} {'.'.join(platform.python_version_tuple()[:2])}, "
        f"{'PostgreSQL' if given.postgres else 'SQLite'}, {rounds} rounds"
    )
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        site = Site(folder, given.postgres)
        site.publish()
        gc.collect()
        gc.freeze()  # what is made once is not looked through again before each batch
        hello = Case("hello", anchors.hello().wsgi_app)
        against_hello(site, hello, rounds)
        from_the_cache(site, hello, rounds)
        votes(site, folder, rounds)
        first_views(site)
        if given.http:
            table(
                "Over gunicorn: the worker's CPU, and the slowest of a hundred, against the raw insert",
                ["request", "CPU ×", "rounds", "p99 ×"],
                over_http(site, folder, given.postgres, rounds),
            )
        if not given.quick:
            queue(site, rounds)
            search(site, rounds)
            with site.app.app_context():
                rows, of = assignments.service(site, max(2, rounds // 2))
                table("Planning who judges what, from the database", assignments.SERVICE, rows)
                print(f"\n{of}")
                remove_many()
            growth(site, max(3, rounds // 2))
    rows, of = assignments.measure(rounds)
    table("Giving entries to judges: CPU against the bare solver", assignments.HEAD, rows)
    print(f"\n{of}")
    if not given.quick:
        texts = FULL if given.full else TEXTS
        rows, of = near_copies(texts)
        table(f"Near-copies among {texts:,} texts of {SYLLABLES:,} syllables", NEAR_COPIES, rows)
        print(f"\n{of}")
    return 0


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table that Markdown reads as one."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    line = "| " + " | ".join(f"{{:{'>' if column else '<'}{width}}}" for column, width in enumerate(widths)) + " |"
    print(f"\n{title}\n")
    print(line.format(*head))
    print("|" + "|".join("-" * (width + 1) + ("-" if not column else ":") for column, width in enumerate(widths)) + "|")
    for row in rows:
        print(line.format(*row))
    sys.stdout.flush()


def shown(ratio: Ratio) -> tuple[str, str]:
    return f"{ratio.median:.2f}", f"{ratio.low:.2f}–{ratio.high:.2f}"


# Pages


def page_cases(site: Site) -> Iterator[tuple[str, Case]]:
    """The pages that stand in this checkout, with the moment at which each is asked for."""
    names = {
        "slug": site.slug,
        "story": site.story,
        "assignment": site.assignment,
        "draft": site.draft,
        "sent": site.sent,
        "unit": site.unit,
    }
    adapter = site.app.url_map.bind("localhost")
    for name, moment, path, role in PAGES:
        case = Case(name, site.app.wsgi_app, path.format(**names), site.cookies.get(role, ""))
        if adapter.test(case.path, "GET"):
            yield moment, case


@contextmanager
def counting(site: Site) -> Iterator[list[str]]:
    """Statements that reach the database meanwhile."""
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    with site.app.app_context():
        engine = db.engine
    run = Driver.run

    def noting(driver: Driver, prepared: Prepared, values: dict[str, Any]) -> Any:
        statements.append("")  # handed to the driver, past SQLAlchemy's events
        return run(driver, prepared, values)

    event.listen(engine, "before_cursor_execute", note)
    Driver.run = noting  # type: ignore[method-assign]
    try:
        yield statements
    finally:
        Driver.run = run  # type: ignore[method-assign]
        event.remove(engine, "before_cursor_execute", note)


def queries_of(site: Site, case: Case) -> tuple[int, bytes]:
    request = case.request()
    with counting(site) as statements:
        _, _, body = answer(case, request)
    return len(statements), body


def against_hello(site: Site, hello: Case, rounds: int) -> None:
    rows = [("hello (A/A)", *shown(compare(hello, hello, rounds=rounds)), "0", "13", "–")]
    for moment, case in page_cases(site):
        site.at(moment)
        try:
            ratio = compare(hello, case, rounds=rounds)
        except Failed as failure:
            print(str(failure).splitlines()[0], file=sys.stderr)
            continue
        queries, body = queries_of(site, case)
        rows.append(
            (case.name, *shown(ratio), str(queries), f"{len(body):,}", f"{len(brotli.compress(body, quality=4)):,}")
        )
    table("Pages: CPU against `hello`, uncompressed", ["page", "× hello", "rounds", "queries", "bytes", "brotli"], rows)


def from_the_cache(site: Site, hello: Case, rounds: int) -> None:
    """The same pages for the second anonymous reader within the seconds that a page is kept."""
    rows = []
    site.app.extensions["pages"] = site.pages
    for moment, case in page_cases(site):
        site.at(moment)
        # The booth is each voter's own: no cache keeps it.
        if not case.cookie and case.name != "the booth (20 entries)":
            rows.append((case.name, *shown(compare(hello, case, rounds=rounds)), str(queries_of(site, case)[0])))
    del site.app.extensions["pages"]
    table("Anonymous pages within their fifteen seconds", ["page", "× hello", "rounds", "queries"], rows)


# Votes


def votes(site: Site, folder: Path, rounds: int) -> None:
    site.at("vote")
    voters = cycle(range(1, 5_001))
    serial = iter(range(1, 10**9))
    stock_app, form_app, insert_app = anchors.stock(folder), anchors.form(), anchors.insert(folder)
    token = site.form_token()

    def cookie(app: Any, content: dict[str, Any]) -> str:
        return f"session={app.session_interface.get_signing_serializer(app).dumps(content)}"

    form_cookie = cookie(form_app, {"voter": 1})
    insert = Case(
        "insert",
        insert_app.wsgi_app,
        bodies=((cookie(insert_app, {"voter": number}), {"entry": "1"}) for number in serial),
    )
    form = Case("form and signed cookie", form_app.wsgi_app, bodies=((form_cookie, {"entry": "1"}) for _ in cycle([0])))
    hello = Case("hello", anchors.hello().wsgi_app)
    stock = Case(
        "the stock stack: one row, one check", stock_app.wsgi_app, bodies=_stock_votes(stock_app, voters, cookie)
    )
    booth = f"/cuoc-thi/{site.slug}/binh-chon"
    first = Case("a ballot: first cast", site.app.wsgi_app, booth, status=303, bodies=site.ballots(3000))
    again = Case("a ballot: the same again", site.app.wsgi_app, booth, status=303, bodies=cycle(list(site.ballots(1))))
    changing = next(iter(site.ballots(1)))
    sets = [changing[1]["pick"], changing[1]["pick"][:1]]
    change = Case(
        "a ballot: changed",
        site.app.wsgi_app,
        booth,
        status=303,
        bodies=((changing[0], {"csrf_token": token, "pick": sets[turn]}) for turn in cycle((0, 1))),
    )
    rows = [("raw insert (A/A)", *shown(compare(insert, insert, rounds=rounds)), "1")]
    for case in (hello, form, stock, first, again, change):
        queries = str(queries_of(site, case)[0]) if case.application is site.app.wsgi_app else "–"
        rows.append((case.name, *shown(compare(insert, case, rounds=rounds, seconds=0.06)), queries))
    table("Casting a vote: CPU against the raw insert", ["request", "× raw insert", "rounds", "queries"], rows)


def _stock_votes(app: Any, voters: Iterator[int], cookie: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    from itsdangerous import URLSafeTimedSerializer

    raw = "0123456789abcdef" * 2
    token = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(raw)
    for number in voters:
        yield (
            cookie(app, {"_user_id": str(number), "_fresh": True, "csrf_token": raw}),
            {"csrf_token": token, "entry": "1"},
        )


# Bytes


def first_views(site: Site) -> None:
    """What a first visit fetches: the page and all that it names, as brotli gives it over the wire."""
    rows = []
    for name, moment, template, _role in PAGES:
        if name not in {"home", "one story", "the booth (20 entries)", "honours (15 prizes)"}:
            continue
        site.at(moment)
        page, html = fetched(site, template.format(slug=site.slug, story=site.story))
        sizes = {"css": 0, "js": 0, "woff2": 0, "svg": 0}
        names = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', html))
        for address in sorted(names):
            kind = address.split("?")[0].rpartition(".")[2]
            sizes[kind] = sizes.get(kind, 0) + fetched(site, address)[0]
        parts = [page, *(sizes[kind] for kind in ("css", "js", "svg", "woff2")), page + sum(sizes.values())]
        rows.append((name, *(f"{part:,}" for part in parts)))
    table(
        "First view: bytes over the wire (brotli), photos aside",
        ["page", "HTML", "CSS", "JS", "SVG", "fonts preloaded", "together"],
        rows,
    )


def fetched(site: Site, path: str) -> tuple[int, str]:
    """Bytes over the wire, and the text where it is one."""
    case = Case(path, site.app.wsgi_app, path)
    status, headers, body = answer(case, {**case.request(), "HTTP_ACCEPT_ENCODING": "br"})
    assert status == 200, f"{path} gave {status}"
    encoded = dict(headers).get("Content-Encoding") == "br"
    plain = brotli.decompress(body) if encoded else body
    return len(body), plain.decode("utf-8", "replace")


# Growth


def growth(site: Site, rounds: int, small: int = 100, large: int = 2000) -> None:
    """List pages with few and with many entries: the time, the queries, the bytes."""
    figures: dict[str, list[tuple[float, int, int]]] = {}
    for size in (small, large):
        with site.app.app_context():
            site.grow(size)
        for moment, case in page_cases(site):
            if case.name in GROWING:
                site.at(moment)
                queries, body = queries_of(site, case)
                took = sorted(spent(case, 3) for _ in range(rounds))[rounds // 2]
                figures.setdefault(case.name, []).append((took, queries, len(body)))
    rows = [
        (name, f"{more[0] / few[0]:.1f}", f"{few[1]} → {more[1]}", f"{more[2] / few[2]:.1f}")
        for name, (few, more) in figures.items()
    ]
    table(
        f"Growth: {large:,} entries against {small}",
        ["page", "CPU ×", "queries", "bytes ×"],
        rows,
    )


def queue(site: Site, rounds: int, small: int = 100, large: int = 5_000) -> None:
    """The secretariat's list, as it is, searched and narrowed, with few and with many entries before it."""
    address, cookie = f"/ban-to-chuc/{site.slug}/bai-du-thi", site.cookies["secretary"]
    lists = {
        "as it is": "",
        "words": "?tim=con+do+sang+song",
        "something found": "?phat-hien=leak",
        "nothing found": "?phat-hien=none",
        "longest first": "?sap-xep=longest",
    }
    cases = [Case(name, site.app.wsgi_app, address + query, cookie) for name, query in lists.items()]
    site.at("marking")
    figures: dict[str, list[tuple[float, int]]] = {case.name: [] for case in cases}
    for size in (small, large):
        with site.app.app_context():
            standing = db.session.scalar(select(func.count(Entry.id)).where(Entry.contest_id == site.contest.id)) or 0
            add_many(db.session.merge(site.contest), max(0, size - standing), stories())
        for case in cases:
            queries, _ = queries_of(site, case)
            took = sorted(spent(case, 3) for _ in range(rounds))[rounds // 2]
            figures[case.name].append((took, queries))
    table(
        f"The secretariat's list: {large:,} entries against {small}",
        ["list", "CPU ×", "queries"],
        [(name, f"{more[0] / few[0]:.1f}", f"{few[1]} → {more[1]}") for name, (few, more) in figures.items()],
    )


def search(site: Site, rounds: int) -> None:
    """The first twenty ids of the secretariat's list that hold some words, against one row by its key."""
    with site.app.app_context():
        some = db.session.scalar(select(func.min(Entry.id)))

        def by_key() -> None:
            db.session.execute(select(Entry.id, Entry.title).where(Entry.id == some)).one()
            db.session.rollback()

        def wanted(text: str) -> Callable[[], None]:
            def ask() -> None:
                query = matching_ids(site.contest.id, Wanted(text=text), START, None)
                db.session.scalars(query.order_by(Entry.submitted_at, Entry.id).limit(20)).all()
                db.session.rollback()

            return ask

        def took(ask: Callable[[], None]) -> float:
            begun = time.process_time()
            for _ in range(100):
                ask()
            return time.process_time() - begun

        rows = []
        for name, text in (("the same (A/A)", ""), ("words", "con đò sang sông"), ("a name", "nguyen thi hau")):
            ask = wanted(text) if text else by_key
            took(ask)
            ratios = []
            for _ in range(rounds):
                first, second, third, fourth = took(by_key), took(ask), took(ask), took(by_key)
                ratios.append((second + third) / (first + fourth))
            rows.append((name, f"{sorted(ratios)[len(ratios) // 2]:.2f}", f"{min(ratios):.2f}–{max(ratios):.2f}"))
    table("Search of the secretariat's list: CPU against one row by its key", ["search", "× key", "rounds"], rows)


if __name__ == "__main__":
    sys.exit(main())
