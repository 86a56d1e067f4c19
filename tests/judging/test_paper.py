"""Paper score sheets: two people type, neither sees the other's, and only what both agree on counts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.models import AuditRow
from contest.contests.ruleset.parts import CommentRule
from contest.core.db import db
from contest.core.errors import NotFound, Refused
from contest.judging import paper
from contest.judging.models import Assignment, PaperSheet, RoundClosing, SheetRevision, TermsAcceptance
from contest.judging.paper import Typed, differences, get_paper, key_in, settle, start_again
from contest.judging.paper_lists import by_judge, find_lines, paper_lines, printable, sheet_code
from contest.judging.reopening import undo, unlock
from contest.judging.rounds import entry_state
from contest.judging.services import assign_one, record_conflict, save_sheet
from contest.judging.sheets import BadMarks, find_sheet, marks_of
from contest.outbox.models import Message
from tests.factories import make_contest, make_staff
from tests.factories.judging import finalise, give, make_accepted, opening_of, spread_marks
from tests.judging.test_together import together

BEFORE = timedelta(microseconds=1)


@pytest.fixture
def staff(contest):
    return [make_staff(contest, role) for role in ("secretary", "secretary", "organiser")]


@pytest.fixture
def assignment(contest, judges, now):
    """Assigned and not yet declared on: the declaration is on the paper."""
    return assign_one(entry=make_accepted(contest), round_id="prelim", judge=judges[0], actor=judges[0], now=now)


def type_in(assignment, actor, total=80, *, now=None, done=True, version=None, signed=True, comment="", **marks):
    contest = assignment.entry.contest
    row = paper.find_paper(assignment)
    values = spread_marks(contest, total) | {criterion: Decimal(str(mark)) for criterion, mark in marks.items()}
    return key_in(
        assignment=assignment,
        marks=values,
        remarks={},
        comment=comment,
        signed=signed,
        done=done,
        version=version if version is not None else (row.version if row else 0),
        actor=actor,
        now=now or opening_of(contest, assignment.round),
    )


def state(assignment):
    sheet = find_sheet(assignment)
    return paper.state_of(paper.find_paper(assignment), sheet.state if sheet else None)


def part(assignment, actor):
    return paper.part_of(paper.find_paper(assignment), state(assignment), actor.id)


def refused(code, call, *args, **values):
    with pytest.raises(Refused) as caught:
        call(*args, **values)
    assert caught.value.code == code


# Agreement


def test_what_two_people_agree_on_becomes_the_judges_final_sheet(assignment, staff, judges, now):
    first, second, _ = staff
    assert (state(assignment), part(assignment, first)) == ("none", "first")
    type_in(assignment, first, comment="Viết chắc tay.")
    assert (state(assignment), part(assignment, first), part(assignment, second)) == ("once", "wait", "second")
    assert entry_state(assignment.entry, "prelim").sheets == ()
    type_in(assignment, second, comment="viết chắc  tay")
    assert state(assignment) == "taken"
    revision = db.session.scalars(select(SheetRevision)).one()
    assert (revision.total, revision.source, revision.keyed_by_id) == (80, "paper", first.id)
    assert revision.comment == "Viết chắc tay."
    assert assignment.impartial_by_id == second.id and assignment.impartial_at == now
    assert len(entry_state(assignment.entry, "prelim").sheets) == 1


def test_the_judge_is_told_once_for_all_of_a_quarter_of_an_hour(contest, assignment, staff, judges, now):
    more = [
        assign_one(entry=make_accepted(contest), round_id="prelim", judge=judges[0], actor=judges[0], now=now)
        for _ in range(2)
    ]
    for each in (assignment, *more):
        type_in(each, staff[0])
        type_in(each, staff[1])
    [message] = db.session.scalars(select(Message).where(Message.template == "paper_taken"))
    assert (message.address, message.params["given"]) == (judges[0].email, 3)
    assert message.next_try_at > now
    assert "80" not in repr(message.params) and assignment.entry.blind_code not in repr(message.params)


def test_each_typing_is_on_record(assignment, staff):
    type_in(assignment, staff[0])
    type_in(assignment, staff[1])
    rows = db.session.scalars(select(AuditRow).where(AuditRow.verb == "judging.key_paper").order_by(AuditRow.id)).all()
    assert [(row.actor, row.details["part"]) for row in rows] == [
        (staff[0].public_id, "first"),
        (staff[1].public_id, "second"),
    ]


def test_the_first_is_never_the_second(assignment, staff):
    type_in(assignment, staff[0])
    refused("paper_in_hand", type_in, assignment, staff[0])
    assert state(assignment) == "once"
    assert db.session.scalars(select(SheetRevision)).all() == []


@pytest.mark.parametrize("role", ["judge", "chair", "author"])
def test_others_type_nothing_in(contest, assignment, role):
    person = assignment.entry.author if role == "author" else make_staff(contest, role)
    with pytest.raises(NotFound):
        type_in(assignment, person)
    with pytest.raises(NotFound):
        type_in(assignment, assignment.judge)
    with pytest.raises(NotFound):
        type_in(assignment, make_staff(make_contest(1), "secretary"))


# Work in progress


def test_unfinished_work_is_kept_and_nobody_types_over_it(assignment, staff):
    first, second, _ = staff
    type_in(assignment, first, 40, done=False, signed=False)
    assert (state(assignment), part(assignment, first), part(assignment, second)) == ("begun", "first", "others")
    refused("paper_in_hand", type_in, assignment, second)
    assert Typed.read(paper.find_paper(assignment).first).marks == spread_marks(assignment.entry.contest, 40)
    type_in(assignment, first, 80)
    type_in(assignment, second, 30, done=False)
    assert state(assignment) == "again"
    assert part(assignment, staff[2]) == "others"
    type_in(assignment, second, 80)
    assert state(assignment) == "taken"


def test_two_windows_of_the_first_do_not_overwrite_each_other(assignment, staff):
    type_in(assignment, staff[0], 40, done=False)
    type_in(assignment, staff[0], 50, done=False, version=1)
    refused("sheet_changed", type_in, assignment, staff[0], 60, done=False, version=1)
    assert type_in(assignment, staff[0], 50, done=False, version=1).version == 2  # the same, sent again


def test_somebody_else_may_begin_anew_what_was_left(assignment, staff):
    first, second, third = staff
    type_in(assignment, first, 40, done=False)
    start_again(assignment=assignment, version=1, actor=second, now=opening_of(assignment.entry.contest, "prelim"))
    assert (state(assignment), part(assignment, second)) == ("none", "first")
    type_in(assignment, second)
    row = type_in(assignment, third, 30, done=False)
    start_again(assignment=assignment, version=row.version, actor=first, now=row.second_at)
    assert (state(assignment), part(assignment, first)) == ("once", "second")
    rows = db.session.scalars(select(AuditRow).where(AuditRow.verb == "judging.restart_paper")).all()
    assert len(rows) == 2 and rows[0].details["first"]["marks"]


def test_what_was_typed_once_and_done_is_not_put_aside(assignment, staff, now):
    type_in(assignment, staff[0])
    start_again(assignment=assignment, version=1, actor=staff[1], now=now)
    assert state(assignment) == "once"


# Differences


def differ(assignment, staff):
    type_in(assignment, staff[0], comment="Rất hay.")
    return type_in(assignment, staff[1], C1=19, comment="Rất hay")


def test_a_difference_is_shown_to_the_two_and_nothing_counts(assignment, staff):
    differ(assignment, staff)
    assert state(assignment) == "differs"
    assert [part(assignment, each) for each in staff] == ["settle", "settle", "others"]
    assert db.session.scalars(select(SheetRevision)).all() == []
    row = paper.find_paper(assignment)
    [found] = differences(Typed.read(row.first), Typed.read(row.second), assignment.entry.contest.rules.rubric)
    assert (found.key, found.first, found.second) == ("mark-C1", 20, 19)


@pytest.mark.parametrize(("chosen", "total"), [("first", 80), ("second", 79)])
def test_either_of_the_two_says_what_stands_on_the_paper(assignment, staff, now, chosen, total):
    row = differ(assignment, staff)
    refused(
        "paper_in_hand",
        settle,
        assignment=assignment,
        choices={"mark-C1": chosen},
        version=row.version,
        actor=staff[2],
        now=now,
    )
    values = {"assignment": assignment, "version": row.version, "actor": staff[0], "now": now}
    refused("paper_undecided", settle, **values, choices={})
    refused("paper_undecided", settle, **values, choices={"mark-C1": "third"})
    revision = settle(**values, choices={"mark-C1": chosen})
    assert revision.total == total and state(assignment) == "taken"
    audit = db.session.scalars(select(AuditRow).where(AuditRow.verb == "judging.settle_paper")).one()
    assert audit.details["differences"] == [{"what": "mark-C1", "first": "20", "second": "19", "chosen": chosen}]


def test_a_page_of_differences_that_is_old_settles_nothing(assignment, staff, now):
    row = differ(assignment, staff)
    old = row.version
    start_again(assignment=assignment, version=old, actor=staff[0], now=now)
    type_in(assignment, staff[0], 70)
    type_in(assignment, staff[1], C2=3)
    refused(
        "sheet_changed",
        settle,
        assignment=assignment,
        choices={"mark-C1": "first", "mark-C2": "first"},
        version=old + 7,
        actor=staff[0],
        now=now,
    )


def test_words_differ_as_words():
    rubric = type("R", (), {"criteria": ()})

    def same(first, second):
        return not differences(Typed(comment=first), Typed(comment=second), rubric)

    assert same("Viết hay, thật.", "viết  hay thật")
    assert not same("Viết hay", "Viết hãy")
    assert not same("Hay", "")
    assert same("", "…")


# The rules of sheets hold


def test_the_first_typing_falls_within_the_marking(contest, assignment, staff):
    window = contest.rules.window("prelim")
    with pytest.raises(NotFound):  # the round has not begun
        type_in(assignment, staff[0], now=window.opens - BEFORE)
    refused("marking_closed", type_in, assignment, staff[0], now=window.closes)
    type_in(assignment, staff[0], now=window.closes - BEFORE)
    type_in(assignment, staff[1], now=window.closes + timedelta(days=1))
    assert state(assignment) == "taken"


def test_nothing_after_the_round_is_closed(contest, assignment, staff, now):
    type_in(assignment, staff[0])
    db.session.add(RoundClosing(contest_id=contest.id, round="prelim", category="A", by_id=staff[2].id, at=now))
    db.session.flush()
    refused("round_closed", type_in, assignment, staff[1])
    refused("round_closed", type_in, assignment, staff[1], done=False)


@pytest.mark.parametrize("mark", ["20.5", "0.25", "-1", "0.001"])
def test_marks_keep_to_maximum_and_step(assignment, staff, mark):
    with pytest.raises(BadMarks):
        type_in(assignment, staff[0], done=False, C1=mark)


def test_every_criterion_and_a_signed_declaration(contest, assignment, staff, now):
    values = {
        "assignment": assignment,
        "remarks": {},
        "comment": "",
        "version": 0,
        "actor": staff[0],
        "now": now,
        "done": True,
    }
    with pytest.raises(BadMarks):
        key_in(**values, marks={"C1": Decimal(5)}, signed=True)
    refused("paper_unsigned", key_in, **values, marks=spread_marks(contest, 80), signed=False)
    assert paper.find_paper(assignment) is None


def test_remarks_that_the_rules_ask_for(contest, assignment, staff, now):
    rubric = contest.rules.rubric
    first = rubric.criteria[0]
    asked = first.model_copy(update={"comment": CommentRule(always=True)})
    object.__setattr__(rubric, "criteria", (asked, *rubric.criteria[1:]))
    try:
        with pytest.raises(BadMarks) as caught:
            type_in(assignment, staff[0])
        assert [problem.criterion for problem in caught.value.remarks] == [first.id]
    finally:
        object.__setattr__(rubric, "criteria", (first, *rubric.criteria[1:]))


def test_a_judge_in_conflict_has_no_paper_sheet(contest, assignment, staff, now):
    assert get_paper(contest, assignment.public_id, now) is assignment
    record_conflict(entry=assignment.entry, judge=assignment.judge, reason="Cùng cơ quan.", actor=staff[2], now=now)
    with pytest.raises(NotFound):
        get_paper(contest, assignment.public_id, now)
    with pytest.raises(NotFound):
        type_in(assignment, staff[0])


def test_the_terms_come_first(contest, assignment, staff):
    for row in db.session.scalars(select(TermsAcceptance)):
        db.session.delete(row)
    db.session.flush()
    type_in(assignment, staff[0], done=False)
    refused("terms_missing", type_in, assignment, staff[0])


def test_what_is_final_on_screen_is_not_typed_in(assignment, staff):
    finalise(assignment, 50)
    assert state(assignment) == "screen"
    refused("sheet_final", type_in, assignment, staff[0])


def test_the_paper_replaces_what_was_begun_on_screen(contest, judges, staff, now):
    assignment = give(make_accepted(contest), judges[0])
    save_sheet(assignment=assignment, marks={"C1": Decimal(3)}, comment="nháp", version=0, actor=judges[0], now=now)
    type_in(assignment, staff[0])
    type_in(assignment, staff[1])
    sheet = find_sheet(assignment)
    assert marks_of(sheet) == spread_marks(contest, 80) and sheet.comment == ""


def test_a_sheet_that_is_opened_again_takes_a_new_paper(contest, assignment, staff, now):
    type_in(assignment, staff[0])
    type_in(assignment, staff[1])
    chair = make_staff(contest, "chair")
    db.session.refresh(assignment)
    unlock(assignment=assignment, reason="Ghi nhầm cột.", actor=chair, now=now)
    assert (state(assignment), part(assignment, staff[1])) == ("none", "first")
    later = contest.rules.window("prelim").closes + timedelta(hours=1)
    type_in(assignment, staff[1], 60, now=later)
    assert state(assignment) == "once"
    type_in(assignment, staff[0], 60, now=later)
    assert state(assignment) == "taken"
    assert [each.total for each in find_sheet(assignment).revisions] == [80, 60]


def test_what_two_people_typed_is_not_undone_by_the_judge(assignment, staff, now):
    type_in(assignment, staff[0])
    type_in(assignment, staff[1])
    db.session.refresh(assignment)
    with pytest.raises(Refused):
        undo(assignment=assignment, revision=1, actor=assignment.judge, now=now)
    assert state(assignment) == "taken"


# Lists and printing


def test_lists_say_where_each_sheet_is_and_no_mark(contest, judges, staff, now):
    given = [
        assign_one(entry=make_accepted(contest), round_id="prelim", judge=judges[0], actor=judges[0], now=now)
        for _ in range(4)
    ]
    type_in(given[1], staff[0])
    differ(given[2], staff)
    type_in(given[3], staff[0])
    type_in(given[3], staff[1])
    lines = {line.public_id: line for line in paper_lines(contest, staff[0].id)}
    assert [lines[each.public_id].state for each in given] == ["none", "once", "differs", "taken"]
    assert lines[given[1].public_id].first_by == staff[0].name
    assert len(printable(lines.values())) == 3
    [line] = by_judge(contest, "prelim")
    assert (line.given, line.final) == (4, 1)
    assert (line.states["once"], line.states["differs"], line.states["taken"]) == (1, 1, 1)


def test_a_sheet_is_found_by_its_code_or_its_entrys(contest, assignment, judges, staff, now):
    other = assign_one(entry=assignment.entry, round_id="prelim", judge=judges[1], actor=judges[0], now=now)
    code = sheet_code(assignment.public_id)
    assert [line.public_id for line in find_lines(contest, staff[0].id, f" {code.lower()} ")] == [assignment.public_id]
    both = find_lines(contest, staff[0].id, assignment.entry.blind_code)
    assert {line.public_id for line in both} == {assignment.public_id, other.public_id}
    for wrong in ("", "ABC", "%%%%%%%%", "\x00" * 8, "____-____", "x" * 400):
        assert find_lines(contest, staff[0].id, wrong) is None
    assert find_lines(make_contest(1), staff[0].id, code) == []


def test_lists_leave_conflicts_and_other_contests_out(contest, assignment, staff, now):
    assert paper_lines(make_contest(1), staff[0].id) == []
    author = assignment.entry.author
    assignment.entry.author = assignment.judge  # a conflict by fact, with which the assignment still stands
    db.session.flush()
    assert paper_lines(contest, staff[0].id) == []
    assignment.entry.author = author
    record_conflict(entry=assignment.entry, judge=assignment.judge, reason="Cùng cơ quan.", actor=staff[2], now=now)
    assert paper_lines(contest, staff[0].id) == []


def test_lists_ask_the_same_for_one_row_and_for_many(contest, judges, staff, now, query_counter):
    def rows(number):
        for _ in range(number):
            each = assign_one(
                entry=make_accepted(contest), round_id="prelim", judge=judges[0], actor=judges[0], now=now
            )
            type_in(each, staff[0])
        db.session.flush()
        db.session.expire_all()
        contest.rules, contest.id, staff[0].id
        with query_counter() as counted:
            paper_lines(contest, staff[0].id)
            by_judge(contest, "prelim")
        return counted.count

    few = rows(1)
    assert rows(8) <= few


def test_only_one_row_however_often_it_is_typed(assignment, staff):
    type_in(assignment, staff[0], done=False)
    type_in(assignment, staff[0], 60, done=False)
    assert len(db.session.scalars(select(PaperSheet)).all()) == 1


def test_many_who_begin_at_once_leave_one_first_and_one_sheet(app, assignment, staff):
    """Each types in its own transaction; whoever comes second is told, and nothing is typed over."""
    assignment_id, people = assignment.id, [person.id for person in staff]
    db.session.commit()

    def begin(number):
        def verb():
            held = db.session.get_one(Assignment, assignment_id)
            person = db.session.get_one(User, people[number % 3])
            type_in(held, person, 40 + number, done=False, version=0)
            return "typed"

        return verb

    told = together(app, [begin(number) for number in range(12)])
    assert told.count("typed") == 1
    assert set(told) <= {"typed", "paper_in_hand", "sheet_changed"}
    row = db.session.scalars(select(PaperSheet)).one()
    assert row.version == 1 and row.second is None
