"""The log of a vote as it grows: its first leaf, and what is decided about ballots and candidates.

What is written here waits like ballots do; `voting.sealing` gives it a place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, update

from contest.contests.models import Contest
from contest.contests.ruleset import RuleSet
from contest.core.db import db
from contest.core.signing import Signer
from contest.entries.models import Entry
from contest.entries.queries import finalists_of
from contest.voting.identity import inserting
from contest.voting.ledger.leaves import leaf
from contest.voting.ledger.merkle import leaf_hash
from contest.voting.ledger.notes import verifier_key
from contest.voting.models_log import BallotLog, Leaf


def find_log(contest_id: int) -> BallotLog | None:
    """The log of a contest's vote; None until it is opened."""
    return db.session.get(BallotLog, contest_id)


def signed_by(log: BallotLog, public: bytes) -> bool:
    """Whether this is the key of a log. A log keeps the name it was opened under, whatever the site is called since."""
    return log.key == verifier_key(log.origin, public)


def open_log(*, contest: Contest, signer: Signer, now: datetime) -> bool:
    """Write the first leaf: the rules by their hash, the candidates, the key. True when this call did.

    The candidates are the finalists of now; who joins or falls out later is a leaf of its own.
    """
    key = verifier_key(signer.origin, signer.public)
    finalists = finalists_of(contest.id, contest.rules.voting.categories).order_by(None)
    rows = db.session.execute(finalists.with_only_columns(Entry.public_id, Entry.category))
    candidates = {row.public_id: row.category for row in rows}
    terms = terms_of(contest.rules, contest.current_version.sha256 if contest.current_version else "")
    connection = db.session.connection()
    made = connection.execute(
        inserting(connection.dialect.name, BallotLog)
        .values(
            contest_id=contest.id,
            origin=signer.origin,
            key=key,
            size=0,
            peaks=[],
            ballots=0,
            number=0,
            standing=dict.fromkeys(candidates, True),
            terms=terms,
            opened_at=now,
        )
        .on_conflict_do_nothing()
        .returning(BallotLog.contest_id)
    ).scalar()
    if made is None:
        return False
    _write(contest, now, "open", v=1, candidates=candidates, key=key, **terms)
    return True


def decide(contest: Contest, now: datetime, kind: str, **said: Any) -> int:
    """Write a leaf that carries the next number (`stand`, `join`, `amend`, `void`, `admit`, `close`); the number."""
    number = db.session.execute(
        update(BallotLog)
        .where(BallotLog.contest_id == contest.id)
        .values(number=BallotLog.number + 1)
        .returning(BallotLog.number)
    ).scalar_one()
    _write(contest, now, kind, number=number, **said)
    return int(number)


_AT_ONCE = 1000


def decide_many(contest: Contest, now: datetime, kind: str, each: Sequence[Mapping[str, Any]]) -> range:
    """As `decide`, a leaf for each of `each`, with numbers that follow one another; the numbers.

    For tens of thousands: one statement takes the numbers, and the leaves are written in parts.
    """
    if not each:
        return range(0)
    last = db.session.execute(
        update(BallotLog)
        .where(BallotLog.contest_id == contest.id)
        .values(number=BallotLog.number + len(each))
        .returning(BallotLog.number)
    ).scalar_one()
    numbers = range(last - len(each) + 1, last + 1)
    for start in range(0, len(each), _AT_ONCE):
        rows = []
        for number, said in zip(numbers[start : start + _AT_ONCE], each[start : start + _AT_ONCE], strict=True):
            content = leaf(contest.public_id, kind, number=number, **said)
            rows.append(
                {
                    "contest_id": contest.id,
                    "kind": kind,
                    "content": content,
                    "hash": leaf_hash(content.encode()).hex(),
                    "at": now,
                }
            )
        db.session.execute(insert(Leaf), rows)
    return numbers


def terms_of(rules: RuleSet, sha256: str) -> dict[str, Any]:
    """What the rules fix about counting, in the words of the log."""
    voting = rules.voting
    window = rules.window("voting")
    prize = next((each for each in rules.prizes if each.id == voting.prize), None)
    return {
        "rules": sha256,
        "scope": voting.ballot_scope,
        "choices_max": voting.choices_max,
        "choices_per_category": voting.choices_per_category or 0,
        "closes": window.closes.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if window else "",
        "minimum": voting.min_valid_voters_for_prize,
        "seats": prize.count if prize else 0,
        "tie_break": list(voting.tie_break),
    }


def _write(contest: Contest, now: datetime, kind: str, **said: Any) -> None:
    content = leaf(contest.public_id, kind, **said)
    db.session.add(
        Leaf(contest_id=contest.id, kind=kind, content=content, hash=leaf_hash(content.encode()).hex(), at=now)
    )
    db.session.flush()
