"""The days of a unit: its officers enter them, and the calendar shows them."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from contest.anniversaries import queries, services
from contest.anniversaries.commemorations import occurrence
from contest.anniversaries.forms import UnitDayForm
from contest.anniversaries.lunar import LAST_YEAR
from contest.anniversaries.views import CLASSES, _founded, _me, _today, bp, written_of
from contest.core.db import writing
from contest.core.errors import Refused
from contest.core.web import needs, say
from contest.units.queries import get_unit

__all__ = ["bp"]


@bp.route("/don-vi/<code>/ngay-ky-niem", methods=["GET", "POST"])
@needs("officer")
def of_unit(code: str) -> Any:
    form = UnitDayForm()
    if request.method == "POST" and (gone := request.form.get("bo", "")):
        with writing() as now:
            services.forget_day_of_unit(unit=get_unit(code), code=gone[:40], actor=_me(), now=now)
        flash(_("The day has been taken out of the calendar."), "ok")
        return redirect(url_for("anniversaries.of_unit", code=code), 303)
    if form.validate_on_submit() and _save(form, code):
        return redirect(url_for("anniversaries.of_unit", code=code), 303)
    unit = get_unit(code)
    year = min(_today().year, LAST_YEAR)
    page = render_template(
        "anniversaries/unit.html",
        unit=unit,
        form=form,
        kept=[(each, occurrence(each.what, year), _founded(each.what)) for each in queries.days_of_unit(unit)],
        classes=CLASSES,
    )
    return page, 422 if request.method == "POST" else 200


def _save(form: UnitDayForm, code: str) -> bool:
    try:
        with writing() as now:
            services.save_day_of_unit(
                unit=get_unit(code),
                written=written_of(form, province="", unit=None, kind="unit_day", note="", active=True),
                actor=_me(),
                now=now,
            )
    except Refused as error:
        form.form_errors.append(say(error))
        return False
    flash(_("The day stands in the calendar."), "ok")
    return True
