"""Texts as sets of hashed shingles, and what two texts have in common. Pure; numbers by numpy.

A shingle is SHINGLE consecutive syllables without case, marks and punctuation, so that a copy is
found when diacritics were dropped or paragraphs moved. Its hash depends on nothing but the text:
the same in every process, for fingerprints are kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from contest.core.text import fold
from contest.screening.rules import (
    CANDIDATE_LEAST,
    CANDIDATE_SHARE,
    CANDIDATES_MOST,
    COMMON_LEAST,
    COMMON_SHARE,
    RUN_LEAST,
    SAMPLE_RATE,
    SHINGLE,
)

Numbers = NDArray[np.uint64]

_WORD = re.compile(r"[^\W_]+")
_SAMPLE_BELOW = np.uint64(2**64 // SAMPLE_RATE)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_PLACES_MOST = 16
_KNOWN_MOST = 200_000
_PIECE_LONGEST = 40


class _Known(dict[str, tuple[int, ...]]):
    """What stands between two spaces -> the hashes of its syllables, mostly one.

    Cutting, folding and hashing cost fifty times as much as looking up, and the language has few
    syllables. Emptied when a flood of odd words fills it; long pieces are not kept.
    """

    def __missing__(self, piece: str) -> tuple[int, ...]:
        found = tuple(
            int.from_bytes(hashlib.blake2b(fold(syllable).encode(), digest_size=8).digest(), "little")
            for syllable in _WORD.findall(piece)
        )
        if len(piece) <= _PIECE_LONGEST:
            if len(self) >= _KNOWN_MOST:
                self.clear()
            self[piece] = found
        return found


_known = _Known()


def fingerprint(text: str) -> Numbers:
    """The distinct shingles of `text`, hashed to 64 bits and sorted; empty for less than one shingle."""
    # No letter or digit is a space, so a syllable never reaches over one.
    syllables = np.fromiter(chain.from_iterable(map(_known.__getitem__, text.split())), dtype=np.uint64)
    if len(syllables) < SHINGLE:
        return np.empty(0, dtype=np.uint64)
    mixed = syllables[: len(syllables) - SHINGLE + 1].copy()
    for place in range(1, SHINGLE):  # wraps round at 64 bits, as it should
        mixed = mixed * _STEP + syllables[place : len(syllables) - SHINGLE + 1 + place]
    # Neighbouring sums must end far apart, or the smallest would not be a fair sample.
    mixed ^= mixed >> np.uint64(31)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed)


def sample_of(shingles: Numbers) -> Numbers:
    """The shingles that candidates are found by: those whose hash is small, the same ones in each text."""
    return shingles[: int(np.searchsorted(shingles, _SAMPLE_BELOW))]


def to_bytes(numbers: Numbers) -> bytes:
    """For keeping: little-endian, eight bytes each."""
    return numbers.astype("<u8").tobytes()


def from_bytes(content: bytes) -> Numbers:
    """What `to_bytes` gave."""
    return np.frombuffer(content, dtype="<u8").astype(np.uint64, copy=False)


def shared(one: Numbers, other: Numbers) -> float:
    """How much of the smaller of two fingerprints the larger one holds, 0 to 1."""
    smaller, larger = (one, other) if len(one) <= len(other) else (other, one)
    if not len(smaller):
        return 0.0
    places = np.searchsorted(larger, smaller)
    places[places == len(larger)] = 0
    return float(np.count_nonzero(larger[places] == smaller)) / len(smaller)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that may share a part with the one asked about; `share` is of the smaller sample."""

    owner: int
    share: float


