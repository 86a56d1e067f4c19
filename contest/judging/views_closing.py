"""Closing a round: what is in the way, worked down from one page; then the one act that locks it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import or_, select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.core.db import db
from contest.core.errors import N_, NotFound, Refused
from contest.core.web import needs
from contest.entries.models import Entry
from contest.entries.queries import entry_by_code
from contest.judging import services
from contest.judging.closing_check import (
    KINDS,
    ClosingCheck,
    Item,
    count_kinds,
    items_for,
    late_judges,
    look_at_closing,
)
from contest.judging.conflicts import conflicts_among
from contest.judging.forms import ReasonForm, whole_number
from contest.judging.locks import find_closing
from contest.judging.models import PanelSeat, Waiver
from contest.judging.outlooks import in_full
from contest.judging.panels import appointed, panel
from contest.judging.reminders import owed, remind, reminded_today
from contest.judging.rounds import entries_in, in_round
from contest.judging.scoring import Words
from contest.judging.sheets import read_mark
from contest.judging.views import bp, me
from contest.judging.views_chair import do, frame
from contest.judging.waivers import lift, waive, waived_in

A_PAGE = 25


@dataclass(frozen=True)
class Late:
    """A judge who owes sheets: `here` in this category, `owed` in the whole round. `own`: whoever asks."""

    public_id: str
    name: str
    here: int
    owed: int
    reminded: datetime | None
    own: bool


def partial_entries(contest: Contest, round_id: str, category: str) -> frozenset[int]:
    """Entries of the round with which whoever asks has a conflict of interest."""
    where = in_round(contest, contest.rules.round(round_id), category)
    return frozenset(entry_id for entry_id, _judge in conflicts_among(contest.id, *where, judges=[me().id]))


@bp.route("/ban-to-chuc/<slug>/cham/<round_id>/<category>/khoa-diem", methods=["GET", "POST"])
@needs("chair")
def close(slug: str, round_id: str, category: str) -> Any:
    """What keeps the round open, by kind; each thing with what can be done about it. Then: close."""
    form = ReasonForm()
    here: dict[str, Any] = {"slug": slug, "round_id": round_id, "category": category}
    if request.method == "POST":
        frame(get_contest(slug), round_id, category)
    if request.method == "POST" and do(lambda now: _act(here, form, now), form):
        if request.form.get("act") == "close":
            return redirect(url_for("judging.round", **here), 303)
        kept: dict[str, Any] = {name: request.args[name] for name in ("loai", "trang") if name in request.args}
        return redirect(url_for("judging.close", **here, **kept), 303)
    page = render_template("judging/close.html", **_page(here), form=form, typed=request.form if form.errors else {})
    return page, 422 if form.errors else 200


def _page(here: dict[str, Any]) -> dict[str, Any]:
    contest = get_contest(here["slug"])
    round_id, category = here["round_id"], here["category"]
    kind = request.args.get("loai", "")
    if kind and kind not in KINDS:
        raise NotFound(kind)
    table = frame(contest, round_id, category)
    closing = find_closing(contest.id, round_id, category) if table["locked"] else None
    check = look_at_closing(contest, round_id, category)
    partial = frozenset(entry_id for entry_id, judge_id in check.conflicts if judge_id == me().id)
    items = [] if closing else items_for(check, me().id)
    counts = count_kinds(items)
    kind = kind if kind in counts else next(iter(counts), "")
    chosen = [item for item in items if item.kind == kind]
    behind = _behind(check, partial) if not items else []
    last = max(0, (len(chosen or behind) - 1) // A_PAGE)
    number = min(max(0, whole_number(request.args.get("trang"), 1) - 1), last)
    page = slice(number * A_PAGE, (number + 1) * A_PAGE)
    full = in_full(contest, round_id, category, [item.entry.id for item in chosen[page]])
    shown = [item for item in chosen[page] if item.entry.id in full]  # one may have fallen out a moment ago
    advancing = check.shortlist.advancing if check.shortlist and not items else ()
    named = [*advancing, *(public_id for public_id, _words in behind[page])]
    return {
        **table,
        "here": here,
        "check": check,
        "closing": closing,
        "partial": partial,
        "items": items,
        "counts": counts,
        "kind": kind,
        "shown": shown,
        "full": full,
        "behind": behind[page],
        "titles": _titles(contest, round_id, category, [check.entry(public_id).id for public_id in named]),
        "first": number * A_PAGE + 1,
        "total": len(chosen or behind),
        "number": number + 1,
        "last": last + 1,
        "late": [] if closing else _late(contest, round_id, check),
        "choices": _choices(contest, round_id, category, check, shown),
        "passed": [each for each in waived_in(contest, round_id, category) if each.entry_id not in partial],
        "tied": check.tied_at_line(),
        "me_id": me().id,
    }


def _behind(check: ClosingCheck, partial: Collection[int]) -> list[tuple[str, Words | None]]:
    """Who does not advance and why, best first; last, by their ids, those of whom this person sees nothing."""
    if check.shortlist is None:
        return []
    why_not = check.shortlist.why_not
    hidden = {public_id for public_id in why_not if check.entry(public_id).id in partial}
    shown: list[tuple[str, Words | None]] = [(each, words) for each, words in why_not.items() if each not in hidden]
    return shown + [(each, None) for each in sorted(hidden)]


def _titles(contest: Contest, round_id: str, category: str, entries: Collection[int]) -> dict[int, str]:
    """The titles of these entries as judges read them, by id."""
    rows = entries_in(contest, contest.rules.round(round_id), category, Entry.id.in_(entries)) if entries else ()
    return {entry.id: entry.title for entry in rows}


def _late(contest: Contest, round_id: str, check: ClosingCheck) -> list[Late]:
    """Who owes sheets, most first."""
    counts, everywhere = late_judges(check), owed(contest, round_id)
    today = reminded_today(contest, g.now)
    names = {item.given.judge_id: item.given for item in check.items if item.given is not None}
    rows = [
        Late(
            names[judge_id].judge,
            names[judge_id].judge_name,
            count,
            everywhere.get(judge_id, 0),
            today.get(names[judge_id].judge),
            judge_id == me().id,
        )
        for judge_id, count in counts.items()
    ]
    return sorted(rows, key=lambda row: (-row.here, row.name))


def _choices(
    contest: Contest, round_id: str, category: str, check: ClosingCheck, items: Sequence[Item]
) -> dict[int, list[User]]:
    """Who can be given each of these entries: in the panel, without it, without a conflict. By entry's id."""
    wanted = {item.entry.id: item.entry for item in items if {"replace", "assign"} & set(item.acts)}
    judges = panel(contest, round_id, category) if wanted else []
    found = {}
    for entry in wanted.values():
        barred = {given.judge_id for given in entry.holders}
        found[entry.id] = [
            judge for judge in judges if judge.id not in barred and (entry.id, judge.id) not in check.conflicts
        ]
    return found


