"""The total of an entry in a round: which sheets count, what becomes of a gap, told step by step. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from contest.contests.ruleset import Gap, Round
from contest.core.errors import N_
from contest.judging.scoring import (
    AGGREGATES,
    CHAIR_DECIDES,
    GAP_MEASURES,
    RECONCILE,
    SHARE_OF_SCALE,
    THIRD_JUDGE,
    Dialogue,
    Number,
    Selection,
    Sheet,
    Words,
    allowed_gap,
    asked,
    display,
    exact,
    gap_open,
    totals_of,
    two_closest,
    written,
)

_GAP_WORDS = {
    "max_minus_min": N_("The highest and the lowest total are %(gap)s apart; up to %(threshold)s is allowed."),
    "distance_from_mean": N_("One total is %(gap)s away from the mean; up to %(threshold)s is allowed."),
}


@dataclass(frozen=True)
class Result:
    """What a round says of one entry so far.

    `total` is None without a sheet and provisional until `closable`. `complete`: all sheets asked for
    are in, a third judge's too. `gap_open`: a gap waits for a third judge, for the chair's record or for
    the chair's decision (`needs_decision`). `steps` tell the arithmetic in words.
    """

    total: Fraction | None
    steps: tuple[Words, ...]
    complete: bool
    gap_open: bool
    needs_third: bool
    needs_decision: bool = False

    @property
    def closable(self) -> bool:
        return self.complete and not self.gap_open


def _told_gap(gap: Gap, totals: Sequence[Fraction], scale: Number | None) -> list[Words]:
    params: dict[str, Any] = {"gap": GAP_MEASURES[gap.type](totals), "threshold": allowed_gap(gap, scale)}
    told: list[Words] = [(_GAP_WORDS[gap.type], params)]
    if gap.unit == SHARE_OF_SCALE and scale is not None:
        text = N_("%(threshold)s is %(share)s of the scale of %(scale)s, the share that the rules allow.")
        share = {"threshold": params["threshold"], "share": exact(gap.threshold), "scale": exact(scale)}
        told.append((text, share))
    return told


@dataclass(frozen=True)
class _Settled:
    """What becomes of a gap: how the total is formed, what it waits for, and the words for it."""

    select: Callable[[Sequence[Fraction]], Selection]
    words: tuple[Words, ...] = ()
    waits: bool = False
    needs_third: bool = False
    needs_decision: bool = False
    decided: Fraction | None = None


def entry_total(
    round_: Round,
    sheets: Sequence[Sheet],
    *,
    dialogue: Dialogue = Dialogue.NONE,
    decision: Fraction | None = None,
    waived: int = 0,
    gap_waived: bool = False,
    scale: Number | None = None,
    decimals: int = 2,
) -> Result:
    """The total of an entry in a round, with its explanation. `decimals`: the rule set's for display.

    1. Fewer sheets than are asked for: what is there is averaged, and it is not complete. `waived`: how many
       missing ones are let pass; see `asked`.
    2. With all of them the gap is measured over every sheet, in points or as a share of the `scale`.
    3. A gap under `third_judge`: one more sheet is needed; with it, the two closest totals count.
    4. A gap under `reconcile_keep_original` waits for the chair; the total is the aggregate meanwhile.
    5. A gap under `chair_decides` waits for the chair's `decision` on exactly these sheets, between the lowest
       and the highest; the total is the aggregate meanwhile. A decision outside of them is none.
    6. A gap that is let pass by name and reason (`gap_waived`) changes nothing: the round's aggregate.
    7. Otherwise the round's aggregate.

    Raises ValueError for two sheets of one judge.
    """
    if len({sheet.judge for sheet in sheets}) < len(sheets):
        raise ValueError("a judge has one sheet that counts, the latest")
    of_sheet = N_("Sheet of %(judge)s: %(total)s.")
    steps: list[Words] = [(of_sheet, {"judge": sheet.judge, "total": sheet.total}) for sheet in sheets]
    totals = totals_of(sheets)
    needed = asked(round_, len(sheets), waived)
    missing = max(0, needed - len(sheets))
    if needed < round_.judges_per_entry:
        text = N_("Of the %(count)s sheets that the rules ask for, %(waived)s were let pass by name and reason.")
        steps.append((text, {"count": round_.judges_per_entry, "waived": round_.judges_per_entry - needed}))
    if missing:
        steps.append((N_("Sheets still missing: %(count)s."), {"count": missing}))
    gap = round_.gap
    apart = not missing and gap_open(gap, totals, scale)
    if apart and gap is not None:
        steps += _told_gap(gap, totals, scale)
    if gap_waived and (apart or dialogue is Dialogue.OPEN):
        passed = N_("The gap was let pass by name and reason; the scores stay as they are.")
        settled = _Settled(AGGREGATES[round_.aggregate], ((passed, {}),))
    else:
        settled = _settle(round_, totals, dialogue, decision, apart=apart)
    steps += settled.words
    total = settled.decided
    selection = None
    if totals and total is None:
        selection = settled.select(totals)
        total = selection.value
        steps += selection.words
    steps = [(text, _readable(params, decimals)) for text, params in steps]
    if total is not None and selection is not None:
        steps.append(_division(selection.kept, total, decimals))
    complete = not missing and not settled.needs_third
    return Result(total, tuple(steps), complete, settled.waits, settled.needs_third, settled.needs_decision)


def _settle(
    round_: Round, totals: Sequence[Fraction], dialogue: Dialogue, decision: Fraction | None, *, apart: bool
) -> _Settled:
    """What the rules' action makes of the totals."""
    gap, aggregate = round_.gap, AGGREGATES[round_.aggregate]
    if gap is not None and gap.action == RECONCILE:
        if dialogue is Dialogue.OPEN or (apart and dialogue is not Dialogue.SETTLED):
            talk = N_("The judges talk; the chair records when the gap is settled.")
            return _Settled(aggregate, ((talk, {}),), waits=True)
        if dialogue is Dialogue.SETTLED:
            return _Settled(aggregate, ((N_("The chair has recorded that the gap is settled."), {}),))
    if gap is None or not apart:
        return _Settled(aggregate)
    if gap.action == THIRD_JUDGE:
        if len(totals) > round_.judges_per_entry:
            return _Settled(two_closest)
        return _Settled(aggregate, ((N_("A third judge is needed."), {}),), waits=True, needs_third=True)
    if gap.action == CHAIR_DECIDES:
        between = {"low": min(totals), "high": max(totals)}
        if decision is None or not between["low"] <= decision <= between["high"]:
            waits = N_("The head of jury decides on a total from %(low)s to %(high)s, and gives the reason.")
            return _Settled(aggregate, ((waits, between),), waits=True, needs_decision=True)
        set_at = N_(
            "The head of jury has set the total at %(total)s, "
            "between the lowest sheet %(low)s and the highest %(high)s."
        )
        return _Settled(aggregate, ((set_at, {**between, "total": decision}),), decided=decision)
    return _Settled(aggregate)


def _readable(params: Mapping[str, Any], decimals: int) -> dict[str, Any]:
    """Exact parameters as the explanation shows them: short decimals in full, quotients rounded."""
    return {name: written(value, decimals) if isinstance(value, Fraction) else value for name, value in params.items()}


def _division(kept: Sequence[Fraction], total: Fraction, decimals: int) -> Words:
    shown = display(total, decimals)
    params = {"sum": written(sum(kept, Fraction(0)), decimals), "count": len(kept), "total": shown}
    if exact(shown) == total:
        return N_("%(sum)s divided by %(count)s is %(total)s."), params
    text = N_("%(sum)s divided by %(count)s is %(total)s, rounded to be shown; ranks use the exact value.")
    return text, params
