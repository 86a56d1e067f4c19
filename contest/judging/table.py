"""The head of jury's table: progress, and figures only where they may be seen.

The head of jury judges too. While their own sheet of an entry is not final they see nothing of that
entry but that it waits for them, not even how many others are done; with a conflict of interest they
see no figure of it at all, nor one that it moves: neither a count nor a judge's progress. The secretariat
sees progress and never a figure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from contest.contests.models import Contest
from contest.entries.models import Entry
from contest.judging.conflicts import conflicts_among
from contest.judging.outline import Held, Outlined, outline, plain_total, standing_of
from contest.judging.rounds import EntryState, figures_for, in_round, round_state
from contest.judging.scoring import Words

FLAGS = ("gap", "third", "judges", "waiting", "own", "aside", "conflict")
SORTS = ("code", "total", "range", "progress")


def flag_for(
    *, aside: bool, hidden: str, lacking: int, needs_third: bool, complete: bool, gap_open: bool, waiting: bool
) -> str:
    """What is to be done about an entry: one of FLAGS, or "" when all is done."""
    if hidden == "conflict":
        return "conflict"
    if aside:
        return "aside"
    if hidden == "own":
        return "own"
    if needs_third and lacking:
        return "third"
    if lacking:
        return "judges"
    if complete and gap_open:
        return "gap"
    return "waiting" if waiting else ""


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
        """What is to be done about it."""
        return flag_of(self.state, self.hidden)


def flag_of(state: EntryState, hidden: str) -> str:
    """The flag of an entry by its full arithmetic."""
    return flag_for(
        aside=state.set_aside is not None,
        hidden=hidden,
        lacking=state.lacking,
        needs_third=state.result.needs_third,
        complete=state.result.complete,
        gap_open=state.result.gap_open,
        waiting=bool(state.waiting_for),
    )


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
class Line:
    """An entry of the whole list, in outline, as one person may see it. See Row."""

    entry: Outlined
    hidden: str
    shown: bool
    flag: str
    expected: int

    @property
    def range(self) -> int:
        """Between the lowest and the highest total, in hundredths."""
        return max(self.entry.totals) - min(self.entry.totals)


@dataclass
class Table:
    """A round of a category as a list of which a page is looked at. Queries do not grow with it.

    The list is known in outline (`lines`), and in full for the entries of a page (`rows`).
    """

    contest: Contest
    round_id: str
    category: str
    person_id: int
    chair: bool
    entries: list[Outlined] = field(init=False)
    _in_conflict: frozenset[int] = field(init=False)
    _states: dict[int, EntryState] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.rules = self.contest.rules
        self.round = self.rules.round(self.round_id)
        self.entries = outline(self.contest, self.round_id, self.category)
        taking_part = in_round(self.contest, self.round, self.category)
        found = conflicts_among(self.contest.id, *taking_part, judges=[self.person_id]) if self.chair else {}
        self._in_conflict = frozenset(entry_id for entry_id, _judge in found)

    def states(self, entries: Iterable[Outlined] = ()) -> dict[int, EntryState]:
        """The full arithmetic of these entries and of those that are not plain."""
        wanted = {entry.entry_id for entry in entries} | {each.entry_id for each in self.entries if not each.plain}
        missing = wanted - self._states.keys()
        if missing:
            loaded = round_state(self.contest, self.round_id, self.category, Entry.id.in_(sorted(missing)))
            self._states.update((state.entry.id, state) for state in loaded)
        return self._states

    def lines(self) -> list[Line]:
        """Every entry by code. Call `states` before, with the entries that are known to be shown."""
        states = self.states()
        return [self._line(entry, states.get(entry.entry_id)) for entry in self.entries]

    def _line(self, entry: Outlined, state: EntryState | None) -> Line:
        waiting = entry.given > entry.final
        own = (
            waiting
            and self.chair
            and any(held.total is None and held.judge_id == self.person_id for held in entry.held)
        )
        hidden = "conflict" if entry.entry_id in self._in_conflict else "own" if own else ""
        required = self.round.judges_per_entry
        if state is None:
            stands = standing_of(self.round, entry)
            complete = stands.complete
            flag = flag_for(
                aside=False,
                hidden=hidden,
                lacking=max(0, required + stands.needs_third - entry.given),
                needs_third=stands.needs_third,
                complete=complete,
                gap_open=stands.gap_open,
                waiting=waiting,
            )
        else:
            complete, flag = state.result.complete, flag_of(state, hidden)
        shown = self.chair and not hidden and complete
        return Line(entry, hidden, shown, flag, max(entry.given, required))

    def total(self, line: Line) -> Fraction:
        """The exact total of an entry whose figures may be seen."""
        state = self._states.get(line.entry.entry_id)
        total = state.result.total if state is not None else plain_total(self.rules, self.round, line.entry.totals)
        return total if total is not None else Fraction(0)

    def sorted(self, lines: Sequence[Line], by: str, *, down: bool) -> list[Line]:
        """By total, range or progress, those that this person sees nothing of last and by code; else by code."""
        if by == "code":
            return list(reversed(lines)) if down else list(lines)
        if by == "progress":
            known = [line for line in lines if not line.hidden]
            keys = {line.entry.entry_id: Fraction(line.entry.final, line.expected or 1) for line in known}
        else:
            known = [line for line in lines if line.shown]
            keys = {line.entry.entry_id: self.total(line) if by == "total" else Fraction(line.range) for line in known}
        last = [line for line in lines if line.entry.entry_id not in keys]
        # Equal ones stay in the order of their codes, whichever way the list runs.
        known.sort(key=lambda line: keys[line.entry.entry_id] * (-1 if down else 1))
        return known + last

    def rows(self, lines: Sequence[Line]) -> list[Row]:
        """The entries of a page, in full."""
        states = self.states(line.entry for line in lines)
        return [
            Row(states[line.entry.entry_id], line.hidden, line.shown)
            for line in lines
            if line.entry.entry_id in states  # one may have fallen out a moment ago
        ]

    def counts(self, lines: Iterable[Line]) -> Counter[str]:
        """How many entries bear each flag."""
        return Counter(line.flag for line in lines)


@dataclass(frozen=True)
class JudgeRow:
    """A judge's progress in a round; `totals`, in hundredths, of the sheets whose figures may be seen."""

    judge_id: int
    name: str
    given: int
    final: int
    begun: int
    totals: tuple[int, ...]

    @property
    def left(self) -> int:
        return self.given - self.final

    @property
    def mean(self) -> Fraction:
        return Fraction(sum(self.totals), 100 * len(self.totals))


