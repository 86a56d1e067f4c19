"""The secretariat's pages: batches that ask first, findings, views, wordings, two texts compared."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from contest.core.db import db
from contest.entries.models import Entry
from contest.exemplars.consents import withdraw_consent
from contest.screening import services
from contest.screening.models import Finding, NearCopy, ReasonTemplate, SavedView
from tests.conftest import START, VIETNAM
from tests.factories import make_contest, make_staff, make_user, sign_in
from tests.factories.entries import make_accepted, make_eligible, make_submitted
from tests.factories.intake import make_paper

LATER = datetime(2027, 6, 1, 9, tzinfo=VIETNAM)


def text(response):
    return response.get_data(as_text=True)


def desk_of(contest):
    return f"/ban-to-chuc/{contest.slug}/bai-du-thi"


def states(*found):
    db.session.rollback()
    db.session.expire_all()
    return [db.session.get_one(Entry, entry.id).state for entry in found]


def test_a_batch_says_first_what_it_will_do(app, client):
    contest = make_contest()
    found = [make_submitted(contest, title=f"Bài {number}") for number in range(3)]
    done = make_accepted(contest, title="Xong rồi")
    other = make_submitted(make_contest(1), now=LATER)
    sign_in(client, make_staff(contest, "secretary"))
    desk = desk_of(contest)
    chosen = [entry.public_id for entry in (*found, done, other)] + ["nothing", "x" * 500]
    page = client.post(desk, data={"act": "receive", "chosen": chosen})
    assert page.status_code == 200
    assert "Bài 1" in text(page)
    assert "Xong rồi" in text(page)
    assert text(page).count('name="chosen"') == 3
    assert states(*found, done, other) == ["submitted"] * 3 + ["accepted", "submitted"]
    sent = {"act": "receive", "chosen": chosen}
    assert client.post(f"{desk}/nhieu-bai?trang-thai=submitted", data=sent).location == f"{desk}?trang-thai=submitted"
    assert states(*found, done, other) == ["received"] * 3 + ["accepted", "submitted"]
    assert client.post(f"{desk}/nhieu-bai", data={"act": "accept", "chosen": chosen}).status_code == 303
    assert states(*found) == ["accepted"] * 3
    for address in (desk, f"{desk}/nhieu-bai"):
        assert client.post(address, data={"act": "erase", "chosen": chosen}).status_code == 404
        assert client.post(address, data={"act": "accept"}).status_code == 303
        assert client.post(address, data={"act": "accept", "chosen": ["\x00", "%"]}).status_code == 303


def test_a_batch_leaves_out_paper_that_nobody_compared(app, client):
    contest = make_contest()
    typed = make_submitted(contest, title="Bài gõ")
    paper = make_paper(contest, None, make_staff(contest, "secretary"))
    sign_in(client, make_staff(contest, "secretary"))
    desk = desk_of(contest)
    chosen = [entry.public_id for entry in (typed, paper)]
    client.post(f"{desk}/nhieu-bai", data={"act": "receive", "chosen": chosen})
    assert "chưa ai đối chiếu" in text(client.get(f"{desk}/{paper.public_id}")).casefold()
    page = client.post(desk, data={"act": "accept", "chosen": chosen})
    assert text(page).count('name="chosen"') == 1
    assert client.post(f"{desk}/nhieu-bai", data={"act": "accept", "chosen": chosen}).status_code == 303
    assert states(typed, paper) == ["accepted", "received"]


def test_refusing_many_needs_a_reason_and_a_wording_serves(app, client):
    contest = make_contest()
    found = [make_submitted(contest, title=f"Bài {number}") for number in range(2)]
    organiser = make_staff(contest, "organiser")
    template = services.write_template(
        contest=contest, template=None, verb="refuse", name="Hạn", text="Quá hạn nhận bài.", actor=organiser, now=START
    )
    sign_in(client, make_staff(contest, "secretary"))
    desk = desk_of(contest)
    sent = {"act": "refuse", "chosen": [entry.public_id for entry in found]}
    assert "Quá hạn nhận bài." in text(client.post(desk, data=sent))
    without = client.post(f"{desk}/nhieu-bai", data=sent)
    assert without.status_code == 422
    assert states(*found) == ["submitted"] * 2
    assert client.post(f"{desk}/nhieu-bai", data={**sent, "template": template.public_id}).status_code == 303
    assert states(*found) == ["refused"] * 2
    assert {entry.reason for entry in db.session.scalars(select(Entry).where(Entry.state == "refused"))} == {
        "Quá hạn nhận bài."
    }


def test_completing_many_has_a_term(app, client):
    contest = make_contest()
    found = [make_submitted(contest), make_accepted(contest)]
    sign_in(client, make_staff(contest, "secretary"))
    sent = {"act": "complete", "chosen": [entry.public_id for entry in found], "reason": "Thiếu ảnh."}
    address = f"{desk_of(contest)}/nhieu-bai"
    for due in ("", "hôm nào", "2001-01-01"):
        answer = client.post(address, data={**sent, "due": due})
        assert answer.status_code == 422
        assert "Thiếu ảnh." in text(answer)
    assert states(*found) == ["submitted", "accepted"]
    assert client.post(address, data={**sent, "due": "25/03/2027", "due_hour": "16:30"}).status_code == 303
    # A valid entry is not sent back.
    assert states(*found) == ["completion_requested", "accepted"]


def test_opening_an_entry_shows_what_was_found_and_sets_it_aside(app, client):
    contest = make_contest()
    entry = make_submitted(contest, make_user("Nguyễn Thị Thu Hậu"), body="Tôi là Nguyễn Thị Thu Hậu. " * 100)
    sign_in(client, make_staff(contest, "secretary"))
    address = f"{desk_of(contest)}/{entry.public_id}"
    page = text(client.get(address))
    assert "Nguyễn Thị Thu Hậu”" in page
    finding = db.session.scalars(select(Finding).where(Finding.entry_id == entry.id, Finding.kind == "leak")).first()
    assert f"{desk_of(contest)}/{entry.public_id}/phat-hien/{finding.public_id}" in page
    listed = text(client.get(f"{desk_of(contest)}?phat-hien=leak"))
    assert entry.title in listed
    for act, aside in (("", True), ("back", False), ("", True)):
        done = client.post(f"{address}/phat-hien/{finding.public_id}", data={"act": act})
        assert done.status_code == 303
        db.session.expire_all()
        assert (db.session.get_one(Finding, finding.id).set_aside_at is not None) is aside
    assert entry.title not in text(client.get(f"{desk_of(contest)}?phat-hien=leak")).split("<main")[1]
    assert client.post(f"{address}/soat-lai").status_code == 303
    assert client.post(f"{address}/phat-hien/{'z' * 14}").status_code == 404
    other = make_submitted(contest, body="khác " * 600)
    theirs = f"{desk_of(contest)}/{other.public_id}/phat-hien/{finding.public_id}"
    assert client.post(theirs).status_code == 404


def test_two_texts_are_compared_and_judged(app, client):
    contest = make_contest()
    body = " ".join(f"chữ{number} dòng{number % 7}" for number in range(300))
    one, other = (make_submitted(contest, title=title, body=body) for title in ("Bản gốc", "Bản chép"))
    services.check_entries(entry_ids=[one.id, other.id], now=START)
    pair = db.session.scalars(select(NearCopy)).one()
    sign_in(client, make_staff(contest, "secretary"))
    assert "Bản chép" in text(client.get(f"{desk_of(contest)}/{one.public_id}"))
    address = f"/ban-to-chuc/{contest.slug}/trung-van/{pair.public_id}"
    page = text(client.get(address))
    assert "<mark>" in page
    assert "Bản gốc" in page
    assert client.post(address, data={"judged": "copy", "note": ""}).status_code == 422
    assert client.post(address, data={"judged": "copy", "note": "Chép nguyên văn."}).status_code == 303
    db.session.expire_all()
    assert (pair.judged, pair.note) == ("copy", "Chép nguyên văn.")
    foreign = make_contest(1)
    sign_in(client, make_staff(foreign, "secretary"))
    assert client.get(f"/ban-to-chuc/{foreign.slug}/trung-van/{pair.public_id}").status_code == 404


def test_the_whole_text_of_another_contest_stays_there(app, client):
    contest, earlier = make_contest(), make_contest(1)
    shared = " ".join(f"chữ{number} dòng{number % 7}" for number in range(150))
    secret = "Riêng của cuộc thi kia không ai đọc được ở đây. "
    old = make_submitted(earlier, title="Bài cũ", body=f"{secret * 20}\n\n{shared}", now=LATER)
    new = make_submitted(contest, title="Bài mới", body=shared)
    services.check_entries(entry_ids=[old.id, new.id], now=START)
    pair = db.session.scalars(select(NearCopy)).one()
    secretary = make_staff(contest, "secretary")
    sign_in(client, secretary)
    address = f"/ban-to-chuc/{contest.slug}/trung-van/{pair.public_id}"
    assert text(client.get(address)).count("Riêng của cuộc thi kia") <= 2  # what stands right before the passage
    make_staff(earlier, "secretary", secretary)
    db.session.commit()
    assert text(client.get(address)).count("Riêng của cuộc thi kia") >= 20


def test_views_are_kept_and_are_ones_own(app, client):
    contest = make_contest()
    secretary, colleague = make_staff(contest, "secretary"), make_staff(contest, "secretary")
    sign_in(client, secretary)
    desk = desk_of(contest)
    for name in ("Chờ tôi", "Chờ tôi", "x" * 300):
        client.post(f"{desk}/khung-nhin?trang-thai=received&tim=bà+Tư", data={"name": name})
    client.post(f"{desk}/khung-nhin", data={"name": " "})
    views = db.session.scalars(select(SavedView).order_by(SavedView.id)).all()
    assert [(view.name, view.arguments) for view in views] == [
        ("Chờ tôi", {"trang-thai": "received", "tim": "bà Tư"}),
        ("x" * 60, {"trang-thai": "received", "tim": "bà Tư"}),
    ]
    assert "Chờ tôi" in text(client.get(desk))
    sign_in(client, colleague)
    assert "Chờ tôi" not in text(client.get(desk))
    client.post(f"{desk}/khung-nhin/{views[0].public_id}/bo")
    assert len(db.session.scalars(select(SavedView)).all()) == 2
    sign_in(client, secretary)
    client.post(f"{desk}/khung-nhin/{views[0].public_id}/bo")
    db.session.expire_all()
    assert len(db.session.scalars(select(SavedView)).all()) == 1


def test_wordings_are_the_organisers_to_write(app, client):
    contest = make_contest()
    address = f"/ban-to-chuc/{contest.slug}/mau-ly-do"
    sign_in(client, make_staff(contest, "organiser"))
    for wrong in ({}, {"verb": "erase", "name": "a", "text": "b"}, {"verb": "refuse", "name": "a", "text": "b" * 5000}):
        assert client.post(address, data=wrong).status_code == 422
    assert client.post(address, data={"verb": "refuse", "name": "Hạn", "text": "Quá hạn."}).status_code == 303
    template = db.session.scalars(select(ReasonTemplate)).one()
    one = f"{address}/{template.public_id}"
    assert client.post(one, data={"verb": "complete", "name": "Ảnh", "text": "Thiếu ảnh."}).status_code == 303
    db.session.expire_all()
    assert (template.verb, template.name, template.text) == ("complete", "Ảnh", "Thiếu ảnh.")
    sign_in(client, make_staff(contest, "secretary"))
    page = text(client.get(address))
    assert "Thiếu ảnh." in page
    assert "<textarea" not in page
    assert client.post(one, data={"act": "remove"}).status_code == 404
    sign_in(client, make_staff(contest, "organiser"))
    assert client.post(one, data={"act": "remove"}).status_code == 303
    assert client.post(one, data={"act": "remove"}).status_code == 404


@pytest.mark.parametrize("sort", ["oldest", "longest"])
def test_narrowings_of_the_list(app, client, sort):
    contest = make_contest()
    made = [
        make_submitted(contest, title=f"Bài {number}", body=f"b{number} " * 600, now=START + timedelta(seconds=number))
        for number in range(3)
    ]
    made[1].source = "paper"
    db.session.commit()
    sign_in(client, make_staff(contest, "secretary"))

    def titles(query):
        page = text(client.get(f"{desk_of(contest)}?sap-xep={sort}&{query}"))
        return [title for title in ("Bài 0", "Bài 1", "Bài 2") if f"{title}</a>" in page]

    assert titles("") == ["Bài 0", "Bài 1", "Bài 2"]
    assert titles("nguon=paper") == ["Bài 1"]
    assert titles("phat-hien=any") == []
    assert titles("phat-hien=none") == ["Bài 0", "Bài 1", "Bài 2"]
    assert titles("nguon=fax&phat-hien=everything") == ["Bài 0", "Bài 1", "Bài 2"]


def test_the_list_tells_a_consent_that_was_withdrawn(app, client):
    contest = make_contest()
    secretary = make_staff(contest, "secretary")
    entry = make_eligible(contest)
    db.session.commit()
    sign_in(client, secretary)
    assert "đã xác minh, đồng ý" in text(client.get(desk_of(contest)))
    withdraw_consent(exemplar=entry.exemplar, actor=secretary, now=START)
    db.session.commit()
    page = text(client.get(desk_of(contest)))
    assert "đã xác minh, đồng ý" not in page and "đã xác minh, không đồng ý" in page
