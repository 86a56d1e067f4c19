"""Does a vote cost the same with many ballots as with few? Casting, sealing, and the pages about the log.

    python -m bench.ballots                              20 thousand against 200 thousand ballots
    python -m bench.ballots --sizes 200000 2000000       minutes, and a gigabyte or two in /tmp

Ballots are made by statements of many rows, with real commitments and leaves; the log over them is
sealed by the site's own code, in large batches. Figures are CPU of the larger against the smaller.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from bench.__main__ import counting, table
from bench.data import MOMENTS, Site
from bench.measure import Case, answer, spent
from contest.core.db import db, writing
from contest.core.web.keys import log_signer
from contest.entries.models import Entry
from contest.voting import counting as patterns
from contest.voting import sealing
from contest.voting.ledger.leaves import ballot_leaf, ballot_tag, commitment
from contest.voting.ledger.merkle import leaf_hash
from contest.voting.models import Ballot, Choice, Voter
from contest.voting.models_log import BallotLog, Leaf
from contest.voting.models_review import BallotPattern
from contest.voting.queries import on_the_ballot, turnout
from tests.factories.voting import start_log

AT_ONCE = 20_000
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def number_of(serial: int) -> str:
    """A ballot's number that can be made again from its serial."""
    digest = hashlib.sha256(f"ballot {serial}".encode()).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:16])


class Vote:
    """A contest's vote with as many ballots as wanted."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.cast = 0
        with site.app.app_context():
            self.contest = db.session.merge(site.contest)
            if db.session.get(BallotLog, self.contest.id) is None:
                start_log(self.contest)
            self.entries = db.session.execute(
                on_the_ballot(self.contest.id, [site.category]).with_only_columns(Entry.id, Entry.public_id)
            ).all()
            self.first_voter = 0  # added to a serial it is an id that nobody has
            self.public_id, self.id = self.contest.public_id, self.contest.id
            db.session.commit()

    def grow(self, ballots: int) -> None:
        """Add ballots until there are so many, and seal them."""
        chance = random.Random(ballots)
        now = MOMENTS["vote"]
        with self.site.app.app_context():
            known = [db.session.scalar(select(func.max(entity.id))) or 0 for entity in (Voter, Ballot)]
            self.first_voter = max(10**7, *known) + 1 - self.cast
            while self.cast < ballots:
                rows: dict[Any, list[dict[str, Any]]] = {Voter: [], Ballot: [], Choice: [], Leaf: []}
                for serial in range(self.cast, min(ballots, self.cast + AT_ONCE)):
                    self._ballot(rows, serial, chance.sample(self.entries, 3), now)
                for entity, found in rows.items():
                    db.session.execute(insert(entity.__table__), found)
                db.session.commit()
                self.cast += len(rows[Ballot])
            self.seal(AT_ONCE)

    def _ballot(self, rows: dict[Any, list[dict[str, Any]]], serial: int, chosen: list[Any], now: Any) -> None:
        key, ballot = self.first_voter + serial, number_of(serial)
        tag = f"{key:064x}"
        choices = sorted(entry.public_id for entry in chosen)
        salt = f"{serial:064x}"
        made = commitment(self.public_id, ballot=ballot, revision=1, choices=choices, salt=salt)
        shown = ballot_tag(tag, "contest")
        content = ballot_leaf(self.public_id, ballot=ballot, revision=1, tag=shown, commitment=made)
        here = {"contest_id": self.id}
        rows[Voter].append({**here, "id": key, "tag": tag, "order_seed": tag[-16:], "created_at": now})
        rows[Ballot].append(
            {**here, "id": key, "ballot_id": ballot, "voter_id": key, "scope": "contest", "tag": shown}
            | {"revision": 1, "cast_at": now, "changed_at": now}
        )
        rows[Choice] += [{"ballot_id": key, "slot": at, "entry_id": entry.id} for at, entry in enumerate(chosen, 1)]
        rows[Leaf].append(
            {**here, "kind": "ballot", "content": content, "hash": leaf_hash(content.encode()).hex(), "at": now}
            | {"ballot_id": key, "revision": 1, "choices": choices, "salt": salt, "committed_by": "server"}
        )

    def seal(self, most: int) -> int:
        """Seal all that waits, `most` leaves in a batch; how many leaves."""
        kept, sealing.BATCH = sealing.BATCH, most
        done = 0
        try:
            with self.site.app.app_context():
                signer = log_signer(self.site.slug, self.public_id)
                while True:
                    batch = sealing.prepare(contest_id=self.id, signer=signer, now=MOMENTS["vote"], force=True)
                    db.session.rollback()
                    if batch is None:
                        return done
                    with writing() as now:
                        done += sealing.place(batch, now)
        finally:
            sealing.BATCH = kept


def took(work: Callable[[], object], times: int) -> float:
    """CPU seconds of one."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times


