"""Pages for everyone. Nothing here depends on who asks."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, render_template, url_for
from sqlalchemy import text

from contest.contests.queries import get_issued_contest, issued_contests
from contest.core.db import db
from contest.core.errors import NotFound
from contest.core.web import public, shared
from contest.core.web.files import send_stored
from contest.editions.shown import authors_are_public
from contest.entries.extension import find_extension
from contest.entries.photographs import photo_key
from contest.exemplars.queries import is_withdrawn
from contest.judging.sight import WHAT, matrix
from contest.public import queries
from contest.public.phases import current_act, phase_of
from contest.results.news import public_news
from contest.results.queries import awards_at, contests_with_results, find_public_results

bp = Blueprint("public", __name__)
# What a shared cache may keep for anonymous readers; short, so that the announced minute is a minute.
BRIEFLY = 15


@bp.get("/")
@public
@shared(BRIEFLY)
def home() -> str:
    contests = db.session.scalars(issued_contests(g.now)).all()
    leading = next((contest for contest in contests if phase_of(contest, g.now).running), None)
    honoured = db.session.scalars(contests_with_results(g.now).limit(1)).one_or_none()
    return render_template(
        "public/home.html",
        contests=contests,
        leading=leading or (contests[0] if contests else None),
        honoured=honoured,
        stories=queries.stories(g.now, 6),
        phase_of=phase_of,
        current_act=current_act,
    )


@bp.get("/cuoc-thi")
@public
@shared(BRIEFLY)
def contests() -> str:
    found = db.session.scalars(issued_contests(g.now)).all()
    return render_template("public/contests.html", contests=found, phase_of=phase_of)


@bp.get("/cuoc-thi/<slug>")
@public
@shared(BRIEFLY)
def contest(slug: str) -> str:
    found = get_issued_contest(slug, g.now)
    return render_template(
        "public/contest.html",
        contest=found,
        rules=found.rules,
        phase=phase_of(found, g.now),
        act=current_act(found, g.now),
        results=find_public_results(found.id, g.now),
        extension=find_extension(found),
        news=db.session.scalars(public_news(g.now, found).limit(3)).all(),
        now_instant=g.now,
    )


@bp.get("/cuoc-thi/<slug>/the-le")
@public
@shared(BRIEFLY)
def rules(slug: str) -> str:
    found = get_issued_contest(slug, g.now)
    return render_template("public/rules.html", contest=found, rules=found.rules, sight=matrix(found.rules), what=WHAT)


@bp.get("/cuoc-thi/<slug>/chung-khao")
@public
@shared(BRIEFLY)
def finalists(slug: str) -> str:
    found = get_issued_contest(slug, g.now)
    if not found.rules.has_begun("shortlist", g.now):
        raise NotFound(slug)
    lists = [(category, queries.listed_finalists(found, category.id, g.now)) for category in found.rules.categories]
    return render_template(
        "public/finalists.html",
        contest=found,
        rules=found.rules,
        lists=lists,
        readable=found.rules.has_begun("voting", g.now),
        names=authors_are_public(found.rules, g.now),
    )


@bp.get("/doc")
@public
@shared(BRIEFLY)
def stories() -> str:
    return render_template(
        "public/stories.html",
        stories=queries.stories(g.now, 60),
    )


@bp.get("/bai/<public_id>")
@public
@shared(BRIEFLY)
def entry(public_id: str) -> str | tuple[str, int]:
    try:
        story = queries.get_story(public_id, g.now)
    except NotFound:
        if (removed := queries.find_removed(public_id, g.now)) is None:
            raise
        page = render_template(
            "public/removed.html",
            contest=removed.contest,
            code=removed.blind_code,
            by_exemplar=is_withdrawn(removed.exemplar),
        )
        return page, 410
    results = find_public_results(story.contest.id, g.now)
    current = awards_at(results.result_set, g.now) if results else []
    awards = [each.award for each in current if each.stands and each.award.entry_id == story.entry_id]
    return render_template(
        "public/entry.html",
        story=story,
        contest=story.contest,
        rules=story.contest.rules,
        awards=awards,
        may_vote=story.contest.rules.is_open("voting", g.now)
        and story.category in story.contest.rules.voting.categories,
    )


@bp.get("/anh/<public_id>/<any(lon, vua, nho):size>")
@public
@shared(BRIEFLY)
def photo(public_id: str, size: str) -> Response:
    found = queries.get_public_photo(public_id, g.now)
    return send_stored(photo_key(found, size))


@bp.get("/ket-qua")
@public
@shared(BRIEFLY)
def honours() -> str:
    return render_template("public/honours.html", result_sets=db.session.scalars(contests_with_results(g.now)).all())


@bp.get("/huong-dan")
@public
@shared(BRIEFLY)
def help() -> str:  # noqa: A001 -- the endpoint's plain name
    return render_template("public/help.html")


@bp.get("/quyen-rieng-tu")
@public
@shared(BRIEFLY)
def privacy() -> str:
    return render_template("public/privacy.html", contests=db.session.scalars(issued_contests(g.now)).all())


@bp.get("/robots.txt")
@public
@shared(3600)
def robots() -> Response:
    lines = ("User-agent: *", f"Disallow: {url_for('desk.my_work')}", "Allow: /")
    places = ("", f"Sitemap: {url_for('api.sitemap_parts', _external=True)}", "")
    return Response("\n".join((*lines, *places)), mimetype="text/plain")


@bp.get("/suc-khoe")
@public
def health() -> dict[str, Any]:
    """For the machine that watches this one: the database answers."""
    db.session.execute(text("SELECT 1"))
    return {"ok": True}


from contest.public import (  # noqa: E402 -- they need `bp`
    views_archive,  # noqa: F401
    views_papers,  # noqa: F401
)
