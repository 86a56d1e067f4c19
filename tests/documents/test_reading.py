"""What is taken from honest files of each kind, and what the report says was changed or left out."""

# ruff: noqa: E501 - XML reads better unbroken

from __future__ import annotations

import pytest

from contest.core.richtext import source_of
from contest.documents.legacy import to_legacy
from contest.documents.pdf import joined
from contest.documents.services import read_document, read_sheet, read_text
from tests.documents import making
from tests.documents.making import (
    STORY,
    blip,
    docx,
    docx_parts,
    inline,
    odt,
    paragraph,
    pdf,
    picture,
    relations,
    xlsx,
    zipped,
)

STYLES = f"""<?xml version="1.0"?><w:styles xmlns:w="{making.W}">
<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Times New Roman"/></w:rPr></w:rPrDefault></w:docDefaults>
<w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/></w:style>
<w:style w:type="paragraph" w:styleId="H"><w:name w:val="heading 2"/><w:rPr><w:b/></w:rPr></w:style>
<w:style w:type="paragraph" w:styleId="Q"><w:name w:val="Quote"/><w:rPr><w:i/></w:rPr></w:style>
<w:style w:type="paragraph" w:styleId="C"><w:name w:val="caption"/></w:style>
<w:style w:type="paragraph" w:styleId="L"><w:name w:val="List"/><w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="O"><w:name w:val="Normal old"/><w:rPr><w:rFonts w:ascii=".VnTime"/></w:rPr></w:style>
<w:style w:type="character" w:styleId="S"><w:name w:val="Strong"/><w:rPr><w:b/></w:rPr></w:style>
</w:styles>"""
NUMBERING = f"""<?xml version="1.0"?><w:numbering xmlns:w="{making.W}">
<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>
</w:numbering>"""


def word(body: str, **options: object):
    parts = docx_parts(body) | {"word/styles.xml": STYLES, "word/numbering.xml": NUMBERING}
    return read_document(zipped(parts), "a.docx", **options)


def told(read) -> dict[str, int | str]:
    return {note.code: note.params.get("count", "") for note in read.report}


def styled(text: str, style: str) -> str:
    return paragraph(text, f'<w:pStyle w:val="{style}"/>')


def test_blocks_of_a_word_document():
    read = word(
        styled("Người giữ bến", "T")
        + styled("Thuở nhỏ", "H")
        + paragraph(STORY[0])
        + styled("Làm việc tốt là vui.", "Q")
        + paragraph("gạo", '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>')
        + styled("một", "L")
        + styled("hai", "L")
        + paragraph("- Vâng, ông nói.")
    )
    assert read.title_guess == "Người giữ bến"
    assert source_of(read.document).split("\n\n") == [
        "## Thuở nhỏ",
        STORY[0],
        "> Làm việc tốt là vui.",
        "* gạo",
        "1. một\n2. hai",
        "- Vâng, ông nói.",
    ]
    assert told(read) == {"paragraphs": 2, "headings": 1, "quotes": 1, "items": 3, "title": "", "look": ""}


def test_emphasis_by_runs_and_by_styles():
    body = (
        "<w:p><w:r><w:t xml:space='preserve'>Ông </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>Sỹ</w:t></w:r>"
        "<w:r><w:t xml:space='preserve'> là </w:t></w:r><w:r><w:rPr><w:i/></w:rPr><w:t>người</w:t></w:r>"
        "<w:r><w:rPr><w:rStyle w:val='S'/></w:rPr><w:t xml:space='preserve'> tốt</w:t></w:r>"
        "<w:r><w:rPr><w:b w:val='0'/></w:rPr><w:t>.</w:t><w:br/><w:t>Dòng hai</w:t></w:r></w:p>"
    )
    assert source_of(word(body).document) == "Ông **Sỹ** là *người* **tốt**.\nDòng hai"


