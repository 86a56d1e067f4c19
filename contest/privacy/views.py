"""Personal data: a person's own page, and the desk that answers requests."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as Answer

from contest.accounts.addresses import shown
from contest.accounts.models import User
from contest.audit.services import record
from contest.core.db import db, writing
from contest.core.errors import NotFound, Refused
from contest.core.formats import local
from contest.core.web import limiter, needs, say, signed_in
from contest.core.web.files import file_store
from contest.core.web.keys import bank_secret
from contest.entries.personal import entries_about
from contest.entries.queries import key_is_used
from contest.privacy import services
from contest.privacy.export import zip_of
from contest.privacy.forms import AnswerForm, AskForm, EnterForm
from contest.privacy.models import DataRequest
from contest.privacy.queries import (
    answered_requests,
    data_about,
    get_request,
    latest_runs,
    open_requests,
    own_requests,
)
from contest.privacy.rules import CHANNELS, ERASE, KINDS, OUTCOMES, RULES
from contest.results.bank import box, given_by

bp = Blueprint("privacy", __name__)


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


@bp.get("/tai-khoan/du-lieu")
@signed_in
def mine() -> str:
    """What is held about oneself, one's requests, and a form for another."""
    return _mine(AskForm(formdata=None))


def _mine(form: AskForm, refusal: str = "") -> str:
    person = _me()
    return render_template(
        "privacy/mine.html",
        person=person,
        data=data_about(person, g.now),
        phone=shown(person.phone) if person.phone else "",
        requests=own_requests(person),
        form=form,
        refusal=refusal,
        kinds=KINDS,
        outcomes=OUTCOMES,
        days=services.answer_days(g.now),
        today=local(g.now).date(),
    )


@bp.get("/tai-khoan/du-lieu/tai-ve")
@limiter.limit("10 per hour")
@signed_in
def download() -> Response:
    """All of it as one file."""
    person = _me()
    own = [entry for entry in entries_about(person) if entry.author_id == person.id]
    data = data_about(person, g.now) | {"bank_details": given_by(person, box(bank_secret()))}
    content = zip_of(data, own, file_store())
    with writing() as now:
        record(actor=person.public_id, verb="privacy.copy", object_type="user", object_id=person.public_id, now=now)
    response = Response(content, mimetype="application/zip")
    response.headers["Content-Disposition"] = 'attachment; filename="du-lieu-cua-toi.zip"'
    return response


@bp.post("/tai-khoan/du-lieu")
@signed_in
def ask() -> str | tuple[str, int] | Answer:
    form = AskForm()
    try:
        with writing() as now:
            services.ask(person=_me(), kind=form.kind.data or "", text=form.text.data or "", now=now)
    except Refused as error:
        return _mine(form, say(error)), 422
    flash(_("Your request has been received. You will be told the answer."), "ok")
    return redirect(url_for("privacy.mine"), 303)


@bp.post("/tai-khoan/du-lieu/<public_id>/thoi")
@signed_in
def call_off(public_id: str) -> Answer:
    with writing() as now:
        request = get_request(public_id, lock=True)
        if request.user_id != current_user.id:
            raise NotFound(public_id)
        services.call_off(request=request, person=_me(), now=now)
    flash(_("The request has been called off."), "ok")
    return redirect(url_for("privacy.mine"), 303)


# The desk


@bp.get("/du-lieu-ca-nhan")
@needs("operator")
def desk() -> str:
    """Requests by their last day, and what was erased by rule."""
    return _desk(EnterForm(formdata=None))


def _desk(form: EnterForm, refusal: str = "") -> str:
    return render_template(
        "privacy/desk.html",
        waiting=open_requests(),
        answered=answered_requests(),
        runs=latest_runs(),
        form=form,
        refusal=refusal,
        kinds=KINDS,
        outcomes=OUTCOMES,
        channels=CHANNELS,
        rules=RULES,
        today=local(g.now).date(),
    )


@bp.post("/du-lieu-ca-nhan")
@needs("operator")
def enter() -> str | tuple[str, int] | Answer:
    """Enter a request that came by letter, telephone or mail."""
    form = EnterForm()
    try:
        with writing() as now:
            entered = services.enter(
                name=form.name.data or "",
                contact=form.contact.data or "",
                channel=form.channel.data or "",
                kind=form.kind.data or "",
                text=form.text.data or "",
                actor=_me(),
                now=now,
            )
            public_id = entered.public_id
    except Refused as error:
        return _desk(form, say(error)), 422
    return redirect(url_for("privacy.request", public_id=public_id), 303)


@bp.get("/du-lieu-ca-nhan/<public_id>")
@needs("operator")
def request(public_id: str) -> str:
    return _request(get_request(public_id), AnswerForm(formdata=None))


def _request(found: DataRequest, form: AnswerForm, refusal: str = "") -> str:
    erasable = found.kind == ERASE and found.user is not None and found.user.erased_at is None
    return render_template(
        "privacy/request.html",
        request=found,
        form=form,
        refusal=refusal,
        plan=services.plan_erasure(found.user, g.now) if erasable and found.user else None,
        kinds=KINDS,
        outcomes=OUTCOMES,
        channels=CHANNELS,
        today=local(g.now).date(),
    )


@bp.post("/du-lieu-ca-nhan/<public_id>/<any(nhan, dap, xoa):verb>")
@needs("operator")
def handle(public_id: str, verb: str) -> Any:
    """Take a request, answer it, or erase who asked for that."""
    form = AnswerForm()
    loose: list[str] = []
    try:
        with writing() as now:
            found = get_request(public_id, lock=True)
            if verb == "nhan":
                services.take(request=found, actor=_me(), now=now)
            elif verb == "dap":
                services.answer(
                    request=found,
                    outcome=form.outcome.data or "",
                    text=form.text.data or "",
                    actor=_me(),
                    now=now,
                )
            else:
                loose = services.erase_person(request=found, actor=_me(), now=now)
    except Refused as error:
        db.session.rollback()
        return _request(get_request(public_id), form, say(error)), 422
    for key in loose:
        # A draft shares its photos with the entry that it would replace, which may stay.
        if not key_is_used(key):
            file_store().remove(key)
    said = {
        "nhan": _("The request is yours now."),
        "dap": _("The request has been answered."),
        "xoa": _("The person has been erased. Now answer the request."),
    }
    flash(said[verb], "ok")
    return redirect(url_for("privacy.request", public_id=public_id), 303)
