"""The page that checks a vote in the reader's own browser, from its public files alone."""

from __future__ import annotations

from typing import Any

from flask import render_template

from contest.contests.labels import SET_ASIDE_REASONS
from contest.core.web import public, shared
from contest.voting.log import find_log
from contest.voting.views import bp
from contest.voting.views_place import vote_of

_SHARED = 60


@bp.get("/cuoc-thi/<slug>/so-phieu/kiem")
@public
@shared(_SHARED)
def verify(slug: str) -> Any:
    """Nothing is checked here: the page's own program fetches the files and says what it finds."""
    contest = vote_of(slug)
    return render_template(
        "voting/verify.html",
        contest=contest,
        rules=contest.rules,
        opened=find_log(contest.id) is not None,
        reasons=SET_ASIDE_REASONS,
    )
