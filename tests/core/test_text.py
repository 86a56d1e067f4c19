"""Vietnamese text: stored, counted, searched and sorted one way."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contest.core.errors import Refused
from contest.core.text import clean_line, clean_text, collation_key, count_words, fold, name_sort_key


@pytest.mark.parametrize(
    ("written", "sought"),
    [
        ("Người tốt, việc tốt", "nguoi tot, viec tot"),
        ("Đồi cằn trổ hoa", "doi can tro hoa"),
        ("hòa", "hoà"),
        ("thủy", "thuỷ"),
        (unicodedata.normalize("NFD", "Nguyễn Thị Thu Hậu"), "nguyễn thị thu hậu"),
        ("QUÝ", "quy"),
        ("  Thôn   Đá\u00a0Bạc ", "thon da bac"),
    ],
)
def test_search_forgives_marks_case_and_spelling_of_tones(written, sought):
    assert fold(written) == fold(sought)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("   \n\n ", 0),
        ("một", 1),
        ("Mùa này, từ đỉnh dốc", 5),
        ("gạch–nối không tách", 3),
        ("hai\u00a0tiếng\nvà\tba", 4),
        (unicodedata.normalize("NFD", "Người thật, việc thật"), 4),
    ],
)
def test_words_are_syllables_between_white_space(text, count):
    assert count_words(text) == count


@given(st.text(alphabet="aăâbđêôơư ếỗ\n\t\u00a0", max_size=60))
def test_the_count_does_not_depend_on_composition(text):
    assert count_words(unicodedata.normalize("NFD", text)) == count_words(unicodedata.normalize("NFC", text))


def test_lines_are_trimmed_and_composed():
    assert clean_line("  Nguyễn \n Thị\u200b Hoa ") == unicodedata.normalize("NFC", "Nguyễn Thị Hoa")
    assert clean_text("Một.\r\n\r\n\r\n\r\nHai.  \n") == "Một.\n\nHai."


@pytest.mark.parametrize("hidden", ["\x00", "\x1b", "\u202e", "\u2066", "\ue000", "\ud800"])
def test_hidden_characters_are_refused_by_name(hidden):
    with pytest.raises(Refused) as refused:
        clean_line(f"Trần{hidden}Đạt")
    assert refused.value.params["char"] == f"{ord(hidden):04X}"
    with pytest.raises(Refused):
        clean_text(f"Trần{hidden}Đạt")


def test_the_alphabet_is_vietnamese_and_tones_come_after_letters():
    words = ["đa", "da", "ăn", "an", "ân", "ấn", "ma", "mà", "mả", "mã", "má", "mạ", "ô", "o", "ơ"]
    assert sorted(words, key=collation_key) == [
        *["an", "ăn", "ân", "ấn", "da", "đa", "ma", "mà", "mả", "mã", "má", "mạ", "o", "ô", "ơ"]
    ]


def test_people_sort_by_given_name_first():
    people = ["Trần Văn An", "Nguyễn Thị Bình", "Lê Thị An", "Đỗ Ánh"]
    assert sorted(people, key=name_sort_key) == ["Lê Thị An", "Trần Văn An", "Đỗ Ánh", "Nguyễn Thị Bình"]
