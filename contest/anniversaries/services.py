"""What an operator changes in the calendar: commemorations, and the days off of a year."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import select

from contest.accounts.models import User
from contest.anniversaries.commemorations import BadCommemoration, Commemoration
from contest.anniversaries.models import CommemorationRow, HolidayYear
from contest.anniversaries.queries import days_of, find_commemoration, starting_set
from contest.anniversaries.rules import HolidayDataError, read_calendar
from contest.audit.services import record
from contest.core.db import db
from contest.core.errors import N_, NotFound, Refused
from contest.core.text import clean_line, clean_text, fold
from contest.units.models import Unit

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
KINDS = {
    "major_holiday": N_("Great holiday of the country"),
    "tradition_day": N_("Day of a tradition"),
    "org_founding": N_("Founding of an organisation"),
    "sector_day": N_("Day of a sector"),
    "response_day": N_("Day of a national appeal"),
    "international_day": N_("International day"),
    "historic_event": N_("Historic event"),
    "person_birth": N_("Birth of a person"),
    "person_death": N_("Death of a person"),
    "local_day": N_("Day of a province"),
    "local_festival": N_("Festival of a place"),
    "local_year": N_("Founding of a place"),
    "unit_day": N_("Founding of a unit"),
}


@dataclass(frozen=True, slots=True)
class Written:
    """A commemoration as an operator wrote it. `founded`: YYYY, MM/YYYY or DD/MM/YYYY, "" when unknown."""

    name_vi: str
    name_en: str
    calendar: str
    month: int | None
    day: int | None
    founded: str
    founding_year: int | None
    province: str
    unit: Unit | None
    kind: str
    basis: str
    note: str
    active: bool


def save_commemoration(*, code: str, written: Written, actor: User, now: datetime) -> CommemorationRow:
    """Enter a commemoration, or change one; the starting set's own is covered by this site's. Raises Refused."""
    if not _CODE.fullmatch(code) or len(code) > 40:
        raise Refused(N_("A code has small letters, digits and hyphens, 40 at most."), code="code")
    name = clean_line(written.name_vi)
    if not name:
        raise Refused(N_("Write the name."), code="name_vi")
    if written.kind not in KINDS:
        raise Refused(N_("Choose what kind of day this is."), code="kind")
    precision = "day" if written.day is not None else "month" if written.month is not None else "year"
    shipped = starting_set().get(code)
    try:
        Commemoration(
            code=code,
            name_vi=name,
            name_en=clean_line(written.name_en) or name,
            calendar=cast(Any, written.calendar),
            precision=cast(Any, precision),
            month=written.month,
            day=written.day,
            founding_year=written.founding_year,
            founded=written.founded,
            counted_by=shipped.what.counted_by if shipped else "ordinal",
        )
    except BadCommemoration as error:
        raise Refused(N_("There is no such day: check the calendar, the month and the day."), code="day") from error
    if written.founding_year is not None and not 1 <= written.founding_year <= now.year:
        raise Refused(N_("The year of founding lies between 1 and this year."), code="founding_year")
    row = db.session.scalar(select(CommemorationRow).where(CommemorationRow.code == code))
    if row is None:
        row = CommemorationRow(code=code, counted_by=shipped.what.counted_by if shipped else "ordinal")
        db.session.add(row)
    row.name_vi, row.name_en = name, clean_line(written.name_en) or name
    row.calendar, row.precision, row.month, row.day = written.calendar, precision, written.month, written.day
    row.founded, row.founding_year = written.founded, written.founding_year
    row.province, row.unit_id = clean_line(written.province), written.unit.id if written.unit else None
    row.kind, row.basis, row.note = written.kind, clean_text(written.basis), clean_text(written.note)
    row.active, row.changed_at = written.active, now
    db.session.flush()
    record(
        actor=actor.public_id,
        verb="commemoration.save",
        object_type="commemoration",
        object_id=code,
        now=now,
        name=name,
        active=written.active,
    )
    return row


def save_day_of_unit(*, unit: Unit, written: Written, actor: User, now: datetime) -> CommemorationRow:
    """Enter a day of a unit, by its officer: under a code that nothing else has. Raises Refused."""
    plain = re.sub(r"[^a-z0-9]+", "-", f"{unit.code} {fold(clean_line(written.name_vi))}".lower())[:36].strip("-")
    code, count = plain, 1
    while find_commemoration(code) is not None:
        count += 1
        code = f"{plain}-{count}"
    own = replace(written, unit=unit, province="", kind="unit_day", active=True)
    return save_commemoration(code=code, written=own, actor=actor, now=now)


def forget_day_of_unit(*, unit: Unit, code: str, actor: User, now: datetime) -> None:
    """Take back a day that was entered for a unit. Raises NotFound for any other."""
    found = find_commemoration(code)
    if found is None or found.unit is None or found.unit.id != unit.id:
        raise NotFound(code)
    forget_change(code=code, actor=actor, now=now)


def forget_change(*, code: str, actor: User, now: datetime) -> None:
    """Take back what this site entered: a starting set's own stands again, another is gone. Raises NotFound."""
    if find_commemoration(code) is None:
        raise NotFound(code)
    row = db.session.scalar(select(CommemorationRow).where(CommemorationRow.code == code))
    if row is None:
        return
    db.session.delete(row)
    db.session.flush()
    record(actor=actor.public_id, verb="commemoration.forget", object_type="commemoration", object_id=code, now=now)


@dataclass(frozen=True, slots=True)
class DayLine:
    """A line of a year as an operator wrote it. `kind`: holiday, in_lieu, swap, or working (made up for)."""

    on: date
    kind: str
    name_vi: str
    name_en: str = ""


def save_holidays(*, year: int, lines: Sequence[DayLine], decision: str, actor: User, now: datetime) -> HolidayYear:
    """Enter the days off of a year as the yearly decision names them; they replace what was known of it.

    With a `decision` (its number) the days are decided, without one still to be confirmed. Raises
    Refused for a day of another year, one that stands twice, or a working day on a weekday.
    """
    said = clean_line(decision)
    off, working = [], []
    for line in lines:
        if line.on.year != year:
            raise Refused(N_("%(day)s is not a day of %(year)s."), code="day", day=line.on, year=str(year))
        if line.kind == "working":
            if line.on.weekday() < 5:
                raise Refused(N_("%(day)s is no Saturday or Sunday: it is worked anyway."), code="day", day=line.on)
            working.append(line.on.isoformat())
            continue
        name = clean_line(line.name_vi)
        if not name:
            raise Refused(N_("Name each day off."), code="name")
        off.append(
            {
                "date": line.on.isoformat(),
                "kind": line.kind,
                "status": "decided" if said else "to_confirm",
                "name": {"vi": name, "en": clean_line(line.name_en) or name},
            }
        )
    days = {"off": sorted(off, key=lambda each: str(each["date"])), "working": sorted(set(working))}
    try:
        read_calendar({"years": {str(year): days}})
    except HolidayDataError as error:
        raise Refused(N_("A day stands twice, or its kind is not known."), code="day") from error
    _before, row = days_of(year)
    if row is None:
        row = HolidayYear(year=year)
        db.session.add(row)
    row.days, row.decision, row.changed_at = days, said, now
    db.session.flush()
    record(
        actor=actor.public_id,
        verb="holidays.save",
        object_type="holiday_year",
        object_id=year,
        now=now,
        days=len(off),
        decision=said,
    )
    return row
