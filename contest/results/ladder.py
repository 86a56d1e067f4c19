"""One category's prizes, walked from the top rung down. The rules stand in `contest.results.prizes`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby

from contest.contests.ruleset import Prize, RuleSet
from contest.core.errors import N_, Dong
from contest.judging.ranking import Placed
from contest.judging.scoring import Words, display, exact


@dataclass(frozen=True)
class Withholding:
    """The council's decision not to give a prize, or some `seats` of it, with its reason."""

    prize_id: str
    reason: str
    seats: int | None = None


@dataclass(frozen=True)
class Award:
    """A prize that an entry gets. `place` is None for the readers' prize; `joint`: past the count."""

    prize_id: str
    entry: str
    place: int | None
    amount: int
    why: tuple[Words, ...]
    joint: bool = False


@dataclass(frozen=True)
class Withheld:
    """Of a prize, `seats` that nobody gets; `whole` when nobody gets any of it."""

    prize_id: str
    seats: int
    whole: bool
    why: Words


@dataclass(frozen=True)
class Skipped:
    """An entry passed over for a prize that its total would have reached."""

    entry: str
    prize_id: str
    why: Words


@dataclass(frozen=True)
class Undecided:
    """A tie at the edge of a prize that only the council can settle.

    `entries` stand for the prize; `vote_on` is the whole tie as it is ranked, what a ballot of the
    council has to name (it may hold entries that are passed over for the prize). `reason`: "ballot"
    (the council has not voted), "shared_author", "no_joint_award" (the rules know none) or "money";
    for money `needed` is what a joint award costs beyond the prize's count.
    """

    prize_id: str
    entries: tuple[str, ...]
    vote_on: tuple[str, ...]
    seats_left: int
    reason: str
    why: Words
    needed: int = 0


@dataclass
class Path:
    """One category, or the readers' vote, walked as far as it goes with a number of joint awards.

    `balance`: money of its prizes that end ungiven, less what its joint awards cost. `claim`: the
    tie where it stopped for want of money.
    """

    awards: list[Award] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    undecided: Undecided | None = None
    waiting: list[str] = field(default_factory=list)
    balance: int = 0

    @property
    def claim(self) -> Undecided | None:
        return self.undecided if self.undecided and self.undecided.reason == "money" else None


# What the council withholds


def held_seats(prize: Prize, held: Withholding | None) -> int:
    """How many of a prize the council withholds."""
    if held is None:
        return 0
    return prize.count if held.seats is None else held.seats


def whole(prize: Prize, held: Mapping[str, Withholding]) -> bool:
    """Whether the council withholds all of a prize."""
    return held_seats(prize, held.get(prize.id)) == prize.count


def by_council(reason: str) -> Words:
    """The sentence for what the council withholds."""
    return N_("Withheld by the council: %(reason)s"), {"reason": reason}


def leave_open(path: Path, prizes: Sequence[Prize], held: Mapping[str, Withholding]) -> None:
    """Prizes that cannot be given yet; what the council withholds as a whole is known all the same."""
    for prize in prizes:
        if whole(prize, held):
            path.withheld.append(Withheld(prize.id, prize.count, True, by_council(held[prize.id].reason)))
            path.balance += prize.total_vnd
        else:
            path.waiting.append(prize.id)


# The ladder


def walk(
    rules: RuleSet,
    category: str,
    ranking: list[Placed],
    people: Mapping[str, frozenset[str]],
    held: Mapping[str, Withholding],
    joints: int,
) -> Path:
    """The ladder of a category with the first `joints` joint awards on the way granted."""
    path = Path()
    groups = [list(group) for _, group in groupby(ranking, key=lambda placed: placed.place)]
    won_by: dict[str, str] = {}
    rungs = rules.ladder(category)
    for at, (tier, prize) in enumerate(rungs):
        kept = held_seats(prize, held.get(prize.id))
        seats = prize.count - kept
        minimum = exact(tier.min)
        given = 0
        while given < seats and groups:
            group = _not_blocked(rules, groups[0], people, won_by, prize, path, minimum)
            if not group:
                groups.pop(0)
                continue
            if group[0].standing.total < minimum:
                break
            fits = given + len(group) <= seats
            stop = _obstacle(rules, group, people, prize, seats - given, fits=fits)
            if stop is not None and stop.reason == "money" and joints > 0:
                joints -= 1
                stop = None
            if stop is not None:
                path.undecided = stop
                leave_open(path, [each for _, each in rungs[at:]], held)
                return path
            for placed in group:
                why = _why(rules, placed, group, prize, minimum, joint=not fits)
                entry = placed.standing.entry
                path.awards.append(Award(prize.id, entry, placed.place, prize.amount_vnd, why, joint=not fits))
                won_by |= dict.fromkeys(people.get(entry, ()), placed.standing.name)
            given += len(group)
            groups.pop(0)
        path.balance += (prize.count - given) * prize.amount_vnd
        path.withheld += _ungiven(rules, prize, given, held.get(prize.id), path, groups, minimum)
    return path


