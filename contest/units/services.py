"""Loading the tree of units and naming their officers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select

from contest.accounts.models import User
from contest.audit.services import record
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.core.text import clean_line, fold
from contest.units.models import Unit, UnitChange, UnitName, UnitOfficer, UnitPlace
from contest.units.rules import KINDS, LEVELS, MERGED, TREES


def load_units(*, rows: Sequence[Mapping[str, Any]], actor: User | None, now: datetime) -> int:
    """Add or bring up to date the units of `rows`; returns how many were new.

    A row: id, name, name_en, kind, level, parent, valid_from, valid_to, successor (ids of other
    rows or of units already here); where known also `former_names` [{name, name_en, valid_from,
    valid_to}], `places` [{tree, parent, valid_from, valid_to}] and `became` [{kind, to, share, on,
    decision}]. Units that are not named stay as they are. Raises Refused.
    """
    known = {unit.code: unit for unit in db.session.scalars(select(Unit))}
    new = 0
    for row in rows:
        if row.get("kind") not in KINDS or row.get("level") not in LEVELS:
            raise Refused(N_("Unit %(unit)s: unknown kind or level."), code="unit_kind", unit=row.get("id"))
        unit = known.get(row["id"])
        if unit is None:
            unit = known[row["id"]] = Unit(code=row["id"])
            db.session.add(unit)
            new += 1
        name = clean_line(row["name"])
        unit.name, unit.name_en, unit.name_key = name, clean_line(row.get("name_en") or name), fold(name)
        unit.kind, unit.level = row["kind"], row["level"]
        unit.valid_from = date.fromisoformat(row["valid_from"])
        unit.valid_to = date.fromisoformat(row["valid_to"]) if row.get("valid_to") else None
    db.session.flush()
    for row in rows:
        for field in ("parent", "successor"):
            other = row.get(field)
            if other and other not in known:
                raise Refused(N_("Unit %(unit)s names the unknown unit %(other)s."), unit=row["id"], other=other)
            setattr(known[row["id"]], field, known[other] if other else None)
    db.session.flush()
    for row in rows:
        _load_past(row, known)
    record(
        actor=actor.public_id if actor else None,
        verb="units.load",
        object_type="unit",
        object_id="*",
        now=now,
        new=new,
        named=len(rows),
    )
    db.session.flush()
    return new


def _load_past(row: Mapping[str, Any], known: Mapping[str, Unit]) -> None:
    """Put what a row tells about the past in the place of what was known; nothing told changes nothing."""
    unit = known[row["id"]]

    def other(code: str | None) -> Unit | None:
        if code and code not in known:
            raise Refused(N_("Unit %(unit)s names the unknown unit %(other)s."), unit=row["id"], other=code)
        return known[code] if code else None

    if "former_names" in row:
        db.session.execute(delete(UnitName).where(UnitName.unit_id == unit.id))
        for each in row["former_names"]:
            name = clean_line(each["name"])
            until = date.fromisoformat(each["valid_to"])
            db.session.add(
                UnitName(
                    unit_id=unit.id,
                    name=name,
                    name_en=clean_line(each.get("name_en") or name),
                    name_key=fold(name),
                    valid_from=date.fromisoformat(each["valid_from"]),
                    valid_to=until,
                )
            )
            unit.renamed_on = max(unit.renamed_on or until, until)
    if "places" in row:
        db.session.execute(delete(UnitPlace).where(UnitPlace.unit_id == unit.id))
        for each in row["places"]:
            if each.get("tree") not in TREES:
                raise Refused(N_("Choose a tree."), code="tree")
            parent = other(each.get("parent"))
            db.session.add(
                UnitPlace(
                    unit_id=unit.id,
                    tree=each["tree"],
                    parent_id=parent.id if parent else None,
                    valid_from=date.fromisoformat(each["valid_from"]),
                    valid_to=date.fromisoformat(each["valid_to"]) if each.get("valid_to") else None,
                )
            )
    became = row.get("became")
    if became is None and unit.valid_to is not None and unit.successor_id is not None:
        told = select(UnitChange.id).where(UnitChange.from_id == unit.id).limit(1)
        if db.session.scalar(told) is None:
            became = [{"kind": MERGED, "to": row.get("successor"), "on": unit.valid_to.isoformat()}]
    if became is not None:
        db.session.execute(delete(UnitChange).where(UnitChange.from_id == unit.id))
        for each in became:
            after = other(each["to"])
            if after is None or after.id == unit.id:
                raise Refused(N_("A unit cannot become part of itself."), code="itself", unit=unit.name)
            db.session.add(
                UnitChange(
                    from_id=unit.id,
                    to_id=after.id,
                    kind=each.get("kind", MERGED),
                    share=each.get("share"),
                    on=date.fromisoformat(each["on"]),
                    decision=clean_line(each.get("decision") or "")[:200],
                )
            )
    db.session.flush()


def appoint_officer(*, unit: Unit, user: User, actor: User | None, now: datetime) -> UnitOfficer:
    """Let `user` act for `unit`. Raises Refused when they already do."""
    standing = db.session.scalar(
        select(UnitOfficer).where(
            UnitOfficer.unit_id == unit.id, UnitOfficer.user_id == user.id, UnitOfficer.ended_at.is_(None)
        )
    )
    if standing is not None:
        raise Refused(N_("%(name)s already acts for %(unit)s."), code="role_held", name=user.name, unit=unit.name)
    officer = UnitOfficer(unit=unit, user=user, granted_by_id=actor.id if actor else None, granted_at=now)
    db.session.add(officer)
    record(
        actor=actor.public_id if actor else None,
        verb="units.appoint_officer",
        object_type="user",
        object_id=user.public_id,
        now=now,
        unit=unit.code,
    )
    db.session.flush()
    return officer


def end_officer(*, officer: UnitOfficer, actor: User, now: datetime) -> None:
    """End a person's right to act for a unit."""
    if officer.ended_at is None:
        officer.ended_at = now
        record(
            actor=actor.public_id,
            verb="units.end_officer",
            object_type="user",
            object_id=officer.user.public_id,
            now=now,
            unit=officer.unit.code,
        )
        db.session.flush()
