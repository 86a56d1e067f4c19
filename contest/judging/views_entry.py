"""One entry at the jury's table: its sheets, how its total is computed, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from contest.accounts.models import User
from contest.contests.queries import get_contest
from contest.core.db import db
from contest.core.errors import N_, NotFound, Refused
from contest.core.web import needs
from contest.entries.blind import blind_entry
from contest.entries.models import Entry
from contest.judging import panels, services
from contest.judging.assignment import possible_judges
from contest.judging.conflicts import conflicts_among
from contest.judging.forms import ReasonForm, whole_number
from contest.judging.models import Assignment, ConflictOfInterest, SheetReopening, Waiver
from contest.judging.rounds import entry_state
from contest.judging.rules import BY_CHAIR, CONFLICTS, DECLARED
from contest.judging.sheets import read_mark
from contest.judging.table import Row, rows_for, told
from contest.judging.views import bp, me
from contest.judging.views_chair import TABLE, do, entry_of, frame, person_of, who
from contest.judging.waivers import lift, spare, waive, waived_in

_ROUND = "/ban-to-chuc/<slug>/cham/<round_id>/<category>"


@bp.route(f"{_ROUND}/bai/<code>", methods=["GET", "POST"])
@needs(*TABLE)
def entry(slug: str, round_id: str, category: str, code: str) -> Any:
    contest = get_contest(slug)
    frame(contest, round_id, category)
    entry_of(contest, round_id, category, code)
    form = ReasonForm()
    here: dict[str, Any] = {"slug": slug, "round_id": round_id, "category": category, "code": code}
    if request.method == "POST" and do(lambda now: _change_entry(form, here, now), form):
        return redirect(url_for("judging.entry", **here), 303)
    return _entry_page(here, form), 422 if form.errors else 200


def _entry_page(here: dict[str, Any], form: ReasonForm) -> str:
    contest = get_contest(here["slug"])
    page = frame(contest, here["round_id"], here["category"])
    found = entry_of(contest, here["round_id"], here["category"], here["code"])
    state = entry_state(found, here["round_id"])
    if state is None:
        raise NotFound(here["code"])
    [row] = rows_for(contest, [state], me().id, chair=page["chair"])
    seated = panels.panel(contest, here["round_id"], here["category"])
    names = {given.judge: given.judge_name for given in state.given}
    return render_template(
        "judging/entry.html",
        **page,
        here=here,
        row=row,
        state=state,
        steps=told(state.result.steps, names),
        possible=[] if row.hidden else possible_judges(found, here["round_id"]),
        seated=seated,
        conflicts=_conflicts(found, row, seated, with_facts=page["staff"]),
        # The head of jury reads it as judges do; the secretariat has it on pages of its own.
        text=blind_entry(found.id, here["round_id"]) if page["chair"] and row.hidden != "conflict" else None,
        reopened=_reopened([given.sheet_id for given in state.given]) if row.shown or not row.hidden else {},
        passed=[] if row.hidden else waived_in(contest, here["round_id"], here["category"], Entry.id == found.id),
        spare=spare(state, page["round"]),
        decided_by=_name(state.decision.by_id) if state.decision and row.shown else "",
        me_id=me().id,
        form=form,
        act=request.form.get("act", ""),
        typed=request.form,
    )


def _name(person_id: int) -> str:
    return db.session.scalar(select(User.name).where(User.id == person_id)) or ""


def _reopened(sheet_ids: list[int | None]) -> dict[int, list[SheetReopening]]:
    """Why final sheets were opened again by the head of jury, by sheet; what judges took back themselves is theirs."""
    found: dict[int, list[SheetReopening]] = {}
    for each in db.session.scalars(
        select(SheetReopening)
        .where(SheetReopening.sheet_id.in_([id_ for id_ in sheet_ids if id_]), SheetReopening.kind == "unlock")
        .order_by(SheetReopening.id)
    ):
        found.setdefault(each.sheet_id, []).append(each)
    return found


def _conflicts(
    entry: Entry, row: Row, seated: list[User], *, with_facts: bool
) -> list[tuple[User, list[str], ConflictOfInterest | None]]:
    """Who must not mark the entry, and why: (judge, reasons in words, the record that can be lifted).

    A fact such as "the author's unit" is told to the secretariat alone; whoever judges reads only
    that there is a conflict. Their own is not shown to a head of jury in conflict.
    """
    if row.hidden:
        return []
    found = conflicts_among(entry.contest_id, Entry.id == entry.id)
    people = {judge.id: judge for judge in (*panels.judges_of(entry.contest), *seated)}
    recorded = db.session.scalars(
        select(ConflictOfInterest).where(
            ConflictOfInterest.entry_id == entry.id, ConflictOfInterest.lifted_at.is_(None)
        )
    ).all()
    shown = []
    for (_entry_id, judge_id), sources in sorted(found.items()):
        if judge_id not in people:
            continue
        told_ = sorted(source for source in sources if with_facts or source in (DECLARED, BY_CHAIR))
        words = [CONFLICTS[source] for source in told_] or [N_("Conflict of interest")]
        row_ = next((each for each in recorded if each.judge_id == judge_id and each.source == BY_CHAIR), None)
        shown.append((people[judge_id], words, row_))
    return shown


# Acts


@dataclass(frozen=True)
class _Act:
    """An act asked for on the page of an entry."""

    entry: Entry
    round_id: str
    reason: str
    now: datetime

    @property
    def code(self) -> str:
        return self.entry.blind_code or ""

    def common(self) -> dict[str, Any]:
        return {"entry": self.entry, "round_id": self.round_id, "actor": me(), "now": self.now}

    def check_not_hidden(self) -> Row:
        """Raises NotFound where the page shows nothing: the answer to an act would tell what it hides."""
        row = _row(self.entry, self.round_id)
        if row.hidden:
            raise NotFound(self.code)
        return row

    def judge(self) -> User:
        return person_of(self.entry.contest, request.form.get("judge"))


def _change_entry(form: ReasonForm, here: dict[str, Any], now: datetime) -> Any:
    contest = get_contest(here["slug"])
    found = entry_of(contest, here["round_id"], here["category"], here["code"])
    act = ACTS.get(request.form.get("act", ""))
    if act is None:
        raise NotFound(request.form.get("act"))
    return act(_Act(found, here["round_id"], form.reason.data or "", now))


def _assign(act: _Act) -> Any:
    judge = act.judge()
    services.assign_one(judge=judge, **act.common())
    return _("Entry %(code)s was given to %(name)s.", code=act.code, name=judge.name)


def _record_conflict(act: _Act) -> Any:
    judge = act.judge()
    services.record_conflict(entry=act.entry, judge=judge, reason=act.reason, actor=me(), now=act.now)
    return _("%(name)s does not judge entry %(code)s.", code=act.code, name=judge.name)


def _lift_conflict(act: _Act) -> Any:
    judge = act.judge()
    for _judge, _words, conflict in _conflicts(act.entry, _row(act.entry, act.round_id), [], with_facts=False):
        if conflict is not None and conflict.judge_id == judge.id:
            services.lift_conflict(conflict=conflict, actor=me(), now=act.now)
    return _("The record against %(name)s was lifted.", name=judge.name)


def _settle(act: _Act) -> Any:
    seen = request.form.get("seen")
    services.settle_gap(note=act.reason, seen=None if seen is None else _seen(), **act.common())
    return _("The gap of entry %(code)s is settled.", code=act.code)


def _decide(act: _Act) -> Any:
    act.check_not_hidden()
    try:
        total = read_mark(request.form.get("total", ""))
    except ValueError:
        total = None
    if total is None:
        raise Refused(N_("Type the total as a number, such as 84,5."), code="total_missing")
    services.decide_gap(total=total, reason=act.reason, seen=_seen(), **act.common())
    return _("The total of entry %(code)s is decided.", code=act.code)


def _set_aside(act: _Act) -> Any:
    services.set_aside(reason=act.reason, **act.common())
    return _("Entry %(code)s is set aside.", code=act.code)


def _unlock(act: _Act) -> Any:
    """Open a final sheet of this entry again; of what the page hides there is nothing to open."""
    row = act.check_not_hidden()
    given = next((each for each in row.state.given if each.public_id == request.form.get("sheet")), None)
    if given is None:
        raise NotFound(request.form.get("sheet"))
    services.unlock(
        assignment=db.session.get_one(Assignment, given.id), reason=act.reason, actor=me(), now=act.now
    )  # fmt: skip
    return _("The sheet of %(name)s is open again.", name=given.judge_name)


def _waive(act: _Act) -> Any:
    row = act.check_not_hidden()
    public_id = request.form.get("judge")
    given = next((each for each in row.state.given if each.judge == public_id), None)
    if public_id and given is None:
        raise NotFound(public_id)
    judge = db.session.get_one(User, given.judge_id) if given else None
    waive(what=request.form.get("what", ""), judge=judge, reason=act.reason, **act.common())
    return _("Let pass, for entry %(code)s. It stands in the minutes.", code=act.code)


def _lift_waiver(act: _Act) -> Any:
    act.check_not_hidden()
    number = whole_number(request.form.get("waiver"), -1)
    mine = waived_in(act.entry.contest, act.round_id, act.entry.category, Entry.id == act.entry.id)
    if number not in {each.id for each in mine}:
        raise NotFound(str(number))
    lift(waiver=db.session.get_one(Waiver, number), actor=me(), now=act.now)
    return _("It is no longer let pass.")


ACTS: dict[str, Callable[[_Act], Any]] = {
    "assign": _assign,
    "conflict": _record_conflict,
    "lift": _lift_conflict,
    "settle": _settle,
    "decide": _decide,
    "aside": _set_aside,
    "unlock": _unlock,
    "waive": _waive,
    "demand": _lift_waiver,
}


def _row(found: Entry, round_id: str) -> Row:
    state = entry_state(found, round_id)
    if state is None:
        raise NotFound(found.public_id)
    return rows_for(found.contest, [state], me().id, chair=who(found.contest)["chair"])[0]


def _seen() -> dict[str, int]:
    """The revisions that the page showed, written "sheet:number sheet:number"."""
    pairs = [pair.partition(":") for pair in request.form.get("seen", "").split()]
    return {sheet: whole_number(number) for sheet, _colon, number in pairs}
