"""Forms of the organiser's desk."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, SelectField, StringField, TextAreaField
from wtforms.validators import Email, InputRequired, Length, Optional

from contest.core.forms import Form


class InvitationForm(Form):
    """Whom to invite, as what, and for which unit."""

    name = StringField(_l("Name"), [InputRequired(), Length(max=200)])
    email = EmailField(_l("E-mail"), [InputRequired(), Email(), Length(max=320)])
    role = SelectField(_l("Role"), [InputRequired()])
    unit = SelectField(_l("Unit"), [Optional()])
    relatives = TextAreaField(_l("Relatives"), [Optional(), Length(max=2000)])


class WordingForm(Form):
    """A message in the organiser's own words; its limits are checked by outbox.wording."""

    subject = StringField(_l("Subject"))
    body = TextAreaField(_l("Text"))
