"""What the papers of a closed round say: score sheets, the summary, the conflicts, and who marked how much.

Everything goes by code; no title and no author is read here. Figures are told once the round of the category
is closed, to the organiser, the secretariat and the head of jury, and to nobody before. Somebody who judges
gets none of an entry with which they have a conflict of interest. Values are ready for templates: `say`
translates marked sentences, and whoever calls chooses the language.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import joinedload

from contest.accounts.models import User
from contest.contests.models import Contest, RoleGrant
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.core.formats import loc, marks, moment, number
from contest.core.text import name_sort_key
from contest.entries.models import Advancement, Entry
from contest.judging.conflicts import conflicts_among
from contest.judging.council import category_ranking
from contest.judging.locks import find_closing
from contest.judging.models import Assignment, ConflictOfInterest, RoundClosing, Sheet, SheetReopening, SheetRevision
from contest.judging.rounds import EntryState, Given, in_round, round_state
from contest.judging.rules import BY_CHAIR, DECLARED, JUDGING_ROLES
from contest.judging.scoring import Words, exact
from contest.judging.states import Revision
from contest.judging.table import told

Say = Callable[..., str]
# What one request makes: a few seconds of work, and no more memory for more entries.
SHEETS_AT_ONCE = 40
LINES_AT_ONCE = 500
_LONG_NAME = 40
# Sentences of the arithmetic that tell what the columns of the summary tell already.
_TOLD_BY_COLUMNS = ("Sheet of %(judge)s: %(total)s.",)


def unbroken(name: str) -> str:
    """A name that no line break parts; one longer than a line may be parted after all."""
    return name.replace(" ", "\u00a0") if len(name) <= _LONG_NAME else name


def closing_of(contest: Contest, round_id: str, category: str) -> RoundClosing:
    """The closing of a round in a category. Raises Refused while it is open: nobody gets its figures."""
    closing = find_closing(contest.id, round_id, category)
    if closing is None:
        raise Refused(N_("Papers with scores are made once the round is closed."), code="round_open")
    return closing


@dataclass(frozen=True)
class Scores:
    """The entries of a closed round that one person may have figures of. `left_out`: how many they may not."""

    contest: Contest
    round_id: str
    category: str
    states: tuple[EntryState, ...]
    left_out: int

    @property
    def decimals(self) -> int:
        return self.contest.rules.scoring.display_decimals


def scores_for(contest: Contest, round_id: str, category: str, *, person_id: int, judging: bool) -> Scores:
    """What somebody may have of a closed round. Raises Refused while it is open."""
    closing_of(contest, round_id, category)
    states = round_state(contest, round_id, category)
    where = in_round(contest, contest.rules.round(round_id), category)
    barred = {entry for entry, _ in conflicts_among(contest.id, *where, judges=[person_id])} if judging else set()
    kept = tuple(state for state in states if state.entry.id not in barred)
    return Scores(contest, round_id, category, kept, len(states) - len(kept))


# Score sheets


class SheetPaper(NamedTuple):
    """A final sheet that has a page of its own."""

    state: EntryState
    given: Given


def sheet_papers(scores: Scores, judge: str = "") -> list[SheetPaper]:
    """Every final sheet, one judge's together, by code; of one judge alone with `judge` (a public id)."""
    found = [
        SheetPaper(state, given)
        for state in scores.states
        for given in state.given
        if given.final and judge in ("", given.judge)
    ]
    return sorted(found, key=lambda each: (name_sort_key(each.given.judge_name), each.given.judge_id, each.state.entry))


