"""Checkpoints as signed notes: read back whole, and nothing else read."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contest.voting.ledger.notes import BadNote, Checkpoint, opened, read_verifier_key, sign, verifier_key

NAME = "bau.an-lam.example/guong-sang"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
POINT = Checkpoint(NAME, 1042, bytes(range(32, 64)))


def test_a_note_is_read_back():
    note = sign(POINT, KEY)
    assert note.split("\n")[:3] == [NAME, "1042", base64.b64encode(POINT.root).decode()]
    assert opened(note, NAME, PUBLIC) == POINT
    assert opened(note + "— witness.example AAAAAAAA\n", NAME, PUBLIC) == POINT


def test_the_verifier_key_of_the_go_implementation():
    # golang.org/x/mod/sumdb/note, the key of the example in its documentation.
    name, public = read_verifier_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    assert name == "PeterNeumann"
    note = (
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    with pytest.raises(BadNote, match="not a checkpoint"):
        opened(note, name, public)
    assert verifier_key(name, public).startswith("PeterNeumann+c74f20a3+")


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("1042", "1043"),
        lambda note: note.replace("1042", "01042"),
        lambda note: note.replace("1042", "-1"),
        lambda note: note.replace(NAME, NAME + "x"),
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note.replace("\n\n", "\nmore\n\n"),
        lambda note: note[:-1],
        lambda note: note[: note.index("—")],
        lambda note: note.replace("—", "-"),
        lambda note: note[:-3] + "A=\n",
        lambda note: note + "x" * 10_000,
        lambda note: "",
    ],
)
def test_a_changed_note_is_not_one(change):
    with pytest.raises(BadNote):
        opened(change(sign(POINT, KEY)), NAME, PUBLIC)


def test_anothers_key_opens_nothing():
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with pytest.raises(BadNote, match="not signed"):
        opened(sign(POINT, KEY), NAME, other.public_key().public_bytes_raw())
    with pytest.raises(BadNote):
        opened(sign(POINT, other), NAME, PUBLIC)
    for text in ("", "a+b", "a+00000000+AQ==", verifier_key(NAME, PUBLIC).replace(NAME, "x")):
        with pytest.raises(BadNote):
            read_verifier_key(text)
    assert read_verifier_key(verifier_key(NAME, PUBLIC)) == (NAME, PUBLIC)
