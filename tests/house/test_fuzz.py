"""Nothing that anybody sends gives an error of ours: every route, as everyone, with hostile values.

The values are those that broke naive applications: numbers beyond a column, NUL (PostgreSQL refuses
it), lone surrogates, other scripts' digits, JSON of the wrong shape. The choice is random but
seeded, so that a failure comes again; what failed is printed with the request that did it.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import quote, quote_from_bytes, urlencode

import pytest

from contest.core.db import db
from contest.core.web.access import access_of
from tests.conftest import VIETNAM
from tests.factories import sign_in
from tests.factories.world import Side, address, arguments, make_world, publish, unknown

SEED = 20_270_320
ROLES = ("anonymous", "stranger", "writer", "officer", "judge", "chair", "secretary", "organiser", "operator")
MOMENTS = (
    datetime(2027, 3, 20, 9, 0, tzinfo=VIETNAM),  # submission
    datetime(2027, 4, 15, 9, 0, tzinfo=VIETNAM),  # marking
    datetime(2027, 5, 20, 9, 0, tzinfo=VIETNAM),  # the vote
    datetime(2027, 6, 12, 9, 0, tzinfo=VIETNAM),  # announced
)
LONG = "x" * 100_000

# In a path, as the bytes that a client may send (quoted where they must be).
PATHS = (
    b"0",
    b"-1",
    b"9223372036854775807",
    b"9223372036854775808",
    b"9" * 40,
    b"1e999",
    b"%00",
    b"a%00b",
    b"%ff%fe",
    b"%ed%a0%80",  # a lone surrogate
    "ộ".encode(),
    "٣".encode(),
    b"%F0%9F%98%80",
    b"..",
    b"..%2f..%2fetc%2fpasswd",
    b"%0d%0aSet-Cookie:%20a=b",
    b"'%22%3E%3Csvg",
    b"%25s%25n%7b0%7d%7b%7b7*7%7d%7d",
    b"x" * 3000,
    b"%20",
    b"ABCD",
    b"zzzzzzzzzzzzzz",
)
# In a query or a form, as text; surrogates are sent as the bytes that UTF-8 forbids.
VALUES = (
    "",
    " ",
    "0",
    "-0",
    "-1",
    "1",
    "9223372036854775808",
    "9" * 400,
    "9" * 5000,  # beyond what int() reads
    "1.5",
    "8,25",
    "NaN",
    "Infinity",
    "-Infinity",
    "sNaN",
    "1e999",
    "1E-999999",
    "1e5",
    "0x10",
    "1_000",
    "٣",
    "½",
    "²",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udcff",
    "\u202e\u200b\ufeff",
    "e\u0301" * 50,
    "🇻🇳",
    "\r\nSet-Cookie: a=b",
    "%s%n{0}{{7*7}}",
    "'\"><script>alert(1)</script>",
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "2027-02-30",
    "0000-00-00",
    "99999-12-31",
    "31/02/2027",
    "24:61",
    "a@b",
    "a@" + "b" * 300 + ".example",
    "on",
    "None",
    "null",
    "[]",
    "A",
    "prelim",
    LONG,
)
BODIES: tuple[tuple[bytes, str], ...] = (
    (b"", "application/json"),
    (b"null", "application/json"),
    (b"[]", "application/json"),
    (b'"text"', "application/json"),
    (b"1e999", "application/json"),
    (b"NaN", "application/json"),
    (b"{", "application/json"),
    (b"\xff\xfe", "application/json"),
    (b'{"version": 9223372036854775808}', "application/json"),
    (b'{"version": [1], "title": {"a": 1}, "body": null, "marks": [], "comment": 5}', "application/json"),
    (b'{"version": 1, "title": "\\ud800", "body": "\\u0000", "marks": {"C1": "NaN"}}', "application/json"),
    (
        b'{"version": true, "title": [], "body": 1, "marks": {"C1": {"a": [1e999]}}, "comment": null}',
        "application/json",
    ),
    (b"[" * 5000 + b"]" * 5000, "application/json"),
    (b'{"a":' * 2000 + b"1" + b"}" * 2000, "application/json"),
    (b'{"title": "x"}', "text/plain"),
    (b'{"title": "x"}', "application/json; charset=utf-99"),
    (b"a=%FF%FE&=&&&b", "application/x-www-form-urlencoded"),
    (b"a=1", "application/x-www-form-urlencoded; charset=utf-7"),
    (b"\x00" * 1000, "application/octet-stream"),
    (b"--x\r\nno header", "multipart/form-data; boundary=x"),
    (b"--x\r\n\r\n", "multipart/form-data"),
    (
        b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a\x00.jpg"\r\n\r\n\xff\xd8\xff\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    ),
    (
        (
            b'--x\r\nContent-Disposition: form-data; name="photo"; filename="../../a.svg"\r\n'
            b"Content-Type: image/svg+xml\r\n\r\n<svg/>\r\n--x--\r\n"
        ),
        "multipart/form-data; boundary=x",
    ),
)
_FIELD = re.compile(r'<(?:input|select|textarea|button)\b[^>]*\bname="([^"]+)"')
_VALUE = re.compile(r'\bname="([^"]+)"[^>]*\bvalue="([^"]*)"')
# Names that forms and scripts of the rooms use, for routes whose page shows no form at this moment.
NAMES = (
    *("act", "address", "agree", "amount", "at", "birth", "body", "caption", "category", "choice", "code", "comment"),
    *("consent", "contact", "current", "date", "declared", "digest", "email", "entry", "genre", "go", "id", "judge"),
    *("kind", "mark", "marks", "name", "next", "note", "number", "order", "page", "password", "person", "phone"),
    *("photo", "pick", "picked", "prize", "q", "reason", "revision", "role", "seats", "seed", "signer", "size", "sort"),
    *("state", "step", "text", "title", "to", "typed", "unit", "version", "who", "year"),
)


class Fuzz:
    """Sends requests, and keeps those that gave an error of ours."""

    def __init__(self, app: Any, client: Any) -> None:
        self.app = app
        self.client = client
        self.failures: list[str] = []
        self.sent = 0

    def send(self, role: str, method: str, path: str, **request: Any) -> Any:
        self.sent += 1
        try:
            answer = self.client.open(path, method=method, **request)
        except Exception as error:  # noqa: BLE001 -- whatever came through is what is looked for
            db.session.rollback()
            place = error.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
            self.note(role, method, path, request, f"{type(error).__name__}: {error!s:.200} at {where}")
            return None
        if answer.status_code >= 500:
            self.note(role, method, path, request, str(answer.status_code))
        return answer

    def note(self, role: str, method: str, path: str, request: Any, what: str) -> None:
        request = {name: f"{value!r:.200}" for name, value in request.items()}
        self.failures.append(f"{role} {method} {path[:120]} {request}\n    {what[:400]}")


def encoded(pairs: list[tuple[str, str]]) -> str:
    """A form body; lone surrogates become the bytes that no decoder of UTF-8 takes."""
    return urlencode([(quote_raw(name), quote_raw(value)) for name, value in pairs], quote_via=lambda text, *_: text)


def quote_raw(text: str) -> str:
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"))


def hostile_paths(app: Any, rule: Any, real: dict[str, Any], chance: random.Random) -> Iterator[str]:
    """The address of a route with one argument at a time replaced."""
    for name in sorted(real):
        for bad in chance.sample(PATHS, 4):
            marker = 2**40 if isinstance(real[name], int) else "mmmmmmmmmmmmmmmm"
            if re.search(rf"any\([^)]*\):{name}>", rule.rule):
                continue
            path = address(app, rule, {**real, name: marker})
            raw = bad.decode("ascii") if bad.isascii() else quote_from_bytes(bad)
            yield path.replace(str(marker), raw)


def form_fields(page: str) -> dict[str, str]:
    """Names of the fields on a page, with the values that they hold."""
    found = dict.fromkeys(_FIELD.findall(page), "")
    found.update((name, unescape(value)) for name, value in _VALUE.findall(page))
    found.pop("csrf_token", None)
    return found


def hostile_forms(fields: dict[str, str], chance: random.Random, times: int) -> Iterator[list[tuple[str, str]]]:
    """What the page would send, with some fields gone, doubled, or holding something else."""
    names = sorted(fields) or list(NAMES)
    for _ in range(times):
        pairs = list(fields.items())
        for name in chance.sample(names, min(len(names), chance.choice((1, 1, 2, 5)))):
            what = chance.random()
            if what < 0.15:
                pairs = [pair for pair in pairs if pair[0] != name]
            elif what < 0.3:
                pairs += [(name, chance.choice(VALUES)), (name, chance.choice(VALUES))]
            else:
                pairs = [pair for pair in pairs if pair[0] != name] + [(name, chance.choice(VALUES))]
        yield pairs


def visible(app: Any, role: str) -> list[tuple[Any, str]]:
    """Routes that `role` gets through to, with one method each."""
    rules = sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods)))
    pairs = [(rule, method) for rule in rules for method in sorted(rule.methods - {"OPTIONS", "HEAD"})]
    if role in {"anonymous", "writer"}:
        return pairs
    # Public pages are the same for the others.
    return [pair for pair in pairs if access_of(app, pair[0].endpoint).kind != "public" or pair[1] == "POST"]


@pytest.fixture
def fuzz(app, client):
    return Fuzz(app, client)


def sign(client: Any, person: Any) -> None:
    client.delete_cookie("session")
    if person is not None:
        sign_in(client, person)


@pytest.mark.parametrize("moment", range(len(MOMENTS)))
def test_nothing_that_is_sent_gives_an_error_of_ours(app, clock, client, fuzz, moment):
    world = make_world()
    if moment == 3:
        publish(world.here)
    clock.instant = MOMENTS[moment]
    chance = random.Random(f"{SEED} {moment} {db.engine.dialect.name}")
    # Each moment takes its share of the roles in turn, so that all together take every one.
    for role in ROLES:
        person = world.person(role)
        sign(client, person)
        for rule, method in visible(app, role):
            if chance.random() > SHARE:
                continue
            one_route(fuzz, world.here, rule, method, role, chance)
            if method != "GET":
                sign(client, person)
    assert not fuzz.failures, f"{len(fuzz.failures)} of {fuzz.sent}:\n" + "\n".join(fuzz.failures[:30])


# How many of the routes are taken for each role at each moment: FUZZ=1 takes them all.
SHARE = float(os.environ.get("FUZZ", "0.03"))


def one_route(fuzz: Fuzz, side: Side, rule: Any, method: str, role: str, chance: random.Random) -> None:
    real = arguments(side, rule)
    prefix = chance.choice(("", "", "/en"))
    path = prefix + address(fuzz.app, rule, real)
    for bad in hostile_paths(fuzz.app, rule, real, chance):
        fuzz.send(role, method, prefix + bad)
    if method == "GET":
        page = fuzz.send(role, method, path)
        fields = form_fields(page.get_data(as_text=True)) if page is not None and page.mimetype == "text/html" else {}
        for pairs in hostile_forms(dict.fromkeys([*fields, "page", "q"], ""), chance, 3):
            fuzz.send(role, method, f"{path}?{encoded([(name, value[:3000]) for name, value in pairs])}")
        fuzz.send(role, method, path + "?%ff&=&a[]=1&;")
        return
    page = fuzz.send(role, "GET", path)
    usable = page is not None and page.status_code == 200 and page.mimetype == "text/html"
    fields = form_fields(page.get_data(as_text=True)) if usable else {}
    for pairs in hostile_forms(fields, chance, 5):
        fuzz.send(role, method, path, data=encoded(pairs), content_type="application/x-www-form-urlencoded")
    for body, kind in chance.sample(BODIES, 3):
        fuzz.send(role, method, path, data=body, content_type=kind)
    fuzz.send(role, method, prefix + address(fuzz.app, rule, unknown(rule, real)), data={"csrf_token": "x"})


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "session=x"},
        {"Cookie": "session=" + "a" * 5000},
        {"Cookie": "session=\xff\xfe; session=; =;"},
        {"Accept-Encoding": "br;q=x, gzip;q=9e99"},
        {"If-None-Match": 'W/"' + "x" * 2000},
        {"If-Modified-Since": "yesterday"},
        {"Range": "bytes=9-1,99999999999999999999-"},
        {"Accept-Language": "vi;q=x,*;q=99"},
        {"X-Forwarded-For": "' OR 1=1", "X-Forwarded-Host": "evil.example"},
        {"Content-Length": "-1"},
        {"Content-Type": "multipart/form-data; boundary="},
        {"Referer": "\xff", "Origin": "null"},
        {"Host": "localhost:99999999"},
        {"Host": "[::1"},
    ],
    ids="-".join,
)
def test_odd_headers_are_answered(app, client, fuzz, headers):
    for method in ("GET", "POST"):
        for path in ("/", "/dang-nhap", "/static/css/look.css", "/cua-toi", f"/{quote('ộ')}"):
            fuzz.send("anonymous", method, path, headers=headers)
    assert not fuzz.failures, "\n".join(fuzz.failures)


def test_sessions_of_any_shape_are_answered(app, client, fuzz):
    """Signed by us, but by an older release: of another shape than this one writes."""
    slug = make_world().here.contest.slug
    vote: list[Any] = [1, "x", [], {slug: 1}, {slug: {"voter": 2**70, "until": 9e12, "shown": "x"}}]
    vote += [{slug: {"voter": "x", "until": "y"}}, {slug: {"picks": [1, None]}}, {slug: {"contact": 5}}]
    shapes: list[dict[str, Any]] = [{"vote": value} for value in vote]
    shapes += [{"_user_id": value} for value in (1, [], "\x00", "x" * 2000, {"a": 1})]
    shapes += [{"csrf_token": 5}, {"address": 5, "register": [], "reset": {}}, {"_flashes": [["ok", 5]]}]
    for shape in shapes:
        client.delete_cookie("session")
        with client.session_transaction() as session:
            session.update(json.loads(json.dumps(shape)))
        for path in ("/", "/dang-nhap", "/cua-toi", f"/cuoc-thi/{slug}/binh-chon", f"/cuoc-thi/{slug}/binh-chon/ma"):
            fuzz.send(str(shape)[:80], "GET", path)
        fuzz.send(str(shape)[:80], "POST", f"/cuoc-thi/{slug}/binh-chon", data={"pick": "x"})
    assert not fuzz.failures, "\n".join(fuzz.failures)
