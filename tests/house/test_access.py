"""Who gets in where: every route, every method, every kind of person, against what the route declares.

What a person may not see must look like what does not exist: the same status, the same bytes, the
same headers. So every refusal here is compared with the answer to a made-up name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from werkzeug.routing import Rule

from contest.accounts.models import SignIn
from contest.core.db import db
from contest.core.web.access import access_of
from tests.conftest import VIETNAM
from tests.factories import sign_in
from tests.factories.world import World, address, arguments, make_world, publish, unknown

# People of the first contest, then the same people of the second one, who are strangers to the first.
HERE = ("writer", "judge", "chair", "secretary", "organiser", "officer", "press", "observer")
THERE = tuple(f"{role}-there" for role in HERE)
VISITORS = ("anonymous", "stranger", "operator", *HERE)
ROLES = (*VISITORS, *THERE)
# Who meets a need in the first contest (or unit).
MEETS = {
    "organiser": {"organiser"},
    "secretary": {"secretary"},
    "judge": {"judge", "chair"},
    "chair": {"chair"},
    "press": {"press"},
    "observer": {"observer"},
    "officer": {"officer"},
    "operator": {"operator"},
    "drafter": {"organiser"},
    "founder": {"operator", "organiser", "organiser-there"},
}
# The argument that the need itself reads; any other one names a thing that the view has to narrow.
READS = {"organiser": "slug", "secretary": "slug", "judge": "slug", "chair": "slug", "officer": "code"}
READS |= {"drafter": "draft_id", "press": "slug", "observer": "slug"}
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
MOMENTS = {
    "submission": datetime(2027, 3, 20, 9, 0, tzinfo=VIETNAM),
    "marking": datetime(2027, 4, 15, 9, 0, tzinfo=VIETNAM),
    "vote": datetime(2027, 5, 20, 9, 0, tzinfo=VIETNAM),
    "announced": datetime(2027, 6, 12, 9, 0, tzinfo=VIETNAM),
}
# Made anew for each page: the form's token.
_TOKEN = re.compile(r"[\w-]{20,}\.[\w-]{5,}\.[\w-]{20,}")


class Case(NamedTuple):
    """One method of one route."""

    rule: Rule
    method: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.rule.rule}"


def cases(app: Any) -> Iterator[Case]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods))):
        for method in sorted(rule.methods - {"OPTIONS", "HEAD"}):
            yield Case(rule, method)


def seen(response: Any) -> tuple[Any, ...]:
    """An answer as its reader sees it, with the address that they typed left out."""
    path = response.request.path

    def without(text: str) -> str:
        return _TOKEN.sub("*", text.replace(path, "*"))

    headers = {name: without(value) for name, value in response.headers if name not in {"Set-Cookie", "Content-Length"}}
    return response.status_code, without(response.get_data(as_text=True)), tuple(sorted(headers.items()))


def asks_to_sign_in(response: Any) -> bool:
    return response.status_code == 302 and response.headers["Location"].startswith("/dang-nhap?next=")


def digest() -> str:
    """The contents of every table."""
    db.session.rollback()
    state = hashlib.sha256()
    for table in db.metadata.sorted_tables:
        if table.name != SignIn.__tablename__:  # the tests' own doing
            rows = sorted(map(repr, db.session.execute(sa.select(table)).all()))
            state.update(repr((table.name, rows)).encode())
    db.session.rollback()
    return state.hexdigest()


class Visit:
    """Asks for pages as one of the people."""

    def __init__(self, client: Any, world: World) -> None:
        self.client = client
        self.world = world
        self.role = ""

    def as_(self, role: str) -> Visit:
        self.client.delete_cookie("session")
        self.role = role
        if (person := self.world.person(role)) is not None:
            sign_in(self.client, person)
        return self

    def __call__(self, case: Case, values: dict[str, Any]) -> Any:
        path = address(self.client.application, case.rule, values)
        return self.client.open(path, method=case.method)


@pytest.fixture
def world(app):
    return make_world()


@pytest.fixture
def visit(client, world):
    return Visit(client, world)


def gets_in(access: Any, role: str) -> bool:
    """Whether the declaration lets `role` through to the view."""
    if access.kind == "needs":
        return any(role in MEETS[need] for need in access.needs)
    return access.kind == "public" or (access.kind == "signed_in" and role != "anonymous")


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)  # who may is decided before any database is asked
def test_whoever_is_not_let_in_learns_nothing_and_changes_nothing(app, clock, world, visit):
    clock.instant = MOMENTS["marking"]
    before = digest()
    wrong = []
    for role in ROLES:
        visit.as_(role)
        nothing = {method: seen(visit.client.open("/khong-co-gi", method=method)) for method in ("GET", "POST")}
        for case in cases(app):
            access = access_of(app, case.rule.endpoint)
            if gets_in(access, role):
                continue
            real = arguments(world.here, case.rule)
            answer = visit(case, real)
            if access.kind != "demo" and role == "anonymous":
                same = seen(answer) == seen(visit(case, unknown(case.rule, real)))
                fine = asks_to_sign_in(answer) and same
            else:
                fine = seen(answer) == nothing[case.method]
            if not fine:
                wrong.append(f"{role}: {case.name} gives {answer.status_code}")
    assert not wrong
    assert digest() == before


def narrowed(app: Any, case: Case, real: dict[str, Any]) -> set[str]:
    """Arguments that name a thing of somebody, which the view itself has to narrow."""
    access = access_of(app, case.rule.endpoint)
    read = {READS.get(need) for need in access.needs}
    made_up = unknown(case.rule, real)
    return {name for name in real if name not in read and real[name] != made_up[name]}


# What anyone who holds its secret name may open, on purpose.
BEARERS = {
    "desk.invitation",
    "desk.accept_invitation",
    "entries.receipt",
    "entries.receipt_pdf",
    "entries.compare",
    "entries.compare_text",
}
# Contests are known to everybody once they are issued.
OPEN_TO_ALL = {"entries.new", "entries.start"}


def test_what_belongs_to_others_looks_like_what_does_not_exist(app, clock, world, visit):
    """Inside the pages that somebody may open: things of another person, contest or unit."""
    clock.instant = MOMENTS["marking"]
    before = digest()
    wrong, tried = [], 0
    for role in ("stranger", *HERE):
        visit.as_(role)
        for case in cases(app):
            access = access_of(app, case.rule.endpoint)
            if access.kind not in {"signed_in", "needs"} or not gets_in(access, role):
                continue
            if case.rule.endpoint in BEARERS | OPEN_TO_ALL:
                continue
            own, theirs = arguments(world.here, case.rule), arguments(world.there, case.rule)
            things = narrowed(app, case, own)
            if not things:
                continue
            mixed = {name: theirs[name] if name in things else own[name] for name in own}
            made_up = {**own, **{name: value for name, value in unknown(case.rule, own).items() if name in things}}
            answer, other = visit(case, mixed), visit(case, made_up)
            tried += 1
            if seen(answer) != seen(other) or answer.status_code != 404:
                wrong.append(f"{role}: {case.name} gives {answer.status_code}, made up {other.status_code}")
    assert not wrong
    assert tried > 50
    assert digest() == before


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("app", ["sqlite"], indirect=True)  # pages by moment differ in no database
def test_whoever_is_let_in_gets_an_answer(app, clock, world, visit, moment):
    """No page refuses the people it is for with a 404 or a way to the sign-in, and none crashes."""
    clock.instant = MOMENTS[moment]
    if moment == "announced":
        publish(world.here)
    wrong = []
    for role in VISITORS:
        for case in cases(app):
            access = access_of(app, case.rule.endpoint)
            if case.method != "GET" or not gets_in(access, role):
                continue
            real = arguments(world.here, case.rule)
            if visit.role != role:
                visit.as_(role)
            answer = visit(case, real)
            hidden = answer.status_code in {403, 404} and role in meant_for(access, case) and not waits(case, moment)
            if answer.status_code >= 500 or hidden or asks_to_sign_in(answer):
                wrong.append(f"{role}: {case.name} gives {answer.status_code}")
    assert not wrong


def meant_for(access: Any, case: Case) -> set[str]:
    """For whom the thing in the address is there, among those whom the declaration lets in."""
    if access.kind == "signed_in":
        return {"writer"}
    if access.needs == ("judge",) and case.rule.arguments & {"public_id", "text_id"}:
        return {"judge"}  # an assignment is one judge's, the chair's neither
    return {role for need in access.needs for role in MEETS[need]}


def waits(case: Case, moment: str) -> bool:
    """Whether the page waits: a judge opens no entry before marking opens; a unit keeps a roll where voters are
    known by one, which they are not in this contest; a changed result, what has been announced."""
    if case.rule.endpoint in {"voting.unit_roll", "results.press_copy"}:
        return True
    if case.rule.endpoint in {
        "judging.observed_minutes",
        "papers.own_certificate",
        "results.amendments",
        "results.amend",
        "results.bank",
    }:
        return moment != "announced"
    return moment == "submission" and (
        case.rule.rule.startswith("/cham/<slug>/bai/") or case.rule.rule.endswith("/phieu-giay/<sheet_id>")
    )


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)  # who may is decided before any database is asked
def test_empty_forms_of_people_who_are_let_in_are_answered(app, clock, world, visit):
    clock.instant = MOMENTS["marking"]
    wrong = []
    for role in VISITORS:
        for case in cases(app):
            if case.method not in UNSAFE or not gets_in(access_of(app, case.rule.endpoint), role):
                continue
            visit.as_(role)  # anew: one of the forms signs out
            answer = visit(case, arguments(world.here, case.rule))
            if answer.status_code >= 500 or (role != "anonymous" and asks_to_sign_in(answer)):
                wrong.append(f"{role}: {case.name} gives {answer.status_code}")
    assert not wrong


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)  # who may is decided before any database is asked
def test_no_form_is_taken_without_its_token(app, clock, world, visit):
    clock.instant = MOMENTS["marking"]
    assert app.extensions["csrf"]._exempt_views == set()
    assert app.extensions["csrf"]._exempt_blueprints == set()
    before = digest()
    wrong = []
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        for role in ("anonymous", "writer", "organiser"):
            visit.as_(role)
            for case in cases(app):
                if case.method in UNSAFE:
                    answer = visit(case, arguments(world.here, case.rule))
                    if answer.status_code != 400:
                        wrong.append(f"{role}: {case.name} gives {answer.status_code}")
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert not wrong
    assert digest() == before


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_heads_have_no_bodies_and_other_methods_no_meaning(app, clock, world, visit):
    clock.instant = MOMENTS["vote"]
    wrong = []
    known: dict[str, set[str]] = {}
    for case in cases(app):
        known.setdefault(case.rule.rule, set()).add(case.method)
    visit.as_("organiser")
    for case in cases(app):
        if case.method == "GET":
            values = arguments(world.here, case.rule)
            page, head = visit(case, values), visit(Case(case.rule, "HEAD"), values)
            if head.status_code != page.status_code or head.data:
                wrong.append(f"HEAD {case.rule.rule} gives {head.status_code}")
    visit.as_("anonymous")
    for case in cases(app):
        for method in sorted(
            {"GET", "POST", "DELETE", "PROPFIND"} - known.pop(case.rule.rule, {"GET", *UNSAFE, "PROPFIND"})
        ):
            values = arguments(world.here, case.rule)
            # An address may be another route's too, with a verb or a name in its last place.
            if method in app.url_map.bind("localhost").allowed_methods(address(app, case.rule, values)):
                continue
            answer = visit(Case(case.rule, method), values)
            if answer.status_code != 405:
                wrong.append(f"{method} {case.rule.rule} gives {answer.status_code}")
    assert not wrong


# Who may come where, written down a second time: a declaration that changes has to change here too.
WRITTEN = """
public:
    GET /
    GET /anh/<public_id>/<any(lon, vua, nho):size>
    GET /api
    GET /api/v1/calendar
    GET /api/v1/contests
    GET /api/v1/contests/<slug>
    GET /api/v1/contests/<slug>/finalists
    GET /api/v1/contests/<slug>/results
    GET /api/v1/contests/<slug>/rules
    GET /api/v1/contests/<slug>/timetable
    GET /api/v1/news
    GET /api/v1/news/<post_id>
    GET /api/v1/openapi.json
    GET /api/v1/stories
    GET /api/v1/stories/<public_id>
    GET /api/v1/units
    GET /api/v1/units/<code>
    GET /bai/<public_id>
    GET /bien-nhan
    GET /bien-nhan/<code>
    GET /bien-nhan/<code>.pdf
    GET POST /bien-nhan/<code>/doi-chieu
    GET /cuoc-thi
    GET /cuoc-thi/<slug>
    GET /cuoc-thi/<slug>/tin
    GET /cuoc-thi/<slug>/tin/<post_id>
    GET POST /cuoc-thi/<slug>/phan-anh
    GET /phan-anh
    GET /phan-anh/<code>
    POST /phan-anh/<code>/rut
    POST /phan-anh/<code>/them
    GET /cuoc-thi/<slug>/so-phieu
    GET /cuoc-thi/<slug>/so-phieu/bang-chung.json
    GET /cuoc-thi/<slug>/so-phieu/checkpoint
    GET /cuoc-thi/<slug>/so-phieu/checkpoints.txt
    GET /cuoc-thi/<slug>/so-phieu/key.txt
    GET /cuoc-thi/<slug>/so-phieu/kiem
    GET /cuoc-thi/<slug>/so-phieu/log.jsonl
    GET /cuoc-thi/<slug>/so-phieu/openings.jsonl
    GET /cuoc-thi/<slug>/so-phieu/result.json
    GET /cuoc-thi/<slug>/so-phieu/tat-ca.zip
    GET /cuoc-thi/<slug>/so-phieu/tile/<int:level>/<int:number>
    GET POST /cuoc-thi/<slug>/so-phieu/tim
    GET POST /cuoc-thi/<slug>/binh-chon
    GET /cuoc-thi/<slug>/binh-chon/bien-nhan.json
    GET /cuoc-thi/<slug>/binh-chon/cho
    GET /cuoc-thi/<slug>/binh-chon/ap-phich/<public_id>.pdf
    GET /cuoc-thi/<slug>/binh-chon/da-gui
    GET POST /cuoc-thi/<slug>/binh-chon/doc/<public_id>
    POST /cuoc-thi/<slug>/binh-chon/gui-bien-nhan
    POST /cuoc-thi/<slug>/binh-chon/gui-lai
    GET POST /cuoc-thi/<slug>/binh-chon/ma
    GET POST /cuoc-thi/<slug>/binh-chon/xac-thuc
    POST /cuoc-thi/<slug>/binh-chon/xong
    GET /cuoc-thi/<slug>/chung-khao
    GET /cuoc-thi/<slug>/ket-qua
    GET /cuoc-thi/<slug>/ket-qua/quyet-dinh/<scan_id>
    GET /cuoc-thi/<slug>/le-trao-giai
    GET /cuoc-thi/<slug>/ket-qua/chia-se/<digest>.png
    GET /bai/<public_id>/chia-se/<digest>.png
    GET /cuoc-thi/<slug>/mau/<any("bai-du-thi", "nguoi-dai-dien", "dien-hinh", "xac-minh"):name>.pdf
    GET /cuoc-thi/<slug>/the-le
    GET /cuoc-thi/<slug>/the-le.pdf
    GET POST /dang-ky
    GET POST /dang-nhap
    GET POST /dang-nhap/buoc-hai
    POST /dang-xuat
    GET /doc
    POST /gui-lai-ma/<purpose>
    GET /giay-chung-nhan
    GET /giay-chung-nhan/<code>
    GET /guong
    GET /guong/dip/<occasion>
    GET /guong/don-vi
    GET /guong/don-vi/<code>
    GET /guong/nam/<int:year>
    GET /guong/nguoi/<person>
    GET /huong-dan
    GET /ket-qua
    GET /lich-ky-niem
    GET /lich-ky-niem.ics
    GET /lich-ky-niem/<code>
    GET POST /mat-khau-moi
    GET POST /quen-mat-khau
    GET /quyen-rieng-tu
    GET /nhung/<slug>
    GET /nhung/<slug>/<any("sang", "toi"):theme>
    GET /robots.txt
    GET /sitemap.xml
    GET /sitemap/<slug>/<int:number>.xml
    GET /sitemap/trang.xml
    GET /static/<path:filename>
    GET /suc-khoe
    GET /<any("tin.atom", "tin.json"):name>
    GET /cuoc-thi/<slug>/<any("tin.atom", "tin.json"):name>
    GET POST /xac-nhan
