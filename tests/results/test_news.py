"""News: public from its instant on every page, taken back at once, and no announcement ahead of its time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from contest.core.db import db
from contest.core.errors import Conflict, NotFound, Refused
from contest.results import news
from contest.results.models_after import NewsPost
from contest.results.queries import next_public_change
from tests.conftest import START, Client
from tests.factories import make_staff, make_user, sign_in
from tests.factories.results import make_results, publish

MILLISECOND = timedelta(milliseconds=1)
WORDS = {"title": {"vi": "Lùi giờ lễ trao giải", "en": "The ceremony is later"}}


@pytest.fixture
def world(app):
    return make_results()


def write(world, at, body="Lễ bắt đầu lúc **9 giờ**.", post=None, knowing=False, now=START):
    made = news.write_post(
        contest=world.contest,
        post=post,
        **WORDS,
        body={"vi": body, "en": "It begins at nine."},
        visible_from=at,
        knowing=knowing,
        actor=world.first,
        now=now,
    )
    db.session.commit()
    return made


def test_a_piece_is_public_from_its_instant_and_gone_when_taken_back(world, client, clock):
    at = START + timedelta(hours=3)
    post = write(world, at)
    places = (f"/cuoc-thi/{world.contest.slug}", f"/cuoc-thi/{world.contest.slug}/tin")
    page = f"/cuoc-thi/{world.contest.slug}/tin/{post.public_id}"
    title = "Lùi giờ lễ trao giải"
    assert next_public_change(START) <= at
    clock.instant = at - MILLISECOND
    assert client.get(page).status_code == 404
    assert all(title not in client.get(place).text for place in places)
    clock.instant = at
    assert "<strong>9 giờ</strong>" in client.get(page).text
    assert all(title in client.get(place).text for place in places)
    clock.instant = at + timedelta(hours=1)
    news.remove_post(contest=world.contest, post=post, actor=world.first, now=clock.instant)
    db.session.commit()
    assert client.get(page).status_code == 404
    assert all(title not in client.get(place).text for place in places)


def test_another_contest_does_not_show_it(world):
    post = write(world, START)
    other = make_results(1)
    with pytest.raises(NotFound):
        news.get_public_post(other.contest, post.public_id, START)


def test_a_change_after_its_instant_is_shown_as_an_edit_and_does_not_hide_it(world, client, clock):
    post = write(world, START)
    assert not news.is_edited(post)
    clock.instant = START + timedelta(days=1)
    write(world, None, body="Đã đổi chỗ.", post=post, now=clock.instant)
    assert post.visible_from == START
    text = client.get(f"/cuoc-thi/{world.contest.slug}/tin/{post.public_id}").text
    assert "Đã đổi chỗ." in text
    assert "đã sửa" in text


def test_winners_are_not_named_before_the_announcement_unawares(world):
    publish(world)
    early = world.official_at - timedelta(hours=1)
    said = "Xin chúc mừng tác giả bài ĐỒI CẰN trổ hoa."
    with pytest.raises(Conflict) as refused:
        write(world, early, said, now=world.ready_at)
    assert "Đồi cằn trổ hoa" in refused.value.params["names"]
    assert db.session.scalars(select(NewsPost)).all() == []
    write(world, world.official_at, said, now=world.ready_at)
    write(world, None, said, now=world.ready_at)
    write(world, early, said, knowing=True, now=world.ready_at)


@pytest.mark.parametrize("body", ["", "   ", "x" * 20_001])
def test_both_languages_are_needed_and_bounded(world, body):
    with pytest.raises(Refused):
        write(world, START, body)


def test_only_organisers_write(world):
    someone = make_staff(world.contest, "secretary")
    with pytest.raises(Refused):
        news.write_post(
            contest=world.contest,
            post=None,
            **WORDS,
            body=WORDS["title"],
            visible_from=START,
            knowing=False,
            actor=someone,
            now=START,
        )


def test_the_pages_of_the_desk(app, world, clock):
    client = Client(app, app.response_class)
    sign_in(client, world.first)
    here = f"/ban-to-chuc/{world.contest.slug}/tin"
    form = {"title_vi": "Tin", "title_en": "News", "body_vi": "<b>Nội dung</b>", "body_en": "Text", "when": "now"}
    looked = client.post(f"{here}/viet", data={**form, "go": "look"})
    assert "&lt;b&gt;Nội dung&lt;/b&gt;" in looked.text
    assert db.session.scalars(select(NewsPost)).all() == []
    assert client.post(f"{here}/viet", data={**form, "when": "later"}).status_code == 422
    assert client.post(f"{here}/viet", data=form).status_code == 303
    post = db.session.scalars(select(NewsPost)).one()
    assert "Tin" in client.get(here).text
    assert client.get(f"{here}/{post.public_id}").status_code == 200
    assert client.post(f"{here}/{post.public_id}/go").status_code == 303
    assert client.get(f"{here}/{post.public_id}").status_code == 404
    stranger = Client(app, app.response_class)
    sign_in(stranger, make_user())
    assert stranger.get(here).status_code == 404
