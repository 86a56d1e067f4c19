"""Conflicts of interest of a round on one page: entries by judges, suggestions to look into, recusing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _

from contest.contests.queries import get_contest
from contest.core.errors import NotFound
from contest.core.web import needs
from contest.judging import services
from contest.judging.conflict_matrix import WORDS, Matrix, matrix_of, why_of
from contest.judging.forms import ReasonForm, whole_number
from contest.judging.suggestions import STRENGTHS
from contest.judging.views import bp, me
from contest.judging.views_chair import TABLE, do, entry_of, frame, person_of

PER_PAGE = 100
_ROUND = "/ban-to-chuc/<slug>/cham/<round_id>/<category>"


@bp.route(f"{_ROUND}/xung-dot", methods=["GET", "POST"])
@needs(*TABLE)
def conflicts(slug: str, round_id: str, category: str) -> Any:
    """The matrix; staff confirm or dismiss what is suggested, a head of jury recuses without being told why."""
    form = ReasonForm()
    staff = bool(frame(get_contest(slug), round_id, category)["staff"])
    here: dict[str, Any] = {"slug": slug, "round_id": round_id, "category": category}
    if request.method == "POST" and do(lambda now: _answer(here, form, now, staff=staff), form):
        return redirect(url_for("judging.conflicts", **here), 303)
    contest = get_contest(slug)
    page = frame(contest, round_id, category)
    matrix = matrix_of(contest, round_id, category, chair_id=None if staff else me().id)
    pages = max(1, -(-len(matrix.lines) // PER_PAGE))
    number = min(max(1, whole_number(request.args.get("page"), 1)), pages)
    waiting = _waiting(matrix)
    text = render_template(
        "judging/conflicts.html",
        **page,
        matrix=matrix,
        lines=matrix.lines[(number - 1) * PER_PAGE : number * PER_PAGE],
        number=number,
        pages=pages,
        waiting=waiting[:PER_PAGE],
        more=max(0, len(waiting) - PER_PAGE),
        words=WORDS,
        strengths=STRENGTHS,
        why=why_of,
        form=form,
        asked=(request.form.get("code", ""), request.form.get("judge", "")) if form.errors else ("", ""),
    )
    return text, 422 if form.errors else 200


def _waiting(matrix: Matrix) -> list[dict[str, Any]]:
    """Suggestions that nobody has answered, the strong ones first."""
    found = [
        {"line": line, "judge": judge, "cell": cell}
        for line in matrix.lines
        for judge, cell in zip(matrix.judges, line.cells, strict=True)
        if cell.strength and not cell.conflicted
    ]
    return sorted(found, key=lambda each: list(STRENGTHS).index(each["cell"].strength))


def _answer(here: dict[str, Any], form: ReasonForm, now: datetime, *, staff: bool) -> Any:
    contest = get_contest(here["slug"])
    found = entry_of(contest, here["round_id"], here["category"], request.form.get("code", ""))
    judge = person_of(contest, request.form.get("judge"))
    act = request.form.get("act")
    values: dict[str, Any] = {
        "entry": found,
        "judge": judge,
        "reason": form.reason.data or "",
        "actor": me(),
        "now": now,
    }
    named = {"name": judge.name, "code": found.blind_code}
    if act == "dismiss" and staff:
        services.dismiss_suggestion(**values)
        return _("Noted: %(name)s may judge entry %(code)s.", **named)
    if act == "confirm" and staff:
        services.confirm_suggestion(**values)
    elif act == "recuse":
        services.record_conflict(**values)
    else:
        raise NotFound(act)
    return _("%(name)s does not judge entry %(code)s.", **named)
