"""Forms of writers and of the secretariat. They check shape; services check rules.

Saving a draft demands nothing: what is missing stands on the checklist until it is submitted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    FileField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
)

from contest.contests.labels import EXEMPLAR_KINDS, GENRES, UNIT_LEVELS
from contest.contests.ruleset import Category
from contest.core.forms import Form
from contest.core.richtext import from_html, source_of
from contest.entries.checks import Asked
from contest.entries.drafting import Facts
from contest.entries.models import Entry
from contest.entries.rules import NOBODY, PEOPLE, TITLE_MAX
from contest.units.models import Unit

_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


def whole_number(text: str | None, default: int = 0) -> int:
    """A whole number of at most nine digits; `default` for anything else."""
    return int(text) if text and _NUMBER.fullmatch(text) else default


class TextForm(Form):
    """The text of a draft. `version` is the one that this window was opened with.

    `body` is light markup, as typed where no script runs. The editor sends HTML beside it, which
    counts then; of that HTML only what core.richtext knows is kept.
    """

    title = StringField(_l("Title"), render_kw={"maxlength": TITLE_MAX})
    genre = SelectField(_l("Genre"), validate_choice=False)
    body = TextAreaField(_l("Text of the entry"))
    version = HiddenField()

    def take_html(self) -> None:
        """Let what the editor sent be the text."""
        html = request.form.get("html")
        if html is not None:
            self.body.data = source_of(from_html(html))

    def offer(self, category: Category) -> None:
        """Offer the genres of the category; without any, the question is not asked."""
        if not category.genres:
            if "genre" in self:
                del self["genre"]
            return
        self.genre.choices = [("", _("Choose a genre")), *((genre, _(GENRES[genre])) for genre in category.genres)]

    def values(self) -> dict[str, Any]:
        return {
            "version": whole_number(self.version.data),
            "title": self.title.data or "",
            "genre": (self.genre.data or "") if "genre" in self else "",
            "document": self.body.data or "",
        }


class FactsForm(Form):
    """What a draft tells about the exemplar, the deed and the author; `version` as in TextForm."""

    exemplar_kind = RadioField(_l("Who or what is it about?"), default="individual", validate_choice=False)
    exemplar_name = StringField(_l("Name of the exemplar"))
    exemplar_role = StringField(_l("Work or role of the exemplar"))
    exemplar_unit = SelectField(_l("Commune or body that can verify the story"), validate_choice=False)
    exemplar_address = StringField(_l("Address of the exemplar"))
    exemplar_contact = StringField(_l("How the exemplar can be reached"))
    exemplar_is_child = BooleanField(_l("The exemplar is under 18"))
    deed_place = StringField(_l("Where it happened"))
    deed_time = StringField(_l("When it happened"))
    author_name = StringField(_l("Your real name"))
    pen_name = StringField(_l("Your pen name"))
    author_phone = TelField(_l("Your telephone number"))
    author_address = StringField(_l("Your address"))
    author_unit = SelectField(_l("Your unit"), validate_choice=False)
    guardian_name = StringField(_l("Name of the legal representative"))
    guardian_phone = TelField(_l("Telephone number of the legal representative"))
    guardian_relation = StringField(_l("Relation to you"))
    guardian_consent = BooleanField()
    version = HiddenField()

    def offer(self, asked: Asked, units: Sequence[Unit], language: str) -> None:
        """Ask what the rules ask, and no more."""
        self.exemplar_kind.choices = [(kind, _(text)) for kind, text in EXEMPLAR_KINDS.items()]
        choices = unit_choices(units, language)
        self.exemplar_unit.choices = {"": [("", _("Choose a unit"))], **choices}
        self.author_unit.choices = {"": [("", _("No unit"))], **choices}
        for name in (
            "exemplar_address",
            "exemplar_contact",
            "deed_place",
            "deed_time",
            "author_phone",
            "author_address",
        ):
            if name in self and not asked.asks(name):
                del self[name]

    def show(self, entry: Entry) -> None:
        """Fill in what the draft says."""
        exemplar = entry.exemplar
        for field in self:
            if field.name.startswith("exemplar_") and field.name != "exemplar_unit":
                field.data = getattr(exemplar, field.name.removeprefix("exemplar_"))
            elif hasattr(entry, field.name) and not field.name.endswith("_unit"):
                field.data = getattr(entry, field.name)
        self.exemplar_unit.data = exemplar.unit.code if exemplar.unit else ""
        self.author_unit.data = entry.author_unit.code if entry.author_unit else ""
        self.version.data = str(entry.facts_version)

    def facts(self, units: Mapping[str, Unit], birth_date: date | None) -> Facts:
        """What was typed; a field that is not asked is empty."""
        values: dict[str, Any] = {}
        for name in Facts._fields:
            if name in self:
                values[name] = self[name].data or ("" if self[name].type != "BooleanField" else False)
        values["exemplar_unit"] = units.get(self.exemplar_unit.data or "")
        values["author_unit"] = units.get(self.author_unit.data or "")
        values["exemplar_kind"] = self.exemplar_kind.data or "individual"
        return Facts(**values, birth_date=birth_date)


def unit_choices(units: Sequence[Unit], language: str) -> dict[str, list[tuple[str, str]]]:
    """Units for a select field, grouped by level; then old names, each with what it belongs to now."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for unit in {unit.code: unit for unit in units}.values():
        label = _(UNIT_LEVELS.get(unit.level, unit.level))
        groups.setdefault(label, []).append((unit.code, unit.name if language == "vi" else unit.name_en))
    old = [
        (
            line.value,
            _(
                "%(old)s – now part of %(new)s",
                old=line.name if language == "vi" else line.name_en,
                new=line.unit.name if language == "vi" else line.unit.name_en,
            ),
        )
        for line in g.get("former_units", ())
    ]
    return groups | ({_("Old names"): old} if old else {})


