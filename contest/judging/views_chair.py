"""The jury's table: panels, assignment, progress, gaps, closing. Figures for the head of jury alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from flask import flash, render_template, request
from sqlalchemy import select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import CHAIR, JUDGE
from contest.core.db import db, writing
from contest.core.errors import N_, NotFound, Refused
from contest.core.web import needs, say
from contest.core.web.errors import say_message
from contest.entries.models import Entry
from contest.entries.queries import counts_by_state, entry_by_code
from contest.judging import panels
from contest.judging.forms import whole_number
from contest.judging.overview import overview
from contest.judging.queries import is_locked
from contest.judging.rounds import entry_state
from contest.judging.rules import RefusedList
from contest.judging.sight import WHAT, matrix
from contest.judging.table import FLAGS, SORTS, Line, Table, judge_rows
from contest.judging.views import bp, me, my_roles

TABLE = ("chair", "secretary", "organiser")
A_PAGE = 50
_ROUND = "/ban-to-chuc/<slug>/cham/<round_id>/<category>"
Act = Callable[[datetime], Any]


def frame(contest: Contest, round_id: str, category: str) -> dict[str, Any]:
    """What every page of the jury's table shows. Raises NotFound for a place that does not exist."""
    rules = contest.rules
    return {
        **who(contest),
        "rules": rules,
        "round": rules.round(round_id),
        "category": rules.category(category),
        "window": rules.window(round_id),
        "locked": is_locked(contest, round_id, category),
        "is_last": rules.last_round.id == round_id,
    }


def who(contest: Contest) -> dict[str, Any]:
    """What whoever asks may do here: `chair` heads the jury, `judging` marks, `staff` sees authors."""
    roles = my_roles(contest)
    judging = bool(roles & {CHAIR, JUDGE})
    return {"contest": contest, "chair": CHAIR in roles, "judging": judging, "staff": not judging}


def do(act: Act, form: Any = None) -> bool:
    """Carry out an act in one transaction; flash the sentence that it gives, or say why it was refused."""
    try:
        with writing() as now:
            message = act(now)
    except Refused as error:
        lines = [say(error)]
        if isinstance(error, RefusedList):
            lines += [say_message(*problem) for problem in error.problems]
        if form is not None:
            form.form_errors.extend(lines)
        else:
            for line in lines:
                flash(line, "error")
        return False
    flash(message, "ok")
    return True


@bp.get("/ban-to-chuc/<slug>/cham")
@needs(*TABLE)
def chair(slug: str) -> str:
    contest = get_contest(slug)
    page = who(contest)
    return render_template(
        "judging/chair.html",
        **page,
        rules=contest.rules,
        cells=overview(contest, me().id if page["chair"] else None),
        judges=len(panels.judges_of(contest)),
        sight=matrix(contest.rules),
        what=WHAT,
    )


@bp.get(_ROUND, endpoint="round")
@needs(*TABLE)
def round_page(slug: str, round_id: str, category: str) -> str:
    contest = get_contest(slug)
    page = frame(contest, round_id, category)
    wanted = _wanted(chair=page["chair"])
    table = Table(contest, round_id, category, me().id, chair=page["chair"])
    plain_list = wanted.sort == "code" and not wanted.down and not wanted.show
    if plain_list:
        # Which entries the page shows is known before anything is worked out: one reading for all of it.
        some = [entry for entry in table.entries if wanted.code in entry.code]
        table.states(some[(wanted.number - 1) * A_PAGE : wanted.number * A_PAGE])
    every = table.lines()
    chosen = [line for line in every if wanted.code in line.entry.code and wanted.show in ("", line.flag)]
    chosen = table.sorted(chosen, wanted.sort, down=wanted.down)
    last = max(1, -(-len(chosen) // A_PAGE))
    number = min(wanted.number, last)
    seated = {judge.id: judge.name for judge in panels.panel(contest, round_id, category)}
    judges = judge_rows(every, {**seated, **_others(every, seated)}, me().id)
    totals = [total for judge in judges for total in judge.totals]
    return render_template(
        "judging/round.html",
        **page,
        rows=table.rows(chosen[(number - 1) * A_PAGE : number * A_PAGE]),
        every=len(every),
        chosen=len(chosen),
        first=(number - 1) * A_PAGE + 1,
        number=number,
        last=last,
        flagged=table.counts(every),
        wanted=wanted,
        seen=[line for line in every if not line.hidden],
        judges=judges,
        middle=sum(totals) / len(totals) / 100 if totals else None,
        still_screened=_still_screened(contest, category),
    )


class Wanted(NamedTuple):
    """What of the list is asked for, as the address says it."""

    show: str
    sort: str
    down: bool
    code: str
    number: int


def _wanted(*, chair: bool) -> Wanted:
    """Raises NotFound for a list that does not exist; figures order the list of a head of jury alone."""
    show = request.args.get("show", "")
    sort, _colon, way = request.args.get("sap-xep", "code").partition(":")
    allowed = SORTS if chair else ("code", "progress")
    if (show and show not in FLAGS) or sort not in allowed or way not in ("", "down"):
        raise NotFound(show or sort)
    code = request.args.get("ma", "").strip().upper()[:20]
    return Wanted(show, sort, way == "down", code, max(1, whole_number(request.args.get("trang"), 1)))


def _others(lines: Sequence[Line], seated: Mapping[int, str]) -> dict[int, str]:
    """Names of those who hold entries without a seat in the panel."""
    ids = {held.judge_id for line in lines for held in line.entry.held} - seated.keys()
    if not ids:
        return {}
    return dict(
        db.session.execute(select(User.id, User.name).where(User.id.in_(ids)).order_by(User.name, User.id)).all()
    )


def _still_screened(contest: Contest, category: str) -> int:
    """Entries on which the secretariat has not decided: they do not take part in a round that closes now."""
    counts = counts_by_state(contest.id, category)
    return sum(counts.get(state, 0) for state in ("submitted", "received", "completion_requested"))


# One entry


def person_of(contest: Contest, public_id: str | None) -> User:
    """A judge of the contest by the id in a form. Raises Refused."""
    for judge in panels.judges_of(contest):
        if judge.public_id == public_id:
            return judge
    raise Refused(N_("Choose a judge."), code="judge_missing")


def entry_of(contest: Contest, round_id: str, category: str, code: str) -> Entry:
    """The entry with this code, while it takes part in the round. Raises NotFound."""
    entry = entry_by_code(contest.id, code)
    if entry is None or entry.category != category or entry_state(entry, round_id) is None:
        raise NotFound(code)
    return entry