def sheets_data(scores: Scores, papers: Sequence[SheetPaper], say: Say) -> list[dict[str, Any]]:
    """The pages of these sheets: every criterion, the comments, and what was final before. Two queries."""
    rules = scores.contest.rules
    ids = [each.given.sheet_id for each in papers]
    known = _revisions(ids)
    pages = []
    for state, given in papers:
        last = given.revisions[-1]
        detail = known[given.sheet_id, last.number]
        made = say(N_("Final at %(at)s."), {"at": detail.at})
        if detail.source == "paper":
            made += " " + say(N_("Keyed in from paper by %(name)s."), {"name": detail.keyed_by or "–"})
        pages.append(
            {
                "code": state.entry.code,
                "judge": unbroken(given.judge_name),
                "rows": [
                    [
                        each.id,
                        loc(each.name),
                        marks(each.max),
                        marks(last.marks[each.id], 2) if each.id in last.marks else "–",
                        detail.remarks.get(each.id, ""),
                    ]
                    for each in rules.rubric.criteria
                ],
                "most": marks(rules.rubric.scale),
                "total": marks(last.total, 2),
                "comment": last.comment,
                "made": made,
                "earlier": [
                    _earlier(old, known[given.sheet_id, old.number], known[given.sheet_id, new.number], say)
                    for old, new in pairwise(given.revisions)
                    if not old.undone
                ],
            }
        )
    return pages


class _Detail(NamedTuple):
    """Of a revision: `reason` why it was made instead of the one before, `unlocked` why it was opened again."""

    remarks: dict[str, str]
    at: datetime
    reason: str | None
    source: str
    keyed_by: str | None
    unlocked: str | None


def _revisions(sheet_ids: Sequence[int | None]) -> dict[tuple[int | None, int], _Detail]:
    rows = db.session.execute(
        select(
            SheetRevision.sheet_id,
            SheetRevision.number,
            SheetRevision.remarks,
            SheetRevision.at,
            SheetRevision.reason,
            SheetRevision.source,
            User.name,
            SheetReopening.reason,
        )
        .outerjoin(User, User.id == SheetRevision.keyed_by_id)
        .outerjoin(
            SheetReopening,
            (SheetReopening.sheet_id == SheetRevision.sheet_id) & (SheetReopening.revision == SheetRevision.number),
        )
        .where(SheetRevision.sheet_id.in_(sheet_ids))
    )
    return {(sheet_id, number_): _Detail(*rest) for sheet_id, number_, *rest in rows}


def _earlier(old: Revision, detail: _Detail, after: _Detail, say: Say) -> str:
    """A revision that no longer counts: its marks and total, and why it was replaced."""
    line = say(
        N_("Revision %(number)s, final at %(at)s: %(total)s (%(marks)s)."),
        {
            "number": old.number,
            "at": moment(detail.at),
            "total": marks(old.total, 2),
            "marks": "; ".join(f"{criterion}\u00a0{marks(value, 2)}" for criterion, value in old.marks.items()),
        },
    )
    reason = detail.unlocked or after.reason
    return line + (" " + say(N_("Changed because: %(reason)s"), {"reason": reason}) if reason else "")


# The summary


@dataclass(frozen=True)
class Line:
    """An entry in the summary. `place` is None for one that is not ranked; `advances` to the next round."""

    state: EntryState
    place: int | None
    decided_by: tuple[Words, ...]
    advances: bool


def lines_of(scores: Scores) -> list[Line]:
    """The entries from the first place down, then what is not ranked, each by code among equals.

    In the last round places are the ranking's, with its tie rules; before it they only order the totals, and
    equal totals share one.
    """
    rules = scores.contest.rules
    if rules.last_round.id == scores.round_id:
        found = category_ranking(scores.contest, scores.category)
        shown = {state.entry.public_id: state for state in scores.states}
        ranked = [
            Line(shown[placed.standing.entry], placed.place, placed.decided_by, advances=False)
            for placed in found.ranking
            if placed.standing.entry in shown
        ]
    else:
        goes_on = _advanced(scores)
        able = [state for state in scores.states if state.result.total is not None and state.set_aside is None]
        able.sort(key=lambda state: (-(state.result.total or 0), state.entry.code))
        ranked, place = [], 1
        for _, group in groupby(able, key=lambda state: state.result.total):
            equal = list(group)
            ranked += [Line(state, place, (), state.entry.id in goes_on) for state in equal]
            place += len(equal)
    placed_ids = {line.state.entry.id for line in ranked}
    rest = [Line(state, None, (), advances=False) for state in scores.states if state.entry.id not in placed_ids]
    return ranked + rest


