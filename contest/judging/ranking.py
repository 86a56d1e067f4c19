"""Places in a category: exact totals first, then the rule set's tie rules in their order.

1. Entries are ordered by exact total. Equal totals form a group.
2. The first tie rule orders the group. Where it tells entries apart the group falls into smaller
   ones, and each of these goes on with the *next* rule, never again with an earlier one.
3. What no rule has told apart shares a place, and the places after it are left out: 1, 1, 3.

A worked example: 87, 87 and 87; on C2 the means are 22.9, 20.9 and 20.9. The first has place 1.
The other two go on with C1, where 17.6 and 16.9 give places 2 and 3.

Nothing else orders entries. In particular the time of submission, the code and the order in which
rows come from a database never do: within a shared place the list is sorted by code, and the place
says that it is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby, pairwise

from contest.core.errors import N_
from contest.judging.scoring import Sheet, Words, display, mean_on, spread, told_apart, totals_of


@dataclass(frozen=True)
class Standing:
    """An entry with its total in the last round and the latest final sheet of every judge.

    `code` (số phách) names it in sentences and orders equal places for display.
    """

    entry: str
    total: Fraction
    sheets: tuple[Sheet, ...] = ()
    code: str = ""

    @property
    def name(self) -> str:
        return self.code or self.entry


@dataclass(frozen=True)
class CouncilBallot:
    """What a secret ballot of the council found: sets of entries from the best down.

    Entries in one set were found equal. A ballot holds for exactly the entries that it names: once
    the tie is between others, the council votes again.
    """

    order: tuple[frozenset[str], ...]

    def __post_init__(self) -> None:
        if len(self.entries) < sum(map(len, self.order)):
            raise ValueError("a ballot names an entry once")

    @property
    def entries(self) -> frozenset[str]:
        return frozenset[str]().union(*self.order)


@dataclass(frozen=True)
class Placed:
    """An entry and its place. `tied_with`: the entries that share the place.

    `decided_by` tells every rule that set the entry apart from one with the same total, and what was
    left equal; `parted_by` names these rules as the rule set writes them, in the order applied. Of a
    shared place: `joint`, the rule set provides for a joint award; `ballot_missing`, it asks the
    council to vote first and no ballot on exactly these entries is recorded.
    """

    place: int
    standing: Standing
    tied_with: tuple[str, ...] = ()
    decided_by: tuple[Words, ...] = ()
    joint: bool = False
    ballot_missing: bool = False
    parted_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ranking:
    """The entries of a category from the first place down.

    `needs_ballot`: ties that the rules leave to the council and on which it has not voted. One that
    touches no prize may stay; `contest.results.prizes` says which do.
    """

    placed: tuple[Placed, ...]
    needs_ballot: tuple[tuple[str, ...], ...] = ()

    def __iter__(self) -> Iterator[Placed]:
        return iter(self.placed)

    def __len__(self) -> int:
        return len(self.placed)

    @property
    def places(self) -> dict[str, int]:
        """The place of each entry."""
        return {placed.standing.entry: placed.place for placed in self.placed}


Group = tuple[Standing, ...]


@dataclass(frozen=True)
class _Tie:
    """A group of equal entries in front of a rule; `argument` is what follows the rule's colon."""

    group: Group
    argument: str
    ballots: Sequence[CouncilBallot]
    decimals: int


@dataclass(frozen=True)
class Verdict:
    """What a rule made of a tie: groups from the best down (one group: nothing), and why.

    `words` tell each entry by what it is ahead of the group behind it or behind the group ahead.
    """

    groups: tuple[Group, ...]
    words: dict[str, tuple[Words, ...]] = field(default_factory=dict)


def _names(group: Iterable[Standing]) -> str:
    return ", ".join(sorted(standing.name for standing in group))


