"""What keeps a round of a category from closing, thing by thing, and who would advance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_
from contest.entries.queries import eligible_to_advance
from contest.judging.conflicts import Pair, conflicts_among
from contest.judging.outlooks import Holder, Outlook, outlook_of, outlooks
from contest.judging.panels import appointed
from contest.judging.rounds import in_round, round_state
from contest.judging.rules import THIRD
from contest.judging.scoring import RECONCILE, Words, exact
from contest.judging.shortlist import Candidate, Readiness, Shortlist, shortlist
from contest.judging.states import EntryState
from contest.judging.waivers import DECLARATION, GAP, JUDGE, SHEET, VERIFICATION, undeclared_in

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
    entry: Outlook
    words: Words
    acts: tuple[str, ...] = ()
    given: Holder | None = None
    waives: str = ""
    undeclared: bool = False


@dataclass(frozen=True)
class ClosingCheck:
    """Whether a round can be closed: everything in the way, and who would advance.

    `shortlist` is None in the last round. Names in it are public ids of entries. `conflicts`: of interest,
    between the round's entries and whoever judges in the contest, pairs of ids. `states`: every entry in full,
    when the round was worked out in full.
    """

    items: tuple[Item, ...]
    shortlist: Shortlist | None
    entries: tuple[Outlook, ...]
    conflicts: frozenset[Pair] = frozenset()
    states: tuple[EntryState, ...] = ()

    @property
    def problems(self) -> tuple[Words, ...]:
        """Everything in the way, in words."""
        return tuple(item.words for item in self.items)

    def entry(self, public_id: str) -> Outlook:
        return self._by_public_id[public_id]

    @cached_property
    def _by_public_id(self) -> dict[str, Outlook]:
        return {entry.public_id: entry for entry in self.entries}

    def tied_at_line(self) -> tuple[str, ...]:
        """Who advances on exactly the total of the line; more than one of them is a tie."""
        chosen = self.shortlist
        if chosen is None or chosen.line is None:
            return ()
        within = (*chosen.advancing, *chosen.blocking)
        return tuple(public_id for public_id in within if self.entry(public_id).total == chosen.line)


def check_closing(contest: Contest, round_id: str, category: str) -> ClosingCheck:
    """What keeps a round of a category from closing, with every entry worked out in full: for the act itself.

    An entry set aside keeps nothing from closing.
    """
    round_ = contest.rules.round(round_id)
    states = round_state(contest, round_id, category)
    check = _check(contest, round_id, category, [outlook_of(state, round_) for state in states])
    return replace(check, states=tuple(states))


def look_at_closing(contest: Contest, round_id: str, category: str) -> ClosingCheck:
    """The same from the outline of the round, for a page: without `states`."""
    return _check(contest, round_id, category, outlooks(contest, round_id, category))


def _check(contest: Contest, round_id: str, category: str, entries: Sequence[Outlook]) -> ClosingCheck:
    counting = [entry for entry in entries if entry.set_aside is None]
    round_ = contest.rules.round(round_id)
    gap = round_.gap
    undeclared = undeclared_in(contest, round_id, category)
    items: list[Item] = []
    for entry in counting:
        items += _sheets_missing(entry, undeclared)
        items += _judges_missing(entry)
        if entry.complete and entry.gap_open:
            words = N_("The gap between the judges of entry %(code)s is not settled."), {"code": entry.code}
            act = "settle" if gap is not None and gap.action == RECONCILE else "decide"
            items.append(Item(GAP, entry, words, (act, "waive"), waives=GAP))
        if undeclared:
            items += _undeclared(entry, undeclared)
    conflicts = frozenset(conflicts_among(contest.id, *in_round(contest, round_, category)))
    items += _not_independent(contest, counting, conflicts)
    chosen = _shortlist(contest, round_id, category, entries)
    check = ClosingCheck((), chosen, tuple(entries), conflicts)
    if chosen is not None:
        items += _unverified(check, chosen)
    return replace(check, items=tuple(items))


def _sheets_missing(entry: Outlook, undeclared: Collection[int]) -> list[Item]:
    """Sheets that are waited for. A third judge's goes with the gap that called for it."""
    items = []
    for given in entry.waiting_for:
        third = given.kind == THIRD
        if given.judge_id in entry.let_pass or (third and GAP in entry.waived):
            continue
        words = (
            N_("The sheet of %(judge)s for entry %(code)s is not final."),
            {"judge": given.judge_name, "code": entry.code},
        )
        acts = ("remind", "replace", "waive") if third or entry.spare else ("remind", "replace")
        waives = GAP if third else SHEET
        items.append(Item(SHEET, entry, words, acts, given, waives, undeclared=given.id in undeclared))
    return items


