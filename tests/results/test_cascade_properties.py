"""Who moves up, for any totals, ties, authors, withholdings and any run of prizes taken back."""

from __future__ import annotations

from collections import Counter
from datetime import date
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from contest.core.errors import Refused
from contest.judging.ranking import Standing, rank
from contest.judging.scoring import exact
from contest.results.beside import Chosen, Finalist, give_beside
from contest.results.cascade import Held, Ranked, cascade, next_of_vote
from contest.results.prizes import Withholding, award
from tests.results.test_prizes_properties import LADDER, NT, PRIZES

RUNGS = [prize.id for _, prize in NT.ladder("A")]
MINIMUM = {prize.id: exact(tier.min) for tier, prize in NT.ladder("A")}

totals = st.lists(st.sampled_from([Fraction(part, 8) for part in range(52, 77)]), max_size=20)
people_of = st.dictionaries(
    st.integers(0, 19), st.frozensets(st.sampled_from("pqr"), min_size=1, max_size=2), max_size=6
)
withheld = st.sampled_from([(), (Withholding("A-nhi", "x", seats=1),), (Withholding("A-nhat", "x"),)])
runs = st.lists(st.integers(0, 30), min_size=1, max_size=6)
out_of = st.sets(st.integers(0, 19), max_size=4)


def world_of(found: list[Fraction], shared: dict[int, frozenset[str]], held: tuple[Withholding, ...]):
    """The ranking, who has what as the ladder gives it, the people, and how many are withheld."""
    rankings = {"A": rank([Standing(str(at), total) for at, total in enumerate(found)], ()), "B": (), "C": ()}
    people = {at: shared.get(at) or frozenset({f"only {at}"}) for at in range(len(found))}
    named = {str(at): who for at, who in people.items()}
    awards = award(NT, rankings, named, withholdings=held)
    lines = [
        Ranked(int(each.standing.entry), each.place, each.standing.total, each.standing.entry) for each in rankings["A"]
    ]
    holders = [Held(each.prize_id, int(each.entry)) for each in awards.awards if each.prize_id in LADDER]
    return lines, holders, people, {each.prize_id: each.seats or PRIZES[each.prize_id].count for each in held}


def apply(holders: list[Held], taken: Held, moves) -> list[Held]:
    gone = {taken} | {Held(move.gives_up, move.entry) for move in moves if move.gives_up}
    return [each for each in holders if each not in gone] + [Held(move.prize_id, move.entry) for move in moves]


def value(holders: list[Held]) -> int:
    return sum(PRIZES[each.prize_id].amount_vnd for each in holders)


@given(totals, people_of, withheld, runs, out_of)
@settings(max_examples=400, deadline=None)
def test_any_run_of_prizes_taken_back_keeps_every_rule(found, shared, held, run, out):
    lines, holders, people, kept = world_of(found, shared, held)
    total = {line.entry: line.total for line in lines}
    deprived: set[int] = set()
    for pick in run:
        if not holders:
            break
        taken = holders[pick % len(holders)]
        before = {each.entry: each.prize_id for each in holders}
        try:
            moves = cascade(NT, taken, holders, lines, people, out=out, held=kept, deprived=deprived)
        except Refused:  # a tie comes next: it stays empty
            moves = []
        after = apply(holders, taken, moves)
        deprived.add(taken.entry)
        # Order: nobody falls, and who moves up meets the minimum.
        now = {each.entry: each.prize_id for each in after}
        for entry, prize in before.items():
            if entry != taken.entry:
                assert RUNGS.index(now[entry]) <= RUNGS.index(prize)
        assert all(total[move.entry] >= MINIMUM[move.prize_id] for move in moves)
        # Counts, money, and one for each entry.
        counts, earlier = Counter(each.prize_id for each in after), Counter(each.prize_id for each in holders)
        for prize, count in counts.items():
            assert count <= max(PRIZES[prize].count - kept.get(prize, 0), earlier[prize])
        assert value(after) <= value(holders)
        assert len(now) == len(after)
        # Nobody who was deprived, or who is out, moves up; nor an author who has a prize, or lost one.
        for move in moves:
            assert move.entry not in deprived | out
            if move.gives_up is None:
                others = [*deprived, *(each.entry for each in after if each.entry != move.entry)]
                assert not any(people[move.entry] & people[other] for other in others)
        holders = after


@given(st.lists(st.integers(0, 200), min_size=3, max_size=20, unique=True), st.integers(0, 19))
@settings(max_examples=200, deadline=None)
def test_without_ties_the_outcome_is_what_the_ladder_gives_to_the_others(scores, pick):
    """Worked out the other way: the ladder walked anew without the entry that lost its prize."""
    found = [Fraction(score, 40) + 5 for score in scores]
    lines, holders, people, kept = world_of(found, {}, ())
    assume(holders)
    taken = holders[pick % len(holders)]
    moves = cascade(NT, taken, holders, lines, people, out=(), held=kept)
    rest = [Standing(str(at), total) for at, total in enumerate(found) if at != taken.entry]
    again = award(NT, {"A": rank(rest, ()), "B": (), "C": ()}, {str(at): who for at, who in people.items()})
    expected = {(each.prize_id, int(each.entry)) for each in again.awards}
    assert {(each.prize_id, each.entry) for each in apply(holders, taken, moves)} == expected


@given(st.dictionaries(st.integers(0, 12), st.integers(0, 4), max_size=10), st.sets(st.integers(0, 12)), st.data())
@settings(max_examples=200, deadline=None)
def test_the_next_of_the_vote_has_most_votes_of_those_left(votes, out, data):
    assume(votes)
    places = {entry: data.draw(st.integers(1, 5)) for entry in votes}
    winner = max(votes, key=lambda entry: (votes[entry], -places[entry]))
    taken = Held("ban_doc", winner)
    try:
        moves = next_of_vote(list(votes.items()), taken, [taken], places, out)
    except Refused:
        return
    left = {entry: count for entry, count in votes.items() if entry not in out | {winner} and count}
    assert [move.entry for move in moves] == ([min(left, key=lambda each: (-left[each], places[each]))] if left else [])


births = st.lists(
    st.tuples(
        st.one_of(st.none(), st.dates(date(1940, 1, 1), date(1940, 1, 6))), st.sampled_from("pqrstu"), st.booleans()
    ),
    max_size=8,
)


@given(births, st.integers(0, 1), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_the_oldest_is_the_oldest_once_and_ties_wait(found, held, chance):
    finalists = [
        Finalist(str(at), f"C{at}", "A", at + 1, (born,) if born else (), None, frozenset({who}))
        for at, (born, who, _) in enumerate(found)
    ]
    gone = [Chosen("tap_the", "x", entry="e", stands=False)]
    result = give_beside(NT, finalists, gone, {"cao_tuoi": held})
    shuffled = chance.sample(finalists, len(finalists))
    assert give_beside(NT, shuffled, gone, {"cao_tuoi": held}).awards == result.awards
    assert result.dropped == gone
    mine = [each for each in result.awards if each.prize_id == "cao_tuoi"]
    seats = PRIZES["cao_tuoi"].count - held
    assert len(mine) <= seats
    days = [born for born, _, _ in found if born]
    waits = [each for each in result.undecided if each.prize_id == "cao_tuoi"]
    if seats and days:
        assert bool(mine) != bool(waits)
        won = mine[0].entry if mine else waits[0].entries[0]
        assert finalists[int(won)].born == (min(days),)
    assert ("cao_tuoi" in result.given) != bool(waits)