def _advanced(scores: Scores) -> set[int]:
    ids = [state.entry.id for state in scores.states]
    return set(
        db.session.scalars(
            select(Advancement.entry_id).where(Advancement.entry_id.in_(ids), Advancement.fell_out_at.is_(None))
        )
    )


def judges_in(states: Iterable[EntryState]) -> dict[str, tuple[int, str]]:
    """Judges with a final sheet, numbered from 1 by given name: public id -> (number, name)."""
    names = {given.judge: given.judge_name for state in states for given in state.given if given.final}
    ordered = sorted(names, key=lambda judge: (name_sort_key(names[judge]), judge))
    return {judge: (at, names[judge]) for at, judge in enumerate(ordered, start=1)}


def arithmetic(state: EntryState, judges: dict[str, tuple[int, str]], say: Say) -> str:
    """How the total was computed, in sentences, without those that only list the sheets."""
    steps = told(state.result.steps, {judge: name for judge, (_, name) in judges.items()})
    return " ".join(say(message, params) for message, params in steps if message not in _TOLD_BY_COLUMNS)


def summary_rows(scores: Scores, lines: Sequence[Line], say: Say) -> tuple[list[list[str]], list[str]]:
    """The table (place, code, sheets, total, how) and the list of judges behind its numbers."""
    judges = judges_in(scores.states)
    rows = []
    for line in lines:
        state = line.state
        sheets = sorted((judges[given.judge][0], given.revisions[-1].total) for given in state.given if given.final)
        notes = [arithmetic(state, judges, say), *(say(*words) for words in line.decided_by)]
        if state.set_aside is not None:
            notes.append(say(N_("Set aside: %(reason)s"), {"reason": state.set_aside}))
        if line.advances:
            notes.append(say(N_("Advances to the next round.")))
        rows.append(
            [
                str(line.place) if line.place is not None else "–",
                state.entry.code,
                "; ".join(f"({at})\u00a0{marks(total, 2)}" for at, total in sheets) or "–",
                marks(state.result.total, scores.decimals),
                " ".join(note for note in notes if note),
            ]
        )
    return rows, [f"({at}) {unbroken(name)}" for at, name in judges.values()]


# Conflicts of interest


def conflict_rows(contest: Contest, round_id: str, category: str, *, without: Sequence[int] = ()) -> list[list[str]]:
    """One line a judge: name, entries given, declared free of conflict, stepped back from, kept away from.

    By code. Of what follows from facts, and of what the head of jury recorded, only that there is a conflict is
    told, never which: the paper goes with the minutes. `without`: ids of entries to leave out.
    """
    where = [*in_round(contest, contest.rules.round(round_id), category), Entry.id.not_in(without)]
    codes = {row[0]: row[1] or "" for row in db.session.execute(select(Entry.id, Entry.blind_code).where(*where))}
    given, declared = Counter[int](), Counter[int]()
    people: dict[int, str] = {}
    rows = db.session.execute(
        select(Assignment.judge_id, Assignment.impartial_at, User.name)
        .join(User, User.id == Assignment.judge_id)
        .join(Entry, Entry.id == Assignment.entry_id)
        .where(Assignment.round == round_id, or_(Assignment.standing, Assignment.ended_because.is_not(None)), *where)
    )
    for judge_id, impartial_at, name in rows:
        people[judge_id] = name
        given[judge_id] += 1
        declared[judge_id] += impartial_at is not None
    people |= dict(
        db.session.execute(
            select(User.id, User.name)
            .join(RoleGrant, RoleGrant.user_id == User.id)
            .where(RoleGrant.contest_id == contest.id, RoleGrant.role.in_(JUDGING_ROLES), RoleGrant.ended_at.is_(None))
        ).all()
    )
    own: dict[int, list[str]] = defaultdict(list)
    others: dict[int, list[str]] = defaultdict(list)
    for (entry_id, judge_id), sources in conflicts_among(contest.id, *where).items():
        (own if DECLARED in sources else others)[judge_id].append(codes[entry_id])
    ordered = sorted(people, key=lambda judge_id: (name_sort_key(people[judge_id]), judge_id))
    return [
        [
            unbroken(people[judge_id]),
            number(given[judge_id]),
            number(declared[judge_id]),
            ", ".join(sorted(own[judge_id])) or "–",
            ", ".join(sorted(others[judge_id])) or "–",
        ]
        for judge_id in ordered
        if given[judge_id] or own[judge_id] or others[judge_id]
    ]


