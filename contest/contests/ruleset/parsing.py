"""From a text to rule sets that may be relied upon, or to all that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contest.contests.ruleset.canonical import Canonical, canonical
from contest.contests.ruleset.checks import check
from contest.contests.ruleset.model import RuleSet
from contest.contests.ruleset.problems import Problem, RuleSetInvalid, join
from contest.contests.ruleset.reading import MAX_PROBLEMS, read_leniently
from contest.contests.ruleset.shape import NOT_A_LIST, NOT_AN_OBJECT, read_parts
from contest.core.errors import N_

ONE_EXPECTED = N_("The file holds %(count)s rule sets; exactly one is expected here.")
NONE_HELD = N_("The file holds no rule set.")
SAME_ID = N_("Another rule set in this file has the same %(field)s, “%(value)s”.")
MORE_PROBLEMS = N_("… and %(count)s more problems.")


@dataclass(frozen=True)
class Sourced:
    """A rule set together with the document that it was read from, as approved."""

    rule_set: RuleSet
    source: Canonical


def parse_rule_set(text: str | bytes) -> RuleSet:
    """The one rule set in `text`. Raises RuleSetInvalid with all problems at once."""
    return read_rule_set(text).rule_set


def parse_rule_sets(text: str | bytes) -> list[RuleSet]:
    """The rule sets in `text`: one, or those of {"contests": […]}. Raises RuleSetInvalid."""
    return [each.rule_set for each in read_rule_sets(text)]


def read_rule_set(text: str | bytes) -> Sourced:
    """As `parse_rule_set`, with the canonical text to store and its hash."""
    found = read_rule_sets(text)
    if len(found) != 1:
        raise RuleSetInvalid([Problem("contests", ONE_EXPECTED, {"count": len(found)})])
    return found[0]


def read_rule_sets(text: str | bytes) -> list[Sourced]:
    """As `parse_rule_sets`, with the canonical text of each and its hash."""
    document, problems = read_leniently(text)
    if not isinstance(document, dict):
        raise RuleSetInvalid([Problem("", NOT_AN_OBJECT), *problems])
    if "contests" not in document:
        rule_set, found = _build(document)
        _refuse(problems, found)
        assert rule_set is not None
        return [Sourced(rule_set, canonical(document))]
    return _several(document["contests"], problems)


def rule_set_problems(document: Mapping[str, Any]) -> list[Problem]:
    """All that is wrong with a rule set given as JSON values; empty when it may be used."""
    return _build(document)[1]


def _several(contests: Any, problems: list[Problem]) -> list[Sourced]:
    if not isinstance(contests, list):
        raise RuleSetInvalid([Problem("contests", NOT_A_LIST), *problems])
    if not contests:
        raise RuleSetInvalid([Problem("contests", NONE_HELD), *problems])
    made: list[Sourced] = []
    found: list[Problem] = []
    for place, each in enumerate(contests):
        path = join("contests", place)
        if not isinstance(each, dict):
            found.append(Problem(path, NOT_AN_OBJECT))
            continue
        rule_set, its = _build(each)
        for problem in its:
            separator = "" if not problem.path or problem.path.startswith("[") else "."
            found.append(Problem(path + separator + problem.path, problem.message, problem.params))
        if rule_set is not None:
            made.append(Sourced(rule_set, canonical(each)))
    for name in ("id", "slug", "code_prefix"):
        seen: set[str] = set()
        for place, each in enumerate(contests):
            value = each.get(name) if isinstance(each, dict) else None
            if isinstance(value, str) and value in seen:
                where = join("contests", place, name)
                found.append(Problem(where, SAME_ID, {"field": name, "value": value}))
            elif isinstance(value, str):
                seen.add(value)
    _refuse(problems, found)
    return made


def _build(document: Mapping[str, Any]) -> tuple[RuleSet | None, list[Problem]]:
    parts, problems = read_parts(document)
    # The checks of meaning look only at parts that have the right shape; the others are not there.
    rule_set = RuleSet.model_construct(None, **parts)
    problems.extend(check(rule_set, frozenset(parts)))
    return (None if problems else RuleSet.model_validate(document)), problems


def _refuse(spelling: list[Problem], found: list[Problem]) -> None:
    """Raise RuleSetInvalid when there are problems; each place with the first said of its spelling."""
    misspelt = {problem.path for problem in spelling}
    every = [*spelling, *(problem for problem in found if problem.path not in misspelt)]
    if not every:
        return
    if len(every) > MAX_PROBLEMS:
        rest = len(every) - MAX_PROBLEMS
        every = [*every[:MAX_PROBLEMS], Problem("", MORE_PROBLEMS, {"count": rest})]
    raise RuleSetInvalid(every)
