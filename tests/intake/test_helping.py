"""An officer writes for people without an account: what that allows, when it ends, and taking it over."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.models import AuditRow
from contest.contests.models import Contest
from contest.core import clock as clocks
from contest.core.db import db
from contest.core.errors import Refused
from contest.entries.models import Entry
from contest.entries.queries import find_own_entry
from contest.intake import helping
from contest.outbox.models import Message
from contest.units.models import UnitOfficer
from contest.units.services import end_officer
from tests.conftest import START
from tests.factories import intake, make_contest, make_officer, make_staff, make_unit, make_user, sign_in

PHONE = "0912 345 678"
PASSWORD = "ba con vịt vàng"


@pytest.fixture
def contest(app) -> Contest:
    return make_contest()


@pytest.fixture
def unit(app):
    return make_unit("xã Khe Ngọn")


@pytest.fixture
def officer(unit) -> User:
    return make_officer(unit, make_user(terms_version="2027-01"))


def form(contest, **values):
    return {"category": f"{contest.slug} A", "name": "Bà Lê Thị Mơ", "phone": PHONE, **values}


def entry_at(answer) -> Entry:
    public_id = answer.headers["Location"].split("/")[-1]
    return db.session.scalars(select(Entry).where(Entry.public_id == public_id)).one()


def test_the_entry_is_the_authors_and_the_officer_never_learns_a_password(client, contest, unit, officer):
    sign_in(client, officer)
    answer = client.post(f"/don-vi/{unit.code}/viet-giup", data=form(contest))
    assert answer.status_code == 303
    entry = entry_at(answer)
    author = entry.author
    assert (author.name, author.phone, author.password, author.assisted) == ("Bà Lê Thị Mơ", "+84912345678", None, True)
    assert (entry.helper_id, entry.sent_by_unit_id, entry.source) == (officer.id, unit.id, "web")
    assert client.get(f"/viet/{entry.public_id}").status_code == 200
    intake.write(entry)
    db.session.commit()
    page = client.get(f"/viet/{entry.public_id}/kiem-tra").text
    assert "Bà Lê Thị Mơ" in page
    assert "checked" not in page.partition("<main")[2]  # nothing is ticked beforehand
    receipt = intake.send(entry, officer)
    db.session.commit()
    message = db.session.scalars(select(Message).where(Message.address == "+84912345678")).one()
    assert message.params["code"] == receipt.code
    for path in (
        f"/don-vi/{unit.code}",
        f"/don-vi/{unit.code}/bien-nhan",
        f"/don-vi/{unit.code}/bai/{entry.public_id}",
    ):
        assert receipt.code in client.get(path).text, path
    row = db.session.scalars(select(AuditRow).where(AuditRow.verb == "entries.submit")).one()
    assert row.actor == officer.public_id
    assert row.details["helped_by_unit"] == unit.code


def test_nobody_signs_in_to_an_assisted_account(client, contest, unit, officer):
    intake.make_helped(contest, unit, officer, phone=PHONE)
    db.session.commit()
    for password in ("", PASSWORD):
        assert client.post("/dang-nhap", data={"address": PHONE, "password": password}).status_code == 422


def test_help_is_the_units_and_ends_with_the_grant(client, contest, unit, officer):
    entry = intake.make_helped(contest, unit, officer)
    intake.send(entry, officer)
    second, stranger = make_officer(unit), make_officer(make_unit())
    assert find_own_entry(entry.public_id, second.id) is entry
    assert find_own_entry(entry.public_id, stranger.id) is None
    grant = db.session.scalars(select(UnitOfficer).where(UnitOfficer.user_id == officer.id)).one()
    end_officer(officer=grant, actor=second, now=START)
    assert find_own_entry(entry.public_id, officer.id) is None
    db.session.commit()
    for person, status in ((second, 200), (officer, 404), (stranger, 404)):
        sign_in(client, person)
        assert client.get(f"/bai-cua-toi/{entry.public_id}").status_code == status
        assert client.get(f"/don-vi/{unit.code}/bai/{entry.public_id}").status_code == status


def test_an_officer_sees_nothing_else_of_the_person(client, contest, unit, officer):
    """Two units help the same person: neither sees what the other wrote."""
    other = make_unit()
    mine = intake.make_helped(contest, unit, officer, name="Bà Lê Thị Mơ", phone=PHONE)
    theirs = intake.make_helped(contest, other, make_officer(other), name="Bà Lê Thị Mơ", phone=PHONE)
    db.session.commit()
    assert mine.author_id != theirs.author_id
    assert theirs.author.phone is None  # the number is kept once, and in both entries
    assert theirs.author_phone == "0912345678"
    sign_in(client, officer)
    assert client.get(f"/viet/{theirs.public_id}").status_code == 404
    assert client.get(f"/don-vi/{unit.code}/bai/{theirs.public_id}").status_code == 404


def test_the_same_person_of_the_same_unit_is_one_account(app, contest, unit, officer):
    one = intake.make_helped(contest, unit, officer, name="Bà Lê Thị Mơ", phone=PHONE)
    two = intake.make_helped(contest, unit, officer, name="bà lê thị mơ", phone="0912345678")
    husband = intake.make_helped(contest, unit, officer, name="Ông Lê Văn Gạo", phone=PHONE)
    assert one.author is two.author
    assert husband.author is not one.author
    assert {person.id for person in helping.helped_people(unit)} == {one.author_id, husband.author_id}


def test_an_officer_does_not_learn_who_has_an_account(client, contest, unit, officer):
    make_user("Người Có Tài Khoản", phone="+84912345678")
    db.session.commit()
    sign_in(client, officer)
    known = client.post(f"/don-vi/{unit.code}/viet-giup", data=form(contest))
    fresh = client.post(
        f"/don-vi/{unit.code}/viet-giup", data=form(contest, phone="0987 654 321", name="Bà Lê Thị Mận")
    )
    assert (known.status_code, fresh.status_code) == (303, 303)
    assert entry_at(known).author.name == "Bà Lê Thị Mơ"
    assert entry_at(known).author_phone == "0912345678"


@pytest.mark.parametrize(
    ("values", "words"),
    [({"name": ""}, "họ tên"), ({"phone": "12"}, "di động"), ({"category": ""}, "")],
)
def test_a_refused_form_comes_back(client, contest, unit, officer, values, words):
    sign_in(client, officer)
    answer = client.post(f"/don-vi/{unit.code}/viet-giup", data=form(contest, **values))
    assert answer.status_code == (404 if "category" in values else 422)
    if answer.status_code == 422:
        assert db.session.scalar(select(Entry.id)) is None
        assert "Lê Thị Mơ" in answer.text or "name" in values


def test_a_judge_helps_nobody_in_the_contest(app, contest, unit, officer):
    make_staff(contest, "judge", officer)
    with pytest.raises(Refused, match="You judge"):
        intake.make_helped(contest, unit, officer)


def test_the_close_holds_for_who_is_helped(app, contest, unit, officer):
    entry = intake.make_helped(contest, unit, officer)
    closes = contest.rules.window("submission").closes
    with pytest.raises(Refused, match="closed"):
        intake.send(entry, officer, closes)
    with pytest.raises(Refused, match="closed"):
        intake.make_helped(contest, unit, officer, now=closes)


# Taking the account over


def code_to(address: str) -> str:
    messages = db.session.scalars(select(Message).where(Message.address == address).order_by(Message.id.desc()))
    codes = (str(message.params.get("code", "")) for message in messages)
    return next(code for code in codes if len(code) == 6)


def register(client, phone: str = PHONE) -> User:
    client.delete_cookie("session")
    data = {"name": "Lê Thị Mơ", "address": phone, "password": PASSWORD, "terms": "y"}
    assert client.post("/dang-ky", data=data).status_code == 303
    assert client.post("/xac-nhan", data={"code": code_to("+84912345678")}).status_code == 303
    db.session.rollback()
    return db.session.scalars(select(User).where(User.phone == "+84912345678")).one()


def test_without_mail_one_registers_and_signs_in_by_phone(client, app):
    person = register(client)
    assert (person.email, person.assisted) == (None, False)
    assert client.get("/cua-toi").status_code == 200
    client.post("/dang-xuat")
    assert client.get("/cua-toi").status_code == 302
    assert client.post("/dang-nhap", data={"address": "+84 912 345 678", "password": PASSWORD}).status_code == 303
    assert client.get("/bai-cua-toi").status_code == 200


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_who_proves_the_number_is_asked_and_nothing_is_merged_silently(client, contest, unit, officer, answer):
    entry = intake.make_helped(contest, unit, officer, name="Bà Lê Thị Mơ", phone=PHONE)
    waiting = entry.author
    db.session.commit()
    person = register(client)
    assert person.id != waiting.id
    assert client.get(f"/viet/{entry.public_id}").status_code == 404
    assert "/bai-viet-giup" in client.get("/cua-toi").text
    page = client.get("/bai-viet-giup").text
    assert "Bà Lê Thị Mơ" in page
    assert "xã Khe Ngọn" in page
    assert entry.title not in page
    assert client.post(f"/bai-viet-giup/{waiting.public_id}", data={"mine": answer}).status_code == 303
    db.session.rollback()
    mine = answer == "yes"
    assert (entry.author_id == person.id) is mine
    assert client.get(f"/viet/{entry.public_id}").status_code == (200 if mine else 404)
    assert client.get("/bai-viet-giup").text.count("Bà Lê Thị Mơ") == 0
    assert client.post(f"/bai-viet-giup/{waiting.public_id}", data={"mine": "yes"}).status_code == 404
    # From then on nobody writes for them; the unit still sees where the entry stands.
    sign_in(client, officer)
    assert client.get(f"/viet/{entry.public_id}").status_code == (404 if mine else 200)
    assert client.get(f"/don-vi/{unit.code}/bai/{entry.public_id}").status_code == 200
    if mine:
        assert (waiting.active, waiting.name) == (False, "")


def test_a_reset_with_the_number_leads_the_same_way(client, contest, unit, officer):
    entry = intake.make_helped(contest, unit, officer, name="Bà Lê Thị Mơ", phone=PHONE)
    db.session.commit()
    assert client.post("/quen-mat-khau", data={"address": PHONE}).status_code == 303
    data = {"code": code_to("+84912345678"), "password": PASSWORD}
    assert client.post("/mat-khau-moi", data=data).status_code == 303
    db.session.rollback()
    assert entry.author.password is None
    answer = client.post("/dang-nhap", data={"address": PHONE, "password": PASSWORD})
    assert re.search("/tai-khoan/dong-y", answer.headers["Location"])  # the terms come before anything else
    assert client.get(f"/viet/{entry.public_id}").status_code == 404
    assert client.post(f"/bai-viet-giup/{entry.author.public_id}", data={"mine": "yes"}).status_code == 303
    assert client.get(f"/viet/{entry.public_id}").status_code == 200


def test_an_offer_is_answered_by_whom_it_was_made_to(client, contest, unit, officer):
    entry = intake.make_helped(contest, unit, officer)
    entry.author.offered_to_id = make_user().id
    db.session.commit()
    sign_in(client, make_user())
    answer = client.post(f"/bai-viet-giup/{entry.author.public_id}", data={"mine": "yes"})
    assert answer.status_code == 404


def test_taking_over_keeps_to_the_limit_of_entries(app, contest, unit, officer):
    person = make_user()
    category = contest.rules.category("A")
    waiting = intake.make_offer(person)
    for owner in [person] * category.max_entries_per_author + [waiting]:
        entry = intake.make_helped(contest, unit, officer)
        intake.send(entry, officer)
        entry.author_id = owner.id
        entry.author_phone = owner.phone or ""
    db.session.flush()
    with pytest.raises(Refused, match="at most"):
        helping.take_over_account(waiting=waiting, person=person, now=START, wall=clocks.wall())
