"""The bench and the jury's table as pages: who sees what, byte for byte, and what each button does."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from PIL import Image
from sqlalchemy import func, select

from contest.core.db import db
from contest.entries.models import Photo
from contest.judging.models import (
    Assignment,
    ConflictOfInterest,
    GapSettlement,
    PanelSeat,
    RoundClosing,
    SetAside,
    Sheet,
    SheetRevision,
)
from contest.judging.models_council import CouncilBallot
from contest.judging.queries import queue
from contest.judging.services import close_round, record_conflict
from tests.factories import make_staff, make_unit, make_user, sign_in
from tests.factories.judging import (
    assignments_of,
    declare,
    finalise,
    give,
    make_accepted,
    make_finalist,
    make_panel,
    mark_all,
    marks_on,
    opening_of,
    spread_marks,
)

TOKEN = re.compile(rb'name="csrf_token"[^>]*>')
CANARY = "Kanari"


@pytest.fixture(autouse=True)
def within_the_round(contest, clock):
    clock.instant = opening_of(contest, "prelim") + timedelta(days=1)


@pytest.fixture
def judges(contest):
    return make_panel(contest, size=3)


def bytes_of(response):
    """What a judge receives, without the form's token."""
    headers = sorted((name, value) for name, value in response.headers if name not in {"Content-Length", "Set-Cookie"})
    return response.status_code, headers, TOKEN.sub(b"", response.data)


def bench(contest, **query):
    return f"/cham/{contest.slug}" + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else "")


def page(contest, assignment, rest=""):
    return f"/cham/{contest.slug}/bai/{assignment.public_id}{rest}"


def table(contest, rest=""):
    return f"/ban-to-chuc/{contest.slug}/cham{rest}"


def typed(contest, total, **more):
    """A sheet as a browser sends it, decimals with a comma."""
    marks = spread_marks(contest, total)
    return {f"mark-{criterion}": str(mark).replace(".", ",") for criterion, mark in marks.items()} | {
        "version": "0",
        "comment": "",
        **more,
    }


def add_photo(app, entry, photographer="Người Chụp"):
    picture = io.BytesIO()
    Image.new("RGB", (8, 6), "green").save(picture, "JPEG")
    key = app.extensions["files"].put(picture.getvalue(), "jpg")
    photo = Photo(
        entry=entry,
        position=1,
        large_key=key,
        small_key=key,
        width=8,
        height=6,
        sha256="0" * 64,
        caption="Trên đồi",
        photographer=photographer,
        created_at=entry.created_at,
    )
    db.session.add(photo)
    db.session.flush()
    return photo


# The bench


def test_the_bench_shows_ones_own_entries_progress_and_deadline(client, contest, judges):
    for _ in range(3):
        give(make_accepted(contest), judges[0])
    finalise(give(make_accepted(contest, title="Đồi cằn trổ hoa"), judges[0]), "87.5")
    give(make_accepted(contest, title="Bài của người khác"), judges[1])
    sign_in(client, judges[0])
    text = client.get(bench(contest)).text
    assert "1/4" in text and "87,5" in text and "Đồi cằn trổ hoa" in text
    assert "Bài của người khác" not in text
    assert "26/04/2027, 17:00" in text and "còn 13 ngày" in text
    assert "Đồi cằn trổ hoa" not in client.get(bench(contest, show="todo")).text
    assert "Đồi cằn trổ hoa" in client.get(bench(contest, show="final")).text


@pytest.mark.parametrize("query", ["show=x", "round=semi", "round=final", "show=%00", "round=%00"])
def test_a_filter_that_is_none_is_not_found(client, contest, judges, query):
    give(make_accepted(contest), judges[0])
    sign_in(client, judges[0])
    assert client.get(f"/cham/{contest.slug}?{query}").status_code == (400 if "%00" in query else 404)


def test_before_the_round_begins_the_bench_is_empty(client, contest, judges, clock):
    assignment = give(make_accepted(contest, title="Chưa đến lúc"), judges[0])
    clock.instant = contest.rules.window("prelim").opens - timedelta(microseconds=1)
    sign_in(client, judges[0])
    response = client.get(bench(contest))
    assert response.status_code == 200 and "Chưa đến lúc" not in response.text
    assert client.get(page(contest, assignment)).status_code == 404
    clock.instant = contest.rules.window("prelim").opens
    assert client.get(page(contest, assignment)).status_code == 200


