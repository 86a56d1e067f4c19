"""Places in the last round, and the council's ballots on ties."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.core.text import clean_text
from contest.entries.models import Entry
from contest.judging.closing import check_chair
from contest.judging.conflicts import conflicts_among
from contest.judging.locks import find_closing, hold_contest
from contest.judging.models_council import CouncilBallot
from contest.judging.ranking import CouncilBallot as Ballot
from contest.judging.ranking import Ranking, Standing, rank
from contest.judging.rounds import EntryState, in_round, round_state


@dataclass(frozen=True)
class CategoryRanking:
    """The places of a category in the last round, with the entries behind them.

    `states` by the entry's public id, which is also the `entry` of each standing. `unranked`: without
    a total yet, or set aside.
    """

    ranking: Ranking
    states: dict[str, EntryState]
    unranked: tuple[EntryState, ...]


def category_ranking(
    contest: Contest, category: str, *, without: Collection[int] = (), heed_ballots: bool = True
) -> CategoryRanking:
    """Places as the sheets give them now. `without`: ids of entries to leave out altogether."""
    rules = contest.rules
    states = [state for state in round_state(contest, rules.last_round.id, category) if state.entry.id not in without]
    standings = [
        Standing(state.entry.public_id, state.result.total, state.sheets, state.entry.code)
        for state in states
        if state.result.total is not None and state.result.complete and state.set_aside is None
    ]
    ranked = {standing.entry for standing in standings}
    ballots = _ballots(contest, category, states) if heed_ballots else []
    ranking = rank(
        standings,
        [each.rule for each in rules.scoring.tie_break],
        ballots,
        decimals=rules.scoring.display_decimals,
    )
    return CategoryRanking(
        ranking,
        {state.entry.public_id: state for state in states},
        tuple(state for state in states if state.entry.public_id not in ranked),
    )


def _ballots(contest: Contest, category: str, states: Sequence[EntryState]) -> list[Ballot]:
    by_code = {state.entry.code: state.entry.public_id for state in states}
    ballots = []
    for row in ballots_of(contest, category):
        groups = [[by_code.get(code) for code in group] for group in row.groups]
        # One that names an entry which has fallen out was on another tie.
        if all(entry is not None for group in groups for entry in group):
            ballots.append(Ballot(tuple(frozenset(entry for entry in group if entry) for group in groups)))
    return ballots


def ballots_of(contest: Contest, category: str) -> Sequence[CouncilBallot]:
    """The council's ballots in a category, in the order in which they were recorded."""
    return db.session.scalars(
        select(CouncilBallot)
        .where(CouncilBallot.contest_id == contest.id, CouncilBallot.category == category)
        .order_by(CouncilBallot.id)
    ).all()


def final_ranking(contest: Contest, category: str) -> Ranking | None:
    """The places of a category once its last round is closed; None before.

    A finalist who falls out later leaves, and the places close up.
    """
    if find_closing(contest.id, contest.rules.last_round.id, category) is None:
        return None
    return category_ranking(contest, category).ranking


def open_ties(contest: Contest, category: str) -> list[frozenset[str]]:
    """Codes of the entries of each tie on which the council may vote: no rule before it parts them."""
    found = category_ranking(contest, category, heed_ballots=False)
    ties = {frozenset({placed.standing.entry, *placed.tied_with}) for placed in found.ranking if placed.tied_with}
    return [frozenset(found.states[entry].entry.code for entry in tie) for tie in ties]


def record_council_ballot(
    *,
    contest: Contest,
    category: str,
    groups: Sequence[Sequence[str]],
    present: int,
    note: str,
    actor: User,
    now: datetime,
) -> CouncilBallot:
    """Record what a secret ballot of the council found on one tie. The latest on a tie counts.

    `groups`: codes from the best down, those found equal together; exactly the entries of one tie
    that the rules leave to the council. After the round is closed. Raises Refused.
    """
    check_chair(contest, actor)
    hold_contest(contest, alone=True)
    if find_closing(contest.id, contest.rules.last_round.id, category) is None:
        raise Refused(N_("The council votes on ties after the round is closed."), code="round_open")
    named = [code for group in groups for code in group]
    if frozenset(named) not in open_ties(contest, category) or len(named) != len(set(named)):
        raise Refused(
            N_("A ballot names each entry of one tie that the rules leave to the council, once, and no other."),
            code="not_a_tie",
        )
    taking_part = in_round(contest, contest.rules.last_round, category)
    if conflicts_among(contest.id, *taking_part, Entry.blind_code.in_(named), judges=[actor.id]):
        raise Refused(
            N_("There is a conflict of interest between you and this entry: another head of jury has to do this."),
            code="conflict_of_interest",
        )
    if present < 1:
        raise Refused(N_("Say how many members were present."), code="present_missing")
    ballot = CouncilBallot(
        contest_id=contest.id,
        category=category,
        groups=[sorted(group) for group in groups if group],
        present=present,
        note=clean_text(note),
        by_id=actor.id,
        at=now,
    )
    db.session.add(ballot)
    record(
        actor=actor.public_id,
        verb="judging.council_ballot",
        object_type="contest",
        object_id=contest.public_id,
        contest_id=contest.id,
        now=now,
        category=category,
        groups=ballot.groups,
        present=present,
        note=ballot.note,
    )
    db.session.flush()
    return ballot
