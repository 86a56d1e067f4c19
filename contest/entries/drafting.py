"""Writing: drafts, what they hold, and drafts that replace a submitted entry."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from typing import NamedTuple

from contest.accounts.models import User
from contest.contests.models import Contest
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.core.formats import VIET_NAM
from contest.core.richtext import from_plain, parse, plain, source_of, with_photos
from contest.core.text import clean_text, count_words, fold
from contest.entries.coauthors import author_key_of, group_state
from contest.entries.eligibility import count_of_account, require_not_barred, too_many
from contest.entries.models import Entry
from contest.entries.moves import audit
from contest.entries.paper import helped_details, require_keyed_window
from contest.entries.passes import usable_pass
from contest.entries.press import press_state, proofs_of
from contest.entries.queries import own_drafts
from contest.entries.rules import (
    BODY_MAX,
    DRAFT,
    PAPER,
    TITLE_MAX,
    WEB,
    needs_guardian,
)
from contest.exemplars.services import describe_exemplar, new_exemplar, short_line
from contest.units.models import Unit

# Drafts are cheap, but not free: enough for anybody who writes by hand.
DRAFTS_MAX = 20
_TEXT_COPIED = ("category", "medium", "title", "document", "body", "body_key", "genre", "word_count")
_FACTS_COPIED = (
    "deed_place",
    "deed_time",
    "author_name",
    "author_key",
    "pen_name",
    "author_phone",
    "author_address",
    "author_birth_date",
    "author_unit_id",
    "guardian_name",
    "guardian_phone",
    "guardian_relation",
    "guardian_consent",
)
COPIED = (*_TEXT_COPIED, *_FACTS_COPIED)
PHOTO_COPIED = (
    "position",
    "large_key",
    "middle_key",
    "small_key",
    "width",
    "height",
    "sha256",
    "caption",
    "photographer",
    "alt",
    "recognised",
    "people",
    "consent",
)


def today_of(now: datetime) -> date:
    """The day in Viet Nam at `now`: what "on the day of submission" means."""
    return now.astimezone(VIET_NAM).date()


# Who may enter, and when


def require_window(contest: Contest, now: datetime) -> None:
    """Raise Refused unless the contest takes entries at `now` (opens <= now < closes)."""
    window = contest.rules.window("submission")
    if window is None or now < window.opens:
        raise Refused(
            N_("Entries are taken from %(at)s."),
            code="not_open",
            at=window.opens if window else now,
        )
    if not window.contains(now):
        raise Refused(
            N_("Submission closed at %(at)s. Your text is kept as a draft."),
            code="closed",
            at=window.closes,
        )


class Help(NamedTuple):
    """For whom and through which unit a draft is begun that its author does not write alone.

    Without a unit it is the secretariat that types what came on paper.
    """

    author: User
    unit: Unit | None
    source: str = WEB


def start_draft(
    *, contest: Contest, category_id: str, actor: User, now: datetime, help_for: Help | None = None
) -> Entry:
    """A new, empty draft. Raises Refused outside the window, for barred people, past the limits.

    Whoever has leave to submit late may begin after the close, too. With `help_for` the actor begins
    it for somebody else; what came on paper has a window of its own.
    """
    category = contest.rules.category(category_id)
    author = help_for.author if help_for else actor
    if help_for is not None and help_for.source == PAPER:
        require_keyed_window(contest.rules, now)
    elif usable_pass(contest, author.id, now) is None:
        require_window(contest, now)
    require_not_barred(contest, author)
    if count_of_account(contest.id, category.id, author) >= category.max_entries_per_author:
        raise too_many(category)
    if len(own_drafts(author.id, contest.id)) >= DRAFTS_MAX:
        raise Refused(
            N_("You have %(count)s drafts in this contest. Please finish or delete one first."),
            code="too_many_drafts",
            count=DRAFTS_MAX,
        )
    entry = Entry(
        contest=contest,
        category=category.id,
        author=author,
        helper=actor if help_for else None,
        sent_by_unit=help_for.unit if help_for else None,
        author_unit=help_for.unit if help_for else None,
        source=help_for.source if help_for else WEB,
        exemplar=new_exemplar(now=now),
        genre=category.genres[0] if len(category.genres) == 1 else "",
        medium=category.media[0] if category.publication == "must_be_published" and len(category.media) == 1 else "",
        rules_version=contest.current_version,
        author_name=author.name,
        author_key=fold(author.name),
        author_phone=_national(author.phone or ""),
        created_at=now,
        updated_at=now,
    )
    db.session.add(entry)
    db.session.flush()
    audit(entry=entry, verb="start_draft", actor=actor, now=now, category=category.id, **helped_details(entry))
    return entry


def _national(phone: str) -> str:
    """+84912345678 as people here write it: 0912345678."""
    return "0" + phone[3:] if phone.startswith("+84") else phone


# What a draft holds


def may_edit(entry: Entry) -> bool:
    """Whether the row itself may be written to: a submitted entry is only ever replaced."""
    return entry.state == DRAFT


def require_draft(entry: Entry) -> None:
    if not may_edit(entry):
        raise Conflict(
            N_("This entry has been submitted. To change it, choose “Edit and submit again”."),
            code="submitted",
        )


def _require_version(entry: Entry, current: int, seen: int) -> None:
    if current != seen:
        raise Conflict(
            N_("This draft was saved in another window at %(at)s. Nothing was overwritten."),
            code="version",
            at=entry.updated_at,
        )


def save_text(
    *,
    entry: Entry,
    version: int,
    title: str,
    genre: str,
    now: datetime,
    document: str | None = None,
    body: str | None = None,
) -> None:
    """Save the text of a draft. `version` is the one that the writer's window was opened with.

    `document` is light markup (core.richtext), `body` plain text: one of them is given. A photo that
    is not the entry's loses its place. Saving what is already saved changes nothing, also from an
    older window. Raises Conflict when another window saved something else; Refused for hidden
    characters or a text beyond all bounds.
    """
    require_draft(entry)
    title = short_line(title, TITLE_MAX)
    own = {photo.public_id: photo.public_id for photo in entry.photos}
    written = from_plain(clean_text(body or "")) if document is None else parse(clean_text(document))
    document = source_of(with_photos(written, own))
    if len(document) > BODY_MAX:
        raise Refused(
            N_("The text is too long to be kept: at most %(limit)s characters."), code="too_long", limit=BODY_MAX
        )
    genres = entry.contest.rules.category(entry.category).genres
    genre = genre if genre in genres else ""
    if (title, genre, document) == (entry.title, entry.genre, entry.document):
        return
    _require_version(entry, entry.version, version)
    entry.title, entry.genre, entry.document = title, genre, document
    entry.body = plain(parse(document))
    entry.body_key = fold(f"{title} {entry.body}")
    entry.word_count = count_words(entry.body)
    entry.version += 1
    entry.updated_at = now
    db.session.flush()


class Facts(NamedTuple):
    """What an author tells about the exemplar, the deed and themselves, as typed."""

    exemplar_kind: str = "individual"
    exemplar_name: str = ""
    exemplar_role: str = ""
    exemplar_unit: Unit | None = None
    exemplar_address: str = ""
    exemplar_contact: str = ""
    exemplar_is_child: bool = False
    deed_place: str = ""
    deed_time: str = ""
    author_name: str = ""
    pen_name: str = ""
    author_phone: str = ""
    author_address: str = ""
    author_unit: Unit | None = None
    birth_date: date | None = None
    guardian_name: str = ""
    guardian_phone: str = ""
    guardian_relation: str = ""
    guardian_consent: bool = False


def _all_facts(entry: Entry) -> tuple[object, ...]:
    exemplar = entry.exemplar
    return (
        *(getattr(exemplar, name) for name in ("kind", "name", "role", "unit_id", "address", "contact", "is_child")),
        *(getattr(entry, name) for name in _FACTS_COPIED),
    )


def save_facts(*, entry: Entry, version: int, facts: Facts, now: datetime) -> None:
    """Save what a draft tells about people and places; `version` as in `save_text`.

    A legal representative is kept only for an author who needs one today. Raises Conflict, Refused.
    """
    require_draft(entry)
    category = entry.contest.rules.category(entry.category)
    if facts.birth_date is not None and not date(1900, 1, 1) <= facts.birth_date <= today_of(now):
        raise Refused(N_("This date of birth cannot be right. Write the year in four digits."), code="birth_date")
    before = _all_facts(entry)
    with db.session.no_autoflush:
        describe_exemplar(
            exemplar=entry.exemplar,
            kind=facts.exemplar_kind,
            name=facts.exemplar_name,
            role=facts.exemplar_role,
            unit=facts.exemplar_unit,
            address=facts.exemplar_address,
            contact=facts.exemplar_contact,
            is_child=facts.exemplar_is_child,
        )
        entry.exemplar.unit_id = facts.exemplar_unit.id if facts.exemplar_unit else None
        entry.deed_place = short_line(facts.deed_place, 300)
        entry.deed_time = short_line(facts.deed_time, 200)
        entry.author_name = short_line(facts.author_name, 200)
        entry.pen_name = short_line(facts.pen_name, 200)
        entry.author_key = author_key_of(entry, entry.coauthors)
        entry.author_phone = short_line(facts.author_phone, 30)
        entry.author_address = short_line(facts.author_address, 300)
        entry.author_birth_date = facts.birth_date
        entry.author_unit = facts.author_unit
        entry.author_unit_id = facts.author_unit.id if facts.author_unit else None
        guarded = needs_guardian(facts.birth_date, today_of(now), always=category.guardian_consent)
        entry.guardian_name = short_line(facts.guardian_name if guarded else "", 200)
        entry.guardian_phone = short_line(facts.guardian_phone if guarded else "", 30)
        entry.guardian_relation = short_line(facts.guardian_relation if guarded else "", 60)
        entry.guardian_consent = guarded and facts.guardian_consent
        if _all_facts(entry) == before:
            return
        _require_version(entry, entry.facts_version, version)
    entry.facts_version += 1
    entry.updated_at = now
    db.session.flush()


def content_digest(entry: Entry) -> str:
    """A fingerprint of all that submitting `entry` would send.

    The check-your-answers page carries it, so that what is submitted is what was checked. Before the
    hyphen stands the number of the rules under which it was checked.
    """
    content = [
        *(getattr(entry, name) for name in COPIED),
        *_all_facts(entry),
        *([getattr(photo, name) for name in PHOTO_COPIED] for photo in entry.photos),
        press_state(entry),
        *(proof.sha256 for proof in proofs_of(entry)),
        group_state(entry),
    ]
    digest = hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()[:32]
    version = entry.contest.current_version
    return f"{version.number if version else 0}-{digest}"


# Giving a draft up


def discard_draft(*, entry: Entry, actor: User, now: datetime) -> list[str]:
    """Delete a draft with all it holds; returns keys of files that may no longer be needed.

    A submitted entry that the draft was to replace is not touched. Raises Conflict for anything
    but a draft.
    """
    require_draft(entry)
    audit(entry=entry, verb="discard_draft", actor=actor, now=now)
    keys = [key for photo in entry.photos for key in (photo.large_key, photo.middle_key, photo.small_key) if key]
    keys += [attachment.key for attachment in entry.attachments]
    for photo in list(entry.photos):
        db.session.delete(photo)
    for attachment in list(entry.attachments):
        db.session.delete(attachment)
    for row in (*entry.publications, *entry.coauthors):
        db.session.delete(row)
    db.session.flush()
    exemplar = entry.exemplar
    db.session.expire(entry, ["photos", "attachments", "publications", "coauthors"])
    db.session.delete(entry)
    db.session.flush()
    db.session.delete(exemplar)
    db.session.flush()
    return keys
