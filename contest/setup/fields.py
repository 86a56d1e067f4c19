"""The fields of a rule set as pages ask for them, and what was typed put into the document. Pure.

A field keeps what cannot be taken as it was typed; the rule set's own reader then says what is wrong,
by path, and the page shows it beside the field. Names in forms are paths of the document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Protocol

from contest.core.formats import VIET_NAM
from contest.core.text import nfc
from contest.setup.cloning import read_instant

Kind = Literal[
    "line", "text", "pair", "pair_text", "whole", "money", "number", "flag", "one", "many", "day", "instant", "said"
]
Words = str | tuple[str, Mapping[str, str]]  # a sentence, or one with what it is filled with
Choices = Mapping[str, Words]
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_LONGEST = 20_001  # one more than a rule set takes, so that it is said to be too long


class Typed(Protocol):
    """A form as it was sent."""

    def get(self, key: str, /) -> Any: ...
    def getlist(self, key: str, /) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Field:
    """One question. `path` is relative to its group; `optional`: left out of the document when empty."""

    path: str
    kind: Kind
    label: Words
    hint: str = ""
    choices: Choices | Callable[[Mapping[str, Any]], Choices] | None = None
    optional: bool = False
    folded: bool = False  # seldom changed: shown when asked for

    def options(self, document: Mapping[str, Any]) -> Choices:
        """What may be chosen, of which some depends on the document."""
        if self.choices is None:
            return {}
        return self.choices(document) if callable(self.choices) else self.choices


@dataclass(frozen=True, slots=True)
class Section:
    """Questions under a heading; of a list (`many`), the same questions for each item.

    `fields` may depend on the item and its place. `new` makes an item, up to `most`
    of them; `drops` are objects within an item that are left out when nothing in them was answered.
    """

    title: str
    fields: Sequence[Field] | Callable[[Mapping[str, Any], Any, int], Sequence[Field]]
    path: str = ""
    many: bool = False
    item: str = ""
    about: str = ""
    new: Callable[[Mapping[str, Any]], Any] | None = None
    drops: Sequence[str] = field(default=())
    most: int = 200

    def asked(self, document: Mapping[str, Any], item: Any = None, place: int = 0) -> Sequence[Field]:
        """The questions, for one item of a list or for all."""
        return self.fields(document, item, place) if callable(self.fields) else self.fields


def steps_of(path: str) -> list[str | int]:
    """`rounds[0].gap` as the steps rounds, 0, gap."""
    return [int(place) if place else name for place, name in _STEP.findall(path)]


def value_at(document: Any, path: str) -> Any:
    """What stands at a path; None for nothing."""
    for step in steps_of(path):
        if isinstance(step, int):
            document = document[step] if isinstance(document, list) and step < len(document) else None
        else:
            document = document.get(step) if isinstance(document, Mapping) else None
    return document


def put_at(document: Any, path: str, value: Any) -> None:
    """Put a value where a path leads; objects on the way are made, list items are not."""
    *way, last = steps_of(path)
    for step in way:
        if isinstance(step, int):
            if not isinstance(document, list) or step >= len(document):
                return
            document = document[step]
        else:
            if not isinstance(document, dict):
                return
            if not isinstance(document.get(step), dict | list):
                document[step] = {}
            document = document[step]
    if isinstance(last, int):
        if isinstance(document, list) and last < len(document):
            document[last] = value
    elif isinstance(document, dict):
        document[last] = value


def drop_at(document: Any, path: str) -> None:
    """Take out what stands at a path."""
    *way, last = steps_of(path)
    holder = value_at(document, _spelled(way)) if way else document
    if (isinstance(last, int) and isinstance(holder, list) and last < len(holder)) or (
        isinstance(last, str) and isinstance(holder, dict) and last in holder
    ):
        del holder[last]  # type: ignore[arg-type]  # which of both it is was just asked


def full_path(section: Section, place: int, path: str) -> str:
    """The path of a field of a section, for the item at `place` of a list."""
    base = f"{section.path}[{place}]" if section.many else section.path
    return f"{base}.{path}" if base and path else base or path


def questions(section: Section, document: Mapping[str, Any]) -> Iterator[tuple[int, Sequence[Field]]]:
    """The questions of a section, by the place of the item (0 where it is no list)."""
    if not section.many:
        yield 0, section.asked(document)
        return
    items = value_at(document, section.path)
    for place, item in enumerate(items if isinstance(items, list) else ()):
        yield place, section.asked(document, item, place)


def put_typed(document: Mapping[str, Any], sections: Sequence[Section], form: Typed) -> dict[str, Any]:
    """A copy of the document with the answers of a page in it; other parts stay as they are."""
    made: dict[str, Any] = deepcopy(dict(document))
    for section in sections:
        for place, asked in list(questions(section, made)):
            for each in asked:
                if each.kind != "said":
                    _put(made, full_path(section, place, each.path), each, form)
            for drop in section.drops:
                where = full_path(section, place, drop)
                if _is_empty(value_at(made, where)):
                    drop_at(made, where)
    return made


def _put(document: dict[str, Any], path: str, asked: Field, form: Typed) -> None:
    value, old = _typed(path, asked, form), value_at(document, path)
    if asked.kind == "many" and isinstance(old, list):  # what was chosen before stays in its order
        value = [each for each in old if each in value] + [each for each in value if each not in old]
    if asked.optional and (_is_empty(value) or value is False) and (_is_empty(old) or old is False):
        return  # not answered before either: null, 0 words and nothing mean the same
    if asked.optional and _is_empty(value):
        drop_at(document, path)
    else:
        put_at(document, path, value)


def _typed(path: str, asked: Field, form: Typed) -> Any:
    if asked.kind in {"pair", "pair_text"}:
        return {language: _text(form.get(f"{path}.{language}")) for language in ("vi", "en")}
    if asked.kind == "flag":
        return form.get(path) is not None
    if asked.kind == "many":
        return [_text(each) for each in form.getlist(path)][:100]
    text = _text(form.get(path))
    if asked.kind == "one":
        return text or None
    if asked.kind in {"whole", "money"}:
        digits = re.sub(r"[\s.]" if asked.kind == "money" else r"\s", "", text)
        return int(digits) if re.fullmatch(r"-?\d{1,15}", digits, re.ASCII) else text
    if asked.kind == "number":
        return _number(text)
    if asked.kind == "instant":
        return _instant(text)
    return text


def _text(value: Any) -> str:
    return nfc(str(value or "")[:_LONGEST]).replace("\r\n", "\n").strip()


def _number(text: str) -> Any:
    spelled = text.replace(",", ".")
    if re.fullmatch(r"\d{1,12}", spelled, re.ASCII):
        return int(spelled)
    return float(spelled) if re.fullmatch(r"\d{1,9}\.\d{1,6}", spelled, re.ASCII) else text


def _instant(text: str) -> str:
    """An instant as a browser sends it ("2027-06-11T08:00", in Viet Nam), or as people write it."""
    for form in ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M", "%H:%M %d/%m/%Y"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=VIET_NAM).isoformat()
        except ValueError:
            continue
    return text


def shown(value: Any, kind: Kind) -> str:
    """A value of the document as its field shows it."""
    if value is None or isinstance(value, dict | list):
        return ""
    if kind == "instant" and (at := read_instant(value)):
        return f"{at.astimezone(VIET_NAM):%Y-%m-%dT%H:%M}"
    if kind == "money" and isinstance(value, int):
        return f"{value:,}".replace(",", ".")
    return str(value).replace(".", ",") if kind == "number" else str(value)


def _is_empty(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_empty(each) for each in value.values())
    return value is None or value in ("", [])


def _spelled(way: Sequence[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way).lstrip(".")


_ACT: Final = re.compile(r"(add|drop|up):([a-z_.]{1,60})(?:\[(\d{1,3})\])?")


def act_on_lists(document: Mapping[str, Any], sections: Sequence[Section], act: str) -> dict[str, Any]:
    """A copy of the document with an item added, taken out, or moved up; unchanged for any other act."""
    made: dict[str, Any] = deepcopy(dict(document))
    match = _ACT.fullmatch(act)
    section = next((each for each in sections if match and each.many and each.path == match[2]), None)
    if match is None or section is None:
        return made
    items = value_at(made, section.path)
    if not isinstance(items, list):
        items = []
        put_at(made, section.path, items)
    place = int(match[3]) if match[3] else -1
    if match[1] == "add" and section.new and len(items) < section.most:
        items.append(section.new(made))
    elif match[1] == "drop" and 0 <= place < len(items):
        del items[place]
    elif match[1] == "up" and 0 < place < len(items):
        items[place - 1], items[place] = items[place], items[place - 1]
    return made
