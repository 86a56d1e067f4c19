"""The secretariat's pages. The list and its batches are in views_desk, one entry in views_entry."""

from __future__ import annotations

from flask import Blueprint, g, request
from flask_login import current_user

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.errors import NotFound
from contest.entries.drafting import today_of
from contest.screening import models  # noqa: F401  # its tables are known with its pages
from contest.screening.search import Wanted, wanted_of
from contest.units.queries import units_on

bp = Blueprint("screening", __name__)


def me() -> User:
    """Who is signed in, as a row and not as Flask-Login's stand-in."""
    person: User = current_user._get_current_object()  # noqa: SLF001 -- the documented way to it
    return person


def wanted_here(contest: Contest) -> tuple[Wanted, int | None]:
    """The list that the address asks for, and the unit that it is narrowed to. Raises NotFound."""
    wanted = wanted_of(request.args)
    if wanted.category and contest.rules.find_category(wanted.category) is None:
        raise NotFound(wanted.category)
    units = {unit.code: unit.id for unit in units_on(today_of(g.now))}
    return wanted, units.get(wanted.unit)


from contest.screening import views_desk, views_entry, views_more  # noqa: E402, F401 -- they need `bp`
