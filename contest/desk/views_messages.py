"""The messages of a contest: what goes out at each step, and an organiser's own words for it."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from contest.audit.services import record
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import ORGANISER, SECRETARY
from contest.core.db import db, writing
from contest.core.errors import NotFound, Refused
from contest.core.web import needs, say
from contest.core.web.language import locale
from contest.desk.forms import WordingForm
from contest.desk.views import bp
from contest.outbox.queries import counts_by_state, latest_of
from contest.outbox.runner import Rendered, render_wording, standard_wording
from contest.outbox.wording import (
    BODY_MAX,
    EMAIL,
    KINDS,
    SMS,
    Kind,
    check_wording,
    drop_wording,
    find_wording,
    get_kind,
    set_wording,
    wordings,
)

LOCALES = ("vi", "en")
CHANNELS = (EMAIL, SMS)
SHOWN = 50
# A text message with Vietnamese marks holds 70 characters, or 67 in each part of a longer one.
_SMS_ALONE, _SMS_PART = 70, 67


@bp.get("/ban-to-chuc/<slug>/tin-nhan")
@needs(ORGANISER, SECRETARY)
def messages(slug: str) -> str:
    """Every message that may be reworded, and what has gone out lately."""
    contest = get_contest(slug)
    return render_template(
        "desk/messages.html",
        contest=contest,
        kinds=list(KINDS.values()),
        reworded=wordings(contest.slug),
        counts=counts_by_state(contest.slug, g.now),
        latest=db.session.scalars(latest_of(contest.slug, SHOWN, g.now)).all(),
        labels={kind.name(channel): kind.label for kind in KINDS.values() for channel in CHANNELS},
    )


@bp.get("/ban-to-chuc/<slug>/tin-nhan/<template>")
@needs(ORGANISER, SECRETARY)
def message(slug: str, template: str) -> str:
    """One message, by mail and as a text message, in the language asked for."""
    contest, kind = get_contest(slug), get_kind(template)
    return _page(contest, kind, _language(), {}, "")


@bp.post("/ban-to-chuc/<slug>/tin-nhan/<template>/<channel>")
@needs(ORGANISER)
def reword(slug: str, template: str, channel: str) -> str | tuple[str, int] | Response:
    """Look at a wording with sample data, keep it, or go back to the site's own."""
    kind, language = get_kind(template), _language()
    if channel not in CHANNELS:
        raise NotFound(channel)
    form = WordingForm()
    subject, body = form.subject.data or "", form.body.data or ""
    act = request.form.get("go", "keep")
    try:
        if act == "look":
            contest = get_contest(slug)
            subject, body = check_wording(kind, channel, subject, body)
            return _page(contest, kind, language, {channel: Rendered(subject, body)}, "", shown=channel)
        with writing() as now:
            contest = get_contest(slug)
            if act == "standard":
                changed = drop_wording(scope=contest.slug, kind=kind, channel=channel, locale=language)
            else:
                set_wording(
                    scope=contest.slug,
                    kind=kind,
                    channel=channel,
                    locale=language,
                    subject=subject,
                    body=body,
                    actor_id=current_user.id,
                    now=now,
                )
                changed = True
            if changed:
                record(
                    actor=current_user.public_id,
                    verb="outbox.standard" if act == "standard" else "outbox.reword",
                    object_type="message_text",
                    object_id=f"{kind.name(channel)}.{language}",
                    contest_id=contest.id,
                    now=now,
                )
    except Refused as error:
        typed = {channel: Rendered(subject, body)}
        return _page(get_contest(slug), kind, language, typed, say(error), shown=""), 422
    flash(_("The site's own wording is used again.") if act == "standard" else _("Your wording is kept."), "ok")
    return redirect(url_for("desk.message", slug=slug, template=template, ngon_ngu=language), 303)


def _language() -> str:
    asked = request.args.get("ngon_ngu", "")
    return asked if asked in LOCALES else locale()


def _page(
    contest: Contest, kind: Kind, language: str, typed: dict[str, Rendered], refusal: str, *, shown: str = ""
) -> str:
    """`typed`: what was written for a channel and is not kept (yet); `shown`: the channel to preview it for."""
    channels: list[dict[str, Any]] = []
    for channel in CHANNELS:
        kept = find_wording(contest.slug, kind.name(channel), language)
        standard = standard_wording(kind, channel, language)
        words = typed.get(channel) or (Rendered(kept.subject, kept.body) if kept else standard)
        usable = channel == shown or (channel not in typed)
        preview = render_wording(kind, channel, language, words.subject, words.body) if usable else None
        channels.append(
            {
                "name": channel,
                "kept": kept,
                "words": words,
                "preview": preview,
                "parts": _parts(preview.body.strip()) if preview and channel == SMS else 0,
                "refusal": refusal if channel in typed and channel != shown else "",
                "limit": BODY_MAX[channel],
            }
        )
    return render_template(
        "desk/message.html",
        contest=contest,
        kind=kind,
        language=language,
        languages=LOCALES,
        channels=channels,
        form=WordingForm(formdata=None),
    )


def _parts(text: str) -> int:
    return 1 if len(text) <= _SMS_ALONE else -(-len(text) // _SMS_PART)
