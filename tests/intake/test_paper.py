"""Entries on paper: the days of the rules at their boundaries, scans, and the second person."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image

from contest.core.db import db
from contest.core.errors import Conflict, Refused
from contest.entries import services
from contest.entries.paper import check_paper_dates, is_compared, keyed_window, require_keyed_window
from contest.intake import paper, scans
from contest.intake.scans import read_scan
from tests.conftest import START, VIETNAM
from tests.factories import intake, make_contest, make_officer, make_staff, make_unit, make_user, rule_sets, sign_in

TICK = timedelta(microseconds=1)
# Contest 1: postmark to the end of 31/03, arrival before 07/04 17:00. Contest 2: postmark or handed
# in before 15/08 17:00, typed before 20/08 17:00.
LATER = datetime(2027, 9, 30, 9, 0, tzinfo=VIETNAM)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("index", "postmark", "arrival", "code"),
    [
        (0, "2027-03-31", "2027-04-06T10:00", ""),
        (0, "2027-04-01", "2027-04-06T10:00", "postmarked_on"),
        (0, "2026-12-15", "2026-12-20T10:00", ""),
        (0, "2026-12-14", "2026-12-20T10:00", "postmarked_on"),
        (0, "2027-03-31", "2027-04-07T16:59:59.999999", ""),
        (0, "2027-03-31", "2027-04-07T17:00", "arrived_at"),
        (0, None, "2027-03-31T23:59:59.999999", ""),
        (0, None, "2027-04-01T00:00", "arrived_at"),
        (0, "2027-03-30", "2027-03-29T10:00", "postmarked_on"),
        (1, "2027-08-15", "2027-08-18T10:00", ""),
        (1, "2027-08-16", "2027-08-18T10:00", "postmarked_on"),
        (1, "2027-05-19", "2027-05-20T10:00", ""),
        (1, "2027-05-18", "2027-05-20T10:00", "postmarked_on"),
        (1, None, "2027-08-15T16:59:59.999999", ""),
        (1, None, "2027-08-15T17:00", "arrived_at"),
        (1, None, "2027-05-19T07:59:59.999999", "arrived_at"),
        (1, None, "2027-05-19T08:00", ""),
    ],
)
def test_the_postmark_is_a_day_and_the_arrival_an_instant(index, postmark, arrival, code):
    posted = date.fromisoformat(postmark) if postmark else None

    def check() -> None:
        check_paper_dates(rule_sets()[index], postmarked_on=posted, arrived_at=at(arrival), now=LATER)

    if code:
        with pytest.raises(Refused) as error:
            check()
        assert error.value.code == code
    else:
        check()


def test_nothing_has_arrived_that_is_still_to_come():
    with pytest.raises(Refused, match="future"):
        check_paper_dates(rule_sets()[0], postmarked_on=None, arrived_at=START + TICK, now=START)


@pytest.mark.parametrize(("index", "closes"), [(0, "2027-04-10T17:00"), (1, "2027-08-20T17:00")])
def test_typing_has_an_end_of_its_own_after_the_online_close(index, closes):
    rules = rule_sets()[index]
    window = keyed_window(rules)
    assert window.closes == at(closes)
    assert window.closes > rules.window("submission").closes
    require_keyed_window(rules, window.closes - TICK)
    with pytest.raises(Refused, match="could be typed until"):
        require_keyed_window(rules, window.closes)
    require_keyed_window(rules, window.opens)
    with pytest.raises(Refused, match="may be typed from"):
        require_keyed_window(rules, window.opens - TICK)


@pytest.fixture
def contest(app):
    return make_contest()


@pytest.fixture
def unit(app):
    return make_unit()


@pytest.fixture
def typist(unit):
    return make_officer(unit)


@pytest.fixture
def second(unit):
    return make_officer(unit)


def test_paper_is_sent_in_after_the_online_close_and_not_after_its_own(app, contest, unit, typist):
    closes = keyed_window(contest.rules).closes
    late = contest.rules.window("submission").closes + timedelta(days=2)
    values = {"postmarked_on": date(2027, 3, 31), "arrived_at": late - timedelta(hours=2)}
    entry = intake.make_paper(contest, unit, typist, now=late, **values)
    assert entry.state == "submitted"
    draft = intake.make_paper(contest, unit, typist, now=late, submit=False, **values)
    with pytest.raises(Refused, match="could be typed until"):
        intake.send(draft, typist, closes)
    assert intake.send(draft, typist, closes - TICK)


def test_nobody_judges_what_was_typed_before_a_second_person_has_looked(app, contest, unit, typist, second):
    entry = intake.make_paper(contest, unit, typist)
    secretary = make_staff(contest, "secretary")
    services.receive(entry=entry, actor=secretary, now=START)
    with pytest.raises(Refused, match="second person"):
        services.accept(entry=entry, actor=secretary, now=START)
    assert services.accept_all(entries=[entry], actor=secretary, now=START) == 0
    receipt = entry.receipts[-1].code
    with pytest.raises(Refused, match="yourself"):
        paper.confirm_typing(entry=entry, receipt=receipt, actor=typist, now=START)
    paper.confirm_typing(entry=entry, receipt=receipt, actor=second, now=START)
    assert services.accept(entry=entry, actor=secretary, now=START)


def test_without_a_scan_there_is_nothing_to_compare(app, contest, unit, typist, second):
    entry = intake.make_paper(contest, unit, typist, scan=False)
    with pytest.raises(Refused, match="no scan"):
        paper.confirm_typing(entry=entry, receipt=entry.receipts[-1].code, actor=second, now=START)


def test_what_is_sent_back_is_mended_and_compared_anew(app, contest, unit, typist, second):
    entry = intake.make_paper(contest, unit, typist)
    first = entry.receipts[-1].code
    with pytest.raises(Refused, match="differs"):
        paper.send_back(entry=entry, receipt=first, note=" ", actor=second, now=START)
    paper.send_back(entry=entry, receipt=first, note="Dòng ba: “Mơ”, không phải “Mo”.", actor=second, now=START)
    assert not paper.waits(entry)
    draft = services.start_replacing(entry=entry, actor=typist, now=START)
    assert (draft.source, draft.sent_by_unit_id, draft.helper_id) == ("paper", unit.id, typist.id)
    intake.send(draft, typist)
    assert paper.waits(entry)
    assert entry.paper.note is None
    with pytest.raises(Conflict):
        paper.confirm_typing(entry=entry, receipt=first, actor=second, now=START)
    paper.confirm_typing(entry=entry, receipt=entry.receipts[-1].code, actor=second, now=START)
    assert is_compared(entry)


def test_who_mends_does_not_compare(app, contest, unit, typist, second):
    entry = intake.make_paper(contest, unit, typist)
    draft = services.start_replacing(entry=entry, actor=second, now=START)
    intake.send(draft, second)
    for person in (typist, second):
        with pytest.raises(Refused, match="yourself"):
            paper.confirm_typing(entry=entry, receipt=entry.receipts[-1].code, actor=person, now=START)


def test_a_scan_added_afterwards_asks_for_comparing_anew(app, contest, unit, typist, second):
    entry = intake.make_paper(contest, unit, typist)
    paper.confirm_typing(entry=entry, receipt=entry.receipts[-1].code, actor=second, now=START)
    intake.add_scan(entry, typist)
    assert not is_compared(entry)


def test_withdrawn_paper_can_be_begun_anew_and_drafts_discarded(app, contest, unit, typist):
    draft = intake.make_paper(contest, unit, typist, submit=False)
    services.discard_draft(entry=draft, actor=typist, now=START)
    assert paper.paper_entries(contest.id) == []


# The pages


def form(contest, **values):
    return {
        "category": f"{contest.slug} A",
        "name": "Ông Viết Tay",
        "phone": "",
        "postmarked_on": "15/03/2027",
        "arrived_on": "18/03/2027",
        "arrived_hour": "14:30",
        **values,
    }


@pytest.mark.parametrize("kind", ["unit", "secretariat"])
def test_from_the_letter_to_the_comparison(client, contest, unit, typist, second, kind):
    if kind == "secretariat":
        typist, second = make_staff(contest, "secretary"), make_staff(contest, "organiser")
        base, sheet = f"/ban-to-chuc/{contest.slug}/bai-giay", f"/ban-to-chuc/{contest.slug}/bai-giay"
    else:
        base, sheet = f"/don-vi/{unit.code}/bai-giay", f"/don-vi/{unit.code}/bai"
    sign_in(client, typist)
    refused = client.post(base, data=form(contest, postmarked_on="01/12/2026"))
    assert refused.status_code == 422
    assert "01/12/2026" in refused.text
    answer = client.post(base, data=form(contest))
    assert answer.status_code == 303
    public_id = answer.headers["Location"].split("/")[-1]
    page = f"{sheet}/{public_id}"
    assert answer.headers["Location"].endswith(page)
    scan = {"scan": (BytesIO(intake.picture()), "trang 1.png")}
    assert client.post(f"{page}/quet", data=scan).status_code == 303
    text = client.get(page).text
    assert "ngày 18/03/2027" in text or "18/03/2027, 14:30" in text
    entry = paper.paper_entries(contest.id)[0]
    picture = client.get(f"{page}/quet/{entry.attachments[0].public_id}")
    assert picture.mimetype == "image/webp"
    intake.write(entry)
    intake.send(entry, typist)
    db.session.commit()
    receipt = entry.receipts[-1].code
    mine = client.post(f"{page}/doi-chieu", data={"act": "confirm", "receipt": receipt})
    assert mine.status_code == 422
    sign_in(client, second)
    assert client.post(f"{page}/doi-chieu", data={"act": "back", "receipt": receipt}).status_code == 422
    assert client.post(f"{page}/doi-chieu", data={"act": "confirm", "receipt": "x"}).status_code == 409
    assert client.post(f"{page}/doi-chieu", data={"act": "confirm", "receipt": receipt}).status_code == 303
    db.session.rollback()
    assert entry.paper.compared_by_id == second.id
    sign_in(client, make_officer(make_unit()))
    for path in (base, page, f"{page}/quet/{entry.attachments[0].public_id}"):
        assert client.get(path).status_code == 404


def test_a_secretariat_sees_no_draft_of_a_unit(client, contest, unit, typist):
    draft = intake.make_paper(contest, unit, typist, submit=False)
    db.session.commit()
    sign_in(client, make_staff(contest, "secretary"))
    assert client.get(f"/ban-to-chuc/{contest.slug}/bai-giay/{draft.public_id}").status_code == 404
    assert draft.author_name not in client.get(f"/ban-to-chuc/{contest.slug}/bai-giay").text


# Scans


def pdf(pages: int = 2) -> bytes:
    stream = BytesIO()
    images = [Image.new("RGB", (300, 400), (200, 200, number)) for number in range(pages)]
    images[0].save(stream, "PDF", save_all=True, append_images=images[1:])
    return stream.getvalue()


def test_a_pdf_becomes_a_picture_for_each_page():
    scanned = read_scan(pdf(3))
    assert len(scanned.pages) == 3
    for page in scanned.pages:
        assert Image.open(BytesIO(page.content)).format == "WEBP"


@pytest.mark.parametrize(
    "content",
    [b"", b"%PDF-1.7 broken", b"\x00" * 4000, b"<svg/>", pdf()[:300], pdf(21), b"MZ" + pdf()[:100]],
    ids=["empty", "broken", "zeroes", "svg", "cut", "many", "other"],
)
def test_what_cannot_be_read_is_refused_with_words(content):
    with pytest.raises(Refused):
        read_scan(content)


def test_the_same_file_is_kept_once(app, contest, unit, typist, client):
    entry = intake.make_paper(contest, unit, typist, scan=False, submit=False)
    db.session.commit()
    sign_in(client, typist)
    content = pdf()
    page = f"/don-vi/{unit.code}/bai/{entry.public_id}"
    for _ in range(2):
        assert client.post(f"{page}/quet", data={"scan": (BytesIO(content), "a.pdf")}).status_code == 303
    db.session.expire_all()
    assert [scan.name for scan in paper.scans_of(entry)] == ["a.pdf (1)", "a.pdf (2)"]
    first = paper.scans_of(entry)[0].public_id
    assert client.post(f"{page}/quet/{first}/xoa").status_code == 303
    db.session.expire_all()
    assert len(paper.scans_of(entry)) == 1


def test_someone_who_is_no_officer_types_nothing(client, contest, unit):
    sign_in(client, make_user())
    assert client.post(f"/don-vi/{unit.code}/bai-giay", data=form(contest)).status_code == 404


def test_a_scan_beyond_all_bounds_is_not_even_looked_at(monkeypatch):
    content = pdf(1)
    monkeypatch.setattr(scans, "MOST_BYTES", len(content))
    assert read_scan(content).pages
    monkeypatch.setattr(scans, "MOST_BYTES", len(content) - 1)
    with pytest.raises(Refused, match="too large"):
        read_scan(content)
