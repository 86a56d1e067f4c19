"""Reading an entry on the way to a ballot: the story as everybody has it, and at its end a button to choose it.

The page is private, unlike the story's public one: it notes in the session that this entry was
opened, which the rules of a vote may ask for, and it leads back to the ballot.
"""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contest.core.errors import NotFound
from contest.core.web import public
from contest.editions.shown import shown
from contest.entries.models import Entry
from contest.voting import queries
from contest.voting import views_browser as browser
from contest.voting.views import bp
from contest.voting.views_place import Place, channel_of, place, vote_of


def _stand(slug: str, public_id: str) -> tuple[Place, Entry]:
    """The entry on a ballot of now, and where its reader stands. Raises NotFound."""
    contest = vote_of(slug)
    if channel_of(contest) is None:
        raise NotFound(public_id)
    entry = queries.find_on_the_ballot(contest, public_id)
    if entry is None:
        raise NotFound(public_id)
    by_category = contest.rules.voting.ballot_scope == "category"
    return place(contest, entry.category if by_category else request.args.get("phieu")), entry


@bp.get("/cuoc-thi/<slug>/binh-chon/doc/<public_id>")
@public
def reading(slug: str, public_id: str) -> Any:
    here, entry = _stand(slug, public_id)
    browser.note_opened(slug, public_id)
    story = shown(entry, g.now)
    picked = _picked(here)
    return render_template(
        "voting/reading.html",
        contest=here.contest,
        rules=here.rules,
        here=here,
        story=story,
        awards=[],
        may_vote=True,
        chosen=public_id in picked,
        room=here.rules.voting.choices_max - len(picked),
        own=entry.id in here.own,
    )


@bp.post("/cuoc-thi/<slug>/binh-chon/doc/<public_id>")
@public
def choose(slug: str, public_id: str) -> Response:
    """Put this entry on the ballot that is being filled; nothing is cast by it."""
    here, entry = _stand(slug, public_id)
    back = url_for("voting.booth", slug=slug, phieu=here.part.name or None, _anchor=f"bai-{public_id}")
    most = here.rules.voting.choices_max
    picked = [each for each in _picked(here) if each != public_id]
    if here.final or entry.id in here.own or (here.voter and here.voter.barred):
        return redirect(back, 303)
    if most == 1:
        picked = []
    if len(picked) >= most:
        flash(_("Your ballot is full: take a choice back first, then choose this entry."), "warn")
        return redirect(back, 303)
    browser.note_opened(slug, public_id)
    browser.keep_picks(slug, [*picked, public_id], here.part.name)
    flash(_("Chosen. Your ballot is not sent yet."), "ok")
    return redirect(back, 303)


def _picked(here: Place) -> list[str]:
    """What is chosen for this ballot so far: in this window, in this session, or on the ballot that stands."""
    if "held" in request.form:
        return request.form.getlist("pick")
    return browser.picks(here.contest.slug, here.part.name) or (here.ballot.standing if here.ballot else [])