signed in:
    GET /bai-viet-giup
    POST /bai-viet-giup/<public_id>
    GET /bai-cua-toi
    GET /bai-cua-toi/<public_id>
    GET /bai-cua-toi/<public_id>/lich-su
    POST /bai-cua-toi/<public_id>/nop-lai
    POST /bai-cua-toi/<public_id>/rut
    POST /bai-cua-toi/<public_id>/xem-lai
    GET /cua-toi
    POST /cuoc-thi/<slug>/binh-chon/tai-khoan
    GET /giay-chung-nhan/<code>/tai-ve.pdf
    GET POST /cuoc-thi/<slug>/viet
    GET POST /giai-thuong/<slug>/nhan-thuong
    POST /giai-thuong/<slug>/nhan-thuong/bo
    GET POST /loi-moi/<token>
    GET POST /tai-khoan
    GET POST /tai-khoan/du-lieu
    POST /tai-khoan/du-lieu/<public_id>/thoi
    GET /tai-khoan/du-lieu/tai-ve
    POST /tai-khoan/dang-xuat-moi-noi
    GET POST /tai-khoan/dia-chi/<kind>
    GET POST /tai-khoan/dong-y
    GET POST /tai-khoan/hai-buoc
    POST /tai-khoan/hai-buoc/<act>
    GET POST /tai-khoan/mat-khau
    GET POST /tai-khoan/xac-nhan
    GET POST /viet/<public_id>
    GET POST /viet/<public_id>/anh
    POST /viet/<public_id>/anh/<photo_id>
    GET /viet/<public_id>/anh/<photo_id>/<size>
    GET /viet/<public_id>/kiem-tra
    GET /viet/<public_id>/minh-chung/<file_id>
    GET POST /viet/<public_id>/nhom-tac-gia
    GET POST /viet/<public_id>/xuat-ban
    POST /viet/<public_id>/xuat-ban/minh-chung
    POST /viet/<public_id>/xuat-ban/minh-chung/<file_id>/xoa
    GET POST /viet/<public_id>/lay-tu-tep
    POST /viet/<public_id>/lay-tu-tep/bo
    POST /viet/<public_id>/lay-tu-tep/lay
    POST /viet/<public_id>/lay-tu-tep/lay-lai
    POST /viet/<public_id>/dan
    POST /viet/<public_id>/hop-nhat
    POST /viet/<public_id>/luu
    POST /viet/<public_id>/nop
    GET POST /viet/<public_id>/thong-tin
    POST /viet/<public_id>/xoa
