"""The timetable of a draft, planned backwards from its announcement."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _

from contest.anniversaries.commemorations import Occurrence
from contest.anniversaries.lunar import FIRST_YEAR, LAST_YEAR
from contest.anniversaries.rules import calendar
from contest.core.db import writing
from contest.core.errors import N_, NotFound, Refused
from contest.core.formats import VIET_NAM, day
from contest.core.typed import typed_day, typed_instant
from contest.core.web import needs, say
from contest.setup import queries, services
from contest.setup.cloning import with_anniversary
from contest.setup.pages import TIMES
from contest.setup.planning import MINIMUMS, NoPlan, earliest_announcement, plan_back
from contest.setup.rules import marks_are_locked_first, plain, with_plan
from contest.setup.views import NO_YEAR, _held, _keys, _me, _page, _today, _typed_version, bp

__all__ = ["bp"]
_MORNING = time(8)


@bp.post("/soan-the-le/<draft_id>/lich")
@needs("drafter")
def plan(draft_id: str) -> Any:
    """Tie the results to an anniversary and plan the timetable backwards from them."""
    try:
        held = _held(request.form.get("day", ""), request.form.get("year", ""))
        at = _announce_at(held)
        ceremony = _ceremony_at(at)
        with writing() as now:
            draft = queries.get_draft(draft_id)
            document = plain(draft.document)
            document = with_anniversary(document, held) if held else document
            keys, locked = _keys(document), marks_are_locked_first(document)
            works, today = calendar().is_working_day, now.astimezone(VIET_NAM).date()
            planned = plan_back(
                at, keys, works, today=today, minimums=_minimums(), locked_before_vote=locked, ceremony=ceremony
            )
            if not planned.fits:
                earliest = earliest_announcement(
                    at, keys, works, today=today, minimums=_minimums(), locked_before_vote=locked
                )
                raise Refused(
                    N_(
                        "Too little time: %(count)s working days are missing before the rules would be issued. "
                        "With these minimums the results can be announced from %(day)s."
                    ),
                    code="too_tight",
                    count=planned.late_by,
                    day=day(earliest.date()),
                )
            document = with_plan(document, planned)
            services.save_draft(draft=draft, version=_typed_version(), document=document, actor=_me(), now=now)
    except (Refused, NoPlan) as error:
        flash(say(error) if isinstance(error, Refused) else _("No timetable can be planned for this day."), "error")
        return _page(queries.get_draft(draft_id), TIMES), 422
    except NotFound:
        abort(404)
    flash(_("The timetable is planned. Look at each step, and at the articles that tell its days."), "ok")
    return redirect(url_for("setup.page", draft_id=draft_id, page_key=TIMES.key), 303)


def _announce_at(held: Occurrence | None) -> datetime:
    """The instant to plan from: a day of its own where one was typed, else the anniversary. Raises Refused."""
    typed, hour = request.form.get("announce_on", "").strip(), request.form.get("announce_hour", "").strip() or "08:00"
    if typed:
        at = typed_instant(typed, hour, "announce_on")
    elif held and held.on:
        at = typed_instant(held.on.isoformat(), hour, "announce_on")
    else:
        typed_day(typed)
        at = datetime.combine(_today(), _MORNING, VIET_NAM)
    if not FIRST_YEAR < at.year <= LAST_YEAR:
        raise Refused(NO_YEAR, code="year", first=str(FIRST_YEAR), last=str(LAST_YEAR))
    return at


def _ceremony_at(announce: datetime) -> datetime | None:
    """When the ceremony begins, where it is held on a day of its own. Raises Refused."""
    typed, hour = request.form.get("ceremony_on", "").strip(), request.form.get("ceremony_hour", "").strip() or "08:00"
    if not typed:
        return None
    at = typed_instant(typed, hour, "ceremony_on")
    if at < announce:
        raise Refused(N_("The ceremony is held at the announcement or after it."), code="ceremony_on")
    return at


def _minimums() -> dict[str, int]:
    """Working days for each step: as typed, between 1 and 250; the usual ones else."""
    found = dict(MINIMUMS)
    for key in found:
        typed = request.form.get(f"minimum-{key}", "").strip()
        if typed.isascii() and typed.isdigit() and len(typed) <= 3 and 1 <= int(typed) <= 250:
            found[key] = int(typed)
    return found
