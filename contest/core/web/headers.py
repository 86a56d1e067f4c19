"""Response headers: what browsers may run, what caches may keep.

Everything is `private, no-store` unless a view says `@shared(seconds)` and the visitor is
anonymous. Pages hold no inline script or style, so the policy needs no nonce and an anonymous
page can be cached.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, make_response, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin

from contest.core import clock
from contest.core.web.language import site_root
from contest.core.web.pages import Page, PageCache

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
}
# A page in somebody else's frame: it runs nothing and sends nothing.
FRAMED = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors *",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def _is_anonymous() -> bool:
    # An answer for machines is the same whoever asks: no cookie is looked at.
    return g.get("for_machines", False) or current_app.config["SESSION_COOKIE_NAME"] not in request.cookies


def shared(seconds: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let caches, this process's own among them, keep an anonymous visitor's page for `seconds`.

    The page must show nothing that depends on who asks, and set no cookie. No copy outlives the next
    instant at which something becomes public: at the announced minute every page is made anew.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            pages: PageCache | None = current_app.extensions.get("pages")
            if pages is None or not _is_anonymous() or request.method != "GET" or request.query_string:
                response = make_response(view(*args, **kwargs))
                g.shared_seconds = _until_next_change(seconds)
                return response
            key = (request.scheme, request.host, request.script_root, request.path)
            wall = clock.wall()
            page = pages.find(key, wall)
            if page is None:
                response = make_response(view(*args, **kwargs))
                g.shared_seconds = kept = _until_next_change(seconds)
                if kept and response.status_code == 200 and not response.direct_passthrough:
                    until = wall + timedelta(seconds=kept)
                    page = Page(response.get_data(), response.content_type, until, response.last_modified)
                    pages.keep(key, page)
                return response
            # Together, this cache and those outside keep the page for no longer than its view allowed.
            g.shared_seconds = int((page.until - wall).total_seconds())
            response = Response(page.body, content_type=page.content_type)
            if page.last_modified is not None:
                response.last_modified = page.last_modified
            return response

        return wrapper

    return decorate


def for_machines(view: Callable[..., Any]) -> Callable[..., Any]:
    """An answer that programs of any origin may read: no cookie is read, and none is set.

    Whether it has changed is told by its ETag alone: what is taken back leaves no later instant behind
    that a comparison of dates could see.
    """

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        request.environ.pop("HTTP_IF_MODIFIED_SINCE", None)
        return open_to_all(_for_nobody(view, *args, **kwargs))

    return wrapper


def open_to_all(response: Response) -> Response:
    """Let pages of other sites read this answer, by GET and HEAD."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = "ETag, Last-Modified, Retry-After"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def framed(view: Callable[..., Any]) -> Callable[..., Any]:
    """A page that may stand in frames of any site: it has no forms, and nothing on it depends on who asks."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        response = _for_nobody(view, *args, **kwargs)
        g.framed = True
        return response

    return wrapper


def _for_nobody(view: Callable[..., Any], *args: Any, **kwargs: Any) -> Response:
    """The answer of a view, for nobody in particular; an error page instead of it is a page like any other."""
    g.for_machines = True
    try:
        return make_response(view(*args, **kwargs))
    except Exception:
        g.pop("for_machines")
        raise


def _until_next_change(seconds: int) -> int:
    """`seconds`, or the whole seconds left until something becomes public, when those are fewer."""
    if not _is_anonymous():
        return seconds  # such a page is not shared anyway
    change: datetime | None = current_app.extensions["next_public_change"](g.now)
    return seconds if change is None else min(seconds, int((change - g.now).total_seconds()))


def _finish(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if g.get("framed"):
        response.headers.update(FRAMED)
        response.headers.pop("X-Frame-Options")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint == "static":
        return response
    is_file = response.direct_passthrough  # a stored photo: it brings its own ETag
    # A demonstration's bar shows the moving clock on every page.
    seconds = None if current_app.config["SETTINGS"].demo and not is_file else g.get("shared_seconds")
    if seconds and _is_anonymous() and response.status_code in {200, 304} and "Set-Cookie" not in response.headers:
        response.headers["Cache-Control"] = f"public, max-age={seconds}"
        if not is_file:
            response.add_etag()
            response.make_conditional(request)
    else:
        response.headers["Cache-Control"] = "private, no-store"
    return response


def _forget(_error: BaseException | None) -> None:
    """Leave nothing for the next request where several share a context, as those of tests do."""
    for name in ("for_machines", "framed", "shared_seconds"):
        g.pop(name, None)


@lru_cache(maxsize=256)
def _version(path: str, _stamp: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:10]


def asset(name: str) -> str:
    """Address of a static file, with a version so that it can be cached for a year."""
    # A page names the sprite dozens of times: the disk is asked once for each file and request.
    known: dict[str, str] = g.setdefault("assets", {})
    if name not in known:
        path = f"{current_app.static_folder}/{name}"
        try:
            version = _version(path, os.stat(path).st_mtime_ns)  # noqa: PTH116 -- a third of the cost of a Path
        except FileNotFoundError:
            version = "0"
        known[name] = f"{site_root()}/static/{name}?v={version}"
    return known[name]


class Sessions(SecureCookieSessionInterface):
    """Session cookies, kept away from static files: a cache holds those for a year, for everyone.

    Otherwise a signed-in person's renewed cookie would travel with a file that anyone may be
    given, and `Vary: Cookie` would have browsers ask again for each file after each page.
    """

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if request.endpoint != "static" and "for_machines" not in g:
            super().save_session(app, session, response)


def init_headers(app: Flask) -> None:
    app.extensions.setdefault("next_public_change", lambda now: None)
    app.session_interface = Sessions()
    if not app.testing and not app.config["SETTINGS"].demo:
        app.extensions["pages"] = PageCache()
    app.after_request(_finish)
    app.teardown_request(_forget)
