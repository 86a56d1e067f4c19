"""The one place where the state of an entry is assigned."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contest.accounts.addresses import find_canonical
from contest.accounts.models import User
from contest.audit.services import record
from contest.core.errors import N_, Conflict
from contest.entries.models import Entry
from contest.entries.rules import may_move
from contest.outbox.services import ask_for_mail, ask_for_sms


def move(
    *,
    entry: Entry,
    state: str,
    verb: str,
    actor: User | None,
    now: datetime,
    origin: str | None = None,
    **details: Any,
) -> None:
    """Move `entry` to `state`, with its audit row. Raises Conflict when it is not in a state for that.

    `origin` narrows a verb to one state, where another leads to the same place. A page that shows
    an older state is the usual cause of a conflict: a colleague was quicker.
    """
    if not may_move(entry.state, state) or origin not in (None, entry.state):
        raise Conflict(
            N_("This entry is no longer in a state in which that can be done. Please look at it again."),
            code="state",
        )
    before, entry.state = entry.state, state
    audit(entry=entry, verb=verb, actor=actor, now=now, before=before, after=state, **details)


def audit(*, entry: Entry, verb: str, actor: User | None, now: datetime, **details: Any) -> None:
    """An audit row about an entry."""
    record(
        actor=actor.public_id if actor else None,
        verb=f"entries.{verb}",
        object_type="entry",
        object_id=entry.public_id,
        contest_id=entry.contest_id,
        now=now,
        **details,
    )


def tell_author(*, entry: Entry, template: str, now: datetime, **params: Any) -> None:
    """Ask for a message to the author, by mail, or by SMS to an account without an address."""
    author = entry.author
    title, scope = entry.contest.rules.title, entry.contest.slug
    common = {
        "title": entry.title,
        "entry": entry.public_id,
        "contest": {"vi": title.vi, "en": title.en},
        "slug": entry.contest.slug,
        **params,
    }
    if author.email:
        ask_for_mail(to=author.email, template=template, now=now, locale=author.locale, scope=scope, **common)
    elif phone := author.phone or (author.assisted and find_canonical(entry.author_phone)):
        # Whom a unit helps may share a telephone with an account; it is told to the number they gave.
        ask_for_sms(to=phone, template=f"{template}_sms", now=now, locale=author.locale, scope=scope, **common)
