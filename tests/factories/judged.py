"""A round with thousands of sheets, written as rows: for what must not grow with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy import func, insert, select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import db, new_public_id
from contest.entries.models import Entry
from contest.exemplars.models import Exemplar, Verification
from contest.judging.models import Assignment, Mark, Sheet, SheetRevision
from tests.factories import make_unit, make_user
from tests.factories.judging import code_for, opening_of

_FIRST_CODE = 500_000  # beyond what other factories count up to
_STEPS = (1, 7, 13, 29)  # through the panel, so that who sits with whom is mixed


def judge_many(
    contest: Contest,
    judges: Sequence[User],
    entries: int,
    *,
    round_id: str = "prelim",
    category: str = "A",
    per_entry: int = 3,
    unfinished: int = 20,
    apart: int = 25,
    seed: int = 1,
) -> list[int]:
    """As many entries of a round, each with `per_entry` of these judges in turn; ids of the entries.

    Every `unfinished`th entry has a sheet that is not begun and every `apart`th two judges forty points apart.
    Totals are those of an additive world: a level for each entry, a severity for each judge, some noise.
    What services would refuse or do beside is left out.
    """
    chance, rubric = Random(seed), contest.rules.rubric
    author, unit, at = make_user(), make_unit(), opening_of(contest, round_id)
    db.session.flush()
    first = 1 + max(db.session.scalar(select(func.max(model.id))) or 0 for model in (Entry, Exemplar))
    next_of = {model: 1 + (db.session.scalar(select(func.max(model.id))) or 0) for model in (Assignment, Sheet)}
    known = db.session.scalar(select(func.count(Entry.id)).where(Entry.title.like("Chuyện được chấm %"))) or 0
    severity = {judge.id: chance.gauss(0, 0.03) for judge in judges}
    rows: dict[Any, list[dict[str, Any]]] = {
        model: [] for model in (Exemplar, Entry, Verification, Assignment, Sheet, Mark, SheetRevision)
    }
    for place in range(entries):
        key, number = first + place, known + place
        name = f"Bà Thật {number}"
        rows[Exemplar].append({"id": key, "name": name, "name_key": name, "unit_id": unit.id, "created_at": at})
        rows[Entry].append(_entry(contest, category, key, number, author, at))
        rows[Verification].append(
            {
                "contest_id": contest.id,
                "exemplar_id": key,
                "unit_id": unit.id,
                "requested_at": at,
                "due_on": (at + timedelta(days=14)).date(),
                "outcome": "verified",
                "consent": True,
            }
        )
        level = min(0.97, max(0.2, chance.gauss(0.7, 0.08)))
        for seat, judge in enumerate(_bench(judges, place, per_entry)):
            assignment = next_of[Assignment] + len(rows[Assignment])
            rows[Assignment].append(
                {
                    "id": assignment,
                    "public_id": new_public_id(),
                    "round": round_id,
                    "entry_id": key,
                    "judge_id": judge.id,
                    "kind": "regular",
                    "place": chance.randrange(1 << 30),
                    "standing": True,
                    "assigned_at": at,
                    "impartial_at": at,
                }
            )
            if unfinished and place % unfinished == 0 and seat == per_entry - 1:
                continue
            share = level + severity[judge.id] + chance.gauss(0, 0.03)
            if apart and place % apart == 1:
                share = level + (0.2 if seat else -0.2)
            share = min(1, max(0, share))
            marks = {each.id: Decimal(int(Decimal(share) * each.max / rubric.step)) * rubric.step
                     for each in rubric.criteria}  # fmt: skip
            sheet = next_of[Sheet] + len(rows[Sheet])
            kept = {"comment": "", "remarks": {}}
            rows[Sheet].append(
                {"id": sheet, "assignment_id": assignment, "state": "final", "version": 1, "updated_at": at, **kept}
            )
            rows[Mark] += [{"sheet_id": sheet, "criterion": name, "value": mark} for name, mark in marks.items()]
            rows[SheetRevision].append(
                {
                    "sheet_id": sheet,
                    "number": 1,
                    "marks": {name: str(mark) for name, mark in marks.items()},
                    "total": sum(marks.values(), Decimal(0)),
                    "at": at,
                    "source": "screen",
                    **kept,
                }
            )
    for model, values in rows.items():
        for start in range(0, len(values), 500):
            db.session.execute(insert(model.__table__), values[start : start + 500])
    db.session.commit()
    return [row["id"] for row in rows[Entry]]


def _bench(judges: Sequence[User], place: int, size: int) -> list[User]:
    """`size` of the judges, in turn and mixed."""
    seats: list[int] = []
    for seat in range(size):
        at = (place * _STEPS[seat % len(_STEPS)] + seat * 5) % len(judges)
        while at in seats:
            at = (at + 1) % len(judges)
        seats.append(at)
    return [judges[at] for at in seats]


def _entry(contest: Contest, category: str, key: int, number: int, author: User, at: Any) -> dict[str, Any]:
    return {
        "id": key,
        "contest_id": contest.id,
        "category": category,
        "author_id": author.id,
        "exemplar_id": key,
        "state": "accepted",
        "blind_code": code_for(_FIRST_CODE + number),
        "genre": "ghi_chep",
        "title": f"Chuyện được chấm {number}",
        "document": "",
        "body": "Sáng nào bà cũng ra đồng.",
        "body_key": "",
        "word_count": 900,
        "source": "web",
        "author_name": author.name,
        "author_key": "",
        "created_at": at,
        "updated_at": at,
        "submitted_at": at,
    }