demonstration:
    GET /demo
    GET /demo/da-lam
    GET /demo/hop-thu
    GET POST /demo/lam-lai
    GET /demo/nguoi
    POST /demo/toi
    POST /demo/vao
operator:
    GET POST /lich-ky-niem/them
    GET POST /lich-ky-niem/<code>/sua
    GET POST /lich-ky-niem/ngay-nghi/<int:year>
founder:
    GET POST /cuoc-thi-moi
operator:
    GET POST /dia-chi-cu
    POST /dia-chi-cu/bo
    GET POST /du-lieu-ca-nhan
    GET /du-lieu-ca-nhan/<public_id>
    POST /du-lieu-ca-nhan/<public_id>/<any(nhan, dap, xoa):verb>
operator:
    GET /don-vi-hanh-chinh
    GET POST /don-vi-hanh-chinh/them
    GET /don-vi-hanh-chinh/<unit>
    POST /don-vi-hanh-chinh/<unit>/<act>
officer:
    GET POST /don-vi/<code>/ngay-ky-niem
    GET /don-vi/<code>
    GET POST /don-vi/<code>/binh-chon/<slug>/danh-sach
    GET POST /don-vi/<code>/goi-bai
    GET /don-vi/<code>/goi-bai/<public_id>
    POST /don-vi/<code>/goi-bai/<public_id>/<any(nhap, thoi):verb>
    GET /don-vi/<code>/goi-bai/mau/<slug>
    GET POST /don-vi/<code>/viet-giup
    GET POST /don-vi/<code>/bai-giay
    GET /don-vi/<code>/bai/<public_id>
    POST /don-vi/<code>/bai/<public_id>/quet
    GET /don-vi/<code>/bai/<public_id>/quet/<scan_id>
    POST /don-vi/<code>/bai/<public_id>/quet/<scan_id>/xoa
    POST /don-vi/<code>/bai/<public_id>/doi-chieu
    GET /don-vi/<code>/bien-nhan
    GET POST /don-vi/<code>/xac-minh/<public_id>
    GET POST /don-vi/<code>/xac-minh/<public_id>/giay-to/<paper_id>
    POST /don-vi/<code>/xac-minh/<public_id>/rut-dong-y
