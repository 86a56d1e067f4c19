"""Pages of lists by cursor: where the last one ended, opaque to who asks. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

Row = TypeVar("Row")
Key = tuple[str, ...]


class BadCursor(ValueError):
    """Not a cursor of ours."""


def cursor_of(key: Key) -> str:
    """A cursor behind the row with this key."""
    told = json.dumps(key, ensure_ascii=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(told).decode().rstrip("=")


def key_of(cursor: str, parts: int) -> Key:
    """The key that a cursor stands behind, of so many parts. Raises BadCursor."""
    try:
        told = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise BadCursor(cursor) from error
    if not isinstance(told, list) or len(told) != parts or not all(isinstance(each, str) for each in told):
        raise BadCursor(cursor)
    if any("\x00" in each or any("\ud800" <= char <= "\udfff" for char in each) for each in told):
        raise BadCursor(cursor)
    return tuple(told)


def cut(rows: Sequence[Row], limit: int, key: Callable[[Row], Key]) -> tuple[Sequence[Row], str | None]:
    """At most `limit` of the rows, of which one more was read, and the cursor behind them."""
    if len(rows) <= limit:
        return rows, None
    shown = rows[:limit]
    return shown, cursor_of(key(shown[-1]))
