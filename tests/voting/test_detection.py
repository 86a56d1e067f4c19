"""What is shown to people of the ballots cast, and what is not: signs of machines, never of crowds."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from bench.election import hold
from contest.contests.models import Contest
from contest.core.clock import StillClock
from contest.core.db import db, writing
from contest.voting import detection, traces
from contest.voting.contacts import read_any
from contest.voting.identity import secret_of
from contest.voting.models import Ballot
from contest.voting.models_review import Finding, FindingBallot, VoteLook, VoterTrace
from contest.voting.signs import FASTEST, Row, Usual, look_at
from contest.voting.tasks_detection import look_through_votes
from tests.conftest import VIETNAM
from tests.factories.voting import during, make_vote, make_voter, vote, voting_window

NOON = datetime(2027, 5, 20, 12, 0, tzinfo=VIETNAM)


# The signs by themselves


def crowd(size: int, seed: int = 1, **same: Any) -> list[Row]:
    """People within twenty minutes; `same` is what they have in common."""
    drawn = random.Random(seed)
    rows = []
    for number in range(size):
        values: dict[str, Any] = {
            "network": f"n{drawn.randrange(200)}",
            "device": f"d{number}",
            "agent": f"a{drawn.choices(range(30), [1 / (each + 2) for each in range(30)])[0]}",
            "family": f"f{drawn.randrange(300)}",
            "seconds": max(4, int(drawn.lognormvariate(3.3, 0.6))),
            "pattern": f"p{drawn.randrange(12)}",
        } | same
        rows.append(Row(1_000 * seed + number, NOON + timedelta(seconds=drawn.random() * 1200), **values))
    return rows


def program(size: int, seed: int = 900, **values: Any) -> list[Row]:
    """A program that types codes as they come: five browsers, many networks, one choice."""
    drawn = random.Random(seed)
    return [
        Row(
            1_000 * seed + number,
            NOON + timedelta(seconds=drawn.random() * 1200),
            **{
                "network": f"x{drawn.randrange(60)}",
                "device": f"y{number}",
                "agent": f"a{drawn.randrange(20, 25)}",
                "family": f"z{drawn.randrange(60)}",
                "domain": "unknown",
                "seconds": 9 + drawn.randrange(3),
                "pattern": "p1",
            }
            | values,
        )
        for number in range(size)
    ]


def learnt() -> Usual:
    usual = Usual()
    for seed in range(2, 12):
        usual.learn(crowd(100, seed))
    return usual


def ids(found: Sequence[Any]) -> set[int]:
    return {row.id for each in found for row in each.rows}


@pytest.mark.parametrize(
    "same",
    [
        {},
        {"network": "school"},
        {"network": "school", "pattern": "own"},
        {"network": "school", "family": "school.edu.vn", "domain": "unknown"},
        {"network": "office", "pattern": "own", "agent": "company telephone"},
        {"network": "office", "pattern": "own", "agent": "company telephone", "family": "x.vn", "domain": "unknown"},
    ],
)
@pytest.mark.parametrize("seed", range(30, 36))
def test_what_a_crowd_does_by_itself_is_no_sign(same: dict[str, Any], seed: int) -> None:
    assert look_at(crowd(500, seed, **same), learnt()) == []


@pytest.mark.parametrize("seed", range(900, 906))
def test_a_program_is_seen_among_people_and_they_are_not_taken_with_it(seed: int) -> None:
    people, machines = crowd(300, 40), program(60, seed)
    found = look_at(people + machines, learnt())
    taken = ids(found)
    assert len(taken & {row.id for row in machines}) >= 57
    # Somebody may type in the same seconds, with one of the same browsers, for the same entry.
    assert len(taken & {row.id for row in people}) <= 4
    assert {each.kind for each in found} == {"same_time"}
    assert all(each.seen > each.usual for each in found)


def test_nobody_types_a_code_within_three_seconds() -> None:
    rows = crowd(50)
    rows[7].seconds, rows[8].seconds = FASTEST, FASTEST + 1
    found = look_at(rows, learnt())
    assert [(each.kind, ids([each])) for each in found] == [("fast_code", {rows[7].id})]


def test_one_device_at_the_pace_of_a_machine() -> None:
    def on_one(seconds: float) -> list[Row]:
        rows = crowd(12, device="one")
        for number, row in enumerate(rows):
            row.at = NOON + timedelta(seconds=number * seconds)
        return rows

    assert {each.kind for each in look_at(on_one(10), learnt())} == {"device_pace"}
    assert look_at(on_one(70), learnt()) == []  # a library's tablet, handed on


def test_arrivals_like_a_clock_with_something_in_common() -> None:
    rows = crowd(30, network="one", agent="a29", pattern="p1", family="odd.vn", domain="unknown")
    for number, row in enumerate(rows):
        row.at = NOON + timedelta(seconds=number * 37)
    assert {each.kind for each in look_at(crowd(100, 50) + rows, learnt())} == {"clockwork"}


def test_replayed_work_alone_is_not_enough() -> None:
    rows = crowd(200)
    rows[3].replays = 1  # the button pressed twice
    assert look_at(rows, learnt()) == []
    for row in (machines := program(20, seconds=None, agent="a29")):
        row.replays = 2
    assert ids(look_at(rows + machines, learnt())) >= {row.id for row in machines}


def test_a_finding_names_no_entry() -> None:
    rows = program(60)
    for row in rows:
        row.entries = (77,)
    assert not any("77" in each.subject for each in look_at(crowd(200) + rows, learnt()))


# In the tables


def cast(contest: Contest, entry: Any, at: datetime, *, contact: str = "", **trace: Any) -> int:
    """A voter with a trace and a ballot; the ballot's id."""
    voter_id = make_voter(contest, contact)
    with writing():
        secret_of(contest.id)
        values: dict[str, Any] = {
            "channel": "vn_mobile_otp",
            "address": f"14.0.{voter_id % 250}.1",
            "device": f"d{voter_id}",
            "agent": f"a{voter_id % 7}",
            "contact": read_any(contact).key if contact else f"+84{voter_id * 7_919 % 10**9:09d}",
            "code_seconds": 20 + voter_id % 40,
        }
        traces.note(contest_id=contest.id, voter_id=voter_id, now=at, **values | trace)
    vote(db.session.get_one(Contest, contest.id), [entry], voter_id, at)
    ballot_id = db.session.scalars(select(Ballot.id).where(Ballot.voter_id == voter_id)).one()
    db.session.commit()
    return ballot_id


