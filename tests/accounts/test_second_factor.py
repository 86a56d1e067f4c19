"""The second step: set up, asked for, never twice with one code, demanded of staff in production."""

from __future__ import annotations

import re
import threading

import pytest
from flask_migrate import upgrade

from contest.accounts.models import User
from contest.accounts.second_factor import pass_with_code, pass_with_recovery_code, renew_recovery_codes, switch_off
from contest.app import create_app
from contest.core import clock
from contest.core.db import db, writing
from tests.conftest import START, Client, settings_for
from tests.factories import make_contest, make_staff, make_user, sign_in
from tests.factories.accounts import (
    PASSWORD,
    code_now,
    give_second_factor,
    make_member,
    messages_to,
    sign_in_on_page,
)

ADDRESS = "an@an-lam.example"
SETUP = "/tai-khoan/hai-buoc"
SECOND = "/dang-nhap/buoc-hai"


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06d}"


def set_up(app, client, prefix=""):
    """Switch the second step on through the page; returns the secret and the recovery codes."""
    assert 'class="qr"' in client.get(prefix + SETUP).text
    with client.session_transaction() as session:
        secret = session["totp"]
    page = client.post(prefix + SETUP, data={"code": code_now(app.extensions["authenticator"], secret)})
    assert page.status_code == 200
    return secret, re.findall(r">([0-9A-Z]{5}-[0-9A-Z]{5})<", page.text)


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_setting_it_up_and_signing_in_with_it(app, client, prefix):
    make_member(email=ADDRESS)
    elsewhere = app.test_client()
    for window in (client, elsewhere):
        sign_in_on_page(window, ADDRESS)
    page = client.get(prefix + SETUP).text
    assert "otpauth" not in page
    with client.session_transaction() as session:
        secret = session["totp"]
    code = code_now(app.extensions["authenticator"], secret)
    assert client.post(prefix + SETUP, data={"code": wrong(wrong(wrong(code)))}).status_code == 422
    _, codes = set_up(app, client, prefix)
    assert len(codes) == 10
    assert elsewhere.get("/tai-khoan").status_code == 302, "sign-ins without the second step end"
    assert client.get("/tai-khoan").status_code == 200
    assert messages_to(ADDRESS)[-1].params["what"] == "second_factor_on"

    client.post(f"{prefix}/dang-xuat")
    response = client.post(
        f"{prefix}/dang-nhap", data={"address": ADDRESS, "password": PASSWORD, "next": f"{prefix}/tai-khoan"}
    )
    assert response.location == prefix + SECOND
    assert client.get(f"{prefix}/tai-khoan").status_code == 302, "the password alone opens nothing"
    assert client.get(prefix + SECOND).status_code == 200
    # The code that switched it on was used: a recovery code serves until the next.
    response = client.post(prefix + SECOND, data={"code": codes[0].lower()})
    assert response.status_code == 303
    assert response.location == f"{prefix}/tai-khoan"
    assert client.get(f"{prefix}/tai-khoan").status_code == 200


def test_a_code_is_taken_once(app, client):
    authenticator = app.extensions["authenticator"]
    secret = give_second_factor(authenticator, make_member(email=ADDRESS))
    sign_in_on_page(client, ADDRESS)
    code = code_now(authenticator, secret)
    assert client.post(SECOND, data={"code": code}).status_code == 303
    client.post("/dang-xuat")
    sign_in_on_page(client, ADDRESS)
    again = client.post(SECOND, data={"code": code})
    assert again.status_code == 422
    assert "Mã không đúng hoặc đã được dùng" in again.text


