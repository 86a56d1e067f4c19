"""Fail when a message of the code or the templates is not in the catalogues, or not well said there.

    .venv/bin/python scripts/check_catalogues.py -k N_ …   (the Makefile passes the keywords)

Vietnamese must hold every message, translated, with the placeholders of the original. English may be
empty, since the messages are English; it must hold the same messages so that plurals and merges work.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


def main(keywords: list[str]) -> int:
    wanted = extracted(keywords)
    problems = [problem for language in ("vi", "en") for problem in faults(language, wanted)]
    for problem in problems[:200]:
        print(problem)
    if problems:
        print(f"catalogues: {len(problems)} to mend (`make messages` collects new messages)")
        return 1
    print(f"catalogues: ok, {len(wanted)} messages")
    return 0


def extracted(keywords: list[str]) -> dict[tuple[str, str | None], Message]:
    """Every message that code and templates ask for now, by its text and context."""
    with tempfile.TemporaryDirectory() as folder:
        pot = Path(folder) / "messages.pot"
        command = [sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract", "-F", "babel.cfg"]
        subprocess.run([*command, *keywords, "-o", str(pot), "."], cwd=ROOT, check=True)
        return messages(pot)


def messages(path: Path) -> dict[tuple[str, str | None], Message]:
    with path.open("rb") as file:
        catalog: Catalog = read_po(file)
    return {(singular(message), message.context): message for message in catalog if message.id}


def singular(message: Message) -> str:
    return message.id[0] if isinstance(message.id, (tuple, list)) else message.id


def faults(language: str, wanted: dict[tuple[str, str | None], Message]) -> Iterator[str]:
    path = ROOT / "contest" / "translations" / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        yield f"{language}: {path.relative_to(ROOT)} does not exist"
        return
    held = messages(path)
    for key, message in wanted.items():
        if key not in held:
            yield f"{language}: missing: {key[0]!r}"
        else:
            yield from ill_said(language, message, held[key])
    for key in held.keys() - wanted.keys():
        yield f"{language}: nobody asks for it any more: {key[0]!r}"


def ill_said(language: str, original: Message, held: Message) -> Iterator[str]:
    """What is wrong with one translation."""
    text = singular(original)
    if isinstance(original.id, (tuple, list)) != isinstance(held.id, (tuple, list)):
        yield f"{language}: plural in one place and not in the other: {text!r}"
        return
    if held.fuzzy:
        yield f"{language}: fuzzy: {text!r}"
    strings = list(held.string) if isinstance(held.string, (tuple, list)) else [held.string]
    if language == "vi" and not all(strings):
        yield f"{language}: not translated: {text!r}"
        return
    originals = list(original.id) if isinstance(original.id, (tuple, list)) else [original.id]
    allowed = {name for form in originals for name in PLACEHOLDER.findall(form)}
    # A singular may leave its number unsaid ("one entry"), so the plural decides what is needed.
    needed = set(PLACEHOLDER.findall(originals[-1])) if len(originals) == 1 or language == "vi" else set()
    for string in filter(None, strings):
        used = set(PLACEHOLDER.findall(string))
        if used - allowed or needed - used:
            yield f"{language}: placeholders differ: {text!r} / {string!r}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
