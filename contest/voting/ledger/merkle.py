"""The Merkle tree of RFC 6962 (section 2.1), as Certificate Transparency uses it. Pure.

The hash of a leaf is SHA-256(0x00 ‖ bytes), that of two subtrees SHA-256(0x01 ‖ left ‖ right); the
left subtree is the largest perfect one that leaves something for the right. A tree only grows at its
end, so what is known of it can be kept in `Frontier`: the roots of the perfect subtrees of which it
consists, at most one for each bit of its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

EMPTY = sha256(b"").digest()


def leaf_hash(content: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over the hashes of its two subtrees."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class Frontier:
    """A tree of `size` leaves by the roots of its perfect subtrees, the largest first.

    Raises ValueError when there are not as many as `size` has bits set, or one is not 32 bytes long.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count() or any(len(peak) != 32 for peak in self.peaks):
            raise ValueError(f"{len(self.peaks)} peaks do not make a tree of {self.size}")

    def extended(self, leaves: Sequence[bytes]) -> Frontier:
        """The tree with the hashes of more leaves at its end."""
        size, peaks = self.size, list(self.peaks)
        for leaf in leaves:
            peaks.append(leaf)
            # Two perfect subtrees of one size become one, as a sum carries.
            carry = size
            while carry & 1:
                right, left = peaks.pop(), peaks.pop()
                peaks.append(node_hash(left, right))
                carry >>= 1
            size += 1
        return Frontier(size, tuple(peaks))

    @property
    def root(self) -> bytes:
        """The root of the tree; of an empty one the hash of nothing."""
        if not self.peaks:
            return EMPTY
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over hashes of leaves."""
    return Frontier().extended(leaves).root


def _split(size: int) -> int:
    """The largest power of two below `size` (at least 2): where the left subtree ends."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes that lead from leaf `index` (from 0) to the root, the lowest first (RFC 6962, 2.1.1).

    Raises IndexError for a leaf that the tree does not have.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    if len(leaves) == 1:
        return []
    cut = _split(len(leaves))
    if index < cut:
        return [*inclusion_proof(leaves[:cut], index), root_of(leaves[cut:])]
    return [*inclusion_proof(leaves[cut:], index - cut), root_of(leaves[:cut])]


def consistency_proof(leaves: Sequence[bytes], before: int) -> list[bytes]:
    """The hashes that show the tree of the first `before` leaves to be its beginning (RFC 6962, 2.1.2).

    Empty when there is nothing to show. Raises IndexError for a tree that is larger or empty.
    """
    if not 0 < before <= len(leaves):
        raise IndexError(before)
    return [] if before == len(leaves) else _subproof(leaves, before, whole=True)


def _subproof(leaves: Sequence[bytes], before: int, *, whole: bool) -> list[bytes]:
    if before == len(leaves):
        return [] if whole else [root_of(leaves)]
    cut = _split(len(leaves))
    if before <= cut:
        return [*_subproof(leaves[:cut], before, whole=whole), root_of(leaves[cut:])]
    return [*_subproof(leaves[cut:], before - cut, whole=False), root_of(leaves[:cut])]


def includes(root: bytes, size: int, index: int, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows leaf `index` in the tree of `size` with this root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, computed = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            computed = node_hash(step, computed)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            computed = node_hash(computed, step)
        node >>= 1
        last >>= 1
    return last == 0 and computed == root


def continues(old_root: bytes, old_size: int, root: bytes, size: int, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows one tree to be the beginning of the other (RFC 9162, 2.1.4.2)."""
    if not 0 < old_size <= size:
        return False
    if old_size == size:
        return not proof and old_root == root
    # A perfect old tree is a subtree of the new one: its root stands for itself.
    steps = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not steps:
        return False
    node, last = old_size - 1, size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    old, new = steps[0], steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            new = node_hash(new, step)
        node >>= 1
        last >>= 1
    return last == 0 and old == old_root and new == root
