"""The pages of paper sheets: printing, finding, typing in, settling; and what they never show."""

from __future__ import annotations

import re

import pypdfium2
import pytest
from sqlalchemy import select

from contest.core.db import db
from contest.judging.models import SheetRevision
from contest.judging.paper_lists import sheet_code
from contest.judging.services import assign_one
from tests.factories import make_contest, make_staff, sign_in
from tests.factories.judging import finalise, give, make_accepted, make_panel, opening_of, spread_marks
from tests.judging.test_paper import type_in

LONGEST = "Nguyễn Phước Tôn Nữ Hoàng Thị Khuê Trường Ẵm Ợt Ỡm Ễnh Ỷ Lại Đặng Nhưỡng"


@pytest.fixture
def contest(app, clock):
    contest = make_contest(0)
    clock.instant = opening_of(contest, "prelim")
    return contest


@pytest.fixture
def judges(contest):
    judges = make_panel(contest)
    judges[0].name = LONGEST
    return judges


@pytest.fixture
def staff(contest):
    return [make_staff(contest, "secretary") for _ in range(2)]


@pytest.fixture
def assignment(contest, judges, clock):
    entry = make_accepted(contest, title="Kanari trên giấy", author_name="Tác Giả Kanari")
    return assign_one(entry=entry, round_id="prelim", judge=judges[0], actor=judges[0], now=clock.instant)


@pytest.fixture
def base(contest):
    return f"/ban-to-chuc/{contest.slug}/cham/phieu-giay"


def as_(client, person):
    client.delete_cookie("session")
    sign_in(client, person)
    return client


def typed(contest, total=80, **more):
    marks = spread_marks(contest, total)
    return {f"mark-{criterion}": str(mark).replace(".", ",") for criterion, mark in marks.items()} | more


def words(pdf):
    document = pypdfium2.PdfDocument(pdf)
    return [page.get_textpage().get_text_range().replace("\r\n", " ") for page in document]


# Printing


def test_blank_sheets_of_a_judge(client, contest, judges, staff, assignment):
    other = give(make_accepted(contest), judges[1])
    done = give(make_accepted(contest), judges[0])
    finalise(done, 50)
    judge = judges[0].public_id
    db.session.commit()
    at = f"/ban-to-chuc/{contest.slug}/cham/prelim/A/phieu-giay.pdf"
    answer = as_(client, staff[0]).get(f"{at}?giam-khao={judge}")
    assert answer.mimetype == "application/pdf"
    pages = words(answer.data)
    assert len(pages) == 1, "one sheet of the demonstration's rubric fits on a page"
    [page] = pages
    assert assignment.entry.blind_code in page and sheet_code(assignment.public_id) in page
    for word in LONGEST.split():
        assert word in page
    for criterion in contest.rules.rubric.criteria:
        assert criterion.id in page
    assert "Kanari" not in page and other.entry.blind_code not in page and done.entry.blind_code not in page
    whole = " ".join(words(client.get(at).data))
    assert assignment.entry.blind_code in whole and other.entry.blind_code in whole
    for odd in ("?phan=2", "?phan=0000000000000", "?phan=x", "?giam-khao=zzzzzzzzzzzzzz"):
        assert client.get(at + odd).status_code in (200, 404)
    assert client.get(at + "?phan=2").status_code == 404


def test_a_panel_is_printed_in_bounded_parts(client, contest, judges, staff, monkeypatch):
    monkeypatch.setattr("contest.judging.views_paper.PRINTED_AT_ONCE", 2)
    for _ in range(3):
        give(make_accepted(contest), judges[1])
    db.session.commit()
    at = f"/ban-to-chuc/{contest.slug}/cham/prelim/A/phieu-giay.pdf"
    as_(client, staff[0])
    assert [len(words(client.get(f"{at}?phan={part}").data)) for part in (1, 2)] == [2, 1]


# Finding and typing


