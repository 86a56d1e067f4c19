"""Sending stored files to browsers."""

from __future__ import annotations

import hashlib

from flask import Response, current_app, request, send_file

from contest.core.files import FileStore

_TYPES = {"jpg": "image/jpeg", "webp": "image/webp", "png": "image/png"}


def file_store() -> FileStore:
    """Where this application keeps its files."""
    store: FileStore = current_app.extensions["files"]
    return store


def send_stored(key: str) -> Response:
    """The file of `key`, shown in place, typed by what we made of it. Raises NotFound.

    Who may see it is the caller's question. A stored file never changes, so its key makes its ETag;
    when it was stored is told to nobody, since judges get files before they may know whose they are.
    """
    path = file_store().path(key)
    mimetype = _TYPES.get(path.suffix[1:], "application/octet-stream")
    response = send_file(path, mimetype=mimetype, conditional=False, etag=False, max_age=0)
    response.headers.pop("Last-Modified", None)
    response.set_etag(hashlib.sha256(key.encode()).hexdigest()[:16])
    response.make_conditional(request)
    return response
