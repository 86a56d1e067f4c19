"""One spelling for equal documents, its hash, and what differs between two versions."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from contest.contests.ruleset.kinds import spell_number
from contest.contests.ruleset.model import RuleSet
from contest.contests.ruleset.problems import join

# The field by which the items of a list are known, tried in this order.
_NAMES = ("id", "key", "rung", "rule", "no")


@dataclass(frozen=True)
class Canonical:
    """The canonical text of a document and the SHA-256 of its UTF-8 bytes, in hex."""

    text: str
    sha256: str


@dataclass(frozen=True)
class Difference:
    """A place where two versions differ; None where a version has nothing (or null)."""

    path: str
    old: Any
    new: Any


def canonical(rule_set: RuleSet | Mapping[str, Any]) -> Canonical:
    """The document in one spelling: keys sorted, no blanks, NFC, 20.0 and 2e1 written as 20.

    A document that was read from a file keeps its own spelling of instants; a RuleSet has them in
    UTC. Fields that were left out stay out of both.
    """
    document = rule_set.as_json() if isinstance(rule_set, RuleSet) else rule_set
    text = _spell(document)
    return Canonical(text, hashlib.sha256(text.encode("utf-8")).hexdigest())


def _spell(value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = sorted((unicodedata.normalize("NFC", str(key)), each) for key, each in value.items())
        return "{" + ",".join(f"{_spell(key)}:{_spell(each)}" for key, each in pairs) + "}"
    if isinstance(value, str):
        return json.dumps(unicodedata.normalize("NFC", value), ensure_ascii=False)
    if isinstance(value, Sequence):
        return "[" + ",".join(_spell(each) for each in value) + "]"
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        return spell_number(value)
    return json.dumps(value, allow_nan=False)


def differences(old: RuleSet | Mapping[str, Any], new: RuleSet | Mapping[str, Any]) -> list[Difference]:
    """Every place where two rule sets differ, in the order of the new one.

    Items of a list are matched by their id (key, rung, number) where all have one, so that an item
    put in between does not make all that follow it look changed: `categories[A].words.max`.
    """
    before = old.as_json() if isinstance(old, RuleSet) else old
    after = new.as_json() if isinstance(new, RuleSet) else new
    return list(_compare("", before, after))


def _compare(path: str, old: Any, new: Any) -> Iterator[Difference]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*new, *(key for key in old if key not in new)]:
            yield from _compare(join(path, key), old.get(key), new.get(key))
    elif _is_list(old) and _is_list(new):
        yield from _compare_lists(path, old, new)
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield Difference(path, old, new)


def _compare_lists(path: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Difference]:
    name = next((each for each in _NAMES if _names_all(each, old) and _names_all(each, new)), None)
    if name is None:
        if [_spell(each) for each in old] != [_spell(each) for each in new]:
            yield Difference(path, old, new)
        return
    before = {str(each[name]): each for each in old}
    after = {str(each[name]): each for each in new}
    for key in [*after, *(key for key in before if key not in after)]:
        yield from _compare(f"{path}[{key}]", before.get(key), after.get(key))
    kept_before = [key for key in before if key in after]
    kept_after = [key for key in after if key in before]
    if kept_before != kept_after:
        yield Difference(path, kept_before, kept_after)


def _names_all(name: str, items: Sequence[Any]) -> bool:
    if not all(isinstance(each, Mapping) and isinstance(each.get(name), str | int) for each in items):
        return False
    return len({str(each[name]) for each in items}) == len(items)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
