"""The tour as a newcomer walks it; and that nothing of it exists elsewhere."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from contest.accounts.models import SignIn, User
from contest.core import clock
from contest.core.config import ConfigError, settings_from
from contest.core.db import db, writing
from contest.demo import snapshot, stories, tour_ground
from contest.demo.acts_entries import send_entry
from contest.demo.milestones import milestones
from contest.demo.queries import contests, with_links
from contest.demo.stage import at
from contest.demo.stories import FIRST, SECOND
from contest.demo.tour import DEFAULT_START
from contest.demo.tour_ground import Ground
from contest.entries.models import Entry
from contest.entries.queries import own_entries
from contest.entries.rules import ACCEPTED, SUBMITTED
from contest.outbox.models import Message
from contest.voting.models import Ballot
from tests.conftest import settings_for

ROUTES = [
    ("GET", "/demo"),
    ("POST", "/demo/toi"),
    ("GET", "/demo/da-lam"),
    ("GET", "/demo/lam-lai"),
    ("POST", "/demo/lam-lai"),
    ("GET", "/demo/nguoi"),
    ("POST", "/demo/vao"),
    ("GET", "/demo/hop-thu"),
]


# Elsewhere


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_outside_a_demonstration_there_is_no_tour(client: FlaskClient, method: str, path: str) -> None:
    assert client.open(path, method=method).status_code == 404
    assert client.open(f"/en{path}", method=method).status_code == 404


def test_nobody_is_signed_in_by_a_tap_outside_a_demonstration(app: Flask, client: FlaskClient) -> None:
    with writing():
        person = User(email="thu.hau@an-lam.example", name="Nguyễn Thị Thu Hậu", created_at=clock.wall())
        db.session.add(person)
    assert client.post("/demo/vao", data={"person": person.public_id}).status_code == 404
    assert db.session.scalar(select(func.count(SignIn.id))) == 0


def test_no_page_shows_the_bar_outside_a_demonstration(client: FlaskClient) -> None:
    assert "demo-bar" not in client.get("/").get_data(as_text=True)


def test_production_is_no_demonstration() -> None:
    with pytest.raises(ConfigError, match="CONTEST_DEMO"):
        settings_from({"CONTEST_ENV": "production", "CONTEST_DEMO": "1", "SECRET_KEY": "x" * 40})


def test_the_commands_refuse_outside_a_demonstration(app: Flask) -> None:
    for command in ("prepare", "reset"):
        result = app.test_cli_runner().invoke(args=["demo", command, *(["--yes"] if command == "reset" else [])])
        assert result.exit_code == 1
        assert "CONTEST_DEMO" in result.output


# The tour


def test_milestones_go_forward(ground: Ground) -> None:
    found = milestones(contests(), ground.start)
    assert found[0].at == at("2027-05-24 17:00")
    assert [each.at for each in found] == sorted({each.at for each in found})
    assert any(each.at == at("2027-06-11 08:00") for each in found)


@pytest.mark.slow
def test_the_tour_begins_in_the_vote(demo_app: Flask, demo_client: FlaskClient, ground: Ground) -> None:
    assert abs(clock.now() - DEFAULT_START) < timedelta(minutes=5)
    assert not tour_ground.prepare(ground)  # once is enough
    page = demo_client.get("/").get_data(as_text=True)
    assert "demo-bar" in page
    assert demo_client.get("/").headers["Cache-Control"] == "private, no-store"
    for method, path in ROUTES:
        if method == "GET":
            assert demo_client.get(path).status_code == 200
            assert demo_client.get(f"/en{path}").status_code == 200
    people = demo_client.get("/demo/nguoi").get_data(as_text=True)
    assert "Đinh Thị Thanh Vân" in people
    assert tour_ground.PASSWORD in people


@pytest.mark.slow
def test_one_tap_signs_in(demo_app: Flask, demo_client: FlaskClient, ground: Ground) -> None:
    secretary = ground.stage().person("van").public_id
    answer = demo_client.post("/demo/vao", data={"person": secretary})
    assert answer.status_code == 303
    slug = stories.slug_of(FIRST)
    assert demo_client.get(f"/ban-to-chuc/{slug}/bai-du-thi").status_code == 200
    assert demo_client.post("/demo/vao", data={"person": "nobody"}).status_code == 404
    away = demo_client.post("/demo/vao", data={"person": secretary, "next": "//evil.example"})
    assert away.headers["Location"].startswith("/")
    assert not away.headers["Location"].startswith("//")


@pytest.mark.slow
def test_the_inbox_keeps_letters_back_until_their_time(
    demo_app: Flask, demo_client: FlaskClient, ground: Ground
) -> None:
    tour_ground.move(ground, at("2027-06-10 20:00"))
    waiting = select(func.count(Message.id)).where(Message.template == "results_award")
    assert db.session.scalar(waiting)
    address = "/demo/hop-thu?dia-chi=minh.ngoc@an-lam.example"
    assert "Giải Nhất" not in demo_client.get(address).get_data(as_text=True)
    tour_ground.move(ground, at("2027-06-11 08:00"))
    assert "Giải Nhất" in demo_client.get(address).get_data(as_text=True)


@pytest.mark.slow
def test_moving_forward_plays_what_is_due_and_starting_again_forgets_it(
    demo_app: Flask, demo_client: FlaskClient, ground: Ground
) -> None:
    ballots = db.session.scalar(select(func.count(Ballot.id))) or 0
    assert ballots > 0
    answer = demo_client.post("/demo/toi", data={"to": "2027-05-24T17:00:00+07:00"})
    assert answer.headers["Location"].endswith("/demo/da-lam")
    assert "bạn đọc bình chọn" in demo_client.get("/demo/da-lam").get_data(as_text=True)
    assert clock.now() >= at("2027-05-24 17:00")
    db.session.expire_all()
    assert (db.session.scalar(select(func.count(Ballot.id))) or 0) > ballots

    # Backwards, nonsense and the distant future lead nowhere.
    demo_client.post("/demo/toi", data={"to": "2027-05-21T17:00:00+07:00"})
    assert clock.now() >= at("2027-05-24 17:00")
    for value in ("", "soon", "2027-05-30T10:00:00", "9999-12-31T23:59:59+00:00"):
        assert demo_client.post("/demo/toi", data={"to": value}).status_code == 404

    demo_client.post("/demo/lam-lai", data={})  # not sure yet
    assert clock.now() >= at("2027-05-24 17:00")
    demo_client.post("/demo/lam-lai", data={"sure": "1"})
    db.session.expire_all()
    assert abs(clock.now() - ground.start) < timedelta(minutes=5)
    assert db.session.scalar(select(func.count(Ballot.id))) == ballots


@pytest.mark.slow
def test_a_visitors_entry_is_carried_along(demo_app: Flask, demo_client: FlaskClient, ground: Ground) -> None:
    """A newcomer enters under a title of their own; it is received, verified, marked and voted on."""
    stage = ground.stage()
    contest = stage.contest(SECOND)
    story = next(each for each in stories.stories_of(SECOND) if each.id == "NT-0010")
    own = stories.Story({**story.raw, "title": "Bài của người tham quan"})
    with writing():
        assert send_entry(stage, clock.now(), story=own) == 1
    entry_id = own_entries(stage.author(story).id)[0].id
    db.session.rollback()
    assert db.session.get_one(Entry, entry_id).state == SUBMITTED
    db.session.rollback()
    tour_ground.move(ground, at("2027-10-14 08:00"))
    db.session.expire_all()
    entry = db.session.get_one(Entry, entry_id)
    assert entry.state == ACCEPTED
    page = demo_client.get(f"/cuoc-thi/{contest.slug}/ket-qua").get_data(as_text=True)
    assert "9,08" in page
    report = tour_ground.last_report(ground)
    assert report is not None
    assert report.left == ()


def test_a_snapshot_puts_back_every_row(app: Flask, tmp_path: Path) -> None:
    """Rows that refer to each other in a circle too, on both databases; new ones go on counting."""
    ground = Ground(tmp_path, at("2027-01-10 09:00"), app.extensions["files"], tour_ground.Album(tmp_path), voters=2)
    tour_ground.play(ground.stage(), ground.start)
    with writing():
        snapshot.save(db.session.connection(), tmp_path / "kept", ground.files.root)

    def rows() -> str:
        found = {
            table.name: [list(map(str, row)) for row in db.session.execute(select(table).order_by(*table.primary_key))]
            for table in db.metadata.sorted_tables
        }
        return json.dumps(found, sort_keys=True)

    before = rows()
    with writing():
        db.session.add(User(email="moi@an-lam.example", name="Người Mới", created_at=clock.wall()))
    assert rows() != before
    with writing():
        snapshot.restore(db.session.connection(), tmp_path / "kept", ground.files.root)
    db.session.expire_all()
    assert rows() == before
    with writing():
        db.session.add(User(email="moi@an-lam.example", name="Người Mới", created_at=clock.wall()))


def test_addresses_in_messages_become_links() -> None:
    pieces = with_links("Xem tại http://127.0.0.1:8000/bai/abc. Cảm ơn.")
    assert pieces == [("Xem tại ", False), ("http://127.0.0.1:8000/bai/abc", True), (". Cảm ơn.", False)]


def test_the_default_beginning_needs_no_setting(demo_app: Flask) -> None:
    settings = demo_app.config["SETTINGS"]
    assert tour_ground.ground_of(settings, demo_app.extensions["files"]).start == DEFAULT_START
    other = settings_for(settings.data_dir, CONTEST_DEMO="1", CONTEST_CLOCK="2027-03-20T09:00:00+07:00")
    assert tour_ground.ground_of(other, demo_app.extensions["files"]).start == at("2027-03-20 09:00")
