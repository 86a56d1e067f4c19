"""Text messages through an HTTP gateway, as the settings describe it (docs/operators.md).

One request for each attempt, bounded as a whole: a server that says one byte a second does not hold
the runner. What is raised, and so what stands in the log and the table, holds neither a key of the
site nor anything of the answer beyond the status and the one value that decides.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from contest.core.config_sms import BARE, BASIC, BEARER, GET, HEADER, JSON, NATIONAL, Says, Sms, fill, form_of
from contest.outbox.letters import Letter, Permanent, Transient

# Codes of a gateway that say something about the gateway or its configuration, not about the message.
_TRY_AGAIN = {401, 403, 404, 407, 408, 425, 429}
_LARGEST_ANSWER = 65_536
_LONGEST_WAIT = timedelta(hours=1)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token goes to the gateway that was configured, nowhere else."""

    def redirect_request(self, *arguments: object, **more: object) -> None:
        return None


class _Watch:
    """Ends the connections of one request when its time is up, whatever they are waiting for."""

    def __init__(self, seconds: float) -> None:
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self.ended = False

    def connect(self, *arguments: Any, **more: Any) -> socket.socket:
        made = socket.create_connection(*arguments, **more)
        # A second handle: TLS takes the first one over.
        with self._lock:
            self._sockets.append(made.dup())
        if self.ended:
            self._end()
        return made

    def _end(self) -> None:
        self.ended = True
        with self._lock:
            for each in self._sockets:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def on(self) -> Iterator[_Watch]:
        self._timer.start()
        try:
            yield self
        finally:
            self._timer.cancel()
            with self._lock:
                for each in self._sockets:
                    each.close()
                self._sockets.clear()


