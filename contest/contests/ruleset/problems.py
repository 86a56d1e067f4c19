"""What is wrong with a rule set: where, and in words that an organiser can act upon."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from contest.core.errors import N_

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_LONGEST_QUOTE = 60


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    `path` is the place in the document, e.g. `rounds[0].gap.threshold` ("" is the whole document);
    `message` is the English sentence, a catalogue key, and `params` fill its placeholders.
    """

    path: str
    message: str
    params: dict[str, Any] = field(default_factory=dict, hash=False)

    def text(self, gettext: Callable[[str], str] = str) -> str:
        """The sentence in the language of `gettext`, placeholders filled."""
        sentence = gettext(self.message)
        return sentence % self.params if self.params else sentence.replace("%%", "%")

    def __str__(self) -> str:
        return f"{self.path}: {self.text()}" if self.path else self.text()


class RuleSetInvalid(Exception):
    """The document is not a usable rule set; `problems` holds all that was found, in its order."""

    message = N_("The rule set has problems; nothing was changed.")

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(self.message)
        self.problems = list(problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def join(path: str, *parts: str | int) -> str:
    """`path` with steps into it: names after a point, places and odd names in brackets."""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            path += f".{part}" if path else part
        else:
            path += f"[{quote(part)}]"
    return path


def quote(value: object) -> str:
    """A value of the document as it is shown in a sentence: short, on one line, printable."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{…}"
    if isinstance(value, list | tuple):
        return "[…]"
    text = "".join(char if char.isprintable() else "�" for char in str(value)[: _LONGEST_QUOTE + 1])
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name that somebody who wrote `name` most likely meant."""
    by_lower = {each.lower(): each for each in known}
    found = get_close_matches(name[:80].lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None
