"""The pages of paper ballots as people use them: record, key in twice, settle, take in; and the vote's home."""

from __future__ import annotations

import re
from html import unescape
from io import BytesIO

import pypdfium2
import pytest
from sqlalchemy import select, update

from contest.core.db import db
from contest.voting import paper
from contest.voting.models import Ballot
from contest.voting.models_log import BallotLog, Leaf
from contest.voting.models_review import Finding, PaperBatch
from tests.conftest import Client
from tests.factories import make_staff, make_unit, sign_in
from tests.factories.editions import publish_edition
from tests.factories.voting import during, let_fall_out, make_vote, vote, voting_window


class House:
    """A vote, and the people who work on its paper, each with a browser of their own."""

    def __init__(self, app, clock):
        self.contest, self.entries = make_vote()
        for entry in self.entries:
            publish_edition(entry, title=f"Chuyện của {entry.blind_code}")
        clock.instant = during(self.contest)
        self.base = f"/ban-to-chuc/{self.contest.slug}/binh-chon"
        self.people, self.at = {}, {}
        for name, role in (("one", "secretary"), ("two", "secretary"), ("head", "organiser"), ("judge", "judge")):
            self.people[name] = make_staff(self.contest, role)
            self.at[name] = Client(app, app.response_class)
            sign_in(self.at[name], self.people[name])
        self.codes = [entry.blind_code for entry in self.entries]

    def record(self, slips=4, **changed):
        day = during(self.contest).strftime("%d/%m/%Y")
        form = {"place": "Thư viện An Lam", "held_on": day, "slips": str(slips), "unit": "", **changed}
        return self.at["one"].post(f"{self.base}/phieu-giay", data=form)

    def batch(self):
        return db.session.scalars(
            select(PaperBatch).order_by(PaperBatch.id.desc()).execution_options(populate_existing=True)
        ).first()

    @property
    def page(self):
        return f"{self.base}/phieu-giay/{self.batch().public_id}"

    def act(self, who, act, **fields):
        return self.at[who].post(self.page, data={"act": act, **fields})

    def read(self, who, *texts):
        self.act(who, "begin")
        return self.act(who, "done", **{f"s{number}": text for number, text in enumerate(texts, start=1)})


@pytest.fixture
def house(app, clock):
    return House(app, clock)


def words(answer):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def test_from_the_box_to_the_log(house):
    one, two = house.codes[:2]
    assert house.record().status_code == 303
    assert "Chưa nhập" in words(house.at["two"].get(f"{house.base}/phieu-giay"))
    assert house.read("one", one, f"{one.lower()},{two}", "x", two).status_code == 303
    assert "Ông/bà đã nhập xong" in words(house.at["one"].get(house.page))
    assert house.read("two", one, one, "hỏng", two).status_code == 303

    page = house.at["two"].get(house.page)
    assert "Những tờ đọc khác nhau" in words(page)
    assert 'name="s2"' in page.text
    assert 'name="s1"' not in page.text  # slips that agree are not shown
    assert house.act("two", "accept").status_code == 404  # a secretary
    assert house.act("two", "settle", s2=f"{two} {one}").status_code == 303
    assert house.batch().state == "agreed"

    assert "Nhận lô vào sổ" not in words(house.at["one"].get(house.page))
    assert house.act("head", "accept").status_code == 303
    assert "Đã nhận 3 phiếu từ 4 tờ; 1 phiếu hỏng" in words(house.at["head"].get(house.page))
    assert len(db.session.scalars(select(Ballot.id)).all()) == 3
    assert house.act("head", "accept").status_code == 422


def test_the_second_sees_nothing_of_the_first(house):
    house.record()

    def look():
        # Form tokens are made anew with each second.
        return re.sub(r'(csrf_token" value|csrf-token" content)="[^"]*"', "", house.at["two"].get(house.page).text)

    before = look()
    house.act("one", "begin")
    house.act("one", "save", s1=house.codes[0], s2="x")
    blank = look()
    assert blank.count("x") and house.people["one"].name in blank
    house.act("one", "save", s1=house.codes[1], s2=house.codes[2], s3="x")
    assert look() == blank != before
    house.act("two", "begin")
    mine = house.at["two"].get(house.page)
    assert 'name="s1" value=""' in mine.text
    assert "js/slips.js" in mine.text
    house.act("one", "done", s1=house.codes[0], s2="x", s3="x", s4="x")
    again = house.at["two"].get(house.page)
    assert 'name="s1" value=""' in again.text and 'name="s2" value=""' in again.text


