"""Receipts: what they attest, how one is made, and how a text or a file is held against one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contest.contests.models import RuleSetVersion
from contest.core.db import db, new_code
from contest.core.errors import N_
from contest.core.richtext import from_plain, plain
from contest.core.text import nfc
from contest.entries.models import Entry, Receipt

SUBMITTED, WITHDRAWN = "submitted", "withdrawn"
PHOTO = "photo"
# The kinds of files behind an entry (see models.Attachment), as a receipt names them.
FILE_KINDS = {
    PHOTO: N_("Photo"),
    "source": N_("Document that the text was taken from"),
    "scan": N_("Scan of the paper entry"),
    "proof": N_("Proof of publication"),
}
# A file up to this size is tried as a text, too.
_TEXT_MOST = 1_000_000


def text_sha256(body: str) -> str:
    """The checksum on a receipt: SHA-256 of the body as NFC, UTF-8, with LF between lines."""
    return hashlib.sha256(nfc(body).replace("\r\n", "\n").replace("\r", "\n").encode("utf-8")).hexdigest()


def file_sums(entry: Entry) -> list[dict[str, Any]]:
    """What a receipt says of each file: its kind, what it is called, SHA-256 of its bytes as they were sent.

    What a draft keeps for its writer alone (a file that was read and not taken, the text before one) was
    not sent, and is not attested.
    """
    photos = [{"kind": PHOTO, "caption": photo.caption, "sha256": photo.sha256} for photo in entry.photos]
    others = [
        {"kind": each.kind, "caption": each.name, "sha256": each.sha256}
        for each in entry.attachments
        if each.kind in FILE_KINDS
    ]
    return photos + others


def give_receipt(
    *, entry: Entry, kind: str, version: RuleSetVersion, now: datetime, draft_id: str | None = None
) -> Receipt:
    """The next receipt of an entry, over what it says now. `draft_id`: the draft that was sent."""
    code = new_code(12)
    receipt = Receipt(
        code=f"{entry.contest.code_prefix}-{code[:4]}-{code[4:8]}-{code[8:]}",
        kind=kind,
        draft_id=draft_id,
        entry=entry,
        number=1 + max((earlier.number for earlier in entry.receipts), default=0),
        at=now,
        rules_version=version,
        title=entry.title,
        text=entry.body,
        document=entry.document,
        text_sha256=text_sha256(entry.body),
        word_count=entry.word_count,
        files=file_sums(entry),
    )
    db.session.add(receipt)
    return receipt


def last_submission(receipts: Iterable[Receipt]) -> Receipt | None:
    """The receipt of the text that counts, or counted until it was withdrawn."""
    sent = [receipt for receipt in receipts if receipt.kind == SUBMITTED]
    return sent[-1] if sent else None


@dataclass(frozen=True)
class Match:
    """What on a receipt a text or file is: the text, or file number `number` (from 1) of its `kind`."""

    kind: str
    number: int = 0


def match_text(receipt: Receipt, text: str) -> list[Match]:
    """Whether a text, as typed or pasted, is the one of the receipt."""
    # Blanks at the ends and at the ends of lines are never stored, and pasting adds them easily.
    bare = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")).strip()
    # As typed into the desk: runs of blanks and of empty lines are not kept either.
    typed = plain(from_plain(text))
    return [Match("text")] if receipt.text_sha256 in {text_sha256(each) for each in (text, bare, typed)} else []


def match_file(receipt: Receipt, content: bytes) -> list[Match]:
    """Which files of the receipt have exactly these bytes; a plain-text file may be the text itself."""
    found: list[Match] = []
    digest = hashlib.sha256(content).hexdigest()
    numbers: dict[str, int] = {}
    for file in receipt.files:
        kind = str(file.get("kind") or PHOTO)
        numbers[kind] = numbers.get(kind, 0) + 1
        if file["sha256"] == digest:
            found.append(Match(kind, numbers[kind]))
    if len(content) <= _TEXT_MOST:
        with suppress(UnicodeDecodeError):
            found += match_text(receipt, content.decode("utf-8-sig"))
    return found


@dataclass(frozen=True)
class FileChange:
    """A file that came (`in`), went (`out`) or stayed (`same`) between two receipts."""

    how: str
    kind: str
    caption: str


def file_changes(old: Receipt, new: Receipt) -> list[FileChange]:
    """Files of two receipts, compared by what they hold."""
    before = {file["sha256"] for file in old.files}
    after = {file["sha256"] for file in new.files}
    gone = [file for file in old.files if file["sha256"] not in after]
    return [
        *(_change("out", file) for file in gone),
        *(_change("same" if file["sha256"] in before else "in", file) for file in new.files),
    ]


def _change(how: str, file: dict[str, Any]) -> FileChange:
    return FileChange(how, str(file.get("kind") or PHOTO), str(file.get("caption") or ""))
