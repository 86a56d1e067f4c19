"""Preparing results: computing the prizes, what the council withholds, citations.

What makes them public stands in `contest.results.publishing` and is offered here as well.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from contest.accounts.models import User
from contest.complaints.queries import upheld_since
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.core.text import clean_text
from contest.judging.rules import RefusedList
from contest.results.acts import begin, clear_approvals, get_prepared, note
from contest.results.checks import record_publication_checks
from contest.results.models import Award, PrizeWithheld, ResultSet
from contest.results.models_after import UnitAward
from contest.results.outcome import missing_for_results, work_out
from contest.results.publishing import approve, enter_decision, release_posting
from contest.results.queries import find_standing
from contest.results.rules import LONGEST_CITATION

__all__ = [
    "approve",
    "compute_results",
    "enter_decision",
    "lift_withholding",
    "record_publication_checks",
    "release_posting",
    "set_citation",
    "withhold_prize",
]


def compute_results(*, contest: Contest, actor: User, now: datetime) -> ResultSet:
    """Work out the prizes and store them beside the last result, which they supersede.

    The same inputs again change nothing, unless a case was found right meanwhile: then it is on record that
    they were computed anew, and the approvals are given anew. Citations of entries that keep their prize stay; posting,
    decision and approvals were for the old result and do not. Raises RefusedList with everything
    that is missing, Refused (budget), Conflict (public already).
    """
    begin(contest, actor, now)
    missing = missing_for_results(contest, now)
    if missing:
        raise RefusedList(N_("The results cannot be computed yet."), [each.words for each in missing], code="not_ready")
    outcome = work_out(contest)
    last = find_standing(contest.id)
    if last is not None and last.fingerprint == outcome.fingerprint:
        if upheld_since(contest.id, last.computed_at):
            clear_approvals(last)
            last.computed_at, last.computed_by_id = now, actor.id
            note(contest, "confirm", actor, now, result_set=last.id, fingerprint=last.fingerprint)
            db.session.flush()
        return last
    citations, spoken = {}, {}
    if last is not None:
        clear_approvals(last)
        last.superseded_at = now
        citations = {(award.prize_id, award.entry_id): award.citation for award in last.awards}
        rows = db.session.scalars(select(UnitAward).where(UnitAward.result_set_id == last.id))
        spoken = {(row.prize_id, row.unit_id): row.citation for row in rows}
        db.session.flush()
    fresh = ResultSet(
        contest=contest,
        computed_at=now,
        computed_by_id=actor.id,
        report=outcome.report,
        fingerprint=outcome.fingerprint,
    )
    db.session.add(fresh)
    fresh.awards = [
        Award(position=position, citation=citations.get((each.prize_id, each.entry_id), ""), **vars(each))
        for position, each in enumerate(outcome.awards, start=1)
    ]
    db.session.flush()
    db.session.add_all(
        UnitAward(
            result_set_id=fresh.id,
            position=position,
            citation=spoken.get((each.prize_id, each.unit_id), ""),
            **vars(each),
        )
        for position, each in enumerate(outcome.units, start=1)
    )
    note(
        contest,
        "compute",
        actor,
        now,
        result_set=fresh.id,
        supersedes=last.id if last else None,
        fingerprint=fresh.fingerprint,
        awards=[[award.prize_id, award.entry_id] for award in fresh.awards],
    )
    db.session.flush()
    return fresh


def withhold_prize(
    *, contest: Contest, prize_id: str, reason: str, actor: User, now: datetime, seats: int | None = None
) -> PrizeWithheld:
    """Record that the council gives a prize, or `seats` of it, to nobody. Takes back approvals.

    Only where the rules allow it. The results have to be computed again. Raises Refused, Conflict
    (withheld already).
    """
    begin(contest, actor, now)
    rules = contest.rules
    if not rules.scoring.withhold_allowed:
        raise Refused(N_("The rules do not let the council withhold a prize."), code="withhold_not_allowed")
    prize = rules.find_prize(prize_id)
    if prize is None:
        raise Refused(N_("There is no such prize to withhold."), code="unknown_prize")
    reason = clean_text(reason)
    if not reason:
        raise Refused(N_("Give the reason why the prize is withheld."), code="reason_missing")
    if seats is not None and not 0 < seats <= prize.count:
        raise Refused(N_("Of this prize, from 1 to %(count)s can be withheld."), code="too_many", count=prize.count)
    if _find_withheld(contest, prize_id) is not None:
        raise Conflict(N_("This prize is withheld already. Lift that first."), code="withheld_already")
    row = PrizeWithheld(
        contest_id=contest.id,
        prize_id=prize_id,
        seats=None if seats == prize.count else seats,
        reason=reason,
        by_id=actor.id,
        at=now,
    )
    db.session.add(row)
    _reopen(contest)
    note(contest, "withhold", actor, now, prize=prize_id, seats=row.seats, reason=reason)
    db.session.flush()
    return row


def lift_withholding(*, contest: Contest, prize_id: str, actor: User, now: datetime) -> None:
    """Give a withheld prize after all; the record stays. Takes back approvals. Raises Refused."""
    begin(contest, actor, now)
    row = _find_withheld(contest, prize_id)
    if row is None:
        raise Refused(N_("This prize is not withheld."), code="not_withheld")
    row.lifted_at, row.lifted_by_id = now, actor.id
    _reopen(contest)
    note(contest, "lift_withholding", actor, now, prize=prize_id)
    db.session.flush()


def set_citation(*, award: Award, text: str, actor: User, now: datetime) -> None:
    """Write what is read out with a prize (lời bình). Empty: a sentence of the story is quoted.

    Takes back approvals, since it is part of what is approved. Raises Refused, Conflict.
    """
    contest = award.result_set.contest
    begin(contest, actor, now)
    if get_prepared(contest).id != award.result_set_id:
        raise Conflict(N_("The results were computed again meanwhile."), code="superseded")
    text = clean_text(text)
    if len(text) > LONGEST_CITATION:
        raise Refused(N_("A citation has at most %(count)s characters."), code="too_long", count=LONGEST_CITATION)
    if text == award.citation:
        return
    award.citation = text
    clear_approvals(award.result_set)
    note(contest, "cite", actor, now, prize=award.prize_id, entry=award.entry.public_id)
    db.session.flush()


def _find_withheld(contest: Contest, prize_id: str) -> PrizeWithheld | None:
    # A form may send anything, NUL included, which PostgreSQL refuses.
    if contest.rules.find_prize(prize_id) is None:
        return None
    return db.session.scalar(
        select(PrizeWithheld).where(
            PrizeWithheld.contest_id == contest.id,
            PrizeWithheld.prize_id == prize_id,
            PrizeWithheld.lifted_at.is_(None),
        )
    )


def _reopen(contest: Contest) -> None:
    """What the council decides changes what would come out: nothing approved may stand on the old."""
    standing = find_standing(contest.id)
    if standing is not None:
        clear_approvals(standing)
