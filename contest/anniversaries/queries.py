"""What this site commemorates, and the days off it counts by: the starting sets, with what an operator entered."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from contest.anniversaries.commemorations import Commemoration
from contest.anniversaries.models import CommemorationRow, HolidayYear
from contest.anniversaries.rules import Calendar, read_calendar, shipped_calendar, shipped_holidays
from contest.core.db import db
from contest.units.models import Unit

STARTING_SET = Path(__file__).with_name("data") / "commemorations.json"
# Names of the provinces in the starting set.
_PROVINCES = {
    "ha_tinh": "Hà Tĩnh",
    "nghe_an": "Nghệ An",
    "ha_noi": "Hà Nội",
    "ca_mau": "Cà Mau",
    "bac_lieu_former": "Bạc Liêu (cũ)",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A commemoration with what a page tells about it. `province` and `unit` are empty for the whole country.

    `certain`: a source was read; `entered`: it, or the change of it, is this site's own.
    """

    what: Commemoration
    kind: str
    province: str
    unit: Unit | None
    basis: str
    note: str
    active: bool
    certain: bool = True
    entered: bool = False

    @property
    def national(self) -> bool:
        """Whether it is kept in the whole country."""
        return not self.province and self.unit is None


@cache
def starting_set() -> Mapping[str, Listed]:
    """The commemorations that the software brings, by code."""
    document = json.loads(STARTING_SET.read_text("utf-8"))
    found = {}
    for row in document["commemorations"]:
        what = Commemoration(
            code=row["code"],
            name_vi=row["name"]["vi"],
            name_en=row["name"]["en"],
            calendar=row["calendar"],
            precision=row["precision"],
            month=row["month"],
            day=row["day"],
            founding_year=row["founding_year"],
            founded=row["founded"] or "",
            counted_by=row["counted_by"],
        )
        places = [] if "national" in row["scope"] else [_PROVINCES[each] for each in row["scope"]]
        found[what.code] = Listed(
            what,
            row["kind"],
            ", ".join(places),
            None,
            row["basis"],
            row["note"],
            row["active"],
            certain=row["certainty"] == "page",
        )
    return found


def commemorations() -> list[Listed]:
    """All commemorations of this site, those that are switched off too, by code."""
    rows = db.session.scalars(select(CommemorationRow).options(joinedload(CommemorationRow.unit)))
    return sorted(
        {**starting_set(), **{row.code: listed(row) for row in rows}}.values(), key=lambda each: each.what.code
    )


def kept_in(found: Iterable[Listed], province: str) -> list[Listed]:
    """What is kept in a province: national, its own, of units, and what this site entered itself."""
    return [each for each in found if each.active and (each.national or each.entered or province in each.province)]


def days_of_unit(unit: Unit) -> list[Listed]:
    """What was entered for a unit, by code."""
    rows = db.session.scalars(
        select(CommemorationRow)
        .where(CommemorationRow.unit_id == unit.id)
        .options(joinedload(CommemorationRow.unit))
        .order_by(CommemorationRow.code)
    )
    return [listed(row) for row in rows]


def find_commemoration(code: str) -> Listed | None:
    """One commemoration, this site's own before that of the starting set."""
    if "\0" in code:  # PostgreSQL takes none
        return None
    row = db.session.scalar(
        select(CommemorationRow).where(CommemorationRow.code == code).options(joinedload(CommemorationRow.unit))
    )
    return listed(row) if row else starting_set().get(code)


def listed(row: CommemorationRow) -> Listed:
    """A row as pages list it."""
    what = Commemoration(
        code=row.code,
        name_vi=row.name_vi,
        name_en=row.name_en,
        calendar=cast(Any, row.calendar),
        precision=cast(Any, row.precision),
        month=row.month,
        day=row.day,
        founding_year=row.founding_year,
        founded=row.founded,
        counted_by=cast(Any, row.counted_by),
    )
    return Listed(what, row.kind, row.province, row.unit, row.basis, row.note, row.active, entered=True)


def last_change() -> datetime | None:
    """When an operator last changed a commemoration."""
    return db.session.scalar(select(func.max(CommemorationRow.changed_at)))


def working_calendar() -> Calendar:
    """The days off that this site counts by: the years that an operator entered replace the shipped ones."""
    rows = db.session.scalars(select(HolidayYear)).all()
    if not rows:
        return shipped_calendar()
    years = {**shipped_holidays()["years"], **{str(row.year): row.days for row in rows}}
    return read_calendar({"years": years})


def days_of(year: int) -> tuple[Mapping[str, Any] | None, HolidayYear | None]:
    """The days of a year as a document, and the row they come from; None where nobody entered any."""
    row = db.session.get(HolidayYear, year)
    return (row.days if row else shipped_holidays()["years"].get(str(year))), row
