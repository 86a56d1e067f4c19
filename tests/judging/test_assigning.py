"""Assignment as a service: seats and limits, what stays, who may plan what, the same by spreadsheet."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from contest.audit.models import AuditRow
from contest.core.db import db
from contest.core.errors import Conflict, Refused
from contest.judging import by_sheet
from contest.judging.by_sheet import (
    Change,
    change_assignments,
    check_changes,
    grid,
    headings_of,
    pack,
    panel_of,
    read_grid,
    unpack,
)
from contest.judging.models import Assignment, PanelSeat
from contest.judging.planning import plan_assignment
from contest.judging.rules import RESERVE, RefusedList
from contest.judging.services import (
    assign,
    assign_one,
    end_seat,
    record_conflict,
    save_sheet,
)
from tests.factories import make_staff, make_unit
from tests.factories.judging import (
    assignments_of,
    declare,
    finalise,
    give,
    make_accepted,
    make_panel,
    mark_all,
    opening_of,
    spread_marks,
)


@pytest.fixture
def secretary(contest):
    return make_staff(contest, "secretary")


def at(contest):
    return opening_of(contest, "prelim")


def seat_of(judge):
    return db.session.scalars(
        select(PanelSeat).where(PanelSeat.judge_id == judge.id, PanelSeat.ended_at.is_(None))
    ).one()


def limit(judge, *, least=None, most=None, seat=None):
    place = seat_of(judge)
    place.least, place.most = least, most
    place.seat = seat or place.seat
    db.session.flush()


def share_out(contest, actor=None, seed=7, **options):
    return assign(contest=contest, round_id="prelim", category="A", actor=actor, now=at(contest), seed=seed, **options)


def plan(contest, actor=None, seed=7):
    return plan_assignment(contest, "prelim", "A", seed=seed, actor=actor)


def everything():
    return {(each.entry_id, each.judge_id): each for each in db.session.scalars(select(Assignment))}


# Limits and seats


def test_limits_hold_and_reserves_get_nothing(contest):
    judges = make_panel(contest, size=5)
    limit(judges[0], most=1)
    limit(judges[1], least=8)
    limit(judges[2], seat=RESERVE)
    for _ in range(10):
        make_accepted(contest)
    after = share_out(contest).after
    assert after[judges[0].id] == 1 and after[judges[1].id] >= 8 and judges[2].id not in after
    assert sum(after.values()) == 20


def test_limits_that_are_too_small_are_named_with_figures(contest):
    judges = make_panel(contest, size=3)
    for judge in judges:
        limit(judge, most=2)
    for _ in range(5):
        make_accepted(contest)
    with pytest.raises(RefusedList) as caught:
        share_out(contest)
    [(message, params)] = caught.value.problems
    assert "upper limits" in message and (params["needed"], params["possible"]) == (10, 6)
    assert not everything()


def test_entries_that_only_two_full_judges_may_have_are_named(contest, secretary):
    judges = make_panel(contest, size=4)
    limit(judges[0], most=1)
    limit(judges[1], most=2)
    bound = [make_accepted(contest) for _ in range(2)]
    make_accepted(contest)
    for entry in bound:
        for judge in judges[2:]:
            record_conflict(entry=entry, judge=judge, reason="Quen biết", actor=secretary, now=at(contest))
    [(message, params)] = plan(contest).problems
    assert message.startswith("The entries")
    assert params["codes"] == ", ".join(sorted(entry.blind_code for entry in bound))
    assert params["judges"] == ", ".join(sorted(judge.name for judge in judges[:2]))
    assert (params["needed"], params["possible"]) == (4, 3)


def test_a_floor_that_cannot_be_met_names_its_judge(contest):
    judges = make_panel(contest, size=3)
    limit(judges[0], least=5)
    for _ in range(4):
        make_accepted(contest)
    [(message, params)] = plan(contest).problems
    assert "at least" in message and params["judges"] == judges[0].name and params["possible"] == 4


def test_by_hand_a_limit_holds_and_a_reserve_may(contest, secretary):
    judges = make_panel(contest, size=2)
    limit(judges[0], most=1)
    limit(judges[1], seat=RESERVE)
    one, two = make_accepted(contest), make_accepted(contest)
    by_hand = {"round_id": "prelim", "actor": secretary, "now": at(contest)}
    assign_one(entry=one, judge=judges[0], **by_hand)
    with pytest.raises(Refused) as refused:
        assign_one(entry=two, judge=judges[0], **by_hand)
    assert refused.value.code == "limit"
    assign_one(entry=two, judge=judges[1], **by_hand)


def test_the_third_judge_comes_from_the_reserve_only_when_no_member_can(contest):
    judges = make_panel(contest, size=4)
    limit(judges[2], most=1)
    limit(judges[3], seat=RESERVE)
    for expected in judges[2:]:
        entry = make_accepted(contest)
        mark_all(entry, judges[:2], [86, 69])
        [third] = [each for each in assignments_of(entry) if each.kind == "third"]
        assert third.judge_id == expected.id


def test_a_third_judge_given_by_a_plan_is_one(contest):
    judges = make_panel(contest, size=2)
    entry = make_accepted(contest)
    mark_all(entry, judges, [86, 69])
    [third] = make_panel(contest, size=1)
    make_accepted(contest)
    share_out(contest)
    kinds = {each.judge_id: each.kind for each in assignments_of(entry)}
    assert kinds == {judges[0].id: "regular", judges[1].id: "regular", third.id: "third"}


# What stays


def test_judges_come_and_go_and_finished_work_is_never_lost(contest, secretary):
    judges = make_panel(contest, size=4)
    entries = [make_accepted(contest) for _ in range(8)]
    share_out(contest)
    done = {}
    for number, assignment in enumerate(list(everything().values())):
        if number % 3 == 0:
            done[assignment.entry_id, assignment.judge_id] = finalise(assignment, 80).id
        elif number % 3 == 1:
            save_sheet(
                assignment=declare(assignment),
                marks=spread_marks(contest, 40),
                comment="",
                version=0,
                actor=assignment.judge,
                now=at(contest),
            )
    before = {pair: each.id for pair, each in everything().items()}
    end_seat(seat=seat_of(judges[0]), contest=contest, actor=secretary, now=at(contest))
    make_panel(contest, size=1)
    share_out(contest, seed=8)
    after = everything()
    assert {pair: after[pair].id for pair in before} == before
    for (entry_id, judge_id), each in after.items():
        if judge_id != judges[0].id and (entry_id, judge_id) in before:
            assert each.standing
        if (entry_id, judge_id) in done:
            assert each.sheet.revisions[-1].id == done[entry_id, judge_id]
    assert all(len(assignments_of(entry)) == 2 for entry in entries)


def test_what_was_looked_at_is_what_is_done(contest, secretary):
    make_panel(contest)
    make_accepted(contest)
    seen = plan(contest, secretary).fingerprint
    make_accepted(contest)
    with pytest.raises(Conflict) as refused:
        share_out(contest, secretary, seen=seen)
    assert refused.value.code == "plan_changed" and not everything()
    assert share_out(contest, secretary, seen=plan(contest, secretary).fingerprint).count == 4


def test_seed_and_solver_go_on_record(contest, secretary):
    make_panel(contest)
    make_accepted(contest)
    share_out(contest, secretary, seed=77)
    details = db.session.scalars(select(AuditRow).where(AuditRow.verb == "judging.assign")).one().details
    assert details["seed"] == 77 and details["solver"].startswith("ortools ")


# A head of jury who plans


@pytest.fixture
def unit(app):
    return make_unit()


@pytest.fixture
def chair(contest, unit):
    """Works for `unit`, and so has a conflict with what is written there."""
    return make_staff(contest, "chair", unit=unit)


def test_a_plan_of_the_head_of_jury_leaves_out_what_they_have_a_conflict_with(contest, chair, unit, secretary):
    make_panel(contest, size=4)
    own, other = make_accepted(contest, author_unit=unit), make_accepted(contest)
    mine = plan(contest, chair)
    assert set(mine.picks) == {other.id} and mine.held_back == 1 and sum(mine.after.values()) == 2
    share_out(contest, chair)
    assert not assignments_of(own) and len(assignments_of(other)) == 2
    share_out(contest, secretary)
    assert len(assignments_of(own)) == 2
    # Who marks it shows in no figure of theirs.
    again = plan(contest, chair)
    assert sum(again.before.values()) == 2 and again.held_back == 0


def test_limits_hold_though_the_head_of_jury_does_not_see_all_loads(contest, chair, unit, secretary):
    judges = make_panel(contest, size=3)
    own = make_accepted(contest, author_unit=unit)
    for judge in judges[:2]:
        give(own, judge)
        limit(judge, most=1)
    make_accepted(contest)
    [(message, params)] = plan(contest, chair).problems
    assert "upper limits" in message or params["possible"] == 1
    assert plan(contest, secretary).problems


def test_a_plan_of_the_head_of_jury_knows_nothing_of_authors(contest, chair, secretary):
    """Two worlds that differ in who wrote what give them the same plan; the secretariat's spreads units."""
    make_panel(contest, size=4)
    units = [make_unit() for _ in range(2)]
    entries = [make_accepted(contest, author_unit=units[0]) for _ in range(8)]
    before, spread = plan(contest, chair), plan(contest, secretary)
    for entry in entries[::2]:
        entry.author_unit = units[1]
    db.session.flush()
    after = plan(contest, chair)
    assert (after.picks, after.fingerprint, after.shares) == (before.picks, before.fingerprint, before.shares)
    assert plan(contest, secretary).shares != spread.shares


