"""The form that every form here descends from: CSRF, and messages in both languages."""

from __future__ import annotations

from typing import Any

from flask import has_request_context, request
from flask_babel import get_domain, gettext
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict

from contest.core.errors import N_


def ungettext(singular: str, plural: str) -> tuple[str, str]:
    """Mark a sentence with a plural for the catalogues without translating it here."""
    return singular, plural


# WTForms' own sentences, marked so that the catalogues hold them (it ships no Vietnamese).
_WTFORMS = (
    N_("This field is required."),
    N_("Not a valid choice."),
    N_("Invalid Choice: could not coerce."),
    N_("Not a valid date value."),
    N_("Not a valid integer value."),
    N_("Not a valid decimal value."),
    N_("Invalid input."),
    N_("CSRF token missing."),
    N_("Invalid email address."),
    N_("Field must be between %(min)d and %(max)d characters long."),
    N_("Number must be at least %(min)s."),
    N_("Number must be at most %(max)s."),
    N_("Number must be between %(min)s and %(max)s."),
    ungettext("Field must be at least %(min)d character long.", "Field must be at least %(min)d characters long."),
    ungettext("Field cannot be longer than %(max)d character.", "Field cannot be longer than %(max)d characters."),
)


class _Catalogue:
    """WTForms' view of our catalogues."""

    def gettext(self, message: str) -> str:
        return str(gettext(message))

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        # Not Flask-Babel's own: it would fill in placeholders that WTForms fills afterwards.
        return str(get_domain().get_translations().ungettext(singular, plural, n))


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A form with a CSRF token whose messages come from our catalogues."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]  # as above
        def get_translations(self, form: Any) -> Any:
            return _Catalogue()

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            # Flask-WTF reads JSON as well, and would take numbers and lists for what was typed.
            if has_request_context() and request.is_json and not isinstance(formdata, MultiDict):
                return None
            return super().wrap_formdata(form, formdata)
