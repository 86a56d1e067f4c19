"""What the comparison of judges is made from: the entries of a round whose figures the head of jury may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256

from contest.contests.models import Contest
from contest.contests.ruleset import RuleSet
from contest.judging.compared import Comparison, Ranked, Read, compare, enough
from contest.judging.rounds import EntryState, figures_for, round_state
from contest.judging.scoring import Dialogue, Sheet
from contest.judging.totals import entry_total

NEAREST = 40


@dataclass(frozen=True)
class Advice:
    """`comparison` is None while there are too few entries: `ready` of those it asks for have two sheets.

    `names` of judges by public id. `in_conflict` and `unfinished` count the entries left out, `open` those whose
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
    states = [state for state in round_state(contest, round_id, category) if state.set_aside is None]
    figures = figures_for(contest, states, person_id)
    shown = [state for state in states if state.entry.id in figures.shown]
    reads = [
        Read(state.entry.public_id, state.entry.code, state.result.total, state.sheets)
        for state in shown
        if state.result.total is not None
    ]
    names = {given.judge: given.judge_name for state in shown for given in state.given}
    told = Advice(
        None,
        names,
        sum(len(read.sheets) > 1 for read in reads),
        len(figures.in_conflict),
        len(figures.unfinished),
        sum(state.result.gap_open for state in shown),
    )
    if not enough(reads):
        return told
    comparison = compare(
        reads,
        _Retotal(rules, round_id, shown),
        aggregate=rules.round(round_id).aggregate,
        scale=float(rules.rubric.scale),
        line=_line(rules, round_id, category),
        tie_break=_tie_break(rules, round_id),
        seed=int.from_bytes(sha256(f"{contest.public_id} {round_id} {category}".encode()).digest()[:4]),
    )
    return Advice(
        comparison, names, told.ready, told.in_conflict, told.unfinished, told.open, _near(comparison)
    )  # fmt: skip


class _Retotal:
    """The total of an entry from some of its sheets, by the arithmetic of the ranking.

    A total that the head of jury set, and a gap that was let pass, stay so. A talk that was settled stays settled.
    """

    def __init__(self, rules: RuleSet, round_id: str, states: Sequence[EntryState]) -> None:
        self.round = rules.round(round_id)
        self.scale = rules.rubric.scale
        self.states = {state.entry.public_id: state for state in states}

    def __call__(self, entry: str, sheets: Sequence[Sheet]) -> Fraction | None:
        state = self.states[entry]
        if state.decision is not None and not state.result.needs_decision and len(sheets) > 1:
            return state.decision.total
        # One number a sheet: the marks behind it change nothing here.
        whole = [Sheet(sheet.judge, {"": sheet.total}) for sheet in sheets]
        dialogue = state.dialogue if state.dialogue is Dialogue.SETTLED else Dialogue.NONE
        return entry_total(
            self.round, whole, dialogue=dialogue, waived=self.round.judges_per_entry, scale=self.scale
        ).total


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
