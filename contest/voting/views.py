"""The readers' vote: the booth, proving who votes by a code, casting, and what was cast.

Everything here is private and never cached, and no page shows a figure of an entry. A visitor may
choose first or prove first: choices wait in the session, so that the code loses none of them.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contest.accounts.addresses import shown
from contest.contests.models import Contest
from contest.contests.queries import get_issued_contest
from contest.core import clock
from contest.core.db import writing
from contest.core.errors import Conflict, NotFound, Refused
from contest.core.web import limiter, public, say
from contest.core.web.keys import log_signer
from contest.core.web.language import locale
from contest.editions.shown import shown_all
from contest.voting import queries, services
from contest.voting import views_browser as browser
from contest.voting.channels import Channel, find_channel
from contest.voting.forms import CodeForm, MailForm, MobileForm
from contest.voting.log import open_log
from contest.voting.rules import passing_seed, shuffled

bp = Blueprint("voting", __name__)

# A school, a commune office or half a province behind one mobile operator may share an address, so
# limits by address are wide. What one contact gets is limited narrowly, by contact (voting.identity).
_SENDING = "60 per minute; 900 per hour"
_TYPING = "120 per minute; 2400 per hour"


def _contest(slug: str) -> Contest:
    """A contest with a vote, once its rules are issued. Raises NotFound."""
    contest = get_issued_contest(slug, g.now)
    if not contest.rules.voting.enabled:
        raise NotFound(slug)
    return contest


def _channel(contest: Contest) -> Channel | None:
    """How voters are confirmed, while there is something to confirm them for."""
    return find_channel(contest.rules.voting.identity) if contest.rules.is_open("voting", g.now) else None


def _booth(contest: Contest, *, picked: list[str] | None = None, error: str = "", status: int = 200) -> Any:
    """The page of the booth: what is typed wins over what waits in the session, and that over the ballot."""
    rules = contest.rules
    known = browser.find_known(contest.slug)
    voter = queries.find_voter(contest.id, known.voter_id) if known else None
    ballot = queries.find_own_ballot(contest, voter.id) if voter else None
    if _channel(contest) is None:
        page = render_template("voting/closed.html", contest=contest, rules=rules, ballot=ballot, error=error)
        return page, status
    if picked is None:
        picked = browser.picks(contest.slug) or (ballot.standing if ballot else [])
    page = render_template(
        "voting/booth.html",
        contest=contest,
        rules=rules,
        entries=shuffled(
            shown_all(queries.gallery(contest), g.now, texts=False),
            voter.order_seed if voter else passing_seed(contest.slug, g.now),
            lambda entry: entry.public_id,
        ),
        known=known if voter else None,
        ballot=ballot,
        final=ballot is not None and not rules.voting.changeable_until_close,
        picked=set(picked),
        names=rules.voting.author_names_shown,
        turnout=queries.turnout(contest.id) if rules.voting.turnout_public else None,
        error=error,
    )
    return page, status


@bp.get("/cuoc-thi/<slug>/binh-chon")
@public
def booth(slug: str) -> Any:
    return _booth(_contest(slug))


@bp.post("/cuoc-thi/<slug>/binh-chon")
@public
def cast(slug: str) -> Any:
    picked = request.form.getlist("pick")
    known = browser.find_known(slug)
    return _cast(slug, known.voter_id, picked) if known else _keep_for_later(slug, picked)


def _cast(slug: str, voter_id: int, picked: list[str]) -> Any:
    try:
        done = _cast_now(slug, voter_id, picked)
    except NotFound:
        # The voter is no longer in the tables (a demonstration started again): who are you?
        browser.forget(slug)
        return _keep_for_later(slug, picked)
    except Refused as error:
        return _booth(
            _contest(slug), picked=picked, error=say(error), status=409 if isinstance(error, Conflict) else 422
        )
    browser.keep_picks(slug, [])
    return _gone_through(slug, done)


def _cast_now(slug: str, voter_id: int, picked: list[str]) -> services.Cast:
    based_on = _based_on(request.form.get("revision"))
    try:
        with writing() as now:
            return services.cast_ballot(slug=slug, voter_id=voter_id, picks=picked, based_on=based_on, now=now)
    except services.LogNotOpen:
        # The first ballot came before the loop had opened the log.
        with writing() as now:
            contest = get_issued_contest(slug, now)
            open_log(contest=contest, signer=log_signer(slug, contest.public_id), now=now)
    with writing() as now:
        return services.cast_ballot(slug=slug, voter_id=voter_id, picks=picked, based_on=based_on, now=now)


def _gone_through(slug: str, done: services.Cast) -> Response:
    flash(
        {
            "cast": _("Your ballot has been cast."),
            "changed": _("Your ballot has been changed."),
            "kept": _("Your ballot holds these choices already. Nothing has changed."),
        }[done.outcome],
        "ok",
    )
    return redirect(url_for("voting.done", slug=slug), 303)


def _keep_for_later(slug: str, picked: list[str]) -> Any:
    """Somebody chose and has not said yet who they are: keep the choices, ask."""
    contest = _contest(slug)
    if _channel(contest) is None:
        return _booth(contest)
    most = contest.rules.voting.choices_max
    if not picked:
        return _booth(contest, picked=picked, error=_("Choose at least one entry."), status=422)
    if len(set(picked)) > most:
        error = _("Choose at most %(most)s entries; you have chosen %(chosen)s.", most=most, chosen=len(set(picked)))
        return _booth(contest, picked=picked, error=error, status=422)
    browser.keep_picks(slug, picked)
    return redirect(url_for("voting.identify", slug=slug), 303)


def _based_on(text: str | None) -> int | None:
    """The revision that the page showed; None when it showed nobody's ballot."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 9 else None


