"""Entries by judges: who declared what, who was recused, which facts and suggestions there are.

Whole for the secretariat and the organiser, and with the minutes. A head of jury judges: they get it without
facts and notes, without suggestions about themselves, and without the lines of entries that they are in conflict with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_
from contest.core.text import name_sort_key
from contest.entries.models import Entry
from contest.judging.conflicts import Pair, conflicts_among
from contest.judging.models import Assignment, ConflictOfInterest, PanelSeat
from contest.judging.panels import appointed, standing_seats
from contest.judging.rounds import entries_in, in_round
from contest.judging.rules import BY_CHAIR, CONFLICTS, DECLARED
from contest.judging.suggestions import STRENGTHS, SUGGESTIONS, suggestions_among

# What stands in a cell, from nothing to a conflict.
NOTHING, GIVEN, IMPARTIAL, SUGGESTED = "", "given", "impartial", "suggested"
FACT, RECUSED, STEPPED_BACK = "fact", "recused", "stepped_back"
WORDS = {
    NOTHING: N_("Not assigned"),
    GIVEN: N_("Assigned, not declared yet"),
    IMPARTIAL: N_("Declared: no conflict"),
    SUGGESTED: N_("Suggestion to look into"),
    FACT: N_("Conflict of interest"),
    RECUSED: N_("Recused"),
    STEPPED_BACK: N_("Stepped back"),
}


@dataclass(frozen=True)
class Cell:
    """One entry and one judge.

    `given`: assigned and standing; `declared_at`: no conflict declared, `on_paper` when it was keyed in.
    `conflict`: sources in force; `note` of the recorded one; `suggested`: sources; `strength` of the suggestion.
    """

    given: bool = False
    declared_at: datetime | None = None
    on_paper: bool = False
    conflict: tuple[str, ...] = ()
    note: str = ""
    suggested: tuple[str, ...] = ()
    strength: str = ""
    conflicted: bool = False

    @property
    def state(self) -> str:
        """The one word for the cell."""
        if DECLARED in self.conflict:
            return STEPPED_BACK
        if BY_CHAIR in self.conflict:
            return RECUSED
        if self.conflicted:
            return FACT
        if self.strength:
            return SUGGESTED
        if self.declared_at is not None:
            return IMPARTIAL
        return GIVEN if self.given else NOTHING


@dataclass(frozen=True)
class Line:
    """An entry with a cell for each judge. `own`: hidden from a head of jury who is in conflict with it."""

    code: str
    public_id: str
    title: str
    own: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Matrix:
    """The judges across, the entries down."""

    judges: tuple[User, ...]
    lines: tuple[Line, ...]


def matrix_of(contest: Contest, round_id: str, category: str, *, chair_id: int | None = None) -> Matrix:
    """The matrix of a round in a category; for a head of jury (`chair_id`) what they may see of it.

    Judges are those of the panel and whoever was given an entry, by given name. A fixed number of queries.
    """
    round_ = contest.rules.round(round_id)
    where = in_round(contest, round_, category)
    entries = entries_in(contest, round_, category)
    given = {
        (each.entry_id, each.judge_id): each
        for each in db.session.scalars(
            select(Assignment).join(Entry, Entry.id == Assignment.entry_id).where(Assignment.round == round_id, *where)
        )
    }
    judges = _judges(contest, round_id, category, {judge_id for _, judge_id in given})
    ids = [judge.id for judge in judges]
    # A head of jury need not sit in the panel, and is in conflict all the same.
    asked = ids if chair_id is None else [*ids, chair_id]
    conflicts = conflicts_among(contest.id, *where, judges=asked)
    suggested = suggestions_among(contest, *where, judges=ids, known=conflicts)
    notes = _notes(contest, *where)
    lines = []
    for entry in entries:
        own = chair_id is not None and bool(conflicts.get((entry.id, chair_id)))
        cells = []
        for judge in judges:
            pair = (entry.id, judge.id)
            sources = tuple(sorted(conflicts.get(pair, ())))
            suggestion = suggested.get(pair)
            assignment = given.get(pair)
            standing = assignment is not None and assignment.standing
            cell = Cell(
                given=standing,
                declared_at=assignment.impartial_at if assignment is not None and standing else None,
                on_paper=assignment is not None and assignment.impartial_by_id is not None,
                conflict=sources,
                note=notes.get(pair, ""),
                suggested=suggestion.sources if suggestion else (),
                strength=suggestion.strength if suggestion else "",
                conflicted=bool(sources),
            )
            cells.append(cell if chair_id is None else _for_chair(cell, own=own, self_=judge.id == chair_id))
        lines.append(Line(entry.code, entry.public_id, entry.title, own, tuple(cells)))
    return Matrix(tuple(judges), tuple(lines))


def _for_chair(cell: Cell, *, own: bool, self_: bool) -> Cell:
    """What a head of jury may see: recorded conflicts by name, facts and suggestions only as such."""
    if own:
        return Cell()
    return Cell(
        given=cell.given,
        declared_at=cell.declared_at,
        on_paper=cell.on_paper,
        conflict=tuple(source for source in cell.conflict if source in (DECLARED, BY_CHAIR)),
        strength="" if self_ else cell.strength,
        conflicted=cell.conflicted,
    )


def _judges(contest: Contest, round_id: str, category: str, holders: set[int]) -> list[User]:
    seated = standing_seats(contest.id, round_id, category).with_only_columns(PanelSeat.judge_id)
    seated = seated.where(PanelSeat.judge_id.in_(appointed(contest.id)))
    people = db.session.scalars(select(User).where(User.id.in_(seated) | User.id.in_(holders)))
    return sorted(people, key=lambda judge: (name_sort_key(judge.name), judge.id))


def _notes(contest: Contest, *where: Any) -> dict[Pair, str]:
    rows = db.session.execute(
        select(ConflictOfInterest.entry_id, ConflictOfInterest.judge_id, ConflictOfInterest.note)
        .join(Entry, Entry.id == ConflictOfInterest.entry_id)
        .where(ConflictOfInterest.lifted_at.is_(None), *where)
        .order_by(ConflictOfInterest.id)
    )
    return {(entry_id, judge_id): note for entry_id, judge_id, note in rows if note}


def conflict_matrix(contest: Contest, round_id: str, category: str) -> dict[str, Any]:
    """The matrix as plain data for the minutes, which judges of a later round sign: no facts, notes or suggestions.

    {"judges": [{"id", "name"}], "entries": [{"code", "cells": [{"state", "at", "on_paper"}]}]}, the cells in
    the order of the judges; `state` is one of WORDS, `at` an ISO instant or None.
    """
    matrix = matrix_of(contest, round_id, category)
    return {
        "judges": [{"id": judge.public_id, "name": judge.name} for judge in matrix.judges],
        "entries": [
            {
                "code": line.code,
                "cells": [
                    {
                        "state": _without_suggestion(cell),
                        "at": cell.declared_at.isoformat() if cell.declared_at else None,
                        "on_paper": cell.on_paper,
                    }
                    for cell in line.cells
                ],
            }
            for line in matrix.lines
        ],
    }


def _without_suggestion(cell: Cell) -> str:
    if cell.state != SUGGESTED:
        return cell.state
    if cell.declared_at is not None:
        return IMPARTIAL
    return GIVEN if cell.given else NOTHING


def why_of(cell: Cell) -> list[str]:
    """Reasons for a conflict and for a suggestion, as messages; a head of jury reads only that there is one."""
    words = [CONFLICTS[source] for source in cell.conflict] + [SUGGESTIONS[source] for source in cell.suggested]
    if words:
        return words
    return [STRENGTHS[cell.strength]] if cell.strength and not cell.conflicted else []
