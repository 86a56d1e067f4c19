"""Sending stored files to browsers."""

from __future__ import annotations

import hashlib

from flask import Response, current_app, request
from werkzeug.exceptions import ServiceUnavailable

from contest.core.files import FileStore, StoreAway, check_key

_TYPES = {"jpg": "image/jpeg", "webp": "image/webp", "png": "image/png"}


def file_store() -> FileStore:
    """Where this application keeps its files."""
    store: FileStore = current_app.extensions["files"]
    return store


def send_stored(key: str, *, tag: str = "") -> Response:
    """The file of `key`, shown in place, typed by what we made of it. Raises NotFound.

    Who may see it is the caller's question. A stored file never changes, so its key makes its ETag;
    when it was stored is told to nobody, since judges get files before they may know whose they are.
    `tag` makes it in its place where the same file has another address that must not be found by it.
    A store that is away answers 503: the page around the picture stays.
    """
    tag = hashlib.sha256((tag + check_key(key)).encode()).hexdigest()[:16]
    if request.if_none_match.contains(tag):
        # The browser has it: nothing is fetched for nothing.
        response = Response(status=304)
        response.set_etag(tag)
        return response
    try:
        stored = file_store().open(key)
    except StoreAway as error:
        raise ServiceUnavailable(retry_after=60) from error
    mimetype = _TYPES.get(key.rpartition(".")[2], "application/octet-stream")
    # Passed through piece by piece: no page cache of this process keeps it.
    response = Response(stored.pieces, mimetype=mimetype, direct_passthrough=True)
    response.content_length = stored.size
    response.set_etag(tag)
    return response
