"""Who advances: counts among those who may, ties at the line, and what blocks the close."""

from __future__ import annotations

from fractions import Fraction

from contest.judging.shortlist import Candidate, Readiness, Shortlist, shortlist

F = Fraction


def candidates(**totals: int | str | None) -> list[Candidate]:
    return [Candidate(entry, None if total is None else F(total)) for entry, total in totals.items()]


def reasons(found: Shortlist) -> dict[str, str]:
    return {entry: text % params for entry, (text, params) in found.why_not.items()}


def test_the_best_advance_up_to_the_count() -> None:
    found = shortlist(candidates(A=70, B=90, C=80, D=60), count=2)
    assert found.advancing == ("B", "C")
    assert found.line == 80
    assert reasons(found) == {
        "A": "70.00 is below 80.00, the total of place 2 in this category.",
        "D": "60.00 is below 80.00, the total of place 2 in this category.",
    }


def test_ties_at_the_line_all_advance() -> None:
    found = shortlist(candidates(A=90, B=80, C=80, D=80, E="79.5"), count=2)
    assert found.advancing == ("A", "B", "C", "D")
    assert list(found.why_not) == ["E"]


def test_totals_that_only_look_equal_are_no_tie() -> None:
    found = shortlist(candidates(A="8.3334", B="8.3333"), count=1)
    assert found.advancing == ("A",)
    assert reasons(found) == {"B": "8.3333 is below 8.3334, the total of place 1 in this category."}


def test_fewer_than_the_count_all_advance_and_there_is_no_line() -> None:
    found = shortlist(candidates(A=70, B=66), count=20, min_score=F(65))
    assert (found.advancing, found.line, found.why_not) == (("A", "B"), None, {})


def test_the_minimum_is_compared_exactly_and_applies_to_all() -> None:
    found = shortlist(candidates(A=65, B="64.9999", C=None), count=20, min_score=F(65))
    assert found.advancing == ("A",)
    assert reasons(found) == {"B": "64.9999 is below the minimum of 65.0000.", "C": "No score in this round."}


def test_the_next_moves_up_for_one_set_aside() -> None:
    why = ("Set aside by %(who)s: not verified.", {"who": "the chair"})
    all_ = [*candidates(B=80, C=70), Candidate("A", F(90), Readiness.OUT, why)]
    found = shortlist(all_, count=1)
    assert found.advancing == ("B",)
    assert reasons(found)["A"] == "Set aside by the chair: not verified."


def test_one_not_yet_verified_holds_its_place_and_blocks() -> None:
    all_ = [*candidates(B=80, C=70), Candidate("A", F(90), Readiness.PENDING)]
    found = shortlist(all_, count=2)
    assert found.blocking == ("A",)
    assert found.advancing == ("B",)
    assert list(found.why_not) == ["C"]


def test_one_below_the_line_blocks_nothing() -> None:
    all_ = [*candidates(B=80, C=70), Candidate("A", F(60), Readiness.PENDING)]
    found = shortlist(all_, count=2)
    assert found.blocking == ()
    assert found.advancing == ("B", "C")


def test_no_places_in_a_category() -> None:
    found = shortlist(candidates(A=90), count=0)
    assert found.advancing == ()
    assert reasons(found) == {"A": "Nobody advances in this category."}
