"""Files that people send, kept on disk under names that cannot be guessed.

A key is made here, never taken from a person. Files are written whole (temporary name, flush to
disk, rename), so that a crash leaves either the file or nothing.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from pathlib import Path

from contest.core.errors import NotFound

_KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{30}\.[a-z]{3,4}")


class FileStore:
    """A folder of immutable files, addressed by random keys."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, content: bytes, extension: str) -> str:
        """Store `content` and return its key. The bytes are on disk when this returns."""
        name = secrets.token_hex(16)
        key = f"{name[:2]}/{name[2:]}.{extension}"
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
        """Where the file of `key` lies. Raises NotFound for anything that is not one of our keys."""
        path = self.root / key
        if not _KEY.fullmatch(key) or not path.is_file():
            raise NotFound(key)
        return path

    def remove(self, key: str) -> None:
        """Delete the file of `key`, if it is there."""
        if _KEY.fullmatch(key):
            (self.root / key).unlink(missing_ok=True)
