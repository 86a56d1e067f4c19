"""The whole script, from the first unit to the second announcement, on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from contest.anniversaries.queries import commemorations
from contest.audit.models import AuditRow
from contest.complaints.models import Complaint
from contest.core import clock as clocks
from contest.core.db import db
from contest.demo import stories
from contest.demo.acts_ballots import MACHINE, SLIPS_COUNTED
from contest.demo.acts_voting import VOTERS, readers
from contest.demo.stage import Stage, at
from contest.demo.stories import FIRST, SECOND
from contest.demo.tour import play, script
from contest.entries.models import Entry
from contest.entries.queries import finalists
from contest.judging.models import SetAside, SheetRevision
from contest.judging.queries import entry_results
from contest.outbox.models import Message
from contest.papers.certificates import find_confirmed
from contest.papers.models import Certificate
from contest.results.models import Award, ResultSet
from contest.results.press import readers_of
from contest.results.queries import (
    PROMOTED,
    REVOKED,
    amendments_at,
    awards_at,
    find_public_results,
    find_standing,
)
from contest.results.scans import public_scans
from contest.setup.queries import open_drafts
from contest.voting.counting import count_votes
from contest.voting.models import Ballot

END = at("2027-11-01 09:00")


def entry_of(stage: Stage, story_id: str) -> Entry:
    story = next(each for each in stories.stories() if each.id == story_id)
    return next(entry for entry, known in stage.submitted(stage.contest(story.contest)) if known is story)


def counts() -> dict[str, int]:
    """How many rows every table holds."""
    return {
        table.name: db.session.scalar(select(func.count()).select_from(table)) or 0
        for table in db.metadata.sorted_tables
    }


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_tour_runs_to_its_end(app: Flask, stage: Stage, client: FlaskClient, clock: clocks.StillClock) -> None:
    posted = at("2027-09-30 08:00")
    play(stage, posted)
    before = _look_at_what_is_posted(stage, client, clock, posted)
    play(stage, END)
    db.session.rollback()
    assert stage.left == []

    first, second = stage.contest(FIRST), stage.contest(SECOND)

    # The cut at 20 meets a tie, so 21 advance; the two that could not be verified are set aside.
    assert Counter(entry.category for entry in finalists(first.id)) == {"A": 21, "B": 4}
    assert db.session.scalar(select(func.count(SetAside.id))) == 2
    # One of the six short stories fell out after an objection.
    assert Counter(entry.category for entry in finalists(second.id)) == {"A": 4, "B": 5, "C": 4}

    # 84 and 101 are more than 15 apart: a third judge; the two closest give 85.
    prelim = entry_results(first, "prelim", "A")[entry_of(stage, "DH-0001").public_id]
    assert prelim.total == 85
    final = entry_results(first, "final", "A")
    assert {final[entry_of(stage, story).public_id].total for story in ("DH-0002", "DH-0003")} == {87}

    # The old marks of those who scored again after the talk are kept.
    assert db.session.scalar(select(func.count(SheetRevision.id)).where(SheetRevision.number > 1))

    # In the first contest boxes of paper and a program's ballots too, which two people set aside.
    for contest, more in ((first, MACHINE + SLIPS_COUNTED), (second, 0)):
        cast = db.session.scalar(select(func.count(Ballot.id)).where(Ballot.contest_id == contest.id))
        assert cast == VOTERS + more
    tally = count_votes(first)
    assert (tally.cast, tally.set_aside, tally.paper) == (
        VOTERS + MACHINE + SLIPS_COUNTED,
        {"automated": MACHINE},
        SLIPS_COUNTED,
    )

    standing = {
        each.contest_id: each for each in db.session.scalars(select(ResultSet).where(ResultSet.superseded_at.is_(None)))
    }
    prizes = {contest: {award.prize_id for award in standing[contest.id].awards} for contest in (first, second)}
    assert "A-dac_biet" not in prizes[first]
    assert "A-dac_biet" in {each["prize"] for each in standing[first.id].report["withheld"]}
    assert "A-ban_doc" in prizes[first]
    assert standing[first.id].report["tally"]["valid"] >= 200
    best = entry_of(stage, "NT-0002")
    (award,) = (each for each in standing[second.id].awards if each.entry_id == best.id and each.place is not None)
    assert award.prize_id == "B-nhat"

    _look_at_the_honours(stage, client, clock)
    _look_at_what_changed(stage, before)
    _look_at_what_is_kept(stage)
    if db.engine.dialect.name == "sqlite":  # acts look for what is done by the same queries on both
        _nothing_is_done_twice(stage)


def _look_at_what_is_posted(
    stage: Stage, client: FlaskClient, clock: clocks.StillClock, posted: datetime
) -> dict[str, str]:
    """Provisional results appear at their instant; returns the prize of each story by then."""
    page = f"/cuoc-thi/{stories.slug_of(SECOND)}/ket-qua"
    clock.instant = posted - timedelta(minutes=1)
    assert client.get(page).status_code == 404
    clock.instant = posted
    assert "9,08" in client.get(page).get_data(as_text=True)
    standing = find_standing(stage.contest(SECOND).id)
    assert standing is not None
    return _by_story(stage, standing.awards)


def _by_story(stage: Stage, awards: Iterable[Award]) -> dict[str, str]:
    """The prize by rank of each story."""
    return {
        story.id: award.prize_id
        for award in awards
        if award.place is not None and (story := stage.story_of(award.entry_id))
    }


def _look_at_what_changed(stage: Stage, before: dict[str, str]) -> None:
    """A sustained objection takes one story out; a revoked prize goes to the next, with an erratum."""
    first, second = stage.contest(FIRST), stage.contest(SECOND)
    standing = find_standing(second.id)
    assert standing is not None
    assert set(before) - set(_by_story(stage, standing.awards)) == {"NT-0009"}
    cases = Counter((each.kind, each.outcome) for each in db.session.scalars(select(Complaint)))
    assert cases == {
        ("remark", "rejected"): 1,
        ("remark", "not_ours"): 1,
        ("objection", "rejected"): 1,
        ("objection", "upheld"): 1,
        ("complaint", "rejected"): 2,
        ("complaint", "upheld"): 1,
    }
    announced, amended = at("2027-06-11 08:00"), at("2027-06-22 15:00")
    results = find_public_results(first.id, announced)
    assert results is not None
    assert "DH-0020" in _by_story(stage, (each.award for each in awards_at(results.result_set, announced)))
    assert amendments_at(first.id, amended - timedelta(minutes=1)) == []
    (erratum,) = amendments_at(first.id, amended)
    assert erratum.decision_number == "1311/QĐ-BTC"
    now = {
        story.id: (each.award.prize_id, each.state)
        for each in awards_at(results.result_set, amended)
        if each.award.place is not None and (story := stage.story_of(each.award.entry_id))
    }
    assert now["DH-0020"] == ("A-ba", REVOKED)
    assert now["DH-0017"] == ("A-ba", PROMOTED)
    assert sum(prize == "A-ba" and state != REVOKED for prize, state in now.values()) == 4


def _look_at_what_is_kept(stage: Stage) -> None:
    """The province's own days, a draft of next season, certificates of which one does not hold any more."""
    assert {"tai-lap-an-lam", "bao-an-lam", "xuong-dong-khe-ngon"} <= {each.what.code for each in commemorations()}
    (draft,) = db.session.scalars(open_drafts()).all()
    assert "2028" in draft.document["slug"]
    first = stage.contest(FIRST)
    assert public_scans(first, at("2027-06-11 07:59")) == {}
    assert len(public_scans(first, at("2027-06-11 08:00"))) == 1
    assert len(public_scans(first, END)) == 2  # that of the revocation too
    (reporter,) = readers_of(first)
    assert reporter.terms is not None
    assert reporter.terms.first_read_at is not None
    entry = entry_of(stage, "DH-0020")
    subject = f"award:A-ba:{entry.id}"
    certificate = db.session.scalars(
        select(Certificate).where(Certificate.subject == subject, Certificate.recipient == "author")
    ).one()
    confirmed = find_confirmed(certificate.code, END)
    assert confirmed is not None
    assert confirmed.state == REVOKED


