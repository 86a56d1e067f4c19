"""The judge's bench: the queue, a text beside its sheet, saving as one goes, stepping back.

Everything shown comes from the judge's own assignments (queries.queue, queries.talk) and from the
judges' rendering of the entry (entries.blind).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from flask import Response as FlaskResponse
from flask import flash, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contest.contests.labels import GENRES
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import CHAIR
from contest.core.db import writing
from contest.core.errors import Conflict, NotFound, Refused
from contest.core.formats import hour, marks
from contest.core.web import needs, say
from contest.core.web.files import send_stored
from contest.entries.blind import blind_entry, blind_photo_key
from contest.judging import services
from contest.judging.forms import ReasonForm, SheetForm, sheet_form, whole_number
from contest.judging.models import Assignment
from contest.judging.queries import Task, get_own_assignment, is_locked, queue, rounds_of, talk
from contest.judging.rules import marking_is_open
from contest.judging.sheets import BadMarks, marks_of
from contest.judging.views import bp, me, my_roles

SHOW = ("all", "todo", "open", "final")
_STEPS = 20


@dataclass(frozen=True)
class Desk:
    """A judge's queue in one round, with what is counted on it."""

    contest: Contest
    round_id: str
    rounds: tuple[str, ...]
    tasks: tuple[Task, ...]
    counts: dict[str, int]

    @property
    def first_unfinished(self) -> Task | None:
        """What to go on with: a sheet already begun before one that is not."""
        unfinished = [task for task in self.tasks if task.state != "final"]
        return min(unfinished, key=lambda task: task.state != "open", default=None)

    def neighbours(self, public_id: str) -> tuple[Task | None, Task | None]:
        """The tasks before and after one, in the judge's order."""
        ids = [task.public_id for task in self.tasks]
        at = ids.index(public_id) if public_id in ids else -1
        before = self.tasks[at - 1] if at > 0 else None
        after = self.tasks[at + 1] if 0 <= at < len(ids) - 1 else None
        return before, after

    def next_unfinished(self, public_id: str) -> Task | None:
        """The next sheet that is not final, going round at the end."""
        ids = [task.public_id for task in self.tasks]
        at = ids.index(public_id) + 1 if public_id in ids else 0
        circle = (*self.tasks[at:], *self.tasks[:at])
        return next((task for task in circle if task.state != "final" and task.public_id != public_id), None)


def _desk(contest: Contest, round_id: str | None = None) -> Desk:
    rounds = rounds_of(contest, me().id, g.now)
    if round_id is None:
        running = [each for each in rounds if marking_is_open(contest.rules, each, g.now)]
        round_id = (running or rounds or [contest.rules.rounds[0].id])[-1]
    elif round_id not in rounds:
        raise NotFound(round_id)
    tasks = queue(contest, round_id, me().id, g.now)
    counts = Counter(task.state for task in tasks)
    return Desk(contest, round_id, tuple(rounds), tuple(tasks), {**dict.fromkeys(SHOW, 0), **counts, "all": len(tasks)})


@bp.get("/cham/<slug>")
@needs("judge")
def bench(slug: str) -> str:
    contest = get_contest(slug)
    desk = _desk(contest, request.args.get("round"))
    show = request.args.get("show", "all")
    if show not in SHOW:
        raise NotFound(show)
    totals = [task.total for task in desk.tasks if task.state == "final" and task.total is not None]
    return render_template(
        "judging/bench.html",
        contest=contest,
        rules=contest.rules,
        chair=CHAIR in my_roles(contest),
        genres=GENRES,
        desk=desk,
        round=contest.rules.round(desk.round_id),
        window=contest.rules.window(desk.round_id),
        is_open=marking_is_open(contest.rules, desk.round_id, g.now),
        show=show,
        tasks=[task for task in desk.tasks if show in ("all", task.state)],
        distribution=_distribution(totals, contest.rules.rubric.scale),
    )


