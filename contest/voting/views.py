"""The readers' vote: the booth and casting. How a voter proves a contact, reads and gets a receipt is beside it.

Everything here is private and never cached, and no page shows a figure of an entry. A visitor may
choose first or prove first: choices wait in the session, so that the code loses none of them.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contest.contests.queries import get_issued_contest
from contest.core.db import writing
from contest.core.driver import writing_directly
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.formats import local
from contest.core.web import public, say
from contest.core.web.keys import log_signer
from contest.editions.shown import shown_all
from contest.voting import queries, services
from contest.voting import views_browser as browser
from contest.voting.log import open_log
from contest.voting.rules import passing_seed, shuffled
from contest.voting.services import Sealed
from contest.voting.views_place import Place, channel_of, place, vote_of

bp = Blueprint("voting", __name__)


@bp.get("/cuoc-thi/<slug>/binh-chon")
@public
def booth(slug: str) -> Any:
    return _booth(place(vote_of(slug), request.args.get("phieu")))


@bp.post("/cuoc-thi/<slug>/binh-chon")
@public
def cast(slug: str) -> Any:
    part = request.args.get("phieu", "")[:60]
    picked = request.form.getlist("pick")
    if "keep" in request.form:
        browser.keep_picks(slug, [], part)
        return redirect(done_url(slug, part), 303)
    known = browser.find_known(slug)
    if known is None:
        return _keep_for_later(slug, picked, part)
    return send_ballot(
        slug, known.voter_id, picked, part=part, sealed=sealed_by_browser(), based_on=_based_on(request.form)
    )


def done_url(slug: str, part: str) -> str:
    """The receipt of a ballot."""
    return url_for("voting.done", slug=slug, phieu=part or None)


def sealed_by_browser(suffix: str = "") -> Sealed | None:
    """What the browser committed to before it sent the form; None when it runs no scripts."""
    ballot, salt, commitment = (request.form.get(name + suffix, "") for name in ("ballot", "salt", "commitment"))
    return Sealed(ballot, salt, commitment) if commitment else None


def send_ballot(
    slug: str, voter_id: int, picked: list[str], *, part: str, sealed: Sealed | None, based_on: int | None
) -> Any:
    """Cast a ballot and lead to its receipt; or the booth with what is wrong, and with everything chosen."""
    try:
        done = _cast_now(slug, voter_id, picked, part=part, sealed=sealed, based_on=based_on)
    except NotFound:
        # The voter is no longer in the tables (a demonstration started again): who are you?
        browser.forget(slug)
        return _keep_for_later(slug, picked, part)
    except Refused as error:
        status = 409 if isinstance(error, Conflict) else 422
        return _booth(place(vote_of(slug), part), picked=picked, error=say(error), status=status)
    browser.keep_picks(slug, [], part)
    flash(
        {
            "cast": _("Your ballot has been cast."),
            "changed": _("Your ballot has been changed."),
            "kept": _("Your ballot holds these choices already. Nothing has changed."),
        }[done.outcome],
        "ok",
    )
    return redirect(done_url(slug, part), 303)


def _cast_now(
    slug: str, voter_id: int, picked: list[str], *, part: str, sealed: Sealed | None, based_on: int | None
) -> services.Cast:
    ballot: dict[str, Any] = {
        "slug": slug,
        "voter_id": voter_id,
        "picks": picked,
        "based_on": based_on,
        "part": part,
        "sealed": sealed,
        "opened": browser.opened(slug),
    }
    if (day := request.form.get("day")) and day != local(g.now).date().isoformat():
        raise Conflict(
            N_("A new day has begun since you opened this page: this is today's ballot. Look at it and send it again."),
            code="new_day",
        )
    try:
        with writing_directly() as (driver, now):
            return services.cast_ballot(driver=driver, now=now, **ballot)
    except services.LogNotOpen:
        # The first ballot came before the loop had opened the log.
        with writing() as now:
            contest = get_issued_contest(slug, now)
            open_log(contest=contest, signer=log_signer(slug, contest.public_id), now=now)
    with writing_directly() as (driver, now):
        return services.cast_ballot(driver=driver, now=now, **ballot)


def _keep_for_later(slug: str, picked: list[str], part: str) -> Any:
    """Somebody chose and has not said yet who they are: keep the choices, ask."""
    contest = vote_of(slug)
    here = place(contest, part)
    if channel_of(contest) is None:
        return _booth(here)
    if error := _cannot_wait(here, picked):
        return _booth(here, picked=picked, error=say(error), status=422)
    browser.keep_picks(slug, picked, here.part.name)
    return redirect(url_for("voting.identify", slug=slug), 303)


def _cannot_wait(here: Place, picked: list[str]) -> Refused | None:
    """What can be said about choices before it is known whose they are, in the words of the cast."""
    most, chosen = here.rules.voting.choices_max, set(picked)
    if not chosen:
        return Refused(N_("Choose at least one entry."))
    if len(chosen) > most:
        return Refused(
            N_("Choose at most %(most)s entries; you have chosen %(chosen)s."), most=most, chosen=len(chosen)
        )
    if here.rules.voting.reading_required and (unread := chosen.difference(browser.opened(here.contest.slug))):
        return Refused(
            N_("By the rules an entry is read before it is chosen. Not read yet: %(number)s of those that you chose."),
            number=len(unread),
        )
    return None


def _based_on(form: Any) -> int | None:
    """The revision that the page showed; None when it showed nobody's ballot."""
    text = form.get("revision")
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 9 else None


def _booth(here: Place, *, picked: list[str] | None = None, error: str = "", status: int = 200) -> Any:
    """The page of the booth: what is typed wins over what waits in the session, and that over the ballot."""
    contest, rules, voter, ballot = here.contest, here.rules, here.voter, here.ballot
    if channel_of(contest) is None:
        page = render_template("voting/closed.html", contest=contest, rules=rules, here=here, error=error)
        return page, status
    waits = browser.picks(contest.slug, here.part.name)
    if picked is None:
        picked = waits or (ballot.standing if ballot else [])
    entries = [
        entry for entry in shown_all(queries.gallery(contest), g.now, texts=False) if entry.category in here.categories
    ]
    page = render_template(
        "voting/booth.html",
        contest=contest,
        rules=rules,
        here=here,
        entries=shuffled(
            entries,
            voter.order_seed if voter else passing_seed(contest.slug, g.now),
            lambda entry: entry.public_id,
        ),
        known=here.known,
        ballot=ballot,
        final=here.final,
        picked=set(picked),
        unsent=bool(waits) and ballot is not None and set(waits) != set(ballot.standing),
        opened=browser.opened(contest.slug),
        on_ballot=ballot.standing if ballot else [],
        names=rules.voting.author_names_shown,
        turnout=queries.turnout(contest.id) if rules.voting.turnout_public else None,
        error=error,
    )
    return page, status


@bp.post("/cuoc-thi/<slug>/binh-chon/xong")
@public
def finish(slug: str) -> Response:
    contest = vote_of(slug)
    browser.forget(slug)
    flash(_("Thank you. This device has forgotten you; a ballot that was cast stands."), "ok")
    return redirect(url_for("public.contest", slug=contest.slug), 303)


from contest.voting import (  # noqa: E402, F401 -- they need `bp`
    views_costs,
    views_desk,
    views_identify,
    views_log,
    views_paper,
    views_posters,
    views_reading,
    views_receipts,
    views_review,
    views_review_file,
    views_roll,
    views_verify,
)
