"""A planned assignment: who would get what, how even it is, and what makes it impossible. Nothing is written."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.core.db import db
from contest.core.errors import N_
from contest.core.text import name_sort_key
from contest.entries.models import Entry
from contest.judging import shortfall
from contest.judging.balance import Demand, Picks, Place, distribute
from contest.judging.conflicts import conflicts_among
from contest.judging.models import PanelSeat
from contest.judging.panels import appointed, standing_seats
from contest.judging.rounds import EntryState, in_round, round_state
from contest.judging.rules import JUDGING_ROLES, RESERVE
from contest.judging.scoring import Words
from contest.judging.shortfall import Cause

_SEED_BITS = 48
_NAMED = 8

MESSAGES = {
    shortfall.ENTRY: N_(
        "Entry %(code)s lacks %(needed)s judges and only %(possible)s can be given it: "
        "of %(seated)s in the panel %(holding)s have it and %(conflicts)s have a conflict of interest."
    ),
    shortfall.CAPS: N_(
        "%(needed)s sheets are to be given and the judges' upper limits leave room for %(possible)s: "
        "raise a limit or seat more judges."
    ),
    shortfall.SET: N_(
        "The entries %(codes)s need %(needed)s sheets between them, and the only judges without a conflict of "
        "interest with them (%(judges)s) can take %(possible)s within their limits."
    ),
    shortfall.FLOOR: N_(
        "%(judges)s is to have at least %(needed)s entries more, and only %(possible)s can be given to them."
    ),
    shortfall.FLOORS: N_(
        "The judges' lower limits ask for %(needed)s sheets more, and only %(possible)s are to be given: lower a limit."
    ),
    shortfall.FLOOR_SET: N_(
        "%(judges)s are to have at least %(needed)s sheets more between them, "
        "and only %(possible)s can be given to them."
    ),
}


@dataclass(frozen=True)
class Share:
    """A judge's part: entries before and after, the mean length of what they read, the most from one unit."""

    judge: User
    seat: str
    least: int | None
    most: int | None
    before: int
    after: int
    words: int | None
    from_one_unit: int


@dataclass(frozen=True)
class Plan:
    """What an assignment would do, worked out and not yet done. The same seed gives the same plan.

    `before` and `after`: the loads by judge. `problems` say what makes it impossible; with any of them
    nothing is assigned. `held_back`: entries left to others, since the one who asks has a conflict of interest.
    """

    seed: int
    shares: tuple[Share, ...]
    picks: Picks
    problems: tuple[Words, ...]
    held_back: int = 0
    thirds: frozenset[int] = frozenset()

    @property
    def judges(self) -> tuple[User, ...]:
        return tuple(share.judge for share in self.shares)

    @property
    def before(self) -> dict[int, int]:
        return {share.judge.id: share.before for share in self.shares}

    @property
    def after(self) -> dict[int, int]:
        return {share.judge.id: share.after for share in self.shares}

    @property
    def count(self) -> int:
        """How many assignments it makes."""
        return sum(map(len, self.picks.values()))

    @property
    def fingerprint(self) -> str:
        """Differs when anything that it does differs: what was looked at is what is done."""
        told = repr((self.seed, sorted((entry, sorted(judges)) for entry, judges in self.picks.items())))
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def new_seed() -> int:
    """A random seed, small enough to survive a form and a JSON number."""
    return secrets.randbits(_SEED_BITS)


def seats_of(contest: Contest, round_id: str, category: str) -> list[PanelSeat]:
    """The seats of a panel whose holders still have a judging role, by given name, judges loaded."""
    seats = db.session.scalars(
        standing_seats(contest.id, round_id, category)
        .where(PanelSeat.judge_id.in_(appointed(contest.id)))
        .options(joinedload(PanelSeat.judge))
    )
    return sorted(seats, key=lambda seat: (name_sort_key(seat.judge.name), seat.judge_id))


def plan_assignment(contest: Contest, round_id: str, category: str, *, seed: int, actor: User | None = None) -> Plan:
    """Who would get what, so that every entry has its judges and the loads are even.

    Finished and begun work, and what is given already, stays: only what is missing is filled, by the chair
    and the members of the panel. Entries set aside get no more judges. Whoever plans has no hand in an entry
    that they have a conflict of interest with: it is held back, with the loads that it makes, so that
    neither the plan nor the figures tell who marks it. For a head of jury, who judges too, authors' units
    are left out of account: nothing of their plan depends on who wrote what, conflicts aside.
    """
    seats = [seat for seat in seats_of(contest, round_id, category) if seat.seat != RESERVE]
    every = [state for state in round_state(contest, round_id, category) if state.set_aside is None]
    conflicts = _conflicts(contest, round_id, category, {*(seat.judge_id for seat in seats), *_id_of(actor)})
    facts = _facts(contest, round_id, category, blind=judges_too(contest, actor))
    hidden = {state.entry.id for state in every if actor is not None and actor.id in conflicts[state.entry.id]}
    states = [state for state in every if state.entry.id not in hidden]
    demands = [
        Demand(
            state.entry.id,
            state.lacking,
            frozenset(given.judge_id for given in state.given) | conflicts[state.entry.id],
            *facts[state.entry.id],
        )
        for state in states
        if state.lacking
    ]
    places = _places(seats, every, hidden, facts)
    problems: list[Words] = []
    picks: Picks = {}
    if places:
        try:
            picks = distribute(demands, places, Random(seed))  # noqa: S311 - fair, not secret
        except ValueError:
            problems = explain(shortfall.causes(demands, places), states, seats, conflicts)
    return Plan(
        seed,
        tuple(_shares(seats, places, picks, facts)),
        picks,
        tuple(problems),
        sum(state.lacking > 0 for state in every if state.entry.id in hidden),
        frozenset(state.entry.id for state in states if state.result.needs_third),
    )