judge:
    GET /cham/<slug>
    GET POST /cham/<slug>/bai/<public_id>
    GET /cham/<slug>/bai/<public_id>/anh/<photo_id>/<any(lon, vua, nho):size>
    GET POST /cham/<slug>/bai/<public_id>/ghi-chu
    GET POST /cham/<slug>/bai/<public_id>/ghi-chu/<note_id>
    GET POST /cham/<slug>/bai/<public_id>/hoan-tac
    POST /cham/<slug>/bai/<public_id>/luu
    GET POST /cham/<slug>/bai/<public_id>/khai-bao
    GET POST /cham/<slug>/bai/<public_id>/trao-doi
    GET POST /cham/<slug>/bai/<public_id>/xung-dot
    GET POST /cham/<slug>/chot
    GET POST /cham/<slug>/khai-bao
    GET /cham/<slug>/doc-chung
    GET /cham/<slug>/doc-chung/<reading_id>/so-sanh
    GET POST /cham/<slug>/doc-chung/<text_id>
    GET /cham/<slug>/doc-chung/<text_id>/anh/<photo_id>/<any(lon, vua, nho):size>
    POST /cham/<slug>/doc-chung/<text_id>/luu
    GET /cham/<slug>/phieu-kin
    GET POST /cham/<slug>/phieu-kin/<question_id>
    GET /cham/<slug>/bien-ban
    GET /cham/<slug>/in/<round_id>
    GET /cham/<slug>/in/<round_id>/tap-doc.pdf
    GET POST /cham/<slug>/quy-uoc
