"""Forms of judging. They check shape; services check rules.

A sheet's form is made for its rubric: one text input a criterion, so that "17,5" can be typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from contest.contests.ruleset import Rubric
from contest.core.formats import loc, marks
from contest.core.forms import Form
from contest.core.web.errors import say_message
from contest.judging.notes import LONGEST_NOTE
from contest.judging.remarks import LONGEST_REMARK, missing_remarks
from contest.judging.rules import LONGEST_COMMENT
from contest.judging.scoring import Problem
from contest.judging.sheets import Marks, problems_with, read_mark

_NUMBER = re.compile(r"\d+", re.ASCII)


def whole_number(text: str | None, default: int = 0, *, digits: int = 9) -> int:
    """A whole number of at most `digits` digits; `default` for anything else."""
    return int(text) if text and len(text) <= digits and _NUMBER.fullmatch(text) else default


class SheetForm(Form):
    """Marks and a comment. `version` is the one that this window was opened with."""

    comment = TextAreaField(_l("Comment"), render_kw={"maxlength": LONGEST_COMMENT})
    reason = TextAreaField(_l("Why the marks change"))
    version = HiddenField()
    rubric: Rubric  # set by the class made for it

    def mark_fields(self) -> list[tuple[Any, StringField]]:
        """Each criterion with its input, in the order of the rubric."""
        return [(criterion, self[field_name(criterion.id)]) for criterion in self.rubric.criteria]

    def remark_field(self, criterion_id: str) -> TextAreaField | None:
        """Where the criterion is commented on; only those have it for which the rules may ask."""
        field: TextAreaField | None = self._fields.get(remark_name(criterion_id))
        return field

    def remarks(self) -> dict[str, str]:
        """What was typed about single criteria."""
        fields = {criterion.id: self.remark_field(criterion.id) for criterion in self.rubric.criteria}
        return {id_: field.data or "" for id_, field in fields.items() if field is not None}

    def show(self, saved: dict[str, Decimal], comment: str, version: int, remarks: dict[str, str]) -> None:
        """Fill in what is saved."""
        for criterion, field in self.mark_fields():
            field.data = marks(saved[criterion.id]) if criterion.id in saved else ""
            remark = self.remark_field(criterion.id)
            if remark is not None:
                remark.data = remarks.get(criterion.id, "")
        self.comment.data = comment
        self.version.data = str(version)

    def read(self, *, complete: bool) -> tuple[dict[str, Decimal | None], list[str]]:
        """The marks that can be taken, and the criteria whose input cannot; those get their error.

        With `complete` an empty input is an error too.
        """
        typed: dict[str, Decimal | None] = {}
        wrong: list[str] = []
        for criterion, field in self.mark_fields():
            try:
                typed[criterion.id] = read_mark(field.data or "")
            except ValueError:
                self._complain(criterion.id, _("This is not a number. Type a mark such as 8,5."))
                wrong.append(criterion.id)
        for problem in self._problems(typed, complete=complete):
            if problem.criterion not in wrong:
                self._complain(problem.criterion, say_message(problem.message, problem.params))
                wrong.append(problem.criterion)
        if complete:
            unsaid = missing_remarks(self.rubric, typed, {id_: text.strip() for id_, text in self.remarks().items()})
            self.complain((), unsaid)
            wrong += [problem.criterion for problem in unsaid if problem.criterion not in wrong]
        return {criterion: mark for criterion, mark in typed.items() if criterion not in wrong}, wrong

    def _problems(self, typed: Marks, *, complete: bool) -> list[Problem]:
        return problems_with(self.rubric, typed, complete=complete)

    def complain(self, problems: Iterable[Problem], unsaid: Iterable[Problem] = ()) -> None:
        """Put each problem beside its criterion's mark, each missing comment beside its field."""
        for problem in problems:
            self._complain(problem.criterion, say_message(problem.message, problem.params))
        for problem in unsaid:
            field = self.remark_field(problem.criterion)
            if field is not None:
                field.errors = (*field.errors, say_message(problem.message, problem.params))

    def _complain(self, criterion: str, message: str) -> None:
        field = self[field_name(criterion)]
        field.errors = (*field.errors, message)


def field_name(criterion: str) -> str:
    """The name of a criterion's input."""
    return f"mark-{criterion}"


def remark_name(criterion: str) -> str:
    """The name of the field for a comment on a criterion."""
    return f"remark-{criterion}"


def sheet_form(rubric: Rubric, **values: Any) -> SheetForm:
    """A form for the sheets of this rubric, in the language of this request."""
    inputs: dict[str, Any] = {
        field_name(criterion.id): StringField(loc(criterion.name), render_kw={"autocomplete": "off"})
        for criterion in rubric.criteria
    }
    inputs |= {
        remark_name(criterion.id): TextAreaField(loc(criterion.name), render_kw={"maxlength": LONGEST_REMARK})
        for criterion in rubric.criteria
        if criterion.comment is not None
    }
    form: SheetForm = type("RubricSheetForm", (SheetForm,), {**inputs, "rubric": rubric})(**values)
    return form


class ReasonForm(Form):
    """A reason or note, for acts that go on record."""

    reason = TextAreaField(_l("Reason"))


class BallotForm(Form):
    """What the council found on a tie: a rank for each entry, equal ranks for entries found equal."""

    present = StringField(_l("Members present"))
    note = TextAreaField(_l("Note for the minutes"))


class NoteForm(Form):
    """A note beside the text. `block` is the passage's number, `version` the note's that was shown."""

    block = HiddenField()
    quote = HiddenField()
    text = TextAreaField(_l("Note"), render_kw={"maxlength": LONGEST_NOTE})
    version = HiddenField()


class MeetingForm(Form):
    """When and where the council meets; the hour is Việt Nam's."""

    on = StringField(_l("Day of the meeting"), [InputRequired()], render_kw={"maxlength": 20})
    hour = StringField(_l("Hour"), [InputRequired()], render_kw={"maxlength": 20})
    place = StringField(_l("Where the council meets"), [InputRequired()], render_kw={"maxlength": 300})


class PersonForm(Form):
    """A judge chosen from a list."""

    judge = SelectField(_l("Judge"), validate_choice=False)


class MinutesForm(Form):
    """What is added to the minutes by hand: the lines of the letterhead, and the conclusions."""

    number = StringField(_l("Number of the paper"), render_kw={"maxlength": 60})
    place = StringField(_l("Place of the date line"), render_kw={"maxlength": 60})
    day = StringField(_l("Day"), render_kw={"maxlength": 20})
    conclusions = TextAreaField(_l("Conclusions"), render_kw={"maxlength": 10_000})


class SeatForm(PersonForm):
    """A seat in a panel: whose, which, and between how many entries."""

    seat = SelectField(_l("Seat"), validate_choice=False)
    least = StringField(_l("At least"), render_kw={"inputmode": "numeric", "autocomplete": "off"})
    most = StringField(_l("At most"), render_kw={"inputmode": "numeric", "autocomplete": "off"})


class HandoverForm(ReasonForm):
    """Who leaves which role, and who takes over. `stamp` is of the preview that was shown."""

    grant = SelectField(_l("Who leaves"), validate_choice=False)
    successor = SelectField(_l("Who takes over"), validate_choice=False, choices=[])
    stamp = HiddenField()
