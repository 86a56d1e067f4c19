"""The statements of casting a ballot (voting.services), each put together once in a process.

The values of a row are named as its columns. Rows come back as the driver has them, so that nothing
but numbers, texts and truth values is asked for.
"""

from __future__ import annotations

from functools import cache

from sqlalchemy import bindparam, delete, func, insert, select, update

from contest.contests.models import Contest, RuleSetVersion
from contest.core.db import Base
from contest.core.driver import Prepared
from contest.entries.models import Entry
from contest.voting.identity import inserting
from contest.voting.models import Ballot, Choice, Voter
from contest.voting.models_log import BallotLog, Leaf
from contest.voting.queries import on_the_ballot


def _row(entity: type[Base], *columns: str) -> dict[str, object]:
    """Parameters for `columns`, each under its name and with its type."""
    return {name: bindparam(name, type_=entity.__table__.c[name].type) for name in columns}


# Contest, rules and voter, with the voter locked: the requests of one voter are serial from here on.
LOCK = Prepared(
    lambda _dialect: (
        select(
            Contest.id,
            Contest.public_id,
            RuleSetVersion.id,
            RuleSetVersion.sha256,
            Voter.tag,
            Voter.barred,
            Voter.own,
            BallotLog.closed_at.is_(None) & BallotLog.contest_id.is_not(None),
        )
        .join(RuleSetVersion, Contest.current_version_id == RuleSetVersion.id)
        .join(Voter, Voter.contest_id == Contest.id)
        .outerjoin(BallotLog, BallotLog.contest_id == Contest.id)
        .where(Contest.slug == bindparam("slug"), Voter.id == bindparam("voter_id"))
        .with_for_update(of=Voter)
    )
)
FIND_RULES = Prepared(
    lambda _dialect: select(RuleSetVersion.document).where(RuleSetVersion.id == bindparam("version_id"))
)
ADD_BALLOT = Prepared(
    lambda dialect: (
        inserting(dialect, Ballot)
        .values(
            _row(Ballot, "ballot_id", "contest_id", "voter_id", "scope", "tag", "revision", "cast_at", "changed_at")
        )
        .on_conflict_do_nothing()
        .returning(Ballot.id)
    )
)
FIND_BALLOT = Prepared(
    lambda _dialect: (
        select(Ballot.id, Ballot.ballot_id, Ballot.revision, Choice.entry_id)
        .outerjoin(Choice, Choice.ballot_id == Ballot.id)
        .where(
            Ballot.contest_id == bindparam("contest_id"),
            Ballot.voter_id == bindparam("voter_id"),
            Ballot.scope == bindparam("scope"),
        )
    )
)
COUNT_BALLOTS = Prepared(
    lambda _dialect: select(func.count(Ballot.id)).where(
        Ballot.contest_id == bindparam("contest_id"), Ballot.voter_id == bindparam("voter_id")
    )
)
RAISE_BALLOT = Prepared(
    lambda _dialect: (
        update(Ballot)
        .where(Ballot.id == bindparam("ballot"))
        .values(revision=bindparam("to"), changed_at=bindparam("at", type_=Ballot.__table__.c.changed_at.type))
    )
)
CLEAR_CHOICES = Prepared(lambda _dialect: delete(Choice).where(Choice.ballot_id == bindparam("ballot")))
ADD_LEAF = Prepared(
    lambda _dialect: insert(Leaf).values(
        _row(
            Leaf,
            "contest_id",
            "kind",
            "content",
            "hash",
            "at",
            "ballot_id",
            "revision",
            "choices",
            "salt",
            "committed_by",
        )
    )
)


@cache
def find_chosen(picks: int, categories: int) -> Prepared:
    """The entries among `pick0`, `pick1`, … that stand on the ballot of `category0`, …"""
    return Prepared(
        lambda _dialect: (
            on_the_ballot(bindparam("contest_id"), [bindparam(f"category{at}") for at in range(categories)])
            .with_only_columns(Entry.public_id, Entry.id, Entry.category)
            .where(Entry.public_id.in_([bindparam(f"pick{at}") for at in range(picks)]))
        )
    )


@cache
def add_choices(number: int) -> Prepared:
    """`number` choices of `ballot`: `entry0` in the first slot, and so on."""
    return Prepared(
        lambda _dialect: insert(Choice).values(
            [
                {"ballot_id": bindparam("ballot"), "slot": at + 1, "entry_id": bindparam(f"entry{at}")}
                for at in range(number)
            ]
        )
    )