chair:
    GET POST /ban-to-chuc/<slug>/cham/<round_id>/<category>/khoa-diem
    GET /ban-to-chuc/<slug>/cham/<round_id>/<category>/so-sanh
    GET POST /ban-to-chuc/<slug>/cham/xep-hang/<category>
chair or judge or organiser or secretary:
    GET /ban-to-chuc/<slug>/cham/bien-ban/<minutes_id>
    GET /ban-to-chuc/<slug>/cham/bien-ban/<minutes_id>.pdf
    GET /ban-to-chuc/<slug>/cham/bien-ban/<minutes_id>/ban-quet/<scan_id>
    POST /ban-to-chuc/<slug>/cham/bien-ban/<minutes_id>/ky
    GET POST /ban-to-chuc/<slug>/cham/<round_id>/<category>/bien-ban
chair or organiser:
    GET /ban-to-chuc/<slug>/cham/<round_id>/<category>/giay/diem-goc.xlsx
    POST /ban-to-chuc/<slug>/cham/bien-ban/<minutes_id>/phu-luc
    GET POST /ban-to-chuc/<slug>/cham/phach/<category>
    POST /ban-to-chuc/<slug>/cham/phach/<category>/doc
    POST /ban-to-chuc/<slug>/cham/phach/<category>/mo
    GET /ban-to-chuc/<slug>/diem-goc
    GET /ban-to-chuc/<slug>/diem-goc.json
