"""Pages of this room: the honours page for everyone, the results desk for organisers."""

from __future__ import annotations

from flask import Blueprint, g, render_template

from contest.contests.queries import get_contest, get_issued_contest
from contest.contests.rules import ORGANISER
from contest.core.errors import NotFound
from contest.core.web import needs, public, shared
from contest.results.queries import find_public_results

bp = Blueprint("results", __name__)
# What a shared cache may keep for anonymous readers; short, so that the announced minute is a minute.
BRIEFLY = 15


@bp.get("/cuoc-thi/<slug>/ket-qua")
@public
@shared(BRIEFLY)
def honours(slug: str) -> str:
    """The results, once anyone may see them; before that there is no such page for anyone at all."""
    contest = get_issued_contest(slug, g.now)
    found = find_public_results(contest.id, g.now)
    if found is None:
        raise NotFound(slug)
    return render_template("results/honours.html", contest=contest, rules=contest.rules, results=found)


@bp.get("/ban-to-chuc/<slug>/ket-qua")
@needs(ORGANISER)
def desk(slug: str) -> str:
    contest = get_contest(slug)
    return render_template("results/desk.html", contest=contest, rules=contest.rules)
