"""Pressure asks for work or patience, of whom it comes from, and turns nobody away."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from contest.core import clock as clocks
from contest.core.db import db, writing
from contest.voting import pressure, work
from contest.voting.models import Ballot
from contest.voting.models_review import VoterTrace
from tests.factories.voting import during, last_code, make_contact, make_vote

MORNING = datetime(2027, 5, 20, 2, 0, tzinfo=UTC)
SCHOOL = {"REMOTE_ADDR": "203.113.130.9"}


def ask(contest_id: int, number: int, at: datetime, network: str = "a", family: str = "") -> None:
    with writing():
        for _ in range(number):
            pressure.note_asked(contest_id=contest_id, network=network, family=family, wall=at)


def level(contest_id: int, at: datetime, network: str = "a", family: str = "") -> int:
    return pressure.level(contest_id=contest_id, network=network, family=family, wall=at)


def test_levels_rise_with_what_one_network_asks(app: Flask) -> None:
    contest, _ = make_vote()
    seen = []
    for more in (40, 1, 119, 1, 439, 1):
        ask(contest.id, more, MORNING)
        seen.append(level(contest.id, MORNING))
    assert seen[:4] == [0, 1, 1, 2]
    assert seen[5] == 3
    assert level(contest.id, MORNING, network="b") == 1  # in all: 601
    assert level(contest.id, MORNING + 2 * pressure.SLOT) == 0


def test_what_is_usual_for_a_network_is_no_surge(app: Flask) -> None:
    contest, _ = make_vote()
    for slot in range(12):
        ask(contest.id, 30, MORNING + slot * pressure.SLOT, network="carrier")
    assert level(contest.id, MORNING + 11 * pressure.SLOT, network="carrier") == 0
    ask(contest.id, 300, MORNING + 12 * pressure.SLOT, network="carrier")
    assert level(contest.id, MORNING + 12 * pressure.SLOT, network="carrier") == 1


def test_a_range_of_numbers_has_a_pressure_of_its_own(app: Flask) -> None:
    contest, _ = make_vote()
    for number in range(16):
        ask(contest.id, 1, MORNING, network=f"n{number}", family="range")
    assert level(contest.id, MORNING, network="new", family="range") == 1
    assert level(contest.id, MORNING, network="new", family="another") == 0


def test_contests_do_not_press_on_each_other(app: Flask) -> None:
    contest, _ = make_vote()
    other, _ = make_vote(1)
    ask(contest.id, 200, MORNING)
    assert level(other.id, MORNING) == 0


def test_the_line_grows_and_ends(app: Flask) -> None:
    contest, _ = make_vote()
    with writing():
        waits = [pressure.join_line(contest_id=contest.id, network="a", wall=MORNING) for _ in range(700)]
    assert waits[0] == pressure.LINE_LEAST
    assert waits[1] - waits[0] == pressure.LINE_STEP
    assert waits[-1] == pressure.LINE_MOST


def test_old_counts_go(app: Flask) -> None:
    contest, _ = make_vote()
    ask(contest.id, 5, MORNING)
    with writing():
        assert pressure.forget_old_slots(wall=MORNING + timedelta(hours=47)) == 0
        assert pressure.forget_old_slots(wall=MORNING + timedelta(hours=49)) > 0


# In the pages


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """Wall time, moved by a test: `wall[0] = …`."""
    now = [datetime.now(UTC)]
    monkeypatch.setattr(clocks, "wall", lambda: now[0])
    return now


def page_of(client: FlaskClient, slug: str) -> str:
    return str(client.get(f"/cuoc-thi/{slug}/binh-chon/xac-thuc", environ_base=SCHOOL).text)


def challenge_of(page: str) -> dict[str, Any] | None:
    found = re.search(r'data-challenge="([^"]+)"', page)
    return json.loads(unescape(found[1])) if found else None


def send(client: FlaskClient, slug: str, contact: str, **fields: str) -> Any:
    return client.post(f"/cuoc-thi/{slug}/binh-chon/xac-thuc", data={"contact": contact, **fields}, environ_base=SCHOOL)


def type_code(client: FlaskClient, slug: str, contact: str) -> Any:
    address = contact if "@" in contact else "+84" + contact[1:]
    return client.post(f"/cuoc-thi/{slug}/binh-chon/ma", data={"code": last_code(address)}, environ_base=SCHOOL)


@pytest.fixture
def pressed(app: Flask, clock: clocks.StillClock, wall: list[datetime]) -> Any:
    """A vote at which codes are asked for in a rush, so that work is asked."""
    contest, entries = make_vote()
    clock.instant = during(contest)
    db.session.commit()
    ask(contest.id, 401, wall[0], network="elsewhere")
    return contest, entries


def test_without_pressure_nothing_is_asked(app: Flask, client: FlaskClient, clock: clocks.StillClock) -> None:
    contest, _ = make_vote()
    clock.instant = during(contest)
    assert challenge_of(page_of(client, contest.slug)) is None
    assert send(client, contest.slug, make_contact(contest)).location.endswith("/ma")


def test_work_opens_the_way_once(app: Flask, client: FlaskClient, pressed: Any) -> None:
    contest, _ = pressed
    made = challenge_of(page_of(client, contest.slug))
    assert made is not None
    proof = work.solved(made)
    contact = make_contact(contest)
    assert send(client, contest.slug, contact, proof=proof).location.endswith("/ma")
    again = send(client, contest.slug, make_contact(contest), proof=proof)
    assert again.status_code == 422
    assert challenge_of(again.text) not in (None, made)
    assert type_code(client, contest.slug, contact).status_code == 303
    trace = db.session.scalars(select(VoterTrace)).one()
    assert (trace.work, trace.replays) == (1, 1)
    assert trace.work_ms is not None


def test_another_browser_cannot_use_the_answer(app: Flask, client: FlaskClient, pressed: Any) -> None:
    contest, _ = pressed
    proof = work.solved(challenge_of(page_of(client, contest.slug)) or {})
    other = app.test_client()
    page_of(other, contest.slug)
    assert send(other, contest.slug, make_contact(contest), proof=proof).status_code == 422


def test_without_scripts_one_waits_and_is_served(
    app: Flask, client: FlaskClient, pressed: Any, wall: list[datetime]
) -> None:
    contest, entries = pressed
    slug, contact = contest.slug, make_contact(contest)
    client.post(f"/cuoc-thi/{slug}/binh-chon", data={"pick": entries[0].public_id}, environ_base=SCHOOL)
    sent = send(client, slug, contact)
    assert sent.location.endswith("/cho")
    page = client.get(sent.location, environ_base=SCHOOL)
    assert page.status_code == 200
    assert 'http-equiv="refresh"' in page.text
    assert client.get(f"/cuoc-thi/{slug}/binh-chon/ma").status_code == 303  # no code yet
    wall[0] += pressure.LINE_LEAST + timedelta(seconds=1)
    assert client.head(sent.location, environ_base=SCHOOL).status_code == 200
    assert client.get(sent.location, environ_base=SCHOOL).location.endswith("/ma")
    assert type_code(client, slug, contact).status_code == 303
    assert db.session.scalar(select(func.count(Ballot.id))) == 1
    # The place in the line was worth one code.
    assert client.get(f"/cuoc-thi/{slug}/binh-chon/cho").location.endswith("/xac-thuc")


def test_who_the_store_of_limits_has_left_is_asked_for_work(
    app: Flask, client: FlaskClient, clock: clocks.StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest, _ = make_vote()
    clock.instant = during(contest)
    make = lambda: page_of(client, contest.slug)  # noqa: E731
    assert challenge_of(make()) is None
    monkeypatch.setattr("contest.voting.views_work.storage_down", lambda: True)
    found = challenge_of(make())
    assert found is not None
    assert found["parameters"]["data"]["level"] == 2
    assert client.get(f"/cuoc-thi/{contest.slug}/binh-chon").status_code == 200


@pytest.mark.parametrize("scripts", [True, False])
def test_five_hundred_voters_behind_one_address_all_vote(
    app: Flask, clock: clocks.StillClock, wall: list[datetime], scripts: bool
) -> None:
    """A school of 500 (60 here, at the pace of 500) in 40 minutes: each votes, with scripts or without."""
    contest, entries = make_vote()
    clock.instant = during(contest)
    slug, levels = contest.slug, set()
    most = 60
    for number in range(most):
        wall[0] += timedelta(minutes=40) / 500
        client, contact = app.test_client(), f"090{number * 7_919_391 % 10**7:07d}"
        made = challenge_of(page_of(client, slug))
        levels.add(made["parameters"]["data"]["level"] if made else 0)
        client.post(f"/cuoc-thi/{slug}/binh-chon", data={"pick": entries[0].public_id}, environ_base=SCHOOL)
        sent = send(client, slug, contact, proof=work.solved(made) if made and scripts else "")
        if sent.location.endswith("/cho"):
            here = wall[0]
            wall[0] += pressure.LINE_MOST
            sent = client.get(sent.location, environ_base=SCHOOL)
            wall[0] = here
        assert sent.location.endswith("/ma")
        assert type_code(client, slug, contact).status_code == 303
    assert db.session.scalar(select(func.count(Ballot.id))) == most
    assert levels == {0, 1}
