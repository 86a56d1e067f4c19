"""Posters with a QR code for each entry of the vote: for everybody while it is open, for the organisers before.

All entries have the same poster but for their own words; no list of them has an order that says anything.
"""

from __future__ import annotations

from typing import Any

from flask import Response, g, render_template, request
from flask_babel import force_locale
from sqlalchemy.orm import defer, joinedload

from contest.contests.models import Contest
from contest.contests.queries import get_contest, get_issued_contest
from contest.contests.rules import ORGANISER, SECRETARY
from contest.core.db import db
from contest.core.errors import NotFound
from contest.core.pdf import make_pdf
from contest.core.web import limiter, needs, public, shared
from contest.core.web.papers import send_pdf
from contest.editions.shown import Shown, shown_all
from contest.entries.models import Entry
from contest.exemplars.models import Exemplar
from contest.voting import queries
from contest.voting.rules import PUBLIC_ID
from contest.voting.views import bp
from contest.voting.views_print import SIZES, poster_data

_MINUTE = 60


def _with_vote(contest: Contest) -> Contest:
    if not contest.rules.voting.enabled:
        raise NotFound(contest.slug)
    return contest


def _poster(contest: Contest, public_id: str) -> Response:
    """The poster of an entry that stands on the ballot and whose edition is approved. Raises NotFound."""
    found: Shown | None = None
    if PUBLIC_ID.fullmatch(public_id):
        standing = queries.on_the_ballot(contest.id, contest.rules.voting.categories)
        entry = db.session.scalar(
            standing.where(Entry.public_id == public_id).options(
                joinedload(Entry.contest),
                joinedload(Entry.exemplar).joinedload(Exemplar.unit),
                defer(Entry.body),
                defer(Entry.document),
            )
        )
        found = shown_all([entry], g.now, texts=False)[0] if entry else None
    if found is None or not found.presented:
        raise NotFound(public_id)
    size = request.args.get("kho", SIZES[0])
    if size not in SIZES:
        raise NotFound(size)
    with force_locale("vi"):
        data = poster_data(contest, found, size)
    return send_pdf(make_pdf("poster", data, at=g.now))


@bp.get("/ban-to-chuc/<slug>/binh-chon/ap-phich")
@needs(SECRETARY, ORGANISER)
def posters(slug: str) -> Any:
    """All entries by code, with their posters; those that are not approved yet say so."""
    contest = _with_vote(get_contest(slug))
    entries = sorted(shown_all(queries.gallery(contest), g.now, texts=False), key=lambda entry: entry.code)
    return render_template(
        "voting/posters.html",
        contest=contest,
        rules=contest.rules,
        entries=entries,
        open=contest.rules.is_open("voting", g.now),
    )


@bp.get("/ban-to-chuc/<slug>/binh-chon/ap-phich/<public_id>.pdf")
@needs(SECRETARY, ORGANISER)
@limiter.limit("60 per minute")
def desk_poster(slug: str, public_id: str) -> Response:
    return _poster(_with_vote(get_contest(slug)), public_id)


@bp.get("/cuoc-thi/<slug>/binh-chon/ap-phich/<public_id>.pdf")
@public
@limiter.limit("30 per minute")
@shared(_MINUTE)
def poster(slug: str, public_id: str) -> Response:
    """The same for authors, units and whoever likes to hang one up, while the vote is open."""
    contest = _with_vote(get_issued_contest(slug, g.now))
    if not contest.rules.is_open("voting", g.now):
        raise NotFound(slug)
    return _poster(contest, public_id)
