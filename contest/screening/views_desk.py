"""The secretariat's list: narrowed, searched, ticked, acted upon many at once, kept as a view, exported."""

from __future__ import annotations

from typing import Any

from flask import Response as FlaskResponse
from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from contest.contests.labels import OUTCOMES
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.core.db import writing
from contest.core.errors import NotFound, Refused
from contest.core.web import needs, say
from contest.core.web.language import locale
from contest.entries import screening
from contest.entries.drafting import today_of
from contest.entries.models import Entry
from contest.entries.queries import counts_by_state
from contest.entries.rules import STATES
from contest.screening import services
from contest.screening.batches import ACTS, EFFECTS, WITH_REASON, carry_out, plan
from contest.screening.export import SOURCE_NAMES, workbook
from contest.screening.forms import BatchForm, ReasonForm, proposed_due, typed_due, wording
from contest.screening.queries import cleared_of, open_findings, standing_answers, templates_of, views_of
from contest.screening.rules import BATCH_MOST, EXPORT_MOST, KIND_NAMES
from contest.screening.search import all_matching, find_entries, wanted_of
from contest.screening.views import bp, me, wanted_here
from contest.units.queries import units_on

_LEVELS = ("xa_phuong_dac_khu", "so_nganh_doan_the_khoi", "doan_the_cap_tinh")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _list_url(slug: str) -> str:
    return url_for("screening.desk", slug=slug, **wanted_of(request.args).as_arguments())


@bp.get("/ban-to-chuc/<slug>/bai-du-thi")
@needs("secretary", "organiser")
def desk(slug: str) -> str:
    contest = get_contest(slug)
    wanted, unit_id = wanted_here(contest)
    page = find_entries(contest.id, wanted, g.now, unit_id)
    arguments = wanted.as_arguments()
    return render_template(
        "screening/desk.html",
        contest=contest,
        rules=contest.rules,
        wanted=wanted,
        arguments=arguments,
        page_of=page,
        next_url=url_for("screening.desk", slug=slug, **arguments, sau=page.next) if page.next else None,
        first_url=url_for("screening.desk", slug=slug, **arguments) if wanted.after else None,
        counts=counts_by_state(contest.id),
        states=STATES,
        units=units_on(today_of(g.now), *_LEVELS),
        verifications=standing_answers(contest.id, [entry.exemplar_id for entry in page.entries]),
        cleared=cleared_of(contest.id, [entry.exemplar_id for entry in page.entries]),
        findings=open_findings([entry.id for entry in page.entries]),
        views=views_of(contest, me().id),
        acts=ACTS,
        kind_names=KIND_NAMES,
        source_names=SOURCE_NAMES,
        outcome_names=OUTCOMES,
        today=today_of(g.now),
    )


# Many at once


@bp.post("/ban-to-chuc/<slug>/bai-du-thi")
@needs("secretary", "organiser")
def batch(slug: str) -> Any:
    """Say what an act would do to every ticked entry, before it is done."""
    form = BatchForm()
    act = form.act.data or ""
    if act not in ACTS:
        raise NotFound(act)
    contest = get_contest(slug)
    entries = _ticked(contest, form)
    if not entries:
        flash(_("Tick the entries first."), "warn")
        return redirect(_list_url(slug), 303)
    return _batch_page(contest, act, entries, ReasonForm(formdata=None, **proposed_due(contest, g.now)))


@bp.post("/ban-to-chuc/<slug>/bai-du-thi/nhieu-bai")
@needs("secretary", "organiser")
def batch_do(slug: str) -> Any:
    """Do it, all or none."""
    form, reasons = BatchForm(), ReasonForm()
    act = form.act.data or ""
    if act not in ACTS:
        raise NotFound(act)
    try:
        with writing() as now:
            contest = get_contest(slug)
            entries = _ticked(contest, form)
            done = carry_out(
                contest=contest,
                entries=entries,
                act=act,
                actor=me(),
                now=now,
                reason=wording(contest, reasons),
                due=typed_due(reasons) if act == "complete" else None,
            )
    except Refused as error:
        contest = get_contest(slug)
        return _batch_page(contest, act, _ticked(contest, form), reasons, say(error)), 422
    flash(_batch_words(act, done), "ok" if done else "warn")
    return redirect(_list_url(slug), 303)


