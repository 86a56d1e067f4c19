"""Asking for messages. Sending them is the runner's work (outbox.runner)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contest.core.db import db
from contest.outbox.models import Message


def ask_for_mail(*, to: str, template: str, now: datetime, locale: str = "vi", **params: Any) -> Message:
    """Queue an e-mail, to be rendered from `templates/outbox/<template>.txt` when it is sent.

    `params` must be JSON: ids, codes, names, ISO instants. The row commits with the caller's act.
    """
    return _ask("email", to, template, now, locale, params)


def ask_for_sms(*, to: str, template: str, now: datetime, locale: str = "vi", **params: Any) -> Message:
    """Queue a text message, as `ask_for_mail`; `to` is an E.164 number."""
    return _ask("sms", to, template, now, locale, params)


def _ask(channel: str, to: str, template: str, now: datetime, locale: str, params: dict[str, Any]) -> Message:
    message = Message(
        channel=channel,
        address=to,
        template=template,
        locale=locale,
        params=params,
        created_at=now,
        next_try_at=now,
    )
    db.session.add(message)
    return message
