"""The form of old addresses."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from contest.core.forms import Form

_long = Length(max=600, message=_l("This is too long."))


class OldAddressForm(Form):
    """Where an old address leads."""

    old = StringField(_l("Old address"), [DataRequired(_l("Write the old address.")), _long])
    new = StringField(_l("Page of this site"), [DataRequired(_l("Write the new address.")), _long])
