"""Names, numbers and addresses in disguise are found; what only looks like them is not."""

from __future__ import annotations

import unicodedata

import pytest

from contest.screening.leaks import Identity, identity_leaks, leaks_in, phone_hits
from tests.factories import make_contest, make_unit, make_user
from tests.factories.entries import make_draft

HAU = Identity(
    "author",
    names=("Nguyễn Thị Thu Hậu",),
    pen_names=("Mây Trắng",),
    phones=("0912 345 678",),
    emails=("thuhau.nguyen@an-lam.example",),
    units=("xã Khe Ngọn",),
    addresses=("thôn Đá Bạc, xã Khe Ngọn",),
)

DECOMPOSED = unicodedata.normalize("NFD", "Nguyễn Thị Thu Hậu")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tôi là Nguyễn Thị Thu Hậu, giáo viên.", {("name", "Nguyễn Thị Thu Hậu")}),
        ("tac gia: nguyen thi thu hau", {("name", "nguyen thi thu hau")}),
        ("NGUYỄN-THỊ-THU-HẬU", {("name", "NGUYỄN-THỊ-THU-HẬU")}),
        ("N g u y ễ n  T h ị  T h u  H ậ u", {("name", "N g u y ễ n  T h ị  T h u  H ậ u")}),
        ("NguyenThiThuHau viết", {("name", "NguyenThiThuHau")}),
        ("nguyenthithuhau_baiduthi.docx", {("name", "nguyenthithuhau")}),
        ("Nguyễn_Thị_Thu_Hậu-2027.docx", {("name", "Nguyễn_Thị_Thu_Hậu")}),
        (
            "Nguye\u0302\u0303n Thi\u0323 Thu Ha\u0323\u0302u",
            {("name", "Nguye\u0302\u0303n Thi\u0323 Thu Ha\u0323\u0302u")},
        ),
        ("Cô giáo Thu Hậu kể lại.", {("part", "Thu Hậu")}),
        ("mùa thu hậu phương", set()),
        ("Ký tên: N.T.T.H.", {("initials", "N.T.T.H")}),
        ("Ký tên: N. T. T. H.", {("initials", "N. T. T. H")}),
        ("(NTTH)", {("initials", "NTTH")}),
        ("Bệnh viện NTTHA", set()),
        ("ngày tháng tư hôm ấy", set()),
        ("gọi 0912345678", {("phone", "0912345678")}),
        ("gọi 0912.345.678 nhé", {("phone", "0912.345.678")}),
        ("gọi 09 12 34 56 78", {("phone", "09 12 34 56 78")}),
        ("+84 (912) 345-678", {("phone", "+84 (912) 345-678")}),
        ("gọi 0912 345 679", set()),
        ("từ 1912 đến 1945, 678 người", set()),
        ("thư: thuhau.nguyen@an-lam.example", {("email", "thuhau.nguyen@an-lam.example")}),
        ("THUHAU.NGUYEN (at) an-lam . example", {("email", "THUHAU.NGUYEN (at) an-lam . example")}),
        ("thuhau.nguyen a còng an-lam.example", {("email", "thuhau.nguyen a còng an-lam.example")}),
        ("facebook thuhau.nguyen", {("email", "thuhau.nguyen")}),
        ("bút danh may trang", {("pen_name", "may trang")}),
        ("ở XÃ KHE NGỌN", {("unit", "XÃ KHE NGỌN")}),
        ("khe suối, ngọn đồi", set()),
        ("nhà tôi ở thôn Đá Bạc, xã Khe Ngọn", {("unit", "xã Khe Ngọn"), ("address", "thôn Đá Bạc, xã Khe Ngọn")}),
        ("", set()),
    ],
)
def test_disguises(text, expected):
    assert {(leak.what, leak.phrase) for leak in leaks_in(text, "body", [HAU])} == expected


def test_one_word_is_a_name_only_as_it_is_written():
    lan = Identity("author", names=("Lan",), pen_names=("Thu",))
    assert {leak.phrase for leak in leaks_in("Hoa lan nở, Lan vui. Mùa thu, Thu về.", "body", [lan])} == {"Lan", "Thu"}


@pytest.mark.parametrize("phone", ["", "12345", "abc"])
def test_a_number_that_is_none_is_not_looked_for(phone):
    assert phone_hits("12345 và 0912345678", phone) == []


def test_everywhere_and_everybody(app):
    entry = make_draft(
        make_contest(),
        make_user("Nguyễn Thị Thu Hậu"),
        title="Bài của nguyen thi thu hau",
        body="Mẹ tôi là bà Phạm Thị Giám Hộ.",
        author_unit=make_unit("xã Khe Ngọn"),
    )
    entry.guardian_name, entry.guardian_phone = "Phạm Thị Giám Hộ", "0987 654 321"
    entry.photos[0].caption = "Ảnh: xã Khe Ngọn"
    entry.photos[0].alt = "Số 0987.654.321 trên bảng"
    found = {(leak.whose, leak.what, leak.where) for leak in identity_leaks(entry)}
    assert {
        ("author", "name", "title"),
        ("guardian", "name", "body"),
        ("author", "unit", "caption"),
        ("guardian", "phone", "alt"),
    } <= found


def test_what_is_the_exemplars_too_tells_nothing(app):
    unit = make_unit("xã Khe Ngọn")
    entry = make_draft(make_contest(), body="Ở xã Khe Ngọn, thôn Đá Bạc.", unit=unit, author_unit=unit)
    entry.author_address = "Thôn Đá Bạc"
    assert [leak for leak in identity_leaks(entry) if leak.what in {"unit", "address"}] == []
