"""Letters to many: written, looked at as each will get it, scheduled, and what became of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import ORGANISER
from contest.core.db import writing
from contest.core.errors import N_, Refused
from contest.core.formats import VIET_NAM
from contest.core.web import limiter, needs, say
from contest.outbox.runner import render
from contest.results import mailings as letters
from contest.results.audiences import AUDIENCES, TELLING, WINNERS
from contest.results.forms_after import MailingForm
from contest.results.models_after import Mailing
from contest.results.queries import find_standing, is_announced
from contest.results.views import bp

_DESK = "/ban-to-chuc/<slug>/thu"
_ACTS = {"thu": "test", "hen": "schedule", "thoi": "call_off", "chep": "copy", "tra-ve": "returned"}
_SHOWN = 50
STATES = {
    letters.DRAFT: N_("Draft"),
    letters.SCHEDULED: N_("Scheduled"),
    letters.SENDING: N_("Being sent"),
    letters.SENT: N_("Handed to the outbox"),
    letters.CALLED_OFF: N_("Called off"),
}


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


@bp.get(_DESK, endpoint="mailings")
@needs(ORGANISER)
def mailings_page(slug: str) -> str:
    """Every letter to many of this contest, the latest first."""
    contest = get_contest(slug)
    return render_template(
        "results/mailings.html",
        contest=contest,
        rules=contest.rules,
        mailings=letters.mailings_of(contest),
        audiences=AUDIENCES,
        states=STATES,
        state_of=letters.state_of,
    )


@bp.route(f"{_DESK}/viet", methods=["GET", "POST"])
@needs(ORGANISER)
def write_mailing(slug: str) -> Any:
    return _write(slug, None)


@bp.route(f"{_DESK}/<mailing_id>/sua", methods=["GET", "POST"])
@needs(ORGANISER)
def edit_mailing(slug: str, mailing_id: str) -> Any:
    return _write(slug, mailing_id)


def _write(slug: str, mailing_id: str | None) -> Any:
    contest = get_contest(slug)
    mailing = letters.get_mailing(contest, mailing_id) if mailing_id else None
    form = MailingForm() if request.method == "POST" else MailingForm(data=_kept(mailing))
    form.audience.choices = [(key, _(label)) for key, label in AUDIENCES.items()]
    if request.method != "POST" or not form.validate_on_submit():
        return _form(contest, mailing, form), 422 if request.method == "POST" else 200
    try:
        with writing() as now:
            contest = get_contest(slug)
            made = letters.write_mailing(
                contest=contest,
                mailing=letters.get_mailing(contest, mailing_id, lock=True) if mailing_id else None,
                audience=form.audience.data,
                subject={"vi": form.subject_vi.data or "", "en": form.subject_en.data or ""},
                body={"vi": form.body_vi.data or "", "en": form.body_en.data or ""},
                place=form.place.data or "",
                with_results=bool(form.with_results.data),
                actor=_me(),
                now=now,
            )
            public_id = made.public_id
    except Refused as error:
        form.form_errors.append(say(error))
        contest = get_contest(slug)
        return _form(contest, letters.get_mailing(contest, mailing_id) if mailing_id else None, form), 422
    flash(_("The letter is kept as a draft. Look at it as people will get it, then schedule it."), "ok")
    return redirect(url_for("results.mailing", slug=slug, mailing_id=public_id), 303)


def _kept(mailing: Mailing | None) -> dict[str, Any]:
    if mailing is None:
        return {"audience": WINNERS}
    return {
        "audience": mailing.audience,
        **{f"subject_{lang}": mailing.subject[lang] for lang in ("vi", "en")},
        **{f"body_{lang}": mailing.body[lang] for lang in ("vi", "en")},
        "place": mailing.place,
        "with_results": mailing.with_results,
    }


def _form(contest: Contest, mailing: Mailing | None, form: MailingForm) -> str:
    return render_template(
        "results/mailing_write.html",
        contest=contest,
        rules=contest.rules,
        mailing=mailing,
        form=form,
        blanks=letters.BLANKS,
    )


@bp.get(f"{_DESK}/<mailing_id>")
@needs(ORGANISER)
def mailing(slug: str, mailing_id: str) -> str:
    """A letter: as each gets it, who gets it, and once it went out, what became of each."""
    contest = get_contest(slug)
    found = letters.get_mailing(contest, mailing_id)
    state = letters.state_of(found)
    begun = found.begun_at is not None
    to = [] if begun or state == letters.CALLED_OFF else letters.recipients(contest, found, g.now)
    reached = [each for each in to if each.address]
    place = min(request.args.get("nguoi", 1, type=int) or 1, max(1, len(reached)))
    place = max(1, place)
    shown = reached[place - 1] if reached else letters.sample_for(_me())
    page = max(1, min(request.args.get("trang", 1, type=int) or 1, 10_000))
    rows = letters.letters_of(found, (page - 1) * _SHOWN, _SHOWN + 1) if begun else []
    return render_template(
        "results/mailing.html",
        contest=contest,
        rules=contest.rules,
        mailing=found,
        state=state,
        states=STATES,
        audience=AUDIENCES[found.audience],
        tells=found.audience in TELLING,
        to=to,
        reached=reached,
        place=place,
        shown=shown,
        preview=render(letters.message_for(contest, found, shown, g.now)),
        seal=letters.seal_of(found, to),
        rows=rows[:_SHOWN],
        page=page,
        further=len(rows) > _SHOWN,
        counts=letters.counts_of(found) if begun else None,
        announced=is_announced(contest.id, g.now),
        result_set=find_standing(contest.id),
    )


@bp.post(f"{_DESK}/<mailing_id>/<any({', '.join(repr(act) for act in _ACTS)}):act>")
@needs(ORGANISER)
@limiter.limit("60 per minute")
def mailing_act(slug: str, mailing_id: str, act: str) -> Response:
    """Send it to oneself, schedule it, call it off, copy it, or note that one came back."""
    here = mailing_id
    try:
        with writing() as now:
            contest = get_contest(slug)
            found = letters.get_mailing(contest, mailing_id, lock=True)
            told = _do(contest, found, _ACTS[act], now)
            if isinstance(told, Mailing):
                here, told = told.public_id, _("A new draft with the same words.")
    except Refused as error:
        flash(say(error), "error")
    else:
        flash(told, "ok")
    return redirect(url_for("results.mailing", slug=slug, mailing_id=here), 303)


def _do(contest: Contest, found: Mailing, act: str, now: datetime) -> str | Mailing:
    if act == "test":
        letters.send_test(contest=contest, mailing=found, actor=_me(), now=now)
        return str(_("It is on its way to you, with sample words in the place of a winner's."))
    if act == "schedule":
        seal = request.form.get("seal", "")
        at = _instant() if request.form.get("when") == "at" else None
        letters.schedule(contest=contest, mailing=found, send_at=at, seal=seal, actor=_me(), now=now)
        return str(_("The letter is scheduled."))
    if act == "copy":
        return letters.copy_of(contest=contest, mailing=found, actor=_me(), now=now)
    if act == "returned":
        given = request.form
        address, why = given.get("address", ""), given.get("why", "")
        letters.note_return(contest=contest, mailing=found, address=address, why=why, actor=_me(), now=now)
        return str(_("Noted."))
    letters.call_off(contest=contest, mailing=found, actor=_me(), now=now)
    return str(_("The letter is called off. Nobody gets it."))


def _instant() -> datetime:
    try:
        return datetime.fromisoformat(request.form.get("at", "")).replace(tzinfo=VIET_NAM)
    except ValueError:
        raise Refused(N_("Say when the letter goes out."), code="at") from None