def looked(contest: Contest, now: datetime) -> int:
    contest_id = contest.id
    with writing():
        return detection.look(db.session.get_one(Contest, contest_id), now)


def found(kind: str) -> list[tuple[str, int]]:
    rows = db.session.execute(
        select(Finding.subject, Finding.ballots).where(Finding.kind == kind).order_by(Finding.id)
    ).all()
    return [(subject, ballots) for subject, ballots in rows]


def test_throw_away_mail_fast_codes_and_rows_of_numbers(app: Flask) -> None:
    contest, entries = make_vote()
    at = during(contest)
    for number in range(4):
        cast(contest, entries[0], at, domain="throwaway", address=f"14.0.{number}.1")
    fast = cast(contest, entries[1], at, code_seconds=2)
    for number in range(20):
        cast(contest, entries[2], at, contact=f"09012345{number:02d}")
    assert looked(contest, at + timedelta(hours=1)) == 25
    assert len(found("throwaway")) == 4
    assert found("fast_code")[0][1] == 1
    assert [ballots for _, ballots in found("number_range")] == [20]
    rows = select(FindingBallot.ballot_id).join(Finding).where(Finding.kind == "fast_code")
    assert db.session.scalars(rows).all() == [fast]


def test_a_ballot_is_read_with_its_window_its_day_and_once_after_the_close(app: Flask, clock: StillClock) -> None:
    contest, entries = make_vote()
    at = during(contest)
    cast(contest, entries[0], at)
    assert looked(contest, at + timedelta(minutes=1)) == 0  # its twenty minutes are not over
    assert looked(contest, at + timedelta(minutes=30)) == 1
    assert looked(contest, at + timedelta(minutes=31)) == 0
    assert looked(contest, at + timedelta(days=1)) == 1
    assert looked(contest, at + timedelta(days=1, hours=1)) == 0
    closes = voting_window(contest)[1]
    clock.instant = closes + timedelta(hours=1)
    assert [look_through_votes() for _ in range(4)] == [1, 2, 0, 0]
    assert db.session.scalars(select(VoteLook.whole_at)).one() is not None


