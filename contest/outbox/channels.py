"""Ways out: mail by SMTP, text messages by an HTTP gateway, or kept here for a demonstration.

A channel either returns (handed over), or raises `Transient` (try again later) or `Permanent` (this
message can never go). Each waits for a limited time only.
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol

from contest.core.config import Mail, Settings
from contest.outbox.gateway import SmsGateway
from contest.outbox.letters import Letter, Permanent, Transient

__all__ = ["Channel", "Kept", "Letter", "Missing", "Permanent", "SmsGateway", "Smtp", "Transient", "channels_for"]

SMTP_SECONDS = 20
_IMPLICIT_TLS = 465


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


@dataclass(frozen=True, slots=True)
class Smtp:
    """Mail. With `starttls` nothing is said in the clear, and a server that cannot is not used."""

    mail: Mail
    sender_name: str
    domain: str
    seconds: float = SMTP_SECONDS
    keeps: bool = False

    def send(self, letter: Letter) -> None:
        message = self.compose(letter)
        try:
            with self._connect() as server:
                server.send_message(message, self.mail.sender, [letter.address])
        except smtplib.SMTPRecipientsRefused as error:
            code, reason = next(iter(error.recipients.values()))
            raise _verdict(code)(f"{code} {_text(reason)}") from error
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise _verdict(error.smtp_code)(f"{error.smtp_code} {_text(error.smtp_error)}") from error
        except (smtplib.SMTPException, OSError) as error:
            # Connecting, greeting, TLS, signing in: about the server, so another day may be better.
            raise Transient(f"{type(error).__name__}: {error}") from error

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.mail.port == _IMPLICIT_TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.mail.host, self.mail.port, timeout=self.seconds, context=context
            )
        else:
            server = smtplib.SMTP(self.mail.host, self.mail.port, timeout=self.seconds)
        try:
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
