"""Errors for programs: `application/problem+json` (RFC 9457), in both languages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from flask import Response, g, request
from flask_babel import force_locale, gettext
from werkzeug.exceptions import BadRequest, HTTPException

from contest.core.errors import N_
from contest.core.web.headers import open_to_all
from contest.core.web.language import ENGLISH, VIETNAMESE, locale

# Addresses under this one are for programs alone: whatever goes wrong there is said in JSON.
PREFIX = "/api/v1"
MEDIA_TYPE = "application/problem+json"
_WAIT = 60  # seconds, after too many requests
_SAID = {
    400: (N_("The request cannot be read"), N_("A parameter is unknown or has a value that it cannot have.")),
    404: (N_("Nothing here"), N_("There is nothing at this address, or it is not public yet.")),
    405: (N_("Reading only"), N_("This address can be read (GET, HEAD) and not written to.")),
    429: (N_("Too many requests"), N_("Please wait a minute, and keep answers instead of asking again.")),
    500: (N_("Something went wrong here"), N_("The fault is ours and has been recorded.")),
    503: (N_("Busy"), N_("Please try again in a moment")),
}


class BadQuery(BadRequest):
    """Parameters that cannot be taken. `faults`: (name, message in English, a catalogue key)."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.faults = faults


def wants_problem() -> bool:
    """Whether the address that was asked for is one for programs."""
    return request.path == PREFIX or request.path.startswith(f"{PREFIX}/")


def in_both(message: str) -> dict[str, str]:
    """A marked sentence in both languages."""
    found = {}
    for language in (VIETNAMESE, ENGLISH):
        with force_locale(language):
            found[language] = gettext(message)
    return found


def problem(code: int, error: HTTPException | None = None) -> Response:
    """An error as a program reads it: title and detail in the address's language, and in both beside."""
    g.for_machines = True
    title, detail = (in_both(text) for text in _SAID.get(code, _SAID[400 if code < 500 else 500]))
    mine = locale()
    told: dict[str, Any] = {
        "type": "about:blank",
        "status": code,
        "title": title[mine],
        "detail": detail[mine],
        "texts": {each: {"title": title[each], "detail": detail[each]} for each in (VIETNAMESE, ENGLISH)},
    }
    if isinstance(error, BadQuery):
        told["errors"] = [{"parameter": name, "detail": in_both(message)} for name, message in error.faults]
    response = Response(json.dumps(told, ensure_ascii=False), status=code, content_type=MEDIA_TYPE)
    if code == 405:
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ("GET", "HEAD")))
    if code in {429, 503}:
        response.headers["Retry-After"] = str(_WAIT if code == 429 else 5)
    return open_to_all(response)
