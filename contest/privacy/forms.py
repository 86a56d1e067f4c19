"""Forms about personal data. What they may hold is checked by the services."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField, TextAreaField

from contest.core.forms import Form
from contest.privacy.rules import CALLED_OFF, CHANNELS, KINDS, OUTCOMES


class AskForm(Form):
    """What a person asks about their own data."""

    kind = RadioField(_l("What do you ask for?"), choices=[(kind, _l(label)) for kind, label in KINDS.items()])
    text = TextAreaField(_l("What should we know about it?"))


class EnterForm(AskForm):
    """A request that came by another way, entered by staff."""

    name = StringField(_l("Who asks"))
    contact = StringField(_l("How to reach them"))
    channel = SelectField(
        _l("How it came"), choices=[(name, _l(label)) for name, label in CHANNELS.items() if name != "web"]
    )


class AnswerForm(Form):
    """What was done about a request."""

    outcome = RadioField(
        _l("What was done?"), choices=[(name, _l(label)) for name, label in OUTCOMES.items() if name != CALLED_OFF]
    )
    text = TextAreaField(_l("Answer"))