@pytest.mark.parametrize("sheets", [False, True])
def test_the_bench_asks_as_much_for_fifty_entries_as_for_five(client, contest, judges, query_counter, sheets):
    counts = []
    sign_in(client, judges[0])
    for many in (5, 45):
        for _ in range(many):
            assignment = give(make_accepted(contest), judges[0])
            if sheets:
                finalise(assignment, 80)
        db.session.commit()
        with query_counter() as counted:
            assert client.get(bench(contest)).status_code == 200
        with query_counter() as on_page:
            assert client.get(page(contest, assignment)).status_code == 200
        counts.append((counted.count, on_page.count))
    assert counts[0] == counts[1]
    assert counts[0][0] <= 16 and counts[0][1] <= 32


# A sheet, by its buttons


def test_looking_writes_nothing(client, contest, judges):
    assignment = give(make_accepted(contest), judges[0])
    sign_in(client, judges[0])
    for address in (bench(contest), page(contest, assignment), page(contest, assignment, "/xung-dot")):
        assert client.get(address).status_code == 200
    assert db.session.scalar(select(func.count(Sheet.id))) == 0


def test_saving_keeps_what_was_typed_with_a_comma(client, contest, judges):
    assignment = give(make_accepted(contest), judges[0])
    sign_in(client, judges[0])
    answer = client.post(page(contest, assignment), data={"mark-C1": "17,5", "comment": "Hay", "version": "0"})
    assert answer.status_code == 303
    assert marks_on(assignment) == {"C1": Decimal("17.5")}
    shown = client.get(page(contest, assignment)).text
    assert 'value="17,5"' in shown and ">Hay</textarea>" in shown.replace("\r\n", "")


def test_making_final_says_so_and_goes_on(client, contest, judges):
    first, second = (give(make_accepted(contest), judges[0]) for _ in range(2))
    sign_in(client, judges[0])
    answer = client.post(page(contest, first), data=typed(contest, "86.5", act="final"), follow_redirects=True)
    assert answer.request.path == page(contest, second)
    assert f"Đã chốt phiếu chấm bài {first.entry.blind_code}: 86,5 điểm." in answer.text
    answer = client.post(page(contest, second), data=typed(contest, 80, act="final"), follow_redirects=True)
    assert answer.request.path == f"/cham/{contest.slug}"
    assert db.session.scalar(select(func.count(SheetRevision.id))) == 2
    again = client.post(page(contest, second), data=typed(contest, 80, act="final"))
    assert again.status_code == 303 and db.session.scalar(select(func.count(SheetRevision.id))) == 2


def test_what_is_wrong_is_said_and_the_rest_is_kept(client, contest, judges):
    assignment = give(make_accepted(contest), judges[0])
    sign_in(client, judges[0])
    data = typed(contest, 86, act="final", comment="Chưa xong") | {"mark-C1": "20,3", "mark-C2": "abc", "mark-C6": ""}
    answer = client.post(page(contest, assignment), data=data)
    assert answer.status_code == 422
    for name in ("mark-C1", "mark-C2", "mark-C6"):
        assert f'href="#{name}"' in answer.text
    assert 'value="20,3"' in answer.text and 'value="abc"' in answer.text
    saved = marks_on(assignment)
    assert "C3" in saved and not {"C1", "C2", "C6"} & set(saved)
    assert assignment.sheet.state == "open" and assignment.sheet.comment == "Chưa xong"


def test_another_window_is_told_and_may_then_insist(client, contest, judges):
    assignment = give(make_accepted(contest), judges[0])
    sign_in(client, judges[0])
    client.post(page(contest, assignment), data={"mark-C1": "10", "version": "0"})
    answer = client.post(page(contest, assignment), data={"mark-C1": "12", "version": "0"})
    assert answer.status_code == 422 and "cửa sổ khác" in answer.text and 'value="12"' in answer.text
    assert marks_on(assignment)["C1"] == 10
    version = re.search(r'name="version"[^>]*value="(\d+)"', answer.text)[1]
    assert client.post(page(contest, assignment), data={"mark-C1": "12", "version": version}).status_code == 303
    assert marks_on(assignment)["C1"] == 12


