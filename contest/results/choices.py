"""Choosing who gets a prize beside the ladder: an entry, or a unit. Each act takes back approvals."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.ruleset import Prize
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.core.text import clean_text
from contest.entries.models import Entry
from contest.entries.persons import people_behind
from contest.entries.rules import ACCEPTED
from contest.results.acts import begin, clear_approvals, note
from contest.results.beside_sources import standing_choices
from contest.results.models_after import BesideChoice
from contest.results.queries import find_standing
from contest.results.rules import beside_prizes, is_by_age
from contest.units.models import Unit

LONGEST_REASON = 600


def choose_entry(*, contest: Contest, prize_id: str, code: str, why: str, actor: User, now: datetime) -> BesideChoice:
    """Choose an entry, by its code, for a prize to its author or to its exemplar.

    For a prize by age only among authors born on the same day, whom the dates do not part. Raises Refused (no
    such prize or entry, no reason), Conflict (chosen already, same author or exemplar, nothing left).
    """
    begin(contest, actor, now)
    prize = _prize(contest, prize_id)
    if prize.to == "unit":
        raise Refused(N_("This prize goes to a unit."), code="to_unit")
    why = _reason(why)
    entry = _entry(contest, code)
    if prize.category is not None and entry.category != prize.category:
        raise Refused(N_("This prize is for category %(category)s."), code="other_category", category=prize.category)
    if is_by_age(prize):
        _check_tied(contest, prize, entry)
    others = [row for row in standing_choices(contest.id) if row.prize_id == prize_id]
    _check_seats(prize, others)
    _check_once(prize, entry, [row.entry for row in others if row.entry is not None])
    return _store(contest, BesideChoice(entry_id=entry.id), prize, why, actor, now)


def choose_unit(*, contest: Contest, prize_id: str, code: str, why: str, actor: User, now: datetime) -> BesideChoice:
    """Choose a unit, by its code, for a prize to units. Raises Refused, Conflict, as for entries."""
    begin(contest, actor, now)
    prize = _prize(contest, prize_id)
    if prize.to != "unit":
        raise Refused(N_("This prize goes to an entry."), code="to_entry")
    why = _reason(why)
    unit = db.session.scalar(select(Unit).where(Unit.code == code.strip().replace("\0", "")))
    if unit is None:
        raise Refused(N_("There is no such unit."), code="unknown_unit")
    others = [row for row in standing_choices(contest.id) if row.prize_id == prize_id]
    _check_seats(prize, others)
    if any(row.unit_id == unit.id for row in others):
        raise Conflict(N_("It has been chosen for this prize already."), code="chosen_already")
    return _store(contest, BesideChoice(unit_id=unit.id), prize, why, actor, now)


def lift_choice(*, contest: Contest, choice_id: int, actor: User, now: datetime) -> None:
    """Take back a choice; the record stays. Raises Refused."""
    begin(contest, actor, now)
    row = next((each for each in standing_choices(contest.id) if each.id == choice_id), None)
    if row is None:
        raise Refused(N_("This choice does not stand any more."), code="not_chosen")
    row.lifted_at, row.lifted_by_id = now, actor.id
    _reopen(contest)
    note(contest, "lift_choice", actor, now, prize=row.prize_id, choice=row.id)
    db.session.flush()


def _prize(contest: Contest, prize_id: str) -> Prize:
    found = next((each for each in beside_prizes(contest.rules) if each.id == prize_id), None)
    if found is None:
        raise Refused(N_("Nobody is chosen for this prize: the ranking or the vote decides it."), code="unknown_prize")
    return found


def _reason(why: str) -> str:
    why = clean_text(why)
    if not why:
        raise Refused(N_("Give the reason; it is told with the prize."), code="reason_missing")
    if len(why) > LONGEST_REASON:
        raise Refused(N_("A reason has at most %(count)s characters."), code="too_long", count=LONGEST_REASON)
    return why


def _entry(contest: Contest, code: str) -> Entry:
    code = code.strip().upper().replace("\0", "")
    found = db.session.scalar(
        select(Entry).where(Entry.contest_id == contest.id, Entry.blind_code == code, Entry.state == ACCEPTED)
    )
    if found is None:
        raise Refused(N_("There is no valid entry with this code."), code="unknown_entry")
    return found


def _check_tied(contest: Contest, prize: Prize, entry: Entry) -> None:
    standing = find_standing(contest.id)
    ties = standing.report["undecided"] if standing else []
    tied = {code for each in ties if each["prize"] == prize.id for code in each["codes"]}
    if entry.blind_code not in tied:
        raise Refused(
            N_("Dates of birth decide this prize. The committee chooses only among authors born on the same day."),
            code="by_age",
        )


def _check_seats(prize: Prize, others: list[BesideChoice]) -> None:
    if len(others) >= prize.count:
        raise Conflict(
            N_("All %(count)s of this prize are chosen already. Take one back first."),
            code="all_chosen",
            count=prize.count,
        )


def _check_once(prize: Prize, entry: Entry, others: Iterable[Entry]) -> None:
    others = list(others)
    if any(other.id == entry.id for other in others):
        raise Conflict(N_("It has been chosen for this prize already."), code="chosen_already")
    if prize.to == "exemplar":
        if any(other.exemplar_id == entry.exemplar_id for other in others):
            raise Conflict(N_("This exemplar has been chosen for this prize already."), code="same_exemplar")
        return
    behind = people_behind([entry.id, *(other.id for other in others)])
    if any(behind[entry.id] & behind[other.id] for other in others):
        raise Conflict(N_("An author of this entry has been chosen for this prize already."), code="same_author")


def _store(contest: Contest, row: BesideChoice, prize: Prize, why: str, actor: User, now: datetime) -> BesideChoice:
    row.contest_id, row.prize_id, row.why, row.by_id, row.at = contest.id, prize.id, why, actor.id, now
    db.session.add(row)
    _reopen(contest)
    note(contest, "choose", actor, now, prize=prize.id, entry=row.entry_id, unit=row.unit_id, reason=why)
    db.session.flush()
    return row


def _reopen(contest: Contest) -> None:
    standing = find_standing(contest.id)
    if standing is not None:
        clear_approvals(standing)
