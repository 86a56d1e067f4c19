"""Judges compared: figures against worlds whose truth is known, against a library, and against the arithmetic."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import krippendorff
import numpy as np
import pytest

from contest.judging.compared import compare, enough
from contest.judging.ranking import Standing, rank
from contest.judging.scoring import AGGREGATES, Sheet, mean
from contest.judging.severity import Read, agreement, fit_sheets

F = Fraction


def read(name: str, **totals: float) -> Read:
    sheets = tuple(Sheet(judge, {"C1": F(str(total))}) for judge, total in totals.items())
    return Read(name, name, mean([sheet.total for sheet in sheets]), sheets)


def plain(_entry: str, sheets: object) -> Fraction:
    return AGGREGATES["mean"]([sheet.total for sheet in sheets]).value


def world(entries: int, severity: dict[str, float], noise: float, *, seed: int = 1, each: int = 3) -> list[Read]:
    """Entries of an additive world in quarter points, each with some of the judges."""
    chance = Random(seed)
    found = []
    for number in range(entries):
        level = chance.gauss(70, 6)
        judges = chance.sample(sorted(severity), each)
        totals = {judge: round((level + severity[judge] + chance.gauss(0, noise)) * 4) / 4 for judge in judges}
        found.append(read(f"E{number:03}", **totals))
    return found


def test_severity_allows_for_which_entries_a_judge_had():
    """Hard marks only weak entries and soft only strong ones: their means lie the other way round."""
    entries = []
    for number in range(12):
        low, high = 40 + number, 80 + number
        entries.append(read(f"L{number}", hard=low - 4, even=low))
        entries.append(read(f"H{number}", soft=high + 4, even=high))
        entries.append(read(f"M{number}", hard=56 + number, soft=64 + number))
    found = {judge.judge: judge for judge in compare(entries, plain, aggregate="mean", scale=100).judges}
    assert found["hard"].severity == pytest.approx(-4)
    assert found["even"].severity == pytest.approx(0)
    assert found["soft"].severity == pytest.approx(4)


def test_severities_of_a_known_world_lie_within_their_intervals():
    true = {f"J{number}": (number - 4.5) * 1.2 for number in range(10)}
    held, spreads = 0, []
    for seed in range(6):
        found = compare(world(120, true, 3, seed=seed), plain, aggregate="mean", scale=100, seed=seed)
        held += sum(judge.severity_interval.holds(true[judge.judge]) for judge in found.judges)
        spreads += [judge.spread for judge in found.judges]
        assert found.rest == pytest.approx(3, rel=0.15)
    assert held >= 54  # 57 of 60 are expected
    assert np.mean(spreads) == pytest.approx(1, abs=0.06)


def test_a_judge_who_keeps_to_the_middle_has_a_narrow_spread_and_a_wild_one_departs():
    chance, entries = Random(7), []
    for number in range(60):
        level = chance.gauss(70, 8)
        entries.append(
            read(
                f"E{number}",
                a=round(level + chance.gauss(0, 1), 2),
                b=round(level + chance.gauss(0, 1), 2),
                narrow=round(70 + (level - 70) / 4, 2),
                wild=round(level + chance.gauss(0, 12), 2),
            )
        )
    found = {judge.judge: judge for judge in compare(entries, plain, aggregate="mean", scale=100).judges}
    assert found["narrow"].spread < 0.5 and not found["narrow"].spread_interval.holds(1)
    assert found["wild"].spread > 1.1
    assert found["wild"].departure > 2 * found["a"].departure


def test_judges_that_no_entry_links_are_not_compared():
    """Two halves of a panel with nothing in common: each is told within itself."""
    entries = [read(f"A{number}", a=70 + number, b=72 + number) for number in range(6)]
    entries += [read(f"B{number}", c=40 + number, d=41 + number, e=42 + number) for number in range(6)]
    entries.append(read("X", alone=50))
    found = compare(entries, plain, aggregate="mean", scale=100)
    assert [set(group) for group in found.groups] == [{"c", "d", "e"}, {"a", "b"}]
    by_name = {judge.judge: judge for judge in found.judges}
    assert by_name["a"].severity == pytest.approx(-1) and by_name["b"].severity == pytest.approx(1)
    assert by_name["d"].severity == pytest.approx(0)
    assert by_name["alone"].severity is None and by_name["alone"].group is None


@pytest.mark.parametrize("seed", range(5))
def test_alpha_is_the_librarys(seed):
    chance = Random(seed)
    entries = world(40, {f"J{number}": chance.gauss(0, 2) for number in range(7)}, 3, seed=seed, each=2 + seed % 3)
    entries.append(read("alone", J0=50))  # says nothing of agreement
    judges = sorted({sheet.judge for entry in entries for sheet in entry.sheets})
    data = np.full((len(judges), len(entries)), np.nan)
    for at, entry in enumerate(entries):
        for sheet in entry.sheets:
            data[judges.index(sheet.judge), at] = float(sheet.total)
    expected = krippendorff.alpha(reliability_data=data, level_of_measurement="interval")
    found = agreement(entries, np.random.default_rng(0))
    assert found.alpha == pytest.approx(expected, abs=1e-9)
    assert found.interval.low < found.alpha < found.interval.high and found.entries == 40


def test_agreement_in_words():
    chance = np.random.default_rng(0)
    same = agreement([read(f"E{n}", a=70, b=70) for n in range(10)], chance)
    assert same.alpha is None and "same" in same.reading
    full = agreement([read(f"E{n}", a=70 + n, b=70 + n) for n in range(10)], chance)
    assert full.alpha == 1 and "agree well" in full.reading
    against = agreement([read(f"E{n}", a=70 + n, b=79 - n) for n in range(10)], chance)
    assert against.alpha < 0 and "chance" in against.reading


def test_places_without_a_judge_are_those_of_the_ranking():
    """Every judge left out by hand and ranked by the module that ranks, tie rules and all."""
    entries = world(30, {f"J{number}": number - 2.0 for number in range(5)}, 4, seed=3)
    rules = ["higher_mean_on:C1", "smaller_spread_between_judges", "joint_award_if_budget_allows"]
    found = compare(entries, plain, aggregate="mean", scale=100, line=8, tie_break=rules)
    codes = {entry.entry: entry.code for entry in entries}
    reach = {entry.entry: set[int]() for entry in entries}

    def places(without: str) -> dict[str, int]:
        left = {entry.entry: tuple(s for s in entry.sheets if s.judge != without) for entry in entries}
        standings = [Standing(name, plain(name, sheets), sheets, codes[name]) for name, sheets in left.items()]
        return {placed.standing.entry: placed.place for placed in rank(standings, rules)}

    base = places("nobody")
    assert {ranked.entry: ranked.place for ranked in found.places} == base
    for each in found.without:
        now = places(each.judge)
        for name, place in now.items():
            reach[name].add(place)
        assert each.moved == sum(now[name] != base[name] for name in base)
        assert each.farthest == max(abs(now[name] - base[name]) for name in base)
        assert set(each.enter) == {codes[name] for name in base if now[name] <= 8 < base[name]}
        assert set(each.leave) == {codes[name] for name in base if base[name] <= 8 < now[name]}
    for ranked in found.places:
        assert ranked.without == (min(reach[ranked.entry] | {ranked.place}), max(reach[ranked.entry] | {ranked.place}))


def test_an_entry_that_only_one_judge_marked_comes_last_without_them():
    entries = [*world(12, {"a": 0, "b": 0, "c": 0}, 2), read("only", d=99)]
    found = compare(entries, plain, aggregate="mean", scale=100, line=1)
    without = {each.judge: each for each in found.without}
    assert without["d"].leave == ("only",) and len(without["d"].enter) == 1


def test_firm_places_hold_and_close_ones_do_not():
    """Two far ahead, the rest a point apart: the line after the second is firm, after the eighth it is not."""
    chance = Random(5)
    levels = [95, 93, *(70 - number for number in range(18))]
    entries = [
        read(f"E{number:02}", **{judge: level + chance.choice((-2, -1, 0, 1, 2)) for judge in "abc"})
        for number, level in enumerate(levels)
    ]
    firm = compare(entries, plain, aggregate="mean", scale=100, line=2)
    assert [ranked.uncertain for ranked in firm.places] == [False] * 20
    close = compare(entries, plain, aggregate="mean", scale=100, line=8)
    assert any(ranked.uncertain for ranked in close.places[6:10])
    for ranked in close.places:
        assert ranked.drawn[0] <= ranked.place + 1 and ranked.drawn[1] >= ranked.place - 1


@pytest.mark.parametrize("aggregate", sorted(AGGREGATES))
def test_the_same_twice_and_whatever_the_aggregate(aggregate):
    entries = world(25, {f"J{number}": number / 2 for number in range(6)}, 3, each=4)
    total = {e.entry: AGGREGATES[aggregate]([s.total for s in e.sheets]).value for e in entries}
    entries = [Read(e.entry, e.code, total[e.entry], e.sheets) for e in entries]
    retotal = lambda _entry, sheets: AGGREGATES[aggregate]([s.total for s in sheets]).value  # noqa: E731
    first, second = (compare(entries, retotal, aggregate=aggregate, scale=100, line=5, seed=9) for _ in range(2))
    assert first == second
    assert [ranked.place for ranked in first.places] == sorted(ranked.place for ranked in first.places)


def test_judges_who_agree_fully_and_too_few_entries():
    entries = [read(f"E{number}", a=60 + number, b=60 + number) for number in range(10)]
    found = compare(entries, plain, aggregate="mean", scale=100, line=3)
    assert not any(judge.stands_out for judge in found.judges) and not found.apart
    assert all(ranked.drawn is None for ranked in found.places)  # nothing to draw from
    assert not enough(entries[:9])
    with pytest.raises(ValueError, match="too few"):
        compare(entries[:9], plain, aggregate="mean", scale=100)


def test_the_widest_apart_lead_and_severity_is_taken_off():
    entries = [read(f"E{number}", a=60 + number, b=70 + number) for number in range(12)]
    entries.append(read("wide", a=40, b=80))
    found = compare(entries, plain, aggregate="mean", scale=100)
    assert found.apart[0].code == "wide" and found.apart[0].gap == 40
    assert (found.apart[0].lowest.judge, found.apart[0].highest.judge) == ("a", "b")
    fit = fit_sheets(entries)
    assert found.apart[0].beyond == pytest.approx(40 - abs(float(fit.severity[0] - fit.severity[1])))
