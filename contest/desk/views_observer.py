"""The observer's pages: to look at, with nothing to press."""

from __future__ import annotations

from flask import g, render_template, request
from flask_babel import gettext as _

from contest.complaints.queries import counts as complaint_counts
from contest.contests import labels
from contest.contests.queries import get_contest
from contest.contests.rules import OBSERVER, ROLES
from contest.core.formats import local
from contest.core.web import needs
from contest.desk import observing, queries
from contest.desk.views import bp
from contest.entries.queries import counts_by_state
from contest.results.queries import is_announced
from contest.voting.queries import turnout
from contest.voting.review_lists import set_aside_by_reason


@bp.get("/giam-sat/<slug>")
@needs(OBSERVER)
def observer(slug: str) -> str:
    """Figures, the timetable and the papers of a contest."""
    contest = get_contest(slug)
    rules = contest.rules
    progress = queries.sheets_progress(contest)
    vote = rules.window("voting") if rules.voting.enabled else None
    voted = vote is not None and g.now >= vote.closes
    return render_template(
        "desk/observer.html",
        contest=contest,
        rules=rules,
        states=counts_by_state(contest.id),
        funnel_rows=[(_(label), number) for label, number in queries.funnel(contest)],
        verifications=observing.verifications_of(contest),
        progress_rows=[(each, *progress[each.id]) for each in rules.rounds if each.id in progress],
        vote=vote,
        turnout=turnout(contest.id),
        # While readers vote nobody but who reviews the vote is told what is set aside.
        set_aside=set_aside_by_reason(contest.id) if voted else None,
        complaints=complaint_counts(contest.id, local(g.now).date()),
        minutes=observing.minutes_of(contest),
        announced=is_announced(contest.id, g.now),
        labels=labels,
    )


@bp.get("/giam-sat/<slug>/nhat-ky")
@needs(OBSERVER)
def observed_acts(slug: str) -> str:
    """The record of what was done, the latest first."""
    contest = get_contest(slug)
    typed = request.args.get("truoc", "")
    before = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= 18 else None  # what a column holds
    acts = observing.acts_of(contest, before=before, announced=is_announced(contest.id, g.now))
    return render_template(
        "desk/observed_acts.html", contest=contest, rules=contest.rules, acts=acts, first=before is None, roles=ROLES
    )
