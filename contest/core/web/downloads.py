"""Sending what somebody sent us, as a download."""

from __future__ import annotations

from flask import Response

from contest.core.web.files import send_stored


def send_download(key: str, *, name: str, media_type: str) -> Response:
    """The stored file of `key` as a download called `name`: it never opens inside a page. Raises NotFound."""
    response = send_stored(key)
    response.headers["Content-Type"] = media_type
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
