"""Feeds and the sitemap tell what is public, no sooner, in forms that independent parsers take."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import feedparser
import jsonschema
import pytest
from lxml import etree, html

from contest.api import views_sitemap
from contest.api.items import Feed, Item, atom, json_feed, sitemap
from contest.core.db import writing
from contest.exemplars.consents import withdraw_consent
from tests.conftest import START
from tests.factories import make_user
from tests.factories.programs import MILLISECOND, make_announced, make_news, revoke
from tests.factories.voting import make_vote

DAY = timedelta(days=1)
ATOM = etree.RelaxNG(etree.parse(Path(__file__).parents[1] / "vectors" / "atom.rng"))
SITEMAPS = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
# What version 1.1 of the specification asks of a feed and of an item (https://www.jsonfeed.org/version/1.1/).
_TEXT, _URL = {"type": "string", "minLength": 1}, {"type": "string", "pattern": "^https?://"}
_INSTANT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
_AUTHORS = {"type": "array", "items": {"type": "object", "required": ["name"], "properties": {"name": _TEXT}}}
JSON_FEED = {
    "type": "object",
    "required": ["version", "title", "items"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": _TEXT,
        "home_page_url": _URL,
        "feed_url": _URL,
        "description": {"type": "string"},
        "language": {"enum": ["vi", "en"]},
        "authors": _AUTHORS,
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "content_text"],
                "additionalProperties": False,
                "properties": {
                    "id": _TEXT,
                    "url": _URL,
                    "title": _TEXT,
                    "content_text": _TEXT,
                    "date_published": _INSTANT,
                    "date_modified": _INSTANT,
                    "authors": _AUTHORS,
                    "tags": {"type": "array", "items": _TEXT},
                    "language": {"enum": ["vi", "en"]},
                    "image": _URL,
                },
            },
        },
    },
}


def entries_of(client, path):
    """The items of a feed, which has to be what it says it is, to two readers of each format."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    if path.endswith(".json"):
        jsonschema.Draft202012Validator(JSON_FEED).validate(answer.json)
        assert answer.mimetype == "application/feed+json"
        return [
            (each["id"], each["title"], each["date_published"], each["date_modified"]) for each in answer.json["items"]
        ]
    ATOM.assertValid(etree.fromstring(answer.data))
    found = feedparser.parse(answer.data)
    assert not found.bozo and found.version == "atom10", path
    assert answer.mimetype == "application/atom+xml"
    assert len({each.id for each in found.entries}) == len(found.entries)
    assert found.feed.updated == max((each.updated for each in found.entries), default=found.feed.updated)
    return [(each.id, each.title, each.published, each.updated) for each in found.entries]


def feeds(slug):
    return [
        f"{prefix}{path}/tin.{kind}"
        for prefix in ("", "/en")
        for path in ("", f"/cuoc-thi/{slug}")
        for kind in ("atom", "json")
    ]


def kinds(found):
    return sorted(each[0].split(":")[2] for each in found)


def test_both_formats_tell_the_same_at_every_stage(app, client, clock):
    world = make_announced()
    rules, slug = world.contest.rules, world.contest.slug
    make_news(world.contest, world.official_at + DAY)
    revoke(world, "A-nhat", "Đồi cằn trổ hoa", world.official_at + 2 * DAY)
    stages = {
        rules.instant("issue"): ["contest"],
        rules.window("voting").opens: ["contest", *["story"] * 5],
        world.official_at - MILLISECOND: ["contest", *["story"] * 5],
        world.official_at: ["contest", "official", *["story"] * 5],
        world.official_at + DAY: ["contest", "news", "official", *["story"] * 5],
        world.official_at + 2 * DAY: ["amendment", "contest", "news", "official", *["story"] * 5],
    }
    for now, told in stages.items():
        clock.instant = now
        for path in feeds(slug):
            assert kinds(entries_of(client, path)) == told, (now, path)
        for prefix in ("", "/en"):
            assert entries_of(client, f"{prefix}/tin.atom") == entries_of(client, f"{prefix}/tin.json")


def test_names_never_change_and_instants_follow_what_happened(app, client, clock):
    world = make_announced()
    revoke(world, "A-nhat", "Đồi cằn trổ hoa", world.official_at + DAY)
    clock.instant = world.official_at
    before = {each[0]: each for each in entries_of(client, "/tin.atom")}
    clock.instant = world.official_at + DAY
    after = {each[0]: each for each in entries_of(client, "/tin.atom")}
    assert before.keys() <= after.keys()
    assert all(name.startswith("tag:localhost,2026:") for name in after)
    changed = {name for name in before if before[name] != after[name]}
    assert [name.split(":")[2] for name in changed] == ["official"]
    [name] = changed
    assert after[name][2] == before[name][2] and after[name][3] > before[name][3]


def test_a_contest_that_names_no_authors_yet_names_none_in_its_feeds(app, client, clock):
    contest, entries = make_vote(1)
    clock.instant = contest.rules.window("voting").opens
    early = {path: client.get(path).text for path in feeds(contest.slug)}
    assert all(entries[0].title in text and entries[0].author_name not in text for text in early.values())
    clock.instant = contest.rules.window("provisional").opens
    assert all(entries[0].author_name in client.get(path).text for path in early)


