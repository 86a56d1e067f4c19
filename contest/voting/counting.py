"""Counting a vote after its close: how many ballots made which choices, worked out once.

While the vote is open nothing of any entry is worked out. Once the log is closed, ballots are
grouped by their choices as the log's leaves keep them (`count_patterns`); from then on a count reads
the groups, which are few however many ballots there are, and whatever the review decides moves one
ballot between "counts" and "set aside" (`adjust`). `recount` reads every ballot and choice instead,
from the other tables: both must come to the same.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Collection
from itertools import groupby

from sqlalchemy import Text, delete, func, insert, select, type_coerce, update

from contest.contests.models import Contest
from contest.core.db import db
from contest.entries.models import Entry
from contest.voting import tally
from contest.voting.models import Ballot, Choice
from contest.voting.models_log import BallotLog, Leaf
from contest.voting.models_review import BallotDecision, BallotPattern, PaperBatch
from contest.voting.queries import on_the_ballot
from contest.voting.review_lists import is_set_aside, set_aside_by_reason

log = logging.getLogger(__name__)
_AT_ONCE = 500
_CHOICES = type_coerce(Leaf.choices, Text)


def count_votes(contest: Contest) -> tally.Tally:
    """The count of a contest's vote as it stands. Who may see it, and when, is the results room's say."""
    patterns = read_patterns(contest.id)
    if not patterns:
        return recount(contest)
    return tally.tally_groups(
        patterns, _finalists(contest), set_aside=set_aside_by_reason(contest.id), paper=paper_of(contest.id)
    )


def _finalists(contest: Contest) -> list[str]:
    query = on_the_ballot(contest.id, contest.rules.voting.categories)
    return sorted(db.session.scalars(query.with_only_columns(Entry.public_id)).all())


def read_patterns(contest_id: int) -> dict[tuple[str, ...], int]:
    """Choices (public ids) -> ballots that count; empty before `count_patterns`."""
    rows = db.session.execute(
        select(BallotPattern.choices, BallotPattern.ballots)
        .where(BallotPattern.contest_id == contest_id)
        .order_by(BallotPattern.choices)
    )
    return {tuple(row.choices.split(",")): row.ballots for row in rows}


def paper_of(contest_id: int) -> int:
    """How many ballots came on paper."""
    query = (
        select(func.count(Ballot.id))
        .join(PaperBatch, PaperBatch.id == Ballot.batch_id)
        .where(PaperBatch.contest_id == contest_id)
    )
    return db.session.scalar(query) or 0


def recount(contest: Contest) -> tally.Tally:
    """The count from every ballot and its choices, in parts so that memory does not grow with them."""
    aside = _set_aside(contest.id)
    rows = db.session.execute(
        select(Ballot.id, Entry.public_id)
        .outerjoin(Choice, Choice.ballot_id == Ballot.id)
        .outerjoin(Entry, Entry.id == Choice.entry_id)
        .where(Ballot.contest_id == contest.id)
        .order_by(Ballot.id, Choice.slot)
        .execution_options(yield_per=5000)
    )
    ballots = (
        # A ballot always has choices; an outer join would still show one that had lost them.
        tally.Ballot(tuple(entry for _, entry in choices if entry), aside.get(ballot_id))
        for ballot_id, choices in groupby(rows, key=lambda row: row[0])
    )
    return tally.tally(ballots, _finalists(contest), paper=paper_of(contest.id))


def _set_aside(contest_id: int) -> dict[int, str]:
    """Id of a ballot that is set aside now -> the reason."""
    rows = db.session.execute(
        select(BallotDecision.ballot_id, BallotDecision.kind, BallotDecision.reason)
        .where(BallotDecision.contest_id == contest_id)
        .order_by(BallotDecision.number)
    )
    latest = {row.ballot_id: (row.kind, row.reason) for row in rows}
    return {ballot_id: reason for ballot_id, (kind, reason) in latest.items() if kind == "void"}


def uncounted() -> list[int]:
    """Ids of contests whose log is closed and whose ballots are not grouped yet."""
    counted = select(BallotPattern.contest_id)
    return list(
        db.session.scalars(
            select(BallotLog.contest_id)
            .where(BallotLog.closed_at.is_not(None), BallotLog.ballots > 0, BallotLog.contest_id.not_in(counted))
            .order_by(BallotLog.contest_id)
        )
    )


def count_patterns(contest_id: int) -> int:
    """Group the ballots of a closed log by their choices; how many groups. Nothing when it is done already.

    Whoever decides about ballots meanwhile waits, since both lock the log first.
    """
    found = db.session.scalar(
        select(BallotLog)
        .where(BallotLog.contest_id == contest_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None or found.closed_at is None or read_patterns(contest_id):
        return 0
    last = (
        select(_CHOICES, func.count(Leaf.id))
        .join(Ballot, (Ballot.id == Leaf.ballot_id) & (Ballot.revision == Leaf.revision))
        .where(Ballot.contest_id == contest_id)
        .group_by(_CHOICES)
        .order_by(_CHOICES)
    )
    aside = {row[0]: row[1] for row in db.session.execute(last.where(is_set_aside(Ballot.id)))}
    groups = [
        {"contest_id": contest_id, "choices": _joined(choices), "ballots": ballots - aside.get(choices, 0)}
        for choices, ballots in db.session.execute(last)
    ]
    for start in range(0, len(groups), _AT_ONCE):
        db.session.execute(insert(BallotPattern), groups[start : start + _AT_ONCE])
    return len(groups)


def _joined(choices: str) -> str:
    return ",".join(json.loads(choices))


def adjust(contest_id: int, ballots: Collection[int], by: int) -> None:
    """Ballots (by id) count no more (`by` -1) or again (+1): in the transaction that decides so, the log locked.

    Before the ballots are grouped there is nothing to do: grouping reads what was decided.
    """
    grouped = select(BallotPattern.contest_id).where(BallotPattern.contest_id == contest_id).limit(1)
    if db.session.scalar(grouped) is None:
        return
    moved: Counter[str] = Counter()
    wanted = sorted(ballots)
    for start in range(0, len(wanted), _AT_ONCE):
        rows = db.session.execute(
            select(_CHOICES, func.count(Leaf.id))
            .join(Ballot, (Ballot.id == Leaf.ballot_id) & (Ballot.revision == Leaf.revision))
            .where(Ballot.contest_id == contest_id, Ballot.id.in_(wanted[start : start + _AT_ONCE]))
            .group_by(_CHOICES)
        )
        for choices, count in rows:
            moved[_joined(choices)] += count
    for choices, count in sorted(moved.items()):
        db.session.execute(
            update(BallotPattern)
            .where(BallotPattern.contest_id == contest_id, BallotPattern.choices == choices)
            .values(ballots=BallotPattern.ballots + by * count)
        )


def agree(contest: Contest) -> bool:
    """Whether the groups, which are of the log, give what the tables of ballots give. Reads every ballot."""
    return count_votes(contest) == recount(contest)


def forget_patterns(contest: Contest) -> None:
    """Throw the groups away because they do not agree: every count reads every ballot then."""
    log.critical("%s: THE LOG AND THE BALLOTS DO NOT COUNT ALIKE", contest.slug)
    db.session.execute(delete(BallotPattern).where(BallotPattern.contest_id == contest.id))
