"""Forms of those who help. They check shape; the verbs check rules."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, StringField, TelField, TextAreaField

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.formats import loc
from contest.core.forms import Form


class HelpForm(Form):
    """For whom an entry is written, and in which category of which contest ("slug category")."""

    category = SelectField(_l("Contest and category"), validate_choice=False)
    person = SelectField(_l("Somebody whom the unit has helped before"), validate_choice=False)
    name = StringField(_l("Full name of the author"))
    phone = TelField(_l("Mobile number of the author"))

    def offer(self, contests: Sequence[Contest], people: Sequence[User]) -> None:
        self.category.choices = {
            str(loc(contest.rules.title)): [
                (f"{contest.slug} {category.id}", f"{category.id} – {loc(category.name)}")
                for category in contest.rules.categories
            ]
            for contest in contests
        }
        if people:
            new = ("", _("a new person: name and number below"))
            self.person.choices = [new, *((person.public_id, person.name) for person in people)]
        else:
            del self.person

    @property
    def chosen(self) -> tuple[str, str]:
        """Slug and category as they were chosen."""
        slug, _blank, category = (self.category.data or "").partition(" ")
        return slug[:80], category[:20]


class PaperForm(HelpForm):
    """When an entry on paper was posted and arrived, beside what HelpForm asks."""

    postmarked_on = StringField(_l("Day of the postmark"))
    arrived_on = StringField(_l("Day of arrival"))
    arrived_hour = StringField(_l("Hour of arrival"))


class CompareForm(Form):
    """The receipt of what was compared, and what differs."""

    receipt = HiddenField()
    note = TextAreaField(_l("What differs from the paper"))
