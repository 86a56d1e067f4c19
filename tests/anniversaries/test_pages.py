"""The pages of the calendar, the feed, and what an operator enters."""

from __future__ import annotations

from datetime import date, datetime

import pytest
import vobject

from contest.accounts.services import give_site_role
from contest.anniversaries import queries, services
from contest.anniversaries.models import CommemorationRow, HolidayYear
from contest.anniversaries.rules import add_working_days, is_working_day
from contest.core.db import db
from contest.core.errors import NotFound, Refused
from tests.conftest import START
from tests.factories import make_officer, make_unit, make_user, sign_in

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


# What an officer enters for a unit

DAY = {"name_vi": "Ngày thành lập xã", "calendar": "solar", "day": "2", "month": "9", "founded": "2/9/1957"}


def officer_of(client):
    unit = make_unit()
    sign_in(client, make_officer(unit))
    return unit, f"/don-vi/{unit.code}/ngay-ky-niem"


def test_an_officer_enters_the_days_of_the_unit(client):
    unit, path = officer_of(client)
    assert client.post(path, data=DAY).status_code == 303
    assert client.post(path, data=DAY).status_code == 303  # another of the same name: under another code
    first, second = queries.days_of_unit(unit)
    assert first.what.code != second.what.code and first.unit.id == unit.id
    page = client.get(path).text
    assert page.count("70 năm") == 2 and "năm tròn" in page
    assert "Ngày thành lập xã" in client.get("/lich-ky-niem?nam=2027").text
    assert client.post(path, data={"bo": first.what.code}).status_code == 303
    assert [each.what.code for each in queries.days_of_unit(unit)] == [second.what.code]


@pytest.mark.parametrize("changes", [{"name_vi": " "}, {"day": "31"}, {"day": "x"}, {"founded": "1/1/2400"}])
def test_a_day_of_a_unit_that_cannot_be_is_kept_as_typed(client, changes):
    unit, path = officer_of(client)
    answer = client.post(path, data={**DAY, **changes, "month": "4"})
    assert answer.status_code == 422 and 'class="errors"' in answer.text and 'value="4"' in answer.text
    assert queries.days_of_unit(unit) == []


def test_an_officer_takes_out_nothing_of_others(client, operator):
    save(operator)
    other = make_unit()
    save(operator, code="ngay-khac", unit=other)
    db.session.commit()
    _unit, path = officer_of(client)
    for code in ("truong-chinh-tri", "ngay-khac", "tet"):
        assert client.post(path, data={"bo": code}).status_code == 404
    assert client.post(f"/don-vi/{other.code}/ngay-ky-niem", data=DAY).status_code == 404
    assert db.session.query(CommemorationRow).count() == 2


# The feed, as the standard wants it


def test_lines_of_the_feed_are_folded_and_end_as_the_standard_says(client):
    raw = client.get("/lich-ky-niem.ics").data
    lines = raw.split(b"\r\n")
    assert lines[-1] == b"" and b"\n" not in b"".join(lines)
    assert max(map(len, lines)) <= 75
    for line in lines:
        line.decode("utf-8")  # no letter is cut in two
    assert any(line.startswith(b" ") for line in lines)
    assert lines[0] == b"BEGIN:VCALENDAR" and lines[-2] == b"END:VCALENDAR"


def test_every_event_has_what_the_standard_asks_for_and_recurs_by_no_rule(client):
    """A rule could tell neither lunar days nor which anniversary it is: each year is an event of its own."""
    feed = vobject.readOne(client.get("/lich-ky-niem.ics").text)
    assert feed.version.value == "2.0" and feed.prodid.value and feed.method.value == "PUBLISH"
    for event in feed.vevent_list:
        assert event.uid.value and event.summary.value
        assert event.dtstamp.value.utcoffset().total_seconds() == 0
        assert not isinstance(event.dtstart.value, datetime) and not hasattr(event, "rrule")
        assert (event.dtend.value - event.dtstart.value).days == 1


def test_an_event_keeps_its_name_when_its_words_change_and_in_both_languages(client, operator):
    def uids(path):
        return {each.uid.value for each in vobject.readOne(client.get(path).text).vevent_list}

    before = uids("/lich-ky-niem.ics")
    assert uids("/en/lich-ky-niem.ics") == before
    save(
        operator, code="tet", name_vi="Tết cổ truyền", calendar="lunar", month=1, day=1, founded="", founding_year=None
    )
    db.session.commit()
    assert uids("/lich-ky-niem.ics?moi") == before
    assert "Tết cổ truyền" in client.get("/lich-ky-niem.ics?moi").text


def test_what_no_database_keeps_is_not_there(client):
    _unit, path = officer_of(client)
    assert client.post(path, data={"bo": "a\0"}).status_code == 404
    assert client.get("/lich-ky-niem?nam=002027999").status_code == 404
