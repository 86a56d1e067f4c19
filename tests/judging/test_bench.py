"""The bench as pages: finishing many, taking back, putting off, notes, one's own pace; and nothing of others."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import func, select

from contest.core.db import db
from contest.core.windows import Window
from contest.judging.models import MarginNote, Sheet, SheetRevision
from contest.judging.own_measure import pace
from contest.judging.queries import queue
from contest.judging.services import add_note, undo, unlock
from tests.conftest import VIETNAM
from tests.factories import make_staff, sign_in
from tests.factories.judging import BODY, finalise, give, make_accepted, make_panel, marks_on, opening_of, spread_marks
from tests.judging.test_pages import bench, bytes_of, page, typed
from tests.judging.test_sheets import save


@pytest.fixture(autouse=True)
def within_the_round(contest, clock):
    clock.instant = opening_of(contest, "prelim") + timedelta(days=1)


@pytest.fixture
def judges(contest):
    return make_panel(contest, size=3)


@pytest.fixture
def mine(contest, judges):
    return [give(make_accepted(contest, document=BODY), judges[0]) for _ in range(4)]


def fill(assignment, total=80, **how):
    return save(assignment, spread_marks(assignment.entry.contest, total), **how)


def chosen(*assignments):
    return [f"{each.public_id}:{each.sheet.version}" for each in assignments]


def many(client, contest, sheets, rest=""):
    return client.post(f"/cham/{contest.slug}/chot{rest}", data={"sheet": sheets})


def states(assignments):
    db.session.expire_all()
    return [each.sheet.state if each.sheet else None for each in assignments]


# Finishing many


def test_what_is_ready_is_offered_and_finished_at_once(client, contest, judges, mine):
    for assignment in mine[:3]:
        fill(assignment)
    save(mine[3], {"C1": 10})
    db.session.commit()
    sign_in(client, judges[0])
    shown = client.get(bench(contest)).text
    assert set(re.findall(r'name="sheet" value="(\w+:\d+)"', shown)) == set(chosen(*mine[:3]))
    answer = many(client, contest, chosen(*mine[:2]), "?show=ready")
    assert answer.status_code == 303 and answer.location.endswith("?show=ready")
    assert states(mine) == ["final", "final", "open", "open"]
    assert "Đã chốt 2 phiếu" in client.get(answer.location).text


def test_each_sheet_that_is_refused_is_named_and_the_others_are_final(client, contest, judges, mine):
    for assignment in mine[:3]:
        fill(assignment)
    save(mine[3], {"C1": 10})
    listed = chosen(*mine)
    fill(mine[1], 70)  # in another window, after the list was shown
    db.session.commit()
    sign_in(client, judges[0])
    answer = many(client, contest, listed)
    assert answer.status_code == 422
    assert states(mine) == ["final", "open", "final", "open"]
    refused = re.search(r'id="refused".*?</ul>', answer.text, re.DOTALL)[0]
    assert mine[1].entry.blind_code in refused and "cửa sổ khác" in refused
    assert mine[3].entry.blind_code in refused and "Chưa có điểm" in refused
    assert mine[0].entry.blind_code not in refused


def test_finishing_the_same_list_again_changes_nothing(client, contest, judges, mine):
    fill(mine[0])
    listed = chosen(mine[0])
    db.session.commit()
    sign_in(client, judges[0])
    assert many(client, contest, listed).status_code == many(client, contest, listed).status_code == 303
    assert db.session.scalar(select(func.count(SheetRevision.id))) == 1


@pytest.mark.parametrize("sheets", [[], ["x"], [":"], ["\x00:1"], ["a" * 14 + ":1"], ["x:1"] * 300])
def test_a_list_of_nothing_or_nonsense_finishes_nothing(client, contest, judges, mine, sheets):
    db.session.commit()
    sign_in(client, judges[0])
    assert many(client, contest, sheets).status_code in {303, 422}
    assert many(client, contest, [f"{number}:1" for number in range(101)]).status_code == 422
    assert client.get(f"/cham/{contest.slug}/chot").status_code == 302
    assert db.session.scalar(select(func.count(SheetRevision.id))) == 0


def test_nobody_finishes_anothers_sheet_by_its_address(client, contest, judges, mine):
    fill(mine[0])
    db.session.commit()
    sign_in(client, judges[1])
    many(client, contest, chosen(mine[0]))
    assert states(mine[:1]) == ["open"]


# Taking back


def test_taking_back_is_offered_with_the_time_left_by_the_servers_clock(client, contest, judges, mine, clock):
    finalise(mine[0], 86, now=clock.instant)
    db.session.commit()
    sign_in(client, judges[0])
    clock.instant += timedelta(minutes=5, seconds=1)
    for address in (bench(contest), page(contest, mine[0]), page(contest, mine[1])):
        shown = client.get(address).text
        assert f'action="{page(contest, mine[0], "/hoan-tac")}"' in shown and 'data-seconds="599"' in shown
    answer = client.post(page(contest, mine[0], "/hoan-tac"), data={"revision": "1"})
    assert answer.status_code == 303 and answer.location.endswith(page(contest, mine[0]))
    assert states(mine[:1]) == ["open"]
    shown = client.get(page(contest, mine[0])).text
    assert "Ông/bà đã rút lại phiếu này" in shown and "Các lần chốt của phiếu này" in shown


def test_after_its_time_it_is_neither_offered_nor_taken(client, contest, judges, mine, clock):
    finalise(mine[0], 86, now=clock.instant)
    db.session.commit()
    sign_in(client, judges[0])
    clock.instant += timedelta(minutes=15)
    for address in (bench(contest), page(contest, mine[0])):
        assert "/hoan-tac" not in client.get(address).text
    answer = client.post(page(contest, mine[0], "/hoan-tac"), data={"revision": "1"})
    assert answer.status_code == 303 and states(mine[:1]) == ["final"]
    assert "rút lại được trong 15 phút" in client.get(answer.location).text


@pytest.mark.parametrize("data", [{}, {"revision": "x"}, {"revision": "9" * 40}, {"revision": "-1"}])
def test_nonsense_takes_nothing_back(client, contest, judges, mine, data, clock):
    finalise(mine[0], 86, now=clock.instant)
    db.session.commit()
    sign_in(client, judges[0])
    assert client.post(page(contest, mine[0], "/hoan-tac"), data=data).status_code == 303
    assert client.get(page(contest, mine[0], "/hoan-tac")).status_code == 302
    assert states(mine[:1]) == ["final"]


def test_an_unlocked_sheet_says_why_and_can_be_written_on_after_the_close(client, contest, judges, mine, clock):
    finalise(mine[0], 86, now=clock.instant)
    clock.instant = contest.rules.window("prelim").closes + timedelta(hours=1)
    chair = make_staff(contest, "chair")
    unlock(assignment=mine[0], reason="Cộng nhầm ở tiêu chí C2", actor=chair, now=clock.instant)
    db.session.commit()
    sign_in(client, judges[0])
    shown = client.get(page(contest, mine[0])).text
    assert "Cộng nhầm ở tiêu chí C2" in shown and 'value="final"' in shown and chair.name not in shown
    version = str(mine[0].sheet.version)
    answer = client.post(page(contest, mine[0]), data=typed(contest, 80, act="final", version=version))
    assert answer.status_code == 303 and states(mine[:1]) == ["final"]
    shown = client.get(page(contest, mine[0])).text
    assert '<b class="num">86</b>' in shown and '<b class="num">80</b>' in shown, "the old values stay readable"


# Putting off


def test_put_off_an_entry_comes_at_the_end_and_is_gone_from_there_once_final(client, contest, judges, mine):
    db.session.commit()
    sign_in(client, judges[0])
    order = [task.public_id for task in queue(contest, "prelim", judges[0].id, opening_of(contest, "prelim"))]
    first = next(each for each in mine if each.public_id == order[0])
    answer = client.post(page(contest, first), data={"act": "later", "version": "0"})
    assert answer.status_code == 303 and answer.location.endswith(order[1])
    assert db.session.scalar(select(func.count(Sheet.id))) == 0, "nothing was said yet, so nothing is begun"
    tasks = queue(contest, "prelim", judges[0].id, opening_of(contest, "prelim"))
    assert [task.public_id for task in tasks] == [*order[1:], order[0]] and tasks[-1].skipped
    assert "Để sau" in client.get(bench(contest, show="skipped")).text
    # What was typed goes along.
    answer = client.post(page(contest, first), data={"act": "later", "version": "0", "mark-C1": "7,5"})
    assert answer.status_code == 303 and list(marks_on(first)) == ["C1"]
    finalise(first, 80)
    assert not any(task.skipped for task in queue(contest, "prelim", judges[0].id, opening_of(contest, "prelim")))


# Notes


def note(client, contest, assignment, rest="", json=False, **data):
    headers = {"Accept": "application/json"} if json else {}
    return client.post(page(contest, assignment, f"/ghi-chu{rest}"), data=data, headers=headers)


def test_a_note_is_written_changed_and_deleted_by_the_pages_buttons(client, contest, judges, mine):
    db.session.commit()
    sign_in(client, judges[0])
    answer = note(
        client, contest, mine[0], **{"note-block": "1", "note-text": "Ai <hỏi>?", "note-quote": "ông chỉ cười"}
    )
    assert answer.status_code == 303 and answer.location.endswith("#doan-1")
    shown = client.get(page(contest, mine[0])).text
    assert 'data-notes="1"' in shown and "Ai &lt;hỏi&gt;?" in shown and "<q" in shown and "ông chỉ cười</q>" in shown
    kept = db.session.scalars(select(MarginNote)).one()
    rest, name = f"/{kept.public_id}", f"note-{kept.public_id}-"
    answer = note(client, contest, mine[0], rest, **{f"{name}text": "Ông lão", f"{name}version": "1"})
    assert answer.status_code == 303 and "Ông lão" in client.get(page(contest, mine[0])).text
    stale = note(client, contest, mine[0], rest, **{f"{name}text": "Bà lão", f"{name}version": "1"})
    assert stale.status_code == 422 and ">Bà lão</textarea>" in stale.text.replace("\r\n", "")
    version = re.search(rf'name="{name}version" value="(\d+)"', stale.text)[1]
    assert note(client, contest, mine[0], rest, act="delete", **{f"{name}version": version}).status_code == 303
    assert db.session.scalar(select(func.count(MarginNote.id))) == 0


def test_marks_typed_beside_a_note_are_kept_with_it(client, contest, judges, mine):
    db.session.commit()
    sign_in(client, judges[0])
    answer = note(
        client, contest, mine[0], **{"note-block": "0", "note-text": "Hay", "mark-C1": "17,5", "version": "0"}
    )
    assert answer.status_code == 303 and marks_on(mine[0])["C1"] == Fraction(35, 2)
    answer = note(client, contest, mine[0], **{"note-text": " ", "mark-C1": "hay", "mark-C2": "20", "version": "1"})
    assert answer.status_code == 422 and 'value="hay"' in answer.text and "Ghi chú còn trống" in answer.text
    assert marks_on(mine[0])["C2"] == 20
    # A mark that cannot be read keeps no note from being kept.
    answer = note(client, contest, mine[0], **{"note-text": "Rất hay", "mark-C1": "hay", "version": "2"})
    assert answer.status_code == 422 and "Rất hay" in answer.text
    assert db.session.scalar(select(func.count(MarginNote.id))) == 2


def test_the_pages_script_gets_the_notes_beside_the_passage(client, contest, judges, mine):
    db.session.commit()
    sign_in(client, judges[0])
    answer = note(client, contest, mine[0], json=True, **{"note-block": "1", "note-text": "<b>Hay</b>"})
    assert answer.status_code == 200 and answer.json["block"] == 1 and "&lt;b&gt;Hay" in answer.json["html"]
    answer = note(client, contest, mine[0], json=True, **{"note-block": "1", "note-text": ""})
    assert answer.status_code == 422 and answer.json["message"]
    assert note(client, contest, mine[0], json=True, **{"note-block": "99", "note-text": "x"}).status_code == 404
    assert client.get(page(contest, mine[0], "/ghi-chu")).status_code == 302


def test_a_note_is_on_nobody_elses_page(client, contest, judges, mine, clock):
    chair = make_staff(contest, "chair")
    entry = mine[0].entry
    values = {"block": 0, "blocks": 2, "quote": "chèo đò", "text": "Kanari", "now": clock.instant}
    add_note(assignment=mine[0], actor=judges[0], **values)
    other = give(entry, judges[1])
    for assignment in (mine[0], other):
        finalise(assignment, 80, now=clock.instant)
    db.session.commit()
    kept = db.session.scalars(select(MarginNote)).one()
    sign_in(client, judges[1])
    assert "Kanari" not in client.get(page(contest, other)).text
    for assignment in (mine[0], other):
        answer = note(
            client, contest, assignment, f"/{kept.public_id}", act="delete", **{f"note-{kept.public_id}-version": "1"}
        )
        assert answer.status_code == 404
    table = f"/ban-to-chuc/{contest.slug}/cham/prelim/A"
    for person in (chair, make_staff(contest, "secretary")):
        db.session.commit()
        client.delete_cookie("session")
        sign_in(client, person)
        for address in (table, f"{table}/bai/{entry.blind_code}"):
            answer = client.get(address)
            assert answer.status_code == 200 and "Kanari" not in answer.text


# Pace


def test_pace_counts_ones_own_days_and_what_meets_the_close():
    def at(day, hour=9):
        return datetime(2027, 4, day, hour, tzinfo=VIETNAM)

    window = Window(at(12, 8), at(26, 17))
    told = pace([at(14), at(14), at(16), at(16, 23)], 21, window, at(20, 12))
    assert [(day.day, count) for day, count in told.days] == [
        (14, 2),
        (15, 0),
        (16, 2),
        *((day, 0) for day in range(17, 21)),
    ]
    assert (told.left, told.days_left, told.needed, told.own) == (21, 7, 3, Fraction(4, 7))
    assert not told.in_time and pace([at(20)] * 9, 7, window, at(20, 12)).in_time
    # The last day counts as one; midnight ends the day before; after the close nothing is needed any more.
    assert pace([], 4, window, at(26, 16)).needed == 4
    assert pace([], 4, Window(at(12), at(26, 0)), at(25, 23)).days_left == 1
    over = pace([at(14)], 4, window, at(26, 17))
    assert over.needed is None and over.days_left is None and not over.in_time
    assert pace([], 0, window, at(20)).in_time and pace([], 3, None, at(20)).needed is None
    assert pace([], 3, window, at(10)).days_left == 15, "before the opening the window's own days"


def test_the_bench_shows_ones_pace(client, contest, judges, mine, clock):
    finalise(mine[0], 86, now=clock.instant)
    db.session.commit()
    sign_in(client, judges[0])
    shown = client.get(bench(contest)).text
    assert "Tiến độ của tôi" in shown and "Còn 3 phiếu" in shown and "Số phiếu chốt theo ngày" in shown


# Nothing of others


def test_what_others_take_back_have_unlocked_put_off_or_note_changes_no_byte(client, contest, judges, mine, clock):
    entry = mine[0].entry
    other = give(entry, judges[1])
    fill(mine[1])
    finalise(mine[0], 86, now=clock.instant)
    db.session.commit()
    sign_in(client, judges[0])
    addresses = [bench(contest), *(page(contest, each) for each in mine), bench(contest, show="final")]

    def seen():
        return [bytes_of(client.get(address)) for address in addresses]

    before = seen()
    now = clock.instant
    values = {"block": 0, "blocks": 2, "quote": "", "text": "Kanari", "now": now}
    finalise(other, 60, now=now)  # far apart: a third judge is called
    for step in (
        lambda: undo(assignment=other, revision=1, actor=judges[1], now=now),
        lambda: add_note(assignment=other, actor=judges[1], **values),
        lambda: finalise(other, 85, now=now),
        lambda: unlock(assignment=other, reason="Kanari", actor=make_staff(contest, "chair"), now=now),
    ):
        step()
        db.session.commit()
        assert seen() == before
