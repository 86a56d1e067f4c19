"""Files that people send, kept under names that cannot be guessed: on disk, or in an S3-compatible store.

A key is made here, never taken from a person. A file is written once, whole, and never changed: a
crash leaves either the file or nothing. Nobody but this site reads the store; who may see a file is
asked on every request.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from contest.core.config import S3, Settings
from contest.core.errors import N_, NotFound, Refused

_KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{30}\.[a-z]{3,4}")
_CHUNK = 256 * 1024


class StoreAway(Refused):
    """The store does not answer, or not in time. Nothing was kept; later it may."""

    def __init__(self) -> None:
        super().__init__(
            N_("Files cannot be kept or shown just now. Nothing that was saved is lost; please try again in a minute."),
            code="store_away",
        )


@dataclass(frozen=True)
class Stored:
    """A file on its way out: its length in bytes and its pieces."""

    size: int
    pieces: Iterator[bytes]


class FileStore(Protocol):
    """Immutable files, addressed by random keys."""

    def put(self, content: bytes, extension: str) -> str:
        """Store `content` and return its key. The bytes are safe when this returns. Raises StoreAway."""

    def open(self, key: str) -> Stored:
        """The file of `key`, read piece by piece. Raises NotFound, StoreAway."""

    def read(self, key: str) -> bytes:
        """The file of `key` as a whole. Raises NotFound, StoreAway."""

    def remove(self, key: str) -> None:
        """Delete the file of `key`, if it is there. Raises StoreAway."""

    @property
    def where(self) -> str:
        """Where the files are, for operators: an address without secrets."""


def new_key(extension: str) -> str:
    """A key that was never given out: 128 random bits."""
    name = secrets.token_hex(16)
    return f"{name[:2]}/{name[2:]}.{extension}"


def check_key(key: str) -> str:
    """`key` itself. Raises NotFound for anything that is not one of ours."""
    if not _KEY.fullmatch(key):
        raise NotFound(key)
    return key


class DiskStore:
    """A folder. Each file is written under a temporary name, flushed to disk and renamed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def where(self) -> str:
        return str(self.root)

    def put(self, content: bytes, extension: str) -> str:
        key = new_key(extension)
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        return key

    def path(self, key: str) -> Path:
        """Where the file of `key` lies. Raises NotFound."""
        path = self.root / check_key(key)
        if not path.is_file():
            raise NotFound(key)
        return path

    def open(self, key: str) -> Stored:
        path = self.path(key)

        def pieces() -> Iterator[bytes]:
            with path.open("rb") as file:
                while piece := file.read(_CHUNK):
                    yield piece

        return Stored(path.stat().st_size, pieces())

    def read(self, key: str) -> bytes:
        return self.path(key).read_bytes()

    def remove(self, key: str) -> None:
        if _KEY.fullmatch(key):
            (self.root / key).unlink(missing_ok=True)


class BucketStore:
    """A bucket of an S3-compatible store, which keeps it private; every file goes through this site."""

    def __init__(self, at: S3) -> None:
        self.at = at
        patience = timedelta(seconds=at.timeout_seconds)
        self._store = S3Store(
            at.bucket,
            prefix=at.prefix or None,
            endpoint=at.endpoint or None,
            region=at.region,
            access_key_id=at.access_key,
            secret_access_key=at.secret_key,
            virtual_hosted_style_request=False,
            client_options={
                "allow_http": at.endpoint.startswith("http://"),
                "timeout": patience,
                "connect_timeout": min(patience, timedelta(seconds=5)),
            },
            retry_config={"max_retries": 2, "retry_timeout": patience},
        )

    @property
    def where(self) -> str:
        return f"s3://{self.at.bucket}/{self.at.prefix}".rstrip("/")

    def put(self, content: bytes, extension: str) -> str:
        key = new_key(extension)
        try:
            # "create": the store itself refuses to write over a file.
            obstore.put(self._store, key, content, mode="create", use_multipart=False)
        except (BaseError, OSError) as error:
            raise StoreAway from error
        return key

    def open(self, key: str) -> Stored:
        try:
            found = obstore.get(self._store, check_key(key))
        except FileNotFoundError:
            raise NotFound(key) from None
        except (BaseError, OSError) as error:
            raise StoreAway from error
        pieces = found.stream(min_chunk_size=_CHUNK)
        return Stored(int(found.meta["size"]), (bytes(piece) for piece in pieces))

    def read(self, key: str) -> bytes:
        stored = self.open(key)
        try:
            content = b"".join(stored.pieces)
        except (BaseError, OSError) as error:
            raise StoreAway from error
        if len(content) != stored.size:
            raise StoreAway
        return content

    def remove(self, key: str) -> None:
        if not _KEY.fullmatch(key):
            return
        try:
            obstore.delete(self._store, key)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise StoreAway from error


def store_of(settings: Settings) -> FileStore:
    """The store that the settings name; opening it contacts nobody."""
    return BucketStore(settings.s3) if settings.s3 else DiskStore(settings.data_dir / "files")
