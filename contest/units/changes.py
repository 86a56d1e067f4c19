"""What happens to units: renamed, merged, split, taken over, placed in a tree. Each dated and recorded.

All days are half-open: a unit merged on a day no longer exists on that day, and what it became does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.services import record
from contest.core.db import db, wait_for_turn
from contest.core.errors import N_, Refused
from contest.core.text import clean_line, fold
from contest.units.history import holds_on, places_on
from contest.units.models import Unit, UnitChange, UnitName, UnitPlace
from contest.units.rules import KINDS, LEVELS, MERGED, SPLIT, TERRITORY, TOOK_OVER, TREES

NAME_MAX = 200
_CODE = re.compile(r"[^a-z0-9]+")


class Part(NamedTuple):
    """A unit to which part of another goes; `share` in per cent of the old one, None where not known."""

    unit: Unit
    share: int | None = None


def _audit(unit: Unit, verb: str, actor: User | None, now: datetime, **details: Any) -> None:
    record(
        actor=actor.public_id if actor else None,
        verb=f"units.{verb}",
        object_type="unit",
        object_id=unit.code,
        now=now,
        **details,
    )


def _name(text: str) -> str:
    name = clean_line(text)
    if not any(char.isalpha() for char in name):
        raise Refused(N_("Give the unit a name."), code="name")
    if len(name) > NAME_MAX:
        raise Refused(N_("Use at most %(number)s characters."), code="name", number=NAME_MAX)
    return name


def _decision(text: str) -> str:
    return clean_line(text)[:200]


def _require_alive(unit: Unit, on: date) -> None:
    """Raise Refused unless the unit exists on the eve of `on` and on that day."""
    if on <= unit.valid_from:
        raise Refused(
            N_("%(unit)s has existed since %(day)s; the change must come after that day."),
            code="on",
            unit=unit.name,
            day=unit.valid_from,
        )
    if unit.valid_to is not None:
        raise Refused(
            N_("%(unit)s has not existed since %(day)s."), code="unit_gone", unit=unit.name, day=unit.valid_to
        )


def _require_target(unit: Unit, on: date) -> None:
    """Raise Refused unless a unit that takes something over exists on `on`, and from then on."""
    if not holds_on(unit.valid_from, unit.valid_to, on) or unit.valid_to is not None:
        raise Refused(N_("%(unit)s does not exist on %(day)s."), code="target_gone", unit=unit.name, day=on)


def add_unit(
    *,
    name: str,
    name_en: str,
    kind: str,
    level: str,
    parent: Unit | None,
    valid_from: date,
    actor: User | None,
    now: datetime,
) -> Unit:
    """A new unit; its code is made from its name. Raises Refused."""
    name = _name(name)
    if kind not in KINDS or level not in LEVELS:
        raise Refused(N_("Choose a kind and a level."), code="kind")
    if parent is not None:
        _require_target(parent, valid_from)
    wait_for_turn("units")
    base = _CODE.sub("-", fold(name)).strip("-")[:50] or "don-vi"
    code, number = base, 1
    while db.session.scalar(select(Unit.id).where(Unit.code == code)) is not None:
        number += 1
        code = f"{base}-{number}"
    unit = Unit(
        code=code,
        name=name,
        name_en=_name(name_en or name),
        name_key=fold(name),
        kind=kind,
        level=level,
        parent=parent,
        valid_from=valid_from,
    )
    db.session.add(unit)
    _audit(unit, "add", actor, now, name=name, on=valid_from.isoformat())
    db.session.flush()
    return unit


def rename_unit(*, unit: Unit, name: str, name_en: str, on: date, actor: User | None, now: datetime) -> None:
    """Let the unit bear another name from `on`; it keeps its code, and the old name is kept with its days.

    Raises Refused for a day before it existed or before the last renaming.
    """
    name, name_en = _name(name), _name(name_en or name)
    wait_for_turn("units")
    if (name, name_en) == (unit.name, unit.name_en):
        return
    _require_alive(unit, on)
    since = unit.renamed_on or unit.valid_from
    if on <= since:
        raise Refused(
            N_("%(unit)s has borne its name since %(day)s; the change must come after that day."),
            code="on",
            unit=unit.name,
            day=since,
        )
    db.session.add(
        UnitName(
            unit_id=unit.id,
            name=unit.name,
            name_en=unit.name_en,
            name_key=unit.name_key,
            valid_from=since,
            valid_to=on,
        )
    )
    before = unit.name
    unit.name, unit.name_en, unit.name_key, unit.renamed_on = name, name_en, fold(name), on
    _audit(unit, "rename", actor, now, before=before, after=name, on=on.isoformat())
    db.session.flush()


def merge_units(
    *, units: Sequence[Unit], into: Unit, on: date, decision: str = "", actor: User | None, now: datetime
) -> None:
    """End units on `on` and make them part of `into`, which exists by then. Raises Refused."""
    wait_for_turn("units")
    if not units:
        raise Refused(N_("Choose the unit that is merged."), code="units")
    _require_target(into, on)
    for unit in units:
        _end(unit, [Part(into)], MERGED, on, decision, actor, now)


def split_unit(
    *, unit: Unit, parts: Sequence[Part], on: date, decision: str = "", actor: User | None, now: datetime
) -> None:
    """End a unit on `on`; each of `parts` takes its share. Raises Refused."""
    wait_for_turn("units")
    if len(parts) < 2 or len({part.unit.id for part in parts}) < len(parts):
        raise Refused(N_("A unit is split into two different units or more."), code="parts")
    shares = [part.share for part in parts if part.share is not None]
    if any(not 0 < share <= 100 for share in shares) or sum(shares) > 100:
        raise Refused(N_("Shares are whole per cents from 1 to 100, together not more than 100."), code="share")
    for part in parts:
        _require_target(part.unit, on)
    _end(unit, sorted(parts, key=lambda part: -(part.share or 0)), SPLIT, on, decision, actor, now)


def take_over(*, unit: Unit, by: Unit, on: date, decision: str = "", actor: User | None, now: datetime) -> None:
    """End a body on `on` whose work another one goes on with. Raises Refused."""
    wait_for_turn("units")
    _require_target(by, on)
    _end(unit, [Part(by)], TOOK_OVER, on, decision, actor, now)


def _end(
    unit: Unit, parts: Sequence[Part], kind: str, on: date, decision: str, actor: User | None, now: datetime
) -> None:
    """End a unit and tell what it became; those that stood under it stand under the first part from then on.

    No circle can arise: who ends is gone for good, and only who lasts takes anything over.
    """
    if any(part.unit.id == unit.id for part in parts):
        raise Refused(N_("A unit cannot become part of itself."), code="itself", unit=unit.name)
    _require_alive(unit, on)
    unit.valid_to = on
    unit.successor = parts[0].unit
    for part in parts:
        db.session.add(
            UnitChange(
                from_id=unit.id, to_id=part.unit.id, kind=kind, share=part.share, on=on, decision=_decision(decision)
            )
        )
    db.session.flush()
    heir = parts[0].unit
    for tree in TREES:
        places = places_on(tree, on)
        children = [child for child, parent in places.items() if parent == unit.id]
        for child in db.session.scalars(select(Unit).where(Unit.id.in_(children))) if children else ():
            # Who takes over does not come to stand under itself: it rises to where the old unit stood.
            target = heir.id if child.id != heir.id else places.get(unit.id)
            _move(child, tree, target, on)
    for place in db.session.scalars(
        select(UnitPlace).where(UnitPlace.unit_id == unit.id, UnitPlace.valid_to.is_(None), UnitPlace.valid_from < on)
    ):
        place.valid_to = on
    _audit(
        unit,
        {MERGED: "merge", SPLIT: "split", TOOK_OVER: "take_over"}[kind],
        actor,
        now,
        on=on.isoformat(),
        decision=_decision(decision),
        into=[{"unit": part.unit.code, "share": part.share} for part in parts],
    )
    db.session.flush()


def place_unit(
    *, unit: Unit, tree: str, parent: Unit | None, on: date, actor: User | None, now: datetime, leave: bool = False
) -> None:
    """Let the unit stand under `parent` (None: at the top) in a tree from `on`; with `leave`, no longer in it.

    Raises Refused for a circle, a parent that does not exist then, or a day before the last placing.
    """
    wait_for_turn("units")
    if tree not in TREES or (leave and tree == TERRITORY):
        raise Refused(N_("Choose a tree."), code="tree")
    if not holds_on(unit.valid_from, unit.valid_to, on) or unit.valid_to is not None:
        raise Refused(N_("%(unit)s does not exist on %(day)s."), code="target_gone", unit=unit.name, day=on)
    if parent is not None and not leave:
        _require_target(parent, on)
        _require_no_circle(unit, parent, places_on(tree, on))
        _require_no_circle(unit, parent, places_on(tree, date.max))
    _move(unit, tree, None if leave or parent is None else parent.id, on, leave=leave)
    _audit(unit, "place", actor, now, tree=tree, on=on.isoformat(), parent=parent.code if parent else None, left=leave)
    db.session.flush()


def _require_no_circle(unit: Unit, parent: Unit, places: dict[int, int | None]) -> None:
    here: int | None = parent.id
    seen: set[int] = set()
    while here is not None and here not in seen:
        if here == unit.id:
            raise Refused(
                N_("%(parent)s stands under %(unit)s, so it cannot stand above it."),
                code="circle",
                parent=parent.name,
                unit=unit.name,
            )
        seen.add(here)
        here = places.get(here)


def _move(unit: Unit, tree: str, parent_id: int | None, on: date, *, leave: bool = False) -> None:
    """Close the present place of the unit in a tree on `on` and open the next one."""
    rows = db.session.scalars(
        select(UnitPlace).where(UnitPlace.unit_id == unit.id, UnitPlace.tree == tree).order_by(UnitPlace.valid_from)
    ).all()
    last = rows[-1] if rows else None
    if last is not None and (
        (last.valid_to or last.valid_from) > on or (last.valid_to is None and last.valid_from > on)
    ):
        raise Refused(N_("%(unit)s was placed later than %(day)s already."), code="on", unit=unit.name, day=on)
    if tree == TERRITORY:
        since = last.valid_to if last is not None and last.valid_to is not None else unit.valid_from
        if since < on:
            db.session.add(
                UnitPlace(unit_id=unit.id, tree=tree, parent_id=unit.parent_id, valid_from=since, valid_to=on)
            )
        unit.parent_id = parent_id
        db.session.flush()
        db.session.expire(unit, ["parent"])
        return
    standing = last if last is not None and last.valid_to is None else None
    if standing is not None and standing.valid_from == on:
        if leave:
            db.session.delete(standing)
        else:
            standing.parent_id = parent_id
        db.session.flush()
        return
    if standing is not None:
        standing.valid_to = on
    if not leave:
        db.session.add(UnitPlace(unit_id=unit.id, tree=tree, parent_id=parent_id, valid_from=on))
    db.session.flush()
