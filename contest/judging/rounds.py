"""A round of a category as it stands: entries, who marks them, their sheets, totals and gaps.

Everything is read by a fixed number of queries, whatever the number of entries, and worked out by
`scoring`. Nobody but the head of jury sees the figures; `figures_for` says which of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.ruleset import Round
from contest.core.db import db
from contest.entries.blind import hide
from contest.entries.models import Advancement, Entry
from contest.judging.conflicts import conflicts_among
from contest.judging.models import Assignment, GapSettlement, SetAside, Sheet, SheetRevision
from contest.judging.rules import is_first
from contest.judging.scoring import RECONCILE, Dialogue, Result, dialogue_after, entry_total, exact
from contest.judging.scoring import Sheet as CountedSheet


class RoundEntry(NamedTuple):
    """What judging needs of an entry. No author: these rows reach the head of jury, who judges too.

    The title is the judges' rendering, without what the secretariat hid.
    """

    id: int
    public_id: str
    code: str
    title: str


@dataclass(frozen=True)
class Revision:
    """A sheet as it was finalised the `number`th time."""

    id: int
    number: int
    marks: dict[str, Fraction]
    comment: str

    @property
    def total(self) -> Fraction:
        return sum(self.marks.values(), Fraction(0))


@dataclass(frozen=True)
class Given:
    """An entry in the hands of one judge: a standing assignment with what its sheet has come to."""

    id: int
    public_id: str
    entry_id: int
    judge_id: int
    judge: str  # public id
    judge_name: str
    kind: str
    sheet_id: int | None
    state: str | None  # of the sheet: None (not begun), open, final
    revisions: tuple[Revision, ...]

    @property
    def final(self) -> bool:
        return self.state == "final"


@dataclass(frozen=True)
class EntryState:
    """Where an entry stands in a round. `set_aside`: the reason, when it was passed over by name."""

    entry: RoundEntry
    given: tuple[Given, ...]
    result: Result
    dialogue: Dialogue
    set_aside: str | None
    required: int

    @property
    def sheets(self) -> tuple[CountedSheet, ...]:
        return counted(self.given)

    @property
    def lacking(self) -> int:
        """How many judges have yet to be given the entry, a third one included."""
        return max(0, self.required + self.result.needs_third - len(self.given))

    @property
    def waiting_for(self) -> tuple[Given, ...]:
        """Assignments whose sheet is not final."""
        return tuple(given for given in self.given if not given.final)

    @property
    def seen(self) -> dict[str, int]:
        """The latest revision of each sheet: what somebody who looks at the entry now has seen."""
        return {str(given.sheet_id): given.revisions[-1].number for given in self.given if given.final}


def counted(given: Iterable[Given]) -> tuple[CountedSheet, ...]:
    """The sheets that count: the latest final revision of every judge who still has the entry."""
    return tuple(CountedSheet(each.judge, each.revisions[-1].marks) for each in given if each.final)


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
    set_aside = dict(
        db.session.execute(
            select(SetAside.entry_id, SetAside.reason).where(SetAside.round == round_id, SetAside.entry_id.in_(chosen))
        ).all()
    )
    states = []
    for entry in entries:
        mine = tuple(given.get(entry.id, ()))
        dialogue = _dialogue(round_, mine, settlements.get(entry.id, ()))
        result = entry_total(round_, counted(mine), dialogue=dialogue, decimals=rules.scoring.display_decimals)
        states.append(
            EntryState(entry, mine, result, dialogue, set_aside.get(entry.id), round_.judges_per_entry),
        )
    return states


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
        )
        .join(User, User.id == Assignment.judge_id)
        .outerjoin(Sheet, Sheet.assignment_id == Assignment.id)
        .outerjoin(SheetRevision, SheetRevision.sheet_id == Sheet.id)
        .where(Assignment.round == round_id, Assignment.standing.is_(True), *where)
        .order_by(Assignment.entry_id, Assignment.id, SheetRevision.number)
    )
    heads: dict[int, tuple[Any, ...]] = {}
    revisions: dict[int, list[Revision]] = defaultdict(list)
    for row in rows:
        heads[row[0]] = tuple(row[:9])
        if row[9] is not None:
            marks = {criterion: exact(mark) for criterion, mark in row[11].items()}
            revisions[row[0]].append(Revision(row[9], row[10], marks, row[12]))
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


def _dialogue(round_: Round, given: Sequence[Given], settlements: Sequence[dict[str, int]]) -> Dialogue:
    """Where the judges' talk stands, told by going through the revisions in their order once more.

    A settlement comes after every revision that it had seen, whatever the clocks said: a score that
    changed while the head of jury was writing was not settled.
    """
    if round_.gap is None or round_.gap.action != RECONCILE:
        return Dialogue.NONE
    events = sorted(
        (
            next(
                (at for at, seen in enumerate(settlements) if revision.number <= seen.get(str(each.sheet_id), 0)),
                len(settlements),
            ),
            revision.id,
            each.judge,
            revision.total,
        )
        for each in given
        if each.final
        for revision in each.revisions
    )
    state = Dialogue.NONE
    totals: dict[str, Fraction] = {}
    settled = 0
    for at, _, judge, total in events:
        while settled < at:
            state = Dialogue.SETTLED if state is Dialogue.OPEN else state
            settled += 1
        totals[judge] = total
        state = dialogue_after(state, round_, list(totals.values()))
    if settled < len(settlements) and state is Dialogue.OPEN:
        state = Dialogue.SETTLED
    return state


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
