"""What comes of a contest: the places, the count of the vote and the prizes, read and worked out anew.

Nothing here writes. `work_out` gives the same for the same marks, ballots and decisions, down to the
fingerprint, so that a stored result can be compared with what would come out now.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from contest.contests.models import Contest
from contest.contests.ruleset import RuleSet
from contest.core.db import db
from contest.core.errors import N_
from contest.entries.models import Entry
from contest.entries.persons import people_behind
from contest.entries.rules import ACCEPTED
from contest.judging.models_council import CouncilBallot
from contest.judging.queries import final_ranking, is_locked, opened_categories
from contest.judging.ranking import Placed, Ranking
from contest.judging.rounds import in_round
from contest.results.beside import Beside, give_beside
from contest.results.beside_sources import choices_of, finalists_of, ids_of, places_of
from contest.results.gates import Missing
from contest.results.ladder import held_seats
from contest.results.models import PrizeWithheld
from contest.results.prizes import Award, Awards, Undecided, Withholding, award
from contest.results.rules import beside_prizes
from contest.results.wording import as_text, keep, keep_all
from contest.voting.counting import count_votes
from contest.voting.review_lists import count_waiting, findings_by_state
from contest.voting.tally import ReadersOutcome, Tally, readers_prize


def accepted_by_category(contest_id: int) -> dict[str, int]:
    """How many valid entries each category has."""
    query = (
        select(Entry.category, func.count(Entry.id))
        .where(Entry.contest_id == contest_id, Entry.state == ACCEPTED)
        .group_by(Entry.category)
    )
    return {row[0]: row[1] for row in db.session.execute(query)}


def missing_for_results(contest: Contest, now: datetime) -> list[Missing]:
    """Everything that keeps results from being worked out. A category without entries keeps nothing."""
    rules = contest.rules
    accepted = accepted_by_category(contest.id)
    missing = []
    opened = opened_categories(contest.id)
    judged = [category for category in rules.categories if accepted.get(category.id)]
    if not judged:
        missing.append(Missing((N_("No entry has been accepted."), {}), "screening.desk"))
    for category in judged:
        if not is_locked(contest, rules.last_round.id, category.id):
            text = N_("The %(round)s round of category %(category)s is not closed.")
            params = {"round": rules.last_round.name, "category": category.id}
            missing.append(Missing((text, params), "judging.chair"))
        elif category.id not in opened:
            text = N_("The codes of category %(category)s have not been opened: one person asks, another opens.")
            missing.append(Missing((text, {"category": category.id}), "judging.chair"))
    window = rules.window("voting") if rules.voting.enabled else None
    if window and now < window.closes:
        missing.append(Missing((N_("Readers vote until %(at)s."), {"at": window.closes}), None))
    review = rules.window("vote_audit")
    if window and review and window.closes <= now < review.closes:
        missing.append(Missing((N_("The vote is reviewed until %(at)s."), {"at": review.closes}), "voting.review_desk"))
    if window and (waiting := count_waiting(contest.id)):
        # Who works out results knows the count, and from then on nobody reviews ballots.
        text = N_("The review of the vote: %(count)s batches of ballots wait for a second person.")
        missing.append(Missing((text, {"count": waiting}), "voting.review_desk"))
    if window and window.closes <= now and (unseen := findings_by_state(contest.id).get("open", 0)):
        text = N_("The review of the vote: nobody has decided about %(count)s findings.")
        missing.append(Missing((text, {"count": unseen}), "voting.review_desk"))
    return missing


@dataclass(frozen=True)
class NewAward:
    """An award as it will be stored; `why` and `score` as results.wording keeps them."""

    prize_id: str
    entry_id: int
    place: int | None
    score: str | None
    votes: int | None
    amount_vnd: int
    why: list[Any]


@dataclass(frozen=True)
class NewUnitAward:
    """A prize to a unit as it will be stored."""

    prize_id: str
    unit_id: int
    amount_vnd: int
    why: list[Any]


@dataclass(frozen=True)
class Outcome:
    """The awards in the order in which they are told, and the report that goes with them.

    Keys of the report: withheld, skipped, undecided (prizes), left (money of prizes not given), tally
    (of the vote, None without one), rankings and ballots (by category); of prizes beside the ladder:
    beside (how many are given), outside, waiting, dropped.
    """

    awards: tuple[NewAward, ...]
    report: dict[str, Any]
    units: tuple[NewUnitAward, ...] = ()

    @property
    def fingerprint(self) -> str:
        """SHA-256 over everything, also over the entries behind it."""
        content = [[vars(each) for each in self.awards], [vars(each) for each in self.units], self.report]
        text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class _Inputs:
    rules: RuleSet
    entries: dict[str, Entry]  # of the last round, by public id
    rankings: dict[str, Ranking]
    count: Tally | None

    def placed(self, public_id: str) -> Placed:
        ranking = self.rankings[self.entries[public_id].category]
        return next(placed for placed in ranking if placed.standing.entry == public_id)

    def code(self, public_id: str) -> str:
        return self.entries[public_id].blind_code or public_id


def work_out(contest: Contest) -> Outcome:
    """The results as everything stands now; only once nothing is missing. Raises Refused (budget, withholdings)."""
    rules = contest.rules
    accepted = accepted_by_category(contest.id)
    # A category without entries is ranked all the same: nobody is left to receive its prizes.
    rankings = {
        category.id: final_ranking(contest, category.id) if accepted.get(category.id) else Ranking(())
        for category in rules.categories
    }
    # Nobody advances to the only round of a contest: what is ranked is what takes part in the last one.
    finalists = db.session.scalars(
        select(Entry).where(*in_round(contest, rules.last_round)).order_by(Entry.blind_code)
    ).all()
    count = count_votes(contest) if rules.voting.enabled else None
    inputs = _Inputs(
        rules,
        {entry.public_id: entry for entry in finalists},
        {category: ranking for category, ranking in rankings.items() if ranking is not None},
        count,
    )
    held = withholdings(contest.id)
    behind = people_behind([entry.id for entry in finalists])
    beside = give_beside(
        rules,
        finalists_of(finalists, behind, places_of(inputs.rankings)),
        choices_of(contest, {entry.id for entry in finalists}),
        {each.prize_id: held_seats(prize, each) for each in held if (prize := rules.find_prize(each.prize_id))},
    )
    found = award(
        rules,
        inputs.rankings,
        {entry.public_id: behind[entry.id] for entry in finalists},
        withholdings=held,
        readers=_readers(inputs, held),
        given_elsewhere=beside.given,
    )
    ids = {**ids_of({each.entry for each in beside.awards}), **{key: each.id for key, each in inputs.entries.items()}}
    return Outcome(
        (
            *(_stored(inputs, each) for each in found.awards),
            *(
                NewAward(each.prize_id, ids[each.entry], None, None, None, each.amount, keep_all(each.why))
                for each in beside.awards
            ),
        ),
        _report(contest, inputs, found, beside),
        tuple(NewUnitAward(each.prize_id, each.unit_id, each.amount, keep_all(each.why)) for each in beside.units),
    )


def withholdings(contest_id: int) -> list[Withholding]:
    """What the council withholds."""
    rows = db.session.scalars(
        select(PrizeWithheld)
        .where(PrizeWithheld.contest_id == contest_id, PrizeWithheld.lifted_at.is_(None))
        .order_by(PrizeWithheld.prize_id)
    )
    return [Withholding(row.prize_id, row.reason, row.seats) for row in rows]


def _readers(inputs: _Inputs, held: list[Withholding]) -> ReadersOutcome | None:
    prize = inputs.rules.readers_prize
    if prize is None or inputs.count is None:
        return None
    kept = next((prize.count if each.seats is None else each.seats for each in held if each.prize_id == prize.id), 0)
    return readers_prize(
        inputs.count,
        places=places_of(inputs.rankings),
        minimum=inputs.rules.voting.min_valid_voters_for_prize,
        tie_break=inputs.rules.voting.tie_break,
        seats=prize.count - kept,
        codes={entry: inputs.code(entry) for entry in inputs.entries},
    )


def _stored(inputs: _Inputs, each: Award) -> NewAward:
    entry_id = inputs.entries[each.entry].id
    if each.place is None:
        votes = inputs.count.votes[each.entry] if inputs.count else None
        return NewAward(each.prize_id, entry_id, None, None, votes, each.amount, keep_all(each.why))
    placed = inputs.placed(each.entry)
    why = keep_all((*each.why, *placed.decided_by))
    return NewAward(each.prize_id, entry_id, each.place, as_text(placed.standing.total), None, each.amount, why)


def _report(contest: Contest, inputs: _Inputs, found: Awards, beside: Beside) -> dict[str, Any]:
    outside = {prize.id for prize in beside_prizes(inputs.rules)}
    return {
        "withheld": [
            {"prize": each.prize_id, "seats": each.seats, "whole": each.whole, "why": keep(each.why)}
            for each in found.withheld
        ],
        "skipped": [
            {"prize": each.prize_id, "code": inputs.code(each.entry), "why": keep(each.why)} for each in found.skipped
        ],
        "undecided": [_undecided(inputs, each) for each in (*found.needs_council, *beside.undecided)],
        "open": [prize_id for prize_id in found.open_prizes if prize_id not in outside],
        "left": found.left,
        "beside": beside.given,
        "outside": beside.outside,
        "waiting": beside.waiting,
        "dropped": [{"prize": each.prize_id, "code": each.code} for each in beside.dropped],
        "tally": _tally(inputs),
        "rankings": {category: _places(ranking) for category, ranking in inputs.rankings.items()},
        "ballots": _ballots(contest),
    }


def _undecided(inputs: _Inputs, each: Undecided) -> dict[str, Any]:
    return {
        "prize": each.prize_id,
        "codes": sorted(inputs.code(entry) for entry in each.entries),
        "vote_on": sorted(inputs.code(entry) for entry in each.vote_on),
        "seats": each.seats_left,
        "reason": each.reason,
        "why": keep(each.why),
    }


def _tally(inputs: _Inputs) -> dict[str, Any] | None:
    count = inputs.count
    if count is None:
        return None
    order = sorted(count.votes, key=lambda entry: (-count.votes[entry], inputs.code(entry)))
    return {
        "cast": count.cast,
        "valid": count.valid,
        "void": count.void,
        "set_aside": count.set_aside,
        "votes": [[inputs.entries[entry].id, count.votes[entry]] for entry in order],
    }


def _places(ranking: Ranking) -> list[Any]:
    return [[placed.place, placed.standing.name, as_text(placed.standing.total)] for placed in ranking]


def _ballots(contest: Contest) -> list[Any]:
    rows = db.session.scalars(
        select(CouncilBallot).where(CouncilBallot.contest_id == contest.id).order_by(CouncilBallot.id)
    )
    return [[row.category, row.groups, row.present] for row in rows]
