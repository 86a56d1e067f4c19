"""What keeps a round open, thing by thing: let pass, reminded, replaced, decided; and what none of it may do."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from contest.audit.models import AuditRow
from contest.core.db import db
from contest.core.errors import Conflict, Refused
from contest.entries.models import Advancement
from contest.exemplars.models import Verification
from contest.judging.closing_check import check_closing, count_kinds, items_for
from contest.judging.models import Assignment, GapDecision, SheetRevision, Waiver
from contest.judging.reminders import owed, remind
from contest.judging.rounds import entry_state
from contest.judging.rules import RefusedList
from contest.judging.services import (
    close_round,
    decide_gap,
    finalise_sheet,
    record_conflict,
    replace_judge,
    rescore,
    save_sheet,
    seat_judge,
    undo,
    unlock,
)
from contest.judging.waivers import lift, waive, waived_in
from contest.outbox.models import Message
from tests.factories import make_contest, make_staff, make_user, sign_in
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
from tests.factories.rules import make_contest_with

GAP = {"type": "max_minus_min", "threshold": 20, "action": "chair_decides"}


@pytest.fixture
def contest(app):
    return make_contest_with(final={"min_sheets": 3, "gap": GAP, "aggregate": "mean"})


@pytest.fixture
def now(contest):
    return opening_of(contest, "final")


def kinds(contest, round_id="final"):
    return count_kinds(check_closing(contest, round_id, "A").items)


def close(contest, chair, now, round_id="final"):
    return close_round(contest=contest, round_id=round_id, category="A", actor=chair, now=now)


def code_of(verb, **given):
    with pytest.raises(Refused) as caught:
        verb(**given)
    return caught.value.code


def five_judges(contest, totals, finalist=None):
    """A finalist given to five judges, of whom the first have finished with these totals."""
    entry = finalist or make_finalist(contest)
    judges = make_panel(contest, "final", size=5)
    assignments = mark_all(entry, judges[: len(totals)], totals, "final")
    return entry, judges, assignments + [give(entry, judge, "final") for judge in judges[len(totals) :]]


# Letting pass


def test_missing_sheets_pass_by_name_down_to_the_rules_fewest_and_no_further(contest, chair, now):
    entry, judges, _given = five_judges(contest, [80, 82])
    passing = {
        "entry": entry,
        "round_id": "final",
        "what": "sheet",
        "reason": "Ốm dài ngày",
        "actor": chair,
        "now": now,
    }
    assert kinds(contest) == {"sheet": 3}
    assert code_of(waive, **{**passing, "judge": judges[4], "reason": "  "}) == "reason_missing"
    assert code_of(waive, **{**passing, "judge": judges[4], "actor": judges[0]}) == "not_chair"
    assert code_of(waive, **{**passing, "judge": judges[0]}) == "nothing_missing"  # has finished
    waive(**passing, judge=judges[4])
    assert code_of(waive, **passing, judge=judges[4]) == "waived"
    assert kinds(contest) == {"sheet": 2}
    waive(**passing, judge=judges[3])
    # two of five are let pass: three remain, the fewest
    assert code_of(waive, **passing, judge=judges[2]) == "too_few_sheets"
    with pytest.raises(RefusedList):
        close(contest, chair, now)
    finalise(assignments_of(entry, "final")[2], 84)
    close(contest, chair, now)
    assert entry_state(entry, "final").result.total == 82
    rows = db.session.scalars(select(AuditRow).where(AuditRow.verb == "judging.waive")).all()
    assert {(row.actor, row.details["judge"], row.details["reason"]) for row in rows} == {
        (chair.public_id, judge.public_id, "Ốm dài ngày") for judge in judges[3:]
    }
    [first, second] = waived_in(contest, "final", "A")
    assert {first.judge_name, second.judge_name} == {judges[3].name, judges[4].name} and first.by_name == chair.name


def test_without_a_minimum_in_the_rules_no_sheet_passes(app):
    contest = make_contest(0)
    chair, now = make_staff(contest, "chair"), opening_of(contest, "final")
    entry, judges, _given = five_judges(contest, [80, 82, 81, 83])
    item = check_closing(contest, "final", "A").items[0]
    assert item.acts == ("remind", "replace")
    passing = {"entry": entry, "round_id": "final", "reason": "Ốm", "actor": chair, "now": now}
    assert code_of(waive, **passing, what="sheet", judge=judges[4]) == "too_few_sheets"


def test_what_was_let_pass_is_taken_back_until_the_lock(contest, chair, now):
    entry, judges, _given = five_judges(contest, [80, 82, 84, 81])
    waiver = waive(entry=entry, round_id="final", what="sheet", judge=judges[4], reason="Ốm", actor=chair, now=now)
    assert kinds(contest) == {}
    lift(waiver=waiver, actor=chair, now=now)
    lift(waiver=waiver, actor=chair, now=now)
    assert kinds(contest) == {"sheet": 1} and not waived_in(contest, "final", "A")
    waiver = waive(entry=entry, round_id="final", what="sheet", judge=judges[4], reason="Ốm", actor=chair, now=now)
    close(contest, chair, now)
    assert code_of(lift, waiver=waiver, actor=chair, now=now) == "round_closed"
    again = {"entry": entry, "round_id": "final", "what": "gap", "reason": "x", "actor": chair, "now": now}
    assert code_of(waive, **again) == "round_closed"


def test_judges_that_were_never_given_pass_one_by_one(contest, chair, now):
    entry = make_finalist(contest)
    mark_all(entry, make_panel(contest, "final", size=3), [80, 81, 82], "final")
    passing = {
        "entry": entry,
        "round_id": "final",
        "what": "judge",
        "reason": "Thiếu người",
        "actor": chair,
        "now": now,
    }
    assert kinds(contest) == {"judge": 1}
    waive(**passing)
    assert check_closing(contest, "final", "A").items[0].words[1]["count"] == 1
    waive(**passing)
    assert kinds(contest) == {}
    assert code_of(waive, **passing) == "nothing_missing"
    close(contest, chair, now)


def test_a_gap_passes_with_a_reason_and_the_scores_stay(contest, chair, now):
    entry, _judges, _given = five_judges(contest, [90, 88, 60, 86, 86])
    assert kinds(contest) == {"gap": 1}
    waive(entry=entry, round_id="final", what="gap", reason="Đã bàn", actor=chair, now=now)
    assert kinds(contest) == {} and entry_state(entry, "final").result.total == 82


def test_a_third_judge_who_never_came_passes_with_the_gap(app):
    contest = make_contest(0)
    chair, now = make_staff(contest, "chair"), opening_of(contest, "prelim")
    entry = make_accepted(contest)
    judges = make_panel(contest, size=3)
    mark_all(entry, judges[:2], [86, 60])
    [item] = check_closing(contest, "prelim", "A").items
    assert (item.kind, item.waives, item.given.judge_id) == ("sheet", "gap", judges[2].id)
    # a third judge's sheet is no sheet to let pass on its own
    passing = {"entry": entry, "round_id": "prelim", "reason": "Ốm", "actor": chair, "now": now}
    assert code_of(waive, **passing, what="sheet", judge=judges[2]) == "nothing_missing"
    waive(**passing, what="gap")
    assert kinds(contest, "prelim") == {}
    close(contest, chair, now, "prelim")
    assert entry_state(entry, "prelim").result.total == 73


def test_a_sheet_that_counts_without_a_declaration_is_in_the_way(contest, chair, now):
    entry, judges, given = five_judges(contest, [80, 82, 81, 83, 82])
    given[1].impartial_at = None
    db.session.flush()
    assert kinds(contest) == {"declaration": 1}
    with pytest.raises(RefusedList):
        close(contest, chair, now)
    passing = {"entry": entry, "round_id": "final", "what": "declaration", "reason": "Khai miệng", "actor": chair}
    assert code_of(waive, **passing, now=now, judge=judges[0]) == "nothing_missing"
    waive(**passing, now=now, judge=judges[1])
    close(contest, chair, now)


def test_an_unverified_entry_goes_on_when_somebody_lets_it(app):
    contest = make_contest(0)
    chair, now = make_staff(contest, "chair"), opening_of(contest, "prelim")
    entry = make_accepted(contest)
    mark_all(entry, make_panel(contest, size=2), [80, 82])
    for answer in db.session.scalars(select(Verification).where(Verification.exemplar_id == entry.exemplar_id)):
        db.session.delete(answer)
    db.session.flush()
    assert kinds(contest, "prelim") == {"verification": 1}
    with pytest.raises(RefusedList):
        close(contest, chair, now, "prelim")
    waive(entry=entry, round_id="prelim", what="verification", reason="Bưu điện chậm", actor=chair, now=now)
    close(contest, chair, now, "prelim")
    assert db.session.scalars(select(Advancement.entry_id)).all() == [entry.id]


def test_a_head_of_jury_in_conflict_lets_nothing_pass_and_sees_one_line(contest, chair, now):
    entry, judges, _given = five_judges(contest, [80, 82, 84, 81])
    other = make_staff(contest, "chair")
    seat_judge(contest=contest, round_id="final", category="A", judge=chair, actor=None, now=now)
    record_conflict(entry=entry, judge=chair, reason="Họ hàng", actor=chair, now=now)
    passing = {"entry": entry, "round_id": "final", "what": "sheet", "judge": judges[4], "reason": "Ốm", "now": now}
    assert code_of(waive, **passing, actor=chair) == "conflict_of_interest"
    check = check_closing(contest, "final", "A")
    [item] = items_for(check, chair.id)
    assert item.kind == "partial" and not item.acts and judges[4].name not in str(item.words)
    waiver = waive(**passing, actor=other)
    assert code_of(lift, waiver=waiver, actor=chair, now=now) == "conflict_of_interest"


def test_a_head_of_jury_who_marks_sees_only_the_own_sheet_until_it_is_final(contest, chair, now):
    entry = make_finalist(contest)
    judges = make_panel(contest, "final", size=4)
    seat_judge(contest=contest, round_id="final", category="A", judge=chair, actor=None, now=now)
    mark_all(entry, judges[:2], [80, 82], "final")
    for judge in (*judges[2:], chair):
        give(entry, judge, "final")
    check = check_closing(contest, "final", "A")
    assert len(check.items) == 3
    assert [item.given.judge_id for item in items_for(check, chair.id)] == [chair.id]


# Deciding


def test_the_head_of_jury_decides_between_the_lowest_sheet_and_the_highest(contest, chair, now):
    entry, judges, _given = five_judges(contest, [90, 88, 60, 86, 86])
    seen = entry_state(entry, "final").seen
    deciding = {"entry": entry, "round_id": "final", "reason": "Đọc lại cả năm phiếu", "actor": chair, "now": now}
    for total in ("59.99", "90.01", "NaN", "-1"):
        code = code_of(decide_gap, **deciding, total=Decimal(total), seen=seen)
        assert code == ("too_fine" if total == "NaN" else "outside")
    assert code_of(decide_gap, **deciding, total=Decimal("80.005"), seen=seen) == "too_fine"
    assert code_of(decide_gap, **{**deciding, "actor": judges[0]}, total=Decimal(80), seen=seen) == "not_chair"
    assert code_of(decide_gap, **{**deciding, "reason": ""}, total=Decimal(80), seen=seen) == "reason_missing"
    for total in ("60", "90", "84.25"):
        decide_gap(**deciding, total=Decimal(total), seen=seen)
    assert kinds(contest) == {} and entry_state(entry, "final").result.total == Decimal("84.25")
    assert db.session.scalar(select(func.count(GapDecision.id))) == 3
    assert code_of(decide_gap, **deciding, total=Decimal(80), seen={}) == "rescored"


def test_a_score_changed_after_the_page_was_shown_is_no_part_of_the_decision(contest, chair, now):
    entry, _judges, given = five_judges(contest, [90, 88, 60, 86, 86])
    seen = entry_state(entry, "final").seen
    db.session.add(
        SheetRevision(
            sheet_id=given[2].sheet.id,
            number=2,
            marks={k: str(v) for k, v in spread_marks(contest, 62).items()},
            total=Decimal(62),
            at=now,
        )
    )
    db.session.flush()
    db.session.expire_all()
    deciding = {"entry": entry, "round_id": "final", "reason": "Đọc lại", "actor": chair, "now": now}
    with pytest.raises(Conflict) as caught:
        decide_gap(**deciding, total=Decimal(80), seen=seen)
    assert caught.value.code == "rescored" and kinds(contest) == {"gap": 1}


def test_nothing_is_decided_where_the_judges_agree_or_the_rules_say_otherwise(contest, chair, now):
    entry, _judges, _given = five_judges(contest, [80, 81, 82, 83, 84])
    deciding = {"entry": entry, "round_id": "final", "reason": "x", "actor": chair, "now": now, "total": Decimal(82)}
    assert code_of(decide_gap, **deciding, seen=entry_state(entry, "final").seen) == "no_gap"


# Replacing


def test_who_is_late_is_replaced_and_what_they_began_is_kept(contest, chair, now):
    entry, judges, given = five_judges(contest, [80, 82, 81, 83])
    save_sheet(assignment=given[4], marks={"C1": Decimal(10)}, comment="Dở dang", version=0, actor=judges[4], now=now)
    fresh = make_panel(contest, "final", size=1)[0]
    swapping = {"entry": entry, "round_id": "final", "actor": chair, "now": now}
    assert code_of(replace_judge, **swapping, judge=judges[0], by=fresh) == "nothing_missing"  # has finished
    before, after = replace_judge(**swapping, judge=judges[4], by=fresh)
    assert not before.standing and before.sheet.comment == "Dở dang" and after.judge_id == fresh.id
    assert [each.judge_id for each in assignments_of(entry, "final")] == [*(j.id for j in judges[:4]), fresh.id]
    assert code_of(replace_judge, **swapping, judge=fresh, by=make_user()) == "not_seated"
    db.session.rollback()


# Reminding


def test_a_judge_is_reminded_once_a_day_with_a_count_and_no_more(contest, chair, now):
    entry, judges, _given = five_judges(contest, [80, 82, 81])
    assert owed(contest, "final") == {judges[3].id: 1, judges[4].id: 1}
    told = remind(contest=contest, round_id="final", actor=chair, now=now)
    assert {judge.id for judge in told} == {judges[3].id, judges[4].id}
    messages = db.session.scalars(
        select(Message).where(Message.template.startswith("judge_reminder")).order_by(Message.id)
    ).all()
    assert {message.address for message in messages} == {judges[3].email, judges[4].email}
    for message in messages:
        assert message.params["owed"] == 1 and entry.blind_code not in str(message.params)
        assert entry.title not in str(message.params) and entry.public_id not in str(message.params)
    assert code_of(remind, contest=contest, round_id="final", actor=chair, now=now) == "nobody_to_remind"
    late = now.replace(hour=16, minute=59)  # 23:59 in Việt Nam
    again = {"contest": contest, "round_id": "final", "actor": chair, "judges": [judges[3]]}
    assert code_of(remind, **again, now=late) == "nobody_to_remind"
    assert remind(**again, now=late + timedelta(minutes=2)) == [judges[3]]
    # who owes nothing is not reminded, whoever asks for it
    assert code_of(remind, **{**again, "judges": [judges[0]]}, now=now) == "nobody_to_remind"


# The lock


def test_once_closed_nothing_writes_a_sheet(contest, chair, now):
    entry, judges, given = five_judges(contest, [80, 82, 81, 83, 84])
    close(contest, chair, now)
    marks = spread_marks(contest, 50)
    sheet = {"assignment": given[0], "marks": marks, "comment": "", "actor": judges[0], "now": now}
    assert code_of(save_sheet, **sheet, version=given[0].sheet.version) == "round_closed"
    assert code_of(rescore, **sheet, reason="x") == "round_closed"
    assert code_of(finalise_sheet, **sheet, version=given[0].sheet.version) == "round_closed"
    assert code_of(unlock, assignment=given[0], reason="x", actor=chair, now=now) == "round_closed"
    with pytest.raises(Refused):
        undo(assignment=given[0], revision=1, actor=judges[0], now=now)
    swapping = {"entry": entry, "round_id": "final", "actor": chair, "now": now}
    assert code_of(replace_judge, **swapping, judge=judges[4], by=judges[0]) == "round_closed"
    decision = {"total": Decimal(82), "reason": "x", "seen": entry_state(entry, "final").seen}
    assert code_of(decide_gap, **swapping, **decision) == "round_closed"
    assert db.session.scalar(select(func.count(Waiver.id))) == 0
    assert db.session.scalar(select(func.count(Assignment.id)).where(Assignment.standing.is_(False))) == 0


# The page


def test_the_page_lists_a_part_and_asks_no_more_for_more(client, contest, chair, now, clock, query_counter):
    clock.instant = now
    judges = make_panel(contest, "final", size=5)
    counts = []
    for size in (5, 40):
        for _ in range(size):
            give(make_finalist(contest), judges[0], "final")
        sign_in(client, chair)
        address = f"/ban-to-chuc/{contest.slug}/cham/final/A/khoa-diem"
        client.get(address)
        with query_counter() as counted:
            page = client.get(address).text
        counts.append(counted.count)
    assert counts[0] == counts[1]
    assert page.count('name="what" value="sheet"') == 25 and "1–25 trên 45" in page
    assert "26–45 trên 45" in client.get(address + "?loai=sheet&trang=2").text
    # a page beyond the last is the last; a kind that there is not is no page
    assert "26–45 trên 45" in client.get(address + "?loai=sheet&trang=999").text
    assert client.get(address + "?loai=nothing").status_code == 404


def test_the_page_takes_each_act_and_keeps_what_was_typed(client, contest, chair, now, clock):
    clock.instant = now
    entry, judges, _given = five_judges(contest, [80, 82, 84])
    address = f"/ban-to-chuc/{contest.slug}/cham/final/A/khoa-diem"
    sign_in(client, chair)
    code, late = entry.blind_code, judges[4].public_id

    def send(act, **data):
        return client.post(address, data={"act": act, "code": code, **data})

    assert send("remind", judge=late).status_code == 303 and send("remind", judge=late).status_code == 422
    assert send("remind", judge=make_user().public_id).status_code == 422
    refused = send("decide", total="chín mươi", reason="Đã đọc lại")
    assert refused.status_code == 422
    assert send("waive", what="sheet", judge=late, reason="").status_code == 422
    assert send("waive", what="sheet", judge=late, reason="Ốm").status_code == 303
    assert send("waive", what="everything", judge=late, reason="Ốm").status_code == 422
    assert send("close").status_code == 422 and send("nothing").status_code == 404
    fresh = make_panel(contest, "final", size=1)[0]
    sign_in(client, chair)
    assert send("replace", judge=judges[3].public_id, by=fresh.public_id).status_code == 303
    [passed] = waived_in(contest, "final", "A")
    assert send("lift", waiver=str(passed.id + 1)).status_code == 404
    assert send("lift", waiver=str(passed.id)).status_code == 303
    assert client.post(address, data={"act": "aside", "code": "ZZZZ", "reason": "x"}).status_code == 404
    assert send("aside", reason="Rút bài").status_code == 303
    assert "Mọi thứ đã đủ" in client.get(address).text or send("close").status_code == 303
