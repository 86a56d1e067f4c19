"""The organiser's home of a vote: how it stands, and where its work is done."""

from __future__ import annotations

from typing import Any

from flask import g, render_template

from contest.contests.queries import get_contest
from contest.contests.rules import ORGANISER, SECRETARY
from contest.core.errors import NotFound
from contest.core.signing import BadKeyFile
from contest.core.web import needs
from contest.core.web.keys import log_signer
from contest.voting import paper
from contest.voting.overview import overview
from contest.voting.views import bp


@bp.get("/ban-to-chuc/<slug>/binh-chon")
@needs(SECRETARY, ORGANISER)
def desk(slug: str) -> Any:
    contest = get_contest(slug)
    if not contest.rules.voting.enabled:
        raise NotFound(slug)
    try:
        public = log_signer(slug, contest.public_id).public
    except BadKeyFile:
        public = b""
    return render_template(
        "voting/desk.html",
        contest=contest,
        rules=contest.rules,
        found=overview(contest, public=public),
        readable=bool(public),
        window=contest.rules.window("voting"),
        review=contest.rules.window("vote_audit"),
        last=paper.last_moment(contest.rules),
        begun=contest.rules.has_begun("voting", g.now),
    )
