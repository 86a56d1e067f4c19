"""The child process: one file, read within bounds, answered in one line of JSON and the pictures' bytes.

Started by `contest.documents.bounded` and by nobody else. It limits itself before it looks at the
file: memory, processor time, size of what it writes, open files, no further process, no core. What
goes wrong is answered as a code; what kills it, the parent sees.

The request, on standard input: one line of JSON {job, name, encoding, limits}, then the file. The
answer, on standard output: one line of JSON, then the pictures one after another.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
from importlib import import_module
from typing import Any

from contest.core.richtext import normalised
from contest.documents.found import Finished, Found
from contest.documents.kinds import EXTENSIONS, extension_of, sniff
from contest.documents.rules import CSV, DOC, DOCX, MARKDOWN, ODT, PDF, RTF, TEXT, XLSX, Limits, Trouble

# Loaded when a file asks for it: each costs more than reading most files.
_READERS = {
    DOCX: ("contest.documents.word", "read_docx"),
    ODT: ("contest.documents.odt", "read_odt"),
    PDF: ("contest.documents.pdf", "read_pdf"),
    TEXT: ("contest.documents.plain", "read_text_file"),
    MARKDOWN: ("contest.documents.plain", "read_markdown"),
    CSV: ("contest.documents.sheets", "read_csv"),
    XLSX: ("contest.documents.workbook", "read_xlsx"),
}
# openpyxl would load these for things that are not read here, at many times its own cost.
_NOT_NEEDED = ("numpy", "PIL", "lxml")


def limit_self(limits: Limits) -> None:
    """Take no more than `limits` from here on. Linux counts memory by RLIMIT_DATA; elsewhere by address space."""
    used = _memory_used()
    for name, most in (
        ("RLIMIT_DATA", used.get("VmData", 0) + limits.memory),
        ("RLIMIT_AS", used.get("VmSize", 400_000_000) + limits.memory * 2),
        ("RLIMIT_FSIZE", limits.answer),
        ("RLIMIT_NOFILE", 32),
        ("RLIMIT_NPROC", 0),
        ("RLIMIT_CORE", 0),
    ):
        if (number := getattr(resource, name, None)) is not None:
            _lower(number, most)
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu, limits.cpu + 1))
    os.nice(3)


def _lower(number: int, most: int) -> None:
    _, hard = resource.getrlimit(number)
    ceiling = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(number, (ceiling, ceiling))


def _memory_used() -> dict[str, int]:
    """Bytes of data and address space that this process holds, from Linux's own account."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123 - no pathlib here
            fields = (line.split() for line in status)
            return {each[0].rstrip(":"): int(each[1]) * 1024 for each in fields if each[0].startswith("Vm")}
    except OSError:
        return {}


def answer_for(request: dict[str, Any], content: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """What is answered about `content`. Raises Trouble."""
    limits = Limits(*request["limits"])
    name = str(request["name"])
    found_format, package = sniff(content, name, limits)
    sheet_wanted = request["job"] == "sheet"
    known = _judged(found_format, sheet_wanted=sheet_wanted)
    if known is not None:
        return {"office": known}, []
    if sheet_wanted and found_format in {TEXT, MARKDOWN}:
        found_format = CSV
    if found_format == XLSX:
        for heavy in _NOT_NEEDED:
            sys.modules.setdefault(heavy, None)  # type: ignore[arg-type]
    module, function = _READERS[found_format]
    reader = getattr(import_module(module), function)
    notes: list[tuple[str, dict[str, str | int]]] = []
    promised = EXTENSIONS.get(extension_of(name))
    if promised not in {None, found_format} and not (promised in {TEXT, CSV} and found_format in {TEXT, CSV}):
        notes.append(("named_otherwise", {"named": f".{extension_of(name)}", "found": found_format}))
    if found_format == XLSX:
        rows = reader(content, package, limits)
    else:
        rows = reader(package if package is not None else content, limits)
    if sheet_wanted:
        table = rows.finished()
        notes += _notes(rows.counts, limits, rows.charset)
        return {"format": found_format, "rows": table, "notes": notes}, []
    return _text_answer(rows, str(request["encoding"]), found_format, notes, limits)


def _judged(found_format: str, *, sheet_wanted: bool) -> str | None:
    """The old formats are converted first; what is no text (or no sheet) is refused. Raises Trouble."""
    if sheet_wanted:
        if found_format in {"xls", "ods"}:
            raise Trouble("old_sheet")
        if found_format not in {XLSX, CSV, TEXT, MARKDOWN}:
            raise Trouble("not_sheet")
        return None
    if found_format in {XLSX, CSV, "xls", "ods"}:
        raise Trouble("sheet")
    if found_format == "slides":
        raise Trouble("slides")
    return found_format if found_format in {DOC, RTF} else None


def _text_answer(
    found: Found, encoding: str, found_format: str, notes: list[tuple[str, dict[str, str | int]]], limits: Limits
) -> tuple[dict[str, Any], list[bytes]]:
    done = Finished(found, encoding)
    if done.title:
        notes.append(("title", {"text": done.title}))
    if done.encoding:
        notes.append(("legacy", {"name": done.encoding}))
    notes += _notes(done.counts, limits, found.charset)
    answer = {
        "format": found_format,
        "blocks": [
            [block.kind, block.photo, block.number, [[run.text, run.bold, run.italic] for run in block.runs]]
            for block in normalised(done.document).blocks
        ],
        "title": done.title,
        "encoding": done.encoding,
        "detected": done.detected,
        "samples": done.samples,
        "images": [[len(content), caption, name] for content, caption, name in done.images],
        "notes": notes,
    }
    return answer, [content for content, _, _ in done.images]


def _notes(counts: dict[str, int], limits: Limits, charset: str) -> list[tuple[str, dict[str, str | int]]]:
    notes: list[tuple[str, dict[str, str | int]]] = [("charset", {"name": charset})] if charset else []
    for code, count in counts.items():
        if count > 0:
            params: dict[str, str | int] = {"count": int(count)}
            if code == "large_images":
                params |= {"most": limits.image_bytes // 1_000_000, "number": limits.images}
            notes.append((code, params))
    return notes


def main() -> None:
    """Read one request, answer it."""
    head = sys.stdin.buffer.readline(100_000)
    request = json.loads(head)
    limit_self(Limits(*request["limits"]))
    gc.disable()  # short-lived, and cycles are few: the limit on memory ends what is not
    blobs: list[bytes] = []
    answer: dict[str, Any]
    try:
        answer, blobs = answer_for(request, sys.stdin.buffer.read())
    except Trouble as trouble:
        answer = {"trouble": trouble.code, "params": trouble.params}
    except (MemoryError, RecursionError):
        answer = {"trouble": "heavy", "params": {}}
    except Exception:  # noqa: BLE001 - whatever a parser trips over, the file is what is wrong
        answer = {"trouble": "broken", "params": {}}
    out = sys.stdout.buffer
    out.write(json.dumps(answer, ensure_ascii=True).encode("ascii") + b"\n")
    for blob in blobs:
        out.write(blob)
    out.flush()
    os._exit(0)  # nothing to tidy up, and tearing down large trees takes time
