"""Paper score sheets: the set to print, the list of what has come back, and typing them in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Response, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import ORGANISER, SECRETARY
from contest.contests.ruleset import Criterion, RuleSet
from contest.contests.ruleset.parts import CommentRule
from contest.core.db import writing
from contest.core.errors import Conflict, NotFound, Refused
from contest.core.formats import loc, marks
from contest.core.pdf import make_pdf
from contest.core.qr import qr_path
from contest.core.web import limiter, needs
from contest.core.web.papers import paper as headed
from contest.core.web.papers import send_pdf
from contest.entries.models import Entry
from contest.judging import paper
from contest.judging.forms import SheetForm, sheet_form, whole_number
from contest.judging.models import Assignment, PaperSheet
from contest.judging.panels import judges_of
from contest.judging.paper_lists import (
    PRINTED_AT_ONCE,
    PaperLine,
    by_judge,
    find_lines,
    paper_lines,
    printable,
    sheet_code,
)
from contest.judging.sheets import BadMarks, find_sheet
from contest.judging.views import bp, me, say_kept, say_not_kept
from contest.judging.views_chair import do, frame, who

STAFF = (SECRETARY, ORGANISER)
_PAPER = "/ban-to-chuc/<slug>/cham/phieu-giay"
_COMMENT_LINES = 4


# Lists


@bp.get(_PAPER, endpoint="paper")
@needs(*STAFF)
def paper_page(slug: str) -> Any:
    """Whose paper sheets are where; one found by its code."""
    contest = get_contest(slug)
    rules = contest.rules
    round_id = request.args.get("round") or _running(rules)
    round_ = rules.round(round_id)
    typed = request.args.get("ma", "").strip()
    lines: Sequence[PaperLine] | None = None
    chosen = None
    if typed:
        found = find_lines(contest, me().id, typed)
        lines = [line for line in found or () if rules.has_begun(line.round_id, g.now)]
        if len(lines) == 1:
            return redirect(url_for("judging.paper_sheet", slug=slug, sheet_id=lines[0].public_id), 303)
    elif request.args.get("giam-khao"):
        chosen = next((judge for judge in judges_of(contest) if judge.public_id == request.args["giam-khao"]), None)
        if chosen is None:
            raise NotFound(request.args["giam-khao"])
        where = [Assignment.judge_id == chosen.id, Assignment.round == round_.id]
        if category := request.args.get("hang-muc"):
            where.append(Entry.category == rules.category(category).id)
        lines = paper_lines(contest, me().id, *where)
    return render_template(
        "judging/paper.html",
        **who(contest),
        rules=rules,
        round=round_,
        begun=rules.has_begun(round_.id, g.now),
        window=rules.window(round_.id),
        judges=by_judge(contest, round_.id) if lines is None else [],
        lines=lines,
        chosen=chosen,
        typed=typed,
        at_once=PRINTED_AT_ONCE,
    )


def _running(rules: RuleSet) -> str:
    """The last round that has begun, else the first."""
    begun = [each.id for each in rules.rounds if rules.has_begun(each.id, g.now)]
    return begun[-1] if begun else rules.rounds[0].id


# Printing


@bp.get("/ban-to-chuc/<slug>/cham/<round_id>/<category>/phieu-giay.pdf")
@needs(*STAFF)
@limiter.limit("30 per minute")
def paper_set(slug: str, round_id: str, category: str) -> Response:
    """Blank sheets of one judge or a whole panel, at most so many at once (`phan` counts from 1)."""
    contest = get_contest(slug)
    page = frame(contest, round_id, category)
    where = [Assignment.round == round_id, Entry.category == category]
    if public_id := request.args.get("giam-khao"):
        judge = next((each for each in judges_of(contest) if each.public_id == public_id), None)
        if judge is None:
            raise NotFound(public_id)
        where.append(Assignment.judge_id == judge.id)
    lines = printable(paper_lines(contest, me().id, *where))
    start = max(0, whole_number(request.args.get("phan"), 1, digits=4) - 1) * PRINTED_AT_ONCE
    lines = lines[start : start + PRINTED_AT_ONCE]
    if not lines:
        raise NotFound(category)
    rules = contest.rules
    data = {
        **headed(
            _("Score sheet"),
            subtitle=loc(rules.title),
            governing=loc(rules.bodies.governing),
            lead=loc(rules.bodies.lead),
        ),
        **_words(),
        "head": [_("Criterion"), _("Most"), _("Mark")],
        "criteria": [_criterion(each, rules) for each in rules.rubric.criteria],
        "scale": marks(rules.rubric.scale),
        "step_note": _(
            "Marks in steps of %(step)s, from 0 to the most of each criterion.", step=marks(rules.rubric.step)
        ),
        "comment_lines": _COMMENT_LINES,
        "sheets": [
            {
                "code": line.code,
                "sheet_code": line.sheet_code,
                "judge": line.judge,
                "round": f"{loc(page['round'].name)} · {category} – {loc(page['category'].name)}",
                "qr": _qr(url_for("judging.paper_sheet", slug=slug, sheet_id=line.public_id, _external=True)),
            }
            for line in lines
        ],
    }
    return send_pdf(make_pdf("blank_sheets", data, at=g.now))


def _words() -> dict[str, str]:
    return {
        "code_label": _("Entry code"),
        "judge_label": _("Judge"),
        "round_label": _("Round and category"),
        "sheet_label": _("Sheet code"),
        "qr_alt": _("QR code that leads to where this sheet is typed in:"),
        "total_label": _("Total"),
        "comment_label": _("Comment"),
        "declaration": _(
            "I have no conflict of interest with this entry: neither I nor anybody near me wrote it, it is about none"
            " of us, and it does not come from my unit. I marked it on my own, by the text alone."
        ),
        "place": _("…………, day … month … year 20…"),
        "signer": _("Judge"),
        "signer_note": _("(signature and full name)"),
    }


def _criterion(criterion: Criterion, rules: RuleSet) -> dict[str, Any]:
    tops = [band.from_ - rules.rubric.step for band in criterion.bands[1:]] + [criterion.max]
    return {
        "name": f"{criterion.id}. {loc(criterion.name)}",
        "guide": loc(criterion.guide) if criterion.guide else "",
        "bands": [
            f"{marks(band.from_)}–{marks(top)}: {loc(band.text)}"
            for band, top in zip(criterion.bands, tops, strict=False)
        ],
        "max": marks(criterion.max),
        "comment": _comment_rule(criterion.comment),
    }


def _comment_rule(rule: CommentRule | None) -> str:
    if rule is None:
        return ""
    if rule.always:
        return str(_("Please comment on this mark."))
    if rule.below is not None and rule.above is not None:
        return str(
            _(
                "Please comment on a mark below %(low)s or above %(high)s.",
                low=marks(rule.below),
                high=marks(rule.above),
            )
        )
    if rule.below is not None:
        return str(_("Please comment on a mark below %(low)s.", low=marks(rule.below)))
    return str(_("Please comment on a mark above %(high)s.", high=marks(rule.above))) if rule.above is not None else ""


def _qr(address: str) -> str:
    qr = qr_path(address)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {qr.size} {qr.size}" shape-rendering="crispEdges">'
        f'<path d="{qr.path}"/></svg>'
    )


# Typing


@bp.route(f"{_PAPER}/<sheet_id>", methods=["GET", "POST"])
@needs(*STAFF)
def paper_sheet(slug: str, sheet_id: str) -> Any:
    """Type a sheet in, for the first or the second time; look at the differences; begin anew."""
    contest = get_contest(slug)
    assignment = paper.get_paper(contest, sheet_id, g.now)
    if request.method != "POST":
        return _page(contest, assignment)
    act = request.form.get("act", "save")
    form = sheet_form(contest.rules.rubric)
    if act in ("settle", "again"):
        if do(lambda now: _resolve(slug, sheet_id, act, form, now), form):
            return redirect(url_for("judging.paper_sheet", slug=slug, sheet_id=sheet_id), 303)
        wrong: list[str] = []
    else:
        done = act == "done"
        taken, wrong = form.read(complete=done)
        if do(lambda now: _type(slug, sheet_id, form, taken, done=done and not wrong, now=now), form) and not wrong:
            return redirect(url_for("judging.paper_sheet", slug=slug, sheet_id=sheet_id), 303)
    contest = get_contest(slug)
    return _page(contest, paper.get_paper(contest, sheet_id, g.now), form, 422)


def _page(contest: Contest, assignment: Assignment, form: SheetForm | None = None, code: int = 200) -> tuple[str, int]:
    rubric = contest.rules.rubric
    row, sheet = paper.find_paper(assignment), find_sheet(assignment)
    state = paper.state_of(row, sheet.state if sheet else None)
    part = paper.part_of(row, state, me().id)
    typed = _own(row, state, part)
    if form is None:
        form = sheet_form(rubric, formdata=None)
        # The second begins with an empty page, whatever the first typed.
        form.show(typed.marks, typed.comment, row.version if row else 0, typed.remarks)
        signed = typed.signed
    else:
        signed = "signed" in request.form
    line = next(iter(paper_lines(contest, me().id, Assignment.id == assignment.id)), None)
    both = (paper.Typed.read(row.first), paper.Typed.read(row.second)) if row and part == "settle" else None
    text = render_template(
        "judging/paper_sheet.html",
        **frame(contest, assignment.round, assignment.entry.category),
        assignment=assignment,
        line=line,
        code=assignment.entry.blind_code,
        sheet_code=sheet_code(assignment.public_id),
        judge=assignment.judge,
        state=state,
        part=part,
        form=form,
        signed=signed,
        typed=typed,
        total=sum(typed.marks.values()),
        begun_on_screen=sheet is not None and sheet.state != "final",
        differences=paper.differences(*both, rubric) if both else (),
    )
    return text, code


def _own(row: PaperSheet | None, state: str, part: str) -> paper.Typed:
    """What whoever asks has typed themselves so far."""
    if row is None or state == paper.NONE:
        return paper.Typed()
    if part == paper.FIRST:
        return paper.Typed.read(row.first)
    return paper.Typed.read(row.second) if part == paper.SECOND else paper.Typed()


def _type(slug: str, sheet_id: str, form: SheetForm, taken: Any, *, done: bool, now: datetime) -> Any:
    contest = get_contest(slug)
    assignment = paper.get_paper(contest, sheet_id, now)
    try:
        row = paper.key_in(
            assignment=assignment,
            marks=taken,
            remarks=form.remarks(),
            comment=form.comment.data or "",
            signed="signed" in request.form,
            done=done,
            version=whole_number(form.version.data),
            actor=me(),
            now=now,
        )
    except BadMarks as error:
        form.complain(error.marks, error.remarks)
        raise
    except Conflict as error:
        form.version.data = str(error.params.get("version", form.version.data))
        raise
    form.version.data = str(row.version)
    if row.taken_at is not None:
        return _("Both agree. The judge's sheet is final, and the judge is told.")
    if not done:
        return _("Saved.")
    if row.second is None:
        return _("Typed in. Another person has to type it again before it counts.")
    return _("The two differ. Please look at the differences below.")


def _resolve(slug: str, sheet_id: str, act: str, form: SheetForm, now: datetime) -> Any:
    contest = get_contest(slug)
    assignment = paper.get_paper(contest, sheet_id, now)
    version = whole_number(form.version.data)
    if act == "again":
        paper.start_again(assignment=assignment, version=version, actor=me(), now=now)
        return _("Put aside. The sheet can be typed in anew.")
    choices = {
        name.removeprefix("choose-"): value for name, value in request.form.items() if name.startswith("choose-")
    }
    paper.settle(assignment=assignment, choices=choices, version=version, actor=me(), now=now)
    return _("The judge's sheet is final, and the judge is told.")


@bp.post(f"{_PAPER}/<sheet_id>/luu")
@needs(*STAFF)
def paper_autosave(slug: str, sheet_id: str) -> Any:
    """Work in progress, sent by the page's script: answers in JSON what was kept."""
    contest = get_contest(slug)
    paper.get_paper(contest, sheet_id, g.now)
    form = sheet_form(contest.rules.rubric)
    taken, wrong = form.read(complete=False)
    try:
        with writing() as now:
            _type(slug, sheet_id, form, taken, done=False, now=now)
    except Refused as error:
        return say_not_kept(error)
    return say_kept(form, whole_number(form.version.data), now, wrong=bool(wrong))
