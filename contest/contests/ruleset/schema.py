"""The published JSON Schema of a rule set: what an editor can check while one types.

The schema says shapes only; what the fields mean together is checked on loading (see `checks`).
`python -m contest.contests.ruleset.schema docs/ruleset.schema.json` writes it anew.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from contest.contests.ruleset.model import RuleSet

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema of a file: one rule set, or several in {"meta": …, "contests": […]}."""
    made = RuleSet.model_json_schema(by_alias=True)
    parts: dict[str, Any] = made.pop("$defs")
    parts["RuleSet"] = made
    parts["RuleSets"] = {
        "type": "object",
        "required": ["contests"],
        "properties": {
            "contests": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/RuleSet"}},
        },
    }
    return {
        "$schema": DIALECT,
        "title": "Rule set of a contest",
        "description": "Shapes of the fields; their meaning is written in ruleset.md.",
        "if": {"type": "object", "required": ["contests"]},
        "then": {"$ref": "#/$defs/RuleSets"},
        "else": {"$ref": "#/$defs/RuleSet"},
        "$defs": dict(sorted(parts.items())),
    }


def schema_text() -> str:
    """The schema as it is kept in docs/ruleset.schema.json."""
    return json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(schema_text(), encoding="utf-8")
