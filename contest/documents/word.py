"""Reading .docx as a stream: paragraphs, headings, emphasis, quotes, lists and pictures.

Written by hand over a streaming parser, because the known converters build several trees of the whole
document: 30,000 words split into many runs took one of them 5 s and 105 MB. Nothing here grows
with the document but its text. What is not taken is counted, so that the report can say so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from contest.documents.found import Found, Part, Piece
from contest.documents.legacy import font_encoding, is_capital_font
from contest.documents.packages import Package
from contest.documents.rules import Limits, Trouble
from contest.documents.word_looks import Looks, NumberingListener, Relations, Style, StylesListener, font_of, is_on

_MAIN = "word/document.xml"
# Whole branches that are no text of the document as it stands.
_SKIPPED = {
    "moveFrom": "deletions",
    "Fallback": "",
    "oMath": "formulae",
    "object": "objects",
    "pPrChange": "",
    "rPrChange": "",
    "tblPrChange": "",
    "trPrChange": "",
    "tcPrChange": "",
    "numberingChange": "",
    "instrText": "",
    "delText": "",
    "delInstrText": "",
    "sectPr": "",
}
_COUNTED = {
    "footnoteReference": "footnotes",
    "endnoteReference": "footnotes",
    "commentReference": "comments",
    "hyperlink": "links",
    "tbl": "tables",
    "txbxContent": "boxes",
    "ins": "insertions",
    "moveTo": "insertions",
    "chart": "charts",
    "relIds": "charts",
    "altChunk": "objects",
}
_HEADING = re.compile(r"(?:heading|tiêu đề|đề mục) ?\d?")
_QUOTE = re.compile(r"(?:intense )?quote|quotations?|trích dẫn|block text")
_CAPTION = re.compile(r"caption|chú thích")
_CONTENTS = re.compile(r"(?:toc|mục lục) ?(?:heading|\d)?")


@dataclass(slots=True)
class _Paragraph:
    style: str = ""
    number: str | None = None
    level: str = "0"
    outline: int = 9
    pieces: list[Piece] = field(default_factory=list)
    images: list[Part] = field(default_factory=list)
    mark_deleted: bool = False


@dataclass(slots=True)
class _Run:
    bold: bool | None = None
    italic: bool | None = None
    hidden: bool = False
    font: str = ""
    style: str = ""
    text: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Row:
    cells: list[list[Part]] = field(default_factory=list)
    deleted: bool = False


class _Body:
    """Listens to the main part."""

    def __init__(self, found: Found, package: Package, looks: Looks, relations: Relations, folder: str) -> None:
        self._found = found
        self._package = package
        self._looks = looks
        self._relations = relations
        self._folder = folder
        self._open: list[str] = []  # names of the open elements
        self._skip = 0
        self._paragraphs: list[_Paragraph] = []
        self._runs: list[_Run | None] = []
        self._rows: list[_Row] = []
        self._carried: list[Piece] = []
        self._in_text = False

    # Listening

    def start(self, name: str, attributes: dict[str, str]) -> None:
        parent = self._open[-1] if self._open else ""
        self._open.append(name)
        if self._skip:
            self._skip += 1
            return
        if name in _SKIPPED or (name == "del" and parent not in {"rPr", "trPr"}):
            self._skip = 1
            self._tell(_SKIPPED.get(name, "deletions"))
            return
        if name in _COUNTED and not (name == "ins" and parent in {"rPr", "trPr"}):
            self._tell(_COUNTED[name])
        getattr(self, f"_start_{name}", self._nothing)(attributes, parent)

    def end(self, name: str) -> None:
        self._open.pop()
        if self._skip:
            self._skip -= 1
            return
        getattr(self, f"_end_{name}", self._nothing)()

    def data(self, text: str) -> None:
        if self._in_text and not self._skip:
            self._say(text)

    def _nothing(self, *_: Any) -> None:
        pass

    def _tell(self, what: str) -> None:
        if what:
            self._found.counts[what] += 1

    @property
    def _paragraph(self) -> _Paragraph | None:
        return self._paragraphs[-1] if self._paragraphs else None

    @property
    def _run(self) -> _Run | None:
        return self._runs[-1] if self._runs else None

    def _say(self, text: str) -> None:
        if self._run is not None:
            self._run.text.append(text)

    # Paragraphs

    def _start_p(self, attributes: dict[str, str], parent: str) -> None:
        if parent not in {"sp", "txBody"}:
            self._paragraphs.append(_Paragraph())
            self._runs.append(None)

    def _end_p(self) -> None:
        if not self._paragraphs:
            return
        paragraph = self._paragraphs.pop()
        self._runs.pop()
        if paragraph.mark_deleted:
            self._carried += paragraph.pieces
            return
        part = self._part_of(paragraph)
        for each in (part, *paragraph.images):
            if each is not None:
                self._emit(each)

    def _emit(self, part: Part) -> None:
        if self._rows:
            if self._rows[-1].cells:
                self._rows[-1].cells[-1].append(part)
        else:
            self._found.add(part)

    def _part_of(self, paragraph: _Paragraph) -> Part | None:
        styles = self._looks.chain(paragraph.style)
        names = [style.name for style in styles]
        pieces, self._carried = [*self._carried, *paragraph.pieces], []
        if any(_CONTENTS.fullmatch(name) for name in names):
            self._found.counts["contents"] = 1
            return None
        outline = min([paragraph.outline, *(style.outline for style in styles)])
        part = Part(pieces=pieces)
        if names and names[0] in {"title", "tên", "tiêu đề"}:
            part.title = True
        elif outline < 9 or any(_HEADING.fullmatch(name) for name in names):
            part.kind = "heading"
        elif any(_QUOTE.fullmatch(name) for name in names):
            part.kind = "quote"
        elif any(_CAPTION.fullmatch(name) for name in names):
            part.caption = True
        elif (kind := self._list_kind(paragraph, styles)) is not None:
            part.kind = kind
        return part

    def _list_kind(self, paragraph: _Paragraph, styles: list[Style]) -> str | None:
        number = paragraph.number
        if number is None:
            number = next((style.number for style in styles if style.number), "")
        if not number or number == "0":
            return None
        shape = self._looks.formats.get(number, {}).get(paragraph.level, "bullet")
        # Vietnamese dialogue is often typed as a "list" of dashes that Word made of itself; it stays
        # a list here, and the preview shows it.
        return "bullet" if shape in {"bullet", "none"} else "number"

    def _start_pStyle(self, attributes: dict[str, str], parent: str) -> None:
        if self._paragraph:
            self._paragraph.style = attributes.get("val", "")

    def _start_outlineLvl(self, attributes: dict[str, str], parent: str) -> None:
        if self._paragraph and attributes.get("val", "").isdigit():
            self._paragraph.outline = int(attributes["val"][:2])

    def _start_numId(self, attributes: dict[str, str], parent: str) -> None:
        if self._paragraph:
            self._paragraph.number = attributes.get("val", "")

    def _start_ilvl(self, attributes: dict[str, str], parent: str) -> None:
        if self._paragraph:
            self._paragraph.level = attributes.get("val", "0")

    def _start_del(self, attributes: dict[str, str], parent: str) -> None:
        # Reached only as a mark on a paragraph's end or on a row.
        self._tell("deletions")
        if parent == "trPr" and self._rows:
            self._rows[-1].deleted = True
        elif self._paragraph and "r" not in self._open[-3:]:
            self._paragraph.mark_deleted = True

    # Runs

    def _start_r(self, attributes: dict[str, str], parent: str) -> None:
        if self._runs:
            self._runs[-1] = _Run()

    def _end_r(self) -> None:
        run, paragraph = self._run, self._paragraph
        if run is None or paragraph is None:
            return
        self._runs[-1] = None
        text = "".join(run.text)
        if not text:
            return
        if run.hidden:
            self._tell("hidden")
            return
        own, outer = self._looks.chain(run.style), self._looks.chain(paragraph.style)
        styles = [*own, *outer]

        def resolved(given: bool | None, name: str) -> bool:
            # A paragraph's style that is bold (a heading) is no emphasis inside it.
            told = [given, *(getattr(style, name) for style in own)]
            return next((value for value in told if value is not None), False)

        font = run.font or next((style.font for style in styles if style.font), self._looks.base_font)
        paragraph.pieces.append(
            Piece(
                text=text,
                bold=resolved(run.bold, "bold"),
                italic=resolved(run.italic, "italic"),
                font=font_encoding(font) or "",
                capital=is_capital_font(font),
            )
        )

    def _start_b(self, attributes: dict[str, str], parent: str) -> None:
        if self._run is not None:
            self._run.bold = is_on(attributes)

    def _start_i(self, attributes: dict[str, str], parent: str) -> None:
        if self._run is not None:
            self._run.italic = is_on(attributes)

    def _start_vanish(self, attributes: dict[str, str], parent: str) -> None:
        if self._run is not None:
            self._run.hidden = is_on(attributes)

    def _start_rFonts(self, attributes: dict[str, str], parent: str) -> None:
        if self._run is not None:
            self._run.font = font_of(attributes)

    def _start_rStyle(self, attributes: dict[str, str], parent: str) -> None:
        if self._run is not None:
            self._run.style = attributes.get("val", "")

    def _start_t(self, attributes: dict[str, str], parent: str) -> None:
        self._in_text = parent == "r"

    def _end_t(self) -> None:
        self._in_text = False

    def _start_tab(self, attributes: dict[str, str], parent: str) -> None:
        if parent == "r":
            self._say(" ")

    def _start_br(self, attributes: dict[str, str], parent: str) -> None:
        self._say(" " if attributes.get("type") in {"page", "column"} else "\n")

    def _start_cr(self, attributes: dict[str, str], parent: str) -> None:
        self._say("\n")

    def _start_noBreakHyphen(self, attributes: dict[str, str], parent: str) -> None:
        self._say("-")

    def _start_softHyphen(self, attributes: dict[str, str], parent: str) -> None:
        self._say("\u00ad")  # the letter ư in TCVN3

    def _start_sym(self, attributes: dict[str, str], parent: str) -> None:
        code = attributes.get("char", "")
        if font_encoding(attributes.get("font", "")) and re.fullmatch(r"[Ff]0[0-9A-Fa-f]{2}", code):
            self._say(chr(int(code, 16)))
        else:
            self._tell("characters")

    # Tables become lines, one a row

    def _start_tr(self, attributes: dict[str, str], parent: str) -> None:
        self._rows.append(_Row())

    def _start_tc(self, attributes: dict[str, str], parent: str) -> None:
        if self._rows:
            self._rows[-1].cells.append([])

    def _end_tr(self) -> None:
        if not self._rows:
            return
        row = self._rows.pop()
        if row.deleted:
            return
        cells = [
            [part for part in cell if part.photo or any(piece.text.strip() for piece in part.pieces)]
            for cell in row.cells
        ]
        cells = [cell for cell in cells if cell]
        if len(cells) == 1:  # a frame around a text, or the only cell that is filled
            for part in cells[0]:
                self._emit(part)
            return
        line: list[Piece] = []
        photos: list[Part] = []
        for cell in cells:
            written = [part for part in cell if not part.photo]
            photos += [part for part in cell if part.photo]
            if line and written:
                line.append(Piece(" | "))
            for number, part in enumerate(written):
                line += [Piece(" ")] * bool(number) + part.pieces
        if line:
            self._emit(Part(pieces=line))
        for photo in photos:
            self._emit(photo)

    # Pictures

    def _start_blip(self, attributes: dict[str, str], parent: str) -> None:
        self._picture(attributes.get("embed") or attributes.get("link") or "")

    def _start_imagedata(self, attributes: dict[str, str], parent: str) -> None:
        self._picture(attributes.get("id") or attributes.get("href") or "")

    def _picture(self, relation: str) -> None:
        target, outside = self._relations.targets.get(relation, ("", False))
        if outside:
            self._tell("linked_images")
            return
        name = _joined(self._folder, target)
        if not target or name not in self._package.names:
            self._tell("odd_images")
            return
        most = self._found.limits.image_bytes
        if self._package.size(name) > most:
            self._tell("large_images")
            return
        part = self._found.add_image(self._package.read(name, most))
        if part is not None and self._paragraph:
            self._paragraph.images.append(part)


def _joined(folder: str, target: str) -> str:
    """The name of the part that `target` means, seen from `folder`."""
    if target.startswith("/"):
        return target[1:]
    path = [step for step in folder.split("/") if step]
    for step in target.split("/"):
        if step == "..":
            path[-1:] = []
        elif step not in {"", "."}:
            path.append(step)
    return "/".join(path)


def read_docx(package: Package, limits: Limits) -> Found:
    """What a .docx holds. Raises Trouble."""
    roots = Relations()
    if "_rels/.rels" in package.names:
        package.feed("_rels/.rels", roots)
    main = roots.main if roots.main in package.names else _MAIN
    if main not in package.names:
        raise Trouble("broken")
    folder, _, base = main.rpartition("/")
    relations, looks, found = Relations(), Looks(), Found(limits)
    if (rels := f"{folder}/_rels/{base}.rels".lstrip("/")) in package.names:
        package.feed(rels, relations)
    for name, listener in (("styles.xml", StylesListener(looks)), ("numbering.xml", NumberingListener(looks))):
        if (part := _joined(folder, name)) in package.names:
            package.feed(part, listener)
    package.feed(main, _Body(found, package, looks, relations, folder))
    counts = found.counts
    names = [name.lower() for name in package.names]
    counts["headers"] = any("/header" in name or "/footer" in name for name in names)
    counts["properties"] = any(name.startswith("docprops/") for name in names)
    counts["macros"] = any(name.endswith(("vbaproject.bin", "vbadata.xml")) for name in names)
    counts["objects"] += sum("/embeddings/" in name or "/activex/" in name for name in names) and not counts["objects"]
    counts["look"] = 1
    return found
