"""Checkpoints: a signed statement of what the log is (C2SP tlog-checkpoint in a C2SP signed-note). Pure.

    bau.an-lam.vn/<contest>
    1042
    qVkMfH3u…=            the root, base64
                          an empty line ends the text
    — bau.an-lam.vn/<contest> Az3g…=

A signature is base64(key id ‖ Ed25519 over the text with its last newline); the key id is the first four
bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key).
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
_NAME = re.compile(r"[^\s+]{1,200}")
_SIZE = re.compile(r"0|[1-9]\d{0,17}", re.ASCII)
_SIGNATURE = re.compile(r"— (\S{1,200}) (\S{1,400})")


class BadNote(ValueError):
    """What was given is not a checkpoint, or not one of this log."""


@dataclass(frozen=True)
class Checkpoint:
    """What the log says of itself: its name, how many leaves, and the root over them."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.origin) or not 0 <= self.size < 10**18 or len(self.root) != 32:
            raise BadNote("not a checkpoint")

    @property
    def text(self) -> str:
        """What is signed, with its last newline."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def key_id(name: str, public: bytes) -> bytes:
    """The four bytes by which a signature says whose it is."""
    return sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def verifier_key(name: str, public: bytes) -> str:
    """A public key as it is written down for others: name+id+base64(0x01 ‖ key)."""
    return f"{name}+{key_id(name, public).hex()}+{base64.b64encode(ED25519 + public).decode()}"


def read_verifier_key(text: str) -> tuple[str, bytes]:
    """The name and public key in a verifier key. Raises BadNote."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3 or not _NAME.fullmatch(parts[0]):
        raise BadNote("not a verifier key")
    content = _decoded(parts[2])
    if len(content) != 33 or content[:1] != ED25519 or key_id(parts[0], content[1:]).hex() != parts[1]:
        raise BadNote("not a verifier key")
    return parts[0], content[1:]


def sign(checkpoint: Checkpoint, private: Ed25519PrivateKey) -> str:
    """The checkpoint as a signed note, by the key of the log, which bears the log's name."""
    public = private.public_key().public_bytes_raw()
    signature = key_id(checkpoint.origin, public) + private.sign(checkpoint.text.encode())
    return f"{checkpoint.text}\n— {checkpoint.origin} {base64.b64encode(signature).decode()}\n"


def opened(note: str, name: str, public: bytes) -> Checkpoint:
    """The checkpoint in a note that is signed by this key. Raises BadNote.

    Signatures of others (witnesses) may stand beside it and are passed over.
    """
    if len(note) > 10_000:
        raise BadNote("too long")
    text, gap, signatures = note.partition("\n\n")
    if not gap or not signatures.endswith("\n"):
        raise BadNote("no signatures")
    checkpoint = _read(text + "\n")
    if checkpoint.origin != name:
        raise BadNote("another log's")
    mine = key_id(name, public)
    for line in signatures[:-1].split("\n"):
        found = _SIGNATURE.fullmatch(line)
        if found is None:
            raise BadNote("not a signature line")
        content = _decoded(found[2])
        if found[1] == name and content[:4] == mine:
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(content[4:], checkpoint.text.encode())
            except InvalidSignature as error:
                raise BadNote("the signature does not hold") from error
            return checkpoint
    raise BadNote("not signed by the log's key")


def _read(text: str) -> Checkpoint:
    lines = text.split("\n")
    # Further lines may be added by the format's later versions; ours has none.
    if len(lines) != 4 or lines[3] or not _SIZE.fullmatch(lines[1]):
        raise BadNote("not a checkpoint")
    return Checkpoint(lines[0], int(lines[1]), _decoded(lines[2]))


def _decoded(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote("not base64") from error
    if base64.b64encode(content).decode() != text:
        raise BadNote("not base64 as it is written")
    return content
