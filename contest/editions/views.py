"""Approval for the public (duyệt đăng): the list of finalists, an edition, its approval and its history.

These pages name neither the code nor the author: the title is enough to prepare a text by, and the
map from codes to authors stays sealed.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import ORGANISER, SECRETARY
from contest.core.db import writing
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.richtext import parse, plain
from contest.core.web import needs, say
from contest.editions import models, queries, services
from contest.editions.differences import differences
from contest.editions.forms import ChosenForm, EditionForm, WithdrawForm
from contest.editions.rules import CHECKS, STATES, checks_for, may_approve
from contest.editions.shown import shown_edition
from contest.editions.suggestions import KINDS
from contest.entries.models import Entry

bp = Blueprint("editions", __name__)
_BATCH_MOST = 200


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


def _number(text: str | None) -> int:
    """A version as the form sent it; -1, which no edition has, for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else -1


def _back(slug: str, public_id: str, anchor: str | None = None) -> Response:
    return redirect(url_for("editions.edit", slug=slug, public_id=public_id, _anchor=anchor), 303)


@bp.get("/ban-to-chuc/<slug>/duyet-dang")
@needs(ORGANISER, SECRETARY)
def desk(slug: str) -> str:
    """Every finalist with the state of its edition; what needs work comes first."""
    contest = get_contest(slug)
    wanted = request.args.get("trang-thai", "")
    if wanted and wanted not in STATES:
        raise NotFound(wanted)
    lines = queries.lines(contest)
    order = list(STATES)
    return render_template(
        "editions/desk.html",
        contest=contest,
        rules=contest.rules,
        lines=sorted((line for line in lines if wanted in ("", line.state)), key=lambda line: order.index(line.state)),
        counts=Counter(line.state for line in lines),
        total=len(lines),
        wanted=wanted,
        states=STATES,
    )


@bp.post("/ban-to-chuc/<slug>/duyet-dang")
@needs(ORGANISER, SECRETARY)
def prepare_chosen(slug: str) -> Response:
    """Begin editions of the ticked finalists that have none."""
    form = ChosenForm()
    chosen = list(dict.fromkeys(form.chosen.data or ()))[:_BATCH_MOST]
    try:
        with writing() as now:
            contest = get_contest(slug)
            entries = [line.entry for line in queries.lines(contest) if line.entry.public_id in chosen]
            done = services.prepare_all(entries=entries, actor=_me(), now=now)
    except Refused as error:
        flash(say(error), "error")
    else:
        words = ngettext("%(num)s edition has been begun.", "%(num)s editions have been begun.", done)
        flash(words, "ok" if done else "info")
    return redirect(url_for("editions.desk", slug=slug), 303)


@bp.get("/ban-to-chuc/<slug>/duyet-dang/<public_id>")
@needs(ORGANISER, SECRETARY)
def edit(slug: str, public_id: str) -> str:
    contest = get_contest(slug)
    return _page(contest, queries.get_finalist(contest, public_id))


def _page(contest: Contest, entry: Entry, form: EditionForm | None = None, **shown: Any) -> str:
    """One finalist: what readers have, and the edition that is being prepared."""
    edition = queries.find_prepared(entry.id)
    standing = queries.find_standing(entry.id)
    last = edition or standing
    if form is None and edition is not None:
        form = EditionForm(
            formdata=None,
            version=str(edition.version),
            title=edition.title,
            document=edition.document,
            abridged=edition.abridged,
            author_shown=edition.author_shown,
        )
    organisers = queries.organisers_of(contest)
    return render_template(
        "editions/edition.html",
        contest=contest,
        rules=contest.rules,
        entry=entry,
        edition=edition,
        standing=standing,
        history=queries.editions_of(entry.id),
        state=queries.edition_state(entry),
        states=STATES,
        form=form,
        preview=shown_edition(entry, last, g.now) if last else None,
        suggestions=services.suggestions_for(edition) if edition else (),
        detail_kinds=KINDS,
        checks=checks_for(photos=any(each.shown for each in edition.photos), abridged=edition.abridged)
        if edition
        else {},
        cleared=queries.is_cleared(entry),
        organiser=_me().id in organisers,
        may_approve=edition is not None
        and may_approve(preparer_id=edition.prepared_by_id, approver_id=_me().id, organisers=organisers),
        withdraw_form=shown.pop("withdraw_form", None) or WithdrawForm(formdata=None),
        typed=shown.pop("typed", {}),
        refusal=shown.pop("refusal", ""),
        approval_refusal=shown.pop("approval_refusal", ""),
    )


@bp.post("/ban-to-chuc/<slug>/duyet-dang/<public_id>/soan")
@needs(ORGANISER, SECRETARY)
def begin(slug: str, public_id: str) -> Response:
    """Begin the next edition; go on with the one that is being prepared."""
    with writing() as now:
        services.prepare(entry=queries.get_finalist(get_contest(slug), public_id, lock=True), actor=_me(), now=now)
    return _back(slug, public_id, "bien-tap")


def _prepared(contest: Contest, public_id: str) -> models.Edition:
    """The edition being prepared of a finalist, for a verb. Raises NotFound, Conflict."""
    entry = queries.get_finalist(contest, public_id)
    edition = queries.find_prepared(entry.id)
    if edition is None:
        raise Conflict(
            N_("This edition has been approved meanwhile. Begin a new one to change what readers get."),
            code="approved",
        )
    return edition


