"""A long run of reading, voting and marking in one process: does memory stay flat, does anything fail?

    make soak                          20,000 requests
    make soak ARGS="--requests 200000"

Prints, tenth by tenth, memory and living objects against what they were after the first tenth.
"""

from __future__ import annotations

import argparse
import gc
import logging
import sys
import tempfile
from itertools import cycle
from pathlib import Path

from bench.__main__ import page_cases, table
from bench.data import Site
from bench.measure import Case, answer


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__.splitlines()[0])
    options.add_argument("--requests", type=int, default=20_000)
    given = options.parse_args()
    logging.disable(logging.WARNING)
    tenth = max(1, given.requests // 10)
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        site = Site(Path(name))
        site.publish()
        booth = f"/cuoc-thi/{site.slug}/binh-chon"
        ballot = Case("a ballot", site.app.wsgi_app, booth, status=303, bodies=site.ballots(given.requests))
        pages = list(page_cases(site))
        every = cycle([part for page in pages for part in (page, ("vote", ballot))])
        rows: list[tuple[str, ...]] = []
        failures = 0
        first: tuple[int, int] | None = None
        for number in range(1, 11):
            for _ in range(tenth):
                moment, case = next(every)
                site.at(moment)
                status, _, _ = answer(case, case.request())
                failures += status != case.status
            gc.collect()
            now = (resident(), len(gc.get_objects()))
            first = first or now
            rows.append((f"{number * tenth:,}", f"{now[0] / first[0]:.3f}", f"{now[1] / first[1]:.3f}", str(failures)))
    table("A long run", ["requests", "memory ×", "objects ×", "failures"], rows)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
