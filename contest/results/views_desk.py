"""The results desk: what is missing, the prizes with their reasons, and the acts that make them public."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import ORGANISER
from contest.core.db import db, writing
from contest.core.errors import Refused
from contest.core.formats import instant, loc
from contest.core.web import needs, say
from contest.core.web.errors import say_message
from contest.judging.rules import RefusedList
from contest.results import services
from contest.results.facts import facts_of
from contest.results.forms import ApprovalForm, DecisionForm, EmptyForm, WithholdForm
from contest.results.honours import honours_of
from contest.results.models import Award, ResultSet
from contest.results.progress import steps_to_announcement
from contest.results.queries import (
    amendments_at,
    find_public_results,
    find_standing,
    is_announced,
    last_decision,
    standing_withholdings,
)
from contest.results.rules import LONGEST_CITATION, names_outside, posts_first, remarks_until
from contest.results.states import states_of
from contest.results.views import bp
from contest.results.wording import told

Page = str | tuple[str, int] | Response


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


def _back(slug: str, anchor: str = "") -> Response:
    return redirect(url_for("results.desk", slug=slug, _anchor=anchor or None), 303)


def _withhold_form(contest: Contest) -> WithholdForm:
    form = WithholdForm()
    form.prize.choices = [
        (prize.id, f"{prize.category} – {loc(prize.name)}" if prize.category else loc(prize.name))
        for prize in contest.rules.prizes
    ]
    return form


def _decision_form(contest: Contest, result_set: ResultSet | None) -> DecisionForm:
    known = result_set if result_set and result_set.decision_number else last_decision(contest.id)
    if known is None:
        return DecisionForm(title=_("Recognising the results of the %(contest)s", contest=contest.rules.title.vi))
    return DecisionForm(
        number=known.decision_number,
        on=known.decision_date,
        signer=known.decision_signer,
        title=known.decision_title,
    )


def _said(error: Refused) -> list[str]:
    """A refusal for a form: the sentence, then everything that is in the way."""
    problems = error.problems if isinstance(error, RefusedList) else ()
    return [say(error), *(say_message(words, params) for words, params in problems)]


def _desk(contest: Contest, **forms: Any) -> str:
    result_set = find_standing(contest.id)
    announced = is_announced(contest.id, g.now)
    facts = facts_of(contest, result_set, g.now)
    amended = [(each.kind, each.visible_from) for each in amendments_at(contest.id, g.now) if each.visible_from]
    given: dict[str, Any] = {
        "withhold_form": forms.get("withhold_form") or _withhold_form(contest),
        "decision_form": forms.get("decision_form") or _decision_form(contest, result_set),
        "approval_form": forms.get("approval_form") or ApprovalForm(formdata=None),
    }
    return render_template(
        "results/desk.html",
        contest=contest,
        rules=contest.rules,
        result_set=result_set,
        honours=honours_of(contest, result_set, g.now) if result_set else None,
        steps=steps_to_announcement(contest.rules, result_set, facts, announced=announced, now=g.now),
        states=states_of(contest.rules, result_set, g.now, amended),
        fresh=facts.fresh,
        withheld=db.session.scalars(standing_withholdings(contest.id)).all(),
        outside=names_outside(contest.rules, result_set.report if result_set else None),
        posts_first=posts_first(contest.rules),
        remarks_until=remarks_until(contest.rules),
        announced=announced,
        public_now=find_public_results(contest.id, g.now),
        me=_me(),
        told=told,
        **given,
    )


@bp.get("/ban-to-chuc/<slug>/ket-qua")
@needs(ORGANISER)
def desk(slug: str) -> str:
    return _desk(get_contest(slug))


@bp.post("/ban-to-chuc/<slug>/ket-qua/tinh")
@needs(ORGANISER)
def prepare(slug: str) -> Page:
    """Compute the results anew."""
    before = find_standing(get_contest(slug).id)
    known = before.id if before else None
    if EmptyForm().validate_on_submit():
        try:
            with writing() as now:
                found = services.compute_results(contest=get_contest(slug), actor=_me(), now=now).id
        except Refused as error:
            flash(say(error), "error")
            return _desk(get_contest(slug)), 422
        if found == known:
            flash(_("Nothing has changed: the results stand as they were computed."), "info")
        else:
            flash(_("The prizes are computed. Please look through them below."), "ok")
    return _back(slug, "giai")


@bp.post("/ban-to-chuc/<slug>/ket-qua/khong-trao")
@needs(ORGANISER)
def withhold(slug: str) -> Page:
    """Record a prize that the council gives to nobody."""
    form = _withhold_form(get_contest(slug))
    if form.validate_on_submit():
        try:
            with writing() as now:
                services.withhold_prize(
                    contest=get_contest(slug),
                    prize_id=form.prize.data,
                    seats=form.seats.data,
                    reason=form.reason.data or "",
                    actor=_me(),
                    now=now,
                )
        except Refused as error:
            form.form_errors.extend(_said(error))
        else:
            flash(_("Recorded. Compute the results again so that it takes effect."), "ok")
            return _back(slug, "khong-trao")
    return _desk(get_contest(slug), withhold_form=form), 422


@bp.post("/ban-to-chuc/<slug>/ket-qua/trao-lai")
@needs(ORGANISER)
def lift(slug: str) -> Page:
    """Lift a withholding."""
    try:
        with writing() as now:
            services.lift_withholding(
                contest=get_contest(slug), prize_id=request.form.get("prize", ""), actor=_me(), now=now
            )
    except Refused as error:
        flash(say(error), "error")
    else:
        flash(_("Lifted. Compute the results again so that it takes effect."), "ok")
    return _back(slug, "khong-trao")


@bp.post("/ban-to-chuc/<slug>/ket-qua/niem-yet")
@needs(ORGANISER)
def post(slug: str) -> Page:
    """Release the provisional results for posting."""
    try:
        with writing() as now:
            found = services.release_posting(contest=get_contest(slug), actor=_me(), now=now)
            at = found.post_from
    except Refused as error:
        flash(" ".join(_said(error)), "error")
        return _desk(get_contest(slug)), 422
    flash(_("Released. The provisional results are public from %(at)s.", at=instant(at)), "ok")
    return _back(slug, "niem-yet")


@bp.post("/ban-to-chuc/<slug>/ket-qua/quyet-dinh")
@needs(ORGANISER)
def decision(slug: str) -> Page:
    """Record the decision that recognises the results."""
    form = DecisionForm()
    if form.validate_on_submit() and form.on.data is not None:
        try:
            with writing() as now:
                services.enter_decision(
                    contest=get_contest(slug),
                    number=form.number.data or "",
                    on=form.on.data,
                    signer=form.signer.data or "",
                    title=form.title.data or "",
                    actor=_me(),
                    now=now,
                )
        except Refused as error:
            form.form_errors.extend(_said(error))
        else:
            flash(_("The decision is entered. Two organisers approve next."), "ok")
            return _back(slug, "phe-duyet")
    return _desk(get_contest(slug), decision_form=form), 422


@bp.post("/ban-to-chuc/<slug>/ket-qua/phe-duyet")
@needs(ORGANISER)
def approve(slug: str) -> Page:
    """Approve; the second approval publishes."""
    form = ApprovalForm()
    if form.validate_on_submit():
        try:
            with writing() as now:
                found = services.approve(
                    contest=get_contest(slug), typed_number=form.number.data or "", actor=_me(), now=now
                )
                at = found.visible_from
        except Refused as error:
            form.form_errors.extend(_said(error))
        else:
            if at is None:
                flash(_("You have approved. A second organiser has to approve as well."), "ok")
            elif at > now:
                flash(_("Approved by two. The results become public at %(at)s.", at=instant(at)), "ok")
            else:
                flash(_("Approved by two. The results are public."), "ok")
            return _back(slug, "phe-duyet")
    return _desk(get_contest(slug), approval_form=form), 422


def _citation_key(award: Award) -> str:
    """The name of an award's field: it holds through a new computation that gives the same award."""
    return f"loi-binh-{award.prize_id}-{award.entry.public_id}"


