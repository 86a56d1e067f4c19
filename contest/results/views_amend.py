"""Changes of results: what computing anew changed, and the amendments after the announcement."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from contest.accounts.models import User
from contest.complaints.queries import upheld_since
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import ORGANISER
from contest.core.db import writing
from contest.core.errors import NotFound, Refused
from contest.core.formats import VIET_NAM, instant
from contest.core.web import needs, say
from contest.results.amendments import (
    REVOKE,
    approve_amendment,
    call_off_amendment,
    propose_correction,
    propose_revocation,
    waiting_amendment,
)
from contest.results.changes import history
from contest.results.forms_prizes import AmendmentForm, ConsentForm
from contest.results.honours import honours_of
from contest.results.models import Award, ResultSet
from contest.results.models_after import UnitAward
from contest.results.moves import CASCADE, codes_of, follows_by_rule, knows_next, moves_after
from contest.results.queries import awards_at, find_public_results, find_standing, unit_awards_at
from contest.results.views import bp

Page = str | tuple[str, int] | Response


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


def _official(contest: Contest) -> ResultSet:
    """The official results. Raises NotFound before they are public: there is nothing to amend."""
    found = find_public_results(contest.id, g.now)
    if found is None or found.standing != "official":
        raise NotFound(contest.slug)
    return found.result_set


def _back(slug: str) -> Response:
    return redirect(url_for("results.amendments", slug=slug), 303)


def _list(slug: str, form: ConsentForm | None = None) -> str:
    contest = get_contest(slug)
    result_set = _official(contest)
    waiting = waiting_amendment(contest.id, g.now)
    current = awards_at(result_set, g.now)
    return render_template(
        "results/amendments.html",
        contest=contest,
        rules=contest.rules,
        result_set=result_set,
        awards=current,
        units=unit_awards_at(result_set, g.now),
        corrections=honours_of(contest, result_set, g.now).corrections,
        waiting=waiting,
        subject=(waiting.award or waiting.unit_award) if waiting else None,
        comes=_comes(contest, current, waiting.moves) if waiting else [],
        form=form or ConsentForm(formdata=None),
        me=_me(),
    )


def _comes(contest: Contest, current: Any, moves: dict[str, Any]) -> list[tuple[Any, str, Any]]:
    """Who moves up as people read it: the prize, the code, the prize given up. Entries without a prize too."""
    from_prize = {each.award.id: contest.rules.find_prize(each.award.prize_id) for each in current}
    codes = codes_of([each["entry"] for each in moves.get("comes", ())])
    return [
        (contest.rules.find_prize(each["prize"]), codes.get(each["entry"], ""), from_prize.get(each["gives_up"]))
        for each in moves.get("comes", ())
    ]


@bp.get("/ban-to-chuc/<slug>/ket-qua/dieu-chinh")
@needs(ORGANISER)
def amendments(slug: str) -> str:
    """What was changed since the announcement, what waits, and every prize that could be."""
    return _list(slug)


def _award(result_set: ResultSet, key: str) -> Award | UnitAward:
    """The prize with this key ("bai-12", "don-vi-3") that stands now. Raises NotFound."""
    standing: list[Any] = [("bai", each) for each in awards_at(result_set, g.now)]
    standing += [("don-vi", each) for each in unit_awards_at(result_set, g.now)]
    for kind, each in standing:
        if each.stands and key == f"{kind}-{each.award.id}":
            found: Award | UnitAward = each.award
            return found
    raise NotFound(key)


@bp.route("/ban-to-chuc/<slug>/ket-qua/dieu-chinh/<key>", methods=["GET", "POST"])
@needs(ORGANISER)
def amend(slug: str, key: str) -> Page:
    """Propose to take back a prize, or to correct its words."""
    contest = get_contest(slug)
    result_set = _official(contest)
    award = _award(result_set, key)
    form = AmendmentForm()
    if request.method == "POST":
        if form.validate_on_submit() and form.on.data is not None:
            try:
                _propose(slug, key, form)
            except Refused as error:
                form.form_errors.append(say(error))
            else:
                flash(_("Proposed. A second organiser has to approve it before anything changes."), "ok")
                return _back(slug)
        contest = get_contest(slug)
        result_set = _official(contest)
        award = _award(result_set, key)
        return _form_page(contest, result_set, award, form), 422
    return _form_page(contest, result_set, award, form)


def _propose(slug: str, key: str, form: AmendmentForm) -> None:
    with writing() as now:
        contest = get_contest(slug)
        given: dict[str, Any] = {
            "contest": contest,
            "award": _award(_official(contest), key),
            "reason": form.reason.data or "",
            "number": form.number.data or "",
            "on": form.on.data,
            "signer": form.signer.data or "",
            "actor": _me(),
            "now": now,
            "visible_from": form.visible.data.replace(tzinfo=VIET_NAM) if form.visible.data else None,
        }
        if form.kind.data == REVOKE:
            propose_revocation(follow=form.follow.data or "", **given)
        else:
            propose_correction(field=form.field.data or "", after=form.after.data or "", **given)


def _form_page(contest: Contest, result_set: ResultSet, award: Award | UnitAward, form: AmendmentForm) -> str:
    prize = contest.rules.find_prize(award.prize_id)
    comes: list[Any] = []
    problem = ""
    ranked = isinstance(award, Award) and prize is not None and knows_next(contest, prize)
    if isinstance(award, Award) and ranked:
        try:
            moves = moves_after(contest, result_set, award, CASCADE, g.now)
            comes = _comes(contest, awards_at(result_set, g.now), moves)
        except Refused as error:
            problem = say(error)
    return render_template(
        "results/amend.html",
        contest=contest,
        rules=contest.rules,
        prize=prize,
        award=award,
        to_unit=isinstance(award, UnitAward),
        ranked=ranked,
        by_rule=follows_by_rule(contest, prize) if ranked else None,
        comes=comes,
        problem=problem,
        waiting=waiting_amendment(contest.id, g.now),
        form=form,
    )


@bp.post("/ban-to-chuc/<slug>/ket-qua/dieu-chinh/phe-duyet")
@needs(ORGANISER)
def approve_change(slug: str) -> Page:
    """Approve what another organiser proposed."""
    form = ConsentForm()
    if form.validate_on_submit():
        try:
            with writing() as now:
                row = approve_amendment(
                    contest=get_contest(slug),
                    public_id=request.form.get("amendment", ""),
                    typed_number=form.number.data or "",
                    actor=_me(),
                    now=now,
                )
                at = row.visible_from
        except Refused as error:
            form.form_errors.append(say(error))
        else:
            flash(_("Approved. It is public from %(at)s.", at=instant(at)), "ok")
            return _back(slug)
    return _list(slug, form), 422


@bp.post("/ban-to-chuc/<slug>/ket-qua/dieu-chinh/thoi")
@needs(ORGANISER)
def call_off_change(slug: str) -> Page:
    """Take back a proposal."""
    try:
        with writing() as now:
            call_off_amendment(
                contest=get_contest(slug), public_id=request.form.get("amendment", ""), actor=_me(), now=now
            )
    except Refused as error:
        flash(say(error), "error")
    else:
        flash(_("Called off."), "ok")
    return _back(slug)


# Before the announcement: what computing anew changed


@bp.get("/ban-to-chuc/<slug>/ket-qua/thay-doi")
@needs(ORGANISER)
def changes(slug: str) -> str:
    """Each computation of the results against the one before it, and the cases that were found right meanwhile."""
    contest = get_contest(slug)
    found = history(contest)
    upheld = upheld_since(contest.id, found[-1].before.computed_at if found else g.now)
    return render_template(
        "results/changes.html",
        contest=contest,
        rules=contest.rules,
        found=found,
        standing=find_standing(contest.id),
        upheld={
            each.after.id: [
                case
                for case in upheld
                if case.answered_at and each.before.computed_at < case.answered_at <= each.after.computed_at
            ]
            for each in found
        },
    )