# Who votes


@bp.route("/cuoc-thi/<slug>/binh-chon/xac-thuc", methods=["GET", "POST"])
@public
@limiter.limit(_SENDING, methods=["POST"])
def identify(slug: str) -> Any:
    contest = _contest(slug)
    channel = _channel(contest)
    if channel is None or browser.find_known(slug):
        return redirect(url_for("voting.booth", slug=slug), 303)
    form = MailForm() if channel.by_mail else MobileForm()
    if form.validate_on_submit():
        try:
            _send_code(slug, str(form.contact.data))
        except Refused as error:
            form.contact.errors = [say(error)]
        else:
            return redirect(url_for("voting.code", slug=slug), 303)
    page = render_template(
        "voting/identify.html",
        contest=contest,
        rules=contest.rules,
        form=form,
        by_mail=channel.by_mail,
        waiting=len(browser.picks(slug)),
    )
    return page, 422 if request.method == "POST" else 200


def _send_code(slug: str, typed: str) -> None:
    with writing() as now:
        found = services.request_code(
            contest=get_issued_contest(slug, now), typed=typed, locale=locale(), now=now, wall=clock.wall()
        )
    browser.keep_contact(slug, found.address)


@bp.post("/cuoc-thi/<slug>/binh-chon/gui-lai")
@public
@limiter.limit(_SENDING)
def again(slug: str) -> Response:
    contact = browser.contact(slug)
    if contact is None or _channel(_contest(slug)) is None:
        return redirect(url_for("voting.booth", slug=slug), 303)
    _send_code(slug, contact)
    flash(_("We have sent a new code. Only the newest one works."), "ok")
    return redirect(url_for("voting.code", slug=slug), 303)


@bp.route("/cuoc-thi/<slug>/binh-chon/ma", methods=["GET", "POST"])
@public
@limiter.limit(_TYPING, methods=["POST"])
def code(slug: str) -> Any:
    contest = _contest(slug)
    channel, contact = _channel(contest), browser.contact(slug)
    if channel is None or contact is None:
        return redirect(url_for("voting.booth", slug=slug), 303)
    form = CodeForm()
    if form.validate_on_submit():
        with writing() as now:
            voter_id = services.confirm_code(
                contest=get_issued_contest(slug, now),
                typed=contact,
                code=str(form.code.data),
                now=now,
                wall=clock.wall(),
            )
        if voter_id is not None:
            browser.remember(slug, voter_id, contact)
            return _after_code(slug, voter_id)
        form.code.errors = [_("This code is not right or has run out. Check it, or ask for a new one below.")]
    page = render_template(
        "voting/code.html",
        contest=contest,
        rules=contest.rules,
        form=form,
        address=shown(contact),
        by_mail=channel.by_mail,
        waiting=len(browser.picks(slug)),
    )
    return page, 422 if request.method == "POST" else 200


def _after_code(slug: str, voter_id: int) -> Any:
    """Cast what waits, else go and choose. A transaction of its own: the code is used up either way."""
    if picked := browser.picks(slug):
        return _cast(slug, voter_id, picked)
    flash(_("Thank you, you may vote now. Choose your entries."), "ok")
    return redirect(url_for("voting.booth", slug=slug), 303)


# Afterwards


@bp.get("/cuoc-thi/<slug>/binh-chon/da-gui")
@public
def done(slug: str) -> Any:
    contest = _contest(slug)
    known = browser.find_known(slug)
    ballot = queries.find_own_ballot(contest, known.voter_id) if known else None
    if known is None or ballot is None:
        return redirect(url_for("voting.booth", slug=slug), 303)
    return render_template(
        "voting/done.html",
        contest=contest,
        rules=contest.rules,
        window=contest.rules.window("voting"),
        known=known,
        ballot=ballot,
        titles=queries.chosen_titles(contest, ballot, g.now),
    )


@bp.post("/cuoc-thi/<slug>/binh-chon/xong")
@public
def finish(slug: str) -> Response:
    contest = _contest(slug)
    browser.forget(slug)
    flash(_("Thank you. This device has forgotten you; a ballot that was cast stands."), "ok")
    return redirect(url_for("public.contest", slug=contest.slug), 303)