def test_after_the_close_nothing_is_taken_and_the_page_says_so(client, contest, judges, clock):
    assignment = give(make_accepted(contest), judges[0])
    sign_in(client, judges[0])
    clock.instant = contest.rules.window("prelim").closes
    answer = client.post(page(contest, assignment), data=typed(contest, 86, act="final"))
    assert answer.status_code == 422 and "hết hạn chấm" in answer.text
    assert db.session.scalar(select(func.count(Sheet.id))) == 0
    shown = client.get(page(contest, assignment)).text
    assert "Phiếu này chưa chốt nên không được tính" in shown
    assert 'value="save"' not in shown and 'value="final"' not in shown


@pytest.mark.parametrize(
    "data", [{}, {"version": "x"}, {"version": "9" * 40}, {"mark-C1": "\x00"}, {"mark-C1": "9" * 5000}, {"act": "x"}]
)
def test_bad_input_is_no_crash(client, contest, judges, data):
    assignment = give(make_accepted(contest), judges[0])
    sign_in(client, judges[0])
    for rest in ("", "/luu", "/trao-doi", "/xung-dot"):
        assert client.post(page(contest, assignment, rest), data=data).status_code < 500


# Saving as one goes


def test_saving_as_one_goes_answers_what_was_kept(client, contest, judges):
    assignment = give(make_accepted(contest), judges[0])
    sign_in(client, judges[0])
    answer = client.post(page(contest, assignment, "/luu"), data={"mark-C1": "17,5", "mark-C2": "25,3", "version": "0"})
    assert answer.status_code == 200 and answer.json["version"] == 1
    assert list(answer.json["errors"]) == ["mark-C2"] and "cần xem lại" in answer.json["message"]
    assert marks_on(assignment) == {"C1": Decimal("17.5")}
    late = client.post(page(contest, assignment, "/luu"), data={"mark-C1": "3", "version": "0"})
    assert late.status_code == 409 and late.json["version"] == 1
    finalise(assignment, 86)
    db.session.commit()
    final = client.post(page(contest, assignment, "/luu"), data={"mark-C1": "3", "version": "2"})
    assert final.status_code == 409 and final.json["code"] == "sheet_final"


def test_without_a_session_saving_leads_to_sign_in(client, contest, judges):
    assignment = give(make_accepted(contest), judges[0])
    db.session.commit()
    answer = client.post(page(contest, assignment, "/luu"), data={"mark-C1": "3", "version": "0"})
    assert answer.status_code == 302 and "dang-nhap" in answer.location


# What must not show


def own_pages(client, contest, judge, assignments):
    sign_in(client, judge)
    addresses = [bench(contest), bench(contest, show="final")]
    addresses += [page(contest, each, rest) for each in assignments for rest in ("", "/xung-dot")]
    return [bytes_of(client.get(address)) for address in addresses]


def test_another_judges_work_changes_no_byte(client, contest, judges):
    """Independence: worlds that differ in what the others do, until one's own sheet is final, and after."""
    entries = [make_accepted(contest) for _ in range(2)]
    mine = [give(entry, judges[0]) for entry in entries]
    others = [give(entry, judges[1]) for entry in entries]
    finalise(mine[0], 80)
    before = own_pages(client, contest, judges[0], mine)
    finalise(others[0], 70, comment="Rất yếu")
    finalise(others[1], 95, comment="Xuất sắc")
    record_conflict(
        entry=entries[1], judge=judges[2], reason="Quen", actor=judges[1], now=opening_of(contest, "prelim")
    )
    db.session.commit()
    assert own_pages(client, contest, judges[0], mine) == before


def test_a_gap_shows_on_no_page_of_the_two(client, contest, judges):
    entry = make_accepted(contest)
    mine, other = (give(entry, judge) for judge in judges[:2])
    finalise(mine, 90)
    before = own_pages(client, contest, judges[0], [mine])
    finalise(other, 60)
    assert len(assignments_of(entry)) == 3
    assert own_pages(client, contest, judges[0], [mine]) == before


