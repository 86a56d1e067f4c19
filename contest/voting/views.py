"""The readers' vote: the booth, proving who votes by a code, casting, and what was cast.

Everything here is private and never cached. No page shows a figure of an entry.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template

from contest.contests.queries import get_issued_contest
from contest.core.errors import NotFound
from contest.core.web import public

bp = Blueprint("voting", __name__)


@bp.get("/cuoc-thi/<slug>/binh-chon")
@public
def booth(slug: str) -> Any:
    contest = get_issued_contest(slug, g.now)
    if not contest.rules.voting.enabled:
        raise NotFound(slug)
    return render_template("voting/closed.html", contest=contest, rules=contest.rules)
