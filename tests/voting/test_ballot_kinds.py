"""Ballots by category and by the day, choices limited by category, reading first, and who may not vote: the pages."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import select

from contest.contests.models import RoleGrant
from contest.core.db import db
from contest.voting import queries
from contest.voting.models import Ballot
from tests.conftest import VIETNAM
from tests.factories import make_staff, make_user
from tests.factories.judging import make_finalist
from tests.factories.rules import make_contest_voting
from tests.factories.voting import during, last_code, let_fall_out, start_log, voting_window

pytestmark = pytest.mark.usefixtures("client")
NUMBER, KEPT = "0912 345 678", "+84912345678"
_PICK = re.compile(r'name="pick" value="([0-9a-z]{14})"( checked)?')


def put_to_vote(clock, finalists="AABB", **voting):
    """A contest with finalists in these categories."""
    contest = make_contest_voting(0, **{"categories": sorted(set(finalists)), **voting})
    entries = [make_finalist(contest, category) for category in finalists]
    db.session.commit()
    start_log(contest)
    clock.instant = during(contest)
    return contest, [entry.public_id for entry in entries], f"/cuoc-thi/{contest.slug}/binh-chon"


def words(response):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.text)))


def prove(client, base):
    client.post(f"{base}/xac-thuc", data={"contact": NUMBER})
    return client.post(f"{base}/ma", data={"code": last_code(KEPT)})


def shown(response):
    return {pick for pick, _ in _PICK.findall(response.text)}


def checked(response):
    return {pick for pick, mark in _PICK.findall(response.text) if mark}


def scopes():
    db.session.rollback()
    return {ballot.scope: ballot.revision for ballot in db.session.scalars(select(Ballot).order_by(Ballot.id))}


# One ballot for each category


@pytest.fixture
def by_category(app, clock):
    return put_to_vote(clock, ballot_scope="category", choices_max=2)


def test_each_category_has_a_ballot_of_its_own(client, by_category):
    _, picks, base = by_category
    prove(client, base)
    assert shown(client.get(base)) == set(picks[:2])
    assert shown(client.get(f"{base}?phieu=B")) == set(picks[2:])
    done = client.post(f"{base}?phieu=A", data={"pick": picks[:1], "revision": "0"})
    assert done.location == f"{base}/da-gui?phieu=A"
    # The receipt leads to the next ballot, and the booth opens at it.
    page = client.get(done.location)
    assert f"{base}?phieu=B" in page.text and "Tiếp theo" in words(page)
    assert shown(client.get(base)) == set(picks[2:])
    client.post(f"{base}?phieu=B", data={"pick": picks[3:], "revision": "0"})
    assert scopes() == {"category:A": 1, "category:B": 1}
    assert picks[3] not in client.get(f"{base}/da-gui?phieu=A").text
    assert picks[3] in client.get(f"{base}/da-gui?phieu=B").text


def test_an_entry_of_another_category_is_refused_on_a_ballot(client, by_category):
    _, picks, base = by_category
    prove(client, base)
    page = client.post(f"{base}?phieu=A", data={"pick": [picks[0], picks[2]], "revision": "0"})
    assert page.status_code == 422 and scopes() == {}


def test_a_ballot_that_there_is_not_is_refused_and_the_page_stands(client, by_category):
    _, picks, base = by_category
    assert shown(client.get(f"{base}?phieu=Z")) == set(picks[:2])
    prove(client, base)
    page = client.post(f"{base}?phieu=Z", data={"pick": picks[:1], "revision": "0"})
    assert page.status_code == 422 and scopes() == {}


def test_choices_for_several_ballots_wait_together(client, by_category):
    _, picks, base = by_category
    client.post(f"{base}?phieu=A", data={"pick": picks[:1]})
    client.post(f"{base}?phieu=B", data={"pick": picks[2:]})
    assert checked(client.get(f"{base}?phieu=A")) == set(picks[:1])
    prove(client, base)
    assert scopes() == {"category:A": 1, "category:B": 1}


# Ballots by the day


def test_a_ballot_a_day_until_midnight_in_vietnam(client, app, clock):
    contest, picks, base = put_to_vote(clock, "AAA", ballot_scope="day")
    opens = voting_window(contest)[0].astimezone(VIETNAM)
    midnight = datetime(opens.year, opens.month, opens.day, tzinfo=VIETNAM) + timedelta(days=2)
    clock.instant = midnight - timedelta(hours=1)
    prove(client, base)
    page = client.get(base)
    assert "24 giờ, giờ Việt Nam" in words(page)
    day = re.search(r'name="day" value="([\d-]+)"', page.text)[1]
    assert day == (midnight - timedelta(hours=1)).date().isoformat()
    client.post(base, data={"pick": picks[:1], "revision": "0", "day": day})
    clock.instant = midnight - timedelta(microseconds=1)
    client.post(base, data={"pick": picks[1:2], "revision": "1", "day": day})
    assert scopes() == {f"{day}/1": 2}
    # A page from before midnight does not quietly become a ballot of the next day.
    clock.instant = midnight
    page = client.post(base, data={"pick": picks[2:], "revision": "2", "day": day})
    assert page.status_code == 409 and "Đã sang ngày mới" in words(page) and checked(page) == {picks[2]}
    tomorrow = midnight.date().isoformat()
    form = {"pick": picks[2:], "revision": "0", "day": tomorrow}
    assert client.post(base, data=form).location == f"{base}/da-gui"
    assert scopes() == {f"{day}/1": 2, f"{tomorrow}/1": 1}
    # The receipt of yesterday's is still there.
    old = client.get(f"{base}/da-gui?phieu={day}/1")
    assert picks[1] in old.text and "Ngày của phiếu này đã qua" in words(old)
    assert f"phieu={day}/1" in client.get(f"{base}/da-gui").text.replace("%2F", "/")


def test_several_ballots_a_day_and_a_limit_over_all_days(client, app, clock):
    _, picks, base = put_to_vote(clock, "AAA", ballot_scope="day", ballots_per_day=2, ballots_max=3)
    prove(client, base)
    for part in ("1", "2"):
        assert client.post(f"{base}?phieu={part}", data={"pick": picks[:1], "revision": "0"}).status_code == 303
    assert client.post(f"{base}?phieu=3", data={"pick": picks[:1], "revision": "0"}).status_code == 422
    clock.instant += timedelta(days=1)
    client.post(f"{base}?phieu=1", data={"pick": picks[:1], "revision": "0"})
    page = client.post(f"{base}?phieu=2", data={"pick": picks[:1], "revision": "0"})
    assert page.status_code == 422 and len(scopes()) == 3


def test_after_the_close_the_last_ballot_is_found(client, app, clock):
    contest, picks, base = put_to_vote(clock, "AAA", ballot_scope="day")
    prove(client, base)
    client.post(base, data={"pick": picks[:1], "revision": "0"})
    clock.instant = voting_window(contest)[1]
    # A phone knows its voter for two hours only, by wall time; contest time may be moved.
    assert f"{base}/da-gui" in client.get(base).text
    assert picks[0] in client.get(f"{base}/da-gui").text


# Limits by category within one ballot


def test_at_most_so_many_of_one_category(client, app, clock):
    _, picks, base = put_to_vote(clock, choices_max=3, choices_per_category=1)
    prove(client, base)
    page = client.get(base)
    assert 'data-most-of-one="1"' in page.text and "Mỗi hạng mục chọn tối đa 1 bài" in words(page)
    refused = client.post(base, data={"pick": picks[:2], "revision": "0"})
    assert refused.status_code == 422 and checked(refused) == set(picks[:2])
    assert client.post(base, data={"pick": [picks[0], picks[2]], "revision": "0"}).status_code == 303


# Reading


def test_reading_is_noted_and_ends_with_choosing(client, app, clock):
    _, picks, base = put_to_vote(clock, "AAAA", choices_max=2)
    for number, pick in enumerate(picks[:2], start=1):
        page = client.get(f"{base}/doc/{pick}")
        assert page.headers["Cache-Control"] == "private, no-store" and f"{base}/doc/{pick}" in page.text
        back = client.post(f"{base}/doc/{pick}")
        assert back.location == f"{base}#bai-{pick}"
        assert checked(client.get(base)) == set(picks[:number])
    client.post(f"{base}/doc/{picks[2]}")
    page = client.get(base)
    assert "Phiếu đã đủ bài" in words(page) and checked(page) == set(picks[:2])
    assert client.get(f"{base}/doc/khongcobainay1").status_code == 404
    assert client.post(f"{base}/doc/khongcobainay1").status_code == 404
    assert scopes() == {}


def test_what_a_tab_held_goes_along_when_a_story_is_chosen(client, app, clock):
    _, picks, base = put_to_vote(clock, "AAAA", choices_max=3)
    client.post(f"{base}/doc/{picks[2]}", data={"held": "1", "pick": picks[:2]})
    assert checked(client.get(base)) == set(picks[:3])


def test_where_one_may_be_chosen_another_takes_its_place(client, app, clock):
    _, picks, base = put_to_vote(clock, "AAA", choices_max=1)
    client.post(f"{base}/doc/{picks[0]}")
    client.post(f"{base}/doc/{picks[1]}")
    assert checked(client.get(base)) == {picks[1]}


@pytest.mark.parametrize("known", [False, True])
def test_where_the_rules_ask_for_it_an_unread_entry_is_refused(client, app, clock, known):
    _, picks, base = put_to_vote(clock, "AAA", reading_required=True, choices_max=2)
    if known:
        prove(client, base)
    assert shown(client.get(base)) == set()
    client.get(f"{base}/doc/{picks[0]}")
    assert shown(client.get(base)) == {picks[0]}
    page = client.post(base, data={"pick": picks[:2], "revision": "0"})
    assert page.status_code == 422 and "phải đọc bài trước khi chọn" in words(page)
    assert "Còn 1 bài" in words(page) and scopes() == {}
    client.get(f"{base}/doc/{picks[1]}")
    assert client.post(base, data={"pick": picks[:2], "revision": "0"}).status_code == 303


def test_what_is_on_the_ballot_was_read_when_it_was_chosen(client, app, clock):
    """Another device knows nothing of the reading done on the first."""
    _, picks, base = put_to_vote(clock, "AAA", reading_required=True, choices_max=2)
    client.get(f"{base}/doc/{picks[0]}")
    client.post(base, data={"pick": picks[:1]})
    prove(client, base)
    other = app.test_client()
    prove(other, base)
    assert shown(other.get(base)) == {picks[0]}
    other.get(f"{base}/doc/{picks[1]}")
    assert other.post(base, data={"pick": picks[:2], "revision": "1"}).status_code == 303
    assert other.post(base, data={"pick": picks[1:], "revision": "2"}).status_code == 422
    assert scopes() == {"contest": 2}


def test_reading_is_forgotten_with_the_voter(client, app, clock):
    _, picks, base = put_to_vote(clock, "AAA", reading_required=True)
    client.get(f"{base}/doc/{picks[0]}")
    client.post(f"{base}/xong")
    assert shown(client.get(base)) == set()


def test_the_session_holds_no_more_than_a_cookie_does(client, app, clock):
    _, picks, base = put_to_vote(clock, "A" * 12, choices_max=3)
    with client.session_transaction() as session:
        slug = base.split("/")[2]
        old = [f"{number:014d}".replace("0", "k") for number in range(200)]
        session["vote"] = {slug: {"opened": old, "picks": {"": picks[:3]}}}
    client.get(f"{base}/doc/{picks[0]}")
    with client.session_transaction() as session:
        opened = session["vote"][slug]["opened"]
    assert len(opened) == 100 and opened[-1] == picks[0]
    assert len(client.get_cookie("session").value) < 3800


# Who may not vote


def test_a_judge_is_told_after_the_code_and_nothing_is_cast(client, app, clock):
    contest, picks, base = put_to_vote(clock, "AAA")
    judge = make_user()
    judge.phone = KEPT
    make_staff(contest, "judge", judge)
    db.session.commit()
    assert db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == judge.id)).one()
    client.post(base, data={"pick": picks[:1]})
    prove(client, base)
    page = client.get(base)
    assert "Ông/bà không bình chọn ở đây được" in words(page) and shown(page) == set()
    assert client.post(base, data={"pick": picks[:1], "revision": "0"}).status_code == 422
    client.post(f"{base}/doc/{picks[0]}")
    assert scopes() == {}


def test_an_author_does_not_choose_their_own_entry(client, app, clock):
    contest, picks, base = put_to_vote(clock, "AAA")
    own = next(entry for entry in queries.gallery(contest) if entry.public_id == picks[0])
    own.author.phone = KEPT
    db.session.commit()
    prove(client, base)
    page = client.get(base)
    assert shown(page) == set(picks[1:]) and "tác giả không chọn bài của mình" in words(page)
    assert client.post(base, data={"pick": picks[:1], "revision": "0"}).status_code == 422
    client.post(f"{base}/doc/{picks[0]}")
    assert checked(client.get(base)) == set()
    assert client.post(base, data={"pick": picks[1:2], "revision": "0"}).status_code == 303


# A finalist who falls out


def test_a_choice_that_fell_out_leaves_room_for_another(client, app, clock):
    contest, picks, base = put_to_vote(clock, "AAA", choices_max=1)
    client.post(base, data={"pick": picks[:1]})
    prove(client, base)
    let_fall_out(next(entry for entry in queries.gallery(contest) if entry.public_id == picks[0]))
    assert client.get(f"{base}/doc/{picks[0]}").status_code == 404
    assert "không còn" in words(client.get(f"{base}/da-gui"))
    client.post(f"{base}/doc/{picks[1]}")
    assert checked(client.get(base)) == {picks[1]}
    assert client.post(base, data={"pick": picks[1:2], "revision": "1"}).status_code == 303
