"""Bundles: read without trace, imported once whatever happens, and every fault told by its line."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

import openpyxl
import pytest
import xlsxwriter
from PIL import Image

from contest.accounts.models import User
from contest.core.db import db, writing
from contest.core.errors import Refused
from contest.core.text import fold
from contest.core.web.files import file_store
from contest.entries.models import Attachment, Entry, Photo, Receipt
from contest.entries.rules import BUNDLE, SUBMITTED
from contest.intake import bundles
from contest.intake.columns import BY_KEY, COLUMNS, rows_of, template
from contest.intake.models import Bundle, BundleLine
from contest.intake.tasks import work_on_bundles
from contest.outbox.models import Message
from contest.units.models import UnitOfficer
from tests.conftest import START
from tests.documents.making import docx, paragraph
from tests.factories import make_contest, make_officer, make_unit, make_user, sign_in
from tests.factories.entries import words


def cells(number: int = 1, **values: str) -> dict[str, str]:
    """A line that is in order."""
    return {
        "category": "A",
        "title": f"Người giữ rừng {number}",
        "text": f"Chuyện thứ {number}. " + words(600),
        "genre": "ghi_chep",
        "author": f"Lò Thị Mẩy {number}",
        "phone": f"0912{number:06}",
        "birth_date": "05/04/1980",
        "exemplar": f"Ông Vàng A Páo {number}",
        "exemplar_kind": "Cá nhân",
        "exemplar_unit": "Xã Khe Ngọn",
        "exemplar_address": "bản Lim",
        "exemplar_contact": "0911 000 111",
        "photos": f"anh-{number}.jpg",
        "captions": "Ông Páo bên cánh rừng",
        "photographer": "Lò Thị Mẩy",
        "photo_people": "Ông Vàng A Páo",
        "photo_consent": "có",
        "declared": "có",
    } | values


def sheet_of(lines: Sequence[Mapping[str, str]]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet()
    for place, column in enumerate(COLUMNS):
        sheet.write_string(0, place, column.header + (" *" if column.needed else ""))
        for row, line in enumerate(lines, 1):
            sheet.write_string(row, place, line.get(column.key, ""))
    book.close()
    return out.getvalue()


def photo(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (400, 300), (shade % 256, shade // 256 % 256, 90)).save(out, "JPEG")
    return out.getvalue()


def zip_of(lines: Sequence[Mapping[str, str]], **files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("goi/danh-sach.xlsx", sheet_of(lines))
        for number, line in enumerate(lines, 1):
            for name in line.get("photos", "").split(";"):
                if name.strip() and name.strip() not in files:
                    bundle.writestr(f"goi/{name.strip()}", photo(number))
        for name, content in files.items():
            bundle.writestr(f"goi/{name}", content)
    return out.getvalue()


@pytest.fixture
def contest(app):
    return make_contest()


@pytest.fixture
def unit(app):
    return make_unit("xã Khe Ngọn", name_key=fold("xã Khe Ngọn"))


@pytest.fixture
def officer(unit):
    person = make_user("Cán Bộ Xã")
    make_officer(unit, person)
    db.session.commit()
    return person


def send(contest, unit, officer, content, name="goi.zip"):
    db.session.commit()
    key = file_store().put(content, "zip")
    with writing() as now:
        return bundles.receive_bundle(
            contest=contest, unit=unit, name=name, content=content, key=key, actor=officer, now=now
        ).id


def work(bundle_id: int) -> Bundle:
    """Let the background do all there is to do."""
    for _ in range(200):
        if not work_on_bundles():
            break
    db.session.rollback()
    db.session.expire_all()
    found = db.session.get(Bundle, bundle_id)
    assert found is not None
    return found


def release(bundle_id: int, officer: User) -> None:
    db.session.rollback()
    with writing() as now:
        bundles.start_import(bundle=db.session.get(Bundle, bundle_id), actor=officer, now=now)


def stood(bundle_id: int) -> list[str]:
    lines = db.session.query(BundleLine).filter_by(bundle_id=bundle_id).order_by(BundleLine.number)
    return [line.state for line in lines]


def messages_of(line: BundleLine) -> list[str]:
    return [problem["message"] for problem in line.problems]


def test_a_bundle_is_read_without_a_trace_then_imported(contest, unit, officer):
    file = docx(paragraph("Chuyện trong tệp. " + words(600)))
    lines = [cells(1), cells(2, text="", file="Bài 2.docx")]
    bundle = work(send(contest, unit, officer, zip_of(lines, **{"bài 2.docx": file})))
    assert (bundle.state, stood(bundle.id)) == (bundles.READ, ["ready", "ready"])
    # The dry run built both entries, and nothing of it is left.
    assert [db.session.query(table).count() for table in (Entry, Receipt, Photo, Attachment)] == [0, 0, 0, 0]
    assert db.session.query(User).count() == 1
    release(bundle.id, officer)
    bundle = work(bundle.id)
    assert (bundle.state, stood(bundle.id)) == (bundles.IMPORTED, ["imported", "imported"])
    entries = db.session.query(Entry).order_by(Entry.id).all()
    assert [entry.title for entry in entries] == ["Người giữ rừng 1", "Người giữ rừng 2"]
    for entry in entries:
        assert (entry.state, entry.source) == (SUBMITTED, BUNDLE)
        assert (entry.helper_id, entry.sent_by_unit_id) == (officer.id, unit.id)
        assert entry.author.assisted and entry.receipts[0].text == entry.body
        assert entry.exemplar.unit_id == unit.id and entry.genre == "ghi_chep"
        assert entry.photos[0].caption == "Ông Páo bên cánh rừng"
    assert entries[1].attachments[0].kind == "source" and entries[1].attachments[0].name == "Bài 2.docx"
    assert file_store().read(entries[1].attachments[0].key) == file
    told = [
        message.template for message in db.session.query(Message) if message.address == (officer.email or officer.phone)
    ]
    assert [name.removesuffix("_sms") for name in told] == ["bundle_imported"]


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"category": "Z"}, "Hạng mục"),
        ({"title": ""}, "Nhan đề"),
        ({"text": ""}, "Tệp bài viết"),
        ({"text": "", "file": "khong-co.docx"}, "Tệp bài viết"),
        ({"author": ""}, "Họ tên tác giả"),
        ({"birth_date": "hôm qua"}, "Ngày sinh tác giả"),
        ({"exemplar": ""}, "Họ tên điển hình"),
        ({"exemplar_unit": "xã Không Có"}, "Đơn vị của điển hình"),
        ({"exemplar_kind": "loài chim"}, "Loại điển hình"),
        ({"photos": "khong-co.jpg", "text": "Có."}, "Tệp ảnh"),
        ({"declared": ""}, "Tác giả đã cam đoan"),
        ({"phone": "không nhớ"}, "Họ tên tác giả"),
    ],
)
def test_a_fault_is_told_by_its_column(contest, unit, officer, change, column):
    files = {"anh-1.jpg": photo(1)} if "photos" in change else {}
    content = zip_of([{**cells(1), **change}], **files)
    if "photos" in change:
        content = without(content, "khong-co.jpg")
    bundle = work(send(contest, unit, officer, content))
    line = db.session.query(BundleLine).one()
    assert (bundle.state, line.state) == (bundles.READ, "faulty")
    assert column in [problem["where"] for problem in line.problems], line.problems
    with pytest.raises(Refused):
        release(bundle.id, officer)


def without(content: bytes, name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            if not info.filename.endswith(name):
                new.writestr(info.filename, old.read(info))
    return out.getvalue()


def test_rules_are_told_as_to_a_writer(contest, unit, officer):
    long = cells(1, text=words(2_200))
    young = cells(2, birth_date="05/04/2015")
    bundle = work(send(contest, unit, officer, zip_of([long, young])))
    lines = db.session.query(BundleLine).order_by(BundleLine.number).all()
    assert stood(bundle.id) == ["faulty", "faulty"]
    assert any("at most %(most)s" in message for message in messages_of(lines[0]))
    assert len(lines[1].problems) >= 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "bundle_size"),
        (b"PK\x03\x04 rest", None),
        (b"no zip", None),
    ],
)
def test_what_is_no_bundle_says_so(contest, unit, officer, content, code):
    if code:
        with pytest.raises(Refused):
            send(contest, unit, officer, content)
        return
    bundle = work(send(contest, unit, officer, content))
    assert bundle.state == bundles.UNREADABLE and "not a zip file" in bundle.problem["message"]


def test_a_zip_without_its_sheet_or_columns_says_so(contest, unit, officer):
    empty, two = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(empty, "w") as bundle:
        bundle.writestr("bai.txt", "Bài")
    with zipfile.ZipFile(two, "w") as bundle:
        bundle.writestr("a.csv", "Hạng mục,Nhan đề,Nội dung\nA,B,C\n")
    for content, words_ in ((empty.getvalue(), "one spreadsheet"), (two.getvalue(), "lacks these columns")):
        found = work(send(contest, unit, officer, content))
        assert found.state == bundles.UNREADABLE and words_ in found.problem["message"]


def test_a_bomb_is_refused_before_it_is_unpacked(contest, unit, officer):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("danh-sach.xlsx", b"\0" * 30_000_000)
    found = work(send(contest, unit, officer, out.getvalue()))
    assert found.state == bundles.UNREADABLE and "holds too much" in found.problem["message"]


def test_the_same_file_is_one_bundle_and_the_same_entry_comes_once(contest, unit, officer):
    content = zip_of([cells(1), cells(1, photos="khac.jpg"), cells(2)])
    first = send(contest, unit, officer, content)
    assert send(contest, unit, officer, content) == first
    bundle = work(first)
    assert stood(bundle.id) == ["ready", "doubled", "ready"]
    release(bundle.id, officer)
    work(bundle.id)
    again = work(send(contest, unit, officer, zip_of([cells(2), cells(3)])))
    assert stood(again.id) == ["doubled", "ready"]
    release(again.id, officer)
    work(again.id)
    assert db.session.query(Entry).count() == 3


def test_two_bundles_with_one_entry_give_one(contest, unit, officer):
    """Both were read before either was imported: the constraint decides."""
    one = work(send(contest, unit, officer, zip_of([cells(1)])))
    two = work(send(contest, unit, officer, zip_of([cells(1), cells(2)])))
    assert (stood(one.id), stood(two.id)) == (["ready"], ["ready", "ready"])
    release(one.id, officer)
    release(two.id, officer)
    work(one.id)
    work(two.id)
    assert (stood(one.id), stood(two.id)) == (["imported"], ["doubled", "imported"])
    assert db.session.query(Entry).count() == 2


def test_after_the_close_nothing_is_imported_and_nothing_lost(contest, unit, officer, clock):
    bundle = work(send(contest, unit, officer, zip_of([cells(1), cells(2)])))
    release(bundle.id, officer)
    clock.instant = contest.rules.window("submission").closes
    bundle = work(bundle.id)
    assert (bundle.state, stood(bundle.id)) == (bundles.IMPORTED, ["faulty", "faulty"])
    assert db.session.query(Entry).count() == 0
    assert all("Submission closed" in messages_of(line)[0] for line in db.session.query(BundleLine))


def test_whoever_no_longer_acts_for_the_unit_imports_nothing(contest, unit, officer):
    bundle = work(send(contest, unit, officer, zip_of([cells(1)])))
    release(bundle.id, officer)

    db.session.query(UnitOfficer).one().ended_at = START
    db.session.commit()
    work(bundle.id)
    assert stood(bundle.id) == ["faulty"]


def test_the_template_is_read_back(contest):
    content = template(contest.rules, {"ghi_chep": "Ghi chép"}, ["xã Khe Ngọn"])
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Danh sách", "Chọn", "Hướng dẫn"]
    rows = rows_of([[str(cell.value or "") for cell in row] for row in book["Danh sách"].iter_rows()])
    assert (rows.unknown, rows.lacking, rows.lines) == ([], [], [])


@pytest.mark.parametrize("header", ["NHAN ĐỀ", "nhan de", "  Nhan đề * "])
def test_headers_are_known_without_case_and_marks(header):
    rows = rows_of([[header, "Hạng mục", "Họ tên tác giả"], ["Chuyện", "A", "Mẩy"]])
    assert rows.lines == [(2, {"title": "Chuyện", "category": "A", "author": "Mẩy"})]
    assert BY_KEY["exemplar"].header in rows.lacking


# Pages


def test_on_the_pages(contest, unit, officer, client):
    address = f"/don-vi/{unit.code}/goi-bai"
    sign_in(client, make_user())
    assert client.get(address).status_code == 404
    sign_in(client, officer)
    assert client.get(address).status_code == 200
    assert client.get(f"{address}/mau/{contest.slug}").status_code == 200
    assert client.post(address, data={"contest": contest.slug}).status_code == 422
    sent = client.post(
        address,
        data={"contest": contest.slug, "bundle": (io.BytesIO(zip_of([cells(1), cells(2, title="")])), "goi.zip")},
        content_type="multipart/form-data",
    )
    assert sent.status_code == 303
    there = sent.headers["Location"]
    work(db.session.query(Bundle).one().id)
    page = client.get(there).text
    assert "Người giữ rừng 1" in page and "Nhan đề" in page
    assert client.post(f"{there}/nhap").status_code == 303
    work(db.session.query(Bundle).one().id)
    page = client.get(there).text
    assert db.session.query(Receipt).one().code in page
    other = make_unit()
    make_officer(other, officer)
    db.session.commit()
    assert client.get(there.replace(unit.code, other.code)).status_code == 404


def test_a_large_bundle_passes_the_token_and_a_larger_one_is_told(contest, unit, officer, client):
    sign_in(client, officer)
    for size, status in ((30_000_000, 303), (70_000_000, 413)):
        answer = client.post(
            f"/don-vi/{unit.code}/goi-bai",
            data={"contest": contest.slug, "bundle": (io.BytesIO(b"\0" * size), "goi.zip")},
            content_type="multipart/form-data",
        )
        assert answer.status_code == status


def test_a_unit_has_a_few_open_bundles_at_a_time(contest, unit, officer):
    for number in range(bundles.OPEN_MAX):
        send(contest, unit, officer, zip_of([cells(number + 1)]))
    with pytest.raises(Refused) as told:
        send(contest, unit, officer, zip_of([cells(bundles.OPEN_MAX + 1)]))
    assert told.value.code == "many"
