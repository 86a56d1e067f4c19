"""Drafts that replace what was submitted, which stands unchanged until they are submitted."""

from __future__ import annotations

from datetime import datetime

from contest.accounts.models import User
from contest.core.db import db
from contest.core.errors import N_, Refused
from contest.core.richtext import parse, source_of, with_photos
from contest.entries.coauthors import copies_of, replace_group
from contest.entries.drafting import COPIED, PHOTO_COPIED, require_window
from contest.entries.models import Attachment, Entry, Photo
from contest.entries.moves import audit
from contest.entries.paper import paper_window, require_paper_window
from contest.entries.press import parts_of, proofs_of, replace_rows
from contest.entries.queries import replacing_draft
from contest.entries.rules import COMPLETION_REQUESTED, PAPER, REPLACEABLE
from contest.exemplars.services import copy_exemplar, new_exemplar

_PROOF_COPIED = ("kind", "key", "name", "media_type", "size", "sha256", "added_at", "added_by_id")


def may_replace(entry: Entry, now: datetime) -> bool:
    """Whether its author may write on and submit again: before the close, or while completion is due."""
    if entry.state in REPLACEABLE:
        window = paper_window(entry) if entry.source == PAPER else entry.contest.rules.window("submission")
        return window is not None and window.contains(now)
    return entry.state == COMPLETION_REQUESTED and entry.completion_due is not None and now < entry.completion_due


def require_replaceable(entry: Entry, now: datetime) -> None:
    """Raise Refused, saying which door is closed, unless `may_replace`."""
    if may_replace(entry, now):
        return
    if entry.state in REPLACEABLE and entry.source == PAPER:
        require_paper_window(entry, now)
    elif entry.state in REPLACEABLE:
        require_window(entry.contest, now)
    if entry.state == COMPLETION_REQUESTED and entry.completion_due is not None:
        raise Refused(
            N_("The time to complete this entry ended at %(at)s. What you submitted before stands."),
            code="completion_over",
            at=entry.completion_due,
        )
    raise Refused(
        N_("This entry can no longer be changed. Please call the secretariat."),
        code="not_replaceable",
    )


def start_replacing(*, entry: Entry, actor: User, now: datetime) -> Entry:
    """A draft with the contents of a submitted entry, which stands unchanged until it is submitted.

    The draft that already exists is returned. Raises Refused.
    """
    require_replaceable(entry, now)
    existing = replacing_draft(entry.id)
    if existing is not None:
        return existing
    exemplar = new_exemplar(now=now)
    copy_exemplar(source=entry.exemplar, target=exemplar)
    draft = Entry(
        contest_id=entry.contest_id,
        author_id=entry.author_id,
        exemplar=exemplar,
        replaces_id=entry.id,
        rules_version_id=entry.rules_version_id,
        source=entry.source,
        helper_id=entry.helper_id,
        sent_by_unit_id=entry.sent_by_unit_id,
        created_at=now,
        updated_at=now,
        **{name: getattr(entry, name) for name in COPIED},
    )
    draft.photos = [
        Photo(created_at=now, **{name: getattr(photo, name) for name in PHOTO_COPIED}) for photo in entry.photos
    ]
    draft.coauthors = copies_of(entry.coauthors)
    draft.attachments = [
        Attachment(**{name: getattr(proof, name) for name in _PROOF_COPIED}) for proof in proofs_of(entry)
    ]
    db.session.add(draft)
    db.session.flush()
    # The copies of the photos have names of their own, which the text has to use.
    names = {old.public_id: new.public_id for old, new in zip(entry.photos, draft.photos, strict=True)}
    draft.document = source_of(with_photos(parse(entry.document), names))
    replace_rows(draft, parts_of(entry))
    audit(entry=entry, verb="start_replacing", actor=actor, now=now, draft=draft.public_id)
    return draft


def carry_over(*, draft: Entry, entry: Entry) -> list[str]:
    """Make `entry` say what `draft` says and remove the draft; returns keys of files to look after."""
    for name in COPIED:
        setattr(entry, name, getattr(draft, name))
    copy_exemplar(source=draft.exemplar, target=entry.exemplar)
    keys: list[str] = []
    for photo in list(entry.photos):
        keys += [key for key in (photo.large_key, photo.middle_key, photo.small_key) if key]
        db.session.delete(photo)
    db.session.flush()
    for photo in list(draft.photos):
        photo.entry_id = entry.id
    for proof in proofs_of(entry):
        keys.append(proof.key)
        db.session.delete(proof)
    replace_rows(entry, parts_of(draft))
    replace_rows(draft, [])
    replace_group(entry, copies_of(draft.coauthors))
    replace_group(draft, [])
    exemplar = draft.exemplar
    for attachment in list(draft.attachments):
        attachment.entry_id = entry.id
    db.session.flush()
    db.session.expire(draft, ["photos", "attachments"])
    db.session.expire(entry, ["photos", "attachments", "author_unit"])
    db.session.delete(draft)
    db.session.flush()
    db.session.delete(exemplar)
    db.session.flush()
    return keys
