"""A text beside its sheet: saving as one goes, finishing, taking back, scoring again in a talk."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contest.contests.labels import GENRES
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import CHAIR
from contest.contests.ruleset import Criterion
from contest.core.db import writing
from contest.core.errors import Conflict, NotFound, Refused
from contest.core.formats import marks
from contest.core.web import needs, say
from contest.entries.blind import BlindEntry, blind_entry
from contest.judging import services
from contest.judging.forms import NoteForm, SheetForm, sheet_form, whole_number
from contest.judging.models import Assignment
from contest.judging.notes import by_block, notes_of
from contest.judging.queries import get_own_assignment, is_locked, talk
from contest.judging.reopening import history, undoable_until
from contest.judging.rules import marking_is_open
from contest.judging.sheets import BadMarks, is_unlocked, marks_of
from contest.judging.sight import earlier_results
from contest.judging.views import bp, me, my_roles, say_kept, say_not_kept
from contest.judging.views_bench import desk_of
from contest.judging.views_declare import before_opening


def bands_of(criterion: Criterion, step: Decimal) -> list[tuple[Decimal, Decimal, Any]]:
    """The bands of a criterion: the lowest and highest mark in each, and what it means."""
    tops = [*(band.from_ - step for band in criterion.bands[1:]), criterion.max]
    return [(band.from_, top, band.text) for band, top in zip(criterion.bands, tops, strict=False)]


def is_writable(contest: Contest, assignment: Assignment, *, locked: bool) -> bool:
    """Whether the sheet can be written on now: not final, in the marking's window or unlocked, not `locked`."""
    sheet = assignment.sheet
    if locked or (sheet is not None and sheet.state == "final"):
        return False
    return marking_is_open(contest.rules, assignment.round, g.now) or is_unlocked(sheet)


def blocks_of(assignment: Assignment, entry: BlindEntry | None = None) -> int:
    """How many places beside the text a note may have: its blocks; one for an entry of photos alone."""
    entry = entry or blind_entry(assignment.entry_id, assignment.round)
    return max(1, len(entry.document.blocks))


def sheet_page(
    contest: Contest,
    assignment: Assignment,
    form: SheetForm | None = None,
    code: int = 200,
    *,
    note: NoteForm | None = None,
    note_id: str = "",
) -> tuple[str, int]:
    """The page of one entry; `form` and `note` with what was typed and why it was not taken."""
    rules = contest.rules
    desk = desk_of(contest, assignment.round, alone=True)
    sheet = assignment.sheet
    saved = marks_of(sheet)
    locked = is_locked(contest, assignment.round, assignment.entry.category)
    if form is None:
        form = sheet_form(rules.rubric, formdata=None)
        form.show(saved, sheet.comment if sheet else "", sheet.version if sheet else 0, sheet.remarks if sheet else {})
    before, after = desk.neighbours(assignment.public_id)
    voices = [] if locked else talk(assignment)
    undo_until = None if locked or voices else undoable_until(assignment, g.now)
    entry = blind_entry(assignment.entry_id, assignment.round)
    text = render_template(
        "judging/sheet.html",
        contest=contest,
        rules=rules,
        chair=CHAIR in my_roles(contest),
        genres=GENRES,
        round=rules.round(assignment.round),
        window=rules.window(assignment.round),
        desk=desk,
        assignment=assignment,
        entry=entry,
        earlier=earlier_results(assignment.entry, assignment.round),
        sheet=sheet,
        saved=saved,
        total=sum(saved.values(), Decimal(0)),
        form=form,
        before=before,
        after=after,
        voices=voices,
        bands={each.id: bands_of(each, rules.rubric.step) for each in rules.rubric.criteria},
        writable=is_writable(contest, assignment, locked=locked),
        locked=locked,
        steps=history(sheet),
        undo_until=undo_until,
        undo_seconds=int((undo_until - g.now).total_seconds()) if undo_until else 0,
        notes=by_block(notes_of(assignment), blocks_of(assignment, entry)),
        note=note or NoteForm(formdata=None, prefix="note-"),
        note_id=note_id,
    )
    return text, code


@bp.get("/cham/<slug>/bai/<public_id>")
@needs("judge")
def sheet(slug: str, public_id: str) -> Any:
    contest = get_contest(slug)
    try:
        assignment = get_own_assignment(contest, public_id, me().id, g.now)
    except NotFound:
        # Not theirs at all, or theirs once the terms are accepted and the declaration is made.
        first = before_opening(contest, public_id)
        if first is None:
            raise
        return first
    return sheet_page(contest, assignment)


@bp.post("/cham/<slug>/bai/<public_id>")
@needs("judge")
def save(slug: str, public_id: str) -> Any:
    """The page's own buttons, for browsers without scripts too: save, put off, make final."""
    contest = get_contest(slug)
    get_own_assignment(contest, public_id, me().id, g.now)
    form = sheet_form(contest.rules.rubric)
    act = request.form.get("act", "save")
    taken, wrong = form.read(complete=act == "final")
    try:
        with writing() as now:
            contest = get_contest(slug)
            assignment = get_own_assignment(contest, public_id, me().id, now)
            values = _values(form, taken, assignment) | {"now": now}
            if act == "final" and not wrong:
                services.finalise_sheet(**values)
            elif act != "later" or assignment.sheet is not None or _says_something(values):
                # What fits is kept also when something does not: nothing typed is lost.
                form.version.data = str(services.save_sheet(**values).version)
            if act == "later" and not wrong:
                services.skip(assignment=assignment, actor=me(), now=now)
    except BadMarks as error:
        form.complain(error.marks, error.remarks)
        wrong = [problem.criterion for problem in (*error.marks, *error.remarks)]
    except Refused as error:
        form.form_errors.append(say(error))
        if isinstance(error, Conflict) and "version" in error.params:
            # A second press says that this window's marks are meant.
            form.version.data = str(error.params["version"])
    contest = get_contest(slug)
    if wrong or form.form_errors:
        return sheet_page(contest, get_own_assignment(contest, public_id, me().id, g.now), form, 422)
    return _done(contest, public_id, act)


