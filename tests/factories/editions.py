"""Editions: what readers get of an entry, prepared and approved through the services."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.contests.queries import standing_grants
from contest.core.db import db
from contest.editions.models import Edition, EditionPhoto
from contest.editions.queries import editions_of, find_standing, source_digest
from contest.editions.rules import CHECKS
from contest.editions.services import PhotoText, document_of, prepare, save
from contest.editions.services import approve as approve_edition
from contest.entries.models import Entry
from tests.conftest import START
from tests.factories import make_staff


def organiser_of(contest: Contest) -> User:
    """An organiser of the contest, appointed when there is none."""
    for grant in db.session.scalars(standing_grants(contest.id)):
        if grant.role == "organiser":
            return grant.user
    return make_staff(contest, "organiser")


def publish_edition(entry: Entry, now: datetime = START, **values: Any) -> Edition:
    """An approved edition as a row: what the services would have left, for tests of what comes after."""
    standing = find_standing(entry.id)
    if standing is not None:
        standing.withdrawn_at = now
        db.session.flush()
    edition = Edition(
        entry=entry,
        number=len(editions_of(entry.id)) + 1,
        title=values.pop("title", entry.title),
        document=values.pop("document", document_of(entry)),
        source_sha256=source_digest(entry),
        checks={},
        prepared_at=now,
        approved_at=now,
        **values,
    )
    for position, photo in enumerate(entry.photos, start=1):
        edition.photos.append(
            EditionPhoto(
                photo=photo, position=position, caption=photo.caption, alt=photo.alt, credit=photo.photographer
            )
        )
    db.session.add(edition)
    db.session.flush()
    return edition


def republish(entry: Entry, now: datetime = START) -> Edition:
    """A new edition of an entry that a test has changed by hand: its formatting is made from `body` again."""
    db.session.flush()
    db.session.refresh(entry)
    entry.document = ""
    return publish_edition(entry, now)


def unpublish(entry: Entry) -> None:
    """No edition of an entry is left."""
    for edition in db.session.scalars(select(Edition).where(Edition.entry_id == entry.id)):
        db.session.delete(edition)
    db.session.flush()


def prepared(entry: Entry, actor: User | None = None, now: datetime = START, **changes: Any) -> Edition:
    """An edition that is being prepared, with `changes` saved."""
    edition = prepare(entry=entry, actor=actor, now=now)
    if not changes:
        return edition
    return save(**{**as_saved(edition), "actor": actor, "now": now, **changes})


def as_saved(edition: Edition) -> dict[str, Any]:
    """What the form of an edition sends when nothing was changed on it."""
    return {
        "edition": edition,
        "version": edition.version,
        "title": edition.title,
        "document": edition.document,
        "photos": {
            each.photo.public_id: PhotoText(each.caption, each.alt, each.credit, each.shown) for each in edition.photos
        },
        "abridged": edition.abridged,
        "author_shown": edition.author_shown,
    }


def approved(edition: Edition, actor: User | None = None, now: datetime = START) -> Edition:
    """The edition approved by an organiser, everything ticked."""
    return approve_edition(
        edition=edition,
        version=edition.version,
        ticked=set(CHECKS),
        actor=actor or organiser_of(edition.entry.contest),
        now=now,
    )
