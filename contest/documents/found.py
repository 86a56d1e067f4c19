"""What a reader gathers in the child: blocks, pictures and counts for the report; then put in order.

Runs carry the font family that tells a legacy encoding, until the whole text has been heard and
can be converted.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from contest.core.richtext import Block, Document, Run
from contest.documents import legacy
from contest.documents.rules import AUTO, ENCODING_NAMES, TCVN3, VNI, Limits, Trouble

_MAGIC = ((b"\xff\xd8\xff", 0), (b"\x89PNG\r\n\x1a\n", 0), (b"WEBP", 8))
_HEIC = {b"heic", b"heix", b"mif1", b"msf1", b"heim", b"heis", b"hevc"}
_DROPPED = dict.fromkeys(map(ord, "\u00ad\ufeff\u200b\u200c\u200d\u2060"))
_SPACES = {ord(char): " " for char in "\t\u00a0\u2002\u2003\u2007\u2009\u202f\u3000"} | {
    ord(char): "\n" for char in "\r\u000b\u000c\u2028\u2029\u0085"
}
_UNSHOWN = {"Cc", "Cf", "Co", "Cs", "Cn"}
_TITLE_MOST = 200
_SAMPLES, _SAMPLE_LENGTH = 6, 160


class Piece(NamedTuple):
    """A run of text and the legacy encoding that its font tells ("" for none); `capital` for fonts of capitals."""

    text: str
    bold: bool = False
    italic: bool = False
    font: str = ""
    capital: bool = False


@dataclass(slots=True)
class Part:
    """One block to be: `kind` as in richtext, `level` and `title` what a style says of it."""

    kind: str = "paragraph"
    pieces: list[Piece] = field(default_factory=list)
    photo: str = ""
    title: bool = False
    caption: bool = False


def is_photo(content: bytes) -> bool:
    """Whether these bytes begin like a picture that the photo step can take."""
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC:
        return True
    return any(content[at : at + len(magic)] == magic for magic, at in _MAGIC)


class Found:
    """Everything that a reader has found so far, within bounds."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.parts: list[Part] = []
        self.counts: Counter[str] = Counter()
        self.images: list[tuple[bytes, str, str]] = []  # content, caption, name
        self.charset = ""
        self._characters = 0
        self._image_bytes = 0

    def add(self, part: Part) -> None:
        """A block more. Raises Trouble when the text is beyond all bounds."""
        self._characters += sum(len(piece.text) for piece in part.pieces) + 1
        if self._characters > self.limits.characters:
            raise Trouble("too_long", most=self.limits.characters)
        self.parts.append(part)

    def add_image(self, content: bytes, place: Iterable[Part] | None = None) -> Part | None:
        """A picture more, when it is one that can be taken. Returns the block that stands for it."""
        if not is_photo(content):
            self.counts["odd_images"] += 1
            return None
        same = next((name for kept, _, name in self.images if kept == content), None)
        if same is not None:
            return None  # the same picture again (a bullet, a line): once is enough
        self._image_bytes += len(content)
        if (
            len(self.images) >= self.limits.images
            or len(content) > self.limits.image_bytes
            or self._image_bytes > self.limits.all_image_bytes
        ):
            self._image_bytes -= len(content)
            self.counts["large_images"] += 1
            return None
        name = image_name(len(self.images) + 1)
        self.images.append((content, "", name))
        return Part(kind="photo", photo=name)


def image_name(number: int) -> str:
    """The place-holder of the picture with this number in a document: shaped as the name of a photo."""
    return f"image{number:09d}"


# From parts to a document


def _text_of(parts: Iterable[Part], *, font: str | None = None) -> str:
    return "\n".join(
        "".join(piece.text for piece in part.pieces if font is None or piece.font == font) for part in parts
    )


def detect(parts: list[Part]) -> str | None:
    """The legacy encoding of these parts, told by their fonts and by the text itself."""
    told = Counter[str]()
    for part in parts:
        for piece in part.pieces:
            told[piece.font] += len(piece.text)
    for encoding in (TCVN3, VNI):
        # A font alone proves nothing: Unicode text is sometimes set in one that shows no letter of it.
        if told[encoding] * 10 >= sum(told.values()) and _looks_legacy(_text_of(parts, font=encoding), encoding):
            return encoding
    return legacy.detect_legacy(_text_of(parts))


def _looks_legacy(text: str, encoding: str) -> bool:
    before, marked = legacy.likeness(text[:40_000])
    after, _ = legacy.likeness(legacy.convert_legacy(text[:40_000], encoding))
    return marked > 0 and after >= before


def convert(parts: list[Part], encoding: str) -> None:
    """Convert what is in `encoding`: the runs with such a font, or every run where no font tells."""
    by_font = any(piece.font == encoding for part in parts for piece in part.pieces)

    def each(piece: Piece) -> Piece:
        if by_font and piece.font != encoding:
            return piece
        text = legacy.convert_legacy(piece.text, encoding)
        return piece._replace(text=text.upper() if piece.capital and encoding == TCVN3 else text)

    for part in parts:
        part.pieces = [each(piece) for piece in _merged(part.pieces)]


