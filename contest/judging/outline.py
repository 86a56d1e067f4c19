"""A round in outline: for every entry how many sheets are in and their totals, by two queries and one pass.

The full arithmetic of an entry (`rounds.round_state`) reads every mark and tells every step; a page of fifty
entries of two thousand needs that of fifty. An entry is `plain` when its state follows from the latest totals
alone: nothing was put on record about it and no sheet was scored again. Where it is not, the full arithmetic
decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import Integer, Select, and_, select, type_coerce, union

from contest.contests.models import Contest
from contest.contests.ruleset import Round, RuleSet
from contest.core.db import db
from contest.entries.models import Entry
from contest.judging.models import Assignment, GapDecision, GapSettlement, SetAside, Sheet, SheetRevision, Waiver
from contest.judging.rounds import in_round
from contest.judging.scoring import AGGREGATES, RECONCILE, allowed_gap
from contest.judging.scoring import Sheet as CountedSheet
from contest.judging.totals import Result, entry_total


class Held(NamedTuple):
    """A standing assignment: whose, the sheet's state (None: not begun), its total in hundredths once final."""

    judge_id: int
    state: str | None
    total: int | None


@dataclass
class Outlined:
    """An entry of a round. `plain`: its state follows from what is here. `apart`: there may be a gap."""

    entry_id: int
    public_id: str
    code: str
    held: list[Held] = field(default_factory=list)
    plain: bool = True
    apart: bool = False

    @property
    def given(self) -> int:
        return len(self.held)

    @property
    def totals(self) -> list[int]:
        """Of the final sheets, in hundredths."""
        return [each.total for each in self.held if each.total is not None]

    @property
    def final(self) -> int:
        return sum(each.total is not None for each in self.held)


def outline(contest: Contest, round_id: str, category: str) -> list[Outlined]:
    """Every entry of a round in the order of their codes. Two queries."""
    rules = contest.rules
    round_ = rules.round(round_id)
    taking_part = in_round(contest, round_, category)
    special = _special(round_id, select(Entry.id).where(*taking_part))
    rows: Any = db.session.execute(
        select(
            Entry.id,
            Entry.public_id,
            Entry.blind_code,
            Assignment.id,
            Assignment.judge_id,
            Sheet.state,
            SheetRevision.number,
            type_coerce(SheetRevision.total, Integer),
        )
        .outerjoin(
            Assignment,
            and_(Assignment.entry_id == Entry.id, Assignment.round == round_id, Assignment.standing.is_(True)),
        )
        .outerjoin(Sheet, Sheet.assignment_id == Assignment.id)
        .outerjoin(SheetRevision, SheetRevision.sheet_id == Sheet.id)
        .where(*taking_part)
        .order_by(Entry.blind_code, Assignment.id, SheetRevision.number)
    )
    found: list[Outlined] = []
    last = assignment = None
    for entry_id, public_id, code, assignment_id, judge_id, state, number, total in rows:
        if last is None or last.entry_id != entry_id:
            last = Outlined(entry_id, public_id, code or "", plain=entry_id not in special)
            found.append(last)
        if assignment_id is None:
            continue
        if assignment_id == assignment:
            last.held.pop()  # an earlier revision of the same sheet
        assignment = assignment_id
        last.held.append(Held(judge_id, state, total if state == "final" else None))
        if number is not None and (number > 1 or state != "final"):
            last.plain = False  # scored again, or opened again: what came before may matter
    _mark_gaps(rules, round_, found)
    return found


def _special(round_id: str, chosen: Select[Any]) -> set[int]:
    """Entries about which the head of jury put something on record: set aside, settled, decided, let pass."""
    lookups = [
        select(model.entry_id).where(model.round == round_id, model.entry_id.in_(chosen), *extra)
        for model, extra in (
            (SetAside, ()),
            (GapSettlement, ()),
            (GapDecision, ()),
            (Waiver, (Waiver.lifted_at.is_(None),)),
        )
    ]
    return set(db.session.scalars(union(*lookups)))


def _mark_gaps(rules: RuleSet, round_: Round, found: Iterable[Outlined]) -> None:
    """Which entries may have a gap: no measure of one is greater than the range of the totals.

    A talk that a sheet too many may have ended is told by the order of the sheets, so not here.
    """
    gap = round_.gap
    if gap is None:
        return
    allowed = allowed_gap(gap, rules.rubric.scale) * 100
    for each in found:
        totals = each.totals
        if len(totals) > 1 and max(totals) - min(totals) > allowed:
            each.apart = True
            if gap.action == RECONCILE and len(totals) > round_.judges_per_entry:
                each.plain = False


def plain_result(rules: RuleSet, round_: Round, entry: Outlined) -> Result:
    """What the round says of a plain entry, by the arithmetic of every other; its steps are not worth reading."""
    sheets = [
        CountedSheet(str(held.judge_id), {"": Fraction(held.total, 100)})
        for held in entry.held
        if held.total is not None
    ]
    return entry_total(round_, sheets, scale=rules.rubric.scale)


def plain_total(rules: RuleSet, round_: Round, entry: Outlined) -> Fraction | None:
    """The total of a plain entry, exact. Where no gap is possible, the round's aggregate, without any steps."""
    if entry.apart:
        return plain_result(rules, round_, entry).total
    totals = entry.totals
    return AGGREGATES[round_.aggregate]([Fraction(total, 100) for total in totals]).value if totals else None
