"""Giving entries out by a spreadsheet of codes and judges: written, read back, checked line by line, carried out.

An "x" stands where a judge has an entry. What the sheet adds is given and what it leaves out is taken back;
rows and columns that it does not hold stay as they are. The rules are those of giving by hand, and work that
has begun stays. Nothing in it tells an author.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import NamedTuple

from sqlalchemy import insert, select

from contest.accounts.models import User
from contest.audit.services import record
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.core.text import fold
from contest.judging.assignment import ended_work, tell, values_of, work_of
from contest.judging.conflicts import conflicts_among, end_assignment
from contest.judging.locks import check_not_locked, hold_contest
from contest.judging.models import Assignment, MarginNote, PanelSeat
from contest.judging.panels import revive
from contest.judging.planning import new_seed, seats_of
from contest.judging.rounds import EntryState, in_round, round_state
from contest.judging.rules import ENDED_REMOVED, REGULAR, THIRD, RefusedList
from contest.judging.scoring import Words

_YES = frozenset({"x", "✓", "✔", "v", "1", "co", "yes", "true"})
_NO = frozenset({"", "0", "-", "–", "khong", "no", "false"})


class Change(NamedTuple):
    """An entry (by code) given to a judge (by public id), or taken back."""

    code: str
    judge: str
    give: bool


@dataclass
class Line:
    """What becomes of one line of the sheet: names of judges, and what is wrong with it."""

    number: int
    code: str
    gives: list[str] = field(default_factory=list)
    takes: list[str] = field(default_factory=list)
    problems: list[Words] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """What a sheet would change, and what keeps it from being done. `loads`: (judge, before, after, limit)."""

    lines: tuple[Line, ...]
    problems: tuple[Words, ...]
    changes: tuple[Change, ...]
    loads: tuple[tuple[User, int, int, int | None], ...]

    @property
    def wrong(self) -> tuple[Words, ...]:
        return (*self.problems, *(problem for line in self.lines for problem in line.problems))

    @property
    def given(self) -> int:
        return sum(change.give for change in self.changes)

    @property
    def taken(self) -> int:
        return len(self.changes) - self.given


class Panel(NamedTuple):
    """A round of a category as somebody may see it here: without entries they have a conflict with."""

    seats: list[PanelSeat]
    states: dict[str, EntryState]  # by code
    hidden: frozenset[str]
    conflicts: dict[int, set[int]]
    unseen: Counter[int]  # entries of hidden ones, by judge
    actor: User | None


def panel_of(contest: Contest, round_id: str, category: str, actor: User | None) -> Panel:
    seats = seats_of(contest, round_id, category)
    people = {seat.judge_id for seat in seats} | ({actor.id} if actor else set())
    conflicts: dict[int, set[int]] = defaultdict(set)
    where = in_round(contest, contest.rules.round(round_id), category)
    for entry_id, judge_id in conflicts_among(contest.id, *where, judges=people):
        conflicts[entry_id].add(judge_id)
    every = {state.entry.code: state for state in round_state(contest, round_id, category)}
    hidden = frozenset(
        code for code, state in every.items() if actor is not None and actor.id in conflicts[state.entry.id]
    )
    unseen = Counter(given.judge_id for code in hidden for given in every[code].given)
    seen = {code: state for code, state in every.items() if code not in hidden}
    return Panel(seats, seen, hidden, conflicts, unseen, actor)


# Out


def headings_of(seats: Iterable[PanelSeat]) -> dict[str, PanelSeat]:
    """What stands over each judge's column: the name, with some of the id where two have the same."""
    every = list(seats)
    names = Counter(_folded(seat.judge.name) for seat in every)
    return {
        seat.judge.name
        if names[_folded(seat.judge.name)] == 1
        else f"{seat.judge.name} ({seat.judge.public_id[:5]})": seat
        for seat in every
    }


def grid(panel: Panel) -> list[list[str]]:
    """The rows of the sheet: a code, and "x" under everybody who has the entry, in the order of `headings_of`."""
    rows = []
    for code, state in panel.states.items():
        holding = {given.judge_id for given in state.given}
        rows.append([code, *("x" if seat.judge_id in holding else "" for seat in panel.seats)])
    return rows


def _folded(text: str) -> str:
    return " ".join(fold(text).split())


# In


