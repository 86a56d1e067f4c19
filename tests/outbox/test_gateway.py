"""The gateway of text messages against a real server on loopback, which behaves, or does not.

A misbehaving server is a script over a raw socket: what it says, and how slowly. Whatever it does, one
attempt ends in time, with the right verdict, and no key of the site stands in what is logged.
"""

from __future__ import annotations

import base64
import json
import logging
import socket
import ssl
import subprocess
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from sqlalchemy import select

from contest.core.config import ConfigError, Sms, SmsLimits, settings_from
from contest.core.config_sms import Says
from contest.core.db import db, writing
from contest.outbox.channels import Letter, Permanent, SmsGateway, Transient
from contest.outbox.models import Message
from contest.outbox.runner import send_due
from contest.outbox.services import ask_for_sms, ask_or_seem_to
from tests.conftest import START

TEXT = Letter("+84912345678", "", "042137 là mã “bình chọn” {sender} & 100%.\n", "vi", "5.1", datetime.now(UTC))
TOKEN, PASSWORD = "khoa-bi-mat-cua-trang", "mat-khau-bi-mat"
JSON_OK = b'{"CodeResult": "100", "SMSID": "abc"}'


def http(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class Server:
    """Reads a whole request, then says `pieces`, with a pause after each, then hangs up or holds on."""

    def __init__(self, *pieces: bytes, pause: float = 0.0, hold: float = 0.0, context: ssl.SSLContext | None = None):
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.pieces, self.pause, self.hold, self.context = pieces, pause, hold, context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def url(self, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/send"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with closing(connection):
            try:
                if self.context:
                    connection = self.context.wrap_socket(connection, server_side=True)
                file = connection.makefile("rb")
                line = file.readline().decode()
                headers = {}
                while (raw := file.readline().strip()) != b"":
                    name, _, value = raw.decode().partition(": ")
                    headers[name.lower()] = value
                body = file.read(int(headers.get("content-length", 0)))
                self.asked.append((line.split()[1], headers, body))
                for piece in self.pieces:
                    connection.sendall(piece)
                    time.sleep(self.pause)
                time.sleep(self.hold)
            except (OSError, UnicodeDecodeError):
                return


@pytest.fixture
def serve():
    servers: list[Server] = []

    def start(*pieces: bytes, **more) -> Server:
        servers.append(Server(*pieces, **more))
        return servers[-1]

    yield start
    for server in servers:
        server.listener.close()


def gateway(server: Server, seconds: float = 0.3, **more) -> SmsGateway:
    return SmsGateway(Sms(server.url(), TOKEN, **more), seconds)


# What is said to the gateway


def test_the_usual_request(serve):
    server = serve(http("200 OK"))
    gateway(server).send(TEXT)
    ((path, headers, body),) = server.asked
    assert (path, headers["authorization"], headers["idempotency-key"]) == ("/send", f"Bearer {TOKEN}", "5.1")
    assert json.loads(body) == {"to": "+84912345678", "text": TEXT.body.strip()}


@pytest.mark.parametrize(("number", "shown"), [("e164", "+84912345678"), ("84", "84912345678"), ("0", "0912345678")])
def test_numbers_are_written_as_the_gateway_wants_them(serve, number, shown):
    server = serve(http("200 OK"))
    gateway(server, number=number).send(TEXT)
    assert json.loads(server.asked[0][2])["to"] == shown


def test_a_brandname_gateway_with_its_keys_in_the_body(serve):
    """Nested fields, constants, the sender's name, a number of our own: as such gateways usually have it."""
    template = json.dumps(
        {
            "ApiKey": "{user}",
            "SecretKey": "{token}",
            "Brandname": "{sender}",
            "SmsType": 2,
            "IsUnicode": True,
            "messages": [{"Phone": "{to}", "Content": "{text}", "RequestId": "gs-{id}"}],
        }
    )
    server = serve(http("200 OK", JSON_OK))
    gateway(
        server,
        auth="none",
        user="trang",
        template=template,
        sender="GUONGSANG",
        number="84",
        success=Says("CodeResult", ("100",)),
    ).send(TEXT)
    ((_, headers, body),) = server.asked
    assert "authorization" not in headers
    assert json.loads(body) == {
        "ApiKey": "trang",
        "SecretKey": TOKEN,
        "Brandname": "GUONGSANG",
        "SmsType": 2,
        "IsUnicode": True,
        # The text's own braces are words, not blanks: it is filled once.
        "messages": [{"Phone": "84912345678", "Content": TEXT.body.strip(), "RequestId": "gs-5.1"}],
    }


def test_a_form_with_basic_authentication(serve):
    server = serve(http("200 OK"))
    template = "phone={to}&message={text}&brandname={sender}&extra="
    gateway(
        server, auth="basic", user="u", password=PASSWORD, body="form", template=template, sender="A&B", number="0"
    ).send(TEXT)
    ((_, headers, body),) = server.asked
    assert headers["authorization"] == "Basic " + base64.b64encode(f"u:{PASSWORD}".encode()).decode()
    assert headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert parse_qs(body.decode(), keep_blank_values=True) == {
        "phone": ["0912345678"],
        "message": [TEXT.body.strip()],
        "brandname": ["A&B"],
        "extra": [""],
    }


def test_a_gateway_that_is_asked_by_get_and_a_header(serve):
    server = serve(http("200 OK"))
    gateway(server, method="GET", body="form", auth="header", header="X-Key", template="to={to}&text={text}").send(TEXT)
    ((path, headers, body),) = server.asked
    assert headers["x-key"] == TOKEN and body == b""
    assert parse_qs(path.partition("?")[2]) == {"to": ["+84912345678"], "text": [TEXT.body.strip()]}


# What the answer means

OK, NO = Says("CodeResult", ("100",)), Says("CodeResult", ("99", "118"))


@pytest.mark.parametrize(
    ("answer", "success", "refused", "verdict"),
    [
        (JSON_OK, OK, NO, None),
        (b'{"CodeResult": 100}', OK, NO, None),
        (b'{"CodeResult": "99"}', OK, NO, Permanent),
        (b'{"CodeResult": 118}', OK, NO, Permanent),
        (b'{"CodeResult": "103"}', OK, NO, Transient),
        (b'{"CodeResult": null}', OK, NO, Transient),
        (b'{"CodeResult": ["100"]}', OK, NO, Transient),
        (b'{"other": 1}', OK, NO, Transient),
        (b"[]", OK, NO, Transient),
        (b'"100"', OK, NO, Transient),
        (b"", OK, NO, Transient),
        (b"OK", OK, NO, Transient),
        (b"<html>\xff\xfe", OK, NO, Transient),
        (b"[" * 60_000, OK, NO, Transient),
        (b'{"a": ' * 9_000, OK, NO, Transient),
        (b'{"status": true}', Says("status", ("true",)), None, None),
        (b'{"status": false}', Says("status", ("true",)), None, Transient),
        (b'{"data": [{"code": 0}]}', Says("data.0.code", ("0", "1")), None, None),
        (b'{"data": []}', Says("data.0.code", ("0",)), None, Transient),
        (b'{"data": {"0": {"code": 0}}}', Says("data.0.code", ("0",)), None, None),
        (b'{"error": "BLOCKED"}', None, Says("error", ("BLOCKED",)), Permanent),
        (b'{"sent": 1}', None, Says("error", ("BLOCKED",)), None),
        (b"anything", None, None, None),
    ],
)
def test_a_200_is_believed_when_its_body_says_so(serve, answer, success, refused, verdict):
    channel = gateway(serve(http("200 OK", answer)), seconds=5, success=success, refused=refused)
    if verdict is None:
        channel.send(TEXT)
    else:
        with pytest.raises(verdict):
            channel.send(TEXT)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("201 Created", None),
        ("202 Accepted", None),
        ("204 No Content", None),
        *((f"{code} No", Permanent) for code in (400, 402, 409, 410, 413, 422)),
        *((f"{code} Later", Transient) for code in (401, 403, 404, 407, 408, 425, 429, 500, 502, 503, 504, 301, 307)),
    ],
)
def test_what_a_status_means(serve, status, verdict):
    server = serve(http(status, b"", "Location: http://127.0.0.1:1/"))
    if verdict is None:
        gateway(server).send(TEXT)
    else:
        with pytest.raises(verdict, match=status[:3]):
            gateway(server).send(TEXT)


