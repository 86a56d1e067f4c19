"""A simulated vote: who casts how many ballots, how many of them people are shown, how many are refused.

    make election                       300,000 voters (minutes)
    make election ARGS="--voters 5000 --seed 3"
    make election ARGS="--postgres URL" on an empty PostgreSQL database

Twelve kinds of voters, drawn from a seed, go through the real reading of contacts, traces, casting,
proofs of work and detection; a sample goes through the pages. What comes out is stated in
docs/decisions/bots-and-mobs.md. The laws of the personas stand in
bench/crowd.py; no figure here is tuned to a seed.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, insert, select

from bench.crowd import FINALISTS, SHARES, Crowd, Try
from contest.app import create_app
from contest.contests.models import Contest
from contest.core import clock
from contest.core.db import db, writing
from contest.core.errors import Refused
from contest.outbox.models import Message
from contest.voting import detection, traces, work
from contest.voting.contacts import read_any
from contest.voting.domains import classify, domain_of
from contest.voting.identity import secret_of
from contest.voting.models import Ballot, Voter
from contest.voting.models_review import Finding, FindingBallot
from contest.voting.rules import tag_of
from contest.voting.services import admit_voter, cast_ballot
from tests.conftest import START, settings_for
from tests.factories import make_staff
from tests.factories.voting import make_vote, voting_window

ROOT = Path(__file__).parents[1]
JUDGES = 5
HONEST = ("honest", "forgetful", "switching devices", "school")
_COMMIT_EVERY = 2_000


@dataclass
class Outcome:
    """What became of a persona."""

    tries: int = 0
    ballots: int = 0
    flagged: int = 0
    refused: int = 0

    @property
    def share(self) -> float:
        return self.flagged / self.ballots if self.ballots else 0.0


@dataclass
class Report:
    personas: dict[str, Outcome]
    findings: Counter[str]
    seconds: float
    looking: float
    over_http: dict[str, int] = field(default_factory=dict)

    @property
    def honest_share(self) -> float:
        """Flagged among the ballots of everybody who did nothing that anybody could object to."""
        cast = sum(self.personas[name].ballots for name in HONEST)
        return sum(self.personas[name].flagged for name in HONEST) / cast


def hold(
    app: Flask, *, voters: int, seed: int, over_http: int = 0, say: Callable[[str], None] = lambda _: None
) -> Report:
    """Hold the vote and look through it, inside an application context on an empty migrated database."""
    contest, entries = make_vote(finalists=FINALISTS)
    slug, contest_id = contest.slug, contest.id
    opens, closes = voting_window(contest)
    judges = [make_staff(contest, "judge") for _ in range(JUDGES)]
    for number, judge in enumerate(judges):
        judge.phone = f"+8490{number:07d}"
    db.session.commit()
    names = [entry.public_id for entry in entries]
    judge_contacts = [judge.email if contest.rules.voting.identity == "email_otp" else judge.phone for judge in judges]
    outcomes = {name: Outcome() for name in ("honest", *SHARES, "judge")}
    for contact in judge_contacts:
        outcomes["judge"].tries += 1
        outcomes["judge"].refused += _is_refused(contest_id, slug, contact, names, opens + timedelta(hours=2))
    http = Counter(_over_http(app, slug, names, opens, over_http)) if over_http else Counter()
    begun, looking = time.process_time(), 0.0
    tries = sorted(Crowd(seed, voters, opens, closes, _most(contest_id)).everybody(), key=lambda one: one.at)
    with writing():
        secret = secret_of(contest_id)
    personas: dict[int, str] = {}
    known: dict[str, int] = {}
    spent = _used_proof(app, contest_id, opens)
    next_look = opens + timedelta(hours=2)
    for start in range(0, len(tries), _COMMIT_EVERY):
        part = tries[start : start + _COMMIT_EVERY]
        with writing():
            _admit(contest_id, secret, part, known)
            for one in part:
                _vote(app, contest_id, slug, secret, one, known, personas, names, outcomes[one.persona], spent)
        if part[-1].at >= next_look:
            before = time.process_time()
            _look(slug, part[-1].at)
            looking += time.process_time() - before
            next_look = part[-1].at + timedelta(hours=2)
            say(f"{start + len(part):,} of {len(tries):,}")
    before = time.process_time()
    while _look(slug, closes + timedelta(hours=1)):
        pass
    looking += time.process_time() - before
    _count(contest_id, personas, outcomes)
    db.session.rollback()
    counted = db.session.execute(select(Finding.kind, func.count(Finding.id)).group_by(Finding.kind))
    kinds = Counter(dict(tuple(row) for row in counted))
    return Report(outcomes, kinds, time.process_time() - begun, looking, dict(http))


def _most(contest_id: int) -> int:
    contest = db.session.get(Contest, contest_id)
    assert contest is not None
    return contest.rules.voting.choices_max


def _look(slug: str, now: datetime) -> int:
    contest = db.session.scalars(select(Contest).where(Contest.slug == slug)).one()
    contest_id = contest.id
    looked = detection.examine(contest, now)
    db.session.rollback()
    with writing():
        return detection.keep(contest_id, looked, now)


def _is_refused(contest_id: int, slug: str, contact: str | None, names: list[str], now: datetime) -> bool:
    assert contact
    with writing():
        contest = db.session.get_one(Contest, contest_id)
        voter_id = admit_voter(contest=contest, typed=contact, now=now)
    try:
        with writing():
            cast_ballot(slug=slug, voter_id=voter_id, picks=names[:1], now=now)
    except Refused:
        return True
    return False


def _used_proof(app: Flask, contest_id: int, opens: datetime) -> str:
    """A proof of work that somebody has used already."""
    wall = datetime.now(UTC)
    key = app.config["SECRET_KEY"]
    payload = work.solved(work.challenge(key=key, contest="election", session_id="one", level=1, wall=wall))
    with writing():
        assert work.check(payload, key=key, contest="election", session_id="one", level=1, wall=wall).problem is None
    return payload


def _admit(contest_id: int, secret: str, part: list[Try], known: dict[str, int]) -> None:
    """Voters of those who come for the first time, as identity.voter_of makes them, many at once."""
    fresh = {}
    for one in part:
        tag = tag_of(secret, read_any(one.contact).key)
        if tag not in known and tag not in fresh:
            fresh[tag] = {
                "contest_id": contest_id,
                "tag": tag,
                "order_seed": tag[:16],
                "created_at": one.at.replace(minute=0, second=0, microsecond=0),
            }
    if fresh:
        db.session.execute(insert(Voter), list(fresh.values()))
        tags = list(fresh)
        for first in range(0, len(tags), 500):
            query = select(Voter.tag, Voter.id).where(
                Voter.contest_id == contest_id, Voter.tag.in_(tags[first : first + 500])
            )
            known.update((tag, voter_id) for tag, voter_id in db.session.execute(query))


def _vote(
    app: Flask,
    contest_id: int,
    slug: str,
    secret: str,
    one: Try,
    known: dict[str, int],
    personas: dict[int, str],
    names: list[str],
    outcome: Outcome,
    spent: str,
) -> None:
    outcome.tries += 1
    key = read_any(one.contact).key
    voter_id = known[tag_of(secret, key)]
    if one.replays:
        shown = work.check(
            spent,
            key=app.config["SECRET_KEY"],
            contest="election",
            session_id="one",
            level=1,
            wall=datetime.now(UTC),
        )
        outcome.refused += shown.problem == "spent"
    traces.note(
        contest_id=contest_id,
        voter_id=voter_id,
        channel="email_otp" if "@" in key else "vn_mobile_otp",
        address=one.network,
        device=one.device,
        agent=one.agent,
        contact=key,
        domain=classify(domain_of(key)),
        code_seconds=one.seconds,
        work=one.work,
        work_ms=one.work_ms,
        replays=one.replays,
        now=one.at,
    )
    cast_ballot(slug=slug, voter_id=voter_id, picks=[names[pick] for pick in one.picks], now=one.at)
    personas.setdefault(voter_id, one.persona)


def _count(contest_id: int, personas: dict[int, str], outcomes: dict[str, Outcome]) -> None:
    flagged = set(db.session.scalars(select(FindingBallot.ballot_id).distinct()))
    rows = db.session.execute(select(Ballot.id, Ballot.voter_id).where(Ballot.contest_id == contest_id))
    for ballot_id, voter_id in rows:
        if voter_id in personas:
            outcome = outcomes[personas[voter_id]]
            outcome.ballots += 1
            outcome.flagged += ballot_id in flagged


def _over_http(app: Flask, slug: str, names: list[str], opens: datetime, number: int) -> Iterator[str]:
    """Voters through the pages, as a browser without scripts sends them: what became of each."""
    still = clock.StillClock(opens + timedelta(hours=3))
    before = clock._running[0]  # noqa: SLF001 -- put back as it was
    clock.use(still)
    try:
        for each in range(number):
            client = app.test_client()
            where = {"REMOTE_ADDR": f"14.0.{each % 250}.9"}
            booth = f"/cuoc-thi/{slug}/binh-chon"
            contact = f"096{each * 7_919 % 10**7:07d}"
            client.post(booth, data={"pick": names[each % len(names)]}, environ_base=where)
            sent = client.post(f"{booth}/xac-thuc", data={"contact": contact}, environ_base=where)
            if sent.status_code != 303 or not sent.location.endswith("/ma"):
                yield f"no code ({sent.status_code})"
                continue
            message = db.session.scalars(
                select(Message).where(Message.address == "+84" + contact[1:]).order_by(Message.id.desc()).limit(1)
            ).one()
            code = str(message.params["code"])
            db.session.rollback()
            client.post(f"{booth}/ma", data={"code": code}, environ_base=where)
            page = client.get(f"{booth}/da-gui", environ_base=where)
            yield "voted" if re.search(r"[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}", page.text) else "no ballot"
    finally:
        clock.use(before)


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench.election", description=__doc__.splitlines()[0])
    options.add_argument("--voters", type=int, default=300_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--http", type=int, default=50, help="voters through the pages as well")
    options.add_argument("--postgres", default="", metavar="URL", help="an empty PostgreSQL database to use")
    given = options.parse_args()
    logging.disable(logging.WARNING)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    print(f"commit {commit or 'unknown'}, {os.cpu_count()} cores, seed {given.seed}, {given.voters:,} voters")
    with tempfile.TemporaryDirectory(prefix="election-") as name:
        still = clock.StillClock(START)
        app = create_app(
            settings_for(Path(name), given.postgres), TESTING=True, WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False
        )
        clock.use(still)
        with app.app_context():
            upgrade()
            report = hold(
                app,
                voters=given.voters,
                seed=given.seed,
                over_http=given.http,
                say=lambda text: print(text, file=sys.stderr, flush=True),
            )
    show(report)
    return 0


def show(report: Report) -> None:
    print("\n| persona | tries | ballots | flagged | share | refused |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, each in report.personas.items():
        print(
            f"| {name} | {each.tries:,} | {each.ballots:,} | {each.flagged:,} | {each.share:.2%} | {each.refused:,} |"
        )
    findings = ", ".join(f"{kind} {number}" for kind, number in sorted(report.findings.items()))
    print(f"\nHonest ballots flagged: {report.honest_share:.3%}. Findings: {findings}.")
    print(
        f"CPU {report.seconds:,.0f} s, of which looking {report.looking:,.0f} s. Through the pages: {report.over_http}."
    )


if __name__ == "__main__":
    sys.exit(main())
