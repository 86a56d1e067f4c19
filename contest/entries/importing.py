"""Taking the text of a draft from a file, or from pasted text: read, looked at, then taken or left.

The file is kept as it was sent from the first step on, as an attachment that waits; each step reads it
again, so nothing of what was read passes through the browser. Taking it makes the file the entry's
source. The text that it took the place of stays with the draft and can be had back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select

from contest.accounts.models import User
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.core.files import FileStore
from contest.core.richtext import source_of, with_photos
from contest.core.text import clean_line
from contest.documents.rules import MEDIA_TYPES, TEXT, ImageFound, Read
from contest.entries.drafting import require_draft, save_text
from contest.entries.models import Attachment, Entry, Photo
from contest.entries.moves import audit
from contest.entries.photographs import StoredPhoto, add_photo
from contest.entries.rules import DRAFT, EARLIER, SOURCE, WAITING
from contest.exemplars.services import short_line

# A file that was sent and then left lying goes after a day.
WAITS = timedelta(days=1)
_ENDING = "bin"  # a stored file says nothing about what it holds


class Kept(NamedTuple):
    """Bytes that were stored, before the transaction that knows of them: name "" for pasted text."""

    key: str
    name: str
    media_type: str
    size: int
    sha256: str


class Earlier(NamedTuple):
    """A text that was replaced, as it is kept."""

    title: str
    genre: str
    document: str


class Taken(NamedTuple):
    """What taking a file did: photos added, and pictures left out for want of room; `loose` keys of files."""

    photos: int
    no_room: int
    loose: list[str]


def keep_file(content: bytes, name: str, media_type: str, files: FileStore) -> Kept:
    """Store a file as it was sent. Raises Refused when the store does not answer."""
    return Kept(
        key=files.put(content, _ENDING),
        name=name,
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def file_name(name: str) -> str:
    """What a file was called, as one harmless line: the last part of a path, hidden characters left out."""
    last = name.replace("\\", "/").rpartition("/")[2]
    try:
        return short_line(clean_line("".join(char for char in last if char.isprintable())), 200)
    except Refused:
        return ""


def attachment_of(entry: Entry, kind: str) -> Attachment | None:
    """The newest attachment of this kind, if there is one."""
    return next((each for each in reversed(entry.attachments) if each.kind == kind), None)


def _attach(entry: Entry, kind: str, kept: Kept, actor: User, now: datetime) -> list[str]:
    """Keep a file in the place of others of its kind; returns the keys of those."""
    gone = [each for each in entry.attachments if each.kind == kind]
    for each in gone:
        db.session.delete(each)
    db.session.flush()
    db.session.add(Attachment(entry_id=entry.id, kind=kind, added_at=now, added_by_id=actor.id, **kept._asdict()))
    entry.updated_at = now
    db.session.flush()
    db.session.expire(entry, ["attachments"])
    return [each.key for each in gone]


def keep_waiting(*, entry: Entry, kept: Kept, actor: User, now: datetime) -> list[str]:
    """A file has been read and waits for its writer's decision; an earlier one that waited goes.

    Returns keys of files that may no longer be needed. Raises Conflict for anything but a draft.
    """
    require_draft(entry)
    return _attach(entry, WAITING, kept, actor, now)


def get_waiting(entry: Entry, sent_id: str) -> Attachment:
    """The file that waits, when it is still the one that the writer looked at. Raises Conflict."""
    waiting = attachment_of(entry, WAITING)
    if waiting is None or waiting.public_id != sent_id:
        raise Conflict(
            N_("Another file was sent in the meantime, or this one was left. Please look again."), code="file"
        )
    return waiting


def drop_waiting(*, entry: Entry, now: datetime) -> list[str]:
    """The writer does not take the file; returns keys of files that may no longer be needed."""
    require_draft(entry)
    gone = [each for each in entry.attachments if each.kind == WAITING]
    for each in gone:
        db.session.delete(each)
    if gone:
        entry.updated_at = now
        db.session.flush()
        db.session.expire(entry, ["attachments"])
    return [each.key for each in gone]


def as_earlier(entry: Entry, files: FileStore) -> Kept | None:
    """The present text of a draft, stored so that it can be had back; None when there is none."""
    if not entry.title and not entry.document:
        return None
    text = json.dumps(Earlier(entry.title, entry.genre, entry.document)._asdict(), ensure_ascii=False)
    return keep_file(text.encode(), "", "application/json", files)


def earlier_of(content: bytes) -> Earlier:
    """The text in a stored file that `as_earlier` made."""
    return Earlier(**json.loads(content))


def _require_version(entry: Entry, version: int) -> None:
    if entry.version != version:
        raise Conflict(
            N_("This draft was saved in another window at %(at)s. Nothing was overwritten."),
            code="version",
            at=entry.updated_at,
        )


def take_document(
    *,
    entry: Entry,
    version: int,
    sent_id: str,
    read: Read,
    title: str,
    photos: Sequence[tuple[ImageFound, StoredPhoto]],
    earlier: Kept | None,
    actor: User,
    now: datetime,
) -> Taken:
    """Put the text that was read in the place of the draft's, and its pictures among the photos.

    `version` is that of the text which the writer saw being replaced; `earlier` that text, stored. A
    picture that is a photo of the entry already is placed and not added again. Raises Conflict when
    another window saved the text or sent another file; Refused for a text beyond all bounds.
    """
    require_draft(entry)
    waiting = get_waiting(entry, sent_id)
    _require_version(entry, version)
    places: dict[str, str] = {}
    added = no_room = 0
    unused: list[str] = []
    for image, stored in photos:
        same = db.session.scalar(select(Photo).where(Photo.entry_id == entry.id, Photo.sha256 == stored.sha256))
        if same is not None:
            places[image.name] = same.public_id
            unused += stored.keys
            continue
        try:
            photo = add_photo(entry=entry, stored=stored, now=now)
        except Refused:
            no_room += 1
            unused += stored.keys
            continue
        photo.caption = short_line(image.caption, 300)
        places[image.name] = photo.public_id
        added += 1
    db.session.expire(entry, ["photos"])
    document = source_of(with_photos(read.document, places))
    save_text(entry=entry, version=version, title=title, genre=entry.genre, document=document, now=now)
    loose = _attach(entry, EARLIER, earlier, actor, now) if earlier else []
    if waiting.name:
        loose += [each.key for each in entry.attachments if each.kind == SOURCE]
        for each in [each for each in entry.attachments if each.kind == SOURCE]:
            db.session.delete(each)
        waiting.kind = SOURCE
    else:  # pasted text is no file that anybody holds
        loose.append(waiting.key)
        db.session.delete(waiting)
    audit(
        entry=entry,
        verb="take_document",
        actor=actor,
        now=now,
        format=read.format,
        sha256=waiting.sha256,
        words=entry.word_count,
        photos=added,
    )
    db.session.flush()
    db.session.expire(entry, ["attachments"])
    return Taken(added, no_room, [*loose, *unused])


def take_back(
    *, entry: Entry, version: int, kept_id: str, earlier: Earlier, present: Kept | None, actor: User, now: datetime
) -> list[str]:
    """Exchange the text of a draft with the one that a file took the place of; photos stay.

    Returns keys of files that may no longer be needed. Raises Conflict as `take_document` does.
    """
    require_draft(entry)
    kept = attachment_of(entry, EARLIER)
    if kept is None or kept.public_id != kept_id:
        raise Conflict(N_("The earlier text was exchanged in another window. Please look again."), code="earlier")
    _require_version(entry, version)
    save_text(
        entry=entry, version=version, title=earlier.title, genre=earlier.genre, document=earlier.document, now=now
    )
    if present is not None:
        loose = _attach(entry, EARLIER, present, actor, now)
    else:
        loose = [kept.key]
        db.session.delete(kept)
    audit(entry=entry, verb="take_text_back", actor=actor, now=now, words=entry.word_count)
    db.session.flush()
    db.session.expire(entry, ["attachments"])
    return loose


def forget_left_files(now: datetime) -> list[str]:
    """Files that waited for a day, and what only a draft has use for where there is no draft any more.

    Returns keys of files that may no longer be needed.
    """
    left = list(
        db.session.scalars(
            select(Attachment)
            .join(Entry)
            .where(
                ((Attachment.kind == WAITING) & (Attachment.added_at <= now - WAITS))
                | (Attachment.kind.in_((WAITING, EARLIER)) & (Entry.state != DRAFT))
            )
        )
    )
    for each in left:
        db.session.delete(each)
    db.session.flush()
    return [each.key for each in left]


def media_type_of(read: Read) -> str:
    """What a file is stored as: by what it holds, never by what its sender says."""
    return MEDIA_TYPES.get(read.format, MEDIA_TYPES[TEXT])