# By spreadsheet


def sheet_of(contest, actor):
    panel = panel_of(contest, "prelim", "A", actor)
    return [["Mã", *headings_of(panel.seats)], *grid(panel)]


def read(contest, rows, actor):
    return read_grid(rows, panel_of(contest, "prelim", "A", actor))


def apply(contest, report, actor):
    return change_assignments(
        contest=contest,
        round_id="prelim",
        category="A",
        changes=unpack(pack(report.changes)),
        actor=actor,
        now=at(contest),
    )


def cell(rows, entry, judge, value):
    line = next(row for row in rows[1:] if row[0] == entry.blind_code)
    line[rows[0].index(judge.name)] = value


def test_a_sheet_taken_and_sent_back_changes_nothing(contest, secretary):
    make_panel(contest)
    for _ in range(4):
        make_accepted(contest)
    share_out(contest)
    report = read(contest, sheet_of(contest, secretary), secretary)
    assert not report.changes and not report.wrong and not report.lines
    with pytest.raises(Conflict):
        apply(contest, report, secretary)


def test_a_sheet_gives_and_takes_back(contest, secretary):
    judges = make_panel(contest)
    one, two = make_accepted(contest), make_accepted(contest)
    give(one, judges[0])
    rows = sheet_of(contest, secretary)
    cell(rows, one, judges[0], "")
    cell(rows, one, judges[1], "X")
    cell(rows, two, judges[2], "có")
    report = read(contest, rows, secretary)
    assert not report.wrong and (report.given, report.taken) == (2, 1)
    assert {judge.id: (before, after) for judge, before, after, _ in report.loads} == {
        judges[0].id: (1, 0),
        judges[1].id: (0, 1),
        judges[2].id: (0, 1),
    }
    apply(contest, report, secretary)
    assert [each.judge_id for each in assignments_of(one)] == [judges[1].id]
    assert [each.judge_id for each in assignments_of(two)] == [judges[2].id]
    row = db.session.scalars(select(AuditRow).where(AuditRow.verb == "judging.assign_by_sheet")).one()
    assert row.details["taken"] == {judges[0].public_id: [one.public_id]}


