"""What a judge says before a text opens: the terms of judging, and no conflict of interest, entry by entry."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from contest.contests.labels import GENRES
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import CHAIR
from contest.core.db import writing
from contest.core.errors import NotFound, Refused
from contest.core.web import needs, say
from contest.entries.blind import blind_entry
from contest.judging import services
from contest.judging.declarations import Undeclared, undeclared
from contest.judging.forms import ReasonForm
from contest.judging.models import Assignment
from contest.judging.queries import is_locked, rounds_of
from contest.judging.sheets import get_own_assignment
from contest.judging.terms import TERMS, TERMS_SHA256, accepted, find_acceptance
from contest.judging.views import bp, me, my_roles

NO_CONFLICT, STEP_BACK = "none", "back"


def before_opening(contest: Contest, public_id: str) -> Response | None:
    """Where to go first, when a judge opens an entry before having accepted the terms or declared on it.

    Raises NotFound as the sheet's page does.
    """
    assignment = get_own_assignment(contest, public_id, me().id, g.now, undeclared=True)
    if not accepted(contest, me().id):
        return redirect(url_for("judging.terms", slug=contest.slug, to=public_id))
    if assignment.impartial_at is None:
        return redirect(url_for("judging.impartial", slug=contest.slug, public_id=public_id))
    return None


def _page(template: str, contest: Contest, **values: Any) -> str:
    return render_template(
        template, contest=contest, rules=contest.rules, chair=CHAIR in my_roles(contest), genres=GENRES, **values
    )


# Terms


@bp.route("/cham/<slug>/quy-uoc", methods=["GET", "POST"])
@needs("judge")
def terms(slug: str) -> Any:
    """The terms of judging: to read, to accept once, to print with the day on which they were accepted."""
    form = ReasonForm()
    contest = get_contest(slug)
    if request.method == "POST":
        try:
            with writing() as now:
                contest = get_contest(slug)
                services.accept_terms(
                    contest=contest, judge=me(), shown=request.form.get("sha256", ""), actor=me(), now=now
                )
        except Refused as error:
            form.form_errors.append(say(error))
        else:
            flash(_("Thank you. You have accepted the terms of judging."), "ok")
            return redirect(_onward(get_contest(slug), request.form.get("to")), 303)
        contest = get_contest(slug)
    found = find_acceptance(contest.id, me().id)
    page = _page(
        "judging/terms.html",
        contest,
        text=found.text if found else TERMS,
        sha256=found.sha256 if found else TERMS_SHA256,
        found=found,
        to=request.values.get("to", ""),
        form=form,
    )
    return page, 422 if form.errors else 200


def _onward(contest: Contest, public_id: str | None) -> str:
    """After the terms: the entry that was asked for, else what waits for a declaration, else the bench."""
    if public_id:
        try:
            get_own_assignment(contest, public_id, me().id, g.now, undeclared=True)
        except NotFound:
            pass
        else:
            return url_for("judging.sheet", slug=contest.slug, public_id=public_id)
    waiting = [each for each in rounds_of(contest, me().id, g.now) if undeclared(contest, each, me().id, g.now)]
    if waiting:
        return url_for("judging.declarations", slug=contest.slug, round=waiting[-1])
    return url_for("judging.bench", slug=contest.slug)


# No conflict of interest


@bp.route("/cham/<slug>/khai-bao", methods=["GET", "POST"])
@needs("judge")
def declarations(slug: str) -> Any:
    """Everything of a round on which the judge has not declared, in one list: nothing is chosen beforehand."""
    contest = get_contest(slug)
    if not accepted(contest, me().id):
        return redirect(url_for("judging.terms", slug=slug))
    round_id = request.args.get("round") or (rounds_of(contest, me().id, g.now) or [contest.rules.rounds[0].id])[-1]
    contest.rules.round(round_id)
    form = ReasonForm()
    if request.method == "POST" and _declare_listed(slug, round_id, form):
        contest = get_contest(slug)
        if undeclared(contest, round_id, me().id, g.now):
            return redirect(url_for("judging.declarations", slug=slug, round=round_id), 303)
        kept = round_id if round_id in rounds_of(contest, me().id, g.now) else None
        return redirect(url_for("judging.bench", slug=slug, round=kept), 303)
    contest = get_contest(slug)
    waiting = undeclared(contest, round_id, me().id, g.now)
    page = _page(
        "judging/declarations.html",
        contest,
        round=contest.rules.round(round_id),
        waiting=waiting,
        said=request.form,
        form=form,
    )
    return page, 422 if form.errors else 200


def _declare_listed(slug: str, round_id: str, form: ReasonForm) -> bool:
    """Take what was chosen on the list; False with an error on the form."""
    said = {key.removeprefix("say-"): value for key, value in request.form.items() if key.startswith("say-")}
    if not said:
        form.form_errors.append(_("Choose for at least one entry."))
        return False
    try:
        with writing() as now:
            contest = get_contest(slug)
            back = [
                each
                for each in undeclared(contest, round_id, me().id, now)
                if said.get(each.assignment.public_id) == STEP_BACK
            ]
            clear = {public_id for public_id, choice in said.items() if choice == NO_CONFLICT}
            # Stepping back holds the contest alone, declaring only shared: in this order nobody waits in a ring.
            for each in back:
                _step_back(each, now)
            taken = services.declare_many(contest=contest, round_id=round_id, public_ids=clear, actor=me(), now=now)
            left, opened = len(back), len(taken)
    except Refused as error:
        form.form_errors.append(say(error))
        return False
    if opened:
        text = ngettext("%(num)d entry is open for you to judge.", "%(num)d entries are open for you to judge.", opened)
        flash(text, "ok")
    if left:
        text = ngettext(
            "You have stepped back from %(num)d entry. That is no mark against it: another judge takes it.",
            "You have stepped back from %(num)d entries. That is no mark against them: other judges take them.",
            left,
        )
        flash(text, "ok")
    return True


def _step_back(each: Undeclared, now: datetime) -> None:
    reason = request.form.get(f"why-{each.assignment.public_id}", "")
    services.declare_conflict(assignment=each.assignment, reason=reason, actor=me(), now=now)


@bp.route("/cham/<slug>/bai/<public_id>/khai-bao", methods=["GET", "POST"])
@needs("judge")
def impartial(slug: str, public_id: str) -> Any:
    """One entry, before it opens: no conflict of interest, or stepping back."""
    contest = get_contest(slug)
    assignment = get_own_assignment(contest, public_id, me().id, g.now, undeclared=True)
    if not accepted(contest, me().id):
        return redirect(url_for("judging.terms", slug=slug, to=public_id))
    form = ReasonForm()
    choice = request.form.get("say")
    if request.method == "POST" and choice not in {NO_CONFLICT, STEP_BACK}:
        form.form_errors.append(_("Choose one of the two."))
    elif request.method == "POST":
        done = _impartial(slug, public_id, form) if choice == NO_CONFLICT else _declare(slug, public_id, form)
        if done is not None:
            return done
        contest = get_contest(slug)
        assignment = get_own_assignment(contest, public_id, me().id, g.now, undeclared=True)
    elif assignment.impartial_at is not None:
        return redirect(url_for("judging.sheet", slug=slug, public_id=public_id))
    return _one(contest, assignment, form, "judging/impartial.html")


def _impartial(slug: str, public_id: str, form: ReasonForm) -> Response | None:
    try:
        with writing() as now:
            assignment = get_own_assignment(get_contest(slug), public_id, me().id, now, undeclared=True)
            services.declare_impartial(assignment=assignment, actor=me(), now=now)
    except Refused as error:
        form.form_errors.append(say(error))
        return None
    return redirect(url_for("judging.sheet", slug=slug, public_id=public_id), 303)


# Stepping back


@bp.route("/cham/<slug>/bai/<public_id>/xung-dot", methods=["GET", "POST"])
@needs("judge")
def declare(slug: str, public_id: str) -> Any:
    """Stepping back from an entry that is open already: asked once, naming what happens."""
    contest = get_contest(slug)
    assignment = get_own_assignment(contest, public_id, me().id, g.now)
    form = ReasonForm()
    if request.method == "POST":
        done = _declare(slug, public_id, form)
        if done is not None:
            return done
        contest = get_contest(slug)
        assignment = get_own_assignment(contest, public_id, me().id, g.now)
    return _one(contest, assignment, form, "judging/declare.html")


def _declare(slug: str, public_id: str, form: ReasonForm) -> Response | None:
    try:
        with writing() as now:
            contest = get_contest(slug)
            assignment = get_own_assignment(contest, public_id, me().id, now, undeclared=True)
            services.declare_conflict(assignment=assignment, reason=form.reason.data or "", actor=me(), now=now)
            code, round_id = assignment.entry.blind_code, assignment.round
    except Refused as error:
        form.form_errors.append(say(error))
        return None
    flash(
        _("You no longer judge entry %(code)s. That is no mark against it: another judge takes it.", code=code),
        "ok",
    )
    kept = round_id if round_id in rounds_of(contest, me().id, g.now) else None
    return redirect(url_for("judging.bench", slug=slug, round=kept), 303)


def _one(contest: Contest, assignment: Assignment, form: ReasonForm, template: str) -> tuple[str, int]:
    page = _page(
        template,
        contest,
        assignment=assignment,
        round=contest.rules.round(assignment.round),
        entry=blind_entry(assignment.entry_id, assignment.round),
        locked=is_locked(contest, assignment.round, assignment.entry.category),
        said=request.form.get("say", ""),
        form=form,
    )
    return page, 422 if form.errors else 200
