"""Sending what is due: claim, render, send, note what came of it.

A claim is one conditional UPDATE whose row count says who won, committed before anything is sent.
A runner that dies in between lets the claim lapse, and another sends. Where nobody can know whether a
message arrived (the runner died, or the server's answer was lost), it goes out once more and then
never again: at most twice, and `unsure` says so.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flask import Flask, current_app
from flask_babel import force_locale
from jinja2 import Environment, StrictUndefined, Template
from sqlalchemy import case, update

from contest.core.db import db, writing
from contest.core.web.language import ENGLISH, outside_environ
from contest.outbox.channels import Channel, Letter, Permanent, Transient, Unsure, channels_for
from contest.outbox.models import Message
from contest.outbox.queries import due_ids, is_due
from contest.outbox.rules import ATTEMPTS, CLAIM, MOST_UNSURE, wait_after, without_secrets
from contest.outbox.wording import EMAIL, SMS, Kind, fill, find_wording, get_kind

log = logging.getLogger(__name__)
_SUBJECT = "Subject:"
# Kept as the error of a message that nobody can vouch for.
TWICE = "the answer was lost twice: it may have arrived once, twice or not at all"
_random = random.SystemRandom()


class Rendered(NamedTuple):
    """A message in words. `subject` is empty for text messages."""

    subject: str
    body: str


def official_url() -> str:
    """The address of this site as it is configured, never as somebody called it."""
    site = current_app.config["SETTINGS"].site
    return f"{current_app.config['PREFERRED_URL_SCHEME']}://{site.domain}"


def render(message: Message, *, base_url: str = "") -> Rendered:
    """`message` in its language, from templates/outbox/<template>.txt.

    The first line is `Subject: …`, then a blank line, then the text; a text message has no subject
    line. Every name used in the template must be a parameter. Links lead to `base_url`, by default
    the official address, in the language of the message. Where the organiser of the contest wrote
    a wording of their own, that goes out; if it cannot be filled, the site's own does.
    """
    wording = find_wording(message.scope, message.template, message.locale) if message.scope else None
    if wording is not None:
        try:
            kind = get_kind(message.template.removesuffix("_sms"))
            return render_wording(
                kind, wording.channel, message.locale, wording.subject, wording.body, message.params, base_url=base_url
            )
        except Exception:
            # A blank that a later version knows no more must not keep the message back.
            log.exception("the wording of %s in %s cannot be used", message.template, message.scope)
    with _speaking(message.locale, base_url) as app:
        text = _in_words(app, _strict(app).get_template(f"outbox/{message.template}.txt"), message.params)
    return _parted(text)


def render_wording(
    kind: Kind,
    channel: str,
    locale: str,
    subject: str,
    body: str,
    params: Mapping[str, Any] | None = None,
    *,
    base_url: str = "",
) -> Rendered:
    """A wording with its blanks filled from `params`, by default the sample's.

    A mail ends as all our mails do, with who sent it and that nobody ever asks for money or codes.
    """
    with _speaking(locale, base_url) as app:
        values = _values(app, kind, kind.sample if params is None else params)
        foot = "" if channel == SMS else "\n\n" + _foot(app)
    return Rendered(fill(subject, values) if channel == EMAIL else "", fill(body, values).strip() + foot + "\n")


def standard_wording(kind: Kind, channel: str, locale: str) -> Rendered:
    """The site's own wording of a message with its blanks shown as such: what an organiser starts from.

    Made by writing the sample's message and putting each blank where its value stands.
    """
    with _speaking(locale, "") as app:
        template = _strict(app).get_template(f"outbox/{kind.name(channel)}.txt")
        subject, body = _parted(_in_words(app, template, kind.sample))
        values = _values(app, kind, kind.sample)
        body = body.strip().removesuffix(_foot(app)).strip()
    # Longest first: an address may hold a code.
    for name, value in sorted(values.items(), key=lambda pair: len(pair[1]), reverse=True):
        if len(value) > 1:
            subject, body = subject.replace(value, f"{{{name}}}"), body.replace(value, f"{{{name}}}")
    return Rendered(subject, body)


def _values(app: Flask, kind: Kind, params: Mapping[str, Any]) -> dict[str, str]:
    environment = _strict(app)
    return {
        name: _in_words(app, environment.from_string(snippet), params).strip() for name, snippet in kind.blanks.items()
    }


def _foot(app: Flask) -> str:
    source = '{% from "macros/messages.txt" import foot with context %}{{ foot() }}'
    return _in_words(app, _strict(app).from_string(source), {}).strip()


def _in_words(app: Flask, template: Template, params: Mapping[str, Any]) -> str:
    context = dict(params)
    app.update_template_context(context)
    return template.render(context)


def _parted(text: str) -> Rendered:
    head, _, rest = text.lstrip().partition("\n")
    if head.startswith(_SUBJECT):
        return Rendered(head.removeprefix(_SUBJECT).strip(), rest.strip() + "\n")
    return Rendered("", text.strip() + "\n")


@contextmanager
def _speaking(locale: str, base_url: str) -> Iterator[Flask]:
    """A request of its own in `locale` under the official address: nothing around it shows through."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 -- Flask's proxy
    root = (base_url or official_url()).rstrip("/")
    prefix = "/en" if locale == ENGLISH else ""
    environ = outside_environ(urlsplit(root).path, locale)
    with (
        app.app_context(),
        app.test_request_context("/", base_url=root + prefix, environ_overrides=environ),
        force_locale(locale),
    ):
        yield app


