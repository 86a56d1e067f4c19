"""Forms of ballots on paper. They check shape; `voting.paper` checks rules."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from contest.core.forms import Form
from contest.units.models import Unit
from contest.voting.paper import MOST_SLIPS


class BatchForm(Form):
    """A box of slips: where, whose, when, how many."""

    place = StringField(
        _l("Place"),
        [DataRequired(_l("Say where the slips were cast.")), Length(max=300, message=_l("This is too long."))],
    )
    unit = SelectField(_l("Unit"), validate_choice=False)
    held_on = StringField(_l("Day of casting"), [DataRequired(_l("Write the day as day/month/year."))])
    slips = IntegerField(
        _l("Slips in the box, spoilt ones too"),
        [
            InputRequired(_l("Write how many slips were in the box.")),
            NumberRange(1, MOST_SLIPS, _l("A batch has 1 to 2,000 slips; make several of a larger box.")),
        ],
    )

    def offer(self, units: Sequence[Unit], *, english: bool) -> None:
        self.unit.choices = [
            ("", _("– none –")),
            *((each.code, each.name_en if english else each.name) for each in units),
        ]


class DiscardForm(Form):
    """Why a batch is left out."""

    words = TextAreaField(
        _l("Reason"),
        [DataRequired(_l("Say why the batch is left out.")), Length(max=2000, message=_l("This is too long."))],
    )
