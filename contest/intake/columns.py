"""The columns of a bundle's spreadsheet: their names, what they hold, and a template to fill in.

A header is recognised without case and marks; columns that nobody knows are told and left out.
The template is Vietnamese, like those who fill it in.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import xlsxwriter

from contest.contests.ruleset import RuleSet
from contest.core.text import fold


class Column(NamedTuple):
    """One column: `key` in our code, its header, and a line that says what to write."""

    key: str
    header: str
    hint: str
    needed: bool = False


COLUMNS = (
    Column("category", "Hạng mục", "Mã hạng mục theo thể lệ, ví dụ A.", needed=True),
    Column("title", "Nhan đề", "Nhan đề của bài.", needed=True),
    Column("file", "Tệp bài viết", "Tên tệp trong gói, ví dụ bai-01.docx. Bỏ trống nếu ghi bài ở cột Nội dung."),
    Column("text", "Nội dung", "Toàn văn bài, nếu không gửi tệp."),
    Column("genre", "Thể loại", "Theo thể lệ, ví dụ Ký chân dung."),
    Column("author", "Họ tên tác giả", "Tên thật.", needed=True),
    Column("pen_name", "Bút danh", ""),
    Column("phone", "Điện thoại tác giả", "Để tác giả nhận biên nhận; bỏ trống nếu không có."),
    Column("birth_date", "Ngày sinh tác giả", "ngày/tháng/năm, ví dụ 05/04/1980."),
    Column("address", "Địa chỉ tác giả", ""),
    Column("guardian", "Người đại diện", "Cha, mẹ hoặc người giám hộ, nếu tác giả dưới 18 tuổi."),
    Column("guardian_phone", "Điện thoại người đại diện", ""),
    Column("guardian_relation", "Quan hệ với tác giả", "Ví dụ: mẹ."),
    Column("guardian_consent", "Người đại diện đồng ý", "có hoặc không."),
    Column("coauthors", "Đồng tác giả", "Mỗi người một cụm, cách nhau dấu chấm phẩy: Họ tên, ngày sinh, điện thoại."),
    Column("exemplar", "Họ tên điển hình", "Người hoặc tập thể được viết.", needed=True),
    Column("exemplar_kind", "Loại điển hình", "Cá nhân, Tập thể, Hộ gia đình hoặc Mô hình."),
    Column("exemplar_role", "Công việc của điển hình", ""),
    Column("exemplar_unit", "Đơn vị của điển hình", "Xã, phường hoặc cơ quan xác minh được.", needed=True),
    Column("exemplar_address", "Địa chỉ điển hình", ""),
    Column("exemplar_contact", "Liên hệ điển hình", ""),
    Column("exemplar_child", "Điển hình dưới 18 tuổi", "có hoặc không."),
    Column("deed_place", "Nơi diễn ra việc tốt", ""),
    Column("deed_time", "Thời gian việc tốt", ""),
    Column("photos", "Tệp ảnh", "Tên các tệp ảnh trong gói, cách nhau dấu chấm phẩy."),
    Column("captions", "Chú thích ảnh", "Theo thứ tự ảnh, cách nhau dấu chấm phẩy."),
    Column("photographer", "Người chụp", ""),
    Column("photo_people", "Người trong ảnh", "Tên người nhận ra được; ghi Không nếu không ai."),
    Column("photo_consent", "Người trong ảnh đồng ý", "có hoặc không."),
    Column("declared", "Tác giả đã cam đoan", "có, khi tác giả đã ký bản cam đoan theo mẫu.", needed=True),
)
BY_KEY = {column.key: column for column in COLUMNS}
_BY_HEADER = {fold(column.header): column.key for column in COLUMNS}
YES = {"co", "x", "yes", "dong y", "1"}
NOBODY = {"khong", "khong ai", "khong co", "no"}
KINDS = {"ca nhan": "individual", "tap the": "collective", "ho gia dinh": "household", "mo hinh": "model"}


class Rows(NamedTuple):
    """A sheet as lines: (row of the spreadsheet, cell by key). `unknown`: headers left out; `lacking`: needed ones."""

    lines: list[tuple[int, dict[str, str]]]
    unknown: list[str]
    lacking: list[str]


def rows_of(sheet: Sequence[Sequence[str]]) -> Rows:
    """The lines of a sheet whose first filled row holds the headers; empty rows count for nothing.

    A needed column may be missing only where another stands in; the line then says what it lacks.
    """
    start = next((number for number, row in enumerate(sheet) if _headers(row)), None)
    if start is None:
        return Rows([], [], [column.header for column in COLUMNS if column.needed])
    keys = [_BY_HEADER.get(_header(cell), "") for cell in sheet[start]]
    unknown = [cell for cell, key in zip(sheet[start], keys, strict=True) if cell.strip() and not key]
    lines = []
    for number, row in enumerate(sheet[start + 1 :], start + 2):
        cells = {key: cell.strip() for key, cell in zip(keys, row, strict=False) if key and cell.strip()}
        if cells:
            lines.append((number, cells))
    lacking = [column.header for column in COLUMNS if column.needed and column.key not in keys]
    return Rows(lines, unknown, lacking)


def _header(cell: str) -> str:
    return fold(cell.replace("*", " "))


def _headers(row: Sequence[str]) -> bool:
    return sum(_header(cell) in _BY_HEADER for cell in row) >= 3


def parts(cell: str) -> list[str]:
    """What a cell lists between semicolons."""
    return [part.strip() for part in cell.split(";") if part.strip()]


def says_yes(cell: str) -> bool:
    return fold(cell) in YES


def template(rules: RuleSet, genres: Mapping[str, str], units: Sequence[str]) -> bytes:
    """An empty spreadsheet to fill in, with lists to choose from and a sheet that explains each column.

    `genres`: code → its Vietnamese name. `units`: names that may stand as the exemplar's unit.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    head = book.add_format({"bold": True, "bg_color": "#7a1f1f", "font_color": "#ffffff", "text_wrap": True})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    text = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet("Danh sách")
    sheet.freeze_panes(1, 2)
    for place, column in enumerate(COLUMNS):
        sheet.set_column(place, place, 24, text)
        sheet.write_string(0, place, column.header + (" *" if column.needed else ""), head)
    choices = book.add_worksheet("Chọn")
    # Press works need the facts of each publication, which one line cannot hold.
    written = [category for category in rules.categories if category.publication != "must_be_published"]
    offered = {
        "category": [category.id for category in written],
        "genre": sorted({genres[code] for each in written for code in each.genres if code in genres}),
        "exemplar_kind": ["Cá nhân", "Tập thể", "Hộ gia đình", "Mô hình"],
        "exemplar_unit": list(units),
        "guardian_consent": ["có", "không"],
        "exemplar_child": ["có", "không"],
        "photo_consent": ["có", "không"],
        "declared": ["có"],
    }
    for column_number, (key, values) in enumerate(offered.items()):
        choices.write_string(0, column_number, BY_KEY[key].header)
        for row, value in enumerate(values, 1):
            choices.write_string(row, column_number, value)
        if values:
            place = next(number for number, column in enumerate(COLUMNS) if column.key == key)
            letter = xlsxwriter.utility.xl_col_to_name(column_number)
            source = f"='Chọn'!${letter}$2:${letter}${len(values) + 1}"
            sheet.data_validation(
                1, place, 2000, place, {"validate": "list", "source": source, "error_type": "warning"}
            )
    guide = book.add_worksheet("Hướng dẫn")
    guide.set_column(0, 0, 28, wrap)
    guide.set_column(1, 1, 80, wrap)
    guide.write_string(0, 0, rules.title.vi, head)
    guide.write_string(
        1,
        0,
        "Điền mỗi bài một dòng ở trang Danh sách. Nén bảng này cùng các tệp bài và ảnh thành một tệp .zip rồi gửi.",
    )
    for row, column in enumerate(COLUMNS, 3):
        guide.write_string(row, 0, column.header + (" *" if column.needed else ""), wrap)
        guide.write_string(row, 1, column.hint, wrap)
    book.close()
    return out.getvalue()
