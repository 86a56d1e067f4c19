"""Ways out: mail by SMTP, text messages by an HTTP gateway, or kept here for a demonstration.

A channel either returns (handed over), or raises `Transient` (try again later) or `Permanent` (this
message can never go). Each waits for a limited time only.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Protocol

from contest.core.config import Mail, Settings
from contest.outbox.gateway import SmsGateway
from contest.outbox.letters import Letter, Permanent, Transient, Unsure

__all__ = [
    "Channel",
    "Kept",
    "Letter",
    "Missing",
    "Permanent",
    "SmsGateway",
    "Smtp",
    "Transient",
    "Unsure",
    "channels_for",
]

SMTP_SECONDS = 20
# For a whole message, however slowly the server speaks: well within the claim (outbox.rules.CLAIM).
SMTP_WHOLE_SECONDS = 120
_IMPLICIT_TLS = 465
_READY = 220


class Channel(Protocol):
    """A way out. `keeps`: messages stay readable here, so their secrets must stay with them."""

    @property
    def keeps(self) -> bool: ...

    def send(self, letter: Letter) -> None:
        """Hand `letter` over. Raises Transient or Permanent."""
        ...


class Kept:
    """Demonstration and development: nothing leaves; people read their messages on a page."""

    keeps = True

    def send(self, letter: Letter) -> None:
        """Nothing to do."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A channel that nobody set up."""

    what: str
    keeps: bool = False

    def send(self, letter: Letter) -> None:
        raise Permanent(f"no {self.what} is configured")


class _Bound:
    """Cuts a conversation after so many seconds: timeouts of a socket begin anew with each byte that comes."""

    def __init__(self, seconds: float) -> None:
        self.server: smtplib.SMTP | None = None
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def over(self) -> None:
        self._timer.cancel()

    def _cut(self) -> None:
        line = self.server.sock if self.server is not None else None
        if line is not None:
            with contextlib.suppress(OSError):
                # Of the plain socket: TLS would first say goodbye, to who does not listen.
                socket.socket.shutdown(line, socket.SHUT_RDWR)


class _Conversation(smtplib.SMTP):
    """A conversation that knows when the whole message was handed over, so that a lost answer is told from none."""

    handed_over = False

    def send(self, s: Any) -> None:
        # The last that `data` sends; what fails within it may have got through all the same.
        if isinstance(s, bytes) and s.endswith(b"\r\n.\r\n"):
            self.handed_over = True
        super().send(s)


class _SecretConversation(_Conversation, smtplib.SMTP_SSL):
    """The same under TLS from the first byte."""


@dataclass(frozen=True, slots=True)
class Smtp:
    """Mail. With `starttls` nothing is said in the clear, and a server that cannot is not used."""

    mail: Mail
    sender_name: str
    domain: str
    seconds: float = SMTP_SECONDS
    whole_seconds: float = SMTP_WHOLE_SECONDS
    keeps: bool = False

    def send(self, letter: Letter) -> None:
        """Hand `letter` over within `whole_seconds`. Raises Transient, Permanent; Unsure when the answer was lost."""
        message = self.compose(letter)
        bound = _Bound(self.whole_seconds)
        server: _Conversation | None = None
        try:
            server = self._connect(bound)
            server.send_message(message, self.mail.sender, [letter.address])
        except smtplib.SMTPRecipientsRefused as error:
            code, reason = next(iter(error.recipients.values()))
            raise _verdict(code)(f"{code} {_text(reason)}") from error
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise _verdict(error.smtp_code)(f"{error.smtp_code} {_text(error.smtp_error)}") from error
        except (smtplib.SMTPException, OSError) as error:
            if server is not None and server.handed_over:
                raise Unsure(f"the answer was lost: {type(error).__name__}: {error}") from error
            # Connecting, greeting, TLS, signing in: about the server, so another day may be better.
            raise Transient(f"{type(error).__name__}: {error}") from error
        finally:
            bound.over()
            if server is not None:
                # Whatever it answers to this: the message is with it, or it is not.
                with contextlib.suppress(smtplib.SMTPException, OSError):
                    server.putcmd("QUIT")
                server.close()

    def _connect(self, bound: _Bound) -> _Conversation:
        context = ssl.create_default_context()
        server: _Conversation
        if self.mail.port == _IMPLICIT_TLS:
            server = _SecretConversation(timeout=self.seconds, context=context)
        else:
            server = _Conversation(timeout=self.seconds)
        bound.server = server
        # As smtplib's own constructor keeps it: the name that a certificate has to bear.
        server._host = self.mail.host  # type: ignore[attr-defined]  # noqa: SLF001
        try:
            code, greeting = server.connect(self.mail.host, self.mail.port)
            if code != _READY:
                raise smtplib.SMTPConnectError(code, greeting)
            if self.mail.starttls and self.mail.port != _IMPLICIT_TLS:
                server.starttls(context=context)
            if self.mail.username:
                server.login(self.mail.username, self.mail.password)
        except BaseException:
            server.close()
            raise
        return server

    def compose(self, letter: Letter) -> EmailMessage:
        """The message with its headers. Raises Permanent for an address or subject that breaks them."""
        message = EmailMessage()
        try:
            message["From"] = Address(self.sender_name, addr_spec=self.mail.sender)
            message["To"] = Address(addr_spec=letter.address)
            # One line, whatever a name in it holds: a header cannot be added through it.
            message["Subject"] = " ".join(letter.subject.split())
            message["Date"] = format_datetime(letter.at)
            message["Message-ID"] = f"<{letter.key}@{self.domain}>"
            # No out-of-office answers, no mailing-list loops (RFC 3834).
            message["Auto-Submitted"] = "auto-generated"
            message.set_content(letter.body, charset="utf-8", cte="quoted-printable")
            message["Content-Language"] = letter.locale
        except (ValueError, IndexError, MessageError) as error:
            raise Permanent(f"cannot be written: {error}") from error
        return message


def _verdict(code: int) -> type[Transient] | type[Permanent]:
    """What a reply of a mail server to one message means: 5xx never, 4xx later (RFC 5321, 4.2.1)."""
    return Permanent if code >= 500 else Transient


def _text(reason: bytes | str) -> str:
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason


def channels_for(settings: Settings) -> dict[str, Channel]:
    """The way out for each kind of message. Nothing ever leaves a demonstration."""
    if settings.demo:
        return {"email": Kept(), "sms": Kept()}
    mail: Channel = Missing("mail server") if settings.production else Kept()
    sms: Channel = Missing("SMS gateway") if settings.production else Kept()
    if settings.mail:
        mail = Smtp(settings.mail, settings.site.name, settings.site.domain)
    if settings.sms:
        sms = SmsGateway(settings.sms)
    return {"email": mail, "sms": sms}
