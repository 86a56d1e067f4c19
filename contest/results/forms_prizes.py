"""Forms of prizes beside the ranking, and of changes after the announcement."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import DateField, DateTimeLocalField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from contest.core.forms import Form
from contest.results.amendments import AUTHOR, CITATION, CORRECT, LONGEST_REASON, REVOKE
from contest.results.choices import LONGEST_REASON as LONGEST_WHY
from contest.results.moves import CASCADE, EMPTY


class ChoiceForm(Form):
    """Who gets a prize beside the ranking, and why."""

    prize = SelectField(_l("Prize"), [InputRequired()])
    code = StringField(_l("Code of the entry, or of the unit"), [InputRequired(), Length(max=60)])
    why = TextAreaField(_l("Reason, as the public will read it"), [InputRequired(), Length(max=LONGEST_WHY)])


class AmendmentForm(Form):
    """What is changed of a prize, why, and under which decision."""

    kind = RadioField(
        _l("What is changed"),
        [InputRequired()],
        choices=[(REVOKE, _l("The prize is taken back")), (CORRECT, _l("A word is corrected; the prize stands"))],
        default=REVOKE,
    )
    follow = RadioField(
        _l("When it is taken back"),
        [Optional()],
        choices=[(CASCADE, _l("The next moves up, by rank and minimum")), (EMPTY, _l("The prize stays empty"))],
        default=CASCADE,
    )
    field = SelectField(
        _l("When it is corrected: what"),
        [Optional()],
        choices=[(CITATION, _l("The citation")), (AUTHOR, _l("The author's name as shown"))],
    )
    after = TextAreaField(_l("How it should read"), [Optional(), Length(max=1000)])
    reason = TextAreaField(_l("Reason, as the public will read it"), [InputRequired(), Length(max=LONGEST_REASON)])
    number = StringField(_l("Number of the decision"), [InputRequired(), Length(max=60)])
    on = DateField(_l("Date of the decision"), [InputRequired()])
    signer = StringField(_l("Signed by"), [InputRequired(), Length(max=200)])
    visible = DateTimeLocalField(_l("Not public before (Vietnam time)"), [Optional()])


class ConsentForm(Form):
    """The number of the decision once more."""

    number = StringField(
        _l("Type the number of the decision to confirm"), [InputRequired(), Length(max=60)], id="typed-number"
    )
