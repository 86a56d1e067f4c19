"""What entries hold about their authors: told, and erased.

A story with a prize is part of the record: its text and its author's public name stay, how the
author is reached goes. Any other story goes with its author; its receipts keep their checksums, so
that it can still be shown what was once received.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import and_, delete, or_, select, update

from contest.accounts.models import User
from contest.accounts.personal import ERASED_NAME
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.text import fold
from contest.entries.coauthors import author_key_of
from contest.entries.models import Attachment, CoAuthor, Entry, LatePass, Photo, Publication, SecondLook
from contest.entries.rules import ACCEPTED, COMPLETION_REQUESTED, DRAFT, RECEIVED, SUBMITTED
from contest.entries.shown import given_name, is_child
from contest.exemplars.models import Exemplar
from contest.exemplars.personal import forget_exemplar, forget_papers

# While an entry stands so, it is in a contest that still runs.
UNDER_WAY = (SUBMITTED, RECEIVED, COMPLETION_REQUESTED, ACCEPTED)


def entries_about(person: User) -> list[Entry]:
    """Every entry that the person wrote or leads, drafts too, and what others sent in that names them.

    A draft of somebody else is nobody's business: whoever types a wrong number there would hand it to
    a stranger.
    """
    together = select(CoAuthor.entry_id).where(CoAuthor.user_id == person.id)
    others = and_(Entry.id.in_(together), Entry.state != DRAFT)
    return list(db.session.scalars(select(Entry).where(or_(Entry.author_id == person.id, others)).order_by(Entry.id)))


def entry_data(entry: Entry, person: User) -> dict[str, Any]:
    """What an entry holds about the person, as values for a file that machines can read.

    A co-author is known by a telephone number that the leader typed, so they are told what was said of
    them, not the story itself: that is its leader's to give.
    """
    rules = entry.contest.rules
    shared = {
        "contest": rules.title.vi,
        "category": rules.category(entry.category).name.vi,
        "state": entry.state,
        "title": entry.title,
        "submitted_at": entry.submitted_at.isoformat() if entry.submitted_at else None,
    }
    if entry.author_id != person.id:
        own = next(each for each in entry.coauthors if each.user_id == person.id)
        return {
            **shared,
            "as": "co-author",
            "name": own.name,
            "pen_name": own.pen_name,
            "phone": own.phone,
            "date_of_birth": own.birth_date.isoformat() if own.birth_date else None,
            "guardian": {"name": own.guardian_name, "consent": own.guardian_consent},
        }
    return {
        **shared,
        "text": entry.document or entry.body,
        "written_since": entry.created_at.isoformat(),
        "declarations": entry.declarations,
        "as": "author",
        "name": entry.author_name,
        "pen_name": entry.pen_name,
        "phone": entry.author_phone,
        "address": entry.author_address,
        "date_of_birth": entry.author_birth_date.isoformat() if entry.author_birth_date else None,
        "unit": entry.author_unit.name if entry.author_unit else None,
        "guardian": {
            "name": entry.guardian_name,
            "phone": entry.guardian_phone,
            "relation": entry.guardian_relation,
            "consent": entry.guardian_consent,
        },
        "exemplar": {
            "name": entry.exemplar.name,
            "address": entry.exemplar.address,
            "contact": entry.exemplar.contact,
        },
        "told_to_the_author": entry.reason,
        "co_authors": [each.name for each in entry.coauthors],
        "photos": [
            {"caption": photo.caption, "photographer": photo.photographer, "sha256": photo.sha256}
            for photo in entry.photos
        ],
        "files": [{"name": each.name, "kind": each.kind, "sha256": each.sha256} for each in entry.attachments],
        "receipts": [
            {"code": each.code, "at": each.at.isoformat(), "text_sha256": each.text_sha256} for each in entry.receipts
        ],
    }


def forget_contacts(entries: Collection[Entry]) -> list[str]:
    """Erase how authors, guardians and exemplars are reached, and the files kept as they were sent.

    Returns the keys of those files, to be deleted once this is committed.
    """
    keys: list[str] = []
    for entry in entries:
        _keep_children_unnamed(entry)
        entry.author_phone = entry.author_address = entry.guardian_phone = entry.guardian_relation = ""
        entry.author_birth_date = None
        entry.exemplar.contact = ""
        for author in entry.coauthors:
            author.phone, author.birth_date = "", None
        if entry.paper is not None:
            entry.paper.note = None
        keys += _drop_attachments(entry)
    db.session.flush()
    return keys


def _keep_children_unnamed(entry: Entry) -> None:
    """Keep of a child's name what the public knows: without the date of birth nothing would say that it is a child."""
    category = entry.contest.rules.category(entry.category)
    if is_child(entry.author_birth_date, entry.submitted_at, category):
        entry.author_name = given_name(entry.author_name)
    for author in entry.coauthors:
        if is_child(author.birth_date, entry.submitted_at, category):
            author.name = given_name(author.name)
            author.name_key = fold(author.name)
    entry.author_key = author_key_of(entry, entry.coauthors)


