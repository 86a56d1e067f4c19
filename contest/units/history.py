"""Units in time: what they were called on a day, where they stood, and what they belong to now.

A unit keeps its code for ever. Days are half-open everywhere: what is valid from a day holds on
that day, what is valid to a day no longer does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from contest.core.db import db
from contest.core.text import collation_key, fold
from contest.units.models import Unit, UnitChange, UnitName, UnitPlace
from contest.units.rules import TERRITORY

_CHAIN_LONGEST = 50


def holds_on(valid_from: date, valid_to: date | None, day: date) -> bool:
    """Whether what is valid from one day (inclusive) to another (exclusive) holds on `day`."""
    return valid_from <= day and (valid_to is None or day < valid_to)


def valid_on(
    valid_from: InstrumentedAttribute[date], valid_to: InstrumentedAttribute[date | None], day: date
) -> ColumnElement[bool]:
    """`holds_on` as an SQL condition."""
    return (valid_from <= day) & or_(valid_to.is_(None), valid_to > day)


@dataclass(frozen=True, slots=True)
class Past:
    """The former names of units and what became of them, by unit id."""

    names: Mapping[int, Sequence[UnitName]] = field(default_factory=dict)
    changes: Mapping[int, Sequence[UnitChange]] = field(default_factory=dict)

    def name(self, unit: Unit, day: date, language: str = "vi") -> str:
        """What the unit was called on `day`; its first name before it existed, its last one after."""
        for former in self.names.get(unit.id, ()):
            if day < former.valid_to:
                return former.name if language == "vi" else former.name_en
        return unit.name if language == "vi" else unit.name_en

    def successors(self, unit: Unit, day: date) -> list[Unit]:
        """The units that exist on `day` of what an abolished unit became part; itself while it exists.

        The one with the largest share first. Follows one change after the other.
        """
        found: list[Unit] = []
        ahead, seen = [unit], {unit.id}
        while ahead and len(seen) < _CHAIN_LONGEST:
            here = ahead.pop(0)
            if here.valid_to is None or day < here.valid_to:
                found.append(here)
                continue
            onward = sorted(
                (change for change in self.changes.get(here.id, ()) if change.on <= day),
                key=lambda change: (-(change.share or 0), change.id),
            )
            for change in onward:
                if change.to_id not in seen:
                    seen.add(change.to_id)
                    ahead.append(change.new)
        return found


def past_of(unit_ids: Iterable[int] | None = None) -> Past:
    """The past of these units, or of all; two statements however many there are."""
    wanted = None if unit_ids is None else set(unit_ids)
    names: dict[int, list[UnitName]] = {}
    query = select(UnitName).order_by(UnitName.valid_to)
    for name in db.session.scalars(query if wanted is None else query.where(UnitName.unit_id.in_(wanted))):
        names.setdefault(name.unit_id, []).append(name)
    # Of the changes all are needed: a chain leads through units that were not asked for.
    changes: dict[int, list[UnitChange]] = {}
    for change in db.session.scalars(select(UnitChange).options(joinedload(UnitChange.new)).order_by(UnitChange.on)):
        changes.setdefault(change.from_id, []).append(change)
    return Past(names, changes)


def has_past(unit: Unit, day: date, today: date) -> bool:
    """Whether `unit` may be called otherwise today than on `day`: whoever asks needs `past_of` only then."""
    return (unit.valid_to is not None and unit.valid_to <= today) or (
        unit.renamed_on is not None and day < unit.renamed_on
    )


# Trees


def places_on(tree: str, day: date) -> dict[int, int | None]:
    """Unit id → id of its parent in `tree` on `day`; units at the top have None.

    In the territory every unit that exists has a place; in the other trees those that were placed.
    """
    rows = db.session.execute(
        select(UnitPlace.unit_id, UnitPlace.parent_id).where(
            UnitPlace.tree == tree, valid_on(UnitPlace.valid_from, UnitPlace.valid_to, day)
        )
    )
    placed: dict[int, int | None] = dict(rows.all())
    if tree != TERRITORY:
        return placed
    present = db.session.execute(select(Unit.id, Unit.parent_id).where(valid_on(Unit.valid_from, Unit.valid_to, day)))
    return dict(present.all()) | placed


def ancestors(unit: Unit, day: date, tree: str = TERRITORY) -> list[Unit]:
    """Where the unit stood on `day`: its parent, the parent of that, up to the top."""
    places = places_on(tree, day)
    ids: list[int] = []
    here = places.get(unit.id)
    while here is not None and here not in ids and here != unit.id:
        ids.append(here)
        here = places.get(here)
    if not ids:
        return []
    by_id = {each.id: each for each in db.session.scalars(select(Unit).where(Unit.id.in_(ids)))}
    return [by_id[each] for each in ids if each in by_id]


@dataclass(frozen=True, slots=True)
class Branch:
    """One line of a tree as it stood on a day: how deep, and which unit."""

    depth: int
    unit: Unit


def tree_on(tree: str, day: date) -> list[Branch]:
    """A whole tree in reading order, siblings in Vietnamese order. A unit placed under none stands at the top."""
    places = places_on(tree, day)
    ids = set(places) | {parent for parent in places.values() if parent is not None}
    # The ids of a province's units are some hundreds; in SQL they would pass the limit of parameters.
    units = {unit.id: unit for unit in db.session.scalars(select(Unit)) if unit.id in ids}
    below: dict[int | None, list[Unit]] = {}
    for unit in units.values():
        below.setdefault(places.get(unit.id), []).append(unit)
    lines: list[Branch] = []

    def walk(parent: int | None, depth: int) -> None:
        for unit in sorted(below.get(parent, ()), key=lambda unit: (unit.level, collation_key(unit.name))):
            lines.append(Branch(depth, unit))
            if depth < _CHAIN_LONGEST:
                walk(unit.id, depth + 1)

    walk(None, 0)
    return lines


# Finding by any name


@dataclass(frozen=True, slots=True)
class Found:
    """A unit that was searched for, the former name by which it was found, and what it belongs to now."""

    unit: Unit
    former: str
    now: Sequence[Unit]


def search_units(text: str, day: date, limit: int = 60) -> list[Found]:
    """Units whose present or former name holds the words of `text`, without regard to case and marks."""
    key = fold(text)[:100]
    if not key or "\x00" in key:
        return []
    like = "%" + re.sub(r"([%_\\])", r"\\\1", key) + "%"
    units = {unit.id: unit for unit in db.session.scalars(select(Unit).where(Unit.name_key.like(like, escape="\\")))}
    former: dict[int, str] = {}
    renamed = select(UnitName).where(UnitName.name_key.like(like, escape="\\")).order_by(UnitName.valid_to)
    for name in db.session.scalars(renamed):
        former[name.unit_id] = name.name
    missing = set(former) - set(units)
    units |= {unit.id: unit for unit in db.session.scalars(select(Unit).where(Unit.id.in_(missing)))}
    past = past_of(units)
    found = [
        Found(
            unit,
            former.get(unit.id, "") if key not in unit.name_key else "",
            [] if holds_on(unit.valid_from, unit.valid_to, day) else past.successors(unit, day),
        )
        for unit in units.values()
    ]
    # Those that exist first, then by how well the name fits.
    found.sort(key=lambda each: (bool(each.now), not each.unit.name_key.endswith(key), collation_key(each.unit.name)))
    return found[:limit]


@dataclass(frozen=True, slots=True)
class Former:
    """A name of old and the unit that it stands for today."""

    value: str  # what a form sends for it
    name: str
    name_en: str
    unit: Unit


def former_names(day: date, *levels: str) -> list[Former]:
    """Names that are no longer in use and the living units of `levels` that they lead to, for forms.

    A unit that was split stands here once for each part. A name that its successor bears again is
    left out: it is found already.
    """
    past = past_of()
    gone = select(Unit).where(Unit.valid_to.is_not(None), Unit.valid_to <= day)
    lines: list[Former] = []
    for unit in db.session.scalars(gone):
        lines += [
            Former(f"{unit.code}>{after.code}", unit.name, unit.name_en, after)
            for after in past.successors(unit, day)
            if after.name_key != unit.name_key and (not levels or after.level in levels)
        ]
    known = {line.unit.id: line.unit for line in lines}
    ids = set(past.names) - set(known)
    known |= {unit.id: unit for unit in db.session.scalars(select(Unit).where(Unit.id.in_(ids)))} if ids else {}
    for unit_id, names in past.names.items():
        bearer = known.get(unit_id)
        if bearer is None or not holds_on(bearer.valid_from, bearer.valid_to, day):
            continue
        if levels and bearer.level not in levels:
            continue
        for number, name in enumerate(names):
            if name.valid_to <= day and name.name_key != bearer.name_key:
                lines.append(Former(f"{bearer.code}>{bearer.code}>{number}", name.name, name.name_en, bearer))
    return sorted(lines, key=lambda line: collation_key(line.name))


# Old names in an address

_KIND_WORDS = ("xã", "phường", "thị trấn", "đặc khu", "huyện", "thị xã", "quận", "thành phố", "tỉnh")
_KINDS_FOLDED = tuple(fold(word) + " " for word in _KIND_WORDS)
_DISTRICT = re.compile(r"\b(huyện|thị xã|quận)\s+\w", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OldPlace:
    """An old name in an address, and what stands there now; `now` empty for a level that is gone."""

    name: str
    now: Sequence[Unit]


def _bare(name: str) -> str:
    """A unit's name without its kind: "Xã Đá Bạc" → "Đá Bạc"."""
    for word in _KIND_WORDS:
        if name.casefold().startswith(word + " "):
            return name[len(word) + 1 :]
    return name


def old_places(text: str, day: date, lines: Sequence[Former] | None = None) -> list[OldPlace]:
    """Abolished units that `text` names, with what they belong to on `day`, and whether it names a district.

    A name counts with its kind before it, whatever the marks (xa da bac), or written with its marks.
    `lines` are the `former_names` of the day, for whoever has them already.
    """
    if not text.strip():
        return []
    folded = f" {re.sub(r'[^0-9a-z]+', ' ', fold(text))} "
    plain = re.sub(r"\W+", " ", text)
    found: dict[str, list[Unit]] = {}
    for line in former_names(day) if lines is None else lines:
        bare = _bare(line.name)
        whole = fold(line.name) if fold(line.name).startswith(_KINDS_FOLDED) else ""
        if (whole and f" {whole} " in folded) or (bare[:1].isupper() and f" {bare} " in f" {plain} "):
            found.setdefault(line.name, []).append(line.unit)
    places = [OldPlace(name, units) for name, units in found.items()]
    if not places and (match := _DISTRICT.search(text)):
        places.append(OldPlace(match.group(1), ()))
    return places
