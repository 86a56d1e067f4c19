"""The pages: from a blank draft to the receipt, what others see of them, and odd input."""

from __future__ import annotations

import re
from datetime import datetime
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

from contest.core.db import db
from contest.entries import services
from contest.entries.models import Entry, Receipt
from contest.entries.queries import own_drafts
from tests.conftest import START, VIETNAM
from tests.factories import make_contest, make_officer, make_staff, make_unit, make_user, sign_in
from tests.factories.entries import make_accepted, make_draft, make_submitted, verify, words

CLOSES = datetime(2027, 3, 31, 17, 0, tzinfo=VIETNAM)
TOKEN = re.compile(r'name="csrf_token" value="[^"]*"')
DECLARED = ["originality", "exemplar_consent", "rules", "privacy"]


def photo(size=(800, 600), shade=90) -> tuple[BytesIO, str]:
    out = BytesIO()
    Image.new("RGB", size, (shade, 120, 60)).save(out, "JPEG")
    out.seek(0)
    return out, "anh cua toi.jpg"


def hidden(html: str, name: str) -> str:
    """The value of a hidden input."""
    match = re.search(rf'name="{name}"[^>]*value="([^"]*)"|value="([^"]*)"[^>]*name="{name}"', html)
    assert match, f"no field {name}"
    return match[1] or match[2] or ""


def text(response) -> str:
    return response.get_data(as_text=True)


FACTS = {
    "exemplar_kind": "individual",
    "exemplar_name": "Trần Đình Sỹ",
    "exemplar_role": "cựu chiến binh",
    "exemplar_address": "thôn Đá Bạc",
    "exemplar_contact": "0900 000 001",
    "author_name": "Nguyễn Thị Thu Hậu",
    "author_phone": "0900 000 002",
    "birth_date-day": "20",
    "birth_date-month": "5",
    "birth_date-year": "1980",
}


def test_from_nothing_to_the_receipt(app, client):
    contest, unit, author = make_contest(), make_unit("xã Khe Ngọn"), make_user("Nguyễn Thị Thu Hậu")
    sign_in(client, author)
    assert "Bắt đầu viết" in text(client.get(f"/cuoc-thi/{contest.slug}/viet"))
    address = client.post(f"/cuoc-thi/{contest.slug}/viet", data={"category": "A"}).location
    page = text(client.get(address))
    sent = {
        "title": "Đồi cằn trổ hoa",
        "genre": "phong_su",
        "body": "Mùa này.\r\n\r\nXanh.",
        "version": hidden(page, "version"),
    }
    following = client.post(address, data={**sent, "go": "next"})
    assert following.location == f"{address}/anh"
    added = client.post(f"{address}/anh", data={"photo": photo()})
    photo_id = added.location.partition("#anh-")[2]
    assert client.get(f"{address}/anh/{photo_id}/nho").mimetype == "image/webp"
    described = {
        f"{photo_id}-caption": "Ông Sỹ",
        f"{photo_id}-photographer": "Hậu",
        f"{photo_id}-recognised": "people",
        f"{photo_id}-people": "Ông Sỹ",
        f"{photo_id}-consent": "y",
        "act": "save",
    }
    client.post(f"{address}/anh/{photo_id}", data=described)
    page = text(client.get(f"{address}/thong-tin"))
    facts = {**FACTS, "exemplar_unit": unit.code, "version": hidden(page, "version"), "go": "next"}
    assert client.post(f"{address}/thong-tin", data=facts).location == f"{address}/kiem-tra"
    page = text(client.get(f"{address}/kiem-tra"))
    assert "checked" not in page  # nothing is ticked beforehand
    for shown in ("Đồi cằn trổ hoa", "Trần Đình Sỹ", "xã Khe Ngọn", "20/05/1980", "0900 000 002", "Ông Sỹ"):
        assert shown in page
    data = {"digest": hidden(page, "digest"), "declared": DECLARED}
    receipt_page = client.post(f"{address}/nop", data=data)
    again = client.post(f"{address}/nop", data=data)
    assert again.location == receipt_page.location
    receipt = db.session.scalars(select(Receipt)).one()
    assert receipt_page.location == f"/bien-nhan/{receipt.code}?moi=1"
    page = text(client.get(receipt_page.location))
    for shown in (
        receipt.code,
        receipt.text_sha256,
        receipt.files[0]["sha256"],
        "Nguyễn Thị Thu Hậu",
        "Bài đã được nộp",
    ):
        assert shown in page
    mine = text(client.get("/bai-cua-toi"))
    assert receipt.code in mine
    # The draft's pages now lead to the entry.
    for page_of in ("", "/anh", "/thong-tin", "/kiem-tra"):
        assert client.get(address + page_of).location == f"/bai-cua-toi/{receipt.entry.public_id}"


