"""The rolls of units: organisers write those of all units, an officer that of theirs.

A list is looked at first, and its contacts go back to the browser that sent them, to be read and
corrected; on this side nothing of them is kept but tags, once they are confirmed.
"""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import get_contest, get_issued_contest
from contest.contests.rules import OFFICER, ORGANISER
from contest.core.db import writing
from contest.core.errors import N_, NotFound, Refused
from contest.core.formats import local
from contest.core.web import limiter, needs, say
from contest.units.models import Unit
from contest.units.queries import get_unit, units_on
from contest.voting import roll
from contest.voting.views import bp

ACTS = (roll.ADD, roll.REPLACE, roll.REMOVE)


@bp.route("/ban-to-chuc/<slug>/binh-chon/danh-sach", methods=["GET", "POST"], endpoint="roll")
@needs(ORGANISER)
@limiter.limit("60 per minute", methods=["POST"])
def organisers_roll(slug: str) -> Any:
    """All rolls of a contest, and a form to change one of them."""
    contest = get_contest(slug)
    if not contest.rules.voting.enabled:
        raise NotFound(slug)
    return _page(contest, None)


@bp.route("/don-vi/<code>/binh-chon/<slug>/danh-sach", methods=["GET", "POST"])
@needs(OFFICER)
@limiter.limit("60 per minute", methods=["POST"])
def unit_roll(code: str, slug: str) -> Any:
    """The roll of one unit."""
    contest = get_issued_contest(slug, g.now)
    if not contest.rules.voting.enabled or contest.rules.voting.identity != roll.IDENTITY:
        raise NotFound(slug)
    return _page(contest, get_unit(code))


def _page(contest: Contest, unit: Unit | None) -> Any:
    officer = unit is not None
    typed = {"act": request.form.get("act", roll.ADD), "lines": request.form.get("lines", "")}
    error, reading, seen = "", None, None
    chosen = unit
    if request.method == "POST":
        try:
            if typed["act"] not in ACTS:
                raise Refused(N_("Choose what is to be done with the list."), code="act")
            chosen = unit or _chosen_unit()
            roll.must_be_changeable(contest, typed["act"], officer=officer, now=g.now)
            reading = _sent()
            if request.form.get("step") == "save":
                return _save(contest.slug, chosen.code, reading, typed["act"], officer)
            if not reading.contacts and not reading.bad:
                raise Refused(N_("Choose a file, or paste the list."), code="empty")
            seen = _outlook(contest.slug, chosen.code, reading, typed["act"])
            typed["lines"] = "\n".join(reading.lines)
        except Refused as refused:
            error, reading = say(refused), None
    page = render_template(
        "voting/roll.html",
        contest=contest,
        rules=contest.rules,
        unit=unit,
        chosen=chosen,
        officer=officer,
        asked=contest.rules.voting.identity == roll.IDENTITY,
        window=contest.rules.window("voting"),
        counts=[] if officer else roll.counts(contest.id),
        standing=roll.count_of(contest.id, unit.id) if unit else 0,
        units=[] if officer else units_on(local(g.now).date()),
        typed=typed,
        reading=reading,
        seen=seen,
        error=error,
        most=roll.MOST_LINES,
    )
    return page, 422 if error else 200


def _chosen_unit() -> Unit:
    try:
        return get_unit(request.form.get("unit", ""))
    except NotFound:
        raise Refused(N_("Choose the unit whose roll this is."), code="unit") from None


def _sent() -> roll.Reading:
    """The list that was sent: a file when there is one, else the pasted lines. Raises Refused."""
    sent = request.files.get("list")
    if sent is not None and sent.filename:
        return roll.read_file(sent.stream.read(roll.MOST_BYTES + 1), sent.filename)
    return roll.read_pasted(request.form.get("lines", ""))


def _outlook(slug: str, code: str, reading: roll.Reading, act: str) -> roll.Outlook:
    with writing():  # the contest's key is made when it is first needed
        return roll.outlook(get_contest(slug), get_unit(code), reading, act)


def _save(slug: str, code: str, reading: roll.Reading, act: str, officer: bool) -> Any:
    actor: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    with writing() as now:
        done = roll.change_roll(
            contest=get_contest(slug),
            unit=get_unit(code),
            reading=reading,
            act=act,
            actor=actor,
            officer=officer,
            now=now,
        )
    flash(_("The roll has been changed: %(new)s added, %(gone)s taken off.", new=done.new, gone=done.gone), "ok")
    target = url_for("voting.unit_roll", code=code, slug=slug) if officer else url_for("voting.roll", slug=slug)
    return redirect(target, 303)
