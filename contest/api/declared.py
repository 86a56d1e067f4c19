"""What the API offers, operation by operation, and its description (OpenAPI 3.1) made from the same declarations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from contest.api.asked import Asked
from contest.api.problems import Problem
from contest.api.shapes import SLUG, Shape
from contest.core.errors import N_

VERSION = "1.0"
JSON = "application/json"
PROBLEM = "application/problem+json"
_ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")
# What stands in an address, by the name of its part.
_ARGUMENTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "slug": (N_("Slug of a contest."), {"type": "string", "pattern": SLUG, "maxLength": 120}),
    "public_id": (N_("Id, as lists give it."), {"type": "string", "pattern": "^[0-9a-z]{14}$"}),
    "post_id": (N_("Id, as lists give it."), {"type": "string", "pattern": "^[0-9a-z]{14}$"}),
    "code": (N_("Code of a unit."), {"type": "string", "pattern": "^[a-z0-9_-]+$", "maxLength": 60}),
}
_HEADERS = {
    "ETag": {"description": "Send it back as If-None-Match.", "schema": {"type": "string"}},
    "Last-Modified": {"description": "When what is told last changed, where known.", "schema": {"type": "string"}},
    "Cache-Control": {"description": "How long an answer may be kept.", "schema": {"type": "string"}},
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One address of the API. `summary`: a catalogue key; `missing`: whether it may be a 404."""

    name: str
    path: str
    summary: str
    answer: type[Shape]
    asks: type[Asked]

    @property
    def arguments(self) -> tuple[str, ...]:
        """The parts of the address that name something."""
        return tuple(_ARGUMENT.findall(self.path))

    @property
    def shown(self) -> str:
        """The address as OpenAPI writes it."""
        return _ARGUMENT.sub(r"{\1}", self.path)

    @property
    def parameters(self) -> list[dict[str, Any]]:
        """What may stand behind the question mark, as OpenAPI describes it."""
        schema = TypeAdapter(self.asks).json_schema()
        return [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": each.get("description", ""),
                "schema": _plain(each),
            }
            for name, each in schema.get("properties", {}).items()
        ]


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema: one that is left out is not null."""
    kept = {name: value for name, value in schema.items() if name not in {"title", "description", "default", "anyOf"}}
    for each in schema.get("anyOf", ()):
        if each.get("type") != "null":
            kept.update(each)
    if schema.get("default") is not None:
        kept["default"] = schema["default"]
    return kept


def describe(
    operations: list[Operation], *, name: str, about: str, server: str, contact: str, say: Callable[[str], str]
) -> dict[str, Any]:
    """The description of these operations. `say` turns a catalogue key into words."""
    models = [(each.answer, "serialization") for each in operations] + [(Problem, "serialization")]
    refs, document = models_json_schema(
        sorted(set(models), key=lambda each: each[0].__name__),  # type: ignore[arg-type]  # of the mode's literal
        ref_template="#/components/schemas/{model}",
    )
    problem = {"content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    paths: dict[str, Any] = {}
    for each in operations:
        answers: dict[str, Any] = {
            "200": {
                "description": each.answer.__doc__ or "",
                "headers": _HEADERS,
                "content": {JSON: {"schema": refs[each.answer, "serialization"]}},
            },
            "304": {"description": "Unchanged since the ETag that was sent."},
            "400": {"description": "A parameter that cannot be taken.", **problem},
            "404": {"description": "Nothing here, or not public yet.", **problem},
            "429": {"description": "Too many requests: wait for Retry-After seconds.", **problem},
        }
        parameters = [
            {
                "name": argument,
                "in": "path",
                "required": True,
                "description": say(_ARGUMENTS[argument][0]),
                "schema": _ARGUMENTS[argument][1],
            }
            for argument in each.arguments
        ]
        paths[each.shown] = {
            "get": {
                "operationId": each.name,
                "summary": say(each.summary),
                "parameters": parameters + each.parameters,
                "responses": answers,
            }
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": name, "version": VERSION, "description": about, "contact": {"email": contact}},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {"schemas": document["$defs"]},
    }
