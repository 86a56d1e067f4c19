"""One entry at the secretariat's desk: its text, what was found, and the verbs of screening."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response as FlaskResponse
from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contest.accounts.models import User
from contest.contests.labels import EXEMPLAR_KINDS, GENRES, HOLD_REASONS, OUTCOMES
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.core.db import writing
from contest.core.errors import N_, NotFound, Refused
from contest.core.web import needs, say
from contest.core.web.files import send_stored
from contest.entries import services
from contest.entries.checks import checklist
from contest.entries.drafting import today_of
from contest.entries.models import Entry
from contest.entries.photographs import photo_key
from contest.entries.queries import advancement_of, get_photo, get_screened_entry
from contest.entries.rules import STATES, age_on, may_move
from contest.entries.second_look import OUTCOMES as SECOND_LOOK_OUTCOMES
from contest.entries.second_look import answer_second_look, find_second_look, may_answer
from contest.exemplars.queries import standing_verification, verification_history
from contest.screening import services as screening_services
from contest.screening.findings import examine, keep
from contest.screening.forms import PhraseForm, ReasonForm, proposed_due, typed_due, wording
from contest.screening.queries import findings_of, get_finding, is_checked, near_copies_of, templates_of
from contest.screening.rules import KIND_NAMES, PLACES, SAMENESS, WHAT, WHOSE
from contest.screening.search import next_in_list, wanted_of
from contest.screening.views import bp, me, wanted_here


@bp.get("/ban-to-chuc/<slug>/bai-du-thi/<public_id>")
@needs("secretary", "organiser")
def desk_entry(slug: str, public_id: str) -> str:
    contest = get_contest(slug)
    entry = get_screened_entry(contest.id, public_id)
    if not is_checked(entry):
        # The background work has not come to it yet; whoever opens an entry sees it checked.
        _check(entry.id)
        contest = get_contest(slug)
        entry = get_screened_entry(contest.id, public_id)
    return _entry_page(contest, entry)


def _check(entry_id: int) -> None:
    examined = examine([entry_id])
    with writing() as now:
        for each in examined:
            keep(each, now)


@bp.post("/ban-to-chuc/<slug>/bai-du-thi/<public_id>/soat-lai")
@needs("secretary", "organiser")
def check_again(slug: str, public_id: str) -> Response:
    """Look through the entry anew: an exemplar was joined with another, a unit was mended."""
    _check(get_screened_entry(get_contest(slug).id, public_id).id)
    flash(_("The entry has been looked through again."), "ok")
    return redirect(_entry_url(slug, public_id) + "#phat-hien", 303)


@bp.post("/ban-to-chuc/<slug>/bai-du-thi/<public_id>/phat-hien/<finding_id>")
@needs("secretary", "organiser")
def finding(slug: str, public_id: str, finding_id: str) -> Response:
    """Set a finding aside, or bring it back."""
    with writing() as now:
        entry = get_screened_entry(get_contest(slug).id, public_id)
        found = get_finding(entry.id, finding_id, lock=True)
        act = screening_services.bring_back if request.form.get("act") == "back" else screening_services.set_aside
        act(finding=found, actor=me(), now=now)
    return redirect(_entry_url(slug, public_id) + "#phat-hien", 303)


def _entry_url(slug: str, public_id: str) -> str:
    return url_for("screening.desk_entry", slug=slug, public_id=public_id, **wanted_of(request.args).as_arguments())


def _entry_page(
    contest: Contest, entry: Entry, form: ReasonForm | None = None, tried: str = "", refusal: str = ""
) -> str:
    wanted, unit_id = wanted_here(contest)
    submitted_on = today_of(entry.submitted_at or g.now)
    born = entry.author_birth_date
    wordings = templates_of(contest.id)
    return render_template(
        "screening/entry.html",
        contest=contest,
        rules=contest.rules,
        category=contest.rules.category(entry.category),
        entry=entry,
        state=STATES[entry.state],
        items=checklist(entry, submitted_on),
        findings=findings_of(entry.id),
        pairs={pair.one_id if pair.other_id == entry.id else pair.other_id: pair for pair in near_copies_of(entry.id)},
        kind_names=KIND_NAMES,
        whose=WHOSE,
        what=WHAT,
        places=PLACES,
        sameness=SAMENESS,
        refusals=[each for each in wordings if each.verb == "refuse"],
        completions=[each for each in wordings if each.verb == "complete"],
        age=age_on(born, submitted_on) if born else None,
        verification=standing_verification(contest.id, entry.exemplar_id),
        history=verification_history(contest.id, entry.exemplar_id),
        advancement=advancement_of(entry.id),
        second_look=find_second_look(entry.id),
        may_answer_second_look=may_answer(entry, me()),
        second_look_outcomes=SECOND_LOOK_OUTCOMES,
        may=lambda state: may_move(entry.state, state),
        form=form or ReasonForm(formdata=None, **proposed_due(contest, g.now)),
        tried=tried,
        refusal=refusal,
        genre_names=GENRES,
        exemplar_kinds=EXEMPLAR_KINDS,
        outcome_names=OUTCOMES,
        hold_names=HOLD_REASONS,
        arguments=wanted.as_arguments(),
        next_id=next_in_list(contest.id, wanted, g.now, unit_id, entry),
        today=today_of(g.now),
    )


Verb = Callable[[Entry, User, datetime, ReasonForm], None]


def _accept(entry: Entry, actor: User, now: datetime, form: ReasonForm) -> None:
    services.accept(entry=entry, actor=actor, now=now)


def _receive(entry: Entry, actor: User, now: datetime, form: ReasonForm) -> None:
    services.receive(entry=entry, actor=actor, now=now)


def _refuse(entry: Entry, actor: User, now: datetime, form: ReasonForm) -> None:
    services.refuse(entry=entry, reason=wording(entry.contest, form), actor=actor, now=now)


def _reconsider(entry: Entry, actor: User, now: datetime, form: ReasonForm) -> None:
    services.reconsider(entry=entry, reason=wording(entry.contest, form), actor=actor, now=now)


def _complete(entry: Entry, actor: User, now: datetime, form: ReasonForm) -> None:
    due = typed_due(form)
    services.request_completion(entry=entry, reason=wording(entry.contest, form), due=due, actor=actor, now=now)


def _ask(entry: Entry, actor: User, now: datetime, form: ReasonForm) -> None:
    if entry.exemplar.unit_id is None:
        raise Refused(
            N_("The entry names no unit for its exemplar: ask the author to complete it first."), code="no_unit"
        )
    services.ask_units(contest=entry.contest, entries=[entry], actor=actor, now=now, again=True)


# Address of a verb -> what does it, and what the page says afterwards.
_VERBS: dict[str, tuple[Verb, str]] = {
    "tiep-nhan": (_receive, N_("The entry has been received. The author has been told.")),
    "hop-le": (_accept, N_("The entry is valid and has its code. The author has been told.")),
    "khong-hop-le": (_refuse, N_("The entry has been refused. The author has been told why.")),
    "xem-lai": (_reconsider, N_("The refusal has been taken back. The author has been told.")),
    "bo-sung": (_complete, N_("The author has been asked to complete the entry.")),
    "xac-minh": (_ask, N_("The unit has been asked to verify.")),
}


@bp.post("/ban-to-chuc/<slug>/bai-du-thi/<public_id>/xem-lai-lan-hai")
@needs("secretary", "organiser")
def answer_again(slug: str, public_id: str) -> Any:
    """Answer an author who asked for another look at a refused entry."""
    try:
        with writing() as now:
            contest = get_contest(slug)
            entry = get_screened_entry(contest.id, public_id, lock=True)
            answer_second_look(
                entry=entry,
                outcome=request.form.get("outcome", ""),
                answer=request.form.get("answer", ""),
                actor=me(),
                now=now,
            )
    except Refused as error:
        contest = get_contest(slug)
        page = _entry_page(contest, get_screened_entry(contest.id, public_id), refusal=say(error))
        return page, 422
    flash(_("The author has been told your answer."), "ok")
    return redirect(_entry_url(slug, public_id), 303)


@bp.post("/ban-to-chuc/<slug>/bai-du-thi/<public_id>/<verb>")
@needs("secretary", "organiser")
def screen(slug: str, public_id: str, verb: str) -> Any:
    """One verb on one entry. Afterwards: the next entry of the same list when asked for, else this one."""
    if verb not in _VERBS:
        raise NotFound(verb)
    act, words = _VERBS[verb]
    form = ReasonForm()
    try:
        with writing() as now:
            contest = get_contest(slug)
            entry = get_screened_entry(contest.id, public_id, lock=True)
            act(entry, me(), now, form)
    except Refused as error:
        contest = get_contest(slug)
        page = _entry_page(contest, get_screened_entry(contest.id, public_id), form, verb, say(error))
        return page, 422
    flash(_(words), "ok")
    following = request.form.get("next", "")[:14] or public_id
    return redirect(_entry_url(slug, following), 303)


@bp.post("/ban-to-chuc/<slug>/bai-du-thi/<public_id>/che")
@needs("secretary", "organiser")
def redact(slug: str, public_id: str) -> Response:
    """Hide words from the judges, or show them again."""
    form = PhraseForm()
    try:
        with writing() as now:
            contest = get_contest(slug)
            entry = get_screened_entry(contest.id, public_id, lock=True)
            act = services.unredact if request.form.get("act") == "show" else services.redact
            act(entry=entry, phrase=form.phrase.data or "", actor=me(), now=now)
    except Refused as error:
        flash(say(error), "error")
    return redirect(_entry_url(slug, public_id) + "#an-danh", 303)


@bp.get("/ban-to-chuc/<slug>/bai-du-thi/<public_id>/anh/<photo_id>/<size>")
@needs("secretary", "organiser")
def desk_photo(slug: str, public_id: str, photo_id: str, size: str) -> FlaskResponse:
    """A picture of a submitted entry, to the secretariat."""
    entry = get_screened_entry(get_contest(slug).id, public_id)
    return send_stored(photo_key(get_photo(entry.id, photo_id), size))
