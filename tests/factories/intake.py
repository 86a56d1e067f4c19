"""Entries that a unit writes for others, and entries from paper, made through the services."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import BytesIO
from itertools import count
from typing import Any

from flask import current_app
from PIL import Image

from contest.accounts.assisted import assist
from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import db
from contest.entries import services
from contest.entries.models import Entry, Receipt
from contest.entries.queries import get_own_entry
from contest.intake import helping, paper
from contest.intake.scans import Page
from contest.units.models import Unit
from tests.conftest import START
from tests.factories import entries as entry_factory

_numbers = count(1)


def picture() -> bytes:
    """A small picture of a page, each time another one."""
    stream = BytesIO()
    Image.new("RGB", (240, 320), (250, 250, next(_numbers) % 256)).save(stream, "PNG")
    return stream.getvalue()


def write(entry: Entry, now: datetime = START, **values: Any) -> Entry:
    """Everything that the rules ask for, in a draft."""
    services.save_text(
        entry=entry,
        version=entry.version,
        title="Người giữ bến đò",
        genre="ghi_chep",
        body=entry_factory.words(600),
        now=now,
    )
    facts = entry_factory.facts(entry, entry.sent_by_unit, **{"author_phone": entry.author_phone, **values})
    services.save_facts(entry=entry, version=entry.facts_version, facts=facts, now=now)
    entry_factory.add_photo(entry, now)
    return entry


def send(entry: Entry, actor: User, now: datetime = START) -> Receipt:
    """Send a draft in, as somebody who may write it."""
    draft = get_own_entry(entry.public_id, actor.id)
    return services.submit(
        draft_id=draft.public_id,
        actor=actor,
        now=now,
        digest=services.content_digest(draft),
        declared=entry_factory.all_declared(draft),
    ).receipt


def make_helped(
    contest: Contest, unit: Unit, officer: User, category: str = "A", *, name: str = "", phone: str = "",
    now: datetime = START,
) -> Entry:  # fmt: skip
    """A draft with nothing missing that an officer writes for somebody."""
    entry = helping.start_helping(
        contest=contest,
        category_id=category,
        unit=unit,
        name=name or f"Bà Được Giúp {'I' * (next(_numbers) % 40 + 1)}",
        phone=phone,
        actor=officer,
        now=now,
        wall=now,
    )
    return write(entry, now)


def add_scan(entry: Entry, actor: User, now: datetime = START) -> None:
    """A scanned page whose file is really there."""
    content = picture()
    key = current_app.extensions["files"].put(content, "webp")
    paper.add_scans(
        entry=entry,
        pages=[(Page(content), key)],
        name="trang.png",
        sha256=f"{next(_numbers):064x}",
        actor=actor,
        now=now,
    )


def make_paper(
    contest: Contest,
    unit: Unit | None,
    typist: User,
    category: str = "A",
    *,
    now: datetime = START,
    scan: bool = True,
    submit: bool = True,
    **values: Any,
) -> Entry:
    """An entry typed from paper and sent in; nobody has compared it."""
    entry = helping.start_paper(
        contest=contest,
        category_id=category,
        unit=unit,
        actor=typist,
        now=now,
        wall=now,
        **{
            "name": f"Ông Viết Tay {'V' * (next(_numbers) % 40 + 1)}",
            "phone": "",
            "postmarked_on": None,
            "arrived_at": now - timedelta(hours=1),
            **values,
        },
    )
    if scan:
        add_scan(entry, typist, now)
    write(entry, now)
    if submit:
        send(entry, typist, now)
    db.session.flush()
    return entry


def make_offer(person: User, now: datetime = START) -> User:
    """An assisted account of which `person` has to say whether it is theirs."""
    waiting = assist(name="Người Được Giúp", phone="", now=now, wall=now)
    waiting.offered_to_id = person.id
    db.session.flush()
    return waiting
