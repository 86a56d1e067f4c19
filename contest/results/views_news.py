"""News of a contest: for everyone once its instant has come, and the desk where it is written."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import get_contest, get_issued_contest
from contest.contests.rules import ORGANISER
from contest.core.db import db, writing
from contest.core.errors import Refused
from contest.core.formats import VIET_NAM, local
from contest.core.richtext import parse
from contest.core.web import needs, public, say, shared
from contest.results import news
from contest.results.forms_after import DRAFT, LATER, NOW, NewsForm
from contest.results.models_after import NewsPost
from contest.results.queries import is_announced
from contest.results.views import BRIEFLY, bp

_DESK = "/ban-to-chuc/<slug>/tin"
_MOST = 100


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


@bp.get("/cuoc-thi/<slug>/tin", endpoint="news")
@public
@shared(BRIEFLY)
def news_page(slug: str) -> str:
    """What the organiser has told, the latest first."""
    contest = get_issued_contest(slug, g.now)
    posts = db.session.scalars(news.public_news(g.now, contest).limit(_MOST)).all()
    return render_template(
        "results/news.html", contest=contest, rules=contest.rules, posts=posts, results=is_announced(contest.id, g.now)
    )


@bp.get("/cuoc-thi/<slug>/tin/<post_id>")
@public
@shared(BRIEFLY)
def news_post(slug: str, post_id: str) -> str:
    """One piece of news; before its instant, or once it is taken back, there is no such page."""
    contest = get_issued_contest(slug, g.now)
    post = news.get_public_post(contest, post_id, g.now)
    return render_template(
        "results/news_post.html",
        contest=contest,
        rules=contest.rules,
        post=post,
        edited=news.is_edited(post),
        parse=parse,
        results=is_announced(contest.id, g.now),
    )


@bp.get(_DESK)
@needs(ORGANISER)
def news_desk(slug: str) -> str:
    """Drafts, what waits for its instant, and what is public."""
    contest = get_contest(slug)
    return render_template("results/news_desk.html", contest=contest, rules=contest.rules, posts=news.posts_of(contest))


@bp.route(f"{_DESK}/viet", methods=["GET", "POST"])
@needs(ORGANISER)
def write_news(slug: str) -> Any:
    return _write(slug, None)


@bp.route(f"{_DESK}/<post_id>", methods=["GET", "POST"])
@needs(ORGANISER)
def edit_news(slug: str, post_id: str) -> Any:
    return _write(slug, post_id)


@bp.post(f"{_DESK}/<post_id>/go")
@needs(ORGANISER)
def remove_news(slug: str, post_id: str) -> Response:
    with writing() as now:
        contest = get_contest(slug)
        news.remove_post(contest=contest, post=news.get_post(contest, post_id), actor=_me(), now=now)
    flash(_("The piece is taken back. Nobody can read it any more."), "ok")
    return redirect(url_for("results.news_desk", slug=slug), 303)


def _write(slug: str, post_id: str | None) -> Any:
    contest = get_contest(slug)
    post = news.get_post(contest, post_id) if post_id else None
    form = NewsForm() if request.method == "POST" else NewsForm(data=_kept(post))
    if request.method != "POST" or not form.validate_on_submit():
        return _page(contest, post, form, False), 422 if request.method == "POST" else 200
    if request.form.get("go") == "look":
        return _page(contest, post, form, True)
    if form.when.data == LATER and form.at.data is None:
        form.at.errors = [_("Say from when on it is public.")]
        return _page(contest, post, form, False), 422
    try:
        with writing() as now:
            contest = get_contest(slug)
            post = news.get_post(contest, post_id) if post_id else None
            at = form.at.data.replace(tzinfo=VIET_NAM) if form.at.data else None
            made = news.write_post(
                contest=contest,
                post=post,
                title={"vi": form.title_vi.data or "", "en": form.title_en.data or ""},
                body={"vi": form.body_vi.data or "", "en": form.body_en.data or ""},
                visible_from={NOW: now, LATER: at}.get(form.when.data),
                knowing=bool(form.knowing.data),
                actor=_me(),
                now=now,
            )
            public_id = made.public_id
    except Refused as error:
        contest = get_contest(slug)
        form.form_errors.append(say(error))
        post = news.get_post(contest, post_id) if post_id else None
        return _page(contest, post, form, False, asks=error.code == "names_winners"), 422
    flash(_("The piece of news is kept."), "ok")
    return redirect(url_for("results.edit_news", slug=slug, post_id=public_id), 303)


def _kept(post: NewsPost | None) -> dict[str, Any]:
    if post is None:
        return {}
    at = post.visible_from
    return {
        **{f"title_{lang}": post.title[lang] for lang in ("vi", "en")},
        **{f"body_{lang}": post.body[lang] for lang in ("vi", "en")},
        "when": DRAFT if at is None else LATER,
        "at": local(at).replace(tzinfo=None) if at else None,
    }


def _page(contest: Contest, post: NewsPost | None, form: NewsForm, look: bool, asks: bool = False) -> str:
    return render_template(
        "results/news_write.html",
        contest=contest,
        rules=contest.rules,
        post=post,
        told=post is not None and post.visible_from is not None and post.visible_from <= g.now,
        form=form,
        look=look,
        asks=asks,
        parse=parse,
        later=LATER,
    )
