"""The log from its opening to its close: what it says of candidates and rules, and that nothing is cast after it."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event
from threading import enumerate as enumerate_threads

import pytest
from sqlalchemy import select, text

from contest import tasks as jobs
from contest.contests.models import Contest
from contest.contests.ruleset import parse_rule_set
from contest.contests.services import load_rule_set
from contest.core.db import db, writing
from contest.core.errors import Refused
from contest.core.web.keys import log_signer
from contest.entries.models import Advancement
from contest.outbox.models import Message
from contest.voting import closing, tasks
from contest.voting.log import find_log
from contest.voting.models import Ballot
from contest.voting.models_log import BallotLog, Leaf
from contest.voting.services import cast_ballot
from tests.factories import make_contest, make_staff
from tests.factories.judging import make_finalist
from tests.factories.voting import during, let_fall_out, make_vote, make_voter, vote, voting_window
from tests.factories.world import make_world, publish

US = timedelta(microseconds=1)


@pytest.fixture
def made(app):
    return make_vote()


@pytest.fixture
def contest(made):
    return made[0]


@pytest.fixture
def entries(made):
    return made[1]


@pytest.fixture
def voting(contest, clock):
    clock.instant = during(contest)


def never(contest_id, now):
    """Results that are not announced."""
    return


def tend(contest, announced_at=never):
    contest_id = contest.id
    db.session.rollback()
    return tasks.tend(contest_id, announced_at)


def said(contest, *kinds):
    """What leaves of some kinds say, by number."""
    db.session.rollback()
    rows = db.session.scalars(select(Leaf.content).where(Leaf.contest_id == contest.id, Leaf.kind.in_(kinds)))
    return sorted((json.loads(each) for each in rows), key=lambda each: each.get("number", 0))


def log_of(contest):
    db.session.rollback()
    return db.session.get(BallotLog, contest.id, populate_existing=True)


# Opening


def test_the_loop_opens_the_log_when_the_vote_opens(app, clock):
    contest = make_contest(0)
    entries = [make_finalist(contest, contest.rules.voting.categories[0]) for _ in range(3)]
    db.session.commit()
    opens, _ = voting_window(contest)
    clock.instant = opens - US
    assert tasks.tend_logs(never) == 0
    assert find_log(contest.id) is None
    clock.instant = opens
    assert tasks.tend_logs(never) >= 2  # written, and sealed
    (leaf,) = said(contest, "open")
    assert leaf["candidates"] == {entry.public_id: entry.category for entry in entries}
    assert log_of(contest).size == 1
    assert tasks.tend_logs(never) == 0


def test_a_vote_that_is_over_gets_no_log(app, clock):
    contest = make_contest(0)
    make_finalist(contest, contest.rules.voting.categories[0])
    db.session.commit()
    clock.instant = voting_window(contest)[1]
    assert tasks.tend_logs(never) == 0
    assert find_log(contest.id) is None


def test_one_contests_trouble_keeps_no_other_from_its_turn(app, clock, caplog, monkeypatch):
    contest, _ = make_vote()
    make_staff(contest, "organiser")
    db.session.commit()
    clock.instant = during(contest)
    monkeypatch.setattr(tasks, "log_signer", lambda slug, public_id: log_signer(slug, "another"))
    with caplog.at_level(logging.CRITICAL):
        assert tasks.tend_logs(never) == 0
        tasks.tend_logs(never)
    assert "NOT SEALED" in caplog.text
    db.session.rollback()
    told = db.session.scalars(select(Message).where(Message.template == "log_trouble")).all()
    assert len(told) == 1  # once a day
    assert log_of(contest).size == 0
    monkeypatch.undo()
    assert tasks.tend_logs(never) == 1


# Candidates and rules


def test_a_candidate_who_falls_out_and_comes_back_is_in_the_log(contest, entries, voting):
    tend(contest)
    let_fall_out(entries[0])
    assert tend(contest) == 1
    assert tend(contest) == 0
    candidate = entries[0].public_id
    assert log_of(contest).standing[candidate] is False
    advancement = db.session.scalars(select(Advancement).where(Advancement.entry_id == entries[0].id)).one()
    advancement.fell_out_at = None
    db.session.commit()
    tend(contest)
    found = said(contest, "stand")
    assert [(each["candidate"], each["stands"], each["number"]) for each in found] == [
        (candidate, False, 1),
        (candidate, True, 2),
    ]
    assert log_of(contest).standing[candidate] is True


def test_a_finalist_who_comes_later_joins(contest, voting):
    tend(contest)
    newcomer = make_finalist(contest, contest.rules.voting.categories[0])
    db.session.commit()
    assert tend(contest) == 1
    (leaf,) = said(contest, "join")
    assert (leaf["candidate"], leaf["category"], leaf["number"]) == (newcomer.public_id, newcomer.category, 1)
    assert log_of(contest).standing[newcomer.public_id] is True
    assert tend(contest) == 0
    let_fall_out(newcomer)
    tend(contest)
    assert [each["stands"] for each in said(contest, "stand")] == [False]


def changed_rules(contest, **voting):
    """The contest's rules with another number in them."""
    raw = json.loads(contest.current_version.document)
    raw["voting"].update(voting)
    load_rule_set(rules=parse_rule_set(json.dumps(raw)), actor=None, now=during(contest), reason="Sửa theo quyết định.")
    db.session.commit()


