"""Finding cases: by code, for the desk, and for those who prepare results."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from contest.complaints.models import Complaint, ComplaintFile, ComplaintNote
from contest.complaints.rules import CHANGES, CODE, OPEN, PUBLIC_ID, RECEIVED
from contest.core.db import db
from contest.core.errors import NotFound
from contest.entries.models import Entry

PAGE = 50


def is_open() -> ColumnElement[bool]:
    """Neither answered nor withdrawn."""
    return Complaint.state.in_(OPEN)


# For those who prepare and publish results


def open_objections(
    contest_id: int,
    *,
    entry_id: int | None = None,
    prize_id: str | None = None,
    kinds: Collection[str] | None = None,
) -> Sequence[Complaint]:
    """Cases of a contest that wait for an answer, the most urgent first.

    With `entry_id` or `prize_id` those that concern either, together with those that name neither: they
    may concern any. `kinds` as in rules.KINDS; every kind unless told. Late ones are among them.
    """
    query = select(Complaint).where(Complaint.contest_id == contest_id, is_open())
    if kinds is not None:
        query = query.where(Complaint.kind.in_(kinds))
    if entry_id is not None or prize_id is not None:
        about = [and_(Complaint.entry_id.is_(None), Complaint.prize_id.is_(None))]
        if entry_id is not None:
            about.append(Complaint.entry_id == entry_id)
        if prize_id is not None:
            about.append(Complaint.prize_id == prize_id)
        query = query.where(or_(*about))
    return db.session.scalars(query.order_by(next_due(), Complaint.id)).all()


@dataclass(frozen=True, slots=True)
class Frozen:
    """What waits until cases are answered: ids of entries whose prize waits, and ids of prizes of the rules.

    A case that names both an entry and a prize freezes that prize of that entry alone: `pairs`.
    """

    entries: frozenset[int]
    prizes: frozenset[str]
    pairs: frozenset[tuple[int, str]]

    def holds(self, entry_id: int, prize_id: str) -> bool:
        """Whether this prize of this entry waits."""
        return entry_id in self.entries or prize_id in self.prizes or (entry_id, prize_id) in self.pairs

    def __bool__(self) -> bool:
        return bool(self.entries or self.prizes or self.pairs)


def frozen_prizes(contest_id: int) -> Frozen:
    """The prizes of a contest that open cases freeze, by the rules' `freeze_award` or by who works on them."""
    rows = db.session.execute(
        select(Complaint.entry_id, Complaint.prize_id)
        .where(Complaint.contest_id == contest_id, is_open(), Complaint.freezes)
        .distinct()
    ).all()
    return Frozen(
        entries=frozenset(entry for entry, prize in rows if entry is not None and prize is None),
        prizes=frozenset(prize for entry, prize in rows if prize is not None and entry is None),
        pairs=frozenset((entry, prize) for entry, prize in rows if entry is not None and prize is not None),
    )


def upheld_since(contest_id: int, since: datetime) -> Sequence[Complaint]:
    """Cases that were found right, in whole or in part, after `since`: results worked out before are to be redone."""
    return db.session.scalars(
        select(Complaint)
        .where(Complaint.contest_id == contest_id, Complaint.outcome.in_(CHANGES), Complaint.answered_at > since)
        .order_by(Complaint.answered_at, Complaint.id)
    ).all()


def published_outcomes(contest_id: int) -> Sequence[Complaint]:
    """Outcomes that the public is told of. Whether the time for it has come is the caller's question."""
    return db.session.scalars(
        select(Complaint)
        .where(Complaint.contest_id == contest_id, Complaint.published.is_not(None))
        .order_by(Complaint.published_at.desc(), Complaint.id.desc())
        .limit(200)
    ).all()


# By the code of the receipt


def find_by_code(code: str, *, lock: bool = False) -> Complaint | None:
    """The case with this code, in the one form of codes."""
    if not CODE.fullmatch(code):
        return None
    query = select(Complaint).where(Complaint.code == code)
    return db.session.scalar(query.with_for_update() if lock else query)


def get_by_code(code: str, *, lock: bool = False) -> Complaint:
    """As `find_by_code`. Raises NotFound."""
    found = find_by_code(code, lock=lock)
    if found is None:
        raise NotFound(code)
    return found


# The desk


