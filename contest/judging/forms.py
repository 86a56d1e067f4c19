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

from contest.contests.ruleset import Rubric
from contest.core.formats import loc, marks
from contest.core.forms import Form
from contest.core.web.errors import say_message
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

    def show(self, saved: dict[str, Decimal], comment: str, version: int) -> None:
        """Fill in what is saved."""
        for criterion, field in self.mark_fields():
            field.data = marks(saved[criterion.id]) if criterion.id in saved else ""
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
        return {criterion: mark for criterion, mark in typed.items() if criterion not in wrong}, wrong

    def _problems(self, typed: Marks, *, complete: bool) -> list[Problem]:
        return problems_with(self.rubric, typed, complete=complete)

    def complain(self, problems: Iterable[Problem]) -> None:
        """Put each problem beside its criterion."""
        for problem in problems:
            self._complain(problem.criterion, say_message(problem.message, problem.params))

    def _complain(self, criterion: str, message: str) -> None:
        field = self[field_name(criterion)]
        field.errors = (*field.errors, message)


def field_name(criterion: str) -> str:
    """The name of a criterion's input."""
    return f"mark-{criterion}"


def sheet_form(rubric: Rubric, **values: Any) -> SheetForm:
    """A form for the sheets of this rubric, in the language of this request."""
    inputs = {
        field_name(criterion.id): StringField(loc(criterion.name), render_kw={"autocomplete": "off"})
        for criterion in rubric.criteria
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


class PersonForm(Form):
    """A judge chosen from a list."""

    judge = SelectField(_l("Judge"), validate_choice=False)