def _id_of(actor: User | None) -> set[int]:
    return set() if actor is None else {actor.id}


def _conflicts(contest: Contest, round_id: str, category: str, people: Iterable[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    where = in_round(contest, contest.rules.round(round_id), category)
    for entry_id, judge_id in conflicts_among(contest.id, *where, judges=people):
        found[entry_id].add(judge_id)
    return found


def judges_too(contest: Contest, actor: User | None) -> bool:
    """Whether whoever plans judges in this contest."""
    return actor is not None and bool(roles_of(contest.id, actor.id) & JUDGING_ROLES)


def _facts(contest: Contest, round_id: str, category: str, *, blind: bool) -> dict[int, tuple[int | None, int]]:
    """The author's unit (None when `blind`) and the length of each entry: what is spread over the judges."""
    where = in_round(contest, contest.rules.round(round_id), category)
    rows = db.session.execute(select(Entry.id, Entry.author_unit_id, Entry.word_count).where(*where))
    return {entry_id: (None if blind else unit, words) for entry_id, unit, words in rows}


def _places(
    seats: Sequence[PanelSeat],
    states: Iterable[EntryState],
    hidden: set[int],
    facts: dict[int, tuple[int | None, int]],
) -> list[Place]:
    """Where each judge stands. Entries that are hidden count towards limits and nowhere else."""
    load, words, unseen = Counter[int](), Counter[int](), Counter[int]()
    units: dict[int, Counter[int]] = defaultdict(Counter)
    for state in states:
        unit, length = facts[state.entry.id]
        for given in state.given:
            if state.entry.id in hidden:
                unseen[given.judge_id] += 1
                continue
            load[given.judge_id] += 1
            words[given.judge_id] += length
            if unit is not None:
                units[given.judge_id][unit] += 1
    return [
        Place(
            seat.judge_id,
            load[seat.judge_id],
            max(0, (seat.least or 0) - unseen[seat.judge_id]),
            None if seat.most is None else max(0, seat.most - unseen[seat.judge_id]),
            units[seat.judge_id],
            words[seat.judge_id],
        )
        for seat in seats
    ]


def _shares(
    seats: Sequence[PanelSeat], places: Iterable[Place], picks: Picks, facts: dict[int, tuple[int | None, int]]
) -> list[Share]:
    new: dict[int, list[tuple[int | None, int]]] = defaultdict(list)
    for entry_id, judges in picks.items():
        for judge in judges:
            new[judge].append(facts[entry_id])
    shares = []
    for seat, place in zip(seats, places, strict=True):
        mine = new[seat.judge_id]
        after = place.load + len(mine)
        units = Counter(place.units) + Counter(unit for unit, _ in mine if unit is not None)
        words = place.words + sum(length for _, length in mine)
        shares.append(
            Share(
                seat.judge,
                seat.seat,
                seat.least,
                seat.most,
                place.load,
                after,
                round(words / after) if after else None,
                max(units.values(), default=0),
            )
        )
    return shares


def explain(
    causes: Iterable[Cause], states: Iterable[EntryState], seats: Sequence[PanelSeat], conflicts: dict[int, set[int]]
) -> list[Words]:
    """The causes in words, with codes and names."""
    by_id = {state.entry.id: state for state in states}
    names = {seat.judge_id: seat.judge.name for seat in seats}
    problems: list[Words] = []
    for cause in causes:
        params: dict[str, object] = {"needed": cause.needed, "possible": cause.possible}
        if cause.kind == shortfall.ENTRY:
            state = by_id[cause.entries[0]]
            params |= {
                "code": state.entry.code,
                "seated": len(names),
                "holding": len({given.judge_id for given in state.given} & names.keys()),
                "conflicts": len(conflicts[state.entry.id] & names.keys()),
            }
        else:
            params |= {
                "codes": named(by_id[entry].entry.code for entry in cause.entries),
                "judges": named(names[judge] for judge in cause.judges),
            }
        problems.append((MESSAGES[cause.kind], params))
    return problems


def named(words: Iterable[str]) -> str:
    """The first few, and how many more: "A, B, C … (+12)"."""
    every = sorted(words)
    return ", ".join(every[:_NAMED]) + (f" … (+{len(every) - _NAMED})" if len(every) > _NAMED else "")
