"""Photos of a draft: added, described, put in order, removed."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.entries.drafting import require_draft
from contest.entries.models import Entry, Photo
from contest.exemplars.services import short_line


class StoredPhoto(NamedTuple):
    """A photo that was re-encoded and stored: keys of its two sizes, pixels of the large one.

    `sha256` is of the file as it was sent.
    """

    large_key: str
    small_key: str
    width: int
    height: int
    sha256: str


def require_room(entry: Entry) -> None:
    """Raise Refused when the draft holds as many photos as its category takes."""
    require_draft(entry)
    photos = entry.contest.rules.category(entry.category).photos
    most = photos.max if photos else 0
    count = db.session.scalar(select(func.count(Photo.id)).where(Photo.entry_id == entry.id)) or 0
    if count >= most:
        raise Refused(
            N_("This category takes at most %(most)s photos. Remove one to add another."),
            code="too_many_photos",
            most=most,
        )


def add_photo(*, entry: Entry, stored: StoredPhoto, now: datetime) -> Photo:
    """Add a photo at the end. Sent twice, it is added once. Raises Refused when there is no room."""
    require_draft(entry)
    same = db.session.scalar(select(Photo).where(Photo.entry_id == entry.id, Photo.sha256 == stored.sha256))
    if same is not None:
        raise Refused(N_("This photo is already here."), code="photo_twice")
    require_room(entry)
    last = db.session.scalar(select(func.max(Photo.position)).where(Photo.entry_id == entry.id)) or 0
    photo = Photo(entry_id=entry.id, position=last + 1, created_at=now, **stored._asdict())
    db.session.add(photo)
    entry.updated_at = now
    db.session.flush()
    db.session.expire(entry, ["photos"])
    return photo


def describe_photo(
    *, entry: Entry, photo: Photo, caption: str, photographer: str, alt: str, consent: bool, now: datetime
) -> None:
    """Say what a photo shows, who took it, and that whoever can be recognised agrees."""
    require_draft(entry)
    values = {
        "caption": short_line(caption, 300),
        "photographer": short_line(photographer, 200),
        "alt": short_line(alt, 300),
    }
    for name, text in values.items():
        setattr(photo, name, text)
    photo.consent = consent
    entry.updated_at = now
    db.session.flush()


def move_photo(*, entry: Entry, photo: Photo, up: bool, now: datetime) -> None:
    """Exchange a photo with its neighbour; the first and last stay where they are."""
    require_draft(entry)
    photos = list(entry.photos)
    here = photos.index(photo)
    there = here - 1 if up else here + 1
    if 0 <= there < len(photos):
        photos[here], photos[there] = photos[there], photos[here]
    for position, each in enumerate(photos, start=1):
        each.position = position
    entry.updated_at = now
    db.session.flush()
    db.session.expire(entry, ["photos"])


def remove_photo(*, entry: Entry, photo: Photo, now: datetime) -> list[str]:
    """Remove a photo; returns keys of files that may no longer be needed."""
    require_draft(entry)
    keys = [photo.large_key, photo.small_key]
    db.session.delete(photo)
    entry.updated_at = now
    db.session.flush()
    db.session.expire(entry, ["photos"])
    return keys
