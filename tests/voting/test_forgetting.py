"""What is forgotten of a vote when its rules say so, and what still verifies afterwards."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from contest.core.db import db
from contest.outbox.models import Message
from contest.outbox.services import ask_for_mail
from contest.privacy.models import RetentionRun
from contest.privacy.retention import run_retention
from contest.privacy.rules import months_after
from contest.voting.forgetting import forget_voters
from contest.voting.models import Ballot, Choice, VoteCode, VoteKey, Voter
from contest.voting.models_review import BallotDecision, FindingBallot, RollEntry, VoterTrace
from tests.conftest import VIETNAM
from tests.factories import make_unit
from tests.factories.results import judge_finalists, make_world, publish
from tests.factories.review import make_ballot, make_finding
from tests.factories.voting import close_log, during, make_vote, seal_log, set_aside, start_log, vote

PROGRAM = Path(__file__).resolve().parents[2] / "static" / "verify" / "verify_ballots.py"
FILES = ("key.txt", "checkpoints.txt", "log.jsonl", "openings.jsonl", "result.json")


def count(model):
    return db.session.scalar(select(func.count()).select_from(model))


def remember(contest, ballots):
    """One of everything that is kept about voters."""
    now = during(contest)
    make_finding(contest, ballots, state="dismissed")
    db.session.add(RollEntry(contest_id=contest.id, tag="1" * 64, unit_id=make_unit().id, added_at=now))
    db.session.add(VoteCode(contest_id=contest.id, tag="1" * 64, code_hash="2" * 64, sent_at=now, expires_at=now))
    db.session.commit()


def test_a_vote_that_is_forgotten_still_verifies(app, client, clock, tmp_path):
    world = make_world(0)
    judge_finalists(world, {"Đồi cằn trổ hoa": 90, "Con kinh sạch": 85})
    contest, entries = world.contest, list(world.entries.values())
    start_log(contest)
    ballots = [make_ballot(contest, entries[:1], during(contest) + timedelta(minutes=7)) for _ in range(3)]
    casts = [vote(contest, entries[1:]) for _ in range(2)]
    remember(contest, ballots)
    seal_log(contest)
    set_aside(contest, casts[:1])
    close_log(contest)
    publish(world)
    clock.instant = world.official_at
    told = {"slug": contest.slug, "contest": {"vi": "Cuộc thi", "en": "Contest"}}
    ask_for_mail(template="vote_receipt", to="ai@an-lam.example", now=during(contest), locale="vi", **told)
    db.session.commit()
    before = files(client, contest)

    due = months_after(world.official_at, contest.rules.privacy.erase_voter_keys_after_months)
    at = world.official_at.astimezone(VIETNAM).replace(year=due.year, month=due.month, day=due.day)
    run_retention(at - timedelta(days=1))
    db.session.commit()
    assert count(Voter) == 5
    run_retention(at)
    run_retention(at)
    run_retention(at)
    db.session.commit()
    for model in (VoteKey, Voter, VoterTrace, RollEntry, VoteCode, FindingBallot):
        assert count(model) == 0, model
    assert "vote_receipt" not in set(db.session.scalars(select(Message.template)))
    kept = db.session.scalars(select(Ballot).order_by(Ballot.id)).all()
    assert len(kept) == 5
    assert {ballot.voter_id for ballot in kept} == {None}
    times = [instant for ballot in kept for instant in (ballot.cast_at, ballot.changed_at)]
    assert {(at.minute, at.second, at.microsecond) for at in times} == {(0, 0, 0)}
    assert kept[0].cast_at == during(contest).replace(minute=0, second=0, microsecond=0)
    assert count(Choice) == 5
    assert count(BallotDecision) == 1
    query = select(RetentionRun).where(RetentionRun.rule == "voter_keys").order_by(RetentionRun.id)
    runs = db.session.scalars(query).all()
    assert [run.counts.get("ballots", 0) for run in runs] == [5, 0], "nothing is done twice; voters go last"

    after = files(client, contest)
    assert after == before
    folder = tmp_path / "vote"
    folder.mkdir()
    for name, content in after.items():
        (folder / name).write_bytes(content)
    command = [sys.executable, "-I", "-S", str(PROGRAM), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def files(client, contest):
    found = {}
    for name in FILES:
        answer = client.get(f"/cuoc-thi/{contest.slug}/so-phieu/{name}")
        assert answer.status_code == 200, name
        found[name] = answer.data
    return found


@pytest.mark.parametrize("most", [1, 2, 5])
def test_it_is_done_in_parts_and_ends(app, most):
    contest, entries = make_vote()
    other, theirs = make_vote(1)
    remember(contest, [make_ballot(contest, entries[:1], during(contest) + timedelta(minutes=1)) for _ in range(3)])
    vote(other, theirs[:1])
    first = forget_voters(contest.id, most)
    assert first["keys"] == 1
    assert first["ballots"] == min(3, most)
    for _ in range(12):
        if not forget_voters(contest.id, most):
            break
    assert forget_voters(contest.id, most) == {}
    db.session.commit()
    assert [voter.contest_id for voter in db.session.scalars(select(Voter))] == [other.id]
    assert [key.contest_id for key in db.session.scalars(select(VoteKey))] == [other.id]
    assert count(VoterTrace) == count(RollEntry) == count(FindingBallot) == 0
    own = select(Ballot.voter_id).where(Ballot.contest_id == contest.id)
    assert set(db.session.scalars(own)) == {None}
    assert db.session.scalars(select(Ballot.voter_id).where(Ballot.contest_id == other.id)).one() is not None