def _neighbours(
    tie: _Tie, groups: tuple[Group, ...], ahead: Words, behind: Words, values: Sequence[Fraction] = ()
) -> Verdict:
    """The verdict with a sentence for each entry about the group next to its own, above and below.

    `ahead` and `behind` are what the better and the worse of two neighbouring groups are told;
    `values` are those of the groups, where a number parts them.
    """
    total = display(tie.group[0].total, tie.decimals)
    words: dict[str, tuple[Words, ...]] = {standing.entry: () for standing in tie.group}
    for at, (better, worse) in enumerate(pairwise(groups)):
        high, low = told_apart(values[at], values[at + 1], tie.decimals) if values else (None, None)
        for own, other, (text, params), mine, theirs in (
            (better, worse, ahead, high, low),
            (worse, better, behind, low, high),
        ):
            said = {**params, "total": total, "others": _names(other)}
            if values:
                said |= {"mine": mine, "theirs": theirs}
            for standing in own:
                words[standing.entry] += ((text, said),)
    return Verdict(groups, words)


def _by_measure(
    tie: _Tie, measure: Callable[[Standing], Fraction], ahead: Words, behind: Words, *, higher: bool
) -> Verdict:
    """The tie parted by a number, the higher or the lower being better."""
    found = [(measure(standing), standing) for standing in tie.group]
    values = sorted({value for value, _ in found}, reverse=higher)
    groups = tuple(tuple(standing for value, standing in found if value == each) for each in values)
    return _neighbours(tie, groups, ahead, behind, values)


def higher_mean_on(tie: _Tie) -> Verdict:
    """The higher exact mean on a criterion, over every final sheet, trimmed from the total or not."""
    ahead = N_("Tied at %(total)s with %(others)s; ahead on criterion %(criterion)s: mean %(mine)s against %(theirs)s.")
    behind = N_(
        "Tied at %(total)s with %(others)s; behind on criterion %(criterion)s: mean %(mine)s against %(theirs)s."
    )
    params = {"criterion": tie.argument}
    return _by_measure(
        tie,
        lambda standing: mean_on(tie.argument, standing.sheets),
        (ahead, params),
        (behind, params),
        higher=True,
    )


def smaller_spread(tie: _Tie) -> Verdict:
    """The smaller distance between the largest and the smallest total, over every final sheet."""
    ahead = N_(
        "Tied at %(total)s with %(others)s; ahead because the judges are closer together: "
        "%(mine)s apart against %(theirs)s."
    )
    behind = N_(
        "Tied at %(total)s with %(others)s; behind because the judges are further apart: %(mine)s against %(theirs)s."
    )
    return _by_measure(
        tie, lambda standing: spread(totals_of(standing.sheets)), (ahead, {}), (behind, {}), higher=False
    )


def secret_ballot(tie: _Tie) -> Verdict | None:
    """The order that the council found for exactly these entries; the ballot recorded last counts.

    None when there is none.
    """
    tied = {standing.entry for standing in tie.group}
    found = [ballot for ballot in tie.ballots if ballot.entries == tied]
    if not found:
        return None
    order = [rank_ for rank_ in found[-1].order if rank_]
    groups = tuple(tuple(each for each in tie.group if each.entry in rank_) for rank_ in order)
    ahead = N_("Tied at %(total)s with %(others)s; ahead by secret ballot of the council.")
    behind = N_("Tied at %(total)s with %(others)s; behind by secret ballot of the council.")
    return _neighbours(tie, groups, (ahead, {}), (behind, {}))


MEASURES: dict[str, Callable[[_Tie], Verdict]] = {
    "higher_mean_on": higher_mean_on,
    "smaller_spread_between_judges": smaller_spread,
}
SECRET_BALLOT = "secret_ballot_of_final_council"  # noqa: S105 - a rule's name, not a password
JOINT_AWARD = "joint_award_if_budget_allows"
TIE_RULES = frozenset({*MEASURES, SECRET_BALLOT, JOINT_AWARD})


@dataclass(frozen=True)
class _Settled:
    """A group that no further rule parts."""

    group: Group
    joint: bool = False
    ballot_missing: bool = False
    found_equal: bool = False


