"""What every response carries, what caches may keep, and what bad requests get."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from contest.app import create_app
from contest.core.web.headers import asset
from contest.core.web.language import LanguagePrefix
from tests.conftest import VIETNAM, settings_for
from tests.factories import make_contest, make_user, sign_in
from tests.factories.world import make_world


@pytest.fixture
def contest(app):
    return make_contest()


def test_every_response_says_what_may_run(client, contest):
    headers = client.get("/").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", ["/", "/cuoc-thi", "/doc", "/ket-qua", "/huong-dan", "/en/", "/en/quyen-rieng-tu"])
def test_anonymous_pages_may_be_shared_and_set_no_cookie(client, contest, path):
    response = client.get(path)
    assert response.headers["Cache-Control"].startswith("public")
    assert "Set-Cookie" not in response.headers
    assert "csrf" not in response.text
    again = client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


def test_a_person_who_is_signed_in_gets_nothing_that_a_cache_may_keep(client, contest):
    sign_in(client, make_user())
    assert client.get("/").headers["Cache-Control"] == "private, no-store"


def test_a_photo_may_be_shared_and_says_nothing_of_when_it_came(client, app, clock):
    clock.instant = datetime(2027, 5, 20, 9, 0, tzinfo=VIETNAM)
    photo = make_world().here.photos["finalist"]
    answer = client.get(f"/anh/{photo.public_id}/lon")
    assert answer.status_code == 200
    assert answer.mimetype == "image/webp"
    assert answer.headers["Cache-Control"].startswith("public")
    assert "Last-Modified" not in answer.headers
    again = client.get(f"/anh/{photo.public_id}/lon", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert again.headers["Cache-Control"] == answer.headers["Cache-Control"]


def test_static_files_are_small_kept_for_a_year_and_carry_no_cookie(client, contest):
    sign_in(client, make_user())
    with client.session_transaction() as session:
        session.permanent = True  # as the sign-in page leaves it: the cookie is renewed with each page
    with client.application.test_request_context():
        address = asset("css/look.css")
    answer = client.get(address, headers={"Accept-Encoding": "br, gzip"})
    assert "?v=" in address
    assert answer.headers["Cache-Control"] == "public, max-age=31536000"
    assert answer.headers["Content-Encoding"] == "br"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/cuoc-thi/{}", "/cuoc-thi/{}/ket-qua", "/cuoc-thi/{}/chung-khao", "/en/cuoc-thi/{}/ket-qua"]
)
def test_what_may_not_be_known_looks_like_what_does_not_exist(client, clock, path):
    """A contest before its rules are issued, a result before its minute, and an invented address."""
    known, invented = make_contest(1).slug, "khong-co-cuoc-thi-nao"
    answers = [client.get(path.format(slug)) for slug in (known, invented)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text.replace(known, "") == answers[1].text.replace(invented, "")
    assert dict(answers[0].headers, **{"Content-Length": ""}) == dict(answers[1].headers, **{"Content-Length": ""})


def test_english_lives_under_its_prefix(client, contest):
    page = client.get(f"/en/cuoc-thi/{contest.slug}")
    assert '<html lang="en"' in page.text
    assert f'href="/en/cuoc-thi/{contest.slug}/the-le"' in page.text
    assert f'href="/cuoc-thi/{contest.slug}"' in page.text  # the other language, same page
    assert '<html lang="vi"' in client.get(f"/cuoc-thi/{contest.slug}").text


@pytest.mark.parametrize(
    ("path", "script", "rest"), [("/en", "/en", "/"), ("/en/x", "/en", "/x"), ("/end", "", "/end")]
)
def test_the_prefix_is_a_whole_segment(path, script, rest):
    seen = {}
    LanguagePrefix(lambda environ, start: seen.update(environ) or [])({"PATH_INFO": path}, None)
    assert (seen.get("SCRIPT_NAME", ""), seen["PATH_INFO"]) == (script, rest)


@pytest.mark.parametrize(
    "path",
    [
        "/cuoc-thi/" + "x" * 5000,
        "/cuoc-thi/%00",
        "/cuoc-thi/%ff%fe",
        "/bai/%F0%9F%98%80",
        "/cuoc-thi/x%0d%0aSet-Cookie:a=b",
        "/anh/" + "9" * 40 + "/lon",
        "/doc?page=99999999999999999999999",
        "/?next=//evil.example",
        "/loi-moi/%00",
        "/en/en/en",
    ],
)
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_odd_requests_are_answered_and_never_crash(client, contest, path, method):
    assert getattr(client, method)(path).status_code < 500


def test_a_host_that_is_not_ours_is_refused(client, contest):
    response = client.get("/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "evil.example" not in response.text


def test_in_production_cookies_belong_to_this_host_over_tls(tmp_path):
    env = {
        "CONTEST_ENV": "production",
        "SECRET_KEY": "s" * 40,
        "CONTEST_HOSTS": "localhost",
        "SMTP_HOST": "127.0.0.1",
    }
    app = create_app(settings_for(tmp_path, f"sqlite:///{tmp_path}/x.sqlite3", **env))
    assert app.config["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert app.config["SESSION_COOKIE_SECURE"]
    assert app.config["SESSION_COOKIE_HTTPONLY"]
    with app.app_context():
        response = app.test_client().get("/huong-dan", base_url="https://localhost")
    assert "max-age" in response.headers["Strict-Transport-Security"]


def test_a_form_that_grew_old_keeps_its_text(app, contest):
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        client = app.test_client()
        person = make_user()
        sign_in(client, person)
        typed = {"name": "Nguyễn Thị Thu Hậu", "csrf_token": "stale"}
        same = client.post("/tai-khoan", data=typed, headers={"Origin": "http://localhost"})
        foreign = client.post("/tai-khoan", data=typed, headers={"Origin": "http://evil.example"})
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert same.status_code == foreign.status_code == 400
    assert "Nguyễn Thị Thu Hậu" in same.text
    assert "Nguyễn Thị Thu Hậu" not in foreign.text


@pytest.mark.parametrize(
    "path", ["/en//evil.example", "/en/%5Cevil.example", "/en/%5C%5Cevil.example", "/en///evil.example/a"]
)
def test_the_link_to_the_other_language_never_leaves_the_site(app, client, path):
    page = client.get(path, follow_redirects=True)
    links = re.findall(r'href="([^"]*)" hreflang="vi"', page.text) + re.findall(
        r'hreflang="vi" href="([^"]*)"', page.text
    )
    assert links
    for link in links:
        assert link.startswith("/")
        assert link[1:2] not in {"/", "\\"}