def _merged(pieces: list[Piece]) -> list[Piece]:
    """Neighbours of the same kind as one: a letter and its mark may lie in two runs."""
    merged: list[Piece] = []
    for _, group in itertools.groupby((piece for piece in pieces if piece.text), key=lambda piece: piece[1:]):
        first, *others = group
        merged.append(
            first._replace(text="".join([first.text, *(piece.text for piece in others)])) if others else first
        )
    return merged


def _shown(text: str, counts: Counter[str]) -> str:
    """`text` without what cannot be shown: counted, for the report."""
    tidy = unicodedata.normalize("NFC", text.translate(_SPACES).translate(_DROPPED))
    if tidy.isprintable():
        return tidy
    kept = [
        " " if unicodedata.category(char) == "Zs" else char
        for char in tidy
        if char == "\n" or unicodedata.category(char) not in _UNSHOWN
    ]
    counts["characters"] += len(tidy) - len(kept)
    return "".join(kept)


def _tidied(part: Part, counts: Counter[str]) -> Part:
    part.pieces = [piece._replace(text=_shown(piece.text, counts)) for piece in _merged(part.pieces)]
    return part


def _guess_title(parts: list[Part]) -> Part | None:
    """The part that is the title: styled as one, or a short first line by itself, in bold or capitals or a heading."""
    written = [part for part in parts if part.kind != "photo"]
    styled = next((part for part in written[:5] if part.title), None)
    if styled is None and len(written) > 2:
        first = written[0]
        text = "".join(piece.text for piece in first.pieces).strip()
        stands_out = (
            first.kind == "heading" or text.isupper() or all(piece.bold for piece in first.pieces if piece.text.strip())
        )
        if first.kind in {"paragraph", "heading"} and stands_out and not text.endswith((".", ":", ",", ";")):
            styled = first
    if styled is None or len("".join(piece.text for piece in styled.pieces).strip()) > _TITLE_MOST:
        return None
    return styled


class Finished:
    """A reading in order: the document and all that is said about it, ready to be answered."""

    def __init__(self, found: Found, encoding: str) -> None:
        """`encoding`: auto, keep, or the legacy encoding that the writer chose. Raises Trouble: no_text."""
        counts = found.counts
        parts = [part for part in found.parts if part.photo or any(piece.text.strip() for piece in part.pieces)]
        self.detected = detect(parts)
        chosen = self.detected if encoding == AUTO else encoding
        self.encoding = chosen if chosen in ENCODING_NAMES else None
        before = [_text_of([part]) for part in parts]
        preview = self.encoding or self.detected
        self.samples: list[tuple[str, ...]] = []
        if preview:
            shown = [text for text in before if not text.isascii()][:_SAMPLES]
            self.samples = [
                tuple(
                    _shown(line, Counter())
                    for line in (text[:_SAMPLE_LENGTH], legacy.convert_legacy(text[:_SAMPLE_LENGTH], preview))
                )
                for text in shown
            ]
        if self.encoding:
            convert(parts, self.encoding)
        parts = [_tidied(part, counts) for part in parts]
        parts = [part for part in parts if part.photo or any(piece.text.strip() for piece in part.pieces)]
        if not any(part.pieces for part in parts):
            raise Trouble("no_text")
        self.images = _captioned(found.images, parts)
        parts = [part for part in parts if not part.caption]
        self.title = ""
        if (titled := _guess_title(parts)) is not None:
            self.title = " ".join("".join(piece.text for piece in titled.pieces).split())
            parts.remove(titled)
        if not any(part.pieces for part in parts):
            raise Trouble("no_text")
        self.document = Document(blocks=tuple(_block(part) for part in parts))
        _count(parts, counts)
        counts["images"] = len(self.images)
        self.counts = counts


def _captioned(images: list[tuple[bytes, str, str]], parts: list[Part]) -> list[tuple[bytes, str, str]]:
    """The pictures with the caption that follows each. A caption of no picture becomes a paragraph again."""
    captions: dict[str, str] = {}
    last = ""
    for part in parts:
        if part.photo:
            last = part.photo
        elif part.caption and last:
            captions[last] = " ".join("".join(piece.text for piece in part.pieces).split())[:300]
            last = ""
        elif part.caption:
            part.caption = False
        else:
            last = ""
    return [(content, captions.get(name, caption), name) for content, caption, name in images]


def _block(part: Part) -> Block:
    if part.photo:
        return Block(kind="photo", photo=part.photo)
    runs = tuple(Run(text=piece.text, bold=piece.bold, italic=piece.italic) for piece in _merged(part.pieces))
    return Block(kind=part.kind, runs=runs)


def _count(parts: list[Part], counts: Counter[str]) -> None:
    names = {"paragraph": "paragraphs", "heading": "headings", "quote": "quotes", "bullet": "items", "number": "items"}
    for part in parts:
        if part.kind in names:
            counts[names[part.kind]] += 1
        if part.kind != "heading":
            counts["emphasis"] += sum(1 for piece in part.pieces if piece.bold or piece.italic)
