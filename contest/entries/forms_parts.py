"""Forms of rows that repeat: the parts of a published work, the members of a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField, TelField

from contest.core.errors import N_, Refused
from contest.core.forms import Form
from contest.entries.coauthors import Member
from contest.entries.forms import BirthParts, birth_parts, typed_date, unit_choices, whole_number
from contest.entries.models import CoAuthor
from contest.entries.press import Part
from contest.units.models import Unit


class PartForm(Form):
    """One part of a published work."""

    outlet = StringField(_l("Newspaper, site or station"))
    title = StringField(_l("Title there"))
    url = StringField(_l("Link"))
    place = StringField(_l("Page and issue, or programme and hour"))
    minutes = StringField(_l("Minutes"))
    seconds = StringField(_l("Seconds"))


class MemberForm(Form):
    """One co-author."""

    name = StringField(_l("Real name"))
    pen_name = StringField(_l("Pen name"))
    phone = TelField(_l("Telephone"))
    unit = SelectField(_l("Unit"), validate_choice=False)
    guardian = StringField(_l("Legal representative, for who is under 18"))
    consent = BooleanField(_l("This legal representative agrees that the co-author takes part"))


class PartRow(NamedTuple):
    """A part on the page: its form and the day as typed."""

    number: int
    form: PartForm
    day: BirthParts


class MemberRow(NamedTuple):
    """A co-author on the page: the form and the date of birth as typed."""

    number: int
    form: MemberForm
    born: BirthParts


def shown_parts(parts: Sequence[Part], count: int) -> list[PartRow]:
    """Rows that show `parts`, and empty ones up to `count`."""
    rows = []
    for number in range(1, max(count, len(parts)) + 1):
        part = parts[number - 1] if number <= len(parts) else Part()
        minutes, seconds = divmod(part.seconds, 60) if part.seconds is not None else ("", "")
        form = PartForm(
            formdata=None,
            prefix=f"part-{number}-",
            outlet=part.outlet,
            title=part.title,
            url=part.url,
            place=part.place,
            minutes=str(minutes),
            seconds=str(seconds),
        )
        rows.append(PartRow(number, form, birth_parts(part.published_on)))
    return rows


def typed_parts(most: int) -> list[PartRow]:
    """The rows as they were sent, whatever was typed in them."""
    count = min(whole_number(request.form.get("rows"), 1), most)
    return [
        PartRow(number, PartForm(prefix=f"part-{number}-"), typed_date(f"part-{number}-on")[0])
        for number in range(1, max(count, 1) + 1)
    ]


def parts_typed(rows: Sequence[PartRow]) -> list[Part]:
    """What was typed, as parts. Raises Refused for a day or a playing time that is none."""
    return [_part(row) for row in rows]


def _part(row: PartRow) -> Part:
    _parts, day, is_date = typed_date(f"part-{row.number}-on")
    if not is_date:
        raise Refused(
            N_("Part %(part)s: this day is not a date. Write day, month and year in numbers."),
            code=f"part-{row.number}-on",
            part=row.number,
        )
    form = row.form
    minutes, seconds = ((field.data or "").strip() for field in (form.minutes, form.seconds))
    if any(text and not (text.isascii() and text.isdecimal() and len(text) <= 4) for text in (minutes, seconds)):
        raise Refused(
            N_("Part %(part)s: write the playing time in whole minutes and seconds."),
            code=f"part-{row.number}-minutes",
            part=row.number,
        )
    plays = int(minutes or 0) * 60 + int(seconds or 0) if minutes or seconds else None
    return Part(
        outlet=form.outlet.data or "",
        title=form.title.data or "",
        published_on=day,
        url=form.url.data or "",
        place=form.place.data or "",
        seconds=plays,
    )


def shown_members(coauthors: Sequence[CoAuthor], count: int, units: Sequence[Unit], language: str) -> list[MemberRow]:
    """Rows that show the co-authors, and empty ones up to `count`."""
    rows = []
    for number in range(1, max(count, len(coauthors)) + 1):
        coauthor = coauthors[number - 1] if number <= len(coauthors) else CoAuthor(name="")
        form = MemberForm(
            formdata=None,
            prefix=f"member-{number}-",
            name=coauthor.name,
            pen_name=coauthor.pen_name,
            phone=coauthor.phone,
            unit=coauthor.unit.code if coauthor.unit else "",
            guardian=coauthor.guardian_name,
            consent=coauthor.guardian_consent,
        )
        rows.append(MemberRow(number, _offering(form, units, language), birth_parts(coauthor.birth_date)))
    return rows


def typed_members(most: int, units: Sequence[Unit], language: str) -> list[MemberRow]:
    """The rows as they were sent, whatever was typed in them."""
    count = min(whole_number(request.form.get("rows"), 1), most)
    return [
        MemberRow(
            number,
            _offering(MemberForm(prefix=f"member-{number}-"), units, language),
            typed_date(f"member-{number}-born")[0],
        )
        for number in range(1, max(count, 1) + 1)
    ]


def members_typed(rows: Sequence[MemberRow], units: Mapping[str, Unit]) -> list[Member]:
    """What was typed, as members. Raises Refused for a date of birth that is none."""
    return [_member(row, units) for row in rows]


def _member(row: MemberRow, units: Mapping[str, Unit]) -> Member:
    _parts, born, is_date = typed_date(f"member-{row.number}-born")
    if not is_date:
        raise Refused(
            N_("Co-author number %(number)s: this date of birth is not a date. Write day, month and year in numbers."),
            code=f"member-{row.number}-born",
            number=row.number,
        )
    form = row.form
    return Member(
        name=form.name.data or "",
        pen_name=form.pen_name.data or "",
        phone=form.phone.data or "",
        birth_date=born,
        unit=units.get(form.unit.data or ""),
        guardian_name=form.guardian.data or "",
        guardian_consent=bool(form.consent.data),
    )


def _offering(form: MemberForm, units: Sequence[Unit], language: str) -> MemberForm:
    form.unit.choices = {"": [("", _("No unit"))], **unit_choices(units, language)}
    return form
