"""Asking for messages. Sending them is the runner's work (outbox.runner)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, bindparam, delete, insert, select

from contest.core.db import db
from contest.outbox.models import Message


def ask_for_mail(
    *, to: str, template: str, now: datetime, locale: str = "vi", scope: str = "", **params: Any
) -> Message:
    """Queue an e-mail, to be rendered from `templates/outbox/<template>.txt` when it is sent.

    `params` must be JSON: ids, codes, names, ISO instants. `scope` is the slug of the contest that
    writes, whose organiser may have another wording. The row commits with the caller's act.
    """
    return _ask("email", to, template, now, locale, scope, params)


def ask_for_sms(
    *, to: str, template: str, now: datetime, locale: str = "vi", scope: str = "", **params: Any
) -> Message:
    """Queue a text message, as `ask_for_mail`; `to` is an E.164 number."""
    return _ask("sms", to, template, now, locale, scope, params)


def ask_or_seem_to(
    *, really: bool, channel: str, to: str, template: str, now: datetime, locale: str = "vi", **params: Any
) -> None:
    """Queue a message when `really`; else do the same work and queue nothing.

    One statement either way, with the same parameters: who waits for the answer learns nothing by how
    long it takes.
    """
    row = {
        "channel": channel,
        "address": to,
        "template": template,
        "locale": locale,
        "scope": "",
        "params": params,
        "created_at": now,
        "state": "pending",
        "attempts": 0,
        "next_try_at": now,
    }
    columns = Message.__table__.c
    values = select(*(bindparam(name, value, columns[name].type) for name, value in row.items()))
    asked = values.where(bindparam("really", really, Boolean()))
    db.session.execute(insert(Message).from_select(list(row), asked, include_defaults=False))


def call_off(*, template: str, **params: Any) -> int:
    """Take back messages that nobody has begun to send; returns how many.

    Those made from `template` whose parameters hold all of `params`. What is gone stays gone.
    """
    untouched = (Message.state == "pending", Message.attempts == 0, Message.claimed_until.is_(None))
    waiting = db.session.scalars(select(Message).where(Message.template == template, *untouched)).all()
    chosen = [message.id for message in waiting if message.params.items() >= params.items()]
    # The condition once more: a runner may have claimed one since it was read.
    gone = db.session.execute(delete(Message).where(Message.id.in_(chosen), *untouched))
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a cursor result


def _ask(
    channel: str, to: str, template: str, now: datetime, locale: str, scope: str, params: dict[str, Any]
) -> Message:
    message = Message(
        channel=channel,
        address=to,
        template=template,
        locale=locale,
        scope=scope,
        params=params,
        created_at=now,
        next_try_at=now,
    )
    db.session.add(message)
    return message
