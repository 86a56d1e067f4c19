"""Reading the text of a .pdf, page by page, and making paragraphs of its lines again."""

from __future__ import annotations

import re
import time

import pypdfium2
import pypdfium2.raw as pdfium

from contest.documents.found import Found, Part, Piece
from contest.documents.rules import Limits, Trouble

_FEWEST = 20  # characters below which a PDF holds pictures of pages
_ENDS = (".", "!", "?", "…", ":", "”", '"', "’", ")", "]")
_DIALOGUE = ("–", "—", "- ", "“", '"', "•", "*")
_PAGE_NUMBER = re.compile(r"[-–—\s]*(?:trang\s+)?\d{1,4}(?:\s*/\s*\d{1,4})?[-–—\s]*", re.IGNORECASE)


def read_pdf(content: bytes, limits: Limits) -> Found:
    """What a .pdf holds. Raises Trouble: password, pages, pdf_pictures, slow, broken."""
    found = Found(limits)
    started = time.process_time()
    try:
        document = pypdfium2.PdfDocument(content)
        pages = len(document)
        if pages > limits.pages:
            raise Trouble("pages", most=limits.pages)
        lines: list[str] = []
        images = characters = 0
        for number in range(pages):
            page = document[number]
            text_page = page.get_textpage()
            characters += text_page.count_chars()
            if characters > limits.characters:
                raise Trouble("too_long", most=limits.characters)
            text = text_page.get_text_range()
            images += sum(1 for _ in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=1))
            lines += _page_lines(text)
            text_page.close()
            page.close()
            if time.process_time() - started > limits.cpu * 0.8:
                raise Trouble("slow")
    except pypdfium2.PdfiumError as error:
        raise Trouble("password" if "assword" in str(error) else "broken") from error
    if sum(len(line.strip()) for line in lines) < _FEWEST:
        raise Trouble("pdf_pictures" if images else "no_text")
    for paragraph in joined(lines):
        found.add(Part(pieces=[Piece(paragraph)]))
    found.counts["pdf_images"] = images
    found.counts["lines_joined"] = 1
    found.counts["properties"] = bool(document.get_metadata_dict(skip_empty=True))
    found.counts["look"] = 1
    document.close()
    return found


def _page_lines(text: str) -> list[str]:
    """The lines of a page without the number that stands alone at its top or foot; hyphens joined."""
    text = text.replace("\ufffe\r\n", "").replace("\x02\r\n", "").replace("\ufffe", "-").replace("\x02", "-")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").split("\n")
    written = [number for number, line in enumerate(lines) if line.strip()]
    for edge in {*written[:1], *written[-1:]}:
        if _PAGE_NUMBER.fullmatch(lines[edge]):
            lines[edge] = ""
    while lines and not lines[-1].strip():
        lines.pop()
    while lines and not lines[0].strip():
        lines.pop(0)
    return lines


def joined(lines: list[str]) -> list[str]:
    """Paragraphs from lines: one ends where a sentence ends well before the margin, at a blank line, or
    where the next begins as dialogue or a list does after a sentence's end."""
    lengths = sorted(len(line.strip()) for line in lines if line.strip())
    if not lengths:
        return []
    margin = lengths[int(len(lengths) * 0.8)]
    paragraphs: list[str] = []
    current = ""
    for raw in lines:
        line = " ".join(raw.split())
        if not line:
            if current:
                paragraphs.append(current)
            current = ""
            continue
        if not current:
            current = line
        else:
            current = f"{current} {line}"
            # The piece that was just joined decides below whether it was the last.
        ended = line.endswith(_ENDS) and len(line) < margin * 0.85
        alone = len(line) < margin * 0.5
        if ended or (alone and current == line):
            paragraphs.append(current)
            current = ""
    if current:
        paragraphs.append(current)
    return _split_dialogue(paragraphs)


def _split_dialogue(paragraphs: list[str]) -> list[str]:
    """Speech after a sentence's end is a paragraph of its own: "… nói. – Vâng." """
    split: list[str] = []
    for paragraph in paragraphs:
        split += re.split(r"(?<=[.!?…:]) (?=[–—] )", paragraph)
    return split