chair or organiser or secretary:
    GET /ban-to-chuc/<slug>/cham/giay
    POST /ban-to-chuc/<slug>/cham/bien-ban/<minutes_id>/ban-quet
    GET /ban-to-chuc/<slug>/cham/<round_id>/<category>/giay/<any("phieu-diem", "tong-hop", "xung-dot"):name>.pdf
    GET POST /ban-to-chuc/<slug>/hoi-dong
    GET POST /ban-to-chuc/<slug>/hoi-dong/<meeting_id>
    GET /ban-to-chuc/<slug>/cham
    GET /ban-to-chuc/<slug>/cham/<round_id>/<category>
    GET POST /ban-to-chuc/<slug>/cham/<round_id>/<category>/bai/<code>
    GET POST /ban-to-chuc/<slug>/cham/<round_id>/<category>/doc-chung
    GET POST /ban-to-chuc/<slug>/cham/<round_id>/<category>/giam-khao
    GET POST /ban-to-chuc/<slug>/cham/<round_id>/<category>/phan-cong
    GET /ban-to-chuc/<slug>/cham/<round_id>/<category>/phan-cong/bang-tinh
    POST /ban-to-chuc/<slug>/cham/<round_id>/<category>/phan-cong/tai-len
    GET POST /ban-to-chuc/<slug>/cham/<round_id>/<category>/xung-dot
