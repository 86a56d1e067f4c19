"""Texts that share a good part with another: found by their fingerprints, shown word by word.

Three sieves, each dearer and finer than the one before: samples of shingles in one index, whole
fingerprints of the candidates, and the texts themselves of the few that are left. Only samples are
read for all entries, about 750 bytes each. See docs/decisions/near-copies.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select

from contest.core.db import db
from contest.entries.models import Entry
from contest.entries.rules import SCREENED
from contest.screening.models import Fingerprint, NearCopy
from contest.screening.rules import KEPT_MOST, RUN_LEAST, SHARE_LEAST, SHARED_LEAST, SHINGLE
from contest.screening.shingles import Index, Shared, compare, fingerprint, from_bytes, sample_of, shared, to_bytes

# The least part of the shingles that a text flagged in the end can share: a run of RUN_LEAST
# syllables holds this many whole shingles.
_SHINGLES_LEAST = SHARE_LEAST / 1000 * (RUN_LEAST - SHINGLE + 1) / RUN_LEAST
# A judgement holds until the share has grown by so many per mille.
_GROWN = 50


@dataclass(frozen=True, slots=True)
class Print:
    """The fingerprint of an entry's text, as it is kept."""

    entry_id: int
    text_sha256: str
    shingles: bytes
    sample: bytes

    @classmethod
    def of(cls, entry_id: int, body: str, text_sha256: str) -> Print:
        made = fingerprint(body)
        return cls(entry_id, text_sha256, to_bytes(made), to_bytes(sample_of(made)))


def near_copies(texts: Mapping[int, str], prints: Sequence[Print]) -> dict[int, list[tuple[int, Shared]]]:
    """For each of `texts` (entry id -> body; `prints` are theirs) the entries that share a good part.

    Looks among all entries before a secretariat, of every contest, and among `texts` themselves.
    The closest first, at most KEPT_MOST. Nothing is written.
    """
    new = {each.entry_id: each for each in prints}
    kept = db.session.execute(
        select(Fingerprint.entry_id, Fingerprint.sample)
        .join(Entry, Entry.id == Fingerprint.entry_id)
        .where(Entry.state.in_(SCREENED), Fingerprint.entry_id.not_in(new))
    ).all()
    index = Index(
        [*(row.entry_id for row in kept), *new], [*(row.sample for row in kept), *(each.sample for each in prints)]
    )
    found: dict[int, list[tuple[int, Shared]]] = {}
    for each in prints:
        sample = from_bytes(each.sample)
        candidates = [candidate.owner for candidate in index.similar(sample, without=each.entry_id)]
        if not candidates:
            continue
        likely = _likely(each, candidates, new)
        bodies = {**_bodies([owner for owner in likely if owner not in texts]), **texts}
        common = index.common(sample)
        # Always from the older to the newer, so that both sides of a pair are told the same.
        pairs = [
            (owner, compare(bodies[min(owner, each.entry_id)], bodies[max(owner, each.entry_id)], common))
            for owner in likely
        ]
        close = [(owner, what) for owner, what in pairs if what.share >= SHARE_LEAST and what.syllables >= SHARED_LEAST]
        found[each.entry_id] = sorted(close, key=lambda pair: (-pair[1].share, pair[0]))[:KEPT_MOST]
    return found


def _likely(asked: Print, candidates: Sequence[int], new: Mapping[int, Print]) -> list[int]:
    """Candidates whose whole fingerprint shares enough."""
    kept = db.session.execute(
        select(Fingerprint.entry_id, Fingerprint.shingles).where(
            Fingerprint.entry_id.in_([owner for owner in candidates if owner not in new])
        )
    )
    shingles = {row.entry_id: row.shingles for row in kept} | {owner: made.shingles for owner, made in new.items()}
    own = from_bytes(asked.shingles)
    return [
        owner
        for owner in candidates
        if owner in shingles and shared(own, from_bytes(shingles[owner])) >= _SHINGLES_LEAST
    ]


def _bodies(entry_ids: Sequence[int]) -> dict[int, str]:
    if not entry_ids:
        return {}
    return {row.id: row.body for row in db.session.execute(select(Entry.id, Entry.body).where(Entry.id.in_(entry_ids)))}


def keep_near_copies(entry_id: int, copies: Collection[tuple[int, Shared]], now: datetime) -> list[int]:
    """Write down the pairs of an entry; returns the others of pairs that have to be judged anew."""
    standing = {
        pair.other_id if pair.one_id == entry_id else pair.one_id: pair
        for pair in db.session.scalars(
            select(NearCopy).where(or_(NearCopy.one_id == entry_id, NearCopy.other_id == entry_id))
        )
    }
    reopened: list[int] = []
    for other_id, what in copies:
        passages = [{"one": list(each.one), "other": list(each.other)} for each in what.passages]
        pair = standing.pop(other_id, None)
        if pair is None:
            one, other = min(entry_id, other_id), max(entry_id, other_id)
            pair = NearCopy(one_id=one, other_id=other, share=what.share, passages=passages, found_at=now)
            db.session.add(pair)
            continue
        if pair.judged is not None and what.share > pair.share + _GROWN:
            pair.judged = pair.judged_at = pair.judged_by_id = pair.note = None
            reopened.append(other_id)
        pair.share, pair.passages = what.share, passages
    if standing:
        db.session.execute(delete(NearCopy).where(NearCopy.id.in_([pair.id for pair in standing.values()])))
    return reopened
