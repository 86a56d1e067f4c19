"""The prize ladder: who gets what, what stays ungiven, and what the council has to decide. Pure.

For each category, from the top rung down:

1. A rung takes the next ranked entries that meet its minimum (exact totals), up to its count. Who
   finds it full goes on to the next rung.
2. Under "one prize per author per category" an entry that shares a person with one already awarded
   in the category is passed over, and said so.
3. Entries that share a place and fit into the rung together all get it. Where they do not fit they
   stand at the rung's edge, and one of three things happens: the council votes first, if the rules
   say so and it has not; or a joint award gives each of them the full amount, past the rung's
   count; or the council decides. Until then the rung and all below it stay open.
4. A rung that nobody reaches is withheld, and said so. The council may withhold more, with a reason.

The money of joint awards comes from prizes of the whole contest that end ungiven, and from nothing
else: a prize that is still open is kept in full. See docs/decisions/joint-awards.md for the order in
which several joint awards are paid.

A worked example: a First of 15, two Seconds of 10; A and B tied on top, nobody else reaches a
minimum. The joint First costs 15 beyond its count. It leaves both Seconds ungiven, which frees 20:
A and B each get the First, and 5 are left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from contest.contests.ruleset import Prize, RuleSet
from contest.core.errors import N_, Dong, Refused
from contest.judging.ranking import Placed, Ranking
from contest.judging.scoring import Words
from contest.results.ladder import (
    Award,
    Path,
    Skipped,
    Undecided,
    Withheld,
    Withholding,
    by_council,
    claim,
    held_seats,
    leave_open,
    walk,
    whole,
)
from contest.voting.tally import ReadersOutcome

__all__ = ["Award", "Awards", "Skipped", "Undecided", "Withheld", "Withholding", "award"]


@dataclass(frozen=True)
class Awards:
    """What comes of the prizes of a contest.

    `open_prizes` are not given out in full yet: undecided, below an undecided one, or waiting for
    something not handed in. `left` is the money of prizes not given that joint awards have not used.
    """

    awards: tuple[Award, ...]
    withheld: tuple[Withheld, ...]
    skipped: tuple[Skipped, ...]
    needs_council: tuple[Undecided, ...]
    open_prizes: tuple[str, ...]
    left: int

    @property
    def settled(self) -> bool:
        """Whether nothing is left to decide."""
        return not self.needs_council and not self.open_prizes

    @property
    def total(self) -> int:
        """The sum of the amounts of `awards`."""
        return sum(award.amount for award in self.awards)


def award(
    rules: RuleSet,
    rankings: Mapping[str, Ranking | Sequence[Placed]],
    people: Mapping[str, frozenset[str]],
    *,
    withholdings: Sequence[Withholding] = (),
    readers: ReadersOutcome | None = None,
    given_elsewhere: Mapping[str, int] | None = None,
) -> Awards:
    """The awards of a contest from the places of its categories.

    `rankings` by category; a category left out is not ranked yet, and its prizes stay open.
    `people`: for each entry the opaque ids of its author and co-authors. `readers`: None while the
    vote is not counted. `given_elsewhere`: how many of a prize beside the ladder (collective prize,
    gifts to exemplars) were given, once that is final; one left out stays open.

    Raises Refused when the council may not withhold, gives no reason or withholds more than there
    is, when more is given elsewhere than a prize has, and when the sum would pass the budget.
    """
    held = _check_withholdings(rules, withholdings)
    elsewhere = dict(given_elsewhere or {})
    choices = [_category_paths(rules, each.id, rankings, people, held) for each in rules.categories]
    if rules.readers_prize is not None:
        choices.append(_paths(partial(_readers, rules.readers_prize, readers, held)))
    beside, base, open_beside = _beside(rules, elsewhere, held)
    order = {tier.rung: at for at, tier in enumerate(rules.scoring.tiers)}
    rung = {prize.id: order.get(prize.rung, len(order)) for prize in rules.prizes}
    taken = _pay(choices, base, rung)
    paths = [choice[at] for choice, at in zip(choices, taken, strict=True)]
    left = base + sum(path.balance for path in paths)
    awards = tuple(each for path in paths for each in path.awards)
    _check_budget(rules, awards, elsewhere)
    waiting = {prize_id for path in paths for prize_id in path.waiting} | open_beside
    open_prizes = tuple(prize.id for prize in rules.prizes if prize.id in waiting)
    return Awards(
        awards,
        (*(each for path in paths for each in path.withheld), *beside),
        tuple(each for path in paths for each in path.skipped),
        tuple(_with_money(path.undecided, left) for path in paths if path.undecided is not None),
        open_prizes,
        left,
    )


# What the council withholds


def _check_withholdings(rules: RuleSet, withholdings: Sequence[Withholding]) -> dict[str, Withholding]:
    """Withholdings by prize. Raises Refused for one that cannot stand."""
    if withholdings and not rules.scoring.withhold_allowed:
        raise Refused(N_("The rules do not let the council withhold a prize."), code="withhold_not_allowed")
    held: dict[str, Withholding] = {}
    for each in withholdings:
        prize = rules.find_prize(each.prize_id)
        if prize is None or each.prize_id in held:
            raise Refused(N_("There is no such prize to withhold."), code="unknown_prize")
        if not each.reason.strip():
            raise Refused(N_("Give the reason why the prize is withheld."), code="reason_missing")
        if each.seats is not None and not 0 < each.seats <= prize.count:
            raise Refused(N_("Of this prize, from 1 to %(count)s can be withheld."), code="too_many", count=prize.count)
        held[each.prize_id] = each
    return held


# Beside the ladder


def _readers(prize: Prize, outcome: ReadersOutcome | None, held: Mapping[str, Withholding], joints: int) -> Path:
    """The readers' prize as the vote has it; it may come on top of a prize of the ladder."""
    path = Path()
    if outcome is None or whole(prize, held):
        leave_open(path, [prize], held)
        return path
    if outcome.withheld is not None:
        path.withheld.append(Withheld(prize.id, prize.count, True, outcome.withheld))
        path.balance = prize.total_vnd
        return path
    path.awards = [Award(prize.id, winner.entry, None, prize.amount_vnd, winner.why) for winner in outcome.winners]
    if outcome.tied:
        entries = tuple(winner.entry for winner in outcome.tied)
        names = ", ".join(winner.name or winner.entry for winner in outcome.tied)
        stop = claim(prize, entries, entries, names, outcome.seats_left)
        if not outcome.joint:
            text = N_("%(others)s are tied, and of this prize %(seats)s are left: the council decides.")
            params = {"others": names, "seats": outcome.seats_left}
            stop = Undecided(prize.id, entries, entries, outcome.seats_left, "no_joint_award", (text, params))
        if joints == 0 or not outcome.joint:
            path.undecided, path.waiting = stop, [prize.id]
            return path
        paid: Words = (N_("Joint award, paid from prizes that are not given."), {})
        path.awards += [
            Award(prize.id, winner.entry, None, prize.amount_vnd, (*winner.why, paid), joint=True)
            for winner in outcome.tied
        ]
    empty = prize.count - len(path.awards)
    path.balance = empty * prize.amount_vnd
    if empty > 0:
        # The vote was counted for the seats that the council left.
        why: Words = (N_("No entry was left to receive it."), {})
        if prize.id in held:
            why = by_council(held[prize.id].reason)
        path.withheld.append(Withheld(prize.id, empty, False, why))
    return path


