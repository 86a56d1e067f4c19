"""Writing for others: an officer of a unit helps, the secretariat types paper, and a second person compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response as FlaskResponse
from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from contest.accounts.assisted import decline, get_offered, offered_to
from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import get_contest, get_issued_contest, issued_contests
from contest.core import clock
from contest.core.db import db, writing
from contest.core.errors import Conflict, NotFound, Refused
from contest.core.typed import typed_day, typed_instant
from contest.core.web import limiter, needs, say, signed_in
from contest.core.web.files import file_store, send_stored
from contest.entries.models import Entry
from contest.entries.paper import keyed_window
from contest.entries.rules import DRAFT, PAPER, STATES
from contest.intake import helping, paper
from contest.intake.forms import CompareForm, HelpForm, PaperForm
from contest.intake.scans import read_scan
from contest.intake.views import bp
from contest.units.models import Unit
from contest.units.queries import get_unit


@dataclass(frozen=True)
class Desk:
    """Where somebody helps: the desk of a unit, or that of a contest's secretariat."""

    unit: Unit | None = None
    contest: Contest | None = None

    def to(self, page: str, **arguments: Any) -> str:
        """The address of one of its pages."""
        if self.unit is not None:
            return url_for(f"intake.unit_{page}", code=self.unit.code, **arguments)
        slug = self.contest.slug if self.contest else ""
        return url_for(f"intake.contest_{page}", slug=slug, **arguments)

    def get(self, public_id: str, *, lock: bool = False) -> Entry:
        """An entry that belongs on this desk. Raises NotFound.

        On a unit's: what it has sent or is writing for people. On a secretariat's: what came on
        paper; while it is a draft, only what the secretariat types itself.
        """
        if len(public_id) != 14 or not public_id.isalnum():
            raise NotFound(public_id)
        query = select(Entry).where(
            Entry.public_id == public_id, Entry.replaces_id.is_(None), Entry.helper_id.is_not(None)
        )
        if self.unit is not None:
            query = query.where(Entry.sent_by_unit_id == self.unit.id)
        elif self.contest is not None:
            query = query.where(
                Entry.contest_id == self.contest.id,
                Entry.source == PAPER,
                (Entry.state != DRAFT) | Entry.sent_by_unit_id.is_(None),
            )
        entry = db.session.scalar(query.with_for_update() if lock else query)
        if entry is None:
            raise NotFound(public_id)
        return entry


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


def _of_unit(code: str) -> Desk:
    return Desk(unit=get_unit(code))


def _of_contest(slug: str) -> Desk:
    return Desk(contest=get_contest(slug))


# Helping: an entry on the web


def _open_contests() -> list[Contest]:
    contests = db.session.scalars(issued_contests(g.now))
    return [contest for contest in contests if contest.rules.is_open("submission", g.now)]


def _help_page(desk: Desk, form: HelpForm, contests: list[Contest]) -> str:
    form.offer(contests, helping.helped_people(desk.unit) if desk.unit else [])
    return render_template("intake/help.html", desk=desk, unit=desk.unit, form=form, contests=contests)


@bp.get("/don-vi/<code>/viet-giup")
@needs("officer")
def unit_help(code: str) -> str:
    return _help_page(_of_unit(code), HelpForm(formdata=None), _open_contests())


@bp.post("/don-vi/<code>/viet-giup")
@needs("officer")
@limiter.limit("120 per hour")
def unit_start_help(code: str) -> Any:
    form = HelpForm()
    try:
        with writing() as now:
            unit = get_unit(code)
            slug, category = form.chosen
            chosen = (form.person.data or "") if "person" in form else ""
            entry = helping.start_helping(
                contest=get_issued_contest(slug, now),
                category_id=category,
                unit=unit,
                name=form.name.data or "",
                phone=form.phone.data or "",
                person=helping.get_helped(unit, chosen) if chosen else None,
                actor=_me(),
                now=now,
                wall=clock.wall(),
            )
    except Refused as error:
        form.form_errors.append(say(error))
        return _help_page(_of_unit(code), form, _open_contests()), 422
    flash(
        _("You write for %(name)s now. They need no password, and you never learn one.", name=entry.author.name), "ok"
    )
    return redirect(url_for("entries.write", public_id=entry.public_id), 303)


# Typing paper


def _paper_contests(desk: Desk) -> list[Contest]:
    if desk.contest is not None:
        return [desk.contest]
    windows = ((contest, keyed_window(contest.rules)) for contest in db.session.scalars(issued_contests(g.now)))
    return [contest for contest, window in windows if window is not None and window.contains(g.now)]


def _paper_page(desk: Desk, form: PaperForm) -> str:
    contests = _paper_contests(desk)
    form.offer(contests, [])
    if desk.contest is not None:
        rows = paper.paper_entries(desk.contest.id)
        rows = [entry for entry in rows if entry.state != DRAFT or entry.sent_by_unit_id is None]
    else:
        rows = [row for row in helping.helped_entries(desk.unit) if row.source == PAPER] if desk.unit else []
    return render_template(
        "intake/paper.html",
        desk=desk,
        unit=desk.unit,
        contest=desk.contest,
        rules=desk.contest.rules if desk.contest else None,
        form=form,
        contests=[(each, keyed_window(each.rules)) for each in contests],
        rows=rows,
        waits=paper.waits,
        states=STATES,
    )


