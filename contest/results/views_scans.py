"""The signed decision as a scan: sent in and kept by organisers, for everyone once its instant has come."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from contest.accounts.models import User
from contest.contests.queries import get_contest, get_issued_contest
from contest.contests.rules import ORGANISER
from contest.core.db import writing
from contest.core.errors import Refused
from contest.core.web import limiter, needs, public, say
from contest.core.web.downloads import send_download
from contest.core.web.files import file_store
from contest.exemplars.papers import MOST_BYTES, make_paper
from contest.results import scans as kept
from contest.results.queries import find_standing, is_announced
from contest.results.views import bp

_DESK = "/ban-to-chuc/<slug>/ket-qua/ban-quet"


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


@bp.get("/cuoc-thi/<slug>/ket-qua/quyet-dinh/<scan_id>")
@public
def decision_scan(slug: str, scan_id: str) -> Response:
    """The scan as a download, once anyone may have it; before, there is no such address, for anyone at all."""
    found = kept.get_public_scan(get_issued_contest(slug, g.now), scan_id, g.now)
    return send_download(found.storage_key, name=found.name, media_type=kept.media_type(found))


@bp.get(_DESK)
@needs(ORGANISER)
def scans(slug: str) -> str:
    """The scans of the decision and of those that amended it, replaced ones too."""
    contest = get_contest(slug)
    return render_template(
        "results/scans.html",
        contest=contest,
        rules=contest.rules,
        result_set=find_standing(contest.id),
        amendments=kept.scanned_amendments(contest.id),
        scans=kept.scans_of(contest.id),
        most=MOST_BYTES,
        announced=is_announced(contest.id, g.now),
    )


@bp.post(_DESK)
@needs(ORGANISER)
@limiter.limit("20 per minute")
def add_scan(slug: str) -> Response:
    """Keep a scan."""
    sent = request.files.get("file")
    try:
        paper = make_paper(sent.stream.read(MOST_BYTES + 1) if sent else b"", sent.filename or "" if sent else "")
        with writing() as now:
            kept.add_scan(
                contest=get_contest(slug),
                paper=paper,
                files=file_store(),
                actor=_me(),
                now=now,
                amendment_id=request.form.get("amendment", ""),
            )
    except Refused as error:
        flash(say(error), "error")
    else:
        flash(_("The scan is kept."), "ok")
    return redirect(url_for("results.scans", slug=slug), 303)


@bp.get(f"{_DESK}/<scan_id>")
@needs(ORGANISER)
def sealed_scan(slug: str, scan_id: str) -> Response:
    """A scan for an organiser, whatever the hour."""
    found = kept.get_scan(get_contest(slug).id, scan_id)
    return send_download(found.storage_key, name=found.name, media_type=kept.media_type(found))
