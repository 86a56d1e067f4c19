"""What the secretariat says about an exemplar. They check shape; the services check rules."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.widgets import CheckboxInput, ListWidget

from contest.core.forms import Form


class ExemplarForm(Form):
    """One form for the acts on an exemplar; each uses the fields that it needs."""

    reason = RadioField(_l("Why is it on hold?"), validate_choice=False)
    note = TextAreaField(_l("Note"))
    purposes = SelectMultipleField(
        _l("What did they agree to?"),
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    given_by = RadioField(_l("Who agreed?"), validate_choice=False)
    purpose = RadioField(_l("What is withdrawn?"), validate_choice=False)
    because = TextAreaField(_l("Note"))
    unit = SelectField(_l("Which unit?"), validate_choice=False)
    other = StringField(_l("The other record"))
