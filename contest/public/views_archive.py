"""The archive of honoured stories: all of them, by year, person, unit and anniversary, with a search."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request, url_for

from contest.anniversaries.queries import commemorations, find_commemoration
from contest.core.errors import NotFound
from contest.core.typed import typed_page
from contest.core.web import limiter, public, shared
from contest.public import archive as kept
from contest.public.views import BRIEFLY, bp
from contest.units.queries import get_unit

_LONGEST_SEARCH = 100


def _asked_page() -> int:
    return typed_page(request.args.get("trang"))


def _render(listed: kept.Listed, *, endpoint: str, **more: Any) -> str:
    """The one page of all lists. `arguments`: of the endpoint, for the pages before and after."""
    arguments = more.pop("arguments", {})

    def turned(number: int) -> str:
        return url_for(endpoint, **arguments, trang=number if number > 1 else None)

    return render_template(
        "public/archive.html",
        listed=listed,
        turned=turned,
        people_of=kept.people_of,
        address_of=kept.address_of,
        **more,
    )


@bp.get("/guong")
@public
@limiter.limit("60 per minute", exempt_when=lambda: not request.args.get("tim"))
@shared(BRIEFLY)
def archive() -> str:
    text = " ".join(request.args.get("tim", "").split())[:_LONGEST_SEARCH]
    seasons = kept.seasons(g.now)
    listed = kept.search(g.now, text, _asked_page()) if text else kept.in_contests(g.now, _asked_page())
    return _render(
        listed,
        endpoint="public.archive",
        arguments={"tim": text or None},
        kind="all",
        text=text,
        years=sorted({kept.year_of(each) for each in seasons}, reverse=True),
        occasions=_occasions(seasons),
    )


def _occasions(seasons: Any) -> list[tuple[str, Any]]:
    """Anniversaries that contests were tied to: code and commemoration, where this site still lists it."""
    codes = dict.fromkeys(code for each in seasons if (code := kept.occasion_of(each)))
    listed = {each.what.code: each.what for each in commemorations()}
    return [(code, listed[code]) for code in codes if code in listed]


@bp.get("/guong/nam/<int:year>")
@public
@shared(BRIEFLY)
def archive_year(year: int) -> str:
    seasons = [each for each in kept.seasons(g.now) if kept.year_of(each) == year]
    if not seasons:
        raise NotFound(year)
    listed = kept.in_contests(g.now, _asked_page(), {each.contest_id for each in seasons})
    return _render(
        listed, endpoint="public.archive_year", arguments={"year": year}, kind="year", year=year, seasons=seasons
    )


@bp.get("/guong/dip/<occasion>")
@public
@shared(BRIEFLY)
def archive_occasion(occasion: str) -> str:
    seasons = [each for each in kept.seasons(g.now) if kept.occasion_of(each) == occasion]
    if not seasons:
        raise NotFound(occasion)
    found = find_commemoration(occasion)
    listed = kept.in_contests(g.now, _asked_page(), {each.contest_id for each in seasons})
    return _render(
        listed,
        endpoint="public.archive_occasion",
        arguments={"occasion": occasion},
        kind="occasion",
        commemoration=found.what if found else None,
        in_calendar=found is not None and found.active,
        seasons=seasons,
    )


@bp.get("/guong/nguoi/<person>")
@public
@limiter.limit("60 per minute")
@shared(BRIEFLY)
def archive_person(person: str) -> str:
    found = kept.find_person(g.now, person, _asked_page()) if len(person) <= _LONGEST_SEARCH * 2 else None
    if found is None:
        raise NotFound(person)
    return _render(
        found.stories,
        endpoint="public.archive_person",
        arguments={"person": kept.address_of(found.name)},
        kind="person",
        name=found.name,
    )


@bp.get("/guong/don-vi")
@public
@shared(BRIEFLY)
def archive_units() -> str:
    return render_template("public/archive_units.html", units=kept.units(g.now))


@bp.get("/guong/don-vi/<code>")
@public
@shared(BRIEFLY)
def archive_unit(code: str) -> str:
    unit = get_unit(code)
    found = kept.of_unit(g.now, unit, _asked_page())
    if not found.stories.total and not found.prizes:
        raise NotFound(code)
    return _render(
        found.stories,
        endpoint="public.archive_unit",
        arguments={"code": code},
        kind="unit",
        unit=unit,
        prizes=found.prizes,
    )
