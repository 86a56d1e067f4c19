"""TCVN3 and VNI: every letter there and back, told from the text itself, and never taken for what they are not."""

from __future__ import annotations

import unicodedata

import pytest

from contest.documents.legacy import convert_legacy, detect_legacy, font_encoding, is_syllable, likeness, to_legacy
from contest.documents.rules import TCVN3, VNI

VOWELS = "aăâeêioôơuưy"
TONES = ("", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323")
LETTERS = [unicodedata.normalize("NFC", vowel + tone) for vowel in VOWELS for tone in TONES] + ["đ"]
TEXT = (
    "Người tốt việc tốt: ông Trần Đình Sỹ, cựu chiến binh ở thôn Đá Bạc, đã nuôi ong giúp bà con thoát nghèo. "
    "“Ở đây ai cũng quý ông ấy”, chị Hằng kể. Ướt đẫm mồ hôi, ông vẫn cười.\n"
    "Ủy ban xã Khe Ngọn tặng giấy khen; kỷ niệm 5 năm, quỹ khuyến học có 12 triệu đồng."
)


@pytest.mark.parametrize("letter", [*LETTERS, *map(str.upper, LETTERS)])
def test_vni_there_and_back(letter):
    for word in (letter, f"x{letter}n", f"{letter}{letter}"):
        assert convert_legacy(to_legacy(word, VNI), VNI) == word


@pytest.mark.parametrize("letter", LETTERS)
def test_tcvn3_there_and_back(letter):
    assert convert_legacy(to_legacy(f"x{letter}n", TCVN3), TCVN3) == f"x{letter}n"
    # What no font of its own shows as a capital is told by the capitals beside it.
    assert convert_legacy(to_legacy(f"XX{letter.upper()}N", TCVN3), TCVN3) == f"XX{letter.upper()}N"


def test_every_code_means_one_letter():
    for encoding in (TCVN3, VNI):
        codes = [to_legacy(letter, encoding) for letter in LETTERS]
        assert len(set(codes)) == len(LETTERS)


@pytest.mark.parametrize("encoding", [TCVN3, VNI])
def test_a_story_there_and_back(encoding):
    old = to_legacy(TEXT, encoding)
    assert old != TEXT
    assert detect_legacy(old) == encoding
    assert convert_legacy(old, encoding) == TEXT


@pytest.mark.parametrize("encoding", [TCVN3, VNI])
def test_capitals_in_vietnamese_writing(encoding):
    for text in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "NGƯỜI VIỆT NAM",
        "ĐÁ BẠC Ở ĐÂU",
        "Đất nước. Ở làng tôi",
        "Ảnh: Hà",
    ):
        assert convert_legacy(to_legacy(text, encoding), encoding) == text


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        unicodedata.normalize("NFD", TEXT),
        "",
        "Toi viet khong dau va khong co gi la ca.",
        "Voilà l'été à Genève où naît le garçon très âgé ; fenêtre, forêt, hôtel, château, créé, goût.",
        "Größe, Straße, Mädchen, schön, früh, über, Äpfel, Öl, Übung, weiß, heißen.",
        "Это история о хорошем человеке, который помогал людям.",
        "“Vâng”, “dạ” – 100 % © ® ± ½ §",
    ],
)
def test_what_is_no_old_encoding_is_left_alone(text):
    assert detect_legacy(text) is None


def test_letters_of_symbol_fonts_lie_higher():
    old = "".join(chr(0xF000 + ord(char)) if 0xA0 < ord(char) < 0x100 else char for char in to_legacy(TEXT, TCVN3))
    assert detect_legacy(old) == TCVN3
    assert convert_legacy(old, TCVN3) == TEXT


def test_fonts_tell():
    assert font_encoding(".VnTimeH") == TCVN3
    assert font_encoding("VNI-Times") == VNI
    assert font_encoding("Times New Roman") is None


@pytest.mark.parametrize(
    "word", ["nghiêng", "quý", "giếng", "khuya", "ưỡn", "thuở", "quyển", "xoong", "yêu", "Đắk".replace("k", "c")]
)
def test_syllables_of_the_language(word):
    assert is_syllable(word)


@pytest.mark.parametrize("word", ["ng­êi", "vöôït", "créé", "straße", "áá", "tèt" + "x"])
def test_and_what_is_none(word):
    assert not is_syllable(word)


def test_likeness_counts_marked_words_alone():
    assert likeness("Ong Sy o day") == (0.0, 0)
    assert likeness("Ông Sỹ ở đây") == (1.0, 4)
