"""The list as a spreadsheet: the rows that were asked for, no formula, on record."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
import zipfile

import openpyxl
import pytest
from sqlalchemy import select

from contest.audit.models import AuditRow
from contest.core.db import db
from contest.core.workbooks import safe_text
from contest.screening.export import HEADINGS
from tests.factories import make_contest, make_staff, make_user, sign_in
from tests.factories.entries import make_accepted, make_submitted

EVIL = ("=1+1", "+84 912", "-2+3", "@SUM(A1)", '=HYPERLINK("http://x.example","y")', "=cmd|' /C calc'!A0")
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.mark.parametrize("text", [*EVIL, "\tx", "\rx"])
def test_dangerous_beginnings_are_disarmed(text):
    assert safe_text(text) == f"'{text}"


def test_ordinary_text_stays_as_it_is():
    assert safe_text("Đồi cằn trổ hoa = hạnh phúc") == "Đồi cằn trổ hoa = hạnh phúc"
    assert safe_text("") == ""


def test_two_readers_find_no_formula(app, client):
    contest = make_contest()
    for number, text in enumerate(EVIL):
        make_submitted(contest, make_user(f"{text} {number}"), title=text, pen_name=text, exemplar_name=text)
    make_accepted(contest, title="Khác")
    sign_in(client, make_staff(contest, "secretary"))
    address = f"/ban-to-chuc/{contest.slug}/bai-du-thi/bang-tinh"
    answer = client.post(f"{address}?trang-thai=submitted")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "no-store" in answer.headers["Cache-Control"]
    content = answer.get_data()
    book = openpyxl.load_workbook(io.BytesIO(content))
    rows = list(book.active.iter_rows())
    assert len(rows) == 1 + len(EVIL)
    assert len(rows[0]) == len(HEADINGS)
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n", "d", "inlineStr"}
    titles = [row[0].value for row in rows[1:]]
    assert titles == [f"'{text}" for text in EVIL]
    assert not any(str(cell.value).startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    # The second reader is the file itself: no formula, no link, no macro, in any part of it.
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for name in parts.namelist():
            assert not name.endswith((".bin", ".vml"))
            if name.endswith(".xml"):
                root = ET.fromstring(parts.read(name))
                assert not list(root.iter(f"{MAIN}f")), name
                assert not list(root.iter(f"{MAIN}hyperlink")), name
    row = db.session.scalars(select(AuditRow).where(AuditRow.verb == "screening.export")).one()
    assert row.details["rows"] == len(EVIL)
    assert row.details["arguments"] == {"trang-thai": "submitted"}


def test_an_empty_list_is_a_file_too(app, client):
    contest = make_contest()
    sign_in(client, make_staff(contest, "organiser"))
    answer = client.post(f"/en/ban-to-chuc/{contest.slug}/bai-du-thi/bang-tinh?tim=khong+co")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.get_data())).active
    assert sheet["A1"].value == "Title"
    assert sheet.max_row == 1
