"""Finding units and what a person may do for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from contest.core.db import db
from contest.core.errors import NotFound
from contest.core.text import collation_key
from contest.units.models import Unit, UnitOfficer


def get_unit(code: str) -> Unit:
    """The unit with this code. Raises NotFound."""
    unit = db.session.scalar(select(Unit).where(Unit.code == code))
    if unit is None:
        raise NotFound(code)
    return unit


def units_on(day: date, *levels: str) -> list[Unit]:
    """Units that exist on `day`, of the given levels (all when none), in Vietnamese order."""
    query = select(Unit).where(Unit.valid_from <= day, or_(Unit.valid_to.is_(None), Unit.valid_to > day))
    if levels:
        query = query.where(Unit.level.in_(levels))
    return sorted(db.session.scalars(query), key=lambda unit: (unit.level, collation_key(unit.name)))


def officers_of(unit: Unit) -> Sequence[UnitOfficer]:
    """Who acts for `unit` now."""
    return db.session.scalars(
        select(UnitOfficer)
        .where(UnitOfficer.unit_id == unit.id, UnitOfficer.ended_at.is_(None))
        .options(joinedload(UnitOfficer.user))
        .order_by(UnitOfficer.granted_at, UnitOfficer.id)
    ).all()


def units_of(user_id: int) -> list[Unit]:
    """The units that a person acts for now."""
    query = select(Unit).join(UnitOfficer).where(UnitOfficer.user_id == user_id, UnitOfficer.ended_at.is_(None))
    return sorted(db.session.scalars(query), key=lambda unit: collation_key(unit.name))


def may_act_for(user_id: int, unit_code: str) -> bool:
    """Whether the person is an officer of the unit with this code."""
    query = (
        select(UnitOfficer.id)
        .join(Unit)
        .where(Unit.code == unit_code, UnitOfficer.user_id == user_id, UnitOfficer.ended_at.is_(None))
    )
    return db.session.scalar(query) is not None
