"""What an attacker tries: asking who has an account, planting and copying cookies, guessing, flooding."""

from __future__ import annotations

import re
import threading
import time
from datetime import timedelta

import pytest
from flask_migrate import upgrade
from sqlalchemy import func, select, update

from contest.accounts import codes, passwords
from contest.accounts.models import AddressCode, SignIn, User
from contest.accounts.passwords import hash_password
from contest.accounts.rules import CODE_ATTEMPTS, CODE_LIFE, CODES_PER_HOUR, SIGN_IN_LIFE, code_digest
from contest.accounts.sign_ins import find_signed_in, forget_old, open_sign_in
from contest.app import create_app
from contest.core.db import db, writing
from contest.core.web import limiter
from tests.conftest import START, Client, settings_for
from tests.factories import make_user
from tests.factories.accounts import (
    PASSWORD,
    give_second_factor,
    last_code,
    make_member,
    messages_to,
    sign_in_on_page,
)

_TOKEN = re.compile(r'(name="csrf_token" value=|csrf-token" content=)"[^"]+"')


def seen(response):
    """What tells one answer from another: status, headers and bytes, but for tokens of the session."""
    headers = [(name, value) for name, value in response.headers if name not in {"Set-Cookie", "Content-Length"}]
    cookies = [value.split("=", 1)[0] for value in response.headers.getlist("Set-Cookie")]
    return response.status_code, headers, cookies, _TOKEN.sub("", response.text)


# Enumeration: "known" has an account, "unknown" has none; each is asked about in a browser of its own,
# and the names have the same length.


@pytest.fixture
def accounts(app, client):
    make_member(email="known-a@an-lam.example")
    make_member(email="known-b@an-lam.example", active=False)
    make_user(email="known-c@an-lam.example")
    db.session.commit()
    return ["known-a@an-lam.example", "known-b@an-lam.example", "known-c@an-lam.example", "unknown@an-lam.example"]


def answers(app, addresses, steps):
    """What each address shows over a series of requests, with the address itself taken out."""
    shown = []
    for address in addresses:
        client = app.test_client()
        trail = []
        for method, path, fields in steps:
            data = {name: value.replace("ADDRESS", address) for name, value in fields.items()}
            response = client.open(path, method=method, data=data if method == "POST" else None)
            status, headers, cookies, text = seen(response)
            trail.append((status, headers, cookies, text.replace(address, "ADDRESS")))
        shown.append(trail)
    return shown


@pytest.mark.parametrize("prefix", ["", "/en"])
@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(
            [("POST", "/dang-nhap", {"address": "ADDRESS", "password": "không phải mật khẩu này"})], id="sign in"
        ),
        pytest.param(
            [
                ("POST", "/quen-mat-khau", {"address": "ADDRESS"}),
                ("GET", "/mat-khau-moi", {}),
                *[("POST", "/mat-khau-moi", {"code": "000000x", "password": PASSWORD})] * (CODE_ATTEMPTS + 1),
                ("POST", "/gui-lai-ma/reset", {}),
                ("GET", "/mat-khau-moi", {}),
            ],
            id="reset",
        ),
        pytest.param(
            [
                ("POST", "/dang-ky", {"address": "ADDRESS", "name": "Lê An", "password": PASSWORD, "terms": "y"}),
                ("GET", "/xac-nhan", {}),
                *[("POST", "/xac-nhan", {"code": "000000x"})] * (CODE_ATTEMPTS + 1),
                ("POST", "/gui-lai-ma/register", {}),
                ("GET", "/xac-nhan", {}),
            ],
            id="register",
        ),
    ],
)
def test_no_answer_tells_whether_an_address_has_an_account(app, accounts, steps, prefix):
    steps = [(method, prefix + path, data) for method, path, data in steps]
    *known, unknown = answers(app, accounts, steps)
    for trail in known:
        assert trail == unknown


def test_an_unknown_address_costs_as_much_work_as_a_known_one(app, client, monkeypatch, accounts):
    hashed = []

    class Counting:
        def verify(self, kept, password):
            hashed.append(kept)
            return hasher.verify(kept, password)

    hasher = passwords._hasher
    monkeypatch.setattr(passwords, "_hasher", Counting())
    for count, address in enumerate(accounts, start=1):
        sign_in_on_page(client, address, "sai mật khẩu rồi")
        assert len(hashed) == count


