"""Pages of whoever operates the site: the trees of units, their history, and what changes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from contest.accounts.models import User
from contest.core.db import db, writing
from contest.core.errors import N_, NotFound, Refused
from contest.core.formats import VIET_NAM
from contest.core.forms import Form
from contest.core.typed import typed_day
from contest.core.web import needs, say
from contest.core.web.language import locale
from contest.units import changes
from contest.units.forms import MergeForm, PlaceForm, RenameForm, SplitForm, UnitForm, chosen_unit, unit_choices
from contest.units.history import Past, ancestors, former_names, has_past, past_of, search_units, tree_on
from contest.units.models import Unit, UnitChange, UnitPlace
from contest.units.queries import get_unit, officers_of, units_on
from contest.units.rules import CHANGES, KINDS, LEVELS, TERRITORY, TREES

bp = Blueprint("units", __name__)


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


def _today() -> date:
    today: date = g.now.astimezone(VIET_NAM).date()
    return today


def unit_then(unit: Unit | None, at: date | datetime | None = None) -> str:
    """A unit as it was called at an instant or on a day, with what it is or belongs to now; for templates.

    Asks the database only for a unit that was renamed or ended since, and once for a page.
    """
    if unit is None:
        return "–"
    today = _today()
    day = at.astimezone(VIET_NAM).date() if isinstance(at, datetime) else at or today
    language = locale()
    if not has_past(unit, day, today):
        return unit.name if language == "vi" else unit.name_en
    past: Past = g.get("past_of_units") or past_of()
    g.past_of_units = past
    name = past.name(unit, day, language)
    now = [past.name(each, today, language) for each in past.successors(unit, today)]
    if unit.valid_to is not None and unit.valid_to <= today:
        return _("%(unit)s (now part of %(now)s)", unit=name, now=", ".join(now)) if now else name
    return name if now == [name] else _("%(unit)s (now %(now)s)", unit=name, now=now[0])


def _offered() -> tuple[dict[str, Unit], dict[str, list[tuple[str, str]]]]:
    """The units of today by code, and choices with their old names."""
    units = units_on(_today())
    return {unit.code: unit for unit in units}, unit_choices(units, former_names(_today()), locale())


# The trees


@bp.get("/don-vi-hanh-chinh")
@needs("operator")
def trees() -> str:
    tree = request.args.get("cay", TERRITORY)
    if tree not in TREES:
        raise NotFound(tree)
    text, on, wrong = request.args.get("q", "").strip()[:100], _today(), ""
    if request.args.get("ngay"):
        try:
            on = typed_day(request.args["ngay"])
        except Refused as error:
            wrong = say(error)
    past = past_of()
    return render_template(
        "units/trees.html",
        tree=tree,
        trees=TREES,
        text=text,
        on=on,
        today=_today(),
        wrong=wrong,
        found=search_units(text, _today()) if text else None,
        branches=[] if text else tree_on(tree, on),
        past=past,
        kinds=KINDS,
    )


@bp.route("/don-vi-hanh-chinh/them", methods=["GET", "POST"])
@needs("operator")
def add() -> Any:
    form = UnitForm()
    units, choices = _offered()
    form.offer(choices)
    if request.method == "POST":
        try:
            with writing() as now:
                units, _choices = _offered()
                unit = changes.add_unit(
                    name=form.name.data or "",
                    name_en=form.name_en.data or "",
                    kind=form.kind.data or "",
                    level=form.level.data or "",
                    parent=chosen_unit(form.parent.data, units),
                    valid_from=typed_day(form.on.data),
                    actor=_me(),
                    now=now,
                )
        except Refused as error:
            form.form_errors.append(say(error))
            return render_template("units/add.html", form=form), 422
        flash(_("The unit has been added."), "ok")
        return redirect(url_for("units.unit", unit=unit.code), 303)
    return render_template("units/add.html", form=form)


# One unit


@bp.get("/don-vi-hanh-chinh/<unit>")
@needs("operator")
def unit(unit: str) -> str:
    return _page(get_unit(unit))


def _forms() -> dict[str, Any]:
    return {
        "doi-ten": RenameForm(formdata=None),
        "nhap-vao": MergeForm(formdata=None),
        "tach": SplitForm(formdata=None),
        "xep": PlaceForm(formdata=None),
    }


def _page(found: Unit, tried: str = "", form: Form | None = None) -> str:
    _units, choices = _offered()
    forms = _forms() | ({tried: form} if form else {})
    for each in forms.values():
        if hasattr(each, "offer"):
            each.offer(choices)
    if tried != "doi-ten":
        forms["doi-ten"].name.data, forms["doi-ten"].name_en.data = found.name, found.name_en
    today, past = _today(), past_of()
    origins = db.session.scalars(
        select(UnitChange)
        .where(UnitChange.to_id == found.id)
        .options(joinedload(UnitChange.old))
        .order_by(UnitChange.on)
    ).all()
    places = db.session.scalars(
        select(UnitPlace)
        .where(UnitPlace.unit_id == found.id)
        .options(joinedload(UnitPlace.parent))
        .order_by(UnitPlace.tree, UnitPlace.valid_from)
    ).all()
    return render_template(
        "units/unit.html",
        unit=found,
        ended=found.valid_to is not None and found.valid_to <= today,
        names=past.names.get(found.id, ()),
        became=past.changes.get(found.id, ()),
        successors=past.successors(found, today),
        origins=origins,
        places=places,
        above=[(tree, ancestors(found, today, tree)) for tree in TREES],
        officers=officers_of(found),
        forms=forms,
        tried=tried,
        trees=TREES,
        kinds=KINDS,
        levels=LEVELS,
        kinds_of_change=CHANGES,
        today=today,
    )


def _rename(found: Unit, form: Any, units: dict[str, Unit], now: datetime) -> None:
    changes.rename_unit(
        unit=found,
        name=form.name.data or "",
        name_en=form.name_en.data or "",
        on=_not_ahead(typed_day(form.on.data), now),
        actor=_me(),
        now=now,
    )


def _merge(found: Unit, form: Any, units: dict[str, Unit], now: datetime) -> None:
    into = chosen_unit(form.into.data, units)
    if into is None:
        raise Refused(N_("Choose the unit that it became part of."), code="into")
    on, decision = typed_day(form.on.data), form.decision.data or ""
    if form.took_over.data:
        changes.take_over(unit=found, by=into, on=on, decision=decision, actor=_me(), now=now)
    else:
        changes.merge_units(units=[found], into=into, on=on, decision=decision, actor=_me(), now=now)


def _split(found: Unit, form: Any, units: dict[str, Unit], now: datetime) -> None:
    changes.split_unit(
        unit=found,
        parts=form.parts(units),
        on=typed_day(form.on.data),
        decision=form.decision.data or "",
        actor=_me(),
        now=now,
    )


def _place(found: Unit, form: Any, units: dict[str, Unit], now: datetime) -> None:
    tree = form.tree.data or ""
    on = typed_day(form.on.data)
    changes.place_unit(
        unit=found,
        tree=tree,
        parent=chosen_unit(form.parent.data, units),
        on=_not_ahead(on, now) if tree == TERRITORY else on,
        leave=bool(form.leave.data),
        actor=_me(),
        now=now,
    )


def _not_ahead(on: date, now: datetime) -> date:
    """A unit's present name and place are those of today: what is still to come is entered on its day."""
    if on > now.astimezone(VIET_NAM).date():
        raise Refused(N_("This day is still to come. Enter the change on its day."), code="on")
    return on


# Address of an act -> what does it, and what the page says afterwards.
_ACTS: dict[str, tuple[Callable[[Unit, Any, dict[str, Unit], datetime], None], type[Form], str]] = {
    "doi-ten": (_rename, RenameForm, N_("The unit bears its new name. The old one still finds it.")),
    "nhap-vao": (_merge, MergeForm, N_("The unit has been ended. What names it shows what it belongs to now.")),
    "tach": (_split, SplitForm, N_("The unit has been split. What names it shows what it belongs to now.")),
    "xep": (_place, PlaceForm, N_("The unit has its place in the tree.")),
}


@bp.post("/don-vi-hanh-chinh/<unit>/<act>")
@needs("operator")
def change(unit: str, act: str) -> Response | tuple[str, int]:
    if act not in _ACTS:
        raise NotFound(act)
    verb, form_type, words = _ACTS[act]
    form = form_type()
    try:
        with writing() as now:
            found = get_unit(unit)
            units, _choices = _offered()
            verb(found, form, units, now)
    except Refused as error:
        form.form_errors.append(say(error))
        return _page(get_unit(unit), act, form), 422
    flash(_(words), "ok")
    return redirect(url_for("units.unit", unit=unit), 303)
