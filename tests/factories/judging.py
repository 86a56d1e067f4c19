"""Entries with codes, panels and sheets, for tests of judging and of what comes after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import CODE_ALPHABET, db
from contest.core.errors import Conflict, NotFound
from contest.core.text import count_words
from contest.entries.models import Advancement, Entry
from contest.exemplars.models import Consent, Exemplar, Verification
from contest.exemplars.rules import CONSENT_VERSION, PURPOSES
from contest.judging.models import Assignment, SheetRevision
from contest.judging.services import accept_terms, assign_one, declare_impartial, finalise_sheet, seat_judge
from contest.judging.sheets import marks_of
from contest.judging.terms import TERMS_SHA256
from tests.factories import make_staff, make_unit, make_user
from tests.factories.editions import publish_edition

_numbers = count(1)
BODY = "Sáng nào ông cũng chèo đò qua sông, không lấy của ai một đồng.\n\nHỏi vì sao, ông chỉ cười."


def code_for(number: int) -> str:
    """A blind code of four letters: 2222, 2223 …"""
    letters = []
    for _ in range(4):
        number, rest = divmod(number, len(CODE_ALPHABET))
        letters.append(CODE_ALPHABET[rest])
    return "".join(reversed(letters))


def make_accepted(contest: Contest, category: str = "A", *, author: User | None = None, **fields: Any) -> Entry:
    """A valid entry with a code, as the secretariat leaves it: verified and consenting unless told not."""
    number = next(_numbers)
    now: datetime = fields.pop("now", contest.created_at)
    verified: bool = fields.pop("verified", True)
    author = author or make_user()
    exemplar = Exemplar(
        kind="individual",
        name=fields.pop("exemplar_name", f"Ông Số {number}"),
        unit=fields.pop("exemplar_unit", None) or make_unit(),
        created_at=now,
    )
    db.session.add(exemplar)
    db.session.flush()
    db.session.add(
        Verification(
            contest_id=contest.id,
            exemplar_id=exemplar.id,
            unit_id=exemplar.unit_id,
            requested_at=now,
            due_on=now.date(),
            outcome="verified" if verified else None,
            consent=True if verified else None,
        )
    )
    if verified:
        for purpose in PURPOSES:
            db.session.add(Consent(exemplar_id=exemplar.id, purpose=purpose, version=CONSENT_VERSION, given_at=now))
    values: dict[str, Any] = {
        "title": f"Chuyện thứ {number}",
        "body": BODY,
        "body_key": "",
        "genre": "ghi_chep",
        "author_name": author.name,
        "state": "accepted",
        "blind_code": code_for(number),
        "submitted_at": now,
        **fields,
    }
    values["word_count"] = count_words(values["body"])
    entry = Entry(
        contest=contest, category=category, author=author, exemplar=exemplar, created_at=now, updated_at=now, **values
    )
    db.session.add(entry)
    db.session.flush()
    return entry


def make_finalist(contest: Contest, category: str = "A", **fields: Any) -> Entry:
    """An accepted entry that reached the final round; readers may have it unless `published` is false."""
    published = fields.pop("published", True)
    entry = make_accepted(contest, category, **fields)
    db.session.add(Advancement(entry=entry, at=contest.created_at))
    db.session.flush()
    if published:
        publish_edition(entry, contest.created_at)
    return entry


def opening_of(contest: Contest, round_id: str) -> datetime:
    """One minute after a round's marking opens."""
    window = contest.rules.window(round_id)
    assert window is not None
    return window.opens + timedelta(minutes=1)


def make_panel(contest: Contest, round_id: str = "prelim", category: str = "A", size: int = 3) -> list[User]:
    """Judges with a seat, appointed for it, who have accepted the terms."""
    judges = [make_staff(contest, "judge") for _ in range(size)]
    for judge in judges:
        seat_judge(
            contest=contest, round_id=round_id, category=category, judge=judge, actor=None, now=contest.created_at
        )
        accept(contest, judge)
    return judges


