"""Everything that one person can be answered, byte for byte, with the tokens of forms held still."""

from __future__ import annotations

import html
import re
import zipfile
from collections import deque
from collections.abc import Iterable
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import pytest
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner

_ADDRESS = re.compile(r"""(?:href|src|data-src|action|formaction)="([^"#]+)(?:#[^"]*)?\"""")
_LEFT_OUT = ("/static/", "/demo/", "/dang-xuat", "mailto:", "tel:", "/hai-buoc")  # a new secret each time
_STAMP = 1_800_000_000


class Answer(NamedTuple):
    """Status, every header and every byte."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def hold_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signatures of sessions and forms tell the second in which they were made: let it be one second."""
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: _STAMP)


def addresses(answer: Any, path: str) -> list[str]:
    """Where a page leads: links, pictures, and forms that may be asked for."""
    if answer.mimetype != "text/html":
        return []
    found = []
    for match in _ADDRESS.finditer(answer.text):
        parts = urlsplit(urljoin(f"http://localhost{path}", html.unescape(match[1])))
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        if parts.netloc == "localhost":
            found.append(target)
    return found


def crawl(
    client: FlaskClient,
    starts: Iterable[str],
    tags: dict[str, str] | None = None,
    *,
    cookie: str = "",
    follow: bool = True,
    most: int = 1500,
) -> dict[str, Answer]:
    """The answers to `starts` and to all that they lead to, and those to a browser that has them already.

    `tags`: what earlier answers were labelled with, asked again with these; filled when empty. `cookie`: the
    session that every request is sent with. English pages are answered and not followed: they lead to the same.
    """
    tags = {} if tags is None else tags
    told: dict[str, Answer] = {}
    waiting = deque(dict.fromkeys(starts))
    while waiting:
        path = waiting.popleft()
        if path in told or any(word in path for word in _LEFT_OUT):
            continue
        assert len(told) < most, "a crawl without an end"
        answer = _ask(client, path, cookie)
        told[path] = _kept(answer)
        if follow and not path.startswith("/en/"):
            waiting.extend(addresses(answer, path))
        if tag := tags.setdefault(path, answer.headers.get("ETag", "")):
            told[f"304 {path}"] = _kept(_ask(client, path, cookie, {"If-None-Match": tag}))
    return told


def _ask(client: FlaskClient, path: str, cookie: str, headers: dict[str, str] | None = None) -> Any:
    """Each request with the same cookie, so that no answer depends on what was asked before it."""
    if cookie:
        client.set_cookie("session", cookie)
    return client.get(path, headers=headers)


def _kept(answer: Any) -> Answer:
    # The one header that tells the second: when the session's cookie ends.
    headers = [(name, re.sub(r"Expires=[^;]*", "Expires=*", value)) for name, value in answer.headers if name != "Date"]
    body = answer.get_data()
    if answer.mimetype == "application/zip":  # which tells of each file when it was packed
        with zipfile.ZipFile(BytesIO(body)) as packed:
            body = repr([(name, packed.read(name)) for name in packed.namelist()]).encode()
    return Answer(answer.status_code, tuple(headers), body)


def differences(before: dict[str, Answer], after: dict[str, Answer]) -> list[str]:
    """Addresses whose answers differ, with the first place where they do."""
    found = []
    for path in sorted(before.keys() | after.keys()):
        one, other = before.get(path), after.get(path)
        if one == other:
            continue
        if one is None or other is None:
            found.append(f"{path}: reached in one world only")
        elif one[:2] != other[:2]:
            found.append(f"{path}: {one.status} {set(one.headers) ^ set(other.headers)}")
        else:
            at = next(
                (place for place, (a, b) in enumerate(zip(one.body, other.body, strict=False)) if a != b),
                min(len(one.body), len(other.body)),
            )
            found.append(f"{path}: {one.body[max(0, at - 60) : at + 60]!r} | {other.body[max(0, at - 60) : at + 60]!r}")
    return found