def test_others_never_see_what_is_on_slips(house):
    one, two = house.codes[:2]
    house.record()
    house.read("one", one, one, "x", two)
    house.read("two", one, two, "x", two)
    page = house.at["head"].get(house.page)
    assert "1 tờ phiếu được đọc khác nhau" in words(page)
    assert not any(code in page.text for code in house.codes)
    house.act("two", "settle", s2=one)
    house.act("head", "accept")
    for who in ("one", "two", "head"):
        assert not any(code in house.at[who].get(house.page).text for code in house.codes)


def test_nothing_typed_is_lost(house):
    house.record()
    house.act("one", "begin")
    answer = house.act("one", "done", s1=house.codes[0], s2="nhầm", s3="")
    assert answer.status_code == 422
    assert "không bài nào trong cuộc bình chọn có mã này" in words(answer)
    assert 'value="nhầm"' in answer.text
    again = house.at["one"].get(house.page)
    assert f'value="{house.codes[0]}"' in again.text and 'value="nhầm"' in again.text
    # By the script, a slip at a time.
    answer = house.at["one"].post(f"{house.page}/luu", data={"s2": "x"})
    assert (answer.status_code, answer.json["message"].startswith("Đã lưu lúc")) == (200, True)
    assert paper.typed_by(house.batch(), "first") == {1: house.codes[0], 2: "x"}
    # Somebody who has it not in hand.
    assert house.at["two"].post(f"{house.page}/luu", data={"s2": "x"}).status_code == 409


def test_a_large_batch_is_keyed_in_parts(house):
    house.record(slips=205)
    house.act("one", "begin")
    first = house.at["one"].get(house.page)
    assert 'name="s100"' in first.text and 'name="s101"' not in first.text
    answer = house.act("one", "next", go="101", **{f"s{number}": "x" for number in range(1, 101)})
    assert answer.location.endswith("?tu=101")
    page = house.at["one"].get(house.page)  # goes on where it stopped
    assert 'name="s101"' in page.text and 'name="s100"' not in page.text
    answer = house.act("one", "done", **{f"s{number}": "x" for number in range(101, 201)})
    assert answer.status_code == 422
    assert 'name="s201"' in answer.text
    assert house.act("one", "done", **{f"s{number}": "x" for number in range(201, 206)}).status_code == 303
    assert house.batch().first == [[]] * 205


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slips", "0"),
        ("slips", "2001"),
        ("slips", "bốn"),
        ("slips", ""),
        ("place", " "),
        ("held_on", "mai"),
        ("held_on", "01/01/2030"),
    ],
)
def test_a_box_that_cannot_be_is_said_so_and_kept_on_the_page(house, field, value):
    answer = house.record(**{"place": "Nhà văn hóa", field: value})
    assert answer.status_code == 422
    assert "Chưa ghi nhận được lô phiếu" in words(answer)
    assert ("Nhà văn hóa" in answer.text) == (field != "place")
    assert house.batch() is None


def test_a_unit_goes_with_a_batch(house):
    unit = make_unit()
    db.session.commit()
    house.record(unit=unit.code)
    assert house.batch().unit_id == unit.id
    assert unit.name in words(house.at["two"].get(house.page))
    house.record(unit="khong-co")
    assert house.batch().unit_id is None


def test_strange_forms_do_no_harm(house):
    house.record()
    house.act("one", "begin")
    for fields in ({"s99999": "x"}, {"s0": "x"}, {"sx": "x"}, {"s1": "x" * 5000}, {"s1": "\u202e"}, {"go": "9" * 30}):
        assert house.act("one", "next", **fields).status_code in (303, 422)
    for act in ("settle", "accept", "release", "recount", "nonsense", "discard"):
        assert house.act("one", act, part="zz", slips="-4").status_code in (303, 404, 422)
    assert house.at["one"].get(f"{house.page}?tu=zz").status_code == 200
    assert house.at["one"].get(f"{house.page}?tu=99999999").status_code == 200


