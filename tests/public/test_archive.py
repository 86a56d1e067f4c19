"""The archive: honoured stories by season, person, unit and anniversary, as readers may have them now."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contest.core.db import db
from contest.core.text import fold
from contest.editions.models import Edition
from contest.exemplars.consents import withdraw_consent
from contest.public.archive import in_contests
from contest.results import queries
from contest.results.amendments import approve_amendment, propose_revocation
from tests.conftest import Client
from tests.factories import make_unit
from tests.factories.results import make_results, publish

TITLE, ALSO, LOST = "Đồi cằn trổ hoa", "Chiếc ba lô màu xanh", "Lớp học"


@pytest.fixture
def world(app, clock):
    found = make_results()
    publish(found)
    db.session.commit()
    clock.instant = found.official_at
    return found


def paths(world):
    entry = world.entries[TITLE]
    return [
        "/guong",
        "/guong?tim=doi can",
        f"/guong/nam/{world.official_at.year}",
        "/guong/dip/thi-dua-ai-quoc",
        f"/guong/nguoi/{'-'.join(entry.author_name.casefold().split())}",
        f"/guong/don-vi/{entry.exemplar.unit.code}",
    ]


def test_every_way_leads_to_an_honoured_story(world, client):
    for path in paths(world):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert TITLE in answer.text, path
        assert LOST not in answer.text, path
    assert world.entries[TITLE].exemplar.unit.name in client.get("/guong/don-vi").text


def test_nothing_is_there_before_the_instant(world, client, clock):
    clock.instant = world.official_at - timedelta(milliseconds=1)
    for path in paths(world):
        answer = client.get(path)
        assert answer.status_code == (200 if path.startswith("/guong?") or path == "/guong" else 404), path
        assert TITLE not in answer.text, path
    assert world.entries[TITLE].exemplar.unit.name not in client.get("/guong/don-vi").text


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_comparison_before_the_instant_sees_a_leak(world, client, clock, monkeypatch):
    """The guard of the guard: without the condition on time the stories would be there."""
    clock.instant = world.official_at - timedelta(milliseconds=1)
    official = queries.is_official
    monkeypatch.setattr(queries, "is_official", lambda now: official(now + timedelta(seconds=1)))
    assert TITLE in client.get("/guong").text


def test_a_search_forgives_diacritics_and_the_order_of_words(world, client):
    for asked in ("DOI CAN", "hoa đồi", "trổ hoa đồi cằn", world.entries[TITLE].author_name.upper()):
        page = client.get("/guong", query_string={"tim": asked}).text
        assert TITLE in page, asked
        assert ALSO not in page, asked
    nothing = client.get("/guong?tim=xyz+khong")
    assert (nothing.status_code, "Không tìm thấy bài nào" in nothing.text) == (200, True)
    for odd in ("%", "_", "'", "<script>", "\\", "a" * 5000, "%00"):
        assert client.get("/guong", query_string={"tim": odd}).status_code == 200


def test_a_search_finds_nobody_by_a_name_that_is_not_shown(world, client):
    """An author with a pen name: the real name, which stands in the database, finds nothing and has no page."""
    entry = world.entries[TITLE]
    real = entry.author_name
    entry.pen_name = "Sông Ngàn"
    db.session.commit()
    assert TITLE in client.get("/guong", query_string={"tim": "song ngan"}).text
    assert TITLE in client.get("/guong/nguoi/sông-ngàn").text
    assert TITLE not in client.get("/guong", query_string={"tim": real}).text
    assert client.get(f"/guong/nguoi/{'-'.join(real.casefold().split())}").status_code == 404


def test_a_person_is_found_without_diacritics_and_by_the_written_about(world, client):
    entry = world.entries[TITLE]
    for name in (entry.author_name, entry.exemplar.name):
        folded = folded_address(name)
        assert TITLE in client.get(f"/guong/nguoi/{folded}").text, folded
    # One word may be a child's given name: nobody's page.
    assert client.get(f"/guong/nguoi/{folded_address(entry.author_name.split()[-1])}").status_code == 404


def folded_address(name):
    return fold(name).replace(" ", "-")


def test_a_single_word_is_nobodys_page(world, client):
    world.entries[TITLE].pen_name = "Mẩy"
    db.session.commit()
    assert TITLE in client.get("/guong?tim=may").text
    assert client.get("/guong/nguoi/mẩy").status_code == 404


def test_a_story_whose_exemplar_agrees_no_more_leaves_at_once(world, client, clock):
    entry = world.entries[TITLE]
    before = in_contests(clock.instant, 1).total
    withdraw_consent(exemplar=entry.exemplar, actor=world.first, now=clock.instant)
    db.session.commit()
    assert in_contests(clock.instant, 1).total == before - 1
    for path in paths(world):
        assert TITLE not in client.get(path).text, path


def test_a_prize_taken_back_follows_at_once(world, client, clock):
    award = next(
        each.award
        for each in queries.awards_at(queries.find_standing(world.contest.id), clock.instant)
        if each.award.entry.title == TITLE
    )
    row = propose_revocation(
        contest=world.contest,
        award=award,
        follow="empty",
        reason="Bài đã in năm 2019",
        number="1501/QĐ-UBND",
        on=clock.instant.date(),
        signer="Lê Thị Hòa An",
        actor=world.first,
        now=clock.instant,
    )
    db.session.commit()
    ways = paths(world)
    assert TITLE in client.get(ways[0]).text
    approve_amendment(
        contest=world.contest,
        public_id=row.public_id,
        typed_number="1501/QĐ-UBND",
        actor=world.second,
        now=clock.instant,
    )
    db.session.commit()
    for path in ways:
        assert TITLE not in client.get(path).text, path


def test_a_unit_is_known_by_authors_only_where_they_are_named(world, client):
    entry = world.entries[TITLE]
    unit = make_unit()
    entry.author_unit_id = unit.id
    db.session.commit()
    assert TITLE in client.get(f"/guong/don-vi/{unit.code}").text
    db.session.query(Edition).filter_by(entry_id=entry.id).update({"author_shown": False})
    db.session.commit()
    assert client.get(f"/guong/don-vi/{unit.code}").status_code == 404


def test_pages_turn(world, client, monkeypatch):
    monkeypatch.setattr("contest.public.archive.ON_A_PAGE", 1)
    first, second = client.get("/guong").text, client.get("/guong?trang=2").text
    assert "trang=2" in first
    assert TITLE in first
    assert TITLE not in second
    assert client.get("/guong?trang=999999").status_code == 200
    assert TITLE in client.get("/guong?trang=x").text


def test_what_does_not_exist(world, app, client):
    for path in (
        "/guong/nam/1990",
        "/guong/nam/x",
        "/guong/dip/khong-co",
        "/guong/nguoi/khong-ai",
        "/guong/don-vi/KHONG",
    ):
        assert client.get(path).status_code == 404, path
    assert client.get(f"/guong/don-vi/{make_unit().code}").status_code == 404
    assert Client(app, app.response_class).get("/en/guong").status_code == 200
