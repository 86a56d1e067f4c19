"""Days and occasions that are told in the texts of a rule set: moved with the timetable, or found left behind. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from contest.contests.ruleset.problems import join
from contest.core.formats import ENGLISH_MONTHS, VIET_NAM

_MONTHS: Final = "|".join(ENGLISH_MONTHS)
_TOLD: Final = re.compile(
    rf"""(?P<dmy>(?<![\d/])(?P<d>\d{{1,2}})/(?P<m>\d{{1,2}})/(?P<y>\d{{4}})(?![\d/]))
    |(?P<dm>(?:(?<=ngày\ )|(?<=từ\ )|(?<=đến\ )|(?<=trước\ )|(?<=sau\ ))(?P<d2>\d{{1,2}})/(?P<m2>\d{{1,2}})(?![\d/]))
    |(?P<en>(?<!\d)(?P<d3>\d{{1,2}})\ (?P<m3>{_MONTHS}|{"|".join(month[:3] for month in ENGLISH_MONTHS)})(?![a-z])
        (?:\ (?P<y3>\d{{4}}))?)""",
    re.VERBOSE,
)
_PLACEHOLDER: Final = re.compile(r"\[[^\[\]\n]{1,80}\]")
_SHORT: Final = 160
_AROUND: Final = 40
Text = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Told:
    """A day that a text names. `year` is None where the text leaves it out."""

    path: str
    spelling: str
    day: int
    month: int
    year: int | None


def days_told(value: Any, path: str = "") -> Iterator[Told]:
    """Every day named in the texts of a document."""
    for where, text in texts_of(value, path):
        for match in _TOLD.finditer(text):
            day, month, year = _read(match)
            if 1 <= month <= 12 and 1 <= day <= 31:
                yield Told(where, match[0], day, month, year)


def left_behind(document: Any, known: Collection[date]) -> list[Told]:
    """Days told in the articles of the rules that are none of the days in `known`."""
    days = {(day.day, day.month, day.year) for day in known}
    short = {(day.day, day.month) for day in known}
    articles = document.get("rules_articles") if isinstance(document, dict) else None
    return [
        told
        for told in days_told(articles, "rules_articles")
        if ((told.day, told.month, told.year) not in days if told.year else (told.day, told.month) not in short)
    ]


def placeholders(document: Any) -> list[tuple[str, str]]:
    """What still stands in brackets to be filled in: (path, the words)."""
    return [(path, match[0]) for path, text in texts_of(document) for match in _PLACEHOLDER.finditer(text)]


def named_commemoration(document: Any) -> list[str]:
    """Where a text says “Lễ kỷ niệm” though the year is no round one (Nghị định 111/2018/NĐ-CP)."""
    day = document.get("anniversary") if isinstance(document, dict) else None
    if isinstance(day, dict) and day.get("class") == "tron":
        return []
    told = {key: document.get(key) for key in ("timeline", "rules_articles", "title")}
    return [path for path, text in texts_of(told) if "lễ kỷ niệm" in " ".join(text.casefold().split())]


def apart(old: Any, new: Any) -> tuple[str, str]:
    """Two values of a document as a person compares them: of long texts, what differs, with some words around."""
    before, after = _told(old), _told(new)
    if max(len(before), len(after)) <= _SHORT:
        return before, after
    same = 0
    for one, other in zip(before, after, strict=False):
        if one != other:
            break
        same += 1
    first = max(0, before.rfind(" ", 0, max(0, same - _AROUND)) + 1) if same > _AROUND else 0
    tail = 0
    for one, other in zip(reversed(before[same:]), reversed(after[same:]), strict=False):
        if one != other:
            break
        tail += 1
    return _excerpt(before, first, len(before) - tail), _excerpt(after, first, len(after) - tail)


def _excerpt(text: str, first: int, last: int) -> str:
    last = min(len(text), max(last + _AROUND, first))
    shown = text[first : min(last, first + 2 * _SHORT)]
    return f"{'… ' if first else ''}{shown}{' …' if first + len(shown) < len(text) else ''}"


def _told(value: Any) -> str:
    """A value in words: instants as days and hours, texts in Vietnamese, lists by their items."""
    if isinstance(value, str):
        at = _instant(value)
        if re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            return "/".join(reversed(value.split("-")))
        return f"{at.astimezone(VIET_NAM):%d/%m/%Y, %H:%M}" if at else value
    if isinstance(value, dict) and (set(value) <= {"vi", "en"} or "wording" in value):
        return _told(value.get("wording", value.get("vi", "")))
    if isinstance(value, dict):  # an item that came or went: its name, note or parts, never its spelling in the file
        name = value.get("name") or value.get("label") or value.get("note")
        return _told(name) if name else "; ".join(_told(each) for each in value.values())
    if isinstance(value, list) and value:
        return "; ".join(_told(each) for each in value)
    return "–" if value in (None, []) else json.dumps(value, ensure_ascii=False, default=str)


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        return None
    return at if at and at.tzinfo else None


def texts_of(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a document with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from texts_of(each, join(path, str(key)))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from texts_of(each, join(path, place))


def change_texts(value: Any, change: Text) -> Any:
    """A copy of a document whose {vi, en} texts went through `change`; codes and instants stay."""
    if isinstance(value, dict):
        spoken = set(value) <= {"vi", "en"}
        return {
            key: change(each) if spoken and isinstance(each, str) else change_texts(each, change)
            for key, each in value.items()
        }
    return [change_texts(each, change) for each in value] if isinstance(value, list) else value


def move_days(document: Any, moved: Mapping[date, date], words: Mapping[str, str] | None = None) -> Any:
    """A copy of a document in whose texts the days of `moved`, and the `words`, are told anew.

    A day without its year is moved where only one day of `moved` can be meant. All at once, so that
    nothing is moved twice.
    """
    short: dict[tuple[int, int], date | None] = {}
    for old, new in moved.items():
        key = (old.day, old.month)
        short[key] = new if key not in short or short[key] == new else None
    literal = sorted((old for old in words or {} if old), key=len, reverse=True)
    pattern = re.compile("|".join([*(f"(?:{re.escape(each)})" for each in literal), f"(?x:{_TOLD.pattern})"]))

    def again(match: re.Match[str]) -> str:
        if words and match[0] in words:
            return words[match[0]]
        day, month, year = _read(match)
        new: date | None
        if year is None:
            new = short.get((day, month))
        else:
            try:
                new = moved.get(date(year, month, day))
            except ValueError:
                new = None
        return match[0] if new is None else _spell(match, new)

    return change_texts(document, lambda text: pattern.sub(again, text))


def _read(match: re.Match[str]) -> tuple[int, int, int | None]:
    if match["dmy"]:
        return int(match["d"]), int(match["m"]), int(match["y"])
    if match["dm"]:
        return int(match["d2"]), int(match["m2"]), None
    month = next(place for place, name in enumerate(ENGLISH_MONTHS, 1) if name.startswith(match["m3"][:3]))
    return int(match["d3"]), month, int(match["y3"]) if match["y3"] else None


def _spell(match: re.Match[str], new: date) -> str:
    """The new day as the old one was written; a day under 10 and months 1 and 2 with a naught (NĐ 30/2020/NĐ-CP)."""
    if match["en"]:
        name = ENGLISH_MONTHS[new.month - 1]
        month = name if match["m3"] in ENGLISH_MONTHS else name[:3]
        return f"{new.day} {month}" + (f" {new.year}" if match["y3"] else "")
    month = f"{new.month:02}" if new.month < 3 else str(new.month)
    return f"{new.day:02}/{month}" + (f"/{new.year}" if match["dmy"] else "")