# Acts


def _entry(contest: Contest, category: str) -> Entry:
    found = entry_by_code(contest.id, request.form.get("code", ""))
    if found is None or found.category != category:
        raise NotFound(request.form.get("code"))
    return found


def _judge(contest: Contest, name: str = "judge") -> User:
    """Who judges or sat in a panel, by the id in the form. Raises Refused."""
    public_id = request.form.get(name, "")
    seated = select(PanelSeat.judge_id).where(PanelSeat.contest_id == contest.id)
    query = select(User).where(
        User.public_id == public_id, or_(User.id.in_(appointed(contest.id)), User.id.in_(seated))
    )
    found = db.session.scalar(query) if public_id.isalnum() else None
    if found is None:
        raise Refused(N_("Choose a judge."), code="judge_missing")
    return found


def _act(here: dict[str, Any], form: ReasonForm, now: datetime) -> Any:
    contest = get_contest(here["slug"])
    round_id, category = here["round_id"], here["category"]
    act, reason = request.form.get("act", ""), form.reason.data or ""
    if act == "close":
        return _close(contest, round_id, category, now)
    if act == "remind":
        return _remind(contest, round_id, now)
    if act == "lift":
        return _lift(contest, round_id, category, now)
    entry = _entry(contest, category)
    common: dict[str, Any] = {"entry": entry, "round_id": round_id, "actor": me(), "now": now}
    code = entry.blind_code
    if act == "replace":
        judge, by = _judge(contest), _judge(contest, "by")
        services.replace_judge(judge=judge, by=by, **common)
        return _("%(by)s marks entry %(code)s instead of %(name)s.", by=by.name, code=code, name=judge.name)
    if act == "assign":
        by = _judge(contest, "by")
        services.assign_one(judge=by, **common)
        return _("Entry %(code)s was given to %(name)s.", code=code, name=by.name)
    if act == "waive":
        named = _judge(contest) if request.form.get("judge") else None
        waive(what=request.form.get("what", ""), judge=named, reason=reason, **common)
        return _("Let pass, for entry %(code)s. It stands in the minutes.", code=code)
    if act == "settle":
        services.settle_gap(note=reason, seen=_seen(), **common)
        return _("The gap of entry %(code)s is settled.", code=code)
    if act == "decide":
        services.decide_gap(total=_total(), reason=reason, seen=_seen(), **common)
        return _("The total of entry %(code)s is decided.", code=code)
    if act == "aside":
        services.set_aside(reason=reason, **common)
        return _("Entry %(code)s is set aside.", code=code)
    raise NotFound(act)


def _close(contest: Contest, round_id: str, category: str, now: datetime) -> Any:
    services.close_round(contest=contest, round_id=round_id, category=category, actor=me(), now=now)
    if contest.rules.last_round.id == round_id:
        return _("The round is closed and its scores are locked. Ties that the rules leave open go to the council.")
    return _("The round is closed, its scores are locked, and its best entries have advanced.")


def _remind(contest: Contest, round_id: str, now: datetime) -> Any:
    judges = [_judge(contest)] if request.form.get("judge") else None
    told = remind(contest=contest, round_id=round_id, actor=me(), now=now, judges=judges)
    return ngettext("%(num)d judge is reminded.", "%(num)d judges are reminded.", len(told))


def _lift(contest: Contest, round_id: str, category: str, now: datetime) -> Any:
    number = whole_number(request.form.get("waiver"), -1)
    if number not in {each.id for each in waived_in(contest, round_id, category)}:
        raise NotFound(str(number))
    lift(waiver=db.session.get_one(Waiver, number), actor=me(), now=now)
    return _("It is no longer let pass.")


def _total() -> Any:
    try:
        total = read_mark(request.form.get("total", ""))
    except ValueError:
        total = None
    if total is None:
        raise Refused(N_("Type the total as a number, such as 84,5."), code="total_missing")
    return total


def _seen() -> dict[str, int]:
    """The revisions that the page showed, written "sheet:number sheet:number"."""
    pairs = [pair.partition(":") for pair in request.form.get("seen", "").split()]
    return {sheet: whole_number(number) for sheet, _colon, number in pairs}
