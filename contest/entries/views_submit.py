"""Checking and submitting an entry, its receipts, and what its author may do afterwards."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contest.contests.labels import EXEMPLAR_KINDS, GENRES
from contest.core.db import writing
from contest.core.errors import Refused
from contest.core.web import say, signed_in
from contest.entries import services
from contest.entries.changes import rule_changes
from contest.entries.drafting import content_digest, today_of
from contest.entries.forms import DeclarationsForm
from contest.entries.models import Entry
from contest.entries.outlook import outlook
from contest.entries.queries import advancement_of, get_own_entry, replacing_draft
from contest.entries.rules import DRAFT, needs_guardian
from contest.entries.second_look import find_second_look, may_ask
from contest.entries.views import bp, desk_of, me, own_draft, sent_already, sweep


@bp.get("/viet/<public_id>/kiem-tra")
@signed_in
def check(public_id: str) -> str | Response:
    if (elsewhere := sent_already(public_id)) is not None:
        return elsewhere
    return _check_page(own_draft(public_id))


def _check_page(entry: Entry, refusal: str = "", ticked: tuple[str, ...] = ()) -> str:
    context = desk_of(entry)
    return render_template(
        "entries/check.html",
        section="check",
        declarations=services.declarations_of(entry),
        changes=rule_changes(entry),
        ticked=ticked,
        digest=content_digest(entry),
        refusal=refusal,
        genre_names=GENRES,
        exemplar_kinds=EXEMPLAR_KINDS,
        guarded=needs_guardian(entry.author_birth_date, today_of(g.now), always=context["category"].guardian_consent),
        **context,
    )


@bp.post("/viet/<public_id>/nop")
@signed_in
def submit(public_id: str) -> Any:
    form = DeclarationsForm()
    declared = tuple(str(name) for name in (form.declared.data or ())[:20])
    try:
        with writing() as now:
            done = services.submit(
                draft_id=public_id,
                actor=me(),
                now=now,
                digest=form.digest.data or "",
                declared=declared,
            )
    except Refused as error:
        # After the close, too, the draft is still there with all its text.
        status = 409 if error.code in {"changed", "submitted"} else 422
        return _check_page(own_draft(public_id), say(error), declared), status
    sweep(done.loose_files)
    return redirect(url_for("entries.receipt", code=done.receipt.code, moi=1), 303)


@bp.post("/viet/<public_id>/xoa")
@signed_in
def discard(public_id: str) -> Response:
    with writing() as now:
        entry = get_own_entry(public_id, me().id, lock=True)
        loose = services.discard_draft(entry=entry, actor=me(), now=now)
    sweep(loose)
    flash(_("The draft has been deleted."), "ok")
    return redirect(url_for("desk.my_entries"), 303)


# One's own entry, once submitted


@bp.get("/bai-cua-toi/<public_id>")
@signed_in
def own(public_id: str) -> str | Response:
    entry = get_own_entry(public_id, me().id)
    if entry.state == DRAFT:
        return redirect(url_for("entries.write", public_id=public_id), 303)
    return own_page(entry)


def own_page(entry: Entry, *, asked: str = "", refusal: str = "") -> str:
    """An author's entry; `asked` and `refusal` when a request for another look was not taken."""
    return render_template(
        "entries/own.html",
        entry=entry,
        contest=entry.contest,
        rules=entry.contest.rules,
        category=entry.contest.rules.category(entry.category),
        outlook=outlook(entry, advancement_of(entry.id), g.now),
        draft=replacing_draft(entry.id),
        may_replace=services.may_replace(entry, g.now),
        may_withdraw=services.may_withdraw(entry, g.now),
        may_ask=may_ask(entry, g.now),
        second_look=find_second_look(entry.id),
        asked=asked,
        refusal=refusal,
    )


@bp.post("/bai-cua-toi/<public_id>/nop-lai")
@signed_in
def replace(public_id: str) -> Response:
    try:
        with writing() as now:
            entry = get_own_entry(public_id, me().id, lock=True)
            draft = services.start_replacing(entry=entry, actor=me(), now=now)
    except Refused as error:
        flash(say(error), "error")
        return redirect(url_for("entries.own", public_id=public_id), 303)
    return redirect(url_for("entries.write", public_id=draft.public_id), 303)


@bp.post("/bai-cua-toi/<public_id>/rut")
@signed_in
def withdraw(public_id: str) -> Response:
    try:
        with writing() as now:
            entry = get_own_entry(public_id, me().id, lock=True)
            loose = services.withdraw(entry=entry, actor=me(), now=now)
    except Refused as error:
        flash(say(error), "error")
    else:
        sweep(loose)
        flash(_("The entry has been withdrawn. It will not be judged."), "ok")
        receipts = get_own_entry(public_id, me().id).receipts
        return redirect(url_for("entries.receipt", code=receipts[-1].code), 303)
    return redirect(url_for("entries.own", public_id=public_id), 303)
