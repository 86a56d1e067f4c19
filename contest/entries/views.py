"""Pages of writers and of the secretariat. Here: what they share, and starting an entry."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from contest.accounts.models import User
from contest.contests.queries import get_issued_contest
from contest.core.db import writing
from contest.core.errors import NotFound, Refused
from contest.core.formats import hour
from contest.core.web import say, signed_in
from contest.core.web.files import file_store
from contest.entries import services
from contest.entries.checks import FACTS, GROUP, PHOTOS, PRESS, TEXT, asked_of, checklist
from contest.entries.drafting import today_of
from contest.entries.eligibility import count_of_account, require_not_barred
from contest.entries.models import Entry
from contest.entries.passes import usable_pass
from contest.entries.press import asks_publication
from contest.entries.queries import find_receipt_of_draft, get_own_entry, key_is_used, own_drafts
from contest.entries.rules import DRAFT
from contest.units.history import former_names
from contest.units.models import Unit
from contest.units.queries import units_on

bp = Blueprint("entries", __name__)
_UNIT_LEVELS = ("xa_phuong_dac_khu", "so_nganh_doan_the_khoi", "doan_the_cap_tinh")
# Where each part of an entry is written, in the order of writing; the last is the check.
PAGES = {
    TEXT: "entries.write",
    PHOTOS: "entries.photos",
    PRESS: "entries.publication",
    FACTS: "entries.facts",
    GROUP: "entries.group",
    "check": "entries.check",
}


def me() -> User:
    """Who is signed in, as a row and not as Flask-Login's stand-in."""
    person: User = current_user._get_current_object()  # noqa: SLF001 -- the documented way to it
    return person


def own_draft(public_id: str) -> Entry:
    """A draft of one's own. Raises NotFound; what has been submitted is no draft."""
    entry = get_own_entry(public_id, me().id)
    if entry.state != DRAFT:
        raise NotFound(public_id)
    return entry


def sent_already(public_id: str) -> Response | None:
    """The way to a draft that was submitted, perhaps from another window; None for one that is open."""
    receipt = find_receipt_of_draft(public_id, me().id)
    if receipt is None:
        return None
    return redirect(url_for("entries.own", public_id=receipt.entry.public_id), 303)


def sweep(keys: list[str]) -> None:
    """Delete files that no photo shows any more; called once the change is committed."""
    for key in keys:
        if not key_is_used(key):
            file_store().remove(key)


def choosable_units(entry: Entry) -> dict[str, Unit]:
    """Units to choose from today, by code, and those that this entry named when they still existed.

    Old names are there too, by their values (units.history.Former): each stands for what it belongs to now.
    """
    units = {unit.code: unit for unit in units_on(today_of(g.now), *_UNIT_LEVELS)}
    g.former_units = former_names(today_of(g.now), *_UNIT_LEVELS)
    units |= {line.value: line.unit for line in g.former_units}
    kept = (entry.exemplar.unit, entry.author_unit, *(coauthor.unit for coauthor in entry.coauthors))
    return units | {unit.code: unit for unit in kept if unit is not None}


def pages_of(entry: Entry) -> list[str]:
    """The pages on which this entry is written, in order: photos and publication only where they are asked.

    Who writes alone passes the page of the group by; the page before it has a link to it.
    """
    category = entry.contest.rules.category(entry.category)
    left_out = {
        PHOTOS: not asked_of(entry.contest.rules, category).photos,
        PRESS: not asks_publication(category),
        GROUP: not entry.coauthors,
    }
    return [page for part, page in PAGES.items() if not left_out.get(part)]


def saved(entry: Entry, here: str) -> Response:
    """After a page of writing was saved: on to the next page, or here again, as the button says."""
    if request.form.get("go") == "next":
        pages = pages_of(entry)
        here = pages[pages.index(here) + 1]
    else:
        flash(_("Saved at %(hour)s.", hour=hour(entry.updated_at)), "ok")
    return redirect(url_for(here, public_id=entry.public_id), 303)


def desk_of(entry: Entry) -> dict[str, Any]:
    """What every page of writing shows: the steps, the checklist, the deadline."""
    rules = entry.contest.rules
    category = rules.category(entry.category)
    window = rules.window("submission")
    original = entry.replaces
    due = original.completion_due if original is not None else None
    items = checklist(entry, today_of(g.now))
    is_open = original is not None or (window is not None and window.contains(g.now))
    leave = None if is_open else usable_pass(entry.contest, entry.author_id, g.now)
    return {
        "entry": entry,
        "contest": entry.contest,
        "rules": rules,
        "category": category,
        "asked": asked_of(rules, category),
        "steps": pages_of(entry),
        "pages": PAGES,
        "items": items,
        "left": [item for item in items if not item.done],
        "closes": due or (leave.until if leave else None) or (window.closes if window else None),
        "leave": leave,
        "original": original,
    }


# Starting an entry


@bp.get("/cuoc-thi/<slug>/viet")
@signed_in
def new(slug: str) -> str:
    contest = get_issued_contest(slug, g.now)
    person = me()
    barred = ""
    try:
        require_not_barred(contest, person)
    except Refused as error:
        barred = say(error)
    counts = {category.id: count_of_account(contest.id, category.id, person) for category in contest.rules.categories}
    return render_template(
        "entries/new.html",
        contest=contest,
        rules=contest.rules,
        window=contest.rules.window("submission"),
        drafts=own_drafts(person.id, contest.id),
        counts=counts,
        leave=usable_pass(contest, person.id, g.now),
        barred=barred,
    )


@bp.post("/cuoc-thi/<slug>/viet")
@signed_in
def start(slug: str) -> Response:
    try:
        with writing() as now:
            contest = get_issued_contest(slug, now)
            category = request.form.get("category", "")[:20]
            entry = services.start_draft(contest=contest, category_id=category, actor=me(), now=now)
    except Refused as error:
        flash(say(error), "error")
        return redirect(url_for("entries.new", slug=slug), 303)
    return redirect(url_for("entries.write", public_id=entry.public_id), 303)


from contest.entries import (  # noqa: E402, F401 -- they need `bp`
    views_import,
    views_parts,
    views_photos,
    views_receipts,
    views_second_look,
    views_submit,
    views_windows,
    views_write,
)
