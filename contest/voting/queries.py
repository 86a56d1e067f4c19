"""What is on the ballot, what a voter chose, and what is counted.

Figures of single entries leave this room through `voting.counting` alone, for the results room, which
decides when they are shown. Pages before that know of one figure: `turnout`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import defer, joinedload, load_only

from contest.contests.models import Contest
from contest.core.db import db
from contest.editions.shown import shown_all
from contest.entries.models import Entry
from contest.entries.queries import finalists_of
from contest.exemplars.models import Exemplar
from contest.exemplars.queries import cleared_exemplars
from contest.voting.models import Ballot, Choice, Voter
from contest.voting.models_log import BallotLog
from contest.voting.rules import CONTEST_SCOPE


def on_the_ballot(contest_id: Any, categories: Any) -> Select[Entry]:
    """Entries that may be chosen now: finalists that stand, whose exemplars agree to be presented.

    The booth, the cast and the count all ask this; the cast with parameters in the place of values.
    """
    return (
        finalists_of(contest_id, categories).where(Entry.exemplar_id.in_(cleared_exemplars(contest_id))).order_by(None)
    )


def gallery(contest: Contest) -> Sequence[Entry]:
    """The entries of `on_the_ballot` with what is needed to show them as readers have them.

    One whose edition is not approved stands on the ballot by its code: the vote stays fair.
    """
    return db.session.scalars(
        on_the_ballot(contest.id, contest.rules.voting.categories).options(
            load_only(
                Entry.public_id,
                Entry.contest_id,
                Entry.exemplar_id,
                Entry.blind_code,
                Entry.category,
                Entry.pen_name,
                Entry.author_name,
                Entry.author_birth_date,
                Entry.submitted_at,
                Entry.redactions,
            ),
            joinedload(Entry.exemplar).load_only(Exemplar.name, Exemplar.is_child).joinedload(Exemplar.unit),
        )
    ).all()


def find_on_the_ballot(contest: Contest, public_id: str) -> Entry | None:
    """An entry that may be chosen now."""
    return db.session.scalar(
        on_the_ballot(contest.id, contest.rules.voting.categories).where(Entry.public_id == public_id)
    )


def find_voter(contest_id: int, voter_id: int) -> Voter | None:
    """A voter of this contest."""
    return db.session.scalar(select(Voter).where(Voter.id == voter_id, Voter.contest_id == contest_id))


class Chosen(NamedTuple):
    """One choice on a ballot. It counts for nothing when the entry stands no longer."""

    public_id: str
    code: str | None
    stands: bool


@dataclass(frozen=True, slots=True)
class OwnBallot:
    """A ballot as its voter may see it."""

    ballot_id: str
    revision: int
    cast_at: datetime
    changed_at: datetime
    choices: tuple[Chosen, ...]

    @property
    def shown_id(self) -> str:
        """The ballot's number in groups of four, as people read it out and write it down."""
        return "-".join(self.ballot_id[at : at + 4] for at in range(0, len(self.ballot_id), 4))

    @property
    def standing(self) -> list[str]:
        """Public ids of the choices that count."""
        return [choice.public_id for choice in self.choices if choice.stands]

    @property
    def fallen(self) -> list[Chosen]:
        """Choices whose entries have fallen out: the voter may choose others until the close."""
        return [choice for choice in self.choices if not choice.stands]


def own_ballots(contest_id: int, voter_id: int) -> dict[str, int]:
    """The revisions of a voter's ballots by scope, oldest first."""
    rows = db.session.execute(
        select(Ballot.scope, Ballot.revision)
        .where(Ballot.contest_id == contest_id, Ballot.voter_id == voter_id)
        .order_by(Ballot.id)
    )
    return {row.scope: row.revision for row in rows}


def find_own_ballot(contest: Contest, voter_id: int, scope: str = CONTEST_SCOPE) -> OwnBallot | None:
    """The ballot of a voter in `contest`; `scope` says which where the rules give several (rules.scope_of)."""
    ballot = db.session.scalar(
        select(Ballot).where(Ballot.contest_id == contest.id, Ballot.voter_id == voter_id, Ballot.scope == scope)
    )
    if ballot is None:
        return None
    standing = on_the_ballot(contest.id, contest.rules.voting.categories).with_only_columns(Entry.id)
    rows = db.session.execute(
        select(Entry.public_id, Entry.blind_code, Entry.id.in_(standing))
        .join(Choice, Choice.entry_id == Entry.id)
        .where(Choice.ballot_id == ballot.id)
        .order_by(Choice.slot)
    )
    return OwnBallot(
        ballot.ballot_id,
        ballot.revision,
        ballot.cast_at,
        ballot.changed_at,
        tuple(Chosen(public_id, code, bool(stands)) for public_id, code, stands in rows),
    )


def chosen_titles(contest: Contest, ballot: OwnBallot, now: datetime) -> dict[str, str]:
    """Titles of the choices on a ballot by public id, of those that readers may have at `now`."""
    chosen = [choice.public_id for choice in ballot.choices]
    entries = db.session.scalars(
        select(Entry)
        .where(Entry.contest_id == contest.id, Entry.public_id.in_(chosen))
        .options(joinedload(Entry.exemplar).joinedload(Exemplar.unit), defer(Entry.body), defer(Entry.body_key))
    )
    return {each.public_id: each.title for each in shown_all(entries, now, texts=False) if each.presented}


def turnout(contest_id: int) -> int:
    """How many ballots were cast and have their place in the log: the one figure shown while the vote is open.

    Sealing counts them, so that it costs the same whatever their number.
    """
    return db.session.scalar(select(BallotLog.ballots).where(BallotLog.contest_id == contest_id)) or 0