organiser or secretary:
    GET POST /ban-to-chuc/<slug>/kiem-tra-cong-bo
    GET /ban-to-chuc/<slug>/phan-anh
    GET POST /ban-to-chuc/<slug>/phan-anh/nhap
    GET /ban-to-chuc/<slug>/phan-anh/<public_id>
    POST /ban-to-chuc/<slug>/phan-anh/<public_id>/<any(nhan, giao, ghi, giu, tha, gan, dap, dang):verb>
    GET /ban-to-chuc/<slug>/phan-anh/<public_id>/tep/<file_id>
    GET /ban-to-chuc/<slug>/binh-chon
    GET /ban-to-chuc/<slug>/binh-chon/chi-phi
    GET /ban-to-chuc/<slug>/binh-chon/ap-phich
    GET /ban-to-chuc/<slug>/binh-chon/ap-phich/<public_id>.pdf
    GET POST /ban-to-chuc/<slug>/binh-chon/phieu-giay
    GET /ban-to-chuc/<slug>/binh-chon/phieu-giay.pdf
    GET POST /ban-to-chuc/<slug>/binh-chon/phieu-giay/<batch_id>
    POST /ban-to-chuc/<slug>/binh-chon/phieu-giay/<batch_id>/luu
    GET /ban-to-chuc/<slug>/binh-chon/ra-soat
    GET /ban-to-chuc/<slug>/binh-chon/ra-soat/dau-hieu/<flag_id>
    POST /ban-to-chuc/<slug>/binh-chon/ra-soat/dau-hieu/<flag_id>/bo-qua
    POST /ban-to-chuc/<slug>/binh-chon/ra-soat/dau-hieu/<flag_id>/de-nghi
    POST /ban-to-chuc/<slug>/binh-chon/ra-soat/dau-hieu/<flag_id>/mo-lai
    GET POST /ban-to-chuc/<slug>/binh-chon/ra-soat/dot
    GET /ban-to-chuc/<slug>/binh-chon/ra-soat/dot/<setting_id>
    POST /ban-to-chuc/<slug>/binh-chon/ra-soat/dot/<setting_id>/quyet-dinh
    POST /ban-to-chuc/<slug>/binh-chon/ra-soat/dot/<setting_id>/rut
    POST /ban-to-chuc/<slug>/binh-chon/ra-soat/dot/<setting_id>/tro-lai
    GET /ban-to-chuc/<slug>/binh-chon/ra-soat/phan-bo
    GET /ban-to-chuc/<slug>/binh-chon/ra-soat/tong-hop.<any(csv, xlsx):ending>
    GET /ban-to-chuc/<slug>/cham/<round_id>/<category>/phieu-giay.pdf
    GET /ban-to-chuc/<slug>/cham/phieu-giay
    GET POST /ban-to-chuc/<slug>/cham/phieu-giay/<sheet_id>
    POST /ban-to-chuc/<slug>/cham/phieu-giay/<sheet_id>/luu
    GET /ban-to-chuc/<slug>/cham/giay/<any(pdf, xlsx):suffix>/phieu-theo-giam-khao
    POST /ban-to-chuc/<slug>/cham/giay/tap-doc
    GET POST /ban-to-chuc/<slug>/bai-giay
    GET /ban-to-chuc/<slug>/bai-giay/<public_id>
    POST /ban-to-chuc/<slug>/bai-giay/<public_id>/quet
    GET /ban-to-chuc/<slug>/bai-giay/<public_id>/quet/<scan_id>
    POST /ban-to-chuc/<slug>/bai-giay/<public_id>/quet/<scan_id>/xoa
    POST /ban-to-chuc/<slug>/bai-giay/<public_id>/doi-chieu
    GET /ban-to-chuc/<slug>
    GET POST /ban-to-chuc/<slug>/bai-du-thi
    GET /ban-to-chuc/<slug>/bai-du-thi/<public_id>
    POST /ban-to-chuc/<slug>/bai-du-thi/<public_id>/<verb>
    GET /ban-to-chuc/<slug>/bai-du-thi/<public_id>/anh/<photo_id>/<size>
    POST /ban-to-chuc/<slug>/bai-du-thi/<public_id>/che
    GET /ban-to-chuc/<slug>/bai-du-thi/<public_id>/lich-su
    GET /ban-to-chuc/<slug>/bai-du-thi/<public_id>/minh-chung/<file_id>
    GET /ban-to-chuc/<slug>/thoi-han
    POST /ban-to-chuc/<slug>/thoi-han/nop-muon
    POST /ban-to-chuc/<slug>/thoi-han/nop-muon/<int:pass_id>/thu-hoi
    POST /ban-to-chuc/<slug>/bai-du-thi/<public_id>/soat-lai
    POST /ban-to-chuc/<slug>/bai-du-thi/<public_id>/phat-hien/<finding_id>
    POST /ban-to-chuc/<slug>/bai-du-thi/nhieu-bai
    POST /ban-to-chuc/<slug>/bai-du-thi/khung-nhin
    POST /ban-to-chuc/<slug>/bai-du-thi/khung-nhin/<view_id>/bo
    POST /ban-to-chuc/<slug>/bai-du-thi/bang-tinh
    GET POST /ban-to-chuc/<slug>/trung-van/<pair_id>
    GET /ban-to-chuc/<slug>/mau-ly-do
    POST /ban-to-chuc/<slug>/bai-du-thi/<public_id>/xem-lai-lan-hai
    GET /ban-to-chuc/<slug>/nhan-vat
    GET /ban-to-chuc/<slug>/nhan-vat/<public_id>
    POST /ban-to-chuc/<slug>/nhan-vat/<public_id>/<verb>
    GET /ban-to-chuc/<slug>/nhan-vat/<public_id>/giay-to/<paper_id>
    GET /ban-to-chuc/<slug>/nhan-vat/trung-nhau
    GET POST /ban-to-chuc/<slug>/duyet-dang
    GET POST /ban-to-chuc/<slug>/duyet-dang/<public_id>
    POST /ban-to-chuc/<slug>/duyet-dang/<public_id>/bo
    POST /ban-to-chuc/<slug>/duyet-dang/<public_id>/che
    GET /ban-to-chuc/<slug>/duyet-dang/<public_id>/lich-su
    POST /ban-to-chuc/<slug>/duyet-dang/<public_id>/soan
    GET /ban-to-chuc/<slug>/tin-nhan
    GET /ban-to-chuc/<slug>/tin-nhan/<template>
drafter:
    GET /soan-the-le/<draft_id>
    GET POST /soan-the-le/<draft_id>/<page_key>
    POST /soan-the-le/<draft_id>/<page_key>/thu
    GET /soan-the-le/<draft_id>/xem
    POST /soan-the-le/<draft_id>/ban-hanh
    POST /soan-the-le/<draft_id>/bo
    POST /soan-the-le/<draft_id>/lich
press:
    GET /bao-chi/<slug>
    GET /bao-chi/<slug>/ket-qua.pdf
    POST /bao-chi/<slug>/dieu-khoan
observer:
    GET /giam-sat/<slug>
    GET /giam-sat/<slug>/nhat-ky
    GET /giam-sat/<slug>/bien-ban/<minutes_id>.pdf
