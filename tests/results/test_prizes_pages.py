"""Prizes beside the ranking and changes after the announcement, as people meet them."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from contest.core.db import db
from contest.results.queries import find_standing
from tests.conftest import Client
from tests.factories import make_staff, make_unit, make_user, sign_in
from tests.factories.editions import republish
from tests.factories.results import compute, judge_finalists, make_world, publish

TITLES = {"Bài một": 90, "Bài hai": 89, "Bài ba": 86, "Bài bốn": 80}
PROPOSAL = {
    "kind": "revoke",
    "follow": "cascade",
    "reason": "Bài đã in năm 2019",
    "number": "15/QĐ",
    "on": "2027-06-12",
    "signer": "Chủ tịch",
}


@pytest.fixture
def world(app, clock):
    found = make_world()
    judge_finalists(found, TITLES)
    clock.instant = found.ready_at
    return found


def desk(world, *rest):
    return "/".join((f"/ban-to-chuc/{world.contest.slug}/ket-qua", *rest))


def as_(world, app, person):
    client = Client(app)
    sign_in(client, person)
    return client


def text_of(answer):
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))))


def test_a_unit_is_chosen_told_in_the_budget_and_taken_back(world, app):
    unit = make_unit()
    db.session.commit()
    client = as_(world, app, world.first)
    address = desk(world, "giai-khac")
    wrong = client.post(address, data={"prize": "tap_the", "code": "khong-co", "why": "Dẫn đầu phong trào"})
    assert wrong.status_code == 422
    assert "Dẫn đầu phong trào" in wrong.get_data(as_text=True)
    done = client.post(address, data={"prize": "tap_the", "code": unit.code, "why": "Dẫn đầu phong trào"})
    assert done.status_code == 303
    compute(world)
    page = text_of(client.get(address))
    assert unit.name in page
    assert "5.000.000 đồng" in page
    row = re.search(r'name="choice" value="(\d+)"', client.get(address).get_data(as_text=True)).group(1)
    assert client.post(desk(world, "giai-khac", "bo"), data={"choice": "x"}).status_code == 303
    assert client.post(desk(world, "giai-khac", "bo"), data={"choice": row}).status_code == 303
    assert "Dẫn đầu phong trào" not in text_of(client.get(address))


def test_a_prize_is_taken_back_and_everyone_sees_it_at_once(world, app, clock):
    publish(world)
    for entry in world.entries.values():
        republish(entry)
    db.session.commit()
    clock.instant = world.official_at + timedelta(days=2)
    first, second, anyone = as_(world, app, world.first), as_(world, app, world.second), Client(app)
    honours = f"/cuoc-thi/{world.contest.slug}/ket-qua"
    award = find_standing(world.contest.id).awards[0]
    key = f"bai-{award.id}"
    page = text_of(first.get(desk(world, "dieu-chinh", key)))
    assert f"Bài {world.entries['Bài hai'].blind_code} được đôn lên Giải Nhất" in page
    bad = first.post(desk(world, "dieu-chinh", key), data={**PROPOSAL, "number": ""})
    assert bad.status_code == 422
    assert "Bài đã in năm 2019" in bad.get_data(as_text=True)
    before = anyone.get(honours).get_data(as_text=True)
    assert first.post(desk(world, "dieu-chinh", key), data=PROPOSAL).status_code == 303
    assert "Bài đã in năm 2019" not in anyone.get(honours).get_data(as_text=True)
    waiting = second.get(desk(world, "dieu-chinh")).get_data(as_text=True)
    number = re.search(r'name="amendment" value="([^"]+)"', waiting).group(1)
    same = first.post(desk(world, "dieu-chinh", "phe-duyet"), data={"amendment": number, "number": "15/QĐ"})
    assert same.status_code == 422
    done = second.post(desk(world, "dieu-chinh", "phe-duyet"), data={"amendment": number, "number": "15/QĐ"})
    assert done.status_code == 303
    after = text_of(anyone.get(honours))
    assert "Đính chính" in after
    assert "Bài đã in năm 2019" in after
    assert "Quyết định số 15/QĐ" in after
    assert "Có điều chỉnh" not in before
    told = text_of(first.get(desk(world, "dieu-chinh")))
    assert "Đã thu hồi" in told
    assert "Được đôn lên" in told
    assert first.get(desk(world, "dieu-chinh", key)).status_code == 404
    assert anyone.get(f"/bai/{award.entry.public_id}").status_code == 200
    assert "Giải Nhất" not in text_of(anyone.get(f"/bai/{award.entry.public_id}"))


def test_calling_off_leaves_everything_and_the_page_exists_for_organisers_after_the_announcement(world, app, clock):
    publish(world)
    assert as_(world, app, world.first).get(desk(world, "dieu-chinh")).status_code == 404
    clock.instant = world.official_at + timedelta(days=2)
    first = as_(world, app, world.first)
    key = f"bai-{find_standing(world.contest.id).awards[0].id}"
    first.post(desk(world, "dieu-chinh", key), data=PROPOSAL)
    number = re.search(
        r'name="amendment" value="([^"]+)"', first.get(desk(world, "dieu-chinh")).get_data(as_text=True)
    ).group(1)
    assert first.post(desk(world, "dieu-chinh", "thoi"), data={"amendment": number}).status_code == 303
    assert "Chờ phê duyệt" not in text_of(first.get(desk(world, "dieu-chinh")))
    assert first.post(desk(world, "dieu-chinh", "thoi"), data={"amendment": "x\0"}).status_code in (400, 404)


@pytest.mark.parametrize("path", ["giai-khac", "dieu-chinh"])
def test_for_organisers_of_the_contest_alone(world, app, clock, path):
    publish(world)
    clock.instant = world.official_at
    assert Client(app).get(desk(world, path)).status_code in (302, 303)
    for person in (make_user(), make_staff(world.contest, "secretary"), world.chair):
        db.session.commit()
        assert as_(world, app, person).get(desk(world, path)).status_code == 404
