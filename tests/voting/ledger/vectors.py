"""Makes docs/ballot-log-vectors.json: each part of the specification with what it gives, for other verifiers.

python -m tests.voting.ledger.vectors > docs/ballot-log-vectors.json
"""

from __future__ import annotations

import json
import random
import sys
from hashlib import sha256
from typing import Any

from contest.voting.ledger.leaves import ballot_leaf, ballot_tag, commitment
from contest.voting.ledger.merkle import leaf_hash, root_of
from tests.voting.ledger.made import CONTEST, ORIGIN, Vote, canonical

VOTER = "5a" * 32


def small_vote() -> Vote:
    """A whole vote of a few ballots: one changed, one set aside, one on paper, a candidate fallen out."""
    vote = Vote(random.Random(2027), ["bai-a", "bai-b", "bai-c"], choices_max=2, minimum=2)
    vote.places = {"bai-a": 2, "bai-b": 1}
    first = vote.cast(choices=["bai-a", "bai-b"])
    second = vote.cast(choices=["bai-b"])
    third = vote.cast(choices=["bai-a"])
    vote.cast(choices=["bai-c"])
    vote.seal()
    vote.cast(first, choices=["bai-a"])
    vote.cast(choices=["bai-b"], batch="lo1")
    vote.set_aside(third)
    vote.set_aside(second)
    vote.admit(second)
    vote.stand("bai-c", stands=False)
    vote.close()
    return vote


def vectors() -> dict[str, Any]:
    vote = small_vote()
    ballot, held = next(iter(vote.ballots.items()))
    leaf = ballot_leaf(CONTEST, ballot=ballot, revision=2, tag=held["tag"], commitment=held["commitment"])
    hashes = [leaf_hash(line) for line in vote.lines]
    return {
        "canonical": [
            {"value": value, "bytes": canonical(value).decode()}
            for value in ({"b": 1, "a": [True, None, "x"]}, {"ế": '\u007f\n"\\', "z": {}}, {"n": 999999999999})
        ],
        "commitment": {
            "contest": CONTEST,
            "ballot": ballot,
            "revision": 2,
            "choices": ["bai-a"],
            "salt": held["salt"],
            "gives": commitment(CONTEST, ballot=ballot, revision=2, choices=["bai-a"], salt=held["salt"]),
        },
        "tag": [
            {"voter": VOTER, "scope": scope, "gives": ballot_tag(VOTER, scope)}
            for scope in ("contest", "category:A", "2027-05-20/1")
        ],
        "leaf": {"bytes": leaf, "hash": leaf_hash(leaf.encode()).hex()},
        "tree": [{"leaves": size, "root": root_of(hashes[:size]).hex()} for size in range(len(hashes) + 1)],
        "checkpoint": {"key": vote.key_text, "note": vote.notes[-1], "name": ORIGIN},
        "receipt": vote.receipt(ballot),
        "vote": {
            "key.txt": vote.key_text + "\n",
            "checkpoints.txt": "\n".join(vote.notes),
            "log.jsonl": [line.decode() for line in vote.lines],
            "openings.jsonl": [canonical(each).decode() for each in vote.openings()],
            "result.json": canonical(vote.result()).decode(),
            "sha256": sha256(b"".join(line + b"\n" for line in vote.lines)).hexdigest(),
        },
    }


def document() -> str:
    """The file as it stands in docs."""
    return json.dumps(vectors(), indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
