"""What a feed tells, whatever its format, and the two formats. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

ATOM, XHTML = "http://www.w3.org/2005/Atom", "http://www.w3.org/1999/xhtml"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
JSON_FEED = "https://jsonfeed.org/version/1.1"
# Characters that XML 1.0 has no way to hold.
_UNHELD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

register_namespace("", ATOM)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that happened. `id` is a tag: URI that never changes; `language` is of title and summary."""

    id: str
    title: str
    summary: str
    url: str
    at: datetime
    updated: datetime
    kind: str
    author: str = ""
    language: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed with its items, the latest first. `url` is its own address, `page` the one that it tells of."""

    id: str
    title: str
    subtitle: str
    author: str
    language: str
    url: str
    page: str
    items: Sequence[Item]
    since: datetime  # told as its last change while nothing has happened

    @property
    def updated(self) -> datetime:
        """When something in it last changed."""
        return max((item.updated for item in self.items), default=self.since)


def latest(items: Sequence[Item], most: int) -> list[Item]:
    """The items to show, the latest first, in an order that is always the same."""
    return sorted(sorted(items, key=lambda item: item.id), key=lambda item: item.at, reverse=True)[:most]


def tag_uri(domain: str, *parts: str) -> str:
    """A name for ever (RFC 4151): of this site's name, and of nothing that an address might change."""
    return f"tag:{domain},2026:{':'.join(parts)}"


def _spell(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def held(text: str) -> str:
    """A text without what XML cannot hold."""
    return _UNHELD.sub("", text)


def _add(parent: Element, name: str, text: str = "", **attributes: str) -> Element:
    child = SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    if text:
        child.text = held(text)
    return child


def atom(feed: Feed) -> bytes:
    """The feed as Atom (RFC 4287)."""
    root = Element(f"{{{ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": feed.language})
    _add(root, "id", feed.id)
    _add(root, "title", feed.title)
    if feed.subtitle:
        _add(root, "subtitle", feed.subtitle)
    _add(root, "updated", _spell(feed.updated))
    _add(_add(root, "author"), "name", feed.author)
    _add(root, "link", rel="self", type="application/atom+xml", href=feed.url)
    _add(root, "link", rel="alternate", type="text/html", href=feed.page)
    for item in feed.items:
        entry = _add(root, "entry")
        if item.language and item.language != feed.language:
            entry.set("{http://www.w3.org/XML/1998/namespace}lang", item.language)
        _add(entry, "id", item.id)
        _add(entry, "title", item.title)
        _add(entry, "published", _spell(item.at))
        _add(entry, "updated", _spell(item.updated))
        _add(entry, "link", rel="alternate", type="text/html", href=item.url)
        _add(entry, "category", term=item.kind)
        if item.author:
            _add(_add(entry, "author"), "name", item.author)
        _add(entry, "summary", item.summary or item.title)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def json_feed(feed: Feed) -> bytes:
    """The feed as JSON Feed 1.1."""
    told: dict[str, Any] = {
        "version": JSON_FEED,
        "title": feed.title,
        "home_page_url": feed.page,
        "feed_url": feed.url,
        "description": feed.subtitle,
        "language": feed.language,
        "authors": [{"name": feed.author}],
        "items": [_json_item(item, feed.language) for item in feed.items],
    }
    return json.dumps(told, ensure_ascii=False).encode(errors="replace")


def _json_item(item: Item, language: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": item.id,
        "url": item.url,
        "title": item.title,
        "content_text": item.summary or item.title,
        "date_published": _spell(item.at),
        "date_modified": _spell(item.updated),
        "tags": [item.kind],
    }
    if item.author:
        told["authors"] = [{"name": item.author}]
    if item.language and item.language != language:
        told["language"] = item.language
    if item.image:
        told["image"] = item.image
    return told


@dataclass(frozen=True, slots=True)
class Place:
    """A page in a sitemap: its address in both languages, and when it last changed, where known."""

    vi: str
    en: str
    changed: datetime | None = None


def sitemap(places: Sequence[Place]) -> bytes:
    """A sitemap in which each page stands in both languages, each naming the other."""
    root = Element("urlset", {"xmlns": SITEMAP, "xmlns:xhtml": XHTML})
    for place in places:
        for address in (place.vi, place.en):
            entry = SubElement(root, "url")
            SubElement(entry, "loc").text = address
            if place.changed is not None:
                SubElement(entry, "lastmod").text = _spell(place.changed)
            for language, other in (("vi", place.vi), ("en", place.en), ("x-default", place.vi)):
                SubElement(entry, "xhtml:link", {"rel": "alternate", "hreflang": language, "href": other})
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def sitemap_index(parts: Sequence[tuple[str, datetime | None]]) -> bytes:
    """The index of sitemaps: address and last change of each."""
    root = Element("sitemapindex", {"xmlns": SITEMAP})
    for address, changed in parts:
        entry = SubElement(root, "sitemap")
        SubElement(entry, "loc").text = address
        if changed is not None:
            SubElement(entry, "lastmod").text = _spell(changed)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written