class Index:
    """The samples of many texts, sorted by hash: who else holds a shingle is a look into it.

    Sixteen bytes a sampled shingle, about 1.5 KB for a text of 1,500 syllables. Made for one use
    and let go; nothing is kept between uses that could grow old.
    """

    def __init__(self, owners: Sequence[int], samples: Sequence[bytes]) -> None:
        sizes = np.array([len(sample) // 8 for sample in samples], dtype=np.int64)
        hashes = from_bytes(b"".join(samples))
        order = np.argsort(hashes, kind="stable")
        self.texts = len(owners)
        self._ids = np.array(owners, dtype=np.int64)
        self._sizes = sizes
        self._hashes = hashes[order]
        self._rows = np.repeat(np.arange(len(owners), dtype=np.int32), sizes)[order]

    def _common_from(self) -> int:
        return max(COMMON_LEAST, int(self.texts * COMMON_SHARE))

    def common(self, sample: Numbers) -> frozenset[int]:
        """Shingles of `sample` that everybody quotes; none where they make up most of it."""
        counts = self._counts(sample)[2]
        return frozenset(int(each) for each in sample[self._quoted(counts)])

    def _counts(self, sample: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        first = np.searchsorted(self._hashes, sample, side="left")
        last = np.searchsorted(self._hashes, sample, side="right")
        return first, last, last - first

    def _quoted(self, counts: NDArray[np.int64]) -> NDArray[np.bool_]:
        quoted = counts >= self._common_from()
        return np.zeros_like(quoted) if np.count_nonzero(quoted) * 2 > len(quoted) else quoted

    def similar(self, sample: Numbers, without: int | None = None) -> list[Candidate]:
        """Texts that share a part of `sample`, the most alike first, `without` left out."""
        if not len(sample) or not len(self._hashes):
            return []
        first, last, counts = self._counts(sample)
        quoted = self._quoted(counts)
        ranges = [self._rows[a:b] for a, b, skip in zip(first, last, quoted, strict=True) if b > a and not skip]
        if not ranges:
            return []
        rows, hits = np.unique(np.concatenate(ranges), return_counts=True)
        smaller = np.minimum(self._sizes[rows], len(sample) - np.count_nonzero(quoted))
        shares = hits / np.maximum(smaller, 1)
        chosen = (hits >= CANDIDATE_LEAST) & (shares >= CANDIDATE_SHARE) & (self._ids[rows] != without)
        found = [
            Candidate(int(owner), float(share))
            for owner, share in zip(self._ids[rows[chosen]], shares[chosen], strict=True)
        ]
        return sorted(found, key=lambda candidate: (-candidate.share, candidate.owner))[:CANDIDATES_MOST]


# Word by word


@dataclass(frozen=True, slots=True)
class Passage:
    """The same run of syllables in two texts, as ranges of characters."""

    one: tuple[int, int]
    other: tuple[int, int]
    syllables: int


@dataclass(frozen=True, slots=True)
class Shared:
    """What two texts have in common. `share`: per mille of the shorter one; `syllables`: of it, in all."""

    passages: tuple[Passage, ...]
    share: int
    syllables: int


def compare(one: str, other: str, common: Collection[int] = ()) -> Shared:
    """The runs of at least RUN_LEAST syllables that stand in both texts, in the order of `one`.

    Exact: syllables are compared, not hashes. A run that holds shingles of `common`, and no other
    sampled ones, is a phrase that everybody quotes and is left out.
    """
    spans = [[match.span() for match in _WORD.finditer(text)] for text in (one, other)]
    words = [[fold(text[start:end]) for start, end in places] for text, places in zip((one, other), spans, strict=True)]
    runs = _runs(words[0], words[1])
    if common:
        runs = [run for run in runs if not _is_quoted(words[0][run[0] : run[0] + run[2]], common)]
    covered: list[set[int]] = [set(), set()]
    passages = []
    for start, there, length in runs:
        covered[0].update(range(start, start + length))
        covered[1].update(range(there, there + length))
        passages.append(
            Passage(
                (spans[0][start][0], spans[0][start + length - 1][1]),
                (spans[1][there][0], spans[1][there + length - 1][1]),
                length,
            )
        )
    shorter = 0 if len(words[0]) <= len(words[1]) else 1
    held = len(covered[shorter])
    return Shared(tuple(passages), round(1000 * held / max(1, len(words[shorter]))), held)


def _is_quoted(words: Sequence[str], common: Collection[int]) -> bool:
    sampled = sample_of(fingerprint(" ".join(words)))
    return len(sampled) > 0 and all(int(each) in common for each in sampled)


def _runs(one: Sequence[str], other: Sequence[str]) -> list[tuple[int, int, int]]:
    """(start in one, start in other, length), in the order of `one`, none overlapping there."""
    places: dict[tuple[str, ...], list[int]] = {}
    for start in range(len(other) - SHINGLE + 1):
        known = places.setdefault(tuple(other[start : start + SHINGLE]), [])
        if len(known) < _PLACES_MOST:
            known.append(start)
    runs: list[tuple[int, int, int]] = []
    start = 0
    while start <= len(one) - SHINGLE:
        best, there = 0, 0
        for place in places.get(tuple(one[start : start + SHINGLE]), ()):
            length = SHINGLE
            while (
                start + length < len(one)
                and place + length < len(other)
                and one[start + length] == other[place + length]
            ):
                length += 1
            if length > best:
                best, there = length, place
        if best >= RUN_LEAST:
            runs.append((start, there, best))
            start += best
        else:
            start += 1
    return runs
