"""Where an entry stands in a round, as plain values: who has it, what is final, what was let pass or decided. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from contest.contests.ruleset import Round
from contest.judging.scoring import RECONCILE, Dialogue, Number, asked, dialogue_after
from contest.judging.scoring import Sheet as CountedSheet
from contest.judging.totals import Result

SHEET, JUDGE, GAP = "sheet", "judge", "gap"
UNDO = "undo"


class RoundEntry(NamedTuple):
    """What judging needs of an entry. No author: these rows reach the head of jury, who judges too.

    The title is the judges' rendering, without what the secretariat hid.
    """

    id: int
    public_id: str
    code: str
    title: str


@dataclass(frozen=True)
class Revision:
    """A sheet as it was finalised the `number`th time."""

    id: int
    number: int
    marks: dict[str, Fraction]
    comment: str
    undone: bool = False
    """Taken back by its judge in time: as if it had never been final."""

    @property
    def total(self) -> Fraction:
        return sum(self.marks.values(), Fraction(0))


@dataclass(frozen=True)
class Given:
    """An entry in the hands of one judge: a standing assignment with what its sheet has come to."""

    id: int
    public_id: str
    entry_id: int
    judge_id: int
    judge: str  # public id
    judge_name: str
    kind: str
    sheet_id: int | None
    state: str | None  # of the sheet: None (not begun), open, final
    revisions: tuple[Revision, ...]

    @property
    def final(self) -> bool:
        return self.state == "final"


@dataclass(frozen=True)
class Decided:
    """The chair's decision on a gap, as recorded on the revisions in `seen`."""

    id: int
    total: Fraction
    by_id: int
    at: datetime
    reason: str
    seen: dict[str, int]


@dataclass(frozen=True)
class LetPass:
    """Something missing that somebody let pass: `what` is sheet, judge, gap, declaration or verification."""

    id: int
    what: str
    judge_id: int | None
    by_id: int
    at: datetime
    reason: str


@dataclass(frozen=True)
class EntryState:
    """Where an entry stands in a round. `set_aside`: the reason, when it was passed over by name.

    `decision`: the chair's on a gap, while it holds: made on exactly the revisions that count now. `waivers`:
    what is let pass and has not been lifted. `required` sheets are asked for, `least` of them whatever is let pass.
    """

    entry: RoundEntry
    given: tuple[Given, ...]
    result: Result
    dialogue: Dialogue
    set_aside: str | None
    required: int
    least: int
    decision: Decided | None = None
    waivers: tuple[LetPass, ...] = ()

    @property
    def sheets(self) -> tuple[CountedSheet, ...]:
        return counted(self.given)

    @property
    def lacking(self) -> int:
        """How many judges have yet to be given the entry, a third one included; not those let pass."""
        unassigned = sum(each.what == JUDGE for each in self.waivers)
        return max(0, max(self.required - unassigned, self.least) + self.result.needs_third - len(self.given))

    @property
    def waiting_for(self) -> tuple[Given, ...]:
        """Assignments whose sheet is not final, let pass or not."""
        return tuple(given for given in self.given if not given.final)

    @property
    def let_pass(self) -> frozenset[int]:
        """Ids of the judges whose missing sheets are let pass."""
        return missing_let_pass(self.given, self.waivers)

    def waives(self, what: str) -> bool:
        """Whether something of this kind is let pass."""
        return any(each.what == what for each in self.waivers)

    @property
    def seen(self) -> dict[str, int]:
        """The latest revision of each sheet: what somebody who looks at the entry now has seen."""
        return seen_of(self.given)


def missing_let_pass(given: Iterable[Given], waivers: Iterable[LetPass]) -> frozenset[int]:
    """Judges who have the entry, whose sheets are missing, and whose missing sheets are let pass.

    Of a judge who has finished after all, or who no longer has the entry, nothing is let pass.
    """
    named = {each.judge_id for each in waivers if each.what == SHEET}
    return frozenset(each.judge_id for each in given if not each.final and each.judge_id in named)


def how_many_let_pass(given: Iterable[Given], waivers: Iterable[LetPass]) -> int:
    """How many sheets are let pass: missing ones by their judges' names, and those of judges never assigned."""
    waivers = tuple(waivers)
    return len(missing_let_pass(given, waivers)) + sum(each.what == JUDGE for each in waivers)


def seen_of(given: Iterable[Given]) -> dict[str, int]:
    """The latest revision of each sheet that counts, by the sheet's id as text."""
    return {str(each.sheet_id): each.revisions[-1].number for each in given if each.final}


def counted(given: Iterable[Given]) -> tuple[CountedSheet, ...]:
    """The sheets that count: the latest final revision of every judge who still has the entry."""
    return tuple(CountedSheet(each.judge, each.revisions[-1].marks) for each in given if each.final)


def dialogue_of(
    round_: Round,
    given: Sequence[Given],
    settlements: Sequence[dict[str, int]],
    *,
    waived: int = 0,
    scale: Number | None = None,
) -> Dialogue:
    """Where the judges' talk stands, told by going through the revisions in their order once more.

    A settlement comes after every revision that it had seen, whatever the clocks said: a score that
    changed while the head of jury was writing was not settled. What a judge took back in time never was.
    """
    if round_.gap is None or round_.gap.action != RECONCILE:
        return Dialogue.NONE
    needed = asked(round_, sum(each.final for each in given), waived)
    events = sorted(
        (
            next(
                (at for at, seen in enumerate(settlements) if revision.number <= seen.get(str(each.sheet_id), 0)),
                len(settlements),
            ),
            revision.id,
            each.judge,
            revision.total,
        )
        for each in given
        if each.final
        for revision in each.revisions
        if not revision.undone
    )
    state = Dialogue.NONE
    totals: dict[str, Fraction] = {}
    settled = 0
    for at, _, judge, total in events:
        while settled < at:
            state = Dialogue.SETTLED if state is Dialogue.OPEN else state
            settled += 1
        totals[judge] = total
        state = dialogue_after(state, round_, list(totals.values()), needed=needed, scale=scale)
    if settled < len(settlements) and state is Dialogue.OPEN:
        state = Dialogue.SETTLED
    return state
