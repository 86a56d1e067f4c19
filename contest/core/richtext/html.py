"""HTML from the editor, the clipboard or a converter, read into a Document.

Nothing of the HTML survives but words, the few kinds of block and two styles: unknown elements lose
their tags, scripts and styles their contents, images everything unless they name a photo of the entry
(`data-photo-id`). The reader takes any text, in time in proportion to its length; it is written by
hand because the standard library's parser takes quadratic time over some broken inputs in the Python
versions supported here.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from contest.core.richtext.model import (
    BULLET,
    HEADING,
    NUMBER,
    PARAGRAPH,
    PHOTO,
    PHOTO_ID,
    QUOTE,
    Block,
    Document,
    Run,
    normalised,
)

LENGTH_MAX = 4_000_000  # characters of HTML that are read; Word writes about twenty for each one typed
_ATTRIBUTES_MAX = 100


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VOID = _names("area base br col embed hr img input link meta param source track wbr")
_RAW = _names("script style title textarea xmp iframe noembed noframes noscript plaintext")
_UNSEEN = _names("head template object svg math select audio video canvas xml")
_BLOCKS = _names(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form h1 h2"
    " h3 h4 h5 h6 header hgroup html li main nav ol p pre section summary table tbody tfoot thead tr ul"
)
_KINDS = {**dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), HEADING), "blockquote": QUOTE}
_CLASSES = {"msotitle": HEADING, "msosubtitle": HEADING, "msoquote": QUOTE, "msointensequote": QUOTE}
_TAG_NAME = re.compile(r"[a-zA-Z][^\s/>]*")
_TAG_GAP = re.compile(r"[\s/]*")
_ATTRIBUTE_NAME = re.compile(r"[^\s/>=]+")
_EQUALS = re.compile(r"\s*=\s*")
_UNQUOTED = re.compile(r"[^\s>]*")
_BLANKS = re.compile(r"[ \t\n\r\f\v\xa0]+")
_BLANKS_NOT_BREAKS = re.compile(r"[ \t\f\v\xa0]+")
# Python refuses to turn thousands of digits into a number.
_ENDLESS_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{8,};?")
_WEIGHT = re.compile(r"(?<![\w-])font-weight\s*:\s*(?:(bold|bolder)|(normal|lighter)|([0-9]{1,4}))")
_ITALIC = re.compile(r"(?<![\w-])font-style\s*:\s*(?:(italic|oblique)|(normal))")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all")
_NUMBERED = re.compile(r"\(?[0-9a-zA-Z]{1,4}[.)]")
# A list of Word's is a paragraph with a drawn mark: this much of it is looked at.
_MARK_MAX = 20


class _Tag(NamedTuple):
    name: str
    attributes: dict[str, str]
    closing: bool = False
    empty: bool = False


@dataclass(slots=True)
class _Open:
    """An element that has begun, and what held before it."""

    name: str
    bold: bool
    italic: bool
    kind: str
    unseen: bool
    pre: bool
    mark: bool


def from_html(text: str) -> Document:
    """The document that `text`, any HTML, shows. Longer than LENGTH_MAX is cut."""
    reader = _Reader()
    for piece in _pieces(text[:LENGTH_MAX]):
        if isinstance(piece, str):
            reader.words(piece)
        elif piece.closing:
            reader.end(piece.name)
        else:
            reader.begin(piece)
    reader.flush()
    return normalised(Document(tuple(reader.blocks)))


def _unescaped(text: str) -> str:
    return html.unescape(_ENDLESS_REFERENCE.sub("\ufffd", text)) if "&" in text else text


def _pieces(text: str) -> Iterator[str | _Tag]:
    """Tags, and the text between them with its references resolved."""
    at, length = 0, len(text)
    while at < length:
        if text[at] != "<":
            end = text.find("<", at)
            end = length if end < 0 else end
            yield _unescaped(text[at:end])
            at = end
            continue
        if text.startswith("<!--", at):
            end = text.find("-->", at + 4)
            at = length if end < 0 else end + 3
            continue
        if text.startswith(("<!", "<?"), at):
            end = text.find(">", at)
            at = length if end < 0 else end + 1
            continue
        closing = text.startswith("</", at)
        name = _TAG_NAME.match(text, at + 1 + closing)
        if name is None:
            yield "<"
            at += 1
            continue
        tag, at = _tag(text, name[0].lower(), name.end(), closing=closing)
        yield tag
        if tag.name in _RAW and not closing and not (tag.empty and ":" in tag.name):
            end = _raw_end(text, tag.name, at)
            at = end


def _raw_end(text: str, name: str, at: int) -> int:
    """Where the end tag of a raw text element begins; the end of the text when it never ends."""
    found = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(text, at)
    return found.start() if found else len(text)


def _tag(text: str, name: str, at: int, *, closing: bool) -> tuple[_Tag, int]:
    attributes: dict[str, str] = {}
    length = len(text)
    while at < length:
        gap = _TAG_GAP.match(text, at)
        at = gap.end() if gap else at
        if at >= length or text[at] == ">":
            break
        found = _ATTRIBUTE_NAME.match(text, at)
        at = found.end() if found else at + 1
        equals = _EQUALS.match(text, at)
        if equals is None:
            continue
        at = equals.end()
        if at < length and text[at] in "\"'":
            end = text.find(text[at], at + 1)
            end = length if end < 0 else end
            value, at = text[at + 1 : end], end + 1
        else:
            bare = _UNQUOTED.match(text, at)
            value = bare[0] if bare else ""
            at += len(value)
        if found and len(attributes) < _ATTRIBUTES_MAX:
            attributes.setdefault(found[0].lower(), _unescaped(value))
    if at >= length:
        return _Tag("", {}), length  # a tag that never ends is not one
    return _Tag(name, attributes, closing, text[at - 1] == "/"), at + 1


class _Reader:
    """Blocks being built while tags and words pass by."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.runs: list[Run] = []
        self.opened: list[_Open] = []
        self.counts: dict[str, int] = {}
        self.bold = self.italic = self.unseen = self.pre = False
        self.kind = PARAGRAPH
        self.mark = False  # inside the drawn mark of one of Word's lists
        self.word_list = False
        self.drawn = ""
        self.numbers: list[int] = []

    def flush(self) -> None:
        """End the block under way."""
        kind = self.kind
        if self.word_list:
            kind = NUMBER if _NUMBERED.match(self.drawn.strip()) else BULLET
        if self.runs:
            number = self.numbers[-1] if kind == NUMBER and self.numbers else 0
            self.blocks.append(Block(kind, tuple(self.runs), number=number))
            if number:
                self.numbers[-1] = min(number + 1, 999)
        self.runs = []

    def words(self, text: str) -> None:
        if self.unseen:
            return
        if self.mark:
            self.drawn = (self.drawn + text)[:_MARK_MAX]
            return
        if self.pre:
            shown = _BLANKS_NOT_BREAKS.sub(" ", text.replace("\r\n", "\n"))
        else:
            shown = _BLANKS.sub(" ", text)
            if shown == " " and (not self.runs or self.runs[-1].text.endswith((" ", "\n"))):
                return
        self.runs.append(Run(shown, self.bold, self.italic))

    def photo(self, name: str) -> None:
        kind, word_list = self.kind, self.word_list
        self.flush()
        self.kind, self.word_list = kind, word_list
        self.blocks.append(Block(PHOTO, photo=name))

    def begin(self, tag: _Tag) -> None:
        name, attributes = tag.name, tag.attributes
        if not name:
            return
        if not self.unseen and (photo := _photo_of(tag)):
            self.photo(photo)
        if name in _VOID or (tag.empty and ":" in name):
            if name == "br" and not self.unseen and not self.mark:
                self.runs.append(Run("\n", self.bold, self.italic))
            elif name == "hr" and not self.unseen:
                self.flush()
            return
        if name in _BLOCKS and not self.unseen:
            self.flush()
        elif name in ("td", "th") and self.runs:
            self.words(" ")
        self.opened.append(_Open(name, self.bold, self.italic, self.kind, self.unseen, self.pre, self.mark))
        self.counts[name] = self.counts.get(name, 0) + 1
        style = attributes.get("style", "")[:2000].lower()
        self._style(name, style)
        self._kind(name, attributes, style)
        self.pre = self.pre or name == "pre"
        self.unseen = (
            self.unseen
            or name in _UNSEEN
            or name in _RAW
            or "hidden" in attributes
            or (name == "figure" and "data-trix-attachment" in attributes)
            or (name == "figure" and "data-photo-id" in attributes)
            or bool(style and _HIDDEN.search(style))
        )
        if "mso-list" in style and "ignore" in style:
            self.mark = True

    def _style(self, name: str, style: str) -> None:
        if name in ("b", "strong"):
            self.bold = True
        elif name in ("i", "em", "cite", "dfn", "var"):
            self.italic = True
        if not style:
            return
        if weight := _WEIGHT.search(style):
            self.bold = bool(weight[1]) or bool(weight[3] and int(weight[3]) >= 600)
        if slant := _ITALIC.search(style):
            self.italic = bool(slant[1])

    def _kind(self, name: str, attributes: dict[str, str], style: str) -> None:
        if name in _KINDS:
            self.kind = _KINDS[name]
        elif name == "li":
            lists = [each.name for each in self.opened[-50:] if each.name in ("ul", "ol")]
            self.kind = NUMBER if lists and lists[-1] == "ol" else BULLET
        elif name == "ol":
            start = attributes.get("start", "1")
            self.numbers.append(int(start) if re.fullmatch(r"[0-9]{1,3}", start) else 1)
        elif name in ("p", "div"):
            classes = attributes.get("class", "").lower().split()[:5]
            self.kind = next((_CLASSES[each] for each in classes if each in _CLASSES), self.kind)
            if name == "p":
                self.word_list = "mso-list" in style and "mso-list:none" not in style.replace(" ", "")
                self.drawn = ""

    def end(self, name: str) -> None:
        if name == "p" and not self.counts.get("p") and not self.unseen:
            self.flush()
        if not self.counts.get(name):
            return
        if name in _BLOCKS and not self.unseen:
            self.flush()
        while self.opened:
            element = self.opened.pop()
            self.counts[element.name] -= 1
            if element.name in _BLOCKS and not self.unseen:
                self.flush()
            self.bold, self.italic, self.kind = element.bold, element.italic, element.kind
            self.unseen, self.pre, self.mark = element.unseen, element.pre, element.mark
            if element.name == "p":
                self.word_list = False
            elif element.name == "ol" and self.numbers:
                self.numbers.pop()
            if element.name == name:
                break


def _photo_of(tag: _Tag) -> str:
    """The photo of the entry that an element stands for: named by us, or by the editor's attachment."""
    name = tag.attributes.get("data-photo-id", "")
    if not name and tag.name == "figure":
        try:
            attachment = json.loads(tag.attributes.get("data-trix-attachment", "")[:5000])
        except (ValueError, RecursionError):
            return ""
        found = attachment.get("photoId") if isinstance(attachment, dict) else None
        name = found if isinstance(found, str) else ""
    return name if PHOTO_ID.fullmatch(name) else ""