def test_nobody_can_prepare_an_account_with_another_s_address(app, client):
    """Registering stores nothing that a later registration of the true owner would meet."""
    attacker, owner = app.test_client(), app.test_client()
    form = {"name": "Lê An", "terms": "y", "address": "an@an-lam.example"}
    attacker.post("/dang-ky", data={**form, "password": "kẻ xấu đặt trước đây"})
    owner.post("/dang-ky", data={**form, "password": PASSWORD})
    code = last_code("an@an-lam.example")
    # The owner's code does not work in the attacker's browser, nor the other way round.
    assert attacker.post("/xac-nhan", data={"code": code}).status_code == 422
    assert owner.post("/xac-nhan", data={"code": code}).status_code == 303
    assert sign_in_on_page(app.test_client(), "an@an-lam.example").status_code == 303
    assert sign_in_on_page(app.test_client(), "an@an-lam.example", "kẻ xấu đặt trước đây").status_code == 422


# Cookies


def cookie(client):
    return client.get_cookie("session").value


def test_signing_in_throws_a_planted_cookie_away(app, client):
    make_member(email="an@an-lam.example")
    client.get("/dang-nhap")
    with client.session_transaction() as session:
        session["planted"] = "yes"
        session["csrf_token"] = "planted"
    sign_in_on_page(client, "an@an-lam.example")
    with client.session_transaction() as session:
        assert "planted" not in session
        assert session.get("csrf_token") != "planted"
        assert session.permanent


@pytest.mark.parametrize("way", ["/dang-xuat", "/tai-khoan/dang-xuat-moi-noi"])
def test_a_copied_cookie_is_dead_after_signing_out(app, client, way):
    make_member(email="an@an-lam.example")
    sign_in_on_page(client, "an@an-lam.example")
    copy = cookie(client)
    client.post(way)
    thief = app.test_client()
    thief.set_cookie("session", copy)
    assert thief.get("/tai-khoan").status_code == 302


def test_signing_out_here_leaves_other_devices_signed_in(app, client):
    make_member(email="an@an-lam.example")
    phone = app.test_client()
    for window in (client, phone):
        sign_in_on_page(window, "an@an-lam.example")
    client.post("/dang-xuat")
    assert phone.get("/tai-khoan").status_code == 200


def test_a_forged_or_broken_cookie_is_nobody_s(app, client):
    make_member()
    for value in ("", "x", "eyJfdXNlcl9pZCI6IjEifQ.aaaa.bbbb", "\u0111"):
        client.set_cookie("session", value)
        assert client.get("/tai-khoan").status_code == 302
    for key in (1, None, [], {"a": 1}, "khong-co", "x" * 5000, "\x00"):
        with client.session_transaction() as session:
            session["_user_id"] = key
        assert client.get("/tai-khoan").status_code == 302


def test_who_is_no_longer_active_is_signed_out(app, client):
    person = make_member(email="an@an-lam.example")
    sign_in_on_page(client, "an@an-lam.example")
    db.session.execute(update(User).where(User.id == person.id).values(active=False))
    db.session.commit()
    assert client.get("/tai-khoan").status_code == 302
    assert sign_in_on_page(client, "an@an-lam.example").status_code == 422


def test_sign_ins_end_by_wall_time_whatever_the_clock_of_the_contest_says(app, client, clock):
    person = make_member(email="an@an-lam.example")
    sign_in_on_page(client, "an@an-lam.example")
    clock.instant = START + timedelta(days=400)
    assert client.get("/tai-khoan").status_code == 200
    key = open_sign_in(person=person, wall=START)
    assert find_signed_in(key, wall=START + SIGN_IN_LIFE - timedelta(seconds=1)).id == person.id
    assert find_signed_in(key, wall=START + SIGN_IN_LIFE) is None


def test_cookies_of_people_signed_in(app, client):
    make_member(email="an@an-lam.example")
    response = sign_in_on_page(client, "an@an-lam.example")
    (header,) = response.headers.getlist("Set-Cookie")
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "remember" not in header
    assert response.headers["Cache-Control"] == "private, no-store"
    # Renewed with each request, so that the twelve hours are idle ones.
    assert "session=" in client.get("/tai-khoan").headers["Set-Cookie"]


# Codes


def begin(address="an@an-lam.example", wall=START):
    with writing() as now:
        return codes.begin_registration(
            name="Lê An", address=address, password_hash=hash_password(PASSWORD), locale="vi", now=now, wall=wall
        )


def confirm(token, code, wall=START):
    with writing() as now:
        return codes.confirm_registration(token=token, code=code, now=now, wall=wall)


def test_a_code_lives_for_fifteen_minutes(app):
    token = begin()
    code = last_code("an@an-lam.example")
    assert confirm(token, code, START + CODE_LIFE) is None
    assert confirm(token, code, START + CODE_LIFE - timedelta(microseconds=1)) is not None


