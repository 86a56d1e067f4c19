"""Real servers on loopback: one that takes mail, some that misbehave, and a gateway for texts."""

from __future__ import annotations

import email
import json
import socket
import ssl
import subprocess
import threading
import time
from datetime import UTC, datetime
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from contest.core.config import Mail, Sms
from contest.core.db import db, writing
from contest.outbox.channels import Letter, Permanent, SmsGateway, Smtp, Transient
from contest.outbox.models import Message
from contest.outbox.runner import send_due
from contest.outbox.services import ask_for_mail
from tests.conftest import START

LETTER = Letter(
    address="hoa@an-lam.example",
    subject="Đã nhận bài “Người giữ lửa” của ông/bà",
    body="Kính gửi ông/bà Hoà,\n\nBài dự thi đã được tiếp nhận: ằ ẵ ộ Ẫ.\n.\nỞ trên là một dòng chỉ có dấu chấm.\n",
    locale="vi",
    key="17.1763600000",
    at=datetime(2026, 11, 22, 2, 0, tzinfo=UTC),
)


class Inbox:
    """Keeps what it gets; answers what it is told to."""

    def __init__(self, rcpt="", data=""):
        self.envelopes, self.rcpt, self.data = [], rcpt, data

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.envelopes.append(envelope)
        return self.data or "250 OK"


class Plain(Controller):
    def factory(self):
        return SMTP(self.handler, enable_SMTPUTF8=False)


@pytest.fixture
def serve():
    controllers = []

    def start(handler, kind=Plain, **more):
        controller = kind(handler, hostname="127.0.0.1", port=free_port(), **more)
        controller.start()
        controllers.append(controller)
        return controller.port

    yield start
    for controller in controllers:
        controller.stop()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def smtp(port, *, starttls=False, seconds=5.0, username=""):
    mail = Mail("127.0.0.1", port, username, "secret", starttls=starttls, sender="no-reply@an-lam.example")
    return Smtp(mail, "Gương Sáng", "an-lam.example", seconds)


def test_a_mail_arrives_whole(serve):
    inbox = Inbox()
    smtp(serve(inbox)).send(LETTER)
    (envelope,) = inbox.envelopes
    assert envelope.mail_from == "no-reply@an-lam.example"
    assert envelope.rcpt_tos == ["hoa@an-lam.example"]
    raw = envelope.content
    assert raw.isascii(), "every server on the way can carry it"
    message = email.message_from_bytes(raw, policy=default)
    assert message["Subject"] == LETTER.subject
    assert message["From"].addresses[0].display_name == "Gương Sáng"
    assert message["To"] == "hoa@an-lam.example"
    assert message["Message-ID"] == "<17.1763600000@an-lam.example>"
    assert message["Date"].datetime == LETTER.at
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "vi"
    assert message.get_content_type() == "text/plain"
    assert message.get_content_charset() == "utf-8"
    assert message.get_content().replace("\r\n", "\n") == LETTER.body


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        (Inbox(rcpt="550 5.1.1 no such person"), Permanent),
        (Inbox(rcpt="450 4.2.1 mailbox busy"), Transient),
        (Inbox(rcpt="421 4.3.2 shutting down"), Transient),
        (Inbox(data="554 5.7.1 refused"), Permanent),
        (Inbox(data="452 4.3.1 disk full"), Transient),
    ],
)
def test_what_the_server_says_decides(serve, handler, error):
    with pytest.raises(error) as raised:
        smtp(serve(handler)).send(LETTER)
    assert (handler.rcpt or handler.data)[:3] in str(raised.value)


