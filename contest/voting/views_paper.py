"""Ballots on paper: slips to print, the batches, keying in, settling, taking in."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response, flash, g, jsonify, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import get_contest, roles_of
from contest.contests.rules import ORGANISER, SECRETARY
from contest.core.db import db, writing
from contest.core.errors import Conflict, NotFound, Refused
from contest.core.formats import hour, local
from contest.core.pdf import make_pdf
from contest.core.typed import typed_day
from contest.core.web import limiter, needs, say
from contest.core.web.keys import log_signer
from contest.core.web.language import locale
from contest.core.web.papers import send_pdf
from contest.editions.shown import shown_all
from contest.units.models import Unit
from contest.units.queries import units_on
from contest.voting import paper, queries
from contest.voting.forms_paper import BatchForm, DiscardForm
from contest.voting.log import open_log
from contest.voting.models_review import PaperBatch
from contest.voting.paper_accept import accept
from contest.voting.paper_slips import PROBLEMS, as_typed, differing
from contest.voting.services import LogNotOpen
from contest.voting.views import bp
from contest.voting.views_print import slips_data

STAFF = (SECRETARY, ORGANISER)
AT_ONCE = 100  # slips on a page to key in, and sheets in a file to print
_PAPER = "/ban-to-chuc/<slug>/binh-chon/phieu-giay"
_FIELD = re.compile(r"s([0-9]{1,4})")


def me() -> User:
    """Who is signed in, as a row and not as Flask-Login's stand-in."""
    person: User = current_user._get_current_object()  # noqa: SLF001 - the documented way to it
    return person


def _contest(slug: str) -> Contest:
    """A contest whose rules know ballots on paper. Raises NotFound."""
    contest = get_contest(slug)
    if not contest.rules.voting.enabled or not contest.rules.voting.paper_ballots:
        raise NotFound(slug)
    return contest


def _number(text: str | None, default: int, most: int) -> int:
    """A whole number between 1 and `most` out of an address."""
    return min(most, max(1, int(text))) if text and text.isascii() and text.isdigit() and len(text) < 6 else default


# The batches


@bp.route(_PAPER, methods=["GET", "POST"], endpoint="paper")
@needs(*STAFF)
def paper_page(slug: str) -> Any:
    contest = _contest(slug)
    form = BatchForm()
    form.offer(units_on(local(g.now).date()), english=locale() == "en")
    if request.method == "POST" and form.validate():
        try:
            with writing() as now:
                batch = _make(slug, form, now)
        except Refused as error:
            form.form_errors.append(say(error))
        else:
            flash(_("The batch is on record. Number the slips with a pencil, then key them in."), "ok")
            return redirect(url_for("voting.paper_batch", slug=slug, batch_id=batch.public_id), 303)
        contest = _contest(slug)
    batches = db.session.scalars(
        select(PaperBatch).where(PaperBatch.contest_id == contest.id).order_by(PaperBatch.id.desc())
    ).all()
    page = render_template(
        "voting/paper.html",
        contest=contest,
        rules=contest.rules,
        batches=batches,
        form=form,
        open=contest.rules.has_begun("voting", g.now) and g.now < paper.last_moment(contest.rules),
        last=paper.last_moment(contest.rules),
    )
    return page, 422 if request.method == "POST" else 200


def _make(slug: str, form: BatchForm, now: datetime) -> PaperBatch:
    code = form.unit.data or ""
    unit = db.session.scalar(select(Unit).where(Unit.code == code)) if code and "\x00" not in code else None
    return paper.make_batch(
        contest=_contest(slug),
        place=form.place.data or "",
        unit=unit,
        held_on=typed_day(form.held_on.data),
        slips=int(form.slips.data or 0),
        actor=me(),
        now=now,
    )


@bp.get("/ban-to-chuc/<slug>/binh-chon/phieu-giay.pdf")
@needs(*STAFF)
@limiter.limit("30 per minute")
def paper_slips(slug: str) -> Response:
    """Blank slips to print, each with the finalists in an order of its own: `so` of them, from number `tu`."""
    contest = _contest(slug)
    count = _number(request.args.get("so"), 10, AT_ONCE)
    start = _number(request.args.get("tu"), 1, 99_999)
    entries = shown_all(queries.gallery(contest), g.now, texts=False)
    if not entries:
        raise NotFound(slug)
    with force_locale("vi"):
        data = slips_data(contest, entries, range(start, start + count))
    return send_pdf(make_pdf("ballot", data, at=g.now))


# One batch


@bp.route(f"{_PAPER}/<batch_id>", methods=["GET", "POST"])
@needs(*STAFF)
def paper_batch(slug: str, batch_id: str) -> Any:
    contest = _contest(slug)
    batch = paper.get_batch(contest, batch_id)
    if request.method != "POST":
        return _page(contest, batch)
    typed = _typed()
    problems: dict[int, str] = {}
    form = DiscardForm()
    try:
        _act(slug, batch_id, request.form.get("act", "save"), typed, form)
    except paper.BadSlips as error:
        problems = error.problems
        flash(say(error), "error")
    except Refused as error:
        flash(say(error), "error")
        if isinstance(error, Conflict):
            typed = {}
    else:
        return redirect(url_for("voting.paper_batch", slug=slug, batch_id=batch_id, tu=_next_page(problems)), 303)
    contest = _contest(slug)
    return _page(contest, paper.get_batch(contest, batch_id), typed, problems, form), 422


def _next_page(problems: dict[int, str]) -> int | None:
    """Where to go on after "save and go on"."""
    wanted = _number(request.form.get("go"), 0, paper.MOST_SLIPS) if request.form.get("act") == "next" else 0
    return wanted or (min(problems) if problems else None)


