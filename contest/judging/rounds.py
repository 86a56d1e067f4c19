"""A round of a category as it stands: entries, who marks them, their sheets, totals and gaps.

Everything is read by a fixed number of queries, whatever the number of entries, and worked out by
`scoring`. Nobody but the head of jury sees the figures; `figures_for` says which of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.ruleset import Round, RuleSet
from contest.core.db import db
from contest.entries.blind import hide
from contest.entries.models import Advancement, Entry
from contest.judging.conflicts import conflicts_among
from contest.judging.models import (
    Assignment,
    GapDecision,
    GapSettlement,
    SetAside,
    Sheet,
    SheetReopening,
    SheetRevision,
    Waiver,
)
from contest.judging.rules import is_first
from contest.judging.scoring import exact, fewest
from contest.judging.states import (
    GAP,
    UNDO,
    Decided,
    EntryState,
    Given,
    LetPass,
    Revision,
    RoundEntry,
    counted,
    dialogue_of,
    how_many_let_pass,
    seen_of,
)
from contest.judging.totals import Result, entry_total

__all__ = [
    "EntryState",
    "Figures",
    "Given",
    "entries_in",
    "entry_results",
    "entry_state",
    "figures_for",
    "in_round",
    "round_state",
]


def in_round(contest: Contest, round_: Round, category: str | None = None) -> list[ColumnElement[bool]]:
    """Which entries take part: all accepted ones in the first round, then those that advanced."""
    where = [Entry.contest_id == contest.id, Entry.state == "accepted", Entry.blind_code.is_not(None)]
    if category is not None:
        where.append(Entry.category == category)
    if not is_first(contest.rules, round_):
        where.append(Entry.id.in_(select(Advancement.entry_id).where(Advancement.fell_out_at.is_(None))))
    return where


def entries_in(contest: Contest, round_: Round, category: str, *where: ColumnElement[bool]) -> list[RoundEntry]:
    """The entries of a round in the order of their codes, which is no order of merit or time."""
    rows = db.session.execute(
        select(Entry.id, Entry.public_id, Entry.blind_code, Entry.title, Entry.redactions)
        .where(*in_round(contest, round_, category), *where)
        .order_by(Entry.blind_code)
    )
    return [
        RoundEntry(id_, public_id, code or "", hide(title, hidden or ()))
        for id_, public_id, code, title, hidden in rows
    ]


def round_state(contest: Contest, round_id: str, category: str, *where: ColumnElement[bool]) -> list[EntryState]:
    """Every entry of a round (that meets `where`), by code."""
    rules = contest.rules
    round_ = rules.round(round_id)
    entries = entries_in(contest, round_, category, *where)
    chosen = select(Entry.id).where(*in_round(contest, round_, category), *where)
    given = _given(round_id, Assignment.entry_id.in_(chosen))
    settlements = _settlements(round_id, GapSettlement.entry_id.in_(chosen))
    decisions = _decisions(round_id, GapDecision.entry_id.in_(chosen))
    waivers = _waivers(round_id, Waiver.entry_id.in_(chosen))
    set_aside = dict(
        db.session.execute(
            select(SetAside.entry_id, SetAside.reason).where(SetAside.round == round_id, SetAside.entry_id.in_(chosen))
        ).all()
    )
    return [
        _state(
            rules,
            round_,
            entry,
            tuple(given.get(entry.id, ())),
            settlements.get(entry.id, ()),
            decisions.get(entry.id, ()),
            tuple(waivers.get(entry.id, ())),
            set_aside.get(entry.id),
        )
        for entry in entries
    ]


def _state(
    rules: RuleSet,
    round_: Round,
    entry: RoundEntry,
    given: tuple[Given, ...],
    settlements: Sequence[dict[str, int]],
    decisions: Sequence[Decided],
    waivers: tuple[LetPass, ...],
    set_aside: str | None,
) -> EntryState:
    scale = rules.rubric.scale
    waived = how_many_let_pass(given, waivers)
    dialogue = dialogue_of(round_, given, settlements, waived=waived, scale=scale)
    now = seen_of(given)
    decision = next((each for each in reversed(decisions) if each.seen == now), None)
    result = entry_total(
        round_,
        counted(given),
        dialogue=dialogue,
        decision=decision.total if decision else None,
        waived=waived,
        gap_waived=any(each.what == GAP for each in waivers),
        scale=scale,
        decimals=rules.scoring.display_decimals,
    )
    return EntryState(
        entry, given, result, dialogue, set_aside, round_.judges_per_entry, fewest(round_), decision, waivers
    )


def entry_state(entry: Entry, round_id: str) -> EntryState | None:
    """One entry in a round; None when it does not take part."""
    found = round_state(entry.contest, round_id, entry.category, Entry.id == entry.id)
    return found[0] if found else None


def entry_results(contest: Contest, round_id: str, category: str) -> dict[str, Result]:
    """The result of every entry of a round, by the entry's public id."""
    return {state.entry.public_id: state.result for state in round_state(contest, round_id, category)}


