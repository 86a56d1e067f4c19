"""Forms of the vote. They check shape; services check rules."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from contest.core.forms import Form

_too_long = Length(max=320, message=_l("This is too long."))


class MobileForm(Form):
    """The mobile number to which a code is sent."""

    contact = StringField(_l("Mobile phone number"), [DataRequired(_l("Write your mobile phone number.")), _too_long])


class MailForm(Form):
    """The e-mail address to which a code is sent."""

    contact = StringField(_l("E-mail address"), [DataRequired(_l("Write your e-mail address.")), _too_long])


class EitherForm(Form):
    """An e-mail address or a mobile number, whichever stands on the roll of a unit."""

    contact = StringField(
        _l("E-mail address or mobile phone number"),
        [DataRequired(_l("Write your e-mail address or your mobile phone number.")), _too_long],
    )


class CodeForm(Form):
    """The code that was sent."""

    code = StringField(_l("Code of six digits"), [DataRequired(_l("Write the code.")), _too_long])
