"""Works that the press has published: where and when each part came out, and the proof of it.

Links are checked for their form and never fetched. Proofs are kept as they were sent, for the
secretariat alone: neither judges nor the public ever get one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from contest.contests.ruleset import Category
from contest.core.db import db
from contest.core.errors import N_, Conflict, Refused
from contest.core.text import clean_line
from contest.entries.models import Attachment, Entry, Publication
from contest.entries.rules import BROADCAST, DRAFT, NOT_PUBLISHED, PARTS_MAX, PROOF
from contest.exemplars.services import short_line

PROOFS_MAX = 5
LINK_MAX = 500
_HOST = re.compile(r"[\w-]+(\.[\w-]+)+\.?", re.UNICODE)
_SECONDS_MAX = 24 * 60 * 60
# What a proof may be, by its first bytes: what it is called does not matter.
_KINDS = (
    (b"%PDF-", "pdf", "application/pdf"),
    (b"\xff\xd8\xff", "jpg", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
)


class Part(NamedTuple):
    """One part of a published work, as typed; `seconds` is how long it plays."""

    outlet: str = ""
    title: str = ""
    published_on: date | None = None
    url: str = ""
    place: str = ""
    seconds: int | None = None

    @property
    def empty(self) -> bool:
        return self == Part()


class KeptFile(NamedTuple):
    """A file that was stored as it was sent."""

    key: str
    name: str
    media_type: str
    size: int
    sha256: str


def require_draft(entry: Entry) -> None:
    """Raise Conflict for what has been submitted: it is only ever replaced."""
    if entry.state != DRAFT:
        raise Conflict(
            N_("This entry has been submitted. To change it, choose “Edit and submit again”."), code="submitted"
        )


def asks_publication(category: Category) -> bool:
    """Whether entries of the category are, or may be, works already published."""
    return category.publication != "must_be_unpublished"


def is_published(entry: Entry, category: Category) -> bool:
    """Whether the entry is told to be a published work."""
    return asks_publication(category) and entry.medium not in ("", NOT_PUBLISHED)


def publication_of(entry: Entry, category: Category) -> str:
    """What the author declares of this entry: must_be_published, or must_be_unpublished."""
    if category.publication == "either":
        return "must_be_published" if is_published(entry, category) else "must_be_unpublished"
    return category.publication


def clean_link(text: str) -> str:
    """A link to a page of the open web, as it is kept; "" for none. Raises Refused for anything else."""
    link = clean_line(text)
    if not link:
        return ""
    if "://" not in link and not link.lower().startswith(("javascript:", "data:", "mailto:", "file:")):
        link = f"https://{link}"
    refusal = Refused(
        N_("“%(link)s” is not a link to a page. Copy it from the browser; it begins with https:// or http://."),
        code="link",
        link=link[:60],
    )
    if len(link) > LINK_MAX or " " in link:
        raise refusal
    try:
        parts = urlsplit(link)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise refusal from None
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or not _HOST.fullmatch(host) or port == 0:
        raise refusal
    return link


def press_state(entry: Entry) -> str:
    """A fingerprint of what is told about publication: the version that a window was opened with."""
    rows = [[*_row(publication)] for publication in entry.publications]
    return hashlib.sha256(json.dumps([entry.medium, rows], default=str).encode()).hexdigest()[:16]


def _row(publication: Publication) -> Part:
    return Part(*(getattr(publication, name) for name in Part._fields))


def parts_of(entry: Entry) -> list[Part]:
    """The parts of a published work, in order."""
    return [_row(publication) for publication in entry.publications]


def save_publication(*, entry: Entry, seen: str, medium: str, parts: Sequence[Part], now: datetime) -> None:
    """Save where a draft's work was published; `seen` is the `press_state` that its window showed.

    Empty parts are left out. Raises Conflict when another window saved something else, Refused for
    what cannot be kept; what the rules still lack is told by the checklist.
    """
    require_draft(entry)
    category = entry.contest.rules.category(entry.category)
    if not asks_publication(category):
        raise Refused(N_("This category does not take published works."), code="not_asked")
    allowed = (*media_of(category), *([NOT_PUBLISHED] if category.publication == "either" else []))
    medium = medium if medium in allowed else ""
    told = [] if medium == NOT_PUBLISHED else [_clean(part, medium) for part in parts if not part.empty]
    if len(told) > PARTS_MAX:
        raise Refused(N_("At most %(most)s parts can be written down here."), code="too_many_parts", most=PARTS_MAX)
    if (medium, told) == (entry.medium, parts_of(entry)):
        return
    if seen != press_state(entry):
        raise Conflict(
            N_("This draft was saved in another window at %(at)s. Nothing was overwritten."),
            code="version",
            at=entry.updated_at,
        )
    entry.medium = medium
    replace_rows(entry, told)
    entry.updated_at = now
    db.session.flush()


def media_of(category: Category) -> tuple[str, ...]:
    """The media that the category takes; all of them where it names none."""
    return category.media or ("print", "online", "radio", "tv")


def replace_rows(entry: Entry, parts: Sequence[Part]) -> None:
    """Make the parts of an entry exactly `parts`."""
    for publication in list(entry.publications):
        db.session.delete(publication)
    db.session.flush()
    db.session.add_all(
        Publication(entry_id=entry.id, part=number, **part._asdict()) for number, part in enumerate(parts, start=1)
    )
    db.session.flush()
    db.session.expire(entry, ["publications"])


def _clean(part: Part, medium: str) -> Part:
    seconds = part.seconds if medium in BROADCAST else None
    if seconds is not None and not 0 < seconds <= _SECONDS_MAX:
        raise Refused(N_("This playing time cannot be right: write minutes and seconds."), code="seconds")
    if part.published_on is not None and part.published_on.year < 1900:
        raise Refused(N_("This day cannot be right. Write the year in four digits."), code="published_on")
    return Part(
        outlet=short_line(part.outlet, 200),
        title=short_line(part.title, 300),
        published_on=part.published_on,
        url=clean_link(part.url),
        place=short_line(part.place, 200),
        seconds=seconds,
    )


# Proofs


def kind_of_proof(content: bytes) -> tuple[str, str]:
    """The ending and the media type of a proof. Raises Refused for what is neither a PDF nor a picture."""
    for first, ending, media_type in _KINDS:
        if content.startswith(first):
            return ending, media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp", "image/webp"
    raise Refused(
        N_("A proof is a PDF, or a picture of the page as JPEG, PNG or WebP. This file is none of these."),
        code="proof_kind",
    )


def check_proof(content: bytes, most: int) -> tuple[str, str]:
    """As `kind_of_proof`, after looking at the size. `most` is in bytes. Raises Refused."""
    if not content:
        raise Refused(N_("Choose a file first."), code="proof_empty")
    if len(content) > most:
        raise Refused(
            N_("This file is larger than %(most)s MB. Send a smaller scan."), code="proof_large", most=most // 1_000_000
        )
    return kind_of_proof(content)


def proofs_of(entry: Entry) -> list[Attachment]:
    """The proofs of publication, in the order in which they were sent."""
    return [attachment for attachment in entry.attachments if attachment.kind == PROOF]


def add_proof(*, entry: Entry, stored: KeptFile, actor_id: int, now: datetime) -> Attachment:
    """Keep a proof with a draft. Raises Refused when it is here already or there is no room."""
    require_draft(entry)
    if not asks_publication(entry.contest.rules.category(entry.category)):
        raise Refused(N_("This category does not take published works."), code="not_asked")
    proofs = proofs_of(entry)
    if any(proof.sha256 == stored.sha256 for proof in proofs):
        raise Refused(N_("This file is already here."), code="proof_twice")
    if len(proofs) >= PROOFS_MAX:
        raise Refused(
            N_("At most %(most)s proofs are taken. Remove one to add another."), code="too_many_proofs", most=PROOFS_MAX
        )
    proof = Attachment(
        entry_id=entry.id,
        kind=PROOF,
        key=stored.key,
        name=clean_line(stored.name)[:200] or "minh-chung",
        media_type=stored.media_type,
        size=stored.size,
        sha256=stored.sha256,
        added_at=now,
        added_by_id=actor_id,
    )
    db.session.add(proof)
    entry.updated_at = now
    db.session.flush()
    db.session.expire(entry, ["attachments"])
    return proof


def remove_proof(*, entry: Entry, public_id: str, now: datetime) -> list[str]:
    """Remove a proof from a draft; returns keys of files that may no longer be needed."""
    require_draft(entry)
    gone = [proof for proof in proofs_of(entry) if proof.public_id == public_id]
    for proof in gone:
        db.session.delete(proof)
    if gone:
        entry.updated_at = now
        db.session.flush()
        db.session.expire(entry, ["attachments"])
    return [proof.key for proof in gone]
