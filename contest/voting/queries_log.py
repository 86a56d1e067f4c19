"""What anyone may read of a log: sealed leaves and nothing that waits, checkpoints, where a ballot stands.

No choice, no time and no figure of an entry is in any of it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import func, select

from contest.core.db import db
from contest.voting import proofs
from contest.voting.ledger.leaves import promise_text
from contest.voting.ledger.merkle import leaf_hash
from contest.voting.ledger.notes import BadNote, read_verifier_key
from contest.voting.models import Ballot
from contest.voting.models_log import BallotLog, Checkpoint, Leaf
from contest.voting.models_review import BallotDecision
from contest.voting.sealing import latest_checkpoint

PAGE = 2000


def leaf_lines(contest_id: int, first: int, end: int) -> Iterator[str]:
    """The leaves from `first` up to `end` as lines, read in pages: memory does not grow with the log."""
    while first < end:
        rows = db.session.execute(
            select(Leaf.position, Leaf.content)
            .where(Leaf.contest_id == contest_id, Leaf.position >= first, Leaf.position < min(end, first + PAGE))
            .order_by(Leaf.position)
        ).all()
        db.session.rollback()  # nothing is held while a slow reader takes the page
        if not rows:
            return
        yield "".join(f"{row.content}\n" for row in rows)
        first = rows[-1].position + 1


def checkpoint_notes(contest_id: int, after: int, last: int) -> Iterator[str]:
    """The checkpoints of more than `after` leaves, up to that of `last`, an empty line between two."""
    gap = ""
    while after < last:
        rows = db.session.execute(
            select(Checkpoint.size, Checkpoint.note)
            .where(Checkpoint.contest_id == contest_id, Checkpoint.size > after, Checkpoint.size <= last)
            .order_by(Checkpoint.size)
            .limit(PAGE)
        ).all()
        db.session.rollback()
        if not rows:
            return
        yield gap + "\n".join(row.note for row in rows)
        after, gap = rows[-1].size, "\n"


def checkpoint_of(contest_id: int, size: int) -> Checkpoint | None:
    """The checkpoint of a log of exactly this size."""
    return db.session.scalar(select(Checkpoint).where(Checkpoint.contest_id == contest_id, Checkpoint.size == size))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ballot stands in the log, as far as a stranger may know.

    `position`: of its latest revision; None while that waits. `revisions`: (revision, position) of each.
    `set_aside`: the reason, where it is set aside now.
    """

    ballot: str
    revision: int
    position: int | None
    revisions: tuple[tuple[int, int | None], ...]
    set_aside: str | None

    @property
    def shown_id(self) -> str:
        """The number in groups of four."""
        return "-".join(self.ballot[at : at + 4] for at in range(0, len(self.ballot), 4))


def find_place(contest_id: int, ballot: str) -> Place | None:
    """The ballot with this number; None when the vote has none. Two statements."""
    rows = db.session.execute(
        select(Leaf.revision, Leaf.position, Ballot.id)
        .join(Ballot, Leaf.ballot_id == Ballot.id)
        .where(Ballot.contest_id == contest_id, Ballot.ballot_id == ballot)
        .order_by(Leaf.revision)
    ).all()
    if not rows:
        return None
    decision = db.session.execute(
        select(BallotDecision.kind, BallotDecision.reason)
        .where(BallotDecision.ballot_id == rows[0].id)
        .order_by(BallotDecision.number.desc())
        .limit(1)
    ).one_or_none()
    return Place(
        ballot,
        rows[-1].revision,
        rows[-1].position,
        tuple((row.revision, row.position) for row in rows),
        decision.reason if decision is not None and decision.kind == "void" else None,
    )


def inclusion_of(contest_id: int, place: Place) -> dict[str, Any] | None:
    """What shows that a ballot's latest revision is in the log as it was last signed; None while it waits.

    Raises tiles.BrokenTree.
    """
    last = latest_checkpoint(contest_id)
    if place.position is None or last is None:
        return None
    content = db.session.scalar(
        select(Leaf.content).where(Leaf.contest_id == contest_id, Leaf.position == place.position)
    )
    assert content is not None
    return {
        "ballot": place.ballot,
        "revision": place.revision,
        "leaf": content,
        "leaf_hash": leaf_hash(content.encode()).hex(),
        "index": place.position,
        "size": last.size,
        "proof": _base64(proofs.inclusion(contest_id, place.position, last.size)),
        "checkpoint": last.note,
    }


def consistency_of(contest_id: int, before: int, size: int) -> dict[str, Any] | None:
    """What shows that the log of `size` continues that of `before`; None when one of them was never signed.

    Raises tiles.BrokenTree.
    """
    old, new = checkpoint_of(contest_id, before), checkpoint_of(contest_id, size)
    if old is None or new is None or before > size:
        return None
    return {
        "first": before,
        "second": size,
        "proof": _base64(proofs.consistency(contest_id, before, size)),
        "first_checkpoint": old.note,
        "second_checkpoint": new.note,
    }


def _base64(hashes: list[bytes]) -> list[str]:
    return [base64.b64encode(each).decode() for each in hashes]


@dataclass(frozen=True, slots=True)
class Promise:
    """What a receipt says, checked without its choices. `holds`: the log's key signed it.

    `in_log`: the leaf it speaks of is sealed, waits (False), or is not this vote's at all (None).
    """

    ballot: str
    revision: int
    holds: bool
    in_log: bool | None


def check_receipt(log: BallotLog, contest: str, text: str) -> Promise | None:
    """Check the promise on a receipt; None when `text` is no receipt. `contest`: its public id."""
    try:
        said = json.loads(text[:20_000])
        leaf = {name: said[name] for name in ("ballot", "commitment", "contest", "revision", "tag")}
        signature = base64.b64decode(said["promise"], validate=True)
        at = int(said["at"])
        ballot, revision = str(leaf["ballot"]), int(leaf["revision"])
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    content = json.dumps({**leaf, "kind": "ballot"}, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    hashed = leaf_hash(content.encode()).hex()
    row = db.session.execute(
        select(Leaf.position).where(
            Leaf.contest_id == log.contest_id,
            Leaf.hash == hashed,
            Leaf.ballot_id.in_(
                select(Ballot.id).where(Ballot.contest_id == log.contest_id, Ballot.ballot_id == ballot[:16])
            ),
        )
    ).one_or_none()
    return Promise(
        ballot[:16],
        revision,
        leaf["contest"] == contest and _is_signed(log.key, promise_text(hashed, at), signature),
        None if row is None else row.position is not None,
    )


def _is_signed(key: str, message: bytes, signature: bytes) -> bool:
    try:
        _, public = read_verifier_key(key)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, BadNote):
        return False
    return True


def has_decisions(contest_id: int) -> bool:
    """Whether any ballot was ever set aside."""
    return (
        db.session.scalar(select(BallotDecision.id).where(BallotDecision.contest_id == contest_id).limit(1)) is not None
    )


def set_aside_by_reason(contest_id: int) -> dict[str, int]:
    """How many ballots are set aside now, by reason, the most frequent first."""
    last = (
        select(func.max(BallotDecision.number))
        .where(BallotDecision.contest_id == contest_id)
        .group_by(BallotDecision.ballot_id)
    )
    rows = db.session.execute(
        select(BallotDecision.reason, func.count())
        .where(BallotDecision.contest_id == contest_id, BallotDecision.number.in_(last), BallotDecision.kind == "void")
        .group_by(BallotDecision.reason)
        .order_by(func.count().desc(), BallotDecision.reason)
    )
    return {row[0]: row[1] for row in rows}
