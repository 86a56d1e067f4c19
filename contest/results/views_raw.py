"""Raw scores to work a ranking out again from: the page that explains the file, and the file."""

from __future__ import annotations

from typing import NamedTuple

from flask import Response, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as WerkzeugResponse

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import get_contest, roles_of
from contest.contests.rules import CHAIR, ORGANISER
from contest.core.errors import NotFound
from contest.core.web import needs
from contest.entries.models import Entry
from contest.judging.conflicts import conflicts_among
from contest.results.queries import is_announced
from contest.results.raw_export import RawExport, exportable, is_whole, raw_export
from contest.results.views import bp


class _Choice(NamedTuple):
    """What may be given out to somebody: the whole contest, categories, and whether with the prizes."""

    whole: bool
    categories: tuple[str, ...]
    prizes: bool
    conflict: bool


def _choice(contest: Contest) -> _Choice:
    """What the person who asks may have.

    The head of jury has no prizes before the announcement, and no category with an entry of which they may see
    nothing. From the announcement on both have everything.
    """
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    categories = exportable(contest)
    whole = is_whole(contest)
    if ORGANISER in roles_of(contest.id, person.id) or is_announced(contest.id, g.now):
        return _Choice(whole, tuple(categories), prizes=True, conflict=False)
    in_conflict = {
        category
        for category in categories
        if conflicts_among(contest.id, Entry.category == category, judges=[person.id])
    }
    free = tuple(category for category in categories if category not in in_conflict)
    return _Choice(whole and not in_conflict, free, prizes=False, conflict=bool(in_conflict))


def _asked(contest: Contest, choice: _Choice) -> str | None:
    """The category asked for, None for the whole contest. Raises NotFound for what may not be had."""
    category = request.args.get("hang-muc") or None
    if category is None and not choice.whole and choice.categories:
        return choice.categories[0]
    if category is not None and category not in choice.categories:
        raise NotFound(category)
    return category


def _made(contest: Contest, choice: _Choice, category: str | None) -> RawExport:
    return raw_export(contest, category, prizes=choice.prizes)


@bp.get("/ban-to-chuc/<slug>/diem-goc")
@needs(ORGANISER, CHAIR)
def raw_scores(slug: str) -> str:
    """What the file is, how to work it out again, and its SHA-256."""
    contest = get_contest(slug)
    choice = _choice(contest)
    category = _asked(contest, choice)
    there = choice.whole if category is None else True
    made = _made(contest, choice, category) if there else None
    return render_template(
        "results/raw_scores.html",
        contest=contest,
        rules=contest.rules,
        choice=choice,
        category=category,
        made=made,
        name=_name(contest, category),
    )


@bp.get("/ban-to-chuc/<slug>/diem-goc.json")
@needs(ORGANISER, CHAIR)
def raw_scores_file(slug: str) -> WerkzeugResponse:
    """The file itself; back to the page, with why, before the scores are locked."""
    contest = get_contest(slug)
    choice = _choice(contest)
    category = _asked(contest, choice)
    if category is None and not choice.whole:
        flash(_("Raw scores are given out once the scores are locked."), "error")
        return redirect(url_for("results.raw_scores", slug=slug), 303)
    made = _made(contest, choice, category)
    response = Response(made.content, mimetype="application/json")
    response.headers.set("Content-Disposition", "attachment", filename=_name(contest, category))
    return response


def _name(contest: Contest, category: str | None) -> str:
    return f"diem-goc-{contest.slug}{f'-{category}' if category else ''}.json"
