"""What pages tell search engines (JSON-LD of schema.org) is true, complete, and cannot break out of its element."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from lxml import html
from pyld import jsonld

from contest.core.web.linked import linked
from tests.factories.programs import MILLISECOND, make_announced, revoke
from tests.factories.voting import make_vote

SCHEMA = "https://schema.org/"
DAY = timedelta(days=1)
# What each kind of thing must tell to be of use to a search engine.
REQUIRED = {
    "Event": {"name", "startDate", "endDate", "location", "organizer", "url"},
    "Article": {"headline", "url", "inLanguage", "publisher", "isPartOf"},
    "ItemList": {"name", "itemListElement", "numberOfItems"},
    "BreadcrumbList": {"itemListElement"},
    "GovernmentOrganization": {"name", "url"},
}


def _offline(address, _options):
    """schema.org's context, as far as the tests need it: every name is one of its own."""
    assert address == "https://schema.org"
    context = {"@vocab": SCHEMA, "url": {"@id": f"{SCHEMA}url", "@type": "@id"}}
    return {"contextUrl": None, "documentUrl": address, "document": {"@context": context}}


def things(client, path):
    """The things that a page tells of, by kind, read by a processor of JSON-LD."""
    answer = client.get(path)
    assert answer.status_code == 200, path
    found = {}
    for element in html.fromstring(answer.data).xpath("//script[@type='application/ld+json']"):
        told = json.loads(element.text)
        expanded = jsonld.expand(told, {"documentLoader": _offline})
        assert len(expanded) == 1 and all(name.startswith(("@", SCHEMA)) for name in expanded[0])
        kind = told["@type"]
        missing = REQUIRED[kind] - {name.removeprefix(SCHEMA) for name in expanded[0]}
        assert not missing, (path, kind, missing)
        found[kind] = told
    return found


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_pages_tell_what_they_show(app, client, clock, prefix):
    world = make_announced()
    clock.instant = world.official_at
    slug, story = world.contest.slug, world.entries["Đồi cằn trổ hoa"].public_id
    rules, language = world.contest.rules, "en" if prefix else "vi"
    event = things(client, f"{prefix}/cuoc-thi/{slug}")["Event"]
    assert event["name"] == getattr(rules.title, language)
    assert event["startDate"] <= event["endDate"]
    article = things(client, f"{prefix}/bai/{story}")["Article"]
    assert article["headline"] == "Đồi cằn trổ hoa" and article["inLanguage"] == "vi"
    assert article["award"] == [getattr(rules.find_prize("A-nhat").name, language)]
    assert article["isPartOf"]["@id"] == event["@id"]
    results = things(client, f"{prefix}/cuoc-thi/{slug}/ket-qua")
    items = results["ItemList"]["itemListElement"]
    assert [each["position"] for each in items] == list(range(1, len(items) + 1))
    assert items[0]["item"]["name"] == "Đồi cằn trổ hoa" and items[0]["item"]["url"].endswith(f"/bai/{story}")
    crumbs = results["BreadcrumbList"]["itemListElement"]
    assert [each["item"] for each in crumbs][-1] == f"http://localhost{prefix}/cuoc-thi/{slug}/ket-qua"
    assert things(client, f"{prefix}/")["GovernmentOrganization"]


def test_no_prize_is_told_early_and_none_that_was_taken_back(app, client, clock):
    world = make_announced()
    path = f"/bai/{world.entries['Đồi cằn trổ hoa'].public_id}"
    revoke(world, "A-nhat", "Đồi cằn trổ hoa", world.official_at + DAY)
    clock.instant = world.official_at - MILLISECOND
    assert "award" not in things(client, path)["Article"]
    clock.instant = world.official_at
    assert things(client, path)["Article"]["award"] == ["Giải Nhất"]
    clock.instant = world.official_at + DAY
    assert "award" not in things(client, path)["Article"]
    told = things(client, f"/cuoc-thi/{world.contest.slug}/ket-qua")["ItemList"]["itemListElement"]
    assert not any(each["item"]["award"].startswith("Giải Nhất") for each in told)


def test_authors_are_told_when_pages_name_them(app, client, clock):
    contest, entries = make_vote(1)
    path = f"/bai/{entries[0].public_id}"
    clock.instant = contest.rules.window("voting").opens
    assert "author" not in things(client, path)["Article"]
    clock.instant = contest.rules.window("provisional").opens
    assert things(client, path)["Article"]["author"]["name"] == entries[0].author_name


def test_no_text_ends_its_element():
    hostile = "</script><script>alert(1)</script><!-- & ]]> \u2028 \u2029 \\ \" '"
    written = str(linked({"@type": "Article", "headline": hostile, "gap": None, "none": [], "empty": ""}))
    assert not re.search("[<>&\u2028\u2029]", written)
    assert json.loads(written) == {"@context": "https://schema.org", "@type": "Article", "headline": hostile}
    page = html.fromstring(f'<html><head><script type="application/ld+json">{written}</script></head></html>')
    [element] = page.xpath("//script")
    assert json.loads(element.text)["headline"] == hostile
