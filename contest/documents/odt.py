"""Reading .odt as a stream: the same blocks as from .docx, by the names of OpenDocument."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from contest.documents.found import Found, Part, Piece
from contest.documents.legacy import font_encoding, is_capital_font
from contest.documents.packages import Package
from contest.documents.rules import Limits, Trouble

_SKIPPED = {
    "note": "footnotes",
    "annotation": "comments",
    "annotation-end": "",
    "tracked-changes": "",
    "table-of-content": "contents",
    "bibliography": "",
    "alphabetical-index": "",
    "math": "formulae",
    "object-ole": "objects",
    "forms": "",
    "sequence-decls": "",
    "variable-decls": "",
    "user-field-decls": "",
    "desc": "",
    "title": "",
}
_COUNTED = {"a": "links", "table": "tables", "text-box": "boxes", "object": "charts"}
_QUOTES = ("quotation", "quote", "trích dẫn")


@dataclass(slots=True)
class _Style:
    name: str = ""
    parent: str = ""
    bold: bool | None = None
    italic: bool | None = None
    hidden: bool = False
    font: str = ""


class _Styles:
    """Listens to styles.xml and to the automatic styles of content.xml."""

    def __init__(self) -> None:
        self.styles: dict[str, _Style] = {}
        self.ordered: dict[str, bool] = {}  # list style -> whether its first level counts
        self._style: _Style | None = None
        self._list = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "style":
            own = attributes.get("name", "")
            self._style = _Style(
                name=attributes.get("display-name", own).lower(), parent=attributes.get("parent-style-name", "")
            )
            self.styles[own] = self._style
        elif name == "list-style":
            self._list = attributes.get("name", "")
        elif name.startswith("list-level-style-") and self._list:
            self.ordered.setdefault(self._list, name.endswith("number"))
        elif name == "text-properties" and self._style is not None:
            style = self._style
            if "font-weight" in attributes:
                style.bold = attributes["font-weight"] == "bold" or attributes["font-weight"] >= "600"
            if "font-style" in attributes:
                style.italic = attributes["font-style"] in {"italic", "oblique"}
            style.hidden = attributes.get("display") == "none"
            style.font = attributes.get("font-name") or attributes.get("font-family", "").strip("'\"")

    def end(self, name: str) -> None:
        if name == "style":
            self._style = None
        elif name == "list-style":
            self._list = ""

    def data(self, text: str) -> None:
        pass

    def chain(self, name: str) -> list[_Style]:
        found: list[_Style] = []
        while name in self.styles and len(found) < 20:
            found.append(self.styles[name])
            name = found[-1].parent
        return found


@dataclass(slots=True)
class _Paragraph:
    part: Part
    style: str = ""
    images: list[Part] = field(default_factory=list)


class _Body:
    """Listens to content.xml."""

    def __init__(self, found: Found, package: Package, styles: _Styles) -> None:
        self._found = found
        self._package = package
        self._styles = styles
        self._skip = 0
        self._in_body = False
        self._in_automatic = False
        self._paragraphs: list[_Paragraph] = []
        self._spans: list[str] = []
        self._lists: list[bool] = []
        self._first_in_item = False
        self._rows: list[list[list[Part]]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "automatic-styles":
            self._in_automatic = True
        if self._in_automatic:
            self._styles.start(name, attributes)
            return
        if name == "body":
            self._in_body = True
        if not self._in_body:
            return
        if self._skip:
            self._skip += 1
            if name == "deletion":
                self._found.counts["deletions"] += 1
            elif name == "insertion":
                self._found.counts["insertions"] += 1
            return
        if name in _SKIPPED:
            self._skip = 1
            if _SKIPPED[name]:
                self._found.counts[_SKIPPED[name]] += 1
            return
        if name in _COUNTED:
            self._found.counts[_COUNTED[name]] += 1
        getattr(self, "_start_" + name.replace("-", "_"), self._nothing)(attributes)

    def end(self, name: str) -> None:
        if self._in_automatic:
            self._styles.end(name)
            self._in_automatic = name != "automatic-styles"
            return
        if self._skip:
            self._skip -= 1
            return
        if self._in_body:
            getattr(self, "_end_" + name.replace("-", "_"), self._nothing)()

    def data(self, text: str) -> None:
        if not self._skip and self._in_body and self._paragraphs:
            # White space is one blank here; blanks that count are elements of their own.
            words = " ".join(text.split())
            lead, trail = text[:1].isspace(), text[-1:].isspace()
            self._say(" " if not words else " " * lead + words + " " * trail)

    def _nothing(self, *_: Any) -> None:
        pass

    def _say(self, text: str) -> None:
        if not self._paragraphs:
            return
        paragraph = self._paragraphs[-1]
        spans = [style for span in reversed(self._spans) for style in self._styles.chain(span)]
        styles = [*spans, *self._styles.chain(paragraph.style)]
        if any(style.hidden for style in spans):
            self._found.counts["hidden"] += 1
            return
        # An automatic style of the paragraph carries its emphasis; a named one (a heading) carries looks.
        own = self._styles.styles.get(paragraph.style)
        told = [*spans, own] if own is not None and own.parent else spans
        font = next((style.font for style in styles if style.font), "")
        paragraph.part.pieces.append(
            Piece(
                text=text,
                bold=next((style.bold for style in told if style.bold is not None), False),
                italic=next((style.italic for style in told if style.italic is not None), False),
                font=font_encoding(font) or "",
                capital=is_capital_font(font),
            )
        )

    # Blocks

    def _start_h(self, attributes: dict[str, str]) -> None:
        self._begin(attributes, "heading")

    def _start_p(self, attributes: dict[str, str]) -> None:
        kind = "paragraph"
        if self._lists and self._first_in_item:
            kind = "number" if self._lists[-1] else "bullet"
            self._first_in_item = False
        self._begin(attributes, kind)

    def _begin(self, attributes: dict[str, str], kind: str) -> None:
        style = attributes.get("style-name", "")
        # A style that the file names without defining it still tells by its name.
        names = [style.lower(), *(each.name for each in self._styles.chain(style))]
        part = Part(kind=kind)
        if kind == "paragraph":
            if any(name.startswith(_QUOTES) for name in names):
                part.kind = "quote"
            part.title = "title" in names
            part.caption = any(name in {"caption", "illustration", "figure"} for name in names)
        self._paragraphs.append(_Paragraph(part=part, style=style))

    def _end_h(self) -> None:
        self._end_p()

    def _end_p(self) -> None:
        if not self._paragraphs:
            return
        paragraph = self._paragraphs.pop()
        for part in (paragraph.part, *paragraph.images):
            self._emit(part)

    def _emit(self, part: Part) -> None:
        if self._rows:
            if self._rows[-1]:
                self._rows[-1][-1].append(part)
        else:
            self._found.add(part)

    def _start_list(self, attributes: dict[str, str]) -> None:
        style = attributes.get("style-name", "")
        inherited = self._lists[-1] if self._lists else False
        self._lists.append(self._styles.ordered.get(style, inherited))

    def _end_list(self) -> None:
        if self._lists:
            self._lists.pop()

    def _start_list_item(self, attributes: dict[str, str]) -> None:
        self._first_in_item = True

    # Inside a line

    def _start_span(self, attributes: dict[str, str]) -> None:
        self._spans.append(attributes.get("style-name", ""))

    def _end_span(self) -> None:
        if self._spans:
            self._spans.pop()

    def _start_s(self, attributes: dict[str, str]) -> None:
        self._say(" ")

    def _start_tab(self, attributes: dict[str, str]) -> None:
        self._say(" ")

    def _start_line_break(self, attributes: dict[str, str]) -> None:
        self._say("\n")

    # Tables become lines, one a row

    def _start_table_row(self, attributes: dict[str, str]) -> None:
        self._rows.append([])

    def _start_table_cell(self, attributes: dict[str, str]) -> None:
        if self._rows:
            self._rows[-1].append([])

    def _end_table_row(self) -> None:
        if not self._rows:
            return
        row = self._rows.pop()
        cells = [[part for part in cell if part.photo or part.pieces] for cell in row]
        line: list[Piece] = []
        for cell in cells:
            written = [piece for part in cell if not part.photo for piece in (*part.pieces, Piece(" "))][:-1]
            if line and written:
                line.append(Piece(" | "))
            line += written
        if line:
            self._emit(Part(pieces=line))
        for photo in (part for cell in cells for part in cell if part.photo):
            self._emit(photo)

    # Pictures

    def _start_image(self, attributes: dict[str, str]) -> None:
        name = attributes.get("href", "").removeprefix("./")
        most = self._found.limits.image_bytes
        if not name:
            self._found.counts["odd_images"] += 1
        elif name not in self._package.names:
            self._found.counts["linked_images"] += 1
        elif self._package.size(name) > most:
            self._found.counts["large_images"] += 1
        elif (part := self._found.add_image(self._package.read(name, most))) is not None:
            if self._paragraphs:
                self._paragraphs[-1].images.append(part)
            else:
                self._emit(part)


class _Manifest:
    """Listens to the manifest: whether the parts are encrypted."""

    def __init__(self) -> None:
        self.encrypted = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.encrypted = self.encrypted or name == "encryption-data"

    def end(self, name: str) -> None:
        pass

    def data(self, text: str) -> None:
        pass


def read_odt(package: Package, limits: Limits) -> Found:
    """What an .odt holds. Raises Trouble."""
    manifest = _Manifest()
    if "META-INF/manifest.xml" in package.names:
        package.feed("META-INF/manifest.xml", manifest)
    if manifest.encrypted:
        raise Trouble("password")
    if "content.xml" not in package.names:
        raise Trouble("broken")
    styles, found = _Styles(), Found(limits)
    if "styles.xml" in package.names:
        package.feed("styles.xml", styles)
        # Headers and footers live in the master pages of styles.xml, which are not read.
        found.counts["headers"] = 1
    package.feed("content.xml", _Body(found, package, styles))
    found.counts["properties"] = "meta.xml" in package.names
    found.counts["macros"] = any(name.startswith(("Basic/", "Scripts/")) for name in package.names)
    found.counts["look"] = 1
    return found