def test_a_receipt_is_readable_to_whoever_holds_its_code(app, client):
    entry = make_submitted(make_contest(), make_user("Phạm Thị Riêng Tư"), body="Một hai ba.")
    code = entry.receipts[0].code
    db.session.commit()
    page = client.get(f"/bien-nhan/{code}")
    assert page.status_code == 200
    assert "Riêng Tư" not in text(page)
    assert "Set-Cookie" not in page.headers
    assert "<svg" in text(page)
    other = client.post(f"/bien-nhan/{code}/doi-chieu", data={"text": "Một hai ba"})
    assert "trùng khớp từng chữ" not in text(other)
    typed = client.post(f"/bien-nhan/{code}/doi-chieu", data={"text": "  Một  hai ba. "})
    assert "trùng khớp từng chữ" in text(typed)  # blanks that the desk does not keep
    same = client.post(f"/bien-nhan/{code}/doi-chieu", data={"text": "Mo\u0323\u0302t hai ba.\r\n"})
    assert "trùng khớp từng chữ" in text(same)
    assert client.post(f"/bien-nhan/{code}/doi-chieu", data={"text": ""}).status_code == 422
    for odd in ("\x00", "\u202e"):
        answer = client.post(f"/bien-nhan/{code}/doi-chieu", data={"text": odd})
        assert answer.status_code == 200 and "trùng khớp từng chữ" not in text(answer)
    for wrong in ("DH-2222-2222-2222", "x", "%00", "..", "DH-" + "2" * 4000):
        assert client.get(f"/bien-nhan/{wrong}").status_code == 404


def test_after_the_close_the_text_is_kept(app, client, clock):
    entry = make_draft(make_contest())
    sign_in(client, entry.author)
    page = text(client.get(f"/viet/{entry.public_id}/kiem-tra"))
    clock.instant = CLOSES
    answer = client.post(f"/viet/{entry.public_id}/nop", data={"digest": hidden(page, "digest"), "declared": DECLARED})
    if db.session.get_bind().dialect.name == "sqlite":
        assert answer.status_code == 422
        assert "Đã hết hạn nhận bài lúc Thứ Tư, 31/03/2027, 17:00" in text(answer)
        assert "Đồi cằn trổ hoa" in text(answer)
    db.session.rollback()
    db.session.expire_all()
    assert db.session.scalars(select(Receipt)).all() == []
    assert entry.state == "draft"
    saved = client.post(f"/viet/{entry.public_id}", data={"title": "Sau hạn", "body": "Còn", "version": entry.version})
    assert saved.status_code == 303


def test_what_is_missing_is_said_and_ticks_are_kept(app, client):
    entry = services.start_draft(contest=make_contest(), category_id="A", actor=make_user(), now=START)
    sign_in(client, entry.author)
    page = text(client.get(f"/viet/{entry.public_id}/kiem-tra"))
    assert "Đặt nhan đề cho bài." in page
    data = {"digest": hidden(page, "digest"), "declared": ["rules"]}
    answer = client.post(f"/viet/{entry.public_id}/nop", data=data)
    assert answer.status_code == 422
    assert re.search(r'value="rules" checked', text(answer))
    assert not re.search(r'value="privacy" checked', text(answer))


