"""The page in other sites' frames: what it shows when, that it runs nothing, and that it stands nowhere else."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from lxml import html
from sqlalchemy import select

from contest.core.db import db
from contest.editions.models import Edition
from tests.conftest import Client
from tests.factories import make_user, sign_in
from tests.factories.programs import MILLISECOND, make_announced, revoke
from tests.factories.voting import make_vote

DAY = timedelta(days=1)


def test_it_follows_the_contest(app, client, clock):
    world = make_announced()
    rules, slug = world.contest.rules, world.contest.slug
    revoke(world, "A-nhat", "Đồi cằn trổ hoa", world.official_at + DAY)
    path = f"/nhung/{slug}"
    clock.instant = rules.instant("issue") - MILLISECOND
    assert client.get(path).status_code == 404
    clock.instant = rules.window("submission").opens
    assert "Đang nhận bài" in client.get(path).text
    clock.instant = rules.instant("shortlist") - MILLISECOND
    assert "Đồi cằn trổ hoa" not in client.get(path).text
    clock.instant = rules.window("voting").opens
    told = client.get(path).text
    assert "Đồi cằn trổ hoa" in told and "Giải Nhất" not in told
    clock.instant = world.official_at - MILLISECOND
    assert "Giải" not in client.get(path).text
    clock.instant = world.official_at
    assert "Giải Nhất" in client.get(path).text and "Đã công bố kết quả" in client.get(path).text
    assert "First Prize" in client.get(f"/en{path}").text
    clock.instant = world.official_at + DAY
    assert "Giải Nhất" not in client.get(path).text


def test_authors_are_hidden_while_the_contest_hides_them(app, client, clock):
    contest, entries = make_vote(1)
    clock.instant = contest.rules.window("voting").opens
    told = client.get(f"/nhung/{contest.slug}").text
    assert entries[0].title in told and entries[0].author_name not in told


def test_an_author_whom_no_edition_names_is_named_nowhere(app, client, clock):
    """Neither in frames nor in the API, feeds or structured data, prize or no prize."""
    world = make_announced()
    winner = world.entries["Đồi cằn trổ hoa"]
    for edition in db.session.scalars(select(Edition).where(Edition.entry_id == winner.id)):
        edition.author_shown = False
    db.session.commit()
    name, story, slug = winner.author_name, winner.public_id, world.contest.slug
    clock.instant = world.official_at
    results = f"/api/v1/contests/{slug}/results"
    lists = (f"/cuoc-thi/{slug}/ket-qua", f"/nhung/{slug}", results, "/tin.atom", "/tin.json", "/api/v1/stories")
    for path in (*lists, f"/bai/{story}", f"/api/v1/stories/{story}"):
        told = client.get(path)
        assert told.status_code == 200 and winner.title in told.text
        assert name not in re.findall(r"Người Thứ \d+", told.text), path


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_it_may_stand_in_any_frame_and_nothing_else_may(app, client, clock):
    contest, entries = make_vote()
    clock.instant = contest.rules.window("voting").opens
    for path in (f"/nhung/{contest.slug}", f"/nhung/{contest.slug}/sang", f"/en/nhung/{contest.slug}/toi"):
        answer = client.get(path)
        assert "X-Frame-Options" not in answer.headers
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors *" in policy and "default-src 'none'" in policy and "form-action 'none'" in policy
        assert "script-src" not in policy
    db.session.remove()
    for path in (
        "/",
        f"/cuoc-thi/{contest.slug}",
        f"/bai/{entries[0].public_id}",
        "/dang-nhap",
        "/tin.atom",
        "/nhung/khong-co",
        "/api",
    ):
        answer = client.get(path)
        assert answer.headers["X-Frame-Options"] == "DENY", path
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_it_runs_nothing_asks_nothing_and_knows_nobody(app, client, clock):
    world = make_announced()
    person = Client(app, app.response_class)
    sign_in(person, make_user("Người Đã Đăng Nhập"))
    for now in (world.contest.rules.window("submission").opens, world.official_at):
        clock.instant = now
        for path, theme in (("", None), ("/sang", "light"), ("/toi", "dark")):
            answer = client.get(f"/nhung/{world.contest.slug}{path}")
            page = html.fromstring(answer.data)
            assert page.get("data-theme") == theme
            assert not page.xpath("//script | //form | //input | //iframe | //*[@style]")
            links = page.xpath("//a")
            assert links and all(each.get("target") == "_blank" and "noopener" in each.get("rel") for each in links)
            assert all(each.get("href").startswith("http://localhost/") for each in links)
            assert "Set-Cookie" not in answer.headers
    assert person.get(f"/nhung/{world.contest.slug}").data == client.get(f"/nhung/{world.contest.slug}").data


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_line_to_copy_is_a_frame_with_its_name(app, client, clock):
    contest, _ = make_vote()
    page = html.fromstring(client.get("/api").data)
    [line] = page.xpath("//*[@data-copy-source][contains(text(), 'iframe')]/text()")
    frame = html.fromstring(line)
    assert frame.tag == "iframe" and frame.get("loading") == "lazy"
    assert frame.get("title") == contest.rules.title.vi
    assert frame.get("src") == f"http://localhost/nhung/{contest.slug}"