def _not_blocked(
    rules: RuleSet,
    group: list[Placed],
    people: Mapping[str, frozenset[str]],
    won_by: Mapping[str, str],
    prize: Prize,
    path: Path,
    minimum: Fraction,
) -> list[Placed]:
    """The entries of a place without those whose author already has a prize of the category."""
    if not rules.scoring.one_prize_per_author_per_category or group[0].standing.total < minimum:
        return group
    free = []
    for placed in group:
        entry = placed.standing.entry
        earlier = sorted({won_by[person] for person in people.get(entry, ()) if person in won_by})
        if not earlier:
            free.append(placed)
            continue
        text = N_("An author of this entry already has a prize in this category, for %(others)s.")
        path.skipped.append(Skipped(entry, prize.id, (text, {"others": ", ".join(earlier)})))
    return free


def _obstacle(
    rules: RuleSet,
    group: list[Placed],
    people: Mapping[str, frozenset[str]],
    prize: Prize,
    seats: int,
    *,
    fits: bool,
) -> Undecided | None:
    """What keeps entries of one place from all getting the prize; None when nothing does."""
    entries = tuple(placed.standing.entry for placed in group)
    vote_on = tuple(sorted({entries[0], *group[0].tied_with}))
    params = {"others": _names(group), "seats": seats}
    shared = rules.scoring.one_prize_per_author_per_category and _share_a_person(entries, people)
    if not shared and fits:
        return None
    if group[0].ballot_missing:
        text = N_("%(others)s are tied, and of this prize %(seats)s are left: the council votes first.")
        return Undecided(prize.id, entries, vote_on, seats, "ballot", (text, params))
    if shared:
        text = N_("%(others)s are tied and share an author, who may have one prize: the council decides.")
        return Undecided(prize.id, entries, vote_on, seats, "shared_author", (text, params))
    if not group[0].joint:
        text = N_("%(others)s are tied, and of this prize %(seats)s are left: the council decides.")
        return Undecided(prize.id, entries, vote_on, seats, "no_joint_award", (text, params))
    return claim(prize, entries, vote_on, _names(group), seats)


def claim(prize: Prize, entries: tuple[str, ...], vote_on: tuple[str, ...], names: str, seats: int) -> Undecided:
    """A tie that a joint award would settle; what it costs beyond the `seats` that are left."""
    needed = (len(entries) - seats) * prize.amount_vnd
    text = N_(
        "%(others)s are tied. A joint award needs %(needed)s beyond the prize itself; prizes not given "
        "leave %(left)s, so the council decides."
    )
    words: Words = (text, {"others": names, "needed": Dong(needed)})
    return Undecided(prize.id, entries, vote_on, seats, "money", words, needed)


def _share_a_person(entries: Sequence[str], people: Mapping[str, frozenset[str]]) -> bool:
    everyone = [person for entry in entries for person in people.get(entry, ())]
    return len(set(everyone)) < len(everyone)


def _names(group: Sequence[Placed]) -> str:
    return ", ".join(placed.standing.name for placed in group)


def _why(
    rules: RuleSet, placed: Placed, group: Sequence[Placed], prize: Prize, minimum: Fraction, *, joint: bool
) -> tuple[Words, ...]:
    decimals = rules.scoring.display_decimals
    params = {
        "place": placed.place,
        "total": display(placed.standing.total, decimals),
        "prize": prize.name,
        "minimum": display(minimum, decimals),
    }
    reached = (N_("Place %(place)s with %(total)s; %(prize)s is from %(minimum)s."), params)
    if not joint:
        return (reached,)
    others = _names([other for other in group if other is not placed])
    text = N_("Joint award with %(others)s, paid from prizes that are not given.")
    return reached, (text, {"others": others})


def _ungiven(
    rules: RuleSet,
    prize: Prize,
    given: int,
    held: Withholding | None,
    path: Path,
    groups: Sequence[object],
    minimum: Fraction,
) -> list[Withheld]:
    """What is said of the seats of a prize that stay empty."""
    found = []
    kept = held_seats(prize, held)
    if held is not None:
        found.append(Withheld(prize.id, kept, given == 0, by_council(held.reason)))
    empty = prize.count - kept - given
    if empty > 0:
        params = {"minimum": display(minimum, rules.scoring.display_decimals)}
        why: Words = (N_("No entry was left to receive it."), {})
        if groups:
            why = (N_("No further entry reached %(minimum)s."), params)
            if not path.awards:
                why = (N_("No entry reached %(minimum)s."), params)
        found.append(Withheld(prize.id, empty, given == 0, why))
    return found
