"""Exemplars for the secretariat: the list, one with its stories, hold, consent, verification, duplicates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response as FlaskResponse
from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from contest.accounts.models import User
from contest.contests.labels import EXEMPLAR_KINDS
from contest.contests.models import Contest
from contest.contests.queries import contests_with_role, get_contest
from contest.contests.rules import ORGANISER, SECRETARY
from contest.core.db import writing
from contest.core.errors import N_, NotFound, Refused
from contest.core.formats import local
from contest.core.web import needs, say
from contest.core.web.downloads import send_download
from contest.desk import exemplars as queries
from contest.desk.forms_exemplars import ExemplarForm
from contest.desk.views import bp
from contest.entries.rules import ACCEPTED, STATES
from contest.exemplars.consents import agreed_now, record_consent, withdraw_consent
from contest.exemplars.holds import clear_hold, put_on_hold
from contest.exemplars.likeness import LIKE_NAME, NAME, NAME_AND_UNIT, PHONE
from contest.exemplars.models import Exemplar
from contest.exemplars.queries import (
    consents_of,
    find_exemplar,
    get_paper,
    group_of,
    is_withdrawn,
    papers_of,
    standing_verification,
    verification_history,
)
from contest.exemplars.records import join, part, say_different
from contest.exemplars.rules import (
    BY_BOTH,
    BY_EXEMPLAR,
    BY_GUARDIAN,
    CONSENT_TEXTS,
    CONSENT_VERSION,
    GIVER_NAMES,
    HOLD_REASONS,
    OUTCOMES,
    PURPOSE_NAMES,
    PURPOSES,
)
from contest.exemplars.services import Subject, request_verifications
from contest.units.queries import get_unit, units_on

_LEVELS = ("xa_phuong_dac_khu", "so_nganh_doan_the_khoi", "doan_the_cap_tinh")
WHY = {
    PHONE: N_("the same telephone"),
    NAME_AND_UNIT: N_("the same name and unit"),
    NAME: N_("the same name"),
    LIKE_NAME: N_("nearly the same name"),
}


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


def _own_contests() -> set[int]:
    """Contests whose entries this person may see: the only ones that stories are shown from."""
    return {grant.contest_id for grant in contests_with_role(_me().id) if grant.role in (ORGANISER, SECRETARY)}


@bp.get("/ban-to-chuc/<slug>/nhan-vat")
@needs(ORGANISER, SECRETARY)
def exemplars(slug: str) -> str:
    contest = get_contest(slug)
    wanted = queries.wanted_of(request.args)
    today = local(g.now).date()
    page = queries.find_exemplars(contest.id, wanted, today)
    arguments = wanted.as_arguments()
    return render_template(
        "desk/exemplars.html",
        contest=contest,
        rules=contest.rules,
        wanted=wanted,
        arguments=arguments,
        page_of=page,
        next_url=url_for("desk.exemplars", slug=slug, **arguments, sau=page.next) if page.next else None,
        first_url=url_for("desk.exemplars", slug=slug, **arguments) if wanted.after else None,
        counts=queries.queue_counts(contest.id, today),
        alike=queries.suggestions(contest, _own_contests(), limit=0)[1],
        kinds=EXEMPLAR_KINDS,
        outcomes=OUTCOMES,
        today=today,
    )


@bp.get("/ban-to-chuc/<slug>/nhan-vat/trung-nhau")
@needs(ORGANISER, SECRETARY)
def alike_exemplars(slug: str) -> str:
    contest = get_contest(slug)
    pairs, total = queries.suggestions(contest, _own_contests())
    return render_template(
        "desk/exemplars_alike.html",
        contest=contest,
        rules=contest.rules,
        pairs=pairs,
        total=total,
        why=WHY,
        kinds=EXEMPLAR_KINDS,
    )


@bp.get("/ban-to-chuc/<slug>/nhan-vat/<public_id>")
@needs(ORGANISER, SECRETARY)
def exemplar(slug: str, public_id: str) -> str:
    contest = get_contest(slug)
    return _page(contest, queries.get_exemplar(contest.id, public_id))


def _page(contest: Contest, found: Exemplar, form: ExemplarForm | None = None, tried: str = "") -> str:
    form = form or ExemplarForm(formdata=None)
    reasons = contest.rules.verification.hold_reasons
    form.reason.choices = [(reason, _(HOLD_REASONS.get(reason, reason))) for reason in reasons]
    form.purposes.choices = [(name, _(PURPOSE_NAMES[name])) for name in PURPOSES]
    givers = (BY_BOTH, BY_GUARDIAN) if found.is_child else (BY_EXEMPLAR,)
    form.given_by.choices = [(name, _(GIVER_NAMES[name])) for name in givers]
    agreed = agreed_now(found)
    form.purpose.choices = [(name, _(PURPOSE_NAMES[name])) for name in PURPOSES if agreed[name]]
    units = units_on(local(g.now).date(), *_LEVELS)
    own = _own_contests() | {contest.id}
    group = group_of(found)
    stories = queries.stories_about(found, own)
    current = next((story for story in stories if story.exemplar_id == found.id), None)
    form.unit.choices = [(unit.code, unit.name) for unit in units]
    if form.unit.data is None and found.unit is not None:
        form.unit.data = found.unit.code
    return render_template(
        "desk/exemplar.html",
        contest=contest,
        rules=contest.rules,
        exemplar=found,
        group=[each for each in group if each.id != found.id],
        stories=stories,
        may_ask=current is not None and current.state == ACCEPTED,
        verification=standing_verification(contest.id, found.id),
        history=verification_history(contest.id, found.id),
        papers=papers_of(contest.id, found.id),
        consents=consents_of([each.id for each in group]),
        agreed=agreed,
        withdrawn=is_withdrawn(found),
        pairs=queries.suggestions(contest, own, about=found)[0],
        form=form,
        tried=tried,
        why=WHY,
        kinds=EXEMPLAR_KINDS,
        outcomes=OUTCOMES,
        states=STATES,
        hold_names=HOLD_REASONS,
        purposes=PURPOSE_NAMES,
        givers=GIVER_NAMES,
        consent_texts=CONSENT_TEXTS[CONSENT_VERSION],
        today=local(g.now).date(),
    )


Act = Callable[[Contest, Exemplar, ExemplarForm, User, datetime], None]


def _hold(contest: Contest, found: Exemplar, form: ExemplarForm, actor: User, now: datetime) -> None:
    put_on_hold(
        exemplar=found,
        reason=form.reason.data or "",
        reasons=contest.rules.verification.hold_reasons,
        note=form.note.data or "",
        contest_id=contest.id,
        actor=actor,
        now=now,
    )


def _clear(contest: Contest, found: Exemplar, form: ExemplarForm, actor: User, now: datetime) -> None:
    clear_hold(exemplar=found, note=form.note.data or "", contest_id=contest.id, actor=actor, now=now)


def _consent(contest: Contest, found: Exemplar, form: ExemplarForm, actor: User, now: datetime) -> None:
    record_consent(
        exemplar=found,
        purposes=form.purposes.data or (),
        given_by=form.given_by.data or "",
        contest_id=contest.id,
        actor=actor,
        now=now,
    )


def _withdraw(contest: Contest, found: Exemplar, form: ExemplarForm, actor: User, now: datetime) -> None:
    withdraw_consent(
        exemplar=found,
        purpose=form.purpose.data or "",
        because=form.because.data or "",
        contest_id=contest.id,
        actor=actor,
        now=now,
    )


def _ask(contest: Contest, found: Exemplar, form: ExemplarForm, actor: User, now: datetime) -> None:
    """Ask a unit, the right one or the one that manages the person; an earlier question gives way to it."""
    story = next((each for each in queries.stories_about(found, [contest.id]) if each.exemplar_id == found.id), None)
    if story is None or story.state != ACCEPTED:
        raise Refused(N_("Units are asked about valid entries only."), code="not_valid")
    known = {unit.code for unit in units_on(local(now).date(), *_LEVELS)}
    if (form.unit.data or "") not in known:
        raise Refused(N_("Please choose a unit from the list."), code="unit")
    request_verifications(
        contest_id=contest.id,
        subjects=[Subject(exemplar=found, title=story.title, story=story.body)],
        working_days=contest.rules.verification.deadline_working_days,
        unit=get_unit(str(form.unit.data)),
        again=True,
        scope=contest.slug,
        actor=actor,
        now=now,
    )


def _other(contest: Contest, form: ExemplarForm) -> Exemplar:
    """The record that a pair names: of this contest, or of another that this person works for."""
    found = find_exemplar(form.other.data or "", lock=True)
    if found is None or not queries.stories_about(found, _own_contests() | {contest.id}):
        raise Refused(N_("There is no such record."), code="no_record")
    return found


def _join(contest: Contest, found: Exemplar, form: ExemplarForm, actor: User, now: datetime) -> None:
    join(one=found, other=_other(contest, form), contest_id=contest.id, actor=actor, now=now)


def _differ(contest: Contest, found: Exemplar, form: ExemplarForm, actor: User, now: datetime) -> None:
    say_different(one=found, other=_other(contest, form), contest_id=contest.id, actor=actor, now=now)


def _part(contest: Contest, found: Exemplar, form: ExemplarForm, actor: User, now: datetime) -> None:
    part(exemplar=found, contest_id=contest.id, actor=actor, now=now)


# Address of an act -> what does it, and what the page says afterwards.
_ACTS: dict[str, tuple[Act, str]] = {
    "tam-dung": (_hold, N_("The exemplar is on hold: nothing about it is published or awarded.")),
    "bo-tam-dung": (_clear, N_("The hold is cleared.")),
    "dong-y": (_consent, N_("The consent is recorded.")),
    "rut-dong-y": (_withdraw, N_("The withdrawal is recorded and acts at once.")),
    "hoi-don-vi": (_ask, N_("The unit has been asked to verify.")),
    "cung-mot": (_join, N_("The records are joined and counted as one.")),
    "khac-nhau": (_differ, N_("Noted: these are different, and they are not suggested again.")),
    "tach": (_part, N_("The record stands by itself again.")),
}


@bp.post("/ban-to-chuc/<slug>/nhan-vat/<public_id>/<verb>")
@needs(ORGANISER, SECRETARY)
def act_on_exemplar(slug: str, public_id: str, verb: str) -> Any:
    if verb not in _ACTS:
        raise NotFound(verb)
    act, words = _ACTS[verb]
    form = ExemplarForm()
    try:
        with writing() as now:
            contest = get_contest(slug)
            act(contest, queries.get_exemplar(contest.id, public_id, lock=True), form, _me(), now)
    except Refused as error:
        form.form_errors.append(say(error))
        contest = get_contest(slug)
        return _page(contest, queries.get_exemplar(contest.id, public_id), form, verb), 422
    flash(_(words), "ok")
    if request.form.get("from") == "alike":
        return redirect(url_for("desk.alike_exemplars", slug=slug), 303)
    return redirect(url_for("desk.exemplar", slug=slug, public_id=public_id), 303)


@bp.get("/ban-to-chuc/<slug>/nhan-vat/<public_id>/giay-to/<paper_id>")
@needs(ORGANISER, SECRETARY)
def exemplar_paper(slug: str, public_id: str, paper_id: str) -> FlaskResponse:
    """What a unit attached to its answer."""
    contest = get_contest(slug)
    found = get_paper(contest.id, queries.get_exemplar(contest.id, public_id).id, paper_id)
    return send_download(found.key, name=found.name, media_type=found.media_type)