def test_a_code_survives_five_tries_and_one_use(app):
    token = begin()
    code = last_code("an@an-lam.example")
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(CODE_ATTEMPTS):
        assert confirm(token, wrong) is None
    assert confirm(token, code) is None, "the sixth try is not looked at"

    token = begin("binh@an-lam.example")
    code = last_code("binh@an-lam.example")
    assert confirm(token, code)
    assert confirm(token, code) is None


def test_tries_at_once_are_counted_one_by_one(app):
    token = begin()
    code = last_code("an@an-lam.example")
    wrong = "000000" if code != "000000" else "111111"
    gate = threading.Barrier(12)

    def attempt():
        with app.app_context():
            gate.wait()
            confirm(token, wrong)

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert db.session.scalar(select(AddressCode.attempts).where(AddressCode.token == token)) == CODE_ATTEMPTS
    assert confirm(token, code) is None


def test_asked_for_many_times_at_once_an_address_gets_its_share_of_codes(app, monkeypatch):
    """Each code more would be five more guesses at somebody's account."""
    gate = threading.Barrier(12)
    counted = codes._too_many

    def slowly(*arguments):
        answer = counted(*arguments)
        time.sleep(0.05)
        return answer

    monkeypatch.setattr(codes, "_too_many", slowly)

    def ask():
        with app.app_context():
            gate.wait()
            begin()
            db.session.remove()

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    with_code = select(func.count()).select_from(AddressCode).where(AddressCode.digest != "")
    assert db.session.scalar(with_code) == CODES_PER_HOUR


