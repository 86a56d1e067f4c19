"""Reading a document: JSON with exact decimals, within bounds, saying where it is wrong.

The JSON reader of the standard library keeps the last of two equal keys, takes NaN, and falls over
on deep nesting or on a number of a million digits. An organiser's upload is bounded here instead.
"""

from __future__ import annotations

import json
import re
import unicodedata
from decimal import Decimal
from typing import Any

from contest.contests.ruleset.problems import Problem, RuleSetInvalid, join, quote
from contest.core.errors import N_

MAX_BYTES = 1_048_576
MAX_DEPTH = 30
MAX_PROBLEMS = 200
_MAX_DIGITS = 40

# The closing quote is optional so that an unterminated string is passed over once, not once for
# each quote in it.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
# Halves of surrogate pairs, and control characters but for tab and line feed.
_UNSTORABLE = re.compile("[\ud800-\udfff\x00-\x08\x0b-\x1f\x7f-\x9f]")
_EXPONENT = re.compile(r"[eE]([+-]?)0*(\d*)")


class _Unreadable:
    """Stands in the document where a number cannot be taken, until the walk says where it is."""

    def __init__(self, message: str, spelling: str) -> None:
        self.message = message
        self.spelling = spelling


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its keys were written twice."""

    twice: tuple[str, ...] = ()


TOO_LARGE = N_("The file is larger than %(limit)s MB.")
NOT_UTF8 = N_("The file is not text in UTF-8.")
SYNTAX = N_("Line %(line)s, column %(column)s: this is not JSON.")
# The beginnings of what the standard library says, in the words that an organiser reads.
_SYNTAX = {
    "Expecting value": N_("Line %(line)s, column %(column)s: a value is expected here."),
    "Expecting ',' delimiter": N_("Line %(line)s, column %(column)s: a comma is missing here."),
    "Expecting ':' delimiter": N_("Line %(line)s, column %(column)s: a colon is missing here."),
    "Expecting property name": N_(
        "Line %(line)s, column %(column)s: the name of a field in double quotes is expected here."
    ),
    "Illegal trailing comma": N_(
        "Line %(line)s, column %(column)s: there is a comma too many before the closing bracket."
    ),
    "Unterminated string": N_("Line %(line)s, column %(column)s: this text has no closing quote."),
    "Invalid control character": N_("Line %(line)s, column %(column)s: a line break within a text is written \\n."),
    "Invalid \\": N_("Line %(line)s, column %(column)s: this is not an escape that JSON knows."),
    "Extra data": N_("Line %(line)s, column %(column)s: nothing may follow the end of the document."),
}
TOO_DEEP = N_("Brackets are nested more than %(limit)s deep.")
TWICE = N_("The field “%(name)s” is written twice.")
NOT_FINITE = N_("%(value)s is not a number that a rule set may hold.")
TOO_MANY_DIGITS = N_("The number %(value)s has too many digits.")
SURROGATE = N_("This text holds half a character (U+%(char)s) and cannot be stored.")
CONTROL = N_("This text holds a control character (U+%(char)s) and cannot be stored.")


def _integer(spelling: str) -> object:
    if len(spelling) > _MAX_DIGITS:
        return _Unreadable(TOO_MANY_DIGITS, spelling)
    return int(spelling)


def _decimal(spelling: str) -> object:
    exponent = _EXPONENT.search(spelling)
    if len(spelling) > _MAX_DIGITS or (exponent and len(exponent.group(2)) > 2):
        return _Unreadable(TOO_MANY_DIGITS, spelling)
    return Decimal(spelling)


def _constant(spelling: str) -> object:
    return _Unreadable(NOT_FINITE, spelling)


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        made.twice = tuple(dict.fromkeys(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return made


def _too_deep(text: str) -> bool:
    depth = 0
    for token in _TOKEN.finditer(text):
        mark = token.group()[0]
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif mark in "]}":
            depth -= 1
    return False


def read_json(text: str | bytes) -> Any:
    """The JSON values of `text`: decimals exact, strings in NFC.

    Raises RuleSetInvalid with every problem of spelling: size, syntax, depth, keys written twice,
    NaN and Infinity, numbers without end, characters that cannot be stored.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise RuleSetInvalid([Problem("", NOT_UTF8)]) from None
    # The bound is on bytes; lone surrogates (refused below) have no bytes of their own.
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise RuleSetInvalid([Problem("", TOO_LARGE, {"limit": MAX_BYTES // 1_048_576})])
    text = text.removeprefix("\ufeff")
    if _too_deep(text):
        raise RuleSetInvalid([Problem("", TOO_DEEP, {"limit": MAX_DEPTH})])
    try:
        document = json.loads(
            text,
            parse_int=_integer,
            parse_float=_decimal,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        message = next((text for start, text in _SYNTAX.items() if error.msg.startswith(start)), SYNTAX)
        where = {"line": error.lineno, "column": error.colno}
        raise RuleSetInvalid([Problem("", message, where)]) from None
    problems: list[Problem] = []
    clean = _clean(document, "", problems)
    if problems:
        raise _Misspelt(problems, clean)
    return clean


class _Misspelt(RuleSetInvalid):
    """The document could be read, but holds values that cannot be taken.

    `document` has them as they were (or null), so that the other checks can still be made.
    """

    def __init__(self, problems: list[Problem], document: Any) -> None:
        super().__init__(problems)
        self.document = document


def read_leniently(text: str | bytes) -> tuple[Any, list[Problem]]:
    """As `read_json`, but with the misspelt values among the problems instead of raised.

    Still raises RuleSetInvalid when there is nothing to go on with.
    """
    try:
        return read_json(text), []
    except _Misspelt as error:
        return error.document, error.problems


def _clean(value: Any, path: str, problems: list[Problem]) -> Any:
    """`value` with strings in NFC; what cannot be taken is reported and left out (null)."""
    if isinstance(value, _Unreadable):
        problems.append(Problem(path, value.message, {"value": quote(value.spelling)}))
        return None
    if isinstance(value, str):
        return _clean_text(value, path, problems)
    if isinstance(value, _Object):
        problems.extend(Problem(path, TWICE, {"name": quote(name)}) for name in value.twice)
        return {
            _clean_text(name, path, problems): _clean(each, join(path, name), problems) for name, each in value.items()
        }
    if isinstance(value, list):
        return [_clean(each, join(path, place), problems) for place, each in enumerate(value)]
    return value


def _clean_text(text: str, path: str, problems: list[Problem]) -> str:
    """`text` in NFC; the first character that no database stores is reported, and replaced."""
    bad = _UNSTORABLE.search(text)
    if bad is not None:
        message = SURROGATE if "\ud800" <= bad.group() <= "\udfff" else CONTROL
        problems.append(Problem(path, message, {"char": f"{ord(bad.group()):04X}"}))
        text = _UNSTORABLE.sub("�", text)
    return unicodedata.normalize("NFC", text)