def read_grid(rows: Sequence[Sequence[str]], panel: Panel) -> Report:
    """What a sheet asks for, checked. Raises Refused when it is no such sheet at all."""
    if not rows or len(rows[0]) < 2:
        raise Refused(N_("The first line has to hold the judges' names."), code="no_heading")
    known = {_folded(heading): seat for heading, seat in headings_of(panel.seats).items()}
    problems: list[Words] = []
    columns: dict[int, PanelSeat] = {}
    for place, heading in enumerate(rows[0][1:], start=1):
        seat = known.get(_folded(heading.removeprefix("'")))  # as written against formulas
        if seat is None:
            if heading.strip():
                problems.append((N_("Nobody in the panel is called %(name)s."), {"name": heading}))
        elif seat in columns.values():
            problems.append((N_("%(name)s has two columns."), {"name": heading}))
        else:
            columns[place] = seat
    if not columns:
        raise Refused(N_("The first line has to hold the judges' names."), code="no_heading")
    lines: list[Line] = []
    changes: list[Change] = []
    met: set[str] = set()
    for number, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        line = Line(number, cells[0].strip().upper())
        lines.append(line)
        state = _state_of(line, panel, met)
        if state is not None:
            changes += _read_line(line, cells, columns, state)
    return _checked(panel, lines, changes, problems)


def _state_of(line: Line, panel: Panel, met: set[str]) -> EntryState | None:
    code = line.code
    if code in panel.hidden:
        line.problems.append((N_("You have a conflict of interest with entry %(code)s."), {"code": code}))
    elif code not in panel.states:
        line.problems.append((N_("No entry %(code)s takes part in this round."), {"code": code}))
    elif code in met:
        line.problems.append((N_("Entry %(code)s stands in two lines."), {"code": code}))
    else:
        met.add(code)
        return panel.states[code]
    return None


def _read_line(
    line: Line, cells: Sequence[str], columns: Mapping[int, PanelSeat], state: EntryState
) -> Iterable[Change]:
    holding = {given.judge_id for given in state.given}
    for place, seat in columns.items():
        cell = _folded(cells[place]) if place < len(cells) else ""
        if cell not in _YES and cell not in _NO:
            line.problems.append(
                (N_("Write x or nothing: “%(cell)s” says neither."), {"cell": cells[place].strip()[:40]})
            )
        elif (cell in _YES) != (seat.judge_id in holding):
            yield Change(line.code, seat.judge.public_id, cell in _YES)


def check_changes(panel: Panel, changes: Iterable[Change]) -> Report:
    """The same check for changes that a page sends back. Unknown ones are problems."""
    lines: dict[str, Line] = {}
    known = {seat.judge.public_id for seat in panel.seats}
    kept, problems, met = [], list[Words](), set[str]()
    for change in dict.fromkeys(changes):
        line = lines.get(change.code)
        if line is None:
            line = lines[change.code] = Line(0, change.code)
            _state_of(line, panel, met)
        if change.judge not in known:
            problems.append((N_("Somebody named here does not sit in this panel any more."), {}))
        elif not line.problems:
            kept.append(change)
    return _checked(panel, list(lines.values()), kept, problems)


# Rules


def _checked(panel: Panel, lines: list[Line], changes: list[Change], problems: list[Words]) -> Report:
    by_code = {line.code: line for line in reversed(lines) if line.code in panel.states}  # the first of two counts
    seats = {seat.judge.public_id: seat for seat in panel.seats}
    noted = _noted_on(panel, changes)
    before: Counter[int] = Counter(panel.unseen)
    before.update(given.judge_id for state in panel.states.values() for given in state.given)
    after = Counter(before)
    for code, mine in _by_code(changes).items():
        line, state = by_code[code], panel.states[code]
        for change in mine:
            seat = seats[change.judge]
            if change.give:
                line.gives.append(seat.judge.name)
                line.problems += _against_giving(state, seat, panel)
            else:
                line.takes.append(seat.judge.name)
                line.problems += _against_taking(state, seat, panel, noted)
            after[seat.judge_id] += 1 if change.give else -1
        room = state.required + state.result.needs_third - len(state.given) + len(line.takes) - len(line.gives)
        if line.gives and room < 0:
            line.problems.append((N_("Entry %(code)s would have more judges than it needs."), {"code": code}))
    for seat in panel.seats:
        judge = seat.judge_id
        if seat.most is not None and after[judge] > max(seat.most, before[judge]):
            problems.append(
                (
                    N_("%(name)s would have %(count)s entries, more than agreed: %(most)s."),
                    {"name": seat.judge.name, "count": after[judge], "most": seat.most},
                )
            )
    return Report(
        tuple(line for line in lines if line.gives or line.takes or line.problems),
        tuple(problem for at, problem in enumerate(problems) if problem not in problems[:at]),
        tuple(changes),
        tuple(
            (
                seat.judge,
                before[seat.judge_id] - panel.unseen[seat.judge_id],
                after[seat.judge_id] - panel.unseen[seat.judge_id],
                seat.most,
            )
            for seat in panel.seats
        ),
    )


def _by_code(changes: Iterable[Change]) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        found[change.code].append(change)
    return found


def _against_giving(state: EntryState, seat: PanelSeat, panel: Panel) -> list[Words]:
    name = {"name": seat.judge.name}
    if any(given.judge_id == seat.judge_id for given in state.given):
        return [(N_("%(name)s already has this entry."), name)]
    if seat.judge_id in panel.conflicts[state.entry.id]:
        return [(N_("%(name)s has a conflict of interest with this entry."), name)]
    return []


