"""Voting and sealing while processes are killed, and what must hold afterwards.

    python -m tests.voting.killing --kills 5000 [--postgres] [--each 500]

Real gunicorn with two workers, voters in threads who repeat what was not acknowledged, two sealers at
once. Killed with SIGKILL at random moments: a worker, the whole group, a sealer, a server process of
PostgreSQL (which takes all connections with it). Nothing that was acknowledged may be lost, changed or
doubled; every leaf is sealed once; the log verifies by the program that shares no code with the site.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
from sqlalchemy import insert, select

from contest.contests.models import Contest
from contest.core import clock as clocks
from contest.core.db import db, new_code, writing
from contest.core.web.keys import log_signer
from contest.entries.models import Entry
from contest.voting import queries, sealing
from contest.voting.ledger.leaves import commitment
from contest.voting.models import Ballot, Choice, Voter
from contest.voting.models_log import BallotLog, Checkpoint, Leaf
from tests.conftest import _application, settings_for
from tests.factories.voting import during, make_vote
from tests.voting.cluster import Cluster

ROOT = Path(__file__).parents[2]
VERIFIER = ROOT / "static" / "verify" / "verify_ballots.py"
THREADS = 6
VOTERS = 40  # of each thread


@dataclass
class Sent:
    """A ballot on its way: sent again and again, the same bytes, until it is acknowledged."""

    picks: list[str]
    body: str


@dataclass
class Person:
    """A voter: what was acknowledged, revision by revision, and what was not yet."""

    voter_id: int
    cookie: str
    said: list[set[str]] = field(default_factory=list)
    ballot: str = ""
    waiting: Sent | None = None


class World:
    """A site with a vote under way, and the processes that serve it."""

    def __init__(self, folder: Path, cluster: Cluster | None, seed: int) -> None:
        self.random = random.Random(seed)
        self.cluster = cluster
        self.folder = folder
        self.database = f"kills_{secrets.token_hex(4)}"
        if cluster is not None:
            cluster.query(f"CREATE DATABASE {self.database}")
        self.url = cluster.url(self.database) if cluster is not None else ""
        self.app = _application(settings_for(folder, self.url))
        self.kills: Counter[str] = Counter()
        self.acknowledged = 0
        self.unanswered = 0
        self.problems: list[str] = []
        self._stop = threading.Event()
        self._going = threading.Event()
        self._going.set()
        self._at_work = [threading.Lock() for _ in range(THREADS)]
        with self.app.app_context():
            contest, _ = make_vote(finalists=8)
            self.contest_id, self.slug, self.public_id = contest.id, contest.slug, contest.public_id
            self.instant = during(contest)
            self.entries = [entry.public_id for entry in queries.gallery(contest)]
            self.most = contest.rules.voting.choices_max
            self.people = [self._people(thread) for thread in range(THREADS)]
            db.session.commit()
            db.session.remove()
        clocks.use(clocks.StillClock(self.instant))
        self._start()

    def _start(self) -> None:
        """The processes that serve and seal, and the voters."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        arguments = [str(self.folder), self.url, str(self.port), self.instant.isoformat(), str(self.contest_id)]
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.voting.kill_server", *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._zygote.stdout is not None and self._zygote.stdout.readline() == "ready\n"
        self.server = self._wish("serve")
        self.sealers = [self._wish("seal"), self._wish("seal")]
        self.threads = [threading.Thread(target=self._vote, args=(number,), daemon=True) for number in range(THREADS)]
        for thread in self.threads:
            thread.start()

    def _people(self, thread: int) -> list[Person]:
        tags = [f"{thread:032x}{number:032x}" for number in range(VOTERS)]
        db.session.execute(
            insert(Voter),
            [
                {"contest_id": self.contest_id, "tag": tag, "order_seed": tag[-16:], "created_at": self.instant}
                for tag in tags
            ],
        )
        ids = db.session.scalars(select(Voter.id).where(Voter.tag.in_(tags)).order_by(Voter.id)).all()
        signer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        until = clocks.wall().timestamp() + 86_400
        return [
            Person(each, signer.dumps({"vote": {self.slug: {"voter": each, "until": until, "shown": "09…678"}}}))
            for each in ids
        ]

    def _wish(self, wish: str) -> int:
        assert self._zygote.stdin is not None and self._zygote.stdout is not None
        self._zygote.stdin.write(wish + "\n")
        self._zygote.stdin.flush()
        return int(self._zygote.stdout.readline())

    # Voters

    def _vote(self, thread: int) -> None:
        chance = random.Random(self.random.random())
        while not self._stop.is_set():
            if not self._going.wait(0.1):
                continue
            with self._at_work[thread]:
                person = chance.choice(self.people[thread])
                if person.waiting is None:
                    person.waiting = self._new_ballot(person, chance)
                self._send(person, person.waiting)
            time.sleep(chance.uniform(0, 0.02))

    def _new_ballot(self, person: Person, chance: random.Random) -> Sent:
        before = person.said[-1] if person.said else set()
        picks = sorted(before)
        while set(picks) == before:
            picks = chance.sample(self.entries, chance.randint(1, self.most))
        form: dict[str, Any] = {"pick": picks, "revision": len(person.said)}
        if chance.random() < 0.5 and (person.ballot or not person.said):
            # As a browser does it. Where the server made the ballot, its number is not known here.
            ballot, salt = person.ballot or new_code(16), secrets.token_hex(32)
            made = commitment(self.public_id, ballot=ballot, revision=len(person.said) + 1, choices=picks, salt=salt)
            form |= {"ballot": ballot, "salt": salt, "commitment": made}
            person.ballot = ballot
        return Sent(picks, urlencode(form, doseq=True))

    def _send(self, person: Person, sent: Sent) -> None:
        """One attempt. Only 303 acknowledges; 503 and silence do not; anything else is wrong."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {
            "Host": "localhost",
            "Cookie": f"session={person.cookie}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            connection.request("POST", f"/cuoc-thi/{self.slug}/binh-chon", sent.body, headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self.unanswered += 1
            time.sleep(0.01)
            return
        finally:
            connection.close()
        if answer.status == 303:
            person.said.append(set(sent.picks))
            person.waiting = None
            self.acknowledged += 1
        elif answer.status == 503:
            self.unanswered += 1
            if b"</h1>" not in body:
                self.problems.append("503 without words")
            time.sleep(0.02)
        else:
            self.problems.append(f"voter {person.voter_id}: {answer.status} {body[:300]!r}")
            person.waiting = None
            self._stop.set()

    # Kills

    def kill_some(self, number: int) -> None:
        """Kill `number` times, each after something was acknowledged since the last."""
        for _ in range(number):
            before, until = self.acknowledged, time.monotonic() + 60
            while self.acknowledged == before and not self._stop.is_set():
                assert time.monotonic() < until, f"nothing is acknowledged any more after {self.kills}"
                time.sleep(0.002)
            if self._stop.is_set():
                return
            time.sleep(self.random.uniform(0, 0.05))
            self._kill_one()

    def _kill_one(self) -> None:
        kinds = {"worker": 60, "group": 12, "sealer": 25}
        if self.cluster is not None:
            kinds |= {"backend": 6, "backend, asked to end": 8}
        kind = self.random.choices(list(kinds), list(kinds.values()))[0]
        if kind == "worker":
            children = Path(f"/proc/{self.server}/task/{self.server}/children").read_text().split()
            if not children:
                return
            _kill(int(self.random.choice(children)))
        elif kind == "group":
            os.killpg(self.server, signal.SIGKILL)
            self.server = self._wish("serve")
        elif kind == "sealer":
            at = self.random.randrange(len(self.sealers))
            _kill(self.sealers[at])
            self.sealers[at] = self._wish("seal")
        else:
            assert self.cluster is not None
            try:
                backends = self.cluster.backends(self.database)
            except psycopg.OperationalError:
                return
            if not backends:
                return
            _kill(self.random.choice(backends), signal.SIGKILL if kind == "backend" else signal.SIGTERM)
        self.kills[kind] += 1

    # What must hold

    def check(self) -> list[str]:
        """Let nobody vote any more, wait for what is under way: what is wrong then, in words."""
        self._going.clear()
        if self.cluster is not None:
            self.cluster.wait_until_up()
        until = time.monotonic() + 60
        for lock, group in zip(self._at_work, self.people, strict=True):
            with lock:
                for person in group:
                    while person.waiting is not None and not self._stop.is_set() and time.monotonic() < until:
                        self._send(person, person.waiting)
        for sealer in self.sealers:
            _kill(sealer)
        return self.wrong()

    def wrong(self) -> list[str]:
        """Seal the rest while nobody votes: what is wrong then, in words."""
        with self.app.app_context():
            contest = db.session.get_one(Contest, self.contest_id)
            while True:
                with writing() as now:
                    signer = log_signer(contest.slug, contest.public_id)
                    if not sealing.seal(contest_id=self.contest_id, signer=signer, now=now, force=True):
                        break
            found = [*self.problems, *self._wrong_in_tables(), *self._wrong_in_log()]
            db.session.remove()
        return found

    def _wrong_in_tables(self) -> list[str]:
        wrong = []
        codes = {row.id: row.public_id for row in db.session.execute(select(Entry.id, Entry.public_id))}
        ballots: dict[int, list[Any]] = {}
        for ballot in db.session.execute(select(Ballot.id, Ballot.voter_id, Ballot.revision, Ballot.ballot_id)):
            ballots.setdefault(ballot.voter_id or 0, []).append(ballot)
        chosen: dict[int, set[str]] = {}
        for ballot_id, entry_id in db.session.execute(select(Choice.ballot_id, Choice.entry_id)):
            chosen.setdefault(ballot_id, set()).add(codes[entry_id])
        leaves: dict[int, list[Any]] = {}
        columns = (Leaf.ballot_id, Leaf.revision, Leaf.choices, Leaf.salt, Leaf.position, Leaf.content)
        for leaf in db.session.execute(select(*columns).where(Leaf.kind == "ballot").order_by(Leaf.revision)):
            leaves.setdefault(leaf.ballot_id, []).append(leaf)
        for person in (each for group in self.people for each in group):
            mine = ballots.pop(person.voter_id, [])
            if len(mine) != bool(person.said):
                wrong.append(f"voter {person.voter_id} has {len(mine)} ballots after {len(person.said)} acknowledged")
                continue
            if not mine:
                continue
            (ballot,) = mine
            if ballot.revision != len(person.said) or chosen.get(ballot.id) != person.said[-1]:
                wrong.append(f"voter {person.voter_id}: not what was acknowledged last")
            kept = leaves.pop(ballot.id, [])
            if [leaf.revision for leaf in kept] != list(range(1, len(person.said) + 1)):
                wrong.append(f"voter {person.voter_id}: leaves {[leaf.revision for leaf in kept]}")
            for leaf, said in zip(kept, person.said, strict=False):
                made = commitment(
                    self.public_id,
                    ballot=ballot.ballot_id,
                    revision=leaf.revision,
                    choices=leaf.choices,
                    salt=leaf.salt,
                )
                if set(leaf.choices) != said or made not in leaf.content or leaf.position is None:
                    wrong.append(f"voter {person.voter_id}: leaf {leaf.revision} is not what was acknowledged")
        if ballots or leaves:
            wrong.append(f"ballots of nobody: {len(ballots)}, leaves of none: {len(leaves)}")
        return wrong

    def _wrong_in_log(self) -> list[str]:
        log = db.session.get_one(BallotLog, self.contest_id, populate_existing=True)
        rows = db.session.execute(
            select(Leaf.position, Leaf.content).where(Leaf.contest_id == self.contest_id).order_by(Leaf.position)
        ).all()
        if [row.position for row in rows] != list(range(log.size)):
            return ["positions are not 0, 1, 2, …"]
        people = sum(bool(person.said) for group in self.people for person in group)
        if log.ballots != people:
            return [f"the log counts {log.ballots} ballots, {people} voted"]
        notes = db.session.scalars(select(Checkpoint.note).order_by(Checkpoint.size)).all()
        with tempfile.TemporaryDirectory(prefix="log-") as name:
            folder = Path(name)
            (folder / "key.txt").write_text(log.key + "\n")
            (folder / "log.jsonl").write_text("".join(row.content + "\n" for row in rows))
            (folder / "checkpoints.txt").write_text("\n".join(notes))
            done = subprocess.run(
                [sys.executable, "-I", str(VERIFIER), name], capture_output=True, text=True, check=False, timeout=600
            )
        return [] if done.returncode == 0 else [done.stdout[-500:] + done.stderr[-500:]]

    def leaves(self) -> int:
        return sum(len(person.said) for group in self.people for person in group)

    def _end(self) -> None:
        for group in (self.server, *self.sealers, self._zygote.pid):
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)

    def close(self) -> None:
        """End every process of this world, and no other."""
        self._stop.set()
        self._going.set()
        for thread in self.threads:
            thread.join(30)
        self._end()
        self._zygote.wait(30)
        for pipe in (self._zygote.stdin, self._zygote.stdout):
            if pipe is not None:
                pipe.close()
        with self.app.app_context():
            db.engine.dispose()
        if self.cluster is not None:
            self.cluster.wait_until_up()
            self.cluster.query(f"DROP DATABASE {self.database} WITH (FORCE)")


def _kill(process: int, kind: signal.Signals = signal.SIGKILL) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, kind)


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.voting.killing", description=__doc__.splitlines()[0])
    options.add_argument("--kills", type=int, default=5_000)
    options.add_argument("--each", type=int, default=500, help="kills before everything is checked and begun anew")
    options.add_argument("--postgres", action="store_true", help="on a PostgreSQL of one's own, killed too")
    given = options.parse_args()
    total: Counter[str] = Counter()
    acknowledged = leaves = unanswered = 0
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        cluster = Cluster() if given.postgres else None
        try:
            while sum(total.values()) < given.kills:
                world = World(Path(tempfile.mkdtemp(dir=name)), cluster, secrets.randbits(32))
                try:
                    world.kill_some(min(given.each, given.kills - sum(total.values())))
                    wrong = world.check()
                finally:
                    world.close()
                total += world.kills
                acknowledged += world.acknowledged
                unanswered += world.unanswered
                leaves += world.leaves()
                sys.stdout.write(
                    f"{time.strftime('%H:%M:%S')} kills {sum(total.values()):,} {dict(total)}; acknowledged"
                    f" {acknowledged:,}, unanswered and sent again {unanswered:,}; wrong: {len(wrong)}\n"
                )
                sys.stdout.writelines(f"  {each}\n" for each in wrong[:20])
                sys.stdout.flush()
                if wrong:
                    return 1
        finally:
            if cluster is not None:
                cluster.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
