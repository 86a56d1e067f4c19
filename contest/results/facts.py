"""What is known of a contest whose results are prepared: the facts that the gates look at. Reads, never writes."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from contest.complaints.queries import Frozen, frozen_prizes, open_objections, upheld_since
from contest.contests.models import Contest
from contest.contests.ruleset import Localized
from contest.core.db import db
from contest.core.errors import Refused
from contest.entries.models import Entry
from contest.results.checks import checks_of
from contest.results.gates import Facts, check
from contest.results.models import Award, ResultSet
from contest.results.models_after import UnitAward
from contest.results.outcome import Outcome, missing_for_results, work_out
from contest.results.queries import find_standing, uncleared_awards
from contest.results.rules import POINTS, asks_for_checks
from contest.results.wording import told


def facts_of(contest: Contest, result_set: ResultSet | None, now: datetime) -> Facts:
    """The facts of a contest at `now`; `result_set` is the one that stands."""
    inputs = tuple(missing_for_results(contest, now))
    if result_set is None:
        return Facts(inputs=inputs)
    awards = db.session.scalars(
        select(Award)
        .where(Award.result_set_id == result_set.id, Award.since_amendment_id.is_(None))
        .options(joinedload(Award.entry))
        .order_by(Award.position)
    ).all()
    outcome = None if inputs else _outcome(contest)
    unchecked, found = _publication(contest, result_set, [award.entry for award in awards])
    held = _held(contest, result_set, [(award.entry, award.prize_id) for award in awards])
    waiting = open_objections(contest.id)
    blocking = [case for case in waiting if case.freezes or not case.late]
    return Facts(
        inputs=inputs,
        computed=True,
        fresh=outcome is not None and outcome.fingerprint == result_set.fingerprint,
        undecided=tuple(told(each["why"]) for each in result_set.report["undecided"]),
        uncleared=tuple(sorted({_code(award.entry) for award in uncleared_awards(result_set)})),
        unchecked=unchecked,
        found=found,
        cases=tuple(case.code for case in blocking),
        frozen=held.entries,
        frozen_prizes=held.prizes,
        upheld=tuple(case.code for case in upheld_since(contest.id, result_set.computed_at)),
        late=len(waiting) - len(blocking),
        post_from=result_set.post_from if result_set.posted_by_id is not None else None,
        decided=result_set.decision_number is not None,
    )


def check_gates(act: str, contest: Contest, now: datetime) -> None:
    """Raises gates.NotYet with everything that is in the way of an act."""
    check(act, facts_of(contest, find_standing(contest.id), now), contest.rules, now)


def _outcome(contest: Contest) -> Outcome | None:
    try:
        return work_out(contest)
    except Refused:
        return None


def _code(entry: Entry) -> str:
    return entry.blind_code or entry.public_id


def _publication(
    contest: Contest, result_set: ResultSet, entries: list[Entry]
) -> tuple[tuple[tuple[str, tuple[str, ...]], ...], tuple[str, ...]]:
    """Codes of the awarded entries that were not looked up, by point, and of those found published before."""
    asked = {entry.id: _code(entry) for entry in entries if asks_for_checks(contest.rules, entry.category)}
    checked = checks_of(asked, result_set.computed_at)
    unchecked = tuple(
        (point, tuple(sorted(code for entry_id, code in asked.items() if point in checked[entry_id].missing)))
        for point in POINTS
    )
    return unchecked, tuple(sorted(code for entry_id, code in asked.items() if checked[entry_id].found is not None))


class _Held(NamedTuple):
    entries: tuple[str, ...]
    prizes: tuple[Localized, ...]


def _held(contest: Contest, result_set: ResultSet, given: list[tuple[Entry, str]]) -> _Held:
    """What open cases hold of what is given: codes of entries, and prizes to units."""
    frozen: Frozen = frozen_prizes(contest.id)
    if not frozen:
        return _Held((), ())
    to_units = set(db.session.scalars(select(UnitAward.prize_id).where(UnitAward.result_set_id == result_set.id)))
    return _Held(
        tuple(sorted({_code(entry) for entry, prize_id in given if frozen.holds(entry.id, prize_id)})),
        tuple(prize.name for prize in contest.rules.prizes if prize.id in to_units & frozen.prizes),
    )
