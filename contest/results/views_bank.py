"""Where winners want their money: their own page, and the list for organisers who have just proved who they are."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet
from flask import Response, current_app, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user

from contest.accounts.models import User
from contest.accounts.second_factor import pass_with_code
from contest.contests.models import Contest
from contest.contests.queries import get_contest
from contest.contests.rules import ORGANISER
from contest.core import clock
from contest.core.db import writing
from contest.core.errors import Refused
from contest.core.web import limiter, needs, say, signed_in
from contest.core.web.keys import bank_secret
from contest.core.workbooks import Page, make_workbook
from contest.results import bank
from contest.results.forms_after import BankForm
from contest.results.queries import is_announced
from contest.results.views import bp

_MINE = "/giai-thuong/<slug>/nhan-thuong"
_DESK = "/ban-to-chuc/<slug>/nhan-thuong"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# How long the list stays open after a code of the second step was typed.
OPEN_SECONDS = 10 * 60
_OPENED = "money"


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy
    return person


def sealer() -> Fernet:
    """What seals and opens the details, with the key beside the database."""
    return bank.box(bank_secret())


@bp.route(_MINE, endpoint="bank", methods=["GET", "POST"])
@signed_in
@limiter.limit("20 per minute", methods=["POST"])
def bank_page(slug: str) -> Any:
    """A winner says where the money goes. For anyone else, and before the announcement, there is no such page."""
    contest = get_contest(slug)
    bank.prizes_for(contest, _me(), g.now)
    detail = bank.find_detail(contest, _me())
    payee = bank.opened(detail, sealer()) if detail else None
    kept = payee._asdict() if payee else {"way": bank.TRANSFER}
    form = BankForm() if request.method == "POST" else BankForm(data=kept)
    form.way.choices = [(key, _(label)) for key, label in bank.WAYS.items()]
    if request.method != "POST" or not form.validate_on_submit():
        return _mine(contest, form), 422 if request.method == "POST" else 200
    given = bank.Payee(form.way.data or "", form.holder.data or "", form.number.data or "", form.bank.data or "")
    try:
        with writing() as now:
            bank.give(
                contest=get_contest(slug),
                person=_me(),
                payee=given,
                consent=bank.CONSENT_VERSION if form.agree.data else "",
                sealer=sealer(),
                now=now,
            )
    except Refused as error:
        field = getattr(form, {"consent": "agree"}.get(error.code, error.code), None)
        if field is not None:
            field.errors = [say(error)]
        else:
            form.form_errors.append(say(error))
        return _mine(get_contest(slug), form), 422
    flash(_("Kept, encrypted. The organising committee sees it when it pays."), "ok")
    return redirect(url_for("results.bank", slug=slug), 303)


def _mine(contest: Contest, form: BankForm) -> str:
    found = bank.awards_of(contest, g.now)
    return render_template(
        "results/bank.html",
        contest=contest,
        rules=contest.rules,
        mine=bank.prizes_for(contest, _me(), g.now),
        detail=bank.find_detail(contest, _me()),
        until=bank.deletion_day(contest, found[0]) if found else None,
        consent=bank.CONSENT,
        form=form,
    )


@bp.post(f"{_MINE}/bo")
@signed_in
def take_back_bank(slug: str) -> Any:
    """Pressed twice, it is taken back once; where there is no page for somebody, there is no such act either."""
    with writing() as now:
        contest = get_contest(slug)
        if bank.find_detail(contest, _me()) is None:
            bank.prizes_for(contest, _me(), now)
        bank.take_back(contest=contest, person=_me(), now=now)
    flash(_("What you gave is deleted."), "ok")
    return redirect(url_for("results.bank", slug=slug), 303)


def _is_open(contest: Contest) -> bool:
    opened = session.get(_OPENED)
    return (
        isinstance(opened, dict)
        and opened.get("person") == _me().public_id
        and opened.get("contest") == contest.public_id
        and clock.wall().timestamp() < opened.get("until", 0)
    )


def _look(slug: str, act: str) -> list[bank.Payment]:
    """Recorded before anything is shown; what cannot be recorded is not shown."""
    with writing() as now:
        bank.note_look(contest=get_contest(slug), act=act, actor=_me(), now=now)
    return bank.payments_of(get_contest(slug), sealer(), g.now)


@bp.get(_DESK)
@needs(ORGANISER)
def payments(slug: str) -> str:
    """Who is paid what and where; closed until a code of the second step is typed."""
    contest = get_contest(slug)
    announced = is_announced(contest.id, g.now)
    rows = _look(slug, "see_bank_details") if announced and _is_open(contest) else None
    contest = get_contest(slug)
    return render_template(
        "results/payments.html",
        contest=contest,
        rules=contest.rules,
        announced=announced,
        rows=rows,
        total=sum(each.amount_vnd for each in rows or ()),
        has_factor=bool(_me().totp_secret),
        ways=bank.WAYS,
        by_hand=bank.BY_HAND,
        days=bank.KEPT_DAYS,
        minutes=OPEN_SECONDS // 60,
    )


@bp.post(f"{_DESK}/mo")
@needs(ORGANISER)
@limiter.limit("10 per 15 minutes")
def open_payments(slug: str) -> Any:
    """Open the list for a while with a code of the second step, typed now."""
    typed = "".join(request.form.get("code", "").split())
    with writing():
        contest = get_contest(slug)
        passed = pass_with_code(
            person=_me(), code=typed, authenticator=current_app.extensions["authenticator"], wall=clock.wall()
        )
        whose = contest.public_id
    if passed:
        until = int(clock.wall().timestamp()) + OPEN_SECONDS
        session[_OPENED] = {"person": _me().public_id, "contest": whose, "until": until}
    else:
        flash(_("This code is not right, or it was used already. Wait for the next one."), "error")
    return redirect(url_for("results.payments", slug=slug), 303)


@bp.get(f"{_DESK}/danh-sach.xlsx")
@needs(ORGANISER)
@limiter.limit("20 per minute")
def payments_file(slug: str) -> Any:
    """The list for the accountant; text and numbers, never a formula."""
    contest = get_contest(slug)
    if not (is_announced(contest.id, g.now) and _is_open(contest)):
        return redirect(url_for("results.payments", slug=slug), 303)
    rows = [
        (
            place,
            each.person.name,
            "; ".join(each.prizes),
            each.amount_vnd,
            {bank.BY_HAND: "Nhận trực tiếp", bank.TRANSFER: "Chuyển khoản"}.get(each.payee.way, "")
            if each.payee
            else "Chưa cung cấp",
            each.payee.holder if each.payee else "",
            each.payee.number if each.payee else "",
            each.payee.bank if each.payee else "",
        )
        for place, each in enumerate(_look(slug, "take_bank_details"), start=1)
    ]
    head = (
        "STT",
        "Họ và tên",
        "Giải thưởng",
        "Số tiền (đồng)",
        "Cách nhận",
        "Chủ tài khoản",
        "Số tài khoản",
        "Ngân hàng",
    )
    content = make_workbook([Page("Chi tiền thưởng", head, (6, 28, 40, 16, 18, 28, 24, 32), rows)])
    answer = Response(content, mimetype=_XLSX)
    answer.headers.set("Content-Disposition", "attachment", filename=f"chi-tien-thuong-{slug}.xlsx")
    return answer
