"""Putting a gap to rest, passing an entry over, closing a round: what the head of jury records."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest, RoleGrant
from contest.contests.rules import CHAIR
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.core.text import clean_text
from contest.entries.models import Entry
from contest.entries.queries import eligible_to_advance
from contest.entries.services import advance
from contest.judging.conflicts import check_impartial, conflicts_among
from contest.judging.locks import check_not_locked, find_closing, hold_contest
from contest.judging.models import GapSettlement, RoundClosing, SetAside
from contest.judging.panels import appointed
from contest.judging.rounds import EntryState, entry_state, in_round, round_state
from contest.judging.rules import RefusedList
from contest.judging.scoring import RECONCILE, Words, exact
from contest.judging.shortlist import Candidate, Readiness, Shortlist, shortlist


def check_chair(contest: Contest, actor: User) -> None:
    """Raises Refused for anyone but the head of jury."""
    query = select(RoleGrant.id).where(
        RoleGrant.contest_id == contest.id,
        RoleGrant.user_id == actor.id,
        RoleGrant.role == CHAIR,
        RoleGrant.ended_at.is_(None),
    )
    if db.session.scalar(query) is None:
        raise Refused(N_("Only the head of jury can do this."), code="not_chair")


def _taking_part(entry: Entry, round_id: str) -> EntryState:
    state = entry_state(entry, round_id)
    if state is None:
        raise Refused(N_("This entry does not take part in the round."), code="not_in_round")
    return state


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
    state = _taking_part(entry, round_id)
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
    _record(entry, round_id, "judging.settle_gap", actor, now, note=settlement.note, seen=state.seen)
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
    state = _taking_part(entry, round_id)
    if state.set_aside is not None:
        raise Refused(N_("This entry is set aside already."), code="set_aside")
    reason = clean_text(reason)
    if not reason:
        raise Refused(N_("Say why."), code="reason_missing")
    aside = SetAside(entry_id=entry.id, round=round_id, by_id=actor.id, at=now, reason=reason)
    db.session.add(aside)
    _record(entry, round_id, "judging.set_aside", actor, now, reason=reason)
    db.session.flush()
    return aside


def _record(entry: Entry, round_id: str, verb: str, actor: User, now: datetime, **details: object) -> None:
    record(
        actor=actor.public_id,
        verb=verb,
        object_type="entry",
        object_id=entry.public_id,
        contest_id=entry.contest_id,
        now=now,
        round=round_id,
        **details,
    )


# Closing


@dataclass(frozen=True)
class ClosingCheck:
    """Whether a round can be closed: everything in the way, and who would advance.

    `shortlist` is None in the last round. Names in it are public ids of entries.
    """

    problems: tuple[Words, ...]
    shortlist: Shortlist | None
    states: tuple[EntryState, ...]

    def state(self, public_id: str) -> EntryState:
        return next(state for state in self.states if state.entry.public_id == public_id)


def check_closing(contest: Contest, round_id: str, category: str) -> ClosingCheck:
    """What keeps a round of a category from closing. An entry set aside keeps nothing from closing."""
    states = round_state(contest, round_id, category)
    counting = [state for state in states if state.set_aside is None]
    problems: list[Words] = []
    for state in counting:
        problems += _missing(state)
    problems += _not_independent(contest, round_id, category, counting)
    chosen = _shortlist(contest, round_id, category, states)
    if chosen is not None:
        by_id = {state.entry.public_id: state for state in states}
        unverified = N_("Entry %(code)s would advance, but is not verified or its exemplar has not agreed.")
        problems += [
            (unverified, {"code": by_id[entry].entry.code})
            for entry in sorted(chosen.blocking, key=lambda entry: by_id[entry].entry.code)
            # Before its sheets are in, it would be a hint at what some judges gave.
            if by_id[entry].result.closable
        ]
    return ClosingCheck(tuple(problems), chosen, tuple(states))


def _missing(state: EntryState) -> list[Words]:
    code = state.entry.code
    problems: list[Words] = [
        (N_("The sheet of %(judge)s for entry %(code)s is not final."), {"judge": given.judge_name, "code": code})
        for given in state.waiting_for
    ]
    if state.lacking and state.result.needs_third:
        problems.append((N_("Entry %(code)s needs a third judge, and nobody has it yet."), {"code": code}))
    elif state.lacking:
        problems.append(
            (
                N_("Entry %(code)s has not been given to enough judges: %(count)s missing."),
                {"code": code, "count": state.lacking},
            )
        )
    if state.result.complete and state.result.gap_open:
        problems.append((N_("The gap between the judges of entry %(code)s is not settled."), {"code": code}))
    return problems


def _not_independent(contest: Contest, round_id: str, category: str, states: Sequence[EntryState]) -> list[Words]:
    """Sheets that count and should not: a conflict learnt late, a judge whose role has ended."""
    where = in_round(contest, contest.rules.round(round_id), category)
    conflicts = conflicts_among(contest.id, *where)
    judging = set(db.session.scalars(appointed(contest.id)))
    problems: list[Words] = []
    in_conflict = N_("%(judge)s has a conflict of interest with entry %(code)s: record it and assign another judge.")
    role_ended = N_("%(judge)s, who has entry %(code)s, is no longer a judge: end the seat in the panel.")
    for state in states:
        for given in state.given:
            params = {"judge": given.judge_name, "code": state.entry.code}
            if (state.entry.id, given.judge_id) in conflicts:
                problems.append((in_conflict, params))
            elif given.judge_id not in judging:
                problems.append((role_ended, params))
    return problems


def _shortlist(contest: Contest, round_id: str, category: str, states: Sequence[EntryState]) -> Shortlist | None:
    rules = contest.rules
    goes_on = rules.round(round_id).advance
    if goes_on is None:
        return None
    able = set(db.session.scalars(eligible_to_advance(contest.id)))
    candidates = [_candidate(state, able) for state in states]
    least = exact(goes_on.min_score) if goes_on.min_score is not None else None
    return shortlist(
        candidates,
        count=goes_on.counts.get(category, 0),
        min_score=least,
        decimals=rules.scoring.display_decimals,
    )


def _candidate(state: EntryState, able: Collection[int]) -> Candidate:
    total = state.result.total
    if state.set_aside is not None:
        why = (N_("Set aside: %(reason)s"), {"reason": state.set_aside})
        return Candidate(state.entry.public_id, total, Readiness.OUT, why)
    readiness = Readiness.READY if state.entry.id in able else Readiness.PENDING
    return Candidate(state.entry.public_id, total, readiness)


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
    ids = [check.state(public_id).entry.id for public_id in advancing]
    for entry in db.session.scalars(select(Entry).where(Entry.id.in_(ids)).order_by(Entry.blind_code)):
        advance(entry=entry, actor=actor, now=now)
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
    )
    db.session.flush()
    return closing
