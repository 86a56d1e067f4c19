"""The form that every form here descends from: CSRF, and messages in both languages."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, ngettext
from flask_wtf import FlaskForm

from contest.core.errors import N_

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
)


class _Catalogue:
    """WTForms' view of our catalogues."""

    def gettext(self, message: str) -> str:
        return str(gettext(message))

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return str(ngettext(singular, plural, n))


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A form with a CSRF token whose messages come from our catalogues."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]  # as above
        def get_translations(self, form: Any) -> Any:
            return _Catalogue()
