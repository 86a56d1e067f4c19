"""Published works: each rule of publication with its own message, at its boundaries."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest

from contest.core.db import db
from contest.core.errors import Conflict, Refused
from contest.entries import press, services
from contest.entries.blind import blind_entry
from contest.entries.checks import missing
from contest.entries.drafting import today_of
from contest.entries.models import Entry
from contest.entries.press import KeptFile, Part, clean_link, press_state
from contest.entries.rules import NOT_PUBLISHED, PARTS_MAX
from tests.conftest import START
from tests.factories import make_contest, make_user, sign_in
from tests.factories.entries import changed_contest, make_draft, secretary_of, submit_draft

DAY = date(2026, 9, 14)
PART = Part(outlet="Báo An Lam", published_on=DAY, url="https://bao.example/bai-1", place="số 37, trang 3")
TODAY = today_of(START)


def told(entry: Entry) -> set[str]:
    return {item.message for item in missing(entry, TODAY)}


def publish(entry: Entry, *parts: Part, medium: str = "print") -> None:
    press.save_publication(entry=entry, seen=press_state(entry), medium=medium, parts=parts or (PART,), now=START)


def proof(number: int = 1) -> KeptFile:
    return KeptFile(f"aa/{number:030x}.pdf", "trang-bao.pdf", "application/pdf", 1000, f"{number:064x}")


def press_draft(**values) -> Entry:
    return make_draft(make_contest(), category="B", photos=0, **values)


def test_a_press_work_is_asked_where_it_came_out(app):
    entry = press_draft()
    assert "Choose where it came out: one of the kinds of press that the rules name." in told(entry)
    press.save_publication(entry=entry, seen=press_state(entry), medium="online", parts=[], now=START)
    assert told(entry) == {"Say where and when it was published."}
    publish(entry)
    assert told(entry) == set()
    receipt = submit_draft(entry)
    assert receipt.entry.state == "submitted"
    assert receipt.entry.declarations.keys() >= {"originality_published", "rules"}


@pytest.mark.parametrize(
    ("day", "taken"),
    [
        (date(2026, 3, 31), False),
        (date(2026, 4, 1), True),
        (TODAY, True),
        (TODAY + timedelta(days=1), False),  # it has not come out yet
    ],
)
def test_the_window_of_publication_is_half_open(app, day, taken):
    entry = press_draft()
    publish(entry, PART._replace(published_on=day))
    assert (told(entry) == set()) is taken


def test_the_last_day_is_no_longer_in_the_window(app):
    entry = press_draft()
    publish(entry, PART._replace(published_on=date(2027, 4, 1)))
    lacking = missing(entry, date(2027, 5, 1))
    assert [item.message.split(" came out")[0] for item in lacking] == ["Part %(part)s"]
    publish(entry, PART._replace(published_on=date(2027, 3, 31)))
    assert missing(entry, date(2027, 5, 1)) == []


@pytest.mark.parametrize(
    ("medium", "change", "message"),
    [
        ("print", {"outlet": ""}, "Part %(part)s: name the newspaper, site or station."),
        ("print", {"published_on": None}, "Part %(part)s: give the day on which it came out."),
        ("print", {"place": ""}, "Part %(part)s: give the issue and the page."),
        ("radio", {"place": ""}, "Part %(part)s: give the programme and the hour of the broadcast."),
        ("tv", {"seconds": None}, "Part %(part)s: give its playing time in minutes and seconds."),
        ("tv", {"seconds": 15 * 60 + 1}, "Part %(part)s plays for %(minutes)s; at most %(most)s minutes are taken."),
        ("online", {"url": ""}, "Part %(part)s: give the link to the page on which it stands."),
        (
            "print",
            {"url": ""},
            "Part %(part)s: give a link, or add a scan, picture or PDF of the publication below.",
        ),
    ],
)
def test_each_rule_has_its_own_message(app, medium, change, message):
    entry = press_draft()
    publish(entry, PART._replace(**{"seconds": 15 * 60, **change}), medium=medium)
    assert told(entry) == {message}


def test_a_proof_stands_for_a_link_in_print(app):
    entry = press_draft()
    publish(entry, PART._replace(url=""))
    press.add_proof(entry=entry, stored=proof(), actor_id=entry.author_id, now=START)
    assert told(entry) == set()
    with pytest.raises(Refused, match="already here"):
        press.add_proof(entry=entry, stored=proof(), actor_id=entry.author_id, now=START)
    for number in range(2, press.PROOFS_MAX + 1):
        press.add_proof(entry=entry, stored=proof(number), actor_id=entry.author_id, now=START)
    with pytest.raises(Refused, match="At most"):
        press.add_proof(entry=entry, stored=proof(99), actor_id=entry.author_id, now=START)


@pytest.mark.parametrize(("count", "taken"), [(1, True), (5, True), (6, False)])
def test_a_series_has_at_most_so_many_parts(app, count, taken):
    entry = press_draft()
    publish(entry, *(PART._replace(title=f"Kỳ {number}") for number in range(count)))
    assert (told(entry) == set()) is taken


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "ftp://bao.example/x",
        "https://",
        "https://khong-cham",
        "https://ai@bao.example/",
        "http://bao.example:0/",
        "https://bao.example/" + "x" * 500,
        "data:text/html,x",
        "http://[::1",
    ],
)
def test_what_is_no_link_is_refused(link):
    with pytest.raises(Refused):
        clean_link(link)


def test_links_are_kept_as_they_are():
    assert clean_link(" bao.example/bai?so=1 ") == "https://bao.example/bai?so=1"
    assert clean_link("http://báo.example/bài") == "http://báo.example/bài"
    assert clean_link("") == ""


def test_another_window_overwrites_nothing(app):
    entry = press_draft()
    seen = press_state(entry)
    publish(entry)
    with pytest.raises(Conflict):
        press.save_publication(
            entry=entry, seen=seen, medium="print", parts=[PART._replace(outlet="Báo khác")], now=START
        )
    # Saving what is already saved changes nothing, from whichever window.
    press.save_publication(entry=entry, seen=seen, medium="print", parts=[PART], now=START)
    assert press.parts_of(entry) == [PART]


def test_either_is_a_question(app):
    contest = changed_contest(lambda rules: rules["categories"][1].update(publication="either"))
    entry = make_draft(contest, category="B", photos=0)
    assert told(entry) == {"Say whether this work has been published or broadcast."}
    press.save_publication(entry=entry, seen=press_state(entry), medium=NOT_PUBLISHED, parts=[PART], now=START)
    assert told(entry) == set()
    assert "originality" in services.declarations_of(entry)
    publish(entry)
    assert "originality_published" in services.declarations_of(entry)


def test_an_unpublished_category_is_not_asked(app):
    entry = make_draft(make_contest())
    with pytest.raises(Refused):
        publish(entry)
    assert "originality" in services.declarations_of(entry)


def test_judges_of_an_open_category_see_where_it_came_out_and_no_file(app):
    entry = press_draft(pen_name="Hoài An")
    publish(entry)
    press.add_proof(entry=entry, stored=proof(), actor_id=entry.author_id, now=START)
    submit_draft(entry)
    secretary = secretary_of(entry.contest)
    services.receive(entry=entry, actor=secretary, now=START)
    services.accept(entry=entry, actor=secretary, now=START)
    seen = blind_entry(entry.id, "prelim")
    assert (seen.author, seen.medium, seen.parts) == ("Hoài An", "print", (PART,))


def test_judges_of_a_blind_category_see_nothing_of_it(app):
    def blind(rules):
        rules["categories"][1]["blind"] = "author_hidden"

    entry = make_draft(changed_contest(blind), category="B", photos=0)
    publish(entry)
    submit_draft(entry)
    secretary = secretary_of(entry.contest)
    services.receive(entry=entry, actor=secretary, now=START)
    services.accept(entry=entry, actor=secretary, now=START)
    seen = blind_entry(entry.id, "prelim")
    assert (seen.author, seen.medium, seen.parts) == (None, "", ())


def test_writing_on_keeps_parts_and_proofs(app):
    entry = press_draft()
    publish(entry)
    press.add_proof(entry=entry, stored=proof(), actor_id=entry.author_id, now=START)
    submit_draft(entry)
    draft = services.start_replacing(entry=entry, actor=entry.author, now=START)
    assert (draft.medium, press.parts_of(draft)) == ("print", [PART])
    assert [each.sha256 for each in press.proofs_of(draft)] == [f"{1:064x}"]
    publish(draft, PART, PART._replace(title="Kỳ 2"))
    submit_draft(draft)
    db.session.expire_all()
    assert len(press.parts_of(entry)) == 2
    assert len(press.proofs_of(entry)) == 1
    assert db.session.query(Entry).count() == 1


def test_the_page_saves_parts_and_keeps_what_was_typed(client, app):
    entry = press_draft()
    sign_in(client, entry.author)
    address = f"/viet/{entry.public_id}/xuat-ban"
    page = client.get(address).text
    assert "Báo in" in page or 'name="medium"' in page
    typed = {
        "seen": press_state(entry),
        "rows": "1",
        "medium": "print",
        "part-1-outlet": "Báo An Lam",
        "part-1-on-day": "31",
        "part-1-on-month": "2",
        "part-1-on-year": "2027",
        "part-1-url": "https://bao.example/1",
        "part-1-place": "số 1",
    }
    refused = client.post(address, data=typed)
    assert refused.status_code == 422
    assert 'value="Báo An Lam"' in refused.text
    assert 'value="31"' in refused.text
    for odd in ("ba", "-3", "3,5", "12345"):
        refused = client.post(address, data={**typed, "part-1-on-day": "28", "part-1-minutes": odd})
        assert refused.status_code == 422, odd
    kept = client.post(address, data={**typed, "part-1-on-day": "28", "go": "next"})
    assert kept.status_code == 303
    db.session.expire_all()
    assert press.parts_of(entry)[0].published_on == date(2027, 2, 28)
    stale = client.post(address, data={**typed, "part-1-on-day": "27"})
    assert stale.status_code == 409


def test_a_proof_is_private_and_of_a_known_kind(client, app):
    entry = press_draft()
    sign_in(client, entry.author)
    address = f"/viet/{entry.public_id}/xuat-ban/minh-chung"
    bad = client.post(address, data={"proof": (io.BytesIO(b"MZ\x90"), "bai.pdf")})
    assert bad.status_code == 422
    empty = client.post(address, data={})
    assert empty.status_code == 422
    sent = client.post(address, data={"proof": (io.BytesIO(b"%PDF-1.7 mot trang"), "../../etc/bài báo.pdf")})
    assert sent.status_code == 303
    db.session.expire_all()
    (kept,) = press.proofs_of(entry)
    file_address = f"/viet/{entry.public_id}/minh-chung/{kept.public_id}"
    got = client.get(file_address)
    assert got.data == b"%PDF-1.7 mot trang"
    assert got.headers["Content-Disposition"].startswith("attachment")
    client.get("/dang-xuat")
    stranger = app.test_client()
    sign_in(stranger, make_user())
    assert stranger.get(file_address).status_code == 404


def test_a_series_has_a_bound(app):
    entry = press_draft()
    with pytest.raises(Refused) as told:
        publish(entry, *[PART] * (PARTS_MAX + 1))
    assert told.value.code == "too_many_parts"
