"""Proofs that a leaf is in a log, and that a log continues an earlier one, read from a handful of rows.

What RFC 6962 (section 2.1) defines over all leaves, by the ranges of leaves whose roots it asks for:
each range is a few perfect subtrees, and those are found in the tiles (voting.tiles).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from contest.voting.ledger.merkle import Frontier
from contest.voting.tiles import Node, read_nodes


class Range(NamedTuple):
    """Leaves from `first` up to `end`, which is not among them."""

    first: int
    end: int


def _cut(part: Range) -> int:
    """Where the left subtree of a range of two or more ends."""
    return part.first + (1 << ((part.end - part.first - 1).bit_length() - 1))


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges whose roots lead from leaf `index` to the root of a tree of `size`, the lowest first.

    Raises IndexError for a leaf that the tree does not have.
    """
    if not 0 <= index < size:
        raise IndexError(index)
    part, found = Range(0, size), []
    while part.end - part.first > 1:
        cut = _cut(part)
        if index < cut:
            found.append(Range(cut, part.end))
            part = Range(part.first, cut)
        else:
            found.append(Range(part.first, cut))
            part = Range(cut, part.end)
    return found[::-1]


def consistency_ranges(before: int, size: int) -> list[Range]:
    """The ranges whose roots show the tree of the first `before` leaves to be the beginning of that of `size`.

    Raises IndexError for a tree that is larger or empty.
    """
    if not 0 < before <= size:
        raise IndexError(before)
    if before == size:
        return []
    part, found, whole = Range(0, size), list[Range](), True
    while part.end != before:
        cut = _cut(part)
        if before <= cut:
            found.append(Range(cut, part.end))
            part = Range(part.first, cut)
        else:
            found.append(Range(part.first, cut))
            part, whole = Range(cut, part.end), False
    if not whole:
        found.append(part)
    return found[::-1]


def nodes_of(part: Range) -> list[Node]:
    """The perfect subtrees of which a range of the tree consists, the largest first."""
    nodes, first, left = [], part.first, part.end - part.first
    while left:
        height = left.bit_length() - 1
        nodes.append(Node(height, first >> height))
        first += 1 << height
        left -= 1 << height
    return nodes


def inclusion(contest_id: int, index: int, size: int) -> list[bytes]:
    """The proof that leaf `index` is in the tree of the first `size` leaves. Raises IndexError, BrokenTree."""
    return _roots(contest_id, size, inclusion_ranges(index, size))


def consistency(contest_id: int, before: int, size: int) -> list[bytes]:
    """The proof that the first `size` leaves continue the first `before`. Raises IndexError, BrokenTree."""
    return _roots(contest_id, size, consistency_ranges(before, size))


def _roots(contest_id: int, size: int, parts: Sequence[Range]) -> list[bytes]:
    found = read_nodes(contest_id, size, {node for part in parts for node in nodes_of(part)}) if parts else {}
    return [Frontier(part.end - part.first, tuple(found[node] for node in nodes_of(part))).root for part in parts]
