"""Opening the map from codes to authors, and reading it: pages for the two people who may."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import redirect, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from contest.contests.queries import get_contest
from contest.contests.rules import CHAIR, ORGANISER
from contest.core.db import db, writing
from contest.core.errors import NotFound, Refused
from contest.core.web import needs, say
from contest.judging import services
from contest.judging.codes import find_opening
from contest.judging.forms import ReasonForm
from contest.judging.locks import find_closing
from contest.judging.models_council import CodeMapOpening
from contest.judging.views import bp, me
from contest.judging.views_chair import do, frame


def _page(slug: str, category: str, form: ReasonForm | None = None, **shown: Any) -> str:
    contest = get_contest(slug)
    opening = find_opening(contest.id, category)
    if opening is not None:
        opening = db.session.get(
            CodeMapOpening,
            opening.id,
            options=[joinedload(CodeMapOpening.asked_by), joinedload(CodeMapOpening.opened_by)],
            populate_existing=True,
        )
    return render_template(
        "judging/codes.html",
        **frame(contest, contest.rules.last_round.id, category),
        opening=opening,
        closing=find_closing(contest.id, contest.rules.last_round.id, category),
        own=opening is not None and opening.asked_by_id == me().id,
        form=form or ReasonForm(formdata=None),
        lines=shown.get("lines"),
    )


@bp.route("/ban-to-chuc/<slug>/cham/phach/<category>", methods=["GET", "POST"])
@needs(ORGANISER, CHAIR)
def codes(slug: str, category: str) -> Any:
    """Ask for the map of a category."""
    form = ReasonForm()
    if form.is_submitted() and do(lambda now: _ask(slug, category, form.reason.data or "", now), form):
        return redirect(url_for("judging.codes", slug=slug, category=category), 303)
    return _page(slug, category, form), 422 if form.errors else 200


def _ask(slug: str, category: str, reason: str, now: datetime) -> Any:
    contest = get_contest(slug)
    if contest.rules.find_category(category) is None:
        raise NotFound(category)
    services.ask_to_open(contest=contest, category=category, reason=reason, actor=me(), now=now)
    return _("Asked. Another organiser, or the head of jury, opens the codes.")


@bp.post("/ban-to-chuc/<slug>/cham/phach/<category>/mo")
@needs(ORGANISER, CHAIR)
def open_map(slug: str, category: str) -> Any:
    """Open the map that another person asked for."""
    do(lambda now: _open(slug, category, now))
    return redirect(url_for("judging.codes", slug=slug, category=category), 303)


def _open(slug: str, category: str, now: datetime) -> Any:
    services.open_codes(contest=get_contest(slug), category=category, actor=me(), now=now)
    return _("The codes of this category are open. Each reading of the list goes on record.")


@bp.post("/ban-to-chuc/<slug>/cham/phach/<category>/doc")
@needs(ORGANISER, CHAIR)
def read_map(slug: str, category: str) -> Any:
    """The list of codes and authors. A form and no link, since reading it is an act on record."""
    try:
        with writing() as now:
            lines = services.read_codes(contest=get_contest(slug), category=category, actor=me(), now=now)
    except Refused as error:
        form = ReasonForm(formdata=None)
        form.form_errors.append(say(error))
        return _page(slug, category, form), 422
    return _page(slug, category, lines=lines)
