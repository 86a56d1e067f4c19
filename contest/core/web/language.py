"""Two languages by address: Vietnamese at the root, English under /en/ with the same paths.

The address alone decides, never a cookie or a header, so that public pages can be cached and a
link says what it shows. The prefix becomes the script name, and every `url_for` on an English
page stays English by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from flask import has_request_context, request

VIETNAMESE = "vi"
ENGLISH = "en"
_KEY = "contest.locale"
_ROOT = "contest.root"


class LanguagePrefix:
    """WSGI layer that takes `/en` off the path and remembers it."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        environ[_ROOT] = environ.get("SCRIPT_NAME", "")
        if path == "/en" or path.startswith("/en/"):
            environ["SCRIPT_NAME"] = environ[_ROOT] + "/en"
            environ["PATH_INFO"] = path[3:] or "/"
            environ[_KEY] = ENGLISH
        return self.application(environ, start_response)


def site_root() -> str:
    """Path under which the site is mounted, without the language."""
    return str(request.environ.get(_ROOT, ""))


def locale() -> str:
    """The language of this request; Vietnamese outside one."""
    if not has_request_context():
        return VIETNAMESE
    return str(request.environ.get(_KEY, VIETNAMESE))


def outside_environ(root: str, language: str) -> dict[str, str]:
    """What `LanguagePrefix` would have left in the environment, for rendering outside a request."""
    return {_ROOT: root, _KEY: language}


def other_language_url() -> str:
    """The address of this page in the other language."""
    query = request.query_string.decode("utf-8", "replace")
    prefix = "/en" if locale() == VIETNAMESE else ""
    # Browsers read `//host` and `/\host` as another site: error pages show the address that was asked for.
    path = "/" + quote(request.path.lstrip("/"))
    return f"{site_root()}{prefix}{path}{'?' + query if query else ''}"
