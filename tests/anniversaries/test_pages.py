"""The pages of the calendar, the feed, and what an operator enters."""

from __future__ import annotations

from datetime import date

import pytest
import vobject

from contest.accounts.services import give_site_role
from contest.anniversaries import queries, services
from contest.anniversaries.models import CommemorationRow, HolidayYear
from contest.anniversaries.rules import add_working_days, is_working_day
from contest.core.db import db
from contest.core.errors import NotFound, Refused
from tests.conftest import START
from tests.factories import make_user, sign_in

WRITTEN = {
    "name_vi": "Ngày thành lập Trường Chính trị An Lam",
    "name_en": "Founding of the An Lam School of Politics",
    "calendar": "solar",
    "month": 9,
    "day": 15,
    "founded": "1957-09-15",
    "founding_year": 1957,
    "province": "",
    "unit": None,
    "kind": "unit_day",
    "basis": "Quyết định 12",
    "note": "",
    "active": True,
}


@pytest.fixture
def operator(app):
    person = make_user()
    give_site_role(person=person, name="operator", now=START, actor=None)
    db.session.commit()
    return person


def save(operator, code="truong-chinh-tri", **changes):
    written = services.Written(**{**WRITTEN, **changes})
    return services.save_commemoration(code=code, written=written, actor=operator, now=START)


# For everyone


def test_a_year_tells_what_falls_when(client):
    page = client.get("/lich-ky-niem?nam=2028").text
    assert page.index("Giỗ Tổ Hùng Vương") < page.index("Lời kêu gọi thi đua ái quốc")
    assert "80 năm" in page and "năm tròn" in page and "10/3" in page
    assert "Đồng Lộc" not in page  # of another province
    assert "Đồng Lộc" in client.get("/lich-ky-niem?nam=2028&noi=tat-ca").text
    english = client.get("/en/lich-ky-niem?nam=2028").text
    assert "80 years" in english and "round year" in english


@pytest.mark.parametrize("year", ["1967", "2100", "abc", "-1", "99999999999999999999", "２０２７"])
def test_years_that_nobody_knows_are_not_there(client, year):
    assert client.get(f"/lich-ky-niem?nam={year}").status_code == 404


@pytest.mark.parametrize("year", ["1968", "2027", "2099"])
def test_every_year_that_is_known_has_its_page(client, year):
    assert client.get(f"/lich-ky-niem?nam={year}&noi=tat-ca").status_code == 200


def test_a_commemoration_tells_its_next_days_and_its_words(client):
    page = client.get("/lich-ky-niem/thi-dua-ai-quoc").text
    assert "nhân dịp kỷ niệm 80 năm" in page and "(11/6/1948 - 11/6/2028)" in page and "Lễ kỷ niệm" in page
    for code in queries.starting_set():
        assert client.get(f"/lich-ky-niem/{code}").status_code == (404 if code == "tp-ha-tinh" else 200), code
    assert client.get("/lich-ky-niem/khong-co").status_code == 404


def test_another_reader_of_calendars_reads_the_feed(client):
    answer = client.get("/lich-ky-niem.ics")
    assert answer.mimetype == "text/calendar" and "\r\n" in answer.text
    events = {event.uid.value: event for event in vobject.readOne(answer.text).vevent_list}
    event = events["thi-dua-ai-quoc-2028@localhost"]
    assert event.dtstart.value == date(2028, 6, 11) and event.dtend.value == date(2028, 6, 12)
    assert "80 năm" in event.summary.value and "năm tròn" in event.description.value
    assert events["gio-to-2027@localhost"].dtstart.value == date(2027, 4, 16)
    assert len(events) == len(vobject.readOne(answer.text).vevent_list) > 150
    again = client.get("/lich-ky-niem.ics").text
    assert again == answer.text  # nothing in it changes by itself


# What an operator enters


def test_a_day_of_a_unit_is_entered_shown_and_taken_back(client, operator):
    sign_in(client, operator)
    form = {
        "code": "truong-chinh-tri", "name_vi": WRITTEN["name_vi"], "kind": "unit_day", "calendar": "solar",
        "day": "15", "month": "9", "founded": "15/9/1957", "active": "y",
    }  # fmt: skip
    assert client.post("/lich-ky-niem/them", data=form).status_code == 303
    assert "70 năm" in client.get("/lich-ky-niem?nam=2027").text
    assert WRITTEN["name_vi"] in client.get("/lich-ky-niem?nam=2027").text
    page = client.get("/lich-ky-niem/truong-chinh-tri/sua").text
    assert 'value="15/9/1957"' in page
    assert client.post("/lich-ky-niem/truong-chinh-tri/sua", data={"bo": "1"}).status_code == 303
    assert client.get("/lich-ky-niem/truong-chinh-tri").status_code == 404


def test_a_change_covers_the_starting_set_and_can_be_taken_back(app, operator):
    save(
        operator, code="tet", name_vi="Tết cổ truyền", calendar="lunar", month=1, day=1, founded="", founding_year=None
    )
    assert queries.find_commemoration("tet").what.name_vi == "Tết cổ truyền"
    assert [each.what.name_vi for each in queries.commemorations() if each.what.code == "tet"] == ["Tết cổ truyền"]
    services.forget_change(code="tet", actor=operator, now=START)
    assert queries.find_commemoration("tet").what.name_vi == "Tết Nguyên đán"
    with pytest.raises(NotFound):
        services.forget_change(code="khong-co", actor=operator, now=START)


