"""The secretariat's forms."""

from __future__ import annotations

import re

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectMultipleField, StringField, TextAreaField

from contest.core.forms import Form

_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


def whole_number(text: str | None, default: int = 0) -> int:
    """A whole number of at most nine digits; `default` for anything else."""
    return int(text) if text and _NUMBER.fullmatch(text) else default


class ReasonForm(Form):
    """A reason that the author will read, with a time limit for completions."""

    reason = TextAreaField(_l("Reason"))
    due = StringField(_l("Complete by"))
    due_hour = StringField(_l("Hour"))


class PhraseForm(Form):
    """Words of the text to hide from the judges."""

    phrase = StringField(_l("Words"))


class BatchForm(Form):
    """Ticked rows and what to do with them."""

    chosen = SelectMultipleField(validate_choice=False)
    act = HiddenField()