def test_who_may_come_near(app, house, client):
    house.record()
    assert client.get(house.page).status_code == 302
    for path in (house.base, f"{house.base}/phieu-giay", house.page, f"{house.base}/phieu-giay.pdf"):
        assert house.at["judge"].get(path).status_code == 404
        assert house.at["one"].get(path).status_code == 200
    assert house.at["one"].get(f"{house.base}/phieu-giay/zzzzzzzzzzzzzz").status_code == 404


def test_rules_without_paper_have_no_pages_of_it(house):
    version = house.contest.current_version
    house.record()
    page = house.page
    version.document = version.document.replace('"paper_ballots":true', '"paper_ballots":false')
    version.sha256 = "f" * 64
    db.session.commit()
    for path in (f"{house.base}/phieu-giay", page, f"{house.base}/phieu-giay.pdf"):
        assert house.at["one"].get(path).status_code == 404
    assert "Phiếu giấy" not in words(house.at["one"].get(house.base))


def test_late_pages_say_so(house, clock):
    house.record()
    house.act("one", "begin")
    clock.instant = paper.last_moment(house.contest.rules)
    assert "Đã quá hạn" in words(house.at["one"].get(house.page))
    assert house.act("one", "save", s1="x").status_code == 422
    answer = house.record()
    assert answer.status_code == 422
    assert "không nhận thêm phiếu giấy" in words(answer)


def test_the_log_is_opened_by_taking_in_where_it_was_not(house):
    house.record()
    house.read("one", "x", "x", "x", house.codes[0])
    house.read("two", "x", "x", "x", house.codes[0])
    db.session.query(Leaf).delete()
    db.session.query(BallotLog).delete()
    db.session.commit()
    assert house.act("head", "accept").status_code == 303
    assert [leaf.kind for leaf in db.session.scalars(select(Leaf).order_by(Leaf.id))] == ["open", "paper"]


# Slips to print


def pages_of(content):
    return [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(BytesIO(content))]


def test_each_slip_has_the_entries_in_an_order_of_its_own(house):
    answer = house.at["one"].get(f"{house.base}/phieu-giay.pdf?so=6&tu=41")
    assert answer.mimetype == "application/pdf"
    found = pages_of(answer.data)
    assert len(found) == 6
    orders = {tuple(sorted(house.codes, key=text.index)) for text in found}
    assert len(orders) > 1
    for text in found:
        assert "Chọn tối đa 3 bài" in text and "không mất tiền" in text
    assert "00041" in found[0] and "00046" in found[5]
    assert house.at["one"].get(f"{house.base}/phieu-giay.pdf?so=6&tu=41").data == answer.data


def test_a_fallen_entry_is_on_no_new_slip(house):
    let_fall_out(house.entries[0])
    (text,) = pages_of(house.at["one"].get(f"{house.base}/phieu-giay.pdf?so=1").data)
    assert house.codes[0] not in text and house.codes[1] in text


# The vote's home


def test_the_home_of_the_vote(house):
    vote(house.contest, house.entries[:1])
    house.record()
    page = house.at["head"].get(house.base)
    text = words(page)
    assert "Sổ phiếu" in text and "đúng khóa, đang có ở đây" in text
    assert "Lô phiếu giấy chưa nhận vào sổ: 1" in text
    for path in ("phieu-giay", "ap-phich"):
        assert f'href="{house.base}/{path}"' in page.text
    assert not any(code in page.text for code in house.codes)
    assert f'href="{house.base}"' in house.at["head"].get(f"/ban-to-chuc/{house.contest.slug}").text


def test_the_home_says_what_is_wrong(house, clock):
    db.session.execute(update(BallotLog).values(key="another+00000000+AAAA"))
    db.session.add(
        Finding(
            contest_id=house.contest.id,
            kind="burst",
            subject="x",
            severity=50,
            ballots=3,
            measures={},
            first_seen=clock.instant,
            last_seen=clock.instant,
        )
    )
    db.session.commit()
    text = words(house.at["head"].get(house.base))
    assert "Khóa trên máy này không phải khóa đã mở sổ" in text
    assert "1 dấu hiệu đang chờ" in text
    assert "Không có việc nào đang chờ" not in text


def test_the_home_before_and_after(house, clock):
    opens, closes = voting_window(house.contest)
    for instant in (opens.replace(year=2026), closes):
        clock.instant = instant
        assert house.at["head"].get(house.base).status_code == 200
        assert house.at["head"].get(f"/en{house.base}").status_code == 200
