"""What a file is, told by its bytes. Its name is only compared."""

from __future__ import annotations

import re

from contest.documents.packages import Package
from contest.documents.rules import CSV, DOC, DOCX, MARKDOWN, ODT, PDF, RTF, TEXT, XLSX, Limits, Trouble

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ARCHIVES = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"(\xb5/\xfd")
_PROGRAMS = (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa", b"\xcf\xfa\xed\xfe", b"#!/")
_PICTURES = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"BM",
    b"II*\x00",
    b"MM\x00*",
    b"\x00\x00\x01\x00",
)
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|meta|script|table|svg|div|p|iframe)\b", re.IGNORECASE)
_MHT = re.compile(rb"(?:^|\n)mime-version:", re.IGNORECASE)
_MAIN_TYPES = (
    ("wordprocessingml", DOCX),
    ("ms-word.document", DOCX),
    ("ms-word.template", DOCX),
    ("spreadsheetml", XLSX),
    ("ms-excel.sheet", XLSX),
    ("presentationml", "slides"),
)
_OPEN_TYPES = {
    b"application/vnd.oasis.opendocument.text": ODT,
    b"application/vnd.oasis.opendocument.text-template": ODT,
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.presentation": "slides",
}
# What an extension promises.
EXTENSIONS = {
    "docx": DOCX,
    "docm": DOCX,
    "dotx": DOCX,
    "odt": ODT,
    "ott": ODT,
    "txt": TEXT,
    "md": MARKDOWN,
    "markdown": MARKDOWN,
    "pdf": PDF,
    "doc": DOC,
    "rtf": RTF,
    "xlsx": XLSX,
    "csv": CSV,
    "tsv": CSV,
}


def extension_of(name: str) -> str:
    """`docx` of "Bài viết.DOCX"; "" without one."""
    stem, dot, extension = name.rpartition(".")
    return extension.strip().lower()[:12] if dot and stem else ""


class _Types:
    """Listens to [Content_Types].xml for what the package is."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        kind = attributes.get("ContentType", "").lower()
        if "main+xml" in kind:
            self.kinds |= {found for word, found in _MAIN_TYPES if word in kind}

    def end(self, name: str) -> None:
        pass

    def data(self, text: str) -> None:
        pass


def _kind_of_package(package: Package) -> str:
    """The format of a zip. Raises Trouble: what to do with one that is none of ours."""
    if "mimetype" in package.names:
        kind = package.read("mimetype", 200).strip()
        if kind in _OPEN_TYPES:
            return _OPEN_TYPES[kind]
    if "[Content_Types].xml" in package.names:
        types = _Types()
        package.feed("[Content_Types].xml", types)
        if len(types.kinds) > 1:
            raise Trouble("mixed")
        if types.kinds:
            return types.kinds.pop()
        if "word/document.xml" in package.names:
            return DOCX
        if "xl/workbook.xml" in package.names:
            return XLSX
    if any(name in package.names for name in ("AndroidManifest.xml", "META-INF/MANIFEST.MF")):
        raise Trouble("program")
    raise Trouble("zip")


def _kind_of_ole(content: bytes) -> str:
    """The format of an OLE file, by the names of its streams. Raises Trouble."""

    def holds(name: str) -> bool:
        return name.encode("utf-16-le") in content

    if holds("EncryptedPackage") or holds("EncryptionInfo"):
        raise Trouble("password")
    if holds("WordDocument"):
        return DOC
    if holds("Workbook") or holds("Book"):
        return "xls"
    if holds("PowerPoint Document"):
        raise Trouble("slides")
    raise Trouble("unknown")


def sniff(content: bytes, name: str, limits: Limits) -> tuple[str, Package | None]:
    """The format of `content`, and its package when it is a zip. Raises Trouble for what is no text or sheet."""
    head = content[:4096]
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if head.startswith(b"PK\x03\x04"):
        if b"%PDF-" in content[:1024]:
            raise Trouble("mixed")
        package = Package(content, limits)
        return _kind_of_package(package), package
    if head.startswith((b"PK\x05\x06", b"PK\x07\x08")):
        raise Trouble("broken")
    if head.startswith(_OLE):
        return _kind_of_ole(content), None
    if b"%PDF-" in head[:1024]:
        if not start.startswith(b"%PDF-") or _ends_as_zip(content):
            raise Trouble("mixed")
        return PDF, None
    if start.startswith(b"{\\rtf"):
        return RTF, None
    if head.startswith(_PICTURES) or head[8:12] == b"WEBP" or head[4:8] == b"ftyp":
        raise Trouble("picture")
    if head.startswith(_ARCHIVES):
        raise Trouble("archive")
    if head.startswith(_PROGRAMS):
        raise Trouble("program")
    if _ends_as_zip(content):
        raise Trouble("mixed")
    if start.startswith(b"<?xml"):
        raise Trouble("html" if _HTML.search(head) else "xml")
    if _HTML.match(start) or (start.startswith(b"<!--") and _HTML.search(head)):
        raise Trouble("html")
    if _MHT.search(head) and (b"<html" in head.lower() or b"multipart/related" in head.lower()):
        raise Trouble("html")
    promised = EXTENSIONS.get(extension_of(name))
    if promised in {DOCX, ODT, DOC, PDF, RTF, XLSX} and not _is_text(content):
        raise Trouble("broken")
    return promised if promised in {TEXT, MARKDOWN, CSV} else TEXT, None


def _is_text(content: bytes) -> bool:
    """Whether a file that was to be something else is a text all the same, and not the rest of that something."""
    if len(content) < 20 or b"endobj" in content or b"endstream" in content:
        return False
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.startswith((b"\xff\xfe", b"\xfe\xff"))
    return b"\0" not in content


def _ends_as_zip(content: bytes) -> bool:
    at = content.rfind(b"PK\x05\x06", max(0, len(content) - 66_000))
    return at >= 0 and b"PK\x01\x02" in content[max(0, at - 1_000_000) : at]
