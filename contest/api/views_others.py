"""The API: news, the calendar, units."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import current_app, g

from contest.anniversaries.commemorations import occurrences_in
from contest.anniversaries.queries import commemorations, kept_in, last_change
from contest.api import queries
from contest.api.asked import Nothing, OfContest, OfLevel, OfYear
from contest.api.paging import cut
from contest.api.shapes import Both, FormerName, Kept, NewsPage, NewsShape, UnitPage, UnitShape, WholeUnit, YearShape
from contest.api.views import answers, asked_contest, bad_cursor, behind, pages, turn
from contest.core.errors import N_
from contest.core.formats import local
from contest.core.richtext import parse, plain
from contest.results.models_after import NewsPost
from contest.units.models import Unit
from contest.units.queries import get_unit


def _both(kept: dict[str, str]) -> Both:
    return Both(vi=kept.get("vi") or kept.get("en") or "", en=kept.get("en") or kept.get("vi") or "")


def _news(post: NewsPost, slug: str) -> NewsShape:
    at = post.visible_from
    assert at is not None  # it is public
    text = {language: plain(parse(body or "")) for language, body in post.body.items()}
    return NewsShape(
        id=post.public_id,
        contest=slug,
        title=_both(post.title),
        text=_both(text),
        published_at=at,
        updated_at=max(at, min(post.changed_at, g.now)),
        page=pages("results.news_post", slug=slug, post_id=post.public_id),
    )


@answers("/news", NewsPage, N_("News of contests, the latest first"), OfContest)
def news(asked: OfContest) -> tuple[NewsPage, datetime | None]:
    contest = asked_contest(asked.contest)
    before = None
    if (key := behind(asked, 2)) is not None:
        try:
            before = datetime.fromisoformat(key[0]), key[1]
        except ValueError as error:
            raise bad_cursor() from error
        if before[0].tzinfo is None or not 1970 <= before[0].year <= 9000:
            raise bad_cursor()
    found = queries.news(g.now, contest=contest, limit=asked.limit + 1, before=before)
    rows, following = cut(found, asked.limit, lambda each: (str(each.visible_from), each.public_id))
    items = tuple(_news(each, each.contest.slug) for each in rows)
    return NewsPage(items=items, **turn(following)), max((each.updated_at for each in items), default=None)


@answers("/news/<post_id>", NewsShape, N_("A piece of news"))
def news_post(_asked: Nothing, post_id: str) -> tuple[NewsShape, datetime | None]:
    found = queries.get_news(post_id, g.now)
    told = _news(found, found.contest.slug)
    return told, told.updated_at


def _today() -> date:
    return local(g.now).date()


@answers("/calendar", YearShape, N_("What is commemorated in a year"), OfYear)
def calendar(asked: OfYear) -> tuple[YearShape, datetime | None]:
    year = asked.year or _today().year
    found = {each.what.code: each for each in kept_in(commemorations(), current_app.config["SETTINGS"].site.province)}
    items = tuple(
        Kept.model_validate(
            {
                "code": each.what.code,
                "name": Both(vi=each.what.name_vi, en=each.what.name_en or each.what.name_vi),
                "on": each.on,
                "calendar": each.what.calendar,
                "lunar": f"{each.what.day}/{each.what.month}" if each.what.calendar == "lunar" else None,
                "number": each.number,
                "kind": each.kind,
                "national": found[each.what.code].national,
            }
        )
        for each in occurrences_in((each.what for each in found.values()), year)
    )
    told = YearShape(
        year=year, items=items, page=pages("anniversaries.year", nam=year), calendar=pages("anniversaries.feed")
    )
    return told, last_change()


def _unit(unit: Unit) -> dict[str, Any]:
    return {
        "code": unit.code,
        "name": Both(vi=unit.name, en=unit.name_en or unit.name),
        "kind": unit.kind,
        "level": unit.level,
        "parent": unit.parent.code if unit.parent else None,
        "successor": unit.successor.code if unit.successor else None,
        "valid_from": unit.valid_from,
        "valid_to": unit.valid_to,
    }


@answers("/units", UnitPage, N_("Units of today: communes, departments, organisations"), OfLevel)
def units(asked: OfLevel) -> tuple[UnitPage, datetime | None]:
    key = behind(asked, 1)
    found = queries.unit_page(_today(), level=asked.level, after=key[0] if key else None, limit=asked.limit)
    rows, following = cut(found, asked.limit, lambda each: (each.code,))
    return UnitPage(items=tuple(UnitShape(**_unit(each)) for each in rows), **turn(following)), None


@answers("/units/<code>", WholeUnit, N_("A unit, those that have ended too, with the names it bore"))
def unit(_asked: Nothing, code: str) -> tuple[WholeUnit, datetime | None]:
    found = get_unit(code)
    names = tuple(
        FormerName(
            name=Both(vi=each.name, en=each.name_en or each.name), valid_from=each.valid_from, valid_to=each.valid_to
        )
        for each in queries.former_names(found)
    )
    return WholeUnit(**_unit(found), former_names=names), None
