"""Looking through submitted entries: examined without the write lock, then kept under it.

`examine` only reads and computes; `keep` writes what came of it, unless the entry was submitted
again meanwhile. What somebody set aside stays set aside as long as it is found.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload, selectinload

from contest.core.db import db, wait_for_turn
from contest.entries.checks import missing
from contest.entries.drafting import today_of
from contest.entries.models import Entry
from contest.entries.receipts import text_sha256
from contest.entries.rules import SCREENED
from contest.exemplars.models import Exemplar
from contest.exemplars.queries import said_different
from contest.screening.leaks import identity_leaks
from contest.screening.models import Checked, Finding, Fingerprint
from contest.screening.near_copies import Print, keep_near_copies, near_copies
from contest.screening.rules import (
    CHECKS,
    LEAK,
    LIKE_NAME,
    LIMIT,
    LINKED,
    MISSING,
    NAME_LIKENESS,
    NEAR_COPY,
    SAME_EXEMPLAR,
    SAME_NAME,
)
from contest.screening.shingles import Shared

_LIMITED = {"body", "photos"}
# How people are called before their name: says nothing about who they are.
_HONORIFICS = frozenset(
    ("ong", "ba", "anh", "chi", "co", "chu", "thay", "bac", "me", "cu", "em", "chau", "di", "cau", "mo", "dong")
)


@dataclass(frozen=True, slots=True)
class Found:
    """Something that one of the checks found; as a row of Finding, without its entry."""

    kind: str
    place: str
    details: dict[str, Any]
    other_id: int | None = None

    @property
    def key(self) -> str:
        """What makes it the same finding when the entry is looked through again."""
        return _key(self.kind, self.place, self.other_id, self.details)


def _key(kind: str, place: str, other_id: int | None, details: Any) -> str:
    told = None if other_id is not None else details
    return json.dumps([kind, place, other_id, told], sort_keys=True, ensure_ascii=False, default=str)


@dataclass(frozen=True, slots=True)
class Examined:
    """What the checks found in one entry, as it was submitted at `submitted_at`."""

    entry_id: int
    submitted_at: datetime
    found: tuple[Found, ...]
    print: Print
    copies: tuple[tuple[int, Shared], ...]


def examine(entry_ids: Sequence[int]) -> list[Examined]:
    """Look through entries; nothing is written. Those that are not before the secretariat are left out."""
    entries = db.session.scalars(
        select(Entry)
        .where(Entry.id.in_(entry_ids), Entry.state.in_(SCREENED))
        .options(
            joinedload(Entry.exemplar),
            joinedload(Entry.author),
            joinedload(Entry.author_unit),
            selectinload(Entry.photos),
            selectinload(Entry.coauthors),
            selectinload(Entry.attachments),
        )
        .order_by(Entry.id)
    ).all()
    prints = [Print.of(entry.id, entry.body, text_sha256(entry.body)) for entry in entries]
    copies = near_copies({entry.id: entry.body for entry in entries}, prints)
    examined = []
    for entry, made in zip(entries, prints, strict=True):
        if entry.submitted_at is not None:
            pairs = copies.get(entry.id, ())
            found = (*_lacking(entry), *_leaks(entry), *_copies(pairs), *_same_exemplar(entry))
            examined.append(Examined(entry.id, entry.submitted_at, found, made, tuple(pairs)))
    return examined


def keep(examined: Examined, now: datetime) -> bool:
    """Write down what was found; False when the entry has changed meanwhile and has to be examined anew."""
    wait_for_turn("screening")
    entry = db.session.get(Entry, examined.entry_id)
    if entry is None or entry.state not in SCREENED or entry.submitted_at != examined.submitted_at:
        return False
    if text_sha256(entry.body) != examined.print.text_sha256:  # erased while it was being read
        return False
    _keep_findings(entry, examined.found, now)
    made = examined.print
    db.session.merge(
        Fingerprint(
            entry_id=entry.id, text_sha256=made.text_sha256, shingles=made.shingles, sample=made.sample, made_at=now
        )
    )
    reopened = keep_near_copies(entry.id, examined.copies, now)
    for finding in db.session.scalars(
        select(Finding).where(
            Finding.kind == NEAR_COPY,
            or_(
                (Finding.entry_id == entry.id) & Finding.other_id.in_(reopened),
                (Finding.other_id == entry.id) & Finding.entry_id.in_(reopened),
            ),
        )
    ):
        finding.set_aside_at = finding.set_aside_by_id = None
    db.session.merge(Checked(entry_id=entry.id, submitted_at=examined.submitted_at, checks=CHECKS, at=now))
    db.session.flush()
    return True


def _keep_findings(entry: Entry, wanted: Sequence[Found], now: datetime) -> None:
    standing = {
        _key(each.kind, each.place, each.other_id, each.details): each
        for each in db.session.scalars(select(Finding).where(Finding.entry_id == entry.id))
    }
    for found in wanted:
        row = standing.pop(found.key, None)
        if row is None:
            db.session.add(_row(entry.id, found, now))
        else:
            row.details = found.details
    for gone in standing.values():
        db.session.delete(gone)
    _keep_the_other_side(entry, wanted, now)


def _keep_the_other_side(entry: Entry, wanted: Sequence[Found], now: datetime) -> None:
    """What two entries of a contest have in common is said at both; an earlier contest is left in peace."""
    standing = {
        (each.entry_id, each.kind): each
        for each in db.session.scalars(select(Finding).where(Finding.other_id == entry.id))
    }
    others = {found.other_id for found in wanted if found.other_id is not None}
    here = set(db.session.scalars(select(Entry.id).where(Entry.id.in_(others), Entry.contest_id == entry.contest_id)))
    for found in wanted:
        if found.other_id in here and found.other_id is not None:
            row = standing.pop((found.other_id, found.kind), None)
            if row is None:
                db.session.add(_row(found.other_id, Found(found.kind, found.place, found.details, entry.id), now))
            else:
                row.details = found.details
    for gone in standing.values():
        db.session.delete(gone)


def _row(entry_id: int, found: Found, now: datetime) -> Finding:
    return Finding(
        entry_id=entry_id,
        kind=found.kind,
        place=found.place,
        details=found.details,
        other_id=found.other_id,
        found_at=now,
    )


# The checks


def _lacking(entry: Entry) -> Iterator[Found]:
    for item in missing(entry, today_of(entry.submitted_at or entry.created_at)):
        kind = LIMIT if item.field in _LIMITED and item.params else MISSING
        yield Found(kind, item.field[:30], {"label": item.label, "message": item.message, "params": item.params})


def _leaks(entry: Entry) -> Iterator[Found]:
    if not entry.contest.rules.author_is_hidden(entry.category):
        return
    for leak in identity_leaks(entry):
        yield Found(LEAK, leak.where, {"whose": leak.whose, "what": leak.what, "phrase": leak.phrase})


def _copies(pairs: Sequence[tuple[int, Shared]]) -> Iterator[Found]:
    for other_id, shared in pairs:
        yield Found(NEAR_COPY, "body", {"share": shared.share, "syllables": shared.syllables}, other_id)


def _same_exemplar(entry: Entry) -> Iterator[Found]:
    exemplar = entry.exemplar
    root = exemplar.same_as_id or exemplar.id
    alike = [Exemplar.id == root, Exemplar.same_as_id == root]
    if exemplar.name_key:
        alike.append(Exemplar.name_key == exemplar.name_key)
    if exemplar.unit_id is not None:
        alike.append(Exemplar.unit_id == exemplar.unit_id)
    rows = db.session.execute(
        select(Entry.id, Exemplar.id, Exemplar.same_as_id, Exemplar.name_key, Exemplar.unit_id)
        .join(Exemplar, Exemplar.id == Entry.exemplar_id)
        .where(or_(*alike), Entry.contest_id == entry.contest_id, Entry.state.in_(SCREENED), Entry.id != entry.id)
        .order_by(Entry.id)
    ).all()
    different = said_different([exemplar.id, root])
    for other_id, its_id, same_as_id, name_key, unit_id in rows:
        its_root = same_as_id or its_id
        pairs = {(min(a, b), max(a, b)) for a in (exemplar.id, root) for b in (its_id, its_root)}
        if its_root != root and pairs & different:
            continue
        how = LINKED if its_root == root else likeness(exemplar.name_key, exemplar.unit_id, name_key, unit_id)
        if how:
            yield Found(SAME_EXEMPLAR, "", {"how": how}, other_id)


def likeness(name: str, unit_id: int | None, other_name: str, other_unit_id: int | None) -> str:
    """Why two folded names may be one exemplar's; empty when nothing says so.

    The same name in another unit is a namesake; where a unit is not known, the name decides.
    """
    if unit_id is not None and other_unit_id is not None and unit_id != other_unit_id:
        return ""
    one, other = _bare(name), _bare(other_name)
    if not one or not other:
        return ""
    if one == other:
        return SAME_NAME
    if unit_id is None or other_unit_id is None:
        return ""
    ratio = difflib.SequenceMatcher(a=one, b=other).ratio()
    return LIKE_NAME if ratio * 100 >= NAME_LIKENESS else ""


def _bare(name: str) -> str:
    words = name.split()
    while len(words) > 1 and words[0] in _HONORIFICS:
        words = words[1:]
    return " ".join(words)
