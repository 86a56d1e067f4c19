"""Entries on paper after they were typed: their scans, and the second person who compares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from contest.accounts.models import User
from contest.core.db import db
from contest.core.errors import N_, Conflict, NotFound, Refused
from contest.core.text import clean_text
from contest.entries.models import Attachment, Entry
from contest.entries.moves import audit
from contest.entries.rules import ACCEPTED, COMPLETION_REQUESTED, DRAFT, PAPER, RECEIVED, SUBMITTED
from contest.intake.scans import Page

SCAN = "scan"
SCANS_MAX = 40
# States in which comparing still means something: what was refused or withdrawn is over.
COMPARABLE = (SUBMITTED, RECEIVED, COMPLETION_REQUESTED)


def paper_entries(contest_id: int, unit_id: int | None = None, limit: int = 200) -> Sequence[Entry]:
    """Entries of a contest that came on paper (of one unit), those that wait for comparing first."""
    query = (
        select(Entry)
        .where(Entry.contest_id == contest_id, Entry.source == PAPER, Entry.replaces_id.is_(None))
        .options(
            joinedload(Entry.author),
            joinedload(Entry.sent_by_unit),
            joinedload(Entry.paper),
            selectinload(Entry.attachments),
        )
        .order_by(Entry.updated_at.desc(), Entry.id.desc())
        .limit(limit)
    )
    if unit_id is not None:
        query = query.where(Entry.sent_by_unit_id == unit_id)
    return sorted(db.session.scalars(query), key=lambda entry: not waits(entry))


def waits(entry: Entry) -> bool:
    """Whether an entry on paper waits for a second person."""
    return (
        entry.source == PAPER
        and entry.state in COMPARABLE
        and entry.paper is not None
        and entry.paper.compared_at is None
        and entry.paper.note is None
    )


def scans_of(entry: Entry) -> list[Attachment]:
    """The scanned pages of an entry, in the order in which they were added."""
    return [each for each in entry.attachments if each.kind == SCAN]


def get_scan(entry: Entry, public_id: str) -> Attachment:
    """One of `scans_of`. Raises NotFound."""
    found = next((each for each in scans_of(entry) if each.public_id == public_id), None)
    if found is None:
        raise NotFound(public_id)
    return found


def require_room(entry: Entry, pages: int = 1) -> None:
    """Raise Refused when the entry would hold more scanned pages than are kept."""
    if len(scans_of(entry)) + pages > SCANS_MAX:
        raise Refused(
            N_("An entry keeps at most %(most)s scanned pages. Remove some to add others."),
            code="too_many_scans",
            most=SCANS_MAX,
        )


def add_scans(
    *, entry: Entry, pages: Sequence[tuple[Page, str]], name: str, sha256: str, actor: User, now: datetime
) -> int:
    """Keep scanned pages with an entry; `pages` are pictures with the keys of their files. How many were new.

    The same file sent twice is kept once. A page added after comparing asks for comparing anew.
    """
    if any(scan.sha256 == sha256 for scan in scans_of(entry)):
        return 0
    require_room(entry, len(pages))
    for number, (page, key) in enumerate(pages, start=1):
        db.session.add(
            Attachment(
                entry_id=entry.id,
                kind=SCAN,
                key=key,
                name=name if len(pages) == 1 else f"{name[:180]} ({number})",
                media_type="image/webp",
                size=len(page.content),
                sha256=sha256,
                added_at=now,
                added_by_id=actor.id,
            )
        )
    if entry.paper is not None:
        entry.paper.compared_by_id = entry.paper.compared_at = None
    audit(entry=entry, verb="add_scan", actor=actor, now=now, pages=len(pages), sha256=sha256)
    db.session.flush()
    db.session.expire(entry, ["attachments"])
    return len(pages)


def remove_scan(*, entry: Entry, scan: Attachment, actor: User, now: datetime) -> str:
    """Remove a scanned page of an entry that was not accepted; returns the key of its file."""
    if entry.state not in (DRAFT, *COMPARABLE):
        raise Conflict(N_("What was decided about keeps its scans."), code="decided")
    key = scan.key
    audit(entry=entry, verb="remove_scan", actor=actor, now=now, sha256=scan.sha256)
    db.session.delete(scan)
    if entry.paper is not None:
        entry.paper.compared_by_id = entry.paper.compared_at = None
    db.session.flush()
    db.session.expire(entry, ["attachments"])
    return key


# Comparing


def require_second_person(entry: Entry, actor: User) -> None:
    """Raise Refused for who typed the entry or began it: another person has to look."""
    if entry.paper is None or entry.source != PAPER:
        raise NotFound(entry.public_id)
    if actor.id in {entry.paper.typed_by_id, entry.helper_id}:
        raise Refused(
            N_("You typed this entry yourself. A second person has to compare it with the scan."),
            code="same_person",
        )


def _require_comparable(entry: Entry, receipt: str) -> None:
    if entry.state not in COMPARABLE or not entry.receipts or entry.receipts[-1].code != receipt:
        raise Conflict(N_("The entry has changed since you opened it. Please compare it once more."), code="changed")
    if not scans_of(entry):
        raise Refused(N_("There is no scan to compare with. Add one first."), code="no_scan")


def confirm_typing(*, entry: Entry, receipt: str, actor: User, now: datetime) -> None:
    """Say that what was typed is what stands on paper; `receipt` is the code of what was looked at.

    Done twice, it is done once. Raises Refused for who typed it, without a scan; Conflict when it changed.
    """
    require_second_person(entry, actor)
    _require_comparable(entry, receipt)
    paper = entry.paper
    if paper is None or paper.compared_at is not None:
        return
    paper.compared_by_id, paper.compared_at, paper.note = actor.id, now, None
    audit(entry=entry, verb="compare", actor=actor, now=now, receipt=receipt)
    db.session.flush()


def send_back(*, entry: Entry, receipt: str, note: str, actor: User, now: datetime) -> None:
    """Say what was typed otherwise than it stands on paper: whoever types mends it and sends it again.

    Raises Refused without a note, as `confirm_typing` does, and once the entry is valid.
    """
    require_second_person(entry, actor)
    _require_comparable(entry, receipt)
    text = clean_text(note)
    if not text:
        raise Refused(N_("Say what differs from the paper."), code="note")
    paper = entry.paper
    if paper is None or entry.state == ACCEPTED:
        raise NotFound(entry.public_id)
    paper.compared_by_id = paper.compared_at = None
    paper.note = text[:2000]
    audit(entry=entry, verb="send_back", actor=actor, now=now, receipt=receipt)
    db.session.flush()
