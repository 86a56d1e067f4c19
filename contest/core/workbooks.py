"""Spreadsheets that hold text and numbers, never a formula or a link. Written row by row, in little memory."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import xlsxwriter

from contest.core.formats import VIET_NAM

# A cell that begins so is read as a formula once the sheet has been saved as CSV and opened again.
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_MADE = datetime(2000, 1, 1)  # noqa: DTZ001 - a property of the file without a zone
_LONGEST = 32_000  # characters that a cell takes


def safe_text(value: str) -> str:
    """`value` so that no spreadsheet takes it for a formula, also after a round trip through CSV."""
    return f"'{value}" if value.startswith(_DANGEROUS) else value


class Page(NamedTuple):
    """One sheet of a workbook. `widths` in characters, one for each heading; rows may be a generator."""

    name: str
    headings: Sequence[str]
    widths: Sequence[int]
    rows: Iterable[Sequence[Any]]


def make_workbook(pages: Sequence[Page]) -> bytes:
    """The bytes of an .xlsx file. Marks are numbers with two decimals, instants in Viet Nam's time."""
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
    book.set_properties({"created": _MADE})  # the same rows, the same bytes
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    when = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
    mark = book.add_format({"num_format": "0.00"})
    for page in pages:
        sheet = book.add_worksheet(_sheet_name(page.name))
        for place, width in enumerate(page.widths):
            sheet.set_column(place, place, width)
        sheet.freeze_panes(1, 1)
        for place, heading in enumerate(page.headings):
            sheet.write_string(0, place, safe_text(heading), bold)
        for line, cells in enumerate(page.rows, start=1):
            for place, value in enumerate(cells):
                if isinstance(value, datetime):
                    sheet.write_datetime(line, place, value.astimezone(VIET_NAM).replace(tzinfo=None), when)
                elif isinstance(value, Decimal | Fraction):
                    sheet.write_number(line, place, float(value), mark)
                elif isinstance(value, int):
                    sheet.write_number(line, place, value)
                elif value:
                    sheet.write_string(line, place, safe_text(str(value))[:_LONGEST])
    book.close()
    return stream.getvalue()


def _sheet_name(name: str) -> str:
    return "".join(" " if char in "[]:*?/\\" else char for char in name)[:31].strip("'")
