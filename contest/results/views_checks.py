"""The page where it is recorded that somebody looked whether entries had been published before."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import get_contest, roles_of
from contest.contests.rules import ORGANISER, SECRETARY
from contest.core.db import db, writing
from contest.core.errors import Refused
from contest.core.typed import typed_page
from contest.core.web import needs, say
from contest.entries.models import Entry
from contest.results.checks import (
    checks_of,
    concerned_entries,
    count_lacking,
    lacks_check,
    record_publication_checks,
)
from contest.results.forms import CheckForm
from contest.results.queries import find_standing, is_announced
from contest.results.rules import DECISION, FINAL, POINTS, RECEIPT, asks_for_checks
from contest.results.views import bp

Page = str | tuple[str, int] | Response
_DESK = "/ban-to-chuc/<slug>/kiem-tra-cong-bo"
# As they stand in addresses.
_WORDS = {RECEIPT: "khi-nhan", FINAL: "truoc-chung-khao", DECISION: "truoc-quyet-dinh"}
_POINT_OF = {word: point for point, word in _WORDS.items()}
PAGE = 100
MOST_AT_ONCE = 5000


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


def _point() -> str:
    return _POINT_OF.get(request.args.get("luc", ""), FINAL)


def _knows_results(contest: Contest) -> bool:
    """Whether the reader knows what is awarded: the secretariat does not, before everybody does."""
    return ORGANISER in roles_of(contest.id, _me().id)


def _page(contest: Contest, form: CheckForm | None = None, chosen: frozenset[str] = frozenset()) -> str:
    point, page, lacking = _point(), typed_page(request.args.get("trang")), "con-thieu" in request.args
    standing = find_standing(contest.id)
    computed_at = standing.computed_at if standing else None
    knows = _knows_results(contest)
    query = concerned_entries(contest, point, awarded=knows)
    if lacking:
        query = query.where(lacks_check(point, computed_at))
    rows = db.session.scalars(query.limit(PAGE + 1).offset((page - 1) * PAGE)).all()
    entries = rows[:PAGE]
    return render_template(
        "results/checks.html",
        contest=contest,
        rules=contest.rules,
        asks=any(asks_for_checks(contest.rules, each.id) for each in contest.rules.categories),
        points=POINTS,
        words=_WORDS,
        point=point,
        page=page,
        further=len(rows) > PAGE,
        only_lacking=lacking,
        lacking=count_lacking(contest, computed_at, awarded=knows),
        entries=entries,
        checked=checks_of([entry.id for entry in entries], computed_at),
        form=form or CheckForm(formdata=None),
        chosen=chosen,
        too_early=point == DECISION and standing is None,
        announced=is_announced(contest.id, g.now),
    )


@bp.get(_DESK)
@needs(SECRETARY, ORGANISER)
def checks(slug: str) -> str:
    """Entries that are looked up at a point, with every check so far."""
    return _page(get_contest(slug))


@bp.post(_DESK)
@needs(SECRETARY, ORGANISER)
def record_checks(slug: str) -> Page:
    """Record a check of the ticked entries, or of all that lack it."""
    form, point = CheckForm(), _point()
    chosen = frozenset(request.form.getlist("chosen")[:PAGE])
    if form.validate_on_submit():
        try:
            with writing() as now:
                contest = get_contest(slug)
                made = record_publication_checks(
                    contest=contest,
                    point=point,
                    entries=_entries(contest, point, chosen),
                    found=form.found.data == "1",
                    note=form.note.data or "",
                    actor=_me(),
                    now=now,
                )
                count = len(made)
        except Refused as error:
            form.form_errors.append(say(error))
        else:
            flash(ngettext("%(num)s entry is on record.", "%(num)s entries are on record.", count), "ok")
            return redirect(url_for("results.checks", slug=slug, luc=_WORDS[point]), 303)
    return _page(get_contest(slug), form, chosen), 422


def _entries(contest: Contest, point: str, chosen: frozenset[str]) -> list[Entry]:
    """The ticked entries of this contest; or all that lack the check, where the form says so and nothing was found."""
    if "lacking" in request.form and request.form.get("found") == "0":
        standing = find_standing(contest.id)
        query = concerned_entries(contest, point, awarded=_knows_results(contest))
        query = query.where(lacks_check(point, standing.computed_at if standing else None))
        return list(db.session.scalars(query.limit(MOST_AT_ONCE)))
    # A form may send anything, NUL included, which PostgreSQL refuses.
    known = [each for each in chosen if each.isalnum()]
    query = select(Entry).where(Entry.contest_id == contest.id, Entry.public_id.in_(known)).order_by(Entry.id)
    return list(db.session.scalars(query))