def _judges_missing(entry: Outlook) -> list[Item]:
    code = entry.code
    if not entry.lacking:
        return []
    if entry.needs_third:
        words: Words = (N_("Entry %(code)s needs a third judge, and nobody has it yet."), {"code": code})
        return [Item(THIRD_MISSING, entry, words, ("assign", "waive"), waives=GAP)]
    words = (
        N_("Entry %(code)s has not been given to enough judges: %(count)s missing."),
        {"code": code, "count": entry.lacking},
    )
    return [Item(JUDGE, entry, words, ("assign", "waive") if entry.spare else ("assign",), waives=JUDGE)]


def _undeclared(entry: Outlook, undeclared: Collection[int]) -> list[Item]:
    """Sheets that count although their judge never declared. One that is not final waits as a sheet anyway."""
    missing = N_("%(judge)s has marked entry %(code)s without declaring on conflicts of interest.")
    return [
        Item(
            DECLARATION,
            entry,
            (missing, {"judge": given.judge_name, "code": entry.code}),
            ("remind", "waive"),
            given,
            DECLARATION,
            undeclared=True,
        )
        for given in entry.holders
        if given.final and given.id in undeclared and given.judge_id not in entry.declared
    ]


def _not_independent(contest: Contest, entries: Sequence[Outlook], conflicts: Collection[Pair]) -> list[Item]:
    """Sheets that count and should not: a conflict learnt late, a judge whose role has ended."""
    judging = set(db.session.scalars(appointed(contest.id)))
    items = []
    in_conflict = N_("%(judge)s has a conflict of interest with entry %(code)s: record it and assign another judge.")
    role_ended = N_("%(judge)s, who has entry %(code)s, is no longer a judge: end the seat in the panel.")
    for entry in entries:
        for given in entry.holders:
            params: dict[str, Any] = {"judge": given.judge_name, "code": entry.code}
            if (entry.id, given.judge_id) in conflicts:
                items.append(Item(CONFLICT, entry, (in_conflict, params), ("conflict",), given))
            elif given.judge_id not in judging:
                items.append(Item(ROLE, entry, (role_ended, params), ("panel",), given))
    return items


def _unverified(check: ClosingCheck, chosen: Shortlist) -> list[Item]:
    words = N_("Entry %(code)s would advance, but is not verified or its exemplar has not agreed.")
    blocking = sorted((check.entry(public_id) for public_id in chosen.blocking), key=lambda entry: entry.code)
    return [
        Item(VERIFICATION, entry, (words, {"code": entry.code}), ("waive",), waives=VERIFICATION)
        for entry in blocking
        # Before its sheets are in, it would be a hint at what some judges gave.
        if entry.closable
    ]


def _shortlist(contest: Contest, round_id: str, category: str, entries: Sequence[Outlook]) -> Shortlist | None:
    rules = contest.rules
    goes_on = rules.round(round_id).advance
    if goes_on is None:
        return None
    able = set(db.session.scalars(eligible_to_advance(contest.id)))
    candidates = [_candidate(entry, able) for entry in entries]
    least = exact(goes_on.min_score) if goes_on.min_score is not None else None
    return shortlist(
        candidates,
        count=goes_on.counts.get(category, 0),
        min_score=least,
        decimals=rules.scoring.display_decimals,
    )


def _candidate(entry: Outlook, able: Collection[int]) -> Candidate:
    if entry.set_aside is not None:
        why = (N_("Set aside: %(reason)s"), {"reason": entry.set_aside})
        return Candidate(entry.public_id, entry.total, Readiness.OUT, why)
    ready = entry.id in able or VERIFICATION in entry.waived
    return Candidate(entry.public_id, entry.total, Readiness.READY if ready else Readiness.PENDING)


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
        waiting = {given.judge_id for given in item.entry.waiting_for}
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
