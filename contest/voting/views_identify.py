"""Who votes: asking for a code, typing it, and what becomes of the choices that waited for it."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contest.accounts.addresses import shown
from contest.contests.queries import get_issued_contest
from contest.core import clock
from contest.core.db import writing
from contest.core.errors import Refused
from contest.core.web import limiter, public, say
from contest.core.web.language import locale
from contest.voting import services, views_work
from contest.voting import views_browser as browser
from contest.voting.forms import CodeForm
from contest.voting.views import bp, sealed_by_browser, send_ballot
from contest.voting.views_account import account_page, asking, form_of
from contest.voting.views_place import channel_of, place, vote_of

# A school, a commune office or half a province behind one mobile operator may share an address, so
# limits by address are wide. What one contact gets is limited narrowly, by contact (voting.identity).
_SENDING = "300 per minute; 6000 per hour"
_TYPING = "600 per minute; 12000 per hour"


@bp.route("/cuoc-thi/<slug>/binh-chon/xac-thuc", methods=["GET", "POST"])
@public
@limiter.limit(_SENDING, methods=["POST"])
def identify(slug: str) -> Any:
    contest = vote_of(slug)
    channel = channel_of(contest)
    if channel is None or browser.find_known(slug):
        return redirect(url_for("voting.booth", slug=slug), 303)
    if not channel.sends:
        return account_page(contest)
    form = form_of(channel)
    if form.validate_on_submit():
        try:
            asked = _send_code(slug, str(form.contact.data))
        except Refused as error:
            form.contact.errors = [say(error)]
        else:
            if not asked.again:
                return redirect(url_for("voting.code" if asked.passes else "voting.line", slug=slug), 303)
            form.contact.errors = [_("Many codes are being asked for, and this page was old. Please send it again.")]
    page = render_template(
        "voting/identify.html",
        contest=contest,
        rules=contest.rules,
        form=form,
        by_mail=channel.by_mail,
        either=channel.either,
        waiting=sum(map(len, browser.waiting(slug).values())),
        challenge=views_work.challenge(contest),
    )
    return page, 422 if request.method == "POST" else 200


def _send_code(slug: str, typed: str, *, waited: bool = False) -> views_work.Asked:
    """Send a code, unless the browser has work to do or a line to wait in first (not when it has `waited`)."""
    with writing() as now:
        contest = get_issued_contest(slug, now)
        asked = views_work.ask(contest, typed, waited=waited)
        if not asked.passes:
            return asked
        found = services.request_code(
            contest=contest, typed=typed, locale=locale(), now=now, wall=clock.wall(), **asking()
        )
    browser.keep_contact(slug, found.address)
    return asked


@bp.get("/cuoc-thi/<slug>/binh-chon/cho")
@public
@limiter.limit(_SENDING)
def line(slug: str) -> Any:
    """The line of browsers that showed no work: it refreshes by itself, and sends the code when its time has come."""
    contest = vote_of(slug)
    waiting = views_work.in_line(slug)
    if waiting is None or channel_of(contest) is None:
        return redirect(url_for("voting.identify", slug=slug), 303)
    if waiting.seconds or request.method != "GET":
        return render_template("voting/line.html", contest=contest, rules=contest.rules, seconds=waiting.seconds)
    _send_code(slug, waiting.contact, waited=True)
    return redirect(url_for("voting.code", slug=slug), 303)


@bp.post("/cuoc-thi/<slug>/binh-chon/gui-lai")
@public
@limiter.limit(_SENDING)
def again(slug: str) -> Response:
    contact = browser.contact(slug)
    if contact is None or channel_of(vote_of(slug)) is None:
        return redirect(url_for("voting.booth", slug=slug), 303)
    _send_code(slug, contact, waited=True)
    flash(_("We have sent a new code. Only the newest one works."), "ok")
    return redirect(url_for("voting.code", slug=slug), 303)


@bp.route("/cuoc-thi/<slug>/binh-chon/ma", methods=["GET", "POST"])
@public
@limiter.limit(_TYPING, methods=["POST"])
def code(slug: str) -> Any:
    contest = vote_of(slug)
    channel, contact = channel_of(contest), browser.contact(slug)
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
                views_work.keep_trace(get_issued_contest(slug, now), voter_id, contact, now)
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
        either=channel.either,
        waiting=_waiting(slug),
    )
    return page, 422 if request.method == "POST" else 200


def _waiting(slug: str) -> dict[str, tuple[str, list[str]]]:
    """Choices that are cast with the code, by the part of the ballot: which ballot it is now, and what is chosen."""
    scopes = {part.name: part.scope for part in place(vote_of(slug), None).parts}
    return {part: (scopes[part], picked) for part, picked in browser.waiting(slug).items() if part in scopes}


def _after_code(slug: str, voter_id: int) -> Any:
    """Cast what waits for a first ballot, else go and choose. A transaction of its own: the code is used up either way.

    Where a ballot of this voter is in already, perhaps sent from another phone, nothing is
    overwritten: the booth shows both, and asks.
    """
    contest = vote_of(slug)
    waiting = {part: picked for part, (_scope, picked) in _waiting(slug).items()}
    here = place(contest, None)
    if here.voter is not None and here.voter.barred:
        for part in waiting:
            browser.keep_picks(slug, [], part)
        return redirect(url_for("voting.booth", slug=slug), 303)
    if not waiting:
        flash(_("Thank you, you may vote now. Choose your entries."), "ok")
        return redirect(url_for("voting.booth", slug=slug), 303)
    answer = None
    for part, picked in waiting.items():
        ballot = place(contest, part).ballot
        if ballot and set(picked) != set(ballot.standing):
            answer = redirect(url_for("voting.booth", slug=slug, phieu=part or None), 303)
            continue
        sealed = None if ballot else sealed_by_browser(f"-{part}")
        sent = send_ballot(slug, voter_id, picked, part=part, sealed=sealed, based_on=ballot.revision if ballot else 0)
        if not isinstance(sent, Response):
            return sent  # refused: the booth says why
        answer = answer or sent
    return answer
