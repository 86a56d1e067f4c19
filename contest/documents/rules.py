"""What reading a file gives, its bounds, and every sentence that can be said about it.

The child process answers with codes of these tables, never with sentences of its own: whatever a
hostile file makes of it, it can put no words into our mouth.
"""

from __future__ import annotations

from typing import NamedTuple

from contest.core.errors import N_
from contest.core.richtext import Document

# Formats, by content
DOCX, ODT, TEXT, MARKDOWN, PDF, DOC, RTF, XLSX, CSV = "docx", "odt", "txt", "md", "pdf", "doc", "rtf", "xlsx", "csv"
FORMAT_NAMES = {
    DOCX: "Word (.docx)",
    ODT: "OpenDocument (.odt)",
    TEXT: "text (.txt)",
    MARKDOWN: "Markdown (.md)",
    PDF: "PDF",
    DOC: "Word 97–2003 (.doc)",
    RTF: "RTF",
    XLSX: "Excel (.xlsx)",
    CSV: "CSV",
}
MEDIA_TYPES = {
    DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ODT: "application/vnd.oasis.opendocument.text",
    TEXT: "text/plain",
    MARKDOWN: "text/markdown",
    PDF: "application/pdf",
    DOC: "application/msword",
    RTF: "application/rtf",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    CSV: "text/csv",
}

# Legacy encodings of Vietnamese; `AUTO` lets the text itself tell, `KEEP` converts nothing.
TCVN3, VNI = "tcvn3", "vni"
AUTO, KEEP = "auto", "keep"
ENCODING_NAMES = {TCVN3: "TCVN3 (ABC, .VnTime)", VNI: "VNI (VNI-Times)"}


class Limits(NamedTuple):
    """Bounds of one reading. Sizes in bytes, times in seconds.

    `memory` is what the child may take beyond what it holds when it has started; `answer` what it
    may say. `most` is the file itself.
    """

    most: int = 20_000_000
    characters: int = 200_000
    images: int = 20
    image_bytes: int = 12_000_000
    all_image_bytes: int = 24_000_000
    entries: int = 2_000
    unpacked: int = 120_000_000
    part: int = 24_000_000
    pages: int = 200
    rows: int = 2_000
    columns: int = 60
    cell: int = 4_000
    memory: int = 120_000_000
    cpu: int = 3
    wall: float = 4.0
    answer: int = 32_000_000


LIMITS = Limits()


class Note(NamedTuple):
    """One line of the report: `kind` is taken, changed or left_out; `message` a marked sentence."""

    kind: str
    message: str
    params: dict[str, str | int]
    code: str = ""


class ImageFound(NamedTuple):
    """A picture inside a file, as it lay there. `name` is its place in the document: a photo block's id."""

    content: bytes
    caption: str
    name: str


class Read(NamedTuple):
    """A file read: the text with its formatting, and what happened on the way.

    `title_guess` was the document's first line and is not in `document`. `encoding` is the legacy
    encoding that was converted, if any; `detected` the one that the text or its fonts suggest;
    `samples` are lines before and after.
    """

    document: Document
    title_guess: str
    images: tuple[ImageFound, ...]
    report: tuple[Note, ...]
    encoding: str | None
    format: str
    detected: str | None = None
    samples: tuple[tuple[str, str], ...] = ()


class Sheet(NamedTuple):
    """The first sheet of a workbook: `rows` of cells as text, ragged rows filled up with "" at the right."""

    rows: list[list[str]]
    report: tuple[Note, ...]
    format: str


TAKEN, CHANGED, LEFT_OUT = "taken", "changed", "left_out"

