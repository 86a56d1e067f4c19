"""The page of assignment: a picture before the deed, a sheet out and in, and who may see what of it."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import select

from contest.core.db import db
from contest.judging.models import Assignment, PanelSeat, RoundClosing
from tests.factories import make_staff, make_unit, sign_in
from tests.factories.judging import finalise, give, make_accepted, make_panel, opening_of


@pytest.fixture
def unit(app):
    return make_unit("xã Kín Đáo", code="kin-dao")


@pytest.fixture(autouse=True)
def within_the_round(contest, clock):
    clock.instant = opening_of(contest, "prelim") + timedelta(days=1)


@pytest.fixture
def judges(contest):
    return make_panel(contest, size=4)


@pytest.fixture
def secretary(contest):
    return make_staff(contest, "secretary")


def place(contest, rest=""):
    return f"/ban-to-chuc/{contest.slug}/cham/prelim/A/phan-cong{rest}"


def hidden(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page.text)[1]


def pairs():
    db.session.expire_all()
    query = select(Assignment).where(Assignment.standing.is_(True))
    return {(each.entry_id, each.judge_id) for each in db.session.scalars(query)}


def sheet_of(answer):
    return [list(row) for row in load_workbook(io.BytesIO(answer.data)).active.values]


def sent(client, contest, rows, name="phan-cong.xlsx"):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    stream.seek(0)
    return client.post(place(contest, "/tai-len"), data={"file": (stream, name)})


def test_loads_are_shown_before_and_after_and_then_it_is_done(contest, judges, secretary, client):
    for _ in range(6):
        make_accepted(contest)
    seat = db.session.scalars(select(PanelSeat).where(PanelSeat.judge_id == judges[0].id)).one()
    seat.least, seat.most = 1, 2
    db.session.commit()
    sign_in(client, secretary)
    page = client.get(place(contest))
    assert page.status_code == 200 and page.text.count('class="bar gold"') == 4
    assert 'class="mean"' in page.text and 'class="goal"' in page.text and not pairs()
    seed = hidden(page, "seed")
    again = client.get(place(contest) + f"?seed={seed}")
    assert hidden(again, "seen") == hidden(page, "seen")
    answer = client.post(place(contest), data={"seed": seed, "seen": hidden(page, "seen")})
    assert answer.status_code == 303 and len(pairs()) == 12
    assert "0 → " not in client.get(place(contest)).text


def test_a_plan_that_has_become_another_is_not_done(contest, judges, secretary, client):
    make_accepted(contest)
    db.session.commit()
    sign_in(client, secretary)
    page = client.get(place(contest))
    make_accepted(contest)
    db.session.commit()
    answer = client.post(place(contest), data={"seed": hidden(page, "seed"), "seen": hidden(page, "seen")})
    assert answer.status_code == 422 and not pairs()


def test_what_makes_it_impossible_is_said(contest, judges, secretary, client):
    make_accepted(contest)
    for seat in db.session.scalars(select(PanelSeat)):
        seat.most = 0
    db.session.commit()
    sign_in(client, secretary)
    page = client.get(place(contest, "?seed=4"))
    assert page.status_code == 200 and "2 phiếu" in page.text and 'name="seed"' not in page.text


def test_the_sheet_holds_codes_and_judges_and_nothing_of_an_author(contest, judges, secretary, unit, client):
    entries = [make_accepted(contest, author_unit=unit, author_name="Kín Văn Tên") for _ in range(3)]
    judges[1].name = "=HYPERLINK(1)"
    give(entries[0], judges[0])
    db.session.commit()
    sign_in(client, secretary)
    answer = client.get(place(contest, "/bang-tinh"))
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "private, no-store"
    rows = sheet_of(answer)
    assert {row[0] for row in rows[1:]} == {entry.blind_code for entry in entries}
    assert "'=HYPERLINK(1)" in rows[0] and sum(cell == "x" for row in rows for cell in row) == 1
    book = load_workbook(io.BytesIO(answer.data))
    said = [cell.value for row in book.active.iter_rows() for cell in row if cell.value]
    assert all(isinstance(value, str) for value in said) and not any("Kín" in value for value in said)


def test_a_filled_in_sheet_is_looked_at_and_then_carried_out(contest, judges, secretary, client):
    one, two = make_accepted(contest), make_accepted(contest)
    give(one, judges[0])
    db.session.commit()
    sign_in(client, secretary)
    rows = sheet_of(client.get(place(contest, "/bang-tinh")))
    for row in rows[1:]:
        for judge in (judges[1], judges[2]):
            row[rows[0].index(judge.name)] = "x"
        if row[0] == one.blind_code:
            row[rows[0].index(judges[0].name)] = None
    page = sent(client, contest, rows)
    assert page.status_code == 200 and len(pairs()) == 1
    assert page.text.count(judges[2].name) >= 3  # her load and two lines
    changes = re.search(r'<textarea name="changes" hidden>([^<]*)</textarea>', page.text)[1]
    answer = client.post(place(contest, "/tai-len"), data={"changes": changes})
    assert answer.status_code == 303
    assert pairs() == {(entry.id, judge.id) for entry in (one, two) for judge in judges[1:3]}
    # Sent twice, it changes nothing and says so.
    assert client.post(place(contest, "/tai-len"), data={"changes": changes}).status_code == 422


def test_a_sheet_with_mistakes_changes_nothing_and_names_the_lines(contest, judges, secretary, client):
    entry = make_accepted(contest)
    finalise(give(entry, judges[0]), 80)
    db.session.commit()
    sign_in(client, secretary)
    rows = sheet_of(client.get(place(contest, "/bang-tinh")))
    rows[1] = [rows[1][0], *(None for _ in judges)]
    rows.append(["ZZZZ", "x"])
    page = sent(client, contest, rows)
    assert page.status_code == 422 and "ZZZZ" in page.text and 'name="changes"' not in page.text
    assert len(pairs()) == 1


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"file": (io.BytesIO(b""), "x.xlsx")},
        {"file": (io.BytesIO(b"\x00\x01"), "x.xlsx")},
        {"file": (io.BytesIO("Mã\nAB".encode()), "x.csv")},
        {"changes": "a\nb"},
        {"changes": "a\nAB23 +7"},
        {"changes": "người-lạ\nZZZZ +0"},
    ],
)
def test_nonsense_is_refused_in_words(contest, judges, secretary, client, data):
    make_accepted(contest)
    db.session.commit()
    sign_in(client, secretary)
    if "file" in data:
        stream, name = data["file"]
        data = {"file": (io.BytesIO(stream.getvalue()), name)}
    answer = client.post(place(contest, "/tai-len"), data=data)
    assert answer.status_code == 422 and 'class="errors"' in answer.text and not pairs()


def test_a_head_of_jury_learns_nothing_of_what_they_have_a_conflict_with(contest, judges, secretary, unit, client):
    chair = make_staff(contest, "chair", unit=unit)
    own, other = make_accepted(contest, author_unit=unit), make_accepted(contest)
    db.session.commit()
    sign_in(client, chair)

    def seen():
        page = client.get(place(contest, "?seed=5"))
        token = re.compile(r'name="csrf_token"[^>]*>|name="csrf-token"[^>]*>')
        return token.sub("", page.text), sheet_of(client.get(place(contest, "/bang-tinh")))

    before = seen()
    assert "1 bài mà ông/bà có xung đột" in before[0] and [row[0] for row in before[1][1:]] == [other.blind_code]
    told = set()
    for first, second in ((0, 1), (2, 3)):
        for judge in (judges[first], judges[second]):
            give(own, judge, actor=secretary)
        db.session.commit()
        told.add(repr(seen()))
        for assignment in db.session.scalars(select(Assignment).where(Assignment.entry_id == own.id)):
            assignment.standing = False
        db.session.commit()
    assert len(told) == 1  # whoever has it, the page and the sheet are the same to the byte
    rows = [["Mã", judges[0].name], [own.blind_code, "x"]]
    assert sent(client, contest, rows).status_code == 422 and not pairs()


def test_a_head_of_jury_reads_nothing_of_units(contest, judges, unit, client):
    make_accepted(contest, author_unit=unit)
    chair = make_staff(contest, "chair")
    db.session.commit()
    sign_in(client, chair)
    page = client.get(place(contest, "?seed=5")).text
    assert "Cùng đơn vị" not in page and "cùng đơn vị" not in page
    sign_in(client, make_staff(contest, "secretary"))
    assert "cùng đơn vị" in client.get(place(contest, "?seed=5")).text


def test_a_closed_round_is_not_changed(contest, judges, secretary, client):
    entry = make_accepted(contest)
    db.session.add(
        RoundClosing(
            contest_id=contest.id, round="prelim", category="A", by_id=secretary.id, at=opening_of(contest, "prelim")
        )
    )
    db.session.commit()
    sign_in(client, secretary)
    assert client.post(place(contest), data={"seed": "4"}).status_code == 422
    changes = f"{judges[0].public_id}\n{entry.blind_code} +0"
    assert client.post(place(contest, "/tai-len"), data={"changes": changes}).status_code == 422
    assert not pairs()


def test_pages_ask_the_same_few_questions_however_many_entries(contest, judges, secretary, client, query_counter):
    sign_in(client, secretary)
    counts = []
    for _ in range(2):
        for _ in range(8):
            make_accepted(contest)
        db.session.commit()
        asked = []
        for rest in ("?seed=3", "/bang-tinh"):
            client.get(place(contest, rest))
            with query_counter() as counted:
                client.get(place(contest, rest))
            asked.append(counted.count)
        rows = sheet_of(client.get(place(contest, "/bang-tinh")))
        with query_counter() as counted:
            sent(client, contest, rows)
        counts.append((*asked, counted.count))
    assert counts[0] == counts[1] and max(counts[0]) <= 24
    # Carried out, too: rows are written many at a time.
    page = client.get(place(contest))
    with query_counter() as counted:
        assert client.post(place(contest), data={"seed": hidden(page, "seed")}).status_code == 303
    first, added = counted.count, 0
    for _ in range(24):
        make_accepted(contest)
        added += 2
    db.session.commit()
    with query_counter() as counted:
        client.post(place(contest), data={"seed": "9"})
    assert counted.count <= first + 2 and len(pairs()) == 32 + added
