"""The next season: a rule set carried over to another year, its days moved with the anniversary. Pure.

Working days stay working days and no two days become one, so that the order of the timetable holds.
What cannot be carried over by a program (an edition written in words that are not known, a day that
only an article tells) is found by `contest.setup.texts` and shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from contest.anniversaries.commemorations import LUNAR, Occurrence, occasion_en, occasion_vi
from contest.core.formats import VIET_NAM
from contest.setup.texts import change_texts, move_days

_INSTANTS: Final = ("at", "opens", "closes")
_ANNOUNCED: Final = ("embargo_until", "official_at", "press_early_access")
_EDITIONS_VI: Final = ("nhất", "hai", "ba", "tư", "năm", "sáu", "bảy", "tám", "chín", "mười")
_EDITIONS_EN: Final = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
)
_EDITION: Final = re.compile(
    rf"(?P<vi>(?<=lần thứ )(?:{'|'.join(_EDITIONS_VI)})\b)"
    rf"|(?P<en>\b(?:{'|'.join(_EDITIONS_EN)})(?= (?:edition|season)))",
    re.IGNORECASE,
)
_ROUND_TITLE_VI, _ROUND_TITLE_EN = "Lễ tổng kết và trao giải", "Closing and award ceremony"


def anniversary_part(held: Occurrence) -> dict[str, Any]:
    """The `anniversary` of a rule set for what is kept, as far as its days are known."""
    what = held.what
    part: dict[str, Any] = {"id": what.code}
    if what.calendar == LUNAR:
        part["calendar"] = LUNAR
    if held.on is not None:
        part["date"] = held.on.isoformat()
    if held.on is None or held.on.year != held.year:
        part["year"] = held.year
    if held.number is not None:
        if (founded := _founding_day(held)) is not None:
            part["founding_date"] = founded.isoformat()
        else:
            part["founding_year"] = what.founding_year
        part["ordinal"] = held.number
    if held.kind is not None:
        part["class"] = held.kind
    part["wording"] = {"vi": occasion_vi(held), "en": occasion_en(held)}
    part["ceremony_title_ok"] = {"vi": _ROUND_TITLE_VI, "en": _ROUND_TITLE_EN}
    if held.kind != "tron" and held.number is not None:
        part["ceremony_title_avoid"] = {
            "vi": f"Lễ kỷ niệm {held.number} năm …",
            "en": f"Commemoration ceremony of {held.number} years …",
        }
    return part


def _founding_day(held: Occurrence) -> date | None:
    """The founding day of what is kept on the same day of the solar year; None for anything else."""
    try:
        founded = date.fromisoformat(held.what.founded)
    except ValueError:
        return None
    if held.what.calendar == LUNAR or held.on is None:
        return None
    return founded if (founded.month, founded.day) == (held.on.month, held.on.day) else None


def next_season(
    document: Mapping[str, Any],
    *,
    announce_on: date,
    is_working_day: Callable[[date], bool],
    held: Occurrence | None = None,
) -> dict[str, Any]:
    """A copy of a rule set for another season, announced on `announce_on`.

    With `held` its anniversary is that one; without, the document has none. Raises ValueError for a
    document without an announcement.
    """
    made: dict[str, Any] = deepcopy(dict(document))
    instants = _instants_of(made)
    announced = next((at for path, at in instants if path[0] == "announce"), None)
    if announced is None:
        raise ValueError("the rules have no announcement")
    old_day = announced.astimezone(VIET_NAM).date()
    years = announce_on.year - old_day.year
    days = _moved_days((_day_of(path[1], at) for path, at in instants), old_day, announce_on, is_working_day)
    _move_instants(made, days)
    moved = {old: new for old, new in days.items() if old != new}
    moved |= _move_windows(made, years)
    words = _move_anniversary(made, held)
    made = dict(move_days(made, moved, words))
    if years:
        made = change_texts(made, lambda text: re.sub(rf"(?<![\d/]){old_day.year}(?!\d)", str(announce_on.year), text))
        for key in ("id", "slug"):
            if isinstance(made.get(key), str):
                made[key] = made[key].replace(str(old_day.year), str(announce_on.year))
        _move_quotas(made, years, announce_on)
    if years == 1:
        made["title"] = change_texts(made.get("title"), _next_edition)
    return made


def with_anniversary(document: Mapping[str, Any], held: Occurrence | None) -> dict[str, Any]:
    """A copy of a document tied to another day (or to none); its texts name the new occasion."""
    made: dict[str, Any] = deepcopy(dict(document))
    words = _move_anniversary(made, held)
    return dict(move_days(made, {}, words)) if words else made


def _instants_of(document: Mapping[str, Any]) -> list[tuple[tuple[str, str], datetime]]:
    """Every instant with (step, field)."""
    steps = [step for step in document.get("timeline") or () if isinstance(step, dict)]
    told = [((str(step.get("key")), name), step.get(name)) for step in steps for name in _INSTANTS]
    announcement = document.get("announcement")
    if isinstance(announcement, dict):
        told += [(("announcement", name), announcement.get(name)) for name in _ANNOUNCED]
    return [(place, at) for place, value in told if (at := read_instant(value))]


def read_instant(value: Any) -> datetime | None:
    """An instant of a document; None for what is none."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at and at.tzinfo else None