def test_saving_as_one_types(app, client):
    entry = make_draft(make_contest())
    sign_in(client, entry.author)
    address = f"/viet/{entry.public_id}/luu"
    first = {"section": "text", "title": "Một", "body": "a b c", "version": entry.version}
    saved = client.post(address, data=first)
    assert (saved.status_code, saved.json["words"], saved.json["version"]) == (200, 3, entry.version)
    assert saved.json["at"] == "09:00"
    conflict = client.post(address, data={**first, "title": "Hai"})
    assert conflict.status_code == 409
    assert conflict.json["code"] == "version"
    assert conflict.json["version"] == saved.json["version"]
    both = client.post(f"/viet/{entry.public_id}", data={**first, "title": "Hai", "body": "bản của tôi"})
    assert both.status_code == 409
    shown = " ".join(re.sub(r"<[^>]+>", " ", text(both)).split())
    assert "a b c" in shown and "bản của tôi" in shown
    mine = {"title": "Hai", "body": "bản của tôi", "version": hidden(text(both), "version")}
    assert client.post(f"/viet/{entry.public_id}", data=mine).status_code == 303
    db.session.expire_all()
    assert entry.body == "bản của tôi"
    hidden_sign = client.post(address, data={**first, "version": entry.version, "body": "a\u202eb"})
    assert (hidden_sign.status_code, hidden_sign.json["code"]) == (422, "hidden_character")
    facts = client.post(address, data={**FACTS, "section": "facts", "version": entry.facts_version})
    assert facts.status_code == 200
    for born in ("31", "0", "x", "9" * 50):
        data = {
            **FACTS,
            "section": "facts",
            "version": entry.facts_version,
            "birth_date-day": born,
            "birth_date-month": "2",
        }
        assert client.post(address, data=data).status_code == 422


@pytest.mark.parametrize("version", ["", "-1", "x", "9" * 50, "1.0", "\x00", "٣"])
def test_versions_that_are_none_conflict(app, client, version):
    entry = make_draft(make_contest())
    sign_in(client, entry.author)
    answer = client.post(f"/viet/{entry.public_id}/luu", data={"section": "text", "title": "x", "version": version})
    assert answer.status_code == 409


def own_routes(entry: Entry, photo_id: str) -> list[tuple[str, str]]:
    base, after = f"/viet/{entry.public_id}", f"/bai-cua-toi/{entry.public_id}"
    return [
        ("GET", base),
        ("POST", base),
        ("POST", f"{base}/luu"),
        ("GET", f"{base}/thong-tin"),
        ("POST", f"{base}/thong-tin"),
        ("GET", f"{base}/anh"),
        ("POST", f"{base}/anh"),
        ("POST", f"{base}/anh/{photo_id}"),
        ("GET", f"{base}/anh/{photo_id}/lon"),
        ("GET", f"{base}/kiem-tra"),
        ("POST", f"{base}/nop"),
        ("POST", f"{base}/xoa"),
        ("GET", after),
        ("POST", f"{after}/nop-lai"),
        ("POST", f"{after}/rut"),
    ]


@pytest.mark.parametrize("make", [make_draft, make_submitted])
def test_another_persons_entry_answers_as_one_that_does_not_exist(app, client, make):
    entry = make(make_contest())
    photo_id = entry.photos[0].public_id
    sign_in(client, make_user())
    nothing = "z" * 14
    client.get("/viet/" + nothing)  # the first page of a session sets its form token
    for method, address in own_routes(entry, photo_id):
        theirs = client.open(address, method=method, data={"section": "text"})
        missing = client.open(
            address.replace(entry.public_id, nothing).replace(photo_id, nothing),
            method=method,
            data={"section": "text"},
        )
        assert theirs.status_code == missing.status_code == 404, address
        # What was asked for stands in the link to the other language; form tokens tell the second.
        body = text(theirs).replace(entry.public_id, nothing).replace(photo_id, nothing)
        assert TOKEN.sub("", body) == TOKEN.sub("", text(missing)), address
        assert sorted(theirs.headers.keys()) == sorted(missing.headers.keys())