def _typed() -> dict[int, str]:
    return {int(match[1]): value for name, value in request.form.items() if (match := _FIELD.fullmatch(name))}


def _act(slug: str, batch_id: str, act: str, typed: dict[int, str], form: DiscardForm) -> None:
    """One act on a batch, in transactions of its own. Raises Refused."""

    def do(verb: Callable[..., Any], **more: Any) -> Any:
        with writing() as now:
            return verb(batch=paper.get_batch(_contest(slug), batch_id), actor=me(), now=now, **more)

    if act == "begin":
        do(paper.begin)
    elif act in ("save", "next", "done"):
        # Kept first, whatever becomes of it: a slip that cannot be read costs nobody the other hundred.
        do(paper.key_in, typed=typed)
        if act == "done":
            do(paper.finish)
            flash(_("Your reading is done."), "ok")
        else:
            flash(_("Saved."), "ok")
    elif act == "settle":
        left = do(paper.read_again, typed=typed)
        flash(
            _("Slips that still differ: %(count)s.", count=len(left)) if left else _("Both readings agree now."), "ok"
        )
    elif act == "recount":
        do(paper.recount, slips=_number(request.form.get("slips"), 0, 99_999))
        flash(_("Saved."), "ok")
    elif act == "release":
        do(paper.release, part=request.form.get("part", ""))
        flash(_("Somebody else can begin this reading now."), "ok")
    elif act == "discard":
        if not form.validate():
            raise Refused(str(form.words.errors[0]) if form.words.errors else _("Say why the batch is left out."))
        do(paper.discard, words=form.words.data or "")
        flash(_("The batch is left out. What was keyed is kept."), "ok")
    elif act == "accept":
        found = _accept(slug, batch_id)
        flash(
            _(
                "Taken in: %(ballots)s ballots of %(slips)s slips; %(spoilt)s spoilt, %(lapsed)s whose choices have all"
                " fallen out.",
                ballots=found.ballots,
                slips=found.slips,
                spoilt=found.spoilt,
                lapsed=found.lapsed,
            ),
            "ok",
        )


def _accept(slug: str, batch_id: str) -> paper.Figures:
    try:
        with writing() as now:
            return accept(batch=paper.get_batch(_contest(slug), batch_id), actor=me(), now=now)
    except LogNotOpen:
        with writing() as now:
            contest = _contest(slug)
            open_log(contest=contest, signer=log_signer(slug, contest.public_id), now=now)
    with writing() as now:
        return accept(batch=paper.get_batch(_contest(slug), batch_id), actor=me(), now=now)


def _page(
    contest: Contest,
    batch: PaperBatch,
    typed: dict[int, str] | None = None,
    problems: dict[int, str] | None = None,
    form: DiscardForm | None = None,
) -> str:
    part = paper.part_of(batch, me().id)
    late = g.now >= paper.last_moment(contest.rules)
    known = paper.candidates(contest) if part in (paper.FIRST, paper.SECOND, "settle") and not late else []
    codes = {each.public_id: each.code for each in known}
    kept = paper.typed_by(batch, part) if part in (paper.FIRST, paper.SECOND) else {}
    start = _number(request.args.get("tu"), 0, batch.slips) or (
        min(problems) if problems else _first_empty(kept, batch)
    )
    start = (start - 1) // AT_ONCE * AT_ONCE + 1
    numbers = range(start, min(start + AT_ONCE, batch.slips + 1))
    differs = differing(batch.first or [], batch.second or []) if batch.state == paper.DIFFERS else []
    people = [batch.made_by, batch.first_by, batch.second_by, batch.accepted_by]
    names = {
        row[0]: row[1]
        for row in db.session.execute(select(User.id, User.name).where(User.id.in_([each for each in people if each])))
    }
    return render_template(
        "voting/paper_batch.html",
        contest=contest,
        rules=contest.rules,
        batch=batch,
        part=part,
        late=late,
        last=paper.last_moment(contest.rules),
        organiser=_is_organiser(contest),
        keyed=me().id in (batch.first_by, batch.second_by),
        known=known,
        titles={each.public_id: each.title for each in shown_all(queries.gallery(contest), g.now, texts=False)}
        if known
        else {},
        numbers=numbers,
        pages=range(1, batch.slips + 1, AT_ONCE),
        at_once=AT_ONCE,
        typed={**kept, **(typed or {})},
        filled=len(kept),
        problems={number: PROBLEMS[problem] for number, problem in (problems or {}).items()},
        # What is on slips is shown to the two who read them alone, and only once both are done.
        differs=[
            (number, as_typed(batch.first[number - 1], codes), as_typed(batch.second[number - 1], codes))  # type: ignore[index]
            for number in differs
        ]
        if part == "settle" and known
        else [],
        differing=len(differs),
        figures=paper.figures(batch),
        names=names,
        discard=form or DiscardForm(formdata=None),
    )


def _is_organiser(contest: Contest) -> bool:
    return ORGANISER in roles_of(contest.id, me().id)


def _first_empty(kept: dict[int, str], batch: PaperBatch) -> int:
    """Where to go on: the first slip that nothing is typed of."""
    return next((number for number in range(1, batch.slips + 1) if number not in kept), 1)


@bp.post(f"{_PAPER}/<batch_id>/luu")
@needs(*STAFF)
def paper_autosave(slug: str, batch_id: str) -> Any:
    """Work in progress, sent by the page's script."""
    try:
        with writing() as now:
            paper.key_in(batch=paper.get_batch(_contest(slug), batch_id), typed=_typed(), actor=me(), now=now)
    except Refused as error:
        return jsonify(message=say(error)), 409 if isinstance(error, Conflict) else 422
    return jsonify(message=_("Saved at %(hour)s", hour=hour(now)))
