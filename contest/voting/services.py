"""Casting a ballot. The one hot path of the site: an evening's votes arrive within minutes.

It is written in statements, not in objects: five for a first ballot, eight for a change (a test
counts them), and nothing else is read. What it leaves to the database it leaves on purpose:

- UNIQUE (contest, voter) is what makes a voter's ballot one. So the ballot is inserted first, and
  only a conflict makes us look at the one that stands. A check beforehand would be right only while
  nobody else comes in between.
- The voter's row is locked first (on SQLite, the whole database is), so that the requests of one
  voter are serial and those of two voters never wait for each other.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from contest.contests.models import Contest, RuleSetVersion, find_parsed
from contest.contests.ruleset import RuleSet
from contest.core.db import db, new_code
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.entries.models import Entry
from contest.voting.identity import (
    admit_voter,
    confirm_code,
    forget_old_codes,
    inserting,
    must_be_open,
    request_code,
)
from contest.voting.models import Ballot, BallotRevision, Choice, Voter
from contest.voting.queries import on_the_ballot
from contest.voting.rules import PUBLIC_ID

__all__ = ["Cast", "admit_voter", "cast_ballot", "confirm_code", "forget_old_codes", "request_code"]

BALLOT_ID_LENGTH = 16

# The statements, built once: putting them together costs more than the databases take to run them.
_LOCK = (
    select(Contest.id, RuleSetVersion.id, RuleSetVersion.sha256)
    .join(RuleSetVersion, Contest.current_version_id == RuleSetVersion.id)
    .join(Voter, Voter.contest_id == Contest.id)
    .where(Contest.slug == bindparam("slug"), Voter.id == bindparam("voter_id"))
    .with_for_update(of=Voter)
)
_FIND_CHOSEN = (
    on_the_ballot(bindparam("contest_id"), bindparam("categories", expanding=True))
    .with_only_columns(Entry.public_id, Entry.id)
    .where(Entry.public_id.in_(bindparam("picks", expanding=True)))
)
_ADD_BALLOT = {
    dialect: inserting(dialect, Ballot).on_conflict_do_nothing().returning(Ballot.id)
    for dialect in ("sqlite", "postgresql")
}
_FIND_BALLOT = (
    select(Ballot.id, Ballot.ballot_id, Ballot.revision, Choice.entry_id)
    .outerjoin(Choice, Choice.ballot_id == Ballot.id)
    .where(Ballot.contest_id == bindparam("contest_id"), Ballot.voter_id == bindparam("voter_id"))
)
_RAISE_BALLOT = (
    update(Ballot).where(Ballot.id == bindparam("ballot")).values(revision=bindparam("to"), changed_at=bindparam("at"))
)
_CLEAR_CHOICES = delete(Choice).where(Choice.ballot_id == bindparam("ballot"))
_ADD_CHOICE = insert(Choice)
_ADD_REVISION = insert(BallotRevision)


class _Head(NamedTuple):
    """A ballot without its choices."""

    id: int
    ballot_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class Cast:
    """What became of a ballot. `kept`: it held these choices already, a retry changed nothing."""

    ballot_id: str
    revision: int
    outcome: Literal["cast", "changed", "kept"]


def cast_ballot(
    *, slug: str, voter_id: int, picks: Collection[str], now: datetime, based_on: int | None = None
) -> Cast:
    """Cast, or change, the one ballot of a voter. Call it first thing inside `writing()`.

    `picks` are public ids of entries. `based_on` is the revision that the voter was looking at (0:
    none yet): when another window has changed the ballot since, nothing is overwritten. None
    overwrites.

    1. Find contest, rules and voter, and lock the voter. A stranger raises NotFound.
    2. The window, half-open, by `now`; between 1 and k different entries. Raises Refused.
    3. All of them are finalists that stand now. Raises Refused.
    4. Insert the ballot, unless there is one.
    5. If there is one: the same choices are a retry and change nothing; others raise its revision
       and take its choices away. Raises Conflict for a stale `based_on`, Refused when the rules
       know no change.
    6. Insert the choices, and the revision as it will be kept.
    """
    connection = db.session.connection()
    contest_id, rules = _locked(connection, slug, voter_id)
    must_be_open(rules, now)
    chosen = _entries(connection, contest_id, rules, picks)
    head = _inserted(connection, contest_id, voter_id, now)
    outcome: Literal["cast", "changed"] = "cast"
    if head is None:
        head, before = _standing(connection, contest_id, voter_id)
        if before == set(chosen.values()):
            return Cast(head.ballot_id, head.revision, "kept")
        head = _reopened(connection, rules, head, now, based_on)
        outcome = "changed"
    slots = enumerate(chosen.values(), start=1)
    connection.execute(
        _ADD_CHOICE, [{"ballot_id": head.id, "slot": slot, "entry_id": entry_id} for slot, entry_id in slots]
    )
    connection.execute(
        _ADD_REVISION, {"ballot_id": head.id, "revision": head.revision, "choices": sorted(chosen), "at": now}
    )
    return Cast(head.ballot_id, head.revision, outcome)


def _locked(connection: Connection, slug: str, voter_id: int) -> tuple[int, RuleSet]:
    found = connection.execute(_LOCK, {"slug": slug, "voter_id": voter_id}).one_or_none()
    if found is None:
        raise NotFound(slug)
    contest_id, version_id, sha256 = found
    # The document of the rules is long and never changes under its hash: read once in each process.
    return contest_id, find_parsed(sha256) or db.session.get_one(RuleSetVersion, version_id).rules


def _entries(connection: Connection, contest_id: int, rules: RuleSet, picks: Collection[str]) -> dict[str, int]:
    """Public id -> id of the chosen entries, in the order chosen. Raises Refused."""
    wanted = list(dict.fromkeys(picks))
    if not wanted:
        raise Refused(N_("Choose at least one entry."), code="no_choice")
    if len(wanted) > rules.voting.choices_max:
        raise Refused(
            N_("Choose at most %(most)s entries; you have chosen %(chosen)s."),
            code="too_many_choices",
            most=rules.voting.choices_max,
            chosen=len(wanted),
        )
    known = [pick for pick in wanted if PUBLIC_ID.fullmatch(pick)]
    rows = connection.execute(
        _FIND_CHOSEN, {"contest_id": contest_id, "categories": list(rules.voting.categories), "picks": known}
    )
    standing = {row[0]: row[1] for row in rows}
    if len(standing) < len(wanted):
        raise Refused(
            N_("An entry that you chose is not among the finalists any more. Please choose again."),
            code="not_a_finalist",
        )
    return {public_id: standing[public_id] for public_id in wanted}


def _inserted(connection: Connection, contest_id: int, voter_id: int, now: datetime) -> _Head | None:
    """A new ballot of the first revision; None when the database has one of this voter."""
    ballot_id = new_code(BALLOT_ID_LENGTH)
    values = {"ballot_id": ballot_id, "contest_id": contest_id, "voter_id": voter_id, "cast_at": now, "changed_at": now}
    number = connection.execute(_ADD_BALLOT[connection.dialect.name], {**values, "revision": 1}).scalar()
    return None if number is None else _Head(number, ballot_id, 1)


def _standing(connection: Connection, contest_id: int, voter_id: int) -> tuple[_Head, set[int]]:
    """The ballot that stands, and the ids of its entries.

    A statement of its own after the conflict: on PostgreSQL it sees what was committed meanwhile.
    """
    rows = connection.execute(_FIND_BALLOT, {"contest_id": contest_id, "voter_id": voter_id}).all()
    return _Head(*rows[0][:3]), {row[3] for row in rows}


def _reopened(connection: Connection, rules: RuleSet, head: _Head, now: datetime, based_on: int | None) -> _Head:
    """The ballot at its next revision and without choices. Raises Refused, Conflict."""
    if not rules.voting.changeable_until_close:
        raise Refused(N_("Your ballot has been cast; by the rules it cannot be changed."), code="ballot_final")
    if based_on is not None and based_on != head.revision:
        raise Conflict(
            N_("Your ballot was changed in another window. Look at what you have chosen here and send it again."),
            code="ballot_changed",
        )
    raised = head._replace(revision=head.revision + 1)
    connection.execute(_RAISE_BALLOT, {"ballot": head.id, "to": raised.revision, "at": now})
    connection.execute(_CLEAR_CHOICES, {"ballot": head.id})
    return raised
