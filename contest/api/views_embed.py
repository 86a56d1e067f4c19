"""A small page that other sites show in a frame: where a contest stands, its finalists, its results at their time.

It runs no script, sets no cookie and has no form; its links open outside the frame. Light or dark as the
reader's device is, or as the address says.
"""

from __future__ import annotations

from typing import NamedTuple

from flask import g, render_template
from werkzeug.wrappers import Response

from contest.api.views import BRIEFLY, bp
from contest.contests.queries import get_issued_contest
from contest.core.web import public, shared
from contest.core.web.headers import framed
from contest.editions.shown import Shown
from contest.public.phases import current_act, phase_of
from contest.public.queries import listed_finalists
from contest.results.honours import authors_are_public, honours_of
from contest.results.queries import find_public_results

_FINALISTS, _AWARDS = 8, 12
_THEMES = {"": "", "sang": "light", "toi": "dark"}


class List(NamedTuple):
    """The finalists of a category: some of them, and how many there are."""

    name: object
    shown: list[Shown]
    number: int


@bp.get("/nhung/<slug>", defaults={"theme": ""})
@bp.get('/nhung/<slug>/<any("sang", "toi"):theme>')
@public
@framed
@shared(BRIEFLY)
def embed(slug: str, theme: str) -> str | Response:
    contest = get_issued_contest(slug, g.now)
    rules = contest.rules
    results = find_public_results(contest.id, g.now)
    lists = []
    if results is None and rules.has_begun("shortlist", g.now):
        for category in rules.categories:
            found = [each for each in listed_finalists(contest, category.id, g.now) if each.presented]
            lists.append(List(category.name, found[:_FINALISTS], len(found)))
    return render_template(
        "api/embed.html",
        contest=contest,
        rules=rules,
        theme=_THEMES[theme],
        phase=phase_of(contest, g.now, announced=results is not None),
        act=current_act(contest, g.now),
        results=results,
        honours=honours_of(contest, results.result_set, g.now) if results else None,
        names=authors_are_public(rules, g.now),
        lists=lists,
        readable=rules.has_begun("voting", g.now),
        most=_AWARDS,
    )
