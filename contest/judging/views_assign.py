"""Who gets what: a planned assignment looked at before it is done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import ngettext

from contest.contests.queries import get_contest
from contest.core.web import needs
from contest.judging import services
from contest.judging.assignment import new_seed
from contest.judging.forms import PersonForm, whole_number
from contest.judging.views import bp, me
from contest.judging.views_chair import TABLE, do, frame

_ROUND = "/ban-to-chuc/<slug>/cham/<round_id>/<category>"


@bp.route(f"{_ROUND}/phan-cong", methods=["GET", "POST"])
@needs(*TABLE)
def assign(slug: str, round_id: str, category: str) -> Any:
    """What an assignment would do, shown as bars; then the same, done."""
    form = PersonForm()
    frame(get_contest(slug), round_id, category)
    seed = whole_number(request.values.get("seed"), -1, digits=15)
    if request.method == "POST" and do(lambda now: _assign(slug, round_id, category, seed, now), form):
        return redirect(url_for("judging.round", slug=slug, round_id=round_id, category=category), 303)
    contest = get_contest(slug)
    plan = services.plan_assignment(contest, round_id, category, seed=seed if seed >= 0 else new_seed())
    page = render_template("judging/assign.html", **frame(contest, round_id, category), plan=plan, form=form)
    return page, 422 if form.errors else 200


def _assign(slug: str, round_id: str, category: str, seed: int, now: datetime) -> Any:
    plan = services.assign(
        contest=get_contest(slug),
        round_id=round_id,
        category=category,
        actor=me(),
        now=now,
        seed=seed if seed >= 0 else None,
    )
    return ngettext("%(num)d sheet was assigned.", "%(num)d sheets were assigned.", plan.count)
