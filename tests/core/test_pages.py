"""The pages that this process keeps for a few seconds: for anonymous readers, and never for longer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contest.core import clock as clocks
from contest.core.web.pages import Page, PageCache
from tests.factories import make_contest, make_user, sign_in


@pytest.fixture
def keeping(app):
    app.extensions["pages"] = PageCache()
    yield app
    del app.extensions["pages"]


@pytest.fixture
def wall(monkeypatch):
    """The machine's time, standing until a test moves it."""
    time = [clocks.wall()]
    monkeypatch.setattr(clocks, "wall", lambda: time[0])
    return time


def test_a_page_is_kept_for_its_seconds_and_no_longer(keeping, client, wall):
    assert "Gương điển hình" not in client.get("/cuoc-thi").text
    make_contest()
    wall[0] += timedelta(seconds=14)
    kept = client.get("/cuoc-thi")
    assert "Gương điển hình" not in kept.text
    assert kept.headers["Cache-Control"] == "public, max-age=1"
    wall[0] += timedelta(seconds=1)
    fresh = client.get("/cuoc-thi")
    assert "Gương điển hình" in fresh.text
    assert fresh.headers["Cache-Control"] == "public, max-age=15"


def test_a_kept_page_is_the_same_answer(keeping, client, wall):
    make_contest()
    first, second = client.get("/"), client.get("/")
    assert first.data == second.data
    assert dict(first.headers) == dict(second.headers)
    assert client.get("/", headers={"If-None-Match": second.headers["ETag"]}).status_code == 304


def test_whoever_is_signed_in_gets_a_page_of_their_own(keeping, client, wall):
    client.get("/cuoc-thi")
    make_contest()
    sign_in(client, make_user("Trần Thị Hiền"))
    page = client.get("/cuoc-thi")
    assert "Gương điển hình" in page.text
    client.delete_cookie("session")
    assert "Trần Thị Hiền" not in client.get("/cuoc-thi").text


def test_languages_hosts_and_questions_are_kept_apart(keeping, client, wall):
    assert '<html lang="vi"' in client.get("/cuoc-thi").text
    assert '<html lang="en"' in client.get("/en/cuoc-thi").text
    make_contest()
    assert "Gương điển hình" in client.get("/cuoc-thi?x=1").text
    assert "Gương điển hình" in client.get("/cuoc-thi", base_url="https://localhost").text


def test_what_is_not_there_is_not_kept(keeping, client, wall, clock):
    contest = make_contest()
    path = f"/cuoc-thi/{contest.slug}/chung-khao"
    assert client.get(path).status_code == 404
    clock.instant = contest.rules.window("voting").opens
    assert client.get(path).status_code == 200


def test_only_so_many_are_kept():
    cache, wall = PageCache(most=2), clocks.wall()
    for name in ("a", "b", "c"):
        cache.keep((name,), Page(name.encode(), "text/html", wall + timedelta(seconds=1)))
    assert cache.find(("a",), wall) is None
    assert cache.find(("b",), wall).body == b"b"
    cache.keep(("d",), Page(b"d", "text/html", wall + timedelta(seconds=1)))
    assert cache.find(("c",), wall) is None, "the one asked for longest ago goes"
    assert cache.find(("b",), wall + timedelta(seconds=1)) is None
