"""A simulated vote: who casts how many ballots, how many of them people are shown, how many are refused.

    make election                       300,000 voters (minutes)
    make election ARGS="--voters 5000 --seed 3"
    make election ARGS="--postgres URL" on an empty PostgreSQL database

Twelve kinds of voters, drawn from a seed, go through the real reading of contacts, traces, casting,
proofs of work and detection; a sample goes through the pages. What comes out is stated in
docs/decisions/bots-and-mobs.md. The law of a persona is written beside it: no figure here is tuned to
a seed, and tests run several.
"""

from __future__ import annotations

import argparse
import logging
import math
import os
import random
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
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, insert, select

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
FINALISTS = 12
# The share of each persona among all who try; the rest is honest.
SHARES = {
    "forgetful": 0.04,
    "switching devices": 0.04,
    "plus-tags": 0.004,
    "disposable mail": 0.01,
    "scripted": 0.05,
    "slow scripted": 0.01,
    "replayed challenges": 0.007,
    "school": 0.03,
    "mobilised unit": 0.06,
    "seller": 0.02,
}
JUDGES = 5
HONEST = ("honest", "forgetful", "switching devices", "school")
_COMMIT_EVERY = 2_000


@dataclass(slots=True)
class Try:
    """One person or program that proves a contact and votes."""

    persona: str
    at: datetime
    contact: str
    network: str
    device: str
    agent: str
    seconds: int
    picks: tuple[int, ...]
    work: int = 0
    work_ms: int | None = None
    replays: int = 0


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


