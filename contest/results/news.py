"""News of a contest by its organiser: written in both languages, public from an instant, taken back at once.

Whether a piece is public is `is_told`, asked in each query; nothing switches it on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import joinedload

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import issued_contests, roles_of
from contest.contests.rules import ORGANISER
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.richtext import normalised, parse, plain, source_of
from contest.core.text import clean_line, clean_text, fold
from contest.results.acts import note
from contest.results.models_after import NewsPost
from contest.results.queries import awards_at, find_standing, is_announced
from contest.results.rules import on_the_minute

TITLE_MAX, BODY_MAX = 200, 20_000
_PUBLIC_ID = re.compile(r"[0-9a-z]{14}")
_SHORTEST = 5  # characters of a name that is looked for in a text


def is_told(now: datetime) -> ColumnElement[bool]:
    """That anyone may read a piece of news: it has an instant, which has come, and it was not taken back."""
    return and_(NewsPost.visible_from <= now, NewsPost.removed_at.is_(None))


def public_news(now: datetime, contest: Contest | None = None) -> Select[NewsPost]:
    """News that anyone may read at `now`, the latest first; of all contests that visitors know of, or of one."""
    query = select(NewsPost).where(
        is_told(now), NewsPost.contest_id.in_(issued_contests(now).with_only_columns(Contest.id).order_by(None))
    )
    if contest is not None:
        query = query.where(NewsPost.contest_id == contest.id)
    return query.order_by(NewsPost.visible_from.desc(), NewsPost.public_id)


def get_public_post(contest: Contest, public_id: str, now: datetime) -> NewsPost:
    """A piece of news that anyone may read. Raises NotFound for any other, early, taken back or never there alike."""
    found = None
    if _PUBLIC_ID.fullmatch(public_id):
        found = db.session.scalar(public_news(now, contest).where(NewsPost.public_id == public_id))
    if found is None:
        raise NotFound(public_id)
    return found


# For organisers


def posts_of(contest: Contest) -> Sequence[NewsPost]:
    """Everything written and not taken back, the latest first; drafts and what waits for its instant too."""
    return db.session.scalars(
        select(NewsPost)
        .where(NewsPost.contest_id == contest.id, NewsPost.removed_at.is_(None))
        .options(joinedload(NewsPost.by))
        .order_by(NewsPost.visible_from.desc().nulls_first(), NewsPost.id.desc())
        .limit(200)
    ).all()


def get_post(contest: Contest, public_id: str) -> NewsPost:
    """A piece of news of a contest that was not taken back, public or not. Raises NotFound."""
    found = None
    if _PUBLIC_ID.fullmatch(public_id):
        found = db.session.scalar(
            select(NewsPost).where(
                NewsPost.contest_id == contest.id, NewsPost.public_id == public_id, NewsPost.removed_at.is_(None)
            )
        )
    if found is None:
        raise NotFound(public_id)
    return found


def is_edited(post: NewsPost) -> bool:
    """Whether it was changed after people could read it."""
    return post.visible_from is not None and post.changed_at > post.visible_from


def tells_of(contest: Contest, words: Sequence[str], visible_from: datetime | None, now: datetime) -> list[str]:
    """Names and titles of the results not yet announced that stand in these words; empty when it is no harm.

    None does harm in a draft, or from the instant of the announcement on. For organisers, who know the results.
    """
    if visible_from is None or is_announced(contest.id, now):
        return []
    result_set = find_standing(contest.id)
    if result_set is None or visible_from >= (result_set.visible_from or contest.rules.official_at):
        return []
    text = fold(" ".join(words))
    found: dict[str, None] = {}
    for each in awards_at(result_set, now):
        entry = each.award.entry
        for name in (entry.title, entry.author_name, entry.exemplar.name):
            if name and len(name) >= _SHORTEST and fold(name) in text:
                found[name] = None
    return list(found)


def write_post(
    *,
    contest: Contest,
    post: NewsPost | None,
    title: dict[str, str],
    body: dict[str, str],
    visible_from: datetime | None,
    knowing: bool,
    actor: User,
    now: datetime,
) -> NewsPost:
    """Keep a piece of news; a new one with `post` None. `visible_from` None keeps it a draft, a past instant is now.

    What is public stays public from its instant, and is shown as edited. Raises Refused for missing words; Conflict
    ("names_winners") when it names who won before the announcement, unless `knowing`.
    """
    _require_organiser(contest, actor)
    title = {lang: clean_line(title[lang]) for lang in ("vi", "en")}
    body = {lang: source_of(normalised(parse(clean_text(body[lang])))) for lang in ("vi", "en")}
    for lang, missing in (
        ("vi", N_("Write a title and a text in Vietnamese.")),
        ("en", N_("Write a title and a text in English.")),
    ):
        if not title[lang] or not plain(parse(body[lang])).strip():
            raise Refused(missing, code=lang)
        if len(title[lang]) > TITLE_MAX or len(body[lang]) > BODY_MAX:
            raise Refused(N_("This is too long."), code=lang)
    told = post is not None and post.visible_from is not None and post.visible_from <= now
    if told and post is not None:
        visible_from = post.visible_from
    elif visible_from is not None:
        visible_from = max(on_the_minute(visible_from), now)
    named = tells_of(contest, [*title.values(), *body.values()], visible_from, now)
    if named and not knowing:
        raise Conflict(
            N_("This would be public before the announcement, and names: %(names)s."),
            code="names_winners",
            names=", ".join(named[:5]),
        )
    if post is None:
        post = NewsPost(contest_id=contest.id, by_id=actor.id)
        db.session.add(post)
    post.title, post.body, post.visible_from, post.changed_at = title, body, visible_from, now
    db.session.flush()
    note(contest, "write_news", actor, now, post=post.public_id, visible_from=visible_from, names_winners=bool(named))
    return post


def remove_post(*, contest: Contest, post: NewsPost, actor: User, now: datetime) -> None:
    """Take a piece of news back: from now on nobody can read it anywhere."""
    _require_organiser(contest, actor)
    post.removed_at = now
    note(contest, "remove_news", actor, now, post=post.public_id)
    db.session.flush()


def _require_organiser(contest: Contest, actor: User) -> None:
    if ORGANISER not in roles_of(contest.id, actor.id):
        raise Refused(N_("Only an organiser can do this."), code="not_organiser")
