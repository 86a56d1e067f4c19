"""Minutes: what they say, that a version never changes, who signs what, and who may not read them."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pypdfium2
import pytest
from sqlalchemy import select

from contest.audit.models import AuditRow
from contest.core.db import db
from contest.core.errors import Conflict, NotFound, Refused
from contest.core.web.errors import say_message
from contest.judging import minutes as acts
from contest.judging import services
from contest.judging.minutes_sources import PrizeLines, day_line
from contest.judging.models import PanelSeat, Waiver
from contest.judging.models_council import CouncilAttendance, CouncilBallot, CouncilMeeting, Minutes, MinutesSignature
from tests.factories import make_contest, make_staff, make_user, sign_in
from tests.factories.judging import accept, make_finalist, mark_all, opening_of

LONGEST = "Nguyễn Hoàng Phương Thảo Nguyên"
SECRET = "Người Viết Giấu Tên"


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    words = " ".join(page.get_textpage().get_text_range() for page in document)
    return " ".join(words.replace("\xa0", " ").replace("\ufffe", "").split())


class Round:
    """A final round of category A, closed, with everything in it that minutes tell of."""

    def __init__(self, clock):
        self.contest = contest = make_contest()
        self.now = clock.instant = opening_of(contest, "final")
        self.judges = [make_staff(contest, "judge", make_user(name)) for name in (LONGEST, "Ẵm Ếch", "Ba", "Tư", "Năm")]
        self.chair = make_staff(contest, "chair", make_user("Trưởng Ban Một"))
        self.secretary = make_staff(contest, "secretary", make_user("Thư Ký Một"))
        self.organiser = make_staff(contest, "organiser")
        for judge in self.judges:
            services.seat_judge(
                contest=contest, round_id="final", category="A", judge=judge, actor=None, now=contest.created_at
            )
            accept(contest, judge)
        self.entries = [make_finalist(contest, author=make_user(SECRET), author_name=SECRET) for _ in "abcd"]
        gap = self.entries[3]
        mark_all(self.entries[0], self.judges, [88] * 5, "final")
        mark_all(self.entries[1], self.judges, [88] * 5, "final")
        mark_all(self.entries[2], self.judges, [80, 81, 82, 83, 84], "final")
        mark_all(gap, self.judges, [60, 85, 85, 85, 85], "final")
        later = self.now + timedelta(hours=1)
        services.settle_gap(entry=gap, round_id="final", note="Đã trao đổi kỹ.", actor=self.chair, now=later)
        services.set_aside(
            entry=self.entries[2], round_id="final", reason="Đang xem xét kỷ luật.", actor=self.chair, now=later
        )
        db.session.add(
            Waiver(
                entry_id=self.entries[0].id, round="final", what="verification", by_id=self.chair.id, at=later,
                reason="Văn bản đang trên đường.",
            )
        )  # fmt: skip
        meeting = CouncilMeeting(
            contest_id=contest.id, held_at=later, place="Phòng họp số 2", notes="Thảo luận từng bài.",
            opened_by_id=self.chair.id, opened_at=later,
        )  # fmt: skip
        people = ((self.chair, "chair", True), (self.judges[0], "member", True), (self.judges[1], "member", False))
        meeting.attendance = [
            CouncilAttendance(user=user, capacity=capacity, present=present, note="" if present else "Đi công tác.")
            for user, capacity, present in people
        ]
        db.session.add(meeting)
        db.session.flush()
        services.close_round(contest=contest, round_id="final", category="A", actor=self.chair, now=later)
        db.session.commit()
        clock.instant = later

    def make(self, conclusions="Nhất trí với thứ hạng.", prizes=None, **values):
        values = {"number": "12/BB-BGK", "place": "An Lam", "date": "An Lam, ngày 09 tháng 5 năm 2027", **values}
        made = acts.make_minutes(
            contest=self.contest, round_id="final", category="A", conclusions=conclusions, prizes=prizes,
            say=say_message, actor=values.pop("actor", self.secretary), now=self.now + timedelta(days=1), **values,
        )  # fmt: skip
        db.session.commit()
        return made

    def sign(self, minutes, actor, sha256=None):
        return acts.sign(
            contest=self.contest, minutes=minutes, sha256=sha256 or minutes.sha256, actor=actor,
            now=self.now + timedelta(days=2),
        )  # fmt: skip

    @property
    def page(self):
        return f"/ban-to-chuc/{self.contest.slug}/cham/final/A/bien-ban"

    def at(self, minutes, more=""):
        return f"/ban-to-chuc/{self.contest.slug}/cham/bien-ban/{minutes.public_id}{more}"


@pytest.fixture
def closed(app, clock):
    return Round(clock)


def test_minutes_tell_what_is_on_record(app, client, closed):
    tied = [entry.blind_code for entry in closed.entries[:2]]
    db.session.add(
        CouncilBallot(
            contest_id=closed.contest.id, category="A", groups=[[code] for code in tied], present=7,
            note="Bỏ phiếu kín hai vòng.", by_id=closed.chair.id, at=closed.now,
        )
    )  # fmt: skip
    prizes = PrizeLines(("Giải Nhất: 2222, 20.000.000 đồng.",), ("Giải Đặc biệt, 1 giải: không bài nào đạt 92,00",), ())
    made = closed.make(prizes=prizes)
    sign_in(client, closed.secretary)
    pdf = client.get(closed.at(made, ".pdf")).data
    told = text_of(pdf)
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf and b"<pdfaid:conformance>A</pdfaid:conformance>" in pdf
    for words in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập – Tự do – Hạnh phúc", "ỦY BAN NHÂN DÂN TỈNH AN LAM",
        "Số: 12/BB-BGK", "An Lam, ngày 09 tháng 5 năm 2027", "BIÊN BẢN", LONGEST, "Ẵm Ếch", "Trưởng Ban Một",
        "có mặt 2 trên 3", "Đi công tác.", "Thảo luận từng bài.", "25,00", "Đã trao đổi kỹ.", "88,00",
        "Văn bản đang trên đường.", "Đang xem xét kỷ luật.", "Bỏ phiếu kín hai vòng.", " > ".join(tied),
        "không bài nào đạt 92,00", "20.000.000 đồng", "Nhất trí với thứ hạng.", "Nơi nhận:", "Lưu: VT.",
        "TRƯỞNG BAN GIÁM KHẢO", "THƯ KÝ", made.sha256,
    ):  # fmt: skip
        assert words in told, words
    assert SECRET not in told and not any(entry.title in told for entry in closed.entries)
    assert SECRET not in json.dumps(made.content, ensure_ascii=False)


def test_the_letterhead_has_the_measures_of_the_decree(app, client, closed):
    """A4; 20 mm above and below, 30 mm at the left, 15 mm at the right (Nghị định 30/2020/NĐ-CP)."""
    made = closed.make(conclusions="Nhất trí. " * 400)
    sign_in(client, closed.chair)
    document = pypdfium2.PdfDocument(client.get(closed.at(made, ".pdf")).data)
    mm = 72 / 25.4
    for page in document:
        width, height = page.get_size()
        assert (round(width / mm), round(height / mm)) == (210, 297)
        letters = page.get_textpage()
        for at in range(letters.count_chars()):
            if letters.get_text_range(at, 1).strip():
                left, bottom, right, top = letters.get_charbox(at)
                assert left >= 30 * mm - 1 and right <= width - 15 * mm
                assert bottom >= 8 * mm and top <= height - 8 * mm


def test_nothing_is_made_while_the_round_is_open(app, clock):
    contest = make_contest()
    clock.instant = opening_of(contest, "final")
    secretary = make_staff(contest, "secretary")
    with pytest.raises(Refused) as refused:
        acts.make_minutes(
            contest=contest, round_id="final", category="A", number="", place="", date="", conclusions="Xong.",
            prizes=None, say=say_message, actor=secretary, now=clock.instant,
        )  # fmt: skip
    assert refused.value.code == "round_open"


def test_a_version_is_made_only_when_something_changed(app, closed):
    first = closed.make()
    with pytest.raises(Refused) as refused:
        closed.make(date="An Lam, ngày 10 tháng 5 năm 2027")
    assert refused.value.code == "unchanged"
    before = (first.sha256, json.dumps(first.content, sort_keys=True))
    second = closed.make(conclusions="Nhất trí. Kiến nghị thêm.")
    assert (second.number, first.number) == (2, 1)
    db.session.expire_all()
    assert (first.sha256, json.dumps(first.content, sort_keys=True)) == before
    assert acts.is_intact(first) and acts.is_intact(second)
    changed = acts.changes(first.content, second.content)
    assert {(each.how, each.line) for each in changed} == {
        ("out", "Nhất trí với thứ hạng."),
        ("in", "Nhất trí. Kiến nghị thêm."),
    }


@pytest.mark.parametrize("conclusions", ["", "  \n "])
def test_conclusions_are_needed(app, closed, conclusions):
    with pytest.raises(Refused) as refused:
        closed.make(conclusions=conclusions)
    assert refused.value.code == "conclusions_missing"


def test_who_may_make_them(app, closed):
    for stranger in (closed.judges[0], make_user()):
        with pytest.raises(Refused) as refused:
            closed.make(actor=stranger)
        assert refused.value.code == "not_allowed"
    closed.make(actor=closed.chair)


def test_a_signature_is_for_one_checksum(app, closed):
    first = closed.make()
    signature = closed.sign(first, closed.judges[0])
    assert (signature.capacity, signature.sha256) == ("member", first.sha256)
    assert closed.sign(first, closed.judges[0]) is signature
    assert closed.sign(first, closed.chair).capacity == "chair"
    assert closed.sign(first, closed.secretary).capacity == "secretary"
    for outsider in (closed.organiser, make_user(), make_staff(closed.contest, "judge")):
        with pytest.raises(NotFound):
            closed.sign(first, outsider)
    with pytest.raises(Conflict):
        closed.sign(first, closed.judges[2], sha256="0" * 64)
    second = closed.make(conclusions="Khác.")
    assert second.signatures == []
    with pytest.raises(Conflict) as refused:
        closed.sign(first, closed.judges[2])
    assert refused.value.code == "newer_version"
    assert len(first.signatures) == 3


def test_what_was_altered_behind_the_system_is_not_signed(app, client, closed):
    made = closed.make()
    made.content = {**made.content, "number": "99/BB"}
    db.session.commit()
    with pytest.raises(Conflict) as refused:
        closed.sign(made, closed.chair)
    assert refused.value.code == "not_as_shown"
    sign_in(client, closed.chair)
    assert "không khớp mã kiểm" in client.get(closed.at(made)).get_data(as_text=True)


def test_from_the_form_to_the_signed_paper(app, client, clock, closed):
    sign_in(client, closed.secretary)
    assert "Lập biên bản" in client.get(closed.page).get_data(as_text=True)
    form = {"number": "12/BB-BGK", "place": "An Lam", "day": "09/05/2027", "conclusions": "Nhất trí."}
    for name, value in (("day", "hôm qua"), ("conclusions", " ")):
        answer = client.post(closed.page, data={**form, name: value})
        assert answer.status_code == 422
        assert "12/BB-BGK" in answer.get_data(as_text=True)
    assert client.post(closed.page, data=form).status_code == 303
    made = db.session.scalars(select(Minutes)).one()
    for person in (closed.secretary, closed.judges[0], closed.chair):
        sign_in(client, person)
        assert f'name="sha256" value="{made.sha256}"' in client.get(closed.at(made)).get_data(as_text=True)
        client.post(closed.at(made, "/ky"), data={"sha256": made.sha256})
    assert len(db.session.scalars(select(MinutesSignature)).all()) == 3
    told = text_of(client.get(closed.at(made, ".pdf")).data)
    assert told.count("Đã ký trên hệ thống") == 3 and "ngày 09 tháng 5 năm 2027" in told
    page = client.get(closed.page).get_data(as_text=True)
    assert "3 chữ ký" in page
    assert client.post(closed.page, data=form).status_code == 422  # nothing has changed
    verbs = set(db.session.scalars(select(AuditRow.verb)))
    assert {"judging.make_minutes", "judging.sign_minutes"} <= verbs


def test_who_gets_404(app, client, closed):
    made = closed.make()
    outsiders = [make_user(), make_staff(closed.contest, "judge"), make_staff(make_contest(1), "chair")]
    db.session.commit()
    for person in outsiders:
        sign_in(client, person)
        for path in (closed.page, closed.at(made), closed.at(made, ".pdf")):
            assert client.get(path).status_code == 404
        assert client.post(closed.at(made, "/ky"), data={"sha256": made.sha256}).status_code == 404
    sign_in(client, closed.judges[0])
    assert client.get(closed.at(made, ".pdf")).status_code == 200
    answer = client.post(closed.page, data={"conclusions": "Tôi tự lập.", "day": "09/05/2027"})
    assert answer.status_code == 422
    assert len(db.session.scalars(select(Minutes)).all()) == 1


def test_a_judge_with_a_later_round_to_mark_reads_no_minutes_of_an_earlier_one(app, client, clock):
    contest = make_contest()
    clock.instant = now = opening_of(contest, "prelim")
    both, only, chair = make_staff(contest, "judge"), make_staff(contest, "judge"), make_staff(contest, "chair")
    for judge, rounds in ((both, ("prelim", "final")), (only, ("prelim",))):
        for round_id in rounds:
            services.seat_judge(
                contest=contest, round_id=round_id, category="A", judge=judge, actor=None, now=contest.created_at
            )
    services.close_round(contest=contest, round_id="prelim", category="A", actor=chair, now=now)
    made = acts.make_minutes(
        contest=contest, round_id="prelim", category="A", number="", place="", date="", conclusions="Xong.",
        prizes=None, say=say_message, actor=chair, now=now,
    )  # fmt: skip
    db.session.commit()
    assert acts.may_read(contest, "prelim", "A", only)
    assert not acts.may_read(contest, "prelim", "A", both)
    sign_in(client, both)
    assert client.get(f"/ban-to-chuc/{contest.slug}/cham/bien-ban/{made.public_id}").status_code == 404
    assert "Chưa có biên bản" in client.get(f"/cham/{contest.slug}/bien-ban").get_data(as_text=True)
    services.close_round(contest=contest, round_id="final", category="A", actor=chair, now=opening_of(contest, "final"))
    assert acts.may_read(contest, "prelim", "A", both)
    [listed] = acts.latest_for(contest, both)
    assert (listed.public_id, listed.signed) == (made.public_id, False)


def test_a_seat_that_ended_reads_nothing(app, closed):
    seat = db.session.scalars(select(PanelSeat).where(PanelSeat.judge_id == closed.judges[4].id)).one()
    seat.ended_at = closed.now
    db.session.flush()
    assert not acts.may_read(closed.contest, "final", "A", closed.judges[4])
    made = closed.make()
    assert closed.judges[4].public_id not in {each["user"] for each in made.content["signers"]}


def test_the_signed_paper_is_kept_beside_its_version(app, client, closed):
    made = closed.make()
    sign_in(client, closed.secretary)
    sent = b"%PDF-1.7 ban quet bien ban %%EOF"
    for _ in range(2):
        client.post(closed.at(made, "/ban-quet"), data={"file": (io.BytesIO(sent), "Biên bản ký.pdf")})
    db.session.expire_all()
    [scan] = made.scans
    answer = client.get(closed.at(made, f"/ban-quet/{scan.public_id}"))
    assert answer.data == sent and answer.headers["Content-Disposition"].startswith("attachment")
    for bad in (b"", b"MZ not a paper", b"%PDF-1.7 cut", b"%PDF-" + b"0" * 10_000_001):
        client.post(closed.at(made, "/ban-quet"), data={"file": (io.BytesIO(bad), "x.pdf")})
    db.session.expire_all()
    assert len(made.scans) == 1
    sign_in(client, closed.judges[0])
    assert client.post(closed.at(made, "/ban-quet"), data={"file": (io.BytesIO(sent), "x.pdf")}).status_code == 404
    assert client.get(closed.at(made, f"/ban-quet/{scan.public_id}")).status_code == 200
    assert client.get(closed.at(made, "/ban-quet/zzzzzzzzzzzzzz")).status_code == 404


def test_names_stand_in_the_annex_alone_and_only_once_the_codes_are_open(app, client, closed):
    made = closed.make()
    sign_in(client, closed.organiser)
    assert client.post(closed.at(made, "/phu-luc")).status_code == 303
    asked = {"contest": closed.contest, "category": "A", "now": closed.now + timedelta(hours=3)}
    services.ask_to_open(reason="Lập danh sách.", actor=closed.organiser, **asked)
    db.session.commit()
    assert client.post(closed.at(made, "/phu-luc")).status_code == 303
    services.open_codes(actor=closed.chair, **asked)
    db.session.commit()
    told = text_of(client.post(closed.at(made, "/phu-luc")).data)
    assert SECRET in told and closed.entries[0].title in told and "88,00" in told and made.sha256 in told
    assert "judging.read_codes" in set(db.session.scalars(select(AuditRow.verb)))
    assert SECRET not in text_of(client.get(closed.at(made, ".pdf")).data)
    for person in (closed.secretary, closed.judges[0]):
        sign_in(client, person)
        assert client.post(closed.at(made, "/phu-luc")).status_code == 404


@pytest.mark.parametrize(
    ("day", "told"),
    [("2027-02-09", "An Lam, ngày 09 tháng 02 năm 2027"), ("2027-11-30", "An Lam, ngày 30 tháng 11 năm 2027")],
)
def test_days_are_written_so_that_nothing_can_be_put_before_them(app, clock, day, told):
    at = clock.instant.replace(year=int(day[:4]), month=int(day[5:7]), day=int(day[8:]))
    with app.test_request_context("/"):
        assert day_line("An Lam", at, say_message) == told
