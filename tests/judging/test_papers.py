"""Papers of judging: what they say, who gets them and when, and that no author is ever in one."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal

import openpyxl
import pypdfium2
import pytest
from PIL import Image
from sqlalchemy import delete, select

from contest.audit.models import AuditRow
from contest.contests.models import RoleGrant
from contest.core.db import db
from contest.entries.models import Photo
from contest.judging import papers, services
from contest.judging.models import RoundClosing
from contest.judging.packs import as_printed, parts_of, texts_of
from tests.factories import make_contest, make_staff, make_unit, make_user, sign_in
from tests.factories.judging import (
    BODY,
    accept,
    declare_all,
    finalise,
    give,
    make_accepted,
    make_finalist,
    mark_all,
    opening_of,
)

LONGEST = "Nguyễn Hoàng Phương Thảo Nguyên"
MARKS = "Trần Đỗ Ẵm Ếch Ổi Ỷ Ựu Ẫn Ặt"
SECRET = "Người Viết Giấu Tên"
FORMULA = '=HYPERLINK("http://xau.example";"bấm")'


def text_of(pdf: bytes) -> str:
    """The words of a PDF as they can be copied out, blanks as one."""
    document = pypdfium2.PdfDocument(pdf)
    words = " ".join(page.get_textpage().get_text_range() for page in document)
    return " ".join(words.replace("\xa0", " ").replace("\ufffe", "").split())


def is_archival(pdf: bytes) -> bool:
    return b"<pdfaid:part>2</pdfaid:part>" in pdf and b"<pdfaid:conformance>A</pdfaid:conformance>" in pdf


@pytest.fixture
def jury(app, clock):
    """A final round of category A with five judges and three entries, all marked, by authors whose name is secret."""
    contest = make_contest()
    clock.instant = opening_of(contest, "final")
    judges = [make_staff(contest, "judge", make_user(name)) for name in (LONGEST, MARKS, "Lê An", "Vũ Bình", "Hồ Cam")]
    for judge in judges:
        services.seat_judge(
            contest=contest, round_id="final", category="A", judge=judge, actor=None, now=contest.created_at
        )
        accept(contest, judge)
    entries = [make_finalist(contest, author=make_user(SECRET), author_name=SECRET, pen_name="Bút Kín") for _ in "abc"]
    for entry, totals in zip(entries, ([88] * 5, [88] * 5, ["80.5", 81, 82, 83, 84]), strict=True):
        mark_all(entry, judges, totals, "final")
    staff = {role: make_staff(contest, role) for role in ("organiser", "secretary", "chair")}
    db.session.commit()
    return contest, judges, entries, staff


def close(contest, chair, now):
    services.close_round(contest=contest, round_id="final", category="A", actor=chair, now=now)
    db.session.commit()


def base(contest, name=""):
    return f"/ban-to-chuc/{contest.slug}/cham/final/A{name}"


PAPERS = ["/giay/phieu-diem.pdf", "/giay/tong-hop.pdf", "/giay/diem-goc.xlsx"]


@pytest.mark.parametrize("paper", PAPERS)
def test_nobody_gets_a_figure_before_the_round_is_closed(app, client, clock, jury, paper):
    contest, _judges, _entries, staff = jury
    for role in ("organiser", "chair"):
        sign_in(client, staff[role])
        answer = client.get(base(contest, paper))
        assert answer.status_code == 303
        assert b"PDF" not in answer.data
        assert "khi vòng chấm đã khóa" in client.get(answer.headers["Location"]).get_data(as_text=True)
    close(contest, staff["chair"], clock.instant)
    sign_in(client, staff["organiser"])
    assert client.get(base(contest, paper)).status_code == 200


def test_judges_and_strangers_get_no_paper(app, client, clock, jury):
    contest, judges, _entries, staff = jury
    close(contest, staff["chair"], clock.instant)
    hub = f"/ban-to-chuc/{contest.slug}/cham/giay"
    others = [hub, f"{hub}/pdf/phieu-theo-giam-khao"]
    for person in (judges[0], make_user()):
        sign_in(client, person)
        for path in [*(base(contest, paper) for paper in (*PAPERS, "/giay/xung-dot.pdf")), *others]:
            assert client.get(path).status_code == 404, path
    sign_in(client, staff["secretary"])
    assert client.get(base(contest, "/giay/diem-goc.xlsx")).status_code == 404  # organiser and head of jury alone
    sign_in(client, staff["chair"])
    assert client.get(others[1]).status_code == 404


def test_the_summary_tells_every_total_with_its_arithmetic(app, client, clock, jury):
    contest, _judges, entries, staff = jury
    close(contest, staff["chair"], clock.instant)
    sign_in(client, staff["secretary"])
    pdf = client.get(base(contest, "/giay/tong-hop.pdf")).data
    told = text_of(pdf)
    assert is_archival(pdf)
    for word in ("BẢNG TỔNG HỢP ĐIỂM", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "SỞ NỘI VỤ"):
        assert word.casefold() in told.casefold()
    for entry in entries:
        assert entry.blind_code in told
    assert "88,00" in told and "82,00" in told and LONGEST in told and MARKS in told
    assert "246,00 chia 3 được 82,00" in told
    assert SECRET not in told and "Bút Kín" not in told and entries[0].title not in told


def test_a_long_summary_comes_in_parts(app, client, clock, jury, monkeypatch):
    contest, _judges, entries, staff = jury
    monkeypatch.setattr(papers, "LINES_AT_ONCE", 2)
    close(contest, staff["chair"], clock.instant)
    sign_in(client, staff["secretary"])
    first, second = (text_of(client.get(base(contest, f"/giay/tong-hop.pdf?phan={part}")).data) for part in (1, 2))
    assert "Tập 1 trong 2 tập." in first and "Trưởng Ban Giám khảo" not in first
    assert "Tập 2 trong 2 tập." in second and "Trưởng Ban Giám khảo" in second
    assert entries[2].blind_code in second and entries[2].blind_code not in first
    assert client.get(base(contest, "/giay/tong-hop.pdf?phan=3")).status_code == 303


def test_a_sheet_has_every_mark_and_what_was_before(app, client, clock, jury):
    contest, judges, entries, staff = jury
    close(contest, staff["chair"], clock.instant)
    sign_in(client, staff["secretary"])
    pdf = client.get(base(contest, "/giay/phieu-diem.pdf")).data
    assert is_archival(pdf)
    assert len(pypdfium2.PdfDocument(pdf)) == 15
    one = text_of(client.get(base(contest, f"/giay/phieu-diem.pdf?giam-khao={judges[0].public_id}")).data)
    assert LONGEST in one and "Lê An" not in one
    assert "80,50" in one and entries[2].blind_code in one
    for criterion in contest.rules.rubric.criteria:
        assert criterion.name.vi in one
    assert client.get(base(contest, "/giay/phieu-diem.pdf?phan=2")).status_code == 303
    assert client.get(base(contest, "/giay/phieu-diem.pdf?phan=-1")).status_code in {200, 303}


def test_what_was_scored_again_stands_on_the_sheet_with_its_reason(app, client, clock):
    contest = make_contest()
    clock.instant = opening_of(contest, "final")
    judges = [make_staff(contest, "judge") for _ in range(5)]
    chair, secretary = make_staff(contest, "chair"), make_staff(contest, "secretary")
    for judge in judges:
        services.seat_judge(
            contest=contest, round_id="final", category="A", judge=judge, actor=None, now=contest.created_at
        )
    entry = make_finalist(contest)
    given = mark_all(entry, judges, [60, 85, 85, 85, 85], "final")
    later = clock.instant + timedelta(hours=1)
    services.rescore(
        assignment=given[0], marks={"C1": Decimal("9.5")}, comment="Đã đọc lại.", reason="Bỏ sót phần phát hiện.",
        actor=judges[0], now=later,
    )  # fmt: skip
    services.settle_gap(entry=entry, round_id="final", note="Đã trao đổi.", actor=chair, now=later)
    close(contest, chair, later)
    clock.instant = later
    sign_in(client, secretary)
    told = text_of(client.get(base(contest, f"/giay/phieu-diem.pdf?giam-khao={judges[0].public_id}")).data)
    assert "Lần 1" in told and "60,00" in told and "Bỏ sót phần phát hiện." in told and "Đã đọc lại." in told


def test_the_head_of_jury_gets_no_figure_of_an_entry_they_are_in_conflict_with(app, client, clock, jury):
    contest, _judges, entries, staff = jury
    close(contest, staff["chair"], clock.instant)
    services.record_conflict(
        entry=entries[2], judge=staff["chair"], reason="Bạn học.", actor=staff["chair"], now=clock.instant
    )
    db.session.commit()
    sign_in(client, staff["chair"])
    told = text_of(client.get(base(contest, "/giay/tong-hop.pdf")).data)
    assert entries[2].blind_code not in told and "82,00" not in told
    assert entries[0].blind_code in told and "1 bài" in told
    sheets = text_of(client.get(base(contest, "/giay/phieu-diem.pdf")).data)
    assert entries[2].blind_code not in sheets
    book = openpyxl.load_workbook(io.BytesIO(client.get(base(contest, "/giay/diem-goc.xlsx")).data))
    cells = {cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row}
    assert entries[2].blind_code not in cells and entries[0].blind_code in cells
    sign_in(client, staff["organiser"])
    assert entries[2].blind_code in text_of(client.get(base(contest, "/giay/tong-hop.pdf")).data)


def test_raw_scores_hold_every_mark_and_no_formula(app, client, clock):
    contest = make_contest()
    clock.instant = opening_of(contest, "final")
    names = (FORMULA, "+84 913", "-Lê", "@An", "Vũ Bình")
    judges = [make_staff(contest, "judge", make_user(name)) for name in names]
    chair, organiser = make_staff(contest, "chair"), make_staff(contest, "organiser")
    for judge in judges:
        services.seat_judge(
            contest=contest, round_id="final", category="A", judge=judge, actor=None, now=contest.created_at
        )
    entry = make_finalist(contest, author=make_user(SECRET), author_name=SECRET)
    for judge, total in zip(judges, (80, 81, 82, "83.5", 84), strict=True):
        finalise(give(entry, judge, "final"), total, comment=FORMULA)
    close(contest, chair, clock.instant)
    sign_in(client, organiser)
    book = openpyxl.load_workbook(io.BytesIO(client.get(base(contest, "/giay/diem-goc.xlsx")).data))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert not any(cell.hyperlink for cell in cells)
    assert not any(str(cell.value).startswith(("=", "+", "-", "@")) for cell in cells if cell.data_type == "s")
    assert not any(SECRET in str(cell.value) or entry.title in str(cell.value) for cell in cells)
    marks = book.worksheets[0]
    head = [cell.value for cell in marks[1]]
    assert head[3:9] == ["C1", "C2", "C3", "C4", "C5", "C6"]
    totals = [row[head.index("Tổng điểm")] for row in marks.iter_rows(min_row=2, values_only=True)]
    assert sorted(totals) == [80, 81, 82, 83.5, 84]
    assert len(book.worksheets[1]["A"]) == 6
    exact = book.worksheets[2]
    assert [row[3] for row in exact.iter_rows(min_row=2, values_only=True)] == ["493/6"]


def test_the_accountant_learns_how_many_sheets_and_nothing_else(app, client, clock, jury):
    contest, judges, entries, staff = jury
    give(make_finalist(contest), judges[0], "final")  # not finished
    db.session.commit()
    sign_in(client, staff["secretary"])
    where = f"/ban-to-chuc/{contest.slug}/cham/giay"
    pdf = client.get(f"{where}/pdf/phieu-theo-giam-khao").data
    told = text_of(pdf)
    assert is_archival(pdf) and LONGEST in told and "Cộng" in told and "15" in told
    assert not any(entry.blind_code in told for entry in entries) and "88" not in told
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{where}/xlsx/phieu-theo-giam-khao").data))
    rows = {row[1]: row for row in book.active.iter_rows(min_row=2, values_only=True)}
    assert rows[LONGEST][-1] == 3 and rows["Cộng"][-1] == 15


def test_the_work_of_a_judge_who_was_replaced_is_paid_too(app, client, clock, jury):
    contest, judges, entries, staff = jury
    services.record_conflict(
        entry=entries[0], judge=judges[0], reason="Báo muộn.", actor=staff["chair"], now=clock.instant
    )
    db.session.commit()
    sign_in(client, staff["secretary"])
    answer = client.get(f"/ban-to-chuc/{contest.slug}/cham/giay/xlsx/phieu-theo-giam-khao")
    rows = {row[1]: row for row in openpyxl.load_workbook(io.BytesIO(answer.data)).active.iter_rows(values_only=True)}
    assert rows[LONGEST][-1] == 3


def test_conflicts_are_listed_by_code_without_saying_which_fact(app, client, clock):
    contest, unit = make_contest(), make_unit()
    clock.instant = opening_of(contest, "prelim")
    judges = [make_staff(contest, "judge", make_user(name)) for name in (LONGEST, "Vũ Bình")]
    for judge in judges:
        services.seat_judge(
            contest=contest, round_id="prelim", category="A", judge=judge, actor=None, now=contest.created_at
        )
    entry, other = make_accepted(contest, author_unit=unit, author_name=SECRET), make_accepted(contest)
    given = give(other, judges[1])
    services.declare_conflict(assignment=given, reason="Bạn cũ tên Tấn.", actor=judges[1], now=clock.instant)
    services.record_conflict(
        entry=entry, judge=judges[0], reason="Cùng cơ quan với Tấn.",
        actor=make_staff(contest, "secretary"), now=clock.instant,
    )  # fmt: skip
    db.session.commit()
    sign_in(client, make_staff(contest, "organiser"))
    db.session.commit()
    pdf = client.get(f"/ban-to-chuc/{contest.slug}/cham/prelim/A/giay/xung-dot.pdf").data
    told = text_of(pdf)
    assert is_archival(pdf)
    assert entry.blind_code in told and other.blind_code in told and LONGEST in told
    assert "Tấn" not in told and SECRET not in told and unit.name not in told


# Reading packs


@pytest.fixture
def reader(app, clock):
    contest = make_contest()
    clock.instant = opening_of(contest, "prelim")
    judge = make_staff(contest, "judge", make_user(LONGEST))
    services.seat_judge(
        contest=contest, round_id="prelim", category="A", judge=judge, actor=None, now=contest.created_at
    )
    entries = [
        make_accepted(
            contest, title=f"Đồi cằn số {number}", document=BODY, author=make_user(SECRET), author_name=SECRET
        )
        for number in range(6)
    ]
    given = [give(entry, judge) for entry in entries]
    db.session.commit()
    return contest, judge, entries, given


def pack(contest, query=""):
    return f"/cham/{contest.slug}/in/prelim/tap-doc.pdf{query}"


def test_a_pack_holds_the_judges_own_texts_in_their_order(app, client, clock, reader):
    contest, judge, entries, given = reader
    finalise(given[0], "77.5", comment="Nhận xét kín")
    db.session.commit()
    sign_in(client, judge)
    told = text_of(client.get(pack(contest, "?moi=10&co=20")).data)
    order = [text.code for text in texts_of(contest, "prelim", judge.id, clock.instant)]
    assert sorted(order) == sorted(entry.blind_code for entry in entries)
    places = [told.index(f"Mã số {code}") for code in order]
    assert places == sorted(places)
    assert "chèo đò qua sông" in told and LONGEST in told and "trang 1" in told
    assert SECRET not in told and "77,5" not in told and "Nhận xét kín" not in told
    assert is_archival(client.get(pack(contest, "?moi=5")).data)


def test_packs_come_in_parts(app, client, clock, reader):
    contest, judge, _entries, _given = reader
    assert [len(part) for part in parts_of(texts_of(contest, "prelim", judge.id, clock.instant), 5)] == [5, 1]
    sign_in(client, judge)
    second = text_of(client.get(pack(contest, "?moi=5&phan=2")).data)
    assert "Tập 2 trong 2 tập" in second and second.count("Mã số") == 2  # the contents list, and the entry
    assert client.get(pack(contest, "?moi=5&phan=3")).status_code == 404
    assert "Tập 2" in client.get(f"/cham/{contest.slug}/in/prelim?moi=5").get_data(as_text=True)


def test_what_is_not_declared_is_not_printed(app, client, clock, reader):
    contest, judge, _entries, given = reader
    given[0].impartial_at = None
    given[1].standing = False
    db.session.commit()
    services.declare_conflict(assignment=given[2], reason="Quen.", actor=judge, now=clock.instant)
    db.session.commit()
    codes = {text.code for text in texts_of(contest, "prelim", judge.id, clock.instant)}
    assert codes == {assignment.entry.blind_code for assignment in given[3:]}
    grant = db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == judge.id)).one()
    grant.unit_id = given[3].entry.exemplar.unit_id  # learnt late, and known to nobody yet
    db.session.flush()
    codes = {text.code for text in texts_of(contest, "prelim", judge.id, clock.instant)}
    assert codes == {assignment.entry.blind_code for assignment in given[4:]}
    early = clock.instant - timedelta(days=2)
    assert texts_of(contest, "prelim", judge.id, early) == []


def test_nobody_reads_before_the_terms_are_accepted(app, clock):
    contest = make_contest()
    clock.instant = opening_of(contest, "prelim")
    judge = make_staff(contest, "judge")
    services.seat_judge(
        contest=contest, round_id="prelim", category="A", judge=judge, actor=None, now=contest.created_at
    )
    entry = make_accepted(contest)
    assignment = services.assign_one(entry=entry, round_id="prelim", judge=judge, actor=judge, now=clock.instant)
    assignment.impartial_at = clock.instant
    db.session.flush()
    assert texts_of(contest, "prelim", judge.id, clock.instant) == []
    accept(contest, judge)
    assert len(texts_of(contest, "prelim", judge.id, clock.instant)) == 1


def test_another_judge_gets_nothing_of_it(app, client, clock, reader):
    contest, _judge, _entries, _given = reader
    other = make_staff(contest, "judge")
    accept(contest, other)
    db.session.commit()
    sign_in(client, other)
    answer = client.get(pack(contest))
    assert answer.status_code == 303
    assert "Chưa có gì để in" in client.get(answer.headers["Location"]).get_data(as_text=True)


def test_the_secretariat_prints_a_pack_on_record(app, client, clock, reader):
    contest, judge, _entries, _given = reader
    secretary, organiser = make_staff(contest, "secretary"), make_staff(contest, "organiser")
    db.session.commit()
    form = {"round": "prelim", "judge": judge.public_id, "moi": "10", "phan": "1", "co": "18"}
    where = f"/ban-to-chuc/{contest.slug}/cham/giay/tap-doc"
    sign_in(client, secretary)
    answer = client.post(where, data=form)
    assert answer.mimetype == "application/pdf" and LONGEST in text_of(answer.data)
    rows = db.session.scalars(select(AuditRow).where(AuditRow.verb == "judging.print_pack")).all()
    assert len(rows) == 1
    for wrong in ({"judge": "zzzzzzzzzzzzzz"}, {"judge": organiser.public_id}, {"round": "khac"}, {"phan": "9"}):
        assert client.post(where, data={**form, **wrong}).status_code == 303
    sign_in(client, judge)
    assert client.post(where, data=form).status_code == 404


def test_photos_are_printed_without_what_their_files_say(app, client, clock, reader):
    contest, judge, entries, _given = reader
    picture, stored = Image.new("RGB", (1600, 900), "#8a5a2b"), io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "Nhà riêng của tác giả"
    picture.save(stored, "WEBP", exif=exif)
    key = app.extensions["files"].put(stored.getvalue(), "webp")
    for entry, large, caption in (
        (entries[0], key, "Bến sông quê"),
        (entries[1], "00/" + "0" * 30 + ".webp", "Đã mất"),
    ):
        db.session.add(
            Photo(
                entry=entry, position=1, width=1600, height=900, sha256="0" * 64, caption=caption,
                photographer="Người Chụp Kín", consent=True, created_at=clock.instant, large_key=large, small_key=large,
            )
        )  # fmt: skip
    db.session.commit()
    printed = as_printed(stored.getvalue())
    assert Image.open(io.BytesIO(printed)).size == (1200, 675)
    assert not Image.open(io.BytesIO(printed)).getexif() and "tác giả".encode() not in printed
    sign_in(client, judge)
    pdf = client.get(pack(contest)).data
    told = text_of(pdf)
    assert "Bến sông quê" in told and "Đã mất" in told and "Không đọc được ảnh này." in told
    assert "Người Chụp Kín" not in told
    assert is_archival(pdf)


def test_declare_all_opens_what_was_closed(app, clock, reader):
    contest, judge, entries, given = reader
    for assignment in given:
        assignment.impartial_at = None
    db.session.flush()
    assert texts_of(contest, "prelim", judge.id, clock.instant) == []
    declare_all(contest, "prelim", clock.instant)
    assert len(texts_of(contest, "prelim", judge.id, clock.instant)) == len(entries)


def test_papers_ask_no_more_for_more_entries(app, client, clock, jury, query_counter):
    """Every paper of a closed round, and making its minutes, by a number of statements that rows do not change."""
    contest, judges, _entries, staff = jury
    counts = []
    for more in (0, 9):
        db.session.execute(delete(RoundClosing))
        for number in range(more):
            mark_all(make_finalist(contest), judges, [70 + number] * 5, "final")
        close(contest, staff["chair"], clock.instant)
        sign_in(client, staff["organiser"])
        found = []
        for paper in (*PAPERS, "/giay/xung-dot.pdf"):
            client.get(base(contest, paper))
            db.session.remove()
            with query_counter() as counted:
                assert client.get(base(contest, paper)).status_code == 200
            found.append(counted.count)
        form = {"day": "09/05/2027", "conclusions": f"Lần {more}."}
        with query_counter() as counted:
            assert client.post(base(contest, "/bien-ban"), data=form).status_code == 303
        contest, staff = db.session.merge(contest), {role: db.session.merge(who) for role, who in staff.items()}
        judges = [db.session.merge(judge) for judge in judges]
        counts.append([*found, counted.count])
    assert counts[0][:4] == counts[1][:4]
    assert counts[1][4] <= counts[0][4] + 2  # the version before is read, too
    assert max(counts[1]) <= 50
