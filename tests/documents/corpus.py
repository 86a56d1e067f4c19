"""Hostile and odd files, made by script: what people send by mistake, and what others send on purpose.

`python -m tests.documents.corpus DIR` writes them all into a folder, to try another system with them.
Every file is the same each time. Nothing in here harms anybody: addresses are of no one, and what
looks like a program is not one.
"""

from __future__ import annotations

import functools
import random
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from contest.documents.legacy import to_legacy
from tests.documents import making
from tests.documents.making import (
    STORY,
    docx,
    docx_parts,
    odt,
    paragraph,
    pdf,
    pdf_of,
    picture,
    relations,
    xlsx,
    zipped,
)

TEXT = "\n\n".join(STORY)
DOCX_EXTENSIONS = ("doc", "pdf", "odt", "txt", "md", "jpg", "zip", "exe", "")


class Odd(NamedTuple):
    """One file of the corpus: what it is called when sent, and its bytes."""

    name: str
    content: bytes


Maker = Callable[[], Iterator[Odd]]
_MAKERS: list[Maker] = []


def maker(function: Maker) -> Maker:
    _MAKERS.append(function)
    return function


@functools.cache
def corpus() -> tuple[Odd, ...]:
    """All the files, in a fixed order, under names of their own."""
    return tuple(odd for make in _MAKERS for odd in make())


