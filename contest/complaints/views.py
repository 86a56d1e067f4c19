"""Remarks and complaints for everyone: sending one, and following it with the code of its receipt."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from contest.accounts.models import User
from contest.complaints import queries, services
from contest.complaints.forms import AddForm, FindForm, SendForm
from contest.complaints.models import Complaint
from contest.complaints.rules import (
    FILES_AT_ONCE,
    KINDS,
    ONLINE,
    OPEN,
    OUTCOMES,
    OUTCOMES_PUBLIC,
    STATES,
    clean_code,
    coming_windows,
    stage_at,
)
from contest.contests.labels import CHANNELS
from contest.contests.models import Contest
from contest.contests.queries import get_issued_contest
from contest.core.db import db, writing
from contest.core.errors import Conflict, Refused
from contest.core.formats import loc, local
from contest.core.qr import qr_path
from contest.core.web import limiter, public, say
from contest.core.web.files import file_store
from contest.core.web.language import locale
from contest.editions.shown import shown_all
from contest.entries.models import Entry
from contest.entries.queries import finalists, find_entry
from contest.exemplars.papers import MOST_BYTES, Paper, make_paper

bp = Blueprint("complaints", __name__)

# An office, or a village behind one address, may have much to say; a program has more.
_SENDING = "20 per hour; 60 per day"
_LOOKING = "30 per minute; 300 per hour"


def person_here() -> User | None:
    """Who is signed in."""
    return current_user._get_current_object() if current_user.is_authenticated else None  # noqa: SLF001 -- a proxy


def sent_papers() -> list[Paper]:
    """The files of this request, checked and made fit to keep. Raises Refused."""
    sent = [file for file in request.files.getlist("files") if file.filename]
    # One more than is taken, so that the service can say so.
    return [make_paper(file.stream.read(MOST_BYTES + 1), file.filename or "") for file in sent[: FILES_AT_ONCE + 1]]


@bp.get("/cuoc-thi/<slug>/phan-anh")
@public
def send(slug: str) -> Any:
    """What can be said when and how, a form, and what came of earlier cases."""
    contest = get_issued_contest(slug, g.now)
    form = SendForm(formdata=None)
    form.entry.data = request.args.get("bai", "")[:14]
    person = person_here()
    if person is not None:
        form.name.data, form.contact.data = person.name, person.email or person.phone or ""
    return _page(contest, form)


def _page(contest: Contest, form: SendForm) -> str:
    rules = contest.rules
    form.entry.choices = [("", _("None in particular")), *_known_entries(contest, g.now)]
    if form.entry.data not in {value for value, *_more in form.entry.choices}:
        form.entry.data = ""
    form.prize.choices = [("", _("None in particular")), *((prize.id, loc(prize.name)) for prize in rules.prizes)]
    results_public: bool = current_app.extensions["results_are_public"](contest.id, g.now)
    # What came of a case may tell who won, and who judges must not learn whom a case names.
    told = results_public and OUTCOMES_PUBLIC in rules.announcement.publish
    return render_template(
        "complaints/send.html",
        contest=contest,
        rules=rules,
        stage=stage_at(rules, g.now),
        windows=coming_windows(rules, g.now),
        online=ONLINE in rules.complaints.channels,
        form=form,
        kinds=KINDS,
        channels=CHANNELS,
        most_files=FILES_AT_ONCE,
        most_bytes=MOST_BYTES,
        outcomes=OUTCOMES,
        results_public=results_public,
        published=queries.published_outcomes(contest.id) if told else [],
    )


def _known_entries(contest: Contest, now: datetime) -> list[tuple[str, str]]:
    """The finalists as the public knows them at `now`: by code, with the title of an approved text."""
    if not contest.rules.has_begun("shortlist", now):
        return []
    shown = shown_all(finalists(contest.id), now, texts=False)
    return [(each.public_id, f"{each.code} – “{each.title}”" if each.title else each.code) for each in shown]


def _known_entry(contest: Contest, public_id: str, now: datetime) -> Entry | None:
    """The chosen entry; none for one that the public does not know, whatever the form says."""
    if public_id not in {value for value, *_more in _known_entries(contest, now)}:
        return None
    return find_entry(public_id)


@bp.post("/cuoc-thi/<slug>/phan-anh")
@public
@limiter.limit(_SENDING)
def send_in(slug: str) -> Any:
    get_issued_contest(slug, g.now)
    form = SendForm()
    try:
        papers = sent_papers()
        with writing() as now:
            contest = get_issued_contest(slug, now)
            made = services.receive(
                contest=contest,
                told=services.Told(
                    text=form.text.data or "",
                    wanted=form.wanted.data or "",
                    name=form.name.data or "",
                    contact=form.contact.data or "",
                    prize_id=form.prize.data or "",
                    entry=_known_entry(contest, form.entry.data or "", now),
                ),
                papers=papers,
                files=file_store(),
                person=person_here(),
                locale=locale(),
                now=now,
            )
            code = made.code
    except Refused as error:
        form.form_errors.append(say(error))
        db.session.rollback()
        return _page(get_issued_contest(slug, g.now), form), 422
    return redirect(url_for("complaints.follow", code=code, moi=1), 303)


# With the code of the receipt


@bp.get("/phan-anh")
@public
@limiter.limit(_LOOKING)
def find() -> Any:
    """Where somebody who holds a code begins."""
    form = FindForm(request.args, meta={"csrf": False})
    typed = form.ma.data or ""
    if typed.strip():
        code = clean_code(typed)
        if code is not None and queries.find_by_code(code) is not None:
            return redirect(url_for("complaints.follow", code=code), 303)
        form.ma.errors = [_("No receipt has this code. Please compare it letter by letter with the paper or message.")]
    return render_template("complaints/find.html", form=form)


@bp.get("/phan-anh/<code>")
@public
@limiter.limit(_LOOKING)
def follow(code: str) -> Any:
    """The receipt, and how the case stands, for whoever holds the code."""
    return _case(queries.get_by_code(code), AddForm(formdata=None))


def _case(found: Complaint, form: AddForm) -> str:
    contest = found.contest
    return render_template(
        "complaints/follow.html",
        case=found,
        contest=contest,
        rules=contest.rules,
        prize=contest.rules.find_prize(found.prize_id) if found.prize_id else None,
        notes=queries.notes_of(found, for_sender=True),
        files=queries.files_of(found),
        qr=qr_path(url_for("complaints.follow", code=found.code, _external=True)),
        fresh=request.args.get("moi") == "1",
        is_open=found.state in OPEN,
        form=form,
        kinds=KINDS,
        states=STATES,
        outcomes=OUTCOMES,
        channels=CHANNELS,
        most_files=FILES_AT_ONCE,
        most_bytes=MOST_BYTES,
        today=local(g.now).date(),
    )


@bp.post("/phan-anh/<code>/them")
@public
@limiter.limit(_SENDING)
def add(code: str) -> Any:
    """Add words or files to one's own case."""
    queries.get_by_code(code)  # nothing is decoded for a code that nobody has
    form = AddForm()
    try:
        papers = sent_papers()
        with writing() as now:
            services.add_words(
                complaint=queries.get_by_code(code, lock=True),
                text=form.text.data or "",
                papers=papers,
                files=file_store(),
                now=now,
            )
    except Refused as error:
        form.form_errors.append(say(error))
        db.session.rollback()
        return _case(queries.get_by_code(code), form), 409 if isinstance(error, Conflict) else 422
    flash(_("It has been added."), "ok")
    return redirect(url_for("complaints.follow", code=code), 303)


@bp.post("/phan-anh/<code>/rut")
@public
@limiter.limit(_SENDING)
def withdraw(code: str) -> Any:
    """Take one's own case back."""
    try:
        with writing() as now:
            services.withdraw(complaint=queries.get_by_code(code, lock=True), now=now)
    except Refused as error:
        flash(say(error), "error")
    else:
        flash(_("The case has been withdrawn."), "ok")
    return redirect(url_for("complaints.follow", code=code), 303)


from contest.complaints import views_desk  # noqa: E402, F401 -- its routes are this blueprint's