def test_the_third_judge_does_not_learn_to_be_the_third(client, contest, judges):
    entry, plain = make_accepted(contest), make_accepted(contest)
    mark_all(entry, judges[:2], [90, 60])
    [third] = [each for each in assignments_of(entry) if each.kind == "third"]
    declare(third)
    regular = give(plain, judges[2])
    sign_in(client, judges[2])
    pages = [client.get(page(contest, each)).text for each in (third, regular)]
    for text, assignment in zip(pages, (third, regular), strict=True):
        assert "thứ ba" not in text and assignment.entry.title in text


def swap_authors(first, second):
    names = (
        "author_id",
        "author_name",
        "pen_name",
        "author_phone",
        "author_address",
        "author_birth_date",
        "author_unit_id",
        "guardian_name",
        "guardian_phone",
        "submitted_at",
        "created_at",
    )
    for name in names:
        a, b = getattr(first, name), getattr(second, name)
        setattr(first, name, b)
        setattr(second, name, a)
    db.session.commit()
    db.session.expire_all()


@pytest.mark.parametrize("seat", ["judge", "chair"])
def test_two_authors_swapped_change_no_byte(client, contest, judges, chair, seat):
    """Blindness, on the judge's pages and on the jury's table."""
    entries = [
        make_accepted(
            contest,
            author=make_user(f"Tác Giả {letter}"),
            pen_name=f"Bút danh {letter}",
            author_phone=f"09{at}",
            author_address=f"Nhà {letter}",
            author_birth_date=date(1950 + 20 * at, 1, 1),
            author_unit=make_unit(),
            submitted_at=opening_of(contest, "submission") + timedelta(days=at),
        )
        for at, letter in enumerate("AB")
    ]
    mine = [give(entry, judges[0]) for entry in entries]
    for entry in entries:
        finalise(give(entry, judges[1]), 80)
    finalise(mine[0], 82)

    def look():
        if seat == "judge":
            return own_pages(client, contest, judges[0], mine)
        sign_in(client, chair)
        rests = ["", "/prelim/A", "/prelim/A/giam-khao", "/prelim/A/phan-cong?seed=1", "/prelim/A/khoa-diem"]
        rests += [f"/prelim/A/bai/{entry.blind_code}" for entry in entries]
        return [bytes_of(client.get(table(contest, rest))) for rest in rests]

    before = look()
    swap_authors(*entries)
    assert look() == before


def test_no_mark_of_the_author_reaches_a_judge(app, client, contest, judges, chair):
    """Canaries in every field about the author; none in a page, a header or a picture."""
    author = make_user(f"{CANARY}ten", email="kanarimail@an-lam.example")
    entry = make_finalist(
        contest,
        author=author,
        author_name=f"{CANARY} Họ Tên",
        pen_name=f"{CANARY}but",
        author_phone=f"{CANARY}09",
        author_address=f"{CANARY}dc",
        author_unit=make_unit(f"{CANARY}unit"),
        guardian_name=f"{CANARY}gh",
        guardian_phone=f"{CANARY}gp",
        reason=f"{CANARY}ly do",
        body=f"Mở đầu. Bài của {CANARY} Họ Tên gửi.",
        title=f"Chuyện của {CANARY} Họ Tên",
        redactions=[f"{CANARY} Họ Tên"],
    )
    photo = add_photo(app, entry, photographer=f"{CANARY} chụp")
    photo.caption = f"Ảnh: {CANARY} Họ Tên"
    mine = give(entry, judges[0])
    finalise(give(entry, judges[1]), 80)
    db.session.commit()
    answers = []
    sign_in(client, judges[0])
    picture = "/anh/1/lon"
    addresses = [bench(contest), *(page(contest, mine, rest) for rest in ("", "/xung-dot", picture))]
    answers += [client.get(address) for address in addresses]
    answers.append(client.post(page(contest, mine), data=typed(contest, 80, act="final"), follow_redirects=True))
    answers.append(client.post(page(contest, mine, "/luu"), data={}))
    sign_in(client, chair)
    code = entry.blind_code
    rests = ("", "/prelim/A", f"/prelim/A/bai/{code}", "/prelim/A/giam-khao", "/prelim/A/khoa-diem")
    answers += [client.get(table(contest, rest)) for rest in rests]
    assert [answer.status_code for answer in answers] == [200] * 5 + [409] + [200] * 5
    for answer in answers:
        assert CANARY.lower() not in (answer.data.decode("utf-8", "replace") + str(answer.headers)).lower()
    assert "[…]" in answers[1].text