def _distribution(totals: Sequence[Decimal], scale: Decimal) -> dict[str, Any] | None:
    """How often the judge gave totals in each step of a twentieth of the scale, and their mean.

    Only the steps in use, and one on either side, so that differences can be seen.
    """
    if not totals:
        return None
    width = Fraction(scale) / _STEPS
    found = Counter(min(_STEPS - 1, int(Fraction(total) / width)) for total in totals)
    first, last = max(0, min(found) - 1), min(_STEPS - 1, max(found) + 1)
    bins = [(f"{marks(width * at)}–{marks(width * (at + 1))}", found[at]) for at in range(first, last + 1)]
    mean = Fraction(sum(totals, Decimal(0))) / len(totals)
    at = (mean - width * first) / (width * (last + 1 - first))
    return {"bins": bins, "mean": mean, "at": float(at), "low": min(totals), "high": max(totals)}


def _page(contest: Contest, assignment: Assignment, form: SheetForm | None = None, code: int = 200) -> tuple[str, int]:
    rules = contest.rules
    desk = _desk(contest, assignment.round)
    sheet = assignment.sheet
    saved = marks_of(sheet)
    locked = is_locked(contest, assignment.round, assignment.entry.category)
    if form is None:
        form = sheet_form(rules.rubric, formdata=None)
        form.show(saved, sheet.comment if sheet else "", sheet.version if sheet else 0)
    before, after = desk.neighbours(assignment.public_id)
    voices = [] if locked else talk(assignment)
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
        entry=blind_entry(assignment.entry_id),
        sheet=sheet,
        saved=saved,
        total=sum(saved.values(), Decimal(0)),
        form=form,
        before=before,
        after=after,
        voices=voices,
        # A sheet can be written on until it is final, while the round's marking is open.
        writable=not locked
        and (sheet is None or sheet.state != "final")
        and marking_is_open(rules, assignment.round, g.now),
        locked=locked,
    )
    return text, code


@bp.get("/cham/<slug>/bai/<public_id>")
@needs("judge")
def sheet(slug: str, public_id: str) -> Any:
    contest = get_contest(slug)
    return _page(contest, get_own_assignment(contest, public_id, me().id, g.now))


@bp.post("/cham/<slug>/bai/<public_id>")
@needs("judge")
def save(slug: str, public_id: str) -> Any:
    """The page's own buttons, for browsers without scripts too: save, save and go on, make final."""
    contest = get_contest(slug)
    get_own_assignment(contest, public_id, me().id, g.now)
    form = sheet_form(contest.rules.rubric)
    act = request.form.get("act", "save")
    taken, wrong = form.read(complete=act == "final")
    try:
        with writing() as now:
            contest = get_contest(slug)
            assignment = get_own_assignment(contest, public_id, me().id, now)
            values: dict[str, Any] = {
                "assignment": assignment,
                "marks": taken,
                "comment": form.comment.data or "",
                "version": whole_number(form.version.data),
                "actor": me(),
                "now": now,
            }
            if act == "final" and not wrong:
                services.finalise_sheet(**values)
            else:
                # What fits is kept also when something does not: nothing typed is lost.
                form.version.data = str(services.save_sheet(**values).version)
    except BadMarks as error:
        form.complain(error.marks)
        wrong = [problem.criterion for problem in error.marks]
    except Refused as error:
        form.form_errors.append(say(error))
        if isinstance(error, Conflict) and "version" in error.params:
            # A second press says that this window's marks are meant.
            form.version.data = str(error.params["version"])
    contest = get_contest(slug)
    if wrong or form.form_errors:
        return _page(contest, get_own_assignment(contest, public_id, me().id, g.now), form, 422)
    return _done(contest, public_id, act)


