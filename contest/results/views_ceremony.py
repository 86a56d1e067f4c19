"""The ceremony on a screen in the hall: a page that waits for its instant, then shows all of it by keys."""

from __future__ import annotations

from flask import Response, g, make_response, render_template

from contest.contests.models import Contest
from contest.contests.queries import get_issued_contest
from contest.core.web import public, shared
from contest.results.ceremony import acts_of
from contest.results.honours import authors_are_public, honours_of
from contest.results.queries import PublicResults, find_public_results
from contest.results.views import BRIEFLY, bp


@bp.get("/cuoc-thi/<slug>/le-trao-giai")
@public
def ceremony(slug: str) -> Response:
    """The prizes from the last up, once the official results are public; until then the time that is left.

    The page that waits says nothing but what the rules say, and is kept by no cache: it tells the time.
    """
    contest = get_issued_contest(slug, g.now)
    found = find_public_results(contest.id, g.now)
    if found is None or found.standing != "official":
        return make_response(render_template("results/ceremony_wait.html", contest=contest, rules=contest.rules))
    response: Response = _shown(contest, found)
    return response


@shared(BRIEFLY)
def _shown(contest: Contest, found: PublicResults) -> str:
    honours = honours_of(contest, found.result_set, g.now)
    return render_template(
        "results/ceremony.html",
        contest=contest,
        rules=contest.rules,
        result_set=found.result_set,
        acts=acts_of(honours, contest.rules),
        names=authors_are_public(contest.rules, g.now),
    )
