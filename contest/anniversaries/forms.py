"""Forms of the calendar. They check shape; services check rules."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from contest.anniversaries.services import KINDS
from contest.core.forms import Form

_line = Length(max=300, message=_l("This is too long."))
_text = Length(max=4000, message=_l("This is too long."))


class CommemorationForm(Form):
    """A commemoration of this site."""

    code = StringField(_l("Code in addresses"), [_line])
    name_vi = StringField(_l("Name in Vietnamese"), [DataRequired(_l("Write the name.")), _line])
    name_en = StringField(_l("Name in English"), [_line])
    kind = SelectField(_l("Kind"), validate_choice=False)
    calendar = RadioField(
        _l("Calendar"), choices=[("solar", _l("Solar")), ("lunar", _l("Lunar"))], default="solar", validate_choice=False
    )
    month = StringField(_l("Month"), [_line])
    day = StringField(_l("Day"), [_line])
    founded = StringField(_l("Founded"), [_line])
    province = StringField(_l("Province"), [_line])
    unit = StringField(_l("Code of the unit"), [_line])
    basis = TextAreaField(_l("Legal basis"), [_text])
    note = TextAreaField(_l("Note"), [_text])
    active = BooleanField(_l("Shown in the calendar"), default=True)

    def offer(self) -> None:
        self.kind.choices = [(kind, _(label)) for kind, label in KINDS.items()]


class UnitDayForm(Form):
    """A day of a unit, as its officer enters it."""

    name_vi = StringField(_l("Name in Vietnamese"), [DataRequired(_l("Write the name.")), _line])
    name_en = StringField(_l("Name in English"), [_line])
    calendar = RadioField(
        _l("Calendar"), choices=[("solar", _l("Solar")), ("lunar", _l("Lunar"))], default="solar", validate_choice=False
    )
    month = StringField(_l("Month"), [_line])
    day = StringField(_l("Day"), [_line])
    founded = StringField(_l("Founded"), [_line])
    basis = TextAreaField(_l("Legal basis"), [_text])


class HolidaysForm(Form):
    """The days off of a year."""

    decision = StringField(_l("Number of the decision"), [_line])
    days = TextAreaField(_l("Days"), [Length(max=20_000, message=_l("This is too long."))])