def test_gio_to_stays_counted_by_the_solar_year(app, operator):
    row = save(operator, code="gio-to", calendar="lunar", month=3, day=10, founded="", founding_year=None)
    assert row.counted_by == "solar_year"


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("code", {"code": "Có Dấu"}), ("code", {"code": ""}), ("code", {"code": "a" * 41}),
        ("name_vi", {"name_vi": "  "}), ("kind", {"kind": "other"}),
        ("day", {"day": 31, "month": 4}), ("day", {"month": None}), ("day", {"calendar": "moon"}),
        ("day", {"calendar": "lunar", "day": 31, "month": 1}),
        ("founding_year", {"founding_year": 0}), ("founding_year", {"founding_year": 2028}),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(app, operator, code, changes):
    with pytest.raises(Refused) as error:
        save(operator, **changes)
    assert error.value.code == code


@pytest.mark.parametrize(
    ("typed", "found"),
    [("1/1/1997", "1997-01-01"), ("3/1930", "1930-03"), ("1831", "1831"), ("938", "938"), ("", "")],
)
def test_a_founding_date_is_typed_as_far_as_it_is_known(client, operator, typed, found):
    sign_in(client, operator)
    form = {"code": "moi", "name_vi": "Ngày mới", "kind": "unit_day", "calendar": "solar", "day": "1", "month": "1"}
    assert client.post("/lich-ky-niem/them", data={**form, "founded": typed}).status_code == 303
    assert db.session.query(CommemorationRow).one().founded == found


@pytest.mark.parametrize("changes", [{"founded": "hôm qua"}, {"founded": "31/2/1990"}, {"day": "x"}, {"unit": "khong"}])
def test_what_was_typed_wrong_is_kept_and_explained(client, operator, changes):
    sign_in(client, operator)
    form = {"code": "moi", "name_vi": "Ngày mới", "kind": "unit_day", "calendar": "solar", "day": "1", "month": "1"}
    page = client.post("/lich-ky-niem/them", data={**form, **changes})
    assert page.status_code == 422 and "Ngày mới" in page.text and 'class="errors"' in page.text
    assert db.session.query(CommemorationRow).count() == 0


def test_the_days_of_a_decision_count_at_once(client, operator):
    assert is_working_day(date(2027, 9, 6)) and add_working_days(date(2027, 9, 3), 1) == date(2027, 9, 6)
    sign_in(client, operator)
    page = client.get("/lich-ky-niem/ngay-nghi/2027").text
    assert "16/4/2027; nghỉ; Giỗ Tổ" in page
    days = "2/9/2027; nghỉ; Quốc khánh\n6/9/2027; hoán đổi; Nghỉ hoán đổi; Exchange\n11/9/2027; làm bù\n"
    sent = {"decision": "123/QĐ", "days": days}
    assert client.post("/lich-ky-niem/ngay-nghi/2027", data=sent).status_code == 303
    assert not is_working_day(date(2027, 9, 6)) and is_working_day(date(2027, 9, 11))
    assert is_working_day(date(2027, 4, 16))  # the decision replaced the year
    assert not is_working_day(date(2026, 9, 2))  # and no other
    again = client.get("/lich-ky-niem/ngay-nghi/2027").text
    assert "6/9/2027; hoán đổi; Nghỉ hoán đổi; Exchange" in again and "11/9/2027; làm bù" in again
    shown = client.get("/lich-ky-niem?nam=2027").text
    assert "123/QĐ" in shown and "Nghỉ hoán đổi" in shown


@pytest.mark.parametrize(
    "days",
    [
        "1/1/2026; nghỉ; Năm khác", "1/1/2027; lễ; Lạ", "1/1/2027; nghỉ;", "32/1/2027; nghỉ; Lạ", "1/1/2027",
        "4/1/2027; làm bù", "1/1/2027; nghỉ; Một\n1/1/2027; nghỉ; Hai", "2/1/2027; làm bù\n2/1/2027; nghỉ; Hai",
    ],
)  # fmt: skip
def test_days_that_cannot_be_are_refused_and_kept(client, operator, days):
    sign_in(client, operator)
    page = client.post("/lich-ky-niem/ngay-nghi/2027", data={"decision": "", "days": days})
    assert page.status_code == 422 and days.splitlines()[0] in page.text
    assert db.session.query(HolidayYear).count() == 0


def test_only_an_operator_changes_the_calendar(client):
    sign_in(client, make_user())
    for path in ("/lich-ky-niem/them", "/lich-ky-niem/tet/sua", "/lich-ky-niem/ngay-nghi/2027"):
        assert client.get(path).status_code == 404
        assert client.post(path, data={}).status_code == 404


def test_a_change_stands_in_the_feed(client, operator):
    assert "truong-chinh-tri" not in client.get("/lich-ky-niem.ics").text
    save(operator)
    db.session.commit()
    # Past the short copy that this process keeps of it.
    after = client.get("/lich-ky-niem.ics?moi").text
    assert "truong-chinh-tri-2027@localhost" in after
    assert vobject.readOne(after).vevent_list[0].dtstamp.value == START
