"""Vietnamese text: one stored form, one way to count, to search and to sort.

Everything that a person types is stored as NFC. Search folds diacritics on both sides. Names sort
by the given name, which stands last in Vietnamese.
"""

from __future__ import annotations

import re
import unicodedata

from contest.core.errors import N_, Refused

_SPACE = re.compile(r"\s+")
_BLANK_LINES = re.compile(r"\n{3,}")
# Format characters hide or reorder text (bidi overrides, zero-width joiners); private-use and
# unassigned ones show as boxes. None of them has a place in a name or a story.
_FORBIDDEN = {"Cc", "Cf", "Co", "Cs", "Cn"}
# Soft hyphens, byte-order marks and zero-width spaces come along when text is pasted and mean nothing.
_DROPPED = dict.fromkeys(map(ord, "\u00ad\ufeff\u200b\u200c\u200d\u2060"))


def nfc(text: str) -> str:
    """`text` in the composed form in which it is stored and compared."""
    return unicodedata.normalize("NFC", text)


def _refuse_hidden(text: str, allowed: str) -> str:
    for char in text:
        if char not in allowed and unicodedata.category(char) in _FORBIDDEN:
            raise Refused(
                N_("The text holds a hidden character (U+%(char)s) that cannot be kept. Please delete it."),
                code="hidden_character",
                char=f"{ord(char):04X}",
            )
    return text


def clean_line(text: str) -> str:
    """One line (a name, a title): NFC, white space runs as one space, trimmed.

    Raises Refused for control, bidirectional and other hidden characters.
    """
    line = _SPACE.sub(" ", nfc(text).translate(_DROPPED)).strip()
    return _refuse_hidden(line, "")


def clean_text(text: str) -> str:
    """Running text: NFC, line ends as LF, no trailing blanks, at most one blank line in a row.

    Raises Refused as `clean_line` does.
    """
    lines = nfc(text).translate(_DROPPED).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    joined = "\n".join(line.rstrip() for line in lines.split("\n"))
    return _refuse_hidden(_BLANK_LINES.sub("\n\n", joined).strip(), "\n")


def count_words(body: str) -> int:
    """Number of syllables of `body`, separated by white space, after NFC.

    The one definition: the browser (static/js/words.js), the form, the receipt and the judge show
    this number. Word processors count the same way.
    """
    return len(nfc(body).split())


# Old and new placement of a tone mark fall together once marks are gone, so folding serves both
# "hòa" and "hoà" (and never has to produce either).
def fold(text: str) -> str:
    """`text` without case and diacritics, for search: "Người tốt" → "nguoi tot", "Đ" → "d"."""
    decomposed = unicodedata.normalize("NFD", text.casefold())
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _SPACE.sub(" ", bare.replace("đ", "d")).strip()


_LETTERS = {char: index for index, char in enumerate("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz", start=1)}
_TONES = {"": 0, "\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
_SHAPES = {"\u0306", "\u0302", "\u031b"}


def _syllable_key(syllable: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    letters: list[int] = []
    tones: list[int] = []
    for char in unicodedata.normalize("NFC", syllable.casefold()):
        parts = unicodedata.normalize("NFD", char)
        base = unicodedata.normalize("NFC", parts[0] + "".join(mark for mark in parts[1:] if mark in _SHAPES))
        tone = "".join(mark for mark in parts[1:] if mark in _TONES)
        letters.append(_LETTERS.get(base, 100 + ord(base[0])))
        tones.append(_TONES.get(tone, 0))
    return tuple(letters), tuple(tones)


SortKey = tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]


def collation_key(text: str) -> SortKey:
    """Key that sorts by the Vietnamese alphabet (a ă â … d đ …), tones after letters."""
    return tuple(_syllable_key(syllable) for syllable in nfc(text).split())


def name_sort_key(name: str) -> SortKey:
    """Key that sorts people by given name, then by the whole name."""
    key = collation_key(name)
    return (*key[-1:], *key)