def _start_paper(desk_of: Any, name: str) -> Any:
    form = PaperForm()
    try:
        with writing() as now:
            desk = desk_of(name)
            slug, category = form.chosen
            entry = helping.start_paper(
                contest=desk.contest or get_issued_contest(slug, now),
                category_id=category,
                unit=desk.unit,
                name=form.name.data or "",
                phone=form.phone.data or "",
                postmarked_on=(
                    typed_day(form.postmarked_on.data, "postmarked_on")
                    if (form.postmarked_on.data or "").strip()
                    else None
                ),
                arrived_at=typed_instant(form.arrived_on.data, form.arrived_hour.data, "arrived_at"),
                actor=_me(),
                now=now,
                wall=clock.wall(),
            )
            there = desk.to("sheet", public_id=entry.public_id)
    except Refused as error:
        form.form_errors.append(say(error))
        return _paper_page(desk_of(name), form), 422
    flash(_("The dates are recorded. Add the scan, then type the text."), "ok")
    return redirect(there, 303)


@bp.get("/don-vi/<code>/bai-giay")
@needs("officer")
def unit_paper(code: str) -> str:
    return _paper_page(_of_unit(code), PaperForm(formdata=None))


@bp.post("/don-vi/<code>/bai-giay")
@needs("officer")
@limiter.limit("120 per hour")
def unit_start_paper(code: str) -> Any:
    return _start_paper(_of_unit, code)


@bp.get("/ban-to-chuc/<slug>/bai-giay")
@needs("secretary", "organiser")
def contest_paper(slug: str) -> str:
    return _paper_page(_of_contest(slug), PaperForm(formdata=None))


@bp.post("/ban-to-chuc/<slug>/bai-giay")
@needs("secretary", "organiser")
@limiter.limit("240 per hour")
def contest_start_paper(slug: str) -> Any:
    return _start_paper(_of_contest, slug)


# One entry: its scans, and comparing


def _sheet(desk: Desk, entry: Entry, form: CompareForm | None = None, refusal: str = "") -> str:
    receipt = entry.receipts[-1] if entry.receipts else None
    form = form or CompareForm(formdata=None)
    form.receipt.data = receipt.code if receipt else ""
    kept = entry.paper
    return render_template(
        "intake/sheet.html",
        desk=desk,
        unit=desk.unit,
        contest=entry.contest,
        rules=entry.contest.rules,
        category=entry.contest.rules.category(entry.category),
        entry=entry,
        paper=kept,
        scans=paper.scans_of(entry),
        receipt=receipt,
        # Once its author has taken it over, or sent it anew, the text is no business of the helper's.
        text_shown=entry.author.assisted or desk.contest is not None,
        may_write=helping.may_write_on(entry, _me().id),
        waits=paper.waits(entry),
        second=kept is not None and _me().id not in {kept.typed_by_id, entry.helper_id},
        may_scan=entry.state in (DRAFT, *paper.COMPARABLE),
        states=STATES,
        form=form,
        refusal=refusal,
    )


def _add_scan(desk_of: Any, name: str, public_id: str) -> Any:
    desk = desk_of(name)
    entry = desk.get(public_id)
    upload = request.files.get("scan")
    keys: list[str] = []
    try:
        paper.require_room(entry)
        scanned = read_scan(upload.read() if upload else b"")
        keys = [file_store().put(page.content, "webp") for page in scanned.pages]
        with writing() as now:
            entry = desk_of(name).get(public_id, lock=True)
            added = paper.add_scans(
                entry=entry,
                pages=list(zip(scanned.pages, keys, strict=True)),
                name=(upload.filename or "")[:200] if upload else "",
                sha256=scanned.sha256,
                actor=_me(),
                now=now,
            )
    except (Refused, NotFound) as error:
        for key in keys:
            file_store().remove(key)
        if isinstance(error, NotFound):
            raise
        return _sheet(desk_of(name), desk_of(name).get(public_id), refusal=say(error)), 422
    if not added:
        for key in keys:
            file_store().remove(key)
        flash(_("This scan is already here."), "info")
    else:
        flash(ngettext("%(num)s page has been added.", "%(num)s pages have been added.", added), "ok")
    return redirect(desk.to("sheet", public_id=public_id), 303)


def _remove_scan(desk_of: Any, name: str, public_id: str, scan_id: str) -> Response:
    key = ""
    try:
        with writing() as now:
            desk = desk_of(name)
            entry = desk.get(public_id, lock=True)
            key = paper.remove_scan(entry=entry, scan=paper.get_scan(entry, scan_id), actor=_me(), now=now)
    except Refused as error:
        flash(say(error), "error")
    else:
        file_store().remove(key)
        flash(_("The page has been removed."), "ok")
    return redirect(desk_of(name).to("sheet", public_id=public_id), 303)


