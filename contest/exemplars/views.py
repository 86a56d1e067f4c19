"""The unit's side of verification: the question, its papers, the answer, and consent taken back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask import Response as FlaskResponse
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from contest.accounts.models import User
from contest.core.db import writing
from contest.core.errors import N_, Conflict, Refused
from contest.core.formats import VIET_NAM
from contest.core.web import limiter, needs, say
from contest.core.web.downloads import send_download
from contest.core.web.files import file_store
from contest.exemplars.consents import withdraw_consent
from contest.exemplars.forms import AnswerForm, WithdrawForm
from contest.exemplars.models import Consent, Verification
from contest.exemplars.papers import MOST_BYTES, MOST_PAPERS, attach_paper, make_paper, remove_paper
from contest.exemplars.queries import (
    get_paper,
    get_verification,
    papers_of,
    standing_consents,
    verification_history,
)
from contest.exemplars.rules import (
    BY_GUARDIAN,
    CONSENT_TEXTS,
    CONSENT_VERSION,
    GUARDIAN_CONSENT_TEXTS,
    OUTCOMES,
    PHOTOS,
    PRESENT,
    PURPOSE_NAMES,
    PURPOSES,
)
from contest.exemplars.services import answer_verification, state_seen
from contest.units.models import Unit
from contest.units.queries import get_unit

bp = Blueprint("exemplars", __name__)


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- the documented way to it
    return person


@bp.get("/don-vi/<code>/xac-minh/<public_id>")
@needs("officer")
def answer(code: str, public_id: str) -> str:
    unit = get_unit(code)
    verification = get_verification(unit.id, public_id)
    standing = standing_consents(verification.exemplar_id)
    return _page(unit, verification, _answered(verification, standing), standing)


def _answered(verification: Verification, standing: dict[str, Consent]) -> AnswerForm:
    """A form that shows the answer that stands."""
    form = AnswerForm(formdata=None)
    present = standing.get(PRESENT)
    form.show(
        verification,
        state_seen(verification),
        photos=(PHOTOS in standing) if verification.consent else None,
        alone=present is not None and present.given_by == BY_GUARDIAN,
    )
    return form


def _page(unit: Unit, verification: Verification, form: AnswerForm, standing: dict[str, Consent] | None = None) -> str:
    form.offer(is_child=verification.exemplar.is_child)
    withdrawing = WithdrawForm(formdata=None)
    if standing is None:
        standing = standing_consents(verification.exemplar_id)
    withdrawing.purpose.choices = [(name, _(PURPOSE_NAMES[name])) for name in PURPOSES if name in standing]
    return render_template(
        "exemplars/answer.html",
        unit=unit,
        verification=verification,
        exemplar=verification.exemplar,
        form=form,
        withdrawing=withdrawing,
        standing=standing,
        purposes=PURPOSE_NAMES,
        papers=papers_of(verification.contest_id, verification.exemplar_id, unit.id),
        most_papers=MOST_PAPERS,
        most_bytes=MOST_BYTES,
        outcome_names=OUTCOMES,
        consent_texts=CONSENT_TEXTS[CONSENT_VERSION],
        guardian_text=GUARDIAN_CONSENT_TEXTS[CONSENT_VERSION],
        history=[
            each
            for each in verification_history(verification.contest_id, verification.exemplar_id)
            if each.superseded_at is not None and each.unit_id == unit.id
        ],
        today=g.now.astimezone(VIET_NAM).date(),
    )


@bp.post("/don-vi/<code>/xac-minh/<public_id>")
@needs("officer")
@limiter.limit("60 per minute")
def give_answer(code: str, public_id: str) -> Any:
    """Keep the chosen papers first, so that an answer which is refused loses none; then take the answer."""
    form = AnswerForm()
    try:
        attached = _attach(code, public_id)
        if request.form.get("act") == "attach":
            if not attached:
                raise Refused(N_("Please choose a file first."), code="no_paper")
            flash(ngettext("%(num)s paper has been attached.", "%(num)s papers have been attached.", attached), "ok")
            unit = get_unit(code)
            return _page(unit, get_verification(unit.id, public_id), form)
        with writing() as now:
            unit = get_unit(code)
            consent = form.agreed("consent")
            photos = form.agreed("photos")
            if consent and photos is None:
                raise Refused(N_("Please say whether they agree to be recognised in photos."), code="photos")
            verification = answer_verification(
                verification=get_verification(unit.id, public_id, lock=True),
                outcome=form.outcome.data or "",
                hold_reason=form.hold_reason.data,
                note=form.note.data or "",
                consent=consent,
                guardian_consent=form.agreed("guardian_consent"),
                photos=photos,
                under_seven=form.consent.data == "alone",
                seen=form.seen.data or "",
                actor=_me(),
                now=now,
            )
            name = verification.exemplar.name
    except Refused as error:
        form.form_errors.append(say(error))
        unit = get_unit(code)
        verification = get_verification(unit.id, public_id)
        if isinstance(error, Conflict):
            form.seen.data = state_seen(verification)
        return _page(unit, verification, form), 409 if isinstance(error, Conflict) else 422
    flash(_("Your answer about %(name)s has been recorded. The secretariat sees it now.", name=name), "ok")
    return redirect(url_for("desk.unit", code=code), 303)


def _attach(code: str, public_id: str) -> int:
    """Keep the files of this request with the question; returns how many there were. Raises Refused."""
    sent = [file for file in request.files.getlist("papers") if file.filename]
    get_verification(get_unit(code).id, public_id)  # nothing of somebody else's is decoded
    # Pictures are remade before the lock is taken: that is slow.
    made = [make_paper(file.stream.read(MOST_BYTES + 1), file.filename or "") for file in sent[:MOST_PAPERS]]
    if made:
        with writing() as now:
            verification = get_verification(get_unit(code).id, public_id, lock=True)
            for paper in made:
                attach_paper(verification=verification, paper=paper, files=file_store(), actor=_me(), now=now)
    return len(made)


@bp.get("/don-vi/<code>/xac-minh/<public_id>/giay-to/<paper_id>")
@needs("officer")
def paper(code: str, public_id: str, paper_id: str) -> FlaskResponse:
    unit = get_unit(code)
    question = get_verification(unit.id, public_id)
    found = get_paper(question.contest_id, question.exemplar_id, paper_id, unit.id)
    return send_download(found.key, name=found.name, media_type=found.media_type)


@bp.post("/don-vi/<code>/xac-minh/<public_id>/giay-to/<paper_id>")
@needs("officer")
def drop_paper(code: str, public_id: str, paper_id: str) -> Response:
    """Take back a paper that was attached by mistake."""
    try:
        with writing() as now:
            unit = get_unit(code)
            question = get_verification(unit.id, public_id, lock=True)
            found = get_paper(question.contest_id, question.exemplar_id, paper_id, unit.id)
            key = remove_paper(verification=question, paper=found, actor=_me(), now=now)
    except Refused as error:
        flash(say(error), "error")
    else:
        if key is not None:
            file_store().remove(key)
        flash(_("The paper has been removed."), "ok")
    return redirect(url_for("exemplars.answer", code=code, public_id=public_id, _anchor="giay-to"), 303)


@bp.post("/don-vi/<code>/xac-minh/<public_id>/rut-dong-y")
@needs("officer")
def take_back(code: str, public_id: str) -> Response:
    """The exemplar told its unit that it no longer agrees."""
    form = WithdrawForm()
    try:
        with writing() as now:
            question = get_verification(get_unit(code).id, public_id, lock=True)
            done = withdraw_consent(
                exemplar=question.exemplar,
                purpose=form.purpose.data or "",
                because=form.because.data or "",
                contest_id=question.contest_id,
                actor=_me(),
                now=now,
            )
    except Refused as error:
        flash(say(error), "error")
    else:
        flash(_("The withdrawal is recorded and acts at once.") if done else _("No such consent stands."), "ok")
    return redirect(url_for("exemplars.answer", code=code, public_id=public_id, _anchor="dong-y"), 303)