organiser:
    GET /ban-to-chuc/<slug>/bao-chi
    GET /ban-to-chuc/<slug>/tin
    GET POST /ban-to-chuc/<slug>/tin/viet
    GET POST /ban-to-chuc/<slug>/tin/<post_id>
    POST /ban-to-chuc/<slug>/tin/<post_id>/go
    GET /ban-to-chuc/<slug>/thu
    GET POST /ban-to-chuc/<slug>/thu/viet
    GET /ban-to-chuc/<slug>/thu/<mailing_id>
    GET POST /ban-to-chuc/<slug>/thu/<mailing_id>/sua
    POST /ban-to-chuc/<slug>/thu/<mailing_id>/<any('thu', 'hen', 'thoi', 'chep', 'tra-ve'):act>
    GET /ban-to-chuc/<slug>/nhan-thuong
    POST /ban-to-chuc/<slug>/nhan-thuong/mo
    GET /ban-to-chuc/<slug>/nhan-thuong/danh-sach.xlsx
    GET POST /ban-to-chuc/<slug>/the-le
    GET POST /ban-to-chuc/<slug>/binh-chon/danh-sach
    GET POST /ban-to-chuc/<slug>/ban-giao
    POST /ban-to-chuc/<slug>/thoi-han/gia-han
    POST /ban-to-chuc/<slug>/duyet-dang/<public_id>/duyet
    POST /ban-to-chuc/<slug>/duyet-dang/<public_id>/go
    GET /ban-to-chuc/<slug>/ket-qua
    GET POST /ban-to-chuc/<slug>/ket-qua/ban-quet
    GET /ban-to-chuc/<slug>/ket-qua/ban-quet/<scan_id>
    POST /ban-to-chuc/<slug>/ket-qua/khong-trao
    GET POST /ban-to-chuc/<slug>/ket-qua/giai-khac
    POST /ban-to-chuc/<slug>/ket-qua/giai-khac/bo
    GET /ban-to-chuc/<slug>/ket-qua/dieu-chinh
    GET /ban-to-chuc/<slug>/ket-qua/thay-doi
    GET POST /ban-to-chuc/<slug>/ket-qua/dieu-chinh/<key>
    POST /ban-to-chuc/<slug>/ket-qua/dieu-chinh/phe-duyet
    POST /ban-to-chuc/<slug>/ket-qua/dieu-chinh/thoi
    GET POST /ban-to-chuc/<slug>/ket-qua/loi-binh
    POST /ban-to-chuc/<slug>/ket-qua/niem-yet
    POST /ban-to-chuc/<slug>/ket-qua/phe-duyet
    POST /ban-to-chuc/<slug>/ket-qua/quyet-dinh
    POST /ban-to-chuc/<slug>/ket-qua/tinh
    POST /ban-to-chuc/<slug>/ket-qua/trao-lai
    GET /ban-to-chuc/<slug>/giay-to
    GET /ban-to-chuc/<slug>/giay-to/<name>.<any(pdf, xlsx, docx):suffix>
    GET /ban-to-chuc/<slug>/giay-to/bien-ban-ket-qua.pdf
    POST /ban-to-chuc/<slug>/giay-to/giay-chung-nhan
    GET POST /ban-to-chuc/<slug>/giay-to/mau-giay-chung-nhan
    GET /ban-to-chuc/<slug>/giay-to/mau-giay-chung-nhan/xem-truoc.<any(png, pdf):suffix>
    GET /ban-to-chuc/<slug>/giay-to/viec/<job_id>
    GET /ban-to-chuc/<slug>/giay-to/viec/<job_id>/<int:number>.pdf
    GET /ban-to-chuc/<slug>/giay-to/viec/<job_id>/tat-ca.zip
    POST /ban-to-chuc/<slug>/giay-to/viec/<job_id>/thoi
    GET POST /ban-to-chuc/<slug>/nhan-su
    POST /ban-to-chuc/<slug>/nhan-su/<int:grant_id>/ket-thuc
    POST /ban-to-chuc/<slug>/nhan-su/loi-moi/<public_id>/thu-hoi
    POST /ban-to-chuc/<slug>/tin-nhan/<template>/<channel>
    POST /ban-to-chuc/<slug>/mau-ly-do
    POST /ban-to-chuc/<slug>/mau-ly-do/<template_id>
"""


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_the_declarations_are_those_that_were_written_down(app):
    written, who = {}, ""
    for line in WRITTEN.splitlines():
        if line.endswith(":"):
            who = line.removesuffix(":")
        elif line:
            *methods, rule = re.fullmatch(r" +((?:[A-Z]+ )+)(/.*)", line).groups()
            written.update(((method, rule), who) for method in methods[0].split())
    names = {"signed_in": "signed in", "demo": "demonstration"}
    declared = {}
    for case in cases(app):
        access = access_of(app, case.rule.endpoint)
        spoken = " or ".join(sorted(access.needs)) or names.get(access.kind, access.kind)
        declared[case.method, case.rule.rule] = spoken
    assert declared == written