# code -> (kind, sentence)
NOTES: dict[str, tuple[str, str]] = {
    "paragraphs": (TAKEN, N_("Paragraphs: %(count)s")),
    "headings": (TAKEN, N_("Headings: %(count)s")),
    "emphasis": (TAKEN, N_("Passages in bold or italics: %(count)s")),
    "quotes": (TAKEN, N_("Quotations: %(count)s")),
    "items": (TAKEN, N_("List items: %(count)s")),
    "images": (TAKEN, N_("Pictures: %(count)s")),
    "rows": (TAKEN, N_("Rows: %(count)s")),
    "named_otherwise": (
        CHANGED,
        N_("The file is named “%(named)s”, but what is in it is %(found)s. It was read as that."),
    ),
    "title": (CHANGED, N_("The first line was taken as the title: “%(text)s”")),
    "tables": (CHANGED, N_("Tables became lines of text, one a row: %(count)s. Please check them.")),
    "boxes": (CHANGED, N_("Text boxes became paragraphs: %(count)s. Please check where they stand.")),
    "insertions": (CHANGED, N_("Tracked insertions were taken as text: %(count)s")),
    "legacy": (
        CHANGED,
        N_("The text was converted from %(name)s to today's Unicode letters. Please check a few lines."),
    ),
    "charset": (CHANGED, N_("The letters were read as %(name)s. Please check a few lines.")),
    "lines_joined": (
        CHANGED,
        N_("A PDF has lines, not paragraphs: lines were joined again. Please check the paragraphs."),
    ),
    "converted": (CHANGED, N_("The file was first converted to .docx on this server.")),
    "formulas": (
        CHANGED,
        N_("Formulas are not worked out: the values last saved with the file were taken (%(count)s)."),
    ),
    "sheets": (LEFT_OUT, N_("Further sheets: %(count)s. Only the first one is read.")),
    "footnotes": (LEFT_OUT, N_("Footnotes and endnotes: %(count)s")),
    "comments": (LEFT_OUT, N_("Comments: %(count)s")),
    "deletions": (LEFT_OUT, N_("Tracked deletions: %(count)s")),
    "headers": (LEFT_OUT, N_("Headers and footers of the pages")),
    "properties": (LEFT_OUT, N_("Properties of the file, such as the name of its author")),
    "macros": (LEFT_OUT, N_("Macros. They are never run.")),
    "links": (LEFT_OUT, N_("Addresses of links; their words were taken: %(count)s")),
    "linked_images": (
        LEFT_OUT,
        N_(
            "Pictures that are not in the file but elsewhere: %(count)s. Insert them into the file, or add "
            "them as photos."
        ),
    ),
    "odd_images": (LEFT_OUT, N_("Pictures and drawings that are not JPEG, PNG, WebP or HEIC: %(count)s")),
    "large_images": (
        LEFT_OUT,
        N_("Pictures beyond %(most)s MB each or %(number)s in all: %(count)s. Add them as photos."),
    ),
    "pdf_images": (LEFT_OUT, N_("Pictures in the PDF: %(count)s. Add them as photos.")),
    "md_images": (LEFT_OUT, N_("Pictures named in the text: %(count)s. Add them as photos.")),
    "charts": (LEFT_OUT, N_("Charts and diagrams: %(count)s")),
    "formulae": (LEFT_OUT, N_("Mathematical formulas: %(count)s")),
    "objects": (LEFT_OUT, N_("Embedded files: %(count)s")),
    "hidden": (LEFT_OUT, N_("Hidden text: %(count)s")),
    "contents": (LEFT_OUT, N_("Table of contents")),
    "characters": (LEFT_OUT, N_("Characters that cannot be shown: %(count)s")),
    "look": (LEFT_OUT, N_("Fonts, sizes, colours, underlining and the layout of the page")),
}

