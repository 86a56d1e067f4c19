"""The read-only API: what everyone may read, as JSON. Each operation declares what it asks and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Response, current_app, g, jsonify, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import escape
from pydantic import ValidationError

from contest.api.asked import Asked, Nothing, OnePage
from contest.api.declared import Operation, describe
from contest.api.paging import BadCursor, key_of
from contest.api.queries import contests
from contest.api.shapes import Both, Pages, Ref, Shape
from contest.contests.models import Contest
from contest.contests.queries import get_issued_contest
from contest.contests.ruleset import Localized
from contest.core.errors import N_
from contest.core.formats import loc
from contest.core.web import limiter, public, shared
from contest.core.web.errors import say_message
from contest.core.web.headers import for_machines
from contest.core.web.language import site_root
from contest.core.web.problems import PREFIX, BadQuery, in_both
from contest.units.models import Unit

bp = Blueprint("api", __name__)
BRIEFLY = 15
RATE = "120 per minute"
OPERATIONS: list[Operation] = []
Query = TypeVar("Query", bound=Asked)
Told = tuple[Shape, datetime | None]

_UNKNOWN = N_("There is no such parameter.")
_TWICE = N_("This parameter may be given once.")
_NO_CURSOR = N_("This is not the cursor of a page of this list.")
_FAULTS = {
    "extra_forbidden": _UNKNOWN,
    "int_parsing": N_("This must be a whole number."),
    "greater_than_equal": N_("This number is too small."),
    "less_than_equal": N_("This number is too large."),
}
_OTHER = N_("This parameter cannot have this value.")


def answers(path: str, answer: type[Shape], summary: str, asks: type[Asked] = Nothing) -> Callable[[Any], Any]:
    """Offer a view at an address of the API. It is given what was asked, and gives its answer and when it changed."""

    def decorate(view: Callable[..., Told]) -> Callable[..., Response]:
        name = view.__name__
        OPERATIONS.append(Operation(name, path, summary, answer, asks))

        @public
        @limiter.limit(RATE)
        @for_machines
        @shared(BRIEFLY)
        @wraps(view)
        def answered(**arguments: Any) -> Response:
            told, changed = view(_asked(asks), **arguments)
            if not isinstance(told, answer):
                raise TypeError(f"{name} declares {answer.__name__}")
            response = Response(told.model_dump_json(), mimetype="application/json")
            if changed is not None:
                response.last_modified = changed
            return response

        bp.add_url_rule(f"{PREFIX}{path}", name, answered)
        return answered

    return decorate


def _asked(asks: type[Query]) -> Query:
    """The parameters of this request. Raises BadQuery."""
    given = request.args.to_dict(flat=False)
    if twice := [name for name, values in given.items() if len(values) > 1]:
        raise BadQuery([(name, _TWICE) for name in twice])
    try:
        return asks.model_validate({name: values[0] for name, values in given.items()})
    except ValidationError as error:
        faults = [
            (str(each["loc"][0]) if each["loc"] else "", _FAULTS.get(each["type"], _OTHER)) for each in error.errors()
        ]
        raise BadQuery(faults) from error


def behind(asked: OnePage, parts: int) -> tuple[str, ...] | None:
    """The key that the page asked for begins behind; None for the first page. Raises BadQuery."""
    if asked.cursor is None:
        return None
    try:
        return key_of(asked.cursor, parts)
    except BadCursor as error:
        raise bad_cursor() from error


def bad_cursor() -> BadQuery:
    """The refusal of a cursor that is not ours."""
    return BadQuery([("cursor", _NO_CURSOR)])


def asked_contest(slug: str | None) -> Contest | None:
    """The contest that a list is narrowed to. Raises NotFound."""
    return None if slug is None else get_issued_contest(slug, g.now)


def turn(next_cursor: str | None) -> dict[str, str | None]:
    """Where the next page is: the same question with another cursor."""
    if next_cursor is None:
        return {"next": None, "next_cursor": None}
    kept = {name: value for name, value in request.args.items() if name != "cursor"}
    endpoint = request.endpoint or ""
    return {
        "next": link(endpoint, **(request.view_args or {}), **kept, cursor=next_cursor),
        "next_cursor": next_cursor,
    }


# Words and addresses


def both(text: Localized) -> Both:
    """A text of a rule set."""
    return Both(vi=text.vi, en=text.en or text.vi)


def said(message: str) -> Both:
    """A marked sentence."""
    return Both(**in_both(message))


def ref(unit: Unit | None) -> Ref | None:
    """A unit, named as it is now."""
    return None if unit is None else Ref(code=unit.code, name=Both(vi=unit.name, en=unit.name_en))


def _path(endpoint: str, values: dict[str, Any]) -> str:
    return url_for(endpoint, **values)[len(request.script_root) :]


def _base() -> str:
    return request.host_url.rstrip("/") + site_root()


def link(endpoint: str, **values: Any) -> str:
    """An address without a language: of the API, or of a file."""
    return _base() + _path(endpoint, values)


def pages(endpoint: str, **values: Any) -> Pages:
    """The address of a page for people in both languages."""
    path = _path(endpoint, values)
    return Pages(vi=_base() + path, en=f"{_base()}/en{path}")


# Its description


@bp.get(f"{PREFIX}/openapi.json")
@public
@limiter.limit(RATE)
@for_machines
@shared(BRIEFLY)
def openapi() -> Response:
    site = current_app.config["SETTINGS"].site
    return jsonify(
        describe(
            sorted(OPERATIONS, key=lambda each: each.path),
            name=_("%(site)s: public data", site=site.name),
            about=_("What everyone may read here, for programs. Reading only; no key is needed."),
            server=f"{_base()}{PREFIX}",
            contact=site.email,
            say=say_message,
        )
    )


@bp.get("/api")
@public
@shared(BRIEFLY)
def guide() -> str:
    """The same for people, with feeds and what other sites may show in a frame."""
    return render_template(
        "api/guide.html",
        operations=sorted(OPERATIONS, key=lambda each: each.path),
        base=f"{_base()}{PREFIX}",
        snippets=[(contest, _snippet(contest)) for contest in contests(g.now)],
        link=link,
    )


def _snippet(contest: Contest) -> str:
    """What a partner copies into a page: a frame with its name, fetched when it comes into sight."""
    address = url_for("api.embed", slug=contest.slug, _external=True)
    title = escape(loc(contest.rules.title))
    return (
        f'<iframe src="{address}" title="{title}" width="100%" height="480" loading="lazy" style="border:0"></iframe>'
    )


from contest.api import (  # noqa: E402 -- they need `bp`
    views_contests,  # noqa: F401
    views_embed,  # noqa: F401
    views_feeds,  # noqa: F401
    views_others,  # noqa: F401
    views_results,  # noqa: F401
    views_sitemap,  # noqa: F401
    views_stories,  # noqa: F401
)
