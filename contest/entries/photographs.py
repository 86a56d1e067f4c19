"""Photos of a draft: added, described, put in order, removed."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from contest.core.db import db
from contest.core.errors import N_, NotFound, Refused
from contest.core.files import FileStore
from contest.entries.drafting import require_draft
from contest.entries.images import MadePhoto
from contest.entries.models import Entry, Photo
from contest.entries.rules import NOBODY, PEOPLE
from contest.exemplars.services import short_line


class StoredPhoto(NamedTuple):
    """A photo that was re-encoded and stored: keys of its three sizes, pixels of the large one.

    `sha256` is of the file as it was sent.
    """

    large_key: str
    small_key: str
    width: int
    height: int
    sha256: str
    middle_key: str = ""

    @property
    def keys(self) -> list[str]:
        """The keys of its files."""
        return [key for key in (self.large_key, self.middle_key, self.small_key) if key]


def keep_photo(made: MadePhoto, files: FileStore) -> StoredPhoto:
    """Store the sizes of a photo. Done before a transaction begins, so that nobody waits for it.

    Raises Refused when the store does not answer; what it took until then is given back.
    """
    kept: list[str] = []
    try:
        for content in (made.large, made.middle, made.small):
            kept.append(files.put(content, "webp"))  # noqa: PERF401 -- what was stored before a refusal is given back
    except Refused:
        for key in kept:
            files.remove(key)
        raise
    large, middle, small = kept
    return StoredPhoto(
        large_key=large,
        middle_key=middle,
        small_key=small,
        width=made.width,
        height=made.height,
        sha256=made.sha256,
    )


SIZES = {"lon": "large_key", "vua": "middle_key", "nho": "small_key"}


def photo_key(photo: Photo, size: str) -> str:
    """The file of a photo in one of `SIZES`; an older photo without a middle size shows the large one.

    Raises NotFound.
    """
    if size not in SIZES:
        raise NotFound(size)
    key: str = getattr(photo, SIZES[size])
    return key or photo.large_key


def photo_keys(photo: Photo) -> list[str]:
    """The keys of the files of a photo; an older one has no middle size."""
    return [key for key in (photo.large_key, photo.middle_key, photo.small_key) if key]


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
        raise Refused(N_("This photo is already here. Choose another one."), code="photo_twice")
    require_room(entry)
    last = db.session.scalar(select(func.max(Photo.position)).where(Photo.entry_id == entry.id)) or 0
    photo = Photo(entry_id=entry.id, position=last + 1, created_at=now, **stored._asdict())
    db.session.add(photo)
    entry.updated_at = now
    db.session.flush()
    db.session.expire(entry, ["photos"])
    return photo


def describe_photo(
    *,
    entry: Entry,
    photo: Photo,
    caption: str,
    photographer: str,
    alt: str,
    consent: bool,
    now: datetime,
    recognised: str = "",
    people: str = "",
) -> None:
    """Say what a photo shows, who took it, whether anybody can be recognised, who, and that they agree.

    `recognised` is "" (not answered), "nobody" or "people". Who can be recognised, and whether they
    agree, is kept only with "people".
    """
    require_draft(entry)
    values = {
        "caption": short_line(caption, 300),
        "photographer": short_line(photographer, 200),
        "alt": short_line(alt, 300),
        "people": short_line(people, 300) if recognised == PEOPLE else "",
    }
    for name, text in values.items():
        setattr(photo, name, text)
    photo.recognised = recognised if recognised in (NOBODY, PEOPLE) else ""
    photo.consent = consent and recognised != NOBODY
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
    keys = photo_keys(photo)
    db.session.delete(photo)
    entry.updated_at = now
    db.session.flush()
    db.session.expire(entry, ["photos"])
    return keys