def test_rows_and_columns_that_are_not_there_stay_as_they_are(contest, secretary):
    judges = make_panel(contest)
    _one, two = make_accepted(contest), make_accepted(contest)
    share_out(contest)
    before = sorted(everything())
    rows = sheet_of(contest, secretary)
    place = rows[0].index(judges[0].name)
    less = [[cell for number, cell in enumerate(row) if number != place] for row in rows if row[0] != two.blind_code]
    assert not read(contest, less, secretary).changes and sorted(everything()) == before


def test_every_rule_is_said_at_its_line(contest, secretary):
    judges = make_panel(contest, size=4)
    limit(judges[3], most=1)
    unit = make_unit()
    related = make_staff(contest, "judge", unit=unit)
    db.session.add(PanelSeat(contest_id=contest.id, round="prelim", category="A", judge=related, seated_at=at(contest)))
    one, two, three = (make_accepted(contest, author_unit=unit) for _ in range(3))
    finalise(give(one, judges[0]), 80)
    rows = sheet_of(contest, secretary)
    cell(rows, one, judges[0], "")
    cell(rows, two, related, "x")
    cell(rows, two, judges[1], "ba")
    for judge in (judges[0], judges[1], judges[3]):
        cell(rows, three, judge, "x")
    cell(rows, two, judges[3], "x")
    rows.append(["ZZZZ", "x"])
    rows.append([two.blind_code])
    report = read(contest, rows, secretary)
    told = {(line.number, line.code): [message for message, _ in line.problems] for line in report.lines}
    by_code = {code: messages for (_, code), messages in told.items() if code != two.blind_code}
    assert "what is begun stays" in by_code[one.blind_code][0]
    assert "more judges than it needs" in by_code[three.blind_code][0]
    assert "takes part" in by_code["ZZZZ"][0]
    of_two = [message for (_, code), messages in told.items() if code == two.blind_code for message in messages]
    assert len(of_two) == 3
    assert [params["name"] for message, params in report.problems] == [judges[3].name]
    with pytest.raises(RefusedList):
        apply(contest, report, secretary)
    assert len(everything()) == 1