def _ticked(contest: Contest, form: BatchForm) -> list[Entry]:
    chosen = [str(public_id) for public_id in (form.chosen.data or ())][:BATCH_MOST]
    return screening.entries_by_public_ids(contest, chosen)


def _batch_page(contest: Contest, act: str, entries: list[Entry], form: ReasonForm, refusal: str = "") -> str:
    planned = plan(contest=contest, entries=entries, act=act, now=g.now)
    return render_template(
        "screening/batch.html",
        contest=contest,
        rules=contest.rules,
        act=act,
        name=ACTS[act],
        effect=EFFECTS[act],
        plan=planned,
        findings=open_findings([entry.id for entry in planned.will]),
        with_reason=act in WITH_REASON,
        templates=templates_of(contest.id, act) if act in WITH_REASON else (),
        form=form,
        refusal=refusal,
        states=STATES,
        back=_list_url(contest.slug),
        arguments=wanted_of(request.args).as_arguments(),
    )


def _batch_words(act: str, done: int) -> str:
    if act == "receive":
        words = ngettext("%(num)s entry received.", "%(num)s entries received.", done)
    elif act == "accept":
        words = ngettext("%(num)s entry accepted as valid.", "%(num)s entries accepted as valid.", done)
    elif act == "refuse":
        words = ngettext("%(num)s entry refused.", "%(num)s entries refused.", done)
    elif act == "complete":
        words = ngettext("%(num)s author asked to complete.", "%(num)s authors asked to complete.", done)
    else:
        words = ngettext("%(num)s verification asked for.", "%(num)s verifications asked for.", done)
    return str(words)


# Views and export


@bp.post("/ban-to-chuc/<slug>/bai-du-thi/khung-nhin")
@needs("secretary", "organiser")
def save_view(slug: str) -> Response:
    """Keep the list as it is narrowed now under a name."""
    try:
        with writing() as now:
            contest = get_contest(slug)
            services.save_view(
                contest=contest,
                name=request.form.get("name", "")[:200],
                arguments=wanted_of(request.args).as_arguments(),
                actor=me(),
                now=now,
            )
    except Refused as error:
        flash(say(error), "error")
    else:
        flash(_("The view is kept; it stands above the list."), "ok")
    return redirect(_list_url(slug), 303)


@bp.post("/ban-to-chuc/<slug>/bai-du-thi/khung-nhin/<view_id>/bo")
@needs("secretary", "organiser")
def forget_view(slug: str, view_id: str) -> Response:
    with writing():
        services.forget_view(contest=get_contest(slug), public_id=view_id, actor=me())
    flash(_("The view has been removed."), "ok")
    return redirect(_list_url(slug), 303)


@bp.post("/ban-to-chuc/<slug>/bai-du-thi/bang-tinh")
@needs("secretary", "organiser")
def export(slug: str) -> FlaskResponse:
    """The list as it is narrowed now, as a spreadsheet; that it was taken is on record."""
    with writing() as now:
        contest = get_contest(slug)
        wanted, unit_id = wanted_here(contest)
        ids = list(all_matching(contest.id, wanted, now, unit_id, EXPORT_MOST))
        services.record_export(contest=contest, rows=len(ids), arguments=wanted.as_arguments(), actor=me(), now=now)
    content = workbook(contest=get_contest(slug), entry_ids=ids, say=_, outcomes=OUTCOMES, english=locale() == "en")
    name = f"bai-du-thi-{slug}-{today_of(g.now):%Y%m%d}.xlsx"
    return FlaskResponse(
        content,
        mimetype=_XLSX,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"},
    )
