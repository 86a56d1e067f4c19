"""Pages that take files larger than the rest of the site does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request
from flask_login import current_user

View = TypeVar("View", bound=Callable[..., Any])
_ATTRIBUTE = "_largest_upload"
# What a form holds around its file.
_FORM = 1_000_000


def large_upload(most: int) -> Callable[[View], View]:
    """Let a view take up to `most` bytes of file in one request."""

    def mark(view: View) -> View:
        setattr(view, _ATTRIBUTE, most)
        return view

    return mark


def init_uploads(app: Flask) -> None:
    """Set the bound of a request before anything reads its form, the check of its token included."""
    app.before_request(_bound)


def _bound() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    most = getattr(view, _ATTRIBUTE, None)
    # The form is read, to look for its token, before the view asks who sends it: strangers send no large files.
    if most is not None and current_user.is_authenticated:
        request.max_content_length = most + _FORM
