"""What changed between two texts: paragraph by paragraph, and word by word inside those that changed.

Bounded: beyond a budget of comparisons the words of a paragraph, and then the paragraphs, are no
longer matched but shown as taken out and put in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

SAME, OUT, IN = "same", "out", "in"
# Pairs of equal items that may be looked at: what the matcher's time grows with.
_BUDGET = 400_000
_LONGEST = 60_000  # items on both sides together
# A word with the white space before it, so that a run of equal words is one block.
_TOKEN = re.compile(r"\s*\w+|\s*[^\w\s]+|\s+", re.UNICODE)


@dataclass(frozen=True)
class Piece:
    """A run of text that stayed (`same`), went (`out`) or came (`in`)."""

    kind: str
    text: str


@dataclass(frozen=True)
class Passage:
    """One paragraph with its pieces; `skipped` stands for that many paragraphs in a row that stayed."""

    pieces: tuple[Piece, ...] = ()
    skipped: int = 0

    @property
    def changed(self) -> bool:
        return any(piece.kind != SAME for piece in self.pieces)


def differences(old: str, new: str, *, around: int = 1) -> list[Passage]:
    """`old` against `new`, with `around` unchanged paragraphs kept at each side of a change.

    A blank paragraph is none: texts that differ in those alone do not differ.
    """
    passages = list(_paragraphs(paragraphs(old), paragraphs(new)))
    near = {
        place + step for place, passage in enumerate(passages) if passage.changed for step in range(-around, around + 1)
    }
    kept: list[Passage] = []
    skipped = 0
    for place, passage in enumerate(passages):
        if place in near:
            if skipped:
                kept.append(Passage(skipped=skipped))
            kept.append(passage)
            skipped = 0
        else:
            skipped += 1
    if skipped:
        kept.append(Passage(skipped=skipped))
    return kept


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text that are not blank."""
    return [each for each in text.split("\n\n") if each]


def words(old: str, new: str) -> tuple[Piece, ...]:
    """`old` against `new`, word by word."""
    if old == new:
        return (Piece(SAME, new),) if new else ()
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    blocks = _blocks(before, after)
    if blocks is None:
        return tuple(piece for piece in (Piece(OUT, old), Piece(IN, new)) if piece.text)
    pieces: list[Piece] = []
    for tag, left, left_end, right, right_end in blocks:
        if tag == "equal":
            pieces.append(Piece(SAME, "".join(after[right:right_end])))
            continue
        if left < left_end:
            pieces.append(Piece(OUT, "".join(before[left:left_end])))
        if right < right_end:
            pieces.append(Piece(IN, "".join(after[right:right_end])))
    return tuple(pieces)


def _paragraphs(old: Sequence[str], new: Sequence[str]) -> Iterator[Passage]:
    blocks = _blocks(old, new)
    for tag, left, left_end, right, right_end in blocks or [("replace", 0, len(old), 0, len(new))]:
        if tag == "equal":
            yield from (Passage((Piece(SAME, text),)) for text in new[right:right_end])
        elif blocks is None:
            yield from (Passage((Piece(OUT, text),)) for text in old)
            yield from (Passage((Piece(IN, text),)) for text in new)
        else:
            pairs = zip_longest(old[left:left_end], new[right:right_end], fillvalue="")
            yield from (Passage(words(before, after)) for before, after in pairs)


def _blocks(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, int, int, int, int]] | None:
    """The matcher's steps from `old` to `new`; None when finding them would take too long."""
    if len(old) + len(new) > _LONGEST:
        return None
    counts = Counter(new)
    if sum(counts[item] for item in old) <= _BUDGET:
        return list(SequenceMatcher(None, old, new, autojunk=False).get_opcodes())
    # Words that are everywhere are matched only beside rarer ones.
    common = {item for item, count in counts.items() if count > 1 + len(new) // 100}
    if sum(counts[item] for item in old if item not in common) > _BUDGET:
        return None
    return list(SequenceMatcher(common.__contains__, old, new, autojunk=False).get_opcodes())
