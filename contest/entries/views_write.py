"""Writing a draft: its text, and what it tells about people and places. Saved as one types."""

from __future__ import annotations

from typing import Any

from flask import flash, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contest.core.db import writing
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.formats import hour
from contest.core.web import say, signed_in
from contest.core.web.errors import say_message
from contest.core.web.language import locale
from contest.entries import services
from contest.entries.checks import FACTS, TEXT, asked_of, checklist
from contest.entries.drafting import today_of
from contest.entries.forms import BirthParts, FactsForm, TextForm, birth_parts, typed_birth_date, whole_number
from contest.entries.models import Entry
from contest.entries.queries import find_own_entry, get_own_entry
from contest.entries.rules import DRAFT, GUARDIAN_CONSENT, needs_guardian
from contest.entries.views import bp, choosable_units, desk_of, me, own_draft, pages_of, sent_already


@bp.get("/viet/<public_id>")
@signed_in
def write(public_id: str) -> str | Response:
    if (elsewhere := sent_already(public_id)) is not None:
        return elsewhere
    entry = own_draft(public_id)
    form = TextForm(formdata=None, title=entry.title, genre=entry.genre, body=entry.body, version=str(entry.version))
    return _text_page(entry, form)


def _text_page(entry: Entry, form: TextForm, theirs: Entry | None = None) -> str:
    context = desk_of(entry)
    form.offer(context["category"])
    return render_template("entries/write.html", form=form, theirs=theirs, section=TEXT, **context)


def _keep_text(public_id: str, form: TextForm) -> Entry:
    with writing() as now:
        entry = get_own_entry(public_id, me().id, lock=True)
        services.save_text(entry=entry, now=now, **form.values())
    return entry


@bp.post("/viet/<public_id>")
@signed_in
def save(public_id: str) -> Any:
    if (elsewhere := sent_already(public_id)) is not None:
        return elsewhere
    form = TextForm()
    try:
        entry = _keep_text(public_id, form)
    except Refused as error:
        entry = own_draft(public_id)
        form.form_errors.append(say(error))
        if not isinstance(error, Conflict):
            return _text_page(entry, form), 422
        # Both texts are offered; saving once more keeps the one in the form.
        form.version.data = str(entry.version)
        return _text_page(entry, form, theirs=entry), 409
    return _saved(entry, "entries.write")


def _saved(entry: Entry, here: str) -> Response:
    if request.form.get("go") == "next":
        pages = pages_of(entry)
        here = pages[pages.index(here) + 1]
    else:
        flash(_("Saved at %(hour)s.", hour=hour(entry.updated_at)), "ok")
    return redirect(url_for(here, public_id=entry.public_id), 303)


# People and places


@bp.get("/viet/<public_id>/thong-tin")
@signed_in
def facts(public_id: str) -> str | Response:
    if (elsewhere := sent_already(public_id)) is not None:
        return elsewhere
    entry = own_draft(public_id)
    form = FactsForm(formdata=None)
    form.show(entry)
    return _facts_page(entry, form, birth_parts(entry.author_birth_date))


def _facts_page(
    entry: Entry, form: FactsForm, born: BirthParts, theirs: Entry | None = None, born_error: str = ""
) -> str:
    context = desk_of(entry)
    form.offer(context["asked"], list(choosable_units(entry).values()), locale())
    always = context["category"].guardian_consent
    return render_template(
        "entries/facts.html",
        form=form,
        born=born,
        born_error=born_error,
        theirs=theirs,
        section=FACTS,
        guardian_consent=GUARDIAN_CONSENT,
        guarded=needs_guardian(entry.author_birth_date, today_of(g.now), always=always),
        **context,
    )


def _keep_facts(public_id: str, form: FactsForm) -> Entry:
    _parts, birth_date, is_date = typed_birth_date()
    if not is_date:
        raise Refused(N_("This date of birth is not a date. Write day, month and year in numbers."), code="birth_date")
    with writing() as now:
        entry = get_own_entry(public_id, me().id, lock=True)
        units = choosable_units(entry)
        rules = entry.contest.rules
        form.offer(asked_of(rules, rules.category(entry.category)), list(units.values()), locale())
        services.save_facts(
            entry=entry,
            version=whole_number(form.version.data),
            facts=form.facts(units, birth_date),
            now=now,
        )
    return entry


@bp.post("/viet/<public_id>/thong-tin")
@signed_in
def save_facts(public_id: str) -> Any:
    if (elsewhere := sent_already(public_id)) is not None:
        return elsewhere
    form = FactsForm()
    try:
        entry = _keep_facts(public_id, form)
    except Refused as error:
        entry = own_draft(public_id)
        born = typed_birth_date()[0]
        form.form_errors.append(say(error))
        if not isinstance(error, Conflict):
            return _facts_page(entry, form, born, born_error=say(error) if error.code == "birth_date" else ""), 422
        form.version.data = str(entry.facts_version)
        return _facts_page(entry, form, born, theirs=entry), 409
    return _saved(entry, "entries.facts")


# Saved as one types


@bp.post("/viet/<public_id>/luu")
@signed_in
def autosave(public_id: str) -> Any:
    """The form of a page of writing, sent by its script. Answers JSON: saved, refused or in conflict."""
    section = request.form.get("section")
    try:
        if section == TEXT:
            entry = _keep_text(public_id, TextForm())
        elif section == FACTS:
            entry = _keep_facts(public_id, FactsForm())
        else:
            raise NotFound(public_id)
    except Conflict as error:
        return _both(public_id, section or "", error), 409
    except Refused as error:
        return jsonify(message=say(error), code=error.code), 422
    items = checklist(entry, today_of(g.now))
    return jsonify(
        version=entry.version if section == TEXT else entry.facts_version,
        at=hour(entry.updated_at),
        words=entry.word_count,
        items=[
            {
                "label": say_message(item.label),
                "message": say_message(item.message, item.params) if item.message else "",
            }
            for item in items
        ],
    )


def _both(public_id: str, section: str, error: Conflict) -> Response:
    """What another window saved, for the writer to choose; no text is overwritten."""
    entry = find_own_entry(public_id, me().id)
    if entry is None or entry.state != DRAFT:
        return jsonify(message=say(error), code=error.code)
    saved = {"title": entry.title, "genre": entry.genre, "body": entry.body} if section == TEXT else {}
    return jsonify(
        message=say(error),
        code=error.code,
        version=entry.version if section == TEXT else entry.facts_version,
        saved=saved,
    )
