"""Addresses in one form, passwords that are refused, ways back that stay on this site."""

from __future__ import annotations

import re

import pytest
import segno

from contest.accounts.addresses import canonical, canonical_email, canonical_phone, find_canonical, masked, shown
from contest.accounts.passwords import hash_password, verify_password
from contest.accounts.rules import check_password, local_path, typed_code
from contest.core.errors import Refused
from contest.core.qr import qr_path


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0912345678", "+84912345678"),
        ("0912 345 678", "+84912345678"),
        ("0912.345.678", "+84912345678"),
        ("(091) 234-5678", "+84912345678"),
        ("+84912345678", "+84912345678"),
        ("+84 0912 345 678", "+84912345678"),
        ("84912345678", "+84912345678"),
        ("0084 912345678", "+84912345678"),
        # Eleven digits until 2018, one of each operator.
        ("01632345678", "+84332345678"),
        ("01692345678", "+84392345678"),
        ("01202345678", "+84702345678"),
        ("01282345678", "+84782345678"),
        ("01232345678", "+84832345678"),
        ("01292345678", "+84822345678"),
        ("01862345678", "+84562345678"),
        ("01992345678", "+84592345678"),
        ("+841632345678", "+84332345678"),
    ],
)
def test_phones_have_one_form(typed, kept):
    assert canonical_phone(typed) == canonical(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0",
        "113",
        "19001234",
        "02438251234",
        "091234567",
        "09123456789",
        "+12025550100",
        "0912 345 67a",
        "٠٩١٢٣٤٥٦٧٨",
        "0912345678;ext=1",
        "tel:0912345678",
        "+84",
        "0" * 4000,
        "\x000912345678",
    ],
)
def test_what_is_no_vietnamese_mobile_number_is_refused(typed):
    with pytest.raises(Refused):
        canonical_phone(typed)
    assert find_canonical(typed) is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("nam@gmail.com", "nam@gmail.com"),
        (" Nam.Tran@GMAIL.com ", "nam.tran@gmail.com"),
        ("NAM@An-Lam.Example", "nam@an-lam.example"),
        ("a@bücher.de", "a@xn--bcher-kva.de"),
    ],
)
def test_mail_addresses_have_one_form(typed, kept):
    assert canonical_email(typed) == canonical(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "@",
        "a@",
        "@b.vn",
        "a b@c.vn",
        "a@b",
        "a@b.vn, c@d.vn",
        "a@b.vn\r\nBcc: c@d.vn",
        "thuyền@x.vn",
        '"a b"@c.vn',
        "a@b.vn\x00",
        "a" * 400 + "@b.vn",
        "a@" + "b" * 400 + ".vn",
        "a@[127.0.0.1]",
    ],
)
def test_what_is_no_mail_address_is_refused(typed):
    with pytest.raises(Refused):
        canonical_email(typed)
    assert find_canonical(typed) is None


def test_addresses_are_shown_as_people_write_them():
    assert shown("+84912345678") == "0912 345 678"
    assert shown("nam@gmail.com") == "nam@gmail.com"
    assert masked("+84912345678") == "09…678"
    assert masked("nam@gmail.com") == "n…@gmail.com"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("ngắn quá", "password_short"),
        ("x" * 201, "password_long"),
        ("1234567890", "password_common"),
        ("matkhau123", "password_common"),
        ("Mật Khẩu 123", "password_common"),
        ("aaaaaaaaaaaa", "password_common"),
        ("qwertyuiop", "password_common"),
        ("01234567890123", "password_common"),
        ("nguyenvanan1", "password_about"),
        ("Nguyễn Văn An!", "password_about"),
        ("0912345678a", "password_about"),
        ("namtran.bt99", "password_about"),
    ],
)
def test_weak_passwords_are_refused(password, code):
    with pytest.raises(Refused) as refusal:
        check_password(password, about=("Nguyễn Văn An", "namtran.bt@gmail.com", "+84912345678"))
    assert refusal.value.code == code


@pytest.mark.parametrize("password", ["lúa chín đầu làng", "an toàn là bạn", "Xk9#mQ2$vL", "mưa rơi trên mái tôn"])
def test_good_passwords_pass(password):
    check_password(password, about=("Nguyễn Văn An", "an@gmail.com"))


def test_a_password_is_the_same_however_a_keyboard_writes_it():
    composed, decomposed = "lúa chín đầu làng", "lu\u0301a chi\u0301n đâ\u0300u la\u0300ng"
    assert composed != decomposed
    kept = hash_password(composed)
    assert verify_password(kept, decomposed)
    assert not verify_password(kept, composed + " ")
    assert not verify_password(None, "nobody has this password")
    assert not verify_password("not a hash", composed)


@pytest.mark.parametrize(
    "target",
    ["/", "/cua-toi", "/viet/abc?x=1&y=2", "/en/cua-toi", "/tim?q=%2F%2Fevil", "/a//b"],
)
def test_paths_of_this_site_are_ways_back(target):
    assert local_path(target) == target


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "cua-toi",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil",
        "/a\\b",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        " /x",
        "/x\r\nSet-Cookie: a=b",
        "/x\n",
        "/\t/evil.example",
        "/ /evil",
        "/\x00",
        "/x\x7f",
        "http:///evil",
        "/" + "a" * 600,
        "?next=//evil",
    ],
)
def test_nothing_else_is(target):
    assert local_path(target) is None


def test_codes_may_be_typed_with_blanks():
    assert typed_code(" 123 456 ") == typed_code("123-456") == "123456"


def test_a_qr_code_is_drawn_as_runs_of_dark_modules():
    text = "https://an-lam.example/bien-nhan/ABC"
    drawn = qr_path(text)
    dark = set()
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawn.path):
        dark |= {(int(x) + step, int(y)) for step in range(int(width))}
    matrix = segno.make(text, error="m", micro=False, boost_error=False).matrix
    assert dark == {(x + 4, y + 4) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}
    assert drawn.size == len(matrix) + 8
