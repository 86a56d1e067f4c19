"""The operator's pages of units, and how a unit's old name is shown elsewhere."""

from __future__ import annotations

from datetime import date

import pytest
from flask import g

from contest.accounts.models import SiteRole
from contest.core import clock as clocks
from contest.core.db import db
from contest.units import changes
from contest.units.models import Unit
from contest.units.views import unit_then
from tests.conftest import START
from tests.factories import make_contest, make_unit, make_user, sign_in
from tests.factories.entries import make_draft


@pytest.fixture
def operator(app, client):
    person = make_user(terms_version="2027-01", terms_accepted_at=START)
    person.roles.append(SiteRole(name="operator"))
    sign_in(client, person)
    return person


def test_a_unit_is_added_renamed_merged_and_found_by_its_old_name(client, operator):
    base = "/don-vi-hanh-chinh"
    keep = make_unit("xã Còn Lại")
    db.session.commit()
    answer = client.post(f"{base}/them", data={
        "name": "Xã Đá Lăn", "kind": "commune", "level": "xa_phuong_dac_khu", "on": "01/01/2020"})  # fmt: skip
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("/xa-da-lan")
    page = f"{base}/xa-da-lan"
    assert client.post(f"{page}/doi-ten", data={"name": "Xã Đá Lăn Mới", "on": "01/01/2021"}).status_code == 303
    answer = client.post(f"{page}/nhap-vao", data={"into": "", "on": "01/07/2025"})
    assert answer.status_code == 422
    assert "01/07/2025" in answer.text
    data = {"into": keep.code, "on": "02/07/2025", "decision": "NQ 1/2025"}
    assert client.post(f"{page}/nhap-vao", data=data).status_code == 303
    answer = client.get(f"{base}?q=da+lan")
    assert "nay thuộc" in answer.text
    assert keep.name in answer.text
    assert "Xã Đá Lăn</a>" in client.get(f"{base}?ngay=31/12/2020").text
    assert "Xã Đá Lăn Mới</a>" in client.get(f"{base}?ngay=01/07/2025").text
    assert "Xã Đá Lăn" not in client.get(f"{base}?ngay=02/07/2025").text


@pytest.mark.parametrize(
    ("act", "data"),
    [
        ("doi-ten", {"name": "", "on": "01/01/2026"}),
        ("doi-ten", {"name": "Xã Mới", "on": "hôm qua"}),
        ("doi-ten", {"name": "Xã Mới", "on": "01/01/2029"}),
        ("nhap-vao", {"on": "01/01/2026"}),
        ("tach", {"on": "01/01/2026", "share_1": "x"}),
        ("xep", {"tree": "no", "on": "01/01/2026"}),
    ],
)
def test_a_form_that_is_refused_comes_back_with_what_was_typed(client, operator, act, data):
    unit = make_unit()
    db.session.commit()
    answer = client.post(f"/don-vi-hanh-chinh/{unit.code}/{act}", data=data)
    assert answer.status_code == 422
    assert data["on"] in answer.text


def test_a_split_with_shares_and_a_place_in_a_bloc(client, operator):
    old, one, two = make_unit(), make_unit(), make_unit()
    db.session.commit()
    page = f"/don-vi-hanh-chinh/{old.code}"
    data = {"tree": "bloc", "parent": two.code, "on": "01/08/2025"}
    assert client.post(f"{page}/xep", data=data).status_code == 303
    data = {"into_1": one.code, "share_1": "40", "into_2": two.code, "share_2": "60 %", "on": "01/01/2026"}
    assert client.post(f"{page}/tach", data=data).status_code == 303
    assert db.session.get(Unit, old.id).successor_id == two.id
    assert "60 %" in client.get(page).text
    assert client.get("/don-vi-hanh-chinh?cay=bloc&ngay=01/08/2025").text.count(old.code) == 1
    assert old.code not in client.get("/don-vi-hanh-chinh?cay=bloc").text


def test_a_unit_keeps_its_name_of_the_day_and_tells_what_it_belongs_to(app):
    old, new, renamed = make_unit("xã Cũ"), make_unit("xã Mới"), make_unit("xã Một")
    changes.merge_units(units=[old], into=new, on=date(2026, 3, 1), actor=None, now=START)
    changes.rename_unit(unit=renamed, name="xã Hai", name_en="", on=date(2026, 3, 1), actor=None, now=START)
    with app.test_request_context("/"):
        g.now = clocks.now()
        assert unit_then(new) == "xã Mới"
        assert unit_then(old, date(2026, 1, 1)) == "xã Cũ (nay thuộc xã Mới)"
        assert unit_then(renamed, date(2026, 1, 1)) == "xã Một (nay là xã Hai)"
        assert unit_then(renamed, date(2026, 3, 1)) == "xã Hai"
        assert unit_then(None) == "–"


def test_a_writer_chooses_by_an_old_name_and_is_told_about_an_old_address(client, app):
    old, new = make_unit("xã Đỉnh Bàn"), make_unit("xã Thạch Khê")
    changes.merge_units(units=[old], into=new, on=date(2026, 3, 1), actor=None, now=START)
    entry = make_draft(make_contest())
    db.session.commit()
    sign_in(client, entry.author)
    page = f"/viet/{entry.public_id}/thong-tin"
    assert "xã Đỉnh Bàn – nay thuộc xã Thạch Khê" in client.get(page).text
    data = {
        "version": str(entry.facts_version),
        "exemplar_unit": f"{old.code}>{new.code}",
        "exemplar_name": "Ông Sáu",
        "exemplar_address": "xóm 3, xã Đỉnh Bàn, huyện Thạch Hà",
        "author_name": entry.author_name,
        "author_unit": old.code,
    }
    assert client.post(page, data=data).status_code == 303
    db.session.rollback()
    assert entry.exemplar.unit_id == new.id
    assert entry.author_unit_id is None  # what no longer exists cannot be chosen by its code
    text = client.get(page).text
    assert "xã Đỉnh Bàn nay thuộc xã Thạch Khê." in text
