"""News for feed readers and partners' portals: Atom and JSON Feed, of the whole site and of one contest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from flask import Response, current_app, g, request, url_for
from flask_babel import gettext as _

from contest.api import queries
from contest.api.items import Feed, Item, atom, json_feed, latest, tag_uri
from contest.api.views import BRIEFLY, bp
from contest.contests.models import Contest
from contest.contests.queries import get_issued_contest
from contest.core.formats import loc
from contest.core.richtext import parse, plain
from contest.core.web import public, shared
from contest.core.web.headers import for_machines
from contest.core.web.language import VIETNAMESE, locale
from contest.public.queries import stories_of
from contest.results.queries import PublicResults

_MOST = 50
_LONGEST_SUMMARY = 400
_SINCE = datetime(2026, 1, 1, tzinfo=UTC)  # before anything could be told


@bp.get('/<any("tin.atom", "tin.json"):name>')
@public
@for_machines
@shared(BRIEFLY)
def feed(name: str) -> Response:
    found = queries.contests(g.now)
    site = current_app.config["SETTINGS"].site
    return _answer(
        name, _feed(found, title=site.name, about="", name="site", page=url_for("public.home", _external=True))
    )


@bp.get('/cuoc-thi/<slug>/<any("tin.atom", "tin.json"):name>')
@public
@for_machines
@shared(BRIEFLY)
def contest_feed(slug: str, name: str) -> Response:
    found = get_issued_contest(slug, g.now)
    page = url_for("public.contest", slug=slug, _external=True)
    title, about = loc(found.rules.title), loc(found.rules.theme)
    return _answer(name, _feed([found], title=title, about=about, name=found.public_id, page=page))


def _answer(name: str, told: Feed) -> Response:
    formats: dict[str, tuple[Callable[[Feed], bytes], str]] = {
        "tin.atom": (atom, "application/atom+xml; charset=utf-8"),
        "tin.json": (json_feed, "application/feed+json; charset=utf-8"),
    }
    write, media_type = formats[name]
    response = Response(write(told), content_type=media_type)
    response.last_modified = told.updated
    return response


def _feed(found: Sequence[Contest], *, title: str, about: str, name: str, page: str) -> Feed:
    site = current_app.config["SETTINGS"].site
    return Feed(
        id=tag_uri(site.domain, "feed", name, locale()),
        title=title,
        subtitle=about,
        author=site.body if locale() == VIETNAMESE else site.body_en,
        language=locale(),
        url=request.base_url,
        page=page,
        items=_items(found),
        since=_SINCE,
    )


def _id(kind: str, name: str) -> str:
    """Each language has its own: a reader of both shall not take one for the other."""
    return tag_uri(current_app.config["SETTINGS"].site.domain, kind, name, locale())


def _items(found: Sequence[Contest]) -> list[Item]:
    """The latest of all that happened. Asks as often for one contest as for fifty."""
    of = {contest.id: contest for contest in found}
    results, amended = queries.public_results(of, g.now), queries.last_amended(of, g.now)
    items = [_opened(contest) for contest in found]
    items += [_announced(of[each], results[each], amended.get(each)) for each in results]
    items += _corrected(found, results)
    items += _news(found)
    # Which stories are the latest is worked out from their instants alone; only those are loaded.
    published = queries.published_stories(g.now, found)
    wanted = sorted(published, key=lambda each: published[each].at, reverse=True)[:_MOST]
    shown = stories_of(wanted, g.now)
    for entry_id in wanted:
        story, when = shown.get(entry_id), published[entry_id]
        if story is None or not story.presented:  # taken back since its instants were read
            continue
        items.append(
            Item(
                id=_id("story", story.public_id),
                title=story.title,
                summary=_short(story.document.opening),
                url=url_for("public.entry", public_id=story.public_id, _external=True),
                at=when.at,
                updated=when.updated,
                kind="story",
                author=story.author or "",
                language=VIETNAMESE,
                image=url_for("public.photo", public_id=story.photos[0].public_id, size="vua", _external=True)
                if story.photos
                else "",
            )
        )
    return latest(items, _MOST)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SUMMARY else text[: _LONGEST_SUMMARY - 1].rsplit(" ", 1)[0] + "…"


def _opened(contest: Contest) -> Item:
    at, version = queries.issued_at(contest), contest.current_version
    changed = [at, *([version.loaded_at] if version and version.loaded_at <= g.now else [])]
    return Item(
        id=_id("contest", contest.public_id),
        title=_("The contest is open: %(title)s", title=loc(contest.rules.title)),
        summary=loc(contest.rules.theme),
        url=url_for("public.contest", slug=contest.slug, _external=True),
        at=at,
        updated=max(changed),
        kind="contest",
    )


def _announced(contest: Contest, results: PublicResults, amended: datetime | None) -> Item:
    at, title = queries.announced_at(results), loc(contest.rules.title)
    official = results.standing == "official"
    if official:
        text = _("Results announced: %(title)s", title=title)
        summary = _(
            "Under Decision No. %(number)s, signed by %(signer)s.",
            number=results.result_set.decision_number,
            signer=results.result_set.decision_signer,
        )
    else:
        text = _("Provisional results posted: %(title)s", title=title)
        summary = _("They may still change. Only the decision makes them final.")
    return Item(
        id=_id(results.standing, contest.public_id),
        title=text,
        summary=summary,
        url=url_for("results.honours", slug=contest.slug, _external=True),
        at=at,
        updated=max(at, amended) if amended else at,
        kind="results",
    )


def _corrected(found: Sequence[Contest], results: dict[int, PublicResults]) -> list[Item]:
    """Public amendments of the results that stand."""
    of = {contest.id: contest for contest in found if contest.id in results}
    items = []
    for row in queries.amendments(of, g.now):
        if row.result_set_id != results[row.contest_id].result_set.id or row.visible_from is None:
            continue
        contest = of[row.contest_id]
        items.append(
            Item(
                id=_id("amendment", row.public_id),
                title=_("Results changed: %(title)s", title=loc(contest.rules.title)),
                summary=_(
                    "Under Decision No. %(number)s, signed by %(signer)s.",
                    number=row.decision_number,
                    signer=row.decision_signer,
                ),
                url=url_for("results.honours", slug=contest.slug, _external=True, _anchor="dinh-chinh"),
                at=row.visible_from,
                updated=row.visible_from,
                kind="amendment",
            )
        )
    return items


def _news(found: Sequence[Contest]) -> list[Item]:
    contest = found[0] if len(found) == 1 else None
    items = []
    for post in queries.news(g.now, contest=contest, limit=_MOST):
        if post.visible_from is None:
            continue
        items.append(
            Item(
                id=_id("news", post.public_id),
                title=loc(post.title),
                summary=_short(plain(parse(loc(post.body)))),
                url=url_for("results.news_post", slug=post.contest.slug, post_id=post.public_id, _external=True),
                at=post.visible_from,
                updated=max(post.visible_from, min(post.changed_at, g.now)),
                kind="news",
            )
        )
    return items