def measured(vote: Vote, rounds: int) -> dict[str, tuple[float, int]]:
    """CPU seconds and statements of each act, at the size that the vote has."""
    site = vote.site
    site.at("vote")
    base = f"/cuoc-thi/{site.slug}"
    cast = Case(
        "a ballot cast", site.app.wsgi_app, f"{base}/binh-chon", status=303, bodies=site.ballots(rounds * 40 + 40)
    )
    cases = [
        cast,
        Case("the booth", site.app.wsgi_app, f"{base}/binh-chon"),
        Case("the page of the log", site.app.wsgi_app, f"{base}/so-phieu"),
        Case("proof of a ballot's place", site.app.wsgi_app, f"{base}/so-phieu/bang-chung.json?phieu={number_of(777)}"),
    ]
    found = {}
    for case in cases:
        spent(case, 5)
        with counting(site) as statements:
            answer(case, case.request())
        times = 20 if case is cast else 5
        found[case.name] = (statistics.median(spent(case, times) for _ in range(rounds)), len(statements))

    def turned_out() -> None:
        turnout(vote.id)
        db.session.rollback()

    with site.app.app_context():
        turned_out()
        found["turnout"] = (statistics.median(took(turned_out, 50) for _ in range(rounds)), 1)
    vote.seal(1000)
    sealed = []
    for _ in range(rounds):
        for environ in [cast.request() for _ in range(20)]:
            answer(cast, environ)
        sealed.append(took(lambda: vote.seal(1000), 1))
    found["sealing of 20"] = (statistics.median(sealed), 0)
    with site.app.app_context():
        contest = db.session.merge(site.contest)
        db.session.execute(update(BallotLog).values(closed_at=MOMENTS["vote"]))
        patterns.count_patterns(vote.id)
        db.session.commit()
        found["the count by patterns"] = (
            statistics.median(took(lambda: patterns.count_votes(contest), 1) for _ in range(rounds)),
            0,
        )
        db.session.rollback()
        db.session.execute(delete(BallotPattern))
        db.session.execute(update(BallotLog).values(closed_at=None))
        db.session.commit()
    return found


def beside_sealing(vote: Vote, casts: int = 400) -> list[tuple[str, str, str]]:
    """Wall time of casts while nobody seals and while somebody always does: median and slowest of a hundred."""
    site = vote.site
    site.at("vote")
    cast = Case(
        "", site.app.wsgi_app, f"/cuoc-thi/{site.slug}/binh-chon", status=303, bodies=site.ballots(casts * 4 + 10)
    )
    stop = threading.Event()

    def seal() -> None:
        while not stop.wait(0.02):
            vote.seal(1000)

    def times() -> list[float]:
        found = []
        for environ in [cast.request() for _ in range(casts)]:
            began = time.perf_counter()
            answer(cast, environ)
            found.append(time.perf_counter() - began)
        return sorted(found)

    def sealed_beside() -> list[float]:
        stop.clear()
        sealer = threading.Thread(target=seal)
        sealer.start()
        try:
            return times()
        finally:
            stop.set()
            sealer.join()

    times()
    alone, beside, again = times(), sealed_beside(), times()
    middle, slow = casts // 2, casts - casts // 100 - 1
    return [
        (name, f"{each[middle] / alone[middle]:.2f}", f"{each[slow] / alone[slow]:.2f}")
        for name, each in (("sealed every 20 ms", beside), ("alone again (A/A)", again))
    ]


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench.ballots", description=__doc__.splitlines()[0])
    options.add_argument("--sizes", type=int, nargs=2, default=(20_000, 200_000))
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--postgres", default="", metavar="URL", help="an empty PostgreSQL database to use")
    given = options.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="ballots-") as name:
        site = Site(Path(name), given.postgres)
        vote = Vote(site)
        figures = []
        for size in given.sizes:
            vote.grow(size)
            figures.append(measured(vote, given.rounds))
        few, many = figures
        small, large = given.sizes
        rows = [
            (act, f"{many[act][0] / few[act][0]:.2f}", f"{few[act][1]} → {many[act][1]}" if few[act][1] else "–")
            for act in few
        ]
        table(f"{large:,} ballots against {small:,}", ["act", "CPU ×", "statements"], rows)
        table(
            "Casting while the log is sealed: wall time against alone", ["", "median ×", "p99 ×"], beside_sealing(vote)
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
