"""Giving entries to the judges of a panel: all at once, one by one, and a third judge after a gap."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Any

import ortools
from sqlalchemy import insert, select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.entries.models import Entry
from contest.judging.balance import Demand, Place, distribute
from contest.judging.conflicts import check_impartial, conflicts_among, conflicts_of
from contest.judging.locks import check_not_locked, hold_contest
from contest.judging.models import Assignment, PanelSeat
from contest.judging.panels import loads, revive
from contest.judging.planning import Plan, new_seed, plan_assignment, seats_of
from contest.judging.rounds import entry_state
from contest.judging.rules import REGULAR, RESERVE, THIRD, RefusedList
from contest.outbox.services import ask_for_mail, ask_for_sms

_PLACES = 2**31 - 1


def assign(
    *,
    contest: Contest,
    round_id: str,
    category: str,
    actor: User | None,
    now: datetime,
    seed: int | None = None,
    seen: str | None = None,
) -> Plan:
    """Give every entry of the round the judges that it lacks. Doing it again only fills.

    The seed is recorded, so that who got what can be worked out again. `seen`: the fingerprint of the plan
    that was looked at. Entries with which the actor has a conflict of interest are left to somebody else.
    Raises RefusedList naming what makes it impossible (nothing is assigned then), Conflict (round closed;
    the plan has become another one).
    """
    hold_contest(contest, alone=True)
    check_not_locked(contest.id, round_id, category)
    plan = plan_assignment(contest, round_id, category, seed=new_seed() if seed is None else seed, actor=actor)
    if not plan.judges:
        raise Refused(N_("Nobody sits in this panel yet."), code="panel_empty")
    if plan.problems:
        raise RefusedList(
            N_("The entries cannot be given out so, and nothing was assigned."), plan.problems, code="judges_missing"
        )
    if seen is not None and seen != plan.fingerprint:
        raise Conflict(N_("Meanwhile something changed, and with it this plan: look at it again."), code="plan_changed")
    _carry_out(plan, contest, round_id, category, now)
    for judge in plan.judges:
        given = sum(judge.id in judge_ids for judge_ids in plan.picks.values())
        if given:
            tell(judge, contest, round_id, given, now)
    record(
        actor=actor.public_id if actor else None,
        verb="judging.assign",
        object_type="contest",
        object_id=contest.public_id,
        contest_id=contest.id,
        now=now,
        round=round_id,
        category=category,
        seed=plan.seed,
        count=plan.count,
        solver=f"ortools {ortools.__version__}",  # another version may choose among equal solutions otherwise
    )
    db.session.flush()
    return plan


def _carry_out(plan: Plan, contest: Contest, round_id: str, category: str, now: datetime) -> None:
    places = Random(f"places {plan.seed}")  # noqa: S311 - fair, not secret
    pairs = [(entry_id, judge_id) for entry_id, judge_ids in sorted(plan.picks.items()) for judge_id in judge_ids]
    ended = ended_work(contest, round_id, category)
    new = []
    for entry_id, judge_id in pairs:
        if (before := ended.get((entry_id, judge_id))) is not None:
            revive(before)
            continue
        # Whoever comes last to an entry whose judges are too far apart is the third.
        third = entry_id in plan.thirds and judge_id == plan.picks[entry_id][-1]
        new.append(values_of(round_id, entry_id, judge_id, THIRD if third else REGULAR, places, now))
    if new:
        db.session.execute(insert(Assignment), new)


def ended_work(contest: Contest, round_id: str, category: str) -> dict[tuple[int, int], Assignment]:
    """What judges had of entries before: taken up again, so that nobody has one twice."""
    return work_of(contest, round_id, category, standing=False)


def work_of(
    contest: Contest, round_id: str, category: str, *, standing: bool = True
) -> dict[tuple[int, int], Assignment]:
    """The assignments of a round in a category that stand, or that have ended, by entry and judge."""
    query = (
        select(Assignment)
        .join(Entry, Entry.id == Assignment.entry_id)
        .where(
            Entry.contest_id == contest.id,
            Entry.category == category,
            Assignment.round == round_id,
            Assignment.standing.is_(standing),
        )
    )
    return {(each.entry_id, each.judge_id): each for each in db.session.scalars(query)}


def values_of(round_id: str, entry_id: int, judge_id: int, kind: str, places: Random, now: datetime) -> dict[str, Any]:
    return {
        "round": round_id,
        "entry_id": entry_id,
        "judge_id": judge_id,
        "kind": kind,
        "place": places.randrange(_PLACES),
        "assigned_at": now,
    }


def assign_one(*, entry: Entry, round_id: str, judge: User, actor: User, now: datetime) -> Assignment:
    """Give one entry to one judge by hand. Raises Refused.

    The judge sits in the panel, also in reserve, has no conflict with the entry and no more than their limit;
    the entry lacks a judge. A head of jury in conflict with it does not choose who marks it.
    """
    contest = entry.contest
    hold_contest(contest, alone=True)
    check_not_locked(contest.id, round_id, entry.category)
    check_impartial(entry, actor)
    state = entry_state(entry, round_id)
    if state is None:
        raise Refused(N_("This entry does not take part in the round."), code="not_in_round")
    seat = next((each for each in seats_of(contest, round_id, entry.category) if each.judge_id == judge.id), None)
    if seat is None:
        raise Refused(N_("%(name)s does not sit in this panel."), code="not_seated", name=judge.name)
    if any(given.judge_id == judge.id for given in state.given):
        raise Refused(N_("%(name)s already has this entry."), code="assigned", name=judge.name)
    if conflicts_of(entry, judge.id):
        raise Refused(
            N_("%(name)s has a conflict of interest with this entry."), code="conflict_of_interest", name=judge.name
        )
    if not state.lacking:
        raise Refused(N_("This entry has all its judges."), code="enough_judges")
    if seat.most is not None and loads(contest, round_id, entry.category).get(judge.id, 0) >= seat.most:
        raise Refused(
            N_("%(name)s has as many entries as agreed: %(most)s."), code="limit", name=judge.name, most=seat.most
        )
    kind = THIRD if state.result.needs_third else REGULAR
    return _give(entry, round_id, judge, kind, Random(new_seed()), actor, now)  # noqa: S311 - fair, not secret


def _give(
    entry: Entry, round_id: str, judge: User, kind: str, places: Random, actor: User | None, now: datetime
) -> Assignment:
    assignment = db.session.scalar(
        select(Assignment).where(
            Assignment.round == round_id, Assignment.entry_id == entry.id, Assignment.judge_id == judge.id
        )
    )
    if assignment is not None:
        revive(assignment)
    else:
        assignment = Assignment(**values_of(round_id, entry.id, judge.id, kind, places, now))
        db.session.add(assignment)
    db.session.flush()
    record(
        actor=actor.public_id if actor else None,
        verb="judging.assign_one",
        object_type="entry",
        object_id=entry.public_id,
        contest_id=entry.contest_id,
        now=now,
        round=round_id,
        judge=judge.public_id,
        kind=kind,
    )
    tell(judge, entry.contest, round_id, 1, now)
    db.session.flush()
    return assignment


def tell(judge: User, contest: Contest, round_id: str, given: int, now: datetime) -> None:
    """Ask for a message to a judge who has new entries: how many and until when, never which."""
    round_, window = contest.rules.round(round_id), contest.rules.window(round_id)
    params = {
        "contest": {"vi": contest.rules.title.vi, "en": contest.rules.title.en},
        "slug": contest.slug,
        "round": {"vi": round_.name.vi, "en": round_.name.en},
        "given": given,
        "until": window.closes.isoformat() if window else None,
    }
    common: dict[str, Any] = {"locale": judge.locale, "scope": contest.slug, **params}
    if judge.email:
        ask_for_mail(to=judge.email, template="judge_assigned", now=now, **common)
    elif judge.phone:
        ask_for_sms(to=judge.phone, template="judge_assigned_sms", now=now, **common)


def assign_third(*, entry: Entry, round_id: str, now: datetime) -> Assignment | None:
    """A third judge for an entry whose two are too far apart: free of conflict, the least loaded.

    Of the members of the panel; where none of them can have it, of its reserve. None when no third judge is
    needed or has the entry already, and when nobody can be given it: the entry then still needs one, which
    the head of jury's page says.
    """
    state = entry_state(entry, round_id)
    if state is None or not state.result.needs_third or not state.lacking:
        return None
    contest = entry.contest
    possible = _possible(entry, round_id, {given.judge_id for given in state.given})
    rank = [seat for seat in possible if seat.seat != RESERVE] or possible
    if not rank:
        return None
    counts = loads(contest, round_id, entry.category)
    random = Random(new_seed())  # noqa: S311 - fair, not secret
    places = [Place(seat.judge_id, counts.get(seat.judge_id, 0)) for seat in rank]
    chosen = distribute([Demand(entry.id, 1)], places, random)[entry.id][0]
    judge = next(seat.judge for seat in rank if seat.judge_id == chosen)
    return _give(entry, round_id, judge, THIRD, random, None, now)


def _possible(entry: Entry, round_id: str, holding: set[int]) -> list[PanelSeat]:
    """The seats whose holders can be given the entry: without it, no conflict, below their limit."""
    seats = seats_of(entry.contest, round_id, entry.category)
    conflicts = conflicts_among(entry.contest_id, Entry.id == entry.id, judges=[seat.judge_id for seat in seats])
    barred = {judge_id for _, judge_id in conflicts} | holding
    counts = loads(entry.contest, round_id, entry.category)
    return [
        seat
        for seat in seats
        if seat.judge_id not in barred and (seat.most is None or counts.get(seat.judge_id, 0) < seat.most)
    ]


def possible_judges(entry: Entry, round_id: str) -> list[User]:
    """Who can be given the entry by hand: in the panel, without it, without a conflict, below their limit."""
    state = entry_state(entry, round_id)
    if state is None:
        return []
    return [seat.judge for seat in _possible(entry, round_id, {given.judge_id for given in state.given})]