def test_a_picture_has_neither_name_nor_date(app, client, contest, judges):
    entry = make_accepted(contest)
    photo = add_photo(app, entry)
    mine = give(entry, judges[0])
    sign_in(client, judges[0])
    assert client.get(page(contest, mine, f"/anh/{photo.public_id}/nho")).status_code == 404
    answer = client.get(page(contest, mine, "/anh/1/nho"))
    assert answer.status_code == 200 and answer.mimetype == "image/jpeg"
    assert "Last-Modified" not in answer.headers  # when the file was written is when it was sent in
    assert "Content-Disposition" not in answer.headers
    assert answer.headers["Cache-Control"] == "private, no-store"
    other = add_photo(app, make_accepted(contest))
    assert client.get(page(contest, mine, f"/anh/{other.public_id}/nho")).status_code == 404
    assert client.get(page(contest, mine, f"/anh/{photo.public_id}/goc")).status_code == 404


def test_what_is_not_ones_own_answers_like_what_does_not_exist(app, client, contest, judges, clock):
    nothing = "zzzzzzzzzzzzz2"
    theirs = give(make_accepted(contest), judges[1])
    related = make_accepted(contest)
    conflicted = give(related, judges[0])
    db.session.add(
        ConflictOfInterest(entry_id=related.id, judge_id=judges[0].id, source="chair", recorded_at=clock.instant)
    )
    gone = give(make_accepted(contest), judges[0])
    gone.entry.state = "withdrawn"
    later = give(make_finalist(contest), make_panel(contest, "final", size=1)[0], "final")
    photo = add_photo(app, theirs.entry)
    sign_in(client, judges[0])
    for rest, method in (
        ("", "get"),
        ("", "post"),
        ("/luu", "post"),
        ("/trao-doi", "post"),
        ("/trao-doi", "get"),
        ("/xung-dot", "get"),
        ("/xung-dot", "post"),
        (f"/anh/{photo.public_id}/lon", "get"),
    ):
        send = getattr(client, method)
        missing = bytes_of(send(f"/cham/{contest.slug}/bai/{nothing}{rest}"))
        assert missing[0] == 404
        for assignment in (theirs, conflicted, gone, later):
            status, headers, body = bytes_of(send(page(contest, assignment, rest)))
            assert (status, headers, body.replace(assignment.public_id.encode(), nothing.encode())) == missing


def test_only_judges_reach_the_bench_and_only_the_jurys_table_its_people(client, contest, judges, chair):
    roles = {
        "judge": judges[0],
        "chair": chair,
        "secretary": make_staff(contest, "secretary"),
        "organiser": make_staff(contest, "organiser"),
        "nobody": make_user(),
    }
    allowed = {
        bench(contest): {"judge", "chair"},
        table(contest): {"chair", "secretary", "organiser"},
        table(contest, "/prelim/A"): {"chair", "secretary", "organiser"},
        table(contest, "/prelim/A/giam-khao"): {"chair", "secretary", "organiser"},
        table(contest, "/prelim/A/phan-cong"): {"chair", "secretary", "organiser"},
        table(contest, "/prelim/A/khoa-diem"): {"chair"},
        table(contest, "/xep-hang/A"): {"chair"},
    }
    for address in allowed:
        answer = client.get(address)
        assert answer.status_code == 302 and "dang-nhap" in answer.location
    for role, person in roles.items():
        sign_in(client, person)
        for address, who in allowed.items():
            assert client.get(address).status_code == (200 if role in who else 404), (role, address)
    sign_in(client, chair)
    for rest in ("/semi/A", "/prelim/Z", "/prelim/C", "/prelim/A/bai/ZZZZ", "/prelim/A/bai/%00", "/prelim/A?show=x"):
        assert client.get(table(contest, rest)).status_code == (404), rest


# Stepping back


