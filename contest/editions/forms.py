"""The forms of an edition. Fields of its photos are named after each photo and read by the view."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from contest.core.forms import Form
from contest.editions.services import REASON_MAX
from contest.entries.rules import BODY_MAX, TITLE_MAX


class EditionForm(Form):
    """What a proofreader writes."""

    version = HiddenField()
    title = StringField(_l("Title"), [InputRequired(), Length(max=TITLE_MAX)])
    document = TextAreaField(_l("Text"), [InputRequired(), Length(max=BODY_MAX)])
    abridged = BooleanField(_l("Parts were left out: readers see the mark “abridged”"))
    author_shown = BooleanField(_l("The author may be named once the rules allow it"))


class ChosenForm(Form):
    """Ticked phrases, entries or points of a list."""

    version = HiddenField()
    chosen = SelectMultipleField(validate_choice=False)


class WithdrawForm(Form):
    """Why readers may no longer have an edition."""

    reason = TextAreaField(_l("Reason, for the record"), [InputRequired(), Length(max=REASON_MAX)])