def _beside(
    rules: RuleSet, elsewhere: Mapping[str, int], held: Mapping[str, Withholding]
) -> tuple[list[Withheld], int, set[str]]:
    """Prizes that neither the ladder nor the vote decides: what is withheld, the money, what is open."""
    found: list[Withheld] = []
    money = 0
    undecided = set()
    for prize in rules.prizes:
        if rules.is_ladder_prize(prize) or prize == rules.readers_prize:
            continue
        kept = held_seats(prize, held.get(prize.id))
        most = prize.count - kept
        given = elsewhere.get(prize.id)
        if given is not None and not 0 <= given <= most:
            raise Refused(
                N_("Of “%(prize)s”, at most %(count)s can be given."),
                code="too_many",
                prize=prize.name,
                count=most,
            )
        if kept:
            words = by_council(held[prize.id].reason)
            found.append(Withheld(prize.id, kept, not given and (given == 0 or not most), words))
        money += kept * prize.amount_vnd
        if given is None and most:
            undecided.add(prize.id)
        elif given is not None and given < most:
            none: Words = (N_("Nobody was chosen for it."), {})
            found.append(Withheld(prize.id, most - given, given == 0, none))
            money += (most - given) * prize.amount_vnd
    return found, money, undecided


# Money


def _category_paths(
    rules: RuleSet,
    category: str,
    rankings: Mapping[str, Ranking | Sequence[Placed]],
    people: Mapping[str, frozenset[str]],
    held: Mapping[str, Withholding],
) -> list[Path]:
    if category not in rankings:
        path = Path()
        leave_open(path, [prize for _, prize in rules.ladder(category)], held)
        return [path]
    return _paths(partial(walk, rules, category, list(rankings[category]), people, held))


def _paths(walk_with: Callable[[int], Path]) -> list[Path]:
    """The path with no joint award granted, with the first, the first two … until none stops it."""
    paths = [walk_with(0)]
    while paths[-1].claim is not None:
        paths.append(walk_with(len(paths)))
    return paths


def _pay(choices: Sequence[Sequence[Path]], base: int, rung: Mapping[str, int]) -> list[int]:
    """How many joint awards each path gets, so that the balance never falls below nothing.

    Joint awards that pay for themselves, by prizes that they leave ungiven further down, come first:
    they take money from nobody. Then the others, higher rungs first and within a rung in the order
    of the categories, the readers' prize last. After each, all are looked at again, since what it
    leaves ungiven may pay for another. One that the money does not reach takes nothing.
    """
    taken = [0] * len(choices)
    left = base + sum(paths[0].balance for paths in choices)
    while True:
        claims = [
            (rung[stop.prize_id], at)
            for at, paths in enumerate(choices)
            if (stop := paths[taken[at]].claim) is not None
        ]
        options = [
            (at, granted, choices[at][granted].balance - choices[at][taken[at]].balance)
            for _, at in sorted(claims)
            for granted in range(taken[at] + 1, len(choices[at]))
        ]
        free = next((option for option in options if option[2] >= 0), None)
        chosen = free or next((option for option in options if left + option[2] >= 0), None)
        if chosen is None:
            return taken
        at, granted, change = chosen
        taken[at], left = granted, left + change


def _with_money(undecided: Undecided, left: int) -> Undecided:
    """The undecided tie with the sum that is left named in its sentence."""
    text, params = undecided.why
    if undecided.reason != "money":
        return undecided
    why = (text, {**params, "left": Dong(left)})
    return replace(undecided, why=why)


def _check_budget(rules: RuleSet, awards: Sequence[Award], elsewhere: Mapping[str, int]) -> None:
    given = sum(award.amount for award in awards)
    given += sum(prize.amount_vnd * elsewhere.get(prize.id, 0) for prize in rules.prizes)
    if given > rules.budget_prizes_vnd:
        raise Refused(
            N_("The prizes come to %(total)s, more than the budget of %(budget)s."),
            code="over_budget",
            total=Dong(given),
            budget=Dong(rules.budget_prizes_vnd),
        )
