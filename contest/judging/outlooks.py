"""Where the entries of a round stand, as far as closing it asks: from the outline, or from the full arithmetic.

Both say the same. The outline is read for a page that is looked at; the act itself works everything out in full.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy import select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.ruleset import Round
from contest.core.db import db
from contest.entries.models import Entry
from contest.judging.models import Assignment
from contest.judging.outline import Outlined, outline, plain_total, standing_of
from contest.judging.rounds import in_round, round_state
from contest.judging.scoring import fewest
from contest.judging.states import EntryState
from contest.judging.waivers import DECLARATION, fewest_sheets, spare


class Holder(NamedTuple):
    """A judge who has an entry. `id` of the assignment, `judge` and `judge_name` for people to read."""

    id: int
    judge_id: int
    judge: str
    judge_name: str
    kind: str
    final: bool


class Outlook(NamedTuple):
    """An entry of a round. `total` is exact, and provisional until it is `closable`.

    `waived`: kinds of what is let pass; `let_pass` and `declared`: ids of the judges whose missing sheets, or
    declarations, are. `spare`: how many more sheets could be.
    """

    id: int
    public_id: str
    code: str
    holders: tuple[Holder, ...]
    total: Fraction | None
    complete: bool
    gap_open: bool
    needs_third: bool
    lacking: int
    spare: int
    set_aside: str | None = None
    waived: frozenset[str] = frozenset()
    let_pass: frozenset[int] = frozenset()
    declared: frozenset[int] = frozenset()

    @property
    def closable(self) -> bool:
        return self.complete and not self.gap_open

    @property
    def waiting_for(self) -> tuple[Holder, ...]:
        """Whose sheet is not final, let pass or not."""
        return tuple(each for each in self.holders if not each.final)


@dataclass(frozen=True)
class _Names:
    public_id: str
    name: str


def outlook_of(state: EntryState, round_: Round) -> Outlook:
    """By the full arithmetic."""
    result = state.result
    return Outlook(
        state.entry.id,
        state.entry.public_id,
        state.entry.code,
        tuple(
            Holder(each.id, each.judge_id, each.judge, each.judge_name, each.kind, each.final) for each in state.given
        ),
        result.total,
        result.complete,
        result.gap_open,
        result.needs_third,
        state.lacking,
        spare(state, round_),
        state.set_aside,
        frozenset(each.what for each in state.waivers),
        state.let_pass,
        frozenset(each.judge_id for each in state.waivers if each.what == DECLARATION and each.judge_id is not None),
    )


def outlooks(contest: Contest, round_id: str, category: str) -> list[Outlook]:
    """Every entry of a round by code: from the outline where it tells all, else by the full arithmetic."""
    round_ = contest.rules.round(round_id)
    entries = outline(contest, round_id, category)
    states = in_full(contest, round_id, category, [entry.entry_id for entry in entries if not entry.plain])
    full = {entry_id: outlook_of(state, round_) for entry_id, state in states.items()}
    names = _names(contest, round_id, category)
    return [
        _plain(contest, round_, entry, names) if entry.plain else full[entry.entry_id]
        for entry in entries
        if entry.plain or entry.entry_id in full  # one may have fallen out a moment ago
    ]


def _plain(contest: Contest, round_: Round, entry: Outlined, names: Mapping[int, _Names]) -> Outlook:
    stands = standing_of(round_, entry)
    required = max(round_.judges_per_entry, fewest(round_))
    return Outlook(
        entry.entry_id,
        entry.public_id,
        entry.code,
        tuple(
            Holder(
                each.id,
                each.judge_id,
                names[each.judge_id].public_id,
                names[each.judge_id].name,
                each.kind,
                each.state == "final",
            )
            for each in entry.held
            if each.judge_id in names
        ),
        plain_total(contest.rules, round_, entry.totals),
        stands.complete,
        stands.gap_open,
        stands.needs_third,
        max(0, required + stands.needs_third - entry.given),
        max(0, round_.judges_per_entry - fewest_sheets(round_)),
    )


def _names(contest: Contest, round_id: str, category: str) -> dict[int, _Names]:
    """Whoever has an entry of the round, by id."""
    chosen = select(Entry.id).where(*in_round(contest, contest.rules.round(round_id), category))
    having = select(Assignment.judge_id).where(
        Assignment.round == round_id, Assignment.standing.is_(True), Assignment.entry_id.in_(chosen)
    )
    rows = db.session.execute(select(User.id, User.public_id, User.name).where(User.id.in_(having)))
    return {judge_id: _Names(public_id, name) for judge_id, public_id, name in rows}


def in_full(contest: Contest, round_id: str, category: str, entries: Iterable[int]) -> dict[int, EntryState]:
    """The full arithmetic of these entries, by their ids."""
    wanted = sorted(set(entries))
    states = round_state(contest, round_id, category, Entry.id.in_(wanted)) if wanted else []
    return {state.entry.id: state for state in states}