def test_rules_that_change_are_in_the_log(contest, voting):
    tend(contest)
    before = contest.current_version.sha256
    changed_rules(contest, min_valid_voters_for_prize=7)
    assert tend(contest) == 1
    (leaf,) = said(contest, "amend")
    assert leaf["minimum"] == 7
    assert leaf["rules"] == contest.current_version.sha256 != before
    assert set(leaf) == {"contest", "kind", "number", "reason", *closing.AMENDED}
    assert log_of(contest).terms["minimum"] == 7
    assert tend(contest) == 0


def test_what_a_ballot_is_cannot_change_under_ballots(contest, voting, caplog, monkeypatch):
    """Loading such rules is refused; were they in force all the same, the log would not say so."""
    monkeypatch.setattr("contest.contests.services._check_the_vote", lambda *_: None)
    tend(contest)
    changed_rules(contest, choices_max=contest.rules.voting.choices_max + 1)
    tend(contest)
    assert "choices_max" in caplog.text
    assert "choices_max" not in said(contest, "amend")[0]


def test_after_the_announcement_the_log_says_no_more(contest, entries, voting):
    tend(contest)
    let_fall_out(entries[0])
    assert tend(contest, lambda contest_id, now: now) == 0
    assert said(contest, "stand") == []


def test_two_runners_say_it_once(app, contest, entries, voting):
    tend(contest)
    let_fall_out(entries[0])
    contest_id = contest.id
    db.session.remove()

    def run(_):
        with app.app_context():
            try:
                return tasks._reconcile(contest_id)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(run, range(4))) == 1
    assert len(said(contest, "stand")) == 1


# Closing


def test_the_log_is_closed_after_the_vote_and_once(contest, entries, clock):
    _, closes = voting_window(contest)
    clock.instant = closes - US
    vote(contest, entries[:1], now=closes - US)
    tend(contest)
    assert said(contest, "close") == []
    clock.instant = closes
    tend(contest)
    (leaf,) = said(contest, "close")
    assert leaf["ballots"] == 1
    assert log_of(contest).closed_at == closes
    assert db.session.scalar(select(Leaf.id).where(Leaf.position.is_(None))) is None
    assert tend(contest) == 0


def test_what_waits_is_sealed_before_the_close_and_counted(contest, entries, clock):
    _, closes = voting_window(contest)
    clock.instant = closes
    with writing():
        assert closing.close_log(contest=contest, now=closes) is False  # the first leaf waits
    voter = make_voter(contest)
    for chosen in (entries[:1], entries[:2]):
        vote(contest, chosen, voter, now=closes - US)
    for _ in range(30):
        vote(contest, entries[:1], now=closes - US)
    tend(contest)
    (leaf,) = said(contest, "close")
    assert leaf["ballots"] == 31
    positions = dict(db.session.execute(select(Leaf.kind, db.func.max(Leaf.position)).group_by(Leaf.kind)).all())
    assert positions["close"] > positions["ballot"]


def test_what_became_of_candidates_is_said_before_the_close_and_of_standing_ones_after_it(contest, entries, clock):
    tend_at = voting_window(contest)[1]
    clock.instant = tend_at
    let_fall_out(entries[0])
    tend(contest)
    assert [each["kind"] for each in said(contest, "stand", "close")] == ["stand", "close"]
    let_fall_out(entries[1])
    newcomer = make_finalist(contest, contest.rules.voting.categories[0])
    db.session.commit()
    changed_rules(contest, min_valid_voters_for_prize=9)
    assert tend(contest) == 1
    assert [each["kind"] for each in said(contest, "stand", "close", "join", "amend")] == ["stand", "close", "stand"]
    assert newcomer.public_id not in log_of(contest).standing


