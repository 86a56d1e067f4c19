"""Signing in and out, registering, and a new password for who forgot theirs.

No answer here depends on whether an address belongs to an account: same status, same bytes, about
the same work (see accounts.codes).
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from contest.accounts import codes
from contest.accounts.addresses import find_canonical, is_email, shown
from contest.accounts.forms import CodeForm, ForgotForm, RegisterForm, ResetForm, SignInForm
from contest.accounts.models import User
from contest.accounts.passwords import hash_password
from contest.accounts.rules import CODE_DIGITS, SECOND_FACTOR_WITHIN, TERMS_VERSION, local_path
from contest.accounts.second_factor import pass_with_code, pass_with_recovery_code
from contest.accounts.security import authenticator, leave, sign_in_as
from contest.accounts.services import find_by_password
from contest.core import clock
from contest.core.db import db, writing
from contest.core.web import limiter, public
from contest.core.web.language import locale

bp = Blueprint("security", __name__)

# A school or a commune office may sit behind one address, so limits by address are wide; those by
# account are narrow. Only what failed counts towards a limit by account.
_PER_ADDRESS = "60 per minute; 600 per hour"
_SENDING = "40 per 10 minutes; 200 per hour"
_HOME = "desk.my_work"


def failed(response: Any) -> bool:
    """Whether a form was refused: only then does a try count."""
    return bool(response.status_code == 422)


def _account() -> str:
    """What tries to sign in are counted by: the account that is named, from anywhere."""
    typed = request.form.get("address", "")[:400]
    return "account:" + (find_canonical(typed) or typed.strip().lower())


def _account_here() -> str:
    return f"{_account()}@{request.remote_addr}"


def _second_person() -> str:
    waiting = session.get("second")
    return f"second:{waiting['person'] if waiting else request.remote_addr}"


def _code_tries() -> str:
    return f"code:{request.endpoint}:{request.remote_addr}"


# Where to go after


def _leads_somewhere(path: str) -> bool:
    plain = path.partition("?")[0].removeprefix(request.script_root)
    plain = plain[3:] or "/" if plain.startswith("/en/") or plain == "/en" else plain
    try:
        current_app.url_map.bind(request.host).match(plain, method="GET")
    except RequestRedirect:
        return True
    except HTTPException:
        return False
    return True


def after_sign_in(wanted: str | None) -> str:
    """The page a person goes to once signed in: where they were going, else their own work."""
    path = local_path(wanted)
    return path if path and _leads_somewhere(path) else url_for(_HOME)


def _arrive(person: User, wanted: str | None) -> Response:
    target = after_sign_in(wanted)
    if person.terms_version != TERMS_VERSION:
        return redirect(url_for("accounts.terms", next=target), 303)
    return redirect(target, 303)


# Signing in


@bp.route("/dang-nhap", methods=["GET", "POST"])
@public
@limiter.limit(_PER_ADDRESS, methods=["POST"])
@limiter.limit("10 per 15 minutes", key_func=_account_here, methods=["POST"], deduct_when=failed)
@limiter.limit("100 per hour", key_func=_account, methods=["POST"], deduct_when=failed)
def login() -> Any:
    if current_user.is_authenticated:
        return redirect(after_sign_in(request.args.get("next")))
    form = SignInForm()
    if request.method == "GET":
        form.next.data = local_path(request.args.get("next"))
    status = 200
    if form.validate_on_submit():
        person = find_by_password(str(form.address.data), str(form.password.data))
        if person is not None and person.totp_secret:
            return _ask_second_factor(person, form.next.data)
        if person is not None:
            with writing():
                sign_in_as(person, wall=clock.wall())
            return _arrive(person, form.next.data)
        form.form_errors.append(_("The e-mail or phone number and the password do not match. Check both."))
    if request.method == "POST":
        status = 422
    return render_template("security/sign_in.html", form=form), status


def _proof(person: User) -> str:
    """Changes with the password, so that a half-finished sign-in dies with the old one."""
    return hashlib.sha256((person.password or "").encode()).hexdigest()[:16]


def _ask_second_factor(person: User, wanted: str | None) -> Response:
    session.clear()
    session["second"] = {
        "person": person.public_id,
        "proof": _proof(person),
        "until": (clock.wall() + SECOND_FACTOR_WITHIN).timestamp(),
        "next": local_path(wanted),
    }
    return redirect(url_for("security.second_factor"), 303)


def _waiting_person() -> User | None:
    """Who has given the right password in this browser a moment ago."""
    waiting = session.get("second")
    if not waiting or clock.wall().timestamp() > waiting["until"]:
        return None
    person = db.session.scalar(select(User).where(User.public_id == waiting["person"], User.active.is_(True)))
    return person if person and person.totp_secret and _proof(person) == waiting["proof"] else None


def second_step_passed(person: User, typed: str, now: datetime) -> bool:
    """Whether a code of the authenticator or a recovery code was typed; it is used up (in `writing()`)."""
    if len(typed) == CODE_DIGITS and typed.isdigit():
        return pass_with_code(person=person, code=typed, authenticator=authenticator(), wall=clock.wall())
    return pass_with_recovery_code(person=person, code=typed, now=now)


@bp.route("/dang-nhap/buoc-hai", methods=["GET", "POST"])
@public
@limiter.limit(_PER_ADDRESS, methods=["POST"])
@limiter.limit("6 per 5 minutes; 30 per day", key_func=_second_person, methods=["POST"], deduct_when=failed)
def second_factor() -> Any:
    person = _waiting_person()
    if person is None:
        session.pop("second", None)
        flash(_("Please sign in once more."), "info")
        return redirect(url_for("security.login"), 303)
    form = CodeForm()
    if form.validate_on_submit():
        wanted = session["second"]["next"]
        with writing() as now:
            passed = second_step_passed(person, form.typed, now)
            if passed:
                sign_in_as(person, wall=clock.wall())
        if passed:
            return _arrive(person, wanted)
        form.code.errors = [_("This code is not right, or it was used already. Wait for the next one.")]
    return render_template("security/second_factor.html", form=form), 422 if request.method == "POST" else 200


@bp.post("/dang-xuat")
@public
def logout() -> Response:
    with writing():
        leave(wall=clock.wall())
    flash(_("You have signed out."), "ok")
    return redirect(url_for("security.login"), 303)


# Registering


@bp.route("/dang-ky", methods=["GET", "POST"])
@public
@limiter.limit(_SENDING, methods=["POST"], deduct_when=lambda response: response.status_code == 303)
def register() -> Any:
    if current_user.is_authenticated:
        return redirect(after_sign_in(request.args.get("next")))
    form = RegisterForm()
    if request.method == "GET":
        form.next.data = local_path(request.args.get("next"))
    if form.validate_on_submit():
        hashed = hash_password(str(form.password.data))
        with writing() as now:
            token = codes.begin_registration(
                name=str(form.name.data),
                address=str(form.address.data),
                password_hash=hashed,
                locale=locale(),
                now=now,
                wall=clock.wall(),
            )
        session["register"] = token
        session["next"] = local_path(form.next.data)
        return redirect(url_for("security.confirm"), 303)
    return render_template("security/register.html", form=form), 422 if request.method == "POST" else 200


@bp.route("/xac-nhan", methods=["GET", "POST"])
@public
@limiter.limit("30 per 10 minutes; 120 per hour", key_func=_code_tries, methods=["POST"], deduct_when=failed)
def confirm() -> Any:
    token = session.get("register", "")
    row = codes.find_open(token, "register", wall=clock.wall()) if token else None
    if row is None:
        session.pop("register", None)
        return redirect(url_for("security.register"), 303)
    form = CodeForm()
    if form.validate_on_submit():
        wanted = session.get("next")
        with writing() as now:
            person = codes.confirm_registration(token=token, code=form.typed, now=now, wall=clock.wall())
            if person is not None:
                sign_in_as(person, wall=clock.wall())
        if person is not None:
            flash(_("Your account is ready. Welcome, %(name)s.", name=person.name), "ok")
            return redirect(after_sign_in(wanted), 303)
        form.code.errors = [_wrong_code()]
    address = row.address
    return (
        render_template("security/confirm.html", form=form, address=shown(address), by_mail=is_email(address)),
        422 if request.method == "POST" else 200,
    )


def _wrong_code() -> str:
    return str(_("This code is not right or has run out. Check it, or ask for a new one below."))


@bp.post("/gui-lai-ma/<purpose>")
@public
@limiter.limit(_SENDING)
def send_again(purpose: str) -> Response:
    pages = {"register": "security.confirm", "reset": "security.reset", "address": "accounts.confirm_address"}
    if purpose not in pages or purpose not in session:
        return redirect(url_for("security.login"), 303)
    with writing() as now:
        token = codes.send_again(token=session[purpose], now=now, wall=clock.wall())
    if token:
        session[purpose] = token
        flash(_("We have sent a new code. Only the newest one works."), "ok")
    return redirect(url_for(pages[purpose]), 303)


# A new password


@bp.route("/quen-mat-khau", methods=["GET", "POST"])
@public
@limiter.limit(_SENDING, methods=["POST"], deduct_when=lambda response: response.status_code == 303)
def forgot() -> Any:
    form = ForgotForm()
    if form.validate_on_submit():
        with writing() as now:
            token = codes.begin_reset(address=str(form.address.data), locale=locale(), now=now, wall=clock.wall())
        session["reset"] = token
        return redirect(url_for("security.reset"), 303)
    return render_template("security/forgot.html", form=form), 422 if request.method == "POST" else 200


@bp.route("/mat-khau-moi", methods=["GET", "POST"])
@public
@limiter.limit("30 per 10 minutes; 120 per hour", key_func=_code_tries, methods=["POST"], deduct_when=failed)
def reset() -> Any:
    token = session.get("reset", "")
    row = codes.find_open(token, "reset", wall=clock.wall()) if token else None
    if row is None:
        session.pop("reset", None)
        return redirect(url_for("security.forgot"), 303)
    address = row.address
    form = ResetForm()
    form.about = (address,)
    if form.validate_on_submit():
        hashed = hash_password(str(form.password.data))
        with writing() as now:
            person = codes.reset_password(
                token=token, code=form.typed, password_hash=hashed, now=now, wall=clock.wall()
            )
        if person is not None:
            leave()
            flash(_("Your password is new. Sign in with it."), "ok")
            return redirect(url_for("security.login"), 303)
        form.code.errors = [_wrong_code()]
    return (
        render_template("security/reset.html", form=form, address=shown(address), by_mail=is_email(address)),
        422 if request.method == "POST" else 200,
    )
