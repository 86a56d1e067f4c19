"""Text with a little formatting, kept as light markup and never as HTML.

What is stored is a source text that a person can read and type:

- a blank line parts paragraphs; a single line break stays one
- `## ` heading, `> ` quotation, `* ` item of a list, `1. ` item of a numbered list, at a line's start
- `[photo:ID]` alone on a line puts a photo of the entry here
- `**bold**`, `*italic*`; a backslash before a mark makes it an ordinary character

A line that begins with "- " or "– " is speech, as Vietnamese prose writes it, and no list.
HTML is only ever made from a Document, by templates, which escape every text.
"""

from contest.core.richtext.html import from_html
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
    hide,
    normalised,
    numbered_in_words,
    photos_in,
    plain,
    with_photos,
)
from contest.core.richtext.source import from_plain, parse, source_of

__all__ = [
    "BULLET",
    "HEADING",
    "NUMBER",
    "PARAGRAPH",
    "PHOTO",
    "QUOTE",
    "Block",
    "Document",
    "Run",
    "from_html",
    "from_plain",
    "hide",
    "normalised",
    "numbered_in_words",
    "parse",
    "photos_in",
    "plain",
    "source_of",
    "with_photos",
]
