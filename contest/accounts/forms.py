"""Forms of sign-in, registration and the account. They check shape; services check rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, PasswordField, RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from contest.accounts.addresses import LONGEST, canonical, canonical_email, canonical_phone, is_email
from contest.accounts.rules import PASSWORD_LONGEST, check_password, typed_code
from contest.accounts.services import NAME_LONGEST, clean_name
from contest.core.errors import Refused
from contest.core.forms import Form
from contest.core.web import say


def _checked(check: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    """What `check` returns; its refusal as the error of the field."""
    try:
        return check(*arguments, **more)
    except Refused as error:
        raise ValidationError(say(error)) from error


def _required(message: Any) -> list[Any]:
    return [DataRequired(message)]


def _check_reachable(typed: str) -> None:
    """An address that this site can send a code to: without a gateway there are no text messages."""
    address = _checked(canonical, typed)
    settings = current_app.config["SETTINGS"]
    if not is_email(address) and settings.production and settings.sms is None:
        raise ValidationError(_("This site sends no text messages yet. Please use an e-mail address."))


_ADDRESS = _l("E-mail or mobile phone number")
_WRITE_ADDRESS = _l("Write your e-mail address or your mobile phone number.")
_too_long = Length(max=1000, message=_l("This is too long."))


class SignInForm(Form):
    """Who and with which password; `next` is where they were going."""

    address = StringField(_ADDRESS, [*_required(_WRITE_ADDRESS), _too_long])
    password = PasswordField(_l("Password"), [InputRequired(_l("Write your password.")), _too_long])
    next = HiddenField(validators=[_too_long])


class CodeForm(Form):
    """A code that was sent, or that an authenticator shows."""

    code = StringField(
        _l("One-time code"), [*_required(_l("Write the code.")), Length(max=60, message=_l("This is too long."))]
    )

    @property
    def typed(self) -> str:
        return typed_code(self.code.data or "")


_PASSWORD_RULES = [
    InputRequired(_l("Choose a password.")),
    Length(max=PASSWORD_LONGEST, message=_l("Use at most %(max)d characters.")),
]


class PasswordForm(Form):
    """A new password, shown or hidden as the person likes; typed once, since it can be looked at."""

    password = PasswordField(_l("New password"), _PASSWORD_RULES)
    about: tuple[str, ...] = ()

    def validate_password(self, field: PasswordField) -> None:
        _checked(check_password, field.data or "", about=self.about)


class RegisterForm(PasswordForm):
    """A new account."""

    name = StringField(
        _l("Full name"),
        [
            *_required(_l("Write the name, family name first.")),
            Length(max=NAME_LONGEST, message=_l("Use at most %(max)d characters.")),
        ],
    )
    address = StringField(
        _ADDRESS, [*_required(_WRITE_ADDRESS), Length(max=LONGEST, message=_l("Use at most %(max)d characters."))]
    )
    password = PasswordField(_l("Password"), _PASSWORD_RULES)
    terms = BooleanField(
        _l("I agree that my data are used to run the contests, as the page on personal data says."),
        [InputRequired(_l("Without your consent we may not keep an account for you."))],
    )
    next = HiddenField(validators=[_too_long])

    def validate_name(self, field: StringField) -> None:
        field.data = _checked(clean_name, field.data or "")

    def validate_address(self, field: StringField) -> None:
        _check_reachable(field.data or "")

    def validate_password(self, field: PasswordField) -> None:
        _checked(check_password, field.data or "", about=(self.name.data or "", self.address.data or ""))


class ForgotForm(Form):
    """Whose password was forgotten."""

    address = StringField(_ADDRESS, [*_required(_WRITE_ADDRESS), _too_long])

    def validate_address(self, field: StringField) -> None:
        _checked(canonical, field.data or "")


class ResetForm(CodeForm, PasswordForm):
    """The code that was sent, and the new password."""


class ChangePasswordForm(PasswordForm):
    """The old password and the new one."""

    current = PasswordField(_l("Password you use now"), [InputRequired(_l("Write your password.")), _too_long])


class ProfileForm(Form):
    """How a person is called, and the language of messages to them."""

    name = StringField(_l("Full name"), [*_required(_l("Write the name, family name first."))])
    locale = RadioField(
        _l("Language of messages"), choices=[SelectChoice("vi", "Tiếng Việt"), SelectChoice("en", "English")]
    )

    def validate_name(self, field: StringField) -> None:
        field.data = _checked(clean_name, field.data or "")


class AddressForm(Form):
    """An e-mail address or a phone number to add, with the password as proof."""

    address = StringField(_ADDRESS, [*_required(_WRITE_ADDRESS), _too_long])
    password = PasswordField(_l("Password"), [InputRequired(_l("Write your password.")), _too_long])
    kind = "email"

    def validate_address(self, field: StringField) -> None:
        _checked(canonical_email if self.kind == "email" else canonical_phone, field.data or "")
        _check_reachable(field.data or "")


class TermsForm(Form):
    """Consent of somebody who was invited, or to a new text."""

    terms = BooleanField(
        _l("I agree that my data are used to run the contests, as the page on personal data says."),
        [InputRequired(_l("Without your consent we may not keep an account for you."))],
    )
    next = HiddenField(validators=[_too_long])
