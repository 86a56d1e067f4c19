"""Near-copies among many texts: ours beside MinHash-LSH, in one run, each in a process of its own.

    python -m bench.near_copies [texts] [syllables]

The texts are made by bench.vietnamese, every twenty-fifth of them with a third taken from another
one. Printed: how many of the planted pairs were found, how many others were named, CPU time and
memory, the latter two as ratios. Memory is what a process grew by once the texts were loaded.

MinHash-LSH is the ordinary one (128 permutations, 64 bands of two rows, so that a Jaccard similarity
of 0.2, which is a copied third, is a candidate; signatures that agree in a tenth are checked as ours
are), written here with numpy and frozen: a change makes figures written down before incomparable.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from statistics import mean
from typing import Any

import numpy as np

from bench.vietnamese import Author, copied
from contest.screening.rules import SHARE_LEAST
from contest.screening.shingles import Index, compare, fingerprint, sample_of, to_bytes

TEXTS, SYLLABLES = 5_000, 1_500
QUOTE = (
    "Không có gì quý hơn độc lập, tự do. Học tập và làm theo tư tưởng, đạo đức, phong cách Hồ Chí Minh là việc"
    " làm thường xuyên của mỗi người."
)
Pairs = set[tuple[int, int]]


def corpus(texts: int, syllables: int) -> tuple[list[str], Pairs]:
    """The texts, and which of them were made to share a third."""
    author, rng = Author(5), random.Random(5)
    planted: Pairs = set()
    found = [author.text(syllables, quote=QUOTE) for _ in range(texts)]
    for number in range(0, texts, 25):
        source = rng.randrange(texts)
        if source % 25:  # a copy is nobody's source
            found[number] = copied(found[source], author, rng)
            planted.add((min(source, number), max(source, number)))
    return found, planted


def ours(texts: list[str]) -> Pairs:
    samples = [to_bytes(sample_of(fingerprint(text))) for text in texts]
    index = Index(range(len(texts)), samples)
    found: Pairs = set()
    for number, kept in enumerate(samples):
        sample = np.frombuffer(kept, dtype="<u8").astype(np.uint64)
        for candidate in index.similar(sample, without=number):
            if candidate.owner > number:
                result = compare(texts[number], texts[candidate.owner], index.common(sample))
                if result.share >= SHARE_LEAST:
                    found.add((number, candidate.owner))
    return found


# The baseline


PERMUTATIONS, BANDS = 128, 64
_PRIME = np.uint64((1 << 61) - 1)


def minhash(texts: list[str]) -> Pairs:
    rng = np.random.default_rng(1)
    multiply = rng.integers(1, 1 << 31, PERMUTATIONS, dtype=np.uint64)
    add = rng.integers(0, 1 << 31, PERMUTATIONS, dtype=np.uint64)
    rows = PERMUTATIONS // BANDS
    buckets: list[dict[bytes, list[int]]] = [defaultdict(list) for _ in range(BANDS)]
    signatures: list[np.ndarray[Any, Any]] = []
    found: Pairs = set()
    for number, text in enumerate(texts):
        shingles = fingerprint(text) & np.uint64(0xFFFFFFFF)
        signature = ((shingles[:, None] * multiply + add) % _PRIME).min(axis=0)
        signatures.append(signature)
        near: set[int] = set()
        for band in range(BANDS):
            key = signature[band * rows : (band + 1) * rows].tobytes()
            near.update(buckets[band][key])
            buckets[band][key].append(number)
        for other in near:
            alike = np.count_nonzero(signatures[other] == signature)
            if alike * 10 >= PERMUTATIONS and compare(texts[other], text).share >= SHARE_LEAST:
                found.add((other, number))
    return found


WAYS: dict[str, Callable[[list[str]], Pairs]] = {"ours": ours, "minhash": minhash}


def work(way: str, texts: int, syllables: int) -> None:
    """In a process of its own: print what one way found, and what it cost."""
    made, planted = corpus(texts, syllables)
    before = resource.getrusage(resource.RUSAGE_SELF)
    begun = time.process_time()
    found = WAYS[way](made)
    spent = time.process_time() - begun
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before.ru_maxrss
    print(
        json.dumps(
            {"cpu": spent, "grown": grown, "planted": len(planted), "hit": len(planted & found), "found": len(found)}
        )
    )


def measure(texts: int = TEXTS, syllables: int = SYLLABLES) -> list[tuple[str, ...]]:
    """Rows of the table: name, recall, false flags, CPU and memory as ratios of ours."""
    figures: dict[str, list[dict[str, Any]]] = {"ours": [], "minhash": []}
    for way in ("ours", "minhash", "ours"):
        done = subprocess.run(
            [sys.executable, "-m", "bench.near_copies", "--work", way, str(texts), str(syllables)],
            capture_output=True,
            text=True,
            check=True,
        )
        figures[way].append(json.loads(done.stdout))
    base = figures["ours"]
    rows = []
    for way, name in (("ours", "sampled shingles, containment"), ("minhash", "MinHash-LSH, 128 permutations")):
        runs = figures[way]
        first = runs[0]
        rows.append(
            (
                name,
                f"{first['hit'] / first['planted']:.3f}",
                str(first["found"] - first["hit"]),
                f"{mean(run['cpu'] for run in runs) / mean(run['cpu'] for run in base):.2f}",
                f"{mean(run['grown'] for run in runs) / max(1, mean(run['grown'] for run in base)):.2f}",
            )
        )
    return rows


HEAD = ("near-copies of a third", "recall", "others named", "CPU ×", "memory ×")


def main() -> int:
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
        return 0
    sizes = [int(each) for each in sys.argv[1:3]]
    for row in (HEAD, *measure(*sizes)):
        print(" | ".join(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
