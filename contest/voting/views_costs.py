"""What codes by text message have cost so far, for organisers."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, render_template

from contest.contests.queries import get_contest
from contest.contests.rules import ORGANISER, SECRETARY
from contest.core import clock
from contest.core.errors import NotFound
from contest.core.formats import local
from contest.core.web import needs
from contest.voting.alarms import MOST_RANGES, costs, low_ranges
from contest.voting.spending import share
from contest.voting.views import bp


@bp.get("/ban-to-chuc/<slug>/binh-chon/chi-phi", endpoint="costs")
@needs(SECRETARY, ORGANISER)
def costs_page(slug: str) -> Any:
    contest = get_contest(slug)
    if not contest.rules.voting.enabled:
        raise NotFound(slug)
    settings = current_app.config["SETTINGS"]
    found = costs(contest.id, g.now)
    return render_template(
        "voting/costs.html",
        contest=contest,
        rules=contest.rules,
        found=found,
        messages=sum(day.messages for day in found.days),
        typed=sum(day.confirmed for day in found.days),
        by_sms=contest.rules.voting.identity in {"vn_mobile_otp", "unit_roll"},
        limits=settings.sms_limits,
        low={each.prefix for each in low_ranges(contest.id, settings.sms_limits, clock.wall())},
        share=share,
        today=local(g.now).date(),
        most=MOST_RANGES,
    )
