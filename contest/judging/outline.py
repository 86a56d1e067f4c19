"""A round in outline: for every entry how many sheets are in and their totals, by two queries and one pass.

The full arithmetic of an entry (`rounds.round_state`) reads every mark and tells every step; a page of fifty
entries of two thousand needs that of fifty. An entry is `plain` when its state follows from the latest totals
alone: nothing was put on record about it and no sheet was scored again. Where it is not, the full arithmetic
decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple

from sqlalchemy import Integer, Select, and_, select, type_coerce, union

from contest.contests.models import Contest
from contest.contests.ruleset import Gap, Round, RuleSet
from contest.core.db import db
from contest.entries.models import Entry
from contest.judging.models import Assignment, GapDecision, GapSettlement, SetAside, Sheet, SheetRevision, Waiver
from contest.judging.rounds import in_round
from contest.judging.scoring import AGGREGATES, RECONCILE, THIRD_JUDGE, allowed_gap, gap_open
from contest.judging.scoring import Sheet as CountedSheet
from contest.judging.totals import entry_total


class Held(NamedTuple):
    """A standing assignment: whose, the sheet's state (None: not begun), its total in hundredths once final."""

    judge_id: int
    state: str | None
    total: int | None
    id: int
    kind: str


@dataclass(slots=True)
class Outlined:
    """An entry of a round. `totals` of its final sheets, in hundredths.

    `plain`: its state follows from what is here. `apart`: all sheets are in and there is a gap between them.
    """

    entry_id: int
    public_id: str
    code: str
    plain: bool
    held: list[Held] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    apart: bool = False

    @property
    def given(self) -> int:
        return len(self.held)

    @property
    def final(self) -> int:
        return len(self.totals)


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
            Assignment.kind,
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
    for entry_id, public_id, code, assignment_id, judge_id, kind, state, number, total in rows:
        if last is None or last.entry_id != entry_id:
            last = Outlined(entry_id, public_id, code or "", entry_id not in special)
            found.append(last)
        if assignment_id is None:
            continue
        if assignment_id == assignment:
            last.held.pop()  # an earlier revision of the same sheet
        assignment = assignment_id
        last.held.append(Held(judge_id, state, total if state == "final" else None, assignment_id, kind))
        if number is not None and (number > 1 or state != "final"):
            last.plain = False  # scored again, or opened again: what came before may matter
    for each in found:
        each.totals = [held.total for held in each.held if held.total is not None]
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
    """Which entries have a gap.

    A talk that a sheet too many may have ended is told by the order of the sheets, so not here.
    """
    gap = round_.gap
    if gap is None:
        return
    most = widest_allowed(rules, gap)
    for each in found:
        if len(each.totals) >= round_.judges_per_entry and max(each.totals) - min(each.totals) > most:
            each.apart = gap_open(gap, [Fraction(total, 100) for total in each.totals], rules.rubric.scale)
            if gap.action == RECONCILE and len(each.totals) > round_.judges_per_entry:
                each.plain = False


def widest_allowed(rules: RuleSet, gap: Gap) -> int:
    """Up to which range of totals, in hundredths, there is no gap: no measure of one is greater than the range."""
    return floor(allowed_gap(gap, rules.rubric.scale) * 100)


class Standing(NamedTuple):
    """What becomes of a plain entry's gap. See `totals.Result`."""

    complete: bool
    needs_third: bool
    gap_open: bool


def standing_of(round_: Round, entry: Outlined) -> Standing:
    """Where a plain entry stands; the same as the full arithmetic says, which tests hold it to."""
    complete = entry.final >= round_.judges_per_entry
    if not entry.apart or round_.gap is None:
        return Standing(complete, needs_third=False, gap_open=False)
    if round_.gap.action == THIRD_JUDGE:
        third_is_in = entry.final > round_.judges_per_entry
        return Standing(third_is_in, needs_third=not third_is_in, gap_open=not third_is_in)
    return Standing(complete, needs_third=False, gap_open=True)


def plain_total(rules: RuleSet, round_: Round, totals: Sequence[int]) -> Fraction | None:
    """The exact total that these sheets alone give, in hundredths; None for none.

    Where no gap is possible it is the round's aggregate, without the steps of the full arithmetic.
    """
    gap = round_.gap
    if not totals:
        return None
    if gap is not None and max(totals) - min(totals) > widest_allowed(rules, gap):
        sheets = [CountedSheet(str(number), {"": Fraction(total, 100)}) for number, total in enumerate(totals)]
        return entry_total(round_, sheets, scale=rules.rubric.scale).total
    hundredths: Sequence[Any] = totals  # which of them count is the same in any unit, and whole numbers are quick
    kept = AGGREGATES[round_.aggregate](hundredths).kept
    return Fraction(sum(kept), 100 * len(kept))