def test_one_code_used_by_many_opens_one_account(app):
    token = begin()
    code = last_code("an@an-lam.example")
    gate = threading.Barrier(CODE_ATTEMPTS)
    made = []

    def attempt():
        with app.app_context():
            gate.wait()
            if confirm(token, code):
                made.append(1)

    threads = [threading.Thread(target=attempt) for _ in range(CODE_ATTEMPTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert made == [1]
    assert db.session.scalar(select(func.count()).select_from(User)) == 1


def test_a_code_belongs_to_its_purpose(app):
    make_member(email="an@an-lam.example")
    with writing() as now:
        token = codes.begin_reset(address="an@an-lam.example", locale="vi", now=now, wall=START)
    assert confirm(token, last_code("an@an-lam.example")) is None


def test_an_address_is_not_pestered_and_nobody_is_told(app, client):
    for _ in range(9):
        response = client.post("/quen-mat-khau", data={"address": "an@an-lam.example"})
        assert response.status_code == 303
    assert messages_to("an@an-lam.example") == []
    make_member(email="binh@an-lam.example")
    for _ in range(9):
        response = client.post("/quen-mat-khau", data={"address": "binh@an-lam.example"})
        assert response.status_code == 303
    assert len(messages_to("binh@an-lam.example")) == 5
    row = db.session.scalars(select(AddressCode).order_by(AddressCode.id.desc())).first()
    assert row.digest == "", "a code that was not sent cannot be guessed"


def test_codes_are_not_kept_in_the_clear(app):
    token = begin()
    code = last_code("an@an-lam.example")
    row = db.session.scalar(select(AddressCode).where(AddressCode.token == token))
    assert code not in row.digest
    assert row.digest == code_digest(token, code)


def test_old_codes_and_sign_ins_are_forgotten(app):
    person = make_member()
    begin(wall=START)
    open_sign_in(person=person, wall=START)
    db.session.commit()
    with writing():
        assert forget_old(wall=START + timedelta(days=1)) == 0
    with writing():
        assert forget_old(wall=START + timedelta(days=61)) == 2
    assert db.session.scalar(select(func.count()).select_from(SignIn)) == 0


# Limits and forged requests


@pytest.fixture
def limited(tmp_path):
    """An application that counts (the shared ones do not), on a database of its own."""
    site = create_app(settings_for(tmp_path), TESTING=True, WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=True)
    site.test_client_class = Client
    with site.app_context():
        upgrade()
        limiter.reset()
        yield site
        limiter.reset()
        db.session.remove()
        db.engine.dispose()
    limiter.enabled = False


def test_guessing_is_slowed_down_and_says_so(limited):
    client = limited.test_client()
    make_member(email="an@an-lam.example")
    other = make_member(email="binh@an-lam.example")
    for _ in range(10):
        assert sign_in_on_page(client, "an@an-lam.example", "đoán thử một lần").status_code == 422
    stopped = sign_in_on_page(client, "AN@an-lam.example ")
    assert stopped.status_code == 429
    assert "Vui lòng chờ" in stopped.text or "chờ" in stopped.text
    # Another account behind the same address is not touched, nor is the account from elsewhere.
    assert sign_in_on_page(client, other.email).status_code == 303
    response = limited.test_client().post(
        "/dang-nhap",
        data={"address": "an@an-lam.example", "password": PASSWORD},
        environ_base={"REMOTE_ADDR": "10.9.8.7"},
    )
    assert response.status_code == 303


def test_the_limit_hits_known_and_unknown_addresses_alike(limited):
    make_member(email="an@an-lam.example")
    for address in ("an@an-lam.example", "xx@an-lam.example"):
        statuses = [sign_in_on_page(limited.test_client(), address, "đoán thử").status_code for _ in range(12)]
        assert statuses == [422] * 10 + [429] * 2


def test_a_school_behind_one_address_can_sign_in(limited):
    people = [make_member() for _ in range(40)]
    for person in people:
        assert sign_in_on_page(limited.test_client(), person.email).status_code == 303


def test_the_second_step_cannot_be_guessed(limited):
    client = limited.test_client()
    person = make_member(email="an@an-lam.example")
    give_second_factor(limited.extensions["authenticator"], person)
    statuses = []
    for _ in range(9):
        sign_in_on_page(client, "an@an-lam.example")
        statuses.append(client.post("/dang-nhap/buoc-hai", data={"code": "000000"}).status_code)
    assert statuses == [422] * 6 + [429] * 3


def test_limits_hold_where_nobody_is_signed_in(limited):
    client = limited.test_client()
    for _ in range(25):
        assert client.post("/tai-khoan/hai-buoc", data={"code": "1"}).status_code in {302, 429}


PATHS = ["/dang-nhap", "/dang-xuat", "/dang-ky", "/quen-mat-khau", "/gui-lai-ma/register", "/tai-khoan"]
PATHS += ["/tai-khoan/mat-khau", "/tai-khoan/dia-chi/email", "/tai-khoan/hai-buoc", "/tai-khoan/hai-buoc/tat"]


@pytest.mark.parametrize("path", PATHS)
def test_forms_from_elsewhere_are_refused(app, client, monkeypatch, path):
    person = make_member(email="an@an-lam.example")
    sign_in_on_page(client, "an@an-lam.example")
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    response = client.post(
        path, data={"address": person.email, "password": PASSWORD}, headers={"Origin": "https://evil.example"}
    )
    assert response.status_code == 400
    assert PASSWORD not in response.text
    assert client.get("/tai-khoan").status_code == 200


def test_with_its_token_the_form_passes(app, client, monkeypatch):
    make_member(email="an@an-lam.example")
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/dang-nhap").text)[1]
    response = client.post(
        "/dang-nhap", data={"address": "an@an-lam.example", "password": PASSWORD, "csrf_token": token}
    )
    assert response.status_code == 303


def test_a_forged_host_reaches_no_message(app, client):
    make_member(email="an@an-lam.example")
    response = client.post(
        "/dang-ky",
        data={"address": "an@an-lam.example", "name": "Lê An", "password": PASSWORD, "terms": "y"},
        headers={"Host": "evil.example"},
    )
    assert response.status_code == 400
    assert messages_to("an@an-lam.example") == []


@pytest.mark.parametrize(
    "data",
    [
        {"address": "\x00", "password": "\x00"},
        {"address": "a" * 100_000, "password": "b" * 100_000},
        {"address": "\ud800".encode("utf-8", "surrogatepass"), "password": b"\xff\xfe"},
        {"address": ["a", "b"], "password": ["c", "d"]},
        {},
        {"address": "an@an-lam.example\r\nBcc: x@y.vn", "password": "x"},
    ],
)
@pytest.mark.parametrize("path", ["/dang-nhap", "/dang-ky", "/quen-mat-khau"])
def test_malformed_forms_are_answered(app, client, path, data):
    assert client.post(path, data=data).status_code == 422


def test_the_work_of_hashing_is_bounded(monkeypatch):
    """No more than AT_ONCE hashes at a time, however many requests come together."""
    running, most = [], []
    lock = threading.Lock()

    class Slow:
        def hash(self, password):
            with lock:
                running.append(1)
                most.append(len(running))
            threading.Event().wait(0.02)
            with lock:
                running.pop()
            return "x"

    monkeypatch.setattr(passwords, "_hasher", Slow())
    threads = [threading.Thread(target=passwords.hash_password, args=("x",)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == passwords.AT_ONCE
