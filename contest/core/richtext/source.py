"""Light markup: reading and writing it. Both take time in proportion to the text."""

from __future__ import annotations

import re

from contest.core.richtext.model import (
    BULLET,
    HEADING,
    NUMBER,
    PARAGRAPH,
    PHOTO,
    QUOTE,
    Block,
    Document,
    Run,
    normalised,
)

_HEADING = re.compile(r"#{1,3} (?=\S)")
_NUMBER = re.compile(r"([0-9]{1,3})\. (?=\S)")
_PHOTO = re.compile(r"\[photo:([0-9A-Za-z_-]{1,40})\]")
_STARS_ALONE = re.compile(r"\*(?: \*)*")
_ESCAPED_STARS_ALONE = re.compile(r"(?m)^\\\*(?: \\\*)+$")
_MARK_AT_START = re.compile(r"#{1,3} |>(?: |$)|\[photo:|[0-9]{1,3}(?=\. )")
_TOKEN = re.compile(r"\\[\\*#>.\[]|\*+|[^\\*]+|\\")
_ESCAPABLE = frozenset("\\*#>.[")


def parse(source: str) -> Document:
    """The document that `source` writes down. Any text is one; nothing is refused."""
    blocks: list[Block] = []
    lines: list[str] = []  # of the paragraph or quotation that is being read
    kind = PARAGRAPH

    def close() -> None:
        if lines:
            blocks.append(Block(kind, _inline("\n".join(lines))))
            lines.clear()

    for raw in source.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = raw.strip()
        if not line or line == ">":
            close()
            continue
        quoted = line.startswith("> ")
        if quoted or not (single := _single(line)):
            wanted = QUOTE if quoted else PARAGRAPH
            if kind != wanted:
                close()
            kind = wanted
            lines.append(line[2:].strip() if quoted else line)
            continue
        close()
        blocks.append(single)
    close()
    return normalised(Document(tuple(blocks)))


def _single(line: str) -> Block | None:
    """The block that a line with a mark makes by itself."""
    if found := _HEADING.match(line):
        return Block(HEADING, _inline(line[found.end() :]))
    if line.startswith("* ") and not _STARS_ALONE.fullmatch(line):
        return Block(BULLET, _inline(line[2:]))
    if found := _NUMBER.match(line):
        return Block(NUMBER, _inline(line[found.end() :]), number=int(found[1]))
    if found := _PHOTO.fullmatch(line):
        return Block(PHOTO, photo=found[1])
    return None


def _inline(text: str) -> tuple[Run, ...]:
    """The runs of one block. A mark that opens nothing, or is never closed, is an ordinary character."""
    tokens = [found[0] for found in _TOKEN.finditer(text)]
    # What stands before and after each token, for marks: they open before a word and close behind one.
    closes = [0] * len(tokens)
    opens = [0] * len(tokens)
    for at, token in enumerate(tokens):
        if token[0] == "*" and len(token) <= 3:
            before = tokens[at - 1][-1] if at else " "
            after = tokens[at + 1][0] if at + 1 < len(tokens) else " "
            closes[at] = 0 if before.isspace() else len(token)
            opens[at] = 0 if after.isspace() else len(token)
    later = [0] * (len(tokens) + 1)  # bits: an italic mark, a bold mark that can close stands at or after
    for at in range(len(tokens) - 1, -1, -1):
        later[at] = later[at + 1] | closes[at]

    runs: list[Run] = []
    style = 0
    for at, token in enumerate(tokens):
        if token[0] == "*":
            left = len(token)
            for bit in (1, 2) if left <= 3 else ():
                if not left & bit or not len(token) & bit:
                    continue
                if style & bit and closes[at]:
                    style &= ~bit
                    left -= bit
                elif not style & bit and opens[at] and later[at + 1] & bit:
                    style |= bit
                    left -= bit
            if left:
                runs.append(Run("*" * left, bool(style & 2), bool(style & 1)))
            continue
        text = token[1] if len(token) == 2 and token[0] == "\\" and token[1] in _ESCAPABLE else token
        runs.append(Run(text, bool(style & 2), bool(style & 1)))
    return tuple(runs)


def source_of(document: Document) -> str:
    """The canonical light markup of `document`: `parse(source_of(d)) == normalised(d)`."""
    pieces: list[str] = []
    before = ""
    for block in normalised(document).blocks:
        if pieces:
            pieces.append("\n" if block.kind == before and block.kind in (BULLET, NUMBER) else "\n\n")
        pieces.append(_written(block))
        before = block.kind
    return "".join(pieces)


def _written(block: Block) -> str:
    if block.kind == PHOTO:
        return f"[photo:{block.photo}]"
    text = _marked(block.runs, plain_start=block.kind == PARAGRAPH)
    if block.kind == HEADING:
        return f"## {text}"
    if block.kind == BULLET:
        return f"* {text}"
    if block.kind == NUMBER:
        return f"{block.number}. {text}"
    if block.kind == QUOTE:
        return "\n".join(f"> {line}" for line in text.split("\n"))
    return _ESCAPED_STARS_ALONE.sub(lambda found: found[0].replace("\\", ""), text)


def _marked(runs: tuple[Run, ...], *, plain_start: bool) -> str:
    """The text of runs with their marks. With `plain_start` no line may look like another kind of block."""
    written: list[str] = []
    bold = italic = False
    line_start = True
    for run in (*runs, Run("")):
        marks = ("*" if italic != run.italic else "") + ("**" if bold != run.bold else "")
        bold, italic = run.bold, run.italic
        if marks:
            written.append(marks)
            line_start = False
        for number, line in enumerate(run.text.split("\n")):
            if number:
                written.append("\n")
                line_start = True
            if line:
                written.append(_escaped(line, at_start=plain_start and line_start))
                line_start = False
    return "".join(written)


def _escaped(text: str, *, at_start: bool) -> str:
    text_written = text.replace("\\", "\\\\").replace("*", "\\*")
    if at_start and (found := _MARK_AT_START.match(text)):
        # Behind the digits of "1. ", before any other mark.
        at = found.end() if found[0].isdigit() else 0
        return f"{text_written[:at]}\\{text_written[at:]}"
    return text_written


def from_plain(text: str) -> Document:
    """Plain text as a document: blank lines part paragraphs, and no character is markup."""
    blocks: list[Block] = []
    lines: list[str] = []
    for line in [*text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""]:
        if line.strip():
            lines.append(line)
        elif lines:
            blocks.append(Block(PARAGRAPH, (Run("\n".join(lines)),)))
            lines = []
    return normalised(Document(tuple(blocks)))
