"""The calendar: what is commemorated when, for everyone and for other calendars; and what an operator enters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

from flask import Blueprint, Response, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from contest.accounts.models import User
from contest.anniversaries import queries, services
from contest.anniversaries.commemorations import (
    Commemoration,
    Occurrence,
    occasion_en,
    occasion_vi,
    occurrence,
    occurrences_in,
)
from contest.anniversaries.feed import calendar_feed
from contest.anniversaries.forms import CommemorationForm, HolidaysForm, UnitDayForm
from contest.anniversaries.lunar import FIRST_YEAR, LAST_YEAR, LunarDay, lunar_day, new_year
from contest.anniversaries.queries import Listed
from contest.anniversaries.rules import calendar, expected_days_off, expected_name
from contest.core.db import writing
from contest.core.errors import N_, NotFound, Refused
from contest.core.formats import VIET_NAM
from contest.core.typed import typed_day
from contest.core.web import needs, public, say, shared
from contest.core.web.language import locale
from contest.units.models import Unit
from contest.units.queries import get_unit

bp = Blueprint("anniversaries", __name__)
_BRIEFLY = 300
_YEARS_IN_FEED = (-1, 4)  # relative to this year, the last left out
_NEXT = 10
_FOUNDED = re.compile(r"(?:(?:(\d{1,2})/)?(\d{1,2})/)?(\d{3,4})", re.ASCII)
CLASSES = {"tron": N_("round year"), "le5": N_("year ending in 5"), "khac": N_("other year")}
DAY_KINDS = {
    "holiday": N_("holiday"),
    "in_lieu": N_("day off in lieu"),
    "swap": N_("day off by exchange"),
    "working": N_("worked in exchange"),
}


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


def _today() -> date:
    today: date = g.now.astimezone(VIET_NAM).date()
    return today


def _asked_year() -> int:
    """The year in the address, this year without one. Raises NotFound beyond what is known."""
    text = request.args.get("nam", "").strip()
    if not text:
        return _today().year
    if not (text.isascii() and text.isdigit() and len(text) == 4 and FIRST_YEAR <= int(text) <= LAST_YEAR):
        raise NotFound(text)
    return int(text)


def _here(found: Iterable[Listed]) -> list[Listed]:
    """What is kept in this site's province."""
    return queries.kept_in(found, current_app.config["SETTINGS"].site.province)


@bp.get("/lich-ky-niem")
@public
@shared(_BRIEFLY)
def year() -> str:
    shown = _asked_year()
    everywhere = request.args.get("noi") == "tat-ca"
    every = queries.commemorations()
    found = [each for each in every if each.active] if everywhere else _here(every)
    by_code = {each.what.code: each for each in found}
    held = occurrences_in((each.what for each in found), shown)
    dated = [each for each in held if each.on]
    document, row = queries.days_of(shown)
    off = {date.fromisoformat(each["date"]): each for each in document["off"]} if document else {}
    return render_template(
        "anniversaries/year.html",
        year=shown,
        first=FIRST_YEAR,
        last=LAST_YEAR,
        months=[(month, list(days)) for month, days in groupby(dated, key=lambda each: each.on and each.on.month)],
        undated=[each for each in held if not each.on],
        listed=by_code,
        lunar=_lunar,
        kinds=services.KINDS,
        classes=CLASSES,
        off=sorted(off.items()),
        working=[date.fromisoformat(each) for each in document["working"]] if document else [],
        expected=[(each, expected_name(each)) for each in sorted(expected_days_off(shown))] if document is None else [],
        day_kinds=DAY_KINDS,
        decision=row.decision if row else "",
        is_working_day=calendar().is_working_day,
        today=_today(),
        everywhere=everywhere,
    )


def _lunar(on: date) -> LunarDay | None:
    """The lunar name of a day; None for the first weeks of the first year."""
    return lunar_day(on) if on >= new_year(FIRST_YEAR) else None


@bp.get("/lich-ky-niem/<code>")
@public
@shared(_BRIEFLY)
def day(code: str) -> str:
    found = queries.find_commemoration(code)
    if found is None or not found.active:
        raise NotFound(code)
    this_year = _today().year
    # A lunar day of last year's may still be to come in January.
    held = [occurrence(found.what, each) for each in range(this_year - 1, min(this_year + _NEXT, LAST_YEAR) + 1)]
    held = [each for each in held if each.on is None or each.on >= date(this_year, 1, 1)]
    return render_template(
        "anniversaries/day.html",
        listed=found,
        held=held[:_NEXT],
        kinds=services.KINDS,
        classes=CLASSES,
        occasion=occasion_vi if locale() == "vi" else occasion_en,
        is_working_day=calendar().is_working_day,
        today=_today(),
    )


