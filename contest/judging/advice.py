"""What the comparison of judges is made from: the entries of a round whose figures the head of jury may see."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256

from sqlalchemy import select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.ruleset import RuleSet
from contest.core.db import db
from contest.judging.compared import MOST_FOR_TIE_RULES, Comparison, Ranked, compare, enough
from contest.judging.outline import plain_total
from contest.judging.scoring import Sheet
from contest.judging.severity import Read
from contest.judging.states import EntryState
from contest.judging.table import Line, Table

NEAREST = 40


@dataclass(frozen=True)
class Advice:
    """`comparison` is None while there are too few entries: `ready` of those it asks for have two sheets.

    `names` of judges by id as text. `in_conflict` and `unfinished` count the entries left out, `open` those whose
    gap is not settled. `near`: the places worth looking at, from the first down.
    """

    comparison: Comparison | None
    names: dict[str, str]
    ready: int
    in_conflict: int
    unfinished: int
    open: int
    near: tuple[Ranked, ...] = ()


def advice_for(contest: Contest, round_id: str, category: str, person_id: int) -> Advice:
    """The judges of a round compared, by what this head of jury may see: no entry in conflict, none unfinished.

    Neither the count of what is left out nor anything else tells how such an entry stands.
    """
    rules = contest.rules
    table = Table(contest, round_id, category, person_id, chair=True)
    tie_break = _tie_break(rules, round_id) if len(table.entries) <= MOST_FOR_TIE_RULES else []
    # Tie rules look at single criteria; otherwise the totals of the sheets are all that is needed.
    states = table.states(table.entries if tie_break else ())
    lines = table.lines()
    shown = [line for line in lines if line.shown and line.flag != "aside"]
    reads = [_read(line, table.total(line), states if tie_break else {}) for line in shown]
    comparison = None
    if enough(reads):
        settled = {
            line.entry.public_id: table.total(line)
            for line in shown
            if line.entry.entry_id in states and states[line.entry.entry_id].decision is not None
        }
        comparison = compare(
            reads,
            _Retotal(rules, round_id, settled),
            aggregate=rules.round(round_id).aggregate,
            scale=float(rules.rubric.scale),
            line=_line(rules, round_id, category),
            tie_break=tie_break,
            seed=int.from_bytes(sha256(f"{contest.public_id} {round_id} {category}".encode()).digest()[:4]),
        )
    return Advice(
        comparison,
        _names({held.judge_id for line in shown for held in line.entry.held}),
        ready=sum(len(read.sheets) > 1 for read in reads),
        in_conflict=sum(line.hidden == "conflict" for line in lines),
        unfinished=sum(not line.shown and line.flag not in ("conflict", "aside") for line in lines),
        open=sum(line.flag == "gap" for line in shown),
        near=_near(comparison) if comparison else (),
    )


def _read(line: Line, total: Fraction, states: Mapping[int, EntryState]) -> Read:
    state = states.get(line.entry.entry_id)
    if state is not None:
        sheets = [Sheet(str(each.judge_id), each.revisions[-1].marks) for each in state.given if each.final]
    else:
        sheets = [
            Sheet(str(held.judge_id), {"": Fraction(held.total, 100)})
            for held in line.entry.held
            if held.total is not None
        ]
    return Read(line.entry.public_id, line.entry.code, total, tuple(sheets))


def _names(judge_ids: Collection[int]) -> dict[str, str]:
    rows = db.session.execute(select(User.id, User.name).where(User.id.in_(sorted(judge_ids))))
    return {str(judge_id): name for judge_id, name in rows}


class _Retotal:
    """The total of an entry from some of its sheets, by the arithmetic of the ranking.

    A total that the head of jury set stays so.
    """

    def __init__(self, rules: RuleSet, round_id: str, settled: Mapping[str, Fraction]) -> None:
        self.rules = rules
        self.round = rules.round(round_id)
        self.settled = settled

    def __call__(self, entry: str, sheets: Sequence[Sheet]) -> Fraction | None:
        if entry in self.settled and len(sheets) > 1:
            return self.settled[entry]
        return plain_total(self.rules, self.round, [int(sheet.total * 100) for sheet in sheets])


def _line(rules: RuleSet, round_id: str, category: str) -> int:
    """How many go on, or in the last round how many prizes are won by rank."""
    goes_on = rules.round(round_id).advance
    if goes_on is not None:
        return goes_on.counts.get(category, 0)
    return sum(prize.count for _tier, prize in rules.ladder(category))


def _tie_break(rules: RuleSet, round_id: str) -> list[str]:
    """Equal totals are told apart in the last round alone; at the line of another all of them go on."""
    return [each.rule for each in rules.scoring.tie_break] if rules.last_round.id == round_id else []


def _near(comparison: Comparison) -> tuple[Ranked, ...]:
    """All places of a small field; of a large one those nearest to the line."""
    line = comparison.line or NEAREST // 2
    nearest = sorted(comparison.places, key=lambda ranked: (abs(ranked.place - line - 0.5), ranked.code))[:NEAREST]
    return tuple(sorted(nearest, key=lambda ranked: (ranked.place, ranked.code)))
