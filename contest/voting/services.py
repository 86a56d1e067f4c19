"""Casting a ballot. The one hot path of the site: an evening's votes arrive within minutes.

It is written in statements, not in objects: five for a first ballot, eight for a change (a test
counts them), handed to the driver as they are (core.driver); nothing else is read. What it leaves
to the database it leaves on purpose:

- UNIQUE (contest, voter, scope) is what makes a voter's ballot one. So the ballot is inserted
  first, and only a conflict makes us look at the one that stands. A check beforehand would be right
  only while nobody else comes in between.
- The voter's row is locked first (on SQLite, the whole database is), so that the requests of one
  voter are serial and those of two voters never wait for each other.
- The leaf of the log is written in the same transaction, without a place: sealing gives it one
  later, in batches, so that no two ballots ever wait for one counter.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from contest.contests.models import find_parsed, keep_parsed
from contest.contests.ruleset import RuleSet
from contest.core.db import db, new_code
from contest.core.driver import Driver
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.voting.codes import confirm_code, forget_old_codes, request_code
from contest.voting.identity import admit_account, admit_voter, must_be_open
from contest.voting.ledger.leaves import ballot_leaf, ballot_tag, commitment
from contest.voting.ledger.merkle import leaf_hash
from contest.voting.rules import BALLOT_ID, PUBLIC_ID, SALT, scope_of
from contest.voting.statements import (
    ADD_BALLOT,
    ADD_LEAF,
    CLEAR_CHOICES,
    COUNT_BALLOTS,
    FIND_BALLOT,
    FIND_RULES,
    LOCK,
    RAISE_BALLOT,
    add_choices,
    find_chosen,
)

__all__ = [
    "Cast",
    "LogNotOpen",
    "Sealed",
    "admit_account",
    "admit_voter",
    "cast_ballot",
    "confirm_code",
    "forget_old_codes",
    "request_code",
]

BALLOT_ID_LENGTH = 16


class LogNotOpen(Refused):
    """The log of this vote has no first leaf yet: open it (voting.log) and cast again. Refused again: it is closed."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a voter's browser made before it sent anything: a number for a new ballot (that of the ballot
    for a change), a salt of 64 hex digits, and the commitment over both."""

    ballot: str
    salt: str
    commitment: str


class _Voting(NamedTuple):
    """What is known after the lock."""

    contest_id: int
    contest: str
    rules: RuleSet
    voter_tag: str
    barred: str | None
    own: list[int]


class _Head(NamedTuple):
    """A ballot without its choices."""

    id: int
    ballot_id: str
    revision: int


class _Chosen(NamedTuple):
    id: int
    category: str


@dataclass(frozen=True, slots=True)
class Cast:
    """What became of a ballot. `kept`: it held these choices already, a retry changed nothing."""

    ballot_id: str
    revision: int
    outcome: Literal["cast", "changed", "kept"]
    scope: str


def cast_ballot(
    *,
    slug: str,
    voter_id: int,
    picks: Collection[str],
    now: datetime,
    based_on: int | None = None,
    part: str = "",
    sealed: Sealed | None = None,
    opened: Collection[str] = (),
    driver: Driver | None = None,
) -> Cast:
    """Cast, or change, a ballot of a voter. Call it first thing inside `writing()`, or inside
    `writing_directly()` with its `driver`.

    `picks` are public ids of entries. `based_on` is the revision that the voter was looking at (0:
    none yet): when another window has changed the ballot since, nothing is overwritten. None
    overwrites. `part` says which ballot where the rules give several (rules.scope_of). `sealed` is
    what the voter's browser made; without it the server makes salt and commitment. `opened` are the
    public ids of entries that this voter has read: asked for where the rules require reading.

    1. Find contest, rules and voter, and lock the voter. A stranger raises NotFound; a vote whose
       log is not open, LogNotOpen.
    2. The window, half-open, by `now`; who may vote at all; between 1 and k different entries. Refused.
    3. All of them are finalists that stand now, as many of a category as the rules say, none the
       voter's own. Raises Refused.
    4. Insert the ballot, unless there is one.
    5. If there is one: the same choices are a retry and change nothing; others raise its revision
       and take its choices away. Raises Conflict for a stale `based_on`, Refused when the rules
       know no change.
    6. Insert the choices, and the leaf with the commitment to them. Raises Refused when the
       browser's commitment is not the one to what it sent.
    """
    driver = driver or Driver.of(db.session.connection())
    found = _locked(driver, slug, voter_id, now)
    if found.barred:
        raise Refused(_BARRED[found.barred], code="barred")
    scope = scope_of(found.rules.voting, now, part)
    chosen = _entries(driver, found, picks, part)
    if found.rules.voting.reading_required:
        _must_be_read(driver, found.contest_id, voter_id, scope, chosen, opened)
    head = _inserted(driver, found, voter_id, scope, now, sealed)
    outcome: Literal["cast", "changed"] = "cast"
    if head is None:
        head, before = _standing(driver, found.contest_id, voter_id, scope)
        if before == {each.id for each in chosen.values()}:
            return Cast(head.ballot_id, head.revision, "kept", scope)
        head = _reopened(driver, found.rules, head, now, based_on)
        outcome = "changed"
    numbered = {f"entry{at}": entry.id for at, entry in enumerate(chosen.values())}
    driver.run(add_choices(len(chosen)), {"ballot": head.id, **numbered})
    driver.run(ADD_LEAF, _leaf(found, head, sorted(chosen), scope, now, sealed))
    return Cast(head.ballot_id, head.revision, outcome, scope)


_BARRED = {
    "judges": N_("By the rules of this contest its judges do not vote."),
    "staff": N_("By the rules of this contest those who run it do not vote."),
}


def _locked(driver: Driver, slug: str, voter_id: int, now: datetime) -> _Voting:
    found = driver.run(LOCK, {"slug": slug, "voter_id": voter_id}).fetchone()
    if found is None:
        raise NotFound(slug)
    contest_id, public_id, version_id, sha256, tag, barred, own, open_log = found
    # The document of the rules is long and never changes under its hash: read once in each process.
    rules = find_parsed(sha256)
    if rules is None:
        rules = keep_parsed(sha256, driver.run(FIND_RULES, {"version_id": version_id}).fetchone()[0])
    must_be_open(rules, now)
    if not open_log:
        raise LogNotOpen(N_("This vote takes no more ballots."), code="log_closed")
    return _Voting(contest_id, public_id, rules, tag, barred, json.loads(own) if own else [])


def _entries(driver: Driver, found: _Voting, picks: Collection[str], part: str) -> dict[str, _Chosen]:
    """Public id -> the chosen entry, in the order chosen. Raises Refused."""
    voting = found.rules.voting
    wanted = list(dict.fromkeys(picks))
    if not wanted:
        raise Refused(N_("Choose at least one entry."), code="no_choice")
    if len(wanted) > voting.choices_max:
        raise Refused(
            N_("Choose at most %(most)s entries; you have chosen %(chosen)s."),
            code="too_many_choices",
            most=voting.choices_max,
            chosen=len(wanted),
        )
    known = [pick for pick in wanted if PUBLIC_ID.fullmatch(pick)]
    categories = [part] if voting.ballot_scope == "category" else list(voting.categories)
    rows = _find_chosen(driver, found, known, categories) if known else []
    standing = {row[0]: _Chosen(row[1], row[2]) for row in rows}
    if len(standing) < len(wanted):
        raise Refused(
            N_("An entry that you chose is not among the finalists any more. Please choose again."),
            code="not_a_finalist",
        )
    if any(each.id in found.own for each in standing.values()):
        raise Refused(N_("By the rules authors do not choose their own entry."), code="own_entry")
    if most := voting.choices_per_category:
        counted = [each.category for each in standing.values()]
        if any(counted.count(category) > most for category in set(counted)):
            raise Refused(N_("Choose at most %(most)s entries of one category."), code="too_many_of_one", most=most)
    return {public_id: standing[public_id] for public_id in wanted}


def _find_chosen(driver: Driver, found: _Voting, picks: list[str], categories: list[str]) -> Any:
    values: dict[str, Any] = {f"category{at}": category for at, category in enumerate(categories)}
    values.update((f"pick{at}", pick) for at, pick in enumerate(picks))
    values["contest_id"] = found.contest_id
    return driver.run(find_chosen(len(picks), len(categories)), values)


def _must_be_read(
    driver: Driver,
    contest_id: int,
    voter_id: int,
    scope: str,
    chosen: dict[str, _Chosen],
    opened: Collection[str],
) -> None:
    """What stands on the ballot already was read when it was chosen. Raises Refused for what was not."""
    unread = {entry.id for public_id, entry in chosen.items() if public_id not in opened}
    if unread:
        rows = driver.run(FIND_BALLOT, {"contest_id": contest_id, "voter_id": voter_id, "scope": scope})
        unread -= {row[3] for row in rows}
    if unread:
        raise Refused(
            N_("By the rules an entry is read before it is chosen. Not read yet: %(number)s of those that you chose."),
            code="unread",
            number=len(unread),
        )


def _inserted(
    driver: Driver, found: _Voting, voter_id: int, scope: str, now: datetime, sealed: Sealed | None
) -> _Head | None:
    """A new ballot of the first revision; None when the database has one of this voter. Raises Refused."""
    if found.rules.voting.ballots_max and _has_none_left(driver, found, voter_id, scope):
        return None
    proposed = sealed.ballot if sealed and BALLOT_ID.fullmatch(sealed.ballot) else ""
    ballot_id = proposed or new_code(BALLOT_ID_LENGTH)
    values = {
        "ballot_id": ballot_id,
        "contest_id": found.contest_id,
        "voter_id": voter_id,
        "scope": scope,
        "tag": ballot_tag(found.voter_tag, scope),
        "revision": 1,
        "cast_at": now,
        "changed_at": now,
    }
    row = driver.run(ADD_BALLOT, values).fetchone()
    return None if row is None else _Head(row[0], ballot_id, 1)


def _has_none_left(driver: Driver, found: _Voting, voter_id: int, scope: str) -> bool:
    """True for a change of the last ballot; raises Refused when a new one would be more than all.

    Serial by the lock on the voter, so that the count is right.
    """
    most = found.rules.voting.ballots_max or 0
    voter = {"contest_id": found.contest_id, "voter_id": voter_id}
    if driver.run(COUNT_BALLOTS, voter).fetchone()[0] < most:
        return False
    if driver.run(FIND_BALLOT, {**voter, "scope": scope}).fetchone() is None:
        raise Refused(
            N_("The rules give each reader %(most)s ballots in all, and you have cast them."),
            code="no_ballot_left",
            most=most,
        )
    return True


def _standing(driver: Driver, contest_id: int, voter_id: int, scope: str) -> tuple[_Head, set[int]]:
    """The ballot that stands, and the ids of its entries. Raises Conflict where the number alone was taken.

    A statement of its own after the conflict: on PostgreSQL it sees what was committed meanwhile.
    """
    rows = driver.run(FIND_BALLOT, {"contest_id": contest_id, "voter_id": voter_id, "scope": scope}).fetchall()
    if not rows:
        raise Conflict(N_("The ballot could not be taken as it was sent. Please send it again."), code="ballot_number")
    return _Head(*rows[0][:3]), {row[3] for row in rows}


def _reopened(driver: Driver, rules: RuleSet, head: _Head, now: datetime, based_on: int | None) -> _Head:
    """The ballot at its next revision and without choices. Raises Refused, Conflict."""
    if not rules.voting.changeable_until_close:
        raise Refused(N_("Your ballot has been cast; by the rules it cannot be changed."), code="ballot_final")
    if based_on is not None and based_on != head.revision:
        raise Conflict(
            N_("Your ballot was changed in another window. Look at what you have chosen here and send it again."),
            code="ballot_changed",
        )
    raised = head._replace(revision=head.revision + 1)
    driver.run(RAISE_BALLOT, {"ballot": head.id, "to": raised.revision, "at": now})
    driver.run(CLEAR_CHOICES, {"ballot": head.id})
    return raised


def _leaf(
    found: _Voting, head: _Head, choices: list[str], scope: str, now: datetime, sealed: Sealed | None
) -> dict[str, object]:
    """The row of the leaf that commits to `choices`. Raises Refused."""
    salt = sealed.salt if sealed else secrets.token_hex(32)
    if not SALT.fullmatch(salt):
        raise Refused(N_("The ballot could not be taken as it was sent. Please send it again."), code="salt")
    made = commitment(found.contest, ballot=head.ballot_id, revision=head.revision, choices=choices, salt=salt)
    if sealed and made != sealed.commitment:
        raise Refused(
            N_("What your browser committed to is not what it sent. Please send the ballot again."),
            code="commitment",
        )
    content = ballot_leaf(
        found.contest,
        ballot=head.ballot_id,
        revision=head.revision,
        tag=ballot_tag(found.voter_tag, scope),
        commitment=made,
    )
    return {
        "contest_id": found.contest_id,
        "kind": "ballot",
        "content": content,
        "hash": leaf_hash(content.encode()).hex(),
        "at": now,
        "ballot_id": head.id,
        "revision": head.revision,
        "choices": choices,
        "salt": salt,
        "committed_by": "browser" if sealed else "server",
    }