Rules = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class _Parting:
    """The rules at work on the ties of one category.

    `words` and `parted_by` collect by what each entry was parted, in sentences and as rules.
    """

    ballots: Sequence[CouncilBallot]
    ballot_asked: bool
    decimals: int
    words: dict[str, list[Words]]
    parted_by: dict[str, list[str]]

    def settle(self, group: Group, rules: Rules, *, joint: bool = False, equal: bool = False) -> list[_Settled]:
        """The group parted by the rules as far as they go, from the best down."""
        if len(group) == 1:
            return [_Settled(group)]
        for at, (name, argument) in enumerate(rules):
            if name == JOINT_AWARD:
                joint = True
                continue
            tie = _Tie(group, argument, self.ballots, self.decimals)
            verdict = secret_ballot(tie) if name == SECRET_BALLOT else MEASURES[name](tie)
            if verdict is None:
                if joint or not self.ballot_asked:
                    continue
                # No later rule may decide what the council has to decide first.
                joint = any(later == JOINT_AWARD for later, _ in rules[at:])
                return [_Settled(group, joint, ballot_missing=True)]
            equal = equal or name == SECRET_BALLOT
            if len(verdict.groups) == 1:
                continue
            for standing in group:
                self.words[standing.entry] += verdict.words[standing.entry]
                self.parted_by[standing.entry].append(f"{name}:{argument}" if argument else name)
            return [
                settled
                for part in verdict.groups
                for settled in self.settle(part, rules[at + 1 :], joint=joint, equal=equal)
            ]
        return [_Settled(group, joint, found_equal=equal)]


def rank(
    standings: Iterable[Standing],
    tie_break: Sequence[str],
    ballots: Sequence[CouncilBallot] = (),
    *,
    decimals: int = 2,
) -> Ranking:
    """The places of the entries of one category. `tie_break`: rules as written in the rule set.

    A ballot of the council is heeded even where the rules name none, after all rules: when the money
    for a joint award does not reach, the council decides. Raises ValueError for an entry given twice
    or a rule that is not known.
    """
    every = sorted(standings, key=lambda standing: standing.name)
    if len({standing.entry for standing in every}) < len(every):
        raise ValueError("an entry is ranked once")
    rules = [_split_rule(rule) for rule in tie_break]
    ballot_asked = any(name == SECRET_BALLOT for name, _ in rules)
    if not ballot_asked:
        rules.append((SECRET_BALLOT, ""))
    parting = _Parting(
        ballots,
        ballot_asked,
        decimals,
        words={standing.entry: [] for standing in every},
        parted_by={standing.entry: [] for standing in every},
    )
    every.sort(key=lambda standing: -standing.total)
    settled: list[_Settled] = []
    for _, group in groupby(every, key=lambda standing: standing.total):
        settled += parting.settle(tuple(group), rules)
    placed: list[Placed] = []
    for each in settled:
        place = len(placed) + 1
        placed += [_placed(place, standing, each, parting) for standing in each.group]
    missing = [each.group for each in settled if each.ballot_missing]
    return Ranking(tuple(placed), tuple(tuple(standing.entry for standing in group) for group in missing))


def _split_rule(rule: str) -> tuple[str, str]:
    name, _, argument = rule.partition(":")
    if name not in TIE_RULES:
        raise ValueError(f"no tie rule {rule!r}")
    return name, argument


def _placed(place: int, standing: Standing, settled: _Settled, parting: _Parting) -> Placed:
    words, decimals = parting.words[standing.entry], parting.decimals
    others = [other for other in settled.group if other.entry != standing.entry]
    if others:
        params = {"total": display(standing.total, decimals), "others": _names(others)}
        if settled.ballot_missing:
            words = [*words, (N_("Tied at %(total)s with %(others)s; the council has yet to vote."), params)]
        elif settled.found_equal:
            words = [*words, (N_("Tied at %(total)s with %(others)s; the council found them equal."), params)]
        else:
            words = [*words, (N_("Tied at %(total)s with %(others)s; no rule told them apart."), params)]
    return Placed(
        place,
        standing,
        tuple(other.entry for other in others),
        tuple(words),
        settled.joint,
        settled.ballot_missing,
        tuple(parting.parted_by[standing.entry]),
    )
