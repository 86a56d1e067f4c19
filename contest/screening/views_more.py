"""Near-copies side by side, and the wordings of reasons."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contest.contests.models import Contest
from contest.contests.queries import get_contest, holds_any
from contest.core.db import writing
from contest.core.errors import NotFound, Refused
from contest.core.web import needs, say
from contest.entries.rules import STATES
from contest.screening import services
from contest.screening.forms import TemplateForm
from contest.screening.models import NearCopy, ReasonTemplate
from contest.screening.queries import find_template, get_near_copy, templates_of
from contest.screening.rules import TEMPLATE_NAMES
from contest.screening.side_by_side import aligned, marked
from contest.screening.views import bp, me


@bp.get("/ban-to-chuc/<slug>/trung-van/<pair_id>")
@needs("secretary", "organiser")
def near_copy(slug: str, pair_id: str) -> str:
    contest = get_contest(slug)
    return _pair_page(contest, get_near_copy(contest.id, pair_id))


def _pair_page(contest: Contest, pair: NearCopy, note: str | None = None, refusal: str = "") -> str:
    # The older one at the left. The whole text of another contest is for that contest's secretariat.
    whole = {
        entry.id: entry.contest_id == contest.id or holds_any(me().id, entry.contest.slug, {"secretary", "organiser"})
        for entry in (pair.one, pair.other)
    }
    texts = (pair.one.body, pair.other.body)
    return render_template(
        "screening/near_copy.html",
        contest=contest,
        rules=contest.rules,
        pair=pair,
        whole=whole,
        sides=[
            (pair.one, marked(texts[0], pair.passages, "one") if whole[pair.one_id] else None),
            (pair.other, marked(texts[1], pair.passages, "other") if whole[pair.other_id] else None),
        ],
        passages=aligned(texts, pair.passages),
        states=STATES,
        note=pair.note or "" if note is None else note,
        refusal=refusal,
    )


@bp.post("/ban-to-chuc/<slug>/trung-van/<pair_id>")
@needs("secretary", "organiser")
def judge_pair(slug: str, pair_id: str) -> Any:
    """Say whether it is a copy, with a note."""
    note = request.form.get("note", "")[:4000]
    try:
        with writing() as now:
            pair = get_near_copy(get_contest(slug).id, pair_id, lock=True)
            services.judge_near_copy(pair=pair, judged=request.form.get("judged", ""), note=note, actor=me(), now=now)
    except Refused as error:
        contest = get_contest(slug)
        return _pair_page(contest, get_near_copy(contest.id, pair_id), note, say(error)), 422
    flash(_("Your judgement of the two texts is on record."), "ok")
    return redirect(url_for("screening.near_copy", slug=slug, pair_id=pair_id), 303)


# Wordings


@bp.get("/ban-to-chuc/<slug>/mau-ly-do")
@needs("secretary", "organiser")
def templates(slug: str) -> str:
    return _templates_page(get_contest(slug), TemplateForm(formdata=None))


def _templates_page(contest: Contest, form: TemplateForm, tried: str = "", refusal: str = "") -> str:
    form.verb.choices = [(verb, _(name)) for verb, name in TEMPLATE_NAMES.items()]
    return render_template(
        "screening/templates.html",
        contest=contest,
        rules=contest.rules,
        templates=templates_of(contest.id),
        names=TEMPLATE_NAMES,
        may_edit=holds_any(me().id, contest.slug, {"organiser"}),
        form=form,
        tried=tried,
        refusal=refusal,
        now=g.now,
    )


@bp.post("/ban-to-chuc/<slug>/mau-ly-do")
@needs("organiser")
def add_template(slug: str) -> Any:
    return _write(slug, "")


@bp.post("/ban-to-chuc/<slug>/mau-ly-do/<template_id>")
@needs("organiser")
def change_template(slug: str, template_id: str) -> Any:
    """Change a wording, or remove it."""
    if request.form.get("act") != "remove":
        return _write(slug, template_id)
    with writing() as now:
        contest = get_contest(slug)
        services.drop_template(contest=contest, template=_template(contest, template_id), actor=me(), now=now)
    flash(_("The wording has been removed."), "ok")
    return redirect(url_for("screening.templates", slug=slug), 303)


def _template(contest: Contest, template_id: str) -> ReasonTemplate:
    template = find_template(contest.id, template_id)
    if template is None:
        raise NotFound(template_id)
    return template


def _write(slug: str, template_id: str) -> Response | tuple[str, int]:
    form = TemplateForm()
    try:
        with writing() as now:
            contest = get_contest(slug)
            services.write_template(
                contest=contest,
                template=_template(contest, template_id) if template_id else None,
                verb=form.verb.data or "",
                name=form.name.data or "",
                text=form.text.data or "",
                actor=me(),
                now=now,
            )
    except Refused as error:
        return _templates_page(get_contest(slug), form, template_id or "new", say(error)), 422
    flash(_("The wording is kept."), "ok")
    return redirect(url_for("screening.templates", slug=slug), 303)