def next_due() -> ColumnElement[date]:
    """The last day of the clock that runs; the SQL twin of rules.due_on for open cases."""
    earlier = case(
        (Complaint.acknowledge_by < Complaint.answer_by, Complaint.acknowledge_by), else_=Complaint.answer_by
    )
    return case((Complaint.acknowledged_at.is_(None), earlier), else_=Complaint.answer_by)


def get_case(contest_id: int, public_id: str, *, lock: bool = False) -> Complaint:
    """A case of a contest. Raises NotFound."""
    found = None
    if PUBLIC_ID.fullmatch(public_id):
        query = select(Complaint).where(Complaint.contest_id == contest_id, Complaint.public_id == public_id)
        found = db.session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound(public_id)
    return found


def listed(contest_id: int, *, which: str = "open", owner_id: int | None = None, kind: str = "") -> Select[Complaint]:
    """Cases for the desk: `which` is open, mine (open ones of `owner_id`), unowned, closed or all."""
    query = select(Complaint).where(Complaint.contest_id == contest_id)
    if kind:
        query = query.where(Complaint.kind == kind)
    if which == "closed":
        query = query.where(~is_open())
    elif which != "all":
        query = query.where(is_open())
    if which == "mine":
        query = query.where(Complaint.owner_id == owner_id)
    if which == "unowned":
        query = query.where(Complaint.owner_id.is_(None))
    if which in {"closed", "all"}:
        query = query.order_by(Complaint.received_at.desc(), Complaint.id.desc())
    else:
        query = query.order_by(next_due(), Complaint.id)
    return query.options(joinedload(Complaint.entry), joinedload(Complaint.owner))


def page_of(query: Select[Complaint], number: int) -> tuple[Sequence[Complaint], bool]:
    """The rows of page `number` (from 1) and whether there are more."""
    rows = db.session.scalars(query.limit(PAGE + 1).offset((number - 1) * PAGE)).all()
    return rows[:PAGE], len(rows) > PAGE


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases of a contest are open, past the day of their clock, without an owner, and freeze a prize."""

    open: int = 0
    late: int = 0
    unowned: int = 0
    freezing: int = 0


def counts(contest_id: int, today: date) -> Counts:
    """What the desk and the overview say at a glance, in one statement."""
    row = db.session.execute(
        select(
            func.count(Complaint.id),
            func.count(case((next_due() < today, 1))),
            func.count(case((Complaint.owner_id.is_(None), 1))),
            func.count(case((Complaint.freezes, 1))),
        ).where(Complaint.contest_id == contest_id, is_open())
    ).one()
    return Counts(*row)


def unacknowledged(contest_id: int) -> int:
    """How many cases nobody has taken yet."""
    query = select(func.count(Complaint.id)).where(Complaint.contest_id == contest_id, Complaint.state == RECEIVED)
    return db.session.scalar(query) or 0


def notes_of(complaint: Complaint, *, for_sender: bool = False) -> Sequence[ComplaintNote]:
    """What was done about a case, in its order; for its sender without what stays inside."""
    query = select(ComplaintNote).where(ComplaintNote.complaint_id == complaint.id).order_by(ComplaintNote.id)
    if for_sender:
        return db.session.scalars(query.where(~ComplaintNote.inside)).all()
    return db.session.scalars(query.options(selectinload(ComplaintNote.by))).all()


def files_of(complaint: Complaint) -> Sequence[ComplaintFile]:
    """What came with a case, in its order."""
    return db.session.scalars(
        select(ComplaintFile).where(ComplaintFile.complaint_id == complaint.id).order_by(ComplaintFile.id)
    ).all()


def get_file(complaint: Complaint, public_id: str) -> ComplaintFile:
    """A file of a case. Raises NotFound."""
    found = None
    if PUBLIC_ID.fullmatch(public_id):
        found = db.session.scalar(
            select(ComplaintFile).where(
                ComplaintFile.complaint_id == complaint.id, ComplaintFile.public_id == public_id
            )
        )
    if found is None:
        raise NotFound(public_id)
    return found


def cases_on(entry: Entry) -> Sequence[Complaint]:
    """Every case about an entry, open or not, the latest first."""
    return db.session.scalars(
        select(Complaint).where(Complaint.entry_id == entry.id).order_by(Complaint.id.desc()).limit(PAGE)
    ).all()
