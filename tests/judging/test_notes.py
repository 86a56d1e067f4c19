"""Notes beside the text: one's own, kept from two windows overwriting each other, and on nobody else's page."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from contest.core.db import db
from contest.core.errors import Conflict, NotFound, Refused
from contest.judging.models import MarginNote
from contest.judging.notes import MOST_NOTES, by_block, notes_of
from contest.judging.services import add_note, change_note, delete_note, record_conflict
from tests.factories import make_staff
from tests.factories.judging import finalise, give, make_accepted, opening_of


@pytest.fixture
def assignment(contest, judges):
    return give(make_accepted(contest), judges[0])


def now_of(assignment):
    return opening_of(assignment.entry.contest, "prelim")


def note(assignment, text="Số liệu ở đâu?", block=0, quote="", actor=None):
    return add_note(
        assignment=assignment,
        block=block,
        blocks=2,
        quote=quote,
        text=text,
        actor=actor or assignment.judge,
        now=now_of(assignment),
    )


def change(assignment, note_id, text, version, actor=None):
    return change_note(
        assignment=assignment,
        note_id=note_id,
        text=text,
        version=version,
        actor=actor or assignment.judge,
        now=now_of(assignment),
    )


def test_notes_stand_in_the_order_of_the_text(assignment):
    later, first, second = note(assignment, block=1), note(assignment, "Hay"), note(assignment, "Rất hay")
    assert notes_of(assignment) == [first, second, later]
    assert by_block(notes_of(assignment), 2) == {0: [first, second], 1: [later]}
    # A text that became shorter: what stood beside its end stands beside what is its end now.
    assert by_block(notes_of(assignment), 1) == {0: [first, second, later]}


def test_a_note_is_cleaned_and_its_quote_is_a_line(assignment):
    kept = note(assignment, "  Hay\u200b \r\n\r\n\r\n\r\nlắm ", quote=" chèo \n đò " + "a" * 400)
    assert kept.text == "Hay\n\nlắm" and kept.quote.startswith("chèo đò a") and len(kept.quote) == 300


@pytest.mark.parametrize("text", ["", " \n ", "a" * 2001])
def test_an_empty_or_endless_note_is_refused(assignment, text):
    with pytest.raises(Refused):
        note(assignment, text)
    kept = note(assignment)
    with pytest.raises(Refused):
        change(assignment, kept.public_id, text, 1)


@pytest.mark.parametrize("block", [-1, 2, 10**6])
def test_beside_a_passage_that_is_none_nothing_is_noted(assignment, block):
    with pytest.raises(NotFound):
        note(assignment, block=block)


def test_the_same_note_sent_twice_is_one_and_there_is_an_end_to_them(assignment):
    assert note(assignment) is note(assignment)
    for number in range(MOST_NOTES - 1):
        note(assignment, f"Ý {number}")
    with pytest.raises(Refused, match="at most"):
        note(assignment, "Một ý nữa")
    assert db.session.scalar(select(func.count(MarginNote.id))) == MOST_NOTES


def test_two_windows_do_not_overwrite_each_others_notes(assignment):
    kept = note(assignment)
    assert change(assignment, kept.public_id, "Đã rõ", 1).version == 2
    with pytest.raises(Conflict) as caught:
        change(assignment, kept.public_id, "Chưa rõ", 1)
    assert caught.value.params["version"] == 2 and kept.text == "Đã rõ"
    with pytest.raises(Conflict):
        delete_note(
            assignment=assignment, note_id=kept.public_id, version=1, actor=assignment.judge, now=now_of(assignment)
        )
    assert change(assignment, kept.public_id, "Đã rõ", 1) is kept, "the same words again are no conflict"
    delete_note(
        assignment=assignment, note_id=kept.public_id, version=2, actor=assignment.judge, now=now_of(assignment)
    )
    assert notes_of(assignment) == []


def test_nobody_elses_note_can_be_reached_whichever_assignment_is_named(contest, assignment, judges):
    kept = note(assignment)
    other = give(assignment.entry, judges[1])
    for through, actor in ((assignment, judges[1]), (other, judges[1]), (assignment, make_staff(contest, "chair"))):
        with pytest.raises(NotFound):
            change(through, kept.public_id, "Tôi đã xem", 1, actor)
    for note_id in ("", "x", "nosuchplace234", "a\x00b", "ă" * 14):
        with pytest.raises(NotFound):
            change(assignment, note_id, "Hay", 1)


def test_notes_may_be_written_after_the_sheet_is_final_but_not_once_one_stepped_back(contest, assignment):
    finalise(assignment, 86)
    note(assignment)
    chair = make_staff(contest, "chair")
    record_conflict(
        entry=assignment.entry, judge=assignment.judge, reason="Quen biết", actor=chair, now=now_of(assignment)
    )
    with pytest.raises(NotFound):
        note(assignment, "Thêm một ý")
