"""Who may call a route: declared beside it, enforced before it, safe when forgotten.

A view states `@public`, `@signed_in` or `@needs("organiser", "secretary")`. `guard` runs before
every request; a route that states nothing answers 500 in every environment and fails a test.
What a need means is answered by the rooms that know (roles of a contest, officers of a unit):
`create_app` registers an authority for each name, so this file knows none of them.

An anonymous visitor is sent to sign in before anything is looked up; a person who lacks the need
gets the same 404 as for something that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask_login import current_user
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response

from contest.core.web.errors import signed_out_form

View = Callable[..., Any]
ATTRIBUTE = "contest_access"


@dataclass(frozen=True, slots=True)
class Access:
    """What a route asks of its caller. `needs` is satisfied by any one of its names."""

    kind: str  # public | signed_in | needs | demo
    needs: tuple[str, ...] = ()


class Authority(Protocol):
    """Answers whether `person` meets a need for the objects named in the address."""

    def __call__(self, person: Any, arguments: Mapping[str, Any]) -> bool: ...


def _declaring(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, ATTRIBUTE, access)
        return view

    return mark


def public(view: View) -> View:
    """Anyone, signed in or not."""
    return _declaring(Access("public"))(view)


def signed_in(view: View) -> View:
    """Anyone with an account. Objects are narrowed by the view's query: not yours is a 404."""
    return _declaring(Access("signed_in"))(view)


def demo_only(view: View) -> View:
    """Anyone, on a demonstration; elsewhere the route does not exist."""
    return _declaring(Access("demo"))(view)


def needs(*names: str) -> Callable[[View], View]:
    """Whoever meets one of the named needs (see `authorities` in app.py)."""
    return _declaring(Access("needs", names))


def declare(app: Flask, endpoint: str, access: Access) -> None:
    """State the access of a route that a library registered."""
    setattr(app.view_functions[endpoint], ATTRIBUTE, access)


def access_of(app: Flask, endpoint: str) -> Access | None:
    """What `endpoint` declares, None when it declares nothing."""
    found = getattr(app.view_functions.get(endpoint), ATTRIBUTE, None)
    return found if isinstance(found, Access) else None


def guard() -> Response | None:
    """Enforce the declared access of the route about to be called."""
    if request.endpoint is None:
        return None  # no such address: Flask's own 404
    if "\x00" in request.path:
        abort(404)  # PostgreSQL takes no NUL, and nothing here is called by one
    if any("\x00" in value for values in request.args.listvalues() for value in values):
        abort(400)
    access = access_of(current_app, request.endpoint)
    if access is None:
        raise RuntimeError(f"{request.endpoint} does not declare who may call it")
    if access.kind == "public":
        return None
    if access.kind == "demo":
        return None if current_app.config["SETTINGS"].demo else abort(404)
    if not current_user.is_authenticated:
        if (kept := signed_out_form()) is not None:
            return kept
        # A form sent after the session ended cannot be repeated by a redirect: back to its page.
        target = request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} else request.path
        return redirect(url_for(current_app.config["SIGN_IN_ENDPOINT"], next=request.script_root + target))
    if access.kind == "needs":
        if not _meets(access, request.view_args or {}):
            abort(404)
        gate: Callable[[Any], str | None] = current_app.extensions["staff_gate"]
        if endpoint := gate(current_user):
            return redirect(url_for(endpoint))
    return None


def _meets(access: Access, arguments: Mapping[str, Any]) -> bool:
    """Whether the caller meets one of the needs; each is looked up once per request."""
    authorities: Mapping[str, Authority] = current_app.extensions["authorities"]
    known: dict[tuple[Any, ...], bool] = g.setdefault("met_needs", {})
    for name in access.needs:
        key = (name, arguments.get("slug"), arguments.get("code"), arguments.get("draft_id"))
        if key not in known:
            known[key] = authorities[name](current_user, arguments)
        if known[key]:
            return True
    return False


def may_call(endpoint: str, **arguments: Any) -> bool:
    """Whether the caller may open `endpoint`: for templates, so that no link leads to a 404.

    `arguments` are those that the needs read (`slug`, `code`), not all of the address.
    """
    access = access_of(current_app, endpoint)
    if access is None or access.kind == "demo":
        return access is not None and current_app.config["SETTINGS"].demo
    if access.kind == "public":
        return True
    if not current_user.is_authenticated:
        return False
    return access.kind == "signed_in" or _meets(access, arguments)


class BoundedInteger(IntegerConverter):
    """`<int:…>` within what a database column holds; a larger number is an unknown address."""

    def __init__(self, map: Map, fixed_digits: int = 0, min: int | None = None, max: int | None = 2**63 - 1) -> None:  # noqa: A002 -- Werkzeug's names
        super().__init__(map, fixed_digits, min, max)


def init_access(app: Flask) -> None:
    app.url_map.converters["int"] = BoundedInteger
    app.extensions.setdefault("authorities", {})
    app.extensions["access_of"] = access_of
    app.extensions.setdefault("staff_gate", lambda person: None)
    app.before_request(guard)
