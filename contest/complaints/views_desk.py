"""The desk of remarks and complaints: what is due first, each case, and keying in what came otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from flask import Response, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from contest.accounts.models import User
from contest.complaints import queries, services
from contest.complaints.forms import KeyInForm, WorkForm
from contest.complaints.models import Complaint
from contest.complaints.rules import CHANGES, KINDS, ONLINE, OPEN, OUTCOMES, OUTCOMES_PUBLIC, STATES, due_on
from contest.complaints.views import bp, sent_papers
from contest.contests.labels import CHANNELS
from contest.contests.models import Contest
from contest.contests.queries import get_contest, roles_of, standing_grants
from contest.contests.rules import ORGANISER, SEES_AUTHORS
from contest.core.db import db, writing
from contest.core.errors import N_, Conflict, Refused
from contest.core.formats import loc, local
from contest.core.typed import typed_instant
from contest.core.web import limiter, needs, say
from contest.core.web.downloads import send_download
from contest.core.web.errors import say_message
from contest.core.web.files import file_store
from contest.entries.models import Entry
from contest.entries.queries import entry_by_code

_DESK = "/ban-to-chuc/<slug>/phan-anh"
_WHICH = ("open", "mine", "unowned", "closed", "all")


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


def _staff(contest: Contest) -> Sequence[User]:
    """Who may own a case, by name."""
    grants = db.session.scalars(standing_grants(contest.id)).all()
    people = {grant.user.id: grant.user for grant in grants if grant.role in SEES_AUTHORS}
    return sorted(people.values(), key=lambda person: person.name_key)


def _due(found: Complaint) -> date | None:
    return due_on(found.state, found.acknowledged_at is not None, found.acknowledge_by, found.answer_by)


def _entry(contest: Contest, typed: str | None) -> Entry | None:
    code = "".join((typed or "").split()).upper()[:40]
    if not code:
        return None
    found = entry_by_code(contest.id, code)
    if found is None:
        raise Refused(N_("No entry of this contest has the code %(typed)s."), code="entry", typed=code)
    return found


@bp.get(_DESK)
@needs("secretary", "organiser")
def desk(slug: str) -> str:
    """Open cases by the last day of the clock that runs, or others by choice."""
    contest = get_contest(slug)
    which = request.args.get("chon", "open")
    which = which if which in _WHICH else "open"
    kind = request.args.get("loai", "")
    kind = kind if kind in KINDS else ""
    number = request.args.get("trang", "1")
    page = min(max(int(number), 1), 10_000) if number.isascii() and number.isdigit() and len(number) < 6 else 1
    today = local(g.now).date()
    chosen = queries.listed(contest.id, which=which, owner_id=current_user.id, kind=kind)
    rows, more = queries.page_of(chosen, page)
    return render_template(
        "complaints/desk.html",
        contest=contest,
        rules=contest.rules,
        rows=[(row, _due(row)) for row in rows],
        counts=queries.counts(contest.id, today),
        which=which,
        kind=kind,
        page=page,
        more=more,
        kinds=KINDS,
        states=STATES,
        outcomes=OUTCOMES,
        channels=CHANNELS,
        today=today,
    )


@bp.get(f"{_DESK}/nhap")
@needs("secretary", "organiser")
def key_in(slug: str) -> str:
    return _key_in_page(get_contest(slug), KeyInForm(formdata=None))


def _key_in_page(contest: Contest, form: KeyInForm) -> str:
    rules = contest.rules
    form.channel.choices = [(name, _(CHANNELS[name])) for name in rules.complaints.channels if name != ONLINE]
    form.prize.choices = [("", _("None in particular")), *((prize.id, loc(prize.name)) for prize in rules.prizes)]
    return render_template("complaints/key_in.html", contest=contest, rules=rules, form=form)


@bp.post(f"{_DESK}/nhap")
@needs("secretary", "organiser")
@limiter.limit("60 per minute")
def enter(slug: str) -> Any:
    """Enter what came by post, in person or by telephone, with the instant at which it did."""
    form = KeyInForm()
    try:
        papers = sent_papers()
        received_at = typed_instant(form.day.data, form.hour.data, "received_at")
        with writing() as now:
            contest = get_contest(slug)
            made = services.key_in(
                contest=contest,
                told=services.Told(
                    text=form.text.data or "",
                    wanted=form.wanted.data or "",
                    name=form.name.data or "",
                    contact=form.contact.data or "",
                    prize_id=form.prize.data or "",
                    entry=_entry(contest, form.entry.data),
                ),
                channel=form.channel.data or "",
                received_at=received_at,
                papers=papers,
                files=file_store(),
                actor=_me(),
                now=now,
            )
            public_id, code = made.public_id, made.code
    except Refused as error:
        form.form_errors.append(say(error))
        db.session.rollback()
        return _key_in_page(get_contest(slug), form), 422
    flash(_("Entered. Its receipt is %(code)s: give it to who sent it.", code=code), "ok")
    return redirect(url_for("complaints.case", slug=slug, public_id=public_id), 303)


@bp.get(f"{_DESK}/<public_id>")
@needs("secretary", "organiser")
def case(slug: str, public_id: str) -> str:
    contest = get_contest(slug)
    return _case_page(contest, queries.get_case(contest.id, public_id), WorkForm(formdata=None))


def _case_page(contest: Contest, found: Complaint, form: WorkForm) -> str:
    rules = contest.rules
    staff = _staff(contest)
    form.person.choices = [(person.public_id, person.name) for person in staff if person.id != found.owner_id]
    form.prize.choices = [("", _("None in particular")), *((prize.id, loc(prize.name)) for prize in rules.prizes)]
    if not form.is_submitted():
        form.entry.data = (found.entry.blind_code or "") if found.entry else ""
        form.prize.data = found.prize_id or ""
        form.published.data = found.published or ""
    return render_template(
        "complaints/case.html",
        contest=contest,
        rules=rules,
        case=found,
        due=_due(found),
        notes=queries.notes_of(found),
        files=queries.files_of(found),
        prize=rules.find_prize(found.prize_id) if found.prize_id else None,
        form=form,
        mine=found.owner_id == current_user.id,
        own=found.user_id == current_user.id,
        is_open=found.state in OPEN,
        changes=found.outcome in CHANGES,
        follow_up=_follow_up(contest, found),
        publishes=OUTCOMES_PUBLIC in rules.announcement.publish,
        kinds=KINDS,
        states=STATES,
        outcomes=OUTCOMES,
        channels=CHANNELS,
        today=local(g.now).date(),
    )


def _follow_up(contest: Contest, found: Complaint) -> Any:
    """What came of the results, for those who may know it: organisers, and everybody once they are public."""
    if found.outcome not in CHANGES or found.answered_at is None:
        return None
    known = ORGANISER in roles_of(contest.id, current_user.id)
    if not known and not current_app.extensions["results_are_public"](contest.id, g.now):
        return None
    return current_app.extensions["follow_up"](contest, found.answered_at, g.now, say_message)


@bp.post(f"{_DESK}/<public_id>/<any(nhan, giao, ghi, giu, tha, gan, dap, dang):verb>")
@needs("secretary", "organiser")
def work(slug: str, public_id: str, verb: str) -> Any:
    """Take a case, give it away, note, freeze or not, say what it is about, answer, publish what came of it."""
    form = WorkForm()
    try:
        with writing() as now:
            contest = get_contest(slug)
            _do(verb, contest, queries.get_case(contest.id, public_id, lock=True), form, now)
    except Refused as error:
        form.form_errors.append(say(error))
        db.session.rollback()
        contest = get_contest(slug)
        page = _case_page(contest, queries.get_case(contest.id, public_id), form)
        return page, 409 if isinstance(error, Conflict) else 422
    said = {
        "nhan": _("The case is yours now."),
        "giao": _("The case has been given away."),
        "ghi": _("The note has been kept."),
        "giu": _("The prize waits until the case is answered."),
        "tha": _("The prize waits no longer for this case."),
        "gan": _("It is on record what the case is about."),
        "dap": _("The case has been answered."),
        "dang": _("What the public is told has been kept."),
    }
    flash(said[verb], "ok")
    return redirect(url_for("complaints.case", slug=slug, public_id=public_id), 303)


def _do(verb: str, contest: Contest, found: Complaint, form: WorkForm, now: datetime) -> None:
    me = _me()
    if verb == "nhan":
        services.take(complaint=found, actor=me, now=now)
    elif verb == "giao":
        chosen = next((person for person in _staff(contest) if person.public_id == form.person.data), None)
        if chosen is None:
            raise Refused(N_("Choose who gets the case."), code="person")
        services.hand_over(complaint=found, to=chosen, actor=me, now=now)
    elif verb == "ghi":
        services.note(complaint=found, text=form.note.data or "", inside=not form.to_sender.data, actor=me, now=now)
    elif verb in {"giu", "tha"}:
        services.freeze(complaint=found, freezes=verb == "giu", reason=form.reason.data or "", actor=me, now=now)
    elif verb == "gan":
        entry = _entry(contest, form.entry.data)
        services.concern(complaint=found, entry=entry, prize_id=form.prize.data or "", actor=me, now=now)
    elif verb == "dap":
        services.answer(
            complaint=found, outcome=form.outcome.data or "", reply=form.reply.data or "", actor=me, now=now
        )
    else:
        services.publish(complaint=found, text=form.published.data or "", actor=me, now=now)


@bp.get(f"{_DESK}/<public_id>/tep/<file_id>")
@needs("secretary", "organiser")
def paper(slug: str, public_id: str, file_id: str) -> Response:
    """A file that came with a case, as a download: it never opens inside a page."""
    found = queries.get_file(queries.get_case(get_contest(slug).id, public_id), file_id)
    return send_download(found.storage_key, name=found.name, media_type=found.mime)
