"""The secretariat's forms."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, SelectMultipleField, StringField, TextAreaField

from contest.contests.models import Contest
from contest.core.errors import N_, Refused
from contest.core.formats import VIET_NAM
from contest.core.forms import Form
from contest.entries.drafting import today_of
from contest.screening.queries import find_template

_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
# A day that is given without an hour ends with office hours.
_CLOSING_TIME = time(17, 0)


def whole_number(text: str | None, default: int = 0) -> int:
    """A whole number of at most nine digits; `default` for anything else."""
    return int(text) if text and _NUMBER.fullmatch(text) else default


class ReasonForm(Form):
    """A reason that the author will read, with a time limit for completions.

    `template` names a wording that stands in for a reason that was left empty.
    """

    reason = TextAreaField(_l("Reason"))
    template = HiddenField()
    due = StringField(_l("Complete by"))
    due_hour = StringField(_l("Hour"))


class PhraseForm(Form):
    """Words of the text to hide from the judges."""

    phrase = StringField(_l("Words"))


class BatchForm(Form):
    """Ticked rows and what to do with them."""

    chosen = SelectMultipleField(validate_choice=False)
    act = HiddenField()


class TemplateForm(Form):
    """A wording of reasons."""

    verb = SelectField(_l("For"), validate_choice=False)
    name = StringField(_l("Name"))
    text = TextAreaField(_l("Text"))


def wording(contest: Contest, form: ReasonForm) -> str:
    """The reason as typed, else the wording that was chosen for it."""
    typed = (form.reason.data or "").strip()
    if typed or not form.template.data:
        return typed
    template = find_template(contest.id, form.template.data)
    return template.text if template else ""


def proposed_due(contest: Contest, now: datetime) -> dict[str, str]:
    """Five days from now, before the shortlist, at the end of office hours: for the fields of ReasonForm."""
    day = today_of(now) + timedelta(days=5)
    shortlist = contest.rules.instant("shortlist")
    if shortlist is not None:
        day = min(day, today_of(shortlist) - timedelta(days=1))
    return {"due": day.isoformat(), "due_hour": f"{_CLOSING_TIME:%H:%M}"}


def typed_due(form: ReasonForm) -> datetime:
    """The time limit as typed: 2027-04-05 or 05/04/2027, and 17:00. Raises Refused."""
    text = (form.due.data or "").strip()
    try:
        if "/" in text:
            day, month, year = (whole_number(part) for part in text.split("/"))
            on = date(year, month, day)
        else:
            on = date.fromisoformat(text)
        at = time.fromisoformat((form.due_hour.data or "").strip() or f"{_CLOSING_TIME:%H:%M}")
        return datetime.combine(on, at.replace(tzinfo=None), VIET_NAM)
    except (ValueError, OverflowError) as error:
        raise Refused(
            N_("The time limit is not a day. Write it as day/month/year, such as 05/04/2027."), code="due"
        ) from error