def test_two_people_type_a_sheet_in(client, contest, judges, staff, assignment, base):
    code = sheet_code(assignment.public_id)
    page = f"{base}/{assignment.public_id}"
    db.session.commit()
    as_(client, staff[0])
    assert client.get(f"{base}?ma={code.lower()}").location == page
    shown = client.get(page).get_data(as_text=True)
    assert "Kanari" not in shown and LONGEST in shown
    saved = client.post(f"{page}/luu", data=typed(contest, 79, version="0", comment="Bí mật lần một"))
    assert saved.json["version"] == 1
    unsigned = client.post(page, data=typed(contest, 80, act="done", version="1"))
    assert unsigned.status_code == 422
    done = typed(contest, 80, act="done", version="1", signed="1", comment="Bí mật lần một")
    assert client.post(page, data=done).status_code == 303
    assert 'name="mark-' not in client.get(page).get_data(as_text=True), "the first waits for the second"
    assert client.post(page, data={**done, "version": "2"}).status_code == 422

    as_(client, staff[1])
    blank = client.get(page).get_data(as_text=True)
    assert "Bí mật" not in blank and not re.search(r'name="mark-[^"]*"[^>]*value="\d', blank)
    second = {**done, "version": re.search(r'name="version"[^>]*value="(\d+)"', blank)[1], "comment": "bí mật lần một."}
    assert client.post(page, data=second).status_code == 303
    after = client.get(page).get_data(as_text=True)
    assert "Bí mật" not in after and 'name="mark-' not in after
    revision = db.session.scalars(select(SheetRevision)).one()
    assert (revision.total, revision.source) == (80, "paper")
    own = as_(client, judges[0]).get(f"/cham/{contest.slug}").get_data(as_text=True)
    assert "80" in own


def test_differences_are_settled_by_one_of_the_two(client, contest, staff, assignment, base):
    third = make_staff(contest, "organiser")
    page = f"{base}/{assignment.public_id}"
    type_in(assignment, staff[0])
    type_in(assignment, staff[1], C1=12.5)
    db.session.commit()
    assert "12,5" not in as_(client, third).get(page).get_data(as_text=True)
    shown = as_(client, staff[0]).get(page).get_data(as_text=True)
    assert "12,5" in shown and "choose-mark-C1" in shown and "choose-mark-C2" not in shown
    version = re.search(r'name="version"[^>]*value="(\d+)"', shown)[1]
    assert client.post(page, data={"act": "settle", "version": version}).status_code == 422
    settled = {"act": "settle", "version": version, "choose-mark-C1": "second"}
    assert client.post(page, data=settled).status_code == 303
    assert db.session.scalars(select(SheetRevision)).one().total == 72.5


def test_what_is_typed_is_never_lost(client, contest, staff, assignment, base):
    page = f"{base}/{assignment.public_id}"
    db.session.commit()
    answer = as_(client, staff[0]).post(
        page, data={"act": "done", "mark-C1": "7,5", "mark-C2": "mười", "signed": "1", "version": "0"}
    )
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="7,5"' in shown and 'value="mười"' in shown
    assert re.search(r'id="signed"[^>]*checked', shown)
    # And what fits is there the next time.
    assert 'value="7,5"' in client.get(page).get_data(as_text=True)


def test_lists_show_where_sheets_are_and_no_mark(client, contest, judges, staff, assignment, base):
    type_in(assignment, staff[0], 73)
    db.session.commit()
    as_(client, staff[1])
    for path in (base, f"{base}?giam-khao={judges[0].public_id}", f"{base}?ma={assignment.entry.blind_code}"):
        answer = client.get(path, follow_redirects=True)
        shown = answer.get_data(as_text=True)
        assert answer.status_code == 200
        assert "Kanari" not in shown and not re.search(r"\b73\b", shown)
    for odd in ("?ma=" + "x" * 500, "?ma=%25%25%25%25", "?ma=ZZZZZZZZ"):
        assert client.get(base + odd).status_code == 200
    judge = judges[0].public_id
    for odd in ("?giam-khao=zzz", "?round=zzz", f"?giam-khao={judge}&hang-muc=zzz", "/%00", "/zzz", "/" + "z" * 14):
        assert client.get(base + odd).status_code == 404


def test_judges_and_the_head_of_jury_have_no_part_in_it(client, contest, judges, assignment, base):
    people = [judges[0], make_staff(contest, "chair"), assignment.entry.author]
    paths = [base, f"{base}/{assignment.public_id}", f"/ban-to-chuc/{contest.slug}/cham/prelim/A/phieu-giay.pdf"]
    db.session.commit()
    for person in people:
        for path in paths:
            assert as_(client, person).get(path).status_code == 404


def test_a_sheet_of_another_contest_is_not_found(client, contest, assignment):
    other = make_contest(1)
    secretary = make_staff(other, "secretary")
    db.session.commit()
    path = f"/ban-to-chuc/{other.slug}/cham/phieu-giay"
    assert as_(client, secretary).get(f"{path}/{assignment.public_id}").status_code == 404
    shown = client.get(f"{path}?ma={sheet_code(assignment.public_id)}")
    assert shown.status_code == 200 and assignment.entry.blind_code not in shown.get_data(as_text=True)