def test_strangers_are_sent_to_sign_in(app, client):
    entry = make_draft(make_contest())
    db.session.commit()
    for method, address in own_routes(entry, entry.photos[0].public_id):
        answer = client.open(address, method=method)
        assert answer.status_code == 302
        assert "/dang-nhap" in answer.location


@pytest.mark.parametrize("odd", ["%00", "x%00y", "9" * 3000, "..", "%F0%9F%98%80", "A" * 14, "%0d%0aSet-Cookie:x"])
def test_odd_addresses(app, client, odd):
    contest = make_contest()
    unit = make_unit()
    sign_in(client, make_officer(unit, make_staff(contest, "secretary")))
    for address in (
        f"/viet/{odd}",
        f"/viet/{odd}/anh/{odd}/lon",
        f"/bai-cua-toi/{odd}",
        f"/bien-nhan/{odd}",
        f"/ban-to-chuc/{contest.slug}/bai-du-thi/{odd}",
        f"/ban-to-chuc/{contest.slug}/bai-du-thi?tim={odd}&sau={odd}&don-vi={odd}",
        f"/ban-to-chuc/{contest.slug}/bai-du-thi/{'z' * 14}/anh/{odd}/nho",
        f"/don-vi/{unit.code}/xac-minh/{odd}",
    ):
        assert client.get(address).status_code in {200, 301, 308, 400, 404}, address


