"""Totals, gaps, closing a round, places and the council: from rows to the ranking."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import func, select

from contest.audit.models import AuditRow
from contest.contests.models import RoleGrant
from contest.contests.services import end_role
from contest.core.db import db
from contest.core.errors import Conflict, NotFound, Refused
from contest.entries.models import Advancement
from contest.entries.queries import finalists
from contest.entries.services import fall_out
from contest.judging.council import category_ranking, open_ties
from contest.judging.models import Assignment, GapSettlement, RoundClosing, SetAside
from contest.judging.models_council import CouncilBallot
from contest.judging.queries import entry_results, final_ranking, is_locked, opened_categories, talk
from contest.judging.rounds import entry_state, figures_for, round_state
from contest.judging.rules import RefusedList
from contest.judging.services import (
    ask_to_open,
    check_closing,
    close_round,
    declare_conflict,
    open_codes,
    read_codes,
    record_conflict,
    record_council_ballot,
    rescore,
    save_sheet,
    seat_judge,
    set_aside,
    settle_gap,
)
from tests.factories import make_contest, make_staff, make_unit
from tests.factories.judging import (
    assignments_of,
    finalise,
    give,
    make_accepted,
    make_finalist,
    make_panel,
    mark_all,
    opening_of,
    spread_marks,
)

SAMPLES = json.loads((Path(__file__).with_name("sample_sheets.json")).read_text("utf-8"), parse_float=Decimal)


def close(contest, chair, round_id="prelim", category="A", now=None):
    return close_round(
        contest=contest,
        round_id=round_id,
        category=category,
        actor=chair,
        now=now or opening_of(contest, round_id),
    )


def messages(caught):
    return sorted(message % params for message, params in caught.value.problems)


# The worked examples


def test_a_gap_of_17_brings_a_third_judge_and_the_two_closest_count(contest, chair):
    judges = make_panel(contest, size=3)
    entry = make_accepted(contest)
    sample = SAMPLES["DH-0001"]
    mark_all(entry, judges[:2], sample["prelim"])
    [third] = [each for each in assignments_of(entry) if each.kind == "third"]
    with pytest.raises(RefusedList) as caught:
        close(contest, chair)
    assert messages(caught) == [f"The sheet of {judges[2].name} for entry {entry.blind_code} is not final."]
    finalise(third, sample["third"])
    assert entry_results(contest, "prelim", "A")[entry.public_id].total == 85
    close(contest, chair)
    assert [each.id for each in finalists(contest.id)] == [entry.id]


def test_a_tie_at_87_is_told_apart_on_c2_in_words(contest, chair):
    judges = make_panel(contest, "final", size=5)
    second, first = (make_finalist(contest) for _ in range(2))
    mark_all(second, judges, SAMPLES["DH-0002"]["final"], "final")
    mark_all(first, judges, SAMPLES["DH-0003"]["final"], "final")
    close(contest, chair, "final")
    placed = list(final_ranking(contest, "A"))
    assert [(each.place, each.standing.entry, each.standing.total) for each in placed] == [
        (1, first.public_id, 87),
        (2, second.public_id, 87),
    ]
    message, params = placed[0].decided_by[0]
    assert message % params == (
        f"Tied at 87.00 with {second.blind_code}; ahead on criterion C2: mean 22.90 against 20.90."
    )


def test_a_mean_of_quarter_marks_is_exact(app):
    contest = make_contest(1)
    judges = make_panel(contest, category="B", size=2)
    entry = make_accepted(contest, "B")
    mark_all(entry, judges, SAMPLES["NT-0001"]["prelim"])
    assert entry_results(contest, "prelim", "B")[entry.public_id].total == Fraction("8.625")


# Gaps that judges talk about


@pytest.fixture
def apart(contest):
    entry = make_finalist(contest)
    judges = make_panel(contest, "final", size=5)
    return entry, mark_all(entry, judges, [90, 88, 86, 84, 69], "final")


def settle(entry, chair, note="Đã trao đổi, giữ nguyên", **fields):
    return settle_gap(
        entry=entry, round_id="final", note=note, actor=chair, now=opening_of(entry.contest, "final"), **fields
    )


def score_again(assignment, total):
    return rescore(
        assignment=assignment,
        marks=spread_marks(assignment.entry.contest, total),
        comment="",
        reason="Đã trao đổi",
        actor=assignment.judge,
        now=opening_of(assignment.entry.contest, "final"),
    )


def test_an_open_gap_keeps_the_round_open_until_the_chair_records(contest, chair, apart):
    entry, _ = apart
    with pytest.raises(RefusedList) as caught:
        close(contest, chair, "final")
    assert messages(caught) == [f"The gap between the judges of entry {entry.blind_code} is not settled."]
    settle(entry, chair)
    close(contest, chair, "final")
    assert final_ranking(contest, "A").placed[0].standing.total == 86


def test_a_gap_that_new_scores_close_is_still_recorded(contest, chair, apart):
    entry, assignments = apart
    score_again(assignments[4], 75)
    assert entry_state(entry, "final").result.gap_open
    settle(entry, chair)
    assert not entry_state(entry, "final").result.gap_open
    assert entry_state(entry, "final").result.total == 86


def test_a_score_changed_after_the_record_opens_the_gap_again_if_it_leaves_one(contest, chair, apart):
    entry, assignments = apart
    score_again(assignments[4], 70)
    settlement = settle(entry, chair)
    assert settlement.seen == entry_state(entry, "final").seen
    # A revision that the head of jury has not seen, as two who act at once would leave it.
    settlement.seen = {**settlement.seen, str(assignments[4].sheet.id): 1}
    db.session.flush()
    db.session.expire_all()
    assert not entry_state(entry, "final").result.gap_open  # 90 and 70 are 20 apart: no gap is left
    settlement.seen = {}
    db.session.flush()
    assert entry_state(entry, "final").result.gap_open


def test_what_the_page_showed_is_what_is_settled(chair, apart):
    entry, assignments = apart
    seen = entry_state(entry, "final").seen
    score_again(assignments[4], 60)
    with pytest.raises(Conflict, match="again"):
        settle(entry, chair, seen=seen)
    settle(entry, chair, seen=entry_state(entry, "final").seen)


def test_only_an_impartial_chair_settles_with_a_note_and_only_an_open_gap(contest, chair, apart):
    entry, _ = apart
    with pytest.raises(Refused, match="Only the head"):
        settle(entry, make_staff(contest, "organiser"))
    with pytest.raises(Refused, match="what came"):
        settle(entry, chair, note=" ")
    partial = make_staff(contest, "chair", unit=entry.exemplar.unit)
    with pytest.raises(Refused, match="conflict of interest"):
        settle(entry, partial)
    settle(entry, chair)
    with pytest.raises(Refused, match="no open gap"):
        settle(entry, chair)
    assert db.session.scalar(select(func.count(GapSettlement.id))) == 1


def test_in_the_talk_judges_hear_each_other_by_number_and_not_before(contest, chair, apart):
    entry, assignments = apart
    voices = talk(assignments[4])
    assert sorted(voice.total for voice in voices) == [69, 84, 86, 88, 90]
    assert [voice.number for voice in voices] == [1, 2, 3, 4, 5]
    assert [voice.total for voice in voices if voice.own] == [69]
    settle(entry, chair)
    assert talk(assignments[4]) == []


def test_nobody_hears_anything_while_their_own_sheet_is_open(contest):
    entry = make_finalist(contest)
    judges = make_panel(contest, "final", size=6)
    mark_all(entry, judges[:4], [90, 88, 86, 69], "final")
    last = give(entry, judges[4], "final")
    assert talk(last) == [] and talk(assignments_of(entry, "final")[0]) == []
    # One more than the rules ask for, as when a judge comes back beside their stand-in.
    sixth = Assignment(round="final", entry=entry, judge=judges[5], place=1, assigned_at=opening_of(contest, "final"))
    db.session.add(sixth)
    finalise(last, 60)
    assert talk(last) and talk(sixth) == []


# What the head of jury sees


def test_the_chair_sees_figures_of_complete_entries_without_a_conflict(contest):
    chair = make_staff(contest, "chair", unit=(unit := make_unit()))
    seat_judge(contest=contest, round_id="prelim", category="A", judge=chair, actor=None, now=contest.created_at)
    judges = make_panel(contest, size=3)
    complete, unfinished, related, apart, own_open = (
        make_accepted(contest, author_unit=unit if at == 2 else None) for at in range(5)
    )
    mark_all(complete, judges[:2], [80, 82])
    mark_all(unfinished, judges[:1], [80])
    mark_all(related, judges[:2], [80, 82])
    mark_all(apart, judges[:2], [86, 60])
    give(own_open, chair)
    finalise(give(own_open, judges[0]), 80)
    figures = figures_for(contest, round_state(contest, "prelim", "A"), chair.id)
    assert figures.shown == {complete.id}
    assert figures.in_conflict == {related.id}
    assert figures.unfinished == {unfinished.id, apart.id, own_open.id}
    # Enough sheets without theirs, as when a judge comes back beside their stand-in.
    db.session.add(
        Assignment(round="prelim", entry=complete, judge=chair, place=1, assigned_at=opening_of(contest, "prelim"))
    )
    db.session.flush()
    figures = figures_for(contest, round_state(contest, "prelim", "A"), chair.id)
    assert figures.shown == frozenset() and complete.id in figures.unfinished


# Closing the preliminary round


def test_everything_that_is_missing_is_listed_at_once(contest, chair):
    judges = make_panel(contest, size=2)
    fine, half, bare, apart, unverified = (make_accepted(contest, verified=at != 4) for at in range(5))
    mark_all(fine, judges, [90, 90])
    mark_all(half, judges[:1], [80])
    give(half, judges[1])
    mark_all(apart, judges, [86, 60])
    mark_all(unverified, judges, [88, 88])
    with pytest.raises(RefusedList) as caught:
        close(contest, chair)
    assert messages(caught) == sorted(
        [
            f"The sheet of {judges[1].name} for entry {half.blind_code} is not final.",
            f"Entry {bare.blind_code} has not been given to enough judges: 2 missing.",
            f"Entry {apart.blind_code} needs a third judge, and nobody has it yet.",
            f"Entry {unverified.blind_code} would advance, but is not verified or its exemplar has not agreed.",
        ]
    )
    assert not is_locked(contest, "prelim", "A") and finalists(contest.id) == []


def test_what_is_set_aside_keeps_nothing_open_and_the_next_moves_up(contest, chair):
    judges = make_panel(contest, size=2)
    entries = [make_accepted(contest, verified=at > 0) for at in range(22)]
    for at, entry in enumerate(entries):
        mark_all(entry, judges, [90 - at, 90 - at])
    with pytest.raises(RefusedList):
        close(contest, chair)
    set_aside(
        entry=entries[0], round_id="prelim", reason="Xã chưa xác minh", actor=chair, now=opening_of(contest, "prelim")
    )
    close(contest, chair)
    assert {each.id for each in finalists(contest.id)} == {each.id for each in entries[1:21]}
    row = db.session.scalars(select(AuditRow).where(AuditRow.verb == "judging.close_round")).one()
    assert row.details["set_aside"] == [entries[0].public_id] and len(row.details["advancing"]) == 20


def test_ties_at_the_line_all_advance_and_the_minimum_holds(contest, chair):
    judges = make_panel(contest, size=2)
    entries = [make_accepted(contest) for _ in range(23)]
    for at, entry in enumerate(entries):
        total = "64.5" if at == 22 else "70" if at >= 19 else "80"
        mark_all(entry, judges, [total, total])
    close(contest, chair)
    assert {each.id for each in finalists(contest.id)} == {each.id for each in entries[:22]}


def test_a_total_just_below_the_minimum_does_not_advance(contest, chair):
    judges = make_panel(contest, size=2)
    just, below = make_accepted(contest), make_accepted(contest)
    mark_all(just, judges, [65, 65])
    mark_all(below, judges, ["65", "64.5"])  # 64.75
    close(contest, chair)
    assert [each.id for each in finalists(contest.id)] == [just.id]


def test_a_category_without_entries_closes(contest, chair):
    close(contest, chair, category="B")
    assert is_locked(contest, "prelim", "B")


def test_closing_locks_every_verb(contest, chair):
    judges = make_panel(contest, size=3)
    entry = make_accepted(contest)
    mine, _ = mark_all(entry, judges[:2], [80, 82])
    close(contest, chair)
    now = opening_of(contest, "prelim")
    other = make_accepted(contest)
    marks = spread_marks(contest, 50)
    verbs = (
        lambda: save_sheet(assignment=mine, marks=marks, comment="", version=2, actor=judges[0], now=now),
        lambda: finalise(mine, 50),
        lambda: score_again(mine, 50),
        lambda: declare_conflict(assignment=mine, reason="", actor=judges[0], now=now),
        lambda: set_aside(entry=entry, round_id="prelim", reason="x", actor=chair, now=now),
        lambda: settle_gap(entry=entry, round_id="prelim", note="x", actor=chair, now=now),
        lambda: give(other, judges[0]),
        lambda: make_panel(contest, size=1),
    )
    for verb in verbs:
        with pytest.raises(Conflict, match="locked"):
            verb()
    assert entry_state(entry, "prelim").result.total == 81
    # A press whose answer was lost is answered still: nothing changes by it.
    assert finalise(mine, 80).total == 80


def test_closing_twice_closes_once(contest, chair):
    first = close(contest, chair)
    assert close(contest, chair) is first
    assert db.session.scalar(select(func.count(RoundClosing.id))) == 1


def test_only_the_chair_closes_and_not_before_the_round_begins(contest, chair):
    for person in (make_staff(contest, "organiser"), make_staff(contest, "judge")):
        with pytest.raises(Refused, match="Only the head"):
            close(contest, person)
    with pytest.raises(Refused, match="not begun"):
        close(contest, chair, now=contest.rules.window("prelim").opens - timedelta(microseconds=1))
    close(contest, chair, now=contest.rules.window("prelim").opens)
    with pytest.raises(NotFound):
        close(contest, chair, category="Z")
    with pytest.raises(NotFound):
        close(contest, chair, round_id="semi", now=opening_of(contest, "prelim"))


def test_a_sheet_against_a_conflict_learnt_late_keeps_the_round_open(contest, chair):
    judges = make_panel(contest, size=3)
    entry = make_accepted(contest)
    mark_all(entry, judges[:2], [80, 82])
    db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == judges[0].id)).one().unit = entry.exemplar.unit
    db.session.flush()
    with pytest.raises(RefusedList) as caught:
        close(contest, chair)
    assert [message for message in messages(caught) if "conflict of interest" in message]
    now = opening_of(contest, "prelim")
    record_conflict(entry=entry, judge=judges[0], reason="Cùng đơn vị", actor=chair, now=now)
    finalise(give(entry, judges[2]), 84)
    close(contest, chair)


def test_a_sheet_of_one_who_is_no_judge_any_more_keeps_the_round_open(contest, chair):
    judges = make_panel(contest, size=2)
    mark_all(make_accepted(contest), judges, [80, 82])
    grant = db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == judges[0].id)).one()
    end_role(grant=grant, actor=chair, now=opening_of(contest, "prelim"))
    with pytest.raises(RefusedList) as caught:
        close(contest, chair)
    assert [message for message in messages(caught) if "no longer a judge" in message]


def test_setting_aside_is_for_an_impartial_chair_with_a_reason_once(contest, chair):
    entry = make_accepted(contest)
    now = opening_of(contest, "prelim")

    def aside(actor=chair, reason="Chưa xác minh"):
        return set_aside(entry=entry, round_id="prelim", reason=reason, actor=actor, now=now)

    with pytest.raises(Refused, match="Only the head"):
        aside(actor=make_staff(contest, "secretary"))
    with pytest.raises(Refused, match="why"):
        aside(reason="")
    with pytest.raises(Refused, match="conflict of interest"):
        aside(actor=make_staff(contest, "chair", unit=entry.exemplar.unit))
    aside()
    with pytest.raises(Refused, match="already"):
        aside()
    assert db.session.scalar(select(func.count(SetAside.id))) == 1


def test_nobody_learns_from_the_list_who_would_advance_before_the_sheets_are_in(contest, chair):
    judges = make_panel(contest, size=2)
    entry = make_accepted(contest, verified=False)
    mark_all(entry, judges[:1], [95])
    check = check_closing(contest, "prelim", "A")
    assert not [message for message, _ in check.problems if "would advance" in message]


# The last round


def ranked(contest, chair, totals, *, panel_size=5):
    """Finalists whose five sheets all give one total, in a closed last round."""
    judges = make_panel(contest, "final", size=panel_size)
    entries = [make_finalist(contest) for _ in totals]
    for entry, total in zip(entries, totals, strict=True):
        mark_all(entry, judges, [total] * panel_size, "final")
    close(contest, chair, "final")
    return entries


def vote(contest, chair, groups, present=7):
    return record_council_ballot(
        contest=contest,
        category="A",
        groups=groups,
        present=present,
        note="Phiếu kín",
        actor=chair,
        now=opening_of(contest, "council"),
    )


def test_there_is_no_final_ranking_before_the_round_is_closed(contest, chair):
    judges = make_panel(contest, "final", size=5)
    mark_all(make_finalist(contest), judges, [80] * 5, "final")
    assert final_ranking(contest, "A") is None
    assert len(category_ranking(contest, "A").ranking) == 1


def test_a_tie_left_to_the_council_is_decided_by_its_ballot(contest, chair):
    a, b, c = ranked(contest, chair, [88, 88, 80])
    assert final_ranking(contest, "A").needs_ballot == (
        tuple(each.public_id for each in sorted((a, b), key=lambda entry: entry.blind_code)),
    )
    vote(contest, chair, [[b.blind_code], [a.blind_code]])
    ranking = final_ranking(contest, "A")
    assert ranking.places == {b.public_id: 1, a.public_id: 2, c.public_id: 3} and not ranking.needs_ballot
    vote(contest, chair, [[a.blind_code, b.blind_code]])  # the latest counts: found equal
    assert final_ranking(contest, "A").places == {a.public_id: 1, b.public_id: 1, c.public_id: 3}
    assert db.session.scalar(select(func.count(CouncilBallot.id))) == 2


def test_a_ballot_is_on_exactly_one_tie_by_an_impartial_chair_after_closing(contest, chair):
    a, b, c = ranked(contest, chair, [88, 88, 80])
    codes = [a.blind_code, b.blind_code]
    assert open_ties(contest, "A") == [frozenset(codes)]
    for groups in ([codes, [c.blind_code]], [[codes[0]]], [], [[]], [["XXXX"], codes], [codes, [codes[0]]]):
        with pytest.raises(Refused, match="one tie"):
            vote(contest, chair, groups)
    with pytest.raises(Refused, match="Only the head"):
        vote(contest, make_staff(contest, "organiser"), [codes])
    with pytest.raises(Refused, match="present"):
        vote(contest, chair, [codes], present=0)
    with pytest.raises(Refused, match="conflict of interest"):
        vote(contest, make_staff(contest, "chair", unit=a.exemplar.unit), [codes])
    assert db.session.scalar(select(func.count(CouncilBallot.id))) == 0


def test_a_ballot_waits_for_the_round_to_close(contest, chair):
    judges = make_panel(contest, "final", size=5)
    entries = [make_finalist(contest) for _ in range(2)]
    for entry in entries:
        mark_all(entry, judges, [80] * 5, "final")
    with pytest.raises(Refused, match="after the round"):
        vote(contest, chair, [[entry.blind_code] for entry in entries])


def test_places_close_up_when_a_finalist_falls_out_and_the_old_ballot_is_on_another_tie(contest, chair):
    a, b, c, d = ranked(contest, chair, [90, 88, 88, 80])
    vote(contest, chair, [[c.blind_code], [b.blind_code]])
    fall_out(entry=c, reason="Rút", actor=chair, now=opening_of(contest, "voting"))
    assert final_ranking(contest, "A").places == {a.public_id: 1, b.public_id: 2, d.public_id: 3}
    assert db.session.scalar(select(func.count(Advancement.id)).where(Advancement.fell_out_at.is_(None))) == 3


def test_codes_are_opened_once_scores_are_locked_and_it_is_recorded(contest, chair):
    entry = make_finalist(contest)
    organiser, secretary = make_staff(contest, "organiser"), make_staff(contest, "secretary")
    now = opening_of(contest, "council")
    asking = {"contest": contest, "category": "A", "reason": "Trước khi xét giải", "now": now}
    doing = {"contest": contest, "category": "A", "now": now}
    with pytest.raises(Refused, match="after the scores"):
        ask_to_open(**asking, actor=organiser)
    judges = make_panel(contest, "final", size=5)
    mark_all(entry, judges, [80] * 5, "final")
    close(contest, chair, "final")
    with pytest.raises(Conflict):  # nobody has asked
        open_codes(**doing, actor=chair)
    for person in (secretary, judges[0]):
        with pytest.raises(Refused, match="head of jury does this"):
            ask_to_open(**asking, actor=person)
    with pytest.raises(Refused, match="why"):
        ask_to_open(**asking | {"reason": " "}, actor=organiser)
    ask_to_open(**asking, actor=organiser)
    with pytest.raises(Refused, match="another person"):
        open_codes(**doing, actor=organiser)
    with pytest.raises(Refused, match="not been opened"):
        read_codes(**doing, actor=organiser)
    assert opened_categories(contest.id) == set()
    opening = open_codes(**doing, actor=chair)
    assert open_codes(**doing, actor=chair) is opening  # twice is once
    assert opened_categories(contest.id) == {"A"}
    (line,) = read_codes(**doing, actor=organiser)
    assert (line.code, line.public_id, line.author) == (entry.blind_code, entry.public_id, entry.author_name)
    read_codes(**doing, actor=chair)
    verbs = db.session.scalars(select(AuditRow.verb).where(AuditRow.verb.like("judging.%codes")).order_by(AuditRow.id))
    assert verbs.all() == ["judging.ask_to_open_codes", "judging.open_codes", *["judging.read_codes"] * 2]


def test_the_work_does_not_grow_with_the_entries(contest, query_counter):
    judges = make_panel(contest, size=3)
    counts = []
    for _ in range(2):
        for _ in range(5):
            mark_all(make_accepted(contest), judges[:2], [80, 82])
        db.session.flush()
        with query_counter() as counted:
            check_closing(contest, "prelim", "A")
        counts.append(counted.count)
    assert counts[0] == counts[1] <= 16
