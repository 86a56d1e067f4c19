"""Two texts with what they share marked, and the shared passages beside each other. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_BREAK = re.compile(r"\n\s*\n")
# Around a shared passage, so many characters of its text are shown.
_AROUND = 90


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text. `passage` is the number of the shared passage that it belongs to, 0 for none."""

    text: str
    passage: int


@dataclass(frozen=True, slots=True)
class Pair:
    """One shared passage in both texts, each with what stands before and after it."""

    number: int
    one: tuple[str, str, str]
    other: tuple[str, str, str]


def _ranges(passages: Sequence[dict[str, Any]], side: str, length: int) -> list[tuple[int, int, int]]:
    """(from, to, number), in the order of the text, none overlapping; what lies outside the text is left out."""
    found = sorted((int(each[side][0]), int(each[side][1]), number) for number, each in enumerate(passages, start=1))
    kept: list[tuple[int, int, int]] = []
    for first, end, number in found:
        start = max(first, kept[-1][1] if kept else 0)
        if 0 <= start < end <= length:
            kept.append((start, end, number))
    return kept


def marked(text: str, passages: Sequence[dict[str, Any]], side: str) -> list[list[Piece]]:
    """`text` as paragraphs of pieces; `side` is "one" or "other"."""
    pieces: list[Piece] = []
    at = 0
    for start, end, number in _ranges(passages, side, len(text)):
        pieces += [Piece(text[at:start], 0), Piece(text[start:end], number)]
        at = end
    pieces.append(Piece(text[at:], 0))
    paragraphs: list[list[Piece]] = [[]]
    for piece in pieces:
        parts = _BREAK.split(piece.text)
        for place, part in enumerate(parts):
            if place:
                paragraphs.append([])
            if part:
                paragraphs[-1].append(Piece(part, piece.passage))
    return [paragraph for paragraph in paragraphs if paragraph]


def aligned(texts: tuple[str, str], passages: Sequence[dict[str, Any]]) -> list[Pair]:
    """The shared passages in the order of the first text."""
    pairs = []
    for number, each in enumerate(passages, start=1):
        one, other = (_cut(text, each[side]) for text, side in zip(texts, ("one", "other"), strict=True))
        pairs.append(Pair(number, one, other))
    return sorted(pairs, key=lambda pair: int(passages[pair.number - 1]["one"][0]))


def _cut(text: str, span: Sequence[int]) -> tuple[str, str, str]:
    start, end = int(span[0]), int(span[1])
    before = text[max(0, start - _AROUND) : start]
    after = text[end : end + _AROUND]
    # Begin and end with a word, not inside one.
    if start > _AROUND:
        before = "… " + before.partition(" ")[2]
    if end + _AROUND < len(text):
        after = after.rpartition(" ")[0] + " …"
    return before, text[start:end], after
