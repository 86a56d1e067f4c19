"""Near-copies among many texts: ours beside MinHash-LSH, in one run, each in a process of its own.

    python -m bench.near_copies                     1,000 texts of 1,500 syllables
    python -m bench.near_copies --full              5,000 of them
    python -m bench.near_copies --texts N --syllables N

The texts are made by bench.vietnamese, every twenty-fifth of them with a third taken from another
one. Printed: how many of the planted pairs were found; how many pairs were named that share nothing
planted; CPU time and memory as ratios to ours, and what ours took. Memory is what a process grew by
once the texts were loaded. Each side runs twice, in the order A B B A.

Two texts that were copied from the same part of one source share it too, and are named rightly:
that is neither a planted pair nor a false one.

MinHash-LSH is the one of the textbooks, whole arrays at a time: multiply-shift hashes, signatures of
64, 128 or 256 of them, bands of two rows (a copied third has a Jaccard similarity of 0.2, for which
bands of more rows are blind), pairs whose signatures agree in a tenth checked as ours are. It cuts
and hashes texts by the same code as ours, which is the larger part of what it costs.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from bench.vietnamese import Author, copied
from contest.screening.rules import SHARE_LEAST, SHARED_LEAST
from contest.screening.shingles import Index, compare, fingerprint, from_bytes, sample_of, to_bytes

TEXTS, FULL, SYLLABLES = 1_000, 5_000, 1_500
QUOTE = (
    "Không có gì quý hơn độc lập, tự do. Học tập và làm theo tư tưởng, đạo đức, phong cách Hồ Chí Minh là việc"
    " làm thường xuyên của mỗi người."
)
Pairs = set[tuple[int, int]]


def corpus(texts: int, syllables: int) -> tuple[list[str], Pairs]:
    """The texts, and which of them were made to share a third: (source, copy)."""
    author, rng = Author(5), random.Random(5)
    planted: Pairs = set()
    found = [author.text(syllables, quote=QUOTE) for _ in range(texts)]
    for number in range(0, texts, 25):
        source = rng.randrange(texts)
        if source % 25:  # a copy is nobody's source
            found[number] = copied(found[source], author, rng)
            planted.add((source, number))
    return found, planted


def siblings_of(planted: Pairs) -> Pairs:
    """Copies of one source, which share what both took of it."""
    by_source: dict[int, list[int]] = {}
    for source, copy in sorted(planted):
        by_source.setdefault(source, []).append(copy)
    return {(one, other) for copies in by_source.values() for one in copies for other in copies if one < other}


def ours(texts: Sequence[str]) -> Pairs:
    samples = [to_bytes(sample_of(fingerprint(text))) for text in texts]
    index = Index(range(len(texts)), samples)
    found: Pairs = set()
    for number, kept in enumerate(samples):
        sample = from_bytes(kept)
        common = index.common(sample)
        for candidate in index.similar(sample, without=number):
            if candidate.owner > number and copies(texts[number], texts[candidate.owner], common):
                found.add((number, candidate.owner))
    return found


def copies(one: str, other: str, common: frozenset[int] = frozenset()) -> bool:
    """The exact check that follows on either side."""
    result = compare(one, other, common)
    return result.share >= SHARE_LEAST and result.syllables >= SHARED_LEAST


# The baseline


ROWS = 2


def minhash(texts: Sequence[str], permutations: int) -> Pairs:
    signatures = signatures_of(texts, permutations)
    one, other = np.divmod(alike(signatures), len(texts))
    agree = np.zeros(len(one), dtype=np.int64)
    for permutation in range(permutations):
        agree += signatures[one, permutation] == signatures[other, permutation]
    likely = agree * 10 >= permutations
    pairs = zip(one[likely].tolist(), other[likely].tolist(), strict=True)
    return {(first, second) for first, second in pairs if copies(texts[first], texts[second])}


def signatures_of(texts: Sequence[str], permutations: int) -> np.ndarray[Any, np.dtype[np.uint32]]:
    """(a x + b) mod 2^64 div 2^32 of a number of 32 bits is strongly universal: Dietzfelbinger 1996."""
    rng = np.random.default_rng(1)
    multiply, add = rng.integers(1, 2**64, (2, permutations, 1), dtype=np.uint64, endpoint=False)
    signatures = np.zeros((len(texts), permutations), dtype=np.uint32)
    for number, text in enumerate(texts):
        hashed = multiply * (fingerprint(text) & np.uint64(0xFFFFFFFF))
        hashed += add
        signatures[number] = hashed.min(axis=1) >> np.uint64(32)
    return signatures


def alike(signatures: np.ndarray[Any, np.dtype[np.uint32]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Pairs that agree in all rows of a band, each as smaller * number of texts + larger."""
    texts, permutations = signatures.shape
    pairs = [np.empty(0, dtype=np.int64)]
    for band in range(0, permutations, ROWS):
        keys = np.ascontiguousarray(signatures[:, band : band + ROWS]).view(np.uint64)[:, 0]
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        for apart in range(1, texts):
            same = np.flatnonzero(keys[apart:] == keys[:-apart])
            if not len(same):
                break
            # A stable sort keeps the smaller number first among equals.
            pairs.append(order[same] * texts + order[same + apart])
    return np.unique(np.concatenate(pairs))


