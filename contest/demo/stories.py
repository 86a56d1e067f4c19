"""The invented people and stories of the demonstration, as they are written down in `data/`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from contest.contests.ruleset import RuleSet, parse_rule_sets

DATA = Path(__file__).parent / "data"
FIRST, SECOND = "dhtb-2027", "ntvt-2027"
Marks = dict[str, Decimal]


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"), parse_float=Decimal)


@dataclass(frozen=True)
class Picture:
    """A photo of a story: what it shows in words, and the scene that is drawn for it."""

    caption: str
    photographer: str
    alt: str
    scene: str
    seed: int


@dataclass(frozen=True)
class Story:
    """One invented entry, with what the judges and readers of the tour make of it."""

    raw: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.raw["id"])

    @property
    def contest(self) -> str:
        return str(self.raw["contest"])

    @property
    def title(self) -> str:
        return str(self.raw["title"])

    @property
    def author(self) -> dict[str, Any]:
        return dict(self.raw["author"])

    @property
    def email(self) -> str:
        return str(self.author["email"])

    @property
    def birth_date(self) -> date:
        return date.fromisoformat(self.author["birth_date"])

    @property
    def screening(self) -> str:
        """accepted, refused or completion."""
        return str(self.raw.get("screening", "accepted"))

    @property
    def verification(self) -> str:
        """verified, unverifiable or on_hold."""
        return str(self.raw.get("verification", "verified"))

    @cached_property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(Picture(**photo) for photo in self.raw["photos"])

    def sheets(self, name: str) -> list[Marks]:
        """Marks by criterion: `prelim_sheets`, `final_sheets` or `reconciled_sheets`, in the judges' order."""
        return [_marks(sheet) for sheet in self.raw.get(name, [])]

    @property
    def third_sheet(self) -> Marks | None:
        sheet = self.raw.get("third_sheet")
        return _marks(sheet) if sheet else None

    @property
    def votes(self) -> int:
        return int(self.raw.get("votes") or 0)


def _marks(sheet: dict[str, Any]) -> Marks:
    return {criterion: Decimal(mark) for criterion, mark in sheet.items()}


@cache
def stories() -> tuple[Story, ...]:
    """All of them, in the order of their numbers."""
    return tuple(Story(raw) for path in sorted((DATA / "entries").glob("*.json")) for raw in _read(path))


def stories_of(contest_id: str) -> list[Story]:
    return [story for story in stories() if story.contest == contest_id]


@cache
def by_author_and_title() -> dict[tuple[str, str], Story]:
    """How a submitted entry is recognised: by its author's address and the title on the first receipt."""
    return {(story.email, story.title): story for story in stories()}


@cache
def people() -> tuple[dict[str, Any], ...]:
    return tuple(_read(DATA / "people.json"))


@cache
def units() -> tuple[dict[str, Any], ...]:
    return tuple(_read(DATA / "units.json"))


@cache
def decisions() -> dict[str, Any]:
    return dict(_read(DATA / "decisions.json"))


@cache
def around() -> dict[str, Any]:
    """What happens around a contest: days that are kept, cases, citations, amendments, news, letters."""
    return dict(_read(DATA / "around.json"))


def reason(name: str) -> str:
    """A sentence that the demonstration's people give as their reason."""
    return str(decisions()["reasons"][name])


@cache
def rule_sets() -> dict[str, RuleSet]:
    """The two rule sets by id."""
    return {rules.id: rules for rules in parse_rule_sets((DATA / "contests.json").read_bytes())}


def slug_of(contest_id: str) -> str:
    return str(rule_sets()[contest_id].slug)
