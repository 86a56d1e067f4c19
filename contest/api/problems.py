"""The shape of an error, for the description; core.web.problems writes them, for requests that reach no view too."""

from __future__ import annotations

from contest.api.shapes import Both, Shape


class Said(Shape):
    """An error in one language."""

    title: str
    detail: str


class Texts(Shape):
    """An error in both languages."""

    vi: Said
    en: Said


class Fault(Shape):
    """What is wrong with a parameter."""

    parameter: str
    detail: Both


class Problem(Shape):
    """An error (RFC 9457). `title` and `detail` are in the language of the address."""

    type: str
    status: int
    title: str
    detail: str
    texts: Texts
    errors: tuple[Fault, ...] = ()
