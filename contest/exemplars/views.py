"""The unit's answer to a question of verification."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user

from contest.accounts.models import User
from contest.core.db import writing
from contest.core.errors import Conflict, Refused
from contest.core.formats import VIET_NAM
from contest.core.web import needs, say
from contest.exemplars.forms import AnswerForm
from contest.exemplars.models import Verification
from contest.exemplars.queries import get_verification, verification_history
from contest.exemplars.rules import CONSENT_TEXTS, CONSENT_VERSION, GUARDIAN_CONSENT_TEXTS, OUTCOMES
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
    form = AnswerForm(formdata=None)
    form.show(verification, state_seen(verification))
    return _page(unit, verification, form)


def _page(unit: Unit, verification: Verification, form: AnswerForm) -> str:
    form.offer()
    return render_template(
        "exemplars/answer.html",
        unit=unit,
        verification=verification,
        exemplar=verification.exemplar,
        form=form,
        outcome_names=OUTCOMES,
        consent_text=CONSENT_TEXTS[CONSENT_VERSION],
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
def give_answer(code: str, public_id: str) -> Any:
    form = AnswerForm()
    try:
        with writing() as now:
            unit = get_unit(code)
            verification = answer_verification(
                verification=get_verification(unit.id, public_id, lock=True),
                outcome=form.outcome.data or "",
                hold_reason=form.hold_reason.data,
                note=form.note.data or "",
                consent=form.agreed("consent"),
                guardian_consent=form.agreed("guardian_consent"),
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
