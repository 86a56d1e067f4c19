"""Judges compared: for the head of jury alone, and only as advice."""

from __future__ import annotations

from flask import render_template

from contest.contests.queries import get_contest
from contest.core.web import needs
from contest.judging.advice import advice_for
from contest.judging.compared import LEAST_ENTRIES
from contest.judging.severity import DRAWS
from contest.judging.views import bp, me
from contest.judging.views_chair import frame


@bp.get("/ban-to-chuc/<slug>/cham/<round_id>/<category>/so-sanh")
@needs("chair")
def compared(slug: str, round_id: str, category: str) -> str:
    contest = get_contest(slug)
    page = frame(contest, round_id, category)
    advice = advice_for(contest, round_id, category, me().id)
    return render_template(
        "judging/compared.html",
        **page,
        advice=advice,
        found=advice.comparison,
        least=LEAST_ENTRIES,
        draws=DRAWS,
    )
