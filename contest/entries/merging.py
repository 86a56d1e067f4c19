"""Two texts of one draft, laid side by side: what is the same, what each has instead.

Compared paragraph by paragraph, and within a pair of paragraphs by words. Both are bounded: beyond
the bounds a difference is shown whole, never left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from contest.core.richtext import Block, Document, normalised, parse, source_of

MINE, THEIRS, BOTH = "mine", "theirs", "both"
# Beyond these, comparing takes longer than a person waits.
BLOCKS_MAX = 2000
WORDS_MAX = 1500
_PIECES = re.compile(r"\S+|\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of words; `other` when the other text does not have it."""

    text: str
    other: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Neighbouring blocks that both texts have (`theirs` is empty then and `same` holds), or a difference."""

    number: int
    same: bool
    mine: tuple[Block, ...] = ()
    theirs: tuple[Block, ...] = ()

    @property
    def marked(self) -> tuple[list[Piece], list[Piece]]:
        """My words and theirs, with what the other lacks marked."""
        mine, theirs = (_words(side) for side in (self.mine, self.theirs))
        if not mine or not theirs or len(mine) + len(theirs) > 2 * WORDS_MAX:
            return [Piece("".join(mine), other=True)], [Piece("".join(theirs), other=True)]
        left: list[Piece] = []
        right: list[Piece] = []
        for tag, a, b, c, d in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
            if a < b:
                left.append(Piece("".join(mine[a:b]), other=tag != "equal"))
            if c < d:
                right.append(Piece("".join(theirs[c:d]), other=tag != "equal"))
        return left, right


def _words(blocks: tuple[Block, ...]) -> list[str]:
    return _PIECES.findall(source_of(Document(blocks)))


def parts_of(mine: str, theirs: str) -> list[Part]:
    """The two sources laid side by side, in order."""
    ours, others = (list(parse(source).blocks) for source in (mine, theirs))
    if len(ours) + len(others) > BLOCKS_MAX:
        return [Part(0, False, tuple(ours), tuple(others))]
    left_keys, right_keys = ([source_of(Document((block,))) for block in blocks] for blocks in (ours, others))
    parts: list[Part] = []
    for tag, a, b, c, d in SequenceMatcher(None, left_keys, right_keys, autojunk=False).get_opcodes():
        if tag == "equal":
            parts.append(Part(len(parts), True, tuple(ours[a:b])))
            continue
        # Where as many stand on either side, one is the other rewritten: chosen one by one.
        pairs = zip(range(a, b), range(c, d), strict=False) if b - a == d - c else [(None, None)]
        for i, j in pairs:
            left = ours[a:b] if i is None else [ours[i]]
            right = others[c:d] if j is None else [others[j]]
            parts.append(Part(len(parts), False, tuple(left), tuple(right)))
    return parts


def merged(mine: str, theirs: str, chosen: Callable[[int], str | None] | Mapping[int, str]) -> str:
    """The source made of what was chosen for each difference; both where nothing was chosen: no word is lost."""
    choice = chosen.get if isinstance(chosen, Mapping) else chosen
    blocks: list[Block] = []
    for part in parts_of(mine, theirs):
        wanted = choice(part.number)
        if part.same or wanted != THEIRS:
            blocks += part.mine
        if not part.same and wanted != MINE:
            blocks += part.theirs
    return source_of(normalised(Document(tuple(blocks))))
