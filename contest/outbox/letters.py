"""A message ready to go, and the ways in which it may not go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


class Transient(Exception):
    """Not now: the server is busy, away or wrongly configured. `after`: it asked to be left alone so long."""

    def __init__(self, message: str, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = after


class Unsure(Transient):
    """The whole message was handed over and no answer came back: it may have arrived, or not."""


class Permanent(Exception):
    """Never: the address does not exist, or the message cannot be accepted."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered message. `key` stays the same over all attempts, so that a copy can be recognised."""

    address: str
    subject: str
    body: str
    locale: str
    key: str
    at: datetime
