"""Deadlines of a contest: late passes for one person, and more time for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import StringField, TextAreaField

from contest.contests.models import Contest
from contest.contests.queries import get_contest, holds_any
from contest.contests.rules import ORGANISER
from contest.core.db import writing
from contest.core.errors import N_, Refused
from contest.core.formats import VIET_NAM, local
from contest.core.forms import Form
from contest.core.web import needs, say
from contest.core.web.errors import say_message
from contest.core.windows import Window
from contest.entries import extension, passes
from contest.entries.views import bp, me

_CLOSING_TIME = time(17, 0)


class PassForm(Form):
    """Leave for one person to submit late."""

    address = StringField(_l("E-mail address or telephone number of the account"))
    until = StringField(_l("Last day"))
    until_hour = StringField(_l("Hour"))
    reason = TextAreaField(_l("Reason"))


class ExtensionForm(Form):
    """More time for everybody."""

    closes = StringField(_l("New last day"))
    closes_hour = StringField(_l("Hour"))
    notice = TextAreaField(_l("Why, for everybody to read"))


def typed_instant(day: str | None, hour: str | None) -> datetime:
    """A day (2027-04-05 or 05/04/2027) with an hour, 17:00 when it is left out. Raises Refused."""
    text = (day or "").strip()
    try:
        if "/" in text:
            first, month, year = (int(part) if part.isascii() and part.isdecimal() else 0 for part in text.split("/"))
            on = date(year, month, first)
        else:
            on = date.fromisoformat(text)
        at = time.fromisoformat((hour or "").strip() or f"{_CLOSING_TIME:%H:%M}")
        return datetime.combine(on, at.replace(tzinfo=None), VIET_NAM)
    except (ValueError, OverflowError) as error:
        raise Refused(
            N_("“%(text)s” is not a day and an hour. Write them as 05/04/2027 and 17:00."),
            code="instant",
            text=text[:30],
        ) from error


def _page(
    contest: Contest,
    leave: PassForm | None = None,
    more: ExtensionForm | None = None,
    problems: Sequence[str] = (),
) -> str:
    rules = contest.rules
    return render_template(
        "entries/windows.html",
        contest=contest,
        rules=rules,
        window=rules.window("submission"),
        judging_opens=passes.judging_opens(contest),
        passes=passes.passes_of(contest.id),
        leave=leave or PassForm(formdata=None, until_hour=f"{_CLOSING_TIME:%H:%M}"),
        more=more or ExtensionForm(formdata=None, closes_hour=f"{_CLOSING_TIME:%H:%M}"),
        steps=[(step, _shown(step.key, step.window)) for step in extension.movable_steps(rules)],
        may_extend=holds_any(me().id, contest.slug, {ORGANISER}),
        extension=extension.find_extension(contest),
        problems=problems,
    )


def _shown(key: str, window: Window | None) -> dict[str, str]:
    """The four inputs of a step: as typed, or as the timetable has it."""
    if window is None:
        return {}
    kept = {}
    for name, at in (("opens", window.opens), ("closes", window.closes)):
        kept[f"{key}-{name}"] = request.form.get(f"{key}-{name}", f"{local(at):%Y-%m-%d}")[:20]
        kept[f"{key}-{name}-hour"] = request.form.get(f"{key}-{name}-hour", f"{local(at):%H:%M}")[:10]
    return kept


@bp.get("/ban-to-chuc/<slug>/thoi-han")
@needs("secretary", "organiser")
def windows(slug: str) -> str:
    return _page(get_contest(slug))


@bp.post("/ban-to-chuc/<slug>/thoi-han/nop-muon")
@needs("secretary", "organiser")
def grant_pass(slug: str) -> Any:
    form = PassForm()
    try:
        until = typed_instant(form.until.data, form.until_hour.data)
        with writing() as now:
            leave = passes.grant_pass(
                contest=get_contest(slug),
                address=(form.address.data or "")[:320],
                until=until,
                reason=form.reason.data or "",
                actor=me(),
                now=now,
            )
            name = leave.user.name
    except Refused as error:
        form.form_errors.append(say(error))
        return _page(get_contest(slug), leave=form), 422
    flash(_("%(name)s may submit late, and has been told.", name=name), "ok")
    return redirect(url_for("entries.windows", slug=slug), 303)


@bp.post("/ban-to-chuc/<slug>/thoi-han/nop-muon/<int:pass_id>/thu-hoi")
@needs("secretary", "organiser")
def end_pass(slug: str, pass_id: int) -> Response:
    try:
        with writing() as now:
            passes.end_pass(contest=get_contest(slug), pass_id=pass_id, actor=me(), now=now)
    except Refused as error:
        flash(say(error), "error")
    else:
        flash(_("The leave has been ended, and the person told."), "ok")
    return redirect(url_for("entries.windows", slug=slug), 303)


@bp.post("/ban-to-chuc/<slug>/thoi-han/gia-han")
@needs("organiser")
def extend(slug: str) -> Any:
    form = ExtensionForm()
    try:
        closes = typed_instant(form.closes.data, form.closes_hour.data)
        with writing() as now:
            contest = get_contest(slug)
            extension.extend_submission(
                contest=contest,
                closes=closes,
                moved=_moved(contest),
                notice=form.notice.data or "",
                actor=me(),
                now=now,
            )
    except Refused as error:
        form.form_errors.append(say(error))
        problems = [say_message(*each) for each in getattr(error, "problems", ())]
        return _page(get_contest(slug), more=form, problems=problems), 422
    flash(_("The time for entries is extended; everybody with a draft is told."), "ok")
    return redirect(url_for("entries.windows", slug=slug), 303)


def _moved(contest: Contest) -> dict[str, Window]:
    """Other windows, as far as they were changed in the form."""
    moved: dict[str, Window] = {}
    for step in extension.movable_steps(contest.rules):
        typed = _shown(step.key, step.window)
        opens, closes = (
            typed_instant(typed[f"{step.key}-{name}"], typed[f"{step.key}-{name}-hour"]) for name in ("opens", "closes")
        )
        if step.window is not None and (opens, closes) != (
            step.window.opens.replace(second=0, microsecond=0),
            step.window.closes.replace(second=0, microsecond=0),
        ):
            if opens >= closes:
                raise Refused(N_("“%(step)s” must begin before it ends."), code="order", step=step.label)
            moved[step.key] = Window(opens, closes)
    return moved
