"""The pages: sending, following with a code, the desk."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from flask_migrate import upgrade
from PIL import Image

from contest.app import create_app
from contest.complaints.models import Complaint, ComplaintFile
from contest.core.db import db
from contest.core.web import limiter
from contest.outbox.models import Message
from tests.conftest import VIETNAM, settings_for
from tests.factories import make_contest, make_staff, make_user, sign_in
from tests.factories.complaints import close_case, make_case
from tests.factories.entries import changed_contest
from tests.factories.world import make_world, publish

REMARKS = datetime(2027, 5, 3, 9, 0, tzinfo=VIETNAM)
TEXT = "Bài này đã đăng báo năm 2020."
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def jpeg() -> bytes:
    out = BytesIO()
    picture = Image.new("RGB", (40, 30), "#446688")
    exif = picture.getexif()
    exif[0x010E] = "nơi chụp"
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()


@pytest.fixture
def contest(app, clock):
    clock.instant = REMARKS
    return make_contest()


def send(client, contest, **fields):
    return client.post(
        f"/cuoc-thi/{contest.slug}/phan-anh", data={"text": TEXT, **fields}, content_type="multipart/form-data"
    )


def only() -> Complaint:
    db.session.rollback()
    return db.session.query(Complaint).one()


def test_anybody_sends_and_follows(client, contest):
    page = client.get(f"/cuoc-thi/{contest.slug}/phan-anh").get_data(as_text=True)
    assert "quá hạn" in page and 'name="text"' in page
    answer = send(
        client,
        contest,
        name="Bà Sáu",
        contact="sau@an-lam.example",
        files=[(BytesIO(PDF), "đơn.pdf"), (BytesIO(jpeg()), "anh.jpg")],
    )
    made = only()
    assert answer.status_code == 303 and answer.headers["Location"] == f"/phan-anh/{made.code}?moi=1"
    assert (made.kind, made.late, made.channel, made.name) == ("remark", False, "online_desk", "Bà Sáu")
    kept = db.session.query(ComplaintFile).order_by(ComplaintFile.id).all()
    assert [each.mime for each in kept] == ["application/pdf", "image/jpeg"]
    store = client.application.extensions["files"]
    assert "nơi chụp".encode() not in store.read(kept[1].storage_key), "a picture is made anew from its pixels"
    receipt = client.get(f"/phan-anh/{made.code}").get_data(as_text=True)
    assert made.code in receipt and TEXT in receipt and 'class="qr"' in receipt
    assert "sau@an-lam.example" not in receipt and "Bà Sáu" not in receipt, "a receipt that is lost names nobody"
    mail = db.session.query(Message).one()
    assert mail.template == "complaint_receipt" and mail.address == "sau@an-lam.example"
    assert TEXT not in str(mail.params)


def test_a_double_press_is_one_case(client, contest):
    first, second = send(client, contest), send(client, contest)
    assert first.headers["Location"] == second.headers["Location"]
    only()


def test_what_is_wrong_is_said_and_what_was_typed_is_kept(client, contest):
    answer = send(client, contest, text=" ", wanted="Xem lại", name="Bà Sáu")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "Xem lại" in page and "Bà Sáu" in page
    answer = send(client, contest, files=[(BytesIO(b"MZ\x90\x00"), "don.pdf")])
    assert answer.status_code == 422 and TEXT in answer.get_data(as_text=True)
    four = [(BytesIO(PDF + bytes([number])), f"{number}.pdf") for number in range(4)]
    assert send(client, contest, files=four).status_code == 422
    assert db.session.query(Complaint).count() == 0


def test_no_text_message_is_sent_to_a_number_that_somebody_typed(client, contest):
    send(client, contest, contact="0912345678")
    only()
    assert db.session.query(Message).count() == 0


def test_nobodys_letter_box_is_filled_by_what_others_type(client, contest, clock):
    for number in range(8):
        address = ("Nan.Nhan@an-lam.example", "nan.nhan@an-lam.example")[number % 2]
        assert send(client, contest, text=f"{TEXT} {number}", contact=address).status_code == 303
    assert db.session.query(Complaint).count() == 8
    assert db.session.query(Message).count() == 5
    send(client, contest, contact="khac@an-lam.example")
    assert db.session.query(Message).count() == 6
    clock.instant += timedelta(days=1, seconds=1)
    send(client, contest, contact="nan.nhan@an-lam.example")
    assert db.session.query(Message).count() == 7


def test_late_ones_are_received_and_told_to_be_late(client, contest, clock):
    clock.instant = datetime(2027, 8, 1, 9, 0, tzinfo=VIETNAM)
    assert "đã hết thời hạn" in client.get(f"/cuoc-thi/{contest.slug}/phan-anh").get_data(as_text=True).lower()
    assert send(client, contest).status_code == 303
    made = only()
    assert (made.kind, made.late, made.freezes) == ("complaint", True, False)
    assert "Gửi sau thời hạn" in client.get(f"/phan-anh/{made.code}").get_data(as_text=True)


def test_rules_without_the_online_desk_take_nothing_here(app, client, clock):
    clock.instant = REMARKS
    contest = changed_contest(lambda raw: raw["complaints"].update(channels=["post", "in_person"]))
    page = client.get(f"/cuoc-thi/{contest.slug}/phan-anh").get_data(as_text=True)
    assert 'name="text"' not in page and "Qua bưu điện" in page
    assert send(client, contest).status_code == 422
    assert db.session.query(Complaint).count() == 0


def test_codes_that_nobody_has_are_all_answered_alike(client, contest, clock):
    made = make_case(contest, REMARKS)
    answers = {
        client.get(f"/phan-anh/{code}").get_data(as_text=True).replace(code, "*")
        for code in ("2222-3333-4444", "khong-co", made.public_id)
    }
    assert len(answers) == 1
    assert client.get(f"/phan-anh/{made.code}").status_code == 200
    for typed in (made.code, made.code.lower().replace("-", " "), made.code.replace("-", "")):
        found = client.get("/phan-anh", query_string={"ma": typed})
        assert found.headers.get("Location") == f"/phan-anh/{made.code}", typed
    for typed in ("2222-3333-4444", "xin chào", "2222"):
        assert "Không có biên nhận nào" in client.get("/phan-anh", query_string={"ma": typed}).get_data(as_text=True)


def test_codes_are_not_tried_out(app, tmp_path):
    """One address soon waits, whether it asks for codes or types them; and it cannot flood the desk."""
    site = create_app(settings_for(tmp_path), TESTING=True, WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=True)
    try:
        with site.app_context():
            upgrade()
            limiter.reset()
        asks = {
            "/phan-anh/2222-3333-4444": ("GET", 31),
            "/phan-anh?ma=2222-3333-4444": ("GET", 31),
            "/phan-anh/2222-3333-4444/them": ("POST", 21),
            "/phan-anh/2222-3333-4444/rut": ("POST", 21),
            "/cuoc-thi/khong-co/phan-anh": ("POST", 21),
        }
        for path, (method, times) in asks.items():
            codes = [site.test_client().open(path, method=method).status_code for _ in range(times)]
            assert codes[-1] == 429 and 429 not in codes[:-1], path
    finally:
        limiter.enabled = False


def test_the_sender_adds_and_takes_back(client, contest):
    made = make_case(contest, REMARKS, entry=None)
    answer = client.post(
        f"/phan-anh/{made.code}/them", data={"text": "Thêm số báo.", "files": (BytesIO(PDF), "bao.pdf")}
    )
    assert answer.status_code == 303
    page = client.get(f"/phan-anh/{made.code}").get_data(as_text=True)
    assert "Thêm số báo." in page and "bao.pdf" in page
    assert client.post(f"/phan-anh/{made.code}/rut").status_code == 303
    assert only().state == "withdrawn"
    assert client.post(f"/phan-anh/{made.code}/them", data={"text": "Nữa"}).status_code == 409
    assert client.post("/phan-anh/2222-3333-4444/rut").status_code == 404


def test_the_desk_shows_what_is_due_first(client, contest, clock):
    staff = make_staff(contest, "secretary")
    later = make_case(contest, REMARKS.replace(day=6), text="Việc đến sau, chưa ai nhận.")
    first = make_case(contest, REMARKS, text="Việc đến trước.")
    sign_in(client, staff)
    clock.instant = REMARKS.replace(day=7)
    page = client.get(f"/ban-to-chuc/{contest.slug}/phan-anh").get_data(as_text=True)
    assert page.index(first.public_id) < page.index(later.public_id)
    assert "quá hạn từ" in page.lower() or "overdue" in page
    # Taken, its clock is the longer one.
    assert client.post(f"/ban-to-chuc/{contest.slug}/phan-anh/{first.public_id}/nhan").status_code == 303
    page = client.get(f"/ban-to-chuc/{contest.slug}/phan-anh").get_data(as_text=True)
    assert page.index(later.public_id) < page.index(first.public_id)
    mine = client.get(f"/ban-to-chuc/{contest.slug}/phan-anh?chon=mine").get_data(as_text=True)
    assert first.public_id in mine and later.public_id not in mine
    for odd in ("?trang=0", "?trang=9999999", "?trang=%C2%B2", "?chon=x&loai=y", "?trang=40"):
        assert client.get(f"/ban-to-chuc/{contest.slug}/phan-anh{odd}").status_code == 200, odd


def test_a_case_from_letter_to_published_outcome(app, client, clock):
    clock.instant = REMARKS
    contest = changed_contest(lambda raw: raw["announcement"]["publish"].append("complaint_outcomes"))
    staff = make_staff(contest, "secretary")
    sign_in(client, staff)
    base = f"/ban-to-chuc/{contest.slug}/phan-anh"
    typed = {
        "channel": "post",
        "day": "29/04/2027",
        "hour": "14:30",
        "text": TEXT,
        "name": "Ông Tư",
        "contact": "0912 345 678",
    }
    assert client.post(f"{base}/nhap", data={**typed, "day": "29/05/2027"}).status_code == 422, "still ahead"
    assert client.post(f"{base}/nhap", data={**typed, "channel": "online_desk"}).status_code == 422
    answer = client.post(f"{base}/nhap", data={**typed, "files": (BytesIO(PDF), "đơn.pdf")})
    assert answer.status_code == 303
    made = only()
    assert made.received_at == datetime(2027, 4, 29, 14, 30, tzinfo=VIETNAM) and made.keyed_by_id == staff.id
    # Friday 30 April, Saturday 1 May and what is given for them are no working days.
    assert made.acknowledge_by.isoformat() == "2027-05-05"
    assert [each.template for each in db.session.query(Message)] == ["complaint_receipt_sms"]
    page = f"{base}/{made.public_id}"
    assert client.post(f"{page}/dap", data={"outcome": "upheld", "reply": "Đúng."}).status_code == 422, "not taken"
    assert client.post(f"{page}/nhan").status_code == 303
    assert client.post(f"{page}/ghi", data={"note": "Hỏi toà soạn.", "to_sender": ""}).status_code == 303
    assert client.post(f"{page}/ghi", data={"note": "Chúng tôi đã hỏi toà soạn.", "to_sender": "y"}).status_code == 303
    seen = client.get(f"/phan-anh/{made.code}").get_data(as_text=True)
    assert "Chúng tôi đã hỏi" in seen and "Hỏi toà soạn." not in seen
    assert client.post(f"{page}/gan", data={"prize": "dac_biet"}).status_code in {303, 422}
    assert client.post(f"{page}/dang", data={"published": "Đã xem."}).status_code == 422, "not answered yet"
    assert client.post(f"{page}/dap", data={"outcome": "upheld", "reply": "Ông phản ánh đúng."}).status_code == 303
    assert client.post(f"{page}/dap", data={"outcome": "rejected", "reply": "Khác."}).status_code == 409
    assert "Ông phản ánh đúng." in client.get(f"/phan-anh/{made.code}").get_data(as_text=True)
    assert client.post(f"{page}/dang", data={"published": "Theo ông Tư, bài đã đăng."}).status_code == 422, "a name"
    assert client.post(f"{page}/dang", data={"published": "Một bài bị loại vì đã đăng báo."}).status_code == 303
    public = f"/cuoc-thi/{contest.slug}/phan-anh"
    clock.instant = datetime(2027, 6, 12, 9, 0, tzinfo=VIETNAM)
    assert "Một bài bị loại" not in client.get(public).get_data(as_text=True), "results are not public yet"
    app.extensions["results_are_public"], kept = lambda *_: True, app.extensions["results_are_public"]
    try:
        assert "Một bài bị loại" in client.get(public).get_data(as_text=True)
    finally:
        app.extensions["results_are_public"] = kept
    file = db.session.query(ComplaintFile).one()
    sent = client.get(f"{page}/tep/{file.public_id}")
    assert sent.data == PDF and sent.headers["Content-Disposition"].startswith("attachment")


def test_outcomes_stay_inside_where_the_rules_do_not_publish_them(app, client, contest, clock):
    staff = make_staff(contest, "organiser")
    made = close_case(make_case(contest, REMARKS), staff, REMARKS)
    sign_in(client, staff)
    page = f"/ban-to-chuc/{contest.slug}/phan-anh/{made.public_id}"
    assert client.post(f"{page}/dang", data={"published": "Đã xem."}).status_code == 422
    assert 'name="published"' not in client.get(page).get_data(as_text=True)


def test_judges_and_others_see_nothing_and_authors_neither(client, contest, clock):
    made = make_case(contest, REMARKS, name="Bà Sáu")
    other = make_contest(1)
    people = [make_staff(contest, role) for role in ("judge", "chair", "press", "observer")]
    people += [make_user(), make_staff(other, "organiser")]
    for person in people:
        sign_in(client, person)
        for path in ("", "/nhap", f"/{made.public_id}", f"/{made.public_id}/tep/{made.public_id}"):
            assert client.get(f"/ban-to-chuc/{contest.slug}/phan-anh{path}").status_code == 404
        assert client.post(f"/ban-to-chuc/{contest.slug}/phan-anh/{made.public_id}/nhan").status_code == 404
    # Nor through another contest's desk.
    sign_in(client, people[-1])
    assert client.get(f"/ban-to-chuc/{other.slug}/phan-anh/{made.public_id}").status_code == 404


def test_cases_change_no_byte_of_a_judges_pages(client, app, clock):
    clock.instant = datetime(2027, 4, 15, 9, 0, tzinfo=VIETNAM)
    side = make_world().here
    judge, judged = side.staff["judge"], side.judged
    sign_in(client, judge)
    paths = [
        f"/cham/{side.contest.slug}",
        f"/cham/{side.contest.slug}/bai/{side.assignment.public_id}",
        f"/bai/{side.finalist.public_id}",
        f"/cuoc-thi/{side.contest.slug}/phan-anh",
    ]

    def seen():
        pages = [client.get(path).get_data(as_text=True) for path in paths]
        return [re.sub(r"[\w-]{20,}\.[\w-]{5,}\.[\w-]{20,}", "*", page) for page in pages]

    before = seen()
    made = make_case(side.contest, clock.instant, entry=judged, text=f"Tác giả {judged.author_name} chép bài.")
    assert seen() == before
    close_case(made, side.staff["secretary"], clock.instant, "upheld")
    assert seen() == before


def test_only_entries_that_the_public_knows_can_be_chosen(client, app, clock):
    clock.instant = datetime(2027, 5, 20, 9, 0, tzinfo=VIETNAM)
    side = make_world().here
    page = client.get(f"/cuoc-thi/{side.contest.slug}/phan-anh?bai={side.finalist.public_id}").get_data(as_text=True)
    assert re.search(rf'selected value="{side.finalist.public_id}"', page)
    assert side.sent.public_id not in page
    send(client, side.contest, entry=side.sent.public_id, text="Một")
    send(client, side.contest, entry=side.finalist.public_id, text="Hai")
    one, two = db.session.query(Complaint).filter(Complaint.text.in_(["Một", "Hai"])).order_by(Complaint.id)
    assert one.entry_id is None and not one.freezes
    assert two.entry_id == side.finalist.id and two.freezes


def test_what_was_published_waits_for_the_results(client, app, clock):
    clock.instant = datetime(2027, 6, 12, 9, 0, tzinfo=VIETNAM)
    side = make_world().here
    assert app.extensions["results_are_public"](side.contest.id, clock.instant) is False
    publish(side)
    assert app.extensions["results_are_public"](side.contest.id, clock.instant) is True


def test_finalists_cannot_be_chosen_before_they_are_announced(client, app, clock):
    clock.instant = datetime(2027, 4, 28, 7, 59, 59, tzinfo=VIETNAM)
    side = make_world().here
    path = f"/cuoc-thi/{side.contest.slug}/phan-anh?bai={side.finalist.public_id}"
    assert side.finalist.public_id not in re.sub(r'href="[^"]*"', "", client.get(path).get_data(as_text=True))
    send(client, side.contest, entry=side.finalist.public_id, text="Sớm")
    assert db.session.query(Complaint).filter_by(text="Sớm").one().entry_id is None
