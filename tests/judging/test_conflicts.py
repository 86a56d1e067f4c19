"""Conflicts of interest hold on every path, from every source."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from contest.contests.models import RoleGrant
from contest.core.db import db
from contest.core.errors import Conflict, NotFound, Refused
from contest.judging.by_sheet import Change, change_assignments
from contest.judging.conflicts import conflicts_among, conflicts_of
from contest.judging.declarations import undeclared
from contest.judging.handover import preview
from contest.judging.joint import get_own_text
from contest.judging.joint_acts import open_reading
from contest.judging.models import Assignment, ConflictOfInterest, RoundClosing
from contest.judging.paper import get_paper
from contest.judging.queries import get_own_assignment, queue
from contest.judging.rounds import entry_state
from contest.judging.rules import RefusedList, names_a_relative, names_as_text
from contest.judging.services import (
    assign,
    assign_one,
    declare_conflict,
    declare_impartial,
    declare_many,
    end_seat,
    finalise_sheet,
    hand_over,
    lift_conflict,
    record_conflict,
    save_sheet,
    seat_judge,
)
from contest.outbox.models import Message
from tests.factories import make_officer, make_staff, make_unit, sign_in
from tests.factories.judging import (
    assignments_of,
    finalise,
    give,
    make_accepted,
    make_panel,
    mark_all,
    opening_of,
    spread_marks,
)
from tests.judging.test_panels import seat_of

SOURCES = [
    "own_entry",
    "own_unit",
    "exemplar_unit",
    "officer_of_author",
    "officer_of_exemplar",
    "relative",
    "relative_exemplar",
    "declared",
    "chair",
]

FOUND_AS = {
    "relative_exemplar": "relative",
    "officer_of_author": "own_unit",
    "officer_of_exemplar": "exemplar_unit",
}


def at(contest):
    return opening_of(contest, "prelim")


def grant_of(judge):
    return db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == judge.id)).one()


def bring_about(source, entry, judge):
    """Make the fact or the record that puts `judge` in conflict with `entry`."""
    grant = grant_of(judge)
    if source == "own_entry":
        entry.author = judge
    elif source == "own_unit":
        grant.unit = entry.author_unit = make_unit()
    elif source == "exemplar_unit":
        grant.unit = entry.exemplar.unit
    elif source == "officer_of_author":  # sees on the unit's desk which entries are by its people
        entry.author_unit = make_unit()
        make_officer(entry.author_unit, judge)
    elif source == "officer_of_exemplar":  # verifies the story
        make_officer(entry.exemplar.unit, judge)
    elif source == "relative":
        entry.author_name = "Nguyễn Thị Thu Hậu"
        grant.relatives = "Chồng: Trần Bình; em gái – NGUYEN THI THU HAU (giáo viên)"
    elif source == "relative_exemplar":
        entry.exemplar.name = "Trần Đình Sỹ"
        grant.relatives = "Bố đẻ: Trần Đình Sỹ"
    else:
        db.session.add(
            ConflictOfInterest(entry_id=entry.id, judge_id=judge.id, source=source, recorded_at=entry.created_at)
        )
    db.session.flush()


@pytest.fixture(params=SOURCES)
def source(request):
    return request.param


@pytest.fixture
def judges(contest):
    return make_panel(contest, size=4)


@pytest.fixture
def entry(contest):
    return make_accepted(contest)


def test_it_is_found_for_this_judge_and_this_entry_alone(contest, judges, entry, source):
    other = make_accepted(contest)
    bring_about(source, entry, judges[0])
    expected = FOUND_AS.get(source, source)
    assert conflicts_of(entry, judges[0].id) == {expected}
    assert conflicts_of(other, judges[0].id) == frozenset()
    assert set(conflicts_among(contest.id)) == {(entry.id, judges[0].id)}


def test_automatic_assignment(contest, judges, entry, source):
    bring_about(source, entry, judges[0])
    for seed in range(4):
        for assignment in assignments_of(entry):
            db.session.delete(assignment)
        assign(contest=contest, round_id="prelim", category="A", actor=None, now=at(contest), seed=seed)
        assert judges[0].id not in {each.judge_id for each in assignments_of(entry)}


def test_assignment_by_hand(judges, entry, source):
    bring_about(source, entry, judges[0])
    with pytest.raises(Refused, match="conflict of interest"):
        give(entry, judges[0])


def test_the_third_judge(contest, judges, entry, source):
    for judge in judges[1:]:
        give(make_accepted(contest), judge)  # the one in conflict would be the least loaded
    bring_about(source, entry, judges[0])
    mark_all(entry, judges[1:3], [86, 69])
    assert {each.judge_id for each in assignments_of(entry)} == {judge.id for judge in judges[1:]}


def test_coming_back_to_the_panel(contest, judges, entry, source):
    secretary = make_staff(contest, "secretary")
    mark_all(entry, judges[:2], [80, 82])
    end_seat(seat=seat_of(judges[0]), contest=contest, actor=secretary, now=at(contest))
    bring_about(source, entry, judges[0])
    seat_judge(contest=contest, round_id="prelim", category="A", judge=judges[0], actor=secretary, now=at(contest))
    assert [each.judge_id for each in assignments_of(entry)] == [judges[1].id]


def test_reading_and_writing_once_it_is_known(contest, judges, entry, source):
    assignment = give(entry, judges[0])
    other = give(make_accepted(contest), judges[0])
    bring_about(source, entry, judges[0])
    assert [task.public_id for task in queue(contest, "prelim", judges[0].id, at(contest))] == [other.public_id]
    with pytest.raises(NotFound):
        get_own_assignment(contest, assignment.public_id, judges[0].id, at(contest))
    marks = spread_marks(contest, 80)
    for verb in (save_sheet, finalise_sheet):
        with pytest.raises(NotFound):
            verb(assignment=assignment, marks=marks, comment="", version=0, actor=judges[0], now=at(contest))


def test_stepping_back_never_counts_as_zero(contest, judges, entry):
    mine, _ = mark_all(entry, judges[:2], [80, 82])
    declare_conflict(assignment=mine, reason="", actor=judges[0], now=at(contest))
    state = entry_state(entry, "prelim")
    assert state.result.total == 82 and not state.result.complete and state.lacking == 1
    finalise(give(entry, judges[2]), 84)
    assert entry_state(entry, "prelim").result.total == 83


def test_stepping_back_twice_is_once(contest, judges, entry):
    mine = give(entry, judges[0])
    for _ in range(2):
        declare_conflict(assignment=mine, reason="", actor=judges[0], now=at(contest))
    assert len(db.session.scalars(select(ConflictOfInterest)).all()) == 1


def test_a_closed_round_stays_as_it_was_counted(contest, judges, entry):
    chair = make_staff(contest, "chair")
    mine, _ = mark_all(entry, judges[:2], [80, 82])
    db.session.add(RoundClosing(contest_id=contest.id, round="prelim", category="A", by_id=chair.id, at=at(contest)))
    db.session.flush()
    with pytest.raises(Conflict, match="locked"):
        declare_conflict(assignment=mine, reason="", actor=judges[0], now=at(contest))
    record_conflict(entry=entry, judge=judges[0], reason="Biết muộn", actor=chair, now=at(contest))
    assert mine.standing and entry_state(entry, "prelim").result.total == 81
    assert conflicts_of(entry, judges[0].id) == {"chair"}  # and in force from here on


def test_a_record_needs_a_reason_and_can_be_lifted(contest, judges, entry):
    chair = make_staff(contest, "chair")
    mine = give(entry, judges[0])
    with pytest.raises(Refused, match="why"):
        record_conflict(entry=entry, judge=judges[0], reason=" ", actor=chair, now=at(contest))
    record_conflict(entry=entry, judge=judges[0], reason="Cùng cơ quan cũ", actor=chair, now=at(contest))
    assert not mine.standing
    conflict = db.session.scalars(select(ConflictOfInterest)).one()
    lift_conflict(conflict=conflict, actor=chair, now=at(contest))
    again = assign_one(entry=entry, round_id="prelim", judge=judges[0], actor=chair, now=at(contest))
    assert again is mine and mine.standing
    assert len(db.session.scalars(select(Assignment)).all()) == 1


@pytest.mark.parametrize(
    ("relatives", "name", "found"),
    [
        ("Nguyễn Văn An", "Nguyễn Văn An", True),
        ("vợ: Lê Thị Hoà, con: Nguyễn Minh", "Lê Thị Hòa", True),
        ("NGUYEN VAN AN", "Nguyễn Văn An", True),
        ("Nguyễn Văn Anh", "Nguyễn Văn An", False),
        ("Trần An", "An", False),
        ("", "Nguyễn Văn An", False),
        ("Nguyễn Văn An", "", False),
        ("Đỗ Đức Đạt\u200b", "Do Duc Dat", True),
    ],
)
def test_relatives_are_found_as_people_write_them(relatives, name, found):
    text = names_as_text(relatives)
    assert names_a_relative(text, [name]) is found


# Ways that came later: each holds against every source


def test_assignment_by_spreadsheet(contest, judges, entry, source):
    bring_about(source, entry, judges[0])
    secretary = make_staff(contest, "secretary")
    gives = [Change(entry.blind_code, judge.public_id, True) for judge in judges[:2]]
    with pytest.raises(RefusedList) as refused:
        change_assignments(
            contest=contest, round_id="prelim", category="A", changes=gives, actor=secretary, now=at(contest)
        )
    assert refused.value.problems
    assert assignments_of(entry) == []  # all or nothing


def test_handing_over(contest, judges, entry, source):
    give(entry, judges[1])
    bring_about(source, entry, judges[0])
    stamp = preview(contest, "judge", judges[1], judges[0]).stamp
    hand_over(
        contest=contest,
        role="judge",
        leaver=judges[1],
        successor=judges[0],
        reason="Nghỉ",
        stamp=stamp,
        actor=make_staff(contest, "organiser"),
        now=at(contest),
    )
    assert assignments_of(entry) == []
    assert entry_state(entry, "prelim").result.total is None


def test_declaring_saving_and_paper(contest, judges, entry, source):
    """What was assigned before the conflict was known is closed in every way."""
    assignment = assign_one(entry=entry, round_id="prelim", judge=judges[0], actor=judges[1], now=at(contest))
    secretary = make_staff(contest, "secretary")
    bring_about(source, entry, judges[0])
    db.session.expire_all()
    assert undeclared(contest, "prelim", judges[0].id, at(contest)) == []
    taken = declare_many(
        contest=contest, round_id="prelim", public_ids=[assignment.public_id], actor=judges[0], now=at(contest)
    )
    assert taken == []
    for actor in (judges[0], secretary):
        with pytest.raises(NotFound):
            declare_impartial(assignment=assignment, actor=actor, now=at(contest))
    with pytest.raises(NotFound):
        get_paper(contest, assignment.public_id, at(contest))
    assert assignment.impartial_at is None


def test_joint_reading(contest, judges, entry, source):
    bring_about(source, entry, judges[0])
    before = contest.rules.window("prelim").opens - timedelta(days=1)
    chair = make_staff(contest, "chair")
    reading = open_reading(
        contest=contest,
        round_id="prelim",
        category="A",
        codes=[entry.blind_code],
        leave_out=True,
        actor=chair,
        now=before,
    )
    [text] = reading.texts
    with pytest.raises(NotFound):
        get_own_text(contest, text.public_id, judges[0].id, undeclared=True)
    assert get_own_text(contest, text.public_id, judges[1].id, undeclared=True) is text


def test_stepping_back_or_being_recused_is_never_a_zero(contest, judges, entry):
    """The mean is of those who judge; one who left counts neither as nothing nor as naught."""
    chair = make_staff(contest, "chair")
    assignments = mark_all(entry, judges[:2], [80, 84])
    assert entry_state(entry, "prelim").result.total == 82
    record_conflict(entry=entry, judge=judges[0], reason="Quen", actor=chair, now=at(contest))
    state = entry_state(entry, "prelim")
    assert (len(state.given), state.lacking) == (1, 1)
    assert not state.result.complete
    finalise(give(entry, judges[2]), 88)
    assert entry_state(entry, "prelim").result.total == 86
    declare_conflict(assignment=assignments[1], reason="", actor=judges[1], now=at(contest))
    finalise(give(entry, judges[3]), 90)
    assert entry_state(entry, "prelim").result.total == 89


def test_a_recused_judge_is_not_told_and_finds_nothing(contest, judges, entry, client, clock):
    clock.instant = at(contest)
    assignment = give(entry, judges[0])
    sign_in(client, judges[0])
    before = db.session.scalars(select(Message.id).order_by(Message.id)).all()
    record_conflict(entry=entry, judge=judges[0], reason="Quen", actor=make_staff(contest, "chair"), now=at(contest))
    db.session.commit()
    assert db.session.scalars(select(Message.id).order_by(Message.id)).all() == before
    page = client.get(f"/cham/{contest.slug}").text
    assert entry.blind_code not in page and "Quen" not in page
    made_up = "z" * 14
    gone, never = (client.get(f"/cham/{contest.slug}/bai/{each}") for each in (assignment.public_id, made_up))
    assert gone.status_code == never.status_code == 404
    assert gone.text.replace(assignment.public_id, made_up) == never.text
