"""What everyone may read, and when: finalists and stories, in their approved editions.

A story is public once its contest's vote has begun (finalists of the categories put to it), or once
it has a prize that is public, and as long as it is presented (editions.queries): approved, its
exemplar agreeing, and among the finalists. Withdrawing any of these takes it off every page at once.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import defer, joinedload

from contest.contests.models import Contest, ContestStep
from contest.contests.queries import issued_contests
from contest.core.db import db
from contest.core.errors import NotFound
from contest.editions.models import Edition
from contest.editions.queries import get_presented_photo, presented
from contest.editions.shown import Shown, shown, shown_all
from contest.entries.models import Advancement, Entry, Photo
from contest.entries.queries import find_entry
from contest.exemplars.models import Exemplar
from contest.results.queries import awarded_entries


def _begun(key: str, now: datetime) -> Select[int]:
    return select(ContestStep.contest_id).where(ContestStep.key == key, ContestStep.opens <= now)


def listed_finalists(contest: Contest, category: str, now: datetime) -> list[Shown]:
    """Finalists of a category as the public list shows them, by code; empty before `shortlist`.

    One whose edition is not approved is listed by its code alone.
    """
    if not contest.rules.has_begun("shortlist", now):
        return []
    entries = db.session.scalars(
        select(Entry)
        .join(Advancement, Advancement.entry_id == Entry.id)
        .where(
            Entry.contest_id == contest.id,
            Entry.category == category,
            Entry.state == "accepted",
            Advancement.fell_out_at.is_(None),
        )
        .options(
            joinedload(Entry.contest),
            joinedload(Entry.exemplar).joinedload(Exemplar.unit),
            defer(Entry.body),
            defer(Entry.body_key),
        )
        .order_by(Entry.blind_code)
    ).all()
    return shown_all(entries, now, texts=False)


def _is_readable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """That anyone may read the story at `now`."""
    return presented(), _is_due(now)


def _is_due(now: datetime) -> ColumnElement[bool]:
    """That its contest's vote has begun, or that it has a prize that is public."""
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
    return or_(Entry.id.in_(voted), Entry.id.in_(awarded))


_SHOWN = (
    joinedload(Entry.contest),
    joinedload(Entry.exemplar).joinedload(Exemplar.unit),
    defer(Entry.body),
    defer(Entry.body_key),
)


def _put_to_vote(entry: Entry) -> bool:
    return entry.category in entry.contest.rules.voting.categories


def _find_readable(public_id: str, now: datetime) -> Entry | None:
    query = select(Entry).where(*_is_readable(now), Entry.public_id == public_id).options(*_SHOWN)
    entry = db.session.scalars(query).one_or_none()
    if entry is None or _put_to_vote(entry):
        return entry
    # A category kept from the vote (children's entries) is read only once it has its prize.
    return db.session.scalars(awarded_entries(now).where(Entry.id == entry.id)).one_or_none()


def get_story(public_id: str, now: datetime) -> Shown:
    """The story with this id, when anyone may read it at `now`. Raises NotFound."""
    entry = _find_readable(public_id, now)
    if entry is None:
        raise NotFound(public_id)
    return shown(entry, now)


def find_removed(public_id: str, now: datetime) -> Entry | None:
    """A story that readers had and that was taken from them: withdrawn, or its exemplar agrees no more.

    Not one whose exemplar is on hold: that it was there at all would say what nobody outside may know.
    """
    entry = find_entry(public_id)
    if entry is None or not _put_to_vote(entry) or entry.exemplar.held_at is not None:
        return None
    had = exists().where(Edition.entry_id == Entry.id, Edition.approved_at <= now)
    # One that is replaced by another edition, or never was anybody's to read, is not a removed one.
    query = select(Entry).where(Entry.id == entry.id, Entry.state == "accepted", had, ~presented(), _is_due(now))
    return db.session.scalars(query).one_or_none()


def stories(now: datetime, limit: int) -> list[Shown]:
    """Stories that anyone may read, those of the latest contest first, in no order of merit."""
    order = (Entry.contest_id.desc(), Entry.blind_code)
    # Chosen by their numbers first, so that no database sorts the texts of a whole contest.
    first = select(Entry.id).where(*_is_readable(now)).order_by(*order).limit(limit)
    found = db.session.scalars(select(Entry).where(Entry.id.in_(first)).options(*_SHOWN).order_by(*order)).all()
    awarded = set(db.session.scalars(awarded_entries(now).with_only_columns(Entry.id).order_by(None)))
    return shown_all([entry for entry in found if _put_to_vote(entry) or entry.id in awarded], now)


def readable(now: datetime) -> ColumnElement[bool]:
    """That anyone may read a story at `now`, as one condition on Entry: the twin of `_find_readable`.

    Reads the contests first, since their rules say which categories are put to the vote.
    """
    contests = db.session.scalars(issued_contests(now)).all()
    put = [
        and_(Entry.contest_id == each.id, Entry.category.in_(each.rules.voting.categories))
        for each in contests
        if each.rules.has_begun("voting", now)
    ]
    awarded = awarded_entries(now).with_only_columns(Entry.id).order_by(None)
    return and_(*_is_readable(now), or_(Entry.id.in_(awarded), *put))


def stories_of(entry_ids: Collection[int], now: datetime) -> dict[int, Shown]:
    """These entries as readers have them, by id; whoever asks has asked `readable` of them."""
    found = db.session.scalars(select(Entry).where(Entry.id.in_(entry_ids)).options(*_SHOWN)).all()
    return {each.entry_id: each for each in shown_all(found, now)}


def get_public_photo(public_id: str, now: datetime) -> Photo:
    """A photo that the edition of a story shows which anyone may read. Raises NotFound."""
    photo = get_presented_photo(public_id)
    if _find_readable(photo.entry.public_id, now) is None:
        raise NotFound(public_id)
    return photo
