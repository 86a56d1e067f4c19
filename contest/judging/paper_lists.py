"""Paper sheets in lists: whose, where they are, which to print. Never a mark, and never a title or an author."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.text import name_sort_key
from contest.entries.models import Entry
from contest.judging.conflicts import conflicts_among
from contest.judging.models import Assignment, PaperSheet, Sheet
from contest.judging.panels import appointed
from contest.judging.paper import NONE, ON_SCREEN, STATES, TAKEN, part_of, state_of
from contest.judging.rounds import in_round

PRINTED_AT_ONCE = 100
_SHEET_CODE = re.compile(r"[0-9A-Z]{8,14}")
_ENTRY_CODE = re.compile(r"[0-9A-Z]{4}")


def sheet_code(public_id: str) -> str:
    """What is printed on a paper sheet to find it by: eight characters, read in two halves."""
    return f"{public_id[:4]}-{public_id[4:8]}".upper()


@dataclass(frozen=True)
class PaperLine:
    """One paper sheet. `part`: what whoever looks may do with it (see `paper.part_of`)."""

    public_id: str
    code: str
    judge_id: int
    judge: str
    round_id: str
    category: str
    state: str
    part: str
    first_by: str
    second_by: str

    @property
    def sheet_code(self) -> str:
        """Printed on it."""
        return sheet_code(self.public_id)


def paper_lines(contest: Contest, actor_id: int, *where: ColumnElement[bool]) -> list[PaperLine]:
    """Paper sheets of standing assignments that meet `where`, by judge and in each judge's own order.

    A fixed number of queries. Entries that no longer take part and pairs in conflict are left out.
    """
    rules = contest.rules
    found: list[Any] = []  # rows of the query below
    for round_ in rules.rounds:
        found += db.session.execute(
            select(Assignment, Entry.id, Entry.blind_code, Entry.category, User.name, Sheet.state, PaperSheet)
            .join(Entry, Entry.id == Assignment.entry_id)
            .join(User, User.id == Assignment.judge_id)
            .outerjoin(Sheet, Sheet.assignment_id == Assignment.id)
            .outerjoin(PaperSheet, PaperSheet.assignment_id == Assignment.id)
            .where(
                Assignment.round == round_.id,
                Assignment.standing.is_(True),
                Assignment.judge_id.in_(appointed(contest.id)),
                *in_round(contest, round_),
                *where,
            )
        ).all()
    if not found:
        return []
    judges = {row[0].judge_id for row in found}
    barred = conflicts_among(contest.id, Entry.id.in_({row[1] for row in found}), judges=judges)
    names = _names(row[6] for row in found)
    lines = []
    for assignment, entry_id, code, category, judge, sheet_state, row in found:
        if (entry_id, assignment.judge_id) in barred:
            continue
        state = state_of(row, sheet_state)
        open_ = row is not None and state != NONE
        lines.append(
            (
                (name_sort_key(judge), assignment.judge_id, assignment.place, assignment.public_id),
                PaperLine(
                    assignment.public_id,
                    code or "",
                    assignment.judge_id,
                    judge,
                    assignment.round,
                    category,
                    state,
                    part_of(row, state, actor_id),
                    names.get(row.first_by_id, "") if open_ else "",
                    names.get(row.second_by_id, "") if open_ else "",
                ),
            )
        )
    return [line for _key, line in sorted(lines, key=lambda pair: pair[0])]


def _names(rows: Iterable[PaperSheet | None]) -> dict[int | None, str]:
    ids = {id_ for row in rows if row is not None for id_ in (row.first_by_id, row.second_by_id)}
    return dict(db.session.execute(select(User.id, User.name).where(User.id.in_(ids - {None}))).all()) if ids else {}


def find_lines(contest: Contest, actor_id: int, typed: str) -> list[PaperLine] | None:
    """Sheets by what is printed on them: the sheet's own code, or the entry's. None for no such code."""
    code = re.sub(r"[\s–-]", "", typed).upper()
    if _ENTRY_CODE.fullmatch(code):
        return paper_lines(contest, actor_id, Entry.blind_code == code)
    if _SHEET_CODE.fullmatch(code):
        return paper_lines(contest, actor_id, Assignment.public_id.startswith(code.lower(), autoescape=True))
    return None


@dataclass(frozen=True)
class JudgeLine:
    """A judge's paper sheets in a round and category, counted by where they are."""

    judge: str
    public_id: str
    category: str
    given: int
    final: int
    states: dict[str, int]


def by_judge(contest: Contest, round_id: str) -> list[JudgeLine]:
    """Every judge with entries in a round, by given name and category. A fixed number of queries."""
    where = (
        Assignment.round == round_id,
        Assignment.standing.is_(True),
        Assignment.judge_id.in_(appointed(contest.id)),
        *in_round(contest, contest.rules.round(round_id)),
    )
    given = db.session.execute(
        select(
            User.id,
            User.name,
            User.public_id,
            Entry.category,
            func.count(Assignment.id),
            func.count(Sheet.id).filter(Sheet.state == "final"),
        )
        .select_from(Assignment)
        .join(Entry, Entry.id == Assignment.entry_id)
        .join(User, User.id == Assignment.judge_id)
        .outerjoin(Sheet, Sheet.assignment_id == Assignment.id)
        .where(*where)
        .group_by(User.id, User.name, User.public_id, Entry.category)
    ).all()
    typed = db.session.execute(
        select(Assignment.judge_id, Entry.category, Sheet.state, PaperSheet)
        .join(Assignment, Assignment.id == PaperSheet.assignment_id)
        .join(Entry, Entry.id == Assignment.entry_id)
        .outerjoin(Sheet, Sheet.assignment_id == Assignment.id)
        .where(*where)
    ).all()
    counts: Counter[tuple[int, str, str]] = Counter()
    for judge_id, category, sheet_state, row in typed:
        counts[judge_id, category, state_of(row, sheet_state)] += 1
    return [
        JudgeLine(
            name,
            public_id,
            category,
            number,
            final,
            {state: counts[judge_id, category, state] for state in STATES},
        )
        for judge_id, name, public_id, category, number, final in sorted(
            given, key=lambda row: (name_sort_key(row[1]), row[0], row[3])
        )
    ]


def printable(lines: Iterable[PaperLine]) -> list[PaperLine]:
    """Those that are still to be marked."""
    return [line for line in lines if line.state not in (TAKEN, ON_SCREEN)]
