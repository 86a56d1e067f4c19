"""What the public may read and when: finalists, stories, authors' names, photos."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from contest.core.db import db, writing
from contest.core.web.pages import PageCache
from contest.entries.models import Entry
from contest.entries.screening import fall_out
from contest.exemplars.consents import withdraw_consent
from contest.public.phases import current_act, phase_of
from tests.factories import make_contest, make_staff, make_user
from tests.factories.results import make_results, publish
from tests.factories.voting import make_vote, vote

TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("key", "edge", "shift", "phase", "act"),
    [
        ("submission", "opens", -TICK, "soon", None),
        ("submission", "opens", 0 * TICK, "submission", "entries.new"),
        ("submission", "closes", -TICK, "submission", "entries.new"),
        ("submission", "closes", 0 * TICK, "between", None),
        ("voting", "opens", 0 * TICK, "voting", "voting.booth"),
        ("voting", "closes", 0 * TICK, "vote_audit", None),
        ("announce", "at", -TICK, "between", None),
        ("announce", "at", 0 * TICK, "between", None),  # nobody has approved results
    ],
)
def test_what_a_visitor_is_told_follows_the_windows(app, key, edge, shift, phase, act):
    contest = make_contest()
    instant = getattr(contest.rules.step(key), edge) + shift
    assert phase_of(contest, instant).key == phase
    assert (current_act(contest, instant).endpoint if act else current_act(contest, instant)) == act


def test_results_are_announced_at_their_instant_when_two_people_approved_them(app):
    world = make_results()
    publish(world)
    before, at = world.official_at - TICK, world.official_at
    assert (phase_of(world.contest, before).key, current_act(world.contest, before)) == ("between", None)
    assert phase_of(world.contest, at).key == "announced"
    assert current_act(world.contest, at).endpoint == "results.honours"


@pytest.mark.parametrize("index", [0, 1])
def test_finalists_are_unknown_before_the_list_is_published(app, client, clock, index):
    contest, entries = make_vote(index)
    published = contest.rules.instant("shortlist")
    address = f"/cuoc-thi/{contest.slug}/chung-khao"
    clock.instant = published - TICK
    assert client.get(address).status_code == 404
    clock.instant = published
    page = client.get(address).text
    for entry in entries:
        assert entry.blind_code in page
        assert entry.title in page
        assert entry.author_name not in page


def test_a_story_is_read_from_the_moment_the_vote_opens(app, client, clock):
    contest, entries = make_vote()
    address = f"/bai/{entries[0].public_id}"
    clock.instant = contest.rules.window("voting").opens - TICK
    assert client.get(address).status_code == 404
    clock.instant = contest.rules.window("voting").opens
    page = client.get(address)
    assert entries[0].title in page.text
    assert entries[0].author_name in page.text  # contest 1 names authors from the vote on


def test_contest_two_hides_authors_during_the_vote(app, client, clock):
    contest, entries = make_vote(1)
    clock.instant = contest.rules.window("voting").opens
    for path in (f"/bai/{entries[0].public_id}", "/doc", "/", f"/cuoc-thi/{contest.slug}/chung-khao"):
        page = client.get(path).text
        assert entries[0].author_name not in page
    clock.instant = contest.rules.window("provisional").opens
    assert entries[0].author_name in client.get(f"/bai/{entries[0].public_id}").text


def test_a_finalist_who_falls_out_vanishes(app, client, clock):
    contest, entries = make_vote()
    clock.instant = contest.rules.window("voting").opens
    boss = make_staff(contest, "organiser")
    gone = entries[0].public_id
    assert client.get(f"/bai/{gone}").status_code == 200
    with writing() as now:
        entry = db.session.scalars(select(Entry).where(Entry.public_id == gone)).one()
        fall_out(entry=entry, reason="Đã đăng báo trước", actor=boss, now=now)
    assert client.get(f"/bai/{gone}").status_code == 404
    assert gone not in client.get("/doc").text


def test_withdrawing_consent_takes_the_story_off_every_page(app, client, clock):
    contest, entries = make_vote()
    clock.instant = contest.rules.window("voting").opens
    address = f"/bai/{entries[0].public_id}"
    assert client.get(address).status_code == 200
    title = entries[0].title
    with writing() as now:
        withdraw_consent(exemplar=entries[0].exemplar, actor=make_user(), now=now)
    gone = client.get(address)
    assert gone.status_code == 410
    assert title not in gone.text
    assert entries[0].blind_code in gone.text
    assert entries[0].public_id not in client.get("/doc").text


def test_no_page_tells_votes_apart_before_the_results(app, client, clock):
    """Two worlds that differ in who got the votes: the same bytes on every public page."""
    contest, entries = make_vote()
    clock.instant = contest.rules.window("voting").opens + timedelta(days=1)
    paths = [
        "/",
        "/doc",
        f"/cuoc-thi/{contest.slug}",
        f"/cuoc-thi/{contest.slug}/chung-khao",
        f"/bai/{entries[0].public_id}",
    ]
    paths += [f"/en{path}" for path in paths]
    before = [client.get(path).data for path in paths]
    for _ in range(3):
        vote(contest, [entries[1]])
    assert [client.get(path).data for path in paths] == before


def test_the_contest_page_says_everything_in_both_languages(app, client):
    contest = make_contest()
    page = client.get(f"/cuoc-thi/{contest.slug}").text
    for text in (
        "nhân dịp kỷ niệm 79 năm",
        "20.000.000 đồng",
        "Chân thực, kiểm chứng được",
        "Không thu phí dự thi",
        "17:00 (giờ Việt Nam)",
        "Tác phẩm báo chí đã đăng, phát",
    ):
        assert text in page
    english = client.get(f"/en/cuoc-thi/{contest.slug}").text
    for text in ("on the 79th anniversary", "20,000,000 VND", "Truth, checkable facts", "Taking part is free"):
        assert text in english
    rules = client.get(f"/cuoc-thi/{contest.slug}/the-le").text
    assert rules.count('id="dieu-') == len(contest.rules.rules_articles)


def test_no_shared_copy_outlives_the_instant_at_which_something_becomes_public(app, client, clock):
    """Neither a cache outside nor this process's own shows the old page at the announced minute."""
    contest, _ = make_vote()
    opens = contest.rules.window("voting").opens
    app.extensions["pages"] = PageCache()
    try:
        clock.instant = opens - timedelta(hours=1)
        assert client.get("/").headers["Cache-Control"] == "public, max-age=15"
        app.extensions["pages"] = PageCache()
        clock.instant = opens - timedelta(seconds=4)
        early = client.get("/")
        assert early.headers["Cache-Control"] == "public, max-age=4"
        app.extensions["pages"] = PageCache()
        clock.instant = opens - timedelta(milliseconds=300)
        assert client.get("/").headers["Cache-Control"] == "private, no-store"
        clock.instant = opens
        assert client.get("/").data != early.data
    finally:
        del app.extensions["pages"]