class Crowd:
    """Draws who votes, when, from where and how. Everything comes from one seed."""

    def __init__(self, seed: int, voters: int, opens: datetime, closes: datetime, most: int) -> None:
        self.random = random.Random(seed)
        self.voters, self.opens, self.days, self.most = voters, opens, max(1, (closes - opens).days - 1), most
        self.serial = 0
        self.agents = [f"Mozilla/5.0 (telephone {number})" for number in range(120)]
        self.agent_weights = [1 / (number + 2) for number in range(120)]
        self.carriers = [f"171.{240 + number}.{number}.1" for number in range(12)]
        self.homes = max(200, voters // 60)
        self.popular = [1 / (number + 1.5) for number in range(FINALISTS)]
        self.random.shuffle(self.popular)

    def everybody(self) -> Iterator[Try]:
        counted = {name: max(40, round(self.voters * share)) for name, share in SHARES.items()}
        for _ in range(self.voters - sum(counted.values())):
            yield self.honest("honest")
        makers: dict[str, Callable[[int], Iterator[Try]]] = {
            "forgetful": self.forgetful,
            "switching devices": self.switching,
            "plus-tags": self.plus_tags,
            "disposable mail": self.disposable,
            "scripted": self.scripted,
            "slow scripted": self.slow,
            "replayed challenges": self.replaying,
            "school": self.schools,
            "mobilised unit": self.mobilised,
            "seller": self.sellers,
        }
        for name, number in counted.items():
            yield from makers[name](number)

    # Laws

    def moment(self, day: int | None = None, hours: tuple[float, float] = (6, 23)) -> datetime:
        """A moment of a day as people keep it: most in the evening, a few at night."""
        day = self.random.randrange(self.days) if day is None else day % self.days
        if hours == (6, 23) and self.random.random() < 0.03:
            hours = (0, 6)
        hour = self.random.triangular(*hours, min(20.0, hours[1]))
        return self.opens + timedelta(days=day, hours=hour + 0.5 * self.random.random())

    def person_seconds(self) -> int:
        """From sending to typing: a quarter have the code filled in for them, the others look it up."""
        if self.random.random() < 0.25:
            return int(self.random.lognormvariate(math.log(11), 0.35))
        return int(self.random.lognormvariate(math.log(28), 0.6))

    def network(self) -> str:
        if self.random.random() < 0.4:
            return self.random.choice(self.carriers)
        # A few thousand neighbourhoods, some with many readers.
        home = int(self.homes * self.random.random() ** 2)
        return f"14.{home // 250 % 250}.{home % 250}.{self.random.randrange(1, 250)}"

    def agent(self) -> str:
        return self.random.choices(self.agents, self.agent_weights)[0]

    def device(self) -> str:
        self.serial += 1
        return f"device-{self.serial}"

    def number(self) -> str:
        self.serial += 1
        return f"09{self.random.choice('01234678')}{self.random.randrange(10**7):07d}"

    def mailbox(self) -> str:
        self.serial += 1
        names = ("nguyen", "tran", "le", "pham", "hoang", "vu", "dang", "bui", "do", "ho")
        name = f"{self.random.choice(names)}{self.random.choice('abcdefghklmnpqrstv')}{self.random.choice(names)}"
        domain = self.random.choices(
            ("gmail.com", "yahoo.com", "outlook.com", "icloud.com", "anlam.edu.vn", "company"),
            (80, 5, 3, 2, 5, 5),
        )[0]
        if domain == "company":
            domain = f"congty{self.random.randrange(800)}.vn"
        return f"{name}{self.serial}@{domain}"

    def contact(self) -> str:
        return self.number() if self.random.random() < 0.5 else self.mailbox()

    def picks(self, first: int | None = None) -> tuple[int, ...]:
        wanted = self.random.choices((1, 2, 3), (55, 20, 25))[0]
        chosen = [] if first is None else [first]
        while len(chosen) < min(wanted, self.most):
            one = self.random.choices(range(FINALISTS), self.popular)[0]
            if one not in chosen:
                chosen.append(one)
        return tuple(chosen)

    # Personas

    def honest(self, persona: str, at: datetime | None = None) -> Try:
        device = self.device()
        if self.random.random() < 0.08:
            device = f"family-{self.serial // 3}"  # a telephone of the family
        elif self.random.random() < 0.001:
            device = f"tablet-{self.random.randrange(1 + self.voters // 20_000)}"  # of a commune's library
        return Try(
            persona,
            at or self.moment(),
            self.contact(),
            self.network(),
            device,
            self.agent(),
            self.person_seconds(),
            self.picks(),
        )

    def forgetful(self, number: int) -> Iterator[Try]:
        """Votes, forgets it, proves the contact again days later, and votes the same or otherwise."""
        for _ in range(number // 2):
            first = self.honest("forgetful")
            yield first
            later = first.at + timedelta(days=self.random.choice((0, 1, 2)), minutes=self.random.randrange(5, 600))
            again = self.picks() if self.random.random() < 0.5 else first.picks
            yield self._changed(first, at=min(later, self._last()), picks=again, seconds=self.person_seconds())

    def switching(self, number: int) -> Iterator[Try]:
        """The telephone first, the computer later."""
        for _ in range(number // 2):
            first = self.honest("switching devices")
            yield first
            later = min(first.at + timedelta(minutes=self.random.randrange(5, 3000)), self._last())
            yield self._changed(
                first, at=later, device=self.device(), agent=self.agent(), network=self.network(), picks=self.picks()
            )

    def plus_tags(self, number: int) -> Iterator[Try]:
        """One person, one mailbox, eight names: one voter with Gmail, not with a domain of one's own."""
        for person in range(number // 8):
            base, domain = f"nguoi.kheo{person}", "gmail.com" if person % 2 else f"rieng{person}.vn"
            first = self.honest("plus-tags")
            for tag in range(8):
                at = min(first.at + timedelta(minutes=tag * self.random.uniform(1, 4)), self._last())
                yield self._changed(first, at=at, contact=f"{base}+{tag}@{domain}", seconds=self.person_seconds())

    def disposable(self, number: int) -> Iterator[Try]:
        for each in range(number):
            one = self.honest("disposable mail")
            domain = self.random.choice(("mailinator.com", "yopmail.com", "10minutemail.com", "guerrillamail.com"))
            yield self._changed(one, contact=f"x{each}{self.random.randrange(10**6)}@{domain}")

    def scripted(self, number: int) -> Iterator[Try]:
        """Campaigns of some hours, each in one of four styles; codes are typed as soon as they come."""
        left, campaign = number, 0
        while left > 0:
            size = min(left, max(60, int(number * self.random.uniform(0.15, 0.5))))
            yield from self._campaign(
                size, ("catch-all", "numbers", "bought mailboxes", "fast")[campaign % 4], campaign
            )
            left, campaign = left - size, campaign + 1

    def _campaign(self, size: int, style: str, campaign: int) -> Iterator[Try]:
        wide = {"catch-all": 20, "numbers": 60, "bought mailboxes": 200, "fast": 10}[style]
        networks = [f"{self.random.choice((23, 45, 103, 185))}.{campaign % 250}.{each % 250}.7" for each in range(wide)]
        count = {"catch-all": 1, "numbers": 3, "bought mailboxes": 5, "fast": 1}[style]
        agents = self.random.sample(self.agents, count) if style != "fast" else [f"python-requests/2.{campaign}"]
        low, spread = {"catch-all": (4, 2), "numbers": (7, 3), "bought mailboxes": (9, 4), "fast": (1, 1)}[style]
        low += self.random.randrange(3) if style != "fast" else 0
        # In a night or a day, at up to some hundred an hour; the larger the campaign the longer.
        begin = self.opens + timedelta(days=self.random.randrange(self.days), hours=self.random.uniform(0, 20))
        length = timedelta(hours=self.random.uniform(1, 3) + size / 1_500)
        target, fills = self.random.randrange(FINALISTS), self.random.random() < 0.5
        series = self.random.randrange(10**4)
        for each in range(size):
            contact = {
                "catch-all": f"u{self.random.randrange(10**8)}@chung{campaign}.xyz",
                "numbers": f"098{series:04d}{each % 1000:03d}" if each < 1000 else self.number(),
                "bought mailboxes": f"{self.random.choice('abcdefgh')}{self.random.randrange(10**9)}@gmail.com",
                "fast": f"u{self.random.randrange(10**8)}@nhanh{campaign}.top",
            }[style]
            at = min(begin + self.random.random() * length, self._last())
            yield Try(
                "scripted",
                at,
                contact,
                self.random.choice(networks),
                self.device(),
                self.random.choice(agents),
                low + int(self.random.random() * spread),
                self.picks(target) if fills else (target,),
                work=1,
                work_ms=self.random.randrange(1_600, 4_000),
            )

    def slow(self, number: int) -> Iterator[Try]:
        """A program with patience: all days, networks of homes, everybody's browsers, a person's delays."""
        target = self.random.randrange(FINALISTS)
        for _ in range(number):
            yield self._changed(self.honest("slow scripted"), picks=self.picks(target))

    def replaying(self, number: int) -> Iterator[Try]:
        """A program that first tries proofs of work that were used, and then does the work."""
        networks = [f"91.{each % 200}.9.3" for each in range(30)]
        for _ in range(number):
            one = self.honest("replayed challenges")
            yield self._changed(
                one,
                network=self.random.choice(networks),
                work=2,
                work_ms=self.random.randrange(1_600, 6_000),
                replays=1,
            )

    def schools(self, number: int) -> Iterator[Try]:
        """Some hundred pupils behind one address in 40 minutes; every third school in its computer room."""
        left, school = number, 0
        while left > 0:
            size = min(left, 500)
            begin = self.moment(hours=(8, 16))
            own, lab = self.random.randrange(FINALISTS), self.agent()
            for each in range(size):
                at = begin + timedelta(minutes=40 * self.random.random())
                one = self.honest("school", at)
                contact = self.number() if self.random.random() < 0.4 else f"hs{self.serial}@thpt{school}.edu.vn"
                changed: dict[str, Any] = {"network": f"203.113.{school % 250}.9", "contact": contact}
                if self.random.random() < 0.6:
                    changed["picks"] = self.picks(own)
                if school % 3 == 2:
                    # Thirty machines in turn, each pupil for as long as it takes.
                    changed |= {
                        "device": f"lab-{school}-{each % 30}",
                        "agent": lab,
                        "at": begin + timedelta(minutes=40 * (each // 30 + self.random.random() * 0.5) / (size / 30)),
                    }
                yield self._changed(one, **changed)
            left, school = left - size, school + 1

    def mobilised(self, number: int) -> Iterator[Try]:
        """Units told to vote for their entry: one working day, half from the office, their own telephones."""
        left, unit = number, 0
        while left > 0:
            size = min(left, self.random.randrange(150, 900))
            day, own = self.random.randrange(self.days), self.random.randrange(FINALISTS)
            for _ in range(size):
                one = self.honest("mobilised unit", self.moment(day, (7.5, 17)))
                changed: dict[str, Any] = {"picks": (own,)} if self.random.random() < 0.9 else {}
                if self.random.random() < 0.5:
                    changed["network"] = f"113.160.{unit % 250}.2"
                yield self._changed(one, **changed)
            left, unit = left - size, unit + 1

    def sellers(self, number: int) -> Iterator[Try]:
        """People who are paid for their own vote: nothing but the choice is anybody else's."""
        target, day = self.random.randrange(FINALISTS), self.random.randrange(self.days)
        for _ in range(number):
            at = self.moment(day + self.random.randrange(3), (18, 23))
            yield self._changed(self.honest("seller", at), picks=(target,))

    def _last(self) -> datetime:
        return self.opens + timedelta(days=self.days) - timedelta(minutes=1)

    @staticmethod
    def _changed(one: Try, **values: Any) -> Try:
        found = {name: getattr(one, name) for name in Try.__slots__} | values
        return Try(**found)


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
    kinds = Counter({kind: number for kind, number in counted})
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
            known.update({tag: voter_id for tag, voter_id in db.session.execute(query)})


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