def stepped_back(contest: Contest, round_id: str, category: str) -> tuple[int, int]:
    """How many judges stepped back or were recused, and from how many pairs of judge and entry."""
    where = in_round(contest, contest.rules.round(round_id), category)
    pairs = db.session.execute(
        select(ConflictOfInterest.judge_id, ConflictOfInterest.entry_id)
        .join(Entry, Entry.id == ConflictOfInterest.entry_id)
        .where(ConflictOfInterest.lifted_at.is_(None), ConflictOfInterest.source.in_((DECLARED, BY_CHAIR)), *where)
        .distinct()
    ).all()
    return len({judge for judge, _ in pairs}), len(pairs)


# Who marked how much, for the accountant


class Work(NamedTuple):
    """A judge's sheets in one round: given, and made final. A sheet that was marked counts also after its
    judge was replaced: the work was done."""

    given: int
    final: int


class Worker(NamedTuple):
    """A line of the accountant's list. `work` by round."""

    name: str
    unit: str
    work: dict[str, Work]

    @property
    def final(self) -> int:
        return sum(each.final for each in self.work.values())


def workers(contest: Contest) -> list[Worker]:
    """Everybody with sheets in the contest, by given name, with how many. No score and no entry. Two queries."""
    finished = Sheet.state == "final"
    rows = db.session.execute(
        select(User.id, User.name, Assignment.round, func.count(), func.sum(case((finished, 1), else_=0)))
        .join(User, User.id == Assignment.judge_id)
        .join(Entry, Entry.id == Assignment.entry_id)
        .outerjoin(Sheet, Sheet.assignment_id == Assignment.id)
        .where(Entry.contest_id == contest.id, or_(Assignment.standing.is_(True), finished))
        .group_by(User.id, User.name, Assignment.round)
    )
    names: dict[int, str] = {}
    work: dict[int, dict[str, Work]] = defaultdict(dict)
    for judge_id, name, round_id, given, final in rows:
        names[judge_id] = name
        work[judge_id][round_id] = Work(given, int(final or 0))
    units = {
        grant.user_id: loc({"vi": grant.unit.name, "en": grant.unit.name_en}) if grant.unit else ""
        for grant in db.session.scalars(
            select(RoleGrant)
            .options(joinedload(RoleGrant.unit))
            .where(RoleGrant.contest_id == contest.id, RoleGrant.role.in_(JUDGING_ROLES))
            .order_by(RoleGrant.id)
        )
    }
    ordered = sorted(names, key=lambda judge_id: (name_sort_key(names[judge_id]), judge_id))
    return [Worker(names[judge_id], units.get(judge_id, ""), work[judge_id]) for judge_id in ordered]


def gap_of(state: EntryState) -> Fraction:
    """How far apart the sheets that count are: the highest less the lowest total."""
    totals = [exact(sheet.total) for sheet in state.sheets]
    return max(totals) - min(totals) if totals else Fraction(0)
