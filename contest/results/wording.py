"""Sentences as they are kept in the database: an English catalogue key and parameters, typed. Pure.

A parameter that is more than plain JSON (a text in two languages, an amount, a decimal that carries
the places it is shown with) is kept as an object with one key that names its kind, and comes back
as what it was: a page of next year says it like a page of today.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from contest.contests.ruleset.kinds import Localized
from contest.core.errors import Dong
from contest.judging.scoring import Words

Kept = list[Any]


def as_text(value: Fraction) -> str:
    """An exact value as "numerator/denominator"."""
    return f"{value.numerator}/{value.denominator}"


def keep(words: Words) -> Kept:
    """A sentence as JSON. Raises TypeError for a parameter of a kind that is not known."""
    message, params = words
    return [message, {name: _keep(value) for name, value in params.items()}]


def keep_all(sentences: Iterable[Words]) -> list[Kept]:
    return [keep(words) for words in sentences]


def told(kept: Sequence[Any]) -> Words:
    """A sentence as it was before `keep`."""
    message, params = kept
    return message, {name: _told(value) for name, value in params.items()}


def told_all(kept: Iterable[Sequence[Any]]) -> tuple[Words, ...]:
    return tuple(told(each) for each in kept)


def _keep(value: Any) -> Any:
    if isinstance(value, Localized):
        return {"text": {"vi": value.vi, "en": value.en}}
    if isinstance(value, Dong):
        return {"dong": int(value)}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, Fraction):
        return {"fraction": as_text(value)}
    if isinstance(value, str | int):
        return value
    raise TypeError(f"cannot keep {value!r}")


def _told(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    [(kind, inner)] = value.items()
    if kind == "text":
        return Localized(**inner)
    if kind == "dong":
        return Dong(inner)
    return Decimal(inner) if kind == "decimal" else Fraction(inner)
