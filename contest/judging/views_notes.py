"""Notes beside the text. Their buttons belong to the sheet's form, so that no mark typed beside them is lost."""

from __future__ import annotations

from typing import Any

from flask import flash, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _

from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.core.db import writing
from contest.core.errors import Conflict, Refused
from contest.core.web import needs, say
from contest.judging import services
from contest.judging.forms import NoteForm, SheetForm, field_name, sheet_form, whole_number
from contest.judging.models import Assignment
from contest.judging.notes import by_block, notes_of
from contest.judging.queries import get_own_assignment, is_locked
from contest.judging.sheets import BadMarks
from contest.judging.views import bp, me
from contest.judging.views_sheet import blocks_of, is_writable, sheet_page


@bp.route("/cham/<slug>/bai/<public_id>/ghi-chu", methods=["GET", "POST"])
@needs("judge")
def add_note(slug: str, public_id: str) -> Any:
    """Write a note. The page's script gets the notes beside that passage back; without it the page comes again."""
    assignment = get_own_assignment(get_contest(slug), public_id, me().id, g.now)
    if request.method == "GET":
        return redirect(url_for("judging.sheet", slug=slug, public_id=public_id))
    blocks = blocks_of(assignment)
    form = NoteForm(prefix="note-")
    block = whole_number(form.block.data)
    try:
        with writing() as now:
            services.add_note(
                assignment=get_own_assignment(get_contest(slug), public_id, me().id, now),
                block=block,
                blocks=blocks,
                quote=form.quote.data or "",
                text=form.text.data or "",
                actor=me(),
                now=now,
            )
    except Refused as error:
        form.text.errors = (say(error),)
    return _answer(slug, public_id, form, block)


@bp.route("/cham/<slug>/bai/<public_id>/ghi-chu/<note_id>", methods=["GET", "POST"])
@needs("judge")
def change_note(slug: str, public_id: str, note_id: str) -> Any:
    """Write a note anew, or take it away."""
    get_own_assignment(get_contest(slug), public_id, me().id, g.now)
    if request.method == "GET":
        return redirect(url_for("judging.sheet", slug=slug, public_id=public_id))
    form = NoteForm(prefix=f"note-{note_id}-")
    version = whole_number(form.version.data)
    try:
        with writing() as now:
            assignment = get_own_assignment(get_contest(slug), public_id, me().id, now)
            values: dict[str, Any] = {"assignment": assignment, "note_id": note_id, "version": version}
            if request.form.get("act") == "delete":
                services.delete_note(**values, actor=me(), now=now)
            else:
                services.change_note(**values, text=form.text.data or "", actor=me(), now=now)
    except Refused as error:
        form.text.errors = (say(error),)
        if isinstance(error, Conflict):
            form.version.data = str(error.params["version"])
    return _answer(slug, public_id, form, whole_number(form.block.data), note_id)


def _answer(slug: str, public_id: str, form: NoteForm, block: int, note_id: str = "") -> Any:
    """What came of a note: for the page's script in JSON, else a page on which nothing typed is lost."""
    if request.accept_mimetypes.best == "application/json":
        return _fragment(get_contest(slug), public_id, form, block, note_id)
    marks, wrong = _keep_marks(slug, public_id)
    contest = get_contest(slug)
    assignment = get_own_assignment(contest, public_id, me().id, g.now)
    if form.text.errors or wrong:
        note = form if form.text.errors else None
        return sheet_page(contest, assignment, marks, 422, note=note, note_id=note_id)
    flash(_("Your note is kept. Only you can read it.") if not note_id else _("Your notes are up to date."), "ok")
    return redirect(url_for("judging.sheet", slug=slug, public_id=public_id, _anchor=f"doan-{block}"), 303)


def _fragment(contest: Contest, public_id: str, form: NoteForm, block: int, note_id: str) -> Any:
    assignment = get_own_assignment(contest, public_id, me().id, g.now)
    blocks = blocks_of(assignment)
    block = min(block, blocks - 1)
    refused = form.text.errors
    html = render_template(
        "judging/notes_fragment.html",
        contest=contest,
        assignment=assignment,
        block=block,
        notes=by_block(notes_of(assignment), blocks),
        note=form if refused else NoteForm(formdata=None, prefix="note-"),
        note_id=note_id if refused else "",
    )
    return jsonify(block=block, html=html, message=refused[0] if refused else ""), 422 if refused else 200


def _keep_marks(slug: str, public_id: str) -> tuple[SheetForm | None, bool]:
    """Marks that were sent along with a note, kept as the save button keeps them; whether something is wrong."""
    contest = get_contest(slug)
    form = sheet_form(contest.rules.rubric)
    assignment: Assignment = get_own_assignment(contest, public_id, me().id, g.now)
    sent = any(field_name(criterion.id) in request.form for criterion in contest.rules.rubric.criteria)
    locked = is_locked(contest, assignment.round, assignment.entry.category)
    if not sent or not is_writable(contest, assignment, locked=locked):
        return None, False
    taken, wrong = form.read(complete=False)
    try:
        with writing() as now:
            kept = services.save_sheet(
                assignment=get_own_assignment(get_contest(slug), public_id, me().id, now),
                marks=taken,
                comment=form.comment.data or "",
                remarks=form.remarks(),
                version=whole_number(form.version.data),
                actor=me(),
                now=now,
            )
            form.version.data = str(kept.version)
    except BadMarks as error:
        form.complain(error.marks, error.remarks)
        return form, True
    except Refused as error:
        form.form_errors.append(say(error))
        if isinstance(error, Conflict) and "version" in error.params:
            form.version.data = str(error.params["version"])
        return form, True
    return form, bool(wrong)