# code -> sentence, which says what to do
TROUBLES: dict[str, str] = {
    "empty": N_("This file is empty. Please choose another one."),
    "too_large": N_(
        "This file is too large: at most %(most)s MB. Save it with smaller pictures, or send the photos one by one."
    ),
    "no_text": N_("There is no text in this file. Please open it, see that it is the right one, and send it again."),
    "too_long": N_(
        "The text in this file is too long: at most %(most)s characters. Please send the part that is the entry."
    ),
    "broken": N_(
        "This file is damaged or cut off, so it cannot be read. Open it in Word or LibreOffice, save it "
        "again as .docx, and send that."
    ),
    "bomb": N_(
        "This file unpacks to far more than a text needs, so it was not opened. Save it again as .docx, "
        "or copy the text and paste it here."
    ),
    "slow": N_(
        "Reading this file takes too long. Copy the text and paste it here, or save it again as .docx "
        "with fewer pictures."
    ),
    "heavy": N_(
        "This file is too complex to be read here. Copy the text and paste it here, or save it again as "
        ".docx with fewer pictures."
    ),
    "busy": N_("Many files are being read just now. Please wait a minute and send it again."),
    "unsafe": N_(
        "This file holds parts that no word processor writes, so it was not opened. Open it in Word or "
        "LibreOffice, save it again as .docx, and send that."
    ),
    "password": N_("This file is protected with a password. Open it, remove the password, save it, and send it again."),
    "doc": N_(
        "This is a file of old Word (.doc). Open it, choose “Save as”, the type “Word Document (.docx)”, "
        "and send that file."
    ),
    "rtf": N_(
        "This is an RTF file. Open it in Word, choose “Save as”, the type “Word Document (.docx)”, and send that file."
    ),
    "office_failed": N_(
        "This file could not be converted. Open it in Word, choose “Save as”, the type “Word Document "
        "(.docx)”, and send that file."
    ),
    "html": N_(
        "This is a saved web page. Open it in Word, choose “Save as”, the type “Word Document (.docx)”, "
        "and send that file; or copy the text and paste it here."
    ),
    "xml": N_(
        "This is an XML file. Open it in Word or LibreOffice, choose “Save as”, the type “Word Document "
        "(.docx)”, and send that file."
    ),
    "picture": N_(
        "This is a picture. Photos are added in the step “Photos”; a handwritten page is typed, or sent "
        "on paper to the secretariat."
    ),
    "charset": N_(
        "The letters of this text cannot be told. Open it, choose “Save as” with the encoding UTF-8, and send it "
        "again; or copy the text and paste it here."
    ),
    "pdf_pictures": N_(
        "This PDF holds pictures of pages and no text. Send the file it was made from (.docx), or type the text."
    ),
    "pages": N_("This PDF has more than %(most)s pages. Please send the pages of the entry alone."),
    "zip": N_("This is a compressed folder. Unpack it and send the text file (.docx) that is in it."),
    "archive": N_("This is an archive (RAR, 7z, gzip). Unpack it and send the text file (.docx) that is in it."),
    "sheet": N_("This is a spreadsheet, not a text. Please send a text file: .docx, .odt, .txt or .pdf."),
    "slides": N_("This is a presentation, not a text. Please send a text file: .docx, .odt, .txt or .pdf."),
    "program": N_("This is a program, not a text. Please send a text file: .docx, .odt, .txt or .pdf."),
    "unknown": N_("This kind of file cannot be read here. Please send .docx, .odt, .txt, .md or .pdf."),
    "mixed": N_(
        "This file is two kinds of file at once, so it was not opened. Open it in Word or LibreOffice, "
        "save it again as .docx, and send that."
    ),
    "not_sheet": N_("This is not a spreadsheet. Please send .xlsx or .csv, best the template filled in."),
    "bad_sheet": N_("This sheet cannot be read here. Copy its rows into the template, save it, and send that."),
    "old_sheet": N_(
        "This spreadsheet has an old format. Open it, choose “Save as”, the type “Excel Workbook "
        "(.xlsx)”, and send that file."
    ),
    "rows": N_("This sheet has more than %(most)s rows. Please send it in parts."),
    "columns": N_("This sheet has more than %(most)s columns. Please use the template."),
    "cell": N_("A cell in row %(row)s holds more than %(most)s characters. Please shorten it."),
    "no_values": N_(
        "Cell %(cell)s holds a formula without a saved value. Replace it by its value, save, and send the file again."
    ),
}


class Trouble(Exception):
    """Inside the reader: this file cannot be read, for a reason of TROUBLES."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params
