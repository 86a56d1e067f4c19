"""What keeps a round of a category from closing, thing by thing, and who would advance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_
from contest.entries.queries import eligible_to_advance
from contest.judging.conflicts import Pair, conflicts_among
from contest.judging.panels import appointed
from contest.judging.rounds import in_round, round_state
from contest.judging.rules import THIRD
from contest.judging.scoring import RECONCILE, Words, exact
from contest.judging.shortlist import Candidate, Readiness, Shortlist, shortlist
from contest.judging.states import EntryState, Given, RoundEntry
from contest.judging.waivers import DECLARATION, GAP, JUDGE, SHEET, VERIFICATION, spare, undeclared_in

# Kinds of things in the way, in the order in which they are worked down. Beside what can be let pass:
THIRD_MISSING, CONFLICT, ROLE, PARTIAL = "third", "conflict", "role", "partial"
KINDS = (SHEET, JUDGE, THIRD_MISSING, GAP, DECLARATION, CONFLICT, ROLE, VERIFICATION, PARTIAL)


@dataclass(frozen=True)
class Item:
    """One thing in the way. `acts`: what the head of jury can do about it, from remind, replace, assign, settle,
    decide, conflict (record it), panel (end the seat) and waive; `waives` is what letting it pass is called.

    `undeclared`: the judge has not declared on conflicts of interest either.
    """

    kind: str
    entry: RoundEntry
    words: Words
    acts: tuple[str, ...] = ()
    given: Given | None = None
    waives: str = ""
    undeclared: bool = False


@dataclass(frozen=True)
class ClosingCheck:
    """Whether a round can be closed: everything in the way, and who would advance.

    `shortlist` is None in the last round. Names in it are public ids of entries. `conflicts`: of interest,
    between the round's entries and whoever judges in the contest, pairs of ids.
    """

    items: tuple[Item, ...]
    shortlist: Shortlist | None
    states: tuple[EntryState, ...]
    conflicts: frozenset[Pair] = frozenset()

    @property
    def problems(self) -> tuple[Words, ...]:
        """Everything in the way, in words."""
        return tuple(item.words for item in self.items)

    def state(self, public_id: str) -> EntryState:
        return self._by_public_id[public_id]

    @cached_property
    def _by_public_id(self) -> dict[str, EntryState]:
        return {state.entry.public_id: state for state in self.states}

    @cached_property
    def _by_entry(self) -> dict[int, EntryState]:
        return {state.entry.id: state for state in self.states}

    def state_of(self, entry_id: int) -> EntryState:
        return self._by_entry[entry_id]

    def tied_at_line(self) -> tuple[str, ...]:
        """Who advances on exactly the total of the line; more than one of them is a tie."""
        chosen = self.shortlist
        if chosen is None or chosen.line is None:
            return ()
        within = (*chosen.advancing, *chosen.blocking)
        return tuple(public_id for public_id in within if self.state(public_id).result.total == chosen.line)


def check_closing(contest: Contest, round_id: str, category: str) -> ClosingCheck:
    """What keeps a round of a category from closing. An entry set aside keeps nothing from closing."""
    states = round_state(contest, round_id, category)
    counting = [state for state in states if state.set_aside is None]
    round_ = contest.rules.round(round_id)
    gap = round_.gap
    undeclared = undeclared_in(contest, round_id, category)
    items: list[Item] = []
    for state in counting:
        can_spare = spare(state, round_) > 0
        items += _sheets_missing(state, undeclared, can_spare=can_spare)
        items += _judges_missing(state, can_spare=can_spare)
        if state.result.complete and state.result.gap_open:
            words = N_("The gap between the judges of entry %(code)s is not settled."), {"code": state.entry.code}
            act = "settle" if gap is not None and gap.action == RECONCILE else "decide"
            items.append(Item(GAP, state.entry, words, (act, "waive"), waives=GAP))
        items += _undeclared(state, undeclared)
    conflicts = frozenset(conflicts_among(contest.id, *in_round(contest, round_, category)))
    items += _not_independent(contest, counting, conflicts)
    chosen = _shortlist(contest, round_id, category, states)
    check = ClosingCheck((), chosen, tuple(states))
    if chosen is not None:
        items += _unverified(check, chosen)
    return ClosingCheck(tuple(items), chosen, tuple(states), conflicts)


def _sheets_missing(state: EntryState, undeclared: Collection[int], *, can_spare: bool) -> list[Item]:
    """Sheets that are waited for. A third judge's goes with the gap that called for it."""
    items = []
    for given in state.waiting_for:
        third = given.kind == THIRD
        if given.judge_id in state.let_pass or (third and state.waives(GAP)):
            continue
        words = (
            N_("The sheet of %(judge)s for entry %(code)s is not final."),
            {"judge": given.judge_name, "code": state.entry.code},
        )
        acts = ("remind", "replace", "waive") if third or can_spare else ("remind", "replace")
        waives = GAP if third else SHEET
        items.append(Item(SHEET, state.entry, words, acts, given, waives, undeclared=given.id in undeclared))
    return items