def test_a_code_that_arrives_twice_at_once_is_taken_once(app):
    authenticator = app.extensions["authenticator"]
    person = make_member()
    secret = give_second_factor(authenticator, person)
    code, wall, number = authenticator.code(secret, START), START, person.id
    gate = threading.Barrier(10)
    passed = []

    def attempt():
        with app.app_context():
            gate.wait()
            with writing():
                user = db.session.get(User, number)
                passed.append(pass_with_code(person=user, code=code, authenticator=authenticator, wall=wall))

    threads = [threading.Thread(target=attempt) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(passed) == [False] * 9 + [True]


def test_a_recovery_code_is_taken_once_also_at_once(app):
    authenticator = app.extensions["authenticator"]
    person = make_member()
    give_second_factor(authenticator, person)
    with writing() as now:
        code = renew_recovery_codes(person=person, now=now)[0]
    number = person.id
    gate = threading.Barrier(6)
    passed = []

    def attempt():
        with app.app_context():
            gate.wait()
            with writing() as now:
                user = db.session.get(User, number)
                passed.append(pass_with_recovery_code(person=user, code=code, now=now))

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(passed) == [False] * 5 + [True]
    db.session.expire_all()
    assert len(db.session.get(User, number).recovery_codes) == 9


def test_changing_it_asks_for_a_code(app, client):
    person = make_member(email=ADDRESS)
    sign_in(client, person)
    _, codes = set_up(app, client)
    assert "Tạo mã dự phòng mới" in client.get(SETUP).text
    assert client.post(f"{SETUP}/ma-du-phong", data={"code": "AAAAA-AAAAA"}).status_code == 422
    page = client.post(f"{SETUP}/ma-du-phong", data={"code": codes[0]})
    fresh = re.findall(r">([0-9A-Z]{5}-[0-9A-Z]{5})<", page.text)
    assert len(fresh) == 10
    assert client.post(f"{SETUP}/tat", data={"code": codes[1]}).status_code == 422, "old codes are void"
    assert client.post(f"{SETUP}/tat", data={"code": fresh[0]}).status_code == 303
    assert db.session.get(User, person.id).totp_secret is None
    assert messages_to(ADDRESS)[-1].params["what"] == "second_factor_off"
    assert client.post(f"{SETUP}/khac", data={"code": "1"}).status_code == 404


def test_a_half_finished_sign_in_dies_with_the_password(app, client):
    person = make_member(email=ADDRESS)
    give_second_factor(app.extensions["authenticator"], person)
    sign_in_on_page(client, ADDRESS)
    person = db.session.get(User, person.id)
    person.password = "changed"
    db.session.commit()
    response = client.get(SECOND)
    assert response.status_code == 303
    assert response.location == "/dang-nhap"
    assert app.test_client().get(SECOND).location == "/dang-nhap"


def test_an_operator_can_switch_it_off_for_who_lost_everything(app):
    operator, person = make_user(), make_member(email=ADDRESS)
    give_second_factor(app.extensions["authenticator"], person)
    with writing() as now:
        switch_off(person=person, actor=operator, now=now)
    assert person.totp_secret is None
    assert person.totp_step is None


# Production


@pytest.fixture
def production(tmp_path):
    data = settings_for(
        tmp_path,
        f"sqlite:///{tmp_path / 'contest.sqlite3'}",
        CONTEST_ENV="production",
        SECRET_KEY="k" * 40,
        CONTEST_HOSTS="localhost",
        SMTP_HOST="127.0.0.1",
    )
    site = create_app(data, TESTING=True, WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False)
    clock.use(clock.StillClock(START))
    site.test_client_class = Client
    with site.app_context():
        upgrade()
        yield site
        db.session.remove()
        db.engine.dispose()


class Https:
    """A client that speaks https."""

    def __init__(self, site):
        self.client = site.test_client()

    def get(self, path):
        return self.client.get(path, base_url="https://localhost")

    def post(self, path, data=None):
        return self.client.post(path, data=data or {}, base_url="https://localhost")


def test_staff_without_it_are_sent_to_set_it_up(production):
    contest = make_contest()
    staff = make_member(email=ADDRESS)
    make_staff(contest, "organiser", staff)
    db.session.commit()
    client = Https(production)
    assert sign_in_on_page(client, ADDRESS).status_code == 303
    assert client.get("/tai-khoan").status_code == 200, "one's own account is not a staff page"
    response = client.get(f"/ban-to-chuc/{contest.slug}")
    assert response.status_code == 302
    assert response.location == SETUP

    assert client.get(SETUP).status_code == 200
    with client.client.session_transaction(base_url="https://localhost") as session:
        secret = session["totp"]
    authenticator = production.extensions["authenticator"]
    assert client.post(SETUP, {"code": code_now(authenticator, secret)}).status_code == 200
    assert client.get(f"/ban-to-chuc/{contest.slug}").status_code == 200

    client.post("/dang-xuat")
    assert sign_in_on_page(client, ADDRESS).location == SECOND
    assert client.get(f"/ban-to-chuc/{contest.slug}").status_code == 302


def test_elsewhere_nobody_is_asked(app, client):
    contest = make_contest()
    staff = make_staff(contest, "organiser")
    sign_in(client, staff)
    assert client.get(f"/ban-to-chuc/{contest.slug}").status_code == 200


def test_cookies_in_production(production):
    make_member(email=ADDRESS)
    (header,) = sign_in_on_page(Https(production), ADDRESS).headers.getlist("Set-Cookie")
    assert header.startswith("__Host-session=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Expires="):
        assert part in header
    assert "Domain" not in header


def test_without_a_gateway_phones_are_not_taken(production):
    client = Https(production)
    data = {"name": "Lê An", "password": PASSWORD, "terms": "y"}
    refused = client.post("/dang-ky", {**data, "address": "0912345678"})
    assert refused.status_code == 422
    assert "chưa gửi được tin nhắn" in refused.text
    assert client.post("/dang-ky", {**data, "address": ADDRESS}).status_code == 303
