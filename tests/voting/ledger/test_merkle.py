"""The tree against the vectors of Certificate Transparency, the definition, and proofs that must not hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contest.voting.ledger.merkle import (
    EMPTY,
    Frontier,
    consistency_proof,
    continues,
    includes,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
)

# The leaves and roots of the reference tests of Certificate Transparency (merkle_tree_test, RFC 6962).
LEAVES = [
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def hashes(number: int) -> list[bytes]:
    return [leaf_hash(str(each).encode()) for each in range(number)]


def by_definition(leaves: list[bytes]) -> bytes:
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        return leaves[0]
    cut = 1
    while cut * 2 < len(leaves):
        cut *= 2
    return node_hash(by_definition(leaves[:cut]), by_definition(leaves[cut:]))


def test_the_published_vectors():
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for size, root in enumerate(ROOTS, start=1):
        assert root_of([leaf_hash(leaf) for leaf in LEAVES[:size]]).hex() == root


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=6))
def test_growing_in_batches_gives_the_tree_of_the_definition(batches):
    frontier, leaves = Frontier(), hashes(sum(batches))
    at = 0
    for batch in batches:
        frontier = frontier.extended(leaves[at : at + batch])
        at += batch
    assert (frontier.size, frontier.root) == (len(leaves), by_definition(leaves))


def test_every_proof_holds_and_no_other():
    for size in range(1, 34):
        leaves = hashes(size)
        root = root_of(leaves)
        for index in range(size):
            proof = inclusion_proof(leaves, index)
            assert includes(root, size, index, leaves[index], proof)
            assert not includes(root, size, index, leaf_hash(b"other"), proof)
            assert not includes(root, size, index + 1, leaves[index], proof) or size == 1
            assert not includes(root, size, index, leaves[index], [*proof, EMPTY])
            if proof:
                assert not includes(root, size, index, leaves[index], proof[:-1])
        for before in range(1, size + 1):
            proof = consistency_proof(leaves, before)
            old = root_of(leaves[:before])
            assert continues(old, before, root, size, proof)
            assert not continues(leaf_hash(b"other"), before, root, size, proof)
            assert not continues(old, before, leaf_hash(b"other"), size, proof)
            assert not continues(old, before, root, size, [*proof, EMPTY])
            if proof:
                assert not continues(old, before, root, size, proof[:-1])


def test_what_is_no_tree_is_refused():
    for size, peaks in ((1, ()), (3, (EMPTY,)), (0, (EMPTY,)), (-1, ()), (1, (b"short",))):
        with pytest.raises(ValueError, match="do not make a tree"):
            Frontier(size, peaks)
    with pytest.raises(IndexError):
        inclusion_proof(hashes(3), 3)
    for before in (0, 4):
        with pytest.raises(IndexError):
            consistency_proof(hashes(3), before)