def test_a_story_taken_back_leaves_feeds_and_sitemap_at_once(app, client, clock):
    contest, entries = make_vote()
    clock.instant = contest.rules.window("voting").opens
    paths = [*feeds(contest.slug), f"/sitemap/{contest.slug}/1.xml"]
    assert all(entries[0].public_id in client.get(path).text for path in paths)
    with writing() as now:
        withdraw_consent(exemplar=entries[0].exemplar, actor=make_user(), now=now)
    assert not any(entries[0].public_id in client.get(path).text for path in paths)


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_pages_say_where_their_feeds_are(app, client, clock):
    world = make_announced()
    clock.instant = world.official_at
    slug = world.contest.slug
    story = world.entries["Đồi cằn trổ hoa"].public_id
    for path, number in (
        ("/", 2),
        ("/doc", 2),
        ("/ket-qua", 2),
        ("/api", 2),
        (f"/cuoc-thi/{slug}", 4),
        (f"/cuoc-thi/{slug}/ket-qua", 4),
        (f"/bai/{story}", 4),
    ):
        links = html.fromstring(client.get(path).data).xpath("//head/link[@rel='alternate'][@type]")
        assert len(links) == number, path
        for link in links:
            answer = client.get(link.get("href"))
            assert (answer.status_code, answer.mimetype) == (200, link.get("type"))


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_what_people_write_cannot_break_a_feed(app):
    """Marks of XML, characters that XML has no way to hold, the longest Vietnamese title."""
    hostile = "]]></title><script>&\x00\x08\x1b\ud800\ufffe " + "Nguyễn Thị Huyền Trân " * 20
    item = Item(
        id="tag:a,2026:b",
        title=hostile,
        summary=hostile,
        url="https://a.example/?a=1&b=2",
        at=START,
        updated=START,
        kind="story",
        author=hostile,
    )
    feed = Feed(
        "tag:a,2026:c", hostile, hostile, hostile, "vi", "https://a.example/", "https://a.example/", [item], START
    )
    written = atom(feed)
    ATOM.assertValid(etree.fromstring(written))
    [entry] = feedparser.parse(written).entries
    assert "Nguyễn Thị Huyền Trân" in entry.title
    jsonschema.Draft202012Validator(JSON_FEED).validate(json.loads(json_feed(replace(feed, items=[]))))


# Sitemap


def places(client, path):
    """The addresses of a sitemap, which is well formed and names both languages of each."""
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "application/xml"), path
    root = etree.fromstring(answer.data)
    found = root.xpath("/s:urlset/s:url/s:loc/text()", namespaces=SITEMAPS)
    assert found and len(found) == len(set(found))
    for url in root.xpath("/s:urlset/s:url", namespaces=SITEMAPS):
        named = {each.get("hreflang"): each.get("href") for each in url.xpath("x:link", namespaces=SITEMAPS)}
        assert set(named) == {"vi", "en", "x-default"}
        assert named["vi"] in found and named["en"] in found and urlsplit(named["en"]).path.startswith("/en/")
        for changed in url.xpath("s:lastmod/text()", namespaces=SITEMAPS):
            etree.XMLSchema(_INSTANT_SCHEMA).assertValid(etree.fromstring(f"<at>{changed}</at>"))
    return found


_INSTANT_SCHEMA = etree.fromstring(
    b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="at" type="xs:dateTime"/></xs:schema>'
)


def everything(client):
    root = etree.fromstring(client.get("/sitemap.xml").data)
    parts = root.xpath("/s:sitemapindex/s:sitemap/s:loc/text()", namespaces=SITEMAPS)
    return [place for part in parts for place in places(client, urlsplit(part).path)]


def test_the_sitemap_holds_what_is_public_now_and_each_page_is_there(app, client, clock):
    world = make_announced()
    rules, slug = world.contest.rules, world.contest.slug
    for now, results, stories in (
        (rules.instant("issue"), False, 0),
        (world.official_at - MILLISECOND, False, 5),
        (world.official_at, True, 5),
    ):
        clock.instant = now
        found = everything(client)
        assert (f"http://localhost/cuoc-thi/{slug}/ket-qua" in found) is results
        assert sum(urlsplit(each).path.startswith("/bai/") for each in found) == stories
        for place in found:
            assert client.get(urlsplit(place).path or "/").status_code == 200, place


def test_a_long_list_of_stories_comes_in_chunks(app, client, clock, monkeypatch):
    contest, entries = make_vote()
    clock.instant = contest.rules.window("voting").opens
    whole = everything(client)
    monkeypatch.setattr(views_sitemap, "CHUNK", 2)
    assert sorted(everything(client)) == sorted(whole)
    number = -(-len(entries) // 2)
    assert len(places(client, f"/sitemap/{contest.slug}/{number}.xml")) <= 4
    assert client.get(f"/sitemap/{contest.slug}/{number + 1}.xml").status_code == 404
    for number in (0, 1001, 2**62):
        assert client.get(f"/sitemap/{contest.slug}/{number}.xml").status_code == 404


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_robots_are_told_where_the_sitemap_is(app, client):
    told = client.get("/robots.txt").text.splitlines()
    assert "Sitemap: http://localhost/sitemap.xml" in told
    assert sitemap([]).startswith(b"<?xml")