def _values(form: SheetForm, taken: dict[str, Decimal | None], assignment: Assignment) -> dict[str, Any]:
    return {
        "assignment": assignment,
        "marks": taken,
        "comment": form.comment.data or "",
        "remarks": form.remarks(),
        "version": whole_number(form.version.data),
        "actor": me(),
    }


def _says_something(values: dict[str, Any]) -> bool:
    written: Sequence[Any] = (values["comment"], *values["remarks"].values(), *values["marks"].values())
    return any(each not in (None, "") for each in written)


def _done(contest: Contest, public_id: str, act: str) -> Response:
    """Say what happened and go to what comes next."""
    assignment = get_own_assignment(contest, public_id, me().id, g.now)
    desk = desk_of(contest, assignment.round, alone=True)
    code = assignment.entry.blind_code
    onward = desk.next_unfinished(public_id) if act in {"final", "later"} else None
    if act == "final":
        shown = marks(sum(marks_of(assignment.sheet).values(), Decimal(0)))
        flash(_("The sheet for entry %(code)s is final: %(total)s points.", code=code, total=shown), "ok")
        if onward is None:
            if not desk.undeclared:
                flash(_("That was the last one: all your sheets of this round are final."), "ok")
            return redirect(url_for("judging.bench", slug=contest.slug, round=desk.round_id), 303)
    elif act == "later":
        flash(_("Entry %(code)s was put to the end of your list; it comes back there.", code=code), "ok")
    else:
        flash(_("Saved. Entry %(code)s waits for you to make its sheet final.", code=code), "ok")
    return redirect(
        url_for("judging.sheet", slug=contest.slug, public_id=onward.public_id if onward else public_id), 303
    )


@bp.post("/cham/<slug>/bai/<public_id>/luu")
@needs("judge")
def autosave(slug: str, public_id: str) -> Any:
    """The same as saving by the button, for the page's script: answers in JSON what was kept."""
    contest = get_contest(slug)
    get_own_assignment(contest, public_id, me().id, g.now)
    form = sheet_form(contest.rules.rubric)
    taken, wrong = form.read(complete=False)
    try:
        with writing() as now:
            contest = get_contest(slug)
            assignment = get_own_assignment(contest, public_id, me().id, now)
            kept = services.save_sheet(**_values(form, taken, assignment), now=now)
    except Refused as error:
        return say_not_kept(error)
    return say_kept(form, kept.version, kept.updated_at, wrong=bool(wrong))


@bp.route("/cham/<slug>/bai/<public_id>/hoan-tac", methods=["GET", "POST"])
@needs("judge")
def undo(slug: str, public_id: str) -> Any:
    """Take back the finishing of a sheet, while there is time for it."""
    contest = get_contest(slug)
    code = get_own_assignment(contest, public_id, me().id, g.now).entry.blind_code
    here = url_for("judging.sheet", slug=slug, public_id=public_id)
    if request.method == "GET":
        return redirect(here)
    try:
        with writing() as now:
            contest = get_contest(slug)
            services.undo(
                assignment=get_own_assignment(contest, public_id, me().id, now),
                revision=whole_number(request.form.get("revision")),
                actor=me(),
                now=now,
            )
    except Refused as error:
        flash(say(error), "error")
    else:
        flash(_("The sheet for entry %(code)s is open again. Remember to make it final.", code=code), "ok")
    return redirect(here, 303)


@bp.route("/cham/<slug>/bai/<public_id>/trao-doi", methods=["GET", "POST"])
@needs("judge")
def rescore(slug: str, public_id: str) -> Any:
    contest = get_contest(slug)
    assignment = get_own_assignment(contest, public_id, me().id, g.now)
    if request.method == "GET":
        return redirect(url_for("judging.sheet", slug=slug, public_id=public_id))
    form = sheet_form(contest.rules.rubric)
    taken, wrong = form.read(complete=True)
    if not wrong:
        try:
            with writing() as now:
                contest = get_contest(slug)
                assignment = get_own_assignment(contest, public_id, me().id, now)
                values = _values(form, taken, assignment)
                values.pop("version")
                services.rescore(**values, reason=form.reason.data or "", now=now)
        except BadMarks as error:
            form.complain(error.marks, error.remarks)
            wrong = [problem.criterion for problem in (*error.marks, *error.remarks)]
        except Refused as error:
            if error.code == "reason_missing":
                form.reason.errors = (say(error),)
            else:
                form.form_errors.append(say(error))
    if wrong or form.errors:
        contest = get_contest(slug)
        assignment = get_own_assignment(contest, public_id, me().id, g.now)
        return sheet_page(contest, assignment, form, 422)
    flash(_("Your new marks count from now on; the earlier ones are kept on record."), "ok")
    return redirect(url_for("judging.sheet", slug=slug, public_id=public_id), 303)