def test_a_finding_grows_in_its_row_and_stays_dismissed(app: Flask) -> None:
    contest, entries = make_vote()
    at = during(contest)
    cast(contest, entries[0], at, contact="0901111111", domain="throwaway", device="one")
    looked(contest, at + timedelta(hours=1))
    finding = db.session.scalars(select(Finding)).one()
    public_id = finding.public_id
    finding.state = "dismissed"
    db.session.commit()
    contest = db.session.scalars(select(Contest).where(Contest.slug == contest.slug)).one()
    cast(contest, entries[0], at + timedelta(hours=2), contact="0901111112", domain="throwaway")
    looked(contest, at + timedelta(hours=4))
    again = db.session.scalars(select(Finding)).one()
    assert (again.public_id, again.ballots, again.state) == (public_id, 2, "dismissed")


def test_two_looks_at_once_keep_one(app: Flask) -> None:
    contest, entries = make_vote()
    at = during(contest)
    cast(contest, entries[0], at, domain="throwaway")
    contest_id, now = contest.id, at + timedelta(hours=1)
    first = detection.examine(contest, now)
    second = detection.examine(db.session.get_one(Contest, contest_id), now)
    with writing():
        assert detection.keep(contest_id, first, now) == 1
    with writing():
        assert detection.keep(contest_id, second, now) == 0


def test_a_trace_holds_no_address_number_or_minute(app: Flask) -> None:
    contest, entries = make_vote()
    cast(contest, entries[0], during(contest) + timedelta(minutes=17, seconds=3), contact="0901234567")
    trace = db.session.scalars(select(VoterTrace)).one()
    assert (trace.hour.minute, trace.hour.second) == (0, 0)
    kept = " ".join(str(getattr(trace, column.key)) for column in VoterTrace.__table__.columns)
    assert "901234" not in kept
    assert "14.0" not in kept
    assert all(len(value) == 16 for value in (trace.network, trace.device, trace.agent, trace.family, trace.stem))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.113.130.9", "203.113.130.250", True),
        ("203.113.130.9", "203.113.131.9", False),
        ("2001:ee0:4f5::1", "2001:ee0:4f5:9999::2", True),
        ("2001:ee0:4f5::1", "2001:ee0:4f6::1", False),
        ("::ffff:203.113.130.9", "203.113.130.9", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("no address", "", True),
    ],
)
def test_networks(one: str, other: str, same: bool) -> None:
    assert (traces.network_of(one) == traces.network_of(other)) is same


@pytest.mark.parametrize(
    ("one", "other", "kind", "same"),
    [
        ("+84901234567", "+84901234599", "n", True),
        ("+84901234567", "+84901234667", "n", False),
        ("lan+1@rieng.vn", "lan+2@rieng.vn", "p", True),
        ("lan+1@rieng.vn", "mai+1@rieng.vn", "p", False),
        ("lan01@gmail.com", "lan02@gmail.com", "m", True),
        ("lan01@gmail.com", "lan02@yahoo.com", "m", False),
    ],
)
def test_stems(one: str, other: str, kind: str, same: bool) -> None:
    secret = "ab" * 32
    assert traces.stem_of(secret, one)[0] == kind
    assert (traces.stem_of(secret, one) == traces.stem_of(secret, other)) is same


# The whole of it


# ELECTION_SEEDS=5 holds five of them, each of another seed.
SEEDS = range(1, 1 + int(os.environ.get("ELECTION_SEEDS", "1")))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_simulated_vote(sqlite_app: Flask, app: Flask, seed: int) -> None:
    """Five thousand voters of twelve kinds. Seeds differ, the law does not: nothing is tuned to one."""
    # The other database runs the same statements: a small vote shows that it takes them.
    report = hold(app, voters=5_000 if app is sqlite_app else 1_200, seed=seed, over_http=5)
    scripted, judge, replayed = (report.personas[name] for name in ("scripted", "judge", "replayed challenges"))
    assert scripted.share >= 0.95
    assert report.honest_share <= 0.005
    assert report.personas["school"].share <= 0.01
    assert report.personas["mobilised unit"].share <= 0.01
    assert (judge.ballots, judge.refused) == (0, judge.tries)
    assert replayed.refused == replayed.tries
    assert report.personas["disposable mail"].share == 1.0
    assert report.over_http == {"voted": 5}
    # One mailbox with Gmail is one voter, whatever stands behind the plus.
    assert report.personas["plus-tags"].ballots < report.personas["plus-tags"].tries
    assert db.session.scalar(select(func.count(Finding.id)).where(Finding.state != "open")) == 0
