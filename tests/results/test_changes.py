"""What computing anew changed: told prize by prize, to organisers alone, and under the case that led to it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from contest.core.db import db
from contest.entries.models import Advancement
from contest.results.amendments import approve_amendment, propose_revocation
from contest.results.changes import changes_since, follow_up, history
from contest.results.models import Award
from tests.factories import make_staff, sign_in
from tests.factories.complaints import close_case, make_case
from tests.factories.results import NUMBER, compute, judge_finalists, make_results, make_world, publish

HOUR = timedelta(hours=1)
FIRST = "Đồi cằn trổ hoa"


def plain(message, params=None):
    """A sentence in English, with {vi, en} pairs in Vietnamese."""
    return message % {name: getattr(value, "vi", value) for name, value in (params or {}).items()}


def drop(world, title, at):
    """The entry falls out of the final."""
    entry = world.entries[title]
    db.session.scalars(select(Advancement).where(Advancement.entry_id == entry.id)).one().fell_out_at = at
    db.session.commit()
    return entry


def sustained(world, title=FIRST, at=None):
    """A case about the entry, found right."""
    at = at or world.ready_at + HOUR
    case = make_case(world.contest, at - 2 * HOUR / 4, entry=world.entries[title])
    return close_case(case, make_staff(world.contest, "secretary"), at, "upheld")


def test_a_sustained_objection_says_who_lost_and_who_moved_up(app):
    world = make_world()
    titles = [f"Bài {at:02}" for at in range(1, 21)]
    judge_finalists(world, dict(zip(titles, (91 - at * 0.1 for at in range(20)), strict=True)))
    compute(world)
    case = sustained(world, "Bài 01")
    assert follow_up(world.contest, case.answered_at, case.answered_at, plain).state == "to_compute"
    drop(world, "Bài 01", case.answered_at)
    compute(world, case.answered_at + HOUR)
    [found] = history(world.contest)
    codes = {title: entry.blind_code for title, entry in world.entries.items()}
    moved = {each.code: ([p.id for p in each.before], [p.id for p in each.after]) for each in found.prizes}
    assert moved == {
        codes["Bài 01"]: (["A-nhat"], []),
        codes["Bài 02"]: (["A-nhi"], ["A-nhat"]),
        codes["Bài 04"]: (["A-ba"], ["A-nhi"]),
        codes["Bài 08"]: (["A-khuyen_khich"], ["A-ba"]),
        codes["Bài 18"]: ([], ["A-khuyen_khich"]),
    }
    assert all(each.why or each.out for each in found.prizes)
    assert [each.code for each in found.prizes][-1] == codes["Bài 01"]
    assert found.places[-1].after is None and found.places[0].before[0] == found.places[0].after[0] + 1
    assert found.money[0] == found.money[1]
    led = follow_up(world.contest, case.answered_at, case.answered_at + HOUR, plain)
    assert led.state == "changed" and len(led.lines) == 5
    assert f"{codes['Bài 01']} fell out" in led.lines[-1]


def test_what_is_left_of_a_prize_and_of_the_money_is_told(app):
    world = make_results()
    compute(world)
    at = world.ready_at + HOUR
    drop(world, FIRST, at)
    compute(world, at)
    found = changes_since(world.contest, world.ready_at)
    [seats] = [each for each in found.not_given if each.prize.id == "A-nhat"]
    assert (seats.before, seats.after) == (0, 1) and seats.why
    assert found.money[1] < found.money[0]
    assert sum(each.amount_vnd for each in found.after.awards) == found.money[1]


def test_computed_anew_with_nothing_changed_is_said_as_well(app):
    world = make_results()
    compute(world)
    case = sustained(world)
    compute(world, case.answered_at + HOUR, checked=False)
    led = follow_up(world.contest, case.answered_at, case.answered_at + HOUR, plain)
    assert (led.state, led.lines) == ("same", ())
    assert history(world.contest) == []


def test_after_the_announcement_it_is_the_amendments_that_are_told(app):
    world = make_results()
    publish(world)
    at = world.official_at + HOUR
    case = sustained(world, at=at)
    assert follow_up(world.contest, case.answered_at, at, plain).lines == ()
    award = db.session.scalars(select(Award).where(Award.prize_id == "A-nhat")).one()
    row = propose_revocation(
        contest=world.contest,
        award=award,
        follow="empty",
        reason="Bài đã đăng",
        number="1501/QĐ-UBND",
        on=at.date(),
        signer="Lê Thị Hòa An",
        actor=world.first,
        now=at + HOUR,
    )
    db.session.commit()
    assert follow_up(world.contest, case.answered_at, at + HOUR, plain).lines == ()
    approve_amendment(
        contest=world.contest,
        public_id=row.public_id,
        typed_number="1501/QĐ-UBND",
        actor=world.second,
        now=at + 2 * HOUR,
    )
    db.session.commit()
    led = follow_up(world.contest, case.answered_at, at + 2 * HOUR, plain)
    assert led.state == "to_amend" and "1501/QĐ-UBND" in led.lines[0]
    assert NUMBER not in led.lines[0]


@pytest.fixture
def objection(app, client, clock):
    world = make_results()
    compute(world)
    case = sustained(world)
    drop(world, FIRST, case.answered_at)
    clock.instant = case.answered_at + HOUR
    compute(world, clock.instant)
    return world, case


def test_organisers_read_the_difference_beside_the_case_that_led_to_it(objection, client):
    world, case = objection
    sign_in(client, world.first)
    page = client.get(f"/ban-to-chuc/{world.contest.slug}/ket-qua/thay-doi").get_data(as_text=True)
    for title in (FIRST, "Chiếc ba lô màu xanh"):
        code = world.entries[title].blind_code
        assert f'<th scope="row" class="num">{code}</th>' in page
    assert case.code in page and "Giải Nhất" in page
    page = client.get(f"/ban-to-chuc/{world.contest.slug}/phan-anh/{case.public_id}").get_data(as_text=True)
    assert f"{world.entries[FIRST].blind_code} không còn được xếp hạng" in page


def test_the_secretariat_learns_who_won_no_earlier_than_everybody(objection, client, clock):
    world, case = objection
    secretary = make_staff(world.contest, "secretary")
    base = f"/ban-to-chuc/{world.contest.slug}"
    sign_in(client, secretary)
    assert client.get(f"{base}/ket-qua/thay-doi").status_code == 404
    page = client.get(f"{base}/phan-anh/{case.public_id}").get_data(as_text=True)
    assert "không còn được xếp hạng" not in page and "được tính lại" not in page
    publish(world)
    clock.instant = world.official_at
    page = client.get(f"{base}/phan-anh/{case.public_id}").get_data(as_text=True)
    assert "không còn được xếp hạng" in page


def test_nothing_to_compare_is_said(app, client, clock):
    world = make_results()
    clock.instant = world.ready_at
    sign_in(client, world.first)
    address = f"/ban-to-chuc/{world.contest.slug}/ket-qua/thay-doi"
    assert "Chưa có gì để so sánh" in client.get(address).get_data(as_text=True)
    compute(world)
    assert "Chưa có gì để so sánh" in client.get(address).get_data(as_text=True)
