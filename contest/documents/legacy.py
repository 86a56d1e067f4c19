"""Vietnamese before Unicode: TCVN3 (ABC, fonts named .Vn…) and VNI (fonts named VNI-…).

Both put Vietnamese letters on the places of Western ones, so such a text looks like "Ng­êi tèt" or
"Ngöôøi toát" in any other font. Tables both ways, and telling which it is from the text itself: under
the right table nearly every syllable is one that Vietnamese has.

TCVN3 has no capitals with tone marks; fonts whose names end in H show small letters as capitals.
Decoding gives a capital back between capitals and at the start of a sentence.
"""

from __future__ import annotations

import functools
import re
import unicodedata

from contest.documents.rules import TCVN3, VNI

_TONES = "\u0300\u0301\u0309\u0303\u0323"  # grave, acute, hook, tilde, dot below


def _toned(base: str) -> list[str]:
    """`base` bare and with each tone: a à á ả ã ạ."""
    return [base, *(unicodedata.normalize("NFC", base + tone) for tone in _TONES)]


# In the order bare, à, á, ả, ã, ạ. Bare a, e, i, o, u, y are ASCII.
_TCVN3_LETTERS = {
    "a": "aµ¸¶·¹",
    "ă": "¨»¾¼½Æ",
    "â": "©ÇÊÈÉË",
    "e": "eÌÐÎÏÑ",
    "ê": "ªÒÕÓÔÖ",
    "i": "i×ÝØÜÞ",
    "o": "oßãáâä",
    "ô": "«åèæçé",
    "ơ": "¬êíëìî",
    "u": "uïóñòô",
    "ư": "\u00adõøö÷ù",
    "y": "yúýûüþ",
}
_TCVN3_CAPITALS = dict(zip("ĂÂÊÔƠƯĐ", "¡¢£¤¥¦§", strict=True))

_TO_TCVN3: dict[str, str] = {"đ": "®", **_TCVN3_CAPITALS}
for _base, _codes in _TCVN3_LETTERS.items():
    for _letter, _code in zip(_toned(_base), _codes, strict=True):
        _TO_TCVN3[_letter] = _code
        if len(_letter.upper()) == 1 and _letter not in "aeiouy" and _letter.upper() not in _TCVN3_CAPITALS:
            _TO_TCVN3[_letter.upper()] = _code
_FROM_TCVN3 = {code: letter for letter, code in _TO_TCVN3.items() if not code.isascii() and letter == letter.lower()}
_FROM_TCVN3 |= {code: letter for letter, code in _TCVN3_CAPITALS.items()}

_VNI_PLAIN = "øùûõï"  # the marks on a, e, o, u, y, ơ, ư
_VNI_HAT = "âàáåãä"  # the hat, and the hat with each tone
_VNI_BOW = "êèéúüë"
_TO_VNI: dict[str, str] = {"đ": "ñ", "ơ": "ô", "ư": "ö"}
for _base, _sign in (("a", "a"), ("e", "e"), ("o", "o"), ("u", "u"), ("y", "y"), ("ơ", "ô"), ("ư", "ö")):
    for _letter, _code in zip(_toned(_base)[1:], _VNI_PLAIN, strict=True):
        _TO_VNI[_letter] = _sign + _code
for _base, _sign, _marks in (("â", "a", _VNI_HAT), ("ê", "e", _VNI_HAT), ("ô", "o", _VNI_HAT), ("ă", "a", _VNI_BOW)):
    for _letter, _code in zip(_toned(_base), _marks, strict=True):
        _TO_VNI[_letter] = _sign + _code
_TO_VNI |= dict(zip("ìíỉĩịỵ", "ìíæóòî", strict=True))
_TO_VNI |= {letter.upper(): code.upper() for letter, code in _TO_VNI.items()}
_FROM_VNI = {code: letter for letter, code in _TO_VNI.items()}
# A capital letter typed with a small mark, and the other way round.
for _letter, _code in list(_TO_VNI.items()):
    if len(_code) == 2:
        _FROM_VNI.setdefault(_code[0] + _code[1].swapcase(), _letter)
_VNI_CODE = re.compile("|".join(sorted(map(re.escape, _FROM_VNI), key=len, reverse=True)))

# Fonts of symbol kind carry their letters 0xF000 higher.
_LOWERED = {0xF000 + code: code for code in range(0x20, 0x100)}
_WORD = re.compile(r"[^\W\d_]+")
_START = re.compile(r"(?:^|(?<=[.!?…]\s)|(?<=\n))([\s“\"'(–-]*)([^\W\d_])")


def font_encoding(font: str) -> str | None:
    """The encoding that a font's name tells, or None for a font of today."""
    name = font.strip().lower()
    if name.startswith(".vn"):
        return TCVN3
    return VNI if name.startswith(("vni-", "vni ")) else None


def is_capital_font(font: str) -> bool:
    """Whether a TCVN3 font shows its small letters as capitals (.VnTimeH)."""
    name = font.strip().lower()
    return name.startswith(".vn") and name.endswith("h")


def to_legacy(text: str, encoding: str) -> str:
    """`text` as such a font stores it. Letters that the encoding lacks stay as they are."""
    composed = unicodedata.normalize("NFC", text)
    table = _TO_TCVN3 if encoding == TCVN3 else _TO_VNI
    return "".join(table.get(char, char) for char in composed)