@pytest.mark.parametrize(
    ("header", "seconds"), [("120", 120), ("0", None), ("999999", 3600), ("9" * 30, None), ("soon", None), ("-5", None)]
)
def test_a_gateway_says_when_to_come_back(serve, header, seconds):
    with pytest.raises(Transient) as raised:
        gateway(serve(http("429 Too Many", b"", f"Retry-After: {header}"))).send(TEXT)
    assert raised.value.after == (None if seconds is None else timedelta(seconds=seconds))


# A gateway that misbehaves: bounded, with the right verdict

MISBEHAVING = {
    "says nothing": ((), {"hold": 5}, Transient),
    "hangs up": ((), {}, Transient),
    "stops in the status": ((b"HTTP/1.1 2",), {"hold": 5}, Transient),
    # The status is all that was asked for, and it has come.
    "drips its headers": ((b"HTTP/1.1 200 OK\r\nX-A: ", *[b"a"] * 60), {"pause": 0.1}, None),
    "hangs after the headers": ((http("200 OK", length=20),), {"hold": 5}, None),
    "drips its body": ((http("200 OK", length=60), *[b"x"] * 60), {"pause": 0.1}, None),
    "drops after the headers": ((http("200 OK", length=20),), {}, None),
    "garbage": ((b"\x00\xff\xfe" * 3000,), {}, Transient),
    "a status line without end": ((b"HTTP/1.1 200 " + b"a" * 200_000,), {}, Transient),
    "headers without end": ((b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 20_000,), {}, Transient),
    "a huge body": ((http("200 OK", length=50_000_000), *[b"x" * 500_000] * 100), {}, None),
    "a broken length": ((b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nx",), {}, None),
    "broken chunks": ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",), {}, None),
}


@pytest.mark.parametrize("name", MISBEHAVING)
def test_one_attempt_is_bounded_whatever_the_server_does(serve, name):
    pieces, how, verdict = MISBEHAVING[name]
    started = time.monotonic()
    channel = gateway(serve(*pieces, **how))
    if verdict is None:
        channel.send(TEXT)  # a status of 200 is all that was asked for
    else:
        with pytest.raises(verdict):
            channel.send(TEXT)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("name", MISBEHAVING)
def test_where_the_body_has_to_say_so_a_body_that_does_not_arrive_is_no_success(serve, name):
    pieces, how, _ = MISBEHAVING[name]
    with pytest.raises(Transient):
        gateway(serve(*pieces, **how), success=OK).send(TEXT)


def test_a_success_in_a_body_that_was_cut_off_is_not_believed(serve):
    """The rest might say otherwise; the next attempt carries the same number of ours."""
    with pytest.raises(Transient):
        gateway(serve(http("200 OK", JSON_OK, length=500)), success=OK).send(TEXT)


def test_a_certificate_that_nobody_vouches_for_gets_no_key(serve, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate),
            *("-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("no openssl")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = serve(http("200 OK"), context=context)
    with pytest.raises(Transient, match="SSLCertVerificationError"):
        SmsGateway(Sms(server.url("https"), TOKEN), 2).send(TEXT)
    assert server.asked == []


def test_a_server_that_speaks_no_tls_or_never_finishes_its_greeting(serve):
    for server in (serve(b"HTTP/1.1 200 OK\r\n\r\n"), serve(hold=5)):
        started = time.monotonic()
        with pytest.raises(Transient):
            SmsGateway(Sms(server.url("https"), TOKEN), 0.6).send(TEXT)
        assert time.monotonic() - started < 3


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(Transient, match="ConnectionRefusedError"):
        SmsGateway(Sms(f"http://127.0.0.1:{port}/", TOKEN), 1).send(TEXT)


def test_the_keys_follow_no_redirect(serve):
    other = serve(http("200 OK"))
    with pytest.raises(Transient, match="307"):
        gateway(serve(http("307 There", b"", f"Location: {other.url()}"))).send(TEXT)
    assert other.asked == []


# What is kept of it


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("http://127.0.0.1:1/send?key={token}", b""),
        ("http://127.0.0.1:1/send?key={token}\x01", b""),
        ("", http("200 OK", json.dumps({"CodeResult": f"bad key {TOKEN} {PASSWORD}"}).encode())),
        ("", http("403 " + TOKEN, f"the key {TOKEN} is wrong".encode())),
        ("", b"HTTP/9 " + TOKEN.encode() + b"\r\n\r\n"),
        ("", b"HTTP/1.1 200 OK\r\n" + TOKEN.encode() + b"\r\n\r\n"),
    ],
)
def test_no_key_of_the_site_and_no_code_stands_in_the_log_or_the_table(app, serve, caplog, url, answer):
    caplog.set_level(logging.DEBUG)
    server = serve(answer)
    sms = Sms(url.format(token=TOKEN) or server.url(), TOKEN, password=PASSWORD, user="u", success=OK)
    with writing() as now:
        ask_for_sms(to="+84912345678", template="vote_code_sms", now=now, code="042137")
    assert send_due(now=START, channels={"sms": SmsGateway(sms, 1), "email": SmsGateway(sms, 1)}) == 0
    error = db.session.scalars(select(Message.error)).one() or ""
    assert error
    for secret in (TOKEN, PASSWORD, "042137", base64.b64encode(f"u:{PASSWORD}".encode()).decode()):
        assert secret not in error + caplog.text + repr(sms) + repr(SmsGateway(sms, 1))


def test_a_message_that_was_put_off_goes_out_under_the_same_number_and_once(app, clock, serve):
    """At least once: an answer that did not arrive means another attempt, which the gateway can tell by its number."""
    with writing() as now:
        ask_for_sms(to="+84912345678", template="vote_code_sms", now=now, code="042137")
    silent, well = serve(hold=5), serve(http("200 OK"))
    assert send_due(now=clock.instant, channels={"sms": gateway(silent, 0.3)}) == 0
    assert send_due(now=clock.instant, channels={"sms": gateway(well)}) == 0, "not before its time"
    clock.instant += timedelta(minutes=2)
    for _ in range(3):
        send_due(now=clock.instant, channels={"sms": gateway(well)})
    ((_, first, _),), ((_, second, _),) = silent.asked, well.asked
    assert first["idempotency-key"] == second["idempotency-key"]
    assert db.session.scalars(select(Message.params)).one().get("code") is None


def test_a_gateway_that_asks_to_be_left_alone_is(app, clock, serve):
    with writing() as now:
        ask_for_sms(to="+84912345678", template="vote_code_sms", now=now, code="042137")
    busy = serve(http("503 Busy", b"", "Retry-After: 1800"))
    send_due(now=clock.instant, channels={"sms": gateway(busy)})
    message = db.session.scalars(select(Message)).one()
    assert message.next_try_at >= clock.instant + timedelta(minutes=30)


def test_a_message_that_only_seems_to_be_asked_for_is_not(app, clock):
    for really in (False, True):
        with writing() as now:
            ask_or_seem_to(
                really=really, channel="sms", to="+84912345678", template="vote_code_sms", now=now, code="042137"
            )
    message = db.session.scalars(select(Message)).one()
    assert (message.state, message.attempts, message.scope, message.params) == ("pending", 0, "", {"code": "042137"})
    assert message.next_try_at == message.created_at == START


# Settings


def refused(**env: str) -> str:
    with pytest.raises(ConfigError) as raised:
        settings_from(env)
    return str(raised.value)


def test_settings_describe_a_gateway():
    env = {
        "SMS_GATEWAY_URL": "https://gateway.example/send",
        "SMS_GATEWAY_TOKEN": TOKEN,
        "SMS_GATEWAY_METHOD": "post",
        "SMS_GATEWAY_AUTH": "header",
        "SMS_GATEWAY_HEADER": "X-Key",
        "SMS_GATEWAY_FORMAT": "form",
        "SMS_GATEWAY_TEMPLATE": "phone={to}&message={text}",
        "SMS_GATEWAY_SENDER": "GUONGSANG",
        "SMS_GATEWAY_NUMBER": "84",
        "SMS_GATEWAY_SUCCESS": "data.status=0, ok",
        "SMS_GATEWAY_REFUSED": "data.status=99",
        "SMS_GATEWAY_TIMEOUT": "7",
        "SMS_BUDGET_VND": "0",
        "SMS_PREFIX_HOUR": "12",
    }
    settings = settings_from(env)
    assert settings.sms == Sms(
        url="https://gateway.example/send",
        token=TOKEN,
        auth="header",
        header="X-Key",
        body="form",
        template="phone={to}&message={text}",
        sender="GUONGSANG",
        number="84",
        success=Says("data.status", ("0", "ok")),
        refused=Says("data.status", ("99",)),
        seconds=7,
    )
    assert settings.sms_limits == replace(SmsLimits(), contest_vnd=0, prefix_hour=12)
    assert settings_from({}).sms is None and settings_from({}).sms_limits == SmsLimits()
    assert TOKEN not in repr(settings.sms)


def test_every_problem_is_named_at_once(tmp_path):
    listed = tmp_path / "domains"
    listed.write_text("known an-lam.example\nperhaps x.example\nthrowaway\n# a remark\n", "utf-8")
    said = refused(
        SMS_GATEWAY_URL="ftp://x",
        SMS_GATEWAY_AUTH="basic",
        SMS_GATEWAY_METHOD="PUT",
        SMS_GATEWAY_TEMPLATE='{"to": "{to}", "words": "{txt}"}',
        SMS_GATEWAY_NUMBER="+84",
        SMS_GATEWAY_SUCCESS="ok",
        SMS_GATEWAY_TIMEOUT="900",
        SMS_GATEWAY_HEADER="X Key",
        SMS_BUDGET_VND="much",
        SMS_CONFIRM_PERCENT="101",
        CODE_NETWORK_HOUR="0",
        MAIL_DOMAINS_FILE=str(listed),
    )
    names = Counter(line.partition(":")[0].partition(",")[0] for line in said.splitlines())
    assert set(names) == {
        "SMS_GATEWAY_URL",
        "SMS_GATEWAY_USER",
        "SMS_GATEWAY_METHOD",
        "SMS_GATEWAY_TEMPLATE",
        "SMS_GATEWAY_NUMBER",
        "SMS_GATEWAY_SUCCESS",
        "SMS_GATEWAY_TIMEOUT",
        "SMS_GATEWAY_HEADER",
        "SMS_BUDGET_VND",
        "SMS_CONFIRM_PERCENT",
        "CODE_NETWORK_HOUR",
        "MAIL_DOMAINS_FILE",
    }
    assert names["MAIL_DOMAINS_FILE"] == 2 and names["SMS_GATEWAY_TEMPLATE"] == 2


@pytest.mark.parametrize("template", ["{", "[" * 100_000, "to={to}", '{"to": "{to}"}', '"x"'])
def test_a_template_that_cannot_be_used_is_named(template):
    assert "SMS_GATEWAY_TEMPLATE" in refused(SMS_GATEWAY_URL="https://x.example/", SMS_GATEWAY_TEMPLATE=template)


def test_codes_travel_in_the_open_nowhere_in_production():
    said = refused(CONTEST_ENV="production", SMS_GATEWAY_URL="http://gateway.example/")
    assert "SMS_GATEWAY_URL: codes travel by https://" in said
    assert "SMS_GATEWAY_URL" not in refused(CONTEST_ENV="production", SMS_GATEWAY_URL="http://127.0.0.1:8080/")


def test_the_sites_own_list_of_domains(tmp_path):
    listed = tmp_path / "domains"
    listed.write_text("known  An-Lam.example  # ours\n\nthrowaway münchen.example\n", "utf-8")
    found = settings_from({"MAIL_DOMAINS_FILE": str(listed)}).mail_domains
    assert dict(found) == {"an-lam.example": "known", "xn--mnchen-3ya.example": "throwaway"}
    assert "MAIL_DOMAINS_FILE" in refused(MAIL_DOMAINS_FILE=str(tmp_path / "nowhere"))
