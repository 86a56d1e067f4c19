"""Bundles on the desk of a unit: the template, sending one, its report, importing it."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, g, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user

from contest.accounts.models import User
from contest.contests.labels import GENRES
from contest.contests.models import Contest
from contest.contests.queries import get_issued_contest, issued_contests
from contest.core import clock
from contest.core.db import db, writing
from contest.core.errors import NotFound, Refused
from contest.core.formats import VIET_NAM
from contest.core.web import limiter, needs, say
from contest.core.web.files import file_store
from contest.core.web.uploads import large_upload
from contest.intake import bundles
from contest.intake.archive import MOST_BYTES
from contest.intake.columns import template
from contest.intake.lines import unpacked
from contest.intake.models import Bundle
from contest.intake.views import bp
from contest.units.queries import get_unit, units_on

PAGE = 100
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


def _open_contests() -> list[Contest]:
    found = db.session.scalars(issued_contests(g.now))
    return [contest for contest in found if contest.rules.is_open("submission", g.now)]


@bp.get("/don-vi/<code>/goi-bai")
@needs("officer")
def unit_bundles(code: str) -> str:
    """What was sent, and a form for another."""
    return _list(code)


def _list(code: str, refusal: str = "", chosen: str = "") -> str:
    unit = get_unit(code)
    return render_template(
        "intake/bundles.html",
        unit=unit,
        contests=_open_contests(),
        rows=bundles.bundles_of(unit.id),
        states=bundles.STATES,
        most=MOST_BYTES // 1_000_000,
        refusal=refusal,
        chosen=chosen,
    )


@bp.get("/don-vi/<code>/goi-bai/mau/<slug>")
@needs("officer")
def bundle_template(code: str, slug: str) -> Response:
    """The spreadsheet to fill in, for one contest."""
    get_unit(code)
    rules = get_issued_contest(slug, g.now).rules
    with force_locale("vi"):
        genres = {key: _(label) for key, label in GENRES.items()}
    units = [unit.name for unit in units_on(g.now.astimezone(VIET_NAM).date())]
    response = Response(template(rules, genres, units), mimetype=_XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="mau-goi-bai-{slug}.xlsx"'
    return response


@bp.post("/don-vi/<code>/goi-bai")
@limiter.limit("30 per hour")
@large_upload(MOST_BYTES)
@needs("officer")
def send_bundle(code: str) -> Any:
    sent, slug = request.files.get("bundle"), request.form.get("contest", "")
    content = sent.read() if sent else b""
    files, key = file_store(), ""
    try:
        if not content:
            raise Refused(_("Choose the zip file first."), code="no_file")
        key = files.put(content, "zip")
        with writing() as now:
            bundle = bundles.receive_bundle(
                contest=get_issued_contest(slug, now),
                unit=get_unit(code),
                name=(sent.filename if sent else "") or "",
                content=content,
                key=key,
                actor=_me(),
                now=now,
            )
            public_id, kept = bundle.public_id, bundle.key
    except Refused as error:
        if key:
            files.remove(key)
        return _list(code, say(error), slug), 422
    except NotFound:
        files.remove(key)
        raise
    if kept != key:
        files.remove(key)
    return redirect(url_for("intake.bundle", code=code, public_id=public_id), 303)


@bp.get("/don-vi/<code>/goi-bai/<public_id>")
@needs("officer")
def bundle(code: str, public_id: str) -> str:
    """How far it is, and line by line what was found."""
    return _page(code, public_id)


def _page(code: str, public_id: str, refusal: str = "") -> str:
    unit = get_unit(code)
    found = bundles.get_bundle(unit.id, public_id)
    state = request.args.get("dong", "")
    after = request.args.get("sau", "0")
    state = state if state in bundles.LINE_STATES else ""
    lines = bundles.lines_of(
        found.id, state=state, after=int(after) if after.isascii() and after.isdigit() and len(after) < 8 else 0
    )
    return render_template(
        "intake/bundle.html",
        unit=unit,
        bundle=found,
        rules=found.contest.rules,
        counts=bundles.count_lines(found.id),
        lines=lines,
        more=lines[-1].number if len(lines) == PAGE else 0,
        state=state,
        states=bundles.STATES,
        line_states=bundles.LINE_STATES,
        unpacked=unpacked,
        minutes_left=_minutes_left(found),
        refusal=refusal,
    )


def _minutes_left(found: Bundle) -> int | None:
    """Whole minutes that the import will still take at its pace so far; None while that is unknown."""
    if found.state != bundles.IMPORTING or not found.done or found.started_at is None:
        return None
    spent = (clock.now() - found.started_at).total_seconds()
    return int(spent / found.done * (found.total - found.done) // 60) + 1


@bp.post("/don-vi/<code>/goi-bai/<public_id>/<any(nhap, thoi):verb>")
@needs("officer")
def bundle_act(code: str, public_id: str, verb: str) -> Any:
    """Import the lines that are ready, or give the bundle up."""
    try:
        with writing() as now:
            found = bundles.get_bundle(get_unit(code).id, public_id, lock=True)
            act = bundles.start_import if verb == "nhap" else bundles.give_up
            act(bundle=found, actor=_me(), now=now)
    except Refused as error:
        return _page(code, public_id, say(error)), 422
    if verb == "thoi":
        flash(_("The bundle has been given up."), "ok")
        return redirect(url_for("intake.unit_bundles", code=code), 303)
    return redirect(url_for("intake.bundle", code=code, public_id=public_id), 303)
