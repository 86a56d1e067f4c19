"""The review desk of a vote: findings, pictures of how ballots spread, batches that two people decide.

Nothing here shows a figure of an entry or what is on a ballot: who reviews does not know whom it helps.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from contest.accounts.models import User
from contest.contests.labels import SET_ASIDE_REASONS
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import ORGANISER, SECRETARY
from contest.core.db import writing
from contest.core.errors import NotFound, Refused
from contest.core.forms import Form
from contest.core.web import needs, say
from contest.voting import queries, review
from contest.voting import review_lists as lists
from contest.voting.distribution import CHANNELS, DOMAINS, SIZES, Pictures, pictures_of, pictures_of_finding
from contest.voting.forms_review import BackForm, DecideForm, NumbersForm, ProposeForm, WordsForm, offered, typed_hour
from contest.voting.review_names import kind_name, measured
from contest.voting.views import bp

HERE = "/ban-to-chuc/<slug>/binh-chon/ra-soat"
_FINDING = f"{HERE}/dau-hieu/<flag_id>"
_BATCH = f"{HERE}/dot/<setting_id>"
STAFF = (SECRETARY, ORGANISER)


def contest_of(slug: str) -> Contest:
    contest = get_contest(slug)
    if not contest.rules.voting.enabled:
        raise NotFound(slug)
    return contest


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


def _is_counted(contest_id: int) -> bool:
    """Whether results have been worked out: the results room is a floor above this one."""
    return bool(current_app.extensions["vote_is_counted"](contest_id))


def _frame(contest: Contest) -> dict[str, Any]:
    """What every page of the desk needs."""
    return {
        "contest": contest,
        "rules": contest.rules,
        "window": contest.rules.window("voting"),
        "review_window": contest.rules.window("vote_audit"),
        "counted": _is_counted(contest.id),
        "reasons": {**SET_ASIDE_REASONS, **review.ADMIT_REASONS},
        "finding_states": review.FINDING_STATES,
        "setting_states": review.SETTING_STATES,
        "channel_names": CHANNELS,
        "domain_names": DOMAINS,
        "sizes": SIZES,
        "kind_name": kind_name,
        "measured": measured,
        "shown_number": lists.shown_number,
        "waiting_count": lists.count_waiting(contest.id),
        "me": _me(),
    }


def _do(act: Callable[[datetime], Any], form: Form) -> bool:
    """Carry out an act in a transaction; what keeps it from being done goes into the form."""
    try:
        with writing() as now:
            act(now)
    except Refused as error:
        # One list for all messages: a refusal may be about several fields.
        form.form_errors.append(say(error))
        return False
    return True


# Findings


@bp.get(HERE)
@needs(*STAFF)
def review_desk(slug: str) -> str:
    """What waits for a decision, what was found, what is set aside so far."""
    contest = contest_of(slug)
    asked = request.args.get("trang-thai", "open")
    state = asked if asked in review.FINDING_STATES else "" if asked == "all" else "open"
    after = request.args.get("sau", "")
    page = lists.findings_of(contest.id, state, after)
    return render_template(
        "voting/review.html",
        **_frame(contest),
        state=state,
        counts=lists.findings_by_state(contest.id),
        found=page.findings,
        first_url=_list_url(slug, state) if after else None,
        next_url=_list_url(slug, state, page.after) if page.after else None,
        waiting=lists.waiting_settings(contest.id),
        aside=lists.set_aside_by_reason(contest.id),
        turnout=queries.turnout(contest.id),
    )


def _list_url(slug: str, state: str, after: str = "") -> str:
    arguments: dict[str, Any] = {"trang-thai": state or "all", "sau": after or None}
    return url_for("voting.review_desk", slug=slug, **arguments)


@bp.get(f"{HERE}/phan-bo")
@needs(*STAFF)
def review_pictures(slug: str) -> str:
    """How all ballots spread, beside what the rules allow."""
    contest = contest_of(slug)
    return render_template("voting/review_pictures.html", **_frame(contest), pictures=pictures_of(contest))


@bp.get(_FINDING)
@needs(*STAFF)
def review_finding(slug: str, flag_id: str) -> str:
    return _finding_page(slug, flag_id)


def _finding_page(slug: str, flag_id: str, **forms: Any) -> str:
    contest = contest_of(slug)
    finding = lists.get_finding(contest.id, flag_id)
    frame = _frame(contest)
    pictures = pictures_of_finding(contest, finding)
    seed = request.args.get("mau", "1")[:8]
    propose_form = forms.get("propose_form") or ProposeForm(formdata=None)
    _offer(propose_form, contest, pictures)
    return render_template(
        "voting/review_finding.html",
        **frame,
        finding=finding,
        pictures=pictures,
        looked_at=lists.LOOKED_AT,
        sample=lists.sample_of(finding, seed),
        seed=int(seed) if seed.isascii() and seed.isdigit() else 1,
        settings=lists.settings_of(contest.id, finding=finding).settings,
        propose_form=propose_form,
        dismiss_form=forms.get("dismiss_form") or WordsForm(formdata=None, prefix="bo-qua-"),
        may_act=not frame["counted"],
        batch_most=review.BATCH_MOST,
        batches_url=url_for("voting.review_batches", slug=slug),
    )


def _offer(form: ProposeForm, contest: Contest, pictures: Pictures) -> None:
    """Fill the lists of the form with what stands in the finding."""
    everything = ("", _("All"))
    form.channel.choices = [
        everything,
        *((name, _(CHANNELS.get(name, name))) for name, _n in pictures.channels if name),
    ]
    form.family.choices = [everything, *((name, f"{name} ({count})") for name, count in pictures.families if name)]
    form.domain.choices = [everything, *((name, _(DOMAINS.get(name, name))) for name, _n in pictures.domains if name)]
    form.unit.choices = [everything, *((unit.code, unit.name) for unit in pictures.units)]
    allowed = contest.rules.voting.set_aside
    form.reason.choices = [("", _("Choose a reason")), *((code, _(SET_ASIDE_REASONS[code])) for code in allowed)]


@bp.post(f"{_FINDING}/bo-qua")
@needs(*STAFF)
def review_dismiss(slug: str, flag_id: str) -> Any:
    form = WordsForm(prefix="bo-qua-")

    def act(now: datetime) -> None:
        contest = contest_of(slug)
        finding = lists.get_finding(contest.id, flag_id)
        review.dismiss(contest=contest, finding=finding, words=form.words.data or "", actor=_me(), now=now)

    lists.get_finding(contest_of(slug).id, flag_id)
    if not _do(act, form):
        return _finding_page(slug, flag_id, dismiss_form=form), 422
    flash(_("The finding is closed. Nothing has happened to its ballots."), "ok")
    return redirect(url_for("voting.review_desk", slug=slug), 303)


@bp.post(f"{_FINDING}/mo-lai")
@needs(*STAFF)
def review_reopen(slug: str, flag_id: str) -> Any:
    with writing() as now:
        contest = contest_of(slug)
        review.reopen(contest=contest, finding=lists.get_finding(contest.id, flag_id), actor=_me(), now=now)
    flash(_("The finding is open again."), "ok")
    return redirect(url_for("voting.review_finding", slug=slug, flag_id=flag_id), 303)


@bp.post(f"{_FINDING}/de-nghi")
@needs(*STAFF)
def review_propose(slug: str, flag_id: str) -> Any:
    """Propose to set aside the ballots of a finding, or a part of them."""
    form = ProposeForm()
    lists.get_finding(contest_of(slug).id, flag_id)
    made: list[str] = []

    def act(now: datetime) -> None:
        contest = contest_of(slug)
        part = lists.Part(
            channel=offered(form.channel.data),
            family=offered(form.family.data),
            domain=offered(form.domain.data),
            unit=offered(form.unit.data),
            since=typed_hour(form.since.data),
            until=typed_hour(form.until.data),
            sample=form.sample.data or 0,
        )
        setting = review.propose(
            contest=contest,
            finding=lists.get_finding(contest.id, flag_id),
            part=part,
            reason=form.reason.data or "",
            words=form.words.data or "",
            actor=_me(),
            now=now,
            is_counted=_is_counted,
        )
        made.append(setting.public_id)

    if not form.validate_on_submit() or not _do(act, form):
        return _finding_page(slug, flag_id, propose_form=form), 422
    flash(_("Proposed. Another person has to decide before anything happens to the ballots."), "ok")
    return redirect(url_for("voting.review_batch", slug=slug, setting_id=made[0]), 303)


# Batches


@bp.get(f"{HERE}/dot")
@needs(*STAFF)
def review_batches(slug: str) -> str:
    return _batches_page(slug)


def _batches_page(slug: str, form: NumbersForm | None = None) -> str:
    contest = contest_of(slug)
    after = request.args.get("sau", "")
    page = lists.settings_of(contest.id, after)
    form = form or NumbersForm(formdata=None)
    _offer_back(form)
    return render_template(
        "voting/review_batches.html",
        **_frame(contest),
        settings=page.settings,
        form=form,
        aside=lists.set_aside_by_reason(contest.id),
        turnout=queries.turnout(contest.id),
        first_url=url_for("voting.review_batches", slug=slug) if after else None,
        next_url=url_for("voting.review_batches", slug=slug, sau=page.after) if page.after else None,
    )


def _offer_back(form: BackForm) -> None:
    form.reason.choices = [(code, _(name)) for code, name in review.ADMIT_REASONS.items()]


@bp.post(f"{HERE}/dot")
@needs(*STAFF)
def review_numbers(slug: str) -> Any:
    """Propose that ballots whose holders object count again, by their numbers."""
    form = NumbersForm()
    _offer_back(form)
    contest_of(slug)
    made: list[str] = []

    def act(now: datetime) -> None:
        setting = review.propose_numbers(
            contest=contest_of(slug),
            typed=form.numbers.data or "",
            reason=form.reason.data or "",
            words=form.words.data or "",
            actor=_me(),
            now=now,
            is_counted=_is_counted,
        )
        made.append(setting.public_id)

    if not _do(act, form):
        return _batches_page(slug, form), 422
    flash(_("Proposed. Another person has to decide before the ballots count again."), "ok")
    return redirect(url_for("voting.review_batch", slug=slug, setting_id=made[0]), 303)


@bp.get(_BATCH)
@needs(*STAFF)
def review_batch(slug: str, setting_id: str) -> str:
    return _batch_page(slug, setting_id)


def _batch_page(slug: str, setting_id: str, **forms: Any) -> str:
    contest = contest_of(slug)
    setting = lists.get_setting(contest.id, setting_id)
    after = request.args.get("sau", "")
    page = lists.numbers_of(setting, after)
    decide_form = forms.get("decide_form") or DecideForm(formdata=None)
    decide_form.answer.choices = [
        ("yes", _("Set the ballots aside") if setting.kind == review.VOID else _("Count the ballots again")),
        ("no", _("Refuse: nothing happens")),
    ]
    back_form = forms.get("back_form") or BackForm(formdata=None, prefix="tro-lai-")
    _offer_back(back_form)
    standing = lists.standing_in(setting)
    return render_template(
        "voting/review_batch.html",
        **_frame(contest),
        setting=setting,
        numbers=page.numbers,
        first_url=url_for("voting.review_batch", slug=slug, setting_id=setting_id) if after else None,
        next_url=url_for("voting.review_batch", slug=slug, setting_id=setting_id, sau=page.after)
        if page.after
        else None,
        standing=standing,
        undone=lists.undone_by(setting),
        decide_form=decide_form,
        back_form=back_form,
        mine=setting.proposed_by == _me().id,
        VOID=review.VOID,
    )


@bp.post(f"{_BATCH}/quyet-dinh")
@needs(*STAFF)
def review_decide(slug: str, setting_id: str) -> Any:
    """The second person carries out or refuses what the first one proposed."""
    form = DecideForm()
    lists.get_setting(contest_of(slug).id, setting_id)
    if form.answer.data not in {"yes", "no"}:
        form.form_errors.append(_("Choose whether the batch is carried out or refused."))
        return _batch_page(slug, setting_id, decide_form=form), 422
    changed: list[int | None] = []

    def act(now: datetime) -> None:
        contest = contest_of(slug)
        setting = review.decide(
            contest=contest,
            setting=lists.get_setting(contest.id, setting_id),
            yes=form.answer.data == "yes",
            words=form.words.data or "",
            actor=_me(),
            now=now,
            is_counted=_is_counted,
        )
        changed.append(setting.changed)

    if not _do(act, form):
        return _batch_page(slug, setting_id, decide_form=form), 422
    if form.answer.data == "no":
        flash(_("Refused. Nothing has happened to the ballots."), "ok")
    else:
        flash(_("Carried out for %(count)s ballots, and written into the public log.", count=changed[0]), "ok")
    return redirect(url_for("voting.review_batch", slug=slug, setting_id=setting_id), 303)


@bp.post(f"{_BATCH}/rut")
@needs(*STAFF)
def review_withdraw(slug: str, setting_id: str) -> Any:
    try:
        with writing() as now:
            contest = contest_of(slug)
            setting = lists.get_setting(contest.id, setting_id)
            review.withdraw(contest=contest, setting=setting, actor=_me(), now=now)
    except Refused as error:
        flash(say(error), "error")
    else:
        flash(_("Withdrawn. The batch stays on record."), "ok")
    return redirect(url_for("voting.review_batch", slug=slug, setting_id=setting_id), 303)


@bp.post(f"{_BATCH}/tro-lai")
@needs(*STAFF)
def review_back(slug: str, setting_id: str) -> Any:
    """Propose that what a batch set aside counts again."""
    form = BackForm(prefix="tro-lai-")
    _offer_back(form)
    lists.get_setting(contest_of(slug).id, setting_id)
    made: list[str] = []

    def act(now: datetime) -> None:
        contest = contest_of(slug)
        setting = review.propose_back(
            contest=contest,
            setting=lists.get_setting(contest.id, setting_id),
            reason=form.reason.data or "",
            words=form.words.data or "",
            actor=_me(),
            now=now,
            is_counted=_is_counted,
        )
        made.append(setting.public_id)

    if not _do(act, form):
        return _batch_page(slug, setting_id, back_form=form), 422
    flash(_("Proposed. Another person has to decide before the ballots count again."), "ok")
    return redirect(url_for("voting.review_batch", slug=slug, setting_id=made[0]), 303)
