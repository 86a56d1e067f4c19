"""Keys with which the site signs what others check: one secret in one file, a key of its own for each thing signed.

The file stands outside the database, so that who can write to the one cannot sign with the other. It
is made when it is first needed; an operator makes it beforehand, keeps a copy apart, and gives the
same file to every machine (docs/operators.md).
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_SEED = 32


class BadKeyFile(Exception):
    """The file of the key cannot be used."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs under a name: `origin` stands on everything signed."""

    origin: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self.private.public_key().public_bytes_raw()


class SigningKeys:
    """The keys that come from the secret in `path` (64 hex digits)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seed: bytes | None = None

    def signer(self, origin: str, purpose: str) -> Signer:
        """The key for `purpose`, the same each time (HKDF-SHA256). Raises BadKeyFile."""
        return Signer(origin, Ed25519PrivateKey.from_private_bytes(self.secret(purpose)))

    def secret(self, purpose: str) -> bytes:
        """32 bytes for `purpose`, the same each time, that tell nothing of those for another. Raises BadKeyFile."""
        if self._seed is None:
            self._seed = self._read()
        info = f"guong-sang/{purpose}".encode()
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._seed)

    def make(self) -> bool:
        """Make the file unless it is there; True when it was made. Two processes at once make one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Written aside and linked in one step: nobody ever reads half a key, and no key is replaced.
        aside = self._path.with_name(f"{self._path.name}.{secrets.token_hex(6)}")
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(_SEED) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, self._path)
        except FileExistsError:
            return False
        finally:
            aside.unlink()
        return True

    def _read(self) -> bytes:
        try:
            if not self._path.exists():
                self.make()
            seed = bytes.fromhex(self._path.read_text("ascii").strip())
        except (OSError, ValueError) as error:
            raise BadKeyFile(f"{self._path}: {error}") from error
        if len(seed) != _SEED:
            raise BadKeyFile(f"{self._path}: {_SEED * 2} hex digits are needed")
        return seed
