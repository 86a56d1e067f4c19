"""One's own account: name, addresses, password, second step, consent."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from contest.accounts import codes, second_factor
from contest.accounts.addresses import is_email, shown
from contest.accounts.forms import AddressForm, ChangePasswordForm, CodeForm, PasswordForm, ProfileForm, TermsForm
from contest.accounts.models import User
from contest.accounts.passwords import hash_password, verify_password
from contest.accounts.rules import TERMS_VERSION, local_path
from contest.accounts.security import authenticator, current_key, leave
from contest.accounts.services import accept_terms, change_password, change_profile
from contest.accounts.sign_ins import count_open, end_all
from contest.accounts.views_sign_in import after_sign_in, failed, second_step_passed
from contest.core import clock
from contest.core.db import writing
from contest.core.qr import qr_path
from contest.core.web import limiter, signed_in

bp = Blueprint("accounts", __name__)

_NEW_SECRET = "totp"  # noqa: S105 -- a name in the session, not a secret


def _me() -> User:
    person: User = current_user._get_current_object()  # noqa: SLF001 -- Flask-Login's proxy has no other way
    return person


def _mine() -> str:
    # Limits are counted before access is checked, so nobody may be signed in here.
    return f"account:{current_user.public_id if current_user.is_authenticated else request.remote_addr}"


def _answered() -> int:
    """422 for a form that comes back with errors."""
    return 422 if request.method == "POST" else 200


@bp.route("/tai-khoan", methods=["GET", "POST"])
@signed_in
def profile() -> Any:
    person = _me()
    form = ProfileForm(obj=person)
    if form.validate_on_submit():
        with writing() as now:
            change_profile(person=person, name=str(form.name.data), locale=str(form.locale.data), now=now)
        flash(_("Saved."), "ok")
        return redirect(url_for("accounts.profile"), 303)
    return (
        render_template(
            "accounts/profile.html",
            form=form,
            person=person,
            phone=shown(person.phone) if person.phone else None,
            devices=count_open(person, wall=clock.wall()),
            codes_left=len(person.recovery_codes or []),
        ),
        _answered(),
    )


@bp.route("/tai-khoan/mat-khau", methods=["GET", "POST"])
@signed_in
@limiter.limit("10 per 15 minutes", key_func=_mine, methods=["POST"], deduct_when=failed)
def password() -> Any:
    person = _me()
    # Who was let in without a password (a demonstration) has none to repeat.
    form = ChangePasswordForm() if person.password else PasswordForm()
    form.about = (person.name, person.email or "", person.phone or "")
    if form.validate_on_submit():
        if not person.password or verify_password(person.password, str(form.current.data)):
            hashed = hash_password(str(form.password.data))
            with writing() as now:
                change_password(person=person, password_hash=hashed, but=current_key(), now=now, wall=clock.wall())
            flash(_("Your password is new. Everywhere else you are signed out."), "ok")
            return redirect(url_for("accounts.profile"), 303)
        form.current.errors = [_("This is not the password you use now.")]
    return render_template("accounts/password.html", form=form), _answered()


@bp.post("/tai-khoan/dang-xuat-moi-noi")
@signed_in
def sign_out_everywhere() -> Response:
    person = _me()
    with writing():
        end_all(person=person, wall=clock.wall())
        leave()
    flash(_("You are signed out on every device."), "ok")
    return redirect(url_for("security.login"), 303)


# Addresses


@bp.route("/tai-khoan/dia-chi/<kind>", methods=["GET", "POST"])
@signed_in
@limiter.limit("10 per 15 minutes", key_func=_mine, methods=["POST"])
def address(kind: str) -> Any:
    if kind not in {"email", "phone"}:
        abort(404)
    person = _me()
    form = AddressForm()
    form.kind = kind
    if not person.password:
        del form.password
    if form.validate_on_submit():
        if not person.password or verify_password(person.password, str(form.password.data)):
            with writing() as now:
                token = codes.begin_address(person=person, address=str(form.address.data), now=now, wall=clock.wall())
            session["address"] = token
            return redirect(url_for("accounts.confirm_address"), 303)
        form.password.errors = [_("This is not the password you use now.")]
    return render_template("accounts/address.html", form=form, kind=kind, person=person), _answered()


@bp.route("/tai-khoan/xac-nhan", methods=["GET", "POST"])
@signed_in
@limiter.limit("30 per 10 minutes", key_func=_mine, methods=["POST"], deduct_when=failed)
def confirm_address() -> Any:
    token = session.get("address", "")
    row = codes.find_open(token, "address", wall=clock.wall()) if token else None
    if row is None:
        session.pop("address", None)
        return redirect(url_for("accounts.profile"), 303)
    form = CodeForm()
    wanted = row.address
    if form.validate_on_submit():
        person = _me()
        with writing() as now:
            given = codes.confirm_address(person=person, token=token, code=form.typed, now=now, wall=clock.wall())
        if given:
            session.pop("address", None)
            flash(_("From now on %(address)s reaches you, and you can sign in with it.", address=shown(given)), "ok")
            return redirect(url_for("accounts.profile"), 303)
        form.code.errors = [_("This code is not right or has run out. Check it, or ask for a new one below.")]
    return (
        render_template("accounts/confirm_address.html", form=form, address=shown(wanted), by_mail=is_email(wanted)),
        _answered(),
    )


# The second step


@bp.route("/tai-khoan/hai-buoc", endpoint="second_factor", methods=["GET", "POST"])
@signed_in
@limiter.limit("20 per 15 minutes", key_func=_mine, methods=["POST"], deduct_when=failed)
def second_factor_page() -> Any:
    person = _me()
    form = CodeForm()
    if person.totp_secret:
        return render_template("accounts/second_factor_on.html", form=form, codes_left=len(person.recovery_codes or []))
    # Kept in the signed cookie of the person who is setting it up, encrypted, until its code was typed.
    secret = session.get(_NEW_SECRET) or authenticator().new_secret()
    session[_NEW_SECRET] = secret
    if form.validate_on_submit():
        with writing() as now:
            made = second_factor.switch_on(
                person=person,
                secret=secret,
                code=form.typed,
                authenticator=authenticator(),
                but=current_key(),
                now=now,
                wall=clock.wall(),
            )
        if made:
            session.pop(_NEW_SECRET, None)
            return render_template("accounts/recovery_codes.html", codes=made, fresh=True)
        form.code.errors = [_("This code is not right. Check that the phone shows the right time, then type the next.")]
    label = person.email or person.phone or person.name
    return (
        render_template(
            "accounts/second_factor.html",
            form=form,
            qr=qr_path(authenticator().address(secret, label)),
            secret=authenticator().readable(secret),
        ),
        _answered(),
    )


@bp.post("/tai-khoan/hai-buoc/<act>")
@signed_in
@limiter.limit("10 per 15 minutes", key_func=_mine, deduct_when=failed)
def second_factor_change(act: str) -> Any:
    """Switch the second step off, or make new recovery codes: both ask for a code first."""
    if act not in {"tat", "ma-du-phong"}:
        abort(404)
    person = _me()
    if not person.totp_secret:
        return redirect(url_for("accounts.second_factor"), 303)
    form = CodeForm()
    if form.validate_on_submit():
        made: list[str] = []
        with writing() as now:
            proved = second_step_passed(person, form.typed, now)
            if proved and act == "tat":
                second_factor.switch_off(person=person, actor=person, now=now)
            elif proved:
                made = second_factor.renew_recovery_codes(person=person, now=now)
        if made:
            return render_template("accounts/recovery_codes.html", codes=made, fresh=False)
        if proved:
            flash(_("The second step is off. Your password alone opens your account now."), "warn")
            return redirect(url_for("accounts.profile"), 303)
        form.code.errors = [_("This code is not right, or it was used already. Wait for the next one.")]
    return (
        render_template("accounts/second_factor_on.html", form=form, codes_left=len(person.recovery_codes or [])),
        422,
    )


# Consent


@bp.route("/tai-khoan/dong-y", methods=["GET", "POST"])
@signed_in
def terms() -> Any:
    person = _me()
    form = TermsForm()
    if request.method == "GET":
        form.next.data = local_path(request.args.get("next"))
    if form.validate_on_submit():
        with writing():
            accept_terms(person=person, version=TERMS_VERSION, wall=clock.wall())
        return redirect(after_sign_in(form.next.data), 303)
    return render_template("accounts/terms.html", form=form, person=person), _answered()
