"""The sitemap: only what is public now, each page in both languages. robots.txt names it."""

from __future__ import annotations

from datetime import datetime

from flask import Response, g

from contest.api import queries
from contest.api.items import Place, sitemap, sitemap_index
from contest.api.views import BRIEFLY, bp, link, pages
from contest.contests.models import Contest
from contest.contests.queries import get_issued_contest
from contest.core.errors import NotFound
from contest.core.web import public, shared
from contest.core.web.headers import for_machines
from contest.entries.models import Entry
from contest.public.queries import readable

# Pages of one file; each stands in it twice, once for each language (a file may hold 50,000 addresses).
CHUNK = 5_000
_MOST_PARTS = 1_000  # more than any contest has
_MOST_NEWS = 500
_GENERAL = (
    "public.home",
    "public.contests",
    "public.stories",
    "public.honours",
    "public.help",
    "public.privacy",
    "anniversaries.year",
    "api.guide",
)


def _xml(content: bytes) -> Response:
    return Response(content, content_type="application/xml; charset=utf-8")


@bp.get("/sitemap.xml")
@public
@for_machines
@shared(BRIEFLY)
def sitemap_parts() -> Response:
    """One file for the pages of the site, and one or more for each contest."""
    found = queries.contests(g.now)
    ids = [contest.id for contest in found]
    results, amended = queries.public_results(ids, g.now), queries.last_amended(ids, g.now)
    parts: list[tuple[str, datetime | None]] = [(link("api.general_sitemap"), None)]
    published = queries.count_stories(readable(g.now))
    for contest in found:
        changed = queries.changed_at(contest, results.get(contest.id), amended.get(contest.id), g.now)
        numbers = range(1, max(1, -(-published.get(contest.id, 0) // CHUNK)) + 1)
        parts += [(link("api.contest_sitemap", slug=contest.slug, number=number), changed) for number in numbers]
    return _xml(sitemap_index(parts))


@bp.get("/sitemap/trang.xml")
@public
@for_machines
@shared(BRIEFLY)
def general_sitemap() -> Response:
    return _xml(sitemap([_place(endpoint) for endpoint in _GENERAL]))


@bp.get("/sitemap/<slug>/<int:number>.xml")
@public
@for_machines
@shared(BRIEFLY)
def contest_sitemap(slug: str, number: int) -> Response:
    """A contest's pages, and behind them its stories."""
    contest = get_issued_contest(slug, g.now)
    if not 1 <= number <= _MOST_PARTS:
        raise NotFound(slug)
    places = _pages_of(contest) if number == 1 else []
    rows = queries.story_chunk(g.now, contest, first=(number - 1) * CHUNK, limit=CHUNK)
    published = queries.published_stories(g.now, [contest], Entry.id.in_([entry_id for entry_id, _public_id in rows]))
    for entry_id, public_id in rows:
        if entry_id in published:  # else it was taken back since the line above
            where = pages("public.entry", public_id=public_id)
            places.append(Place(where.vi, where.en, published[entry_id].updated))
    if not places:
        raise NotFound(slug)
    return _xml(sitemap(places))


def _place(endpoint: str, **values: str) -> Place:
    where = pages(endpoint, **values)
    return Place(where.vi, where.en)


def _pages_of(contest: Contest) -> list[Place]:
    rules, slug = contest.rules, contest.slug
    results = queries.public_results([contest.id], g.now).get(contest.id)
    amended = queries.last_amended([contest.id], g.now).get(contest.id)
    where = pages("public.contest", slug=slug)
    found = [
        Place(where.vi, where.en, queries.changed_at(contest, results, amended, g.now)),
        _place("public.rules", slug=slug),
    ]
    if rules.has_begun("shortlist", g.now):
        found.append(_place("public.finalists", slug=slug))
    told = queries.news(g.now, contest=contest, limit=_MOST_NEWS)
    if told:
        found.append(_place("results.news", slug=slug))
        found += [_place("results.news_post", slug=slug, post_id=post.public_id) for post in told]
    if results is not None:
        where = pages("results.honours", slug=slug)
        announced = queries.announced_at(results)
        found.append(Place(where.vi, where.en, max(announced, amended) if amended else announced))
    return found