def convert_legacy(text: str, encoding: str) -> str:
    """`text` in Unicode from TCVN3 or VNI. Any other encoding leaves it as it is."""
    lowered = text.translate(_LOWERED)
    if encoding == VNI:
        return unicodedata.normalize("NFC", _VNI_CODE.sub(lambda found: _FROM_VNI[found[0]], lowered))
    if encoding == TCVN3:
        words = _WORD.sub(_capital_word, _decode_tcvn3(lowered))
        return _START.sub(_capital_start, "\n".join(map(_capital_line, words.split("\n"))))
    return text


def _decode_tcvn3(text: str) -> str:
    # A toned letter stands in for its capital too: marked by what stands beside it, see below.
    return "".join(_FROM_TCVN3.get(char, char) for char in text)


def _capital_word(found: re.Match[str]) -> str:
    """VIệT is VIỆT: capitals around a letter that TCVN3 cannot write as one."""
    word = found[0]
    small = [char for char in word if char.islower()]
    if small and sum(map(str.isupper, word)) > 1 and all(char in _ONLY_SMALL for char in small):
        return word.upper()
    return word


def _capital_line(line: str) -> str:
    """A line of capitals whole: between them, "ĐÁ" need not be told from "Đá"."""
    shouted = sum(map(str.isupper, line))
    small = [char for char in line if char.islower()]
    return line.upper() if shouted > 3 and shouted >= len(small) and set(small) <= _ONLY_SMALL else line


# Letters of which TCVN3 has the small form alone.
_ONLY_SMALL = {letter for letters in map(_toned, _TCVN3_LETTERS) for letter in letters[1:]}


def _capital_start(found: re.Match[str]) -> str:
    letter = found[2]
    return found[1] + (letter.upper() if letter in _ONLY_SMALL else letter)


_ONSETS = "ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|b|c|d|đ|g|h|k|l|m|n|p|r|s|t|v|x|"
_RHYMES = (
    "a|ac|ach|ai|am|an|ang|anh|ao|ap|at|au|ay|ăc|ăm|ăn|ăng|ăp|ăt|âc|âm|ân|âng|âp|ât|âu|ây|"
    "e|ec|em|en|eng|eo|ep|et|ê|êch|êm|ên|ênh|êp|êt|êu|i|ia|ich|iêc|iêm|iên|iêng|iêp|iêt|iêu|im|in|inh|ip|it|iu|"
    "o|oa|oac|oach|oai|oam|oan|oang|oanh|oao|oap|oat|oay|oăc|oăm|oăn|oăng|oăt|oc|oe|oen|oeo|oet|oi|om|on|ong|ooc|oong|op|ot|"
    "ô|ôc|ôi|ôm|ôn|ông|ôp|ôt|ơ|ơi|ơm|ơn|ơp|ơt|u|ua|uân|uâng|uât|uây|uc|uê|uêch|uên|uênh|ui|um|un|ung|uôc|uôi|uôm|uôn|uông|uôp|uôt|uơ|up|ut|"
    "uy|uya|uych|uyên|uyêt|uyn|uynh|uyp|uyt|uyu|ư|ưa|ưc|ưi|ưm|ưn|ưng|ươc|ươi|ươm|ươn|ương|ươp|ươt|ươu|ưt|ưu|"
    "y|yêm|yên|yêng|yêt|yêu|ym|yt|ynh"
)
_SYLLABLE = re.compile(f"(?:{_ONSETS})(?:{_RHYMES})")
_TOKEN = re.compile(r"[^\s.,;:!?…\"'“”‘’()\[\]<>/|–—\d-]+")
_STRIPPED = dict.fromkeys(map(ord, _TONES))
_TELLING = 4  # marked syllables that a text needs to tell its encoding


@functools.lru_cache(maxsize=20_000)
def is_syllable(token: str) -> bool:
    """Whether Vietnamese has this syllable: an onset, a rhyme and at most one tone."""
    parts = unicodedata.normalize("NFD", token.lower())
    if sum(char in _TONES for char in parts) > 1:
        return False
    bare = unicodedata.normalize("NFC", parts.translate(_STRIPPED))
    return _SYLLABLE.fullmatch(bare) is not None


def likeness(text: str) -> tuple[float, int]:
    """How far `text` is Vietnamese: the share of its marked words that are syllables, and their number."""
    tokens = [token for token in _TOKEN.findall(text) if not token.isascii()]
    return (sum(map(is_syllable, tokens)) / len(tokens) if tokens else 0.0), len(tokens)


def detect_legacy(text: str) -> str | None:
    """TCVN3 or VNI when `text` is clearly one of them, else None. Looks at its first 40,000 characters."""
    start = text[:40_000].translate(_LOWERED)
    as_is, marked = likeness(start)
    if marked < _TELLING or as_is >= 0.8:
        return None
    best, share = None, max(0.7, as_is + 0.2)
    for encoding in (TCVN3, VNI):
        found, count = likeness(convert_legacy(start, encoding))
        if count >= _TELLING and found > share:
            best, share = encoding, found
    return best
