"""Response headers: what browsers may run, what caches may keep.

Everything is `private, no-store` unless a view says `@shared(seconds)` and the visitor is
anonymous. Pages hold no inline script or style, so the policy needs no nonce and an anonymous
page can be cached.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, make_response, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin

from contest.core.web.language import site_root

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
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


def shared(seconds: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let caches keep an anonymous visitor's page for `seconds`.

    The page must show nothing that depends on who asks, and set no cookie.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            response = make_response(view(*args, **kwargs))
            g.shared_seconds = seconds
            return response

        return wrapper

    return decorate


def _finish(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint == "static":
        return response
    anonymous = current_app.config["SESSION_COOKIE_NAME"] not in request.cookies
    is_file = response.direct_passthrough  # a stored photo: it brings its own ETag
    # A demonstration's bar shows the moving clock on every page.
    seconds = None if current_app.config["SETTINGS"].demo and not is_file else g.get("shared_seconds")
    if seconds and anonymous and response.status_code in {200, 304} and "Set-Cookie" not in response.headers:
        response.headers["Cache-Control"] = f"public, max-age={seconds}"
        if not is_file:
            response.add_etag()
            response.make_conditional(request)
    else:
        response.headers["Cache-Control"] = "private, no-store"
    return response


@lru_cache(maxsize=256)
def _version(path: Path, _stamp: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def asset(name: str) -> str:
    """Address of a static file, with a version so that it can be cached for a year."""
    path = Path(current_app.static_folder or "") / name
    version = _version(path, path.stat().st_mtime_ns) if path.is_file() else "0"
    return f"{site_root()}/static/{name}?v={version}"


class Sessions(SecureCookieSessionInterface):
    """Session cookies, kept away from static files: a cache holds those for a year, for everyone.

    Otherwise a signed-in person's renewed cookie would travel with a file that anyone may be
    given, and `Vary: Cookie` would have browsers ask again for each file after each page.
    """

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if request.endpoint != "static":
            super().save_session(app, session, response)


def init_headers(app: Flask) -> None:
    app.session_interface = Sessions()
    app.after_request(_finish)
