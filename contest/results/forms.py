"""Forms of the results desk."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import DateField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from contest.core.forms import Form


class WithholdForm(Form):
    """Which prize the council gives to nobody, how many of it, and why."""

    prize = SelectField(_l("Prize"), [InputRequired()])
    seats = IntegerField(_l("How many"), [Optional(), NumberRange(min=1, max=1000)])
    reason = TextAreaField(_l("Reason, as the public will read it"), [InputRequired(), Length(max=1000)])


class DecisionForm(Form):
    """The decision that recognises the results."""

    number = StringField(_l("Number of the decision"), [InputRequired(), Length(max=60)])
    on = DateField(_l("Date of the decision"), [InputRequired()])
    signer = StringField(_l("Signed by"), [InputRequired(), Length(max=200)])
    title = StringField(_l("On the matter of"), [InputRequired(), Length(max=300)])


class ApprovalForm(Form):
    """The number of the decision once more, so that nothing is approved by a slip."""

    # An id of its own: the form of the decision stands on the same page.
    number = StringField(
        _l("Type the number of the decision to confirm"), [InputRequired(), Length(max=60)], id="typed-number"
    )


class CheckForm(Form):
    """What came of looking up whether entries were published before."""

    found = RadioField(
        _l("What came of it"),
        [InputRequired()],
        choices=[("0", _l("Nothing found")), ("1", _l("Found: it was published before"))],
        default="0",
    )
    note = TextAreaField(_l("Where it was looked up, or found"), [Length(max=2000)])


class EmptyForm(Form):
    """A button: nothing but the token."""