def _strict(app: Flask) -> Environment:
    """The site's templates, where a name that was not given is an error and not a blank."""
    found = app.extensions.get("outbox.templates")
    if found is None:
        found = app.extensions["outbox.templates"] = app.jinja_env.overlay(undefined=StrictUndefined)
    assert isinstance(found, Environment)
    return found


def send_due(*, now: datetime, channels: dict[str, Channel] | None = None, limit: int = 50) -> int:
    """Send up to `limit` messages that are due; returns how many were sent. Needs an app context.

    One failing message never keeps another from going.
    """
    channels = channels or channels_for(current_app.config["SETTINGS"])
    sent = 0
    for identifier in _candidates(now, limit):
        message = _claim(identifier)
        if message is not None:
            sent += _attempt(message, channels[message.channel])
    return sent


def _candidates(now: datetime, limit: int) -> list[int]:
    found = list(db.session.scalars(due_ids(now, limit)))
    db.session.rollback()  # a read holds nothing while messages are sent
    return found


def _claim(identifier: int) -> Message | None:
    """Take a message for sending; None when another runner was quicker."""
    with writing() as now:
        won = db.session.execute(
            update(Message)
            .where(Message.id == identifier, is_due(now))
            .values(
                claimed_until=now + CLAIM,
                attempts=Message.attempts + 1,
                # Who claimed it before never came back: what they sent may have arrived.
                unsure=Message.unsure + case((Message.claimed_until.is_not(None), 1), else_=0),
            )
        )
        if not won.rowcount:  # type: ignore[attr-defined]  # an UPDATE gives a cursor result
            return None
        message = db.session.get_one(Message, identifier, populate_existing=True)
        if message.unsure >= MOST_UNSURE:
            message.state, message.claimed_until, message.error = "failed", None, TWICE
            message.params = without_secrets(message.params)
            return None
        return message


def _attempt(message: Message, channel: Channel) -> bool:
    identifier, attempts = message.id, message.attempts
    try:
        rendered = render(message)
        channel.send(_letter(message, rendered))
    except Permanent as error:
        _finish(identifier, state="failed", error=str(error))
    except Unsure as error:
        _note_unsure(identifier, attempts, str(error))
    except Transient as error:
        _put_off(identifier, attempts, str(error), error.after)
    except Exception as error:
        # A template that is broken today may be mended tomorrow, before the attempts run out.
        log.exception("message %s (%s) could not be made", identifier, message.template)
        _put_off(identifier, attempts, f"{type(error).__name__}: {error}")
    else:
        _finish(identifier, state="sent", forget=not channel.keeps)
        return True
    return False


def _letter(message: Message, rendered: Rendered) -> Letter:
    if message.channel == "email" and not rendered.subject:
        raise Permanent(f"templates/outbox/{message.template}.txt has no subject")
    return Letter(
        address=message.address,
        subject=rendered.subject,
        body=rendered.body,
        locale=message.locale,
        key=f"{message.id}.{int(message.created_at.timestamp())}",
        at=message.created_at,
    )


def _finish(identifier: int, *, state: str, error: str | None = None, forget: bool = True) -> None:
    with writing() as now:
        message = db.session.get(Message, identifier)
        if message is None:
            return  # its person was erased while it was on its way
        message.state, message.error, message.claimed_until = state, error, None
        message.sent_at = now if state == "sent" else None
        if forget:
            message.params = without_secrets(message.params)
    if error:
        log.warning("message %s failed: %s", identifier, error)


def _note_unsure(identifier: int, attempts: int, error: str) -> None:
    """The answer was lost: once more, and never a third time."""
    with writing():
        message = db.session.get(Message, identifier)
        if message is None:
            return
        message.unsure += 1
        unsure = message.unsure
    if unsure >= MOST_UNSURE:
        _finish(identifier, state="failed", error=TWICE)
    else:
        _put_off(identifier, attempts, error)


def _put_off(identifier: int, attempts: int, error: str, after: timedelta | None = None) -> None:
    if attempts >= ATTEMPTS:
        _finish(identifier, state="failed", error=error[:1000])
        return
    with writing() as now:
        message = db.session.get(Message, identifier)
        if message is None:
            return
        message.error, message.claimed_until = error[:1000], None
        message.next_try_at = now + max(wait_after(attempts, _random.random()), after or timedelta(0))