@bp.get("/ban-to-chuc/<slug>/ket-qua/loi-binh")
@needs(ORGANISER)
def citations(slug: str) -> Page:
    """What is read out with each prize."""
    return _citations_page(get_contest(slug), {}, {})


@bp.post("/ban-to-chuc/<slug>/ket-qua/loi-binh")
@needs(ORGANISER)
def save_citations(slug: str) -> Page:
    """Keep the citations that were changed: all of them or none."""
    typed = {name: value for name, value in request.form.items() if name.startswith("loi-binh-")}
    errors: dict[str, str] = {}
    try:
        with writing() as now:
            contest = get_contest(slug)
            for award in _awards(contest):
                if (key := _citation_key(award)) in typed:
                    try:
                        services.set_citation(award=award, text=typed[key], actor=_me(), now=now)
                    except Refused as error:
                        errors[key] = say(error)
            if errors:
                raise Refused("", code="citations")
    except Refused:
        return _citations_page(get_contest(slug), typed, errors), 422
    flash(_("The citations are saved."), "ok")
    return _back(slug, "giai")


def _awards(contest: Contest) -> list[Award]:
    result_set = find_standing(contest.id)
    return list(result_set.awards) if result_set else []


def _citations_page(contest: Contest, typed: dict[str, str], errors: dict[str, str]) -> str:
    result_set = find_standing(contest.id)
    laurels = honours_of(contest, result_set, g.now).laurels if result_set else ()
    return render_template(
        "results/citations.html",
        contest=contest,
        rules=contest.rules,
        laurels=laurels,
        key_of=_citation_key,
        typed=typed,
        errors=errors,
        longest=LONGEST_CITATION,
        announced=is_announced(contest.id, g.now),
    )
