"""The hashes of a log's tree, 256 to a row (C2SP tlog-tiles): what sealing adds, and what proofs read.

Level 0 holds hashes of leaves, level 1 roots of 256 leaves, level 2 of 65,536, and so on. A row of
level 0 is written once it is full: until then the leaves themselves have the hashes. Rows above grow
by one hash for each row that fills below them, so that every perfect subtree of the tree is found in
one row, whatever its size. Only full rows are given out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import select, tuple_

from contest.core.db import db
from contest.voting.ledger.merkle import root_of
from contest.voting.models_log import Leaf, Tile

WIDTH = 256
HASH = 32
_BITS = 8  # WIDTH is 2 to this


class BrokenTree(Exception):
    """Hashes that must be there are not: the tables were changed by other hands."""


class Node(NamedTuple):
    """A perfect subtree: of the leaves from `nth`·2^`height`, 2^`height` of them."""

    height: int
    nth: int


class Address(NamedTuple):
    """A row of hashes."""

    level: int
    number: int


def split(hashes: bytes) -> list[bytes]:
    """The single hashes of a row."""
    return [hashes[at : at + HASH] for at in range(0, len(hashes), HASH)]


def grown(
    size: int, edge: Sequence[bytes], added: Sequence[bytes], row: Callable[[Address], bytes]
) -> dict[Address, bytes]:
    """The rows that are new, or longer, once `added` is at the end of a tree of `size`.

    `edge`: the hashes of the last size % 256 leaves. `row` gives what a row above holds until now.
    """
    rows: dict[Address, bytes] = {}
    line = [*edge, *added]
    number = size // WIDTH
    full = [line[at : at + WIDTH] for at in range(0, len(line) - len(line) % WIDTH, WIDTH)]
    for at, hashes in enumerate(full):
        rows[Address(0, number + at)] = b"".join(hashes)
    first, roots, level = number, [root_of(hashes) for hashes in full], 1
    while roots:
        # `roots` are the hashes from `first` on at this level.
        above: list[bytes] = []
        began = first // WIDTH
        for root in roots:
            address = Address(level, first // WIDTH)
            if address not in rows:
                rows[address] = row(address) if first % WIDTH else b""
            if len(rows[address]) != first % WIDTH * HASH:
                raise BrokenTree(address)
            rows[address] += root
            first += 1
            if first % WIDTH == 0:
                above.append(root_of(split(rows[address])))
        first, roots, level = began, above, level + 1
    return rows


def row_of(contest_id: int, address: Address) -> bytes:
    """What a row holds. Raises BrokenTree when there is none."""
    found = db.session.scalar(
        select(Tile.hashes).where(
            Tile.contest_id == contest_id, Tile.level == address.level, Tile.number == address.number
        )
    )
    if found is None:
        raise BrokenTree(address)
    return found


def find_full(contest_id: int, address: Address) -> bytes | None:
    """A row with all of its 256 hashes: such a row never changes."""
    found = db.session.scalar(
        select(Tile.hashes).where(
            Tile.contest_id == contest_id, Tile.level == address.level, Tile.number == address.number
        )
    )
    return found if found is not None and len(found) == WIDTH * HASH else None


def edge_of(contest_id: int, size: int) -> list[bytes]:
    """The hashes of the last size % 256 leaves of a tree of `size`. Raises BrokenTree."""
    return _leaves(contest_id, size - size % WIDTH, size)


def _leaves(contest_id: int, first: int, end: int) -> list[bytes]:
    if first == end:
        return []
    found = db.session.scalars(
        select(Leaf.hash)
        .where(Leaf.contest_id == contest_id, Leaf.position >= first, Leaf.position < end)
        .order_by(Leaf.position)
    ).all()
    if len(found) != end - first:
        raise BrokenTree(f"leaves {first} to {end}: {len(found)} found")
    return [bytes.fromhex(each) for each in found]


def read_nodes(contest_id: int, size: int, nodes: Iterable[Node]) -> Mapping[Node, bytes]:
    """The roots of perfect subtrees of a log that has `size` leaves or more: two statements. Raises BrokenTree."""
    wanted = {node: _place(node) for node in nodes}
    addresses = sorted({address for address, _, _ in wanted.values()})
    rows = {
        Address(level, number): hashes
        for level, number, hashes in db.session.execute(
            select(Tile.level, Tile.number, Tile.hashes).where(
                Tile.contest_id == contest_id, tuple_(Tile.level, Tile.number).in_(addresses)
            )
        )
    }
    for address in addresses:
        # The last row of leaves is not full yet. There is one such at most.
        if address not in rows and address.level == 0:
            first = address.number * WIDTH
            rows[address] = b"".join(_leaves(contest_id, first, min(first + WIDTH, size)))
    return {node: _cut(rows.get(address, b""), at, count, node) for node, (address, at, count) in wanted.items()}


def _place(node: Node) -> tuple[Address, int, int]:
    """In which row the hashes under `node` stand, from which on, how many."""
    level, rest = divmod(node.height, _BITS)
    first = node.nth << rest
    return Address(level, first // WIDTH), first % WIDTH, 1 << rest


def _cut(row: bytes, at: int, count: int, node: Node) -> bytes:
    hashes = row[at * HASH : (at + count) * HASH]
    if len(hashes) != count * HASH:
        raise BrokenTree(node)
    return root_of(split(hashes))