class _Http(urllib.request.HTTPHandler):
    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self.watch = watch

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        def connection(host: str, **more: Any) -> http.client.HTTPConnection:
            made = http.client.HTTPConnection(host, **more)
            made._create_connection = self.watch.connect  # type: ignore[attr-defined]  # noqa: SLF001 -- no public way
            return made

        return self.do_open(connection, req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self.watch = watch

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        def connection(host: str, **more: Any) -> http.client.HTTPSConnection:
            made = http.client.HTTPSConnection(host, context=ssl.create_default_context(), **more)
            made._create_connection = self.watch.connect  # type: ignore[attr-defined]  # noqa: SLF001 -- no public way
            return made

        return self.do_open(connection, req)


@dataclass(frozen=True, slots=True)
class SmsGateway:
    """Text messages by the gateway of the settings. `seconds`: what one request may take in all."""

    sms: Sms
    seconds: float = 0
    keeps: bool = False

    def send(self, letter: Letter) -> None:
        """Hand `letter` over. Raises Transient or Permanent."""
        if urlsplit(self.sms.url).scheme not in {"http", "https"}:
            raise Transient("the address of the gateway is not http(s)")
        with _Watch(self.seconds or self.sms.seconds).on() as watch:
            try:
                status, answer, whole = self._ask(self._request(letter), watch)
            except urllib.error.HTTPError as error:
                raise self._refused_by_status(error) from None
            except (OSError, ValueError, http.client.HTTPException) as error:
                # Their words may hold the address with its keys, so only their names are kept.
                cause = error.reason if isinstance(error, urllib.error.URLError) else error
                late = " (out of time)" if watch.ended else ""
                raise Transient(f"gateway: {_name_of(cause)}{late}") from None
        self._judge(status, answer, whole)

    def _request(self, letter: Letter) -> urllib.request.Request:
        sms = self.sms
        values = {
            "to": _number(letter.address, sms.number),
            "text": letter.body.strip(),
            "sender": sms.sender,
            "id": letter.key,
            "token": sms.token,
            "user": sms.user,
            "password": sms.password,
        }
        headers = {"Idempotency-Key": letter.key, "Accept": "application/json"}
        if sms.auth == BEARER and sms.token:
            headers["Authorization"] = f"Bearer {sms.token}"
        elif sms.auth == BASIC:
            headers["Authorization"] = "Basic " + b64encode(f"{sms.user}:{sms.password}".encode()).decode("ascii")
        elif sms.auth == HEADER:
            headers[sms.header] = sms.token
        url, data = sms.url, None
        if sms.body == JSON:
            data = json.dumps(fill(json.loads(sms.template), values), ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json; charset=utf-8"
        else:
            fields = urlencode([(name, fill(value, values)) for name, value in form_of(sms.template)])
            if sms.method == GET:
                parts = urlsplit(url)
                url = urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, fields)))))
            else:
                data = fields.encode("ascii")
                headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        return urllib.request.Request(url, data=data, headers=headers, method=sms.method)  # noqa: S310 -- http(s) alone

    def _ask(self, request: urllib.request.Request, watch: _Watch) -> tuple[int, bytes, bool]:
        """Status, the beginning of the answer, and whether that is all of it."""
        opener = urllib.request.build_opener(_NoRedirects, _Http(watch), _Https(watch))
        with opener.open(request, timeout=self.seconds or self.sms.seconds) as answer:
            try:
                body = answer.read(_LARGEST_ANSWER + 1)
                whole = len(body) <= _LARGEST_ANSWER and not answer.length
            except (OSError, http.client.HTTPException):
                body, whole = b"", False
            return answer.status, body[:_LARGEST_ANSWER], whole and not watch.ended

    def _refused_by_status(self, error: urllib.error.HTTPError) -> Transient | Permanent:
        code = error.code
        after = error.headers.get("Retry-After", "") if error.headers else ""
        error.close()
        if 400 <= code < 500 and code not in _TRY_AGAIN:
            return Permanent(f"gateway answered {code}")
        seconds = int(after) if after.isascii() and after.isdigit() and len(after) < 7 else 0
        wait = min(timedelta(seconds=seconds), _LONGEST_WAIT) if seconds else None
        return Transient(f"gateway answered {code}", wait)

    def _judge(self, status: int, answer: bytes, whole: bool) -> None:
        """Whether an answer of 2xx means that the message was accepted. Raises Transient or Permanent."""
        sms = self.sms
        if sms.success is None and sms.refused is None:
            return
        found = _parsed(answer) if whole else _NOTHING
        if sms.success and (value := _at(found, sms.success)) in sms.success.values:
            return
        if sms.refused and (value := _at(found, sms.refused)) in sms.refused.values:
            raise Permanent(f"gateway answered {status} with {sms.refused.path}={value}")
        if sms.success is None:
            return
        value = _at(found, sms.success)
        shown = "nothing that can be read" if found is _NOTHING else f"{sms.success.path}={self._without_keys(value)}"
        raise Transient(f"gateway answered {status} with {shown}")

    def _without_keys(self, value: str | None) -> str:
        """A value as the log may hold it."""
        if value is None:
            return "(not there)"
        for key in (self.sms.token, self.sms.password):
            value = value.replace(key, "…") if key else value
        return "".join(char for char in value[:40] if char.isprintable())


_NOTHING: Any = object()


def _parsed(answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        return _NOTHING


def _at(found: Any, says: Says) -> str | None:
    """What stands at a path, as text; None where there is no such place."""
    for step in says.path.split("."):
        if isinstance(found, dict) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isascii() and step.isdigit() and len(step) < 6 and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found) if isinstance(found, str | int | float) else None


def _name_of(cause: object) -> str:
    if isinstance(cause, ssl.SSLError):
        return f"{type(cause).__name__} {cause.reason or ''}".strip()
    return type(cause).__name__


def _number(e164: str, form: str) -> str:
    """+84912345678, 84912345678 or 0912345678."""
    if form == BARE:
        return e164.removeprefix("+")
    return "0" + e164.removeprefix("+84") if form == NATIONAL and e164.startswith("+84") else e164
