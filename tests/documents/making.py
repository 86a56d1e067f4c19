"""Files made by hand for the tests: honest .docx, .odt, .xlsx and .pdf, down to each part."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from xml.sax.saxutils import escape

from PIL import Image

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
MAIN_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
MACRO_TYPE = "application/vnd.ms-word.document.macroEnabled.main+xml"
STORY = (
    "Sáng nào ông Sỹ cũng dậy từ bốn giờ, chèo đò đưa lũ trẻ qua sông đến lớp.",
    "Hỏi vì sao không lấy tiền, ông chỉ cười: “Các cháu học giỏi là ông vui rồi”.",
    "Bà con trong thôn ai cũng quý, gọi ông là người giữ bến.",
)


def zipped(parts: Mapping[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", method) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return out.getvalue()


def paragraph(text: str, properties: str = "", run: str = "") -> str:
    marks = f"<w:pPr>{properties}</w:pPr>" if properties else ""
    looks = f"<w:rPr>{run}</w:rPr>" if run else ""
    return f'<w:p>{marks}<w:r>{looks}<w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def body_xml(body: str, prologue: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    spaces = (
        f'xmlns:w="{W}" xmlns:r="{R}" xmlns:a="{A}" xmlns:v="urn:schemas-microsoft-com:vml"'
        ' xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
        ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
        ' xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    )
    return f"{prologue}<w:document {spaces}><w:body>{body}</w:body></w:document>"


def relations(*entries: tuple[str, str, str, bool]) -> str:
    """(id, last part of the type, target, external)."""
    lines = "".join(
        f'<Relationship Id="{name}" Type="{R}/{kind}" Target="{escape(target)}"'
        + (' TargetMode="External"' if outside else "")
        + "/>"
        for name, kind, target, outside in entries
    )
    return f'<?xml version="1.0"?><Relationships xmlns="{PACKAGE}/relationships">{lines}</Relationships>'


def content_types(main: str = MAIN_TYPE, part: str = "/word/document.xml") -> str:
    return (
        f'<?xml version="1.0"?><Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="{part}" ContentType="{main}"/></Types>'
    )


def docx_parts(body: str | None = None, **extra: bytes | str) -> dict[str, bytes | str]:
    """The parts of a .docx with this body; further parts by name, `/` written as `__`."""
    text = "".join(paragraph(line) for line in STORY) if body is None else body
    return {
        "[Content_Types].xml": content_types(),
        "_rels/.rels": relations(("rId1", "officeDocument", "word/document.xml", False)),
        "word/document.xml": body_xml(text),
        **{name.replace("__", "/"): content for name, content in extra.items()},
    }


def docx(body: str | None = None, **extra: bytes | str) -> bytes:
    return zipped(docx_parts(body, **extra))


def picture(width: int = 640, height: int = 480, kind: str = "JPEG", colour: str = "#a04030") -> bytes:
    out = BytesIO()
    Image.new("RGB", (width, height), colour).save(out, kind)
    return out.getvalue()


def blip(relation: str, attribute: str = "embed") -> str:
    return (
        '<w:p><w:r><w:drawing><wp:inline><wp:docPr id="1" name="Picture 1" descr="C:\\Users\\nguyenvana\\anh.jpg"/>'
        f'<a:blip r:{attribute}="{relation}"/></wp:inline></w:drawing></w:r></w:p>'
    )


def docx_with_images(images: Mapping[str, bytes], body: str | None = None) -> bytes:
    text = "".join(paragraph(line) for line in STORY) if body is None else body
    names = list(images)
    text += "".join(blip(f"rId{number}") for number in range(10, 10 + len(names)))
    parts = docx_parts(text)
    parts["word/_rels/document.xml.rels"] = relations(
        *((f"rId{number}", "image", f"media/{name}", False) for number, name in enumerate(names, 10))
    )
    parts |= {f"word/media/{name}": content for name, content in images.items()}
    return zipped(parts)


ODT_TYPE = "application/vnd.oasis.opendocument.text"
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
_ODT_SPACES = (
    f'xmlns:office="{_OFFICE}" xmlns:text="{_TEXT}"'
    ' xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'
    ' xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'
    ' xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' xmlns:xlink="http://www.w3.org/1999/xlink"'
)


def odt_xml(body: str, styles: str = "", prologue: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    return (
        f"{prologue}<office:document-content {_ODT_SPACES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )


def odt(body: str | None = None, styles: str = "", **extra: bytes | str) -> bytes:
    text = "".join(f"<text:p>{escape(line)}</text:p>" for line in STORY) if body is None else body
    return zipped(
        {
            "mimetype": ODT_TYPE,
            "content.xml": odt_xml(text, styles),
            **{name.replace("__", "/"): content for name, content in extra.items()},
        }
    )


def pdf(*lines: str, extra: bytes = b"", pages: int = 1, image: bool = False) -> bytes:
    """A PDF of ASCII lines, written out object by object."""
    drawn = "BT /F1 12 Tf 50 750 Td 16 TL " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
    if image:
        drawn += " q 200 0 0 200 100 300 cm /I1 Do Q"
    stream = drawn.encode("latin-1")
    kids = " ".join(f"{10 + number} 0 R" for number in range(pages))
    resources = b"<< /Font << /F1 4 0 R >> /XObject << /I1 6 0 R >> >>"
    objects: dict[int, bytes] = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode(),
        4: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        5: b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        6: b"<< /Type /XObject /Subtype /Image /Width 2 /Height 2 /BitsPerComponent 8 /ColorSpace /DeviceGray"
        b" /Length 4 >>\nstream\n\x00\x40\x80\xff\nendstream",
    }
    for number in range(pages):
        objects[10 + number] = (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 5 0 R /Resources " + resources + b" >>"
        )
    return pdf_of(objects, extra)


def pdf_of(objects: Mapping[int, bytes], extra: bytes = b"", trailer: bytes = b"/Root 1 0 R") -> bytes:
    out = BytesIO()
    out.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = {}
    for number, content in sorted(objects.items()):
        places[number] = out.tell()
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    out.write(extra)
    start = out.tell()
    size = max(objects) + 1
    out.write(b"xref\n0 %d\n" % size)
    for number in range(size):
        out.write(b"%010d 00000 n \n" % places[number] if number in places else b"0000000000 65535 f \n")
    out.write(b"trailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, start))
    return out.getvalue()


def xlsx_parts(sheet: str, **extra: bytes | str) -> dict[str, bytes | str]:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return {
        "[Content_Types].xml": (
            f'<?xml version="1.0"?><Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>'
        ),
        "_rels/.rels": relations(("rId1", "officeDocument", "xl/workbook.xml", False)),
        "xl/workbook.xml": (
            f'<?xml version="1.0"?><workbook xmlns="{main}" xmlns:r="{R}">'
            '<sheets><sheet name="Bài" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": relations(("rId1", "worksheet", "worksheets/sheet1.xml", False)),
        "xl/worksheets/sheet1.xml": (
            f'<?xml version="1.0"?><worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>'
        ),
        **{name.replace("__", "/"): content for name, content in extra.items()},
    }


def xlsx(sheet: str, **extra: bytes | str) -> bytes:
    return zipped(xlsx_parts(sheet, **extra))


def inline(cell: str, text: str) -> str:
    return f'<c r="{cell}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def ole(*streams: str) -> bytes:
    """Something that looks like an OLE file with these streams in its directory; no stream can be read."""
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    directory = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", *streams))
    return header.ljust(512, b"\0") + directory.ljust(4096, b"\0") + b"\xa5" * 4096


def png_claiming(width: int, height: int) -> bytes:
    """A PNG whose head claims these dimensions, with pixels for none of them."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )
