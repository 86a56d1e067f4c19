"""Forms of remarks and complaints. They check shape; the services check rules."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, MultipleFileField, RadioField, SelectField, StringField, TextAreaField

from contest.complaints.rules import OUTCOMES
from contest.core.forms import Form


class SendForm(Form):
    """What somebody has to say. Choices of entry and prize are set by the view."""

    entry = SelectField(_l("Which entry?"), validate_choice=False)
    prize = SelectField(_l("Which prize?"), validate_choice=False)
    text = TextAreaField(_l("What is it about?"))
    wanted = TextAreaField(_l("What should be done?"))
    name = StringField(_l("Your name"))
    contact = StringField(_l("E-mail address or telephone"))
    files = MultipleFileField(_l("Papers or photos"))


class KeyInForm(Form):
    """What came by another way. `entry` is a code as on the public list."""

    channel = SelectField(_l("How it came"), validate_choice=False)
    day = StringField(_l("Day on which it came"))
    hour = StringField(_l("Hour"))
    entry = StringField(_l("Code of the entry"))
    prize = SelectField(_l("Prize"), validate_choice=False)
    text = TextAreaField(_l("What the letter says"))
    wanted = TextAreaField(_l("What should be done, in their words"))
    name = StringField(_l("Who sent it"))
    contact = StringField(_l("How to reach them"))
    files = MultipleFileField(_l("Scans"))


class FindForm(Form):
    """A code from a receipt."""

    ma = StringField(_l("Receipt code"))


class AddForm(Form):
    """What the sender adds."""

    text = TextAreaField(_l("What would you like to add?"))
    files = MultipleFileField(_l("Papers or photos"))


class WorkForm(Form):
    """Everything that can be done with a case; each verb reads its own part."""

    person = SelectField(_l("Give it to"), validate_choice=False)
    entry = StringField(_l("Code of the entry"))
    prize = SelectField(_l("Prize"), validate_choice=False)
    note = TextAreaField(_l("Note"))
    to_sender = BooleanField(_l("The sender reads this, too"))
    reason = StringField(_l("Why?"))
    outcome = RadioField(
        _l("What was found?"), choices=[(name, _l(label)) for name, label in OUTCOMES.items()], validate_choice=False
    )
    reply = TextAreaField(_l("Answer"))
    published = TextAreaField(_l("What the public is told"))
