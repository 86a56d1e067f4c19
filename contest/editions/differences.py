"""What changed between two texts, word by word, for somebody who reads both. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

KEPT, TAKEN, ADDED = "kept", "taken", "added"
_PIECE = re.compile(r"\s+|[^\s]+")
# Comparing word by word takes time that grows with the square; beyond this, by lines.
_WORDS_MOST = 6000


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that was kept, taken out or added."""

    kind: str
    text: str


def differences(before: str, after: str) -> list[Piece]:
    """`before` and `after` as one text, with what was taken out and what was added marked."""
    if before == after:
        return [Piece(KEPT, after)] if after else []
    long = len(before) + len(after) > _WORDS_MOST * 8
    old, new = (text.splitlines(keepends=True) if long else _PIECE.findall(text) for text in (before, after))
    pieces: list[Piece] = []
    for tag, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece(KEPT, "".join(new[new_start:new_end])))
            continue
        if old_start < old_end:
            pieces.append(Piece(TAKEN, "".join(old[old_start:old_end])))
        if new_start < new_end:
            pieces.append(Piece(ADDED, "".join(new[new_start:new_end])))
    return pieces
