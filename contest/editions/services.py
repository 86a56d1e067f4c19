"""Preparing, approving and withdrawing what readers get. The entry itself is never touched."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from contest.accounts.models import User
from contest.audit.services import record
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.core.richtext import from_plain, parse, plain, source_of
from contest.core.richtext import hide as hide_in
from contest.core.text import clean_line, clean_text
from contest.editions.models import Edition, EditionPhoto
from contest.editions.queries import (
    editions_of,
    find_prepared,
    find_standing,
    is_cleared,
    organisers_of,
    source_digest,
)
from contest.editions.rules import CHECK_VERSION, checks_for, may_approve, may_be_shown
from contest.editions.suggestions import Suggestion, suggest
from contest.entries.blind import hide
from contest.entries.models import Entry
from contest.entries.rules import BODY_MAX, TITLE_MAX
from contest.entries.shown import is_child

LINE_MAX, CREDIT_MAX, REASON_MAX = 300, 200, 2000


@dataclass(frozen=True, slots=True)
class PhotoText:
    """What an edition says of one photo, and whether it shows it."""

    caption: str
    alt: str
    credit: str
    shown: bool


def _note(edition: Edition, entry: Entry, verb: str, actor: User | None, now: datetime, **details: Any) -> None:
    record(
        actor=actor.public_id if actor else None,
        verb=f"editions.{verb}",
        object_type="entry",
        object_id=entry.public_id,
        contest_id=entry.contest_id,
        now=now,
        number=edition.number,
        **details,
    )


def document_of(entry: Entry) -> str:
    """The text of an entry with its formatting; of one from before there was any, its plain text."""
    return entry.document or source_of(from_plain(entry.body))


def prepare(*, entry: Entry, actor: User | None, now: datetime) -> Edition:
    """Begin the next edition of a finalist; the one being prepared, when there is one.

    Begins from the last edition as long as the author's text is what it was made from, else from
    the author's text.
    """
    db.session.execute(select(Entry.id).where(Entry.id == entry.id).with_for_update(key_share=True))
    found = find_prepared(entry.id)
    if found is not None:
        return found
    earlier = editions_of(entry.id)
    digest = source_digest(entry)
    base = next((edition for edition in reversed(earlier) if edition.source_sha256 == digest), None)
    edition = Edition(
        entry=entry,
        number=max((each.number for each in earlier), default=0) + 1,
        title=base.title if base else entry.title,
        document=base.document if base else document_of(entry),
        source_sha256=digest,
        abridged=base.abridged if base else False,
        author_shown=base.author_shown if base else True,
        checks={},
        prepared_at=now,
        prepared_by=actor,
    )
    known = {each.photo_id: each for each in base.photos} if base else {}
    for position, photo in enumerate(entry.photos, start=1):
        before = known.get(photo.id)
        edition.photos.append(
            EditionPhoto(
                photo=photo,
                position=position,
                shown=may_be_shown(recognised=photo.recognised, consent=photo.consent) and (not before or before.shown),
                caption=before.caption if before else photo.caption,
                alt=before.alt if before else photo.alt,
                credit=before.credit if before else photo.photographer,
            )
        )
    db.session.add(edition)
    _note(edition, entry, "prepare", actor, now)
    db.session.flush()
    return edition


def prepare_all(*, entries: Collection[Entry], actor: User | None, now: datetime) -> int:
    """Begin the first edition of those that have none; returns how many."""
    chosen = [entry for entry in entries if not editions_of(entry.id)]
    for entry in chosen:
        prepare(entry=entry, actor=actor, now=now)
    return len(chosen)


def _held(edition: Edition, version: int) -> None:
    """Raises Conflict when another window has saved since, or the edition is not being prepared any more."""
    db.session.refresh(edition, with_for_update=True)
    if edition.approved_at is not None:
        raise Conflict(
            N_("This edition has been approved meanwhile. Begin a new one to change what readers get."),
            code="approved",
        )
    if edition.version != version:
        raise Conflict(
            N_("Somebody has saved this edition since you opened it. Compare below before you save over it."),
            code="version",
            version=edition.version,
        )


def save(
    *,
    edition: Edition,
    version: int,
    title: str,
    document: str,
    photos: Mapping[str, PhotoText],
    abridged: bool,
    author_shown: bool,
    actor: User | None,
    now: datetime,
) -> Edition:
    """Keep what a proofreader wrote. `photos` by the photo's public id; others stay as they are.

    Whoever saves is the preparer from then on. Raises Refused, Conflict.
    """
    _held(edition, version)
    title, source = clean_line(title), source_of(parse(clean_text(document)))
    if not title or not plain(parse(source)).strip():
        raise Refused(N_("An edition needs a title and a text."), code="empty")
    if len(title) > TITLE_MAX or len(source) > BODY_MAX:
        raise Refused(N_("The title or the text is too long."), code="too_long")
    edition.title, edition.document = title, source
    edition.abridged, edition.author_shown = abridged, author_shown
    for each in edition.photos:
        told = photos.get(each.photo.public_id)
        if told is None:
            continue
        if told.shown and not may_be_shown(recognised=each.photo.recognised, consent=each.photo.consent):
            raise Refused(
                N_("A photo in which people can be recognised is shown only once their consent is recorded."),
                code="photo_consent",
            )
        each.caption = clean_line(told.caption)[:LINE_MAX]
        each.alt = clean_line(told.alt)[:LINE_MAX]
        each.credit = clean_line(told.credit)[:CREDIT_MAX]
        each.shown = told.shown
    _touched(edition, actor, now)
    _note(edition, edition.entry, "save", actor, now, version=edition.version)
    db.session.flush()
    return edition


def _touched(edition: Edition, actor: User | None, now: datetime) -> None:
    edition.version += 1
    edition.prepared_by, edition.prepared_at = actor, now


def suggestions_for(edition: Edition) -> list[Suggestion]:
    """Private details in an edition that somebody should look at."""
    entry = edition.entry
    category = entry.contest.rules.category(entry.category)
    children = [
        *([entry.author_name] if is_child(entry.author_birth_date, entry.submitted_at, category) else []),
        *([entry.exemplar.name] if entry.exemplar.is_child else []),
        *(each.name for each in entry.coauthors if is_child(each.birth_date, entry.submitted_at, category)),
    ]
    told = [edition.title, plain(parse(edition.document))]
    for each in edition.photos:
        told += [each.caption, each.alt, each.credit]
    return suggest(told, children=children, about_children=bool(children))


def hide_details(*, edition: Edition, version: int, phrases: Collection[str], actor: User | None, now: datetime) -> int:
    """Replace phrases by "[…]" wherever they stand in an edition; returns how many phrases were taken.

    Phrases that were not suggested are passed over. Raises Refused when none is left, Conflict.
    """
    _held(edition, version)
    known = {suggestion.phrase for suggestion in suggestions_for(edition)}
    chosen = [phrase for phrase in dict.fromkeys(phrases) if phrase in known]
    if not chosen:
        raise Refused(N_("Tick what is to be hidden."), code="nothing_chosen")
    edition.title = hide(edition.title, chosen)
    edition.document = source_of(hide_in(parse(edition.document), chosen))
    for each in edition.photos:
        each.caption, each.alt, each.credit = (hide(text, chosen) for text in (each.caption, each.alt, each.credit))
    _touched(edition, actor, now)
    # How many, never which: the audit must not keep what was hidden.
    _note(edition, edition.entry, "hide", actor, now, phrases=len(chosen), version=edition.version)
    db.session.flush()
    return len(chosen)


def approve(*, edition: Edition, version: int, ticked: Collection[str], actor: User, now: datetime) -> Edition:
    """Let readers have an edition; the one before it is replaced.

    By an organiser who did not prepare it; where the contest has one organiser alone, also by the
    preparer. Raises Refused, Conflict.
    """
    entry = edition.entry
    _held(edition, version)
    organisers = organisers_of(entry.contest)
    if actor.id not in organisers:
        raise Refused(N_("An organiser approves what readers get."), code="not_organiser")
    if not may_approve(preparer_id=edition.prepared_by_id, approver_id=actor.id, organisers=organisers):
        raise Refused(
            N_("You prepared this edition yourself: another organiser has to read and approve it."),
            code="same_person",
        )
    if not is_cleared(entry):
        raise Refused(
            N_("The person or collective written about is not verified, or has not agreed to be presented."),
            code="exemplar",
        )
    shown = [each for each in edition.photos if each.shown]
    if not all(may_be_shown(recognised=each.photo.recognised, consent=each.photo.consent) for each in shown):
        raise Refused(
            N_("A photo in which people can be recognised is shown only once their consent is recorded."),
            code="photo_consent",
        )
    needed = checks_for(photos=bool(shown), abridged=edition.abridged)
    if missing := [name for name in needed if name not in ticked]:
        raise Refused(N_("Confirm each point of the list before you approve."), code="unticked", names=missing)
    before = find_standing(entry.id)
    if before is not None:
        before.withdrawn_at, before.withdrawn_by = now, actor
        db.session.flush()  # one edition stands at a time
    edition.checks = dict.fromkeys(needed, CHECK_VERSION)
    edition.approved_at, edition.approved_by = now, actor
    edition.version += 1
    _note(edition, entry, "approve", actor, now, replaces=before.number if before else None, alone=len(organisers) == 1)
    db.session.flush()
    return edition


def withdraw(*, entry: Entry, reason: str, actor: User, now: datetime) -> Edition:
    """Take the edition of an entry from the public at once. Raises Refused, Conflict."""
    if actor.id not in organisers_of(entry.contest):
        raise Refused(N_("An organiser withdraws what readers have."), code="not_organiser")
    reason = clean_text(reason)[:REASON_MAX]
    if not reason:
        raise Refused(N_("Say why."), code="reason_missing")
    edition = find_standing(entry.id)
    if edition is None:
        raise Conflict(N_("Readers have no edition of this entry."), code="not_standing")
    edition.withdrawn_at, edition.withdrawn_by, edition.withdrawn_because = now, actor, reason
    _note(edition, entry, "withdraw", actor, now, reason=reason)
    db.session.flush()
    return edition


def discard(*, edition: Edition, version: int, actor: User, now: datetime) -> None:
    """Give up an edition that is being prepared; what readers have stays. Raises Conflict."""
    _held(edition, version)
    _note(edition, edition.entry, "discard", actor, now)
    db.session.delete(edition)
    db.session.flush()