def erase_entry(entry: Entry) -> list[str]:
    """Erase an entry that won nothing: who wrote it, whom it is about, and the story itself.

    Returns the keys of files to be deleted once this is committed.
    """
    keys = forget_contacts([entry])
    entry.author_name, entry.author_key, entry.pen_name, entry.guardian_name = ERASED_NAME, "", "", ""
    entry.title = entry.body = entry.document = entry.body_key = ""
    entry.deed_place = entry.deed_time = ""
    entry.redactions = []
    entry.reason = None
    keys += forget_exemplar(entry.exemplar)
    db.session.execute(delete(CoAuthor).where(CoAuthor.entry_id == entry.id))
    db.session.execute(delete(Publication).where(Publication.entry_id == entry.id))
    db.session.execute(delete(SecondLook).where(SecondLook.entry_id == entry.id))
    db.session.expire(entry, ["coauthors", "publications"])
    for photo in list(entry.photos):
        keys += [key for key in (photo.large_key, photo.middle_key, photo.small_key) if key]
    for receipt in entry.receipts:
        receipt.title = receipt.text = receipt.document = ""
        receipt.files = [{**file, "caption": ""} for file in receipt.files]
    _blank_photos(entry)
    db.session.flush()
    return keys


def forget_co_author(person: User, named: Collection[int]) -> None:
    """Erase how a person is reached from the entries that others lead.

    Their name goes too, but where it stands with a story that won or is in a running contest: the
    entries with ids in `named`.
    """
    for own in db.session.scalars(select(CoAuthor).where(CoAuthor.user_id == person.id)).all():
        own.phone, own.birth_date, own.guardian_name = "", None, ""
        if own.entry_id not in named:
            own.name, own.name_key, own.pen_name = ERASED_NAME, "", ""
            own.entry.author_key = author_key_of(own.entry, own.entry.coauthors)
    db.session.flush()


def forget_reasons(person: User) -> None:
    """Erase why a person was given leave to submit late."""
    db.session.execute(update(LatePass).where(LatePass.user_id == person.id).values(reason=""))


def forget_dealings(contest: Contest, entries: Collection[Entry]) -> list[str]:
    """Erase what was written back and forth about entries, and the papers of units; returns keys of files as above."""
    ids = [entry.id for entry in entries]
    db.session.execute(update(LatePass).where(LatePass.contest_id == contest.id).values(reason=""))
    db.session.execute(update(SecondLook).where(SecondLook.entry_id.in_(ids)).values(text=""))
    db.session.execute(
        update(SecondLook).where(SecondLook.entry_id.in_(ids), SecondLook.answer.is_not(None)).values(answer="")
    )
    for author in {entry.author for entry in entries if entry.author.assisted and entry.author.phone}:
        elsewhere = select(Entry.id).where(
            Entry.author_id == author.id, Entry.contest_id != contest.id, Entry.author_phone != ""
        )
        if db.session.scalar(elsewhere.limit(1)) is None:
            author.phone = None
    return forget_papers([entry.exemplar_id for entry in entries])


def _blank_photos(entry: Entry) -> None:
    # Editions may point at them, so the rows stay, saying nothing.
    for photo in db.session.scalars(select(Photo).where(Photo.entry_id == entry.id)):
        photo.caption = photo.alt = photo.photographer = photo.people = ""
        photo.large_key = photo.middle_key = photo.small_key = ""


def _drop_attachments(entry: Entry) -> list[str]:
    keys = [each.key for each in entry.attachments]
    db.session.execute(delete(Attachment).where(Attachment.entry_id == entry.id))
    db.session.expire(entry, ["attachments"])
    return keys


def old_drafts(contest: Contest) -> list[Entry]:
    """Drafts of a contest that were never submitted."""
    return list(db.session.scalars(select(Entry).where(Entry.contest_id == contest.id, Entry.state == DRAFT)))


def with_contacts(contest: Contest, but: Collection[int]) -> list[Entry]:
    """Submitted entries of a contest that still hold how their author is reached, except those with ids in `but`."""
    held = or_(
        Entry.author_phone != "",
        Entry.author_address != "",
        Entry.author_birth_date.is_not(None),
        Entry.guardian_phone != "",
        Entry.exemplar_id.in_(select(Exemplar.id).where(Exemplar.contact != "")),
        Entry.id.in_(select(CoAuthor.entry_id).where(or_(CoAuthor.phone != "", CoAuthor.birth_date.is_not(None)))),
        Entry.id.in_(select(Attachment.entry_id)),
    )
    found = select(Entry).where(Entry.contest_id == contest.id, Entry.state != DRAFT, held).order_by(Entry.id)
    return [entry for entry in db.session.scalars(found) if entry.id not in but]