WAYS: dict[str, tuple[str, Callable[[Sequence[str]], Pairs]]] = {
    "ours": ("sampled shingles, containment", ours),
    **{
        f"minhash{number}": (f"MinHash-LSH, {number} permutations", partial(minhash, permutations=number))
        for number in (64, 128, 256)
    },
}


def work(way: str, file: Path) -> None:
    """In a process of its own: print what one way found, and what it cost."""
    with file.open(encoding="utf-8") as lines:
        planted = {(source, copy) for source, copy in json.loads(next(lines))}
        texts = [json.loads(line) for line in lines]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    found = WAYS[way][1](texts)
    spent = time.process_time() - begun
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    expected = {(min(pair), max(pair)) for pair in planted}
    figures = {
        "cpu": spent,
        "grown": grown / 1024,
        "recall": len(expected & found) / max(1, len(expected)),
        "siblings": len(found & siblings_of(planted)),
        "false": len(found - expected - siblings_of(planted)),
    }
    print(json.dumps(figures))


HEAD = ("near-copies of a third", "recall", "false flags", "siblings", "CPU ×", "memory ×")


def measure(
    texts: int = TEXTS, syllables: int = SYLLABLES, ways: Sequence[str] = tuple(WAYS)
) -> tuple[list[tuple[str, ...]], str]:
    """Rows for HEAD, and in words what the ratios are of. `ours` has to be one of `ways`."""
    figures: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "texts"
        made, planted = corpus(texts, syllables)
        with file.open("w", encoding="utf-8") as lines:
            for each in (sorted(planted), *made):
                lines.write(json.dumps(each) + "\n")
        for way in (*ways, *reversed(ways)):
            done = subprocess.run(
                [sys.executable, "-m", "bench.near_copies", "--work", way, str(file)],
                capture_output=True,
                text=True,
                check=True,
            )
            figures[way].append(json.loads(done.stdout))
    cpu = {way: mean(run["cpu"] for run in runs) for way, runs in figures.items()}
    memory = {way: mean(run["grown"] for run in runs) for way, runs in figures.items()}
    # With few texts a process hardly grows: nothing to compare.
    measurable = min(memory.values()) >= 1
    rows = [
        (
            WAYS[way][0],
            f"{figures[way][0]['recall']:.3f}",
            str(figures[way][0]["false"]),
            str(figures[way][0]["siblings"]),
            f"{cpu[way] / cpu['ours']:.2f}",
            f"{memory[way] / memory['ours']:.2f}" if measurable else "–",
        )
        for way in ways
    ]
    return rows, f"1.00 is {cpu['ours']:.1f} s of CPU and {memory['ours']:.0f} MiB here; {len(planted)} pairs planted."


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m bench.near_copies", description=__doc__.splitlines()[0])
    options.add_argument("--full", action="store_true", help=f"{FULL:,} texts")
    options.add_argument("--texts", type=int, default=0)
    options.add_argument("--syllables", type=int, default=SYLLABLES)
    options.add_argument("--ways", nargs="+", choices=tuple(WAYS), default=list(WAYS))
    options.add_argument("--work", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.work:
        work(given.work[0], Path(given.work[1]))
        return 0
    rows, of = measure(given.texts or (FULL if given.full else TEXTS), given.syllables, given.ways)
    for row in (HEAD, ["-" * 3] * len(HEAD), *rows):
        print("| " + " | ".join(row) + " |")
    print(f"\n{of}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