def test_what_is_not_the_text_is_left_out_and_said():
    body = (
        "<w:p><w:r><w:t>Giữ lại</w:t></w:r>"
        "<w:del><w:r><w:delText>xóa</w:delText></w:r></w:del><w:ins><w:r><w:t xml:space='preserve'> thêm</w:t></w:r></w:ins>"
        "<w:moveFrom><w:r><w:t>chuyển</w:t></w:r></w:moveFrom>"
        "<w:r><w:footnoteReference w:id='2'/></w:r><w:r><w:commentReference w:id='1'/></w:r>"
        "<w:hyperlink r:id='rId5'><w:r><w:t xml:space='preserve'> ở đây</w:t></w:r></w:hyperlink>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>ẩn</w:t></w:r>"
        "<w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
        "<w:p><m:oMath><m:r><m:t>x</m:t></m:r></m:oMath></w:p>"
        "<mc:AlternateContent><mc:Choice><w:p><w:r><w:t>Chọn</w:t></w:r></w:p></mc:Choice>"
        "<mc:Fallback><w:p><w:r><w:t>Chọn</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>"
    )
    read = word(body)
    assert source_of(read.document) == "Giữ lại thêm ở đây\n\nChọn"
    expected = {"deletions": 2, "insertions": 1, "footnotes": 1, "comments": 1, "links": 1, "hidden": 1, "formulae": 1}
    assert expected.items() <= told(read).items()


def test_a_deleted_end_joins_two_paragraphs_and_deleted_rows_go():
    body = (
        "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t xml:space='preserve'>Một </w:t></w:r></w:p>"
        "<w:p><w:r><w:t>dòng</w:t></w:r></w:p>"
        "<w:tbl><w:tr><w:trPr><w:del/></w:trPr><w:tc><w:p><w:r><w:t>bỏ</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    )
    assert source_of(word(body).document) == "Một dòng"


def test_tables_become_lines():
    def cell(text: str) -> str:
        return f"<w:tc>{paragraph(text)}</w:tc>"

    body = (
        f"<w:tbl><w:tr>{cell('Năm')}{cell('Việc')}</w:tr><w:tr>{cell('1975')}{cell('về làng')}</w:tr></w:tbl>"
        + paragraph(STORY[0])
    )
    read = word(body)
    assert source_of(read.document) == f"Năm | Việc\n\n1975 | về làng\n\n{STORY[0]}"
    assert told(read)["tables"] == 1


def test_pictures_keep_their_place_and_caption_and_nothing_that_tells():
    body = paragraph(STORY[0]) + blip("rId1") + styled("Ông Sỹ trên bến đò", "C") + paragraph(STORY[1]) + blip("rId1")
    parts = docx_parts(body) | {
        "word/styles.xml": STYLES,
        "word/_rels/document.xml.rels": relations(("rId1", "image", "media/a.jpg", False)),
        "word/media/a.jpg": picture(),
        "docProps/core.xml": "<a><creator>Nguyễn Văn A</creator></a>",
        "word/header1.xml": "<a>Nguyễn Văn A</a>",
    }
    read = read_document(zipped(parts), "a.docx")
    (image,) = read.images
    assert image.content == picture() and image.caption == "Ông Sỹ trên bến đò"
    assert [block.kind for block in read.document.blocks] == ["paragraph", "photo", "paragraph"]
    assert read.document.blocks[1].photo == image.name
    assert {"properties", "headers"} <= set(told(read))
    assert "Nguyễn Văn A" not in repr(read) and "nguyenvana" not in repr(read)


def test_the_font_of_a_style_tells_the_old_letters_and_others_stay():
    body = styled(to_legacy(STORY[0], "tcvn3"), "O") + paragraph("Gửi từ Huế, ngày mưa.")
    read = word(body)
    assert read.encoding == "tcvn3"
    assert source_of(read.document) == f"{STORY[0]}\n\nGửi từ Huế, ngày mưa."
    assert word(body, encoding="keep").encoding is None


def test_fonts_of_capitals():
    body = paragraph(to_legacy("Cộng hòa", "tcvn3"), run='<w:rFonts w:ascii=".VnTimeH"/>') + "".join(
        paragraph(to_legacy(line, "tcvn3"), run='<w:rFonts w:ascii=".VnTime"/>') for line in STORY
    )
    read = word(body)
    assert read.title_guess == "CỘNG HÒA"


def test_an_opendocument_text():
    styles = (
        '<style:style style:name="T1" style:family="text"><style:text-properties fo:font-weight="bold"/></style:style>'
        '<style:style style:name="P1" style:parent-style-name="Standard"><style:text-properties fo:font-style="italic"/></style:style>'
    )
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>xóa</text:p></text:deletion></text:changed-region></text:tracked-changes>"
        "<text:h>Thuở nhỏ</text:h>"
        '<text:p>Ông<text:s/><text:span text:style-name="T1">Sỹ</text:span><text:note><text:note-body><text:p>chú</text:p></text:note-body></text:note>'
        "<office:annotation><dc:creator>Nguyễn Văn A</dc:creator><text:p>lời bàn</text:p></office:annotation>\n   cười<text:line-break/>hiền</text:p>"
        '<text:p text:style-name="P1">nghiêng</text:p><text:p text:style-name="Quotations">lời</text:p>'
        "<text:list><text:list-item><text:p>một</text:p></text:list-item></text:list>"
        '<draw:frame><draw:image xlink:href="Pictures/a.png"/></draw:frame>'
    )
    read = read_document(
        odt(body, styles, Pictures__a="", **{"Pictures/a.png": picture(kind="PNG"), "meta.xml": "<a/>"}), "a.odt"
    )
    assert source_of(read.document) == (
        f"Ông **Sỹ** cười\nhiền\n\n*nghiêng*\n\n> lời\n\n* một\n\n[photo:{read.images[0].name}]"
    )
    assert read.title_guess == "Thuở nhỏ"
    expected = {"deletions": 1, "footnotes": 1, "comments": 1, "properties": "", "images": 1}
    assert expected.items() <= told(read).items()


