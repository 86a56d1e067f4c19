"""Everything on record of a round for its arithmetic: what counts, and what does not and why. No text of anybody.

For whoever wants to work a ranking out again. Read by a fixed number of queries, whatever the number of entries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from contest.contests.models import Contest
from contest.contests.ruleset import Round
from contest.core.db import db
from contest.entries.models import Advancement, Entry
from contest.judging.models import (
    Assignment,
    GapDecision,
    GapSettlement,
    RoundClosing,
    SetAside,
    Sheet,
    SheetReopening,
    SheetRevision,
    Waiver,
)
from contest.judging.rules import is_first


@dataclass(frozen=True)
class RevisionRecord:
    """A sheet as it was made final. `order` grows over all revisions in the order of their making."""

    order: int
    number: int
    marks: dict[str, str]
    at: datetime
    source: str


@dataclass(frozen=True)
class SheetRecord:
    """An entry in a judge's hands, standing or ended (`ended_because`: conflict, removed), with all revisions.

    `state`: None (not begun), open, final. `reopenings`: revision, kind (undo, unlock) and instant of each.
    """

    public_id: str
    judge_id: int
    kind: str
    standing: bool
    ended_because: str | None
    sheet_id: int | None
    state: str | None
    revisions: list[RevisionRecord] = field(default_factory=list)
    reopenings: list[tuple[int, str, datetime]] = field(default_factory=list)


@dataclass
class EntryRecord:
    """An entry of a round. `seen` of settlements and decisions: revision by the sheet's id as text."""

    id: int
    code: str
    advanced: bool
    fell_out_at: datetime | None
    sheets: list[SheetRecord] = field(default_factory=list)
    settlements: list[tuple[datetime, dict[str, int]]] = field(default_factory=list)
    decisions: list[tuple[datetime, Decimal, dict[str, int]]] = field(default_factory=list)
    waivers: list[tuple[datetime, str, int | None, datetime | None]] = field(default_factory=list)
    set_aside: bool = False


def closings_of(contest: Contest) -> dict[tuple[str, str], RoundClosing]:
    """The closings of a contest by round and category."""
    rows = db.session.scalars(select(RoundClosing).where(RoundClosing.contest_id == contest.id))
    return {(row.round, row.category): row for row in rows}


def round_record(contest: Contest, round_: Round, category: str, closing: RoundClosing) -> list[EntryRecord]:
    """The record of a closed round in a category, entries by code.

    Also entries that fell out after they had advanced. Not those that were accepted after the round was closed.
    """
    query = (
        select(Entry.id, Entry.blind_code, Advancement.id, Advancement.fell_out_at)
        .outerjoin(Advancement, Advancement.entry_id == Entry.id)
        .where(*_took_part(contest, round_, category, closing.at))
        .order_by(Entry.blind_code)
    )
    found = {
        id_: EntryRecord(id_, code or "", advanced is not None, fell_out_at)
        for id_, code, advanced, fell_out_at in db.session.execute(query)
    }
    ids = select(Entry.id).outerjoin(Advancement, Advancement.entry_id == Entry.id)
    chosen = ids.where(*_took_part(contest, round_, category, closing.at))
    for entry_id, sheet in _sheets(round_.id, Assignment.entry_id.in_(chosen)):
        found[entry_id].sheets.append(sheet)
    for settlement in _rows(GapSettlement, round_.id, chosen):
        found[settlement.entry_id].settlements.append((settlement.at, settlement.seen))
    for decision in _rows(GapDecision, round_.id, chosen):
        found[decision.entry_id].decisions.append((decision.at, decision.total, decision.seen))
    for waiver in _rows(Waiver, round_.id, chosen):
        found[waiver.entry_id].waivers.append((waiver.at, waiver.what, waiver.judge_id, waiver.lifted_at))
    for aside in _rows(SetAside, round_.id, chosen):
        found[aside.entry_id].set_aside = True
    return list(found.values())


def _took_part(contest: Contest, round_: Round, category: str, closed_at: datetime) -> list[ColumnElement[bool]]:
    where = [Entry.contest_id == contest.id, Entry.category == category, Entry.blind_code.is_not(None)]
    if not is_first(contest.rules, round_):
        return [*where, Advancement.id.is_not(None)]
    in_time = or_(Entry.decided_at.is_(None), Entry.decided_at <= closed_at)
    return [*where, or_(Advancement.id.is_not(None), and_(Entry.state == "accepted", in_time))]


def _rows(model: Any, round_id: str, chosen: Any) -> Iterable[Any]:
    return db.session.scalars(
        select(model).where(model.round == round_id, model.entry_id.in_(chosen)).order_by(model.id)
    )


def _sheets(round_id: str, *where: ColumnElement[bool]) -> list[tuple[int, SheetRecord]]:
    """Every assignment of a round with its sheet, in the order in which they were made."""
    rows = db.session.execute(
        select(
            Assignment.id,
            Assignment.entry_id,
            Assignment.public_id,
            Assignment.judge_id,
            Assignment.kind,
            Assignment.standing,
            Assignment.ended_because,
            Sheet.id,
            Sheet.state,
        )
        .outerjoin(Sheet, Sheet.assignment_id == Assignment.id)
        .where(Assignment.round == round_id, *where)
        .order_by(Assignment.id)
    )
    found = {row[0]: (row[1], SheetRecord(row[2], row[3], row[4], row[5], row[6], row[7], row[8])) for row in rows}
    by_sheet = {sheet.sheet_id: sheet for _, sheet in found.values() if sheet.sheet_id is not None}
    sheets = select(Sheet.id).join(Assignment, Sheet.assignment_id == Assignment.id)
    of_round = sheets.where(Assignment.round == round_id, *where)
    revisions = db.session.execute(
        select(
            SheetRevision.sheet_id,
            SheetRevision.id,
            SheetRevision.number,
            SheetRevision.marks,
            SheetRevision.at,
            SheetRevision.source,
        )
        .where(SheetRevision.sheet_id.in_(of_round))
        .order_by(SheetRevision.id)
    )
    for sheet_id, order, number, marks, at, source in revisions:
        by_sheet[sheet_id].revisions.append(RevisionRecord(order, number, marks, at, source))
    reopenings: dict[int, list[tuple[int, str, datetime]]] = defaultdict(list)
    for sheet_id, revision, kind, at in db.session.execute(
        select(SheetReopening.sheet_id, SheetReopening.revision, SheetReopening.kind, SheetReopening.at)
        .where(SheetReopening.sheet_id.in_(of_round))
        .order_by(SheetReopening.id)
    ):
        reopenings[sheet_id].append((revision, kind, at))
    for sheet_id, reopened in reopenings.items():
        by_sheet[sheet_id].reopenings.extend(reopened)
    return list(found.values())
