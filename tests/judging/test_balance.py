"""The distribution itself, against everything that could have been done: best, within limits, or named why not."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from random import Random

import pytest

from contest.judging.balance import Demand, Place, distribute, level_of
from contest.judging.shortfall import CAPS, ENTRY, FLOOR, FLOOR_SET, FLOORS, SET, Cause, causes


def least_squares(demands, places):
    """The least sum of squared loads by trying everything, None when nothing is allowed."""
    states = {(0,) * len(places)}
    for demand in demands:
        free = [number for number, place in enumerate(places) if place.judge not in demand.barred]
        states = {
            tuple(more + (number in chosen) for number, more in enumerate(state))
            for state in states
            for chosen in combinations(free, demand.count)
        }
    sums = [
        sum((place.load + more) ** 2 for place, more in zip(places, state, strict=True))
        for state in states
        if all(
            place.load + more >= place.least and (not more or place.most is None or place.load + more <= place.most)
            for place, more in zip(places, state, strict=True)
        )
    ]
    return min(sums, default=None)


def loads_after(places, picks):
    load = Counter({place.judge: place.load for place in places})
    load.update(judge for judges in picks.values() for judge in judges)
    return load


def breaches(demands, places, picks):
    """What a distribution does against the rules, in words."""
    load = loads_after(places, picks)
    found = [f"{place.judge} under" for place in places if load[place.judge] < place.least]
    found += [
        f"{place.judge} over"
        for place in places
        if place.most is not None and load[place.judge] > max(place.load, place.most)
    ]
    for demand in demands:
        chosen = picks.get(demand.entry, [])
        if len(set(chosen)) != demand.count or len(chosen) != demand.count or set(chosen) & demand.barred:
            found.append(f"entry {demand.entry}")
    return found


def small(random):
    places = [
        Place(
            judge + 10,
            load=random.choice([0, 0, 0, 1, 2, 3]),
            least=random.choice([0, 0, 0, 0, 0, 1, 2, 4]),
            most=random.choice([None, None, None, 3, 4, 5, 8]),
        )
        for judge in range(random.randint(2, 5))
    ]
    demands = [
        Demand(
            entry,
            random.randint(1, 2),
            frozenset(place.judge for place in places if random.random() < 0.15),
            random.choice([None, 1, 2, 3]),
            random.randint(1, 20),
        )
        for entry in range(random.randint(1, 7))
    ]
    return demands, places


@pytest.mark.parametrize("part", range(20))
def test_two_thousand_random_cases_are_the_best_there_is_or_name_the_cause(part):
    told = Counter()
    for case in range(100):
        random = Random(part * 100 + case)
        demands, places = small(random)
        best, found = least_squares(demands, places), causes(demands, places)
        if best is None:
            assert found and all(cause.possible < cause.needed for cause in found)
            told.update(cause.kind for cause in found)
            with pytest.raises(ValueError, match="cannot be met"):
                distribute(demands, places, random)
            continue
        assert not found
        picks = distribute(demands, places, random)
        assert not breaches(demands, places, picks)
        assert sum(load**2 for load in loads_after(places, picks).values()) == best
        told["met"] += 1
    assert told["met"] > 20 and len(told) > 2


@pytest.mark.parametrize("part", range(10))
def test_two_thousand_larger_cases_never_breach_a_rule(part):
    met = 0
    for case in range(200):
        random = Random(10_000 + part * 200 + case)
        judges = random.randint(3, 12)
        many = random.randint(5, 60)
        fair = many * 2 // judges
        places = [
            Place(
                judge,
                load=random.randint(0, 5),
                least=random.choice([0, 0, fair // 2]),
                most=random.choice([None, fair + 5 + random.randint(0, 6)]),
            )
            for judge in range(judges)
        ]
        demands = [
            Demand(
                entry,
                random.randint(1, 2),
                frozenset(random.sample(range(judges), random.choice([0, 0, 0, 1]))),
                random.choice([None, *range(6)]),
                random.randint(500, 3000),
            )
            for entry in range(many)
        ]
        found = causes(demands, places)
        if found:
            assert all(cause.possible < cause.needed for cause in found)
            continue
        picks = distribute(demands, places, random)
        assert not breaches(demands, places, picks)
        met += 1
    assert met > 100


# What stands in the way


def test_an_entry_without_enough_judges_is_named_by_itself():
    demands = [Demand(1, 2, frozenset({1})), Demand(2, 2)]
    assert causes(demands, [Place(1), Place(2)]) == [Cause(ENTRY, 2, 1, (1,))]


def test_limits_that_are_too_small_together():
    demands = [Demand(entry, 2) for entry in range(5)]
    [cause] = causes(demands, [Place(1, most=4), Place(2, most=3), Place(3, load=1, most=3)])
    assert (cause.kind, cause.needed, cause.possible) == (CAPS, 10, 9)
    assert causes(demands, [Place(1, most=4), Place(2, most=3), Place(3, load=1, most=4)]) == []


def test_a_set_of_entries_that_only_certain_judges_may_have():
    demands = [Demand(entry, 1, frozenset({3, 4})) for entry in range(5)] + [Demand(9, 1)]
    places = [Place(1, most=2), Place(2, most=2), Place(3), Place(4)]
    assert causes(demands, places) == [Cause(SET, 5, 4, (0, 1, 2, 3, 4), (1, 2))]


def test_a_floor_that_one_judges_entries_cannot_fill():
    demands = [Demand(1, 1), Demand(2, 1, frozenset({1})), Demand(3, 1, frozenset({1}))]
    assert causes(demands, [Place(1, least=2), Place(2)]) == [Cause(FLOOR, 2, 1, judges=(1,))]


def test_floors_that_ask_for_more_than_there_is():
    demands = [Demand(entry, 1) for entry in range(5)]
    assert causes(demands, [Place(1, least=3), Place(2, least=3), Place(3)]) == [Cause(FLOORS, 6, 5, judges=(1, 2))]


def test_floors_of_judges_who_want_the_same_few_entries():
    demands = [Demand(entry, 1) for entry in (1, 2, 3)] + [Demand(entry, 1, frozenset({1, 2})) for entry in (4, 5, 6)]
    places = [Place(1, least=2), Place(2, least=2), Place(3)]
    assert causes(demands, places) == [Cause(FLOOR_SET, 4, 3, judges=(1, 2))]


def test_nothing_to_give_asks_for_nothing():
    assert causes([], [Place(1, least=5)]) == []
    assert distribute([], [Place(1, least=5)], Random(1)) == {}


# How even


def test_no_other_distribution_is_more_even():
    """Two entries that only judges 1 and 2 can take, many that all can: greedy alone would be uneven."""
    demands = [Demand(entry, 1, frozenset({3})) for entry in range(4)] + [
        Demand(entry, 1, frozenset({1, 2})) for entry in range(4, 6)
    ]
    places = [Place(judge) for judge in (1, 2, 3)]
    for seed in range(30):
        assert loads_after(places, distribute(demands, places, Random(seed))) == {1: 2, 2: 2, 3: 2}


def test_work_moves_along_a_chain():
    # 1 holds entries that only 2 can take over, 2 holds one that only 3 can: the chain 1 → 2 → 3.
    demands = [Demand(1, 1, frozenset({3})), Demand(2, 1, frozenset({1}))]
    places = [Place(1, load=1), Place(2, load=1), Place(3)]
    for seed in range(30):
        after = loads_after(places, distribute(demands, places, Random(seed)))
        assert sorted(after.values()) in ([1, 1, 2], [1, 2, 1]) and after[3] == 1


def test_a_limit_far_below_the_others_and_loads_far_apart_are_levelled_exactly():
    """Beyond the window in which costs are told apart one by one, too."""
    demands = [Demand(entry, 1, frozenset({3}) if entry < 150 else frozenset()) for entry in range(200)]
    places = [Place(1, load=90), Place(2, load=10, most=20), Place(3)]
    assert loads_after(places, distribute(demands, places, Random(3))) == {1: 230, 2: 20, 3: 50}


def test_loads_come_before_units_and_units_are_spread():
    demands = [Demand(entry, 2, unit=entry % 4, length=1000) for entry in range(24)]
    places = [Place(judge) for judge in range(6)]
    picks = distribute(demands, places, Random(4))
    assert set(loads_after(places, picks).values()) == {8}
    shares = Counter((judge, entry % 4) for entry, judges in picks.items() for judge in judges)
    assert set(shares.values()) == {2}  # 12 sheets of each unit, six judges


def test_what_a_judge_has_of_a_unit_already_counts():
    demands = [Demand(1, 1, unit=7), Demand(2, 1, unit=8)]
    places = [Place(1, load=1, units={7: 1}), Place(2, load=1, units={8: 1})]
    for seed in range(10):
        assert distribute(demands, places, Random(seed)) == {1: [2], 2: [1]}


def test_long_and_short_texts_are_spread():
    random = Random(5)
    demands = [Demand(entry, 2, unit=entry % 9, length=random.randint(500, 3000)) for entry in range(300)]
    places = [Place(judge) for judge in range(12)]
    by_entry = {demand.entry: demand.length for demand in demands}
    words = Counter()
    for entry, judges in distribute(demands, places, random).items():
        for judge in judges:
            words[judge] += by_entry[entry]
    assert max(words.values()) < 1.02 * min(words.values())


def test_judges_meet_in_ever_new_pairs():
    """Or a judge who is too severe could not be told from entries that are too weak."""
    demands = [Demand(entry, 2, frozenset({entry % 10}), 1, 1000) for entry in range(200)]
    picks = distribute(demands, [Place(judge) for judge in range(10)], Random(6))
    pairs = Counter(frozenset(judges) for judges in picks.values())
    assert len(pairs) > 40 and max(pairs.values()) < 15  # of 45, 4.4 each when perfectly mixed


# Chance


def test_the_same_seed_gives_the_same_whatever_the_order():
    random = Random(7)
    demands, places = (
        [Demand(entry, 2, unit=entry % 3, length=entry) for entry in range(30)],
        [Place(judge) for judge in range(5)],
    )
    first = distribute(demands, places, Random(11))
    for _ in range(5):
        random.shuffle(demands)
        random.shuffle(places)
        assert distribute(demands, places, Random(11)) == first
    assert sum(distribute(demands, places, Random(seed)) != first for seed in range(5)) >= 4


def test_chance_favours_nobody():
    """One entry more than can be shared evenly: over many seeds everybody has it about as often."""
    demands, places = [Demand(entry, 1) for entry in range(6)], [Place(judge) for judge in range(5)]
    extra = Counter()
    for seed in range(300):
        load = loads_after(places, distribute(demands, places, Random(seed)))
        extra.update(judge for judge, many in load.items() if many == 2)
    assert min(extra.values()) > 35 and sum(extra.values()) == 300


def test_water_level():
    assert level_of([], 5) == 0
    assert level_of([0, 0], 4) == 2
    assert level_of([0, 10], 4) == 4
    assert level_of([3, 1, 2], 0) in (1, 2)
    assert level_of([0, 1], 2) == 2
