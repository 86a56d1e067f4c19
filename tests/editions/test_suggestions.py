"""Private details found by their shape, and texts compared word by word. Pure."""

from __future__ import annotations

import pytest

from contest.editions.differences import ADDED, KEPT, TAKEN, differences
from contest.editions.suggestions import suggest


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Gọi 0912.345.678 hoặc +84 912 345 678.", {("phone", "0912.345.678"), ("phone", "+84 912 345 678")}),
        ("Thư: lan.anh@an-lam.example nhé", {("mail", "lan.anh@an-lam.example")}),
        ("Nhà ở số nhà 12, đường Trần Phú", {("address", "số nhà 12"), ("address", "đường Trần Phú")}),
        ("số 12/5 đường Lê Lợi", {("address", "số 12/5 đường Lê Lợi")}),
        ("ở xóm Đồng Vệ, thôn 7", {("address", "xóm Đồng Vệ"), ("address", "thôn 7")}),
        ("căn cước 012345678901", {("number", "012345678901")}),
        ("Năm 2027 thu 120.000.000 đồng, 150 hộ, 3.500 m2", set()),
        ("đứng số 3 trong danh sách, đường về nhà xa", set()),
    ],
)
def test_what_is_found(text, found):
    assert {(each.kind, each.phrase) for each in suggest([text])} == found


def test_children_are_looked_for_where_children_are_concerned():
    text = "Em Lò Văn Bảo học lớp 5A trường Tiểu học Khe Ngọn, sinh 12/5/2015."
    assert suggest([text]) == []
    found = suggest([text], children=["Lò Văn Bảo"], about_children=True)
    assert {(each.kind, each.phrase) for each in found} == {
        ("child", "Lò Văn Bảo"),
        ("school", "lớp 5A"),
        ("school", "trường Tiểu học Khe Ngọn"),
        ("birth", "12/5/2015"),
    }
    assert found[0].before.endswith("học ") or found[0].before


def test_a_phrase_is_listed_once_with_its_count():
    (found,) = suggest(["Gọi 0912345678.", "Gọi 0912345678 nhé"])
    assert (found.count, found.before, found.after) == (2, "Gọi ", ".")


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ("một hai ba", "một hai ba", [KEPT]),
        ("một hai ba", "một ba", [KEPT, TAKEN, KEPT]),
        ("một ba", "một hai ba", [KEPT, ADDED, KEPT]),
        ("một", "hai", [TAKEN, ADDED]),
        ("", "", []),
    ],
)
def test_differences(before, after, kinds):
    pieces = differences(before, after)
    assert [piece.kind for piece in pieces] == kinds
    assert "".join(piece.text for piece in pieces if piece.kind != ADDED) == before
    assert "".join(piece.text for piece in pieces if piece.kind != TAKEN) == after
