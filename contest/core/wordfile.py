"""Word documents (.docx) of paragraphs and tables, written from the ground up: text only, no field, link or macro.

Everything that people typed goes in as escaped character data, so that nothing in it is ever carried out.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

# Signs that XML does not carry.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_MADE = (2000, 1, 1, 0, 0, 0)  # the same words, the same bytes
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TWIPS = 56.6929  # in a millimetre


class Line(NamedTuple):
    """A paragraph. `size` in half points; `align`: left, center, right, both."""

    text: str
    align: str = "both"
    bold: bool = False
    italic: bool = False
    size: int = 26
    after: int = 80


class Grid(NamedTuple):
    """A table whose head stands on each page; `widths` in millimetres; `align` a letter (l, c, r) a column."""

    head: Sequence[str]
    rows: Iterable[Sequence[str]]
    widths: Sequence[int]
    align: str
    total: Sequence[str] = ()


class Columns(NamedTuple):
    """Columns of paragraphs without borders: a letterhead, places to sign."""

    columns: Sequence[Sequence[Line]]


Block = Line | Grid | Columns


def make_document(title: str, blocks: Iterable[Block], *, wide: bool = False) -> bytes:
    """The bytes of a .docx file on A4, `wide` for landscape, in Times New Roman as papers of the State are set."""
    page = 'w:w="16838" w:h="11906" w:orient="landscape"' if wide else 'w:w="11906" w:h="16838"'
    body = "".join(_block(each, wide=wide) for each in blocks)
    document = (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document xmlns:w="{_WORD}"><w:body>{body}'
        f"<w:sectPr><w:pgSz {page}/>"
        '<w:pgMar w:top="1134" w:right="851" w:bottom="1134" w:left="1701" w:header="567" w:footer="567" w:gutter="0"/>'
        "</w:sectPr></w:body></w:document>"
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (
            ("[Content_Types].xml", _TYPES),
            ("_rels/.rels", _RELATIONS),
            ("docProps/core.xml", _CORE.format(title=_text(title))),
            ("word/document.xml", document),
            ("word/styles.xml", _STYLES),
            ("word/_rels/document.xml.rels", _STYLE_RELATION),
        ):
            archive.writestr(zipfile.ZipInfo(name, _MADE), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("", text))


def _paragraph(line: Line) -> str:
    marks = ("<w:b/>" if line.bold else "") + ("<w:i/>" if line.italic else "")
    runs = "<w:r><w:br/></w:r>".join(
        f'<w:r><w:rPr>{marks}<w:sz w:val="{line.size}"/></w:rPr><w:t xml:space="preserve">{_text(part)}</w:t></w:r>'
        for part in line.text.split("\n")
    )
    return f'<w:p><w:pPr><w:spacing w:after="{line.after}"/><w:jc w:val="{line.align}"/></w:pPr>{runs}</w:p>'


def _block(block: Block, *, wide: bool) -> str:
    if isinstance(block, Line):
        return _paragraph(block)
    if isinstance(block, Columns):
        each = (14286 if wide else 9354) // len(block.columns)
        cells = "".join(
            f'<w:tc><w:tcPr><w:tcW w:w="{each}" w:type="dxa"/></w:tcPr>{"".join(map(_paragraph, column))}</w:tc>'
            for column in block.columns
        )
        grid = f'<w:gridCol w:w="{each}"/>' * len(block.columns)
        return (
            f'<w:tbl><w:tblPr><w:tblW w:w="{each * len(block.columns)}" w:type="dxa"/>'
            '<w:tblLayout w:type="fixed"/></w:tblPr>'
            f"<w:tblGrid>{grid}</w:tblGrid><w:tr>{cells}</w:tr></w:tbl>{_paragraph(Line('', size=12))}"
        )
    return _table(block)


def _table(grid: Grid) -> str:
    sides = {"l": "left", "c": "center", "r": "right"}
    widths = [round(width * _TWIPS) for width in grid.widths]
    edges = "".join(
        f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="404040"/>'
        for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
    )

    def row(cells: Sequence[str], *, bold: bool = False, head: bool = False) -> str:
        written = "".join(
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>'
            f"{_paragraph(Line(cell, 'center' if head else sides[letter], bold=bold, size=22, after=20))}</w:tc>"
            for cell, width, letter in zip(cells, widths, grid.align, strict=True)
        )
        return f"<w:tr><w:trPr><w:cantSplit/>{'<w:tblHeader/>' if head else ''}</w:trPr>{written}</w:tr>"

    lines = [row(grid.head, bold=True, head=True), *(row(cells) for cells in grid.rows)]
    if grid.total:
        lines.append(row(grid.total, bold=True))
    columns = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblBorders>{edges}</w:tblBorders>'
        f'<w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>{columns}</w:tblGrid>{"".join(lines)}</w:tbl>'
        f"{_paragraph(Line('', size=12))}"
    )


_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_KIND = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_TYPES = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_KIND}.document.main+xml"/>'
    f'<Override PartName="/word/styles.xml" ContentType="{_KIND}.styles+xml"/>'
    '<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
    "</Types>"
)
_RELATIONS = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'
    f'<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties" Target="docProps/core.xml"/>'
    "</Relationships>"
)
_STYLE_RELATION = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
)
_STYLES = (
    f'{_HEAD}<w:styles xmlns:w="{_WORD}"><w:docDefaults><w:rPrDefault><w:rPr>'
    '<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:cs="Times New Roman"/>'
    '<w:sz w:val="26"/><w:lang w:val="vi-VN"/></w:rPr></w:rPrDefault></w:docDefaults></w:styles>'
)
_CORE = (
    _HEAD + '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></cp:coreProperties>'
)
