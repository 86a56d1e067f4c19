"""What readers may have of an entry: the one predicate, and the editions behind it.

Nothing of an entry but its code is public without an edition that two people have seen. Every
public page, list, ballot and photo asks `presented` (or `find_editions`, which does).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased, defer, joinedload, selectinload

from contest.contests.models import Contest
from contest.contests.queries import standing_grants
from contest.contests.rules import ORGANISER
from contest.core.db import db
from contest.core.errors import NotFound
from contest.editions.models import Edition, EditionPhoto
from contest.editions.rules import APPROVED, CHANGED, NOT_PREPARED, PREPARED, WITHDRAWN
from contest.entries.models import Advancement, Entry, Photo
from contest.entries.queries import finalists_of
from contest.entries.rules import ACCEPTED, NOBODY
from contest.exemplars.models import Exemplar, Verification
from contest.exemplars.queries import cleared_exemplars, consenting
from contest.exemplars.rules import PHOTOS


def stands() -> ColumnElement[bool]:
    """An edition that was approved and not withdrawn; at most one of an entry."""
    return and_(Edition.approved_at.is_not(None), Edition.withdrawn_at.is_(None))


def presented() -> ColumnElement[bool]:
    """That readers may have the edition of an entry, asked inside a query on Entry.

    The entry is a finalist that stands, its exemplar is verified and agrees, and its edition stands.
    """
    # Asked of each entry's own rows: against lists of all of them, time would grow with the square.
    reached, standing = aliased(Advancement), aliased(Edition)
    finalist = exists().where(reached.entry_id == Entry.id, reached.fell_out_at.is_(None))
    cleared = cleared_exemplars(Entry.contest_id).where(Verification.exemplar_id == Entry.exemplar_id).exists()
    edition = exists().where(
        standing.entry_id == Entry.id, standing.approved_at.is_not(None), standing.withdrawn_at.is_(None)
    )
    return and_(Entry.state == ACCEPTED, finalist, cleared, edition)


def may_be_seen() -> ColumnElement[bool]:
    """That readers may have a photo, asked of EditionPhoto: nobody is recognised in it, or the exemplar agrees to that.

    Asked anew each time: the exemplar may withdraw it, and the story stays.
    """
    agrees = (
        select(Photo.id)
        .join(Entry, Entry.id == Photo.entry_id)
        .join(Exemplar, Exemplar.id == Entry.exemplar_id)
        .where(Photo.id == EditionPhoto.photo_id, or_(Photo.recognised == NOBODY, consenting(PHOTOS)))
        .correlate(EditionPhoto)
    )
    return agrees.exists()


def find_editions(entry_ids: Collection[int], *, texts: bool = True) -> dict[int, Edition]:
    """The editions that readers may have of these entries, by the entry's id; others are left out.

    Without `texts` the documents stay in the database: cards of a gallery show titles and pictures.
    """
    query = (
        select(Edition)
        .join(Entry, Entry.id == Edition.entry_id)
        .where(Edition.entry_id.in_(entry_ids), stands(), presented())
        .options(selectinload(Edition.photos.and_(may_be_seen())).joinedload(EditionPhoto.photo))
    )
    if not texts:
        query = query.options(defer(Edition.document))
    return {edition.entry_id: edition for edition in db.session.scalars(query)}


def find_edition(entry_id: int) -> Edition | None:
    """The edition that readers may have of an entry."""
    return find_editions([entry_id]).get(entry_id)


def get_presented_photo(public_id: str) -> Photo:
    """A photo that a presented edition shows, with its entry. Raises NotFound."""
    photo = db.session.scalar(
        select(Photo)
        .join(Entry, Entry.id == Photo.entry_id)
        .join(EditionPhoto, EditionPhoto.photo_id == Photo.id)
        .join(Edition, Edition.id == EditionPhoto.edition_id)
        .where(Photo.public_id == public_id, EditionPhoto.shown.is_(True), may_be_seen(), stands(), presented())
        .options(joinedload(Photo.entry))
    )
    if photo is None:
        raise NotFound(public_id)
    return photo


def was_withdrawn(entry_id: int) -> bool:
    """Whether readers had an edition of this entry which was then withdrawn, for a reason on record."""
    return (
        db.session.scalar(
            select(Edition.id).where(Edition.entry_id == entry_id, Edition.withdrawn_because.is_not(None)).limit(1)
        )
        is not None
    )


def named_once(entry_ids: Collection[int]) -> set[int]:
    """Of these entries, those of which an edition that names the author was approved, now or once."""
    query = select(Edition.entry_id).where(
        Edition.entry_id.in_(entry_ids), Edition.approved_at.is_not(None), Edition.author_shown.is_(True)
    )
    return set(db.session.scalars(query))


# For those who prepare them


def organisers_of(contest: Contest) -> set[int]:
    """The people who may approve."""
    return {grant.user_id for grant in db.session.scalars(standing_grants(contest.id)) if grant.role == ORGANISER}


def source_digest(entry: Entry) -> str:
    """SHA-256 of what an edition is made from: an edition whose source has changed needs another look."""
    told = [
        entry.title,
        entry.document,
        entry.body,
        sorted(entry.redactions or ()),
        [(photo.public_id, photo.caption, photo.alt, photo.photographer) for photo in entry.photos],
    ]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Line:
    """A finalist on the desk. `edition` is the one being prepared, else the last one."""

    entry: Entry
    state: str
    edition: Edition | None
    cleared: bool
    photos: int  # that may not be shown, for want of consent


def _state(editions: Sequence[Edition], digest: str) -> tuple[str, Edition | None]:
    if not editions:
        return NOT_PREPARED, None
    last = editions[-1]
    if last.approved_at is None:
        return PREPARED, last
    if last.withdrawn_at is not None:
        return WITHDRAWN, last
    return (APPROVED if last.source_sha256 == digest else CHANGED), last


def edition_state(entry: Entry) -> str:
    """Where the public edition of an entry stands."""
    return _state(editions_of(entry.id), source_digest(entry))[0]


def lines(contest: Contest) -> list[Line]:
    """Every finalist that stands with the state of its edition, by category and title."""
    entries = db.session.scalars(
        finalists_of(contest.id).options(
            joinedload(Entry.exemplar), selectinload(Entry.photos), defer(Entry.body_key, raiseload=True)
        )
    ).all()
    found: dict[int, list[Edition]] = {entry.id: [] for entry in entries}
    query = select(Edition).where(Edition.entry_id.in_(found)).order_by(Edition.number).options(defer(Edition.document))
    for edition in db.session.scalars(query.options(joinedload(Edition.prepared_by), joinedload(Edition.approved_by))):
        found[edition.entry_id].append(edition)
    cleared = set(db.session.scalars(cleared_exemplars(contest.id)))
    made = [
        Line(
            entry,
            *_state(found[entry.id], source_digest(entry)),
            cleared=entry.exemplar_id in cleared,
            photos=sum(not (photo.consent or photo.recognised == "nobody") for photo in entry.photos),
        )
        for entry in entries
    ]
    return sorted(made, key=lambda line: (line.entry.category, line.entry.title))


def count_unapproved(contest_id: int) -> int:
    """How many finalists that stand have no approved edition."""
    edition = aliased(Edition)
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Entry)
            .join(Advancement, Advancement.entry_id == Entry.id)
            .where(
                Entry.contest_id == contest_id,
                Entry.state == ACCEPTED,
                Advancement.fell_out_at.is_(None),
                ~exists().where(
                    edition.entry_id == Entry.id, edition.approved_at.is_not(None), edition.withdrawn_at.is_(None)
                ),
            )
        )
        or 0
    )


def get_finalist(contest: Contest, public_id: str, *, lock: bool = False) -> Entry:
    """A finalist that stands, by its public id. Raises NotFound."""
    found = None
    if public_id.isascii() and public_id.isalnum():
        query = finalists_of(contest.id).where(Entry.public_id == public_id).order_by(None)
        found = db.session.scalar(query.with_for_update(of=Entry) if lock else query)
    if found is None:
        raise NotFound(public_id)
    return found


def editions_of(entry_id: int) -> Sequence[Edition]:
    """Every edition of an entry, the first first."""
    return db.session.scalars(
        select(Edition)
        .where(Edition.entry_id == entry_id)
        .options(selectinload(Edition.photos).joinedload(EditionPhoto.photo))
        .order_by(Edition.number)
    ).all()


def find_prepared(entry_id: int) -> Edition | None:
    """The edition that is being prepared."""
    return db.session.scalar(select(Edition).where(Edition.entry_id == entry_id, Edition.approved_at.is_(None)))


def find_standing(entry_id: int) -> Edition | None:
    """The edition that was approved last and not withdrawn, whether or not readers may have it now."""
    return db.session.scalar(select(Edition).where(Edition.entry_id == entry_id, stands()))


def is_cleared(entry: Entry) -> bool:
    """Whether the exemplar of an entry may be presented."""
    query = cleared_exemplars(entry.contest_id).where(Verification.exemplar_id == entry.exemplar_id)
    return db.session.scalar(query) is not None
