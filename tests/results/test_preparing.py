"""Computing results: what is missing, what comes out, what the council withholds, what a recomputation undoes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from contest.core.db import db
from contest.core.errors import Conflict, Refused
from contest.entries.models import Advancement
from contest.judging.rules import RefusedList
from contest.judging.services import record_council_ballot
from contest.outbox.models import Message
from contest.results.gates import NotYet
from contest.results.models import PrizeWithheld, ResultSet
from contest.results.outcome import missing_for_results
from contest.results.queries import find_standing
from contest.results.services import compute_results, lift_withholding, set_citation, withhold_prize
from contest.results.wording import told
from tests.factories import make_user
from tests.factories.judging import finalise, give, make_accepted, make_finalist, make_panel
from tests.factories.results import (
    approve_as,
    cast_votes,
    close_final,
    compute,
    decide,
    judge_finalists,
    make_results,
    make_world,
    publish,
)

TOTALS = {"Một": 90, "Hai": 87}


def words_of(missing):
    return [each.words[0] % each.words[1] for each in missing]


def given(result_set):
    return [(award.prize_id, award.entry.title) for award in result_set.awards]


# What is missing


def test_without_any_entry_nothing_can_be_computed(app):
    world = make_world()
    assert words_of(missing_for_results(world.contest, world.ready_at)) == ["No entry has been accepted."]


def test_everything_missing_is_listed_with_where_it_is_done(app):
    world = make_world()
    judge_finalists(world, TOTALS, close=False)
    voting = world.contest.rules.window("voting")
    missing = missing_for_results(world.contest, voting.closes - timedelta(microseconds=1))
    assert [each.endpoint for each in missing] == ["judging.chair", None]
    assert words_of(missing)[0] == "The Chung khảo round of category A is not closed."
    with pytest.raises(RefusedList) as refused:
        compute(world, voting.closes - timedelta(seconds=1))
    assert len(refused.value.problems) == 2
    review = world.contest.rules.window("vote_audit")
    for at, endpoints in (
        (voting.closes, ["judging.chair", "voting.review_desk"]),
        (review.closes - timedelta(microseconds=1), ["judging.chair", "voting.review_desk"]),
        (review.closes, ["judging.chair"]),
    ):
        assert [each.endpoint for each in missing_for_results(world.contest, at)] == endpoints


def test_each_judged_category_must_be_closed_and_one_without_entries_is_skipped(app):
    world = make_world(1)
    judge_finalists(world, {"Một": 9.25}, "A")
    assert missing_for_results(world.contest, world.ready_at) == []
    make_accepted(world.contest, "C")
    assert words_of(missing_for_results(world.contest, world.ready_at)) == [
        "The Chung khảo round of category C is not closed."
    ]


def test_a_category_without_entries_gives_none_of_its_prizes(app):
    world = make_world(1)
    judge_finalists(world, {"Một": 9.25}, "A")
    found = compute(world)
    withheld = {each["prize"]: each["why"][0] for each in found.report["withheld"] if each["whole"]}
    assert withheld["B-nhat"] == "No entry was left to receive it."
    assert found.report["open"] == []


# What comes out


def test_awards_are_stored_from_the_highest_with_score_place_votes_and_reason(app):
    world = make_results()
    found = compute(world)
    assert given(found) == [
        ("A-nhat", "Đồi cằn trổ hoa"),
        ("A-nhi", "Chiếc ba lô màu xanh"),
        ("A-nhi", "Con kinh sạch"),
        ("A-ba", "Bến đò đêm"),
        ("A-ban_doc", "Bến đò đêm"),
    ]
    assert [(award.place, award.score, award.votes) for award in found.awards] == [
        (1, "90/1", None),
        (2, "87/1", None),
        (3, "85/1", None),
        (4, "80/1", None),
        (None, None, 120),
    ]
    assert found.awards[0].why[0][0] == "Place %(place)s with %(total)s; %(prize)s is from %(minimum)s."
    assert found.report["tally"]["cast"] == found.report["tally"]["valid"] == 210
    of_press = {f"B-{rank}" for rank in ("nhat", "nhi", "ba", "khuyen_khich")}  # none was judged
    assert {each["prize"] for each in found.report["withheld"]} == {"A-dac_biet", "A-ba", "A-khuyen_khich"} | of_press


def test_scores_are_kept_exact(app):
    world = make_world()
    judge_finalists(world, {"Một": [90, 89, 88, 88.5, 91]})
    assert compute(world).awards[0].score == "535/6"  # 88.5, 89 and 90 of five


def test_what_broke_a_tie_is_told_with_the_prize(app):
    """87 and 87: the higher mean on C2 goes ahead, and both sentences stand with the prizes."""
    world = make_world()
    panel = make_panel(world.contest, "final", "A", 5)
    for title, second in (("Một", 20), ("Hai", 21)):
        entry = world.entries[title] = make_finalist(world.contest, title=title)
        marks = {"C1": 15, "C2": second, "C3": 15, "C4": 15, "C5": 40 - second, "C6": 2}
        for judge in panel:
            finalise(give(entry, judge, "final"), marks)
    close_final(world)
    found = compute(world)
    assert given(found) == [("A-nhi", "Hai"), ("A-nhi", "Một")]
    assert [award.place for award in found.awards] == [1, 2]
    message, params = told(found.awards[0].why[1])
    code = world.entries["Một"].blind_code
    assert message % params == (f"Tied at 87.00 with {code}; ahead on criterion C2: mean 21.00 against 20.00.")


def test_too_few_voters_and_the_readers_prize_is_withheld_with_the_numbers(app):
    world = make_world()
    judge_finalists(world, TOTALS)
    cast_votes(world, {"Hai": 199})
    found = compute(world)
    why = next(each["why"] for each in found.report["withheld"] if each["prize"] == "A-ban_doc")
    assert why == ["Valid voters: %(valid)s; the prize asks for at least %(minimum)s.", {"valid": 199, "minimum": 200}]


def test_one_prize_per_author_says_who_was_passed_over(app):
    world = make_world()
    author = make_user()
    judge_finalists(world, {"Một": 90, "Hai": 88}, author=author)
    found = compute(world)
    assert given(found) == [("A-nhat", "Một")]
    assert [each["code"] for each in found.report["skipped"]][:1] == [world.entries["Hai"].blind_code]


def test_a_tie_at_the_edge_waits_for_the_council_and_its_ballot_settles_it(app):
    world = make_world()
    judge_finalists(world, {"Một": 89, "Hai": 89})
    found = compute(world)
    [undecided] = found.report["undecided"]
    codes = sorted(world.entries[title].blind_code for title in ("Một", "Hai"))
    assert (undecided["prize"], undecided["vote_on"], undecided["reason"]) == ("A-nhat", codes, "ballot")
    with pytest.raises(Refused) as refused:
        decide(world)
    assert refused.value.code == "undecided"
    record_council_ballot(
        contest=world.contest,
        category="A",
        groups=[[world.entries["Hai"].blind_code], [world.entries["Một"].blind_code]],
        present=5,
        note="Biểu quyết kín",
        actor=world.chair,
        now=world.ready_at,
    )
    settled = compute(world)
    assert given(settled) == [("A-nhat", "Hai"), ("A-nhi", "Một")]
    assert settled.awards[0].why[1][0] == "Tied at %(total)s with %(others)s; ahead by secret ballot of the council."
    assert settled.report["ballots"] == [
        ["A", [[world.entries["Hai"].blind_code], [world.entries["Một"].blind_code]], 5]
    ]


# Again


def test_computing_the_same_again_changes_nothing(app):
    world = make_results()
    first = compute(world)
    again = compute(world, world.ready_at + timedelta(hours=1))
    assert again.id == first.id
    assert again.computed_at == first.computed_at
    assert db.session.scalar(select(func.count(ResultSet.id))) == 1


def test_a_new_result_supersedes_the_last_and_keeps_citations_of_those_who_stay(app):
    world = make_results()
    first = compute(world)
    for award in first.awards[:2]:
        set_citation(award=award, text=f"Lời bình {award.position}", actor=world.first, now=world.ready_at)
    withhold_prize(contest=world.contest, prize_id="A-nhi", reason="Chưa xứng", actor=world.first, now=world.ready_at)
    fresh = compute(world)
    assert fresh.id != first.id
    assert find_standing(world.contest.id).id == fresh.id
    assert db.session.get(ResultSet, first.id).superseded_at is not None
    assert {award.entry.title: award.citation for award in fresh.awards if award.citation} == {
        "Đồi cằn trổ hoa": "Lời bình 1"
    }


def test_a_new_result_needs_decision_and_approvals_again_and_calls_off_the_letters(app):
    world = make_results()
    publish(world)
    assert db.session.scalar(select(func.count(Message.id))) == 4
    withhold_prize(contest=world.contest, prize_id="A-nhi", reason="Chưa xứng", actor=world.first, now=world.ready_at)
    db.session.commit()
    assert db.session.scalar(select(func.count(Message.id))) == 0
    old = find_standing(world.contest.id)
    assert (old.first_approver_id, old.second_approver_id, old.visible_from) == (None, None, None)
    fresh = compute(world)
    assert (fresh.decision_number, fresh.first_approver_id, fresh.visible_from) == (None, None, None)


def test_a_finalist_who_falls_out_changes_the_outcome_and_nothing_old_can_be_approved(app):
    world = make_results()
    compute(world)
    decide(world)
    fallen = db.session.scalar(select(Advancement).where(Advancement.entry_id == world.entries["Đồi cằn trổ hoa"].id))
    fallen.fell_out_at = world.ready_at
    with pytest.raises(NotYet) as refused:
        approve_as(world, world.first, world.ready_at)
    assert "out_of_date" in refused.value.codes
    assert given(compute(world))[0] == ("A-nhi", "Chiếc ba lô màu xanh")


def test_public_results_are_not_computed_again(app):
    world = make_results()
    publish(world)
    with pytest.raises(Conflict) as conflict:
        compute(world, world.official_at)
    assert conflict.value.code == "already_public"
    for act in (
        lambda: withhold_prize(
            contest=world.contest, prize_id="A-nhi", reason="x", actor=world.first, now=world.official_at
        ),
        lambda: set_citation(
            award=find_standing(world.contest.id).awards[0], text="x", actor=world.first, now=world.official_at
        ),
    ):
        with pytest.raises(Conflict):
            act()


def test_only_organisers_of_the_contest_compute(app):
    world = make_results()
    for person in (world.chair, make_user()):
        with pytest.raises(Refused) as refused:
            compute_results(contest=world.contest, actor=person, now=world.ready_at)
        assert refused.value.code == "not_organiser"


# What the council withholds


@pytest.mark.parametrize(
    ("prize", "seats", "reason", "code"),
    [
        ("A-nhi", 3, "Vì", "too_many"),
        ("A-nhi", 0, "Vì", "too_many"),
        ("A-nhi", None, "  ", "reason_missing"),
        ("khong-co", None, "Vì", "unknown_prize"),
    ],
)
def test_what_cannot_be_withheld(app, prize, seats, reason, code):
    world = make_world()
    with pytest.raises(Refused) as refused:
        withhold_prize(
            contest=world.contest, prize_id=prize, seats=seats, reason=reason, actor=world.first, now=world.ready_at
        )
    assert refused.value.code == code


def test_some_of_a_prize_is_withheld_lifted_and_the_record_stays(app):
    world = make_results()
    act = {"contest": world.contest, "prize_id": "A-nhi", "actor": world.first, "now": world.ready_at}
    withhold_prize(**act, seats=1, reason="Chưa đều tay")
    assert [prize for prize, _ in given(compute(world))] == ["A-nhat", "A-nhi", "A-ba", "A-ba", "A-ban_doc"]
    with pytest.raises(Conflict):
        withhold_prize(**act, reason="Lần nữa")
    lift_withholding(**act)
    with pytest.raises(Refused):
        lift_withholding(**act)
    assert [prize for prize, _ in given(compute(world))].count("A-nhi") == 2
    [row] = db.session.scalars(select(PrizeWithheld))
    assert (row.by_id, row.lifted_by_id, row.reason) == (world.first.id, world.first.id, "Chưa đều tay")


def test_the_readers_prize_can_be_withheld_too(app):
    world = make_results()
    withhold_prize(
        contest=world.contest, prize_id="A-ban_doc", reason="Có gian lận", actor=world.first, now=world.ready_at
    )
    found = compute(world)
    assert "A-ban_doc" not in {award.prize_id for award in found.awards}
    why = next(each["why"] for each in found.report["withheld"] if each["prize"] == "A-ban_doc")
    assert why == ["Withheld by the council: %(reason)s", {"reason": "Có gian lận"}]


def test_the_database_holds_one_standing_withholding(app):
    world = make_world()
    for _ in range(2):
        db.session.add(
            PrizeWithheld(
                contest_id=world.contest.id, prize_id="A-nhi", reason="x", by_id=world.first.id, at=world.ready_at
            )
        )
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()


# Citations


def test_a_citation_is_cleaned_limited_and_takes_back_approvals(app):
    world = make_results()
    award = compute(world).awards[0]
    decide(world)
    approve_as(world, world.first, world.ready_at)
    set_citation(award=award, text="  Đất không phụ người.\r\n", actor=world.first, now=world.ready_at)
    assert award.citation == "Đất không phụ người."
    assert award.result_set.first_approver_id is None
    with pytest.raises(Refused):
        set_citation(award=award, text="x" * 601, actor=world.first, now=world.ready_at)
