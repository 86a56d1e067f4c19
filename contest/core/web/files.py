"""Sending stored files to browsers."""

from __future__ import annotations

from flask import Response, current_app, send_file

from contest.core.files import FileStore

_TYPES = {"jpg": "image/jpeg", "webp": "image/webp", "png": "image/png"}


def file_store() -> FileStore:
    """Where this application keeps its files."""
    store: FileStore = current_app.extensions["files"]
    return store


def send_stored(key: str) -> Response:
    """The file of `key`, shown in place, typed by what we made of it. Raises NotFound.

    Who may see it is the caller's question.
    """
    path = file_store().path(key)
    return send_file(path, mimetype=_TYPES.get(path.suffix[1:], "application/octet-stream"), max_age=0, etag=False)