def accept(contest: Contest, judge: User) -> None:
    """The judge agrees to the terms of judging, if not done yet."""
    accept_terms(contest=contest, judge=judge, shown=TERMS_SHA256, actor=judge, now=contest.created_at)


def declare(assignment: Assignment, now: datetime | None = None) -> Assignment:
    """The judge declares to have no conflict of interest, having accepted the terms; with one nothing happens."""
    contest = assignment.entry.contest
    now = now or opening_of(contest, assignment.round)
    accept(contest, assignment.judge)
    with suppress(NotFound, Conflict):
        declare_impartial(assignment=assignment, actor=assignment.judge, now=now)
    return assignment


def declare_all(contest: Contest, round_id: str = "prelim", now: datetime | None = None) -> list[Assignment]:
    """Every judge declares on everything they were given in a round, as after an assignment of all at once."""
    waiting = db.session.scalars(
        select(Assignment)
        .join(Entry, Entry.id == Assignment.entry_id)
        .where(
            Entry.contest_id == contest.id,
            Assignment.round == round_id,
            Assignment.standing.is_(True),
            Assignment.impartial_at.is_(None),
        )
        .order_by(Assignment.id)
    ).all()
    return [declare(assignment, now) for assignment in waiting]


def give(entry: Entry, judge: User, round_id: str = "prelim", actor: User | None = None) -> Assignment:
    """The entry in the hands of this judge, who declared to have no conflict of interest with it."""
    now = opening_of(entry.contest, round_id)
    return declare(assign_one(entry=entry, round_id=round_id, judge=judge, actor=actor or judge, now=now), now)


def spread_marks(contest: Contest, total: str | int | Decimal) -> dict[str, Decimal]:
    """Marks that add up to `total`, filled criterion by criterion: every total of the scale can be made."""
    left = Decimal(total)
    marks = {}
    for criterion in contest.rules.rubric.criteria:
        marks[criterion.id] = min(left, criterion.max)
        left -= marks[criterion.id]
    assert left == 0, f"{total} is above the scale"
    return marks


def finalise(
    assignment: Assignment,
    marks: Mapping[str, Any] | str | int | Decimal,
    comment: str = "",
    now: datetime | None = None,
) -> SheetRevision:
    """The judge's final sheet: marks by criterion, or a total to be spread over them. Declared on first."""
    contest = assignment.entry.contest
    if assignment.impartial_at is None:
        declare(assignment)
    if not isinstance(marks, Mapping):
        marks = spread_marks(contest, marks)
    return finalise_sheet(
        assignment=assignment,
        marks={criterion: Decimal(str(mark)) for criterion, mark in marks.items()},
        comment=comment,
        version=assignment.sheet.version if assignment.sheet else 0,
        actor=assignment.judge,
        now=now or opening_of(contest, assignment.round),
    )


def mark_all(entry: Entry, judges: Sequence[User], totals: Sequence[Any], round_id: str = "prelim") -> list[Assignment]:
    """Each judge given the entry and finished with it, in turn."""
    assignments = []
    for judge, total in zip(judges, totals, strict=True):
        assignment = give(entry, judge, round_id)
        finalise(assignment, total)
        assignments.append(assignment)
    return assignments


def assignments_of(entry: Entry, round_id: str = "prelim", *, standing: bool = True) -> list[Assignment]:
    """An entry's assignments, oldest first."""
    query = select(Assignment).where(Assignment.entry_id == entry.id, Assignment.round == round_id)
    if standing:
        query = query.where(Assignment.standing.is_(True))
    return list(db.session.scalars(query.order_by(Assignment.id)))


def marks_on(assignment: Assignment) -> dict[str, Decimal]:
    """The working marks of a sheet."""
    db.session.expire(assignment)
    return marks_of(assignment.sheet)
