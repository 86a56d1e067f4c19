"""Reading files that people send: `read_document` for texts, `read_sheet` for lists. Nothing is stored here."""

from __future__ import annotations

import re
from typing import Any

from contest.core.errors import Refused
from contest.core.richtext import Block, Document, Run
from contest.documents import office
from contest.documents.bounded import Answer, ask_child
from contest.documents.found import is_photo
from contest.documents.legacy import convert_legacy, detect_legacy
from contest.documents.rules import (
    AUTO,
    ENCODING_NAMES,
    FORMAT_NAMES,
    KEEP,
    LIMITS,
    NOTES,
    TROUBLES,
    ImageFound,
    Limits,
    Note,
    Read,
    Sheet,
    Trouble,
)

__all__ = ["convert_legacy", "detect_legacy", "read_document", "read_sheet", "read_text"]

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_ORDER = {code: number for number, code in enumerate(NOTES)}
# Troubles whose way out is one for texts; a sheet has its template.
_OF_TEXTS = {"broken", "bomb", "slow", "heavy", "unsafe", "mixed", "no_text"}
_ENCODINGS = {AUTO, KEEP, *ENCODING_NAMES}


def read_document(content: bytes, name: str, *, encoding: str = AUTO, limits: Limits = LIMITS) -> Read:
    """The text in a file. `name` is what its sender called it; its bytes decide what it is.

    `encoding`: auto converts TCVN3 or VNI when the text is one of them, keep converts nothing, tcvn3
    and vni convert from these. At most about 5 s and 150 MB, in another process. Raises Refused with a
    sentence that says what to do.
    """
    try:
        _check_size(content, limits)
        request = {"job": "text", "name": name[:300], "encoding": encoding if encoding in _ENCODINGS else AUTO}
        answer = ask_child(request, content, limits)
        if (kind := answer.told.get("office")) in {"doc", "rtf"}:
            made = office.to_docx(content, str(kind), limits)
            answer = ask_child({**request, "name": "text.docx"}, made, limits._replace(most=len(made)))
            answer.told["notes"] = [*answer.told.get("notes", []), ["converted", {}]]
            answer.told["format"] = kind
        return _read_of(answer, limits)
    except Trouble as trouble:
        raise refusal(trouble) from trouble


def read_text(text: str, *, encoding: str = AUTO, limits: Limits = LIMITS) -> Read:
    """Pasted text as `read_document` would give it: nothing in it is markup, blank lines part paragraphs."""
    return read_document(text.encode("utf-8", "replace"), "pasted.txt", encoding=encoding, limits=limits)


def read_sheet(content: bytes, name: str, *, limits: Limits = LIMITS) -> Sheet:
    """The first sheet of an .xlsx or the rows of a .csv, as text. Days are 20/05/1980. Raises Refused."""
    try:
        _check_size(content, limits)
        told = ask_child({"job": "sheet", "name": name[:300], "encoding": KEEP}, content, limits).told
        rows = told.get("rows")
        if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
            raise Trouble("broken")
        clean = [[str(cell).replace("\0", "") for cell in row] for row in rows[: limits.rows + 1]]
        return Sheet(rows=clean, report=_report(told, limits), format=_format(told))
    except Trouble as trouble:
        raise refusal(Trouble("bad_sheet") if trouble.code in _OF_TEXTS else trouble) from trouble


def refusal(trouble: Trouble) -> Refused:
    """What a person is told."""
    message = TROUBLES.get(trouble.code, "")
    if not message or not _fits(message, trouble.params):
        return Refused(TROUBLES["broken"], code="file_broken")
    return Refused(message, code=f"file_{trouble.code}", **trouble.params)


def _fits(message: str, params: dict[str, Any]) -> bool:
    """Whether `message` can be said with `params`: a child may have told anything."""
    return set(_PLACEHOLDER.findall(message)) <= set(params)


def _check_size(content: bytes, limits: Limits) -> None:
    if not content:
        raise Trouble("empty")
    if len(content) > limits.most:
        raise Trouble("too_large", most=limits.most // 1_000_000)


def _format(told: dict[str, Any]) -> str:
    if told.get("format") not in FORMAT_NAMES:
        raise Trouble("broken")
    return str(told["format"])


def _read_of(answer: Answer, limits: Limits) -> Read:
    """The child's answer, checked: text by the same rules as typed text, pictures by their first bytes."""
    told = answer.told
    try:
        document = _document_of(told["blocks"])
        title = " ".join(_checked(told["title"]).split())
        samples = tuple((_checked(before), _checked(after)) for before, after in told["samples"])
        images: list[ImageFound] = []
        at = 0
        for size, caption, name in told["images"]:
            content = answer.rest[at : at + int(size)]
            at += int(size)
            if is_photo(content):
                images.append(ImageFound(content, " ".join(_checked(caption).split())[:300], _checked(name)))
    except (KeyError, TypeError, ValueError) as error:
        raise Trouble("broken") from error
    encoding, detected = told.get("encoding"), told.get("detected")
    return Read(
        document=document,
        title_guess=title,
        images=tuple(images[: limits.images]),
        report=_report(told, limits),
        encoding=encoding if encoding in ENCODING_NAMES else None,
        format=_format(told),
        detected=detected if detected in ENCODING_NAMES else None,
        samples=samples[:10],
    )


def _document_of(blocks: Any) -> Document:
    """The document that the child tells, already in its normal form."""
    return Document(
        tuple(
            Block(
                kind=_checked(kind),
                photo=_checked(photo),
                number=int(number),
                runs=tuple(Run(_checked(text), bool(bold), bool(italic)) for text, bold, italic in runs),
            )
            for kind, photo, number, runs in blocks
        )
    )


def _checked(text: Any) -> str:
    """A text of the child's, which holds nothing that typed text may not hold. Raises ValueError."""
    if not isinstance(text, str) or not text.replace("\n", "").isprintable():
        raise ValueError("not a text")
    return text


def _report(told: dict[str, Any], limits: Limits) -> tuple[Note, ...]:
    """The notes that we know, in the order of the report."""
    notes: dict[str, Note] = {}
    given = told.get("notes")
    for entry in given if isinstance(given, list) else []:
        try:
            code, params = str(entry[0]), dict(entry[1])
            kind, message = NOTES[code]
            if code == "named_otherwise":
                params["found"] = FORMAT_NAMES.get(params["found"], str(params["found"]))
            if code == "legacy":
                params["name"] = ENCODING_NAMES[params["name"]]
            if not _fits(message, params):
                continue
        except (KeyError, IndexError, TypeError, ValueError):
            continue
        notes[code] = Note(kind, message, {name: params[name] for name in _PLACEHOLDER.findall(message)}, code)
    return tuple(sorted(notes.values(), key=lambda note: _ORDER[note.code]))
