"""Who gets what: a plan looked at before it is done, and the same by a spreadsheet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from contest.contests.queries import get_contest
from contest.core.errors import N_, Refused
from contest.core.web import needs, say
from contest.core.workbooks import Page, make_workbook
from contest.documents.rules import LIMITS
from contest.documents.services import read_sheet
from contest.entries.drafting import today_of
from contest.judging import services
from contest.judging.by_sheet import change_assignments, grid, headings_of, pack, panel_of, read_grid, unpack
from contest.judging.forms import PersonForm, whole_number
from contest.judging.planning import new_seed
from contest.judging.views import bp, me
from contest.judging.views_chair import TABLE, do, frame

_ROUND = "/ban-to-chuc/<slug>/cham/<round_id>/<category>"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LIMITS = LIMITS._replace(rows=20_000, columns=400, cell=500)


@bp.route(f"{_ROUND}/phan-cong", methods=["GET", "POST"])
@needs(*TABLE)
def assign(slug: str, round_id: str, category: str) -> Any:
    """What an assignment would do, as a picture of loads; then exactly that, done."""
    form = PersonForm()
    frame(get_contest(slug), round_id, category)
    seed = whole_number(request.values.get("seed"), -1, digits=15)
    if request.method == "POST" and do(lambda now: _assign(slug, round_id, category, seed, now), form):
        return redirect(url_for("judging.round", slug=slug, round_id=round_id, category=category), 303)
    page = _plan_page(slug, round_id, category, seed, form)
    return page, 422 if form.errors else 200


def _plan_page(slug: str, round_id: str, category: str, seed: int, form: PersonForm) -> str:
    contest = get_contest(slug)
    page = frame(contest, round_id, category)
    plan = services.plan_assignment(contest, round_id, category, seed=seed if seed >= 0 else new_seed(), actor=me())
    return render_template("judging/assign.html", **page, plan=plan, form=form)


def _assign(slug: str, round_id: str, category: str, seed: int, now: datetime) -> Any:
    plan = services.assign(
        contest=get_contest(slug),
        round_id=round_id,
        category=category,
        actor=me(),
        now=now,
        seed=seed if seed >= 0 else None,
        seen=request.form.get("seen"),
    )
    return ngettext("%(num)d sheet was assigned.", "%(num)d sheets were assigned.", plan.count)


# By spreadsheet


@bp.get(f"{_ROUND}/phan-cong/bang-tinh")
@needs(*TABLE)
def assign_sheet(slug: str, round_id: str, category: str) -> Response:
    """Who has what now: a line for each code, a column for each judge, no word of an author."""
    contest = get_contest(slug)
    frame(contest, round_id, category)
    panel = panel_of(contest, round_id, category, me())
    headings = [_("Code"), *headings_of(panel.seats)]
    sheet = Page(_("Assignment"), headings, [9, *(16 for _seat in panel.seats)], grid(panel))
    name = f"phan-cong-{slug}-{round_id}-{category}-{today_of(g.now):%Y%m%d}.xlsx"
    return Response(
        make_workbook([sheet]),
        mimetype=_XLSX,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"},
    )


@bp.post(f"{_ROUND}/phan-cong/tai-len")
@needs(*TABLE)
def assign_upload(slug: str, round_id: str, category: str) -> Any:
    """What a filled-in sheet would change, line by line; sent back from that page, it is done."""
    form = PersonForm()
    frame(get_contest(slug), round_id, category)
    if "changes" in request.form:
        if do(lambda now: _change(slug, round_id, category, now), form):
            return redirect(url_for("judging.round", slug=slug, round_id=round_id, category=category), 303)
        return _plan_page(slug, round_id, category, -1, form), 422
    contest = get_contest(slug)
    try:
        report = read_grid(_rows(), panel_of(contest, round_id, category, me()))
    except Refused as error:
        form.form_errors.append(say(error))
        return _plan_page(slug, round_id, category, -1, form), 422
    page = frame(contest, round_id, category)
    return render_template(
        "judging/assign_sheet.html", **page, report=report, changes=pack(report.changes), form=form
    ), 422 if report.wrong else 200


def _rows() -> list[list[str]]:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Refused(N_("Choose a file first."), code="no_file")
    return read_sheet(sent.read(), sent.filename, limits=_LIMITS).rows


def _change(slug: str, round_id: str, category: str, now: datetime) -> Any:
    report = change_assignments(
        contest=get_contest(slug),
        round_id=round_id,
        category=category,
        changes=unpack(request.form.get("changes", "")),
        actor=me(),
        now=now,
    )
    return _("Given: %(given)s. Taken back: %(taken)s.", given=report.given, taken=report.taken)
