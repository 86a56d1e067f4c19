"""Writing a draft: its text, and what it tells about people and places. Saved as one types."""

from __future__ import annotations

from typing import Any

from flask import flash, g, get_template_attribute, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contest.core.db import writing
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.formats import hour, iso
from contest.core.richtext import from_html, numbered_in_words, parse
from contest.core.web import limiter, say, signed_in
from contest.core.web.errors import say_message
from contest.core.web.language import locale
from contest.entries import services
from contest.entries.checks import FACTS, TEXT, asked_of, checklist
from contest.entries.drafting import today_of
from contest.entries.forms import BirthParts, FactsForm, TextForm, birth_parts, typed_birth_date, whole_number
from contest.entries.merging import THEIRS, merged, parts_of
from contest.entries.models import Entry
from contest.entries.queries import find_own_entry, get_own_entry
from contest.entries.rules import DRAFT, GUARDIAN_CONSENT, needs_guardian
from contest.entries.views import PAGES, bp, choosable_units, desk_of, me, own_draft, pages_of, sent_already
from contest.units.history import OldPlace, old_places


@bp.get("/viet/<public_id>")
@signed_in
def write(public_id: str) -> str | Response:
    if (elsewhere := sent_already(public_id)) is not None:
        return elsewhere
    entry = own_draft(public_id)
    form = TextForm(
        formdata=None, title=entry.title, genre=entry.genre, body=entry.document, version=str(entry.version)
    )
    return _text_page(entry, form)


def _text_page(entry: Entry, form: TextForm) -> str:
    context = desk_of(entry)
    form.offer(context["category"])
    return render_template(
        "entries/write.html",
        form=form,
        written=numbered_in_words(parse(form.body.data or "")),
        merged=request.args.get("gop") == "1",
        section=TEXT,
        **context,
    )


def _merge_page(entry: Entry, form: TextForm) -> str:
    """Two texts of one draft, side by side: the form's, and the one that another window saved."""
    context = desk_of(entry)
    form.offer(context["category"])
    form.version.data = str(entry.version)
    parts = parts_of(form.body.data or "", entry.document)
    return render_template("entries/merge.html", form=form, parts=parts, section=TEXT, **context)


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
    form.take_html()
    try:
        entry = _keep_text(public_id, form)
    except Refused as error:
        entry = own_draft(public_id)
        if isinstance(error, Conflict):
            return _merge_page(entry, form), 409
        form.form_errors.append(say(error))
        return _text_page(entry, form), 422
    return _saved(entry, "entries.write")


def _saved(entry: Entry, here: str) -> Response:
    if request.form.get("go") == "next":
        pages = pages_of(entry)
        here = pages[pages.index(here) + 1]
    else:
        flash(_("Saved at %(hour)s.", hour=hour(entry.updated_at)), "ok")
    return redirect(url_for(here, public_id=entry.public_id), 303)


@bp.post("/viet/<public_id>/hop-nhat")
@signed_in
def merge(public_id: str) -> Any:
    """Make one text of two, as chosen for each difference; another that was saved meanwhile is shown again."""
    if (elsewhere := sent_already(public_id)) is not None:
        return elsewhere
    form = TextForm()
    mine = form.body.data or ""
    try:
        with writing() as now:
            entry = get_own_entry(public_id, me().id, lock=True)
            if entry.version == whole_number(form.version.data):
                form.body.data = merged(mine, entry.document, lambda number: request.form.get(f"phan-{number}"))
                if request.form.get("nhan-de") == THEIRS:
                    form.title.data = entry.title
                if "genre" in form and request.form.get("the-loai") == THEIRS:
                    form.genre.data = entry.genre
            services.save_text(entry=entry, now=now, **form.values())
    except Refused as error:
        entry = own_draft(public_id)
        if isinstance(error, Conflict):
            return _merge_page(entry, form), 409
        form.form_errors.append(say(error))
        return _text_page(entry, form), 422
    flash(_("The two texts are one now. Please read it through once."), "ok")
    return redirect(url_for("entries.write", public_id=entry.public_id, gop=1), 303)


@bp.post("/viet/<public_id>/dan")
@signed_in
@limiter.limit("60 per minute")
def pasted(public_id: str) -> Any:
    """What was pasted, as the editor may have it: read by the same reader as what is saved."""
    own_draft(public_id)
    document = numbered_in_words(from_html(request.form.get("html", "")))
    return jsonify(html=get_template_attribute("entries/editor.html", "document_html")(document))


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
        old_places=_old_places(entry),
        guarded=needs_guardian(entry.author_birth_date, today_of(g.now), always=always),
        **context,
    )


def _old_places(entry: Entry) -> list[OldPlace]:
    """Names in the addresses of a draft that are no longer in use, with what stands there now."""
    typed = (entry.exemplar.address, entry.author_address, entry.deed_place)
    return old_places("; ".join(text for text in typed if text), today_of(g.now), g.get("former_units"))


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
            form = TextForm()
            form.take_html()
            entry = _keep_text(public_id, form)
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
        now=iso(g.now),
        words=entry.word_count,
        items=[
            {
                "label": say_message(item.label),
                "url": url_for(PAGES[item.section], public_id=entry.public_id) + f"#{item.field}",
                "message": say_message(item.message, item.params) if item.message else "",
            }
            for item in items
        ],
    )


def _both(public_id: str, section: str, error: Conflict) -> Response:
    """That another window saved; the page that merges shows what."""
    entry = find_own_entry(public_id, me().id)
    if entry is None or entry.state != DRAFT:
        return jsonify(message=say(error), code=error.code)
    return jsonify(
        message=say(error), code=error.code, version=entry.version if section == TEXT else entry.facts_version
    )
