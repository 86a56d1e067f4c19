"""The lines of the checklist, and what a category asks for."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

# Digits of a Vietnamese number without its 0 or +84.
PHONE_LEAST = 9
TEXT, PHOTOS, PRESS, FACTS, GROUP = "text", "photos", "press", "facts", "group"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the checklist. `message` says what is missing; empty when nothing is.

    `section` and `field` tell where it is mended.
    """

    label: str
    section: str
    field: str
    message: str = ""
    params: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def done(self) -> bool:
        return not self.message


@dataclass(frozen=True, slots=True)
class Asked:
    """Which answers a category's rules ask for; `required` holds those that must not be empty."""

    required: frozenset[str]
    genre: bool
    birth_date: bool
    photos: bool

    def asks(self, name: str) -> bool:
        """Whether the form shows the field: what is not needed is not collected."""
        return name in self.required or name in _ALWAYS_OFFERED


_ALWAYS_OFFERED = {"author_pen_name", "author_unit", "exemplar_kind", "exemplar_unit"}