def test_nothing_is_cast_after_the_close_leaf(contest, entries, clock):
    _, closes = voting_window(contest)
    clock.instant = closes
    voter, slug = make_voter(contest), contest.slug
    tend(contest)
    # A request whose clock is behind, and one whose vote was prolonged on paper only.
    with pytest.raises(Exception) as refused, writing():
        cast_ballot(slug=slug, voter_id=voter, picks=[entries[0].public_id], now=closes - US)
    assert type(refused.value).__name__ in {"LogNotOpen", "Refused"}
    assert db.session.scalars(select(Ballot.id)).all() == []


def test_a_late_ballot_is_refused_in_words(contest, entries, clock, client):
    _, closes = voting_window(contest)
    clock.instant = closes
    voter, slug = make_voter(contest), contest.slug
    tend(contest)
    with pytest.raises(Refused), writing() as now:
        cast_ballot(slug=slug, voter_id=voter, picks=[entries[0].public_id], now=now)


def test_who_was_let_in_before_the_close_is_waited_for(app, contest, entries, clock):
    """A ballot that is under way when the log closes has its place before the close, or is not cast."""
    _, closes = voting_window(contest)
    clock.instant = closes - US
    tend(contest)
    contest_id, slug, pick = contest.id, contest.slug, entries[0].public_id
    voter = make_voter(contest)
    db.session.remove()
    inside, go_on = Event(), Event()

    def cast():
        with app.app_context():
            try:
                with writing():
                    cast_ballot(slug=slug, voter_id=voter, picks=[pick], now=closes - US)
                    inside.set()
                    go_on.wait(20)
            finally:
                db.session.remove()

    def close():
        with app.app_context():
            try:
                inside.wait(20)
                return tasks._close(contest_id, log_signer(slug, db.session.get_one(Contest, contest_id).public_id))
            finally:
                db.session.remove()

    with ThreadPoolExecutor(2) as pool:
        casting, closer = pool.submit(cast), pool.submit(close)
        inside.wait(20)
        clock.instant = closes
        _until_waiting()
        go_on.set()
        casting.result()
        closer.result()
    tend(contest)
    assert [each["ballots"] for each in said(contest, "close")] == [1]
    db.session.rollback()
    order = db.session.scalars(
        select(Leaf.kind).where(Leaf.contest_id == contest_id, Leaf.position.is_not(None)).order_by(Leaf.position)
    ).all()
    assert order == ["open", "ballot", "close"]


def _until_waiting():
    """Until the closer waits for a lock. SQLite cannot be asked: there it waits within milliseconds."""
    watch = Event()
    for _ in range(100):
        watch.wait(0.03)
        if db.engine.dialect.name == "sqlite":
            return
        with db.engine.connect() as connection:
            if connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar():
                return


def test_paper_that_is_worked_on_is_waited_for_until_the_audit(contest, entries, clock, monkeypatch):
    _, closes = voting_window(contest)
    monkeypatch.setattr(closing, "has_unfinished_paper", lambda contest_id: True)
    audit = contest.rules.instant("vote_audit")
    assert audit is not None
    for now, expected in ((closes - US, False), (audit - US, False), (audit, True)):
        assert closing.may_close(contest, now) is expected or (audit <= closes and now >= closes)
    monkeypatch.setattr(closing, "has_unfinished_paper", lambda contest_id: False)
    assert closing.may_close(contest, closes)


def test_the_hour_is_all_that_is_left_of_a_leafs_time(contest, entries, voting, clock):
    vote(contest, entries[:1], now=clock.instant + timedelta(minutes=7))
    clock.instant += timedelta(minutes=9)
    tend(contest)
    db.session.rollback()
    times = db.session.scalars(select(Leaf.at)).all()
    assert {(each.minute, each.second) for each in times} == {(0, 0)}
    assert all(isinstance(each, datetime) for each in times)


def test_the_loop_knows_since_when_results_are_public(app, clock):
    world = make_world()
    contest_id = world.here.contest.id
    assert jobs._announced_at(contest_id, clock.instant) is None
    publish(world.here, at=clock.instant)
    assert jobs._announced_at(contest_id, clock.instant) == clock.instant
    assert jobs._announced_at(contest_id, clock.instant - US) is None


def test_the_loop_seals(app, contest, entries, voting, clock):
    vote(contest, entries[:1])
    slug = contest.slug
    clock.instant += timedelta(minutes=1)
    db.session.remove()
    jobs.tick(app, {}, [jobs.SEALING])
    with app.app_context():
        assert db.session.scalar(select(BallotLog.size).join(Contest).where(Contest.slug == slug)) == 2


def test_a_loop_that_is_told_to_stop_stops_sealing_too(app):
    stop = Event()
    stop.set()
    jobs.run(app, stop)
    assert not [each for each in enumerate_threads() if each.name == "sealer" and each.is_alive()]
