"""Pages of judging. Here: what they share; the bench and the head of jury's table have files of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, g, jsonify
from flask_babel import gettext as _
from flask_login import current_user

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import roles_of
from contest.core.errors import Conflict, Refused
from contest.core.formats import hour
from contest.core.web import say
from contest.judging.forms import SheetForm

bp = Blueprint("judging", __name__)


def me() -> User:
    """Who is signed in, as a row and not as Flask-Login's stand-in."""
    person: User = current_user._get_current_object()  # noqa: SLF001 - the documented way to it
    return person


def my_roles(contest: Contest) -> set[str]:
    """The roles that whoever asks holds in this contest."""
    if "judging_roles" not in g:
        g.judging_roles = roles_of(contest.id, me().id)
    roles: set[str] = g.judging_roles
    return roles


# What the script of a page that saves as one types is answered: by the bench, joint readings and paper sheets


def say_kept(form: SheetForm, version: int, at: datetime, *, wrong: bool) -> Any:
    """What was kept, in which version; `wrong`: some marks could not be taken, with their errors."""
    shown = hour(at)
    return jsonify(
        version=version,
        message=_("Saved at %(hour)s, but some marks need another look", hour=shown)
        if wrong
        else _("Saved at %(hour)s", hour=shown),
        errors={field.id: list(field.errors) for _criterion, field in form.mark_fields() if field.errors},
    )


def say_not_kept(error: Refused) -> Any:
    """Why nothing was kept; of a conflict, which version stands."""
    status = 409 if isinstance(error, Conflict) else 422
    return jsonify(message=say(error), code=error.code, version=error.params.get("version")), status


from contest.judging import (  # noqa: E402, F401 - they need `bp`
    views_assign,
    views_bench,
    views_chair,
    views_closing,
    views_codes,
    views_compared,
    views_conflicts,
    views_council,
    views_declare,
    views_entry,
    views_handover,
    views_joint,
    views_meetings,
    views_minutes,
    views_notes,
    views_packs,
    views_panel,
    views_paper,
    views_papers,
    views_sheet,
)