def _look_at_the_honours(stage: Stage, client: FlaskClient, clock: clocks.StillClock) -> None:
    """Nobody sees results before their instant; then they say in words what decided."""
    first = f"/cuoc-thi/{stories.slug_of(FIRST)}/ket-qua"
    minute = timedelta(minutes=1)
    announced, official = at("2027-06-11 08:00"), at("2027-10-14 08:00")

    clock.instant = announced - minute
    assert client.get(first).status_code == 404
    clock.instant = announced
    page = client.get(first).get_data(as_text=True)
    words = " ".join(page.split())
    assert "Không có bài nào đạt từ 92,00 điểm" in words  # why nobody got the special prize
    assert "xếp trên nhờ tiêu chí C2: trung bình 22,90 so với 20,90" in words  # the tie at 87

    contest_id = stage.contest(SECOND).id
    for instant, shown in ((official - minute, "provisional"), (official, "official")):
        found = find_public_results(contest_id, instant)
        assert found is not None
        assert found.standing == shown


def _nothing_is_done_twice(stage: Stage) -> None:
    before = counts()
    assert play(stage, END) == []
    assert counts() == before
    # Asked once more without remembering where it stopped, no act finds anything to do.
    stage.left.clear()
    assert play(stage, END, anew=True) == []
    after = counts()
    assert {name: after[name] - before[name] for name in before if after[name] != before[name]} == {}


def test_the_script_stays_within_its_time() -> None:
    """What has a window is done inside it, and acts are in the order of time."""
    moments = [act.at for act in script()]
    assert moments == sorted(moments)
    for contest_id in (FIRST, SECOND):
        window = stories.rule_sets()[contest_id].window("voting")
        assert window is not None
        assert all(window.contains(reader.at) for reader in readers(contest_id, VOTERS))


@pytest.mark.parametrize("contest_id", [FIRST, SECOND])
def test_readers_choose_as_the_stories_say(contest_id: str) -> None:
    rules = stories.rule_sets()[contest_id]
    chosen = Counter(pick for reader in readers(contest_id, VOTERS) for pick in reader.picks)
    told = {
        story.id: story.votes
        for story in stories.stories_of(contest_id)
        if story.raw["category"] in rules.voting.categories and story.votes
    }
    assert chosen == told
    for reader in readers(contest_id, VOTERS):
        assert 1 <= len(reader.picks) <= rules.voting.choices_max
        assert len(set(reader.picks)) == len(reader.picks)


@pytest.mark.slow
def test_a_tour_may_begin_early(app: Flask, stage: Stage) -> None:
    """In March 2027 authors are still writing, and nothing else has happened."""
    play(stage, at("2027-03-20 09:00"))
    sent = stage.submitted(stage.contest(FIRST))
    assert 10 < len(sent) < 27
    assert stage.find_contest(SECOND) is None
    assert db.session.scalar(select(func.count(Message.id))) > 0
    assert db.session.scalar(select(AuditRow.at).where(AuditRow.verb == "demo.play")) == at("2027-03-20 09:00")