def _judges_missing(state: EntryState, *, can_spare: bool) -> list[Item]:
    code = state.entry.code
    if not state.lacking:
        return []
    if state.result.needs_third:
        words: Words = (N_("Entry %(code)s needs a third judge, and nobody has it yet."), {"code": code})
        return [Item(THIRD_MISSING, state.entry, words, ("assign", "waive"), waives=GAP)]
    words = (
        N_("Entry %(code)s has not been given to enough judges: %(count)s missing."),
        {"code": code, "count": state.lacking},
    )
    return [Item(JUDGE, state.entry, words, ("assign", "waive") if can_spare else ("assign",), waives=JUDGE)]


def _undeclared(state: EntryState, undeclared: Collection[int]) -> list[Item]:
    """Sheets that count although their judge never declared. One that is not final waits as a sheet anyway."""
    missing = N_("%(judge)s has marked entry %(code)s without declaring on conflicts of interest.")
    passed = {each.judge_id for each in state.waivers if each.what == DECLARATION}
    return [
        Item(
            DECLARATION,
            state.entry,
            (missing, {"judge": given.judge_name, "code": state.entry.code}),
            ("remind", "waive"),
            given,
            DECLARATION,
            undeclared=True,
        )
        for given in state.given
        if given.final and given.id in undeclared and given.judge_id not in passed
    ]


def _not_independent(contest: Contest, states: Sequence[EntryState], conflicts: Collection[Pair]) -> list[Item]:
    """Sheets that count and should not: a conflict learnt late, a judge whose role has ended."""
    judging = set(db.session.scalars(appointed(contest.id)))
    items = []
    in_conflict = N_("%(judge)s has a conflict of interest with entry %(code)s: record it and assign another judge.")
    role_ended = N_("%(judge)s, who has entry %(code)s, is no longer a judge: end the seat in the panel.")
    for state in states:
        for given in state.given:
            params: dict[str, Any] = {"judge": given.judge_name, "code": state.entry.code}
            if (state.entry.id, given.judge_id) in conflicts:
                items.append(Item(CONFLICT, state.entry, (in_conflict, params), ("conflict",), given))
            elif given.judge_id not in judging:
                items.append(Item(ROLE, state.entry, (role_ended, params), ("panel",), given))
    return items


def _unverified(check: ClosingCheck, chosen: Shortlist) -> list[Item]:
    words = N_("Entry %(code)s would advance, but is not verified or its exemplar has not agreed.")
    blocking = sorted((check.state(public_id) for public_id in chosen.blocking), key=lambda state: state.entry.code)
    return [
        Item(VERIFICATION, state.entry, (words, {"code": state.entry.code}), ("waive",), waives=VERIFICATION)
        for state in blocking
        # Before its sheets are in, it would be a hint at what some judges gave.
        if state.result.closable
    ]


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
    ready = state.entry.id in able or state.waives(VERIFICATION)
    return Candidate(state.entry.public_id, total, Readiness.READY if ready else Readiness.PENDING)


# For one head of jury


def items_for(check: ClosingCheck, person_id: int) -> list[Item]:
    """The things in the way as one head of jury may see them, who may judge too.

    Of an entry with which they have a conflict: only that it waits for somebody else. Of one that they have not
    finished marking: only their own sheet.
    """
    partial = {entry_id for entry_id, judge_id in check.conflicts if judge_id == person_id}
    shown: list[Item] = []
    told: set[int] = set()
    for item in check.items:
        if item.entry.id in partial:
            if item.entry.id not in told:
                told.add(item.entry.id)
                words = N_(
                    "Entry %(code)s, with which you have a conflict of interest, is not ready:"
                    " another head of jury sees to it."
                )
                shown.append(Item(PARTIAL, item.entry, (words, {"code": item.entry.code})))
            continue
        waiting = {given.judge_id for given in check.state_of(item.entry.id).waiting_for}
        if person_id in waiting and not (item.given is not None and item.given.judge_id == person_id):
            continue
        shown.append(item)
    return shown


def count_kinds(items: Iterable[Item]) -> dict[str, int]:
    """How many there are of each kind, in the order in which they are worked down."""
    counts = Counter(item.kind for item in items)
    return {kind: counts[kind] for kind in KINDS if counts[kind]}


def late_judges(check: ClosingCheck) -> dict[int, int]:
    """How many sheets each judge still owes in this round and category, by the judge's id."""
    return dict(Counter(item.given.judge_id for item in check.items if item.kind == SHEET and item.given is not None))