def test_stepping_back_is_asked_once_and_said(client, contest, judges):
    assignment = give(make_accepted(contest), judges[0])
    give(make_accepted(contest), judges[0])
    sign_in(client, judges[0])
    answer = client.post(page(contest, assignment, "/xung-dot"), data={"reason": "Quen"}, follow_redirects=True)
    assert f"không còn chấm bài {assignment.entry.blind_code}" in answer.text
    assert len(queue(contest, "prelim", judges[0].id, opening_of(contest, "prelim"))) == 1
    assert client.get(page(contest, assignment)).status_code == 404


# The talk about a gap


@pytest.fixture
def apart(contest, clock):
    clock.instant = opening_of(contest, "final")
    entry = make_finalist(contest)
    return entry, mark_all(entry, make_panel(contest, "final", size=5), ["90", "88", "86", "84", "69.5"], "final")


def test_in_the_talk_the_page_shows_numbers_for_names_and_takes_new_marks(client, contest, apart):
    _, assignments = apart
    mine = assignments[4]
    sign_in(client, mine.judge)
    text = client.get(page(contest, mine)).text
    assert "Giám khảo 5" in text and "69,5" in text
    assert not [each.judge.name for each in assignments if each.judge.name in text.split("<main")[1]]
    answer = client.post(page(contest, mine, "/trao-doi"), data=typed(contest, 75, reason=""))
    assert answer.status_code == 422 and "lý do" in answer.text.lower()
    assert client.post(page(contest, mine, "/trao-doi"), data=typed(contest, 75, reason="Nhìn lại")).status_code == 303
    assert [each.total for each in mine.sheet.revisions] == [Decimal("69.5"), 75]


def test_a_judge_with_an_open_sheet_sees_nothing_of_the_talk(client, contest, clock):
    """One world where the others are far apart and one where they are not: the same bytes."""
    clock.instant = opening_of(contest, "final")
    judges = make_panel(contest, "final", size=5)
    entry = make_finalist(contest)
    mine = give(entry, judges[4], "final")
    before = own_pages(client, contest, judges[4], [mine])
    mark_all(entry, judges[:4], [95, 90, 85, 50], "final")
    assert own_pages(client, contest, judges[4], [mine]) == before


# The jury's table


def test_the_chair_sees_totals_and_the_secretariat_sees_none(client, contest, judges, chair):
    entry = make_accepted(contest)
    mark_all(entry, judges[:2], ["81.5", "82"], "prelim")
    code = entry.blind_code
    secretary = make_staff(contest, "secretary")
    for rest in ("/prelim/A", f"/prelim/A/bai/{code}"):
        sign_in(client, chair)
        assert "81,75" in client.get(table(contest, rest)).text
        sign_in(client, secretary)
        text = client.get(table(contest, rest)).text
        assert code in text and not re.search(r"81,75|81,5", text)


def test_a_chair_in_conflict_or_with_an_open_sheet_sees_no_figure(client, contest, judges, clock):
    chair = make_staff(contest, "chair", unit=(unit := make_unit()))
    db.session.add(PanelSeat(contest_id=contest.id, round="prelim", category="A", judge=chair, seated_at=clock.instant))
    related, own = make_accepted(contest, author_unit=unit), make_accepted(contest)
    mark_all(related, judges[:2], ["81.5", "82"])
    mine = give(own, chair)
    other = give(own, judges[0])
    sign_in(client, chair)
    shut = [table(contest, f"/prelim/A/bai/{each.blind_code}") for each in (related, own)]
    nothing = [bytes_of(client.get(address)) for address in shut]
    finalise(other, "77.5")
    db.session.commit()
    assert [bytes_of(client.get(address)) for address in shut] == nothing
    assert not [judge for judge in judges[:2] for _, _, body in nothing if judge.name.encode() in body]
    pages = ["/prelim/A", "/prelim/A/khoa-diem", *(f"/prelim/A/bai/{each.blind_code}" for each in (related, own))]
    before = [bytes_of(client.get(table(contest, rest))) for rest in pages]
    assert not [body for _, _, body in before if re.search(rb"81,75|81,5|77,5", body)]
    finalise(mine, "77")
    db.session.commit()
    assert "77,25" in client.get(table(contest, "/prelim/A")).text


