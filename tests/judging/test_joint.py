"""Joint reading: the same few entries, each judge on their own, apart from everything that counts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from sqlalchemy import select

from contest.audit.models import AuditRow
from contest.core.db import db
from contest.core.errors import Conflict, NotFound, Refused
from contest.judging import joint
from contest.judging.joint_acts import agree, begin, close_reading, leave, open_reading, save_joint
from contest.judging.joint_compare import compare, differences, numbers_of, to_talk_about
from contest.judging.models import ConflictOfInterest, JointReading, PanelSeat, TermsAcceptance
from contest.judging.queries import queue
from contest.judging.rounds import entry_results, entry_state, round_state
from contest.judging.services import end_seat, record_conflict, seat_judge
from contest.judging.sheets import BadMarks
from contest.outbox.models import Message
from tests.conftest import START
from tests.factories import make_contest, make_staff
from tests.factories.judging import (
    accept,
    give,
    make_accepted,
    make_panel,
    mark_all,
    opening_of,
    spread_marks,
)

BEFORE = timedelta(microseconds=1)


@pytest.fixture
def entries(contest):
    return [make_accepted(contest) for _ in range(3)]


def start(contest, entries, actor, *, leave_out=False, now=START, round_id="prelim", category="A"):
    return open_reading(
        contest=contest,
        round_id=round_id,
        category=category,
        codes=[entry.blind_code for entry in entries],
        leave_out=leave_out,
        actor=actor,
        now=now,
    )


def give_marks(reading, entry, judge, total, *, final=True, now=START, comment=""):
    contest = entry.contest
    text = next(text for text in reading.texts if text.entry_id == entry.id)
    sheet = begin(text=text, contest=contest, actor=judge, now=now)
    return save_joint(
        text=text,
        contest=contest,
        marks=spread_marks(contest, total),
        remarks={},
        comment=comment,
        version=sheet.version,
        actor=judge,
        now=now,
        final=final,
    )


def text_of(reading, entry):
    return next(text for text in reading.texts if text.entry_id == entry.id)


def refused(code, call, *args, **values):
    with pytest.raises(Refused) as caught:
        call(*args, **values)
    assert caught.value.code == code


# Opening


def test_judges_are_told_and_find_the_entries(contest, judges, chair, entries):
    reading = start(contest, entries[:2], chair)
    told = db.session.scalars(select(Message).where(Message.template == "joint_reading").order_by(Message.id)).all()
    assert {message.address for message in told} == {judge.email for judge in judges}
    assert all(entry.blind_code not in repr(message.params) for message in told for entry in entries)
    for judge in judges:
        [own] = joint.own_readings(contest, judge.id)
        assert own.reading.id == reading.id
        assert {each.line.entry_id for each in own.texts} == {entry.id for entry in entries[:2]}
        assert not own.may_compare
    row = db.session.scalars(select(AuditRow).where(AuditRow.verb == "judging.open_joint_reading")).one()
    assert row.details["entries"] == [entry.public_id for entry in entries[:2]]


def test_only_a_chair_or_an_organiser_chooses(contest, judges, entries):
    refused("not_allowed", start, contest, entries, judges[0])
    refused("not_allowed", start, contest, entries, make_staff(contest, "secretary"))
    assert start(contest, entries, make_staff(contest, "organiser")).texts


def test_it_opens_before_marking_does(contest, judges, chair, entries):
    opens = contest.rules.window("prelim").opens
    refused("joint_late", start, contest, entries, chair, now=opens)
    assert start(contest, entries, chair, now=opens - BEFORE)


@pytest.mark.parametrize("number", [0, 11])
def test_at_least_one_entry_and_at_most_ten(contest, judges, chair, number):
    refused("joint_number", start, contest, [make_accepted(contest) for _ in range(number)], chair)


def test_ten_entries_are_taken(contest, judges, chair):
    assert len(start(contest, [make_accepted(contest) for _ in range(10)], chair).texts) == 10


def test_entries_of_another_category_contest_or_state_are_refused(contest, judges, chair, entries):
    for other in (make_accepted(contest, "B"), make_accepted(make_contest(1)), make_accepted(contest)):
        if other.category == "A" and other.contest_id == contest.id:
            other.state = "refused"
            db.session.flush()
        refused("joint_entry", start, contest, [*entries, other], chair)


def test_one_reading_of_a_panel_at_a_time(contest, judges, chair, entries):
    reading = start(contest, entries[:1], chair)
    with pytest.raises(Conflict):
        start(contest, entries[1:], chair)
    close_reading(reading=reading, contest=contest, actor=chair, now=START)
    assert start(contest, entries[1:], chair)


def test_a_panel_of_one_reads_nothing_jointly(contest, chair, entries):
    make_panel(contest, size=1)
    refused("joint_panel", start, contest, entries, chair)


def test_an_entry_in_conflict_needs_the_judge_left_out(contest, judges, chair, entries):
    record_conflict(entry=entries[0], judge=judges[0], reason="Cùng cơ quan.", actor=chair, now=START)
    refused("joint_conflict", start, contest, entries, chair)
    reading = start(contest, entries, chair, leave_out=True)
    [own] = joint.own_readings(contest, judges[0].id)
    assert {each.line.entry_id for each in own.texts} == {entries[1].id, entries[2].id}
    with pytest.raises(NotFound):
        joint.get_own_text(contest, text_of(reading, entries[0]).public_id, judges[0].id, undeclared=True)
    with pytest.raises(NotFound):
        give_marks(reading, entries[0], judges[0], 50)
    assert give_marks(reading, entries[0], judges[1], 50)


def test_at_least_two_read_each_entry(contest, judges, chair, entries):
    for judge in judges[:2]:
        record_conflict(entry=entries[0], judge=judge, reason="Cùng cơ quan.", actor=chair, now=START)
    refused("joint_readers", start, contest, entries, chair, leave_out=True)


def test_who_has_a_conflict_does_not_choose_the_entry(contest, judges, chair, entries):
    record_conflict(entry=entries[0], judge=chair, reason="Người quen.", actor=chair, now=START)
    refused("conflict_of_interest", start, contest, entries, chair, leave_out=True)


def test_a_draw_leaves_conflicts_out(contest, judges, chair, entries):
    record_conflict(entry=entries[0], judge=judges[2], reason="Cùng cơ quan.", actor=chair, now=START)
    record_conflict(entry=entries[1], judge=chair, reason="Người quen.", actor=chair, now=START)
    assert joint.draw(contest, "prelim", "A", 5, for_id=chair.id) == [entries[2].blind_code]


# Marking


def test_a_text_opens_once_the_judge_has_declared(contest, judges, chair, entries):
    text = text_of(start(contest, entries, chair), entries[0])
    with pytest.raises(NotFound):
        joint.get_own_text(contest, text.public_id, judges[0].id)
    begin(text=text, contest=contest, actor=judges[0], now=START)
    assert joint.get_own_text(contest, text.public_id, judges[0].id) is text


def test_whoever_has_not_accepted_the_terms_opens_nothing(contest, judges, chair, entries):
    text = text_of(start(contest, entries, chair), entries[0])
    begin(text=text, contest=contest, actor=judges[0], now=START)
    for row in db.session.scalars(select(TermsAcceptance).where(TermsAcceptance.judge_id == judges[0].id)):
        db.session.delete(row)
    db.session.flush()
    with pytest.raises(NotFound):
        joint.get_own_text(contest, text.public_id, judges[0].id)
    accept(contest, judges[0])
    assert joint.get_own_text(contest, text.public_id, judges[0].id)


def test_others_open_nothing(contest, judges, chair, entries):
    reading = start(contest, entries, chair)
    text = text_of(reading, entries[0])
    stranger = make_staff(contest, "judge")
    accept(contest, stranger)
    accept(contest, chair)
    for person in (stranger, chair):
        with pytest.raises(NotFound):
            joint.get_own_text(contest, text.public_id, person.id, undeclared=True)
    # A seat that ended, a role that ended, an entry that left the contest.
    seat = db.session.scalars(select(PanelSeat).where(PanelSeat.judge_id == judges[0].id)).one()
    end_seat(seat=seat, contest=contest, actor=chair, now=START)
    with pytest.raises(NotFound):
        joint.get_own_text(contest, text.public_id, judges[0].id, undeclared=True)
    assert joint.own_readings(contest, judges[0].id) == []
    entries[0].state = "refused"
    db.session.flush()
    with pytest.raises(NotFound):
        joint.get_own_text(contest, text.public_id, judges[1].id, undeclared=True)


def test_stepping_back_is_a_conflict_everywhere(contest, judges, chair, entries):
    text = text_of(start(contest, entries, chair), entries[0])
    leave(text=text, contest=contest, reason="Tôi là người biên tập.", actor=judges[0], now=START)
    conflict = db.session.scalars(select(ConflictOfInterest)).one()
    assert (conflict.judge_id, conflict.source) == (judges[0].id, "declared")
    with pytest.raises(NotFound):
        joint.get_own_text(contest, text.public_id, judges[0].id, undeclared=True)


def test_two_windows_never_overwrite_each_other(contest, judges, chair, entries):
    text = text_of(start(contest, entries, chair), entries[0])
    begin(text=text, contest=contest, actor=judges[0], now=START)
    save = {"text": text, "contest": contest, "remarks": {}, "comment": "", "actor": judges[0], "now": START}
    first = save_joint(**save, marks={"C1": Decimal(10)}, version=0)
    assert first.version == 1
    with pytest.raises(Conflict):
        save_joint(**save, marks={"C1": Decimal(11)}, version=0)
    assert save_joint(**save, marks={"C1": Decimal(10)}, version=0).version == 1  # the same, sent again
    assert joint.marks_of(first) == {"C1": Decimal(10)}


def test_marks_keep_to_the_rubric(contest, judges, chair, entries):
    reading = start(contest, entries, chair)
    text = text_of(reading, entries[0])
    begin(text=text, contest=contest, actor=judges[0], now=START)
    values = {
        "text": text,
        "contest": contest,
        "remarks": {},
        "comment": "",
        "version": 0,
        "actor": judges[0],
        "now": START,
    }
    for mark in (Decimal("20.5"), Decimal("0.25"), Decimal(-1)):
        with pytest.raises(BadMarks):
            save_joint(**values, marks={"C1": mark})
    with pytest.raises(BadMarks):
        save_joint(**values, marks={"C1": Decimal(20)}, final=True)
    sheet = give_marks(reading, entries[0], judges[0], 77)
    assert sheet.final_at == START
    with pytest.raises(Conflict):
        save_joint(**{**values, "version": sheet.version}, marks={"C1": Decimal(0)})


def test_marks_are_given_until_it_is_closed_or_marking_opens(contest, judges, chair, entries):
    reading = start(contest, entries, chair)
    opens = contest.rules.window("prelim").opens
    assert give_marks(reading, entries[0], judges[0], 60, now=opens - BEFORE)
    refused("joint_late", give_marks, reading, entries[1], judges[0], 60, now=opens)
    assert not joint.is_writable(contest, reading, opens)
    close_reading(reading=reading, contest=contest, actor=chair, now=START)
    with pytest.raises(Conflict):
        give_marks(reading, entries[2], judges[0], 60)


# It never counts


def test_nothing_that_counts_changes(contest, judges, chair, entries):
    """Totals, gaps, rankings, queues and figures are the same to the last digit with a joint reading and without."""
    for entry in entries:
        for judge in judges[:2]:
            give(entry, judge)
    now = opening_of(contest, "prelim") + timedelta(hours=1)

    def figures():
        db.session.flush()
        db.session.expire_all()
        return (
            repr(round_state(contest, "prelim", "A")),
            repr(entry_results(contest, "prelim", "A")),
            [repr(queue(contest, "prelim", judge.id, now)) for judge in judges],
        )

    before = figures()
    reading = start(contest, entries, chair)
    for place, judge in enumerate(judges):
        for entry in entries:
            give_marks(reading, entry, judge, 20 + 30 * place)
    assert figures() == before
    close_reading(reading=reading, contest=contest, actor=chair, now=START)
    agree(reading=reading, contest=contest, notes="Chi tiết thật hơn lời hay.", actor=chair, now=START)
    assert figures() == before
    state = entry_state(entries[0], "prelim")
    assert state.sheets == () and not state.result.complete


def test_the_ordinary_sheets_come_later(contest, judges, chair, entries):
    reading = start(contest, entries, chair)
    for judge in judges:
        give_marks(reading, entries[0], judge, 10)
    close_reading(reading=reading, contest=contest, actor=chair, now=START)
    mark_all(entries[0], judges[:2], [80, 82])
    assert entry_state(entries[0], "prelim").result.total == Fraction(81)


# The differences


def all_marked(contest, judges, chair, entries):
    reading = start(contest, entries[:2], chair)
    give_marks(reading, entries[0], judges[0], 90, comment="Rất xúc động.")
    give_marks(reading, entries[0], judges[1], 40)
    give_marks(reading, entries[0], judges[2], 60, final=False)
    give_marks(reading, entries[1], judges[1], 70)
    give_marks(reading, entries[1], judges[2], 70)
    return reading


def test_nobody_sees_anything_before_it_is_closed(contest, judges, chair, entries):
    reading = all_marked(contest, judges, chair, entries)
    for person in (*judges, chair):
        with pytest.raises(NotFound):
            compare(contest, reading, person)


def test_afterwards_each_sees_what_they_finished_themselves(contest, judges, chair, entries):
    reading = all_marked(contest, judges, chair, entries)
    close_reading(reading=reading, contest=contest, actor=chair, now=START)
    shown = {judge.id: {each.line.entry_id for each in compare(contest, reading, judge)} for judge in judges}
    assert shown[judges[0].id] == {entries[0].id}
    assert shown[judges[1].id] == {entries[0].id, entries[1].id}
    assert shown[judges[2].id] == {entries[1].id}  # the other sheet was not final
    [first] = compare(contest, reading, judges[0])
    assert sorted(voice.total for voice in first.voices) == [40, 90]
    assert [voice.own for voice in first.voices].count(True) == 1
    # A head of jury without a seat leads the talk and sees all; strangers nothing.
    assert len(compare(contest, reading, chair)) == 2
    with pytest.raises(NotFound):
        compare(contest, reading, make_staff(contest, "judge"))


def test_an_entry_that_nobody_finished_is_not_compared(contest, judges, chair, entries):
    reading = start(contest, entries, chair)
    give_marks(reading, entries[0], judges[0], 60, final=False)
    close_reading(reading=reading, contest=contest, actor=chair, now=START)
    assert compare(contest, reading, chair) == []


def test_a_seated_head_of_jury_has_no_privilege(contest, judges, chair, entries):
    seat_judge(contest=contest, round_id="prelim", category="A", judge=chair, actor=None, now=START)
    reading = all_marked(contest, judges, chair, entries)
    close_reading(reading=reading, contest=contest, actor=chair, now=START)
    assert compare(contest, reading, chair) == []


def test_a_conflict_found_late_hides_the_entry_and_takes_the_marks_out(contest, judges, chair, entries):
    reading = all_marked(contest, judges, chair, entries)
    close_reading(reading=reading, contest=contest, actor=chair, now=START)
    record_conflict(entry=entries[0], judge=judges[0], reason="Cùng cơ quan.", actor=judges[0], now=START)
    assert compare(contest, reading, judges[0]) == []
    entry = next(each for each in compare(contest, reading, judges[1]) if each.line.entry_id == entries[0].id)
    assert [voice.total for voice in entry.voices] == [40]


def test_what_to_talk_about_first_is_the_widest(contest, judges, chair, entries):
    reading = all_marked(contest, judges, chair, entries)
    close_reading(reading=reading, contest=contest, actor=chair, now=START)
    rubric = contest.rules.rubric
    shown = compare(contest, reading, chair)
    first = to_talk_about(shown, rubric)
    assert first and all(each.code == entries[0].blind_code for each in first)
    assert [each.share for each in first] == sorted((each.share for each in first), reverse=True)
    lines = differences(next(each for each in shown if each.line.entry_id == entries[1].id), rubric)
    assert len(lines) == len(rubric.criteria) and all(line.low == line.mean == line.high for line in lines)


def test_numbers_do_not_follow_any_order(contest, judges, chair, entries):
    reading = all_marked(contest, judges, chair, entries)
    assert sorted(numbers_of(reading, judges).values()) == [1, 2, 3]
    lots = [numbers_of(JointReading(public_id=letter * 14), judges) for letter in "abcdefghijkm"]
    assert len({tuple(lot[judge.id] for judge in judges) for lot in lots}) > 1


# Closing and what was agreed


def test_the_head_of_jury_closes_and_records(contest, judges, chair, entries):
    reading = start(contest, entries, chair)
    organiser = make_staff(contest, "organiser")
    refused("not_allowed", close_reading, reading=reading, contest=contest, actor=organiser, now=START)
    refused("joint_open", agree, reading=reading, contest=contest, notes="…", actor=chair, now=START)
    close_reading(reading=reading, contest=contest, actor=chair, now=START)
    close_reading(reading=reading, contest=contest, actor=chair, now=START + timedelta(hours=1))
    assert reading.closed_at == START
    refused("not_allowed", agree, reading=reading, contest=contest, notes="…", actor=judges[0], now=START)
    assert joint.agreed_notes(contest, "prelim", {"A"}) == []
    agree(reading=reading, contest=contest, notes="Chi tiết thật hơn lời hay.", actor=chair, now=START)
    agree(reading=reading, contest=contest, notes="Chi tiết thật là chính.", actor=chair, now=START)
    assert [each.agreed for each in joint.agreed_notes(contest, "prelim", {"A"})] == ["Chi tiết thật là chính."]
    assert joint.agreed_notes(contest, "prelim", {"B"}) == []
    rows = db.session.scalars(
        select(AuditRow).where(AuditRow.verb == "judging.agree_on_joint_reading").order_by(AuditRow.id)
    ).all()
    assert [row.details["before"] for row in rows] == ["", "Chi tiết thật hơn lời hay."]


def test_progress_counts_and_tells_no_mark(contest, judges, chair, entries):
    reading = all_marked(contest, judges, chair, entries)
    lines = {line.code: line for line in joint.progress(contest, reading)}
    assert (lines[entries[0].blind_code].final, lines[entries[0].blind_code].readers) == (2, 3)


def test_a_judges_list_asks_the_same_for_one_text_and_for_ten(contest, judges, chair, query_counter):
    reading = start(contest, [make_accepted(contest)], chair)
    db.session.expire_all()
    with query_counter() as few:
        joint.own_readings(contest, judges[0].id)
    close_reading(reading=reading, contest=contest, actor=chair, now=START)
    start(contest, [make_accepted(contest) for _ in range(10)], chair)
    db.session.expire_all()
    with query_counter() as more:
        joint.own_readings(contest, judges[0].id)
    assert more.count <= few.count