def _given(round_id: str, *where: ColumnElement[bool]) -> dict[int, list[Given]]:
    """Standing assignments by entry, each with every revision of its sheet, in one query."""
    rows = db.session.execute(
        select(
            Assignment.id,
            Assignment.public_id,
            Assignment.entry_id,
            Assignment.judge_id,
            User.public_id,
            User.name,
            Assignment.kind,
            Sheet.id,
            Sheet.state,
            SheetRevision.id,
            SheetRevision.number,
            SheetRevision.marks,
            SheetRevision.comment,
            SheetReopening.kind,
        )
        .join(User, User.id == Assignment.judge_id)
        .outerjoin(Sheet, Sheet.assignment_id == Assignment.id)
        .outerjoin(SheetRevision, SheetRevision.sheet_id == Sheet.id)
        .outerjoin(
            SheetReopening,
            and_(SheetReopening.sheet_id == Sheet.id, SheetReopening.revision == SheetRevision.number),
        )
        .where(Assignment.round == round_id, Assignment.standing.is_(True), *where)
        .order_by(Assignment.entry_id, Assignment.id, SheetRevision.number)
    )
    heads: dict[int, tuple[Any, ...]] = {}
    revisions: dict[int, list[Revision]] = defaultdict(list)
    for row in rows:
        heads[row[0]] = tuple(row[:9])
        if row[9] is not None:
            marks = {criterion: exact(mark) for criterion, mark in row[11].items()}
            revisions[row[0]].append(Revision(row[9], row[10], marks, row[12], row[13] == UNDO))
    given: dict[int, list[Given]] = defaultdict(list)
    for id_, public_id, entry_id, judge_id, judge, name, kind, sheet_id, state in heads.values():
        given[entry_id].append(
            Given(id_, public_id, entry_id, judge_id, judge, name, kind, sheet_id, state, tuple(revisions[id_]))
        )
    return given


def _settlements(round_id: str, *where: ColumnElement[bool]) -> dict[int, list[dict[str, int]]]:
    """What each settlement of a gap had seen, by entry, in the order in which they were recorded."""
    found: dict[int, list[dict[str, int]]] = defaultdict(list)
    rows = db.session.execute(
        select(GapSettlement.entry_id, GapSettlement.seen)
        .where(GapSettlement.round == round_id, *where)
        .order_by(GapSettlement.id)
    )
    for entry_id, seen in rows:
        found[entry_id].append(seen)
    return found


def _decisions(round_id: str, *where: ColumnElement[bool]) -> dict[int, list[Decided]]:
    """The chair's decisions on gaps, by entry, in the order in which they were recorded."""
    found: dict[int, list[Decided]] = defaultdict(list)
    rows = db.session.execute(
        select(
            GapDecision.entry_id,
            GapDecision.id,
            GapDecision.total,
            GapDecision.by_id,
            GapDecision.at,
            GapDecision.reason,
            GapDecision.seen,
        )
        .where(GapDecision.round == round_id, *where)
        .order_by(GapDecision.id)
    )
    for entry_id, id_, total, by_id, at, reason, seen in rows:
        found[entry_id].append(Decided(id_, exact(total), by_id, at, reason, seen))
    return found


def _waivers(round_id: str, *where: ColumnElement[bool]) -> dict[int, list[LetPass]]:
    """What is let pass and not lifted, by entry, in the order in which it was recorded."""
    found: dict[int, list[LetPass]] = defaultdict(list)
    rows = db.session.execute(
        select(Waiver.entry_id, Waiver.id, Waiver.what, Waiver.judge_id, Waiver.by_id, Waiver.at, Waiver.reason)
        .where(Waiver.round == round_id, Waiver.lifted_at.is_(None), *where)
        .order_by(Waiver.id)
    )
    for entry_id, id_, what, judge_id, by_id, at, reason in rows:
        found[entry_id].append(LetPass(id_, what, judge_id, by_id, at, reason))
    return found


@dataclass(frozen=True)
class Figures:
    """Which entries' figures a person may see; `why_not` has a reason for each of the others."""

    shown: frozenset[int]
    in_conflict: frozenset[int]
    unfinished: frozenset[int]


def figures_for(contest: Contest, states: Sequence[EntryState], person_id: int) -> Figures:
    """What the head of jury may see of these entries' totals, and only the head of jury may.

    Never those of an entry they have a conflict with. Never before all its sheets are final, a third
    judge's too, nor while their own sheet is not: they judge independently, like everybody else.
    """
    conflicts = conflicts_among(contest.id, Entry.id.in_([state.entry.id for state in states]), judges=[person_id])
    in_conflict = frozenset(entry_id for entry_id, _ in conflicts)
    unfinished = frozenset(
        state.entry.id
        for state in states
        if not state.result.complete or any(given.judge_id == person_id for given in state.waiting_for)
    )
    every = frozenset(state.entry.id for state in states)
    return Figures(every - in_conflict - unfinished, in_conflict, unfinished - in_conflict)
