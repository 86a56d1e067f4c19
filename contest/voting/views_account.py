"""Who votes by an account that is signed in, and what a request for a code is given of the settings."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from contest.accounts.addresses import masked
from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import get_issued_contest
from contest.core.db import writing
from contest.core.errors import Refused
from contest.core.forms import Form
from contest.core.web import limiter, say, signed_in
from contest.core.web.language import locale
from contest.voting import services, views_work
from contest.voting import views_browser as browser
from contest.voting.channels import Channel
from contest.voting.forms import EitherForm, MailForm, MobileForm
from contest.voting.spending import length_of
from contest.voting.views import bp
from contest.voting.views_place import channel_of, vote_of


def form_of(channel: Channel) -> Form:
    """The form for what a channel asks: an address, a number, or one of the two."""
    if channel.either:
        return EitherForm()
    return MailForm() if channel.by_mail else MobileForm()


def asking() -> dict[str, Any]:
    """What `services.request_code` wants to know of the request and the settings."""
    return {
        "address": request.remote_addr or "",
        "limits": current_app.config["SETTINGS"].sms_limits,
        "parts": _parts_of_code(),
    }


def _parts_of_code() -> int:
    """In how many parts the text message with a code goes out in the reader's language; counted once each."""
    counted: dict[str, int] = current_app.extensions.setdefault("parts_of_vote_code", {})
    language = locale()
    if language not in counted:
        text = render_template("outbox/vote_code_sms.txt", code="000000").strip()
        counted[language] = length_of(text).parts
    return counted[language]


def _contact_of(person: User) -> str | None:
    """The contact by which an account votes, when it has proved one."""
    return (person.phone or person.email) if person.confirmed_at else None


def account_page(contest: Contest, error: str = "") -> Any:
    """The page that says as whom one votes, or asks to sign in."""
    person: User | None = current_user if current_user.is_authenticated else None
    contact = _contact_of(person) if person else None
    page = render_template(
        "voting/account.html",
        contest=contest,
        rules=contest.rules,
        person=person,
        shown=masked(contact) if contact else "",
        waiting=sum(map(len, browser.waiting(contest.slug).values())),
        error=error,
    )
    return page, 422 if error else 200


@bp.post("/cuoc-thi/<slug>/binh-chon/tai-khoan")
@signed_in
@limiter.limit("60 per minute; 900 per hour")
def by_account(slug: str) -> Response | Any:
    """Vote as the account that is signed in."""
    channel = channel_of(vote_of(slug))
    if channel is None or channel.sends:
        return redirect(url_for("voting.booth", slug=slug), 303)
    try:
        with writing() as now:
            contest = get_issued_contest(slug, now)
            voter_id = services.admit_account(contest=contest, person=current_user, now=now)
            contact = _contact_of(current_user) or ""
            views_work.keep_trace(contest, voter_id, contact, now)
    except Refused as error:
        return account_page(vote_of(slug), say(error))
    browser.remember(slug, voter_id, contact)
    if not browser.waiting(slug):
        flash(_("Thank you, you may vote now. Choose your entries."), "ok")
    return redirect(url_for("voting.booth", slug=slug), 303)
