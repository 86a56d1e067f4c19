"""What everyone may read, and when: finalists, stories, and whose names stand under them.

A story is public once its contest's vote has begun (finalists of the categories put to it), or once
it has a prize that is public, and as long as its exemplar agrees: withdrawing consent takes the
story off every page at once. A finalist who fell out is not shown either.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import defer, joinedload, selectinload

from contest.contests.models import Contest, ContestStep
from contest.core.db import db
from contest.core.errors import NotFound
from contest.entries.models import Advancement, Entry, Photo
from contest.exemplars.models import Exemplar, Verification
from contest.exemplars.queries import cleared_exemplars
from contest.results.queries import awarded_entries


def _begun(key: str, now: datetime) -> Select[int]:
    return select(ContestStep.contest_id).where(ContestStep.key == key, ContestStep.opens <= now)


def listed_finalists(contest: Contest, category: str, now: datetime) -> Sequence[Entry]:
    """Finalists of a category as the public list shows them, by code; empty before `shortlist`."""
    if not contest.rules.has_begun("shortlist", now):
        return []
    return db.session.scalars(
        select(Entry)
        .join(Advancement, Advancement.entry_id == Entry.id)
        .where(
            Entry.contest_id == contest.id,
            Entry.category == category,
            Entry.state == "accepted",
            Advancement.fell_out_at.is_(None),
        )
        .options(joinedload(Entry.exemplar).joinedload(Exemplar.unit))
        .order_by(Entry.blind_code)
    ).all()


def _is_readable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """That anyone may read the story at `now`."""
    voted = (
        select(Entry.id)
        .join(Advancement, Advancement.entry_id == Entry.id)
        .where(
            Entry.state == "accepted",
            Advancement.fell_out_at.is_(None),
            Entry.contest_id.in_(_begun("voting", now)),
        )
    )
    awarded = awarded_entries(now).with_only_columns(Entry.id).order_by(None)
    # Asked of each entry's own exemplar: against the list of all of them, time would grow with the square.
    cleared = cleared_exemplars(Entry.contest_id).where(Verification.exemplar_id == Entry.exemplar_id).exists()
    return Entry.state == "accepted", cleared, or_(Entry.id.in_(voted), Entry.id.in_(awarded))


_SHOWN = (
    joinedload(Entry.contest),
    joinedload(Entry.exemplar).joinedload(Exemplar.unit),
    selectinload(Entry.photos),
    defer(Entry.body_key),
)


def readable_stories(now: datetime) -> Select[Entry]:
    """Stories that anyone may read at `now`."""
    return select(Entry).where(*_is_readable(now)).options(*_SHOWN)


def _put_to_vote(entry: Entry) -> bool:
    return entry.category in entry.contest.rules.voting.categories


def find_story(public_id: str, now: datetime) -> Entry | None:
    """The story with this id, when anyone may read it at `now`."""
    entry = db.session.scalars(readable_stories(now).where(Entry.public_id == public_id)).one_or_none()
    if entry is None or _put_to_vote(entry):
        return entry
    # A category kept from the vote (children's entries) is read only once it has its prize.
    return db.session.scalars(awarded_entries(now).where(Entry.id == entry.id)).one_or_none()


def get_story(public_id: str, now: datetime) -> Entry:
    """As `find_story`. Raises NotFound."""
    story = find_story(public_id, now)
    if story is None:
        raise NotFound(public_id)
    return story


def stories(now: datetime, limit: int) -> list[Entry]:
    """Stories that anyone may read, those of the latest contest first, in no order of merit."""
    order = (Entry.contest_id.desc(), Entry.blind_code)
    # Chosen by their numbers first, so that no database sorts the texts of a whole contest.
    first = select(Entry.id).where(*_is_readable(now)).order_by(*order).limit(limit)
    found = db.session.scalars(select(Entry).where(Entry.id.in_(first)).options(*_SHOWN).order_by(*order)).all()
    awarded = set(db.session.scalars(awarded_entries(now).with_only_columns(Entry.id).order_by(None)))
    return [entry for entry in found if _put_to_vote(entry) or entry.id in awarded]


def author_is_public(contest: Contest, now: datetime) -> bool:
    """Whether the public may know who wrote the finalists of `contest`."""
    return contest.rules.has_begun(contest.rules.announcement.author_names_public_from, now)


def get_public_photo(public_id: str, now: datetime) -> Photo:
    """A photo of a story that anyone may read. Raises NotFound."""
    photo = db.session.scalar(select(Photo).where(Photo.public_id == public_id).options(joinedload(Photo.entry)))
    if photo is None or find_story(photo.entry.public_id, now) is None:
        raise NotFound(public_id)
    return photo
