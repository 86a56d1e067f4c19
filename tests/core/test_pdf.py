"""Papers are printed whatever people type, and at whatever instant."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from contest.core.pdf import PaperError, make_pdf

AT = datetime(2027, 3, 20, 2, 0, 0, 123456, tzinfo=UTC)


def receipt(title: str) -> dict[str, Any]:
    square = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><path d="M0 0h1v1H0z"/></svg>'
    words = ("title", "subtitle", "publisher", "governing", "lead", "country", "motto", "foot", "code_label", "code")
    return {
        **dict.fromkeys((*words, "qr_alt", "sums_title", "sums_note"), "x"),
        "lang": "vi",
        "qr": square,
        "facts": [["Bài dự thi", title]],
        "sums": [],
        "notes": [],
    }


def test_an_instant_to_the_microsecond_is_no_obstacle():
    assert b"<pdfaid:part>2</pdfaid:part>" in make_pdf("receipt", receipt("Đồi cằn trổ hoa"), at=AT)


@pytest.mark.parametrize("title", ["文字", "🙂", "\u0600", "\u200d\ufdd0", "\ue000", '#panic("x") $x$ \\'])
def test_a_character_without_a_letter_costs_nobody_their_paper(title):
    assert make_pdf("receipt", receipt(title), at=AT).startswith(b"%PDF-1.")


def test_a_template_that_does_not_fit_is_still_an_error():
    with pytest.raises(PaperError):
        make_pdf("receipt", {"lang": "vi"}, at=AT)
