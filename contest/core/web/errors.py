"""Errors in words: what went wrong, in the reader's language, and what to do next."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import Flask, current_app, redirect, render_template, request
from flask_babel import gettext
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from contest.core import formats
from contest.core.errors import Conflict, Dong, NotFound, Refused
from contest.core.web.problems import problem, wants_problem

# What a resent form may carry: enough for the longest entry, never a file.
_RESEND_FIELDS = 200


def spoken(value: Any) -> Any:
    """A parameter of a message as people write it."""
    if isinstance(value, datetime):
        return formats.instant(value)
    if isinstance(value, date):
        return formats.day(value)
    if isinstance(value, Dong):
        return formats.money(value)
    if isinstance(value, Decimal):
        # A decimal carries the places it is to be shown with: 87.00 is 87,00.
        return formats.marks(value, max(0, -int(value.as_tuple().exponent)))
    if isinstance(value, Fraction):
        return formats.marks(value)
    if hasattr(value, "vi") and hasattr(value, "en"):
        return formats.loc(value)
    return value


def say(error: Refused) -> str:
    """The message of a refusal in the language of this request."""
    return say_message(error.message, error.params)


def say_message(message: str, params: dict[str, Any] | None = None) -> str:
    """A marked sentence (`N_`) with its parameters, in the language of this request."""
    spoken_params = {name: spoken(value) for name, value in (params or {}).items()}
    text: str = gettext(message)
    return text % spoken_params if spoken_params else text


def _page(code: int, template: str | None = None, **context: Any) -> tuple[str | Response, int]:
    if wants_problem():
        return problem(code), code
    try:
        return render_template(f"errors/{template or code}.html", **context), code
    except Exception:
        # The error page itself must not fail (a broken session, a database that is away).
        current_app.logger.exception("error page %s could not be rendered", code)
        return render_template("errors/plain.html", code=code), code


def _http(error: HTTPException) -> Any:
    code = error.code or 500
    if code < 400:
        return error
    if code == 404:
        return _not_found(error)
    if wants_problem():
        return problem(code, error)
    known = {400, 403, 404, 405, 413, 429, 500, 503}
    return _page(code, None if code in known else ("400" if code < 500 else "500"))


def _not_found(error: Exception) -> Any:
    """The plain 404; an address that was given out once leads on, for good, to where it is found now."""
    if request.method in {"GET", "HEAD"} and request.endpoint != "static":
        try:
            query = unquote(request.query_string.decode("ascii", "replace"))
            target = current_app.extensions["new_address"](request.path, query)
        except OperationalError:  # the page that says so needs no database
            target = None
        if target is not None:
            return redirect(request.script_root + target, 301)
    if wants_problem():
        return problem(404, error if isinstance(error, HTTPException) else None)
    return _page(404)


def _crash(error: Exception) -> Any:
    if current_app.testing or current_app.debug:
        raise error
    current_app.logger.error("unhandled error at %s", request.path, exc_info=error)
    return _page(500)


def _unreachable(error: Exception) -> Any:
    """The database is away, or its disk is full or failing: the form comes back, to be sent again.

    Nothing was acknowledged. What had arrived all the same is found by the retry.
    """
    current_app.logger.error("database failed at %s", request.path, exc_info=error)
    if request.accept_mimetypes.best == "application/json":
        answer = current_app.make_response(({"error": gettext("Please try again in a moment")}, 503))
    else:
        fields = _sent_fields() if request.method == "POST" and _same_origin() else []
        answer = current_app.make_response(_page(503, "busy", fields=fields))
    answer.headers["Retry-After"] = "5"
    return answer


def _refused(error: Refused) -> Any:
    return _page(409 if isinstance(error, Conflict) else 400, "refused", message=say(error))


def _same_origin() -> bool:
    origin = request.headers.get("Origin")
    return bool(origin) and urlsplit(origin or "").netloc == request.host


def _stale_form(error: CSRFError) -> Any:
    """A form whose token expired: offer to send the same text again, so that nothing is lost.

    Only to a signed-in person whose browser says that the form came from this site; for anything
    else the page says no and repeats nothing. Without scripts the token goes with the session: then
    it is the form of somebody who was signed out, on a page that only signed-in people have.
    """
    access = current_app.extensions["access_of"](current_app, request.endpoint or "")
    if not current_user.is_authenticated and access is not None and access.kind != "public":
        kept = signed_out_form()
        if kept is not None:
            return kept
    fields = _sent_fields() if current_user.is_authenticated and _same_origin() else []
    return _page(400, "csrf", fields=fields)


def _sent_fields() -> list[tuple[str, str]]:
    """What a form carried, to be sent again."""
    fields = list(request.form.items(multi=True))[:_RESEND_FIELDS]
    return [(name, value) for name, value in fields if name != "csrf_token"]


def signed_out_form() -> Response | None:
    """The answer to a form that arrives after its session ended: the same words again, and the way to sign in.

    None where there is nothing to keep: no words, a script's request (it keeps them itself), or a form
    that did not come from this site.
    """
    wants_page = request.accept_mimetypes.best != "application/json"
    if request.method != "POST" or not wants_page or not _same_origin():
        return None
    if not any(value.strip() for name, value in _sent_fields()):
        return None
    return current_app.make_response(_page(401, "signed_out", fields=_sent_fields()))


def init_errors(app: Flask) -> None:
    app.extensions.setdefault("new_address", lambda path, query: None)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(NotFound, _not_found)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(OperationalError, _unreachable)
    app.register_error_handler(NoConnection, _unreachable)  # no connection came free
    app.register_error_handler(Exception, _crash)