BirthParts = tuple[str, str, str]


def typed_date(name: str) -> tuple[BirthParts, date | None, bool]:
    """Day, month and year as typed in `name`, the date that they make, and whether they make one (or nothing)."""
    day, month, year = (request.form.get(f"{name}-{part}", "").strip()[:4] for part in ("day", "month", "year"))
    parts = (day, month, year)
    if not any(parts):
        return parts, None, True
    try:
        return parts, date(whole_number(year), whole_number(month), whole_number(day)), True
    except ValueError:
        return parts, None, False


def typed_birth_date() -> tuple[BirthParts, date | None, bool]:
    """As `typed_date`, for the author's date of birth."""
    return typed_date("birth_date")


def birth_parts(born: date | None) -> BirthParts:
    """A date as its three inputs show it."""
    return ("", "", "") if born is None else (str(born.day), str(born.month), str(born.year))


class PhotoForm(Form):
    """What is said about a photo."""

    caption = StringField(_l("Caption"))
    photographer = StringField(_l("Taken by"))
    alt = StringField(_l("What can be seen, for those who cannot see it"))
    recognised = RadioField(
        _l("Can anybody be recognised in this photo?"),
        choices=[(NOBODY, _l("No, nobody")), (PEOPLE, _l("Yes"))],
        validate_choice=False,
    )
    people = StringField(_l("Who can be recognised"))
    consent = BooleanField(_l("Everyone who can be recognised in this photo agrees to its use"))


class DeclarationsForm(Form):
    """The declarations of a submission, never ticked beforehand, and what page was checked."""

    declared = SelectMultipleField(validate_choice=False)
    digest = HiddenField()


class ReceiptForm(Form):
    """A text or a file to hold against a receipt: one of them, or both."""

    text = TextAreaField(_l("Text of the entry"))
    file = FileField(_l("Or a file, as it was sent"))


class FindReceiptForm(Form):
    """The code of a receipt."""

    ma = StringField(_l("Receipt code"))
