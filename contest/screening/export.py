"""The secretariat's list as a spreadsheet. Cells hold text and numbers, never a formula or a link."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import xlsxwriter
from sqlalchemy import select
from sqlalchemy.orm import defer, joinedload

from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_
from contest.core.formats import VIET_NAM
from contest.core.workbooks import safe_text
from contest.entries.models import Entry
from contest.entries.rules import STATES
from contest.exemplars.models import Exemplar
from contest.screening.queries import open_findings, standing_answers
from contest.screening.rules import KIND_NAMES, KINDS

_AT_ONCE = 500

HEADINGS = (
    N_("Title"),
    N_("Category"),
    N_("State"),
    N_("Words"),
    N_("Submitted"),
    N_("Author"),
    N_("Pen name"),
    N_("Telephone"),
    N_("E-mail"),
    N_("Author's unit"),
    N_("Name of the exemplar"),
    N_("Exemplar's unit"),
    N_("Verification"),
    N_("Found by the checks"),
    N_("Told to the author"),
    N_("Complete by"),
    N_("Source"),
)
SOURCE_NAMES = {"web": N_("typed here"), "bundle": N_("a unit's bundle"), "paper": N_("on paper")}
_WIDTHS = (40, 9, 14, 8, 17, 24, 18, 16, 26, 26, 26, 26, 20, 40, 40, 17, 14)


def workbook(
    *, contest: Contest, entry_ids: Sequence[int], say: Callable[[str], str], outcomes: dict[str, str], english: bool
) -> bytes:
    """The rows of the list as the bytes of an .xlsx file; `say` translates a message."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(
        stream,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "in_memory": False,
        },
    )
    sheet = book.add_worksheet(say(N_("Entries"))[:31])
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    when = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width)
    sheet.freeze_panes(1, 1)
    for place, heading in enumerate(HEADINGS):
        sheet.write_string(0, place, say(heading), bold)
    for number, cells in enumerate(_rows(contest, entry_ids, say, outcomes, english), start=1):
        for place, value in enumerate(cells):
            if isinstance(value, datetime):
                sheet.write_datetime(number, place, value.astimezone(VIET_NAM).replace(tzinfo=None), when)
            elif isinstance(value, int):
                sheet.write_number(number, place, value)
            elif value:
                sheet.write_string(number, place, safe_text(str(value)))
    if entry_ids:
        sheet.autofilter(0, 0, len(entry_ids), len(HEADINGS) - 1)
    book.close()
    return stream.getvalue()


def _rows(
    contest: Contest, entry_ids: Sequence[int], say: Callable[[str], str], outcomes: dict[str, str], english: bool
) -> Iterator[Iterable[Any]]:
    for start in range(0, len(entry_ids), _AT_ONCE):
        ids = entry_ids[start : start + _AT_ONCE]
        found = {
            entry.id: entry
            for entry in db.session.scalars(
                select(Entry)
                .where(Entry.id.in_(ids))
                .options(
                    joinedload(Entry.exemplar).joinedload(Exemplar.unit),
                    joinedload(Entry.author_unit),
                    joinedload(Entry.author),
                    defer(Entry.body),
                    defer(Entry.document),
                    defer(Entry.body_key),
                )
            )
        }
        counts = open_findings(ids)
        answers = standing_answers(contest.id, [entry.exemplar_id for entry in found.values()])
        for each in ids:
            entry = found.get(each)
            if entry is None:
                continue
            answer = answers.get(entry.exemplar_id)
            outcome = outcomes[answer.outcome] if answer and answer.outcome else N_("Asked, no answer yet")
            kinds = counts.get(entry.id, {})
            yield (
                entry.title,
                entry.category,
                say(STATES[entry.state]),
                entry.word_count,
                entry.submitted_at,
                entry.author_name,
                entry.pen_name,
                entry.author_phone or entry.author.phone or "",
                entry.author.email or "",
                _unit(entry.author_unit, english=english),
                entry.exemplar.name,
                _unit(entry.exemplar.unit, english=english),
                say(outcome) if answer else "",
                "; ".join(f"{say(KIND_NAMES[kind])} ({kinds[kind]})" for kind in KINDS if kind in kinds),
                entry.reason or "",
                entry.completion_due or "",
                say(SOURCE_NAMES[entry.source]),
            )


def _unit(unit: Any, *, english: bool) -> str:
    if unit is None:
        return ""
    return str(unit.name_en if english else unit.name)
