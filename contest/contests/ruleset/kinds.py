"""The kinds of value a rule set is written in: texts, codes, marks, instants, dates.

JSON gives strings, whole numbers, decimals (never binary floats), true and false. Each kind takes
exactly one of these and says in words what it expected; nothing is guessed from a wrong type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from contest.core.errors import N_

NOT_A_NUMBER = N_("This must be a number.")
BAD_NUMBER = N_("This number has too many digits: at most 12 before the point and 6 after it.")
NOT_AN_INSTANT = N_("This must be an instant such as 2027-03-31T17:00:00+07:00.")
NAIVE_INSTANT = N_("This instant has no time zone: write +07:00 behind it for Vietnam.")
NOT_A_DATE = N_("This must be a date such as 2027-03-31.")

_INSTANT = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1900, 2200


def _instant(value: object) -> datetime:
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, str) and (match := _INSTANT.fullmatch(value)):
        if match.group(8) is None:
            raise PydanticCustomError("rule_set", NAIVE_INSTANT)
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError("rule_set", NOT_AN_INSTANT) from None
    else:
        raise PydanticCustomError("rule_set", NOT_AN_INSTANT)
    if found.tzinfo is None:
        raise PydanticCustomError("rule_set", NAIVE_INSTANT)
    if not _FIRST_YEAR <= found.year < _LAST_YEAR:
        raise PydanticCustomError("rule_set", NOT_AN_INSTANT)
    return found.astimezone(UTC)


def _date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("rule_set", NOT_A_DATE)


def _decimal(value: object) -> Decimal:
    """`value` as an exact decimal.

    A float is met only when a stored document was read by a JSON reader that was not told about
    decimals; its shortest spelling is the decimal that was written.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("rule_set", NOT_A_NUMBER)
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise PydanticCustomError("rule_set", NOT_A_NUMBER)
    exponent = number.as_tuple().exponent
    if number and (not isinstance(exponent, int) or exponent < -6 or number.adjusted() >= 12):
        raise PydanticCustomError("rule_set", BAD_NUMBER)
    return number or Decimal(0)


def _spell_instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def spell_number(number: Decimal) -> str:
    """A decimal as it is written in a rule set: 20 and 0.25, never 20.0 or 2E+1."""
    if not number:
        return "0"
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    PlainSerializer(_spell_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A point in time; written with its zone, kept in UTC."""

Day = Annotated[
    date,
    BeforeValidator(_date),
    PlainSerializer(date.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "format": "date"}),
]

Number = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    PlainSerializer(lambda value: value),
    WithJsonSchema({"type": "number"}),
]
"""An exact decimal, of at most 12 digits before the point and 6 after it."""

Mark = Annotated[Number, Field(ge=0, le=1000), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1000})]
"""Points of the scale."""

Flag = StrictBool
Count = Annotated[StrictInt, Field(ge=1, le=1_000_000)]
Whole = Annotated[StrictInt, Field(ge=0, le=1_000_000)]
Money = Annotated[StrictInt, Field(ge=0, le=1_000_000_000_000)]
"""Vietnamese đồng; there is no smaller coin."""

Text = Annotated[StrictStr, StringConstraints(min_length=1, max_length=20_000, pattern=r"\S")]
Code = Annotated[StrictStr, StringConstraints(max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]
"""A code that programs read: small letters, digits and underscores."""
Ident = Annotated[StrictStr, StringConstraints(max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
"""The name of a part of this rule set: letters, digits, hyphens and underscores."""
Slug = Annotated[StrictStr, StringConstraints(max_length=80, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
"""A part of an address: small letters and digits joined by single hyphens."""
Prefix = Annotated[StrictStr, StringConstraints(max_length=6, pattern=r"^[A-Z][A-Z0-9]*$")]

Item = TypeVar("Item")
Many = Annotated[tuple[Item, ...], Field(max_length=200)]


class Part(BaseModel):
    """A part of a rule set: unchangeable, hashable, and closed to fields it does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        validate_default=False,
        serialize_by_alias=True,
    )


class Localized(Part):
    """A text in both languages; Vietnamese is the one that counts."""

    vi: Text
    en: Text

    def __str__(self) -> str:
        return self.vi

    def get(self, language: str) -> str:
        """The text in `language` ("vi" or "en"); Vietnamese for any other."""
        return self.en if language.startswith("en") else self.vi


class Counts(Mapping[str, int]):
    """How many, by the id of a category. Read like a dict, hashable, never changed."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Mapping[str, int]) -> None:
        self._pairs = dict(pairs)

    def __getitem__(self, key: str) -> int:
        return self._pairs[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __hash__(self) -> int:
        return hash(frozenset(self._pairs.items()))

    def __repr__(self) -> str:
        return f"Counts({self._pairs!r})"


def freeze_counts(value: dict[str, int]) -> Counts:
    """The validated dict of counts, closed to changes."""
    return Counts(value)


def plain(value: Mapping[str, int]) -> dict[str, Any]:
    """The counts as a plain dict, for JSON."""
    return dict(value)
