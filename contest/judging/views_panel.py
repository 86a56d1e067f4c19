"""The panel of a round in a category: who sits where, between which limits, and who has accepted the terms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _

from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.core.db import db
from contest.core.errors import N_, NotFound, Refused
from contest.core.web import needs
from contest.judging import panels, services
from contest.judging.forms import SeatForm
from contest.judging.models import PanelSeat
from contest.judging.rounds import entries_in
from contest.judging.rules import LEADS, RESERVE, SEATS
from contest.judging.terms import TERMS_SHA256, acceptances
from contest.judging.views import bp, me
from contest.judging.views_chair import TABLE, do, frame, person_of

_ROUND = "/ban-to-chuc/<slug>/cham/<round_id>/<category>"
_LIMIT = re.compile(r"\d{1,9}", re.ASCII)


@bp.route(f"{_ROUND}/giam-khao", methods=["GET", "POST"])
@needs(*TABLE)
def panel(slug: str, round_id: str, category: str) -> Any:
    form = SeatForm()
    staff = bool(frame(get_contest(slug), round_id, category)["staff"])
    form.seat.choices = [("", _("as the role says")), *((seat, _(name)) for seat, name in SEATS.items())]
    if request.method == "POST" and do(lambda now: _change(slug, round_id, category, form, now, staff=staff), form):
        return redirect(url_for("judging.panel", slug=slug, round_id=round_id, category=category), 303)
    contest = get_contest(slug)
    page = frame(contest, round_id, category)
    seats = panels.seats(contest, round_id, category)
    seated = {seat.judge_id for seat in seats}
    free = [judge for judge in panels.judges_of(contest) if judge.id not in seated]
    form.judge.choices = [("", _("Choose a judge")), *((judge.public_id, judge.name) for judge in free)]
    text = render_template(
        "judging/panel.html",
        **page,
        seats=seats,
        names=SEATS,
        free=free,
        loads=panels.loads(contest, round_id, category, seen_by=me().id if page["judging"] else None),
        accepted=acceptances(contest),
        balance=balance_of(contest, round_id, category, seats),
        form=form,
        changed=request.form.get("judge", "") if form.errors and request.form.get("act") == "change" else "",
    )
    return text, 422 if form.errors else 200


@dataclass(frozen=True)
class Balance:
    """What the panel has to do beside what its limits allow. `room`: None without an upper limit."""

    entries: int
    sheets: int
    judges: int
    floor: int
    room: int | None
    chair: bool


def balance_of(contest: Contest, round_id: str, category: str, seats: list[PanelSeat]) -> Balance:
    """The sum of the work and of the limits; reserves take none of it by plan."""
    round_ = contest.rules.round(round_id)
    entries = len(entries_in(contest, round_, category))
    planned = [seat for seat in seats if seat.seat != RESERVE]
    rooms = [min(seat.most, entries) if seat.most is not None else entries for seat in planned]
    return Balance(
        entries=entries,
        sheets=entries * round_.judges_per_entry,
        judges=len(planned),
        floor=sum(seat.least or 0 for seat in planned),
        room=sum(rooms) if any(seat.most is not None for seat in planned) else None,
        chair=any(seat.seat == LEADS for seat in seats),
    )


def _limit(text: str | None) -> int | None:
    """A limit as it was typed; None for no limit. Raises Refused."""
    text = (text or "").strip()
    if not text:
        return None
    if not _LIMIT.fullmatch(text):
        raise Refused(N_("A limit is a whole number; leave it empty for none."), code="limit_not_a_number")
    return int(text)


def _change(slug: str, round_id: str, category: str, form: SeatForm, now: datetime, *, staff: bool) -> Any:
    contest = get_contest(slug)
    judge = person_of(contest, form.judge.data)
    act = request.form.get("act")
    if act == "terms":
        if not staff:
            raise NotFound(act)
        services.accept_terms(contest=contest, judge=judge, shown=TERMS_SHA256, actor=me(), now=now)
        return _("It is on record that %(name)s signed the terms of judging on paper.", name=judge.name)
    seats = panels.standing_seats(contest.id, round_id, category).where(PanelSeat.judge_id == judge.id)
    seat = db.session.scalar(seats)
    if act == "end":
        if seat is not None:
            services.end_seat(seat=seat, contest=contest, actor=me(), now=now)
        return _("%(name)s has left the panel. What was marked is kept and counts again on return.", name=judge.name)
    values: dict[str, Any] = {"least": _limit(form.least.data), "most": _limit(form.most.data)}
    if act == "change":
        if seat is None:
            raise Refused(N_("%(name)s does not sit in this panel."), code="not_seated", name=judge.name)
        services.change_seat(
            seat=seat, contest=contest, kind=form.seat.data or seat.seat, actor=me(), now=now, **values
        )
        return _("The seat of %(name)s was changed.", name=judge.name)
    services.seat_judge(
        contest=contest,
        round_id=round_id,
        category=category,
        judge=judge,
        kind=form.seat.data or None,
        actor=me(),
        now=now,
        **values,
    )
    return _("%(name)s sits in the panel.", name=judge.name)
