"""Pages of judging. Here: what they share; the bench and the head of jury's table have files of their own."""

from __future__ import annotations

from flask import Blueprint, g
from flask_login import current_user

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import roles_of

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