def spell_instant(at: datetime) -> str:
    """An instant as rules write it: with the hour in Viet Nam."""
    return at.astimezone(VIET_NAM).isoformat()


def _day_of(name: str, at: datetime) -> date:
    """The day that a person would name: a window that closes at midnight ends on the day before."""
    local = at.astimezone(VIET_NAM)
    return local.date() - timedelta(days=name == "closes" and local.time() == time(0))


def _moved_days(
    days: Iterable[date], anchor: date, new_anchor: date, is_working_day: Callable[[date], bool]
) -> dict[date, date]:
    """Where each day goes: working days to working days, no two to one, nothing past another."""
    by = new_anchor - anchor
    every = sorted({*days, anchor})
    at = every.index(anchor)
    moved = {anchor: new_anchor}
    last = new_anchor
    for day in reversed(every[:at]):
        last = min(day + by, last - timedelta(days=1))
        while is_working_day(day) and not is_working_day(last):
            last -= timedelta(days=1)
        moved[day] = last
    last = new_anchor
    for day in every[at + 1 :]:
        last = max(day + by, last + timedelta(days=1))
        while is_working_day(day) and not is_working_day(last):
            last += timedelta(days=1)
        moved[day] = last
    return moved


def _move_instants(document: dict[str, Any], days: Mapping[date, date]) -> None:
    def moved(name: str, value: Any) -> Any:
        at = read_instant(value)
        if at is None:
            return value
        old = _day_of(name, at)
        return spell_instant(at.astimezone(VIET_NAM) + (days[old] - old))

    for step in document.get("timeline") or ():
        for name in _INSTANTS:
            if isinstance(step, dict) and step.get(name):
                step[name] = moved(name, step[name])
    announcement = document.get("announcement")
    for name in _ANNOUNCED:
        if isinstance(announcement, dict) and announcement.get(name):
            announcement[name] = moved(name, announcement[name])


def _move_windows(document: dict[str, Any], years: int) -> dict[date, date]:
    """Windows of publication go on by whole years; gives the days that the texts tell of them."""
    told: dict[date, date] = {}
    for category in document.get("categories") or ():
        window = category.get("published_window") if isinstance(category, dict) else None
        if not isinstance(window, dict):
            continue
        for name, back in (("from", 0), ("before", 1)):
            try:
                old = date.fromisoformat(window[name])
                new = _years_on(old, years)
            except (KeyError, TypeError, ValueError):
                continue
            window[name] = new.isoformat()
            told[old - timedelta(days=back)] = new - timedelta(days=back)
    return told


def _years_on(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _move_anniversary(document: dict[str, Any], held: Occurrence | None) -> dict[str, str]:
    """Give the document its anniversary; what the texts said of the old one, with what they say now."""
    old = document.get("anniversary")
    part = anniversary_part(held) if held else None
    if part is None:
        document.pop("anniversary", None)
    else:
        document["anniversary"] = part
    if not isinstance(old, dict):
        return {}
    words: dict[str, str] = {}
    if part is None:
        for language in ("vi", "en"):
            if isinstance(told := (old.get("wording") or {}).get(language), str):
                words |= {f", {told}": "", told: ""}
        return words
    before, after = old.get("ordinal"), part.get("ordinal")
    if old.get("id") != part["id"] or part.get("calendar") == LUNAR or not before or not after:
        for language in ("vi", "en"):
            if isinstance(told := (old.get("wording") or {}).get(language), str):
                words[told] = part["wording"][language]
        return words
    # The same day again: keep the organiser's own words, with their numbers and days moved.
    year_before, year_now = (str(each.get("date") or each.get("year") or "")[:4] for each in (old, part))
    for key in ("wording", "ceremony_title_ok"):
        texts = old.get(key)
        if not isinstance(texts, dict) or not all(isinstance(texts.get(each), str) for each in ("vi", "en")):
            continue
        part[key] = {
            language: _recount(text, before, after, year_before, year_now)
            for language, text in texts.items()
            if language in ("vi", "en")
        }
        words |= {texts[each]: part[key][each] for each in ("vi", "en")}
    return words


def _recount(text: str, before: Any, after: int, old_year: str, new_year: str) -> str:
    """An occasion told anew: "79 năm" and "79th" of another number, its year another year."""
    text = re.sub(rf"(?<!\d){before} năm\b", f"{after} năm", text)
    text = re.sub(rf"(?<!\d){before}(?:st|nd|rd|th)\b", _ordinal(after), text)
    return re.sub(rf"(?<!\d){old_year}(?!\d)", new_year, text) if old_year else text


def _ordinal(number: int) -> str:
    last = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"


def _move_quotas(document: dict[str, Any], years: int, day: date) -> None:
    kept = []
    for quota in document.get("quotas") or ():
        if isinstance(quota, dict):
            if str(quota.get("valid_to") or "9999") < day.isoformat():
                continue
            if isinstance(quota.get("year"), int):
                quota["year"] += years
        kept.append(quota)
    if "quotas" in document:
        document["quotas"] = kept


def _next_edition(text: str) -> str:
    def following(match: re.Match[str]) -> str:
        names = _EDITIONS_VI if match["vi"] else _EDITIONS_EN
        place = names.index(match[0].lower())
        return names[place + 1] if place + 1 < len(names) else match[0]

    return _EDITION.sub(following, text)
