"""Registering, signing in and out, new passwords and addresses, in both languages."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from contest.accounts.models import AddressCode, SignIn, User
from contest.accounts.rules import TERMS_VERSION
from contest.accounts.services import create_person, find_by_address
from contest.audit.models import AuditRow
from contest.core.db import db
from contest.outbox.runner import render
from tests.conftest import START
from tests.factories import make_user, sign_in
from tests.factories.accounts import PASSWORD, last_code, make_member, messages_to, sign_in_on_page

REGISTER = {"name": "  Nguyễn   Thị Hoa ", "password": PASSWORD, "terms": "y"}


def signed_in(client, prefix=""):
    return client.get(f"{prefix}/tai-khoan").status_code == 200


@pytest.mark.parametrize(
    ("prefix", "typed", "address", "welcome"),
    [
        ("", "Hoa@An-Lam.example", "hoa@an-lam.example", "Đã mở tài khoản"),
        ("/en", "hoa@an-lam.example", "hoa@an-lam.example", "Your account is ready"),
        ("", "0163 234 5678", "+84332345678", "Đã mở tài khoản"),
    ],
)
def test_registering(app, client, prefix, typed, address, welcome):
    response = client.post(f"{prefix}/dang-ky", data={**REGISTER, "address": typed, "next": f"{prefix}/huong-dan"})
    assert response.status_code == 303
    assert response.location == f"{prefix}/xac-nhan"
    assert find_by_address(address) is None, "no account before the code is typed"
    page = client.get(f"{prefix}/xac-nhan").text
    assert "one-time-code" in page

    (message,) = messages_to(address)
    assert message.channel == ("email" if "@" in address else "sms")
    assert message.locale == ("en" if prefix else "vi")
    code = last_code(address)
    rendered = render(message)
    assert code in rendered.body
    assert ("là mã" if not prefix else "is your code") in rendered.subject + rendered.body

    wrong = client.post(f"{prefix}/xac-nhan", data={"code": f"{(int(code) + 1) % 10**6:06d}"})
    assert wrong.status_code == 422
    response = client.post(f"{prefix}/xac-nhan", data={"code": f" {code[:3]} {code[3:]} "})
    assert response.status_code == 303
    assert response.location == f"{prefix}/huong-dan"
    assert welcome in client.get(f"{prefix}/tai-khoan").text

    person = find_by_address(typed)
    assert person.name == "Nguyễn Thị Hoa"
    assert person.name_key == "nguyen thi hoa"
    assert person.locale == ("en" if prefix else "vi")
    assert (person.email or person.phone) == address
    assert person.terms_version == TERMS_VERSION
    assert person.terms_accepted_at is not None
    assert person.confirmed_at is not None
    kept = db.session.scalar(select(AddressCode).where(AddressCode.address == address))
    assert kept.details == {}, "the hash of the password does not stay behind"
    assert db.session.scalar(select(func.count()).where(AuditRow.verb == "account.register")) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "  "}, "Xin ghi họ và tên"),
        ({"name": "Hoa\u202e"}, "ký tự ẩn"),
        ({"name": "12345"}, "Xin ghi họ và tên"),
        ({"name": "a" * 300}, "nhiều nhất 200 ký tự"),
        ({"address": "hoa"}, "không phải số di động"),
        ({"address": "hoa@"}, "không phải địa chỉ thư"),
        ({"password": "ngan"}, "ít nhất 10 ký tự"),
        ({"password": "matkhau123"}, "Nhiều người dùng mật khẩu này"),
        ({"password": "nguyenthihoa"}, "không ai đoán được"),
        ({"terms": ""}, "Chưa có sự đồng ý"),
    ],
)
def test_a_registration_that_will_not_do_keeps_what_was_typed(app, client, changes, words):
    data = {**REGISTER, "address": "hoa@an-lam.example", **changes}
    data = {name: value for name, value in data.items() if value}
    response = client.post("/dang-ky", data=data)
    assert response.status_code == 422
    assert words in response.text
    if "address" not in changes:
        assert "hoa@an-lam.example" in response.text
    assert PASSWORD not in response.text
    assert db.session.scalar(select(func.count()).select_from(AddressCode)) == 0


def test_consent_is_not_ticked_beforehand(app, client):
    page = client.get("/dang-ky").text
    assert 'name="terms"' in page
    assert "checked" not in page


def test_a_known_address_gets_a_message_instead_of_a_code(app, client):
    person = make_member(email="hoa@an-lam.example")
    client.post("/dang-ky", data={**REGISTER, "address": "HOA@an-lam.example"})
    (message,) = messages_to("hoa@an-lam.example")
    assert message.template == "account_exists"
    assert message.params == {}
    assert "/quen-mat-khau" in render(message).body
    assert client.post("/xac-nhan", data={"code": "123456"}).status_code == 422
    assert db.session.scalar(select(func.count()).select_from(User)) == 1
    assert not signed_in(client)
    assert person.name != "Nguyễn Thị Hoa"


def test_two_windows_register_one_address(app, client):
    one, other = app.test_client(), app.test_client()
    codes = []
    for window in (one, other):
        window.post("/dang-ky", data={**REGISTER, "address": "hoa@an-lam.example"})
        codes.append(last_code("hoa@an-lam.example"))
    assert other.post("/xac-nhan", data={"code": codes[0]}).status_code in {422, 303}
    assert one.post("/xac-nhan", data={"code": codes[0]}).status_code == 303
    assert other.post("/xac-nhan", data={"code": codes[1]}).status_code == 422
    assert db.session.scalar(select(func.count()).select_from(User)) == 1


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_signing_in_and_out(app, client, prefix):
    make_member(email="hoa@an-lam.example", phone="+84912345678")
    for typed in ("hoa@an-lam.example", "HOA@AN-LAM.example", "0912 345 678", "+84912345678"):
        response = sign_in_on_page(client, typed, prefix=prefix)
        assert response.status_code == 303
        assert response.location == f"{prefix}/cua-toi"
        assert signed_in(client, prefix)
        assert client.get(f"{prefix}/dang-nhap").status_code == 302
        response = client.post(f"{prefix}/dang-xuat")
        assert response.status_code == 303
        assert not signed_in(client, prefix)
    page = client.get(f"{prefix}/dang-nhap").text
    assert ("Sign in" if prefix else "Đăng nhập") in page
    assert f'<html lang="{"en" if prefix else "vi"}">' in page


def test_signing_in_leads_back_to_where_one_was_going(app, client):
    make_member(email="hoa@an-lam.example")
    asked = client.get("/en/tai-khoan/mat-khau?x=1")
    assert asked.status_code == 302
    assert asked.location == "/en/dang-nhap?next=/en/tai-khoan/mat-khau?x%3D1"
    page = client.get(asked.location).text
    assert 'value="/en/tai-khoan/mat-khau?x=1"' in page
    response = client.post(
        "/en/dang-nhap",
        data={"address": "hoa@an-lam.example", "password": PASSWORD, "next": "/en/tai-khoan/mat-khau?x=1"},
    )
    assert response.location == "/en/tai-khoan/mat-khau?x=1"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "/x\r\nSet-Cookie: a=b",
        "/khong-co",
        "/dang-xuat",
        "javascript:alert(1)",
        "/%0d%0aX: y",
        "\\\\evil",
        "///evil",
    ],
)
def test_and_never_to_another_site(app, client, target):
    make_member(email="hoa@an-lam.example")
    page = client.get("/dang-nhap", query_string={"next": target}).text
    assert "evil" not in page.split("<main", 1)[1].split("</main>")[0]
    response = client.post("/dang-nhap", data={"address": "hoa@an-lam.example", "password": PASSWORD, "next": target})
    assert response.status_code == 303
    assert response.location == "/cua-toi"


def test_a_new_password(app, client):
    person = make_member(email="hoa@an-lam.example")
    elsewhere = app.test_client()
    sign_in_on_page(elsewhere, "hoa@an-lam.example")
    assert signed_in(elsewhere)

    response = client.post("/quen-mat-khau", data={"address": "hoa@an-lam.example"})
    assert response.location == "/mat-khau-moi"
    code = last_code("hoa@an-lam.example")
    weak = client.post("/mat-khau-moi", data={"code": code, "password": "matkhau123"})
    assert weak.status_code == 422, "and the code is not used up by it"
    response = client.post("/mat-khau-moi", data={"code": code, "password": "mưa rơi trên mái tôn"})
    assert response.status_code == 303
    assert response.location == "/dang-nhap"

    assert not signed_in(elsewhere), "every sign-in ends with the old password"
    assert sign_in_on_page(client, "hoa@an-lam.example").status_code == 422
    assert sign_in_on_page(client, "hoa@an-lam.example", "mưa rơi trên mái tôn").status_code == 303
    assert messages_to("hoa@an-lam.example")[-1].params["what"] == "password"
    assert client.post("/mat-khau-moi", data={"code": code, "password": "x" * 20}).status_code == 303
    assert db.session.get(User, person.id).confirmed_at


def test_an_invited_person_chooses_a_password_and_agrees(app, client):
    create_person(address="0912345678", name="Trần Văn Bảy", now=START)
    db.session.commit()
    client.post("/quen-mat-khau", data={"address": "0912345678"})
    client.post("/mat-khau-moi", data={"code": last_code("+84912345678"), "password": PASSWORD})
    response = sign_in_on_page(client, "0912 345 678")
    assert response.location == "/tai-khoan/dong-y?next=/cua-toi"
    assert client.post("/tai-khoan/dong-y", data={"next": "/cua-toi"}).status_code == 422
    response = client.post("/tai-khoan/dong-y", data={"terms": "y", "next": "/cua-toi"})
    assert response.location == "/cua-toi"
    person = find_by_address("0912345678")
    assert person.confirmed_at
    assert person.terms_version == TERMS_VERSION


def test_a_code_can_be_sent_again(app, client):
    client.post("/dang-ky", data={**REGISTER, "address": "hoa@an-lam.example"})
    first = last_code("hoa@an-lam.example")
    response = client.post("/gui-lai-ma/register")
    assert response.location == "/xac-nhan"
    second = last_code("hoa@an-lam.example")
    assert len(messages_to("hoa@an-lam.example")) == 2
    if first != second:
        assert client.post("/xac-nhan", data={"code": first}).status_code == 422
    assert client.post("/xac-nhan", data={"code": second}).status_code == 303
    assert client.post("/gui-lai-ma/khac").status_code == 303
    assert client.post("/gui-lai-ma/reset").location == "/dang-nhap"


def test_changing_the_password(app, client):
    make_member(email="hoa@an-lam.example")
    elsewhere = app.test_client()
    for window in (client, elsewhere):
        sign_in_on_page(window, "hoa@an-lam.example")
    wrong = client.post("/tai-khoan/mat-khau", data={"current": "khác hẳn thế", "password": "mưa rơi trên mái tôn"})
    assert wrong.status_code == 422
    good = client.post("/tai-khoan/mat-khau", data={"current": PASSWORD, "password": "mưa rơi trên mái tôn"})
    assert good.status_code == 303
    assert signed_in(client)
    assert not signed_in(elsewhere)


def test_the_profile(app, client):
    person = make_member(email="hoa@an-lam.example", name="Nguyễn Thị Hoa")
    sign_in(client, person)
    page = client.get("/tai-khoan").text
    assert "hoa@an-lam.example" in page
    response = client.post("/tai-khoan", data={"name": " Lê  Thị Hoa", "locale": "en"})
    assert response.status_code == 303
    changed = find_by_address("hoa@an-lam.example")
    assert (changed.name, changed.name_key, changed.locale) == ("Lê Thị Hoa", "le thi hoa", "en")
    assert client.post("/tai-khoan", data={"name": "", "locale": "en"}).status_code == 422
    assert client.post("/tai-khoan", data={"name": "Lê Thị Hoa", "locale": "xx"}).status_code == 422


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [("email", "Moi@an-lam.example", "moi@an-lam.example"), ("phone", "0912 345 678", "+84912345678")],
)
def test_adding_an_address(app, client, kind, typed, kept):
    person = make_member(email="hoa@an-lam.example")
    sign_in(client, person)
    typed, kept = {"email": ("Moi@an-lam.example", "moi@an-lam.example"), "phone": ("0912 345 678", "+84912345678")}[
        kind
    ]
    wrong = client.post(f"/tai-khoan/dia-chi/{kind}", data={"address": typed, "password": "không phải vậy"})
    assert wrong.status_code == 422
    assert client.post(f"/tai-khoan/dia-chi/{kind}", data={"address": typed, "password": PASSWORD}).status_code == 303
    assert find_by_address(typed) is None
    assert client.get("/tai-khoan/xac-nhan").status_code == 200
    assert client.post("/tai-khoan/xac-nhan", data={"code": last_code(kept)}).status_code == 303
    assert find_by_address(typed).id == person.id
    # The address that reached the person until now hears of it.
    assert messages_to("hoa@an-lam.example")[-1].params["what"] == "address"
    assert client.get("/tai-khoan/dia-chi/khac").status_code == 404


def test_somebody_else_s_address_cannot_be_taken(app, client):
    other = make_member(email="minh@an-lam.example")
    person = make_member(email="hoa@an-lam.example")
    sign_in(client, person)
    response = client.post("/tai-khoan/dia-chi/email", data={"address": "minh@an-lam.example", "password": PASSWORD})
    assert response.location == "/tai-khoan/xac-nhan", "as for an address that is free"
    assert messages_to("minh@an-lam.example")[-1].template == "account_exists"
    assert client.post("/tai-khoan/xac-nhan", data={"code": "123456"}).status_code == 422
    assert find_by_address("minh@an-lam.example").id == other.id


def test_signing_out_everywhere(app, client):
    person = make_member()
    elsewhere = app.test_client()
    for window in (client, elsewhere):
        sign_in(window, person)
    assert client.post("/tai-khoan/dang-xuat-moi-noi").status_code == 303
    assert not signed_in(client)
    assert not signed_in(elsewhere)
    assert not db.session.scalars(select(SignIn).where(SignIn.ended_at.is_(None))).all()


def test_pages_of_the_account_are_for_those_signed_in(app, client):
    make_user()
    for path in ("", "/mat-khau", "/dia-chi/email", "/xac-nhan", "/hai-buoc", "/dong-y"):
        response = client.get(f"/tai-khoan{path}")
        assert response.status_code == 302
        assert response.location.startswith("/dang-nhap?next=/tai-khoan")
