"""Giving entries to the judges of a panel: all at once, one by one, and a third judge after a gap."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.entries.models import Entry
from contest.judging.balance import Demand, Picks, Short, distribute, shortages
from contest.judging.conflicts import check_impartial, conflicts_among, conflicts_of
from contest.judging.locks import check_not_locked, hold_contest
from contest.judging.models import Assignment
from contest.judging.panels import loads, panel, revive
from contest.judging.rounds import EntryState, entry_state, in_round, round_state
from contest.judging.rules import REGULAR, THIRD, RefusedList
from contest.judging.scoring import Words
from contest.outbox.services import ask_for_mail, ask_for_sms

_SEED_BITS = 48
_PLACES = 2**31 - 1


@dataclass(frozen=True)
class Plan:
    """What an assignment would do, worked out and not yet done. The same seed gives the same plan.

    `before` and `after`: the loads by judge. `problems` say which entries lack judges, and why;
    with any of them nothing is assigned.
    """

    seed: int
    judges: tuple[User, ...]
    picks: Picks
    before: dict[int, int]
    after: dict[int, int]
    problems: tuple[Words, ...]

    @property
    def count(self) -> int:
        """How many assignments it makes."""
        return sum(map(len, self.picks.values()))


def new_seed() -> int:
    """A random seed, small enough to survive a form and a JSON number."""
    return secrets.randbits(_SEED_BITS)


def plan_assignment(contest: Contest, round_id: str, category: str, *, seed: int) -> Plan:
    """Who would get what, so that every entry has its judges and the loads are even.

    Finished and begun work, and what is given already, stays: only what is missing is filled.
    Entries set aside get no more judges.
    """
    states = [state for state in round_state(contest, round_id, category) if state.set_aside is None]
    judges = panel(contest, round_id, category)
    counts = loads(contest, round_id, category)
    before = {judge.id: counts.get(judge.id, 0) for judge in judges}
    conflicts = _conflicts(contest, round_id, category, judges)
    demands = [
        Demand(
            state.entry.id,
            state.lacking,
            frozenset(given.judge_id for given in state.given) | conflicts[state.entry.id],
        )
        for state in states
        if state.lacking
    ]
    problems = _explain(shortages(demands, list(before)), states, judges, conflicts)
    picks = {} if problems else distribute(demands, before, Random(seed))  # noqa: S311 - fair, not secret
    after = dict(before)
    for chosen in picks.values():
        for judge_id in chosen:
            after[judge_id] += 1
    return Plan(seed, tuple(judges), picks, before, after, tuple(problems))


def _conflicts(contest: Contest, round_id: str, category: str, judges: Sequence[User]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    where = in_round(contest, contest.rules.round(round_id), category)
    for entry_id, judge_id in conflicts_among(contest.id, *where, judges=[judge.id for judge in judges]):
        found[entry_id].add(judge_id)
    return found


def _explain(
    short: Sequence[Short], states: Sequence[EntryState], judges: Sequence[User], conflicts: dict[int, set[int]]
) -> list[Words]:
    by_id = {state.entry.id: state for state in states}
    why = N_(
        "Entry %(code)s lacks %(needed)s judges and only %(possible)s can be given it: "
        "of %(seated)s in the panel %(holding)s have it and %(conflicts)s have a conflict of interest."
    )
    problems: list[Words] = []
    for each in short:
        state = by_id[each.entry]
        seated = {judge.id for judge in judges}
        params = {
            "code": state.entry.code,
            "needed": each.needed,
            "possible": each.possible,
            "seated": len(seated),
            "holding": len({given.judge_id for given in state.given} & seated),
            "conflicts": len(conflicts[each.entry]),
        }
        problems.append((why, params))
    return problems


def assign(
    *, contest: Contest, round_id: str, category: str, actor: User | None, now: datetime, seed: int | None = None
) -> Plan:
    """Give every entry of the round the judges that it lacks. Doing it again only fills.

    The seed is recorded, so that who got what can be worked out again. Raises RefusedList naming the
    entries for which there are not enough judges (nothing is assigned then), Conflict (round closed).
    """
    hold_contest(contest, alone=True)
    check_not_locked(contest.id, round_id, category)
    plan = plan_assignment(contest, round_id, category, seed=new_seed() if seed is None else seed)
    if not plan.judges:
        raise Refused(N_("Nobody sits in this panel yet."), code="panel_empty")
    if plan.problems:
        raise RefusedList(
            N_("Some entries lack judges, so nothing was assigned."), plan.problems, code="judges_missing"
        )
    _carry_out(plan, round_id, now)
    for judge in plan.judges:
        given = sum(judge.id in judge_ids for judge_ids in plan.picks.values())
        if given:
            _tell(judge, contest, round_id, given, now)
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
    )
    db.session.flush()
    return plan


def _carry_out(plan: Plan, round_id: str, now: datetime) -> None:
    places = Random(f"places {plan.seed}")  # noqa: S311 - fair, not secret
    ended = _ended_work(round_id, plan.picks)
    for entry_id, judge_ids in sorted(plan.picks.items()):
        for judge_id in judge_ids:
            before = ended.get((entry_id, judge_id))
            if before is not None:
                revive(before)
            else:
                db.session.add(_assignment(round_id, entry_id, judge_id, REGULAR, places, now))


def _ended_work(round_id: str, picks: Picks) -> dict[tuple[int, int], Assignment]:
    """What these judges had of these entries before: taken up again, so that nobody has one twice."""
    query = select(Assignment).where(
        Assignment.round == round_id, Assignment.entry_id.in_(picks), Assignment.standing.is_(False)
    )
    return {(each.entry_id, each.judge_id): each for each in db.session.scalars(query)}


def _assignment(round_id: str, entry_id: int, judge_id: int, kind: str, places: Random, now: datetime) -> Assignment:
    return Assignment(
        round=round_id,
        entry_id=entry_id,
        judge_id=judge_id,
        kind=kind,
        place=places.randrange(_PLACES),
        assigned_at=now,
    )


def assign_one(*, entry: Entry, round_id: str, judge: User, actor: User, now: datetime) -> Assignment:
    """Give one entry to one judge by hand. Raises Refused.

    The judge sits in the panel and has no conflict with the entry; the entry lacks a judge. A head of
    jury in conflict with it does not choose who marks it.
    """
    contest = entry.contest
    hold_contest(contest, alone=True)
    check_not_locked(contest.id, round_id, entry.category)
    check_impartial(entry, actor)
    state = entry_state(entry, round_id)
    if state is None:
        raise Refused(N_("This entry does not take part in the round."), code="not_in_round")
    if judge.id not in {each.id for each in panel(contest, round_id, entry.category)}:
        raise Refused(N_("%(name)s does not sit in this panel."), code="not_seated", name=judge.name)
    if any(given.judge_id == judge.id for given in state.given):
        raise Refused(N_("%(name)s already has this entry."), code="assigned", name=judge.name)
    if conflicts_of(entry, judge.id):
        raise Refused(
            N_("%(name)s has a conflict of interest with this entry."), code="conflict_of_interest", name=judge.name
        )
    if not state.lacking:
        raise Refused(N_("This entry has all its judges."), code="enough_judges")
    kind = THIRD if state.result.needs_third else REGULAR
    return _give(entry, round_id, judge, kind, Random(new_seed()), actor, now)  # noqa: S311 - fair, not secret


def _give(
    entry: Entry, round_id: str, judge: User, kind: str, places: Random, actor: User | None, now: datetime
) -> Assignment:
    assignment = _ended_work(round_id, {entry.id: [judge.id]}).get((entry.id, judge.id))
    if assignment is not None:
        revive(assignment)
    else:
        assignment = _assignment(round_id, entry.id, judge.id, kind, places, now)
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
    _tell(judge, entry.contest, round_id, 1, now)
    db.session.flush()
    return assignment


def _tell(judge: User, contest: Contest, round_id: str, given: int, now: datetime) -> None:
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

    None when no third judge is needed or has the entry already, and when nobody can be given it: the
    entry then still needs one, which the head of jury's page says.
    """
    state = entry_state(entry, round_id)
    if state is None or not state.result.needs_third or not state.lacking:
        return None
    contest = entry.contest
    judges = {judge.id: judge for judge in panel(contest, round_id, entry.category)}
    conflicts = _conflicts_of_entry(entry, list(judges))
    barred = frozenset(given.judge_id for given in state.given) | conflicts
    demand = Demand(entry.id, 1, barred)
    if shortages([demand], list(judges)):
        return None
    counts = loads(contest, round_id, entry.category)
    random = Random(new_seed())  # noqa: S311 - fair, not secret
    chosen = distribute([demand], {judge_id: counts.get(judge_id, 0) for judge_id in judges}, random)[entry.id][0]
    return _give(entry, round_id, judges[chosen], THIRD, random, None, now)


def _conflicts_of_entry(entry: Entry, judge_ids: list[int]) -> frozenset[int]:
    found = conflicts_among(entry.contest_id, Entry.id == entry.id, judges=judge_ids)
    return frozenset(judge_id for _, judge_id in found)


def possible_judges(entry: Entry, round_id: str) -> list[User]:
    """Who can be given the entry by hand: in the panel, without it, without a conflict."""
    state = entry_state(entry, round_id)
    if state is None:
        return []
    judges = panel(entry.contest, round_id, entry.category)
    barred = _conflicts_of_entry(entry, [judge.id for judge in judges])
    barred |= {given.judge_id for given in state.given}
    return [judge for judge in judges if judge.id not in barred]