def _done(contest: Contest, public_id: str, act: str) -> Response:
    """Say what happened and go to what comes next."""
    assignment = get_own_assignment(contest, public_id, me().id, g.now)
    desk = _desk(contest, assignment.round)
    code = assignment.entry.blind_code
    if act == "final":
        shown = marks(sum(marks_of(assignment.sheet).values(), Decimal(0)))
        flash(_("The sheet for entry %(code)s is final: %(total)s points.", code=code, total=shown), "ok")
        onward = desk.next_unfinished(public_id)
        if onward is None:
            flash(_("That was the last one: all your sheets of this round are final."), "ok")
            return redirect(url_for("judging.bench", slug=contest.slug, round=desk.round_id), 303)
        return redirect(url_for("judging.sheet", slug=contest.slug, public_id=onward.public_id), 303)
    flash(_("Saved. Entry %(code)s waits for you to make its sheet final.", code=code), "ok")
    onward = desk.next_unfinished(public_id) if act == "later" else None
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
            kept = services.save_sheet(
                assignment=get_own_assignment(contest, public_id, me().id, now),
                marks=taken,
                comment=form.comment.data or "",
                version=whole_number(form.version.data),
                actor=me(),
                now=now,
            )
    except Refused as error:
        status = 409 if isinstance(error, Conflict) else 422
        return jsonify(message=say(error), code=error.code, version=error.params.get("version")), status
    at = hour(kept.updated_at)
    return jsonify(
        version=kept.version,
        message=_("Saved at %(hour)s, but some marks need another look", hour=at)
        if wrong
        else _("Saved at %(hour)s", hour=at),
        errors={field.id: list(field.errors) for _criterion, field in form.mark_fields() if field.errors},
    )


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
                services.rescore(
                    assignment=get_own_assignment(contest, public_id, me().id, now),
                    marks=taken,
                    comment=form.comment.data or "",
                    reason=form.reason.data or "",
                    actor=me(),
                    now=now,
                )
        except BadMarks as error:
            form.complain(error.marks)
        except Refused as error:
            if error.code == "reason_missing":
                form.reason.errors = (say(error),)
            else:
                form.form_errors.append(say(error))
    if form.errors:
        contest = get_contest(slug)
        assignment = get_own_assignment(contest, public_id, me().id, g.now)
        return _page(contest, assignment, form, 422)
    flash(_("Your new marks count from now on; the earlier ones are kept on record."), "ok")
    return redirect(url_for("judging.sheet", slug=slug, public_id=public_id), 303)


@bp.route("/cham/<slug>/bai/<public_id>/xung-dot", methods=["GET", "POST"])
@needs("judge")
def declare(slug: str, public_id: str) -> Any:
    """Stepping back from an entry: asked once, naming what happens."""
    contest = get_contest(slug)
    assignment = get_own_assignment(contest, public_id, me().id, g.now)
    form = ReasonForm()
    if request.method == "POST":
        try:
            with writing() as now:
                contest = get_contest(slug)
                assignment = get_own_assignment(contest, public_id, me().id, now)
                services.declare_conflict(assignment=assignment, reason=form.reason.data or "", actor=me(), now=now)
                code, round_id = assignment.entry.blind_code, assignment.round
        except Refused as error:
            form.form_errors.append(say(error))
        else:
            flash(
                _(
                    "You no longer judge entry %(code)s. That is no mark against it: another judge takes it.",
                    code=code,
                ),
                "ok",
            )
            kept = round_id if round_id in rounds_of(contest, me().id, g.now) else None
            return redirect(url_for("judging.bench", slug=slug, round=kept), 303)
        contest = get_contest(slug)
        assignment = get_own_assignment(contest, public_id, me().id, g.now)
    page = render_template(
        "judging/declare.html",
        contest=contest,
        rules=contest.rules,
        chair=CHAIR in my_roles(contest),
        assignment=assignment,
        entry=blind_entry(assignment.entry_id),
        form=form,
    )
    return page, 422 if form.errors else 200


@bp.get("/cham/<slug>/bai/<public_id>/anh/<photo_id>/<any(lon, vua, nho):size>")
@needs("judge")
def photo(slug: str, public_id: str, photo_id: str, size: str) -> FlaskResponse:
    """A photo of an entry that one judges, without a name and without a date."""
    contest = get_contest(slug)
    assignment = get_own_assignment(contest, public_id, me().id, g.now)
    key = blind_photo_key(assignment.entry_id, photo_id, small=size == "nho", middle=size == "vua")
    # Its tag is of this assignment alone: the one on the public page says whose it is.
    response = send_stored(key, tag=f"{assignment.public_id}:")
    # When the file was written is when its author sent it; what it is called is nobody's business.
    for name in ("Last-Modified", "Content-Disposition"):
        response.headers.pop(name, None)
    return response