def test_a_sheet_without_judges_names_is_none(contest, secretary):
    make_panel(contest)
    make_accepted(contest)
    for rows in ([], [["Mã"]], [["Mã", "Người Lạ"]]):
        with pytest.raises(Refused):
            read(contest, rows, secretary)


def test_two_judges_of_one_name_have_columns_of_their_own(contest, secretary):
    judges = make_panel(contest, size=3)
    judges[0].name = judges[1].name = "Nguyễn Thị Hoa"
    db.session.flush()
    entry = make_accepted(contest)
    rows = sheet_of(contest, secretary)
    assert len(set(rows[0])) == 4
    place = next(number for number, heading in enumerate(rows[0]) if judges[1].public_id[:5] in heading)
    rows[1][place] = "x"
    apply(contest, read(contest, rows, secretary), secretary)
    assert [each.judge_id for each in assignments_of(entry)] == [judges[1].id]


def test_the_sheet_of_a_head_of_jury_leaves_out_what_they_have_a_conflict_with(contest, chair, unit, secretary):
    judges = make_panel(contest)
    own, other = make_accepted(contest, author_unit=unit), make_accepted(contest)
    give(own, judges[0], actor=secretary)
    rows = sheet_of(contest, chair)
    assert [row[0] for row in rows[1:]] == [other.blind_code]
    rows.append([own.blind_code, "x", "x", "x"])
    report = read(contest, rows, chair)
    assert [message for message, _ in report.wrong] == ["You have a conflict of interest with entry %(code)s."]
    assert all(before == after == 0 for _, before, after, _ in report.loads)
    forged = check_changes(
        panel_of(contest, "prelim", "A", chair), [Change(own.blind_code, judges[1].public_id, give=True)]
    )
    assert forged.wrong and not forged.changes


def test_whoever_has_an_open_sheet_learns_nothing_by_taking_back(contest, secretary):
    judges = make_panel(contest)
    chair = make_staff(contest, "chair")
    db.session.add(PanelSeat(contest_id=contest.id, round="prelim", category="A", judge=chair, seated_at=at(contest)))
    db.session.flush()
    messages = []
    for begun in (False, True):
        entry = make_accepted(contest)
        work = give(entry, judges[0])
        give(entry, chair, actor=secretary)
        if begun:
            finalise(work, 70)
        rows = sheet_of(contest, chair)
        cell(rows, entry, judges[0], "")
        [line] = read(contest, rows, chair).lines
        messages.append(line.problems)
    assert messages[0] == messages[1] and "not final" in messages[0][0][0]


def test_a_closed_round_is_changed_by_no_sheet(contest, secretary, monkeypatch):
    judges = make_panel(contest)
    entry = make_accepted(contest)
    report = read(contest, sheet_of(contest, secretary), secretary)
    change = Change(entry.blind_code, judges[0].public_id, give=True)
    monkeypatch.setattr(by_sheet, "check_not_locked", _closed)
    with pytest.raises(Conflict):
        change_assignments(
            contest=contest, round_id="prelim", category="A", changes=[change], actor=secretary, now=at(contest)
        )
    assert not report.changes


def _closed(*_):
    raise Conflict("closed", code="round_closed")


@pytest.mark.parametrize("text", ["a\nX +1", "a\nX 1", "a\nX +", "a\nX +-1", "a\nX -0 +99999999", "\n\n x"])
def test_what_a_form_sends_back_is_not_trusted(text):
    with pytest.raises(Refused):
        unpack(text)


def test_changes_survive_the_form():
    changes = [Change("AB23", "j1", give=True), Change("AB23", "j2", give=False), Change("CD45", "j1", give=True)]
    assert unpack(pack(changes).replace("\n", "\r\n")) == changes
    assert unpack("") == []
