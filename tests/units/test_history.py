"""Units in time: names and places on a day, what became of them, old names that still find them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from contest.audit.models import AuditRow
from contest.core.db import db
from contest.core.errors import Refused
from contest.units import changes, history
from contest.units.changes import Part
from contest.units.models import Unit
from contest.units.services import load_units
from tests.conftest import START
from tests.factories import make_unit

DAY = date(2026, 3, 1)
EVE = DAY - timedelta(days=1)
TODAY = date(2027, 3, 20)


def rename(unit: Unit, name: str, on: date = DAY) -> None:
    changes.rename_unit(unit=unit, name=name, name_en="", on=on, actor=None, now=START)


def merge(unit: Unit, into: Unit, on: date = DAY) -> None:
    changes.merge_units(units=[unit], into=into, on=on, actor=None, now=START)


def test_a_name_holds_to_its_last_day_and_not_on_the_day_after(app):
    unit = make_unit("xã Đá Bạc")
    rename(unit, "xã Đá Vàng")
    rename(unit, "xã Đá Đỏ", on=date(2026, 9, 1))
    past = history.past_of([unit.id])
    assert [past.name(unit, day) for day in (EVE, DAY, date(2026, 8, 31), date(2026, 9, 1))] == [
        "xã Đá Bạc",
        "xã Đá Vàng",
        "xã Đá Vàng",
        "xã Đá Đỏ",
    ]
    assert past.name(unit, date(1990, 1, 1)) == "xã Đá Bạc"
    assert unit.renamed_on == date(2026, 9, 1)


@pytest.mark.parametrize("on", [date(2025, 7, 1), date(2025, 1, 1)])
def test_a_unit_is_not_renamed_before_its_second_day(app, on):
    with pytest.raises(Refused, match="has existed since"):
        rename(make_unit(), "xã Mới", on)


def test_a_second_renaming_comes_after_the_first(app):
    unit = make_unit()
    rename(unit, "xã Một")
    with pytest.raises(Refused, match="has borne its name"):
        rename(unit, "xã Hai", on=DAY)
    rename(unit, "xã Hai", on=DAY + timedelta(days=1))


def test_a_merged_unit_exists_to_the_eve_and_belongs_to_the_other_from_the_day(app):
    old, new = make_unit("xã Cũ"), make_unit("xã Mới")
    merge(old, new)
    assert history.holds_on(old.valid_from, old.valid_to, EVE)
    assert not history.holds_on(old.valid_from, old.valid_to, DAY)
    past = history.past_of()
    assert past.successors(old, EVE) == [old]
    assert past.successors(old, DAY) == [new]
    row = db.session.query(AuditRow).filter_by(verb="units.merge").one()
    assert row.object_id == old.code


def test_the_same_rule_in_python_and_in_sql(app):
    old = make_unit()
    merge(old, make_unit())
    for day in (date(2025, 6, 30), date(2025, 7, 1), EVE, DAY):
        found = db.session.query(Unit).filter(Unit.id == old.id, history.valid_on(Unit.valid_from, Unit.valid_to, day))
        assert (found.one_or_none() is not None) == history.holds_on(old.valid_from, old.valid_to, day)


def test_a_split_goes_to_several_the_largest_share_first_and_chains_are_followed(app):
    old, small, large, last = make_unit(), make_unit(), make_unit(), make_unit()
    changes.split_unit(unit=old, parts=[Part(small, 30), Part(large, 70)], on=DAY, actor=None, now=START)
    assert old.successor is large
    assert history.past_of().successors(old, DAY) == [large, small]
    merge(large, last, on=date(2026, 9, 1))
    assert set(history.past_of().successors(old, TODAY)) == {small, last}
    assert history.past_of().successors(old, date(2026, 8, 31)) == [large, small]


@pytest.mark.parametrize("shares", [(60, 50), (0, 10), (101, None)])
def test_shares_are_per_cents_of_one_whole(app, shares):
    parts = [Part(make_unit(), share) for share in shares]
    with pytest.raises(Refused, match="Shares"):
        changes.split_unit(unit=make_unit(), parts=parts, on=DAY, actor=None, now=START)


def test_nothing_becomes_part_of_itself_or_of_what_is_gone(app):
    old, new = make_unit(), make_unit()
    with pytest.raises(Refused, match="itself"):
        merge(old, old)
    merge(old, new)
    with pytest.raises(Refused, match="does not exist"):
        merge(new, old)
    with pytest.raises(Refused, match="has not existed"):
        merge(old, make_unit())
    with pytest.raises(Refused, match="does not exist"):
        merge(make_unit(), make_unit(valid_from=date(2026, 3, 2)))


def test_what_stood_under_a_merged_unit_stands_under_its_heir(app):
    top, old, heir = make_unit(), make_unit(), make_unit()
    for unit in (old, heir):
        unit.parent = top
    child = make_unit()
    child.parent = old
    merge(old, heir)
    assert history.ancestors(child, EVE) == [old, top]
    assert history.ancestors(child, DAY) == [heir, top]


def test_a_unit_stands_in_several_trees_with_days_of_its_own(app):
    unit, bloc, other = make_unit(), make_unit(), make_unit()
    for parent, on in ((bloc, DAY), (other, date(2026, 9, 1))):
        changes.place_unit(unit=unit, tree="bloc", parent=parent, on=on, actor=None, now=START)
    assert [history.ancestors(unit, day, "bloc") for day in (EVE, DAY, date(2026, 8, 31), date(2026, 9, 1))] == [
        [],
        [bloc],
        [bloc],
        [other],
    ]
    assert history.ancestors(unit, DAY, "sector") == []
    changes.place_unit(unit=unit, tree="bloc", parent=None, leave=True, on=date(2027, 1, 1), actor=None, now=START)
    assert unit.id not in history.places_on("bloc", date(2027, 1, 1))
    with pytest.raises(Refused, match="placed later"):
        changes.place_unit(unit=unit, tree="bloc", parent=bloc, on=DAY, actor=None, now=START)


@pytest.mark.parametrize("tree", ["territory", "sector", "organisation", "bloc"])
def test_no_tree_has_a_circle(app, tree):
    one, two, three = make_unit(), make_unit(), make_unit()
    for unit, parent in ((two, one), (three, two)):
        changes.place_unit(unit=unit, tree=tree, parent=parent, on=DAY, actor=None, now=START)
    for parent in (one, two, three):
        with pytest.raises(Refused, match="stands under"):
            changes.place_unit(unit=one, tree=tree, parent=parent, on=TODAY, actor=None, now=START)


def test_the_place_of_before_is_kept_in_the_territory(app):
    unit, first, second = make_unit(), make_unit(), make_unit()
    unit.parent = first
    changes.place_unit(unit=unit, tree="territory", parent=second, on=DAY, actor=None, now=START)
    assert history.ancestors(unit, EVE) == [first]
    assert history.ancestors(unit, DAY) == [second]
    lines = {line.unit.id: line.depth for line in history.tree_on("territory", DAY)}
    assert (lines[second.id], lines[unit.id]) == (0, 1)


def test_old_names_find_what_they_became_without_marks(app):
    old, new, renamed = make_unit("xã Đỉnh Bàn"), make_unit("xã Thạch Khê"), make_unit("xã Vàm Đước")
    merge(old, new)
    rename(renamed, "xã Vàm Đước Đôi")
    (found,) = history.search_units("dinh ban", TODAY)
    assert (found.unit, list(found.now)) == (old, [new])
    (found,) = history.search_units("VAM DUOC", TODAY)
    assert found.unit is renamed
    assert history.search_units("", TODAY) == history.search_units("%", TODAY) == []
    lines = {line.name: line.unit for line in history.former_names(TODAY)}
    assert lines == {"xã Đỉnh Bàn": new, "xã Vàm Đước": renamed}
    assert {line.name for line in history.former_names(EVE)} == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("thôn 3, xã Đỉnh Bàn, huyện Thạch Hà", ["xã Đỉnh Bàn"]),
        ("thon 3, xa dinh ban", ["xã Đỉnh Bàn"]),
        ("thôn 3, Đỉnh Bàn", ["xã Đỉnh Bàn"]),
        ("thôn 3, đỉnh bàn thờ", []),
        ("thôn 3, xã Thạch Khê", []),
        ("thôn 3, huyện Thạch Hà", ["huyện"]),
        ("", []),
    ],
)
def test_an_old_address_is_told_its_new_unit(app, text, expected):
    old, new = make_unit("xã Đỉnh Bàn"), make_unit("xã Thạch Khê")
    merge(old, new)
    found = history.old_places(text, TODAY)
    assert [place.name for place in found] == expected
    assert all(list(place.now) == [new] for place in found if place.name.startswith("xã"))


def test_loading_a_tree_brings_its_past_along(app):
    base = {"kind": "commune", "level": "xa_phuong_dac_khu", "valid_from": "2025-07-01"}
    rows = [
        {**base, "id": "moi", "name": "Xã Mới", "former_names": [
            {"name": "Xã Tên Cũ", "valid_from": "2025-07-01", "valid_to": "2026-03-01"}]},
        {**base, "id": "cu", "name": "Xã Cũ", "valid_from": "2000-01-01", "valid_to": "2025-07-01", "successor": "moi"},
        {**base, "id": "khoi", "name": "Khối một", "kind": "organisation", "level": "so_nganh_doan_the_khoi"},
        {**base, "id": "so", "name": "Sở Một", "kind": "department", "level": "so_nganh_doan_the_khoi",
         "places": [{"tree": "bloc", "parent": "khoi", "valid_from": "2026-01-01"}]},
    ]  # fmt: skip
    for _ in range(2):  # loading again changes nothing
        load_units(rows=rows, actor=None, now=START)
    units = {unit.code: unit for unit in db.session.query(Unit)}
    past = history.past_of()
    assert past.name(units["moi"], EVE) == "Xã Tên Cũ"
    assert past.successors(units["cu"], TODAY) == [units["moi"]]
    assert history.ancestors(units["so"], TODAY, "bloc") == [units["khoi"]]


@pytest.mark.parametrize(
    "row",
    [
        {"places": [{"tree": "family", "parent": None, "valid_from": "2026-01-01"}]},
        {"places": [{"tree": "bloc", "parent": "ai-do", "valid_from": "2026-01-01"}]},
    ],
    ids=["no such tree", "no such unit"],
)
def test_a_tree_that_does_not_hold_together_is_not_loaded(app, row):
    unit = {"id": "so", "name": "Sở Một", "kind": "department", "level": "so_nganh_doan_the_khoi"}
    with pytest.raises(Refused):
        load_units(rows=[{**unit, "valid_from": "2025-07-01", **row}], actor=None, now=START)


@pytest.mark.parametrize(
    ("kind", "level"), [("village", "xa_phuong_dac_khu"), ("commune", "thon")], ids=["kind", "level"]
)
def test_a_unit_has_a_kind_and_a_level_that_are_known(app, kind, level):
    with pytest.raises(Refused):
        changes.add_unit(
            name="Xã Mới", name_en="", kind=kind, level=level, parent=None, valid_from=DAY, actor=None, now=START
        )


def test_a_name_has_a_bound_and_a_split_has_two_different_parts(app):
    unit, one = make_unit("xã Đá Bạc"), make_unit("xã Đá Một")
    rename(unit, "Đ" * 200)
    with pytest.raises(Refused):
        rename(unit, "Đ" * 201, on=date(2026, 9, 1))
    for parts in ([], [Part(one)], [Part(one, 60), Part(one, 40)]):
        with pytest.raises(Refused):
            changes.split_unit(unit=unit, parts=parts, on=DAY, actor=None, now=START)