@pytest.mark.parametrize(
    "content", [b"", b"no photo", b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n" + b"\0" * 100], ids=repr
)
def test_photos_that_are_none_are_refused_on_the_page(app, client, content):
    entry = make_draft(make_contest(), photos=0)
    sign_in(client, entry.author)
    answer = client.post(f"/viet/{entry.public_id}/anh", data={"photo": (BytesIO(content), "x.jpg")})
    assert answer.status_code == 422
    assert "Chưa lưu được ảnh" in text(answer)


def test_what_is_said_about_a_photo_is_kept_as_one_goes(app, client):
    entry = make_draft(make_contest(), photos=0)
    sign_in(client, entry.author)
    base = f"/viet/{entry.public_id}/anh"
    photo_id = client.post(base, data={"photo": photo()}).location.partition("#anh-")[2]
    kept = client.post(f"{base}/{photo_id}", data={f"{photo_id}-caption": "Ông Sỹ", "act": "keep"})
    assert kept.status_code == 204
    page = text(client.get(base))
    assert 'value="Ông Sỹ"' in page
    assert "Đã lưu thông tin của ảnh." not in page  # said beside the photo, not on the next page


def test_a_wrong_date_and_a_short_number_are_said_where_they_stand(app, client):
    entry = make_draft(make_contest())
    sign_in(client, entry.author)
    address = f"/viet/{entry.public_id}/thong-tin"
    page = text(client.get(address))
    sent = {**FACTS, "version": hidden(page, "version"), "author_phone": "0912 34"}
    born = {"birth_date-day": "31", "birth_date-month": "2", "birth_date-year": "1967"}
    answer = client.post(address, data={**sent, **born})
    assert answer.status_code == 422
    assert 'id="birth_date-error"' in text(answer)
    assert client.post(address, data=sent).status_code == 303
    assert "Số điện thoại này thiếu chữ số." in text(client.get(f"/viet/{entry.public_id}/kiem-tra"))


def test_a_removed_photo_leaves_no_file(app, client):
    entry = make_draft(make_contest(), photos=0)
    sign_in(client, entry.author)
    base = f"/viet/{entry.public_id}/anh"
    photo_id = client.post(base, data={"photo": photo()}).location.partition("#anh-")[2]
    twice = client.post(base, data={"photo": photo()})
    assert twice.status_code == 422
    store = app.extensions["files"]
    stored = {entry.photos[0].large_key, entry.photos[0].small_key}
    assert all((store.root / key).is_file() for key in stored)
    client.post(f"{base}/{photo_id}", data={"act": "remove"})
    assert not any((store.root / key).exists() for key in stored)


def test_replaced_photos_live_as_long_as_somebody_shows_them(app, client):
    entry = make_draft(make_contest(), photos=0)
    sign_in(client, entry.author)
    base = f"/viet/{entry.public_id}"
    photo_id = client.post(f"{base}/anh", data={"photo": photo()}).location.partition("#anh-")[2]
    client.post(
        f"{base}/anh/{photo_id}",
        data={f"{photo_id}-caption": "c", f"{photo_id}-photographer": "p", f"{photo_id}-recognised": "nobody"},
    )
    page = text(client.get(f"{base}/kiem-tra"))
    client.post(f"{base}/nop", data={"digest": hidden(page, "digest"), "declared": DECLARED})
    own = f"/bai-cua-toi/{entry.public_id}"
    draft = client.post(f"{own}/nop-lai").location
    other = db.session.scalars(select(Entry).where(Entry.replaces_id.is_not(None))).one()
    client.post(f"{draft}/anh/{other.photos[0].public_id}", data={"act": "remove"})
    # The submitted entry still shows its photo.
    assert client.get(f"{base}/anh/{photo_id}/lon").status_code == 200
    client.post(f"{draft}/xoa")
    assert client.get(f"{base}/anh/{photo_id}/lon").status_code == 200


def test_pages_of_the_secretariat(app, client):
    contest = make_contest()
    unit = make_unit()
    make_officer(unit)
    entry = make_submitted(contest, make_user("Đỗ Minh Khôi"), unit=unit)
    sign_in(client, make_staff(contest, "secretary"))
    desk = f"/ban-to-chuc/{contest.slug}/bai-du-thi"
    assert "Đồi cằn trổ hoa" in text(client.get(f"{desk}?tim=do+minh+khoi"))
    assert "Đồi cằn trổ hoa" not in text(client.get(f"{desk}?tim=khong+ai"))
    one = f"{desk}/{entry.public_id}"
    assert client.get(f"{one}/anh/{entry.photos[0].public_id}/lon").status_code in {200, 404}
    assert client.post(f"{one}/hop-le").status_code == 422  # not received yet
    assert client.post(f"{one}/tiep-nhan").status_code == 303
    bad = client.post(f"{one}/bo-sung", data={"reason": "Thiếu ảnh", "due": "32/13/2027"})
    assert bad.status_code == 422
    assert "Thiếu ảnh" in text(bad)
    assert client.post(f"{one}/khong-hop-le", data={"reason": " "}).status_code == 422
    asked = client.post(f"{one}/bo-sung", data={"reason": "Thiếu ảnh", "due": "25/03/2027", "due_hour": "16:30"})
    assert asked.status_code == 303
    db.session.expire_all()
    assert entry.completion_due == datetime(2027, 3, 25, 16, 30, tzinfo=VIETNAM)
    assert client.post(f"{one}/hop-le").status_code == 303
    assert client.post(f"{one}/xac-minh").status_code == 303
    assert client.post(f"{one}/che", data={"phrase": "chuyện người"}).status_code == 303
    db.session.expire_all()
    assert entry.redactions == ["chuyện người"]
    page = text(client.get(one))
    assert entry.blind_code not in page  # who screens sees the author, and never the code
    for verb in ("x", "tiep-nhan-tat-ca"):
        assert client.post(f"{one}/{verb}").status_code == 404


@pytest.mark.parametrize("role", ["judge", "chair", "author", "officer"])
def test_the_secretariats_pages_are_for_the_secretariat(app, client, role):
    contest = make_contest()
    entry = make_submitted(contest)
    people = {
        "judge": lambda: make_staff(contest, "judge"),
        "chair": lambda: make_staff(contest, "chair"),
        "author": lambda: entry.author,
        "officer": lambda: make_officer(make_unit()),
    }
    sign_in(client, people[role]())
    desk = f"/ban-to-chuc/{contest.slug}/bai-du-thi"
    for address in (desk, f"{desk}/{entry.public_id}", f"{desk}/{entry.public_id}/anh/{entry.photos[0].public_id}/lon"):
        assert client.get(address).status_code == 404
    for address in (desk, f"{desk}/{entry.public_id}/tiep-nhan", f"{desk}/{entry.public_id}/che"):
        assert client.post(address).status_code == 404


def test_drafts_are_nobodys_business(app, client):
    contest = make_contest()
    entry = make_draft(contest, title="Chưa ai biết")
    sign_in(client, make_staff(contest, "secretary"))
    desk = f"/ban-to-chuc/{contest.slug}/bai-du-thi"
    assert "Chưa ai biết" not in text(client.get(desk))
    assert client.get(f"{desk}/{entry.public_id}").status_code == 404
    assert client.post(f"{desk}/{entry.public_id}/tiep-nhan").status_code == 404


def test_the_desk_of_a_unit(app, client):
    contest = make_contest()
    unit, other = make_unit("xã Khe Ngọn"), make_unit()
    officer = make_officer(unit)
    accepted = [make_accepted(contest, title=f"Bài {number}", unit=unit) for number in range(4)]
    make_accepted(contest, title="Bài nơi khác", unit=other)
    asked = services.ask_units(contest=contest, entries=accepted, actor=None, now=START)
    sign_in(client, officer)
    page = text(client.get(f"/don-vi/{unit.code}"))
    assert "4/3 (133%)" in page  # the floor of three entries is passed
    assert "Bài nơi khác" not in page
    assert accepted[0].author_name not in page
    address = f"/don-vi/{unit.code}/xac-minh/{asked[0].public_id}"
    page = text(client.get(address))
    assert "chuyện người thật" in page
    assert accepted[0].author_name not in page
    bad = client.post(address, data={"outcome": "refuted", "seen": hidden(page, "seen")})
    assert bad.status_code == 422
    good = client.post(
        address, data={"outcome": "verified", "consent": "1", "photos": "1", "seen": hidden(page, "seen")}
    )
    assert good.location == f"/don-vi/{unit.code}"
    late = client.post(address, data={"outcome": "refuted", "note": "x", "seen": hidden(page, "seen")})
    assert late.status_code == 409
    assert client.get(f"/don-vi/{other.code}").status_code == 404
    assert client.get(f"/don-vi/{other.code}/xac-minh/{asked[0].public_id}").status_code == 404


def test_what_comes_next_is_told_and_no_more(app, client, clock):
    contest = make_contest()
    entry = make_accepted(contest)
    sign_in(client, entry.author)
    assert "Danh sách vào chung khảo công bố lúc" in text(client.get("/bai-cua-toi"))
    assert entry.blind_code not in text(client.get(f"/bai-cua-toi/{entry.public_id}"))
    before = TOKEN.sub("", text(client.get("/bai-cua-toi")))

    verify(entry)
    services.advance(entry=entry, actor=None, now=START)
    db.session.commit()
    assert TOKEN.sub("", text(client.get("/bai-cua-toi"))) == before
    clock.instant = contest.rules.instant("shortlist")
    assert "Vào chung khảo" in text(client.get("/bai-cua-toi"))


def test_english_pages_have_no_vietnamese_left(app, client):
    contest = make_contest()
    entry = make_submitted(contest, make_user("Author Name"))
    sign_in(client, entry.author)
    page = text(client.get("/en/bai-cua-toi"))
    assert "My entries" in page
    assert "Bài của tôi" not in page


def test_nothing_is_cached(app, client):
    entry = make_draft(make_contest())
    sign_in(client, entry.author)
    for address in (f"/viet/{entry.public_id}", "/bai-cua-toi"):
        assert client.get(address).headers["Cache-Control"] == "private, no-store"
    assert own_drafts(entry.author_id, entry.contest_id) == [entry]
    assert words(3).count(" ") == 2
