"""Receipts: of each submission and of a withdrawal, on a page and on paper, and what can be held against them."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import timedelta
from io import BytesIO

import pypdfium2
import pytest

from contest.core.db import db
from contest.core.text import nfc
from contest.entries import services
from contest.entries.models import Attachment
from contest.entries.queries import get_own_entry
from contest.entries.receipts import match_file, match_text
from tests.conftest import START
from tests.factories import make_contest, make_staff, make_user, sign_in
from tests.factories.entries import make_draft, make_submitted, submit_draft

BODY = "Đồi cằn trổ hoa.\n\nÔng Sỹ trồng rừng từ năm 1990; đến nay đã phủ xanh 42 héc-ta."
DOCX = b"PK\x03\x04 the document as it was sent"


def attach(entry, kind="source", content=DOCX, name="bai-du-thi.docx"):
    entry.attachments.append(
        Attachment(
            kind=kind,
            key=f"aa/{hashlib.sha256(content).hexdigest()[:30]}.docx",
            name=name,
            media_type="application/octet-stream",
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            added_at=START,
        )
    )
    db.session.flush()


@pytest.fixture
def receipt(app):
    draft = make_draft(make_contest(), body=BODY)
    attach(draft)
    attach(draft, "scan", b"%PDF a scan", "quet.pdf")
    given = submit_draft(draft)
    db.session.commit()
    return given


def page_text(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    return " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())


def test_every_file_is_on_it(receipt):
    assert [file["kind"] for file in receipt.files] == ["photo", "source", "scan"]
    assert receipt.files[1] == {
        "kind": "source",
        "caption": "bai-du-thi.docx",
        "sha256": hashlib.sha256(DOCX).hexdigest(),
    }
    assert receipt.text_sha256 == hashlib.sha256(BODY.encode()).hexdigest()


@pytest.mark.parametrize(
    "text",
    [
        BODY,
        BODY.replace("\n", "\r\n"),
        unicodedata.normalize("NFD", BODY),
        f"\n{BODY}  \n\n",
        BODY.replace(".\n", ".  \n"),
    ],
)
def test_the_same_text_is_recognised_however_it_was_copied(receipt, text):
    assert match_text(receipt, text)
    assert match_file(receipt, b"\xef\xbb\xbf" + text.encode())
    assert nfc(text)


@pytest.mark.parametrize("text", [BODY + ".", BODY.replace("42", "43"), BODY.lower(), "", " "])
def test_another_text_is_not(receipt, text):
    assert not match_text(receipt, text)


def test_a_file_matches_by_its_bytes_alone(receipt):
    assert [(each.kind, each.number) for each in match_file(receipt, DOCX)] == [("source", 1)]
    assert not match_file(receipt, DOCX + b"\0")
    assert not match_file(receipt, b"")
    assert not match_file(receipt, b"\xff\xfe\xfd" * 10)


def test_whoever_holds_the_code_can_check(app, client, receipt):
    address = f"/bien-nhan/{receipt.code}/doi-chieu"
    assert client.get("/bien-nhan").status_code == 200
    found = client.get("/bien-nhan", query_string={"ma": f" {receipt.code.lower()} "})
    assert (found.status_code, found.location) == (303, address)
    wrong = client.get("/bien-nhan", query_string={"ma": "GM-2222-2222-2222"}).get_data(as_text=True)
    assert "Không có biên nhận nào" in wrong
    yes = client.post(address, data={"text": BODY}).get_data(as_text=True)
    assert "Đúng:" in yes
    assert "văn bản" in yes
    file = {"file": (BytesIO(DOCX), "x.docx")}
    assert "Tài liệu gốc của văn bản 1" in client.post(address, data=file).get_data(as_text=True)
    no = client.post(address, data={"text": BODY + "!"}).get_data(as_text=True)
    assert "Không:" in no
    assert client.post(address, data={}).status_code == 422
    huge = {"file": (BytesIO(b"x" * 22_000_001), "x.bin")}
    assert client.post(address, data=huge).status_code == 422
    entry = receipt.entry
    for page in (yes, no):
        for secret in (entry.author_name, entry.exemplar.name, "bai-du-thi.docx", "Một buổi sáng", "Ông Sỹ trồng rừng"):
            assert secret not in page.replace(BODY, "").split("<textarea")[0]


def test_on_paper(app, client, receipt):
    address = f"/bien-nhan/{receipt.code}.pdf"
    answer = client.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert b"<pdfaid:part>2</pdfaid:part>" in answer.data
    text = page_text(answer.data)
    said = [receipt.code, receipt.title, receipt.text_sha256, *(file["sha256"] for file in receipt.files)]
    for each in said:
        assert each in text
    for secret in (receipt.entry.author_name, "bai-du-thi.docx", "Một buổi sáng"):
        assert secret not in text
    sign_in(client, receipt.entry.author)
    own = page_text(client.get(address).data)
    assert receipt.entry.author_name in own
    assert "bai-du-thi.docx" in own
    assert "Receipt for an entry" in page_text(client.get(f"/en{address}").data)


EVIL = '#panic("x") $a$ \\ @b "q" \'s <l> *b* _i_ `r` [x] {y} //c /*d*/ #import "/x.typ" Ễnh ương Ẫm ỗ'


def test_what_was_typed_is_never_read_as_markup(app, client):
    name = "Công Tằng Tôn Nữ Hoàng Ngọc Bảo Khuê Phương Thảo Nguyên Thị Minh Khai #let x = 1"
    draft = make_draft(make_contest(), title=EVIL, author_name=name)
    receipt = submit_draft(draft)
    db.session.commit()
    sign_in(client, draft.author)
    answer = client.get(f"/bien-nhan/{receipt.code}.pdf")
    assert answer.status_code == 200
    text = page_text(answer.data)
    assert "".join(EVIL.split()) in "".join(text.split())
    assert "".join(name.split()) in "".join(text.split())
    (page,) = pypdfium2.PdfDocument(answer.data)
    assert max(each.get_bounds()[2] for each in page.get_objects()) < 595 - 40


def test_a_withdrawal_has_its_receipt(app, client):
    entry = make_submitted(make_contest())
    db.session.commit()
    sign_in(client, entry.author)
    answer = client.post(f"/bai-cua-toi/{entry.public_id}/rut")
    last = get_own_entry(entry.public_id, entry.author_id).receipts[-1]
    assert (last.kind, last.number, last.draft_id) == ("withdrawn", 2, None)
    assert answer.location == f"/bien-nhan/{last.code}"
    page = client.get(answer.location).get_data(as_text=True)
    assert "Biên nhận rút bài" in page
    assert "Biên nhận rút bài" in page_text(client.get(f"{answer.location}.pdf").data)
    # Withdrawn twice, it is withdrawn once.
    client.post(f"/bai-cua-toi/{entry.public_id}/rut")
    db.session.expire_all()
    assert len(get_own_entry(entry.public_id, entry.author_id).receipts) == 2


def sent_again(contest, author=None):
    """An entry submitted twice, with another text, title and set of files."""
    entry = make_submitted(contest, author, body=BODY)
    later = START + timedelta(hours=1)
    draft = services.start_replacing(entry=entry, actor=entry.author, now=later)
    body = BODY.replace("42 héc-ta", "46 héc-ta <b>rừng</b>")
    services.save_text(
        entry=draft, version=draft.version, title="Đồi xanh trổ hoa", genre=draft.genre, body=body, now=later
    )
    attach(draft)
    submit_draft(draft, later)
    db.session.commit()
    return get_own_entry(entry.public_id, entry.author_id)


def test_the_history_shows_what_changed(app, client):
    contest = make_contest()
    entry = sent_again(contest)
    sign_in(client, entry.author)
    page = client.get(f"/bai-cua-toi/{entry.public_id}/lich-su").get_data(as_text=True)
    bare = page.replace('<span class="visually-hidden">', "").replace("</span>", "")
    assert "<del>[bỏ:  42]</del>" in bare
    assert "46" in page
    assert "&lt;b&gt;" in page
    assert "<b>rừng" not in page
    assert "<ins>" in page
    assert "bai-du-thi.docx" in page
    for receipt in entry.receipts:
        assert receipt.code in page
    # The secretariat sees the same; another author, nothing.
    secretary = make_staff(contest, "secretary")
    stranger = make_user()
    db.session.commit()
    desk = f"/ban-to-chuc/{contest.slug}/bai-du-thi/{entry.public_id}/lich-su"
    sign_in(client, secretary)
    assert "<ins>" in client.get(desk).get_data(as_text=True)
    assert client.get(desk, query_string={"so": "99999999999"}).status_code == 200
    sign_in(client, stranger)
    assert client.get(desk).status_code == 404
    assert client.get(f"/bai-cua-toi/{entry.public_id}/lich-su").status_code == 404


def test_an_entry_sent_once_has_nothing_to_compare(app, client):
    entry = make_submitted(make_contest())
    db.session.commit()
    sign_in(client, entry.author)
    page = client.get(f"/bai-cua-toi/{entry.public_id}/lich-su").get_data(as_text=True)
    assert "mới nộp một lần" in page
    assert "<ins>" not in page
