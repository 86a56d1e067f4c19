"""The tour: its clock, its people, their messages. None of it exists outside a demonstration."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contest.accounts.rules import local_path
from contest.accounts.security import sign_in_as
from contest.core import clock, formats
from contest.core.db import writing
from contest.core.errors import NotFound
from contest.core.web import demo_only
from contest.demo import tour_ground
from contest.demo.milestones import CLOSES, ENDS, Happening, Milestone, milestones
from contest.demo.queries import (
    GROUPS,
    contests,
    count_messages,
    figures,
    find_figure,
    messages,
    names_of,
    with_links,
)
from contest.demo.stories import FIRST, SECOND, rule_sets
from contest.demo.tour_ground import Ground
from contest.outbox.models import Message
from contest.outbox.runner import Rendered, render

log = logging.getLogger(__name__)
bp = Blueprint("demo", __name__)
PAGE = 30
_IN_THE_BAR = 2


def ground() -> Ground:
    return tour_ground.ground_of(current_app.config["SETTINGS"], current_app.extensions["files"])


def in_words(milestone: Milestone) -> str:
    """The two things that matter most at a milestone, in the language of the page."""
    return "; ".join(list(dict.fromkeys(label(each) for each in milestone.happenings))[:2])


def label(happening: Happening) -> str:
    """One thing that happens, in the language of the page."""
    words: str = formats.loc(happening.label)
    return str(_(CLOSES)) % {"step": words} if happening.kind == ENDS else words


@bp.app_context_processor
def _bar() -> dict[str, Any]:
    """What base.html's bar asks for; called by the bar alone, so that no other page pays for it."""

    def bar() -> dict[str, Any]:
        return {
            "milestones": milestones(contests(), g.now)[:_IN_THE_BAR],
            "messages": count_messages(g.now),
            "here": request.script_root + request.full_path.rstrip("?") if request.method == "GET" else "",
        }

    return {"demo_bar": bar, "milestone_in_words": in_words, "milestone_label": label}


# The clock


@bp.get("/demo")
@demo_only
def home() -> str:
    return render_template("demo/home.html", milestones=milestones(contests(), g.now), tries=_tries())


def _tries() -> list[tuple[str, str, str]]:
    """What a newcomer may begin with: a sentence, an address, its words."""
    found = {contest.rules.id: contest for contest in contests()}
    tries = []
    first, second = found.get(FIRST), found.get(SECOND)
    people = url_for("demo.people")
    if first is not None:
        tries.append(
            (
                _("Read the finalists and vote. Any invented mobile number will do; the code is in the inbox."),
                url_for("public.finalists", slug=first.slug),
                _("The finalists"),
            )
        )
    if second is not None:
        tries.append(
            (
                _("Write an entry as an author, add a photo, submit it, keep the receipt."),
                url_for("public.contest", slug=second.slug),
                _("The second contest"),
            )
        )
    tries += [
        (_("Receive the entry as the secretary, and look at what the author is told."), people, _("The secretary")),
        (_("Move on to the marking, and mark an entry as a judge: by its code, without a name."), people, _("A judge")),
        (_("Answer as a unit whether a story is true."), people, _("The units")),
        (
            _("Answer a remark on a finalist as the secretary: it has just come in by telephone."),
            people,
            _("The secretary"),
        ),
        (
            _("Look into the calendar: what falls when, in the country, the province and its units."),
            url_for("anniversaries.year"),
            _("The calendar"),
        ),
        (_("Go on with the draft of next season's rules as an organiser."), people, _("An organiser")),
        (
            _("Go to a minute before the results are announced, look for them, then go on."),
            url_for("demo.home"),
            _("The stops"),
        ),
        (
            _("Read them as a reporter the day before, under the embargo; go on until a prize is taken back."),
            people,
            _("The press"),
        ),
    ]
    return tries


@bp.post("/demo/toi")
@demo_only
def advance() -> Response:
    """Move the clock to `to`, an instant with its zone, or on by `hours`. Forward only."""
    target = _target()
    if target is None:
        raise NotFound
    report = tour_ground.move(ground(), target)
    if report is None:
        flash(_("That time is past: the tour's clock only goes forward."), "warn")
        return redirect(url_for("demo.home"), 303)
    return redirect(url_for("demo.report"), 303)


def _target() -> datetime | None:
    if request.form.get("hours") == "1":
        return clock.now() + timedelta(hours=1)
    try:
        target = datetime.fromisoformat(request.form.get("to", ""))
    except ValueError:
        return None
    # The script ends with the second contest; beyond its last year nothing would happen any more.
    known = target.tzinfo is not None and clock.now().year <= target.year <= clock.now().year + 2
    return target if known else None


@bp.get("/demo/da-lam")
@demo_only
def report() -> str:
    found = tour_ground.last_report(ground())
    return render_template(
        "demo/report.html",
        report=found,
        lines=tour_ground.summed(found) if found else [],
        titles={rules.id: rules.title for rules in rule_sets().values()},
        milestones=milestones(contests(), g.now)[:3],
    )


@bp.get("/demo/lam-lai")
@demo_only
def ask_to_start_again() -> str:
    return render_template("demo/start_again.html", start=ground().start)


@bp.post("/demo/lam-lai")
@demo_only
def start_again() -> Response:
    if request.form.get("sure") != "1":
        return redirect(url_for("demo.ask_to_start_again"), 303)
    tour_ground.start_again(ground())
    flash(_("The tour has started again: everything is as it was at its beginning."), "ok")
    return redirect(url_for("demo.home"), 303)


# The people


@bp.get("/demo/nguoi")
@demo_only
def people() -> str:
    return render_template(
        "demo/people.html", groups=GROUPS, figures=figures(), password=tour_ground.PASSWORD, next=_way_back()
    )


def _way_back() -> str:
    return local_path(request.values.get("next")) or ""


@bp.post("/demo/vao")
@demo_only
def sign_in() -> Response:
    """Become one of the demonstration's people with one tap."""
    with writing():
        person = find_figure(request.form.get("person", ""))
        if person is None:
            raise NotFound
        sign_in_as(person, wall=clock.wall())
        name = person.name
    flash(_("You are now %(name)s.", name=name), "ok")
    return redirect(_way_back() or url_for("desk.my_work"), 303)


# The messages


@bp.get("/demo/hop-thu")
@demo_only
def inbox() -> str:
    address = request.args.get("dia-chi", "")[:200]
    page = request.args.get("trang", 1, type=int)
    page = min(max(page, 1), 10_000)
    found = messages(g.now, address, page=page, size=PAGE)
    count = count_messages(g.now, address)
    return render_template(
        "demo/inbox.html",
        messages=[(message, _rendered(message)) for message in found],
        names=names_of(message.address for message in found),
        with_links=with_links,
        address=address,
        page_number=page,
        pages=max(1, -(-count // PAGE)),
        count=count,
    )


def _rendered(message: Message) -> Rendered | None:
    """A message in words; None when its template cannot be rendered, which must not hide the others."""
    try:
        return render(message, base_url=request.host_url)
    except Exception:
        log.exception("message %s (%s) could not be shown", message.id, message.template)
        return None
