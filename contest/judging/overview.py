"""How far each round of each category is: one line for each, by queries that do not grow with the entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from contest.contests.models import Contest
from contest.core.db import db
from contest.entries.models import Entry
from contest.judging.conflicts import conflicts_among
from contest.judging.models import Assignment, RoundClosing, Sheet
from contest.judging.rounds import in_round


@dataclass(frozen=True)
class Cell:
    """One round of one category in the overview. Sheets of entries whose progress is hidden do not count."""

    round_id: str
    category: str
    entries: int
    given: int
    final: int
    expected: int
    closed: RoundClosing | None


def overview(contest: Contest, chair_id: int | None = None) -> list[Cell]:
    """How far each round of each category is, in the order of the rules.

    `chair_id`: for a head of jury, without entries of a conflict of interest or whose own sheet is not final.
    """
    rules = contest.rules
    hidden = _hidden(contest, chair_id) if chair_id is not None else []
    done = func.sum(case((Sheet.state == "final", 1), else_=0))
    sheets: dict[tuple[str, str], tuple[int, int]] = {}
    entries: dict[tuple[str, str], tuple[int, int]] = {}
    for round_ in rules.rounds:
        taking_part = in_round(contest, round_)
        unseen = [where(round_.id) for where in hidden]
        rows = db.session.execute(
            select(Entry.category, func.count(), done)
            .select_from(Assignment)
            .join(Entry, Entry.id == Assignment.entry_id)
            .outerjoin(Sheet, Sheet.assignment_id == Assignment.id)
            .where(*taking_part, Assignment.round == round_.id, Assignment.standing.is_(True), *unseen)
            .group_by(Entry.category)
        )
        sheets.update(((round_.id, category), (given, int(final or 0))) for category, given, final in rows)
        seen: Any = func.count()
        if unseen:
            seen = func.sum(case((Entry.id.in_(select(Entry.id).where(*taking_part, *unseen)), 1), else_=0))
        counted = db.session.execute(
            select(Entry.category, func.count(), seen).where(*taking_part).group_by(Entry.category)
        )
        entries.update(((round_.id, category), (count, int(open_ or 0))) for category, count, open_ in counted)
    closings = {
        (closing.round, closing.category): closing
        for closing in db.session.scalars(select(RoundClosing).where(RoundClosing.contest_id == contest.id))
    }
    cells = []
    for round_ in rules.rounds:
        for category in rules.categories:
            key = (round_.id, category.id)
            count, open_ = entries.get(key, (0, 0))
            given, final = sheets.get(key, (0, 0))
            expected = max(given, open_ * round_.judges_per_entry)
            cells.append(Cell(*key, count, given, final, expected, closings.get(key)))
    return cells


def _hidden(contest: Contest, chair_id: int) -> list[Any]:
    """What to leave out for a head of jury, each a condition to be made for a round."""
    in_conflict = sorted({entry_id for entry_id, _judge in conflicts_among(contest.id, judges=[chair_id])})

    def own_open(round_id: str) -> ColumnElement[bool]:
        waiting = (
            select(Assignment.entry_id)
            .outerjoin(Sheet, Sheet.assignment_id == Assignment.id)
            .where(
                Assignment.judge_id == chair_id,
                Assignment.round == round_id,
                Assignment.standing.is_(True),
                func.coalesce(Sheet.state, "") != "final",
            )
        )
        return Entry.id.not_in(waiting)

    conditions: list[Any] = [own_open]
    if in_conflict:
        conditions.append(lambda _round_id: Entry.id.not_in(in_conflict))
    return conditions
