"""Forms of whoever keeps the units. They check shape; the verbs check rules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField

from contest.core.errors import N_, Refused
from contest.core.forms import Form
from contest.units.changes import Part
from contest.units.history import Former
from contest.units.models import Unit
from contest.units.rules import KINDS, LEVELS, TREES

PARTS = 5
_SHARE = re.compile(r"\d{1,3}", re.ASCII)
Choices = dict[str, list[tuple[str, str]]]


def unit_choices(units: Sequence[Unit], former: Sequence[Former], language: str) -> Choices:
    """Units for a select field, grouped by level; then old names, each with what it belongs to now.

    Two units of one name are told apart by where they stand.
    """

    def name(unit: Unit) -> str:
        return unit.name if language == "vi" else unit.name_en

    groups: Choices = {}
    for unit in units:
        groups.setdefault(_(LEVELS.get(unit.level, unit.level)), []).append((unit.code, name(unit)))
    old = [
        (
            line.value,
            _(
                "%(old)s – now part of %(new)s",
                old=line.name if language == "vi" else line.name_en,
                new=name(line.unit),
            ),
        )
        for line in former
    ]
    return groups | ({_("Old names"): old} if old else {})


def chosen_unit(value: str | None, units: Mapping[str, Unit]) -> Unit | None:
    """The unit that was chosen from `unit_choices`: an old name stands for what it belongs to now."""
    parts = (value or "").split(">")
    return units.get(parts[1] if len(parts) > 1 else parts[0])


class UnitForm(Form):
    """A new unit, or a new name for one."""

    name = StringField(_l("Name in Vietnamese"))
    name_en = StringField(_l("Name in English"))
    kind = SelectField(_l("Kind"), validate_choice=False)
    level = SelectField(_l("Level"), validate_choice=False)
    parent = SelectField(_l("Stands under"), validate_choice=False)
    on = StringField(_l("From the day"))

    def offer(self, choices: Choices) -> None:
        self.kind.choices = [(kind, _(label)) for kind, label in KINDS.items()]
        self.level.choices = [(level, _(label)) for level, label in LEVELS.items()]
        self.parent.choices = {"": [("", _("– none –"))], **choices}


class RenameForm(Form):
    """Another name from a day on."""

    name = StringField(_l("New name in Vietnamese"))
    name_en = StringField(_l("New name in English"))
    on = StringField(_l("From the day"))


class MergeForm(Form):
    """What a unit became part of, or who goes on with its work."""

    into = SelectField(_l("Into which unit"), validate_choice=False)
    took_over = BooleanField(_l("Only its work was taken over (a body was dissolved)"))
    on = StringField(_l("From the day"))
    decision = StringField(_l("Decision"))

    def offer(self, choices: Choices) -> None:
        self.into.choices = {"": [("", _("Choose a unit"))], **choices}


class SplitForm(Form):
    """Up to five units into which one was split, each with its share."""

    on = StringField(_l("From the day"))
    decision = StringField(_l("Decision"))
    into_1 = SelectField(_l("Part %(number)s", number=1), validate_choice=False)
    share_1 = StringField(_l("Share in %%"))
    into_2 = SelectField(_l("Part %(number)s", number=2), validate_choice=False)
    share_2 = StringField(_l("Share in %%"))
    into_3 = SelectField(_l("Part %(number)s", number=3), validate_choice=False)
    share_3 = StringField(_l("Share in %%"))
    into_4 = SelectField(_l("Part %(number)s", number=4), validate_choice=False)
    share_4 = StringField(_l("Share in %%"))
    into_5 = SelectField(_l("Part %(number)s", number=5), validate_choice=False)
    share_5 = StringField(_l("Share in %%"))

    def offer(self, choices: Choices) -> None:
        for number in range(1, PARTS + 1):
            self[f"into_{number}"].choices = {"": [("", _("– none –"))], **choices}

    def parts(self, units: Mapping[str, Unit]) -> list[Part]:
        """The parts that were chosen. Raises Refused for a share that is no whole number."""
        found: list[Part] = []
        for number in range(1, PARTS + 1):
            unit = chosen_unit(self[f"into_{number}"].data, units)
            share = (self[f"share_{number}"].data or "").strip().rstrip("%").strip()
            if share and not _SHARE.fullmatch(share):
                raise Refused(N_("Shares are whole per cents from 1 to 100, together not more than 100."), code="share")
            if unit is not None:
                found.append(Part(unit, int(share) if share else None))
        return found


class PlaceForm(Form):
    """Where a unit stands in one of the trees from a day on."""

    tree = SelectField(_l("Tree"), validate_choice=False)
    parent = SelectField(_l("Stands under"), validate_choice=False)
    leave = BooleanField(_l("No longer stands in this tree"))
    on = StringField(_l("From the day"))

    def offer(self, choices: Choices) -> None:
        self.tree.choices = [(tree, _(label)) for tree, label in TREES.items()]
        self.parent.choices = {"": [("", _("at the top"))], **choices}
