"""A round of 60 judges with few entries and with many: what each page takes, against itself.

python -m bench.judged_round [--postgres URL]

CPU of one request, the median of some rounds, as a ratio of the large round to the small one.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.__main__ import queries_of, table
from bench.data import FORM_TOKEN, Site
from bench.measure import Case, spent
from contest.accounts.models import User
from contest.accounts.sign_ins import open_sign_in
from contest.contests.models import Contest
from contest.core import clock
from contest.core.db import db
from tests.factories.judged import judge_many
from tests.factories.judging import make_panel

FEW, MANY, JUDGES = 100, 2_000, 60
HEAD = ("page", "CPU ×", "queries", "bytes ×")


def measure(site: Site, rounds: int) -> list[tuple[str, str, str, str]]:
    """Rows for a table: the pages of judge and head of jury on a category of their own."""
    site.at("marking")
    with site.app.app_context():
        contest = db.session.merge(site.contest)
        category = next(each.id for each in contest.rules.categories if each.id != site.category)
        judges = make_panel(contest, category=category, size=JUDGES)
        db.session.commit()
        key = open_sign_in(person=judges[0], wall=clock.wall())
        db.session.commit()
        seated = [judge.id for judge in judges]
    judge = site.session_cookie({"_user_id": key, "csrf_token": FORM_TOKEN})
    base = f"/ban-to-chuc/{site.slug}/cham/prelim/{category}"
    cases = [
        Case(name, site.app.wsgi_app, path, cookie)
        for name, path, cookie in (
            ("a judge's queue", f"/cham/{site.slug}", judge),
            ("the jury's table", base, site.cookies["chair"]),
            ("by total", f"{base}?sap-xep=total:down", site.cookies["chair"]),
            ("gaps alone", f"{base}?show=gap", site.cookies["chair"]),
            ("all rounds", f"/ban-to-chuc/{site.slug}/cham", site.cookies["chair"]),
            ("closing", f"{base}/khoa-diem", site.cookies["chair"]),
            ("judges compared", f"{base}/so-sanh", site.cookies["chair"]),
        )
    ]
    figures = [_grown(site, size, seated, category, cases, rounds) for size in (FEW, MANY - FEW)]
    return [
        (case.name, f"{more[0] / few[0]:.1f}", f"{few[1]} → {more[1]}", f"{more[2] / few[2]:.1f}")
        for case, few, more in zip(cases, *figures, strict=True)
    ]


def _grown(
    site: Site, size: int, seated: Sequence[int], category: str, cases: Sequence[Case], rounds: int
) -> list[tuple[float, int, int]]:
    """CPU seconds, statements and bytes of each page with `size` entries more."""
    with site.app.app_context():
        contest = db.session.get_one(Contest, site.contest.id)
        judges = [db.session.get_one(User, judge) for judge in seated]
        judge_many(contest, judges, size, category=category, per_entry=contest.rules.round("prelim").judges_per_entry)
    found = []
    for case in cases:
        queries, body = queries_of(site, case)
        found.append((sorted(spent(case, 2) for _ in range(rounds))[rounds // 2], queries, len(body)))
    return found


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench.judged_round", description=__doc__.splitlines()[0])
    options.add_argument("--postgres", default="", metavar="URL", help="an empty PostgreSQL database to use")
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        rows = measure(Site(Path(name), given.postgres), given.rounds)
    table(f"A round of {JUDGES} judges: {MANY:,} entries against {FEW}", HEAD, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