def test_the_table_asks_as_much_for_many_entries_as_for_few(client, contest, judges, chair, query_counter):
    sign_in(client, chair)
    counts = []
    for many in (3, 12):
        for _ in range(many):
            mark_all(make_accepted(contest), judges[:2], [80, 82])
        db.session.commit()
        seen = []
        for rest in ("", "/prelim/A", "/prelim/A/khoa-diem", "/prelim/A/phan-cong"):
            with query_counter() as counted:
                assert client.get(table(contest, rest)).status_code == 200
            seen.append(counted.count)
        counts.append(seen)
    assert counts[0] == counts[1] and max(counts[0]) <= 30


def test_a_round_from_the_panel_to_the_lock_by_its_pages(client, contest, chair, clock):
    secretary = make_staff(contest, "secretary")
    judges = [make_staff(contest, "judge") for _ in range(2)]
    entries = [make_accepted(contest) for _ in range(3)]
    sign_in(client, secretary)
    place = "/prelim/A"
    assert client.post(table(contest, f"{place}/phan-cong"), data={"seed": "5"}).status_code == 422
    for judge in judges:
        data = {"act": "seat", "judge": judge.public_id}
        assert client.post(table(contest, f"{place}/giam-khao"), data=data).status_code == 303
    assert client.post(table(contest, f"{place}/giam-khao"), data=data).status_code == 422
    assert client.post(table(contest, f"{place}/giam-khao"), data={"judge": "x"}).status_code == 422
    assert "Phân công 6 lượt chấm" in client.get(table(contest, f"{place}/phan-cong")).text
    answer = client.post(table(contest, f"{place}/phan-cong"), data={"seed": "5"}, follow_redirects=True)
    assert "Đã phân công 6 lượt chấm" in answer.text
    assert client.post(table(contest, f"{place}/khoa-diem")).status_code == 404
    for assignment in db.session.scalars(select(Assignment).order_by(Assignment.id)).all()[:-1]:
        finalise(assignment, 80)
    sign_in(client, chair)
    answer = client.post(table(contest, f"{place}/khoa-diem"), data={"act": "close"})
    assert answer.status_code == 422 and "chưa chốt phiếu chấm bài" in answer.text
    last = db.session.scalars(select(Assignment).order_by(Assignment.id)).all()[-1]
    aside = table(contest, f"{place}/bai/{last.entry.blind_code}")
    assert client.post(aside, data={"act": "aside", "reason": ""}).status_code == 422
    assert client.post(aside, data={"act": "aside", "reason": "Giám khảo ốm"}).status_code == 303
    assert db.session.scalar(select(func.count(SetAside.id))) == 1
    answer = client.post(table(contest, f"{place}/khoa-diem"), data={"act": "close"}, follow_redirects=True)
    assert "Đã khóa vòng" in answer.text and db.session.scalar(select(func.count(RoundClosing.id))) == 1
    assert entries and client.get(table(contest, f"{place}/khoa-diem")).status_code == 200
    assert client.post(table(contest, f"{place}/phan-cong")).status_code == 422


def test_one_entry_is_given_recorded_against_and_given_back_by_its_page(client, contest, judges):
    secretary = make_staff(contest, "secretary")
    entry = make_accepted(contest)
    address = table(contest, f"/prelim/A/bai/{entry.blind_code}")
    sign_in(client, secretary)

    def act(name, judge=judges[0], reason=""):
        return client.post(address, data={"act": name, "judge": judge.public_id, "reason": reason}).status_code

    assert act("assign") == 303 and act("assign") == 422
    assert act("conflict") == 422 and act("conflict", reason="Họ hàng") == 303
    assert [each.standing for each in db.session.scalars(select(Assignment))] == [False]
    assert act("assign") == 422 and act("lift") == 303 and act("assign") == 303
    assert act("settle", reason="x") == 422 and act("aside", reason="x") == 422
    assert act("nonsense") == 404
    db.session.expire_all()
    assert [each.standing for each in db.session.scalars(select(Assignment))] == [True]


def test_the_secretariat_reads_the_reason_of_a_conflict_and_the_chair_only_that_there_is_one(client, contest, chair):
    unit = make_unit()
    judge = make_staff(contest, "judge", unit=unit)
    entry = make_accepted(contest, author_unit=unit)
    address = table(contest, f"/prelim/A/bai/{entry.blind_code}")
    sign_in(client, make_staff(contest, "secretary"))
    assert "Tác giả cùng đơn vị với giám khảo" in client.get(address).text
    sign_in(client, chair)
    text = client.get(address).text
    assert judge.name in text and "Tác giả cùng đơn vị" not in text


