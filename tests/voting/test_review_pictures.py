"""Pictures of how ballots spread: drawn in the background, read from one row, never about an entry."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from contest.core.db import db
from contest.tasks import JOBS
from contest.voting import distribution
from contest.voting.distribution import DRAWN_EVERY, keep, look, pictures_of, pictures_of_finding
from contest.voting.models_review import RollEntry, VotePicture
from contest.voting.review_lists import sample_of
from tests.factories import make_unit
from tests.factories.review import make_ballot, make_finding
from tests.factories.voting import during, make_vote, vote, voting_window


def draw(contest, now):
    content = look(contest, now)
    if content is not None:
        keep(contest.id, content, now)
    return content is not None


@pytest.fixture
def voted(app):
    """Seven ballots: two from one network in the first hour, the others alone, of two units, one without a trace."""
    contest, entries = make_vote()
    units = [make_unit(), make_unit()]
    now = during(contest)
    later = now + timedelta(hours=2)
    ballots = [
        make_ballot(contest, entries[:1], now, network="n1", device="d1", family="f1", unit_id=units[0].id),
        make_ballot(contest, entries[:1], now, network="n1", device="d1", family="f1", unit_id=units[0].id),
        make_ballot(contest, entries[:1], now, network="n2", device="", family="f2", unit_id=units[1].id),
        make_ballot(contest, entries[:1], later, network="n3", device="d3", family="f3", domain="throwaway"),
    ]
    vote(contest, entries[:1])  # without a trace
    db.session.add_all(
        [RollEntry(contest_id=contest.id, tag=f"{n:064}", unit_id=units[0].id, added_at=now) for n in range(8)]
    )
    db.session.commit()
    return contest, entries, ballots, units


def test_pictures_of_the_whole_vote(voted):
    contest, _entries, _ballots, units = voted
    now = during(contest) + timedelta(hours=3)
    assert pictures_of(contest).made_at is None
    assert draw(contest, now)
    db.session.commit()
    found = pictures_of(contest)
    assert (found.made_at, found.ballots) == (now, 5)
    assert [count for _hour, count in found.hours] == [4, 0, 1]
    assert found.hours[0][0] == during(contest).replace(minute=0, second=0)
    assert found.channels == (("email_otp", 4), ("", 1))
    assert dict(found.domains) == {"": 3, "throwaway": 1}
    assert dict(found.families) == {"f1": 2, "f2": 1, "f3": 1}
    assert found.other_families == 0
    assert found.networks == ((0, 2, 2), (1, 1, 2))
    assert found.devices == ((0, 1, 1), (1, 1, 2))
    assert found.no_device == 1
    assert [(share.code, share.ballots, share.roll) for share in found.units] == [
        (units[0].code, 2, 8),
        (units[1].code, 1, None),
    ]


def test_a_voter_who_proved_twice_is_counted_once(voted):
    contest, entries, ballots, _units = voted
    make_ballot(contest, entries[:1], network="n9")
    from_first = ballots[0].voter_id
    db.session.execute(
        distribution.VoterTrace.__table__.insert(),
        [
            {
                "contest_id": contest.id,
                "voter_id": from_first,
                "hour": during(contest),
                "channel": "email_otp",
                "network": "n7",
                "device": "d7",
                "agent": "",
                "family": "f1",
                "domain": "",
                "work": 0,
            }
        ],
    )
    draw(contest, during(contest) + timedelta(hours=3))
    found = pictures_of(contest)
    assert found.ballots == 6
    assert found.networks == ((0, 5, 5),), "the latest trace holds"


def test_they_are_drawn_now_and_then_and_once_after_the_close(voted):
    contest = voted[0]
    opens, closes = voting_window(contest)
    assert not draw(contest, opens - timedelta(seconds=1))
    assert draw(contest, opens)
    assert not draw(contest, opens + DRAWN_EVERY - timedelta(seconds=1))
    assert draw(contest, opens + DRAWN_EVERY)
    assert draw(contest, closes + DRAWN_EVERY)
    assert not draw(contest, closes + timedelta(days=30))


def test_nothing_of_an_entry_is_in_them(voted):
    contest, entries, _ballots, _units = voted
    draw(contest, during(contest) + timedelta(hours=3))
    db.session.commit()
    content = json.dumps(db.session.scalars(select(VotePicture.content)).one())
    for entry in entries:
        assert entry.public_id not in content
        assert (entry.blind_code or "–") not in content


def test_a_page_reads_one_row_and_the_units(voted):
    contest = voted[0]
    draw(contest, during(contest) + timedelta(hours=3))
    db.session.commit()
    db.session.expunge_all()
    sent = []
    listener = lambda _c, _k, statement, *_rest: sent.append(statement)  # noqa: E731
    contest = db.session.merge(contest)
    event.listen(db.engine, "before_cursor_execute", listener)
    try:
        pictures_of(contest)
    finally:
        event.remove(db.engine, "before_cursor_execute", listener)
    told = " ".join(sent)
    assert len(sent) <= 4
    assert "FROM ballot" not in told
    assert "voter_trace" not in told


def test_of_a_finding_no_more_is_looked_at_than_is_bounded(voted, monkeypatch):
    contest, _entries, ballots, units = voted
    finding = make_finding(contest, ballots)
    found = pictures_of_finding(contest, finding)
    assert found.ballots == 4
    assert [share.code for share in found.units] == [units[0].code, units[1].code]
    monkeypatch.setattr(distribution, "LOOKED_AT", 2)
    assert pictures_of_finding(contest, finding).ballots == 2


def test_sampled_ballots_show_coarse_facts_alone(voted):
    contest, _entries, ballots, _units = voted
    finding = make_finding(contest, ballots)
    hidden = sample_of(finding, "1")
    assert len(hidden) == 4
    assert {each.hour.minute for each in hidden} == {0}
    assert {each.device for each in hidden} == {"d1", "", "d3"}
    assert [each.number for each in hidden] == [each.number for each in sample_of(finding, "1")]


def test_a_sample_is_bounded(app, monkeypatch):
    contest, entries = make_vote()
    finding = make_finding(contest, [make_ballot(contest, entries[:1]) for _ in range(5)])
    monkeypatch.setattr("contest.voting.review_lists.SAMPLED", 3)
    one = [each.number for each in sample_of(finding, "1")]
    assert len(one) == 3
    assert {tuple(each.number for each in sample_of(finding, str(seed))) for seed in range(12)} != {tuple(one)}


def test_the_loop_draws_them(app, voted, clock):
    contest = voted[0]
    clock.instant = during(contest) + timedelta(hours=3)
    jobs = {job.name: job.run for job in JOBS}
    assert jobs["pictures of votes"]() == 1
    assert jobs["pictures of votes"]() == 0
    assert pictures_of(contest).ballots == 5


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_each_ballot_finds_its_trace_by_an_index(voted):
    """A list of traces that is scanned once for each ballot took minutes at twenty thousand."""
    contest = voted[0]
    sent = []

    def note(_connection, _cursor, statement, parameters, *_rest):
        sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        look(contest, during(contest) + timedelta(hours=3))
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    plans = [
        str(row[3])
        for statement, parameters in sent
        if statement.startswith("SELECT") and "voter_trace" in statement
        for row in db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    ]
    assert len(plans) > 10
    assert not [step for step in plans if step.startswith("SCAN") and ("JOIN" in step or "trace" in step)]