def _compare(desk_of: Any, name: str, public_id: str) -> Any:
    form = CompareForm()
    back = request.form.get("act") == "back"
    try:
        with writing() as now:
            entry = desk_of(name).get(public_id, lock=True)
            receipt = form.receipt.data or ""
            if back:
                paper.send_back(entry=entry, receipt=receipt, note=form.note.data or "", actor=_me(), now=now)
            else:
                paper.confirm_typing(entry=entry, receipt=receipt, actor=_me(), now=now)
    except Refused as error:
        status = 409 if isinstance(error, Conflict) else 422
        return _sheet(desk_of(name), desk_of(name).get(public_id), form, say(error)), status
    flash(
        _("It has been sent back with your note.") if back else _("Compared: what was typed is what stands on paper."),
        "ok",
    )
    return redirect(desk_of(name).to("sheet", public_id=public_id), 303)


@bp.get("/don-vi/<code>/bai/<public_id>")
@needs("officer")
def unit_sheet(code: str, public_id: str) -> str:
    desk = _of_unit(code)
    return _sheet(desk, desk.get(public_id))


@bp.post("/don-vi/<code>/bai/<public_id>/quet")
@needs("officer")
@limiter.limit("60 per minute")
def unit_add_scan(code: str, public_id: str) -> Any:
    return _add_scan(_of_unit, code, public_id)


@bp.get("/don-vi/<code>/bai/<public_id>/quet/<scan_id>")
@needs("officer")
def unit_scan(code: str, public_id: str, scan_id: str) -> FlaskResponse:
    return send_stored(paper.get_scan(_of_unit(code).get(public_id), scan_id).key)


@bp.post("/don-vi/<code>/bai/<public_id>/quet/<scan_id>/xoa")
@needs("officer")
def unit_remove_scan(code: str, public_id: str, scan_id: str) -> Response:
    return _remove_scan(_of_unit, code, public_id, scan_id)


@bp.post("/don-vi/<code>/bai/<public_id>/doi-chieu")
@needs("officer")
def unit_compare(code: str, public_id: str) -> Any:
    return _compare(_of_unit, code, public_id)


@bp.get("/ban-to-chuc/<slug>/bai-giay/<public_id>")
@needs("secretary", "organiser")
def contest_sheet(slug: str, public_id: str) -> str:
    desk = _of_contest(slug)
    return _sheet(desk, desk.get(public_id))


@bp.post("/ban-to-chuc/<slug>/bai-giay/<public_id>/quet")
@needs("secretary", "organiser")
@limiter.limit("120 per minute")
def contest_add_scan(slug: str, public_id: str) -> Any:
    return _add_scan(_of_contest, slug, public_id)


@bp.get("/ban-to-chuc/<slug>/bai-giay/<public_id>/quet/<scan_id>")
@needs("secretary", "organiser")
def contest_scan(slug: str, public_id: str, scan_id: str) -> FlaskResponse:
    return send_stored(paper.get_scan(_of_contest(slug).get(public_id), scan_id).key)


@bp.post("/ban-to-chuc/<slug>/bai-giay/<public_id>/quet/<scan_id>/xoa")
@needs("secretary", "organiser")
def contest_remove_scan(slug: str, public_id: str, scan_id: str) -> Response:
    return _remove_scan(_of_contest, slug, public_id, scan_id)


@bp.post("/ban-to-chuc/<slug>/bai-giay/<public_id>/doi-chieu")
@needs("secretary", "organiser")
def contest_compare(slug: str, public_id: str) -> Any:
    return _compare(_of_contest, slug, public_id)


# Receipts of a unit, to keep and to print


@bp.get("/don-vi/<code>/bien-nhan")
@needs("officer")
def unit_receipts(code: str) -> str:
    unit = get_unit(code)
    rows = [entry for entry in helping.helped_entries(unit, 2000) if entry.receipts]
    return render_template("intake/receipts.html", unit=unit, rows=rows, states=STATES)


# Taking over what a unit wrote for oneself


@bp.get("/bai-viet-giup")
@signed_in
def offers() -> str:
    found = [(waiting, helping.entries_waiting(waiting)) for waiting in offered_to(_me().id)]
    return render_template("intake/offers.html", offers=found)


@bp.post("/bai-viet-giup/<public_id>")
@signed_in
def answer_offer(public_id: str) -> Response:
    mine = request.form.get("mine") == "yes"
    get_offered(public_id, _me().id)
    if request.form.get("mine") not in {"yes", "no"}:
        return redirect(url_for("intake.offers"), 303)
    try:
        with writing() as now:
            waiting = get_offered(public_id, _me().id)
            if mine:
                count = helping.take_over_account(waiting=waiting, person=_me(), now=now, wall=clock.wall())
            else:
                decline(waiting=waiting, person=_me(), now=now)
    except Refused as error:
        flash(say(error), "error")
        return redirect(url_for("intake.offers"), 303)
    if mine:
        flash(ngettext("%(num)s entry is yours now.", "%(num)s entries are yours now.", count), "ok")
    else:
        flash(_("Thank you. They stay with the person whose they are."), "ok")
    return redirect(url_for("desk.my_entries"), 303)