@bp.post("/ban-to-chuc/<slug>/duyet-dang/<public_id>")
@needs(ORGANISER, SECRETARY)
def save(slug: str, public_id: str) -> Any:
    """Keep what was written. The page then shows it as readers will."""
    form = EditionForm()
    typed = {name: value for name, value in request.form.items() if name.startswith("anh-")}
    if form.validate():
        try:
            with writing() as now:
                contest = get_contest(slug)
                edition = _prepared(contest, public_id)
                services.save(
                    edition=edition,
                    version=_number(form.version.data),
                    title=form.title.data or "",
                    document=form.document.data or "",
                    photos=_photo_texts(edition, typed),
                    abridged=bool(form.abridged.data),
                    author_shown=bool(form.author_shown.data),
                    actor=_me(),
                    now=now,
                )
        except Refused as error:
            form.form_errors.append(say(error))
            if isinstance(error, Conflict) and "version" in error.params:
                # A second press says that this window's text is meant.
                form.version.data = str(error.params["version"])
        else:
            flash(_("Saved. Below is what readers would get."), "ok")
            return _back(slug, public_id, "xem-truoc")
    contest = get_contest(slug)
    return _page(contest, queries.get_finalist(contest, public_id), form, typed=typed), 422


def _photo_texts(edition: models.Edition, typed: dict[str, str]) -> dict[str, services.PhotoText]:
    found = {}
    for each in edition.photos:
        name = f"anh-{each.photo.public_id}"
        if f"{name}-chu-thich" in typed:
            found[each.photo.public_id] = services.PhotoText(
                caption=typed[f"{name}-chu-thich"],
                alt=typed.get(f"{name}-mo-ta", ""),
                credit=typed.get(f"{name}-nguoi-chup", ""),
                shown=f"{name}-hien" in typed,
            )
    return found


@bp.post("/ban-to-chuc/<slug>/duyet-dang/<public_id>/che")
@needs(ORGANISER, SECRETARY)
def hide(slug: str, public_id: str) -> Response:
    """Hide the ticked details wherever they stand in the edition."""
    form = ChosenForm()
    try:
        with writing() as now:
            count = services.hide_details(
                edition=_prepared(get_contest(slug), public_id),
                version=_number(form.version.data),
                phrases=form.chosen.data or (),
                actor=_me(),
                now=now,
            )
    except Refused as error:
        flash(say(error), "error")
        return _back(slug, public_id, "chi-tiet-rieng")
    flash(ngettext("%(num)s detail is hidden.", "%(num)s details are hidden.", count), "ok")
    return _back(slug, public_id, "xem-truoc")


@bp.post("/ban-to-chuc/<slug>/duyet-dang/<public_id>/duyet")
@needs(ORGANISER)
def approve(slug: str, public_id: str) -> Any:
    """Let readers have the edition, from the instant at which the rules open the texts."""
    form = ChosenForm()
    try:
        with writing() as now:
            services.approve(
                edition=_prepared(get_contest(slug), public_id),
                version=_number(form.version.data),
                ticked=set(form.chosen.data or ()) & set(CHECKS),
                actor=_me(),
                now=now,
            )
    except Refused as error:
        contest = get_contest(slug)
        entry = queries.get_finalist(contest, public_id)
        return _page(contest, entry, typed={"ticked": form.chosen.data or ()}, approval_refusal=say(error)), 422
    flash(_("Approved. Readers get this edition as soon as the rules open the texts."), "ok")
    return redirect(url_for("editions.desk", slug=slug), 303)


@bp.post("/ban-to-chuc/<slug>/duyet-dang/<public_id>/go")
@needs(ORGANISER)
def withdraw(slug: str, public_id: str) -> Any:
    """Take the edition from the public."""
    form = WithdrawForm()
    if form.validate():
        try:
            with writing() as now:
                entry = queries.get_finalist(get_contest(slug), public_id, lock=True)
                services.withdraw(entry=entry, reason=form.reason.data or "", actor=_me(), now=now)
        except Refused as error:
            form.form_errors.append(say(error))
        else:
            flash(_("Withdrawn. Readers no longer get it; copies of the page are kept for at most 15 seconds."), "ok")
            return _back(slug, public_id)
    contest = get_contest(slug)
    return _page(contest, queries.get_finalist(contest, public_id), withdraw_form=form), 422


@bp.post("/ban-to-chuc/<slug>/duyet-dang/<public_id>/bo")
@needs(ORGANISER, SECRETARY)
def discard(slug: str, public_id: str) -> Response:
    """Give up the edition that is being prepared."""
    form = ChosenForm()
    try:
        with writing() as now:
            services.discard(
                edition=_prepared(get_contest(slug), public_id),
                version=_number(form.version.data),
                actor=_me(),
                now=now,
            )
    except Refused as error:
        flash(say(error), "error")
    else:
        flash(_("The edition in preparation is gone. What readers have has not changed."), "ok")
    return _back(slug, public_id)


@bp.get("/ban-to-chuc/<slug>/duyet-dang/<public_id>/lich-su")
@needs(ORGANISER, SECRETARY)
def history(slug: str, public_id: str) -> str:
    """Every edition, each with what it changed."""
    contest = get_contest(slug)
    entry = queries.get_finalist(contest, public_id)
    before_title, before = entry.title, plain(parse(services.document_of(entry)))
    steps = []
    for edition in queries.editions_of(entry.id):
        after = plain(parse(edition.document))
        steps.append((edition, differences(before_title, edition.title), differences(before, after)))
        before_title, before = edition.title, after
    return render_template(
        "editions/history.html",
        contest=contest,
        rules=contest.rules,
        entry=entry,
        steps=list(reversed(steps)),
    )
