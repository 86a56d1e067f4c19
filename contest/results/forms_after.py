"""Forms of news, letters to many and where winners want their money."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateTimeLocalField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from contest.core.forms import Form

NOW, LATER, DRAFT = "now", "later", "draft"


class NewsForm(Form):
    """A piece of news in both languages, and when it is public."""

    title_vi = StringField(_l("Title in Vietnamese"), [Length(max=200)])
    body_vi = TextAreaField(_l("Text in Vietnamese"), [Length(max=20000)])
    title_en = StringField(_l("Title in English"), [Length(max=200)])
    body_en = TextAreaField(_l("Text in English"), [Length(max=20000)])
    when = RadioField(
        _l("When it is public"),
        choices=[
            (DRAFT, _l("Not yet: keep it as a draft")),
            (NOW, _l("At once")),
            (LATER, _l("From an instant on")),
        ],
        default=DRAFT,
    )
    at = DateTimeLocalField(_l("From (Vietnam time)"), [Optional()])
    knowing = BooleanField(_l("It names who won, and I know that it comes before the announcement"))


class MailingForm(Form):
    """A letter to many in both languages."""

    audience = SelectField(_l("Who gets it"), [InputRequired()])
    subject_vi = StringField(_l("Subject in Vietnamese"), [Length(max=150)])
    body_vi = TextAreaField(_l("Text in Vietnamese"), [Length(max=6000)])
    subject_en = StringField(_l("Subject in English"), [Length(max=150)])
    body_en = TextAreaField(_l("Text in English"), [Length(max=6000)])
    place = StringField(_l("Where the ceremony is held"), [Length(max=300)])
    with_results = BooleanField(_l("It tells of the results: never send it before they are public"), default=True)


class BankForm(Form):
    """Where a winner wants the money."""

    way = RadioField(_l("How you want the money"), [InputRequired()])
    holder = StringField(_l("Account holder"), [Length(max=120)])
    number = StringField(_l("Account number"), [Length(max=40)])
    bank = StringField(_l("Bank"), [Length(max=120)])
    agree = BooleanField(_l("I agree"))
