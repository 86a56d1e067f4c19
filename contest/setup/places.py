"""Where something stands in a document, in words: for problems and differences. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contest.contests.ruleset import Problem
from contest.contests.ruleset.checks_time import AT_OR_WINDOW
from contest.core.errors import N_
from contest.setup.fields import Words, full_path, questions, value_at
from contest.setup.pages import Page, page_of
from contest.setup.rules import STEP_NAMES

NO_TIME = N_("This step has no time yet.")
NOT_YET = N_("Still to be filled in.")
ITEM = N_("%(item)s %(number)s")
_PARTS: Final = re.compile(r"([^.\[\]]+)(?![^\[]*\])|\[([^\[\]]+)\]")
_NAMES: Final = ("id", "key", "rung", "no", "rule")  # as `differences` tells items apart
OTHERS = {"anniversary": N_("Anniversary"), "quotas": N_("Floors")}  # what no field asks for
LANGUAGES = {"vi": N_("Vietnamese"), "en": N_("English")}


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a document: its page, and the words that lead to it there, the outer ones first."""

    page: Page
    words: Sequence[Words | tuple[str, str, int]]  # of an item of a list: ("item", its kind, its number)


def place_of(document: Mapping[str, Any], path: str) -> Place:
    """Where a path leads. What no page asks is named by its page alone."""
    page = page_of(path)
    best: tuple[int, list[Any]] = (0, [])
    for section in page.sections:
        for number, asked in questions(section, document):
            item: list[Any] = []
            if section.many:
                base = f"{section.path}[{number}]"
                step = STEP_NAMES.get(str(value_at(document, f"{base}.key")))
                item = [step[0] if step else ("item", section.item, number + 1)]
                if within(path, base) and len(base) > best[0]:
                    best = len(base), item
            for each in asked:
                full = full_path(section, number, each.path)
                if within(path, full) and len(full) >= best[0]:
                    rest = path[len(full) :].strip(".")
                    best = len(full), [*item, each.label, *([LANGUAGES[rest]] if rest in LANGUAGES else [])]
        if not best[0] and section.path and within(path, section.path):
            best = 1, [section.title]
    other = OTHERS.get(path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0])
    if not best[1] and other:
        best = 1, [other]
    return Place(page, best[1])


def by_number(document: Mapping[str, Any], path: str) -> str:
    """A path of `differences`, which calls items of lists by their names, with their places instead."""
    found = ""
    for name, item in _PARTS.findall(path):
        if name:
            found = f"{found}.{name}" if found else name
            continue
        items = value_at(document, found)
        named = items if isinstance(items, list) else []
        place = next(
            (
                number
                for number, each in enumerate(named)
                if isinstance(each, Mapping) and item in {str(each.get(key)) for key in _NAMES if key in each}
            ),
            None,
        )
        if place is None:  # it is no longer there
            return found
        found += f"[{place}]"
    return found


def within(path: str, outer: str) -> bool:
    """Whether a path leads to `outer` or into it."""
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))


def told_once(document: Mapping[str, Any], problems: Sequence[Problem]) -> list[Problem]:
    """Problems as people are told them: of what is empty only that, and none of a list that its items tell."""
    return list(_told(document, problems))


def _told(document: Mapping[str, Any], problems: Sequence[Problem]) -> Iterator[Problem]:
    for each in problems:
        if any(other.path.startswith(f"{each.path}[") for other in problems):
            continue
        if each.message == AT_OR_WINDOW:
            yield Problem(each.path, NO_TIME)
        elif is_empty(value_at(document, each.path)):
            yield Problem(each.path, NOT_YET)
        else:
            yield each


def is_waiting(problem: Problem) -> bool:
    """Whether nothing was answered yet, so that a first visit need not be told so."""
    return problem.message in {NO_TIME, NOT_YET}


def is_empty(value: Any) -> bool:
    """Whether nothing was answered: no text in either language, nothing chosen."""
    if isinstance(value, Mapping):
        return all(is_empty(each) for each in value.values())
    return value in (None, "", [])
