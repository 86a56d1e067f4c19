"""The head of jury's table: progress, and figures only where they may be seen.

The head of jury judges too. While their own sheet of an entry is not final they see nothing of that
entry but that it waits for them, not even how many others are done; with a conflict of interest they
see no figure of it at all. The secretariat sees progress and never a figure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import case, func, select

from contest.contests.models import Contest
from contest.core.db import db
from contest.entries.models import Entry
from contest.judging.models import Assignment, RoundClosing, Sheet
from contest.judging.rounds import EntryState, entries_in, figures_for
from contest.judging.scoring import Words, mean


@dataclass(frozen=True)
class Cell:
    """One round of one category in the overview."""

    round_id: str
    category: str
    entries: int
    given: int
    final: int
    expected: int
    closed: RoundClosing | None


def overview(contest: Contest) -> list[Cell]:
    """How far each round of each category is, in the order of the rules."""
    rules = contest.rules
    done = func.sum(case((Sheet.state == "final", 1), else_=0))
    rows = db.session.execute(
        select(Assignment.round, Entry.category, func.count(), done)
        .join(Entry, Entry.id == Assignment.entry_id)
        .outerjoin(Sheet, Sheet.assignment_id == Assignment.id)
        .where(Entry.contest_id == contest.id, Entry.state == "accepted", Assignment.standing.is_(True))
        .group_by(Assignment.round, Entry.category)
    )
    counts = {(round_id, category): (given, int(final or 0)) for round_id, category, given, final in rows}
    closings = {
        (closing.round, closing.category): closing
        for closing in db.session.scalars(select(RoundClosing).where(RoundClosing.contest_id == contest.id))
    }
    cells = []
    for round_ in rules.rounds:
        for category in rules.categories:
            key = (round_.id, category.id)
            entries = len(entries_in(contest, round_, category.id))
            given, final = counts.get(key, (0, 0))
            expected = max(given, entries * round_.judges_per_entry)
            cells.append(Cell(*key, entries, given, final, expected, closings.get(key)))
    return cells


@dataclass(frozen=True)
class Row:
    """An entry as one person may see it. `hidden`: conflict, own (own sheet open), or "" for nothing.

    `shown`: whether its figures may be seen.
    """

    state: EntryState
    hidden: str
    shown: bool

    @property
    def final(self) -> int:
        return sum(given.final for given in self.state.given)

    @property
    def expected(self) -> int:
        return max(len(self.state.given), self.state.required)

    @property
    def flag(self) -> str:
        """What is to be done about it: aside, own, third, gap, judges, waiting, or "" when all is done."""
        state = self.state
        if state.set_aside is not None:
            return "aside"
        if self.hidden == "own":
            return "own"
        if state.result.needs_third and state.lacking:
            return "third"
        if state.lacking:
            return "judges"
        if state.result.complete and state.result.gap_open:
            return "gap"
        return "waiting" if state.waiting_for else ""


def rows_for(contest: Contest, states: Sequence[EntryState], person_id: int, *, chair: bool) -> list[Row]:
    """The entries of a round as this person may see them."""
    if not chair:
        return [Row(state, "", shown=False) for state in states]
    figures = figures_for(contest, states, person_id)
    rows = []
    for state in states:
        own = any(given.judge_id == person_id for given in state.waiting_for)
        hidden = "conflict" if state.entry.id in figures.in_conflict else "own" if own else ""
        rows.append(Row(state, hidden, shown=state.entry.id in figures.shown))
    return rows


@dataclass(frozen=True)
class JudgeRow:
    """A judge's progress in a round; `totals` of the sheets whose figures may be seen."""

    judge_id: int
    name: str
    given: int
    final: int
    begun: int
    totals: tuple[Fraction, ...]

    @property
    def mean(self) -> Fraction:
        return mean(self.totals)


def judge_rows(rows: Sequence[Row], names: Mapping[int, str]) -> list[JudgeRow]:
    """Progress by judge, those of the panel in its order, then others who still hold entries."""
    held = defaultdict(list)
    named = dict(names)
    for row in rows:
        for given in row.state.given:
            held[given.judge_id].append((row, given))
            named.setdefault(given.judge_id, given.judge_name)
    return [
        JudgeRow(
            judge_id,
            name,
            given=len(held[judge_id]),
            final=sum(given.final for _, given in held[judge_id]),
            begun=sum(given.state == "open" for _, given in held[judge_id]),
            totals=tuple(given.revisions[-1].total for row, given in held[judge_id] if row.shown and given.final),
        )
        for judge_id, name in named.items()
    ]


def told(words: Sequence[Words], names: Mapping[str, str]) -> list[Words]:
    """Sentences of the arithmetic with judges called by `names` instead of by their ids."""
    return [
        (message, {**params, "judge": names.get(params["judge"], params["judge"])} if "judge" in params else params)
        for message, params in words
    ]
