"""Taking a batch of paper ballots in: each slip becomes a ballot of the log, all at once or none."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.contests.rules import ORGANISER
from contest.contests.ruleset import Voting
from contest.core.db import db, new_code
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.entries.models import Entry
from contest.voting.ledger.leaves import commitment, leaf
from contest.voting.ledger.merkle import leaf_hash
from contest.voting.models import Ballot, Choice
from contest.voting.models_log import BallotLog, Leaf
from contest.voting.models_review import PaperBatch
from contest.voting.paper import ACCEPTED, AGREED, LATE, Figures, figures, must_be_in_time, note
from contest.voting.paper_slips import Slip
from contest.voting.queries import on_the_ballot
from contest.voting.rules import CONTEST_SCOPE
from contest.voting.services import BALLOT_ID_LENGTH, LogNotOpen


def accept(*, batch: PaperBatch, actor: User, now: datetime) -> Figures:
    """Make ballots of what both read: choices that stand, under the rules of the screen, each with its leaf.

    All in the one transaction, once. Raises Refused (late), Conflict (not agreed, or taken in already; by one
    of the two who keyed it), LogNotOpen, NotFound (not an organiser).
    """
    contest = db.session.get_one(Contest, batch.contest_id)
    _lock_log(contest, now)
    db.session.refresh(batch, with_for_update=True)
    if ORGANISER not in roles_of(contest.id, actor.id):
        raise NotFound(batch.public_id)
    if batch.state != AGREED:
        raise Conflict(N_("This batch cannot be taken in as it stands. Load the page again."), code="paper_state")
    if actor.id in (batch.first_by, batch.second_by):
        raise Conflict(
            N_("Who keyed a batch in does not take it in: that is for an organiser who did neither."),
            code="paper_third",
        )
    ids = {
        row.public_id: row
        for row in db.session.execute(
            on_the_ballot(contest.id, contest.rules.voting.categories).with_only_columns(
                Entry.public_id, Entry.id, Entry.category
            )
        )
    }
    kept = [[pick for pick in slip if pick in ids] for slip in batch.first or ()]
    _write(contest, batch, [slip for slip in kept if slip], ids, now)
    batch.state, batch.accepted_by, batch.accepted_at = ACCEPTED, actor.id, now
    db.session.flush()
    found = figures(batch)
    assert found is not None
    fallen = sum(len(slip) for slip in batch.first or ()) - sum(len(slip) for slip in kept)
    note(
        batch,
        "accept_batch",
        actor,
        now,
        slips=found.slips,
        spoilt=found.spoilt,
        lapsed=found.lapsed,
        ballots=found.ballots,
        fallen_choices=fallen,
    )
    db.session.flush()
    return found


def _lock_log(contest: Contest, now: datetime) -> None:
    """The log first, as who closes it does: no batch slips in behind the `close` leaf."""
    row = db.session.execute(
        select(BallotLog.closed_at).where(BallotLog.contest_id == contest.id).with_for_update()
    ).one_or_none()
    if row is None:
        raise LogNotOpen(contest.slug)
    if row.closed_at is not None:
        raise Refused(LATE, code="paper_late")
    must_be_in_time(contest, now)


def _write(contest: Contest, batch: PaperBatch, slips: Sequence[Slip], ids: Mapping[str, Any], now: datetime) -> None:
    """Ballots, choices and leaves in three statements of many rows."""
    if not slips:
        return
    numbers: dict[str, Slip] = {}
    for slip in slips:
        numbers[new_code(BALLOT_ID_LENGTH)] = slip
    connection = db.session.connection()
    connection.execute(
        insert(Ballot),
        [
            {
                "ballot_id": number,
                "contest_id": contest.id,
                "voter_id": None,
                "batch_id": batch.id,
                "scope": _scope(contest.rules.voting, batch, ids[slip[0]].category),
                "tag": "",
                "revision": 1,
                "cast_at": now,
                "changed_at": now,
            }
            for number, slip in numbers.items()
        ],
    )
    rows = db.session.execute(select(Ballot.ballot_id, Ballot.id).where(Ballot.batch_id == batch.id))
    keys: dict[str, int] = {row.ballot_id: row.id for row in rows}
    connection.execute(
        insert(Choice),
        [
            {"ballot_id": keys[number], "slot": slot, "entry_id": ids[pick].id}
            for number, slip in numbers.items()
            for slot, pick in enumerate(slip, start=1)
        ],
    )
    connection.execute(
        insert(Leaf), [_leaf(contest, batch, keys[number], number, slip, now) for number, slip in numbers.items()]
    )


def _leaf(contest: Contest, batch: PaperBatch, key: int, number: str, slip: Slip, now: datetime) -> dict[str, Any]:
    salt = secrets.token_hex(32)
    made = commitment(contest.public_id, ballot=number, revision=1, choices=slip, salt=salt)
    content = leaf(contest.public_id, "paper", ballot=number, batch=batch.public_id, commitment=made, revision=1)
    return {
        "contest_id": contest.id,
        "kind": "paper",
        "content": content,
        "hash": leaf_hash(content.encode()).hex(),
        "at": now,
        "ballot_id": key,
        "revision": 1,
        "choices": sorted(slip),
        "salt": salt,
        "committed_by": "server",
    }


def _scope(voting: Voting, batch: PaperBatch, category: str) -> str:
    if voting.ballot_scope == "category":
        return f"category:{category}"
    return CONTEST_SCOPE if voting.ballot_scope == "contest" else f"{batch.held_on.isoformat()}/1"