def _against_taking(state: EntryState, seat: PanelSeat, panel: Panel, noted: set[int]) -> list[Words]:
    """Begun work stays. Whose own sheet is open learns nothing of the others' by asking."""
    mine = next((given for given in state.given if given.judge_id == seat.judge_id), None)
    if mine is None:
        return [(N_("%(name)s does not have this entry any more."), {"name": seat.judge.name})]
    if panel.actor is not None and any(given.judge_id == panel.actor.id for given in state.waiting_for):
        return [(N_("Your own sheet of this entry is not final: nothing is taken back from it before."), {})]
    if mine.state is not None or mine.id in noted:
        return [(N_("%(name)s has begun with this entry; what is begun stays."), {"name": seat.judge.name})]
    return []


def _noted_on(panel: Panel, changes: Iterable[Change]) -> set[int]:
    """Assignments to be taken back on which their judge has made notes."""
    if all(change.give for change in changes):
        return set()
    seats = [seat.judge_id for seat in panel.seats]
    query = (
        select(MarginNote.assignment_id)
        .join(Assignment, Assignment.id == MarginNote.assignment_id)
        .where(Assignment.judge_id.in_(seats))
        .distinct()
    )
    return set(db.session.scalars(query))


# Done


def change_assignments(
    *,
    contest: Contest,
    round_id: str,
    category: str,
    changes: Sequence[Change],
    actor: User,
    now: datetime,
) -> Report:
    """Give and take back as a checked sheet says, all or nothing.

    Raises RefusedList with everything that is wrong, Conflict once the round is closed.
    """
    hold_contest(contest, alone=True)
    check_not_locked(contest.id, round_id, category)
    panel = panel_of(contest, round_id, category, actor)
    report = check_changes(panel, changes)
    if report.wrong:
        raise RefusedList(N_("Nothing was changed."), report.wrong, code="sheet_refused")
    if not report.changes:
        raise Conflict(N_("Everything is as the sheet says already."), code="nothing_to_change")
    _carry_out(panel, report, contest, round_id, category, now)
    told: dict[str, dict[str, list[str]]] = {"given": defaultdict(list), "taken": defaultdict(list)}
    for change in report.changes:
        entry = panel.states[change.code].entry.public_id
        told["given" if change.give else "taken"][change.judge].append(entry)
    record(
        actor=actor.public_id,
        verb="judging.assign_by_sheet",
        object_type="contest",
        object_id=contest.public_id,
        contest_id=contest.id,
        now=now,
        round=round_id,
        category=category,
        **told,
    )
    for seat in panel.seats:
        if many := len(told["given"].get(seat.judge.public_id, ())):
            tell(seat.judge, contest, round_id, many, now)
    db.session.flush()
    return report


def _carry_out(panel: Panel, report: Report, contest: Contest, round_id: str, category: str, now: datetime) -> None:
    judges = {seat.judge.public_id: seat.judge_id for seat in panel.seats}
    places = Random(new_seed())  # noqa: S311 - fair, not secret
    ended = ended_work(contest, round_id, category)
    standing = work_of(contest, round_id, category) if report.taken else {}
    new = []
    for change in report.changes:
        state, judge_id = panel.states[change.code], judges[change.judge]
        if not change.give:
            end_assignment(standing[state.entry.id, judge_id], ENDED_REMOVED, now)
        elif (before := ended.get((state.entry.id, judge_id))) is not None:
            revive(before)
        else:
            kind = THIRD if state.result.needs_third else REGULAR
            new.append(values_of(round_id, state.entry.id, judge_id, kind, places, now))
    if new:
        db.session.execute(insert(Assignment), new)


# On a page, between the check and the deed


def pack(changes: Iterable[Change]) -> str:
    """Changes as text for a form: judges' ids, then a line for each entry with +n and -n."""
    every = list(changes)
    judges = {judge: number for number, judge in enumerate(dict.fromkeys(change.judge for change in every))}
    lines = [" ".join(judges)]
    for code, mine in _by_code(every).items():
        lines.append(" ".join([code, *(f"{'+' if each.give else '-'}{judges[each.judge]}" for each in mine)]))
    return "\n".join(lines)


def unpack(text: str) -> list[Change]:
    """What `pack` wrote. Raises Refused for anything else."""
    head, *lines = text.splitlines() or [""]
    judges = head.split()
    found = []
    try:
        for line in lines:
            code, *signs = line.split()
            for sign in signs:
                if sign[0] not in "+-" or not sign[1:].isascii() or not sign[1:].isdigit() or len(sign) > 5:
                    raise ValueError(sign)
                found.append(Change(code, judges[int(sign[1:])], sign[0] == "+"))
    except (ValueError, IndexError) as error:
        raise Refused(N_("Send the spreadsheet again."), code="changes_unreadable") from error
    return found
