"""Old addresses lead on where nothing would be found, for good, and never in a circle."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from contest.accounts.models import SiteRole
from contest.audit.models import AuditRow
from contest.core.db import db
from contest.core.errors import Refused
from contest.results.addresses import LONGEST, find_new_address, keep_address, path_of
from contest.results.models_after import OldAddress
from tests.conftest import START, Client
from tests.factories import make_contest, make_user, sign_in


def keep(old, new):
    row = keep_address(old=old, new=new, actor=None, now=START)
    db.session.commit()
    return row


def test_an_old_address_leads_on(app, client):
    slug = make_contest().slug
    db.session.commit()
    keep("/thi-viet-2019/*", f"/cuoc-thi/{slug}/*")
    keep("https://thidua.cu.example/bai.aspx?id=7&x=Ch%C3%A0o", "/doc")
    keep("/bai.aspx", "/cuoc-thi")
    keep("/cũ rồi", "/tin#phan")
    for path, target in (
        ("/thi-viet-2019", f"/cuoc-thi/{slug}"),
        ("/thi-viet-2019/the-le", f"/cuoc-thi/{slug}/the-le"),
        ("/thi-viet-2019/the-le/", f"/cuoc-thi/{slug}/the-le"),
        ("/bai.aspx?id=7&x=Ch%C3%A0o", "/doc"),
        ("/bai.aspx?id=8", "/cuoc-thi"),
        ("/bai.aspx", "/cuoc-thi"),
        ("/c%C5%A9%20r%E1%BB%93i", "/tin"),
    ):
        for method in ("GET", "HEAD"):
            answer = client.open(path, method=method)
            assert (answer.status_code, answer.headers.get("Location")) == (301, target), path
    english = client.get("/en/thi-viet-2019/the-le")
    assert english.headers["Location"] == f"/en/cuoc-thi/{slug}/the-le"
    assert client.get(english.headers["Location"]).status_code == 200


def test_what_is_found_stays_and_forms_are_not_led_on(app, client):
    slug = make_contest().slug
    db.session.commit()
    keep("/cuoc-thi", "/doc")
    keep(f"/cuoc-thi/{slug}/*", "/doc")
    keep("/cua-toi", "/doc")
    keep("/static/*", "/doc")
    assert client.get("/cuoc-thi").status_code == 200
    assert client.get(f"/cuoc-thi/{slug}/the-le").status_code == 200
    assert client.get("/cua-toi").headers["Location"].startswith("/dang-nhap")
    assert client.get("/static/khong-co.css").status_code == 404
    keep("/gui", "/doc")
    for method in ("POST", "PUT", "DELETE"):
        assert client.open("/gui", method=method).status_code == 404
    assert client.get("/gui").status_code == 301
    assert client.get("/khong-co-gi").status_code == 404


def test_a_way_of_several_steps_is_gone_at_once(app, client):
    keep("/mot", "/hai")
    keep("/hai", "/ba")
    keep("/ba", "/doc")
    assert client.get("/mot").headers["Location"] == "/doc"


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (("/mot", "/hai"), ("/hai", "/mot")),
        (("/mot/*", "/hai/*"), ("/hai/*", "/mot/*")),
        (("/mot/*", "/hai"), ("/hai", "/mot/gi-do")),
        (("/khac", "/mot"), ("/mot", "/mot/")),
        (("/khac", "/mot"), ("/mot/*", "/mot/hai/*")),
    ],
)
def test_a_circle_is_refused(app, first, last):
    keep(*first)
    with pytest.raises(Refused) as error:
        keep(*last)
    assert error.value.code == "circle"


NAMES = st.sampled_from(["/a", "/b", "/c", "/a/b", "/b/c", "/a/*", "/b/*", "/c/*", "/a/b/*"])


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.dictionaries(NAMES, NAMES, max_size=9), asked=NAMES)
def test_whatever_stands_there_no_way_is_a_circle(app, rows, asked):
    """Also of rows that nobody checked: what an address leads to leads no further."""
    db.session.execute(delete(OldAddress))
    db.session.add_all([OldAddress(path=old, target=new, since=START) for old, new in rows.items()])
    db.session.flush()
    path = asked.replace("*", "x")
    target = find_new_address(path)
    if target is not None:
        assert target != path
        assert find_new_address(target) is None
    db.session.rollback()


@pytest.mark.parametrize(
    "wrong", ["", "tin", "//evil.example/a", "javascript:alert(1)", "/a\\b", "/*", "/a?b=c/*", "/a\x00"]
)
def test_what_is_no_address_is_refused(app, wrong):
    with pytest.raises(Refused):
        path_of(wrong)


def test_nobody_is_led_to_another_site(app):
    for new in ("https://evil.example/a", "//evil.example", "http://evil.example/", "/\\evil.example"):
        with pytest.raises(Refused):
            keep("/cu", new)
    assert find_new_address("/cu") is None
    with pytest.raises(Refused):
        keep("/" + "a" * LONGEST, "/doc")
    assert find_new_address("/" + "a" * 5000, "b" * 5000) is None


def test_nothing_after_an_address_makes_it_another_site(app, client):
    keep("/cu/*", "/doc/*")
    for path in ("/cu//evil.example", "/cu/%2F%2Fevil.example", "/cu/%0d%0aSet-Cookie:x", "/cu/%5C%5Cevil.example"):
        answer = client.get(path)
        assert answer.status_code in {301, 404}
        if answer.status_code == 301:
            assert answer.headers["Location"].startswith("/doc/")
            assert "\n" not in answer.headers["Location"]


def test_an_operator_keeps_and_forgets_by_the_page(app, client):
    operator = make_user()
    operator.roles.append(SiteRole(name="operator"))
    db.session.commit()
    assert client.get("/dia-chi-cu").status_code == 302
    sign_in(client, operator)
    assert "Chưa có địa chỉ cũ nào" in client.get("/dia-chi-cu").text
    wrong = client.post("/dia-chi-cu", data={"old": "tin", "new": "/doc"})
    assert (wrong.status_code, 'value="tin"' in wrong.text) == (422, True)
    assert client.post("/dia-chi-cu", data={"old": "/tin/7", "new": "/doc"}).status_code == 303
    assert "/tin/7" in client.get("/dia-chi-cu").text
    assert Client(app, app.response_class).get("/tin/7").status_code == 301
    assert db.session.query(AuditRow).filter_by(verb="address.keep").one().actor == operator.public_id
    assert client.post("/dia-chi-cu/bo", data={"path": "/tin/7"}).status_code == 303
    assert client.post("/dia-chi-cu/bo", data={"path": "/tin/7"}).status_code == 404
    assert client.get("/tin/7").status_code == 404
    other = Client(app, app.response_class)
    sign_in(other, make_user())
    assert other.get("/dia-chi-cu").status_code == 404


def test_a_list_is_kept_whole_or_not_at_all(app, tmp_path):
    run = app.test_cli_runner().invoke
    good = tmp_path / "cu.csv"
    good.write_text("old,new\n/tin/1.html,/doc\nhttps://cu.example/tin.aspx?id=2,/cuoc-thi\n", "utf-8-sig")
    done = run(args=["addresses", "load", str(good)])
    assert (done.exit_code, done.output) == (0, "2 kept\n")
    assert find_new_address("/tin.aspx", "id=2") == "/cuoc-thi"
    bad = tmp_path / "sai.csv"
    bad.write_text("old,new\n/tin/3,/doc\n/tin/4,https://evil.example/\n", "utf-8")
    done = run(args=["addresses", "load", str(bad)])
    assert done.exit_code == 1
    assert "line 3" in done.output
    assert find_new_address("/tin/3") is None
    bad.write_text("cu,moi\n/tin/3,/doc\n", "utf-8")
    assert run(args=["addresses", "load", str(bad)]).exit_code == 1
    assert run(args=["addresses", "add", "/tin/5/*", "/doc"]).exit_code == 0
    assert find_new_address("/tin/5/gi") == "/doc"


def test_nul_in_a_form_finds_nothing(app, client):
    operator = make_user()
    role = db.session.scalar(select(SiteRole).where(SiteRole.name == "operator"))
    operator.roles.append(role or SiteRole(name="operator"))
    db.session.commit()
    sign_in(client, operator)
    assert client.post("/dia-chi-cu/bo", data={"path": "/tin\0"}).status_code == 404