def judge_rows(lines: Iterable[Line], names: Mapping[int, str], person_id: int) -> list[JudgeRow]:
    """Progress by judge, in the order of `names`, of entries that hide nothing from this person.

    What is one's own counts for oneself. Judges without a name here are left out.
    """
    sheets: dict[int, list[tuple[Held, bool]]] = {judge_id: [] for judge_id in names}
    for line in lines:
        for held in line.entry.held:
            if held.judge_id in sheets and (not line.hidden or (line.hidden == "own" and held.judge_id == person_id)):
                sheets[held.judge_id].append((held, line.shown))
    return [
        JudgeRow(
            judge_id,
            name,
            given=len(sheets[judge_id]),
            final=sum(held.total is not None for held, _ in sheets[judge_id]),
            begun=sum(held.state == "open" for held, _ in sheets[judge_id]),
            totals=tuple(held.total for held, shown in sheets[judge_id] if shown and held.total is not None),
        )
        for judge_id, name in names.items()
    ]


def told(words: Sequence[Words], names: Mapping[str, str]) -> list[Words]:
    """Sentences of the arithmetic with judges called by `names` instead of by their ids."""
    return [
        (message, {**params, "judge": names.get(params["judge"], params["judge"])} if "judge" in params else params)
        for message, params in words
    ]
