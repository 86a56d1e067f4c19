"""Thousands of entries before a secretariat, written as rows: for what must not grow with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import cycle
from typing import Any

from sqlalchemy import delete, func, insert, select

from contest.contests.models import Contest
from contest.core.db import db
from contest.core.text import fold
from contest.entries.models import CoAuthor, Entry
from contest.exemplars.models import Exemplar, Verification
from contest.screening.models import Finding
from contest.units.models import Unit
from tests.conftest import START
from tests.factories import make_unit, make_user

STATES = ("submitted", "received", "accepted", "accepted", "refused")
_SHORT = (("Đồi cằn trổ hoa", "Chuyện người thật, việc thật ở thôn Đá Bạc."),)


def add_many(
    contest: Contest, number: int, stories: Sequence[tuple[str, str]] = _SHORT, units: Sequence[Unit] = ()
) -> None:
    """As many entries in every state, a third of the valid ones verified, a fifth with something found.

    What services would refuse or do beside is left out: no receipts, no record.
    """
    author, units = make_user(), units or [make_unit() for _ in range(5)]
    db.session.flush()
    first = 1 + max(db.session.scalar(select(func.max(model.id))) or 0 for model in (Entry, Exemplar))
    told = cycle([(title, body, fold(f"{title} {body}")) for title, body in stories])
    rows: dict[Any, list[dict[str, Any]]] = {each: [] for each in (Exemplar, Entry, CoAuthor, Verification, Finding)}
    for place in range(number):
        key, unit, at = first + place, units[place % len(units)].id, START + timedelta(seconds=place)
        title, body, body_key = next(told)
        name, state = f"Ông Thật {place}", STATES[place % len(STATES)]
        rows[Exemplar].append({"id": key, "name": name, "name_key": fold(name), "unit_id": unit, "created_at": at})
        rows[Entry].append(
            {
                "id": key,
                "contest_id": contest.id,
                "category": "A",
                "author_id": author.id,
                "exemplar_id": key,
                "state": state,
                "title": f"{title} {place}",
                "document": body,
                "body": body,
                "body_key": body_key,
                "word_count": 600 + place % 900,
                "source": ("web", "bundle", "paper")[place % 3],
                "author_name": author.name,
                "author_key": fold(author.name),
                "author_unit_id": units[-1 - place % len(units)].id,
                "created_at": at,
                "updated_at": at,
                "submitted_at": at,
            }
        )
        if place % 10 == 0:
            rows[CoAuthor].append({"entry_id": key, "position": 1, "name": "Lý Thị Mận", "name_key": "ly thi man"})
        if state == "accepted" and place % 3 == 0:
            rows[Verification].append(
                {
                    "contest_id": contest.id,
                    "exemplar_id": key,
                    "unit_id": unit,
                    "requested_at": at,
                    "due_on": at.date() + timedelta(days=14),
                    "outcome": "verified" if place % 2 else None,
                }
            )
        if place % 5 == 0:
            rows[Finding].append(
                {"entry_id": key, "kind": "leak", "place": "body", "details": {"what": "name"}, "found_at": at}
            )
    for model, values in rows.items():
        # In pieces, so that memory does not hold them twice.
        for start in range(0, len(values), 500):
            db.session.execute(insert(model.__table__), values[start : start + 500])
    db.session.commit()


def remove_many() -> None:
    """Take all of them away again."""
    ours = select(Exemplar.id).where(Exemplar.name.like("Ông Thật %")).scalar_subquery()
    for model, key in (
        (Finding, Finding.entry_id),
        (CoAuthor, CoAuthor.entry_id),
        (Verification, Verification.exemplar_id),
        (Entry, Entry.exemplar_id),
        (Exemplar, Exemplar.id),
    ):
        db.session.execute(delete(model.__table__).where(key.in_(ours)))
    db.session.commit()