@bp.get("/lich-ky-niem.ics")
@public
@shared(_BRIEFLY)
def feed() -> Response:
    """For calendars that subscribe: some years around this one."""
    this_year, language = _today().year, locale()
    found = {each.what.code: each for each in _here(queries.commemorations())}
    years = range(max(this_year + _YEARS_IN_FEED[0], FIRST_YEAR), min(this_year + _YEARS_IN_FEED[1], LAST_YEAR + 1))
    what = [each.what for each in found.values()]
    held = {(each.what.code, each.year): each for year in years for each in occurrences_in(what, year)}
    site = current_app.config["SETTINGS"].site
    content = calendar_feed(
        [(each, _title(each, language), _about(each, found[each.what.code])) for each in held.values()],
        name=_("Commemorations · %(site)s", site=site.name),
        domain=site.domain,
        stamp=queries.last_change() or datetime(2026, 1, 1, tzinfo=UTC),
        language=language,
    )
    return Response(content, mimetype="text/calendar")


def _title(held: Occurrence, language: str) -> str:
    name = held.what.name_vi if language == "vi" else held.what.name_en
    return name if held.number is None else _("%(name)s: %(number)s years", name=name, number=held.number)


def _about(held: Occurrence, listed: Listed) -> str:
    lines = [_(CLASSES[held.kind])] if held.kind else []
    if held.what.calendar == "lunar":
        lines.append(_("Lunar calendar: %(day)s/%(month)s", day=held.what.day, month=held.what.month))
    return "\n".join([*lines, listed.basis]) if listed.basis else "\n".join(lines)


# What an operator enters


@bp.route("/lich-ky-niem/them", methods=["GET", "POST"])
@needs("operator")
def add() -> Any:
    form = CommemorationForm()
    form.offer()
    if form.validate_on_submit() and _save(form, (form.code.data or "").strip()):
        return redirect(url_for("anniversaries.year"), 303)
    return render_template("anniversaries/edit.html", form=form, listed=None), 422 if request.method == "POST" else 200


@bp.route("/lich-ky-niem/<code>/sua", methods=["GET", "POST"])
@needs("operator")
def edit(code: str) -> Any:
    found = queries.find_commemoration(code)
    if found is None:
        raise NotFound(code)
    form = CommemorationForm(data=_values(found)) if request.method != "POST" else CommemorationForm()
    form.offer()
    if request.method == "POST" and "bo" in request.form:
        with writing() as now:
            services.forget_change(code=code, actor=_me(), now=now)
        flash(_("What this site had entered has been taken back."), "ok")
        return redirect(url_for("anniversaries.year"), 303)
    if form.validate_on_submit() and _save(form, code):
        return redirect(url_for("anniversaries.year"), 303)
    page = render_template("anniversaries/edit.html", form=form, listed=found)
    return page, 422 if request.method == "POST" else 200


def _save(form: CommemorationForm, code: str) -> bool:
    try:
        with writing() as now:
            services.save_commemoration(
                code=code,
                written=written_of(
                    form,
                    province=form.province.data or "",
                    unit=_typed_unit(form.unit.data or ""),
                    kind=form.kind.data or "",
                    note=form.note.data or "",
                    active=bool(form.active.data),
                ),
                actor=_me(),
                now=now,
            )
    except Refused as error:
        form.form_errors.append(say(error))
        return False
    flash(_("The commemoration has been saved."), "ok")
    return True


def written_of(
    form: CommemorationForm | UnitDayForm, *, province: str, unit: Unit | None, kind: str, note: str, active: bool
) -> services.Written:
    """What was typed, of the fields that operators and officers share, with the rest. Raises Refused."""
    founded, founding_year = _typed_founded(form.founded.data or "")
    return services.Written(
        name_vi=form.name_vi.data or "",
        name_en=form.name_en.data or "",
        calendar=form.calendar.data or "",
        month=_typed_number(form.month.data),
        day=_typed_number(form.day.data),
        founded=founded,
        founding_year=founding_year,
        province=province,
        unit=unit,
        kind=kind,
        basis=form.basis.data or "",
        note=note,
        active=active,
    )


