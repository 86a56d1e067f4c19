"""Structured data for search engines (JSON-LD), written so that it can stand inside a page."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

CONTEXT = "https://schema.org"
# What could end the element or begin another is written as JSON writes any character: by its number.
_ESCAPES = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"})


def linked(data: dict[str, Any]) -> Markup:
    """An object of schema.org as JSON-LD for a script element; what is None or empty is left out."""
    told = json.dumps({"@context": CONTEXT, **_without_gaps(data)}, ensure_ascii=False, separators=(",", ":"))
    return Markup(told.translate(_ESCAPES))  # noqa: S704 -- the line above leaves nothing that HTML reads


def _without_gaps(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_gaps(each) for key, each in value.items() if each is not None and each not in ("", [])}
    if isinstance(value, list | tuple):
        return [_without_gaps(each) for each in value]
    return str(value) if isinstance(value, str) else value