def test_a_gap_is_settled_on_what_the_page_showed(client, contest, chair, apart):
    entry, assignments = apart
    address = table(contest, f"/final/A/bai/{entry.blind_code}")
    sign_in(client, chair)
    shown = client.get(address).text
    seen = re.search(r'name="seen" value="([^"]+)"', shown)[1]
    sign_in(client, assignments[4].judge)
    client.post(page(contest, assignments[4], "/trao-doi"), data=typed(contest, 60, reason="Nhìn lại"))
    sign_in(client, chair)
    data = {"act": "settle", "reason": "Đã trao đổi", "seen": seen}
    assert client.post(address, data=data).status_code == 422
    for garbage in ("x", "1:2:3", ":", "\x00"):
        assert client.post(address, data=data | {"seen": garbage}).status_code == 422
    shown = client.get(address).text
    assert "trước đó: 69,5" in " ".join(shown.split())
    data["seen"] = re.search(r'name="seen" value="([^"]+)"', shown)[1]
    assert client.post(address, data=data).status_code == 303
    assert db.session.scalar(select(func.count(GapSettlement.id))) == 1


def test_places_are_explained_and_the_council_decides_by_the_page(client, contest, chair, clock):
    clock.instant = opening_of(contest, "council")
    judges = make_panel(contest, "final", size=5)
    a, b, c = (make_finalist(contest) for _ in range(3))
    for entry, total in ((a, 88), (b, 88), (c, 80)):
        mark_all(entry, judges, [total] * 5, "final")
    address = table(contest, "/xep-hang/A")
    sign_in(client, chair)
    assert "88,00" not in client.get(address).text  # before the lock
    close_round(contest=contest, round_id="final", category="A", actor=chair, now=clock.instant)
    db.session.commit()
    text = client.get(address).text
    assert text.count("88,00") > 2 and "Hội đồng chưa biểu quyết" in text
    codes = [a.blind_code, b.blind_code]
    votes = {"code": codes, f"rank-{codes[0]}": "2", f"rank-{codes[1]}": "1", "present": "7", "note": "Kín"}
    for wrong in ({f"rank-{codes[0]}": ""}, {"present": "0"}, {"code": [*codes, c.blind_code]}, {"code": []}):
        assert client.post(address, data=votes | wrong).status_code == 422, wrong
    assert client.post(address, data=votes).status_code == 303
    assert db.session.scalars(select(CouncilBallot)).one().groups == [[codes[1]], [codes[0]]]
    assert "phiếu kín" in client.get(address).text


def test_a_chair_in_conflict_reads_the_places_of_the_others_alone(client, contest, clock):
    clock.instant = opening_of(contest, "council")
    chair = make_staff(contest, "chair")
    judges = make_panel(contest, "final", size=5)
    first, second = make_finalist(contest, title="Bài thứ nhất"), make_finalist(contest)
    partial = make_staff(contest, "chair", unit=first.exemplar.unit)
    mark_all(first, judges, ["91.5"] * 5, "final")
    mark_all(second, judges, [80] * 5, "final")
    close_round(contest=contest, round_id="final", category="A", actor=chair, now=clock.instant)
    sign_in(client, partial)
    text = client.get(table(contest, "/xep-hang/A")).text
    assert "91,5" not in text and "Bài thứ nhất" not in text and '<span class="place">1</span>' in text


@pytest.mark.parametrize("language", ["", "/en"])
def test_every_page_speaks_both_languages(client, contest, judges, chair, language):
    entry = make_accepted(contest)
    mine = give(entry, judges[0])
    sign_in(client, judges[0])
    assert client.get(language + page(contest, mine)).status_code == 200
    text = client.get(language + bench(contest)).text
    assert ("My bench" if language else "Bàn chấm của tôi") in text
    sign_in(client, chair)
    for rest in ("", "/prelim/A", "/prelim/A/giam-khao", "/prelim/A/phan-cong", "/prelim/A/khoa-diem", "/xep-hang/A"):
        assert client.get(language + table(contest, rest)).status_code == 200
