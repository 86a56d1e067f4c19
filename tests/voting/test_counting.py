"""The count after the close: groups of ballots give what every ballot gives, and cost the same for any number."""

from __future__ import annotations

import json
import logging
import random

import pytest
from sqlalchemy import event, insert, select, update

from contest import tasks
from contest.core.db import db
from contest.voting import counting
from contest.voting.models import Ballot, Choice
from contest.voting.models_log import Leaf
from contest.voting.models_review import BallotPattern
from contest.voting.tally import Tally, tally_groups
from tests.factories.voting import close_log, let_fall_out, make_vote, make_voter, set_aside, vote, voting_window


@pytest.fixture
def made(app):
    return make_vote()


@pytest.fixture
def contest(made):
    return made[0]


@pytest.fixture
def entries(made):
    return made[1]


def test_nothing_is_grouped_while_the_vote_is_open(contest, entries):
    vote(contest, entries[:2])
    assert counting.count_patterns(contest.id) == 0
    assert counting.uncounted() == []
    assert counting.read_patterns(contest.id) == {}


def test_groups_are_made_once(contest, entries):
    for _ in range(3):
        vote(contest, entries[:2])
    vote(contest, entries[1:2])
    close_log(contest)
    assert sorted(counting.read_patterns(contest.id).values()) == [1, 3]
    assert counting.count_patterns(contest.id) == 0
    assert counting.uncounted() == []


def test_groups_give_what_every_ballot_gives(contest, entries):
    chance = random.Random(7)
    voters = [make_voter(contest) for _ in range(25)]
    casts = {}
    for _ in range(40):
        voter = chance.choice(voters)
        casts[voter] = vote(contest, chance.sample(entries, chance.randint(1, 3)), voter)
    cast = list(casts.values())
    set_aside(contest, cast[:4])
    let_fall_out(entries[0])
    close_log(contest)
    assert counting.read_patterns(contest.id)
    assert counting.agree(contest)
    set_aside(contest, cast[5:9], reason="duplicate_identity")
    assert counting.agree(contest)
    set_aside(contest, cast[2:4], kind="admit", reason="mistake")
    assert counting.agree(contest)
    count = counting.count_votes(contest)
    assert count.cast == len(cast)
    assert count.set_aside == {"automated": 2, "duplicate_identity": 4}
    assert count.cast == count.valid + count.void + 6


def test_a_vote_of_which_all_is_set_aside(contest, entries):
    casts = [vote(contest, entries[:1]), vote(contest, entries[:2])]
    set_aside(contest, casts)
    close_log(contest)
    assert counting.uncounted() == []
    assert counting.count_votes(contest).valid == 0
    set_aside(contest, casts[1:], kind="admit", reason="mistake")
    assert counting.agree(contest)
    assert counting.count_votes(contest).valid == 1


def test_the_count_costs_the_same_for_any_number_of_ballots(contest, entries):
    for number in range(12):
        vote(contest, entries[number % 3 : number % 3 + 3])
    close_log(contest)
    contest.rules  # noqa: B018 -- loaded before counting begins
    seen = []
    event.listen(db.engine, "before_cursor_execute", lambda *told: seen.append(told[2]))
    count = counting.count_votes(contest)
    assert count.cast == 12
    assert len([each for each in seen if not each.startswith("BEGIN")]) == 4
    assert not any("FROM choice" in each or "FROM ballot " in each for each in seen if "batch" not in each)


def test_groups_that_do_not_agree_are_thrown_away(app, contest, entries, clock, caplog):
    """The leaves of the log say one thing, the tables another: nobody counts by the quick way then."""
    cast = vote(contest, entries[:2])
    close_log(contest)
    clock.instant = voting_window(contest)[1]
    db.session.execute(
        update(BallotPattern).where(BallotPattern.contest_id == contest.id).values(choices=entries[4].public_id)
    )
    assert not counting.agree(contest)
    db.session.execute(BallotPattern.__table__.delete())
    ballot = db.session.scalars(select(Ballot).where(Ballot.ballot_id == cast.ballot_id)).one()
    db.session.execute(insert(Choice), [{"ballot_id": ballot.id, "slot": 3, "entry_id": entries[3].id}])
    db.session.commit()
    with caplog.at_level(logging.CRITICAL):
        tasks._count_votes()
    assert "DO NOT COUNT ALIKE" in caplog.text
    db.session.rollback()
    assert counting.read_patterns(contest.id) == {}
    assert counting.count_votes(contest).votes[entries[3].public_id] == 1


def test_the_loop_groups_once_the_log_is_closed(app, contest, entries, clock):
    vote(contest, entries[:2])
    close_log(contest)
    db.session.execute(BallotPattern.__table__.delete())
    db.session.commit()
    assert counting.uncounted() == [contest.id]
    assert tasks._count_votes() == 1
    assert counting.uncounted() == []


def test_a_group_is_of_the_last_revision_alone(contest, entries):
    voter = make_voter(contest)
    vote(contest, entries[:2], voter)
    vote(contest, entries[2:3], voter)
    close_log(contest)
    assert counting.read_patterns(contest.id) == {(entries[2].public_id,): 1}
    kept = db.session.scalars(select(Leaf.choices).where(Leaf.kind == "ballot").order_by(Leaf.revision)).all()
    assert [json.loads(each) if isinstance(each, str) else each for each in kept][1] == [entries[2].public_id]


def test_groups_are_counted_by_what_stands():
    groups = {("a", "b"): 3, ("b",): 2, ("c",): 1}
    assert tally_groups(groups, ["a", "c"], set_aside={"automated": 4}, paper=2) == Tally(
        10, 4, 2, {"automated": 4}, {"a": 3, "c": 1}, 2
    )
