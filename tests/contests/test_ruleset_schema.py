"""The published schema is the one that the classes give, and says something about every field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from contest.contests.ruleset.schema import json_schema, schema_text

PUBLISHED = Path(__file__).parents[2] / "docs" / "ruleset.schema.json"
MEANING = PUBLISHED.with_name("ruleset.md")


def test_the_published_schema_is_up_to_date() -> None:
    """Write it anew with `python -m contest.contests.ruleset.schema docs/ruleset.schema.json`."""
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text()


def test_objects_of_the_schema_are_closed_and_described() -> None:
    parts: dict[str, Any] = json_schema()["$defs"]
    for name, part in parts.items():
        if name != "RuleSets":
            assert part["additionalProperties"] is False, name
            assert part.get("description"), name


def test_schema_knows_marks_instants_and_names_of_the_document() -> None:
    parts = json_schema()["$defs"]
    assert parts["Rubric"]["properties"]["step"]["type"] == "number"
    assert parts["Criterion"]["properties"]["max"] == {"maximum": 1000, "minimum": 0, "title": "Max", "type": "number"}
    assert "class" in parts["Anniversary"]["properties"]
    assert parts["Announcement"]["properties"]["embargo_until"]["format"] == "date-time"
    assert "third_judge" in json.dumps(parts["Gap"])


def test_the_page_for_organisers_names_every_field() -> None:
    page = MEANING.read_text(encoding="utf-8")
    missing = {
        f"{part}.{field}"
        for part, definition in json_schema()["$defs"].items()
        for field in definition["properties"]
        if f"`{field}`" not in page
    }
    assert missing == set()
