"""Documents: blocks of runs, their one normal form, their plain text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

PARAGRAPH, HEADING, QUOTE, BULLET, NUMBER, PHOTO = "paragraph", "heading", "quote", "bullet", "number", "photo"
ITEMS = frozenset({BULLET, NUMBER})
# Where a line break inside the block means something.
LINED = frozenset({PARAGRAPH, QUOTE})
PHOTO_ID = re.compile(r"[0-9A-Za-z_-]{1,40}")
_GAP = re.compile(r"\n\s*\n")
_AROUND_BREAK = re.compile(r"\s*\n\s*")
_BLANKS = re.compile(r"[^\S\n]{2,}|[\t\v\f]")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one style."""

    text: str
    bold: bool = False
    italic: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a heading, a quotation, an item of a list, or the place of a photo.

    `photo` is the public id of a photo, for that kind alone. `number` is what a numbered item shows.
    """

    kind: str
    runs: tuple[Run, ...] = ()
    photo: str = ""
    number: int = 0

    @property
    def text(self) -> str:
        """The words of the block without their style."""
        return "".join(run.text for run in self.runs)

    @property
    def lines(self) -> list[list[Run]]:
        """The runs parted at line breaks, for output."""
        lines: list[list[Run]] = [[]]
        for run in self.runs:
            first, *others = run.text.split("\n")
            if first:
                lines[-1].append(replace(run, text=first))
            lines.extend([replace(run, text=other)] if other else [] for other in others)
        return lines


@dataclass(frozen=True, slots=True)
class Document:
    """A text as its blocks, in order."""

    blocks: tuple[Block, ...] = ()

    @property
    def groups(self) -> list[tuple[str, list[Block]]]:
        """Neighbours that are set together (a list, a quotation of several paragraphs), with their kind."""
        groups: list[tuple[str, list[Block]]] = []
        for block in self.blocks:
            if groups and groups[-1][0] == block.kind and block.kind in (BULLET, NUMBER, QUOTE):
                groups[-1][1].append(block)
            else:
                groups.append((block.kind, [block]))
        return groups

    @property
    def photos(self) -> tuple[str, ...]:
        """Public ids of the photos placed in the text, in order."""
        return tuple(block.photo for block in self.blocks if block.kind == PHOTO)

    @property
    def opening(self) -> str:
        """The first paragraph in plain text, for a teaser; the first text of any kind where there is none."""
        told = [block for block in self.blocks if block.text]
        return next((block.text for block in told if block.kind == PARAGRAPH), told[0].text if told else "")


# Characters with their style: what normalising and hiding work on.
_Char = tuple[str, bool, bool]


def _chars(runs: Iterable[Run]) -> list[_Char]:
    return [(char, run.bold, run.italic) for run in runs for char in run.text]


def _runs(chars: Iterable[_Char]) -> tuple[Run, ...]:
    runs: list[Run] = []
    texts: list[list[str]] = []
    for char, bold, italic in chars:
        if runs and (runs[-1].bold, runs[-1].italic) == (bold, italic):
            texts[-1].append(char)
        else:
            runs.append(Run("", bold, italic))
            texts.append([char])
    return tuple(replace(run, text="".join(text)) for run, text in zip(runs, texts, strict=True))


def _settled(chars: list[_Char]) -> list[_Char]:
    """White space carries a style only between two characters of it; a mark is styled as its letter."""
    settled: list[_Char] = []
    left = (False, False)
    at = 0
    while at < len(chars):
        char, bold, italic = chars[at]
        if not char.isspace():
            if settled and unicodedata.combining(char):
                bold, italic = left
            left = (bold, italic)
            settled.append((char, bold, italic))
            at += 1
            continue
        end = at
        while end < len(chars) and chars[end][0].isspace():
            end += 1
        right = chars[end][1:] if end < len(chars) and not unicodedata.combining(chars[end][0]) else (False, False)
        style = (left[0] and right[0], left[1] and right[1])
        settled += [(space, *style) for space, _bold, _italic in chars[at:end]]
        if style == (False, False):
            left = style
        at = end
    return settled


def _tidied(runs: Iterable[Run], kind: str) -> list[tuple[Run, ...]]:
    """The runs of a block in normal form; more than one where a blank line parted them."""
    bold = kind != HEADING  # a heading is bold by itself
    nfc = [
        replace(run, text=unicodedata.normalize("NFC", run.text.replace("\r\n", "\n").replace("\r", "\n")))
        for run in runs
    ]
    styles = {(run.bold and bold, run.italic) for run in nfc if run.text}
    if len(styles) == 1:  # nearly always: no need to go by the letter
        ((strong, italic),) = styles
        text = unicodedata.normalize("NFC", "".join(run.text for run in nfc))
        pieces = _GAP.split(text) if kind in LINED else [text]
        lines = "\n" if kind in LINED else " "
        return [
            (Run(_BLANKS.sub(" ", _AROUND_BREAK.sub(lines, piece.strip())), strong, italic),)
            for piece in pieces
            if piece.strip()
        ]
    chars = [(char, strong and bold, italic) for char, strong, italic in _chars(nfc)]
    text = "".join(char for char, _bold, _italic in chars)
    parts: list[list[_Char]] = []
    begin = 0
    if kind in LINED:
        for gap in _GAP.finditer(text):
            parts.append(chars[begin : gap.start()])
            begin = gap.end()
    parts.append(chars[begin:])
    tidy = []
    for part in parts:
        spaced = _spaced(part, one_line=kind not in LINED)
        settled = _settled(spaced)
        if settled:
            tidy.append(tuple(replace(run, text=unicodedata.normalize("NFC", run.text)) for run in _runs(settled)))
    return tidy


def _spaced(chars: list[_Char], *, one_line: bool) -> list[_Char]:
    """Runs of blanks as one, none beside a line break or at either end; on one line no breaks."""
    spaced: list[_Char] = []
    at = 0
    while at < len(chars):
        char = chars[at]
        if not char[0].isspace():
            spaced.append(char)
            at += 1
            continue
        end = at
        while end < len(chars) and chars[end][0].isspace():
            end += 1
        run = "".join(space for space, _bold, _italic in chars[at:end])
        if spaced and end < len(chars):
            if "\n" in run and not one_line:
                run = "\n"
            elif len(run) > 1 or run in "\t\v\f\n":
                run = " "
            spaced.append((run, char[1], char[2]))
        at = end
    return spaced


def normalised(document: Document) -> Document:
    """The one form of a document: NFC, no empty blocks, blanks as one, items counted up."""
    blocks: list[Block] = []
    for block in document.blocks:
        if block.kind == PHOTO:
            if PHOTO_ID.fullmatch(block.photo):
                blocks.append(Block(PHOTO, photo=block.photo))
            continue
        kind = block.kind if block.kind in (HEADING, QUOTE, BULLET, NUMBER) else PARAGRAPH
        for runs in _tidied(block.runs, kind):
            number = 0
            if kind == NUMBER:
                follows = blocks and blocks[-1].kind == NUMBER
                number = blocks[-1].number + 1 if follows else max(1, block.number)
                # Three digits are written; a list that long begins anew.
                number = number if number <= 999 else 1
            blocks.append(Block(kind, runs, number=number))
    return Document(tuple(blocks))


def plain(document: Document) -> str:
    """The body: the words alone, which are counted, hashed and searched.

    Blocks are parted by a blank line, items of one list by a line break. Photos, their captions and
    the numbers of items are not in it.
    """
    pieces: list[str] = []
    before = ""
    for block in normalised(document).blocks:
        if block.kind == PHOTO:
            continue
        if pieces:
            pieces.append("\n" if block.kind == before and block.kind in ITEMS else "\n\n")
        pieces.append(block.text)
        before = block.kind
    return unicodedata.normalize("NFC", "".join(pieces))


def photos_in(document: Document) -> tuple[str, ...]:
    """Public ids of the photos placed in the text, in order."""
    return document.photos


def with_photos(document: Document, ids: Mapping[str, str]) -> Document:
    """The document with its photos renamed; a photo that `ids` does not know loses its place."""
    return Document(
        tuple(
            replace(block, photo=ids[block.photo]) if block.kind == PHOTO else block
            for block in document.blocks
            if block.kind != PHOTO or block.photo in ids
        )
    )


def numbered_in_words(document: Document) -> Document:
    """The document for an editor whose lists all begin with 1: other lists as paragraphs with their numbers."""
    blocks: list[Block] = []
    for kind, group in normalised(document).groups:
        if kind == NUMBER and group[0].number > 1:
            blocks += [Block(PARAGRAPH, (Run(f"{block.number}. "), *block.runs)) for block in group]
        else:
            blocks += group
    return normalised(Document(tuple(blocks)))


def hide(document: Document, phrases: Collection[str], mark: str = "[…]") -> Document:
    """The document with each of `phrases` (whole words, as written, in any style) replaced by `mark`."""
    patterns = [
        re.compile(r"(?<!\w)" + r"\W+".join(map(re.escape, words)) + r"(?!\w)")
        for phrase in sorted(phrases, key=len, reverse=True)
        if (words := _WORD.findall(unicodedata.normalize("NFC", phrase)))
    ]
    if not patterns:
        return document
    blocks = []
    for block in normalised(document).blocks:
        chars = _chars(block.runs)
        for pattern in patterns:
            text = "".join(char for char, _bold, _italic in chars)
            shown: list[_Char] = []
            begin = 0
            for found in pattern.finditer(text):
                _char, bold, italic = chars[found.start()]
                shown += chars[begin : found.start()]
                shown += [(char, bold, italic) for char in mark]
                begin = found.end()
            chars = [*shown, *chars[begin:]]
        blocks.append(replace(block, runs=_runs(chars)))
    return normalised(Document(tuple(blocks)))
