"""Forms of the papers that follow from results."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from contest.core.forms import Form
from contest.core.web.errors import say_message
from contest.papers.looks import CHOICES, FARTHEST, LONGEST, Look


class LookForm(Form):
    """How certificates look: a template, its colour, and the words around what the records say."""

    template = RadioField(_l("Template"), [InputRequired()])
    tint = SelectField(_l("Colour"), [InputRequired()])
    name_size = SelectField(_l("Size of the name"), [InputRequired()])
    title = StringField(_l("Title of the paper"), [InputRequired(), Length(max=LONGEST["title"])])
    issuer = StringField(_l("Issued by"), [InputRequired(), Length(max=LONGEST["issuer"])])
    opening = StringField(_l("Words above the name"), [Length(max=LONGEST["opening"])])
    reached = StringField(_l("Words between the name and the prize"), [Length(max=LONGEST["reached"])])
    closing = StringField(_l("Words at the end"), [Length(max=LONGEST["closing"])])
    place = StringField(_l("Place"), [Length(max=LONGEST["place"])])
    on = DateField(_l("Day"), [InputRequired()])
    office = TextAreaField(_l("Office of the signer"), [Length(max=LONGEST["office"])])
    signer = StringField(_l("Full name of the signer"), [Length(max=LONGEST["signer"])])
    series = StringField(_l("Letters behind the number"), [Length(max=LONGEST["series"])])
    down = IntegerField(_l("Move the words down, in mm"), [Optional(), NumberRange(min=-FARTHEST, max=FARTHEST)])
    country = BooleanField(_l("With the name of the country and the motto"))
    frame = BooleanField(_l("With the frame (leave out for paper that has one printed on it)"))
    unit = BooleanField(_l("Name the unit of the author"))
    work = BooleanField(_l("Name the work"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in CHOICES.items():
            self[name].choices = [(key, say_message(label)) for key, label in choices.items()]

    @property
    def given(self) -> dict[str, Any]:
        """What was typed, as `looks.checked` takes it."""
        values = {name: self[name].data for name in Look._fields}
        values["down"] = self.down.data or 0
        values["on"] = self.on.data.isoformat() if self.on.data else ""
        return values


class AskForm(Form):
    """Which certificates are to be made."""

    numbers = StringField(_l("Only these numbers"), [Length(max=100)])


class CodeForm(Form):
    """The code on a certificate."""

    class Meta(Form.Meta):
        csrf = False  # it only looks something up, by an address that can be shared

    code = StringField(_l("Code of the certificate"), [Length(max=60)], name="ma")


class EmptyForm(Form):
    """A button: nothing but the token."""
