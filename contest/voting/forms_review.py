"""Forms of the review desk. They check shape; services check rules."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import NumberRange, Optional

from contest.core.errors import N_, Refused
from contest.core.formats import VIET_NAM
from contest.core.forms import Form

_OFFERED = re.compile(r"[\w.@:+-]{1,80}")


class WordsForm(Form):
    """Why something is done."""

    words = TextAreaField(_l("Why, in words"))


class ProposeForm(WordsForm):
    """Which ballots of a finding to set aside, and why."""

    channel = SelectField(_l("Way of proving a contact"), validate_choice=False)
    family = SelectField(_l("Number family or mail domain"), validate_choice=False)
    domain = SelectField(_l("Kind of address"), validate_choice=False)
    unit = SelectField(_l("Unit"), validate_choice=False)
    since = StringField(_l("Cast from"))
    until = StringField(_l("Cast before"))
    sample = IntegerField(_l("Only so many, by lot"), [Optional(), NumberRange(1, 20_000)])
    reason = SelectField(_l("Reason that the rules name"), validate_choice=False)


class BackForm(WordsForm):
    """Why ballots count again."""

    reason = RadioField(_l("Why they count again"), validate_choice=False)


class NumbersForm(BackForm):
    """Numbers of ballots that count again."""

    numbers = TextAreaField(_l("Numbers of the ballots"))


class DecideForm(WordsForm):
    """What the second person says."""

    answer = RadioField(_l("Your decision"), validate_choice=False)


def offered(text: str | None) -> str:
    """A choice as our lists offer them: a code, a hash, a domain. Raises Refused for anything else."""
    if text and not _OFFERED.fullmatch(text):
        raise Refused(N_("Choose from the lists that the page offers."), code="part")
    return text or ""


def typed_hour(text: str | None) -> datetime | None:
    """An instant as a browser's field or a person writes it (2027-05-20T09:00), in Viet Nam. Raises Refused."""
    typed = (text or "").strip()
    if not typed:
        return None
    try:
        # Into UTC here, where a year at the end of the calendar is still a mistake of whoever typed it.
        return datetime.fromisoformat(typed).replace(tzinfo=VIET_NAM).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Refused(N_("Write a time as year-month-day and hour, such as 2027-05-20 09:00."), code="hour") from error
