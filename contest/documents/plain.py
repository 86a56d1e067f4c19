"""Reading .txt and .md: which letters these bytes are, and what little mark-up counts."""

from __future__ import annotations

import re
import unicodedata

from contest.core.richtext import PHOTO, parse
from contest.documents import legacy
from contest.documents.found import Found, Part, Piece
from contest.documents.rules import TCVN3, VNI, Limits, Trouble

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_NAMES = {"cp1258": "Windows-1258", "utf-16": "UTF-16", "utf-32": "UTF-32", "cp1252": "Windows-1252"}
# Bounded, so that no line takes time in the square of its length.
_IMAGE = re.compile(r"!\[[^\[\]\n]{0,300}\]\([^()\n]{0,600}\)")
_LINK = re.compile(r"\[([^\[\]\n]{1,300})\]\([^()\n]{0,600}\)")
_STRONG = re.compile(r"(?<!\w)__([^_\n]{1,500})__(?!\w)")
_SOFT = re.compile(r"(?<!\w)_([^_\n]{1,500})_(?!\w)")
_ESCAPED = re.compile(r"\\([`_{}\[\]()+!-])")
_ITEM = re.compile(r"^\+ +(?=\S)")
_NUMBER = re.compile(r"^(\d{1,3})\) +(?=\S)")
_HEADING = re.compile(r"^#{1,6} +(?=\S)")
_RULER = re.compile(r"(?:[*_-] ?){3,200}")


def decode(content: bytes) -> tuple[str, str]:
    """The text of these bytes, and the name of the charset ("" for UTF-8). Raises Trouble: unknown.

    Eight-bit texts are tried as Windows-1258 and as Western letters, in which TCVN3 and VNI lie: the
    reading under which most marked words are Vietnamese wins.
    """
    for bom, charset in _BOMS:
        if content.startswith(bom):
            text = content.decode(charset, "replace")
            return _checked(text), _NAMES.get(charset, "")
    if (wide := _utf16_without_mark(content)) is not None:
        return _checked(content.decode(wide, "replace")), _NAMES["utf-16"]
    try:
        return _checked(content.decode("utf-8")), ""
    except UnicodeDecodeError:
        pass
    western = content.decode("cp1252", "replace") if _no_holes(content) else content.decode("latin-1")
    best, charset = western, "cp1252"
    share = max(
        legacy.likeness(western[:40_000])[0],
        *(legacy.likeness(legacy.convert_legacy(western[:40_000], each))[0] for each in (TCVN3, VNI)),
    )
    windows = unicodedata.normalize("NFC", content.decode("cp1258", "replace"))
    if legacy.likeness(windows[:40_000])[0] >= share:
        best, charset = windows, "cp1258"
    text = _checked(best)
    marked = legacy.likeness(text[:40_000])[1]
    if marked > 8 and max(share, legacy.likeness(windows[:40_000])[0]) < 0.25:
        raise Trouble("charset")
    told = "" if charset == "cp1252" and legacy.detect_legacy(text) else _NAMES[charset]
    return text, told


def _no_holes(content: bytes) -> bool:
    return not any(code in content for code in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"))


def _utf16_without_mark(content: bytes) -> str | None:
    """UTF-16 told by its zeros: every second byte of Latin text is one."""
    start = content[:4000]
    if len(start) < 4:
        return None
    even, odd = start[0::2].count(0), start[1::2].count(0)
    half = len(start) / 2
    if odd > half * 0.3 and even < half * 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.3 and odd < half * 0.05 else None


def _checked(text: str) -> str:
    """`text`, when it looks like one. Raises Trouble for bytes of some other kind of file."""
    start = text[:20_000]
    controls = sum(1 for char in start if (char < " " and char not in "\t\n\r\f\v\x1a") or char == "\ufffd")
    if controls * 50 > len(start):
        raise Trouble("unknown")
    return text


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def read_text_file(content: bytes, limits: Limits) -> Found:
    """What a .txt holds: paragraphs parted by blank lines, or one a line where there are no blank ones."""
    text, charset = decode(content)
    found = Found(limits)
    found.charset = charset
    if len(text) > limits.characters:
        raise Trouble("too_long", most=limits.characters)
    lines = _lines(text)
    written = [line for line in lines if line.strip()]
    by_line = len(written) > 1 and (
        all(line.strip() for line in "\n".join(lines).strip().split("\n"))
        and sum(map(len, written)) / len(written) > 100
    )
    if by_line:
        for line in written:
            found.add(Part(pieces=[Piece(line.strip())]))
        return found
    for group in _groups(lines):
        found.add(Part(pieces=[Piece("\n".join(line.strip() for line in group))]))
    return found


def _groups(lines: list[str]) -> list[list[str]]:
    groups: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if group]


def read_markdown(content: bytes, limits: Limits) -> Found:
    """What an .md holds, as far as it has a meaning here. "- " begins dialogue in Vietnamese, not a list."""
    text, charset = decode(content)
    found = Found(limits)
    found.charset = charset
    if len(text) > limits.characters:
        raise Trouble("too_long", most=limits.characters)
    text, found.counts["md_images"] = _IMAGE.subn("", text)
    text, found.counts["links"] = _LINK.subn(r"\1", text)
    lines = [_light(line) for line in _lines(text)]
    for block in parse("\n".join(lines)).blocks:
        if block.kind != PHOTO:
            found.add(Part(kind=block.kind, pieces=[Piece(run.text, run.bold, run.italic) for run in block.runs]))
    return found


def _light(line: str) -> str:
    """One line of Markdown in the light markup that is kept here."""
    stripped = line.strip()
    if _RULER.fullmatch(stripped) or stripped.startswith("```"):
        return ""
    stripped = _HEADING.sub("## ", stripped)
    stripped = _ITEM.sub("* ", _NUMBER.sub(r"\1. ", stripped))
    stripped = _SOFT.sub(r"*\1*", _STRONG.sub(r"**\1**", stripped))
    return _ESCAPED.sub(r"\1", stripped)