def _typed_unit(text: str) -> Unit | None:
    try:
        return get_unit(text.strip().replace("\0", "")) if text.strip() else None
    except NotFound as error:
        raise Refused(N_("There is no unit of this code."), code="unit") from error


def _typed_number(text: str | None) -> int | None:
    typed = (text or "").strip()
    if not typed:
        return None
    if not typed.isascii() or not typed.isdigit() or len(typed) > 2:
        raise Refused(N_("Day and month are numbers."), code="day")
    return int(typed)


def _typed_founded(text: str) -> tuple[str, int | None]:
    """ "11/6/1948", "3/1930" or "1831" as a date as far as it is known, and its year. Raises Refused."""
    typed = text.strip()
    if not typed:
        return "", None
    match = _FOUNDED.fullmatch(typed)
    if match is None:
        raise Refused(N_("Write when it was founded as 11/6/1948, 3/1930 or 1831."), code="founded")
    day, month, year = match.groups()
    if day:
        return typed_day(f"{day}/{month}/{year.zfill(4)}", "founded").isoformat(), int(year)
    return (f"{year}-{int(month):02}" if month else year), int(year)


def _founded(what: Commemoration) -> str:
    """When it was founded, as `_typed_founded` reads it."""
    if what.founded:
        return "/".join(str(int(part)) for part in reversed(what.founded.split("-")))
    return str(what.founding_year or "")


def _values(found: Listed) -> dict[str, Any]:
    what = found.what
    return {
        "code": what.code,
        "name_vi": what.name_vi,
        "name_en": what.name_en,
        "kind": found.kind,
        "calendar": what.calendar,
        "month": what.month or "",
        "day": what.day or "",
        "founded": _founded(what),
        "province": found.province,
        "unit": found.unit.code if found.unit else "",
        "basis": found.basis,
        "note": found.note,
        "active": found.active,
    }


@bp.route("/lich-ky-niem/ngay-nghi/<int:year>", methods=["GET", "POST"])
@needs("operator")
def holidays(year: int) -> Any:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NotFound(str(year))
    document, row = queries.days_of(year)
    form = HolidaysForm()
    if form.validate_on_submit():
        try:
            lines = _typed_lines(form.days.data or "")
            with writing() as now:
                services.save_holidays(year=year, lines=lines, decision=form.decision.data or "", actor=_me(), now=now)
        except Refused as error:
            form.form_errors.append(say(error))
        else:
            flash(_("The days off of %(year)s have been saved.", year=year), "ok")
            return redirect(url_for("anniversaries.year", nam=year), 303)
    elif request.method != "POST":
        form.decision.data = row.decision if row else ""
        form.days.data = _as_lines(year, document)
    page = render_template("anniversaries/holidays.html", form=form, year=year, kinds=DAY_KINDS, row=row)
    return page, 422 if request.method == "POST" else 200


_KIND_WORDS = {"nghỉ": "holiday", "nghỉ bù": "in_lieu", "hoán đổi": "swap", "làm bù": "working"}


def _as_lines(year: int, document: Any) -> str:
    """The days of a year as they are typed: one a line, "16/4/2027; nghỉ; Giỗ Tổ Hùng Vương"."""
    words = {kind: word for word, kind in _KIND_WORDS.items()}
    if document is None:
        told = [(each, *expected_name(each)) for each in sorted(expected_days_off(year))]
        return "\n".join("; ".join([_typed(on), words[kind], *names]) for on, kind, *names in told)
    lines = [
        (date.fromisoformat(each["date"]), words[each["kind"]], each["name"]["vi"], each["name"]["en"])
        for each in document["off"]
    ] + [(date.fromisoformat(each), words["working"], "", "") for each in document["working"]]
    return "\n".join("; ".join([_typed(on), *rest]).rstrip("; ") for on, *rest in sorted(lines))


def _typed(on: date) -> str:
    return f"{on.day}/{on.month}/{on.year}"


def _typed_lines(text: str) -> list[services.DayLine]:
    """The lines that were typed. Raises Refused, naming the line."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        on, kind, *names = [part.strip() for part in line.split(";")] + ([""] if ";" not in line else [])
        if kind.casefold() not in _KIND_WORDS:
            raise Refused(
                N_("Line %(line)s: write the day, then nghỉ, nghỉ bù, hoán đổi or làm bù, then the name."),
                code="days",
                line=number,
            )
        found.append(services.DayLine(typed_day(on, "days"), _KIND_WORDS[kind.casefold()], *[*names, "", ""][:2]))
    return found
