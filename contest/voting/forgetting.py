"""Forgetting who voted: the key, the voters, their traces and rolls, and what ties a ballot to any of them.

What stays is what the public checks: ballots with their choices, the log, its checkpoints and
openings, and which ballots were set aside. None of it names a voter, and no time is finer than an hour.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Dialect, Table, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import TIMESTAMP

from contest.core.db import db
from contest.voting.identity import forget_key
from contest.voting.models import Ballot, VoteCode, Voter
from contest.voting.models_review import Finding, FindingBallot, RollEntry, VoterAlias, VoterTrace

# In one transaction at most so many rows of each table: votes elsewhere do not wait for long.
PART = 50_000


def forget_voters(contest_id: int, most: int = PART) -> dict[str, int]:
    """Forget what ties ballots to people, `most` rows of each table at a time; how many of what, {} when done.

    The key goes first and at once: from then on nothing can be tied to a contact that is not stored.
    """
    done = {"keys": int(forget_key(contest_id))}
    if not done["keys"] and not db.session.scalar(select(Voter.id).where(Voter.contest_id == contest_id).limit(1)):
        return {}  # voters go last: nothing is left
    findings = select(Finding.id).where(Finding.contest_id == contest_id)
    done["ballots"] = _untie(contest_id, most)
    done["traces"] = _delete(VoterTrace, VoterTrace.contest_id == contest_id, most)
    done["roll"] = _delete(RollEntry, RollEntry.contest_id == contest_id, most)
    done["aliases"] = _forget_aliases(contest_id, most)
    done["codes"] = _delete(VoteCode, VoteCode.contest_id == contest_id, most)
    done["findings"] = _delete(FindingBallot, FindingBallot.finding_id.in_(findings), most)
    if all(number < most for name, number in done.items() if name != "findings") and not done["findings"]:
        done["voters"] = _delete(Voter, Voter.contest_id == contest_id, most)
    return {name: number for name, number in done.items() if number}


def _forget_aliases(contest_id: int, most: int) -> int:
    """Further tags of voters with accounts, which stand before the voters themselves."""
    here = VoterAlias.contest_id == contest_id
    some = select(VoterAlias.tag).where(here).order_by(VoterAlias.tag).limit(most)
    gone = db.session.execute(
        delete(VoterAlias)
        .where(here, VoterAlias.tag.in_(some.scalar_subquery()))
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a cursor result


def _untie(contest_id: int, most: int) -> int:
    """Ballots without their voter, and with no finer time than the hour."""
    dialect = db.session.connection().dialect
    cast, changed = _hour(dialect, Ballot.cast_at), _hour(dialect, Ballot.changed_at)
    fine = or_(Ballot.voter_id.is_not(None), Ballot.cast_at != cast, Ballot.changed_at != changed)
    some = select(Ballot.id).where(Ballot.contest_id == contest_id, fine).order_by(Ballot.id).limit(most)
    gone = db.session.execute(
        update(Ballot)
        .where(Ballot.id.in_(some.scalar_subquery()))
        .values(voter_id=None, cast_at=cast, changed_at=changed)
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a cursor result


def _hour(dialect: Dialect, instant: Any) -> ColumnElement[Any]:
    """The hour of an instant, as the column stores it."""
    if dialect.name == "postgresql":
        return func.date_trunc("hour", instant, type_=TIMESTAMP(timezone=True))
    return func.strftime("%Y-%m-%d %H:00:00.000000", instant)


def _delete(model: Any, where: ColumnElement[bool], most: int) -> int:
    table: Table = model.__table__
    if len(table.primary_key.columns) > 1:
        # Of a table of pairs: all of a few things at a time.
        key = FindingBallot.finding_id
        some = select(key).where(where).distinct().order_by(key).limit(max(most // 1000, 1))
    else:
        key = model.id
        some = select(key).where(where).order_by(key).limit(most)
    gone = db.session.execute(
        delete(model).where(key.in_(some.scalar_subquery())).execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a cursor result