def talking(*lines):
    """A server that says `lines`, one per connection step, then falls silent. Returns its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve_one():
        connection, _ = listener.accept()
        with connection:
            for line in lines:
                connection.sendall(line)
                connection.settimeout(10)
                try:
                    connection.recv(1000)
                except OSError:
                    return
            threading.Event().wait(3)

    threading.Thread(target=serve_one, daemon=True).start()
    return listener.getsockname()[1]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([b"421 4.7.0 try later\r\n"], id="busy at the door"),
        pytest.param([b"554 5.7.1 your address is listed\r\n"], id="shut at the door"),
        pytest.param([], id="silent"),
        pytest.param([b"220 hello\r\n"], id="silent after hello"),
        pytest.param([b"\xff\xfe\x00garbage\r\n" * 10], id="not SMTP"),
        pytest.param([b"220 " + b"x" * 20_000 + b"\r\n"], id="endless line"),
    ],
)
def test_a_server_that_misbehaves_is_tried_again_later(lines):
    started = time.monotonic()
    with pytest.raises(Transient):
        smtp(talking(*lines), seconds=0.5).send(LETTER)
    assert time.monotonic() - started < 5


def test_a_server_that_is_away_is_tried_again_later():
    with pytest.raises(Transient):
        smtp(free_port()).send(LETTER)


def test_nothing_is_said_in_the_clear_when_tls_is_asked_for(serve):
    inbox = Inbox()
    with pytest.raises(Transient, match="STARTTLS"):
        smtp(serve(inbox), starttls=True).send(LETTER)
    assert inbox.envelopes == []


def test_a_certificate_that_nobody_vouches_for_is_refused(serve, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            key,
            "-out",
            certificate,
            "-days",
            "2",
            "-subj",
            "/CN=127.0.0.1",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("no openssl")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Tls(Controller):
        def factory(self):
            return SMTP(self.handler, tls_context=context)

    inbox = Inbox()
    port = serve(inbox, Tls)
    with pytest.raises(Transient, match="CERTIFICATE_VERIFY_FAILED"):
        smtp(port, starttls=True).send(LETTER)
    assert inbox.envelopes == []


def test_a_wrong_password_of_the_server_is_our_fault_and_loses_no_message(serve):
    class Asking(Controller):
        def factory(self):
            return SMTP(
                self.handler, authenticator=lambda *_: AuthResult(success=False, handled=False), auth_require_tls=False
            )

    with pytest.raises(Transient, match="SMTPAuthenticationError"):
        smtp(serve(Inbox(), Asking), username="site").send(LETTER)


@pytest.mark.parametrize(
    "address",
    [
        "a@b.vn\r\nBcc: x@evil.example",
        "a@b.vn\nX: y",
        "a@b.vn, x@evil.example",
        "",
        "a@b.vn x@evil.example",
        "<a@b.vn>",
    ],
)
def test_an_address_adds_no_header_and_no_person(serve, address):
    inbox = Inbox()
    with pytest.raises(Permanent):
        smtp(serve(inbox)).send(Letter(address, "s", "b", "vi", "1", LETTER.at))
    assert inbox.envelopes == []


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\u2028", "\x85"])
def test_a_subject_adds_no_header(serve, line_end):
    inbox = Inbox()
    subject = f"Bài{line_end}Bcc: x@evil.example{line_end}{line_end}thân"
    smtp(serve(inbox)).send(Letter("a@b.vn", subject, "b", "vi", "1", LETTER.at))
    message = email.message_from_bytes(inbox.envelopes[0].content, policy=default)
    assert "Bcc" not in message
    assert inbox.envelopes[0].rcpt_tos == ["a@b.vn"]
    assert message["Subject"].startswith("Bài Bcc: x@evil.example")
    assert message.get_content().strip() == "b"


def test_from_the_table_to_the_inbox(app, serve):
    inbox = Inbox()
    channel = smtp(serve(inbox))
    with writing() as now:
        ask_for_mail(to="hoa@an-lam.example", template="code_register", now=now, code="042137")
    assert send_due(now=START, channels={"email": channel, "sms": channel}) == 1
    message = email.message_from_bytes(inbox.envelopes[0].content, policy=default)
    assert message["Subject"] == "042137 là mã để mở tài khoản"
    assert "Mã của ông/bà: 042137" in message.get_content()
    assert message["Message-ID"].startswith(f"<{db.session.query(Message.id).scalar()}.")


# Text messages


class Gateway:
    """An HTTP gateway that answers with `status` and remembers what it was asked."""

    def __init__(self, status=200, delay=0.0, headers=()):
        self.asked = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked.append((self.path, dict(self.headers), body))
                threading.Event().wait(delay)
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/send"

    def channel(self, seconds=5.0):
        return SmsGateway(Sms(self.url, "token-of-the-site"), seconds)


TEXT = Letter("+84912345678", "", "Gương Sáng: 042137 là mã mở tài khoản.\n", "vi", "5.1", LETTER.at)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_text_is_handed_over(status):
    gateway = Gateway(status)
    gateway.channel().send(TEXT)
    ((path, headers, body),) = gateway.asked
    assert path == "/send"
    assert headers["Authorization"] == "Bearer token-of-the-site"
    assert headers["Idempotency-Key"] == "5.1"
    assert headers["Content-Type"].startswith("application/json")
    assert json.loads(body) == {"to": "+84912345678", "text": "Gương Sáng: 042137 là mã mở tài khoản."}


@pytest.mark.parametrize("status", [400, 410, 413, 422])
def test_a_gateway_that_says_no_means_it(status):
    with pytest.raises(Permanent, match=str(status)):
        Gateway(status).channel().send(TEXT)


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 502, 503, 504])
def test_a_gateway_in_trouble_is_asked_again(status):
    with pytest.raises(Transient, match=str(status)):
        Gateway(status).channel().send(TEXT)


def test_a_gateway_that_hangs_or_is_away_is_asked_again():
    started = time.monotonic()
    with pytest.raises(Transient):
        Gateway(delay=5).channel(seconds=0.3).send(TEXT)
    assert time.monotonic() - started < 3
    with pytest.raises(Transient):
        SmsGateway(Sms(f"http://127.0.0.1:{free_port()}/", "t"), 1).send(TEXT)
    for url in ("file:///etc/passwd", "ftp://x/", "x"):
        with pytest.raises(Transient):
            SmsGateway(Sms(url, "t"), 1).send(TEXT)


def test_the_token_follows_no_redirect():
    other = Gateway()
    with pytest.raises(Transient):
        Gateway(307, headers=[("Location", other.url)]).channel().send(TEXT)
    assert other.asked == []
