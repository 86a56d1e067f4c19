"""Reading the first sheet of .xlsx. Nothing is worked out, nothing is run, nothing is fetched."""

from __future__ import annotations

import zipfile
from io import BytesIO

from openpyxl import load_workbook

from contest.documents.packages import Package
from contest.documents.rules import Limits, Trouble
from contest.documents.sheets import Rows, as_text


def read_xlsx(content: bytes, package: Package, limits: Limits) -> Rows:
    """The first sheet of a workbook: values as last saved. Raises Trouble."""
    for name in package.names:  # openpyxl takes XML as it comes: refuse before it what must be refused
        if name.endswith((".xml", ".rels")):
            package.feed(name, None)
        if name.startswith("xl/worksheets/"):
            # openpyxl walks through a whole sheet to learn its size before it gives the first row.
            written = sum(piece.count(b"<row ") for piece in package.pieces(name, limits.part))
            if written > limits.rows * 10:
                raise Trouble("rows", most=limits.rows)
    found = Rows(limits)
    try:
        values = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
        formulas = load_workbook(BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheets = values.worksheets
        if not sheets:
            raise Trouble("no_text")
        found.counts["sheets"] = len(sheets) - 1
        asked_for = formulas.worksheets[0]
        for sheet in (sheets[0], asked_for):
            sheet.reset_dimensions()  # what the file claims about its size is not believed
        most = limits.columns + 1
        for row, asked in zip(
            sheets[0].iter_rows(max_col=most), asked_for.iter_rows(max_col=most, values_only=True), strict=False
        ):
            for cell, formula in zip(row, asked, strict=False):
                if isinstance(formula, str) and formula.startswith("="):
                    if cell.value is None:
                        raise Trouble("no_values", cell=str(cell.coordinate))
                    found.counts["formulas"] += 1
            found.add(as_text(cell.value) for cell in row)
    except Trouble:
        raise
    except (MemoryError, RecursionError):
        raise
    except (
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        OSError,
        zipfile.BadZipFile,
        SyntaxError,
    ) as error:
        raise Trouble("broken") from error
    names = [name.lower() for name in package.names]
    found.counts["macros"] = any(name.endswith("vbaproject.bin") for name in names)
    return found
