"""What a service says when it will not do something.

Messages are English sentences that double as catalogue keys; whoever shows them (a view, a
command) translates them and formats the parameters. A service never formats or translates.
"""

from __future__ import annotations

from typing import Any


def N_(message: str) -> str:
    """Mark a sentence for the catalogues without translating it here."""
    return message


class Dong(int):
    """An amount of money as a parameter of a message: written "5.000.000 đồng" by whoever shows it."""


class Refused(Exception):
    """A rule says no. Nothing was changed; the person is told why in words.

    `code` names the rule for programs and tests; `params` fill the placeholders of `message`.
    """

    def __init__(self, message: str, *, code: str = "refused", **params: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.params = params

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message


class Conflict(Refused):
    """Somebody (perhaps the same person in another window) was quicker; nothing was overwritten."""


class NotFound(Exception):
    """What was asked for does not exist, or the asker may not know that it does."""
