"""Prizes beside the ranking: whom the committee chooses, whom dates of birth give, and what the budget bears."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import ORGANISER
from contest.contests.ruleset import Prize
from contest.core.db import writing
from contest.core.errors import Refused
from contest.core.formats import loc
from contest.core.web import needs, say
from contest.results.beside_sources import standing_choices, unit_figures
from contest.results.choices import choose_entry, choose_unit, lift_choice
from contest.results.forms_prizes import ChoiceForm
from contest.results.honours import Honours, honours_of
from contest.results.queries import find_standing, is_announced
from contest.results.rules import beside_prizes, is_by_age
from contest.results.views import bp

Page = str | tuple[str, int] | Response
MOST_UNITS = 60


class Line(NamedTuple):
    """A prize in the list of the budget: how many there are, given and not given, and what they come to."""

    prize: Prize
    given: int
    not_given: int

    @property
    def amount(self) -> int:
        return self.given * self.prize.amount_vnd


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


def _lines(contest: Contest, honours: Honours | None) -> list[Line]:
    given: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    if honours is not None:
        given.update(each.award.prize_id for each in honours.laurels)
        given.update(each.award.prize_id for rung in honours.units for each in rung.laurels)
        for each in honours.result_set.report["withheld"]:
            kept[each["prize"]] += each["seats"]
    return [Line(prize, given[prize.id], kept[prize.id]) for prize in contest.rules.prizes]


def _form(contest: Contest) -> ChoiceForm:
    form = ChoiceForm()
    form.prize.choices = [(prize.id, loc(prize.name)) for prize in beside_prizes(contest.rules)]
    return form


def _page(contest: Contest, form: ChoiceForm | None = None) -> str:
    result_set = find_standing(contest.id)
    honours = honours_of(contest, result_set, g.now) if result_set else None
    prizes = beside_prizes(contest.rules)
    return render_template(
        "results/beside.html",
        contest=contest,
        rules=contest.rules,
        prizes=prizes,
        by_age={prize.id for prize in prizes if is_by_age(prize)},
        choices=standing_choices(contest.id),
        dropped={(each["prize"], each["code"]) for each in result_set.report.get("dropped", ())} if result_set else (),
        result_set=result_set,
        honours=honours,
        lines=_lines(contest, honours),
        figures=unit_figures(contest)[:MOST_UNITS] if any(prize.to == "unit" for prize in prizes) else [],
        form=form or _form(contest),
        announced=is_announced(contest.id, g.now),
    )


@bp.get("/ban-to-chuc/<slug>/ket-qua/giai-khac")
@needs(ORGANISER)
def beside(slug: str) -> str:
    """Prizes beside the ranking, and the money of all prizes."""
    return _page(get_contest(slug))


@bp.post("/ban-to-chuc/<slug>/ket-qua/giai-khac")
@needs(ORGANISER)
def choose(slug: str) -> Page:
    """Choose an entry or a unit for a prize."""
    form = _form(get_contest(slug))
    if form.validate_on_submit():
        try:
            with writing() as now:
                contest = get_contest(slug)
                prize = contest.rules.find_prize(form.prize.data)
                act = choose_unit if prize is not None and prize.to == "unit" else choose_entry
                act(
                    contest=contest,
                    prize_id=form.prize.data,
                    code=form.code.data or "",
                    why=form.why.data or "",
                    actor=_me(),
                    now=now,
                )
        except Refused as error:
            form.form_errors.append(say(error))
        else:
            flash(_("Recorded. Compute the results again so that it takes effect."), "ok")
            return redirect(url_for("results.beside", slug=slug), 303)
    return _page(get_contest(slug), form), 422


@bp.post("/ban-to-chuc/<slug>/ket-qua/giai-khac/bo")
@needs(ORGANISER)
def unchoose(slug: str) -> Page:
    """Take back a choice."""
    typed = request.form.get("choice", "")
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 16 else 0
    try:
        with writing() as now:
            lift_choice(contest=get_contest(slug), choice_id=number, actor=_me(), now=now)
    except Refused as error:
        flash(say(error), "error")
    else:
        flash(_("Lifted. Compute the results again so that it takes effect."), "ok")
    return redirect(url_for("results.beside", slug=slug), 303)
