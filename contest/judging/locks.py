"""What judging waits for, so that two acts that depend on each other never pass unseen.

SQLite has one writer at a time and needs none of this. On PostgreSQL:

- whoever writes a sheet holds the contest *shared*; closing a round, changing a panel and assigning
  hold it *alone*. So no mark slips in between counting and locking.
- finalising holds the entry as well: of two judges who finalise at once the second sees the first,
  and one of them finds the gap that asks for a third judge.
- any change of a sheet holds its assignment, which exists before the sheet does.

Always in this order: contest, entry, assignment.
"""

from __future__ import annotations

from sqlalchemy import select

from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, Conflict
from contest.entries.models import Entry
from contest.judging.models import Assignment, RoundClosing


def hold_contest(contest: Contest, *, alone: bool = False) -> None:
    """Wait for the contest's judging: shared for a judge's act, alone for one on all of it."""
    query = select(Contest.id).where(Contest.id == contest.id)
    # FOR NO KEY UPDATE: rows of other rooms that refer to the contest may go on being added.
    query = query.with_for_update(key_share=True) if alone else query.with_for_update(read=True)
    db.session.execute(query)


def hold_entry(entry_id: int) -> None:
    """Wait for whoever finalises a sheet of this entry."""
    db.session.execute(select(Entry.id).where(Entry.id == entry_id).with_for_update(key_share=True))


def hold_assignment(assignment: Assignment) -> Assignment:
    """The assignment as it stands now, held until the transaction ends."""
    return db.session.scalars(
        select(Assignment)
        .where(Assignment.id == assignment.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def find_closing(contest_id: int, round_id: str, category: str) -> RoundClosing | None:
    """The closing of a round in a category, None while it is open."""
    return db.session.scalar(
        select(RoundClosing).where(
            RoundClosing.contest_id == contest_id, RoundClosing.round == round_id, RoundClosing.category == category
        )
    )


def check_not_locked(contest_id: int, round_id: str, category: str) -> None:
    """Raises Conflict once the round is closed: its scores are locked."""
    closing = find_closing(contest_id, round_id, category)
    if closing is not None:
        raise Conflict(
            N_("This round was closed at %(at)s; its scores are locked."), code="round_closed", at=closing.at
        )