def test_plain_text_and_markdown():
    assert source_of(read_document("\n\n".join(STORY).encode(), "a.txt").document) == "\n\n".join(STORY)
    assert source_of(read_text("**không** in đậm\n\n# không đề mục\n\n- lời thoại").document) == (
        "\\*\\*không\\*\\* in đậm\n\n\\# không đề mục\n\n- lời thoại"
    )
    markdown = (
        "# Tên bài\n\nMột __đậm__ *nghiêng* [chữ](http://x) ![h](a.png)\n\n> trích\n\n+ gạo\n\n1) một\n\n- thoại\n"
    )
    read = read_document(markdown.encode(), "a.md")
    assert read.title_guess == "Tên bài"
    assert source_of(read.document) == "Một **đậm** *nghiêng* chữ\n\n> trích\n\n* gạo\n\n1. một\n\n- thoại"
    assert {"links": 1, "md_images": 1}.items() <= told(read).items()


def test_lines_of_a_pdf_are_joined_again():
    read = read_document(
        pdf("He rows the children over the river every", "morning and takes no money.", "12", image=True), "a.pdf"
    )
    assert source_of(read.document) == "He rows the children over the river every morning and takes no money."
    assert {"lines_joined", "pdf_images"} <= set(told(read))


def test_paragraphs_from_lines():
    long = "x" * 60
    assert joined([long, "ngắn.", long, long, "", "– Vâng.", "– Dạ."]) == [
        f"{long} ngắn.",
        f"{long} {long}",
        "– Vâng.",
        "– Dạ.",
    ]
    assert joined([]) == []


def test_rows_of_a_workbook():
    sheet = (
        f'<row r="1">{inline("A1", "Họ tên")}{inline("B1", " Số ")}</row>'
        '<row r="3"><c r="A3"><v>1500.0</v></c><c r="B3"><v>8.25</v></c><c r="C3" t="b"><v>1</v></c></row>'
    )
    read = read_sheet(xlsx(sheet), "a.xlsx")
    assert read.rows == [["Họ tên", "Số", ""], ["", "", ""], ["1500", "8.25", "1"]]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16"])
def test_rows_of_csv(separator, charset):
    text = f'Họ tên{separator}Tệp\r\n"Trần{separator} ""Sỹ"""{separator}a.docx\r\n'
    assert read_sheet(text.encode(charset), "a.csv").rows == [["Họ tên", "Tệp"], [f'Trần{separator} "Sỹ"', "a.docx"]]


@pytest.mark.parametrize("name", ["a.docx", "A.DOCX", "a", "bài của tôi.docx"])
def test_an_honest_name_is_not_remarked_on(name):
    assert "named_otherwise" not in told(read_document(docx(), name))
