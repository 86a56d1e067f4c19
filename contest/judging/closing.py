"""Putting a gap to rest, replacing who is late, passing an entry over, closing a round: acts on record."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.core.text import clean_text
from contest.entries.models import Entry
from contest.entries.services import advance
from contest.judging.assignment import assign_one
from contest.judging.authority import check_chair, needed, record_on_entry, taking_part
from contest.judging.closing_check import ClosingCheck, check_closing
from contest.judging.conflicts import check_impartial, end_assignment
from contest.judging.locks import check_not_locked, find_closing, hold_contest
from contest.judging.models import Assignment, GapDecision, GapSettlement, RoundClosing, SetAside
from contest.judging.rules import ENDED_REMOVED, RefusedList
from contest.judging.scoring import CHAIR_DECIDES, RECONCILE, exact, written
from contest.judging.waivers import VERIFICATION

__all__ = [
    "ClosingCheck",
    "check_chair",
    "check_closing",
    "close_round",
    "decide_gap",
    "replace_judge",
    "set_aside",
    "settle_gap",
]


def settle_gap(
    *,
    entry: Entry,
    round_id: str,
    note: str,
    actor: User,
    now: datetime,
    seen: dict[str, int] | None = None,
) -> GapSettlement:
    """Record that the judges of an entry talked about their gap, also when nobody changed a score.

    `seen`: the revisions that the head of jury's page showed; Conflict when there are newer ones. A
    score changed after the record that leaves a gap opens it again. Raises Refused.
    """
    contest = entry.contest
    check_chair(contest, actor)
    hold_contest(contest, alone=True)
    check_not_locked(contest.id, round_id, entry.category)
    check_impartial(entry, actor)
    state = taking_part(entry, round_id)
    gap = contest.rules.round(round_id).gap
    if gap is None or gap.action != RECONCILE or not state.result.complete or not state.result.gap_open:
        raise Refused(N_("There is no open gap to settle."), code="no_gap")
    if seen is not None and seen != state.seen:
        raise Conflict(N_("A judge has scored again meanwhile. Please look at the scores once more."), code="rescored")
    if not clean_text(note):
        raise Refused(N_("Say what came of the talk."), code="note_missing")
    settlement = GapSettlement(
        entry_id=entry.id, round=round_id, by_id=actor.id, at=now, note=clean_text(note), seen=state.seen
    )
    db.session.add(settlement)
    record_on_entry(entry, round_id, "judging.settle_gap", actor, now, note=settlement.note, seen=state.seen)
    db.session.flush()
    return settlement


def set_aside(*, entry: Entry, round_id: str, reason: str, actor: User, now: datetime) -> SetAside:
    """Pass an entry over, by name and with a reason: it does not advance, the next moves up.

    In the last round it is not ranked. Nothing that it lacks keeps the round from closing. Raises
    Refused, Conflict (round closed).
    """
    contest = entry.contest
    check_chair(contest, actor)
    hold_contest(contest, alone=True)
    check_not_locked(contest.id, round_id, entry.category)
    check_impartial(entry, actor)
    state = taking_part(entry, round_id)
    if state.set_aside is not None:
        raise Refused(N_("This entry is set aside already."), code="set_aside")
    reason = needed(reason)
    aside = SetAside(entry_id=entry.id, round=round_id, by_id=actor.id, at=now, reason=reason)
    db.session.add(aside)
    record_on_entry(entry, round_id, "judging.set_aside", actor, now, reason=reason)
    db.session.flush()
    return aside


def decide_gap(
    *,
    entry: Entry,
    round_id: str,
    total: Decimal,
    reason: str,
    seen: dict[str, int],
    actor: User,
    now: datetime,
) -> GapDecision:
    """The head of jury sets the total of an entry whose judges are too far apart, where the rules say so.

    From the lowest sheet to the highest, in hundredths of a point. `seen`: the revisions that the page
    showed; it holds for them, and a score changed afterwards opens the question again. Raises Refused,
    Conflict (a judge has scored again meanwhile, or the round is closed).
    """
    contest = entry.contest
    check_chair(contest, actor)
    hold_contest(contest, alone=True)
    check_not_locked(contest.id, round_id, entry.category)
    check_impartial(entry, actor)
    state = taking_part(entry, round_id)
    gap = contest.rules.round(round_id).gap
    totals = [sheet.total for sheet in state.sheets]
    # A decision that stands can be made anew: the latest counts.
    undecided = state.result.complete and state.result.gap_open
    if gap is None or gap.action != CHAIR_DECIDES or not (undecided or state.decision is not None):
        raise Refused(N_("There is no gap here for the head of jury to decide on."), code="no_gap")
    if seen != state.seen:
        raise Conflict(N_("A judge has scored again meanwhile. Please look at the scores once more."), code="rescored")
    if not total.is_finite() or (total * 100) % 1:
        raise Refused(N_("The total has at most two decimals."), code="too_fine")
    if not min(totals) <= exact(total) <= max(totals):
        decimals = contest.rules.scoring.display_decimals
        raise Refused(
            N_("The total lies between the lowest sheet, %(low)s, and the highest, %(high)s."),
            code="outside",
            low=written(min(totals), decimals),
            high=written(max(totals), decimals),
        )
    decision = GapDecision(
        entry_id=entry.id, round=round_id, total=total, by_id=actor.id, at=now, reason=needed(reason), seen=seen
    )
    db.session.add(decision)
    record_on_entry(
        entry,
        round_id,
        "judging.decide_gap",
        actor,
        now,
        total=str(total),
        reason=decision.reason,
        seen=seen,
    )
    db.session.flush()
    return decision


def replace_judge(
    *, entry: Entry, round_id: str, judge: User, by: User, actor: User, now: datetime
) -> tuple[Assignment, Assignment]:
    """Give a sheet that is missing to another judge; what the first has begun is kept and does not count.

    Returns the assignment that ends and the one that begins. Not by a head of jury in conflict with the
    entry. Raises Refused, Conflict.
    """
    contest = entry.contest
    hold_contest(contest, alone=True)
    check_not_locked(contest.id, round_id, entry.category)
    check_impartial(entry, actor)
    state = taking_part(entry, round_id)
    given = next((each for each in state.waiting_for if each.judge_id == judge.id), None)
    if given is None:
        raise Refused(N_("%(name)s owes no sheet for this entry."), code="nothing_missing", name=judge.name)
    before = db.session.get_one(Assignment, given.id)
    end_assignment(before, ENDED_REMOVED, now)
    db.session.flush()
    after = assign_one(entry=entry, round_id=round_id, judge=by, actor=actor, now=now)
    record_on_entry(
        entry, round_id, "judging.replace_judge", actor, now, judge=judge.public_id, by=by.public_id, state=given.state
    )
    db.session.flush()
    return before, after


# Closing


def close_round(*, contest: Contest, round_id: str, category: str, actor: User, now: datetime) -> RoundClosing:
    """Lock the scores of a round in a category; after any round but the last, its best advance.

    Raises RefusedList with everything that is missing. Closing a closed round changes nothing.
    """
    check_chair(contest, actor)
    rules = contest.rules
    rules.category(category)
    hold_contest(contest, alone=True)
    closing = find_closing(contest.id, round_id, category)
    if closing is not None:
        return closing
    if not rules.has_begun(rules.round(round_id).id, now):
        raise Refused(N_("Marking in this round has not begun."), code="marking_not_begun")
    check = check_closing(contest, round_id, category)
    if check.problems:
        raise RefusedList(N_("The round cannot be closed yet."), check.problems, code="not_closable")
    closing = RoundClosing(contest_id=contest.id, round=round_id, category=category, by_id=actor.id, at=now)
    db.session.add(closing)
    advancing = check.shortlist.advancing if check.shortlist else ()
    ids = [check.entry(public_id).id for public_id in advancing]
    unverified = {state.entry.id for state in check.states if state.waives(VERIFICATION)}
    for entry in db.session.scalars(select(Entry).where(Entry.id.in_(ids)).order_by(Entry.blind_code)):
        advance(entry=entry, actor=actor, now=now, unverified=entry.id in unverified)
    record(
        actor=actor.public_id,
        verb="judging.close_round",
        object_type="contest",
        object_id=contest.public_id,
        contest_id=contest.id,
        now=now,
        round=round_id,
        category=category,
        advancing=list(advancing),
        set_aside=[state.entry.public_id for state in check.states if state.set_aside is not None],
        let_pass=sum(len(state.waivers) for state in check.states),
    )
    db.session.flush()
    return closing