def _noise(length: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(length)


def _xml(text: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'


# Honest files, cut off and mislabelled


@maker
def whole() -> Iterator[Odd]:
    yield Odd("whole.docx", docx())
    yield Odd("whole.odt", odt())
    yield Odd("whole.pdf", pdf("An honest story about an honest man.", "He rows the children over."))
    yield Odd("whole.txt", TEXT.encode())
    yield Odd("whole.md", f"# Người giữ bến\n\n{TEXT}".encode())
    yield Odd(
        "photos.docx", making.docx_with_images({"a.jpg": picture(), "b.png": picture(kind="PNG", colour="#123456")})
    )


@maker
def truncated() -> Iterator[Odd]:
    files = {"docx": docx(), "odt": odt(), "pdf": pdf(*["A line of some length that tells something."] * 20)}
    for extension, content in files.items():
        for percent in (1, 3, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99):
            yield Odd(f"cut-{percent:02}.{extension}", content[: max(2, len(content) * percent // 100)])
        yield Odd(f"cut-last-byte.{extension}", content[:-1])
        yield Odd(f"head-gone.{extension}", content[100:])


@maker
def mislabelled() -> Iterator[Odd]:
    for extension in DOCX_EXTENSIONS:
        yield Odd(f"docx-as.{extension}" if extension else "docx-without-extension", docx())
    files = {
        "odt": odt(),
        "pdf": pdf("A text in a PDF that is called otherwise."),
        "txt": TEXT.encode(),
        "jpg": picture(),
    }
    for kind, content in files.items():
        for extension in ("docx", "odt", "pdf", "doc", "txt"):
            if extension != kind:
                yield Odd(f"{kind}-as.{extension}", content)
    yield Odd("x" * 500 + ".docx", docx())
    yield Odd("../../etc/passwd.docx", docx())
    yield Odd("bài\u202excod.exe", docx())


@maker
def hardly_anything() -> Iterator[Odd]:
    for extension in ("docx", "odt", "pdf", "txt", "doc", "md"):
        yield Odd(f"empty.{extension}", b"")
        yield Odd(f"one-byte.{extension}", b"\xff")
    yield Odd("blank.txt", b" \n\t\r\n " * 200)
    yield Odd("only-mark.txt", b"\xef\xbb\xbf")
    yield Odd("zeros.docx", bytes(100_000))
    yield Odd("noise.docx", _noise(100_000))
    yield Odd("noise.txt", _noise(50_000, 2))
    yield Odd("noise-pk.docx", b"PK\x03\x04" + _noise(50_000, 3))
    yield Odd("noise-pdf.pdf", b"%PDF-1.7\n" + _noise(50_000, 4))
    yield Odd("noise-ole.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + _noise(50_000, 5))
    yield Odd("no-words.docx", docx("<w:p/><w:p/>"))
    yield Odd("no-words.odt", odt("<text:p/>"))
    yield Odd("no-body.docx", zipped({**docx_parts(), "word/document.xml": _xml("<a/>")}))
    yield Odd("too-large.txt", b"a " * 11_000_000)


# Zip


def _raw_entry(name: bytes, packed: bytes, size: int, crc: int, flags: int = 0, method: int = 8) -> tuple[bytes, bytes]:
    """A local header with its data, and the directory's entry without its offset."""
    fields = struct.pack("<HHHHHLLLHH", 20, flags, method, 0, 0x21, crc, len(packed), size, len(name), 0)
    local = b"PK\x03\x04" + fields + name + packed
    directory = b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHL", 0, 0, 0, 0)
    return local, directory + b"%OFFSET%" + name


def _raw_zip(entries: list[tuple[bytes, bytes]], overlap: bool = False) -> bytes:
    out, directory, first = BytesIO(), b"", 0
    for number, (local, central) in enumerate(entries):
        at = out.tell()
        if overlap and number:
            at = first
        else:
            out.write(local)
        first = first if number else at
        directory += central.replace(b"%OFFSET%", struct.pack("<L", at))
    start = out.tell()
    out.write(directory)
    out.write(struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, len(entries), len(entries), len(directory), start, 0))
    return out.getvalue()


def _packed(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


@functools.cache
def _zeros(millions: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(1_000_000)
    return b"".join(packer.compress(block) for _ in range(millions)) + packer.flush()


@maker
def bombs() -> Iterator[Odd]:
    parts = docx_parts()
    for millions in (30, 130, 250):
        crc = 0
        for _ in range(millions):
            crc = zlib.crc32(bytes(1_000_000), crc)
        entry = _raw_entry(b"word/document.xml", _zeros(millions), millions * 1_000_000, crc)
        types = str(parts["[Content_Types].xml"]).encode()
        head = _raw_entry(b"[Content_Types].xml", _packed(types), len(types), zlib.crc32(types))
        yield Odd(f"flat-bomb-{millions}.docx", _raw_zip([head, entry]))
        yield Odd(
            f"lying-bomb-{millions}.docx",
            _raw_zip([head, _raw_entry(b"word/document.xml", _zeros(millions), 1000, crc)]),
        )
    spaces = making.body_xml(" " * 23_000_000 + "".join(map(paragraph, STORY)))
    yield Odd("blank-bomb.docx", zipped({**parts, "word/document.xml": spaces}))
    inner = zipped({"a.txt": bytes(10_000_000)})
    for depth in range(4):
        inner = zipped({f"{depth}-{number}.zip": inner for number in range(10)})
    yield Odd("nested-bomb.zip", inner)
    yield Odd("nested-bomb.docx", zipped({**parts, "word/embeddings/bomb.zip": inner}))
    kernel = bytes(5_000_000)
    overlapped = [_raw_entry(b"word/%d.xml" % n, _packed(kernel), len(kernel), zlib.crc32(kernel)) for n in range(20)]
    yield Odd("overlapping-bomb.docx", _raw_zip(overlapped, overlap=True))
    yield Odd("many-entries.docx", zipped({**parts, **{f"word/{number}.xml": "" for number in range(5000)}}))
    yield Odd("most-entries.docx", zipped({f"{number}": "" for number in range(20_000)}, zipfile.ZIP_STORED))
    yield Odd("style-bomb.docx", zipped({**parts, "word/styles.xml": _xml("<a>" + "<b/>" * 5_000_000 + "</a>")}))
    big = Image.new("L", (9_000, 9_000))
    out = BytesIO()
    big.save(out, "PNG", compress_level=1)
    yield Odd("pixel-bomb.docx", making.docx_with_images({"a.png": out.getvalue()}))
    yield Odd("odt-bomb.odt", odt("<text:p>" + "a" * 23_000_000 + "</text:p>"))
    yield Odd("odt-spaces.odt", odt('<text:p>a<text:s text:c="2000000000"/>b and more words</text:p>'))


@maker
def odd_zips() -> Iterator[Odd]:
    parts = docx_parts()
    for number, name in enumerate(
        ("/etc/passwd", "../../../evil.xml", "word\\..\\evil.xml", "C:/evil.xml", "a/../../b")
    ):
        yield Odd(f"name-{number}.docx", zipped({**parts, name: "x"}))
    nul = zipped({**parts, "evil_x.xml": "x"}).replace(b"evil_x.xml", b"evil\0x.xml")
    yield Odd("name-nul.docx", nul)
    with_link = BytesIO(docx())
    with zipfile.ZipFile(with_link, "a") as package:
        link = zipfile.ZipInfo("word/link.xml")
        link.external_attr = 0o120777 << 16
        package.writestr(link, "/etc/passwd")
    yield Odd("symlink.docx", with_link.getvalue())
    linked_main = BytesIO()
    with zipfile.ZipFile(linked_main, "w") as package:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name)
            if name == "word/document.xml":
                info.external_attr = 0o120777 << 16
            package.writestr(info, "/etc/passwd" if info.external_attr else content)
    yield Odd("symlink-main.docx", linked_main.getvalue())
    doubled = zipped({**parts, "word/documenu.xml": making.body_xml(paragraph("Bản khác hẳn."))})
    yield Odd("doubled-main.docx", doubled.replace(b"word/documenu.xml", b"word/document.xml"))
    damaged = bytearray(docx())
    at = damaged.find(b"word/document.xml") + 60
    damaged[at : at + 8] = b"\0\xff\0\xff\0\xff\0\xff"
    yield Odd("damaged-data.docx", bytes(damaged))
    text = str(parts["word/document.xml"]).encode()
    others = [
        _raw_entry(name.encode(), _packed(content.encode()), len(content.encode()), zlib.crc32(content.encode()))
        for name, content in parts.items()
        if name != "word/document.xml" and isinstance(content, str)
    ]

    def with_main(entry: tuple[bytes, bytes]) -> bytes:
        return _raw_zip([*others, entry])

    main = b"word/document.xml"
    crc = zlib.crc32(text)
    yield Odd("wrong-crc.docx", with_main(_raw_entry(main, _packed(text), len(text), crc ^ 1)))
    yield Odd("size-too-small.docx", with_main(_raw_entry(main, _packed(text), 50, crc)))
    yield Odd("size-too-large.docx", with_main(_raw_entry(main, _packed(text), len(text) * 9, crc)))
    yield Odd("encrypted-flag.docx", with_main(_raw_entry(main, _packed(text), len(text), crc, flags=1)))
    yield Odd("strong-encryption.docx", with_main(_raw_entry(main, _packed(text), len(text), crc, flags=0x41)))
    for method in (1, 9, 12, 14, 93, 95, 99):
        yield Odd(f"method-{method}.docx", with_main(_raw_entry(main, _packed(text), len(text), crc, method=method)))
    streamed = BytesIO()

    class Pipe:  # not seekable: sizes are written behind the data
        def write(self, data: bytes) -> int:
            return streamed.write(data)

        def flush(self) -> None:
            pass

    with zipfile.ZipFile(Pipe(), "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    yield Odd("data-descriptors.docx", streamed.getvalue())
    wide = BytesIO()
    with zipfile.ZipFile(wide, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            with package.open(name, "w", force_zip64=True) as part:
                part.write(content.encode() if isinstance(content, str) else content)
    yield Odd("zip64-entries.docx", wide.getvalue())
    end = bytearray(docx())
    at = end.rfind(b"PK\x05\x06")
    end[at + 8 : at + 20] = b"\xff" * 12
    yield Odd("zip64-end.docx", bytes(end))
    yield Odd("comment.docx", docx()[:-2] + struct.pack("<H", 60_000) + b"PK\x05\x06" * 15_000)
    yield Odd("trailing-noise.docx", docx() + _noise(5000))
    yield Odd("leading-noise.docx", _noise(500) + docx())
    yield Odd("plain.zip", zipped({"bai.docx": docx()}))
    yield Odd("program.docx", zipped({"META-INF/MANIFEST.MF": "", "Main.class": "x"}))
    yield Odd("no-types.docx", zipped({name: part for name, part in parts.items() if name != "[Content_Types].xml"}))
    yield Odd("no-rels.docx", zipped({name: part for name, part in parts.items() if name != "_rels/.rels"}))
    yield Odd("no-main.docx", zipped({name: part for name, part in parts.items() if name != "word/document.xml"}))
    slides = making.content_types("application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml")
    yield Odd("slides.pptx", zipped({**parts, "[Content_Types].xml": slides}))
    yield Odd("slides.docx", zipped({**parts, "[Content_Types].xml": slides}))
    yield Odd("sheet.docx", xlsx('<row r="1"/>'))
    yield Odd("epub.docx", zipped({"mimetype": "application/epub+zip", "content.xml": "<a/>"}))


# XML


_LAUGHS = "".join(f'<!ENTITY l{number} "{f"&l{number - 1};" * 10 if number else "ha"}">' for number in range(10))


@maker
def hostile_xml() -> Iterator[Odd]:
    prologues = {
        "laughs": f"<!DOCTYPE d [{_LAUGHS}]>",
        "quadratic": f'<!DOCTYPE d [<!ENTITY a "{"x" * 50_000}">]>',
        "xxe-file": '<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        "xxe-http": '<!DOCTYPE d [<!ENTITY e SYSTEM "http://127.0.0.1:9/x">]>',
        "xxe-parameter": '<!DOCTYPE d [<!ENTITY % e SYSTEM "file:///etc/passwd"> %e;]>',
        "external-dtd": '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd">',
        "bare-doctype": "<!DOCTYPE d>",
        "attribute-defaults": '<!DOCTYPE d [<!ATTLIST d a CDATA "b">]>',
    }
    calls = {"laughs": "&l9;", "quadratic": "&a;" * 50_000, "xxe-file": "&e;", "xxe-http": "&e;"}
    for name, prologue in prologues.items():
        text = f"<w:p><w:r><w:t>{calls.get(name, 'a')}</w:t></w:r></w:p>"
        main = making.body_xml(text, _xml(prologue))
        yield Odd(f"{name}.docx", zipped({**docx_parts(), "word/document.xml": main}))
        yield Odd(f"{name}-in-styles.docx", docx(word__styles__xml="", **{"word/styles.xml": _xml(prologue + "<a/>")}))
        content = making.odt_xml(f"<text:p>{calls.get(name, 'a')}</text:p>", prologue=_xml(prologue))
        yield Odd(f"{name}.odt", zipped({"mimetype": making.ODT_TYPE, "content.xml": content}))
    rels = _xml(f"<!DOCTYPE d [{_LAUGHS}]><a>&l9;</a>")
    yield Odd("laughs-in-rels.docx", zipped({**docx_parts(), "_rels/.rels": rels}))
    yield Odd("laughs-in-types.docx", zipped({**docx_parts(), "[Content_Types].xml": rels}))
    for depth in (250, 5_000, 200_000):
        yield Odd(f"deep-{depth}.docx", docx("<w:sdt>" * depth + paragraph("ở đáy") + "</w:sdt>" * depth))
    yield Odd("deep-tables.docx", docx("<w:tbl><w:tr><w:tc>" * 90 + paragraph("ô") + "</w:tc></w:tr></w:tbl>" * 90))
    yield Odd(
        "deep-lists.odt",
        odt("<text:list><text:list-item>" * 120 + "<text:p>mục</text:p>" + "</text:list-item></text:list>" * 120),
    )
    wide = " ".join(f'a{number}="{number}"' for number in range(60_000))
    yield Odd("many-attributes.docx", docx(f"<w:p {wide}/>" + paragraph(STORY[0])))
    yield Odd("long-attribute.docx", docx(f'<w:p a="{"x" * 5_000_000}"/>' + paragraph(STORY[0])))
    yield Odd("long-name.docx", docx(f"<{'x' * 2_000_000}/>" + paragraph(STORY[0])))
    yield Odd(
        "many-spaces.docx",
        docx("<w:p " + " ".join(f'xmlns:n{n}="u{n}"' for n in range(20_000)) + "/>" + paragraph("a")),
    )
    main = making.body_xml("".join(map(paragraph, STORY)))
    for charset in ("utf-16", "utf-32", "latin-1", "utf-7", "ebcdic-cp-be", "no-such"):
        declared = main.replace('encoding="UTF-8"', f'encoding="{charset}"')
        encoded = declared.encode("utf-16" if charset == "utf-16" else "utf-8")
        yield Odd(f"xml-{charset}.docx", zipped({**docx_parts(), "word/document.xml": encoded}))
    yield Odd(
        "invalid-utf8.docx", zipped({**docx_parts(), "word/document.xml": main.encode().replace("ô".encode(), b"\xf4")})
    )
    yield Odd("nul.docx", zipped({**docx_parts(), "word/document.xml": main.replace("ông", "ô\0ng")}))
    yield Odd("control.docx", docx(paragraph("Một dòng").replace("dòng", "&#x1;dòng")))
    yield Odd("surrogate.docx", docx(paragraph("Một dòng").replace("dòng", "&#xD800;dòng")))
    yield Odd("noncharacter.docx", docx(paragraph("Một dòng \ufffd\ue000\U000f0000 và chữ \u202e ngược \u200f")))
    yield Odd(
        "cyclic-styles.docx",
        docx(
            paragraph(STORY[0], '<w:pStyle w:val="a"/>'),
            **{
                "word/styles.xml": _xml(
                    f'<w:styles xmlns:w="{making.W}"><w:style w:styleId="a"><w:basedOn w:val="b"/></w:style>'
                    '<w:style w:styleId="b"><w:basedOn w:val="a"/></w:style></w:styles>'
                )
            },
        ),
    )
    yield Odd(
        "odd-numbers.docx",
        docx(
            paragraph(
                STORY[0],
                '<w:numPr><w:ilvl w:val="-1"/><w:numId w:val="99999999999999999999"/></w:numPr>'
                '<w:outlineLvl w:val="٣"/>',
            )
        ),
    )
    yield Odd("unclosed.docx", zipped({**docx_parts(), "word/document.xml": main.replace("</w:body>", "")}))
    yield Odd("stray-ends.docx", docx("<w:r><w:t>a</w:t></w:r><w:tc/><w:t>b</w:t>" + paragraph(STORY[1])))


@maker
def large_texts() -> Iterator[Odd]:
    rng = random.Random(7)
    words = [f"{rng.randrange(16**6):x}" for _ in range(20_000)]
    yield Odd(
        "paragraphs-300000.docx",
        docx("".join(f"<w:p><w:r><w:t>{rng.choice(words)}</w:t></w:r></w:p>" for _ in range(300_000))),
    )
    yield Odd("paragraphs-1000000.docx", docx("<w:p/>" * 1_000_000))
    yield Odd(
        "runs-150000.docx",
        docx(
            "<w:p>"
            + "".join(
                f"<w:r><w:rPr><w:b/></w:rPr><w:t>{n % 7} {rng.choice(words)[0]}</w:t></w:r><w:r><w:t>,</w:t></w:r>"
                for n in range(75_000)
            )
            + "</w:p>"
        ),
    )
    yield Odd("one-word.docx", docx(paragraph("a" * 190_000)))
    yield Odd(
        "rows-40000.docx",
        docx(
            "<w:tbl>"
            + "".join(
                f"<w:tr><w:tc>{paragraph(rng.choice(words))}</w:tc><w:tc>{paragraph('b')}</w:tc></w:tr>"
                for n in range(40_000)
            )
            + "</w:tbl>"
        ),
    )
    yield Odd(
        "spans-100000.odt",
        odt(
            "<text:p>"
            + "".join(f"<text:span>{rng.choice(words)[:2]}</text:span>" for _ in range(100_000))
            + "</text:p>"
        ),
    )
    yield Odd("lines-1000000.txt", b"\n\na" * 1_000_000)
    yield Odd("marks-190000.md", b"**" * 95_000)
    yield Odd("marks-odd.md", b"*a **b _c __d " * 13_000)
    yield Odd("brackets.md", b"[" * 95_000 + b"](" * 45_000)
    yield Odd("pictures.md", b"![a](" * 39_000)
    yield Odd("combining.txt", ("a" + "\u0301" * 190_000).encode())
    yield Odd("one-line.txt", "một từ nữa ".encode() * 18_000)
    yield Odd("legacy-long.txt", to_legacy(TEXT + "\n\n", "tcvn3").encode("latin-1", "replace") * 800)


# Word: what documents carry beside their text


@maker
def word_parts() -> Iterator[Odd]:
    def related(*entries: tuple[str, str, str, bool], body: str = "") -> bytes:
        text = "".join(map(paragraph, STORY)) + body
        return docx(text, **{"word/_rels/document.xml.rels": relations(*entries)})

    yield Odd(
        "outside-image.docx",
        related(("rId1", "image", "http://127.0.0.1:9/a.png", True), body=making.blip("rId1", "link")),
    )
    yield Odd(
        "outside-file.docx", related(("rId1", "image", "file:///etc/passwd", True), body=making.blip("rId1", "link"))
    )
    yield Odd(
        "unc-image.docx", related(("rId1", "image", "\\\\127.0.0.1\\a\\b.png", True), body=making.blip("rId1", "link"))
    )
    yield Odd("template.docx", related(("rId1", "attachedTemplate", "http://127.0.0.1:9/t.dotm", True)))
    yield Odd("frame.docx", related(("rId1", "frame", "http://127.0.0.1:9/", True)))
    yield Odd(
        "object-link.docx",
        related(("rId1", "oleObject", "http://127.0.0.1:9/", True), body="<w:p><w:r><w:object/></w:r></w:p>"),
    )
    yield Odd(
        "image-climbs.docx", related(("rId1", "image", "../../../../etc/passwd", False), body=making.blip("rId1"))
    )
    yield Odd("image-absolute.docx", related(("rId1", "image", "/word/document.xml", False), body=making.blip("rId1")))
    yield Odd("image-nowhere.docx", related(body=making.blip("rId9")))
    yield Odd("chunk.docx", related(("rId1", "aFChunk", "evil.html", False), body='<w:altChunk r:id="rId1"/>'))
    types = making.content_types(making.MACRO_TYPE)
    macro = {**docx_parts(), "[Content_Types].xml": types, "word/vbaProject.bin": making.ole("VBA", "ThisDocument")}
    yield Odd("macro.docm", zipped(macro))
    yield Odd("macro.docx", zipped(macro))
    yield Odd(
        "field.docx",
        docx(
            '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
            '<w:r><w:instrText>DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe "/k calc"</w:instrText></w:r>'
            '<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>' + paragraph(STORY[0])
        ),
    )
    yield Odd(
        "include.docx",
        docx(
            '<w:p><w:fldSimple w:instr="INCLUDETEXT file:///etc/passwd"><w:r><w:t>a</w:t></w:r></w:fldSimple></w:p>'
            + paragraph(STORY[0])
        ),
    )
    yield Odd(
        "script-text.docx",
        docx(paragraph("<script>alert(1)</script>") + paragraph("[photo:abc]") + paragraph("{{7*7}} %(x)s %s")),
    )
    yield Odd("hidden.docx", docx(paragraph("Ẩn", run="<w:vanish/>") + paragraph(STORY[0])))
    yield Odd(
        "legacy-font.docx",
        docx("".join(paragraph(to_legacy(line, "tcvn3"), run='<w:rFonts w:ascii=".VnTime"/>') for line in STORY)),
    )
    yield Odd(
        "legacy-vni.docx",
        docx("".join(paragraph(to_legacy(line, "vni"), run='<w:rFonts w:ascii="VNI-Times"/>') for line in STORY)),
    )
    yield Odd(
        "legacy-font-on-unicode.docx",
        docx("".join(paragraph(line, run='<w:rFonts w:ascii=".VnTime"/>') for line in STORY)),
    )
    yield Odd(
        "strict.docx",
        zipped(
            {
                name: (
                    part.replace(
                        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
                        "http://purl.oclc.org/ooxml/wordprocessingml/main",
                    )
                    if isinstance(part, str)
                    else part
                )
                for name, part in docx_parts().items()
            }
        ),
    )


@maker
def pictures_inside() -> Iterator[Odd]:
    def with_picture(name: str, content: bytes) -> Odd:
        return Odd(f"picture-{name}.docx", making.docx_with_images({"a.png": content}))

    yield with_picture("zero-pixels", making.png_claiming(0, 0))
    yield with_picture("huge", making.png_claiming(2**31 - 1, 2**31 - 1))
    yield with_picture("lying", making.png_claiming(20_000, 20_000))
    yield with_picture("cut", picture(kind="PNG")[:200])
    yield with_picture("one-pixel", picture(1, 1, "PNG"))
    yield with_picture("text", b"not a picture at all")
    yield with_picture("empty", b"")
    yield with_picture("svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    yield with_picture("gif-js", b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)")
    yield with_picture("jpeg-zip", picture() + docx())
    yield with_picture("jpeg-head", b"\xff\xd8\xff" + _noise(5000))
    yield with_picture("webp-head", b"RIFF\x10\0\0\0WEBPVP8 " + _noise(500))
    yield with_picture("heic-head", b"\0\0\0\x18ftypheic" + _noise(500))
    yield Odd(
        "pictures-60.docx",
        making.docx_with_images({f"{n}.png": picture(300, 300, "PNG", f"#{n * 4:02x}0000") for n in range(60)}),
    )
    yield Odd("picture-14-mb.docx", making.docx_with_images({"a.jpg": b"\xff\xd8\xff" + _noise(14_000_000)}))


@maker
def protected() -> Iterator[Odd]:
    yield Odd("password.docx", making.ole("EncryptionInfo", "EncryptedPackage"))
    yield Odd("password.doc", making.ole("EncryptedPackage"))
    manifest = (
        '<?xml version="1.0"?><m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<m:file-entry m:full-path="content.xml"><m:encryption-data m:checksum="x"/></m:file-entry></m:manifest>'
    )
    yield Odd(
        "password.odt",
        zipped({"mimetype": making.ODT_TYPE, "content.xml": _noise(300), "META-INF/manifest.xml": manifest}),
    )
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [] /Count 0 >>",
        3: b"<< /Filter /Standard /V 2 /R 3 /Length 128 /P -3904 /O <" + b"28" * 32 + b"> /U <" + b"31" * 32 + b"> >>",
    }
    yield Odd("password.pdf", pdf_of(objects, trailer=b"/Root 1 0 R /Encrypt 3 0 R /ID [<00><00>]"))
    yield Odd("old.doc", making.ole("WordDocument", "1Table"))
    yield Odd("old.xls", making.ole("Workbook"))
    yield Odd("old.ppt", making.ole("PowerPoint Document"))
    yield Odd("other.msi", making.ole("Binary.Something"))


@maker
def other_kinds() -> Iterator[Odd]:
    html = f"<!DOCTYPE html><html><body><p>{STORY[0]}</p><script>alert(1)</script></body></html>".encode()
    rtf = b"{\\rtf1\\ansi{\\object\\objdata 0105000002000000}\\par Xin ch\\'e0o}"
    files = {
        "html.doc": html,
        "html.docx": html,
        "html.txt": html,
        "comment.html": b"<!-- a --><html>" + html,
        "rtf.doc": rtf,
        "rtf.rtf": rtf,
        "deep.rtf": b"{\\rtf1" + b"{" * 200_000,
        "saved.mht": b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n" + html,
        "saved.doc": b"From: <Saved by Word>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n",
        "word2003.xml": b'<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDocument/>',
        "laughs.xml": _xml(f"<!DOCTYPE d [{_LAUGHS}]><a>&l9;</a>").encode(),
        "picture.jpg": picture(),
        "picture.png": picture(kind="PNG"),
        "picture.heic": b"\0\0\0\x18ftypheic" + bytes(100),
        "picture.webp": picture(kind="WEBP"),
        "picture.gif": b"GIF89a" + bytes(50),
        "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><text>a</text></svg>",
        "archive.rar": b"Rar!\x1a\x07\x01\0" + _noise(500),
        "archive.7z": b"7z\xbc\xaf\x27\x1c" + _noise(500),
        "archive.gz": b"\x1f\x8b\x08\0" + _noise(500),
        "program.exe": b"MZ" + _noise(500),
        "program": b"\x7fELF" + _noise(500),
        "script.sh": b"#!/bin/sh\necho a\n",
        "video.mp4": b"\0\0\0\x20ftypisom" + bytes(500),
        "sound.mp3": b"ID3\x04" + _noise(5000),
        "font.ttf": b"\0\x01\0\0" + _noise(5000),
        "database.sqlite": b"SQLite format 3\0" + bytes(4000),
        "mail.eml": b"Received: from x\r\nSubject: a\r\n\r\nXin chao ban to chuc\r\n",
        "sheet.csv": "Tên,Tuổi\nSỹ,70\n".encode(),
        "sheet.xlsx": xlsx('<row r="1">' + making.inline("A1", "a") + "</row>"),
    }
    for name, content in files.items():
        yield Odd(f"other-{name}", content)


@maker
def polyglots() -> Iterator[Odd]:
    yield Odd("pdf-and-zip.pdf", pdf("A text with a zip behind it.") + docx())
    yield Odd("pdf-and-zip.docx", b"%PDF-1.7\n" + docx())
    yield Odd("pdf-in-first-part.docx", zipped({"%PDF-1.4": "%PDF-1.4", **docx_parts()}, zipfile.ZIP_STORED))
    yield Odd("gif-and-js.docx", b"GIF89a/*" + docx() + b"*/")
    yield Odd("html-and-docx.docx", b"<html><script>alert(1)</script><!--" + docx())
    yield Odd("docx-and-html.docx", docx() + b"<html><script>alert(1)</script>")
    yield Odd("jpeg-and-docx.docx", picture() + docx())
    yield Odd("script-and-docx.docx", b"#!/bin/sh\nexit\n" + docx())
    yield Odd("text-and-docx.txt", b"Mot cau chuyen hay. " * 20 + docx())
    yield Odd(
        "two-mains.docx",
        zipped({**docx_parts(), "mimetype": making.ODT_TYPE, "content.xml": making.odt_xml("<text:p>B</text:p>")}),
    )
    both = making.content_types().replace(
        "</Types>",
        '<Override PartName="/xl/workbook.xml"'
        ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
    )
    yield Odd("two-types.docx", zipped({**docx_parts(), "[Content_Types].xml": both}))


@maker
def encodings() -> Iterator[Odd]:
    for charset in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7"):
        yield Odd(f"text-{charset}.txt", TEXT.encode(charset))
    yield Odd("text-tcvn3.txt", to_legacy(TEXT, "tcvn3").encode("cp1252", "replace"))
    yield Odd("text-vni.txt", to_legacy(TEXT, "vni").encode("cp1252", "replace"))
    yield Odd("text-tcvn3-utf8.txt", to_legacy(TEXT, "tcvn3").encode())
    yield Odd("text-cp1258.txt", "Bà con đi chợ về làng, cả nhà vui.".encode("cp1258", "replace") * 5)
    yield Odd("text-shift-jis.txt", "これは日本語の文章です。".encode("shift-jis") * 20)
    yield Odd("text-gb18030.txt", "这是一个中文的故事。".encode("gb18030") * 20)
    yield Odd("text-koi8.txt", "Это история о хорошем человеке. ".encode("koi8-r") * 20)
    yield Odd("text-half-surrogate.txt", b"Mot cau \xed\xa0\x80 chuyen hay")
    yield Odd("text-utf16-half.txt", TEXT.encode("utf-16-le")[:-1])
    yield Odd("text-utf16-surrogate.txt", "Một câu ".encode("utf-16") + b"\x00\xd8" + "chuyện".encode("utf-16-le"))
    yield Odd("text-nul.txt", b"Mot cau\0chuyen hay " * 20)
    yield Odd("text-controls.txt", bytes(range(1, 32)) * 50)
    yield Odd("text-escape.txt", b"\x1b[31mMot cau chuyen hay ve mot nguoi tot\x1b[0m trong lang ta xua nay\n" * 3)
    yield Odd("text-bidi.txt", "Một \u202ecâu\u202c chuyện \u2066ẩn\u2069 \u200b\u200d".encode())
    yield Odd("text-nfd.txt", "Bà con quý ông".encode().decode().encode("utf-8") * 3)
    yield Odd("text-mixed-lines.txt", "a dòng\r\nb dòng\rc dòng\n\x0bd dòng\x0ce \u2028f\u2029g\x85h".encode())
    yield Odd("text-private.txt", ("\ue000\uf8ff" * 500 + " một vài chữ").encode())
    yield Odd("text-overlong.txt", b"Mot cau \xc0\xaf chuyen hay")


@maker
def hostile_pdfs() -> Iterator[Odd]:
    yield Odd("pages-500.pdf", pdf("A page like any other one.", pages=500))
    yield Odd("pages-199.pdf", pdf(*["A line of a page like any other one, filled to its end."] * 30, pages=199))
    yield Odd("pictures.pdf", pdf(image=True))
    yield Odd(
        "no-pages.pdf", pdf_of({1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [] /Count 0 >>"})
    )
    yield Odd(
        "count-lies.pdf",
        pdf_of({1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [] /Count 2000000000 >>"}),
    )
    yield Odd(
        "own-parent.pdf",
        pdf_of({1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"}),
    )
    script = b"9 0 obj\n<< /S /JavaScript /JS (app.alert\\(1\\)) >>\nendobj\n"
    yield Odd(
        "script.pdf",
        pdf("A text with a script that nobody runs.", extra=script).replace(
            b"/Pages 2 0 R", b"/Pages 2 0 R /OpenAction 9 0 R"
        ),
    )
    launch = b"9 0 obj\n<< /S /Launch /F (cmd.exe) >>\nendobj\n"
    yield Odd("launch.pdf", pdf("A text with an action that nobody runs.", extra=launch))

    def streamed(stream: bytes, filters: bytes) -> bytes:
        return pdf_of(
            {
                1: b"<< /Type /Catalog /Pages 2 0 R >>",
                2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 5 0 R"
                b" /Resources << /Font << /F1 4 0 R >> >> >>",
                4: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
                5: b"<< /Length %d /Filter %s >>\nstream\n%s\nendstream" % (len(stream), filters, stream),
            }
        )

    layer = zlib.compress(bytes(200_000_000), 9)
    yield Odd("stream-bomb.pdf", streamed(layer, b"/FlateDecode"))
    yield Odd("stream-bomb-twice.pdf", streamed(zlib.compress(layer, 9), b"[/FlateDecode /FlateDecode]"))
    deep = b"BT /F1 9 Tf " + b"q " * 500_000 + b"(a) Tj ET"
    yield Odd("deep-states.pdf", streamed(zlib.compress(deep, 9), b"/FlateDecode"))
    many = b"BT /F1 9 Tf 9 TL 50 750 Td " + b"(word by word by word) Tj T* " * 60_000 + b"ET"
    yield Odd("many-words.pdf", streamed(zlib.compress(many, 9), b"/FlateDecode"))
    shapes = b"0 0 m 9 9 l S " * 400_000
    yield Odd("many-shapes.pdf", streamed(zlib.compress(shapes, 9), b"/FlateDecode"))
    yield Odd("brackets.pdf", b"%PDF-1.7\n1 0 obj\n" + b"[" * 500_000 + b"\nendobj\ntrailer << /Root 1 0 R >>")
    yield Odd(
        "xref-loop.pdf",
        b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 1 /Root 1 0 R /Prev 9 >>\nstartxref\n9\n%%EOF",
    )


SHEETS: list[Maker] = []


def sheet_maker(function: Maker) -> Maker:
    SHEETS.append(function)
    return function


@functools.cache
def sheets() -> tuple[Odd, ...]:
    """Files that are sent as a bundle's sheet."""
    return tuple(odd for make in SHEETS for odd in make())


@sheet_maker
def odd_sheets() -> Iterator[Odd]:
    row = '<row r="1">' + making.inline("A1", "Họ tên") + making.inline("B1", "Tệp") + "</row>"
    yield Odd("sheet-whole.xlsx", xlsx(row))
    yield Odd("sheet-empty.xlsx", xlsx(""))
    many = "".join(f'<row r="{n}"><c r="A{n}"><v>{n * 7919 % 100_003}</v></c></row>' for n in range(1, 120_001))
    yield Odd("sheet-rows-120000.xlsx", xlsx(many))
    yield Odd("sheet-far-row.xlsx", xlsx('<row r="1048576"><c r="A1048576"><v>1</v></c></row>'))
    yield Odd("sheet-huge-row.xlsx", xlsx('<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>'))
    yield Odd("sheet-far-column.xlsx", xlsx('<row r="1"><c r="XFD1"><v>1</v></c></row>'))
    yield Odd("sheet-odd-reference.xlsx", xlsx('<row r="x"><c r="??"><v>1</v></c></row>'))
    wide = "".join(f"<c><v>{n}</v></c>" for n in range(16_000))
    yield Odd("sheet-wide.xlsx", xlsx(f'<row r="1">{wide}</row>'))
    yield Odd("sheet-shared-missing.xlsx", xlsx('<row r="1"><c r="A1" t="s"><v>99999999</v></c></row>'))
    yield Odd("sheet-date-huge.xlsx", xlsx('<row r="1"><c r="A1" t="d"><v>999999-99-99</v></c></row>'))
    yield Odd("sheet-number-huge.xlsx", xlsx(f'<row r="1"><c r="A1"><v>{"9" * 50_000}</v></c></row>'))
    yield Odd(
        "sheet-formula.xlsx",
        xlsx('<row r="1"><c r="A1" t="str"><f>HYPERLINK("http://127.0.0.1:9")</f><v>a</v></c></row>'),
    )
    yield Odd("sheet-formula-bare.xlsx", xlsx('<row r="1"><c r="A1"><f>1+1</f></c></row>'))
    yield Odd("sheet-laughs.xlsx", xlsx(row, **{"xl/sharedStrings.xml": _xml(f"<!DOCTYPE d [{_LAUGHS}]><a>&l9;</a>")}))
    yield Odd(
        "sheet-bomb.xlsx",
        xlsx(row, **{"xl/sharedStrings.xml": _xml("<sst>" + "<si><t>a</t></si>" * 1_400_000 + "</sst>")}),
    )
    yield Odd("sheet-styles-bomb.xlsx", xlsx(row, **{"xl/styles.xml": _xml("<a>" + " " * 23_000_000 + "</a>")}))
    yield Odd("sheet-macro.xlsm", xlsx(row, **{"xl/vbaProject.bin": b"x"}))
    yield Odd("sheet-old.xls", making.ole("Workbook"))
    yield Odd("sheet-password.xlsx", making.ole("EncryptedPackage"))
    yield Odd("sheet-is-docx.xlsx", docx())
    yield Odd("sheet-is-pdf.xlsx", pdf("Not a sheet, but a text."))
    for percent in (10, 50, 90):
        content = xlsx(row)
        yield Odd(f"sheet-cut-{percent}.xlsx", content[: len(content) * percent // 100])
    yield Odd("sheet-rows.csv", b"a,b\n" * 400_000)
    yield Odd("sheet-quote.csv", b'a,"b\n' + b"x,y\n" * 50_000)
    yield Odd("sheet-cell.csv", b'a,"' + b"x" * 300_000 + b'"\n')
    yield Odd("sheet-commas.csv", b"," * 1_000_000)
    yield Odd("sheet-nul.csv", b"a,b\0c\n" * 20)
    yield Odd("sheet-empty.csv", b"")
    yield Odd("sheet-blank.csv", b"\n" * 500_000)
    yield Odd(
        "sheet-tcvn3.csv",
        to_legacy("Họ tên;Tệp\nTrần Đình Sỹ;bai1.docx\nNgười tốt việc tốt ở làng;b", "tcvn3").encode(
            "cp1252", "replace"
        ),
    )
    yield Odd("sheet-utf16.csv", "Họ tên\tTệp\nTrần Đình Sỹ\tbai1.docx\n".encode("utf-16"))


def write_to(folder: Path) -> int:
    """Write every file into `folder`, numbered, since some names are made to cause harm. Returns their number."""
    folder.mkdir(parents=True, exist_ok=True)
    files = (*corpus(), *sheets())
    for number, odd in enumerate(files, start=1):
        safe = "".join(char if char.isascii() and (char.isalnum() or char in "-.") else "_" for char in odd.name[-60:])
        (folder / f"{number:03}-{safe.lstrip('.')}").write_bytes(odd.content)
    return len(files)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.documents.corpus DIR")
    sys.stdout.write(f"{write_to(Path(sys.argv[1]))} files\n")
